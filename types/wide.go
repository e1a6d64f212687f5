package types

import "math/bits"

// wide is an unsigned 512-bit integer, low word first: what products and
// dividends of decimals need between two Decs.
type wide [8]uint64

// wideFrom returns d >= 0.
func wideFrom(d Dec) (w wide) {
	copy(w[:], d[:])
	return w
}

// dec returns w as a Dec; ok is false when it is too large.
func (w *wide) dec() (d Dec, ok bool) {
	copy(d[:], w[:4])
	return d, w[4]|w[5]|w[6]|w[7] == 0 && !d.negative()
}

// words returns the number of words up to the highest that is not 0.
func (w *wide) words() int {
	for i := 7; i >= 0; i-- {
		if w[i] != 0 {
			return i + 1
		}
	}
	return 0
}

// mul returns w*v, which fits: both are below 2^256.
func (w wide) mul(v wide) (r wide) {
	n, m := w.words(), v.words()
	for i := range n {
		var carry uint64
		for j := range m {
			hi, lo := bits.Mul64(w[i], v[j])
			var c uint64
			lo, c = bits.Add64(lo, r[i+j], 0)
			hi += c
			r[i+j], c = bits.Add64(lo, carry, 0)
			carry = hi + c
		}
		if i+m < len(r) {
			r[i+m] = carry
		}
	}
	return r
}

// mulPow returns w*10^n, n <= maxPow.
func (w wide) mulPow(n int) wide {
	if n == 0 {
		return w
	}
	return w.mul(wideFrom(pow10[n]))
}

func (w wide) inc() wide {
	for i := range w {
		w[i]++
		if w[i] != 0 {
			break
		}
	}
	return w
}

func (w *wide) cmp(v *wide) int {
	for i := 7; i >= 0; i-- {
		if w[i] != v[i] {
			if w[i] < v[i] {
				return -1
			}
			return 1
		}
	}
	return 0
}

// twiceAtLeast tells whether 2*w >= v.
func (w *wide) twiceAtLeast(v *wide) bool {
	if w[7]>>63 != 0 {
		return true
	}
	t := w.shl(1)
	return t.cmp(v) >= 0
}

// shl shifts by less than 64 bits.
func (w *wide) shl(n uint) (r wide) {
	if n == 0 {
		return *w
	}
	for i := 7; i > 0; i-- {
		r[i] = w[i]<<n | w[i-1]>>(64-n)
	}
	r[0] = w[0] << n
	return r
}

// shr shifts by less than 64 bits.
func (w *wide) shr(n uint) (r wide) {
	if n == 0 {
		return *w
	}
	for i := range 7 {
		r[i] = w[i]>>n | w[i+1]<<(64-n)
	}
	r[7] = w[7] >> n
	return r
}

// div returns quotient and remainder of w/v, v > 0: Knuth's algorithm D.
func (w *wide) div(v *wide) (q, r wide) {
	n, m := v.words(), w.words()
	if w.cmp(v) < 0 {
		return q, *w
	}
	if n == 1 {
		var rem uint64
		for i := m - 1; i >= 0; i-- {
			q[i], rem = bits.Div64(rem, w[i], v[0])
		}
		r[0] = rem
		return q, r
	}
	shift := uint(bits.LeadingZeros64(v[n-1]))
	vs, ws := v.shl(shift), w.shl(shift)
	var u [9]uint64
	copy(u[:], ws[:])
	if shift > 0 {
		u[8] = w[7] >> (64 - shift)
	}
	for j := m - n; j >= 0; j-- {
		q[j] = divStep(u[j:j+n+1], vs[:n])
	}
	copy(r[:], u[:8])
	return q, r.shr(shift)
}

// divStep finds one word of the quotient of u/v, len(u) = len(v)+1, v
// normalised, and leaves the remainder in u.
func divStep(u, v []uint64) uint64 {
	n := len(v)
	qhat := ^uint64(0)
	if u[n] < v[n-1] {
		var rhat uint64
		qhat, rhat = bits.Div64(u[n], u[n-1], v[n-1])
		for {
			hi, lo := bits.Mul64(qhat, v[n-2])
			if hi < rhat || hi == rhat && lo <= u[n-2] {
				break
			}
			qhat--
			rhat += v[n-1]
			if rhat < v[n-1] {
				break
			}
		}
	}
	var borrow, carry uint64
	for i := range n {
		hi, lo := bits.Mul64(qhat, v[i])
		var c uint64
		lo, c = bits.Add64(lo, carry, 0)
		carry = hi + c
		u[i], borrow = bits.Sub64(u[i], lo, borrow)
	}
	u[n], borrow = bits.Sub64(u[n], carry, borrow)
	for borrow != 0 { // qhat was too large by one or two: add v back
		qhat--
		var c uint64
		for i := range n {
			u[i], c = bits.Add64(u[i], v[i], c)
		}
		u[n], c = bits.Add64(u[n], 0, c)
		borrow -= c
	}
	return qhat
}
