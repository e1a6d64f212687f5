package types

import (
	"errors"
	"strconv"
)

// The faults of ParseDec.
var (
	ErrDecSyntax = errors.New("types: not a decimal number")
	ErrDecRange  = errors.New("types: a decimal has at most 65 digits")
)

// ParseDec reads a decimal literal: sign, digits, point, digits, exponent. A
// number with more than MaxPrec digits or MaxScale behind the point is rounded,
// half away from zero. prec and scale are the least DECIMAL(prec, scale) that
// holds the literal as written: 1.50 is (3,2), 1.5e3 is (4,0). The error is
// ErrDecSyntax, or ErrDecRange with the greatest DECIMAL(65,0) of that sign.
func ParseDec(s string) (d Dec, prec, scale int, err error) {
	lit, ok := scanDec(s)
	if !ok {
		return Dec{}, 0, 0, ErrDecSyntax
	}
	ints := max(lit.point, 0)
	scale = max(lit.digits-lit.point, 0)
	if lit.digits == 0 { // a zero keeps the scale it is written with
		ints, scale = 0, min(max(lit.zeros, 0), MaxScale)
	}
	if ints > MaxPrec {
		return lit.sign(MaxDec(MaxPrec)), MaxPrec, 0, ErrDecRange
	}
	scale = min(scale, MaxScale, MaxPrec-ints)
	d = lit.coefficient(scale)
	prec = max(d.Digits(), min(ints+scale, MaxPrec), 1)
	if prec > MaxPrec { // rounding carried into a 66th digit
		if scale == 0 {
			return lit.sign(MaxDec(MaxPrec)), MaxPrec, 0, ErrDecRange
		}
		scale--
		prec, d = MaxPrec, lit.coefficient(scale)
	}
	return lit.sign(d), prec, scale, nil
}

// decLit is a scanned literal: the value is 0.DIGITS * 10^point.
type decLit struct {
	neg    bool
	buf    [MaxPrec + 2]byte // the leading significant digits; later ones do not decide
	digits int               // how many there are, also past buf
	point  int
	zeros  int // for a zero: digits behind the point
}

func (l *decLit) sign(d Dec) Dec {
	if l.neg {
		return d.Neg()
	}
	return d
}

// coefficient returns the value at a scale, rounded half away from zero.
func (l *decLit) coefficient(scale int) Dec {
	take := l.point + scale // significant digits that count
	if take < 0 {
		return Dec{}
	}
	kept := min(take, l.digits, len(l.buf))
	d := decFromDigits(l.buf[:kept])
	if take > kept {
		d, _ = d.mulPow(take - kept)
	} else if take < l.digits && l.buf[take] >= '5' {
		d, _ = d.Add(Dec{1})
	}
	return d
}

// decFromDigits returns the number of at most maxPow digits.
func decFromDigits(digits []byte) (d Dec) {
	for len(digits) > 0 {
		k := min(len(digits), 19)
		var chunk uint64
		for _, c := range digits[:k] {
			chunk = chunk*10 + uint64(c-'0')
		}
		d, _ = d.mulWord(pow10u[k])
		d, _ = d.Add(Dec{chunk})
		digits = digits[k:]
	}
	return d
}

// scanDec reads all of s.
func scanDec(s string) (l decLit, ok bool) {
	i, any, fraction, exponents := 0, false, false, 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		l.neg = s[i] == '-'
		i++
	}
scan:
	for ; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			any = true
			if fraction {
				l.zeros++
			}
			if l.digits > 0 || c != '0' {
				if l.digits < len(l.buf) {
					l.buf[l.digits] = c
				}
				l.digits++
				if !fraction {
					l.point++
				}
			} else if fraction {
				l.point--
			}
		case c == '.' && !fraction:
			fraction = true
		default:
			break scan
		}
	}
	if !any {
		return l, false
	}
	if i < len(s) {
		if exponents, ok = scanExponent(s[i:]); !ok {
			return l, false
		}
	}
	l.point += exponents
	l.zeros -= exponents
	return l, true
}

// scanExponent reads e+12, at most 100,000 either way.
func scanExponent(s string) (n int, ok bool) {
	if s[0] != 'e' && s[0] != 'E' || len(s) < 2 {
		return 0, false
	}
	i, neg := 1, false
	if s[1] == '-' || s[1] == '+' {
		neg = s[1] == '-'
		i++
	}
	if i == len(s) {
		return 0, false
	}
	for ; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = min(n*10+int(s[i]-'0'), 100_000)
	}
	if neg {
		n = -n
	}
	return n, true
}

// AppendText appends d with scale digits behind the point: -0.05.
func (d Dec) AppendText(dst []byte, scale int) []byte {
	if x, small := d.small(); small && scale < 19 {
		return appendSmall(dst, x, scale)
	}
	var buf [maxPow + 4]byte
	i := len(buf)
	a := d.Abs()
	for n := 0; n <= scale || !a.IsZero(); {
		var chunk uint64
		a, chunk = a.divWord(pow10u[19])
		for k := 0; k < 19 && (n <= scale || chunk > 0 || !a.IsZero()); k++ {
			if n == scale && scale > 0 {
				i--
				buf[i] = '.'
			}
			i--
			buf[i] = byte('0' + chunk%10)
			chunk /= 10
			n++
		}
	}
	if d.negative() {
		dst = append(dst, '-')
	}
	return append(dst, buf[i:]...)
}

// appendSmall is AppendText of one word.
func appendSmall(dst []byte, x int64, scale int) []byte {
	if x < 0 {
		dst = append(dst, '-')
	}
	u, unit := magnitude(x), pow10u[scale]
	dst = strconv.AppendUint(dst, u/unit, 10)
	if scale == 0 {
		return dst
	}
	at := len(dst)
	dst = strconv.AppendUint(dst, unit+u%unit, 10) // a 1 in the point's place keeps the zeros
	dst[at] = '.'
	return dst
}

// Text returns d with scale digits behind the point.
func (d Dec) Text(scale int) string {
	var buf [maxPow + 8]byte
	return string(d.AppendText(buf[:0], scale))
}
