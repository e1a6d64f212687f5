package bind

import (
	"slices"

	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// Subqueries become joins, for both runners:
//
//	WHERE EXISTS (S)        semi join on the correlated equalities of S
//	WHERE NOT EXISTS (S)    anti join
//	WHERE x IN (S)          semi join, x = the column of S being one more key
//	WHERE x NOT IN (S)      null-aware anti join, or an anti join on what is
//	                        not surely unequal
//	(S) as a value          cross join with S made one row, which counts those
//	                        that there were; where correlated, left join with
//	                        S grouped by its keys
//	EXISTS, IN elsewhere    cross or left join with counts over S, or with the
//	                        combinations of outer values that have a match
//
// Correlation by equalities in WHERE gives the keys of these joins. Any other
// is made one by joining the distinct outer values into S first (bridge, and
// unnest.go).
//
// The joins widen the tree of the clause on the right, so columns that were
// bound before stay where they are.

// inner is a subquery whose FROM and WHERE are bound, or, when it could not be
// taken apart, a whole query.
type inner struct {
	t    *tree
	corr correlation
	// sel is set while the SELECT list and what follows are not bound yet.
	sel *selecting
	at  *ast.SubqueryExpr

	// Of a whole query: the number of its columns, and whether it always has
	// one row, or never two.
	width       int
	always, few bool
	// bridged says that the tree holds no rows but those for values of the
	// enclosing query.
	bridged bool
}

// open binds a subquery as far as its correlation, where plain says that what
// follows is simple, else to its end.
func (c *clause) open(sub *ast.SubqueryExpr, plain func(*ast.SelectStmt) bool) (*inner, error) {
	if c.fixed != "" {
		return nil, c.refuseAt(sub.OriginTextPosition(), "a subquery %s", c.fixed)
	}
	saved := c.ctes
	defer func() { c.ctes = saved }()
	s, ok := sub.Query.(*ast.SelectStmt)
	if !ok {
		q, err := c.query(sub.Query, true, c.t)
		if err != nil {
			return nil, err
		}
		in := &inner{at: sub}
		in.whole(q.node)
		return in, nil
	}
	q, err := c.begin(s, c.t)
	if err != nil {
		return nil, err
	}
	q.unordered = true
	in := &inner{t: q.t, corr: q.corr, sel: q, at: sub}
	if plain(s) {
		return in, nil
	}
	return in, c.complete(in)
}

// complete binds the rest of a subquery.
func (c *clause) complete(in *inner) error {
	if in.sel == nil {
		return nil
	}
	mark, keys := c.mark(in)
	if mark == nil {
		if err := c.untie(in.at, in.t, &in.corr); err != nil {
			return err
		}
	}
	q, err := in.sel.finish()
	if err != nil {
		return err
	}
	corr := in.corr
	in.whole(q.node)
	switch {
	case mark == nil:
	case carries(q.node, mark) && !readsNext(q.node) && !mayFail(q.node):
		return c.carry(in, corr, mark, keys)
	default:
		t := &tree{node: mark.In}
		if err := c.untie(in.at, t, &corr); err != nil {
			return err
		}
		in.t.node = plan.Transform(q.node, func(n plan.Node) plan.Node {
			if n == plan.Node(mark) {
				return t.node
			}
			return n
		})
	}
	return nil
}

// whole makes in a query that is bound to its end.
func (in *inner) whole(n plan.Node) {
	in.t, in.sel, in.corr = &tree{node: n}, nil, correlation{}
	in.width, in.always, in.few = len(n.Schema()), oneRow(n), fewRows(n)
}

// untie makes the correlation of a subquery a filter of its tree.
func (b *binder) untie(at ast.Node, t *tree, corr *correlation) error {
	var preds []expr.Expr
	for i, o := range corr.outer {
		e, err := b.resolve(at, "=", corr.inner[i], moveIn(o))
		if err != nil {
			return err
		}
		preds = append(preds, e)
	}
	t.push(append(preds, corr.rest...)...)
	*corr = correlation{}
	return nil
}

// isPlain tells whether a SELECT is FROM, WHERE and a list without aggregates.
func isPlain(s *ast.SelectStmt) bool {
	if s.GroupBy != nil || s.Having != nil || s.Limit != nil || s.Kind != ast.SelectStmtKindSelect {
		return false
	}
	var f finder
	s.Fields.Accept(&f)
	return len(f.aggs) == 0
}

// isPlainExists is isPlain for EXISTS, to which LIMIT n is nothing.
func isPlainExists(s *ast.SelectStmt) bool {
	c := *s
	if l := s.Limit; l != nil && l.Offset == nil {
		if lit, ok := l.Count.(*parse.Literal); ok && lit.Val != uint64(0) && lit.Val != int64(0) {
			c.Limit = nil
		}
	}
	return isPlain(&c)
}

// isPlainScalar is what correlatedScalar can take apart.
func isPlainScalar(s *ast.SelectStmt) bool {
	if s.GroupBy != nil || s.Having != nil || s.Limit != nil || s.Distinct || s.Kind != ast.SelectStmtKindSelect {
		return false
	}
	return len(s.Fields.Fields) == 1 && s.Fields.Fields[0].WildCard == nil && !hasSubquery(s.Fields.Fields[0].Expr)
}

// subqueryFinder looks for a subquery in an expression.
type subqueryFinder struct{ found bool }

// Enter implements ast.Visitor.
func (f *subqueryFinder) Enter(n ast.Node) (ast.Node, bool) {
	if _, ok := n.(*ast.SubqueryExpr); ok {
		f.found = true
	}
	return n, f.found
}

// Leave implements ast.Visitor.
func (f *subqueryFinder) Leave(n ast.Node) (ast.Node, bool) { return n, true }

func hasSubquery(n ast.Node) bool {
	var f subqueryFinder
	n.Accept(&f)
	return f.found
}

// innerColumns binds the columns of a subquery, which must be want.
func (c *clause) innerColumns(in *inner, want int) ([]expr.Expr, error) {
	if in.sel == nil {
		return leading(in.t.node, in.width), c.operandColumns(in, in.width, want)
	}
	list, err := in.sel.fields()
	if err != nil {
		return nil, err
	}
	es, err := c.listOf(in, in.t, list)
	if err != nil {
		return nil, err
	}
	return es, c.operandColumns(in, len(es), want)
}

// operandColumns is errno 1241 where a subquery has another number of columns.
func (c *clause) operandColumns(in *inner, n, want int) error {
	if n == want {
		return nil
	}
	return c.errAt(in.at.OriginTextPosition(), sqlerr.ErrOperandColumns, "Operand should contain %d column(s)", want)
}

// listOf binds the SELECT list of a plain subquery over t.
func (c *clause) listOf(in *inner, t *tree, list []field) ([]expr.Expr, error) {
	saved := c.ctes
	defer func() { c.ctes = saved }()
	c.ctes = in.sel.ctes
	cl := &clause{binder: c.binder, t: t, name: "field list"}
	es := make([]expr.Expr, len(list))
	for i, f := range list {
		e, err := cl.expr(f.node)
		if err != nil {
			return nil, err
		}
		es[i] = e
	}
	return es, nil
}

// attach joins a subquery's tree to the clause's and returns where its
// columns begin. lkeys are over the clause's tree, all else over the
// subquery's; that tree reads no column of the clause's.
func (c *clause) attach(kind plan.JoinKind, r *tree, lkeys, rkeys, rest []expr.Expr) int {
	if c.t.stem == nil {
		c.t.stem = c.t.node
	}
	lpos, rpos := c.t.extend(lkeys), r.extend(rkeys)
	base := len(c.t.node.Schema())
	joined := joinTrees(kind, c.t.node, shiftPlan(r.node, -1), lpos, rpos).node.(*plan.Join)
	for _, e := range rest {
		joined.On = append(joined.On, moveOut(e, base))
	}
	c.t.node = joined
	return base
}

// attached reads a column that attach joined.
func (c *clause) attached(i int) expr.Expr {
	col := c.t.node.Schema()[i]
	return &expr.Col{Index: i, Name: col.Name, T: col.Type}
}

// bridge makes correlation of any form one by equalities: the distinct outer
// values are joined into the subquery's tree, whose columns stay where they
// are. Expressions over that tree are returned as they are to be read then.
func (c *clause) bridge(in *inner, es ...expr.Expr) ([]expr.Expr, error) {
	refs := newReferences()
	_, near := refs.see(in.t.node)
	for _, e := range append(append([]expr.Expr{}, es...), in.corr.rest...) {
		near = refs.expr(e) || near
	}
	if !near {
		in.t.push(in.corr.rest...)
		in.corr.rest = nil
		return es, nil
	}
	if err := c.untie(in.at, in.t, &in.corr); err != nil {
		return nil, err
	}
	refs.see(in.t.node)
	d, err := c.domainOf(in.at, shiftPlan(c.stem(mayFail(in.t.node), refs.order), 1), refs.order)
	if err != nil {
		return nil, err
	}
	base := len(in.t.node.Schema())
	if in.t.node, err = c.unnest(in.at, in.t.node, d); err != nil {
		return nil, err
	}
	if n := sizeOf(in.t.node, maxUnnested); n >= maxUnnested {
		return nil, c.refuseAt(in.at.OriginTextPosition(), "a correlated subquery of this many parts")
	}
	in.corr, in.bridged = correlation{outer: d.outer, inner: d.keyColumns(base)}, true
	return d.locals(es, base), nil
}

// maxUnnested bounds the nodes of an unnested subquery: domains hold the plans
// of the queries around them.
const maxUnnested = 20000

// sizeOf counts the nodes of a plan, up to limit.
func sizeOf(n plan.Node, limit int) int {
	size := 1
	for _, k := range n.Children() {
		if size >= limit {
			return limit
		}
		size += sizeOf(k, limit-size)
	}
	return min(size, limit)
}

// maxStem is the size of a plan beyond which a domain is not taken from it.
const maxStem = 300

// stem returns the rows from which the domain of a subquery is taken: those
// before the joins of other subqueries, for these change no column that can be
// named. Where conditions have been joined and the subquery fails, only the
// rows that are left count.
func (c *clause) stem(fails bool, cols []int) plan.Node {
	s := c.t.stem
	if s == nil || c.filtering && fails && sizeOf(c.t.node, maxStem) < maxStem {
		return c.t.node
	}
	for _, i := range cols {
		if i >= len(s.Schema()) {
			return c.t.node
		}
	}
	return s
}

// mayFail tells whether answering n can be an error.
func mayFail(n plan.Node) bool {
	found := false
	plan.Walk(n, func(n plan.Node) bool {
		for _, e := range plan.Exprs(n) {
			found = found || expr.Fallible(e)
		}
		return !found
	})
	return found
}

// scalarSubquery is (SELECT ..) as a value.
func (c *clause) scalarSubquery(sub *ast.SubqueryExpr) (expr.Expr, error) {
	if e, ok := c.t.subqueries[sub]; ok {
		return e, nil
	}
	in, err := c.open(sub, isPlainScalar)
	if err != nil {
		return nil, err
	}
	var e expr.Expr
	if in.sel != nil && !in.corr.empty() {
		e, err = c.correlatedScalar(in)
	} else {
		var es []expr.Expr
		if es, err = c.onlyRow(in, 1); err == nil {
			e = es[0]
		}
	}
	if err != nil {
		return nil, err
	}
	if c.t.subqueries == nil {
		c.t.subqueries = map[*ast.SubqueryExpr]expr.Expr{}
	}
	c.t.subqueries[sub] = e
	return e, nil
}

// onlyRow is the only row of a subquery as values, NULLs where it has none;
// want is the number of its columns, 0 for any.
func (c *clause) onlyRow(in *inner, want int) ([]expr.Expr, error) {
	if err := c.complete(in); err != nil {
		return nil, err
	}
	n := in.width
	if want == 0 {
		want = n
	}
	if err := c.operandColumns(in, n, want); err != nil {
		return nil, err
	}
	if _, err := c.bridge(in); err != nil {
		return nil, err
	}
	counted := !in.always && !in.few
	kind := plan.LeftJoin
	if len(in.corr.inner) == 0 && (in.always || counted) {
		kind = plan.InnerJoin // there is a row
	}
	first := 0
	if counted {
		first = len(in.corr.inner)
		in.t = single(in.t.node, in.t.extend(in.corr.inner), upTo(n))
		in.corr.inner = leading(in.t.node, first)
	}
	base := c.attach(kind, in.t, in.corr.outer, in.corr.inner, nil) + first
	es := columnsFrom(c.t.node.Schema()[base:][:n], base)
	if !counted {
		return es, nil
	}
	for i := range es {
		e, err := c.onlyValue(in.at, es[i], c.attached(base+n))
		if err != nil {
			return nil, err
		}
		es[i] = e
	}
	return es, nil
}

func upTo(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// oneRow tells whether a node always puts out exactly one row.
func oneRow(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Aggregate:
		return len(n.Groups) == 0
	case *plan.Project:
		return oneRow(n.In)
	case *plan.Values:
		return len(n.Rows) == 1
	}
	return false
}

// fewRows tells whether a node never puts out two rows.
func fewRows(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Top:
		return n.LimitParam == nil && n.Limit >= 0 && n.Limit <= 1 && len(n.Groups) == 0 || fewRows(n.In)
	case *plan.Filter:
		return fewRows(n.In)
	case *plan.Project:
		return fewRows(n.In)
	}
	return oneRow(n)
}

// single groups n by columns and takes a value of each of the columns args,
// and the number of rows behind them: see onlyValue.
func single(n plan.Node, groups, args []int) *tree {
	agg := &plan.Aggregate{In: n, Groups: groups}
	for _, g := range groups {
		agg.Sch = append(agg.Sch, n.Schema()[g])
	}
	for _, arg := range args {
		t := n.Schema()[arg].Type.WithNull(true)
		agg.Aggs = append(agg.Aggs, plan.Agg{Func: plan.First, Arg: arg, Type: t})
		agg.Sch = append(agg.Sch, plan.Column{Name: n.Schema()[arg].Name, Type: t})
	}
	agg.Aggs = append(agg.Aggs, plan.Agg{Func: plan.CountStar, Type: types.TypeInt, Name: "count(*)"})
	agg.Sch = append(agg.Sch, plan.Column{Name: "count(*)", Type: types.TypeInt})
	return &tree{node: agg}
}

// onlyValue reads value where rows, the number of rows that it comes from, is
// not above 1. That is settled where the value is asked for: two rows that
// nobody looks at, behind CASE or for a row left out, are no error.
func (c *clause) onlyValue(at ast.Node, value, rows expr.Expr) (expr.Expr, error) {
	only, err := c.resolve(at, "/single", rows)
	if err != nil {
		return nil, err
	}
	e, err := c.resolve(at, "case", only, value)
	if err != nil {
		return nil, err
	}
	return castTo(e, value.Type()), nil
}

// correlatedScalar is a scalar subquery tied to the clause: its rows are
// grouped by the inner sides of what ties it and joined on the outer ones.
func (c *clause) correlatedScalar(in *inner) (expr.Expr, error) {
	list, err := in.sel.fields()
	if err != nil {
		return nil, err
	}
	f := finder{tree: in.t}
	list[0].node.Accept(&f)
	if f.aggregates() {
		return c.correlatedAggregate(in, list[0].node, f.aggs)
	}
	es, err := c.innerColumns(in, 1)
	if err != nil {
		return nil, err
	}
	if in.unique() && !readsNext(in.t.node) && !reads(es[0], 1) {
		pos := in.t.extend(es)
		base := c.attach(plan.LeftJoin, in.t, in.corr.outer, in.corr.inner, in.corr.rest)
		return c.attached(base + pos[0]), nil
	}
	if es, err = c.bridge(in, es...); err != nil {
		return nil, err
	}
	pos := in.t.extend(append(append([]expr.Expr{}, in.corr.inner...), es[0]))
	n := len(in.corr.inner)
	r := single(in.t.node, pos[:n], pos[n:])
	base := c.attach(plan.LeftJoin, r, in.corr.outer, leading(r.node, n), nil)
	return c.onlyValue(in.at, c.attached(base+n), c.attached(base+n+1))
}

// unique tells whether a subquery has one row at most for any values that it
// is tied to: they are a key of the only table that it reads.
func (in *inner) unique() bool {
	cols := in.t.cols
	if len(cols) == 0 || in.bridged || len(cols[0].src.key) == 0 {
		return false
	}
	src := cols[0].src
	tied := 0
	for _, c := range cols {
		if c.src != src {
			return false
		}
		if slices.Contains(src.key, c.ord) && slices.ContainsFunc(in.corr.inner, func(e expr.Expr) bool {
			k, ok := e.(*expr.Col)
			return ok && k.Index == c.pos
		}) {
			tied++
		}
	}
	return tied == len(src.key)
}

// reduce leaves out of a tied subquery the rows that belong to no row of the
// clause, so that they cannot fail.
func (c *clause) reduce(in *inner) {
	if in.bridged {
		return
	}
	var cols []int
	for _, e := range in.corr.outer {
		cols = append(cols, expr.Columns(e)...)
	}
	r := &tree{node: shiftPlan(c.stem(true, cols), 1)}
	lpos, rpos := in.t.extend(in.corr.inner), r.extend(in.corr.outer)
	in.t.node = joinTrees(plan.SemiJoin, in.t.node, r.node, lpos, rpos).node
}

// leading reads the first n columns of a node.
func leading(n plan.Node, count int) []expr.Expr {
	return columnsFrom(n.Schema()[:count], 0)
}

// correlatedAggregate is (SELECT f(COUNT(..), SUM(..)) ..): groups that are
// not there count 0.
func (c *clause) correlatedAggregate(in *inner, n ast.ExprNode, aggs []ast.ExprNode) (expr.Expr, error) {
	g := &grouping{pre: in.t, at: map[ast.ExprNode]int{}, explicit: true}
	for _, a := range aggs {
		if err := c.addAgg(g, a); err != nil {
			return nil, err
		}
	}
	var args []expr.Expr
	for _, a := range g.aggs {
		if a.arg != nil {
			args = append(args, a.arg)
		}
	}
	args, err := c.bridge(in, args...)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(args, expr.Fallible) {
		c.reduce(in)
	}
	for i := range g.aggs {
		if g.aggs[i].arg != nil {
			g.aggs[i].arg, args = args[0], args[1:]
		}
	}
	g.exprs = in.corr.inner
	r := g.build(nil)
	g.base = c.attach(plan.LeftJoin, r, in.corr.outer, leading(r.node, len(g.exprs)), nil)
	g.joined = true
	cl := &clause{binder: c.binder, t: &tree{node: c.t.node, group: g, outer: c.t}, name: "field list", fixed: "inside a correlated one"}
	e, err := cl.expr(n)
	if err != nil {
		return nil, err
	}
	return moveOut(e, 0), nil
}

// existsJoin is [NOT] EXISTS (S) as a join.
func (c *clause) existsJoin(n *ast.ExistsSubqueryExpr, not bool) error {
	in, err := c.openExists(n)
	if err != nil {
		return err
	}
	if readsNext(in.t.node) {
		if _, err := c.bridge(in); err != nil {
			return err
		}
	}
	kind := plan.SemiJoin
	if not {
		kind = plan.AntiJoin
	}
	c.attach(kind, in.t, in.corr.outer, in.corr.inner, in.corr.rest)
	return nil
}

func (c *clause) openExists(n *ast.ExistsSubqueryExpr) (*inner, error) {
	sub, ok := strip(n.Sel).(*ast.SubqueryExpr)
	if !ok {
		return nil, c.refuseAt(n.OriginTextPosition(), "this EXISTS")
	}
	in, err := c.open(sub, isPlainExists)
	if err != nil || in.sel == nil {
		return in, err
	}
	// The list is checked and forgotten.
	list, err := in.sel.fields()
	if err != nil {
		return nil, err
	}
	scratch := *in.t
	scratch.subqueries = nil
	_, err = c.listOf(in, &scratch, list)
	return in, err
}

// existsValue is EXISTS (S) where a join cannot filter: as 0 or 1.
func (c *clause) existsValue(n *ast.ExistsSubqueryExpr) (expr.Expr, error) {
	in, err := c.openExists(n)
	if err != nil {
		return nil, err
	}
	e, err := c.matched(in, nil)
	if err != nil || !n.Not {
		return e, err
	}
	return c.negated(n, e)
}

// matched tells, as 0 or 1, whether a subquery has a row for which preds, over
// its tree, are true. in is used up, but not the node of its tree.
func (c *clause) matched(in *inner, preds []expr.Expr) (expr.Expr, error) {
	if readsNext(in.t.node) {
		if _, err := c.bridge(in); err != nil {
			return nil, err
		}
	}
	refs := newReferences()
	for _, e := range append(preds, in.corr.rest...) {
		refs.expr(e)
	}
	if len(refs.order) == 0 {
		in.t.push(append(preds, in.corr.rest...)...)
		return c.counted(in)
	}
	for _, e := range in.corr.outer {
		refs.expr(moveIn(e))
	}
	d, err := c.domainOf(in.at, shiftPlan(c.stem(mayFail(in.t.node), refs.order), 1), refs.order)
	if err != nil {
		return nil, err
	}
	ties := make([]expr.Expr, len(in.corr.outer))
	for i, e := range in.corr.outer {
		ties[i] = d.local(moveIn(e), 0)
	}
	l := &tree{node: d.node}
	lpos, rpos := l.extend(ties), in.t.extend(in.corr.inner)
	semi := joinTrees(plan.SemiJoin, l.node, in.t.node, lpos, rpos).node.(*plan.Join)
	base := len(l.node.Schema())
	for _, e := range append(preds, in.corr.rest...) {
		e = mapColumns(e, func(c int) int {
			if c >= 0 {
				return c + base
			}
			return c
		})
		semi.On = append(semi.On, d.local(e, 0))
	}
	found := &tree{node: semi}
	mark := found.extend([]expr.Expr{intConst(1)})[0]
	at := c.attach(plan.LeftJoin, found, d.outer, d.keyColumns(0), nil)
	return c.present(in.at, c.attached(at+mark))
}

// present is 1 where a column of a joined side is there.
func (c *clause) present(at ast.Node, e expr.Expr) (expr.Expr, error) {
	missing, err := c.resolve(at, "is_null", e)
	if err != nil {
		return nil, err
	}
	return c.resolve(at, "not", missing)
}

// negated is NOT e, of a condition that is never NULL.
func (b *binder) negated(at ast.Node, e expr.Expr) (expr.Expr, error) {
	if n, ok := e.(*expr.Call); ok && n.Fn == expr.FnNot {
		return n.Args[0], nil
	}
	return b.resolve(at, "not", e)
}

// counted tells whether a subquery tied by equalities alone has a row.
func (c *clause) counted(in *inner) (expr.Expr, error) {
	keys := len(in.corr.inner)
	r := counts(in.t, in.corr.inner)
	if keys == 0 {
		base := c.attach(plan.InnerJoin, r, nil, nil, nil)
		return c.resolve(in.at, ">", c.attached(base), intConst(0))
	}
	base := c.attach(plan.LeftJoin, r, in.corr.outer, leading(r.node, keys), nil)
	return c.present(in.at, c.attached(base+keys))
}

// counts groups a tree by keys and counts the rows, and the values of the
// columns that follow.
func counts(t *tree, keys []expr.Expr, values ...int) *tree {
	pos := t.extend(keys)
	agg := &plan.Aggregate{In: t.node, Groups: pos}
	for _, p := range pos {
		agg.Sch = append(agg.Sch, t.node.Schema()[p])
	}
	agg.Aggs = append(agg.Aggs, plan.Agg{Func: plan.CountStar, Type: types.TypeInt, Name: "count(*)"})
	for _, v := range values {
		agg.Aggs = append(agg.Aggs, plan.Agg{Func: plan.Count, Arg: v, Type: types.TypeInt, Name: "count"})
	}
	for _, a := range agg.Aggs {
		agg.Sch = append(agg.Sch, plan.Column{Name: a.Name, Type: a.Type})
	}
	return &tree{node: agg}
}
