package bind

import (
	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"

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
//	WHERE x NOT IN (S)      null-aware anti join
//	(S) as a value          cross join with S made one row by Single; where
//	                        correlated, left join with S grouped by its keys
//	EXISTS, IN elsewhere    cross or left join with counts over S
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
	at  ast.Node
}

// open binds a subquery as far as its correlation. A query that is more than
// FROM and WHERE is bound to the end, and must then read nothing of the
// enclosing query beyond WHERE.
func (c *clause) open(sub *ast.SubqueryExpr, plain func(*ast.SelectStmt) bool) (*inner, error) {
	if c.fixed != "" {
		return nil, c.refuseAt(sub.OriginTextPosition(), "a subquery %s", c.fixed)
	}
	saved := c.ctes
	defer func() { c.ctes = saved }()
	s, ok := sub.Query.(*ast.SelectStmt)
	if !ok {
		q, err := c.query(sub.Query, true)
		if err != nil {
			return nil, err
		}
		return &inner{t: &tree{node: q.node}, at: sub}, nil
	}
	q, err := c.begin(s, c.t)
	if err != nil {
		return nil, err
	}
	q.unordered = true
	if plain(s) {
		return &inner{t: q.t, corr: q.corr, sel: q, at: sub}, nil
	}
	if !q.corr.empty() {
		return nil, c.refuseCorrelated(sub)
	}
	out, err := q.finish()
	if err != nil {
		return nil, err
	}
	if nodeHasOuter(out.node) {
		return nil, c.refuseCorrelated(sub)
	}
	return &inner{t: &tree{node: out.node}, at: sub}, nil
}

func (c *clause) refuseCorrelated(n ast.Node) error {
	return c.refuseAt(n.OriginTextPosition(), "this correlated subquery").
		WithHint("the columns of the outer query may stand in its WHERE, in EXISTS, IN or under one aggregate")
}

// nodeHasOuter tells whether a plan reads columns of an enclosing query.
func nodeHasOuter(n plan.Node) bool {
	found := false
	eachExpr(n, func(e expr.Expr) { found = found || hasOuter(e) })
	return found
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

// innerColumns binds the columns of a subquery, which must be want.
func (c *clause) innerColumns(in *inner, want int) ([]expr.Expr, error) {
	var es []expr.Expr
	if in.sel == nil {
		for i, col := range in.t.node.Schema() {
			es = append(es, &expr.Col{Index: i, Name: col.Name, T: col.Type})
		}
	} else {
		list, err := in.sel.fields()
		if err != nil {
			return nil, err
		}
		cl := &clause{binder: c.binder, t: in.t, name: "field list"}
		for _, f := range list {
			e, err := cl.expr(f.node)
			if err != nil {
				return nil, err
			}
			es = append(es, e)
		}
	}
	if len(es) != want {
		return nil, c.errAt(in.at.OriginTextPosition(), sqlerr.ErrOperandColumns, "Operand should contain %d column(s)", want)
	}
	return es, nil
}

// attach joins a subquery's tree to the clause's and returns where its
// columns begin. Keys are over either side; rest is over the subquery, with
// outerCols for the clause's columns.
func (c *clause) attach(kind plan.JoinKind, r *tree, lkeys, rkeys, rest []expr.Expr) int {
	lpos, rpos := c.t.extend(lkeys), r.extend(rkeys)
	base := len(c.t.node.Schema())
	joined := joinTrees(kind, c.t.node, r.node, lpos, rpos).node.(*plan.Join)
	for _, e := range rest {
		joined.On = append(joined.On, inside(e, base))
	}
	c.t.node = joined
	return base
}

// inside turns an expression over a subquery into one over the join with it.
func inside(e expr.Expr, base int) expr.Expr {
	return expr.Transform(e, func(e expr.Expr) expr.Expr {
		if col, ok := e.(*expr.Col); ok {
			i := col.Index + base
			if col.Index < 0 {
				i = outerCol(col.Index)
			}
			return &expr.Col{Index: i, Name: col.Name, T: col.T}
		}
		return e
	})
}

// semiJoin binds a conjunct of WHERE that is an EXISTS or IN with a subquery,
// or the contrary of one, as a join; false for any other.
func (c *clause) semiJoin(n ast.ExprNode) (bool, error) {
	not := false
	for {
		switch x := strip(n).(type) {
		case *ast.UnaryOperationExpr:
			if x.Op != opcode.Not && x.Op != opcode.Not2 {
				return false, nil
			}
			not, n = !not, x.V
			continue
		case *ast.ExistsSubqueryExpr:
			return true, c.existsJoin(x, not != x.Not)
		case *ast.PatternInExpr:
			if x.Sel == nil {
				return false, nil
			}
			return true, c.inJoin(x.Expr, x.Sel, not != x.Not)
		case *ast.CompareSubqueryExpr:
			in, ok := quantified(x)
			if !ok {
				return false, nil
			}
			return true, c.inJoin(x.L, x.R, not == in)
		}
		return false, nil
	}
}

// quantified reads = ANY as IN and <> ALL as NOT IN.
func quantified(n *ast.CompareSubqueryExpr) (in, ok bool) {
	switch {
	case n.Op == opcode.EQ && !n.All:
		return true, true
	case n.Op == opcode.NE && n.All:
		return false, true
	}
	return false, false
}

func (c *clause) existsJoin(n *ast.ExistsSubqueryExpr, not bool) error {
	in, err := c.openExists(n)
	if err != nil {
		return err
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
	cl := &clause{binder: c.binder, t: &scratch, name: "field list"}
	for _, f := range list {
		if _, err := cl.expr(f.node); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// inJoin is x [NOT] IN (S) as a join.
func (c *clause) inJoin(x, sel ast.ExprNode, not bool) error {
	sub, ok := strip(sel).(*ast.SubqueryExpr)
	if !ok {
		return c.refuseAt(sel.OriginTextPosition(), "this IN")
	}
	parts := []ast.ExprNode{x}
	if row, ok := strip(x).(*ast.RowExpr); ok {
		parts = row.Values
	}
	xs, err := c.exprs(parts...)
	if err != nil {
		return err
	}
	in, err := c.open(sub, isPlain)
	if err != nil {
		return err
	}
	ys, err := c.innerColumns(in, len(xs))
	if err != nil {
		return err
	}
	nullable := false
	for i := range xs {
		if hasOuter(ys[i]) || hasOuter(xs[i]) {
			return c.refuseCorrelated(sub)
		}
		nullable = nullable || maybeNull(xs[i]) || maybeNull(ys[i])
		xs[i], ys[i] = alike(xs[i], ys[i])
	}
	kind := plan.SemiJoin
	switch {
	case not && !nullable:
		kind = plan.AntiJoin
	case not && len(xs) == 1 && in.corr.empty():
		kind = plan.NullAntiJoin
	case not:
		return c.refuseAt(sub.OriginTextPosition(), "NOT IN of several columns, or of a correlated subquery, where one may be NULL").
			WithHint("use NOT EXISTS")
	}
	c.attach(kind, in.t, append(xs, in.corr.outer...), append(ys, in.corr.inner...), in.corr.rest)
	return nil
}

func maybeNull(e expr.Expr) bool { return e.Type().Nullable || e.Type().Kind == types.Null }

// scalarSubquery is (SELECT ..) as a value.
func (c *clause) scalarSubquery(sub *ast.SubqueryExpr) (expr.Expr, error) {
	in, err := c.open(sub, func(s *ast.SelectStmt) bool {
		return s.GroupBy == nil && s.Having == nil && s.Limit == nil && !s.Distinct && s.Kind == ast.SelectStmtKindSelect
	})
	if err != nil {
		return nil, err
	}
	if in.sel != nil && !in.corr.empty() {
		return c.correlatedScalar(sub, in)
	}
	if in.sel != nil {
		q, err := in.sel.finish()
		if err != nil {
			return nil, err
		}
		if nodeHasOuter(q.node) {
			return nil, c.refuseCorrelated(sub)
		}
		in.t, in.sel = &tree{node: q.node}, nil
	}
	if _, err := c.innerColumns(in, 1); err != nil {
		return nil, err
	}
	if !oneRow(in.t.node) {
		in.t = single(in.t.node, nil, 0)
	}
	base := c.attach(plan.InnerJoin, in.t, nil, nil, nil)
	return c.attached(base), nil
}

// attached reads a column that attach joined.
func (c *clause) attached(i int) expr.Expr {
	col := c.t.node.Schema()[i]
	return &expr.Col{Index: i, Name: col.Name, T: col.Type}
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

// single groups n by columns and takes the only value of column arg.
func single(n plan.Node, groups []int, arg int) *tree {
	t := n.Schema()[arg].Type.WithNull(true)
	agg := &plan.Aggregate{In: n, Groups: groups, Aggs: []plan.Agg{{Func: plan.Single, Arg: arg, Type: t}}}
	for _, g := range groups {
		agg.Sch = append(agg.Sch, n.Schema()[g])
	}
	agg.Sch = append(agg.Sch, plan.Column{Name: n.Schema()[arg].Name, Type: t})
	return &tree{node: agg}
}

// correlatedScalar is a scalar subquery tied by equalities: its rows are
// grouped by the inner sides and joined on the outer ones.
func (c *clause) correlatedScalar(sub *ast.SubqueryExpr, in *inner) (expr.Expr, error) {
	if len(in.corr.rest) > 0 {
		return nil, c.refuseAt(sub.OriginTextPosition(), "a correlated subquery with a condition other than =")
	}
	list, err := in.sel.fields()
	if err != nil {
		return nil, err
	}
	if len(list) != 1 {
		return nil, c.errAt(sub.OriginTextPosition(), sqlerr.ErrOperandColumns, "Operand should contain 1 column(s)")
	}
	var f finder
	list[0].node.Accept(&f)
	if f.aggregates() {
		return c.correlatedAggregate(sub, in, list[0].node, f.aggs)
	}
	es, err := c.innerColumns(in, 1)
	if err != nil {
		return nil, err
	}
	if hasOuter(es[0]) {
		return nil, c.refuseCorrelated(sub)
	}
	pos := in.t.extend(append(append([]expr.Expr{}, in.corr.inner...), es[0]))
	n := len(in.corr.inner)
	r := single(in.t.node, pos[:n], pos[n])
	base := c.attach(plan.LeftJoin, r, in.corr.outer, leading(r.node, n), nil)
	return c.attached(base + n), nil
}

// leading reads the first n columns of a node.
func leading(n plan.Node, count int) []expr.Expr {
	es := make([]expr.Expr, count)
	for i, col := range n.Schema()[:count] {
		es[i] = &expr.Col{Index: i, Name: col.Name, T: col.Type}
	}
	return es
}

// correlatedAggregate is (SELECT f(COUNT(..), SUM(..)) ..): groups that are
// not there count 0.
func (c *clause) correlatedAggregate(sub ast.Node, in *inner, n ast.ExprNode, aggs []ast.ExprNode) (expr.Expr, error) {
	g := &grouping{pre: in.t, exprs: in.corr.inner, at: map[ast.ExprNode]int{}, explicit: true}
	for _, a := range aggs {
		if err := c.addAgg(g, a); err != nil {
			return nil, err
		}
	}
	for _, a := range g.aggs {
		if a.arg != nil && hasOuter(a.arg) {
			return nil, c.refuseCorrelated(sub)
		}
	}
	r := g.build(nil)
	g.base = c.attach(plan.LeftJoin, r, in.corr.outer, leading(r.node, len(g.exprs)), nil)
	g.joined = true
	cl := &clause{binder: c.binder, t: &tree{node: c.t.node, group: g, outer: c.t}, name: "field list", fixed: "inside a correlated one"}
	e, err := cl.expr(n)
	if err != nil {
		return nil, err
	}
	return inside(e, 0), nil
}

// existsValue is EXISTS (S) where a join cannot filter: as 0 or 1.
func (c *clause) existsValue(n *ast.ExistsSubqueryExpr) (expr.Expr, error) {
	in, err := c.openExists(n)
	if err != nil {
		return nil, err
	}
	if len(in.corr.rest) > 0 {
		return nil, c.refuseAt(n.OriginTextPosition(), "EXISTS as a value with a correlated condition other than =")
	}
	keys := len(in.corr.inner)
	r := counted(in.t, in.corr.inner)
	if keys == 0 {
		base := c.attach(plan.InnerJoin, r, nil, nil, nil)
		op := ">"
		if n.Not {
			op = "="
		}
		return c.resolve(n, op, c.attached(base), intConst(0))
	}
	base := c.attach(plan.LeftJoin, r, in.corr.outer, leading(r.node, keys), nil)
	e, err := c.resolve(n, "is_null", c.attached(base+keys))
	if err != nil || n.Not {
		return e, err
	}
	return c.resolve(n, "not", e)
}

// counted groups a tree by keys and counts the rows, and the values of the
// keys that follow.
func counted(t *tree, keys []expr.Expr, values ...int) *tree {
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

// compareSubquery is a comparison with ANY or ALL of a subquery.
func (c *clause) compareSubquery(n *ast.CompareSubqueryExpr) (expr.Expr, error) {
	in, ok := quantified(n)
	if !ok {
		return nil, c.refuseAt(n.OriginTextPosition(), "a comparison with ANY or ALL other than = ANY and <> ALL").
			WithHint("compare with MIN or MAX")
	}
	return c.inValue(n, n.L, n.R, !in)
}

func (c *clause) inSubquery(n *ast.PatternInExpr) (expr.Expr, error) {
	return c.inValue(n, n.Expr, n.Sel, n.Not)
}

// inValue is x [NOT] IN (S) where a join cannot filter, with NULL for what is
// unknown: x joins the distinct values of S, and where NULLs may matter also
// the counts of its rows and values.
func (c *clause) inValue(at ast.Node, x, sel ast.ExprNode, not bool) (expr.Expr, error) {
	sub, ok := strip(sel).(*ast.SubqueryExpr)
	if _, row := strip(x).(*ast.RowExpr); row || !ok {
		return nil, c.refuseAt(at.OriginTextPosition(), "IN of several columns as a value")
	}
	l, err := c.expr(x)
	if err != nil {
		return nil, err
	}
	in, err := c.open(sub, isPlain)
	if err != nil {
		return nil, err
	}
	ys, err := c.innerColumns(in, 1)
	if err != nil {
		return nil, err
	}
	if !in.corr.empty() || hasOuter(ys[0]) || hasOuter(l) {
		return nil, c.refuseCorrelated(sub)
	}
	nullable := maybeNull(l) || maybeNull(ys[0])
	key, y := alike(l, ys[0])
	pos := in.t.extend([]expr.Expr{y})
	y = &expr.Col{Index: pos[0], T: y.Type()}
	all := *in.t
	r := counted(in.t, []expr.Expr{y})
	base := c.attach(plan.LeftJoin, r, []expr.Expr{key}, leading(r.node, 1), nil)
	missing, err := c.resolve(at, "is_null", c.attached(base+1))
	if err != nil {
		return nil, err
	}
	found, err := c.resolve(at, "not", missing)
	if err != nil {
		return nil, err
	}
	if !nullable {
		if not {
			return missing, nil
		}
		return found, nil
	}
	base = c.attach(plan.InnerJoin, counted(&all, nil, pos[0]), nil, nil, nil)
	return c.inWithNulls(at, l, found, c.attached(base), c.attached(base+1), not)
}

// inWithNulls settles IN from: was x found, the rows and the values of S.
func (c *clause) inWithNulls(at ast.Node, x, found, rows, values expr.Expr, not bool) (expr.Expr, error) {
	yes, no := intConst(1), intConst(0)
	if not {
		yes, no = no, yes
	}
	empty, err := c.resolve(at, "=", rows, intConst(0))
	if err != nil {
		return nil, err
	}
	unknown, err := c.resolve(at, "is_null", x)
	if err != nil {
		return nil, err
	}
	nulls, err := c.resolve(at, "<", values, rows)
	if err != nil {
		return nil, err
	}
	null := nullConst(types.TypeInt)
	return c.resolve(at, "case", empty, no, found, yes, unknown, null, nulls, null, no)
}
