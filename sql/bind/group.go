package bind

import (
	"reflect"
	"slices"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// grouping is what the expressions above an Aggregate can read: its output is
// exprs, then aggs.
type grouping struct {
	pre   *tree       // below the Aggregate; names are looked up there
	exprs []expr.Expr // what is grouped by, over pre
	// kinds are the syntactic forms of the GROUP BY terms that are not plain
	// columns: only such nodes are tried as a whole.
	kinds map[reflect.Type]bool
	aggs  []boundAgg
	at    map[ast.ExprNode]int // the aggregate of a node of the text
	// averages are the nodes of at that divide their sum by the count behind it.
	averages map[ast.ExprNode]average
	// sums are the nodes of at that add up unrounded quotients: the type they show.
	sums map[ast.ExprNode]types.Type
	// explicit says that there is a GROUP BY.
	explicit bool
	// base is where the Aggregate's columns begin in what expressions read;
	// joined says that they came by a LEFT JOIN, so that a group that is not
	// there is NULL, and a count of it 0.
	base   int
	joined bool
}

// boundAgg is an aggregate over pre; arg is nil for COUNT(*).
type boundAgg struct {
	agg plan.Agg
	arg expr.Expr
}

// average is AVG over exact numbers: a quotient, with the digits that
// quotients have inside of arithmetic.
type average struct {
	count int // among aggs; the sum is the node's own
	t     types.Type
}

// match returns the group column that holds an expression over pre.
func (g *grouping) match(e expr.Expr) (expr.Expr, bool) {
	for i, x := range g.exprs {
		if expr.Equal(x, e) {
			name := ""
			if c, ok := x.(*expr.Col); ok {
				name = c.Name
			}
			t := x.Type()
			t.Nullable = t.Nullable || g.joined
			return &expr.Col{Index: g.base + i, Name: name, T: t}, true
		}
	}
	return nil, false
}

// grouped returns the group column that a whole expression of the text
// stands for.
func (c *clause) grouped(n ast.ExprNode) (expr.Expr, bool) {
	g := c.t.group
	if !g.kinds[reflect.TypeOf(n)] || ast.HasAggFlag(n) || n.GetFlag()&ast.FlagHasSubquery != 0 {
		return nil, false
	}
	below := *c
	below.t = g.pre
	e, err := below.expr(n)
	if err != nil {
		return nil, false
	}
	return g.match(e)
}

// aggregate reads an aggregate function above the Aggregate node that
// computes it.
func (c *clause) aggregate(n *ast.AggregateFuncExpr) (expr.Expr, error) {
	if e, ok := c.t.aggregateAbove(n); ok {
		return e, nil
	}
	if c.t.group == nil {
		return nil, c.errAt(n.OriginTextPosition(), sqlerr.ErrInvalidGroupFuncUse, "Invalid use of group function").
			WithHint("aggregates stand in SELECT, HAVING and ORDER BY, not in the %s", c.name)
	}
	return c.aggregated(n)
}

func (c *clause) aggregated(n ast.ExprNode) (expr.Expr, error) {
	g := c.t.group
	i, ok := g.at[n]
	if !ok {
		return nil, c.errAt(n.OriginTextPosition(), sqlerr.ErrInvalidGroupFuncUse, "Invalid use of group function")
	}
	if avg, ok := g.averages[n]; ok {
		return expr.Quotient(g.column(i), g.column(avg.count), avg.t), nil
	}
	col := g.column(i)
	if t, ok := g.sums[n]; ok {
		return expr.Rounded(col, t), nil
	}
	if f := g.aggs[i].agg.Func; g.joined && (f == plan.Count || f == plan.CountStar) {
		return c.resolve(n, "ifnull", col, intConst(0))
	}
	return col, nil
}

// column reads aggregate i.
func (g *grouping) column(i int) expr.Expr {
	a := g.aggs[i].agg
	t := a.Type
	t.Nullable = t.Nullable || g.joined
	return &expr.Col{Index: g.base + len(g.exprs) + i, Name: a.Name, T: t}
}

// notGrouped is errno 1055, or 1140 without GROUP BY.
func (c *clause) notGrouped(n *ast.ColumnName, off int) error {
	if c.t.group != nil && !c.t.group.explicit {
		return c.errAt(off, sqlerr.ErrMixOfGroupFunc, "In aggregated query without GROUP BY, the %s contains nonaggregated column '%s'",
			c.name, n.OrigColName()).WithHint("GROUP BY it, or use ANY_VALUE(%s)", n.OrigColName())
	}
	return c.errAt(off, sqlerr.ErrWrongFieldWithGroup,
		"The %s contains nonaggregated column '%s' which is not functionally dependent on columns in GROUP BY clause",
		c.name, n.OrigColName()).WithHint("GROUP BY it, or use ANY_VALUE(%s)", n.OrigColName())
}

// aggregateAbove reads an aggregate of an enclosing query: one over its columns
// alone (outerAggregates).
func (t *tree) aggregateAbove(n ast.ExprNode) (expr.Expr, bool) {
	level := 1
	for o := t.outer; o != nil; o = o.outer {
		if g := o.group; g != nil {
			if i, ok := g.at[n]; ok {
				a := g.aggs[i].agg
				return &expr.Col{Index: outerRef(level, g.base+len(g.exprs)+i), Name: a.Name, T: a.Type}, true
			}
		}
		level++
	}
	return nil, false
}

// finder collects the aggregates and the columns outside of them, without
// looking into subqueries. Aggregates of queries that enclose tree, where it is
// set, are left out.
type finder struct {
	aggs []ast.ExprNode
	cols []*ast.ColumnNameExpr
	tree *tree
}

// Enter implements ast.Visitor.
func (f *finder) Enter(n ast.Node) (ast.Node, bool) {
	switch n := n.(type) {
	case *ast.SubqueryExpr:
		return n, true
	case *ast.AggregateFuncExpr:
		if f.tree != nil {
			if _, above := f.tree.aggregateAbove(n); above {
				return n, true
			}
		}
		f.aggs = append(f.aggs, n)
		return n, true
	case *ast.FuncCallExpr:
		if n.FnName.L == "any_value" && len(n.Args) == 1 {
			f.aggs = append(f.aggs, n)
			return n, true
		}
	case *ast.ColumnNameExpr:
		f.cols = append(f.cols, n)
	}
	return n, false
}

// Leave implements ast.Visitor.
func (f *finder) Leave(n ast.Node) (ast.Node, bool) { return n, true }

// aggregates tells whether there is a true aggregate: ANY_VALUE alone does
// not make a query an aggregated one.
func (f *finder) aggregates() bool {
	for _, a := range f.aggs {
		if _, ok := a.(*ast.AggregateFuncExpr); ok {
			return true
		}
	}
	return false
}

// outerAggregates adds the aggregates within subqueries of terms whose columns
// are all t's, and none of the subqueries' own: they belong to t's query.
func (b *binder) outerAggregates(t *tree, f *finder, terms []ast.ExprNode) error {
	var s nestedAggregates
	for _, n := range terms {
		n.Accept(&s)
	}
	for _, a := range s.found {
		var cols columnFinder
		a.node.Accept(&cols)
		mine := len(cols.names) > 0
		for _, name := range cols.names {
			mine = mine && t.find(name) >= 0
		}
		for i := 0; mine && i < len(a.within); i++ {
			from := a.within[i].From
			if from == nil {
				continue
			}
			own, err := b.from(from.TableRefs, t)
			if err != nil {
				return err
			}
			for _, name := range cols.names {
				mine = mine && own.find(name) == -1
			}
		}
		if _, above := t.aggregateAbove(a.node); mine && !above {
			f.aggs = append(f.aggs, a.node)
		}
	}
	return nil
}

// nestedAggregates collects aggregates within subqueries, each with the SELECTs
// around it.
type nestedAggregates struct {
	within []*ast.SelectStmt
	found  []nestedAggregate
}

type nestedAggregate struct {
	node   *ast.AggregateFuncExpr
	within []*ast.SelectStmt
}

// Enter implements ast.Visitor.
func (s *nestedAggregates) Enter(n ast.Node) (ast.Node, bool) {
	switch n := n.(type) {
	case *ast.SelectStmt:
		s.within = append(s.within, n)
	case *ast.TableSource:
		return n, true // a derived table sees nothing of the queries around it
	case *ast.AggregateFuncExpr:
		if len(s.within) > 0 {
			s.found = append(s.found, nestedAggregate{n, slices.Clone(s.within)})
		}
	}
	return n, false
}

// Leave implements ast.Visitor.
func (s *nestedAggregates) Leave(n ast.Node) (ast.Node, bool) {
	if _, ok := n.(*ast.SelectStmt); ok {
		s.within = s.within[:len(s.within)-1]
	}
	return n, true
}

// group puts the Aggregate of a query above t, if it has one. terms are the
// expressions of SELECT, HAVING and ORDER BY; aliases are the SELECT list's.
func (b *binder) group(t *tree, by *ast.GroupByClause, list []field, terms []ast.ExprNode) (*tree, error) {
	f := finder{tree: t}
	for _, n := range terms {
		n.Accept(&f)
	}
	if err := b.outerAggregates(t, &f, terms); err != nil {
		return nil, err
	}
	if by == nil && !f.aggregates() {
		return t, nil
	}
	g := &grouping{pre: t, kinds: map[reflect.Type]bool{}, at: map[ast.ExprNode]int{}, explicit: by != nil}
	if by != nil {
		if by.Rollup {
			return nil, b.refuseAt(b.text.Find("rollup"), "GROUP BY .. WITH ROLLUP")
		}
		for _, item := range by.Items {
			if err := b.groupTerm(g, item.Expr, list); err != nil {
				return nil, err
			}
		}
	}
	for _, n := range f.aggs {
		if err := b.addAgg(g, n); err != nil {
			return nil, err
		}
	}
	var names columnFinder
	for _, n := range terms {
		if hasSubquery(n) {
			n.Accept(&names)
		}
	}
	for _, c := range f.cols {
		names.names = append(names.names, c.Name)
	}
	b.addDependent(g, names.names)
	return g.build(t.outer), nil
}

// groupTerm adds a term of GROUP BY: a position, a column, an alias or an
// expression.
func (b *binder) groupTerm(g *grouping, n ast.ExprNode, list []field) error {
	n = strip(n)
	if p, ok := n.(*ast.PositionExpr); ok {
		if p.N < 1 || p.N > len(list) {
			return b.errAt(b.text.Find("group"), sqlerr.ErrBadField, "Unknown column '%d' in 'group statement'", p.N).
				WithHint("the SELECT list has %d", len(list))
		}
		n = strip(list[p.N-1].node)
	}
	c := &clause{binder: b, t: g.pre, name: "group statement", aliases: aliasesOf(list)}
	var f finder
	n.Accept(&f)
	if col, ok := n.(*ast.ColumnNameExpr); ok && g.pre.find(col.Name) == -1 && col.Name.Table.O == "" {
		for _, x := range list {
			if x.name == col.Name.Name.O {
				x.node.Accept(&f)
				n = strip(x.node)
				break
			}
		}
	}
	if f.aggregates() {
		return b.errAt(n.OriginTextPosition(), sqlerr.ErrWrongSumSelect, "Can't group on an aggregate")
	}
	e, err := c.expr(n)
	if err != nil {
		return err
	}
	if _, ok := g.match(e); ok {
		return nil
	}
	if _, ok := n.(*ast.ColumnNameExpr); !ok {
		g.kinds[reflect.TypeOf(n)] = true
	}
	g.exprs = append(g.exprs, e)
	return nil
}

// aggFuncs are the aggregate functions by name.
var aggFuncs = map[string]plan.AggFunc{
	"count": plan.Count, "sum": plan.Sum, "avg": plan.Avg, "min": plan.Min, "max": plan.Max,
}

// addAgg binds one aggregate of the text; equal ones are computed once.
func (b *binder) addAgg(g *grouping, n ast.ExprNode) error {
	x, err := b.boundAgg(g, n)
	if err != nil {
		return err
	}
	if g.averages == nil {
		g.averages, g.sums = map[ast.ExprNode]average{}, map[ast.ExprNode]types.Type{}
	}
	t := x.agg.Type
	if t.Kind == types.Decimal && t.Prec <= types.MaxPrec-18 && !x.agg.Distinct && (x.agg.Func == plan.Sum || x.agg.Func == plan.Avg) {
		if arg := expr.Unrounded(x.arg); arg != x.arg {
			x.arg = arg
			x.agg.Name = aggName(x.agg.Func, false, arg)
			if x.agg.Func == plan.Sum {
				x.agg.Type, _ = plan.AggType(plan.Sum, arg.Type())
				g.sums[n] = t
			}
		}
	}
	if x.agg.Func != plan.Avg || t.Kind != types.Decimal || t.Prec > types.MaxPrec-18 {
		// Sums have 18 digits more: the widest could overflow where their average does not.
		g.at[n] = g.add(x)
		return nil
	}
	sum, count := x, x
	sum.agg.Func, count.agg.Func = plan.Sum, plan.Count
	if !x.arg.Type().Nullable && !x.agg.Distinct {
		count = boundAgg{agg: plan.Agg{Func: plan.CountStar}}
	}
	for _, a := range []*boundAgg{&sum, &count} {
		a.agg.Type, _ = plan.AggType(a.agg.Func, x.arg.Type())
		a.agg.Name = aggName(a.agg.Func, a.agg.Distinct, a.arg)
	}
	g.at[n] = g.add(sum)
	g.averages[n] = average{g.add(count), t}
	return nil
}

// add returns the place of x among aggs.
func (g *grouping) add(x boundAgg) int {
	for i, y := range g.aggs {
		if x.agg.Func == y.agg.Func && x.agg.Distinct == y.agg.Distinct &&
			(x.arg == nil && y.arg == nil || x.arg != nil && y.arg != nil && expr.Equal(x.arg, y.arg)) {
			return i
		}
	}
	g.aggs = append(g.aggs, x)
	return len(g.aggs) - 1
}

func (b *binder) boundAgg(g *grouping, n ast.ExprNode) (boundAgg, error) {
	fn, arg, distinct := plan.First, ast.ExprNode(nil), false
	switch n := n.(type) {
	case *ast.FuncCallExpr: // ANY_VALUE
		arg = n.Args[0]
	case *ast.AggregateFuncExpr:
		f, ok := aggFuncs[strings.ToLower(n.F)]
		if !ok {
			return boundAgg{}, b.refuseAt(n.OriginTextPosition(), "the aggregate function %s", strings.ToUpper(n.F))
		}
		if len(n.Args) != 1 {
			return boundAgg{}, b.refuseAt(n.OriginTextPosition(), "%s over several expressions", strings.ToUpper(n.F))
		}
		if l, ok := n.Args[0].(*parse.Literal); ok && f == plan.Count && l.Val != nil && !n.Distinct {
			return boundAgg{agg: plan.Agg{Func: plan.CountStar, Type: types.TypeInt, Name: "count(*)"}}, nil
		}
		fn, arg = f, n.Args[0]
		distinct = n.Distinct && fn != plan.Min && fn != plan.Max
	}
	c := &clause{binder: b, t: g.pre, name: "field list"}
	var f finder
	arg.Accept(&f)
	if len(f.aggs) > 0 {
		return boundAgg{}, b.errAt(f.aggs[0].OriginTextPosition(), sqlerr.ErrInvalidGroupFuncUse, "Invalid use of group function").
			WithHint("an aggregate cannot hold another")
	}
	e, err := c.expr(arg)
	if err != nil {
		return boundAgg{}, err
	}
	if fn == plan.Count && !distinct && !e.Type().Nullable && e.Type().Kind != types.Null {
		return boundAgg{agg: plan.Agg{Func: plan.CountStar, Type: types.TypeInt, Name: "count(*)"}}, nil
	}
	result, castAs := plan.AggType(fn, e.Type())
	e = castTo(e, castAs)
	return boundAgg{plan.Agg{Func: fn, Distinct: distinct, Type: result, Name: aggName(fn, distinct, e)}, e}, nil
}

// aggName is what EXPLAIN calls an aggregate.
func aggName(f plan.AggFunc, distinct bool, arg expr.Expr) string {
	if f == plan.CountStar {
		return "count(*)"
	}
	name := "any_value"
	for n, x := range aggFuncs {
		if x == f {
			name = n
		}
	}
	if distinct {
		return name + "(distinct " + expr.String(arg) + ")"
	}
	return name + "(" + expr.String(arg) + ")"
}

// addDependent also groups by the columns that follow from what is grouped
// by already: those of a table whose whole key is there.
func (b *binder) addDependent(g *grouping, cols []*ast.ColumnName) {
	for _, n := range cols {
		i := g.pre.find(n)
		if i < 0 {
			continue
		}
		c := &g.pre.cols[i]
		if _, ok := g.match(c.expr()); !ok && g.determines(c.src) {
			g.exprs = append(g.exprs, c.expr())
		}
	}
}

// determines tells whether the grouped columns hold a whole key of src.
func (g *grouping) determines(src *source) bool {
	left := len(src.key)
	if left == 0 {
		return false
	}
	for _, ord := range src.key {
		for i := range g.pre.cols {
			c := &g.pre.cols[i]
			if c.src == src && c.ord == ord {
				if _, ok := g.match(c.expr()); ok {
					left--
					break
				}
			}
		}
	}
	return left == 0
}

// build puts the Aggregate above a Project of what it reads.
func (g *grouping) build(outer *tree) *tree {
	in := &plan.Project{In: g.pre.node}
	agg := &plan.Aggregate{In: in}
	for i, e := range g.exprs {
		col := plan.Column{Type: e.Type()}
		if c, ok := e.(*expr.Col); ok && c.Index >= 0 {
			col = g.pre.node.Schema()[c.Index]
			col.Type = e.Type()
		}
		in.Exprs, in.Sch = append(in.Exprs, e), append(in.Sch, col)
		agg.Groups, agg.Sch = append(agg.Groups, i), append(agg.Sch, col)
	}
	for _, a := range g.aggs {
		x := a.agg
		if a.arg != nil {
			x.Arg = g.input(in, a.arg)
		}
		agg.Aggs = append(agg.Aggs, x)
		agg.Sch = append(agg.Sch, plan.Column{Name: x.Name, Type: x.Type})
	}
	if len(in.Exprs) == 0 { // COUNT(*) alone: rows without columns are no rows
		agg.In = g.pre.node
	}
	return &tree{node: agg, outer: outer, group: g}
}

// input returns the column of in that holds e, adding it where there is none.
func (g *grouping) input(in *plan.Project, e expr.Expr) int {
	for i, x := range in.Exprs {
		if expr.Equal(x, e) {
			return i
		}
	}
	in.Exprs = append(in.Exprs, e)
	in.Sch = append(in.Sch, plan.Column{Type: e.Type()})
	return len(in.Exprs) - 1
}
