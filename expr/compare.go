package expr

import (
	"bytes"
	"math"
	"math/bits"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Comparisons. resolveCompare has brought both sides to one kind; what is left
// is: integers of any sign, dates, moments, decimals of any scale and width,
// floats, and strings under one collation.

// outcome has bit r+1 set when the comparison holds for cmp = r.
func outcome(fn Fn) uint {
	switch fn {
	case FnEq, FnNullEq:
		return 0b010
	case FnNe:
		return 0b101
	case FnLt:
		return 0b001
	case FnLe:
		return 0b011
	case FnGt:
		return 0b100
	}
	return 0b110
}

// mirrored is outcome for exchanged sides.
func mirrored(o uint) uint { return o&0b010 | o>>2&1 | o&1<<2 }

func compileCompare(c *compiler, e *Call) *node {
	a, b := c.node(e.Args[0]), c.node(e.Args[1])
	ta, tb := e.Args[0].Type(), e.Args[1].Type()
	o := outcome(e.Fn)
	switch {
	case e.Fn == FnNullEq:
		return c.nullSafe(a, b, comparator(ta, tb))
	case plainInts(ta, tb) && (a.scalar || b.scalar):
		if a.scalar {
			a, b, ta, tb, o = b, a, tb, ta, mirrored(o)
		}
		return c.intsInRange(a, b, func(x int64) span { return spanOf(o, ta.Kind.IsUnsigned(), tb.Kind.IsUnsigned(), x) })
	case plainInts(ta, tb) && ta.Kind.IsUnsigned() == tb.Kind.IsUnsigned():
		return c.intsCompared(a, b, o, ta.Kind.IsUnsigned())
	case ta.Kind.IsFloat():
		return c.floatsCompared(a, b, o)
	case ta.Kind.IsText() && (o == 0b010 || o == 0b101):
		equal := textEqual(ta.Coll)
		return c.rowsCompared(a, b, o, func(a, b operand, i int) int { return 1 - b2i(equal(a.bytes(i), b.bytes(i))) })
	}
	return c.rowsCompared(a, b, o, comparator(ta, tb))
}

// plainInts tells whether the values compare as the integers in Vec.I.
func plainInts(a, b types.Type) bool {
	if a.Phys() != types.PhysInt || b.Phys() != types.PhysInt {
		return false
	}
	if a.Kind == types.Decimal || b.Kind == types.Decimal {
		return a.Kind == b.Kind && a.Scale == b.Scale
	}
	return true
}

// comparator orders row i of a and b. Both sides have types as in plainInts,
// or are of one kind.
func comparator(ta, tb types.Type) func(a, b operand, i int) int {
	switch {
	case plainInts(ta, tb):
		return intComparator(ta.Kind.IsUnsigned(), tb.Kind.IsUnsigned())
	case ta.Kind == types.Decimal:
		sa, sb := int(ta.Scale), int(tb.Scale)
		return func(a, b operand, i int) int { return types.CmpDec(a.dec(i), sa, b.dec(i), sb) }
	case ta.Kind.IsFloat():
		return func(a, b operand, i int) int {
			x, y := a.float(i), b.float(i)
			return b2i(x > y) - b2i(x < y)
		}
	case ta.Coll.Binary():
		return func(a, b operand, i int) int { return bytes.Compare(a.bytes(i), b.bytes(i)) }
	}
	coll := ta.Coll
	return func(a, b operand, i int) int { return coll.Compare(a.bytes(i), b.bytes(i)) }
}

func intComparator(ua, ub bool) func(a, b operand, i int) int {
	switch {
	case ua && ub:
		return func(a, b operand, i int) int {
			x, y := uint64(a.int(i)), uint64(b.int(i))
			return b2i(x > y) - b2i(x < y)
		}
	case ua:
		return func(a, b operand, i int) int { return -cmpMixed(b.int(i), uint64(a.int(i))) }
	case ub:
		return func(a, b operand, i int) int { return cmpMixed(a.int(i), uint64(b.int(i))) }
	}
	return func(a, b operand, i int) int {
		x, y := a.int(i), b.int(i)
		return b2i(x > y) - b2i(x < y)
	}
}

// cmpMixed orders a signed and an unsigned integer.
func cmpMixed(x int64, y uint64) int {
	if x < 0 {
		return -1
	}
	return b2i(uint64(x) > y) - b2i(uint64(x) < y)
}

// span is a set of integers: lo to lo+width in the order of the column's sign,
// or, when not is 1, all others.
type span struct {
	lo, width uint64
	not       uint64
}

// has returns 1 when x is in s, without a branch.
func (s span) has(x int64) int {
	// lo+width cannot be passed by x-lo <= width, so the borrow of
	// width - (x-lo) says that x is outside.
	_, outside := bits.Sub64(s.width, uint64(x)-s.lo, 0)
	return int(outside ^ s.not ^ 1)
}

// spanOf is the set of column values x for which "x op k" holds.
func spanOf(o uint, unsigned, kUnsigned bool, k int64) span {
	least := uint64(1) << 63
	if unsigned {
		least = 0
	}
	if unsigned != kUnsigned && k < 0 {
		// k is beyond the column's range: below an unsigned, above a signed one.
		holds := o >> 2 & 1
		if kUnsigned {
			holds = o & 1
		}
		return span{width: math.MaxUint64, not: uint64(1 - holds)}
	}
	below := span{lo: least, width: uint64(k) - least}         // x <= k
	above := span{lo: uint64(k), width: least - 1 - uint64(k)} // x >= k
	at := span{lo: uint64(k)}
	switch o {
	case 0b010:
		return at
	case 0b101:
		at.not = 1
		return at
	case 0b011:
		return below
	case 0b100:
		below.not = 1
		return below
	case 0b110:
		return above
	}
	above.not = 1
	return above
}

// intsInRange compares a column of integers with a scalar, or with the set
// that of makes of it.
func (c *compiler) intsInRange(a, k *node, of func(k int64) span) *node {
	slot := c.vec()
	return &node{
		eval: func(f *frame, sel []int32, n int) *zset.Vec {
			x, y := a.operand(f, sel, n), k.operand(f, sel, n)
			v := f.out(slot, types.TypeInt, n)
			if f.join(slot, v, n, x, y) {
				return v
			}
			s, in := of(y.I[0]), x.I
			if x.mask == 0 {
				v.I[0] = int64(s.has(in[0]))
				return v
			}
			out := v.I
			in = in[:len(out)]
			for i := range out {
				out[i] = int64(s.has(in[i]))
			}
			return v
		},
		filter: func(f *frame, sel []int32, n int, dst []int32) []int32 {
			x, y := a.operand(f, sel, n), k.operand(f, sel, n)
			if y.IsNull(0) {
				return dst[:0]
			}
			return dropNulls(x.Valid, of(y.I[0]).rows(x.I, sel, n, dst))
		},
	}
}

// rows writes the selected rows whose value is in s to dst.
func (s span) rows(x []int64, sel []int32, n int, dst []int32) []int32 {
	k := 0
	if sel == nil {
		x, dst = x[:n], dst[:n]
		for i := range x {
			dst[k] = int32(i)
			k += s.has(x[i])
		}
		return dst[:k]
	}
	for _, i := range sel {
		dst[k] = i
		k += s.has(x[i])
	}
	return dst[:k]
}

// intsCompared compares two columns of integers of one sign.
func (c *compiler) intsCompared(a, b *node, o uint, unsigned bool) *node {
	slot, flip := c.vec(), int64(0)
	if unsigned {
		flip = math.MinInt64
	}
	holds := func(x, y int64) int {
		x, y = x^flip, y^flip
		return int(o >> uint(b2i(x > y)-b2i(x < y)+1) & 1)
	}
	return &node{
		eval: func(f *frame, sel []int32, n int) *zset.Vec {
			x, y := a.operand(f, sel, n), b.operand(f, sel, n)
			v := f.out(slot, types.TypeInt, n)
			if f.join(slot, v, n, x, y) {
				return v
			}
			out := v.I
			p, q := x.I[:len(out)], y.I[:len(out)]
			for i := range out {
				out[i] = int64(holds(p[i], q[i]))
			}
			return v
		},
		filter: func(f *frame, sel []int32, n int, dst []int32) []int32 {
			x, y := a.operand(f, sel, n), b.operand(f, sel, n)
			k := 0
			if sel == nil {
				p, q := x.I[:n], y.I[:n]
				for i := range p {
					dst[k] = int32(i)
					k += holds(p[i], q[i])
				}
			} else {
				for _, i := range sel {
					dst[k] = i
					k += holds(x.I[i], y.I[i])
				}
			}
			return dropNulls(y.Valid, dropNulls(x.Valid, dst[:k]))
		},
	}
}

func (c *compiler) floatsCompared(a, b *node, o uint) *node {
	slot := c.vec()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		x, y := a.operand(f, sel, n), b.operand(f, sel, n)
		v := f.out(slot, types.TypeInt, n)
		if f.join(slot, v, n, x, y) {
			return v
		}
		for i := range v.I {
			p, q := x.F[i&x.mask], y.F[i&y.mask]
			v.I[i] = int64(o >> uint(b2i(p > q)-b2i(p < q)+1) & 1)
		}
		return v
	}}
}

// rowsCompared compares by a call per row.
func (c *compiler) rowsCompared(a, b *node, o uint, cmp func(a, b operand, i int) int) *node {
	slot := c.vec()
	return &node{
		eval: func(f *frame, sel []int32, n int) *zset.Vec {
			x, y := a.operand(f, sel, n), b.operand(f, sel, n)
			v := f.out(slot, types.TypeInt, n)
			if f.join(slot, v, n, x, y) {
				return v
			}
			f.rows(v, sel, n, func(i int) { v.I[i] = int64(o >> uint(cmp(x, y, i)+1) & 1) })
			return v
		},
		filter: func(f *frame, sel []int32, n int, dst []int32) []int32 {
			x, y := a.operand(f, sel, n), b.operand(f, sel, n)
			k := 0
			each(sel, n, func(i int) {
				if x.null(i) || y.null(i) {
					return
				}
				dst[k] = int32(i)
				k += int(o >> uint(cmp(x, y, i)+1) & 1)
			})
			return dst[:k]
		},
	}
}

// nullSafe is <=>.
func (c *compiler) nullSafe(a, b *node, cmp func(a, b operand, i int) int) *node {
	slot := c.vec()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		x, y := a.operand(f, sel, n), b.operand(f, sel, n)
		v := f.out(slot, types.TypeInt, n)
		each(sel, n, func(i int) {
			nx, ny := x.null(i), y.null(i)
			v.I[i] = int64(b2i(nx && ny || !nx && !ny && cmp(x, y, i) == 0))
		})
		return v
	}}
}

// full marks bytes that need the collation's own weights: those of longer
// characters, and control characters, which some collations ignore.
const full = 0xff

// asciiTable maps plain ASCII characters to one byte where they are equal.
func asciiTable(ignoreCase bool) (t [256]byte) {
	for i := range t {
		switch {
		case i < 0x20 || i >= 0x7f:
			t[i] = full
		case ignoreCase && i >= 'A' && i <= 'Z':
			t[i] = byte(i) + 'a' - 'A'
		default:
			t[i] = byte(i)
		}
	}
	return t
}

var foldedASCII, exactASCII = asciiTable(true), asciiTable(false)

// textEqual returns equality under a collation. Equal plain beginnings weigh
// the same, and the first plain character that differs settles it: what
// follows can only add to the weights behind.
func textEqual(c types.Collation) func(a, b []byte) bool {
	if c.Binary() {
		return bytes.Equal
	}
	table := &foldedASCII
	if c == types.CollUtf8mb4Bin {
		table = &exactASCII
	}
	pads := c.PadSpace()
	return func(a, b []byte) bool {
		n := min(len(a), len(b))
		for i, x := range a[:n] {
			x, y := table[x], table[b[i]]
			if x == full || y == full {
				return c.Compare(a, b) == 0
			}
			if x != y {
				return pads && (x == ' ' || y == ' ') && c.Compare(a, b) == 0
			}
		}
		if len(a) == len(b) {
			return true
		}
		longer := a
		if len(b) > n {
			longer = b
		}
		return (pads || table[longer[n]] == full) && c.Compare(a, b) == 0
	}
}

func compileBetween(c *compiler, e *Call) *node {
	x, hold := c.shared(c.node(e.Args[0]))
	lo := c.compare(FnGe, x, e.Args[0], e.Args[1])
	hi := c.compare(FnLe, x, e.Args[0], e.Args[2])
	both := c.junction(&Call{Fn: FnAnd, T: e.T, Args: []Expr{&heldExpr{lo, types.TypeInt}, &heldExpr{hi, types.TypeInt}}}, 1)
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		hold(f, sel, n)
		return both.eval(f, sel, n)
	}}
}

func compileIn(c *compiler, e *Call) *node {
	x := e.Args[0]
	list := e.Args[1:]
	for _, a := range list {
		if !comparesAs(x.Type(), a.Type()) {
			return c.inMixed(e)
		}
	}
	if vals, null, ok := constants(list); ok {
		switch t := x.Type(); {
		case t.Phys() == types.PhysInt && sameInts(t, list):
			return c.inInts(c.node(x), vals, null)
		case t.Kind.IsText():
			return c.inTexts(c.node(x), vals, null, t.Coll)
		}
	}
	return c.inList(e)
}

// comparesAs tells whether values of both types compare as they are.
func comparesAs(a, b types.Type) bool {
	switch {
	case plainInts(a, b):
		intLike := func(k types.Kind) bool { return k.IsInt() || k == types.Null }
		return a.Kind == b.Kind || intLike(a.Kind) && intLike(b.Kind) ||
			a.Kind >= types.Datetime && b.Kind >= types.Datetime
	case a.Kind.IsFloat() && b.Kind.IsFloat(), a.Kind == types.Decimal && b.Kind == types.Decimal:
		return true
	}
	return a.Kind == b.Kind && a.Coll == b.Coll && a.Kind.IsText()
}

// sameInts tells whether the list lies in Vec.I as t does.
func sameInts(t types.Type, list []Expr) bool {
	for _, a := range list {
		at := a.Type()
		if !plainInts(t, at) {
			return false
		}
		if at.Kind.IsUnsigned() != t.Kind.IsUnsigned() {
			if c := a.(*Const); c.V.I < 0 {
				return false
			}
		}
	}
	return true
}

// constants returns the values of a constant list but for NULLs.
func constants(list []Expr) (vals []types.Value, null, ok bool) {
	for _, a := range list {
		c, isConst := a.(*Const)
		if !isConst {
			return nil, false, false
		}
		if c.V.IsNull {
			null = true
		} else {
			vals = append(vals, c.V)
		}
	}
	return vals, null, true
}

// smallList is the length up to which a list is searched one by one.
const smallList = 8

func (c *compiler) inInts(x *node, vals []types.Value, null bool) *node {
	small := make([]int64, len(vals))
	set := make(map[int64]struct{}, len(vals))
	for i, v := range vals {
		small[i] = v.I
		if v.Type.Kind == types.Decimal {
			small[i] = int64(v.D[0]) // a Vec keeps short ones so
		}
		set[small[i]] = struct{}{}
	}
	return c.inSet(x, null, func(_ *frame, a operand, i int) bool {
		y := a.int(i)
		if len(small) > smallList {
			_, ok := set[y]
			return ok
		}
		for _, z := range small {
			if y == z {
				return true
			}
		}
		return false
	})
}

func (c *compiler) inTexts(x *node, vals []types.Value, null bool, coll types.Collation) *node {
	set := make(map[string]struct{}, len(vals))
	for _, v := range vals {
		set[string(coll.AppendSortKey(nil, []byte(v.S)))] = struct{}{}
	}
	state := c.buffer()
	return c.inSet(x, null, func(f *frame, a operand, i int) bool {
		key := a.bytes(i)
		if !coll.Binary() {
			scratch := &f.buffers[state]
			*scratch = coll.AppendSortKey((*scratch)[:0], key)
			key = *scratch
		}
		_, ok := set[string(key)]
		return ok
	})
}

// inSet is x IN (constants): a row not found is NULL when the list has a NULL.
func (c *compiler) inSet(x *node, null bool, has func(f *frame, a operand, i int) bool) *node {
	slot := c.vec()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		a := x.operand(f, sel, n)
		v := f.out(slot, types.TypeInt, n)
		if f.join(slot, v, n, a) {
			return v
		}
		f.rows(v, sel, n, func(i int) {
			found := has(f, a, i)
			v.I[i] = int64(b2i(found))
			if !found && null {
				f.nullRow(slot, v, n, i)
			}
		})
		return v
	}}
}

// inList compares with each item in turn.
func (c *compiler) inList(e *Call) *node {
	cmps := make([]func(a, b operand, i int) int, len(e.Args))
	for k, a := range e.Args {
		cmps[k] = comparator(e.Args[0].Type(), a.Type())
	}
	return c.intRows(e, func(f *frame, a []operand, i int) (int64, bool) {
		if a[0].null(i) {
			return 0, false
		}
		known := true
		for k := 1; k < len(a); k++ {
			if a[k].null(i) {
				known = false
			} else if cmps[k](a[0], a[k], i) == 0 {
				return 1, true
			}
		}
		return 0, known
	}, true)
}

// inMixed is the list whose items compare with x in different types.
func (c *compiler) inMixed(e *Call) *node {
	x, hold := c.shared(c.node(e.Args[0]))
	or := &Call{Fn: FnOr, T: e.T}
	for _, a := range e.Args[1:] {
		or.Args = append(or.Args, &heldExpr{c.compare(FnEq, x, e.Args[0], a), types.TypeInt})
	}
	any := c.junction(or, 0)
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		hold(f, sel, n)
		return any.eval(f, sel, n)
	}}
}

// compileGreatest is GREATEST and LEAST, whose arguments have one type.
func compileGreatest(c *compiler, e *Call) *node {
	args := c.nodes(e.Args)
	ch := c.choice(len(args), e.T)
	cmp := comparator(e.T, e.T)
	want := 1
	if e.Fn == FnLeast {
		want = -1
	}
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		a := f.args(ch.ops, args, sel, n)
		which := f.selection(ch.which, n)
		each(sel, n, func(i int) {
			best := 0
			for k := range a {
				if a[k].null(i) {
					best = noBranch
					break
				}
				if k > 0 && cmp(a[k], a[best], i) == want {
					best = k
				}
			}
			which[i] = int32(best)
		})
		return ch.mergeUnfailed(f, sel, n)
	}}
}
