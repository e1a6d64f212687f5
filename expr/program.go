package expr

import (
	"math"
	"unicode/utf8"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// How evaluation works. Compile turns a tree into nodes, closures that fill one
// vector each. A node without columns is scalar: it is evaluated once a batch,
// to a vector of one row, and its readers index it with a mask of 0 (operand).
// Vectors are slots of a frame, the scratch of one program in one Ctx, so
// a warm evaluation allocates nothing.
//
// A kernel over numbers may compute rows outside the selection when that is
// cheaper (dense); it must then mark errors for selected rows only.

// node is one compiled expression.
type node struct {
	t      types.Type
	scalar bool
	fixed  *zset.Vec // the value of a constant
	eval   func(f *frame, sel []int32, n int) *zset.Vec
	// filter, when set, appends to dst[:0] the rows of sel for which the value
	// is true, without making a vector. dst has room for n rows and may be sel.
	filter func(f *frame, sel []int32, n int, dst []int32) []int32
}

// code is the part of programs and filters that frames belong to.
type code struct {
	vecs, sels, held, operands, states, buffers int
}

// frame is the scratch of one program in one Ctx.
type frame struct {
	cx    *Ctx
	code  *code
	b     *zset.Batch
	vecs  []zset.Vec
	valid []zset.Bitmap // memory for the bitmaps of vecs
	sels  [][]int32
	held  []*zset.Vec // values shared by several readers

	operands []operand
	states   []any    // what kernels keep between batches: compiled patterns
	buffers  [][]byte // and memory for keys

	inScalar bool
	pending  *sqlerr.Error // the error of the scalar being evaluated
}

func (f *frame) memory() int {
	n := 0
	for i := range f.vecs {
		v := &f.vecs[i]
		n += 8*(cap(v.I)+cap(v.F)+cap(v.W)+cap(f.valid[i])) + 4*cap(v.Off) + cap(v.Data)
	}
	for _, s := range f.sels {
		n += 4 * cap(s)
	}
	return n
}

// compiler numbers the slots of one program.
type compiler struct {
	code
	vector bool // a column or a volatile call was met
}

func (c *compiler) vec() int   { c.vecs++; return c.vecs - 1 }
func (c *compiler) sel() int   { c.sels++; return c.sels - 1 }
func (c *compiler) hold() int  { c.held++; return c.held - 1 }
func (c *compiler) state() int { c.states++; return c.states - 1 }

func (c *compiler) buffer() int { c.buffers++; return c.buffers - 1 }

func (c *compiler) node(e Expr) *node {
	switch e := e.(type) {
	case *Const:
		v := zset.NewVec(e.V.Type, 0)
		v.AppendValue(e.V)
		return &node{t: e.V.Type, scalar: true, fixed: &v}
	case *Param:
		return c.param(e)
	case *Col:
		c.vector = true
		index := e.Index
		return &node{t: e.T, eval: func(f *frame, _ []int32, _ int) *zset.Vec { return &f.b.Cols[index] }}
	case *heldExpr:
		c.vector = c.vector || !e.nd.scalar
		return e.nd
	case *Call:
		outer := c.vector
		c.vector = false
		d := defOf(e.Fn)
		nd := d.compile(c, e)
		c.vector = c.vector || d.volatile == Changing
		nd.t, nd.scalar = e.T, !c.vector
		c.vector = c.vector || outer
		return nd
	}
	panic("expr: unknown node")
}

func (c *compiler) nodes(es []Expr) []*node {
	out := make([]*node, len(es))
	for i, e := range es {
		out[i] = c.node(e)
	}
	return out
}

// shared returns a node that yields again what nd gave when hold was called
// for the same rows.
func (c *compiler) shared(nd *node) (held *node, hold func(f *frame, sel []int32, n int)) {
	slot := c.hold()
	held = &node{t: nd.t, scalar: nd.scalar, eval: func(f *frame, _ []int32, _ int) *zset.Vec { return f.held[slot] }}
	return held, func(f *frame, sel []int32, n int) { f.held[slot] = nd.get(f, sel, n) }
}

func (c *compiler) param(e *Param) *node {
	slot, t, nth := c.vec(), e.T, e.N
	return &node{t: t, scalar: true, eval: func(f *frame, _ []int32, _ int) *zset.Vec {
		v := types.NullValue(t)
		if nth < len(f.cx.Params) {
			v = f.cast(f.cx.Params[nth], t)
		}
		out := &f.vecs[slot]
		out.Type = t
		out.Reset()
		out.AppendValue(v)
		return out
	}}
}

// get evaluates nd for the rows sel of n. A scalar gives one row; its error
// becomes the error of every row that asked.
func (nd *node) get(f *frame, sel []int32, n int) *zset.Vec {
	if nd.fixed != nil {
		return nd.fixed
	}
	if !nd.scalar || f.inScalar {
		return nd.eval(f, sel, n)
	}
	f.inScalar = true
	v := nd.eval(f, nil, 1)
	f.inScalar = false
	if err := f.pending; err != nil {
		f.pending = nil
		each(sel, n, func(i int) { f.fail(i, err) })
	}
	return v
}

// each calls fn for the rows sel, nil being the first n.
func each(sel []int32, n int, fn func(i int)) {
	if sel == nil {
		for i := range n {
			fn(i)
		}
		return
	}
	for _, i := range sel {
		fn(int(i))
	}
}

// dense tells whether a cheap kernel should ignore the selection.
func dense(sel []int32, n int) bool { return sel == nil || len(sel) > n/4 }

// fail marks row i with err.
func (f *frame) fail(i int, err *sqlerr.Error) {
	if f.inScalar {
		if f.pending == nil {
			f.pending = err
		}
		return
	}
	f.cx.Errs.Set(i, err)
}

// failing tells whether warnings are errors.
func (cx *Ctx) failing() bool { return cx.assigning || cx.Writes && cx.Strict }

// warn records a warning of row i, which is an error beneath a strict Assign
// and in a strict statement that writes.
func (f *frame) warn(i int, code uint16, format string, args ...any) {
	cx := f.cx
	if cx.failing() {
		f.fail(i, sqlerr.New(code, format, args...))
		return
	}
	if !f.muted() {
		f.warning(sqlerr.New(code, format, args...))
		return
	}
	cx.WarningCount++
}

// muted tells whether a further warning would only be counted.
func (f *frame) muted() bool { return !f.cx.failing() && f.cx.WarningCount >= MaxWarnings }

// warning records err as a warning.
func (f *frame) warning(err *sqlerr.Error) {
	cx := f.cx
	cx.WarningCount++
	if len(cx.Warnings) < MaxWarnings {
		cx.Warnings = append(cx.Warnings, err)
	}
}

// operand is an evaluated argument: row i is at i&mask.
type operand struct {
	*zset.Vec
	mask int
}

func (nd *node) operand(f *frame, sel []int32, n int) operand {
	v := nd.get(f, sel, n)
	if nd.scalar {
		return operand{v, 0}
	}
	return operand{v, -1}
}

func (o operand) null(i int) bool         { return o.IsNull(i & o.mask) }
func (o operand) int(i int) int64         { return o.I[i&o.mask] }
func (o operand) float(i int) float64     { return o.F[i&o.mask] }
func (o operand) bytes(i int) []byte      { return o.Vec.Bytes(i & o.mask) }
func (o operand) dec(i int) types.Dec     { return o.Vec.Dec(i & o.mask) }
func (o operand) value(i int) types.Value { return o.Vec.Value(i & o.mask) }

// out readies slot for n rows of type t, none NULL; values are what they were.
func (f *frame) out(slot int, t types.Type, n int) *zset.Vec {
	v := &f.vecs[slot]
	v.Type, v.Valid = t, nil
	switch p := t.Phys(); p {
	case types.PhysInt:
		v.I = sized(v.I, n)
	case types.PhysFloat:
		v.F = sized(v.F, n)
	case types.PhysDec2, types.PhysDec4:
		v.W = sized(v.W, n*p.Words())
	case types.PhysBytes:
		v.Off = sized(v.Off, n+1)
		v.Data = v.Data[:0]
		v.Off[0] = 0
	}
	return v
}

// sized returns s with length n. Memory is rounded up so that batches of
// growing size do not each allocate.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, (n+63)&^63)
	}
	return s[:n]
}

// selection returns the buffer of a selection slot with room for n rows.
func (f *frame) selection(slot, n int) []int32 {
	f.sels[slot] = sized(f.sels[slot], max(n, 1)) // never nil, which means all rows
	return f.sels[slot][:n]
}

// bitmap returns slot's bitmap memory for n rows; its bits are undefined.
func (f *frame) bitmap(slot, n int) zset.Bitmap {
	f.valid[slot] = sized(f.valid[slot], (n+63)>>6)
	return f.valid[slot]
}

// writable gives v, the vector of slot, a bitmap that may be changed.
func (f *frame) writable(slot int, v *zset.Vec, n int) {
	if v.Valid != nil {
		return
	}
	v.Valid = f.bitmap(slot, n)
	for i := range v.Valid {
		v.Valid[i] = ^uint64(0)
	}
}

// nullRow makes row i of slot's vector NULL.
func (f *frame) nullRow(slot int, v *zset.Vec, n, i int) {
	f.writable(slot, v, n)
	v.Valid.Clear(i)
}

// join sets the validity of slot's vector v of n rows to that of all ops:
// NULL where one is. It tells whether every row is NULL.
func (f *frame) join(slot int, v *zset.Vec, n int, ops ...operand) (allNull bool) {
	for _, o := range ops {
		if o.Valid == nil {
			continue
		}
		if o.mask == 0 {
			if o.IsNull(0) {
				v.Valid = f.bitmap(slot, n)
				clear(v.Valid)
				return true
			}
			continue
		}
		words := (n + 63) >> 6
		if v.Valid == nil {
			v.Valid = f.bitmap(slot, n)
			copy(v.Valid, o.Valid[:words])
			continue
		}
		for w, x := range o.Valid[:words] {
			v.Valid[w] &= x
		}
	}
	return false
}

// Program is a compiled expression. It is immutable and safe for concurrent
// use, each user with a Ctx of its own.
type Program struct {
	code
	root    *node
	param   *Param // the whole expression is this placeholder, or it assigned
	assigns bool
	spread  int // slot for a scalar root given to every row
}

// Compile readies e for evaluation, folding its constant parts. Any tree made
// by Resolve, Cast, Assign or Decode compiles.
func Compile(e Expr) *Program { return compile(Fold(e)) }

func compile(e Expr) *Program {
	c := &compiler{}
	p := &Program{root: c.node(e), spread: c.vec()}
	if a, ok := e.(*Call); ok && a.Fn == FnAssign {
		e, p.assigns = a.Args[0], true
	}
	p.param, _ = e.(*Param)
	p.code = c.code
	return p
}

// Type returns the type of the value.
func (p *Program) Type() types.Type { return p.root.t }

// Eval evaluates the expression for the rows sel of b (nil: all) and returns a
// vector of b.N rows, defined at the rows of sel that have no error in
// cx.Errs. Rows already failed may or may not be evaluated.
//
// The vector is borrowed: it is a column of b itself, or scratch of cx that
// the next Eval of the same Program with the same cx, or cx.Reset, takes back.
// Vectors of different Programs do not disturb each other.
func (p *Program) Eval(cx *Ctx, b *zset.Batch, sel []int32) *zset.Vec {
	f := cx.frame(&p.code)
	f.b = b
	v := p.root.get(f, sel, b.N)
	f.b = nil
	if p.root.scalar {
		return f.spread(p.spread, v, b.N)
	}
	zeroNulls(v, b.N)
	return v
}

// spread repeats the one row of v n times.
func (f *frame) spread(slot int, v *zset.Vec, n int) *zset.Vec {
	out := f.out(slot, v.Type, n)
	if v.IsNull(0) {
		out.Valid = f.bitmap(slot, n)
		clear(out.Valid)
		clear(out.I)
		clear(out.F)
		clear(out.W)
		clear(out.Off)
		return out
	}
	switch p := v.Type.Phys(); p {
	case types.PhysInt:
		fill(out.I, v.I[0])
	case types.PhysFloat:
		fill(out.F, v.F[0])
	case types.PhysDec2, types.PhysDec4:
		w := p.Words()
		for i := range n {
			copy(out.W[i*w:], v.W[:w])
		}
	case types.PhysBytes:
		s := v.Bytes(0)
		if len(s)*n > maxVec {
			err := sqlerr.New(sqlerr.ErrOutOfMemory, "the strings of one batch take more than %d bytes", maxVec)
			each(nil, n, func(i int) { f.fail(i, err) })
			s = nil
		}
		for i := range n {
			out.Data = append(out.Data, s...)
			out.Off[i+1] = uint32(len(out.Data))
		}
	}
	return out
}

func fill[T any](s []T, x T) {
	for i := range s {
		s[i] = x
	}
}

// zeroNulls brings v to the rule that the slot of a NULL is zero. Columns of
// the batch already obey it and are not written to.
func zeroNulls(v *zset.Vec, n int) {
	if v.Valid == nil || v.Type.Phys() == types.PhysBytes {
		return
	}
	for w, word := range v.Valid[:(n+63)>>6] {
		if word == ^uint64(0) {
			continue
		}
		for i := w << 6; i < min(n, w<<6+64); i++ {
			if word>>(uint(i)&63)&1 == 0 {
				zeroSlot(v, i)
			}
		}
	}
}

func zeroSlot(v *zset.Vec, i int) {
	switch p := v.Type.Phys(); p {
	case types.PhysInt:
		if v.I[i] != 0 {
			v.I[i] = 0
		}
	case types.PhysFloat:
		if floatBits(v.F[i]) != 0 {
			v.F[i] = 0
		}
	case types.PhysDec2, types.PhysDec4:
		for k := i * p.Words(); k < (i+1)*p.Words(); k++ {
			if v.W[k] != 0 {
				v.W[k] = 0
			}
		}
	}
}

// Value evaluates an expression without columns to one scalar. The error is
// an *sqlerr.Error; cx.Errs is not touched. An expression with columns is a
// caller's bug and panics.
func (p *Program) Value(cx *Ctx) (types.Value, error) {
	if p.param != nil && p.param.N < len(cx.Params) {
		if v := &cx.Params[p.param.N]; !v.IsNull && p.asIs(v) {
			out := *v
			out.Type = p.root.t
			return out, nil
		}
	}
	f := cx.frame(&p.code)
	f.inScalar = true
	f.b = noColumns
	v := p.root.get(f, nil, 1)
	f.b, f.inScalar = nil, false
	if err := f.pending; err != nil {
		f.pending = nil
		return types.NullValue(p.root.t), err
	}
	out := v.Value(0)
	if out.IsNull {
		out = types.NullValue(v.Type)
	}
	return out, nil
}

// asIs tells whether v, given for the placeholder that is the whole of p or is
// assigned to a column by it, is p's value as it stands.
func (p *Program) asIs(v *types.Value) bool {
	from, to := v.Type, p.root.t
	switch {
	case !p.assigns:
		return sameButNull(from, to)
	case from.Kind == types.Int64 && to.Kind.IsInt() && !to.Kind.IsUnsigned():
		lo, hi := to.Kind.IntRange()
		return v.I >= lo && v.I <= int64(hi)
	case from.Kind == types.String && to.Kind == types.String:
		return (to.Len == 0 || len(v.S) <= int(to.Len)) && utf8.ValidString(v.S)
	}
	return false
}

var noColumns = &zset.Batch{N: 1}

// Value compiles and evaluates an expression without columns, for the places
// where it is done once. cx may be nil.
func Value(cx *Ctx, e Expr) (types.Value, error) {
	if cx == nil {
		cx = NewCtx()
	}
	return Compile(e).Value(cx)
}

// Filter is a compiled conjunction. It is immutable and safe for concurrent
// use like a Program.
type Filter struct {
	code
	preds []*node
	buf   int
}

// CompileFilter readies the conjunction of preds, each taken as a truth value;
// no predicates keep all rows. ANDs are split into their parts.
func CompileFilter(preds []Expr) *Filter {
	c := &compiler{}
	fl := &Filter{buf: c.sel()}
	for _, p := range preds {
		for _, q := range conjuncts(nil, Fold(p)) {
			c.vector = false
			fl.preds = append(fl.preds, c.node(truth(q)))
		}
	}
	fl.code = c.code
	return fl
}

// conjuncts appends the parts of a conjunction to dst.
func conjuncts(dst []Expr, e Expr) []Expr {
	c, ok := e.(*Call)
	if !ok || c.Fn != FnAnd {
		return append(dst, e)
	}
	for _, a := range c.Args {
		dst = conjuncts(dst, a)
	}
	return dst
}

// Apply returns the rows of sel (nil: all) for which every predicate is true,
// evaluating each only for the rows that those before it kept. A row whose
// predicate fails is marked in cx.Errs and left out; so are rows that had
// failed before. The result is ascending and never nil; it is scratch of cx
// until the next Apply of the same Filter with the same cx, or cx.Reset.
func (fl *Filter) Apply(cx *Ctx, b *zset.Batch, sel []int32) []int32 {
	f := cx.frame(&fl.code)
	f.b = b
	buf := f.selection(fl.buf, b.N)
	cur := sel
	for _, p := range fl.preds {
		cur = dropFailed(cx, p.keep(f, cur, b.N, buf))
		if len(cur) == 0 {
			break
		}
	}
	f.b = nil
	if len(fl.preds) > 0 {
		return cur
	}
	buf = buf[:0]
	each(sel, b.N, func(i int) { buf = append(buf, int32(i)) })
	return dropFailed(cx, buf)
}

// dropFailed takes failed rows out of sel, in place.
func dropFailed(cx *Ctx, sel []int32) []int32 {
	if !cx.Errs.Any() {
		return sel
	}
	k := 0
	for _, i := range sel {
		if !cx.Errs.Has(int(i)) {
			sel[k] = i
			k++
		}
	}
	return sel[:k]
}

// keep writes the rows of sel for which nd is true to dst, which has room for
// n rows and may be the memory of sel.
func (nd *node) keep(f *frame, sel []int32, n int, dst []int32) []int32 {
	if nd.filter != nil && !nd.scalar {
		return nd.filter(f, sel, n, dst)
	}
	v := nd.get(f, sel, n)
	if nd.scalar {
		if v.IsNull(0) || v.I[0] == 0 {
			return dst[:0]
		}
		k := 0
		if sel == nil {
			for i := range n {
				dst[i] = int32(i)
			}
			return dst[:n]
		}
		k = copy(dst[:len(sel)], sel)
		return dst[:k]
	}
	return trueRows(v, sel, n, dst)
}

// trueRows writes the rows of sel at which v is neither NULL nor 0 to dst.
func trueRows(v *zset.Vec, sel []int32, n int, dst []int32) []int32 {
	k := 0
	x := v.I
	if sel == nil {
		for i, y := range x[:n] {
			dst[k] = int32(i)
			k += b2i(y != 0)
		}
	} else {
		for _, i := range sel {
			dst[k] = i
			k += b2i(x[i] != 0)
		}
	}
	return dropNulls(v.Valid, dst[:k])
}

// dropNulls takes the rows that are not valid out of sel, in place.
func dropNulls(valid zset.Bitmap, sel []int32) []int32 {
	if valid == nil {
		return sel
	}
	k := 0
	for _, i := range sel {
		sel[k] = i
		k += int(valid[i>>6] >> (uint(i) & 63) & 1)
	}
	return sel[:k]
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func floatBits(f float64) uint64 { return math.Float64bits(f) }
