package bind

import (
	"math"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// selected is a bound query: the names of its columns stand beside the node
// because a schema's names need not be unique.
type selected struct {
	node  plan.Node
	names []plan.Column
	lock  Lock
}

// selecting is a SELECT being bound: begin does FROM and WHERE, finish the
// rest. Between them a correlated subquery is taken apart by its user.
type selecting struct {
	*binder
	s    *ast.SelectStmt
	t    *tree
	corr correlation
	ctes *cte // those in sight inside
	// unordered says that nobody sees the order of the rows: ORDER BY
	// without LIMIT is left out.
	unordered bool
}

// correlation is how WHERE of a subquery ties it to the enclosing query.
type correlation struct {
	outer, inner []expr.Expr // equal pairs, over the outer and the inner tree
	// rest are further predicates over the inner tree that read outer ones.
	rest []expr.Expr
}

func (c *correlation) empty() bool { return len(c.outer) == 0 && len(c.rest) == 0 }

// field is a term of a SELECT list; * has become names.
type field struct {
	node ast.ExprNode
	name string
	// alias says that the name was given with AS: only such are aliases.
	alias bool
}

// query binds a whole query. outer is the tree of the enclosing one, whose
// columns it may read; nil: none. unordered says that nobody sees the order of
// its rows.
func (b *binder) query(n ast.Node, unordered bool, outer *tree) (*selected, error) {
	saved := b.ctes
	defer func() { b.ctes = saved }()
	switch n := n.(type) {
	case *ast.SelectStmt:
		q, err := b.begin(n, outer)
		if err != nil {
			return nil, err
		}
		q.unordered = unordered
		if err := b.untie(n, q.t, &q.corr); err != nil {
			return nil, err
		}
		return q.finish()
	case *ast.SetOprStmt:
		return b.union(n, unordered, outer)
	}
	return nil, sqlerr.NotSupported("this kind of query")
}

// with adds the common table expressions of a query to those in sight.
func (b *binder) with(w *ast.WithClause) error {
	if w == nil {
		return nil
	}
	for _, def := range w.CTEs {
		off := b.text.Find(def.Name.O)
		if w.IsRecursive && refersTo(def.Query.Query, def.Name.L) {
			return b.refuseAt(off, "recursive common table expressions")
		}
		b.ctes = &cte{def: def, next: b.ctes}
	}
	return nil
}

// nameFinder looks for a table name in a query.
type nameFinder struct {
	name  string
	found bool
}

// Enter implements ast.Visitor.
func (f *nameFinder) Enter(n ast.Node) (ast.Node, bool) {
	if t, ok := n.(*ast.TableName); ok && t.Schema.L == "" && t.Name.L == f.name {
		f.found = true
	}
	return n, f.found
}

// Leave implements ast.Visitor.
func (f *nameFinder) Leave(n ast.Node) (ast.Node, bool) { return n, true }

func refersTo(n ast.Node, name string) bool {
	f := nameFinder{name: name}
	n.Accept(&f)
	return f.found
}

// begin binds WITH, FROM and WHERE. outer is the tree of the enclosing query
// whose columns may be used; nil: none.
func (b *binder) begin(s *ast.SelectStmt, outer *tree) (*selecting, error) {
	if b.selects++; b.selects > maxSelects {
		return nil, sqlerr.New(errStackOverrun, "The statement unfolds to more than %d queries", maxSelects).
			WithHint("a common table expression is put in wherever it is named")
	}
	q := &selecting{binder: b, s: s}
	if err := q.refuse(); err != nil {
		return nil, err
	}
	if err := b.with(s.With); err != nil {
		return nil, err
	}
	q.ctes = b.ctes
	q.t = dual()
	if s.From != nil {
		t, err := b.from(s.From.TableRefs, outer)
		if err != nil {
			return nil, err
		}
		q.t = t
	}
	q.t.outer = outer
	if s.Where == nil {
		return q, nil
	}
	return q, q.where(s.Where)
}

// refuse finds what is not supported in the query at hand.
func (q *selecting) refuse() error {
	s := q.s
	switch {
	case s.SelectIntoOpt != nil:
		return q.refuseAt(q.text.Find("into"), "SELECT .. INTO")
	case len(s.WindowSpecs) > 0:
		return q.refuseAt(q.text.Find("window"), "WINDOW")
	case s.SelectStmtOpts != nil && s.CalcFoundRows:
		return q.refuseAt(q.text.Find("SQL_CALC_FOUND_ROWS"), "SQL_CALC_FOUND_ROWS").WithHint("SELECT COUNT(*) in a second statement")
	}
	return nil
}

// where binds a condition, conjunct by conjunct.
func (q *selecting) where(n ast.ExprNode) error {
	c := &clause{binder: q.binder, t: q.t, name: "where clause", filtering: true}
	return c.conditions(n, q.whereTerm)
}

// conditions filters the clause's tree by a condition, which term binds
// conjunct by conjunct, or takes elsewhere and returns nil. Conjuncts with
// subqueries come last, so that these are answered for fewer rows.
func (c *clause) conditions(n ast.ExprNode, term func(*clause, ast.ExprNode) (expr.Expr, error)) error {
	var preds []expr.Expr
	var subs []ast.ExprNode
	for _, n := range terms(n, opcode.LogicAnd) {
		if hasSubquery(n) {
			subs = append(subs, n)
			continue
		}
		e, err := term(c, n)
		if err != nil {
			return err
		}
		if e != nil {
			preds = append(preds, e)
		}
	}
	c.t.push(preds...)
	for _, n := range subs {
		if done, err := c.semiJoin(n); done || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		e, err := term(c, n)
		if err != nil {
			return err
		}
		if e != nil {
			c.t.push(e)
		}
	}
	c.t.stem = nil
	return nil
}

// whereTerm binds one conjunct; one that reads the enclosing query is noted
// as correlation and nil returned.
func (q *selecting) whereTerm(c *clause, n ast.ExprNode) (expr.Expr, error) {
	eq, ok := n.(*ast.BinaryOperationExpr)
	if ok && eq.Op == opcode.EQ && q.t.outer != nil && !isRow(eq.L) && !isRow(eq.R) {
		l, err := c.expr(eq.L)
		if err != nil {
			return nil, err
		}
		r, err := c.expr(eq.R)
		if err != nil {
			return nil, err
		}
		switch {
		case onlyLevel(l, 1) && !hasOuter(r):
			q.tie(l, r)
			return nil, nil
		case onlyLevel(r, 1) && !hasOuter(l):
			q.tie(r, l)
			return nil, nil
		}
	}
	e, err := c.predicate(n)
	if err != nil {
		return nil, err
	}
	if hasOuter(e) {
		q.corr.rest = append(q.corr.rest, e)
		return nil, nil
	}
	return e, nil
}

// tie notes that an expression of the enclosing query equals one of this.
func (q *selecting) tie(outer, inner expr.Expr) {
	outer, inner = alike(moveOut(outer, 0), inner)
	q.corr.outer = append(q.corr.outer, outer)
	q.corr.inner = append(q.corr.inner, inner)
}

// finish binds the rest of the query.
func (q *selecting) finish() (*selected, error) {
	saved := q.binder.ctes
	defer func() { q.binder.ctes = saved }()
	q.binder.ctes = q.ctes
	out, err := q.rows()
	if err != nil {
		return nil, err
	}
	if q.s.LockInfo != nil {
		switch q.s.LockInfo.LockType {
		case ast.SelectLockForShare, ast.SelectLockForShareNoWait, ast.SelectLockForShareSkipLocked:
			out.lock = LockShare
		case ast.SelectLockNone:
		default:
			out.lock = LockUpdate
		}
	}
	return out, nil
}

func (q *selecting) rows() (*selected, error) {
	if q.s.Kind == ast.SelectStmtKindValues {
		return q.valuesStmt()
	}
	list, err := q.fields()
	if err != nil {
		return nil, err
	}
	if len(list) > maxFields {
		return nil, q.errAt(0, errTooManyFields, "Too many columns").WithHint("at most %d", maxFields)
	}
	var all []ast.ExprNode
	if q.s.Having != nil {
		all = append(all, q.s.Having.Expr)
	}
	for _, f := range list {
		all = append(all, f.node)
	}
	for _, item := range orderItems(q.s.OrderBy) {
		all = append(all, item.Expr)
	}
	t, err := q.group(q.t, q.s.GroupBy, list, all)
	if err != nil {
		return nil, err
	}
	if q.s.Having != nil {
		if err := q.having(t, list); err != nil {
			return nil, err
		}
	}
	return q.project(t, list)
}

// having filters what the query puts out, or its groups.
func (q *selecting) having(t *tree, list []field) error {
	c := &clause{binder: q.binder, t: t, name: "having clause", aliases: aliasesOf(list), filtering: true}
	return c.conditions(q.s.Having.Expr, (*clause).predicate)
}

func orderItems(o *ast.OrderByClause) []*ast.ByItem {
	if o == nil {
		return nil
	}
	return o.Items
}

// fields unfolds the SELECT list.
func (q *selecting) fields() ([]field, error) {
	var out []field
	if q.s.Kind == ast.SelectStmtKindTable {
		return q.star(out, nil)
	}
	for _, f := range q.s.Fields.Fields {
		if f.WildCard != nil {
			var err error
			if out, err = q.star(out, f); err != nil {
				return nil, err
			}
			continue
		}
		out = append(out, field{node: f.Expr, name: fieldName(f), alias: f.AsName.O != ""})
	}
	return out, nil
}

// fieldName is the name that MySQL gives to a term: its alias, the name of a
// column, the content of a string, or its text.
func fieldName(f *ast.SelectField) string {
	if f.AsName.O != "" {
		return f.AsName.O
	}
	switch n := strip(f.Expr).(type) {
	case *ast.ColumnNameExpr:
		return n.Name.Name.O
	case *parse.Literal:
		if s, ok := n.Val.(string); ok {
			if o := n.GetProjectionOffset(); o >= 0 && o <= len(s) {
				s = s[:o]
			}
			return strings.TrimLeft(s, " ")
		}
		if n.Val == nil {
			return "NULL"
		}
	}
	return strings.TrimSpace(f.OriginalText())
}

// star appends the columns of * or t.*; f is nil for TABLE t.
func (q *selecting) star(out []field, f *ast.SelectField) ([]field, error) {
	w := &ast.WildCardField{}
	off := 0
	if f != nil {
		w, off = f.WildCard, f.Offset
	}
	n := len(out)
	for _, c := range q.t.cols {
		switch {
		case w.Table.O == "" && c.merged,
			w.Table.O != "" && (c.src.alias != w.Table.O || w.Schema.O != "" && c.src.db != w.Schema.O):
			continue
		}
		name := &ast.ColumnName{Name: ast.NewCIStr(c.name), Table: ast.NewCIStr(c.src.alias), Schema: ast.NewCIStr(c.src.db)}
		node := &ast.ColumnNameExpr{Name: name}
		node.SetOriginTextPosition(off)
		out = append(out, field{node: node, name: c.name})
	}
	if len(out) > n {
		return out, nil
	}
	if w.Table.O != "" {
		return nil, q.errAt(off, errUnknownTableStar, "Unknown table '%s'", w.Table.O)
	}
	return nil, q.errAt(off, errNoTablesUsed, "No tables used").WithHint("* needs a FROM")
}

// aliasesOf lists the names given with AS.
func aliasesOf(list []field) []alias {
	var out []alias
	for _, f := range list {
		if f.alias {
			out = append(out, alias{f.name, f.node})
		}
	}
	return out
}

// project binds the SELECT list over t, then DISTINCT, ORDER BY and LIMIT.
func (q *selecting) project(t *tree, list []field) (*selected, error) {
	c := &clause{binder: q.binder, t: t, name: "field list"}
	p := projection{binder: q.binder, t: t}
	for _, f := range list {
		e, err := c.expr(f.node)
		if err != nil {
			return nil, err
		}
		p.add(f.name, e)
	}
	o := &clause{binder: q.binder, t: t, name: "order clause", aliases: aliasesOf(list), aliasFirst: true}
	if err := p.orderBy(o, q.s.OrderBy, list, q.s.Distinct); err != nil {
		return nil, err
	}
	if q.s.Distinct {
		p.distinct = true
	}
	return p.build(q.s.Limit, q.unordered)
}

// projection is the upper end of a query.
type projection struct {
	*binder
	t        *tree
	exprs    []expr.Expr
	names    []plan.Column
	visible  int
	distinct bool
	order    []plan.Order
}

func (p *projection) add(name string, e expr.Expr) {
	if _, ok := e.(*expr.Param); ok {
		e = expr.Cast(e, types.TypeText) // SELECT ?: nothing says what it is
	}
	col := plan.Column{Name: name, Type: e.Type()}
	if c, ok := e.(*expr.Col); ok && c.Index >= 0 {
		if from := p.t.node.Schema(); c.Index < len(from) {
			col.Table, col.DB = from[c.Index].Table, from[c.Index].DB
		}
	}
	p.exprs, p.names = append(p.exprs, e), append(p.names, col)
	p.visible = len(p.exprs)
}

// orderBy binds the terms of ORDER BY; what is not selected becomes a hidden
// column behind the visible ones.
func (p *projection) orderBy(c *clause, o *ast.OrderByClause, list []field, distinct bool) error {
	hidden := p.exprs
	for nth, item := range orderItems(o) {
		col := -1
		if pos, ok := item.Expr.(*ast.PositionExpr); ok {
			if pos.N < 1 || pos.N > p.visible {
				return p.errAt(p.text.Find("order"), sqlerr.ErrBadField, "Unknown column '%d' in 'order clause'", pos.N).
					WithHint("the SELECT list has %d", p.visible)
			}
			col = pos.N - 1
		} else if i := named(item.Expr, list); i >= 0 {
			col = i
		} else {
			e, err := c.expr(item.Expr)
			if err != nil {
				return err
			}
			if len(expr.Columns(e)) == 0 && expr.Volatility(e) != expr.Changing {
				continue // every row has the same value
			}
			for j, x := range hidden {
				if expr.Equal(x, e) {
					col = j
					break
				}
			}
			if col < 0 {
				if distinct {
					return p.errAt(item.Expr.OriginTextPosition(), errOrderNotSelected,
						"Expression #%d of ORDER BY clause is not in SELECT list; this is incompatible with DISTINCT", nth+1)
				}
				col = len(hidden)
				hidden = append(hidden, e)
			}
		}
		p.order = append(p.order, plan.Order{Col: col, Desc: item.Desc})
	}
	p.exprs = hidden
	return nil
}

// named returns the term of the SELECT list that was given the name n by AS,
// or -1.
func named(n ast.ExprNode, list []field) int {
	c, ok := n.(*ast.ColumnNameExpr)
	if !ok || c.Name.Table.O != "" {
		return -1
	}
	for i, f := range list {
		if f.alias && strings.EqualFold(f.name, c.Name.Name.O) {
			return i
		}
	}
	return -1
}

// build puts the nodes together: Project, Distinct, Top and, when there are
// hidden columns, a Project that drops them.
func (p *projection) build(l *ast.Limit, unordered bool) (*selected, error) {
	out := &selected{names: p.names[:p.visible:p.visible]}
	limit, err := p.limit(l)
	if err != nil {
		return nil, err
	}
	if unordered && limit == nil {
		p.order, p.exprs = nil, p.exprs[:p.visible]
	}
	sch := append(plan.Schema{}, out.names...)
	for _, e := range p.exprs[p.visible:] {
		sch = append(sch, plan.Column{Type: e.Type()})
	}
	out.node = p.bottom(sch)
	if p.distinct {
		out.node = &plan.Distinct{In: out.node}
	}
	if len(p.order) > 0 || limit != nil {
		top := &plan.Top{In: out.node, Order: p.order, Limit: plan.NoLimit}
		if limit != nil {
			top.Limit, top.Offset, top.LimitParam, top.OffsetParam = limit.Limit, limit.Offset, limit.LimitParam, limit.OffsetParam
		}
		out.node = top
	}
	if len(p.exprs) > p.visible {
		drop := &plan.Project{In: out.node, Sch: plan.Schema(out.names)}
		for i, c := range out.names {
			drop.Exprs = append(drop.Exprs, &expr.Col{Index: i, Name: c.Name, T: c.Type})
		}
		out.node = drop
	}
	return out, nil
}

// bottom computes the terms; of a query without FROM right in its one row.
func (p *projection) bottom(sch plan.Schema) plan.Node {
	if v, ok := p.t.node.(*plan.Values); ok && len(p.t.cols) == 0 && p.t.group == nil && len(v.Rows) == 1 {
		return &plan.Values{Rows: [][]expr.Expr{p.exprs}, Sch: sch}
	}
	return &plan.Project{In: p.t.node, Exprs: p.exprs, Sch: sch}
}

// limit reads LIMIT into the fields of a Top; nil when there is none.
func (b *binder) limit(l *ast.Limit) (*plan.Top, error) {
	if l == nil {
		return nil, nil
	}
	top := &plan.Top{Limit: plan.NoLimit}
	for _, x := range []struct {
		n     ast.ExprNode
		known *int64
		param *expr.Expr
	}{{l.Count, &top.Limit, &top.LimitParam}, {l.Offset, &top.Offset, &top.OffsetParam}} {
		switch n := x.n.(type) {
		case nil:
		case *parse.Param:
			*x.param = &expr.Param{N: n.N, T: types.TypeInt}
			*x.known = 0
		case *parse.Literal:
			switch v := n.Val.(type) {
			case int64:
				*x.known = v
			case uint64:
				*x.known = int64(min(v, math.MaxInt64))
			default:
				return nil, b.errAt(b.text.Find("limit"), sqlerr.ErrParse, "LIMIT takes whole numbers")
			}
		default:
			return nil, b.errAt(b.text.Find("limit"), sqlerr.ErrParse, "LIMIT takes whole numbers")
		}
	}
	if top.LimitParam == nil && top.Limit == math.MaxInt64 {
		top.Limit = plan.NoLimit
	}
	return top, nil
}

// valuesStmt is VALUES ROW(..), ROW(..).
func (q *selecting) valuesStmt() (*selected, error) {
	c := &clause{binder: q.binder, t: q.t, name: "field list", fixed: "in VALUES"}
	rows := make([][]expr.Expr, len(q.s.Lists))
	for i, l := range q.s.Lists {
		es, err := c.exprs(l.Values...)
		if err != nil {
			return nil, err
		}
		if rows[i] = es; len(es) != len(rows[0]) {
			return nil, q.errAt(0, sqlerr.ErrWrongValueCount, "Column count doesn't match value count at row %d", i+1)
		}
	}
	p := projection{binder: q.binder}
	var sch plan.Schema
	for j := range rows[0] {
		var ts []types.Type
		for i := range rows {
			ts = append(ts, rows[i][j].Type())
		}
		t := expr.Unify(ts...)
		for i := range rows {
			rows[i][j] = castTo(rows[i][j], t)
		}
		name := "column_" + types.IntValue(int64(j)).String()
		sch = append(sch, plan.Column{Name: name, Type: t})
	}
	p.t = &tree{node: &plan.Values{Rows: rows, Sch: sch}}
	return p.over(sch, q.s.OrderBy, q.s.Limit, q.unordered)
}

// over makes the upper end of a query whose node p.t.node puts out just the
// columns of sch, named for ORDER BY.
func (p *projection) over(sch plan.Schema, o *ast.OrderByClause, l *ast.Limit, unordered bool) (*selected, error) {
	src := &source{}
	for i, c := range sch {
		p.t.cols = append(p.t.cols, column{src: src, name: c.Name, pos: i, typ: c.Type})
		p.add(c.Name, &expr.Col{Index: i, Name: c.Name, T: c.Type})
	}
	if len(orderItems(o)) == 0 && l == nil {
		return &selected{node: p.t.node, names: p.names}, nil
	}
	c := &clause{binder: p.binder, t: p.t, name: "order clause"}
	if err := p.orderBy(c, o, nil, false); err != nil {
		return nil, err
	}
	return p.build(l, unordered)
}
