package plan

import (
	"slices"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
)

// leftJoinToInner makes an inner join of an outer one when a filter above
// throws away the rows that have NULLs for a missing match.
func leftJoinToInner(n Node, _ Rels) Node {
	f, ok := n.(*Filter)
	if !ok {
		return n
	}
	j, ok := f.In.(*Join)
	if !ok || j.Kind != LeftJoin {
		return n
	}
	right := func(col int) bool { return col >= len(j.L.Schema()) }
	if !slices.ContainsFunc(f.Preds, func(p expr.Expr) bool { return rejectsNull(p, right) }) {
		return n
	}
	inner := *j
	inner.Kind = InnerJoin
	return &Filter{In: &inner, Preds: f.Preds}
}

// rejectsNull tells whether e cannot be true when all the columns of a set are
// NULL.
func rejectsNull(e expr.Expr, set func(col int) bool) bool {
	c, ok := e.(*expr.Call)
	if !ok {
		return nullOn(e, set)
	}
	rejects := func(e expr.Expr) bool { return rejectsNull(e, set) }
	switch c.Fn {
	case expr.FnAnd:
		return slices.ContainsFunc(c.Args, rejects)
	case expr.FnOr:
		return !slices.ContainsFunc(c.Args, func(e expr.Expr) bool { return !rejectsNull(e, set) })
	case expr.FnIsTrue:
		return rejects(c.Args[0])
	case expr.FnIsFalse:
		return nullOn(c.Args[0], set)
	case expr.FnNot:
		if in, ok := c.Args[0].(*expr.Call); ok && in.Fn == expr.FnIsNull {
			return nullOn(in.Args[0], set)
		}
	}
	return nullOn(e, set)
}

// strict are functions that are NULL as soon as one argument is.
var strict = []expr.Fn{
	expr.FnAdd, expr.FnSub, expr.FnMul, expr.FnDiv, expr.FnIntDiv, expr.FnMod, expr.FnNeg, expr.FnCast,
	expr.FnEq, expr.FnNe, expr.FnLt, expr.FnLe, expr.FnGt, expr.FnGe, expr.FnNot, expr.FnLike, expr.FnXor,
	expr.FnBitAnd, expr.FnBitOr, expr.FnBitXor, expr.FnBitNot, expr.FnShl, expr.FnShr, expr.FnCollate,
	expr.FnAbs, expr.FnCeil, expr.FnFloor, expr.FnRound, expr.FnLength, expr.FnCharLength, expr.FnUpper,
	expr.FnLower, expr.FnSubstring, expr.FnConcat, expr.FnDate, expr.FnYear, expr.FnMonth, expr.FnDay,
}

// nullOn tells whether e is NULL when all the columns of a set are.
func nullOn(e expr.Expr, set func(col int) bool) bool {
	switch e := e.(type) {
	case *expr.Col:
		return set(e.Index)
	case *expr.Const:
		return e.V.IsNull
	case *expr.Call:
		if e.Fn == expr.FnIn { // x IN (..) is NULL when x is, whatever the list
			return nullOn(e.Args[0], set)
		}
		return slices.Contains(strict, e.Fn) &&
			slices.ContainsFunc(e.Args, func(a expr.Expr) bool { return nullOn(a, set) })
	case *expr.Param:
	}
	return false
}

// nullAntiToAnti: without NULLs NOT IN is NOT EXISTS.
func nullAntiToAnti(n Node, _ Rels) Node {
	j, ok := n.(*Join)
	if !ok || j.Kind != NullAntiJoin {
		return n
	}
	l, r := j.L.Schema(), j.R.Schema()
	for i := range j.LKeys {
		if l[j.LKeys[i]].Type.Nullable || r[j.RKeys[i]].Type.Nullable {
			return n
		}
	}
	c := *j
	c.Kind = AntiJoin
	return &c
}

// equalityToKeys makes join keys of equalities between the two sides: in the
// conditions of a join, and in a filter above an inner one. Sides that are
// computed, or of different types, become columns of a Project below.
func equalityToKeys(n Node, _ Rels) Node {
	switch n := n.(type) {
	case *Filter:
		j, ok := n.In.(*Join)
		if !ok || j.Kind != InnerJoin {
			return n
		}
		keys, stay := equalities(n.Preds, j)
		if len(keys) == 0 {
			return n
		}
		return filtered(withKeys(j, keys, j.On), stay)
	case *Join:
		if n.Kind == NullAntiJoin {
			return n
		}
		keys, stay := equalities(n.On, n)
		if len(keys) == 0 {
			return n
		}
		return withKeys(n, keys, stay)
	}
	return n
}

// keyPair is an equality of an expression over L with one over R, of one type.
type keyPair struct{ l, r expr.Expr }

// equalities takes the equalities between the sides of j out of preds.
func equalities(preds []expr.Expr, j *Join) (keys []keyPair, stay []expr.Expr) {
	l, r := j.L.Schema(), j.R.Schema()
	left := func(c int) bool { return c < len(l) }
	right := func(c int) bool { return c >= len(l) }
	for _, p := range preds {
		stay = append(stay, p)
		c, ok := p.(*expr.Call)
		if !ok || c.Fn != expr.FnEq || !movable(p) {
			continue
		}
		a, b := c.Args[0], c.Args[1]
		if onlyCols(a, right) {
			a, b = b, a
		}
		if len(expr.Columns(a)) == 0 || len(expr.Columns(b)) == 0 || !onlyCols(a, left) || !onlyCols(b, right) {
			continue
		}
		pair, ok := sameKeyType(remap(a, l, func(c int) int { return c }), remap(b, r, func(c int) int { return c - len(l) }))
		if !ok {
			continue
		}
		keys = append(keys, pair)
		stay = stay[:len(stay)-1]
	}
	return keys, stay
}

// sameKeyType brings the sides of an equality to one type in which the same
// values are equal; false when there is none.
func sameKeyType(a, b expr.Expr) (keyPair, bool) {
	ta, tb := a.Type(), b.Type()
	if sameType(ta, tb) {
		return keyPair{a, b}, true
	}
	t := expr.Unify(ta, tb)
	for _, side := range []types.Type{ta, tb} {
		if t.Kind == types.Decimal && side.Kind == types.Decimal &&
			(t.Scale < side.Scale || t.Prec-t.Scale < side.Prec-side.Scale) {
			return keyPair{}, false
		}
	}
	a, b = expr.Cast(a, t.WithNull(ta.Nullable)), expr.Cast(b, t.WithNull(tb.Nullable))
	return keyPair{a, b}, movable(a) && movable(b) && sameType(a.Type(), b.Type())
}

// withKeys adds keys to j and sets its conditions. Where keys are computed the
// sides get further columns, which a Project above takes away again.
func withKeys(j *Join, keys []keyPair, on []expr.Expr) Node {
	l, r := extended{in: j.L}, extended{in: j.R}
	c := *j
	c.LKeys, c.RKeys = slices.Clone(j.LKeys), slices.Clone(j.RKeys)
	for _, k := range keys {
		c.LKeys = append(c.LKeys, l.column(k.l))
		c.RKeys = append(c.RKeys, r.column(k.r))
	}
	c.L, c.R = l.node(), r.node()
	ls, rs := c.L.Schema(), c.R.Schema()
	width := len(j.L.Schema())
	to := func(col int) int {
		if col < width {
			return col
		}
		return col - width + len(ls)
	}
	both := append(slices.Clone(ls), rs...)
	c.On = mapAll(on, func(e expr.Expr) expr.Expr { return remap(e, both, to) })
	c.Sch = joinSchema(c.Kind, ls, rs)
	if len(c.Sch) == len(j.Sch) {
		c.Sch = j.Sch
		return &c
	}
	p := &Project{In: &c, Sch: j.Sch}
	for i := range j.Sch {
		p.Exprs = append(p.Exprs, c.Sch.column(to(i)))
	}
	return p
}

// extended is a node with computed columns behind its own.
type extended struct {
	in   Node
	more []expr.Expr
}

// column returns the position of e, which is added unless it is a column.
func (x *extended) column(e expr.Expr) int {
	if c, ok := e.(*expr.Col); ok {
		return c.Index
	}
	x.more = append(x.more, e)
	return len(x.in.Schema()) + len(x.more) - 1
}

func (x *extended) node() Node {
	if len(x.more) == 0 {
		return x.in
	}
	in := x.in.Schema()
	p := &Project{In: x.in, Exprs: in.columns(upTo(len(in))), Sch: slices.Clone(in)}
	for _, e := range x.more {
		p.Exprs = append(p.Exprs, e)
		p.Sch = append(p.Sch, Column{Name: expr.String(e), Type: e.Type()})
	}
	return p
}

// connectJoins reorders inner joins of which one has no keys, so that each
// input is joined by keys with those before it where there are such keys:
// FROM a, b, c WHERE a.x = c.x AND b.y = c.y joins a, c, b.
func connectJoins(n Node, _ Rels) Node {
	j, ok := n.(*Join)
	if !ok || j.Kind != InnerJoin {
		return n
	}
	var c cluster
	out := c.add(j)
	order, crosses := c.order()
	if crosses >= c.crosses {
		return n
	}
	return c.rebuild(order, out, j.Sch)
}

// cluster is a nest of inner joins taken apart. Columns are numbered through
// all inputs, in the order in which they stand.
type cluster struct {
	inputs  []Node
	first   []int // number of each input's first column
	width   int
	equal   [][2]int // columns that must be equal
	on      []expr.Expr
	crosses int // joins without keys
}

// add takes n apart and returns the numbers of its output columns.
func (c *cluster) add(n Node) []int {
	switch n := n.(type) {
	case *Join:
		if n.Kind != InnerJoin {
			break
		}
		l := c.add(n.L)
		r := c.add(n.R)
		for i := range n.LKeys {
			c.equal = append(c.equal, [2]int{l[n.LKeys[i]], r[n.RKeys[i]]})
		}
		if len(n.LKeys) == 0 {
			c.crosses++
		}
		both := slices.Concat(l, r)
		for _, e := range n.On {
			c.on = append(c.on, expr.Transform(e, func(e expr.Expr) expr.Expr {
				if col, ok := e.(*expr.Col); ok {
					return &expr.Col{Index: both[col.Index], Name: col.Name, T: col.T}
				}
				return e
			}))
		}
		return both
	case *Project:
		if cols, ok := n.onlyPicks(); ok {
			in := c.add(n.In)
			for i, col := range cols {
				cols[i] = in[col]
			}
			return cols
		}
	}
	out := upTo(len(n.Schema()))
	for i := range out {
		out[i] += c.width
	}
	c.inputs = append(c.inputs, n)
	c.first = append(c.first, c.width)
	c.width += len(out)
	return out
}

// onlyPicks returns the input columns that n puts out, if it computes nothing.
func (n *Project) onlyPicks() (cols []int, ok bool) {
	for _, e := range n.Exprs {
		c, ok := e.(*expr.Col)
		if !ok {
			return nil, false
		}
		cols = append(cols, c.Index)
	}
	return cols, true
}

// inputOf returns the input that holds column col.
func (c *cluster) inputOf(col int) int {
	i, found := slices.BinarySearch(c.first, col)
	if !found {
		i--
	}
	return i
}

// order returns the inputs in the order in which to join them, and how many
// joins have no keys then.
func (c *cluster) order() (order []int, crosses int) {
	order = []int{0}
	for len(order) < len(c.inputs) {
		next := -1
		for i := range c.inputs {
			if slices.Contains(order, i) {
				continue
			}
			if next < 0 {
				next = i
			}
			if c.connected(i, order) {
				next = i
				break
			}
		}
		if !c.connected(next, order) {
			crosses++
		}
		order = append(order, next)
	}
	return order, crosses
}

func (c *cluster) connected(i int, to []int) bool {
	return slices.ContainsFunc(c.equal, func(eq [2]int) bool {
		a, b := c.inputOf(eq[0]), c.inputOf(eq[1])
		return a == i && slices.Contains(to, b) || b == i && slices.Contains(to, a)
	})
}

// rebuild joins the inputs in order and puts out the columns out as sch.
func (c *cluster) rebuild(order, out []int, sch Schema) Node {
	at := make([]int, c.width) // where each column stands in n
	for i := range at {
		at[i] = -1
	}
	n := c.inputs[order[0]]
	place := func(input, from int) {
		for k := range c.inputs[input].Schema() {
			at[c.first[input]+k] = from + k
		}
	}
	place(order[0], 0)
	on := c.on
	for step, input := range order[1:] {
		r := c.inputs[input]
		j := &Join{Kind: InnerJoin, L: n, R: r}
		for _, eq := range c.equal {
			a, b := eq[0], eq[1]
			if c.inputOf(a) == input {
				a, b = b, a
			}
			if c.inputOf(b) == input && at[a] >= 0 && c.inputOf(a) != input {
				j.LKeys = append(j.LKeys, at[a])
				j.RKeys = append(j.RKeys, b-c.first[input])
			}
		}
		place(input, len(n.Schema()))
		j.Sch = joinSchema(InnerJoin, n.Schema(), r.Schema())
		last := step == len(order)-2
		ready, later := divide(on, func(e expr.Expr) (expr.Expr, bool) {
			here := onlyCols(e, func(col int) bool { return at[col] >= 0 })
			if !here || !last && expr.Fallible(e) {
				return nil, false
			}
			return remap(e, j.Sch, func(col int) int { return at[col] }), true
		})
		j.On, on = ready, later
		n = j
	}
	p := &Project{In: n, Sch: sch}
	for _, col := range out {
		p.Exprs = append(p.Exprs, n.Schema().column(at[col]))
	}
	return p
}
