package expr

import (
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

func logicFns() []def {
	return []def{
		{fn: FnAnd, names: "and", args: "bb*", ret: retInt, compile: compileAnd},
		{fn: FnOr, names: "or", args: "bb*", ret: retInt, compile: compileOr},
		{fn: FnXor, names: "xor", args: "bb", ret: retInt, compile: rowsInt(xor)},
		{fn: FnNot, names: "not !", args: "b", ret: retInt, compile: compileNot},
		{fn: FnIsNull, names: "is_null", args: "a", resolve: resolveNeverNull, check: checkTruth, compile: compileIsNull},
		{fn: FnIsTrue, names: "is_true", args: "b", resolve: resolveNeverNull, check: checkTruth, compile: lenientInt(isTrue)},
		{fn: FnIsFalse, names: "is_false", args: "b", resolve: resolveNeverNull, check: checkTruth, compile: lenientInt(isFalse)},

		{fn: FnCase, names: "case", args: "aa*", resolve: resolveCase, check: checkCase, compile: compileCase},
		{fn: FnCoalesce, names: "coalesce", args: "a*", resolve: resolveCoalesce, check: checkSame, compile: compileCoalesce,
			group: "choices", sig: "COALESCE(a, ...)", doc: "The first argument that is not NULL; later ones are evaluated only when needed."},
		{fn: FnNullIf, names: "nullif", args: "aa", nulls: true, resolve: resolveNullIf, check: checkFirst, compile: compileNullIf,
			group: "choices", sig: "NULLIF(a, b)", doc: "NULL when a = b, else a."},
		{fn: FnSingle, names: "/single", args: "i", ret: retInt, fails: true, compile: rowsInt(singleRow)},
	}
}

// singleRow is FnSingle. A name with a slash cannot be written in SQL.
func singleRow(f *frame, a []operand, i int) (int64, bool) {
	if a[0].int(i) > 1 {
		f.fail(i, sqlerr.New(sqlerr.ErrSubqueryNo1Row, "Subquery returns more than 1 row"))
	}
	return 1, true
}

// resolveLogic makes AND and OR of any number of terms, flat.
func resolveLogic(name string, args []Expr) (Expr, error, bool) {
	if len(args) == 0 {
		return nil, sqlerr.New(sqlerr.ErrWrongParamCountFn, "%s needs an operand", name), true
	}
	if len(args) == 1 {
		return truth(args[0]), nil, true
	}
	d := byName[name]
	var flat []Expr
	for _, a := range args {
		if c, ok := a.(*Call); ok && c.Fn == d.fn {
			flat = append(flat, c.Args...)
		} else {
			flat = append(flat, a)
		}
	}
	e, err := d.call(flat)
	return e, err, true
}

func resolveNeverNull(d *def, args []Expr) (*Call, error) {
	args, err := d.coerceAll([]Expr{typeParam(args[0], types.TypeText)})
	if err != nil {
		return nil, err
	}
	return &Call{Fn: d.fn, Args: args, T: types.TypeInt}, nil
}

func xor(f *frame, a []operand, i int) (int64, bool) {
	return int64(b2i((a[0].int(i) != 0) != (a[1].int(i) != 0))), true
}

func isTrue(f *frame, a []operand, i int) (int64, bool) {
	return int64(b2i(!a[0].null(i) && a[0].int(i) != 0)), true
}

func isFalse(f *frame, a []operand, i int) (int64, bool) {
	return int64(b2i(!a[0].null(i) && a[0].int(i) == 0)), true
}

func compileAnd(c *compiler, e *Call) *node { return c.junction(e, 1) }
func compileOr(c *compiler, e *Call) *node  { return c.junction(e, 0) }

// junction is AND (neutral 1) and OR (neutral 0). A row leaves when a term has
// the other value, which decides it; NULL is remembered but decides nothing.
func (c *compiler) junction(e *Call, neutral int64) *node {
	args, slot, buf := c.nodes(e.Args), c.vec(), c.sel()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		v := f.out(slot, types.TypeInt, n)
		fill(v.I, neutral)
		rest := f.selection(buf, n)
		cur := sel
		for k, a := range args {
			if k > 0 && len(cur) == 0 {
				break
			}
			x := a.operand(f, cur, n)
			left := 0
			if x.Valid == nil {
				left = undecided(x, v, neutral, cur, n, rest)
			} else {
				each(cur, n, func(i int) {
					null := x.null(i)
					if !null && (x.int(i) != 0) != (neutral != 0) {
						v.I[i] = 1 - neutral
						if v.Valid != nil {
							v.Valid.Set(i)
						}
						return
					}
					if null {
						f.nullRow(slot, v, n, i)
					}
					rest[left] = int32(i)
					left++
				})
			}
			cur = f.unfailed(rest[:left])
		}
		return v
	}}
}

// undecided is one term of a junction without NULLs: rows that it decides get
// their value, the others are written to rest and counted.
func undecided(x operand, v *zset.Vec, neutral int64, cur []int32, n int, rest []int32) int {
	left := 0
	if cur == nil {
		for i := range n {
			is := int64(b2i(x.I[i&x.mask] != 0))
			v.I[i] = is
			rest[left] = int32(i)
			left += int(is ^ neutral ^ 1)
		}
		return left
	}
	for _, i := range cur {
		is := int64(b2i(x.I[int(i)&x.mask] != 0))
		if is == neutral {
			rest[left] = i
			left++
			continue
		}
		v.I[i] = is
		if v.Valid != nil {
			v.Valid.Set(int(i))
		}
	}
	return left
}

// unfailed drops the failed rows of sel in place. In a scalar the only row has
// failed when an error is pending.
func (f *frame) unfailed(sel []int32) []int32 {
	if f.inScalar {
		if f.pending != nil {
			return sel[:0]
		}
		return sel
	}
	return dropFailed(f.cx, sel)
}

func compileNot(c *compiler, e *Call) *node {
	arg, slot := c.node(e.Args[0]), c.vec()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		a := arg.operand(f, sel, n)
		v := f.out(slot, types.TypeInt, n)
		if f.join(slot, v, n, a) {
			return v
		}
		for i := range v.I {
			v.I[i] = int64(b2i(a.I[i&a.mask] == 0))
		}
		return v
	}}
}

func compileIsNull(c *compiler, e *Call) *node {
	arg, slot := c.node(e.Args[0]), c.vec()
	return &node{
		eval: func(f *frame, sel []int32, n int) *zset.Vec {
			a := arg.operand(f, sel, n)
			v := f.out(slot, types.TypeInt, n)
			if a.Valid == nil {
				clear(v.I)
				return v
			}
			for i := range v.I {
				v.I[i] = int64(b2i(a.null(i)))
			}
			return v
		},
		filter: func(f *frame, sel []int32, n int, dst []int32) []int32 {
			a := arg.operand(f, sel, n)
			if a.Valid == nil {
				return dst[:0]
			}
			k := 0
			each(sel, n, func(i int) {
				dst[k] = int32(i)
				k += b2i(a.null(i))
			})
			return dst[:k]
		},
	}
}

// resolveCase takes pairs of condition and value, and an ELSE when the number
// of arguments is odd.
func resolveCase(d *def, args []Expr) (*Call, error) {
	out := append([]Expr(nil), args...)
	var values []Expr
	for i := range out {
		if i%2 == 0 && i+1 < len(out) {
			out[i] = truth(out[i])
		} else {
			values = append(values, out[i])
		}
	}
	t, err := commonType(values)
	if err != nil {
		return nil, err
	}
	if len(out)%2 == 0 {
		t.Nullable = true
	}
	for i := range out {
		if i%2 == 1 || i+1 == len(out) {
			out[i] = implicit(out[i], t)
		}
	}
	return &Call{Fn: d.fn, Args: out, T: t}, nil
}

// commonType is Unify over expressions, whose collations have a standing.
func commonType(values []Expr) (types.Type, error) {
	ts := make([]types.Type, len(values))
	for i, v := range values {
		ts[i] = v.Type()
	}
	t := Unify(ts...)
	if t.Kind == types.Null {
		t = untyped(values)
	}
	if t.Kind == types.String {
		tt, err := textType(values...)
		if err != nil {
			return t, err
		}
		t.Coll = tt.Coll
	}
	return t, nil
}

// untyped is the type of values of which none has one: that of NULL, or of
// text when there are parameters, which can be anything.
func untyped(values []Expr) types.Type {
	for _, v := range values {
		if _, ok := v.(*Param); ok {
			return types.TypeText.WithNull(true)
		}
	}
	return types.TypeNull
}

func resolveCoalesce(d *def, args []Expr) (*Call, error) {
	t, err := commonType(args)
	if err != nil {
		return nil, err
	}
	out := make([]Expr, len(args))
	nullable := true
	for i, a := range args {
		out[i] = implicit(a, t)
		nullable = nullable && a.Type().Nullable
	}
	return &Call{Fn: d.fn, Args: out, T: t.WithNull(nullable)}, nil
}

func resolveNullIf(d *def, args []Expr) (*Call, error) {
	a := typeParam(args[0], args[1].Type())
	b := typeParam(args[1], a.Type())
	if t := untyped([]Expr{a, b}); a.Type().Kind == types.Null && t.Kind != types.Null {
		a, b = implicit(a, t), implicit(b, t)
	}
	if _, err := comparable([]Expr{a, b}); err != nil {
		return nil, err
	}
	return d.typed([]Expr{a, b}, a.Type()), nil
}

// choice assembles one vector out of branches evaluated for disjoint rows.
type choice struct {
	slot, which, ops int
	t                types.Type
}

// noBranch marks a row that is NULL.
const noBranch = -1

func (c *compiler) choice(branches int, t types.Type) choice {
	return choice{slot: c.vec(), which: c.sel(), ops: c.ops(branches), t: t}
}

// merge copies the value of each selected row from its branch.
func (ch choice) merge(f *frame, sel []int32, n int) *zset.Vec {
	which, ops := f.selection(ch.which, n), f.operands[ch.ops:]
	v := f.out(ch.slot, ch.t, n)
	w := textWriter{f: f, v: v}
	p := ch.t.Phys()
	each(sel, n, func(i int) {
		k := which[i]
		if k == noBranch || ops[k].null(i) {
			f.nullRow(ch.slot, v, n, i)
			return
		}
		switch p {
		case types.PhysInt:
			v.I[i] = ops[k].int(i)
		case types.PhysFloat:
			v.F[i] = ops[k].float(i)
		case types.PhysDec2, types.PhysDec4:
			x := i & ops[k].mask * p.Words()
			copy(v.W[i*p.Words():(i+1)*p.Words()], ops[k].W[x:])
		case types.PhysBytes:
			w.begin(i)
			v.Data = append(v.Data, ops[k].bytes(i)...)
			w.end(i)
		}
	})
	if p == types.PhysBytes {
		w.finish(n)
	}
	return v
}

func compileCase(c *compiler, e *Call) *node {
	args := c.nodes(e.Args)
	branches := (len(args) + 1) / 2
	ch, takenBuf, restBuf := c.choice(branches, e.T), c.sel(), c.sel()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		which := f.selection(ch.which, n)
		cur := sel
		take := func(k int, value *node, rows []int32) {
			if rows != nil && len(rows) == 0 {
				return
			}
			f.operands[ch.ops+k] = value.operand(f, rows, n)
			each(rows, n, func(i int) { which[i] = int32(k) })
		}
		for k := 0; k+1 < len(args); k += 2 {
			if k > 0 && len(cur) == 0 {
				break
			}
			taken := args[k].keep(f, cur, n, f.selection(takenBuf, n))
			cur = f.unfailed(without(cur, taken, n, f.selection(restBuf, n)))
			take(k/2, args[k+1], f.unfailed(taken))
		}
		if len(args)%2 == 1 {
			take(branches-1, args[len(args)-1], cur)
		} else {
			each(cur, n, func(i int) { which[i] = noBranch })
		}
		return ch.mergeUnfailed(f, sel, n)
	}}
}

// mergeUnfailed merges the rows without an error: a failed row may have no
// branch.
func (ch choice) mergeUnfailed(f *frame, sel []int32, n int) *zset.Vec {
	if !f.inScalar && !f.cx.Errs.Any() {
		return ch.merge(f, sel, n)
	}
	if f.inScalar {
		if f.pending == nil {
			return ch.merge(f, sel, n)
		}
		f.selection(ch.which, n)[0] = noBranch
		return ch.merge(f, sel, n)
	}
	which := f.selection(ch.which, n)
	for _, i := range f.cx.Errs.Rows() {
		if int(i) < n {
			which[i] = noBranch
		}
	}
	return ch.merge(f, sel, n)
}

// without writes the rows of cur (nil: n rows) that are not in taken to dst.
func without(cur, taken []int32, n int, dst []int32) []int32 {
	k, t := 0, 0
	each(cur, n, func(i int) {
		if t < len(taken) && int(taken[t]) == i {
			t++
			return
		}
		dst[k] = int32(i)
		k++
	})
	return dst[:k]
}

func compileCoalesce(c *compiler, e *Call) *node {
	args := c.nodes(e.Args)
	ch, restBuf := c.choice(len(args), e.T), c.sel()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		which, rest := f.selection(ch.which, n), f.selection(restBuf, n)
		cur := sel
		for k, a := range args {
			if k > 0 && len(cur) == 0 {
				break
			}
			x := a.operand(f, cur, n)
			if k == 0 && x.Valid == nil && x.Type == ch.t && (x.mask != 0 || f.inScalar) {
				return x.Vec
			}
			f.operands[ch.ops+k] = x
			left := 0
			each(cur, n, func(i int) {
				which[i] = int32(k)
				rest[left] = int32(i)
				left += b2i(x.null(i))
			})
			cur = f.unfailed(rest[:left])
		}
		return ch.mergeUnfailed(f, sel, n)
	}}
}

func compileNullIf(c *compiler, e *Call) *node {
	x, hold := c.shared(c.node(e.Args[0]))
	same := c.compare(FnEq, x, e.Args[0], e.Args[1])
	ch, buf := c.choice(1, e.T), c.sel()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		hold(f, sel, n)
		which := f.selection(ch.which, n)
		each(sel, n, func(i int) { which[i] = 0 })
		equal := same.keep(f, sel, n, f.selection(buf, n))
		for _, i := range equal {
			which[i] = noBranch
		}
		f.operands[ch.ops] = x.operand(f, sel, n)
		return ch.mergeUnfailed(f, sel, n)
	}}
}

// heldExpr stands in a tree for a value that is computed already; only
// compilers make it.
type heldExpr struct {
	nd *node
	t  types.Type
}

// Type implements Expr.
func (h *heldExpr) Type() types.Type { return h.t }

func (*heldExpr) expr() {}

// compare compiles fn(x, y) where x is the value of left, computed already.
func (c *compiler) compare(fn Fn, x *node, left, y Expr) *node {
	call, err := defOf(fn).call([]Expr{&heldExpr{x, left.Type()}, y})
	if err != nil {
		// A column was replaced by a constant that does not compare.
		failure := sqlerr.From(err)
		slot := c.vec()
		return &node{t: types.TypeInt, eval: func(f *frame, sel []int32, n int) *zset.Vec {
			each(sel, n, func(i int) { f.fail(i, failure) })
			return f.out(slot, types.TypeInt, n)
		}}
	}
	return c.node(call)
}
