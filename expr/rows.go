package expr

import (
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Adaptors that make kernels of functions over one row, for everything whose
// work per row outweighs a call. A row function gets its arguments as operands
// and the row's position; ok false is NULL. It is called for selected rows
// only and, unless made lenient, only where no argument is NULL.

type (
	compileFunc = func(c *compiler, e *Call) *node
	intRow      = func(f *frame, a []operand, i int) (x int64, ok bool)
	floatRow    = func(f *frame, a []operand, i int) (x float64, ok bool)
	textRow     = func(f *frame, a []operand, i int, dst []byte) (text []byte, ok bool)
)

// maxText is MySQL's max_allowed_packet: longer results are NULL with a warning.
const maxText = 64 << 20

// maxVec bounds the bytes of one vector; rows beyond it fail.
const maxVec = 1 << 30

const (
	errAllowedPacketOverflowed = 1301
	errIllegalMix              = 1267
	errWrongDate               = 1525
	errInvalidRegexp           = 3685
	errDatetimeOverflow        = 1441
)

// ops reserves room for n operands in the frame.
func (c *compiler) ops(n int) int {
	c.operands += n
	return c.operands - n
}

// args evaluates the arguments of a call into the frame's operands at.
func (f *frame) args(at int, nodes []*node, sel []int32, n int) []operand {
	a := f.operands[at : at+len(nodes)]
	for k, nd := range nodes {
		a[k] = nd.operand(f, sel, n)
	}
	return a
}

// rows calls fn for the selected rows at which v is valid.
func (f *frame) rows(v *zset.Vec, sel []int32, n int, fn func(i int)) {
	valid := v.Valid
	if valid == nil {
		each(sel, n, fn)
		return
	}
	each(sel, n, func(i int) {
		if valid.Get(i) {
			fn(i)
		}
	})
}

func rowsInt(fn intRow) compileFunc {
	return func(c *compiler, e *Call) *node { return c.intRows(e, fn, false) }
}

func rowsFloat(fn floatRow) compileFunc {
	return func(c *compiler, e *Call) *node { return c.floatRows(e, fn) }
}

func rowsText(fn textRow) compileFunc {
	return func(c *compiler, e *Call) *node { return c.textRows(e, fn, false) }
}

// lenientInt and lenientText see NULL arguments and answer for themselves.
func lenientInt(fn intRow) compileFunc {
	return func(c *compiler, e *Call) *node { return c.intRows(e, fn, true) }
}

func lenientText(fn textRow) compileFunc {
	return func(c *compiler, e *Call) *node { return c.textRows(e, fn, true) }
}

func (c *compiler) intRows(e *Call, fn intRow, lenient bool) *node {
	args, slot, at, t := c.nodes(e.Args), c.vec(), c.ops(len(e.Args)), e.T
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		a := f.args(at, args, sel, n)
		v := f.out(slot, t, n)
		if !lenient && f.join(slot, v, n, a...) {
			return v
		}
		f.rows(v, sel, n, func(i int) {
			x, ok := fn(f, a, i)
			v.I[i] = x
			if !ok {
				f.nullRow(slot, v, n, i)
			}
		})
		return v
	}}
}

func (c *compiler) floatRows(e *Call, fn floatRow) *node {
	args, slot, at, t := c.nodes(e.Args), c.vec(), c.ops(len(e.Args)), e.T
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		a := f.args(at, args, sel, n)
		v := f.out(slot, t, n)
		if f.join(slot, v, n, a...) {
			return v
		}
		f.rows(v, sel, n, func(i int) {
			x, ok := fn(f, a, i)
			v.F[i] = x
			switch {
			case !ok:
				f.nullRow(slot, v, n, i)
			case x-x != 0:
				f.fail(i, outOfRange("DOUBLE", e))
			}
		})
		return v
	}}
}

func (c *compiler) textRows(e *Call, fn textRow, lenient bool) *node {
	args, slot, at, t := c.nodes(e.Args), c.vec(), c.ops(len(e.Args)), e.T
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		a := f.args(at, args, sel, n)
		v := f.out(slot, t, n)
		if !lenient && f.join(slot, v, n, a...) {
			clear(v.Off)
			return v
		}
		w := textWriter{f: f, v: v}
		f.rows(v, sel, n, func(i int) {
			w.begin(i)
			start := len(v.Data)
			data, ok := fn(f, a, i, v.Data)
			if ok {
				v.Data = data
			} else {
				v.Data = v.Data[:start]
				f.nullRow(slot, v, n, i)
			}
			w.end(i)
		})
		w.finish(n)
		return v
	}}
}

// textWriter keeps the offsets of a text vector written in ascending row
// order; rows left out are empty.
type textWriter struct {
	f    *frame
	v    *zset.Vec
	done int // rows whose end is set
}

// begin says that what is appended to v.Data from now on is row i's.
func (w *textWriter) begin(i int) {
	for ; w.done < i; w.done++ {
		w.v.Off[w.done+1] = uint32(len(w.v.Data))
	}
}

// end closes row i.
func (w *textWriter) end(i int) {
	if len(w.v.Data) > maxVec {
		w.v.Data = w.v.Data[:w.v.Off[i]]
		w.f.fail(i, sqlerr.New(sqlerr.ErrOutOfMemory, "the strings of one batch take more than %d bytes", maxVec))
	}
	w.v.Off[i+1] = uint32(len(w.v.Data))
	w.done = i + 1
}

func (w *textWriter) finish(n int) { w.begin(n) }

// tooLong warns that a string function's result passed max_allowed_packet.
func (f *frame) tooLong(i int, name string) {
	f.warn(i, errAllowedPacketOverflowed, "Result of %s() was larger than max_allowed_packet (%d) - truncated", name, maxText)
}

// outOfRange is errno 1690 for the value of e; what is "BIGINT", "DOUBLE", ...
func outOfRange(what string, e Expr) *sqlerr.Error {
	return sqlerr.New(sqlerr.ErrNumericOutOfRange, "%s value is out of range in '%s'", what, String(e))
}

// typeWord is how errno 1690 calls a type.
func typeWord(t types.Type) string {
	switch {
	case t.Kind.IsUnsigned():
		return "BIGINT UNSIGNED"
	case t.Kind.IsInt():
		return "BIGINT"
	case t.Kind == types.Decimal:
		return "DECIMAL"
	}
	return "DOUBLE"
}
