package types

import "strings"

// ParseDate reads a date as MySQL does: 2024-1-2, 24/1/2, 20240102, 240102,
// also with a time behind it (Noted when that is not midnight). Incorrect
// comes without a value.
func ParseDate(s string) (days int64, st Status) {
	c, rest, ok := scanCivil(s)
	us, valid := c.Micros()
	if !ok || !valid {
		return 0, Incorrect
	}
	switch {
	case rest != "":
		st = Truncated
	case TimeOf(us) != 0:
		st = Noted
	}
	return DateOf(us), st
}

// ParseDatetime reads a date with an optional time: 2024-1-2 3:4:5.123456,
// 2024-01-02T03:04:05, 20240102030405, with an optional offset +05:30, and
// rounds to fsp fractional digits (not Noted, as in MySQL). Any punctuation
// serves as delimiter; years of two digits are 1970 to 2069. Truncated when
// more text follows; Incorrect comes without a value.
func ParseDatetime(s string, fsp int) (us int64, st Status) {
	c, rest, ok := scanCivil(s)
	carry := c.Micro == 1_000_000 // a seventh digit rounded up
	if carry {
		c.Micro--
	}
	us, valid := c.Micros()
	if !ok || !valid {
		return 0, Incorrect
	}
	if carry {
		us++
	}
	if offset, ok := parseOffset(rest); ok {
		us, rest = us-offset, ""
	}
	us = RoundMicros(us, fsp)
	if us < MinDatetime || us > MaxDatetime {
		return 0, Incorrect
	}
	if rest != "" {
		st = Truncated
	}
	return us, st
}

// scanCivil reads up to seven numbers. Year, month and day must be there; rest
// is the text behind the last number that was read, without blanks at its
// ends. Micro may be 1,000,000.
func scanCivil(s string) (c Civil, rest string, ok bool) {
	s = strings.TrimLeft(s, " \t\n\r\v\f")
	var parts [6]int
	n, i, width := 0, 0, yearWidth(s)
	for end := 0; n < len(parts); n++ {
		from := i
		for i < len(s) && i-from < width && isDigit(s[i]) {
			parts[n] = parts[n]*10 + int(s[i]-'0')
			i++
		}
		if i == from {
			i = end // what was taken for delimiters is the rest
			break
		}
		if n == 0 && i-from == 2 {
			parts[0] = fullYear(parts[0])
		}
		width, end = 2, i
		if n < len(parts)-1 {
			i = skipDelimiters(s, i, n == 2)
		}
	}
	if n == len(parts) {
		c.Micro, i = scanFraction(s, i)
	}
	c.Year, c.Month, c.Day = parts[0], parts[1], parts[2]
	c.Hour, c.Minute, c.Second = parts[3], parts[4], parts[5]
	return c, strings.Trim(s[i:], " \t\n\r\v\f"), n >= 3
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isPunct(c byte) bool {
	return c > ' ' && c < 0x7f && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z')
}

// yearWidth returns the most digits of the year with which s begins: a bare
// number has a year of four digits only where its length says so.
func yearWidth(s string) int {
	n := 0
	for n < len(s) && (isDigit(s[n]) || s[n] == 'T') {
		n++
	}
	if n < len(s) && s[n] != '.' || n == 4 || n == 8 || n >= 14 {
		return 4
	}
	return 2
}

// fullYear gives a year of two digits its century.
func fullYear(y int) int {
	if y < 70 {
		return y + 2000
	}
	return y + 1900
}

// skipDelimiters steps over what may stand between two numbers.
func skipDelimiters(s string, i int, afterDay bool) int {
	if afterDay && i+1 < len(s) && s[i] == 'T' && isDigit(s[i+1]) {
		return i + 1
	}
	for i < len(s) && (isPunct(s[i]) || afterDay && strings.IndexByte(" \t\n\r\v\f", s[i]) >= 0) {
		i++
	}
	return i
}

// scanFraction reads .123456 at s[i:], rounding by a seventh digit.
func scanFraction(s string, i int) (micro, end int) {
	if i >= len(s) || s[i] != '.' {
		return 0, i
	}
	i++
	unit := 100_000
	for ; i < len(s) && isDigit(s[i]); i++ {
		if unit > 0 {
			micro += int(s[i]-'0') * unit
			if unit /= 10; unit == 0 && i+1 < len(s) && s[i+1] >= '5' && s[i+1] <= '9' {
				micro++
			}
		}
	}
	return micro, i
}

// parseOffset reads a zone offset, -13:59 to +14:00.
func parseOffset(s string) (us int64, ok bool) {
	if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' ||
		!isDigit(s[1]) || !isDigit(s[2]) || !isDigit(s[4]) || !isDigit(s[5]) {
		return 0, false
	}
	minutes := int64(s[4]-'0')*10 + int64(s[5]-'0')
	us = (int64(s[1]-'0')*10+int64(s[2]-'0'))*Hour + minutes*Minute
	if s[0] == '-' {
		us = -us
	}
	return us, minutes < 60 && us <= 14*Hour && us > -14*Hour
}

// ParseDatetimeInt reads the numbers 20240102030405, 240102030405, 20240102
// and 240102.
func ParseDatetimeInt(n int64) (us int64, st Status) {
	const day = 1_000_000 // a number of a date counts seconds as its last six digits
	if n < 0 || n > 99991231235959 {
		return 0, Incorrect
	}
	if n <= 99991231 {
		n *= day
	}
	switch {
	case n <= 691231*day+235959:
		n += 20000000 * day
	case n >= 700101*day && n <= 991231*day+235959:
		n += 19000000 * day
	case n < 10000101*day:
		return 0, Incorrect
	}
	c := Civil{
		Year: int(n / 10_000_000_000), Month: int(n / 100_000_000 % 100), Day: int(n / 1_000_000 % 100),
		Hour: int(n / 10_000 % 100), Minute: int(n / 100 % 100), Second: int(n % 100),
	}
	us, ok := c.Micros()
	if !ok {
		return 0, Incorrect
	}
	return us, OK
}
