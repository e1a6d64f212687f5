package expr

import (
	"math/bits"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Decimal arithmetic over operands of one word, by far the most common: prices
// and quantities. The result takes one word or two.

// wordOperand compiles an argument to a vector of one word a row: a DECIMAL of
// up to 18 digits, or a signed integer under its cast. nil when it is neither.
func (c *compiler) wordOperand(e Expr) *node {
	if t := e.Type(); t.Phys() == types.PhysInt {
		return c.node(e)
	}
	call, ok := e.(*Call)
	if !ok || call.Fn != FnCast || call.T.Scale != 0 {
		return nil
	}
	from := call.Args[0].Type()
	if !from.Kind.IsInt() || from.Kind.IsUnsigned() || call.T.Prec < decimalOf(from).Prec {
		return nil
	}
	return c.node(call.Args[0])
}

// wordDecimals compiles decimal arithmetic when both operands are words and the
// type of the result is the natural one, so that nothing is lost; else nil.
func (c *compiler) wordDecimals(e *Call) *node {
	ta, tb, t := e.Args[0].Type(), e.Args[1].Type(), e.T
	if t.Phys() == types.PhysDec4 || t.Scale > 18 {
		return nil
	}
	switch e.Fn {
	case FnMul, FnAdd, FnSub:
		if !sameButNull(t, decimalResult(e.Fn, ta, tb)) {
			return nil
		}
	case FnDiv, FnQuotient:
		// The dividend is scaled up by a word, and whole digits are not cut.
		up := int(t.Scale) + int(tb.Scale) - int(ta.Scale)
		if up < 0 || up > 19 || int(t.Prec-t.Scale) < int(ta.Prec-ta.Scale)+int(tb.Scale) {
			return nil
		}
	default:
		return nil
	}
	a := c.wordOperand(e.Args[0])
	if a == nil {
		return nil
	}
	b := c.wordOperand(e.Args[1])
	switch {
	case b == nil:
		return nil
	case e.Fn == FnDiv || e.Fn == FnQuotient:
		return c.wordQuotients(e, a, b)
	}
	ma, mb := int64(1), int64(1)
	if e.Fn != FnMul {
		ma, mb = pow10(int(t.Scale-ta.Scale)), pow10(int(t.Scale-tb.Scale))
	}
	if e.Fn == FnSub {
		mb = -mb
	}
	slot := c.vec()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		x, y := a.operand(f, sel, n), b.operand(f, sel, n)
		v := f.out(slot, t, n)
		switch {
		case f.join(slot, v, n, x, y):
		case t.Phys() == types.PhysInt && e.Fn == FnMul:
			for i := range v.I {
				v.I[i] = x.I[i&x.mask] * y.I[i&y.mask]
			}
		case t.Phys() == types.PhysInt:
			for i := range v.I {
				v.I[i] = x.I[i&x.mask]*ma + y.I[i&y.mask]*mb
			}
		case e.Fn == FnMul:
			for i := range n {
				hi, lo := mulSigned(x.I[i&x.mask], y.I[i&y.mask])
				v.W[2*i], v.W[2*i+1] = lo, hi
			}
		default:
			for i := range n {
				h1, l1 := mulSigned(x.I[i&x.mask], ma)
				h2, l2 := mulSigned(y.I[i&y.mask], mb)
				lo, carry := bits.Add64(l1, l2, 0)
				hi, _ := bits.Add64(h1, h2, carry)
				v.W[2*i], v.W[2*i+1] = lo, hi
			}
		}
		return v
	}}
}

// mulSigned is the signed product in two words.
func mulSigned(x, y int64) (hi, lo uint64) {
	hi, lo = bits.Mul64(uint64(x), uint64(y))
	return hi - uint64(x>>63&y) - uint64(y>>63&x), lo
}

// wordQuotients divides: the dividend is scaled up to two words, the quotient
// rounded half away from zero or cut.
func (c *compiler) wordQuotients(e *Call, a, b *node) *node {
	slot, t := c.vec(), e.T
	scale := uint64(1)
	for range int(t.Scale) + int(e.Args[1].Type().Scale) - int(e.Args[0].Type().Scale) {
		scale *= 10
	}
	rounds := e.Fn == FnDiv
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		x, y := a.operand(f, sel, n), b.operand(f, sel, n)
		v := f.out(slot, t, n)
		if f.join(slot, v, n, x, y) {
			return v
		}
		f.rows(v, sel, n, func(i int) {
			p, q := x.int(i), y.int(i)
			if q == 0 {
				f.byZero(i)
				f.nullRow(slot, v, n, i)
				return
			}
			hi, lo := quotient(magnitude(p, p < 0), scale, magnitude(q, q < 0), rounds)
			if (p < 0) != (q < 0) {
				var borrow uint64
				lo, borrow = bits.Sub64(0, lo, 0)
				hi, _ = bits.Sub64(0, hi, borrow)
			}
			if v.Type.Phys() == types.PhysInt {
				v.I[i] = int64(lo)
			} else {
				v.W[2*i], v.W[2*i+1] = lo, hi
			}
		})
		return v
	}}
}

// quotient is p*scale/q, rounded half up or cut.
func quotient(p, scale, q uint64, rounds bool) (hi, lo uint64) {
	hi, lo = bits.Mul64(p, scale)
	hi, rest := hi/q, hi%q
	lo, rest = bits.Div64(rest, lo, q)
	if rounds && rest >= q-rest {
		var carry uint64
		lo, carry = bits.Add64(lo, 1, 0)
		hi += carry
	}
	return hi, lo
}

// wordRounding rounds or cuts decimals of one word to a constant number of
// digits; nil when something is wider or unknown.
func (c *compiler) wordRounding(e *Call) *node {
	t := e.Args[0].Type()
	k, ok := e.Args[1].(*Const)
	if !ok || k.V.IsNull || t.Phys() != types.PhysInt || e.T.Phys() != types.PhysInt ||
		k.V.I < 0 || k.V.I >= int64(t.Scale) || int64(e.T.Scale) != k.V.I {
		return nil
	}
	unit := pow10(int(t.Scale - e.T.Scale))
	half := unit / 2
	if e.Fn == FnTruncate {
		half = 0
	}
	a, slot, out := c.node(e.Args[0]), c.vec(), e.T
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		x := a.operand(f, sel, n)
		v := f.out(slot, out, n)
		if f.join(slot, v, n, x) {
			return v
		}
		for i := range v.I {
			y := x.I[i&x.mask]
			if y < 0 {
				v.I[i] = (y - half) / unit
			} else {
				v.I[i] = (y + half) / unit
			}
		}
		return v
	}}
}
