package scalar

import (
	"bytes"
	"math"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Positions count characters from 0. A nil multibyte (false) says that every
// byte is a character.

// Chars counts the characters of s.
func Chars(s []byte, multibyte bool) int {
	if !multibyte {
		return len(s)
	}
	return utf8.RuneCount(s)
}

// Offset returns where character n of s begins, len(s) when it has fewer.
func Offset(s []byte, n int, multibyte bool) int {
	if !multibyte {
		return min(n, len(s))
	}
	at := 0
	for ; n > 0 && at < len(s); n-- {
		if s[at] < utf8.RuneSelf {
			at++
			continue
		}
		_, size := utf8.DecodeRune(s[at:])
		at += size
	}
	return at
}

// Substring is SUBSTRING(s, pos, n): pos counts from 1, below 0 from the end.
func Substring(s []byte, pos, n int64, multibyte bool) []byte {
	if pos == 0 || n <= 0 {
		return nil
	}
	if pos < 0 {
		chars := int64(Chars(s, multibyte))
		if pos < -chars {
			return nil
		}
		pos = chars + pos + 1
	}
	if pos > int64(len(s)) {
		return nil
	}
	s = s[Offset(s, int(pos-1), multibyte):]
	if n >= int64(len(s)) {
		return s
	}
	return s[:Offset(s, int(n), multibyte)]
}

// Right returns the last n characters.
func Right(s []byte, n int64, multibyte bool) []byte {
	if n <= 0 {
		return nil
	}
	chars := int64(Chars(s, multibyte))
	if n >= chars {
		return s
	}
	return s[Offset(s, int(chars-n), multibyte):]
}

// Trim takes rem off the ends of s as often as it stands there.
func Trim(s, rem []byte, leading, trailing bool) []byte {
	if len(rem) == 0 {
		return s
	}
	for leading && bytes.HasPrefix(s, rem) {
		s = s[len(rem):]
	}
	for trailing && bytes.HasSuffix(s, rem) {
		s = s[:len(s)-len(rem)]
	}
	return s
}

// AppendMapped appends s in upper or lower case.
func AppendMapped(dst, s []byte, upper bool) []byte {
	for i, c := range s {
		switch {
		case c >= utf8.RuneSelf:
			return appendMappedRunes(dst, s[i:], upper)
		case upper && c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		case !upper && c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func appendMappedRunes(dst, s []byte, upper bool) []byte {
	for len(s) > 0 {
		r, size := utf8.DecodeRune(s)
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, s[0])
		case upper:
			dst = utf8.AppendRune(dst, unicode.ToUpper(r))
		default:
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
		s = s[size:]
	}
	return dst
}

// AppendReversed appends the characters of s from last to first.
func AppendReversed(dst, s []byte, multibyte bool) []byte {
	for len(s) > 0 {
		size := 1
		if multibyte {
			_, size = utf8.DecodeLastRune(s)
		}
		dst = append(dst, s[len(s)-size:]...)
		s = s[:len(s)-size]
	}
	return dst
}

// AppendReplaced appends s with each from replaced by to.
func AppendReplaced(dst, s, from, to []byte) []byte {
	if len(from) == 0 {
		return append(dst, s...)
	}
	for {
		i := bytes.Index(s, from)
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(append(dst, s[:i]...), to...)
		s = s[i+len(from):]
	}
}

// SubstringIndex returns what stands before the count-th delim, below 0 behind
// the count-th from the end.
func SubstringIndex(s, delim []byte, count int64) []byte {
	if len(delim) == 0 || count == 0 {
		return nil
	}
	if count > 0 {
		at := 0
		for ; count > 0; count-- {
			i := bytes.Index(s[at:], delim)
			if i < 0 {
				return s
			}
			at += i + len(delim)
		}
		return s[:at-len(delim)]
	}
	end := len(s)
	for ; count < 0; count++ {
		i := bytes.LastIndex(s[:end], delim)
		if i < 0 {
			return s
		}
		end = i
	}
	return s[end+len(delim):]
}

// AppendQuoted appends s as an SQL string literal.
func AppendQuoted(dst, s []byte) []byte {
	dst = append(dst, '\'')
	for _, c := range s {
		switch c {
		case '\'', '\\':
			dst = append(dst, '\\', c)
		case 0:
			dst = append(dst, '\\', '0')
		case 26:
			dst = append(dst, '\\', 'Z')
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '\'')
}

// AppendSoundex appends the soundex of s, four characters or more; letters are
// ASCII.
func AppendSoundex(dst, s []byte) []byte {
	const codes = "01230120022455012623010202" // A to Z
	start, last := len(dst), byte('0')
	for _, c := range s {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c < 'A' || c > 'Z' {
			continue
		}
		code := codes[c-'A']
		switch {
		case len(dst) == start:
			dst = append(dst, c)
			last = code
		case c == 'H' || c == 'W':
		case code != last && code != '0': // a vowel does not part two alike
			dst = append(dst, code)
			last = code
		}
	}
	if len(dst) == start {
		return dst
	}
	for len(dst)-start < 4 {
		dst = append(dst, '0')
	}
	return dst
}

// Conv reads the number at the beginning of s in base from and appends it in
// base to, as MySQL's CONV: a negative to writes signed numbers. ok is false
// for a base outside 2 to 36 and an empty s.
func Conv(dst, s []byte, from, to int64) (out []byte, ok bool) {
	if len(s) == 0 || abs(from) < 2 || abs(from) > 36 || abs(to) < 2 || abs(to) > 36 {
		return dst, false
	}
	s = bytes.TrimLeft(s, " \t\n\v\f\r")
	negative := false
	if len(s) > 0 && (s[0] == '-' || s[0] == '+') {
		negative = s[0] == '-'
		s = s[1:]
	}
	u, base := uint64(0), uint64(abs(from))
	for _, c := range s {
		d := digit(c)
		if d >= base {
			break
		}
		if u > (math.MaxUint64-d)/base {
			u, negative = math.MaxUint64, false
			break
		}
		u = u*base + d
	}
	if negative {
		u = -u
	}
	start := len(dst)
	if to < 0 {
		dst = strconv.AppendInt(dst, int64(u), int(-to))
	} else {
		dst = strconv.AppendUint(dst, u, int(to))
	}
	for i := start; i < len(dst); i++ {
		if dst[i] >= 'a' {
			dst[i] -= 'a' - 'A'
		}
	}
	return dst, true
}

func abs(x int64) int64 {
	if x < 0 {
		return -x
	}
	return x
}

func digit(c byte) uint64 {
	switch {
	case c >= '0' && c <= '9':
		return uint64(c - '0')
	case c >= 'a' && c <= 'z':
		return uint64(c-'a') + 10
	case c >= 'A' && c <= 'Z':
		return uint64(c-'A') + 10
	}
	return 99
}

// AppendGrouped appends number, a decimal numeral, with commas between
// thousands.
func AppendGrouped(dst, number []byte) []byte {
	if len(number) > 0 && number[0] == '-' {
		dst, number = append(dst, '-'), number[1:]
	}
	whole := len(number)
	if i := bytes.IndexByte(number, '.'); i >= 0 {
		whole = i
	}
	for i, c := range number {
		if i > 0 && i < whole && (whole-i)%3 == 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, c)
	}
	return dst
}
