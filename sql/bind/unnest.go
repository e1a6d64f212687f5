package bind

import (
	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
)

// A subquery that reads columns of enclosing queries is bound to a plan whose
// expressions hold outer references: columns with negative positions. Unnesting
// makes such a plan free of them, after Neumann and Kemper, "Unnesting
// Arbitrary Queries" (BTW 2015):
//
//  1. The domain is the distinct combinations of the outer columns referred to.
//  2. The domain is joined into the subquery's plan as low as it is read, and
//     carried up: every row says for which combination it stands. DISTINCT,
//     groups and limits work per combination (unnesting.push).
//  3. The enclosing rows are joined with the result on the domain's keys, which
//     are made so that NULL equals NULL and no collation holds different
//     strings equal (nullFree).
//
// References to queries further out stay, for the unnesting of the enclosing
// query itself.

// levelSpan is the number of positions of one level of outer references.
const levelSpan = 1 << 20

// outerRef is the position that stands for column pos of the tree level queries
// further out; level 0 is the query's own tree.
func outerRef(level, pos int) int {
	if level == 0 {
		return pos
	}
	return -1 - pos - (level-1)*levelSpan
}

// levelOf and posOf are the parts of a position.
func levelOf(col int) int {
	if col >= 0 {
		return 0
	}
	return (-1-col)/levelSpan + 1
}

func posOf(col int) int {
	if col >= 0 {
		return col
	}
	return (-1 - col) % levelSpan
}

// moveIn rewrites e, over the tree of a query, for a subquery of it.
func moveIn(e expr.Expr) expr.Expr {
	return mapColumns(e, func(c int) int { return outerRef(levelOf(c)+1, posOf(c)) })
}

// moveOut rewrites e, over the tree of a subquery, for the join of the
// enclosing tree, which comes first, with it: its own columns move by base.
func moveOut(e expr.Expr, base int) expr.Expr {
	return mapColumns(e, func(c int) int {
		if c >= 0 {
			return c + base
		}
		return outerRef(levelOf(c)-1, posOf(c))
	})
}

// shiftOuter rewrites the outer references of e alone.
func shiftOuter(e expr.Expr, levels int) expr.Expr {
	return mapColumns(e, func(c int) int {
		if c >= 0 {
			return c
		}
		return outerRef(levelOf(c)+levels, posOf(c))
	})
}

func mapColumns(e expr.Expr, to func(col int) int) expr.Expr {
	return expr.Transform(e, func(e expr.Expr) expr.Expr {
		c, ok := e.(*expr.Col)
		if !ok {
			return e
		}
		i := to(c.Index)
		if i == c.Index {
			return e
		}
		return &expr.Col{Index: i, Name: c.Name, T: c.T}
	})
}

// reads tells whether e reads the query level levels further out.
func reads(e expr.Expr, level int) bool {
	for _, c := range expr.Columns(e) {
		if levelOf(c) == level {
			return true
		}
	}
	return false
}

// hasOuter tells whether e reads any enclosing query.
func hasOuter(e expr.Expr) bool {
	cols := expr.Columns(e)
	return len(cols) > 0 && cols[0] < 0
}

// onlyLevel tells whether e reads the query level levels further out and no
// other.
func onlyLevel(e expr.Expr, level int) bool {
	cols := expr.Columns(e)
	for _, c := range cols {
		if levelOf(c) != level {
			return false
		}
	}
	return len(cols) > 0
}

// references are what the parts of a plan read of enclosing queries. Parts may
// stand in the plan several times; each is looked at once.
type references struct {
	outer map[plan.Node]bool // reads any enclosing query
	near  map[plan.Node]bool // reads the one next to it
	cols  map[int]bool       // the columns of the next one
	order []int              // cols, as they were met
}

func newReferences() *references {
	return &references{outer: map[plan.Node]bool{}, near: map[plan.Node]bool{}, cols: map[int]bool{}}
}

func (r *references) see(n plan.Node) (outer, near bool) {
	if outer, ok := r.outer[n]; ok {
		return outer, r.near[n]
	}
	for _, e := range plan.Exprs(n) {
		outer = outer || hasOuter(e)
		near = r.expr(e) || near
	}
	for _, k := range n.Children() {
		o, i := r.see(k)
		outer, near = outer || o, near || i
	}
	r.outer[n], r.near[n] = outer, near
	return outer, near
}

// expr notes the columns of the next query that e reads.
func (r *references) expr(e expr.Expr) bool {
	found := false
	for _, c := range expr.Columns(e) {
		if levelOf(c) != 1 {
			continue
		}
		found = true
		if !r.cols[posOf(c)] {
			r.cols[posOf(c)] = true
			r.order = append(r.order, posOf(c))
		}
	}
	return found
}

// readsNext tells whether a plan reads columns of the query next to it.
func readsNext(n plan.Node) bool {
	_, near := newReferences().see(n)
	return near
}

// shiftPlan rewrites the outer references of a plan for a place levels further
// in; below 0, where it must read nothing that near, further out.
func shiftPlan(n plan.Node, levels int) plan.Node {
	r, done := newReferences(), map[plan.Node]plan.Node{}
	var shift func(n plan.Node) plan.Node
	shift = func(n plan.Node) plan.Node {
		if outer, _ := r.see(n); !outer {
			return n
		}
		if x, ok := done[n]; ok {
			return x
		}
		kids := make([]plan.Node, len(n.Children()))
		for i, k := range n.Children() {
			kids[i] = shift(k)
		}
		out := shiftNode(plan.WithChildren(n, kids), levels)
		done[n] = out
		return out
	}
	return shift(n)
}

func shiftNode(n plan.Node, levels int) plan.Node {
	all := func(es []expr.Expr) []expr.Expr {
		out := make([]expr.Expr, len(es))
		for i, e := range es {
			out[i] = shiftOuter(e, levels)
		}
		return out
	}
	switch n := n.(type) {
	case *plan.Values:
		rows := make([][]expr.Expr, len(n.Rows))
		for i, row := range n.Rows {
			rows[i] = all(row)
		}
		return &plan.Values{Rows: rows, Sch: n.Sch}
	case *plan.Filter:
		return &plan.Filter{In: n.In, Preds: all(n.Preds)}
	case *plan.Project:
		return &plan.Project{In: n.In, Exprs: all(n.Exprs), Sch: n.Sch}
	case *plan.Join:
		c := *n
		c.On = all(n.On)
		return &c
	case *plan.Scan, *plan.Aggregate, *plan.Distinct, *plan.Union, *plan.Top, *plan.Exchange:
	}
	return n
}

// domain is the distinct combinations of the outer columns that a subquery
// reads: its columns are those, then what keys need beyond them.
type domain struct {
	node plan.Node
	at   map[int]int // the domain's column of an outer one
	keys []int       // the columns that are never NULL and tell combinations apart
	// outer are the keys over the enclosing tree.
	outer []expr.Expr
}

// domainOf makes the domain of columns over the rows of base, a node with the
// columns of the enclosing tree.
func (b *binder) domainOf(at ast.Node, base plan.Node, cols []int) (*domain, error) {
	d := &domain{at: map[int]int{}}
	p := &plan.Project{In: base}
	add := func(e expr.Expr, name string) int {
		p.Exprs = append(p.Exprs, e)
		p.Sch = append(p.Sch, plan.Column{Name: name, Type: e.Type()})
		return len(p.Exprs) - 1
	}
	sch := base.Schema()
	for _, c := range cols {
		col := &expr.Col{Index: c, Name: sch[c].Name, T: sch[c].Type}
		d.at[c] = add(col, col.Name)
		keys, err := b.nullFree(at, col)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			pos := d.at[c]
			if k != expr.Expr(col) {
				pos = add(k, "")
			}
			d.keys, d.outer = append(d.keys, pos), append(d.outer, k)
		}
	}
	d.node = &plan.Distinct{In: p}
	return d, nil
}

// nullFree returns expressions without NULLs that are equal for two rows where
// e is the same value in both, or NULL in both.
func (b *binder) nullFree(at ast.Node, e expr.Expr) ([]expr.Expr, error) {
	t := e.Type()
	if t.Kind == types.Null {
		return nil, nil
	}
	bytes := e
	if t.Kind == types.String {
		bytes = expr.Cast(e, types.TypeBytes.WithNull(t.Nullable))
	}
	if !t.Nullable {
		return []expr.Expr{bytes}, nil
	}
	return b.sameKeys(at, bytes)
}

// sameKeys returns keys by which NULL equals NULL, and values as in e's own
// comparison.
func (b *binder) sameKeys(at ast.Node, e expr.Expr) ([]expr.Expr, error) {
	if !maybeNull(e) {
		return []expr.Expr{e}, nil
	}
	isNull, err := b.resolve(at, "is_null", e)
	if err != nil {
		return nil, err
	}
	zero := zeroValue(e.Type().WithNull(false))
	value, err := b.resolve(at, "ifnull", e, &expr.Const{V: zero})
	if err != nil {
		return nil, err
	}
	return []expr.Expr{isNull, castTo(value, e.Type().WithNull(false))}, nil
}

// columns reads the domain from position base on.
func (d *domain) columns(base int) []expr.Expr {
	return columnsFrom(d.node.Schema(), base)
}

func columnsFrom(sch plan.Schema, base int) []expr.Expr {
	es := make([]expr.Expr, len(sch))
	for i, c := range sch {
		es[i] = &expr.Col{Index: base + i, Name: c.Name, T: c.Type}
	}
	return es
}

// keyColumns reads the keys of a domain that begins at base.
func (d *domain) keyColumns(base int) []expr.Expr {
	all := d.columns(base)
	es := make([]expr.Expr, len(d.keys))
	for i, k := range d.keys {
		es[i] = all[k]
	}
	return es
}

// local puts the domain's columns, which begin at base, in the place of the
// outer references of e.
func (d *domain) local(e expr.Expr, base int) expr.Expr {
	sch := d.node.Schema()
	return expr.Transform(e, func(e expr.Expr) expr.Expr {
		c, ok := e.(*expr.Col)
		if !ok {
			return e
		}
		if levelOf(c.Index) != 1 {
			return e
		}
		at := d.at[posOf(c.Index)]
		return &expr.Col{Index: base + at, Name: c.Name, T: sch[at].Type}
	})
}

func (d *domain) locals(es []expr.Expr, base int) []expr.Expr {
	out := make([]expr.Expr, len(es))
	for i, e := range es {
		out[i] = d.local(e, base)
	}
	return out
}

// unnesting carries a domain through a plan.
type unnesting struct {
	*binder
	at   ast.Node // the subquery, for errors
	dom  *domain
	refs *references
	done map[plan.Node]plan.Node
}

func (b *binder) unnest(at ast.Node, n plan.Node, d *domain) (plan.Node, error) {
	u := &unnesting{binder: b, at: at, dom: d, refs: newReferences(), done: map[plan.Node]plan.Node{}}
	return u.push(n)
}

func (u *unnesting) reads(n plan.Node) bool {
	_, near := u.refs.see(n)
	return near
}

// width is the number of columns of the domain.
func (u *unnesting) width() int { return len(u.dom.node.Schema()) }

// push returns a node whose rows are, for every combination of the domain,
// those of n for it: the columns of n, then those of the domain.
func (u *unnesting) push(n plan.Node) (plan.Node, error) {
	if out, ok := u.done[n]; ok {
		return out, nil
	}
	out, err := u.pushed(n)
	if err == nil {
		u.done[n] = out
	}
	return out, err
}

func (u *unnesting) pushed(n plan.Node) (plan.Node, error) {
	if v, ok := n.(*plan.Values); ok && (u.reads(n) || len(v.Rows) == 1) {
		return u.values(v), nil
	}
	if !u.reads(n) {
		return u.cross(n), nil
	}
	switch n := n.(type) {
	case *plan.Join:
		return u.join(n)
	case *plan.Union:
		out := &plan.Union{Sch: u.schema(n.Sch)}
		for _, in := range n.Ins {
			p, err := u.push(in)
			if err != nil {
				return nil, err
			}
			out.Ins = append(out.Ins, p)
		}
		return out, nil
	case *plan.Filter, *plan.Project, *plan.Aggregate, *plan.Distinct, *plan.Top:
		in, err := u.push(n.Children()[0])
		if err != nil {
			return nil, err
		}
		return u.unary(n, in)
	case *plan.Scan, *plan.Values, *plan.Exchange:
	}
	return nil, u.refuseAt(u.at.OriginTextPosition(), "this correlated subquery")
}

// schema is sch with the columns of the domain behind.
func (u *unnesting) schema(sch plan.Schema) plan.Schema {
	return append(append(plan.Schema{}, sch...), u.dom.node.Schema()...)
}

// cross pairs the rows of a node that reads nothing with the domain.
func (u *unnesting) cross(n plan.Node) plan.Node {
	return joinTrees(plan.InnerJoin, n, u.dom.node, nil, nil).node
}

// values are literal rows for every combination.
func (u *unnesting) values(n *plan.Values) plan.Node {
	sch := u.schema(n.Sch)
	var ins []plan.Node
	for _, row := range n.Rows {
		ins = append(ins, &plan.Project{In: u.dom.node, Exprs: append(u.dom.locals(row, 0), u.dom.columns(0)...), Sch: sch})
	}
	if len(ins) == 1 {
		return ins[0]
	}
	return &plan.Union{Ins: ins, Sch: sch}
}

// unary puts n above in, which is the pushed form of its input.
func (u *unnesting) unary(n, in plan.Node) (plan.Node, error) {
	base := len(in.Schema()) - u.width()
	switch n := n.(type) {
	case *plan.Filter:
		return &plan.Filter{In: in, Preds: u.dom.locals(n.Preds, base)}, nil
	case *plan.Project:
		return &plan.Project{In: in, Exprs: append(u.dom.locals(n.Exprs, base), u.dom.columns(base)...), Sch: u.schema(n.Sch)}, nil
	case *plan.Distinct:
		return &plan.Distinct{In: in}, nil
	case *plan.Top:
		if n.Limit == plan.NoLimit && n.Offset == 0 && n.LimitParam == nil && n.OffsetParam == nil {
			return in, nil
		}
		c := *n
		c.In, c.Groups = in, append([]int{}, n.Groups...)
		for _, k := range u.dom.keys {
			c.Groups = append(c.Groups, base+k)
		}
		return &c, nil
	case *plan.Aggregate:
		return u.aggregate(n, in, base)
	}
	return nil, u.refuseAt(u.at.OriginTextPosition(), "this correlated subquery")
}

// aggregate groups by the domain too. Without groups of its own there is a
// row also for a combination without rows: counts are 0 there.
func (u *unnesting) aggregate(n *plan.Aggregate, in plan.Node, base int) (plan.Node, error) {
	groups, k := len(n.Groups), u.width()
	agg := &plan.Aggregate{In: in, Groups: append([]int{}, n.Groups...), Aggs: n.Aggs}
	for i := range k {
		agg.Groups = append(agg.Groups, base+i)
	}
	agg.Sch = append(append(append(plan.Schema{}, n.Sch[:groups]...), u.dom.node.Schema()...), n.Sch[groups:]...)
	p := &plan.Project{In: agg, Sch: u.schema(n.Sch)}
	if groups > 0 {
		all := columnsFrom(agg.Sch, 0)
		p.Exprs = append(append(append(p.Exprs, all[:groups]...), all[groups+k:]...), all[groups:groups+k]...)
		return p, nil
	}
	p.In = joinTrees(plan.LeftJoin, u.dom.node, agg, u.dom.keys, u.dom.keys).node
	for i, a := range n.Aggs {
		col := p.In.Schema()[k+k+i]
		e := expr.Expr(&expr.Col{Index: k + k + i, Name: col.Name, T: col.Type})
		switch a.Func {
		case plan.Count, plan.CountStar, plan.Sum0:
			zero, err := u.resolve(u.at, "ifnull", e, castTo(intConst(0), col.Type))
			if err != nil {
				return nil, err
			}
			e = castTo(zero, a.Type)
		}
		p.Sch[i].Type = e.Type()
		p.Exprs = append(p.Exprs, e)
	}
	p.Exprs = append(p.Exprs, u.dom.columns(0)...)
	return p, nil
}

// join carries the domain through the sides of a join that read it.
func (u *unnesting) join(n *plan.Join) (plan.Node, error) {
	left, right := u.reads(n.L), u.reads(n.R)
	if n.Kind == plan.InnerJoin && !left && !right {
		// Only the conditions read it: they filter what the join puts out.
		c := *n
		c.On = nil
		all := u.cross(&c)
		return &plan.Filter{In: all, Preds: u.dom.locals(n.On, len(n.Sch))}, nil
	}
	left = left || n.Kind != plan.InnerJoin
	l, r := n.L, n.R
	var err error
	if left {
		if l, err = u.push(n.L); err != nil {
			return nil, err
		}
	}
	if right {
		if r, err = u.push(n.R); err != nil {
			return nil, err
		}
	}
	return u.joined(n, l, r, left, right)
}

// joined joins the pushed sides, on the domain where both have it.
func (u *unnesting) joined(n *plan.Join, l, r plan.Node, left, right bool) (plan.Node, error) {
	lw, rw, k := len(n.L.Schema()), len(n.R.Schema()), u.width()
	shift, dom := 0, lw // how far columns of R move, and where the domain is
	if left {
		shift = k
	} else {
		dom = lw + rw
	}
	kind, on := n.Kind, n.On
	lkeys, rkeys := append([]int{}, n.LKeys...), append([]int{}, n.RKeys...)
	if kind == plan.NullAntiJoin && right {
		// Whether R is empty is to be asked for each combination.
		kind, lkeys, rkeys = plan.AntiJoin, nil, nil
		for i := range n.LKeys {
			e, err := u.maybeEqual(n, i)
			if err != nil {
				return nil, err
			}
			on = append(on[:len(on):len(on)], e)
		}
	}
	if left && right {
		for _, key := range u.dom.keys {
			lkeys, rkeys = append(lkeys, lw+key), append(rkeys, rw+key)
		}
	}
	j := joinTrees(kind, l, r, lkeys, rkeys).node.(*plan.Join)
	for _, e := range on {
		e = expr.Transform(e, func(e expr.Expr) expr.Expr {
			if c, ok := e.(*expr.Col); ok && c.Index >= lw {
				return &expr.Col{Index: c.Index + shift, Name: c.Name, T: c.T}
			}
			return e
		})
		j.On = append(j.On, u.dom.local(e, dom))
	}
	if kind != plan.InnerJoin && kind != plan.LeftJoin || !left {
		return j, nil
	}
	all := columnsFrom(j.Sch, 0)
	p := &plan.Project{In: j, Sch: u.schema(n.Sch)}
	p.Exprs = append(append(append(p.Exprs, all[:lw]...), all[lw+k:lw+k+rw]...), all[lw:lw+k]...)
	for i, e := range p.Exprs {
		p.Sch[i].Type = e.Type()
	}
	return p, nil
}

// maybeEqual is key i of a NOT IN as a condition: not surely unequal.
func (u *unnesting) maybeEqual(n *plan.Join, i int) (expr.Expr, error) {
	l, r := n.L.Schema()[n.LKeys[i]], n.R.Schema()[n.RKeys[i]]
	e, err := u.resolve(u.at, "=", &expr.Col{Index: n.LKeys[i], Name: l.Name, T: l.Type},
		&expr.Col{Index: len(n.L.Schema()) + n.RKeys[i], Name: r.Name, T: r.Type})
	if err != nil {
		return nil, err
	}
	return u.notFalse(u.at, e)
}

// notFalse is true where e is true or unknown.
func (b *binder) notFalse(at ast.Node, e expr.Expr) (expr.Expr, error) {
	f, err := b.resolve(at, "is_false", e)
	if err != nil {
		return nil, err
	}
	return b.resolve(at, "not", f)
}

// mark puts a mark on the tree of a subquery that is tied by equalities alone,
// and returns it with the positions of their inner sides; nil for any other.
func (c *clause) mark(in *inner) (*plan.Filter, []int) {
	var near []expr.Expr
	for _, e := range in.corr.rest {
		if reads(e, 1) {
			near = append(near, e)
		} else {
			in.t.push(e)
		}
	}
	if in.corr.rest = near; len(near) > 0 || len(in.corr.inner) == 0 {
		return nil, nil
	}
	keys := in.t.extend(in.corr.inner)
	mark := &plan.Filter{In: in.t.node}
	in.t.node = mark
	return mark, keys
}

// carries tells whether the rows of a mark below n can be told apart by further
// columns up to n: nothing on the way puts rows together but by groups.
func carries(n plan.Node, mark *plan.Filter) bool {
	if n == plan.Node(mark) {
		return true
	}
	switch n := n.(type) {
	case *plan.Filter:
		return carries(n.In, mark)
	case *plan.Project:
		return carries(n.In, mark)
	case *plan.Distinct:
		return carries(n.In, mark)
	case *plan.Top:
		return carries(n.In, mark)
	case *plan.Aggregate:
		return len(n.Groups) > 0 && carries(n.In, mark)
	case *plan.Join:
		below := false
		plan.Walk(n.R, func(n plan.Node) bool {
			below = below || n == plan.Node(mark)
			return !below
		})
		return !below && carries(n.L, mark)
	case *plan.Scan, *plan.Values, *plan.Union, *plan.Exchange:
	}
	return false
}

// carry is unnesting where equalities say which rows belong together: their
// inner sides, which are at keys in the marked node, are the domain.
func (c *clause) carry(in *inner, corr correlation, mark *plan.Filter, keys []int) error {
	below := mark.In.Schema()
	p := &plan.Project{In: mark.In, Exprs: columnsFrom(below, 0), Sch: append(plan.Schema{}, below...)}
	var sch plan.Schema
	for _, k := range keys {
		p.Exprs, p.Sch = append(p.Exprs, p.Exprs[k]), append(p.Sch, below[k])
		sch = append(sch, below[k])
	}
	u := &unnesting{binder: c.binder, at: in.at, refs: newReferences(),
		dom:  &domain{node: &plan.Values{Sch: sch}, keys: upTo(len(keys))},
		done: map[plan.Node]plan.Node{mark: p}}
	u.refs.outer[mark], u.refs.near[mark] = true, true
	n, err := u.push(in.t.node)
	if err != nil {
		return err
	}
	in.t.node = n
	in.corr = correlation{outer: corr.outer, inner: columnsFrom(sch, in.width)}
	return nil
}
