package types

import (
	"math"
	"math/bits"
	"strconv"
)

// Decimal arithmetic on 256-bit coefficients. The scale of an operand is an
// argument where it matters: a Dec does not know its own. Everywhere the last
// result ok is false when the result does not fit: 256 bits with sign, unless
// said otherwise. A result that fits 256 bits may still have more digits than
// its type: callers check FitsPrec.

// MaxPrec and MaxScale are MySQL's limits of DECIMAL.
const (
	MaxPrec  = 65
	MaxScale = 30
)

// maxPow is the greatest power of ten in a Dec.
const maxPow = 76

var (
	pow10u = func() (p [20]uint64) {
		p[0] = 1
		for i := 1; i < len(p); i++ {
			p[i] = p[i-1] * 10
		}
		return p
	}()
	pow10 = func() (p [maxPow + 1]Dec) {
		p[0] = Dec{1}
		for i := 1; i < len(p); i++ {
			p[i], _ = p[i-1].mulWord(10)
		}
		return p
	}()
)

// DecFromInt64 returns i with scale 0.
func DecFromInt64(i int64) Dec {
	s := uint64(i >> 63)
	return Dec{uint64(i), s, s, s}
}

// DecFromUint64 returns u with scale 0.
func DecFromUint64(u uint64) Dec { return Dec{u} }

// DecFromFloat returns f rounded to scale digits behind the point, half away
// from zero, where f means its shortest decimal text, as in MySQL: 0.285 is
// 0.29 at scale 2. ok is false for NaN, infinities and results past MaxPrec
// digits.
func DecFromFloat(f float64, scale int) (d Dec, ok bool) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Dec{}, false
	}
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		d, ok = DecFromInt64(int64(f)).Rescale(0, scale)
		return d, ok && d.FitsPrec(MaxPrec)
	}
	var buf [32]byte
	text := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	var digits [20]byte
	n, i, neg := 0, 0, false
	if text[0] == '-' {
		neg, i = true, 1
	}
	for ; text[i] != 'e'; i++ {
		if text[i] != '.' {
			digits[n] = text[i]
			n++
		}
	}
	exp := parseExponent(text[i+1:])
	c := uint64(0)
	for _, ch := range digits[:n] {
		c = c*10 + uint64(ch-'0')
	}
	d, ok = Dec{c}.shift(exp - (n - 1) + scale)
	if neg {
		d = d.Neg()
	}
	return d, ok && d.FitsPrec(MaxPrec)
}

// parseExponent reads the exponent of a float as strconv prints it.
func parseExponent(s []byte) int {
	n := 0
	for _, c := range s[1:] {
		n = n*10 + int(c-'0')
	}
	if s[0] == '-' {
		return -n
	}
	return n
}

// shift returns d*10^n, rounded half away from zero when n < 0.
func (d Dec) shift(n int) (Dec, bool) {
	if n >= 0 {
		return d.mulPow(n)
	}
	if -n > maxPow+1 {
		return Dec{}, true
	}
	return d.divPowRound(-n), true
}

// DecFromWords reads a coefficient of one, two or four words, low word first,
// and extends its sign.
func DecFromWords(w []uint64) Dec {
	switch len(w) {
	case 1:
		return DecFromInt64(int64(w[0]))
	case 2:
		s := uint64(int64(w[1]) >> 63)
		return Dec{w[0], w[1], s, s}
	}
	return Dec{w[0], w[1], w[2], w[3]}
}

// PutWords writes d into w, which has one, two or four words. ok is false,
// and w undefined, when d does not fit.
func (d Dec) PutWords(w []uint64) (ok bool) {
	copy(w, d[:])
	return DecFromWords(w) == d
}

// small returns d as an int64 when it is one.
func (d Dec) small() (int64, bool) {
	s := uint64(int64(d[0]) >> 63)
	return int64(d[0]), d[1] == s && d[2] == s && d[3] == s
}

func (d Dec) negative() bool { return int64(d[3]) < 0 }

// Add returns d+e, both of one scale.
func (d Dec) Add(e Dec) (sum Dec, ok bool) {
	var c uint64
	sum[0], c = bits.Add64(d[0], e[0], 0)
	sum[1], c = bits.Add64(d[1], e[1], c)
	sum[2], c = bits.Add64(d[2], e[2], c)
	sum[3], _ = bits.Add64(d[3], e[3], c)
	return sum, int64((d[3]^sum[3])&(e[3]^sum[3])) >= 0
}

// Sub returns d-e, both of one scale.
func (d Dec) Sub(e Dec) (diff Dec, ok bool) {
	var c uint64
	diff[0], c = bits.Sub64(d[0], e[0], 0)
	diff[1], c = bits.Sub64(d[1], e[1], c)
	diff[2], c = bits.Sub64(d[2], e[2], c)
	diff[3], _ = bits.Sub64(d[3], e[3], c)
	return diff, int64((d[3]^e[3])&(d[3]^diff[3])) >= 0
}

// Mul returns d*e; its scale is the sum of theirs.
func (d Dec) Mul(e Dec) (product Dec, ok bool) {
	if x, small := d.small(); small {
		if y, small := e.small(); small {
			hi, lo := bits.Mul64(magnitude(x), magnitude(y))
			return Dec{lo, hi}.negIf(x^y < 0), true
		}
	}
	a, b := d.Abs(), e.Abs()
	if b[1]|b[2]|b[3] != 0 {
		a, b = b, a
	}
	if b[1]|b[2]|b[3] == 0 {
		product, ok = a.mulWord(b[0])
	} else {
		w := wideFrom(a).mul(wideFrom(b))
		product, ok = w.dec()
	}
	return product.negIf(d.negative() != e.negative()), ok
}

// magnitude returns |i|.
func magnitude(i int64) uint64 {
	if i < 0 {
		return -uint64(i)
	}
	return uint64(i)
}

// negIf returns -d or d.
func (d Dec) negIf(neg bool) Dec {
	if neg {
		return d.Neg()
	}
	return d
}

// mulWord multiplies d >= 0 by m.
func (d Dec) mulWord(m uint64) (Dec, bool) {
	var r Dec
	var carry uint64
	for i, x := range d {
		hi, lo := bits.Mul64(x, m)
		var c uint64
		r[i], c = bits.Add64(lo, carry, 0)
		carry = hi + c
	}
	return r, carry == 0 && !r.negative()
}

// mulPow returns d*10^n.
func (d Dec) mulPow(n int) (Dec, bool) {
	if n == 0 || d.IsZero() {
		return d, true
	}
	if n > maxPow {
		return Dec{}, false
	}
	return d.Mul(pow10[n])
}

// Neg returns -d.
func (d Dec) Neg() Dec {
	n, _ := Dec{}.Sub(d)
	return n
}

// Abs returns |d|.
func (d Dec) Abs() Dec {
	if d.negative() {
		return d.Neg()
	}
	return d
}

// Sign returns -1, 0 or 1.
func (d Dec) Sign() int {
	if d.negative() {
		return -1
	}
	if d.IsZero() {
		return 0
	}
	return 1
}

// IsZero tells whether d is 0.
func (d Dec) IsZero() bool { return d == Dec{} }

// Cmp compares d and e, both of one scale: -1, 0 or 1.
func (d Dec) Cmp(e Dec) int {
	if d[3] != e[3] {
		if int64(d[3]) < int64(e[3]) {
			return -1
		}
		return 1
	}
	for i := 2; i >= 0; i-- {
		if d[i] != e[i] {
			if d[i] < e[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// CmpDec compares numbers of different scales: -1, 0 or 1.
func CmpDec(a Dec, sa int, b Dec, sb int) int {
	if sa == sb {
		return a.Cmp(b)
	}
	if x, y := a.Sign(), b.Sign(); x != y {
		if x < y {
			return -1
		}
		return 1
	}
	wa, wb := wideFrom(a.Abs()), wideFrom(b.Abs())
	if sa < sb {
		wa = wa.mulPow(sb - sa)
	} else {
		wb = wb.mulPow(sa - sb)
	}
	c := wa.cmp(&wb)
	if a.negative() {
		return -c
	}
	return c
}

// Rescale brings d from one scale to another, rounding half away from zero.
func (d Dec) Rescale(from, to int) (r Dec, ok bool) {
	if from == to {
		return d, true
	}
	return d.shift(to - from)
}

// Truncate brings d from one scale to another, cutting digits off.
func (d Dec) Truncate(from, to int) (r Dec, ok bool) {
	if to >= from {
		return d.mulPow(to - from)
	}
	return d.divPow(from - to), true
}

// divPow returns d/10^n cut to an integer.
func (d Dec) divPow(n int) Dec {
	if n > maxPow {
		return Dec{}
	}
	a := d.Abs()
	for n > 0 {
		k := min(n, 19)
		a, _ = a.divWord(pow10u[k])
		n -= k
	}
	if d.negative() {
		return a.Neg()
	}
	return a
}

// divPowRound returns d/10^n rounded half away from zero, n > 0. Only the
// first digit cut off decides.
func (d Dec) divPowRound(n int) Dec {
	a, last := d.Abs().divPow(n - 1).divWord(10)
	if last >= 5 {
		a, _ = a.Add(Dec{1})
	}
	if d.negative() {
		return a.Neg()
	}
	return a
}

// divWord divides d >= 0 by m.
func (d Dec) divWord(m uint64) (q Dec, r uint64) {
	i := 3
	for i > 0 && d[i] == 0 {
		i--
	}
	for ; i >= 0; i-- {
		q[i], r = bits.Div64(r, d[i], m)
	}
	return q, r
}

// Floor returns the greatest integer, at scale 0, that is not above d.
func (d Dec) Floor(scale int) Dec {
	q := d.divPow(scale)
	if d.negative() && CmpDec(q, 0, d, scale) != 0 {
		q, _ = q.Sub(Dec{1})
	}
	return q
}

// Ceil returns the least integer, at scale 0, that is not below d.
func (d Dec) Ceil(scale int) Dec { return d.Neg().Floor(scale).Neg() }

// DivDec returns a/b at scale rs, rounded half away from zero. ok is false
// for b = 0 too.
func DivDec(a Dec, sa int, b Dec, sb int, rs int) (q Dec, ok bool) {
	if b.IsZero() {
		return Dec{}, false
	}
	e := rs + sb - sa
	if e > maxPow || e < -maxPow {
		return Dec{}, a.IsZero()
	}
	neg := a.negative() != b.negative()
	if q, ok := divSmall(a, b, e); ok {
		return q.negIf(neg), true
	}
	num, den := wideFrom(a.Abs()), wideFrom(b.Abs())
	if e >= 0 {
		num = num.mulPow(e)
	} else {
		den = den.mulPow(-e)
	}
	w, rem := num.div(&den)
	if rem.twiceAtLeast(&den) {
		w = w.inc()
	}
	q, ok = w.dec()
	return q.negIf(neg), ok
}

// divSmall returns |a|*10^e/|b| rounded, when two words and one suffice.
func divSmall(a, b Dec, e int) (q Dec, ok bool) {
	x, small := a.small()
	y, small2 := b.small()
	if !small || !small2 || e < 0 || e >= len(pow10u) {
		return Dec{}, false
	}
	hi, lo := bits.Mul64(magnitude(x), pow10u[e])
	den := magnitude(y)
	if hi >= den {
		return Dec{}, false
	}
	quo, rem := bits.Div64(hi, lo, den)
	q = Dec{quo}
	if rem >= den-rem {
		q, _ = q.Add(Dec{1})
	}
	return q, true
}

// ModDec returns the remainder of a/b cut to an integer, with the sign of a,
// at the greater of both scales. ok is false for b = 0 too.
func ModDec(a Dec, sa int, b Dec, sb int) (r Dec, ok bool) {
	if b.IsZero() {
		return Dec{}, false
	}
	num, den := wideFrom(a.Abs()), wideFrom(b.Abs())
	if sa < sb {
		num = num.mulPow(sb - sa)
	} else {
		den = den.mulPow(sa - sb)
	}
	_, w := num.div(&den)
	r, ok = w.dec()
	if a.negative() {
		r = r.Neg()
	}
	return r, ok
}

// Digits returns the number of decimal digits of |d|, 1 for 0.
func (d Dec) Digits() int {
	a := d.Abs()
	n := 0
	for i := 3; i >= 0; i-- {
		if a[i] != 0 {
			n = i*64 + bits.Len64(a[i])
			break
		}
	}
	// 1233/4096 is log10(2) from below, so guess is right or one too small.
	guess := n * 1233 >> 12
	if guess > maxPow || a.Cmp(pow10[guess]) < 0 {
		return max(guess, 1)
	}
	return guess + 1
}

// FitsPrec tells whether |d| has at most prec digits.
func (d Dec) FitsPrec(prec int) bool {
	if prec >= maxPow {
		return true
	}
	return d.Abs().Cmp(pow10[prec]) < 0 && d != minDec
}

// minDec is the one coefficient without an absolute value.
var minDec = Dec{0, 0, 0, 1 << 63}

// MaxDec returns the greatest coefficient of prec digits: 10^prec - 1.
func MaxDec(prec int) Dec {
	d, _ := pow10[prec].Sub(Dec{1})
	return d
}

// Float64 returns the nearest float.
func (d Dec) Float64(scale int) float64 {
	if i, ok := d.small(); ok && scale <= 22 && i <= 1<<53 && i >= -1<<53 {
		// Both operands are exact, so the division rounds once.
		return float64(i) / exactPow10[scale]
	}
	f, _ := strconv.ParseFloat(d.Text(scale), 64)
	return f
}

var exactPow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// Int64 returns d rounded to an integer, half away from zero.
func (d Dec) Int64(scale int) (i int64, ok bool) {
	r, _ := d.Rescale(scale, 0)
	return r.small()
}

// Uint64 returns d rounded to an integer, half away from zero; ok is false
// below 0.
func (d Dec) Uint64(scale int) (u uint64, ok bool) {
	r, _ := d.Rescale(scale, 0)
	return r[0], r[1]|r[2]|r[3] == 0
}
