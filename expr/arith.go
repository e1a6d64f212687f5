package expr

import (
	"math"
	"math/bits"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Arithmetic. resolveArith has brought both sides to integers, both to
// DECIMAL or both to DOUBLE.

func compileArith(c *compiler, e *Call) *node {
	ta := e.Args[0].Type()
	switch {
	case e.Fn == FnIntDiv && !ta.Kind.IsInt():
		return c.decimalIntDiv(e)
	case ta.Kind.IsFloat():
		return c.floatArith(e)
	case ta.Kind == types.Decimal:
		return c.decimalArith(e)
	case e.Fn == FnIntDiv || e.Fn == FnMod:
		return c.intDivision(e)
	}
	return c.intArith(e)
}

// intKernel computes out[i] = a[i] op b[i] for all i and returns a number below
// 0 when some row overflowed.
type intKernel func(out, a, b []int64) int64

// intScalarKernel computes out[i] = a[i] op k.
type intScalarKernel func(out, a []int64, k int64) int64

func addVV(out, a, b []int64) (over int64) {
	a, b = a[:len(out)], b[:len(out)]
	for i := range out {
		x, y := a[i], b[i]
		r := x + y
		out[i] = r
		over |= (x ^ r) & (y ^ r)
	}
	return over
}

func addVS(out, a []int64, k int64) (over int64) {
	a = a[:len(out)]
	for i := range out {
		x := a[i]
		r := x + k
		out[i] = r
		over |= (x ^ r) & (k ^ r)
	}
	return over
}

func subVV(out, a, b []int64) (over int64) {
	a, b = a[:len(out)], b[:len(out)]
	for i := range out {
		x, y := a[i], b[i]
		r := x - y
		out[i] = r
		over |= (x ^ y) & (x ^ r)
	}
	return over
}

func subVS(out, a []int64, k int64) (over int64) {
	a = a[:len(out)]
	for i := range out {
		x := a[i]
		r := x - k
		out[i] = r
		over |= (x ^ k) & (x ^ r)
	}
	return over
}

func mulVV(out, a, b []int64) (over int64) {
	a, b = a[:len(out)], b[:len(out)]
	for i := range out {
		x, y := a[i], b[i]
		hi, lo := bits.Mul64(uint64(x), uint64(y))
		out[i] = int64(lo)
		// The signed high word; it must repeat the sign of the low one.
		high := int64(hi) - x>>63&y - y>>63&x
		d := high ^ int64(lo)>>63
		over |= d | -d
	}
	return over
}

func mulVS(out, a []int64, k int64) (over int64) {
	if k == 0 {
		clear(out)
		return 0
	}
	a = a[:len(out)]
	// x*k fits when lo <= x <= hi.
	lo, hi := int64(math.MinInt64)/k, int64(math.MaxInt64)/k
	switch {
	case k == -1:
		lo, hi = -math.MaxInt64, math.MaxInt64
	case k < 0:
		lo, hi = hi, lo
	}
	s := span{lo: uint64(lo), width: uint64(hi) - uint64(lo)}
	missed := 0
	for i := range out {
		x := a[i]
		out[i] = x * k
		missed |= s.has(x) ^ 1
	}
	return -int64(missed)
}

// checked computes one row in any mix of signs; the sign of the result is that
// of t.
func checked(fn Fn, x, y int64, ux, uy, ut bool) (r int64, ok bool) {
	if !ut {
		switch fn {
		case FnAdd:
			r = x + y
			return r, (x^r)&(y^r) >= 0
		case FnSub:
			r = x - y
			return r, (x^y)&(x^r) >= 0
		}
		hi, lo := bits.Mul64(uint64(x), uint64(y))
		high := int64(hi) - x>>63&y - y>>63&x
		return int64(lo), high == int64(lo)>>63
	}
	// As sign and size.
	nx, ny := !ux && x < 0, !uy && y < 0
	mx, my := magnitude(x, nx), magnitude(y, ny)
	if fn == FnMul {
		hi, lo := bits.Mul64(mx, my)
		return int64(lo), hi == 0 && (nx == ny || lo == 0)
	}
	if fn == FnSub {
		ny = !ny && my != 0
	}
	switch {
	case nx == ny:
		sum, carry := bits.Add64(mx, my, 0)
		return int64(sum), carry == 0 && (!nx || sum == 0)
	case nx:
		mx, my = my, mx
	}
	return int64(mx - my), mx >= my
}

func magnitude(x int64, negative bool) uint64 {
	if negative {
		return -uint64(x)
	}
	return uint64(x)
}

func (c *compiler) intArith(e *Call) *node {
	a, b, slot := c.node(e.Args[0]), c.node(e.Args[1]), c.vec()
	ux, uy, ut := e.Args[0].Type().Kind.IsUnsigned(), e.Args[1].Type().Kind.IsUnsigned(), e.T.Kind.IsUnsigned()
	var vv intKernel
	var vs intScalarKernel
	switch {
	case ut:
	case e.Fn == FnAdd:
		vv, vs = addVV, addVS
	case e.Fn == FnSub:
		vv, vs = subVV, subVS
	default:
		vv, vs = mulVV, mulVS
	}
	if e.Fn != FnSub && a.scalar {
		a, b, ux, uy = b, a, uy, ux
	}
	slow := func(f *frame, v *zset.Vec, x, y operand, sel []int32, n int) {
		f.rows(v, sel, n, func(i int) {
			r, ok := checked(e.Fn, x.int(i), y.int(i), ux, uy, ut)
			v.I[i] = r
			if !ok {
				f.fail(i, outOfRange(typeWord(e.T), e))
			}
		})
	}
	t := e.T
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		x, y := a.operand(f, sel, n), b.operand(f, sel, n)
		v := f.out(slot, t, n)
		if f.join(slot, v, n, x, y) {
			return v
		}
		switch {
		case vv == nil || !dense(sel, n) || x.mask != y.mask && y.mask != 0:
			slow(f, v, x, y, sel, n)
		case y.mask == 0:
			if vs(v.I, x.I, y.I[0]) < 0 {
				slow(f, v, x, y, sel, n)
			}
		default:
			if vv(v.I, x.I, y.I) < 0 {
				slow(f, v, x, y, sel, n)
			}
		}
		return v
	}}
}

// intDivision is DIV and % of integers; by zero it is NULL with a warning.
func (c *compiler) intDivision(e *Call) *node {
	ux, uy := e.Args[0].Type().Kind.IsUnsigned(), e.Args[1].Type().Kind.IsUnsigned()
	isDiv, ut := e.Fn == FnIntDiv, e.T.Kind.IsUnsigned()
	return c.intRows(e, func(f *frame, a []operand, i int) (int64, bool) {
		x, y := a[0].int(i), a[1].int(i)
		if y == 0 {
			f.byZero(i)
			return 0, false
		}
		nx, ny := !ux && x < 0, !uy && y < 0
		mx, my := magnitude(x, nx), magnitude(y, ny)
		r, negative := mx%my, nx
		if isDiv {
			r, negative = mx/my, nx != ny
		}
		switch {
		case negative && r != 0 && ut, !negative && !ut && r > math.MaxInt64:
			f.fail(i, outOfRange(typeWord(e.T), e))
			return 0, true
		case negative:
			return -int64(r), true
		}
		return int64(r), true
	}, false)
}

func (f *frame) byZero(i int) { f.warn(i, sqlerr.ErrDivisionByZero, "Division by 0") }

func (c *compiler) floatArith(e *Call) *node {
	a, b, slot := c.node(e.Args[0]), c.node(e.Args[1]), c.vec()
	divides := e.Fn == FnDiv || e.Fn == FnMod
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		x, y := a.operand(f, sel, n), b.operand(f, sel, n)
		v := f.out(slot, types.TypeFloat, n)
		if f.join(slot, v, n, x, y) {
			return v
		}
		if divides {
			f.rows(v, sel, n, func(i int) {
				if y.float(i) == 0 {
					f.byZero(i)
					f.nullRow(slot, v, n, i)
				}
			})
		}
		if floatLoop(e.Fn, v.F, x, y) {
			f.rows(v, sel, n, func(i int) {
				if r := v.F[i]; r-r != 0 {
					f.fail(i, outOfRange("DOUBLE", e))
				}
			})
		}
		return v
	}}
}

// floatLoop computes every row and tells whether one came out as no number.
func floatLoop(fn Fn, out []float64, x, y operand) bool {
	sum := 0.0
	p, q := x.F, y.F
	switch fn {
	case FnAdd:
		for i := range out {
			r := p[i&x.mask] + q[i&y.mask]
			out[i] = r
			sum += r - r
		}
	case FnSub:
		for i := range out {
			r := p[i&x.mask] - q[i&y.mask]
			out[i] = r
			sum += r - r
		}
	case FnMul:
		for i := range out {
			r := p[i&x.mask] * q[i&y.mask]
			out[i] = r
			sum += r - r
		}
	case FnDiv:
		for i := range out {
			r := p[i&x.mask] / q[i&y.mask]
			out[i] = r
			sum += r - r
		}
	default:
		for i := range out {
			r := math.Mod(p[i&x.mask], q[i&y.mask])
			out[i] = r
			sum += r - r
		}
	}
	return sum != 0
}

// decimalArith is + - * / % of decimals, in words where they suffice.
func (c *compiler) decimalArith(e *Call) *node {
	if nd := c.wordDecimals(e); nd != nil {
		return nd
	}
	ta, tb := e.Args[0].Type(), e.Args[1].Type()
	a, b, slot := c.node(e.Args[0]), c.node(e.Args[1]), c.vec()
	sa, sb, t := int(ta.Scale), int(tb.Scale), e.T
	divides := e.Fn == FnDiv || e.Fn == FnQuotient || e.Fn == FnMod
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		x, y := a.operand(f, sel, n), b.operand(f, sel, n)
		v := f.out(slot, t, n)
		if f.join(slot, v, n, x, y) {
			return v
		}
		f.rows(v, sel, n, func(i int) {
			p, q := x.dec(i), y.dec(i)
			if divides && q.IsZero() {
				f.byZero(i)
				f.nullRow(slot, v, n, i)
				return
			}
			r, ok := decimalOp(e.Fn, p, sa, q, sb, int(t.Scale))
			if !ok || !r.FitsPrec(int(t.Prec)) {
				f.fail(i, outOfRange("DECIMAL", e))
				r = types.Dec{}
			}
			v.SetDec(i, r)
		})
		return v
	}}
}

// decimalOp computes at scale rs.
func decimalOp(fn Fn, p types.Dec, sa int, q types.Dec, sb, rs int) (types.Dec, bool) {
	var r types.Dec
	var ok bool
	at := max(sa, sb)
	switch fn {
	case FnMul:
		if r, ok = p.Mul(q); !ok {
			return r, false
		}
		return r.Rescale(sa+sb, rs)
	case FnDiv:
		return types.DivDec(p, sa, q, sb, rs)
	case FnQuotient:
		return cutQuotient(p, sa, q, sb, rs)
	case FnMod:
		if r, ok = types.ModDec(p, sa, q, sb); !ok {
			return r, false
		}
		return r.Rescale(at, rs)
	}
	if p, ok = p.Rescale(sa, at); !ok {
		return p, false
	}
	if q, ok = q.Rescale(sb, at); !ok {
		return q, false
	}
	if fn == FnSub {
		r, ok = p.Sub(q)
	} else {
		r, ok = p.Add(q)
	}
	if !ok {
		return r, false
	}
	return r.Rescale(at, rs)
}

// cutQuotient is p/q with rs digits behind the point, the rest cut off.
func cutQuotient(p types.Dec, sa int, q types.Dec, sb, rs int) (types.Dec, bool) {
	// With the dividend taken as that of 10^rs times as much, the quotient is
	// an integer, and p - p%q divides exactly.
	sa -= rs
	at := max(sa, sb, 0)
	p, ok := p.Rescale(sa, at)
	if !ok {
		return p, false
	}
	r, ok := types.ModDec(p, at, q, sb)
	if !ok {
		return r, false
	}
	if p, ok = p.Sub(r); !ok {
		return p, false
	}
	return types.DivDec(p, at, q, sb, 0)
}

// decimalIntDiv is DIV of anything but integers.
func (c *compiler) decimalIntDiv(e *Call) *node {
	sa, sb := int(e.Args[0].Type().Scale), int(e.Args[1].Type().Scale)
	unsigned := e.T.Kind.IsUnsigned()
	return c.intRows(e, func(f *frame, a []operand, i int) (int64, bool) {
		p, q := a[0].dec(i), a[1].dec(i)
		if q.IsZero() {
			f.byZero(i)
			return 0, false
		}
		p, ok := cutQuotient(p, sa, q, sb, 0)
		var x int64
		if unsigned && ok {
			var u uint64
			u, ok = p.Uint64(0)
			x = int64(u)
		} else if ok {
			x, ok = p.Int64(0)
		}
		if !ok {
			f.fail(i, outOfRange(typeWord(e.T), e))
		}
		return x, true
	}, false)
}

func compileNeg(c *compiler, e *Call) *node {
	t := e.Args[0].Type()
	switch {
	case t.Kind.IsFloat():
		return c.floatRows(e, func(f *frame, a []operand, i int) (float64, bool) { return -a[0].float(i), true })
	case t.Kind == types.Decimal:
		from, to := int(t.Scale), int(e.T.Scale)
		return c.decRows(e, func(f *frame, a []operand, i int) (types.Dec, bool) {
			d, _ := a[0].dec(i).Rescale(from, to)
			return d.Neg(), true
		})
	}
	unsigned := t.Kind.IsUnsigned()
	return c.intRows(e, func(f *frame, a []operand, i int) (int64, bool) {
		x := a[0].int(i)
		if x == math.MinInt64 && !unsigned || unsigned && uint64(x) > 1<<63 {
			f.fail(i, outOfRange("BIGINT", e))
		}
		return -x, true
	}, false)
}

// decRows is rowsInt for decimals at the scale of e; what does not fit e's
// type is errno 1690.
func (c *compiler) decRows(e *Call, fn func(f *frame, a []operand, i int) (types.Dec, bool)) *node {
	args, slot, at, t := c.nodes(e.Args), c.vec(), c.ops(len(e.Args)), e.T
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		a := f.args(at, args, sel, n)
		v := f.out(slot, t, n)
		if f.join(slot, v, n, a...) {
			return v
		}
		f.rows(v, sel, n, func(i int) {
			d, ok := fn(f, a, i)
			switch {
			case !ok:
				f.nullRow(slot, v, n, i)
				d = types.Dec{}
			case !d.FitsPrec(int(t.Prec)):
				f.fail(i, outOfRange("DECIMAL", e))
				d = types.Dec{}
			}
			v.SetDec(i, d)
		})
		return v
	}}
}

func compileBits(c *compiler, e *Call) *node {
	fn := e.Fn
	return c.intRows(e, func(f *frame, a []operand, i int) (int64, bool) {
		x, y := a[0].int(i), a[1].int(i)
		switch fn {
		case FnBitAnd:
			return x & y, true
		case FnBitOr:
			return x | y, true
		case FnBitXor:
			return x ^ y, true
		case FnShl:
			return int64(uint64(x) << min(uint64(y), 64)), true
		}
		return int64(uint64(x) >> min(uint64(y), 64)), true
	}, false)
}

func bitNot(f *frame, a []operand, i int) (int64, bool) { return ^a[0].int(i), true }

func bitCount(f *frame, a []operand, i int) (int64, bool) {
	return int64(bits.OnesCount64(uint64(a[0].int(i)))), true
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
