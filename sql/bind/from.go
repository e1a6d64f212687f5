package bind

import (
	"slices"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// dual is the one row that a SELECT without FROM reads.
func dual() *tree {
	return &tree{node: &plan.Values{Rows: [][]expr.Expr{{intConst(1)}}, Sch: plan.Schema{{Type: types.TypeInt}}}}
}

// from binds a table reference.
func (b *binder) from(n ast.ResultSetNode, outer *tree) (*tree, error) {
	b.depth++
	defer func() { b.depth-- }()
	if b.depth > maxDepth {
		return nil, sqlerr.New(errStackOverrun, "The query is nested too deeply")
	}
	switch n := n.(type) {
	case *ast.Join:
		return b.join(n, outer)
	case *ast.TableSource:
		return b.tableSource(n, outer)
	}
	return nil, sqlerr.NotSupported("this table reference")
}

func (b *binder) tableSource(n *ast.TableSource, outer *tree) (*tree, error) {
	if n.Lateral {
		return nil, b.refuseAt(b.text.Find("lateral"), "LATERAL with nothing before it")
	}
	switch s := n.Source.(type) {
	case *ast.TableName:
		return b.tableName(s, n.AsName.O)
	case *ast.SelectStmt, *ast.SetOprStmt:
		if n.AsName.O == "" {
			return nil, sqlerr.New(sqlerr.ErrDerivedMustHaveAlias, "Every derived table must have its own alias")
		}
		q, err := b.query(s, true, outer)
		if err != nil {
			return nil, err
		}
		return b.derived(q, n.AsName.O, namesOf(n.ColumnNames))
	case *ast.Join:
		return b.from(s, outer)
	}
	return nil, sqlerr.NotSupported("this table reference")
}

// derived names the output of a query.
func (b *binder) derived(q *selected, alias string, names []string) (*tree, error) {
	if len(names) > 0 && len(names) != len(q.names) {
		return nil, b.errAt(b.text.Find(alias), errViewWrongList,
			"In definition of view, derived table or common table expression, SELECT list and column names list have different column counts")
	}
	src := &source{alias: alias}
	t := &tree{node: q.node}
	seen := map[string]bool{}
	for i, c := range q.node.Schema() {
		name := q.names[i].Name
		if len(names) > 0 {
			name = names[i]
		}
		if l := strings.ToLower(name); seen[l] {
			return nil, b.errAt(b.text.Find(alias), sqlerr.ErrDupFieldName, "Duplicate column name '%s'", name)
		} else {
			seen[l] = true
		}
		t.cols = append(t.cols, column{src: src, name: name, ord: i, pos: i, typ: c.Type})
	}
	return t, nil
}

// tableName is a common table expression, a table or a view.
func (b *binder) tableName(n *ast.TableName, alias string) (*tree, error) {
	off := b.text.Find(n.Name.O)
	switch {
	case len(n.PartitionNames) > 0:
		return nil, b.refuseAt(off, "PARTITION")
	case n.AsOf != nil:
		return nil, b.refuseAt(off, "AS OF TIMESTAMP")
	case n.TableSample != nil:
		return nil, b.refuseAt(off, "TABLESAMPLE")
	}
	if alias == "" {
		alias = n.Name.O
	}
	if n.Schema.O == "" {
		for c := b.ctes; c != nil; c = c.next {
			if strings.EqualFold(c.def.Name.O, n.Name.O) {
				return b.cteReference(c, alias)
			}
		}
	}
	rel, err := b.relation(n.Schema.O, n.Name.O)
	if err != nil {
		return nil, err
	}
	return b.scan(rel, alias)
}

func (b *binder) cteReference(c *cte, alias string) (*tree, error) {
	saved := b.ctes
	b.ctes = c.next
	defer func() { b.ctes = saved }()
	q, err := b.query(c.def.Query.Query, true, nil)
	if err != nil {
		return nil, err
	}
	return b.derived(q, alias, namesOf(c.def.ColNameList))
}

// scan reads all declared columns of a relation.
func (b *binder) scan(rel catalog.Relation, alias string) (*tree, error) {
	id, db, name := rel.Ident()
	src := &source{alias: alias}
	if alias == name {
		src.db = db
	}
	var cols []catalog.Column
	switch r := rel.(type) {
	case *catalog.Table:
		cols, src.key = r.Columns, r.Key
	case *catalog.View:
		if !r.Ready {
			return nil, b.errAt(b.text.Find(name), sqlerr.ErrViewInvalid, "View '%s.%s' is still being filled", db, name).
				WithHint("SHOW MATERIALIZED VIEWS tells how far it is")
		}
		if cols = r.Columns; r.Unique {
			src.key = r.Key
		}
	}
	scan := &plan.Scan{Table: id, Name: name}
	t := &tree{node: scan}
	for i, c := range cols {
		sc := plan.Column{Name: c.Name, Type: c.Type, Table: name, DB: db}
		scan.Cols = append(scan.Cols, i)
		scan.Sch = append(scan.Sch, sc)
		t.cols = append(t.cols, column{src: src, name: c.Name, ord: i, pos: i, typ: c.Type})
	}
	return t, nil
}

// join binds a join of two references; a Join without a right side is just a
// reference.
func (b *binder) join(n *ast.Join, outer *tree) (*tree, error) {
	l, err := b.from(n.Left, outer)
	if err != nil || n.Right == nil {
		return l, err
	}
	j := joining{binder: b, l: l, outer: outer, kind: plan.InnerJoin}
	if err := j.right(n); err != nil {
		return nil, err
	}
	r := j.r
	if err := b.distinctAliases(l, r); err != nil {
		return nil, err
	}
	switch n.Tp {
	case ast.LeftJoin:
		j.kind = plan.LeftJoin
	case ast.RightJoin:
		j.kind, j.l, j.r, j.swapped = plan.LeftJoin, r, l, true
	}
	return j.bind(n)
}

// distinctAliases is errno 1066 when both sides use one name.
func (b *binder) distinctAliases(l, r *tree) error {
	type name struct{ db, alias string }
	seen := map[name]bool{}
	for _, c := range l.cols {
		seen[name{c.src.db, c.src.alias}] = true
	}
	for _, c := range r.cols {
		if c.src.alias != "" && seen[name{c.src.db, c.src.alias}] {
			return b.errAt(b.text.Find(c.src.alias), sqlerr.ErrNonUniqTable, "Not unique table/alias: '%s'", c.src.alias).
				WithHint("give one of them another name with AS")
		}
	}
	return nil
}

// joining is a join being bound. l is the side that a LEFT JOIN keeps; swapped
// says that it was written on the right.
type joining struct {
	*binder
	l, r    *tree
	outer   *tree
	kind    plan.JoinKind
	swapped bool

	lkeys, rkeys []expr.Expr
	lonly, ronly []expr.Expr // predicates over one side
	residual     []joinPred
}

// joinPred is a predicate over both sides; columns of r lie behind base.
type joinPred struct {
	e    expr.Expr
	base int
}

func (j *joining) bind(n *ast.Join) (*tree, error) {
	shared, err := j.sharedColumns(n)
	if err != nil {
		return nil, err
	}
	for _, s := range shared {
		j.addKey(j.l.cols[s.l].expr(), j.r.cols[s.r].expr())
	}
	var subs []ast.ExprNode
	if n.On != nil {
		for _, term := range terms(n.On.Expr, opcode.LogicAnd) {
			if hasSubquery(term) {
				subs = append(subs, term)
			} else if err := j.addTerm(term); err != nil {
				return nil, err
			}
		}
	}
	if j.kind == plan.LeftJoin {
		for _, term := range subs {
			if err := j.addSubquery(term); err != nil {
				return nil, err
			}
		}
	}
	t, err := j.build(n)
	if err != nil {
		return nil, err
	}
	j.name(t, shared)
	if j.kind == plan.InnerJoin {
		for _, term := range subs {
			if err := j.onClause(t).conditions(term, (*clause).predicate); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// right binds the right side of a join; a LATERAL one reads the left side.
func (j *joining) right(n *ast.Join) (err error) {
	src, ok := n.Right.(*ast.TableSource)
	if !ok || !src.Lateral {
		j.r, err = j.from(n.Right, j.outer)
		return err
	}
	off := j.text.Find("lateral")
	if src.AsName.O == "" {
		return sqlerr.New(sqlerr.ErrDerivedMustHaveAlias, "Every derived table must have its own alias")
	}
	if n.Tp == ast.RightJoin {
		return j.refuseAt(off, "RIGHT JOIN LATERAL")
	}
	j.l.outer = j.outer
	q, err := j.query(src.Source, true, j.l)
	if err != nil {
		return err
	}
	if j.r, err = j.derived(q, src.AsName.O, namesOf(src.ColumnNames)); err != nil {
		return err
	}
	sub := &ast.SubqueryExpr{Query: src.Source}
	sub.SetOriginTextPosition(off)
	in := &inner{t: &tree{node: q.node}, at: sub}
	if _, err := (&clause{binder: j.binder, t: j.l}).bridge(in); err != nil {
		return err
	}
	j.r.node = shiftPlan(in.t.node, -1)
	j.lkeys, j.rkeys = in.corr.outer, in.corr.inner
	return nil
}

func namesOf(cols []ast.CIStr) []string {
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.O
	}
	return names
}

func (j *joining) onClause(t *tree) *clause {
	return &clause{binder: j.binder, t: t, name: "on clause", filtering: true}
}

// addSubquery applies a conjunct of ON that holds a subquery to the side that
// a LEFT JOIN may leave out, joined with the distinct values of the kept
// side that the conjunct names. These are then keys.
func (j *joining) addSubquery(n ast.ExprNode) error {
	j.r.outer = j.outer
	cols := j.namedLeft(n)
	if len(cols) == 0 {
		return j.onClause(j.r).conditions(n, (*clause).predicate)
	}
	for _, k := range j.lkeys {
		for _, c := range expr.Columns(k) {
			if c >= 0 && !slices.Contains(cols, c) {
				cols = append(cols, c)
			}
		}
	}
	d, err := j.domainOf(n, j.l.node, cols)
	if err != nil {
		return err
	}
	base := len(j.r.node.Schema())
	t := joinTrees(plan.InnerJoin, j.r.node, d.node, nil, nil)
	t.outer, t.cols = j.outer, slices.Clone(j.r.cols)
	for _, c := range j.l.cols {
		if at, ok := d.at[c.pos]; ok {
			c.pos = base + at
			t.cols = append(t.cols, c)
		}
	}
	for i, k := range j.lkeys {
		e, err := j.resolve(n, "=", shiftOuter(d.local(moveIn(k), base), -1), j.rkeys[i])
		if err != nil {
			return err
		}
		t.push(e)
	}
	if err := j.onClause(t).conditions(n, (*clause).predicate); err != nil {
		return err
	}
	j.r = &tree{node: t.node, cols: j.r.cols, outer: j.outer}
	j.lkeys, j.rkeys = append(j.lkeys, d.outer...), append(j.rkeys, d.keyColumns(base)...)
	return nil
}

// namedLeft returns the columns of the left side that names in n, also within
// its subqueries, can mean.
func (j *joining) namedLeft(n ast.Node) []int {
	var f columnFinder
	n.Accept(&f)
	var out []int
	for _, name := range f.names {
		if i := j.l.find(name); i >= 0 && !slices.Contains(out, j.l.cols[i].pos) {
			out = append(out, j.l.cols[i].pos)
		}
	}
	return out
}

// columnFinder collects the column names of an expression and its subqueries.
type columnFinder struct{ names []*ast.ColumnName }

// Enter implements ast.Visitor.
func (f *columnFinder) Enter(n ast.Node) (ast.Node, bool) {
	if c, ok := n.(*ast.ColumnName); ok {
		f.names = append(f.names, c)
	}
	return n, false
}

// Leave implements ast.Visitor.
func (f *columnFinder) Leave(n ast.Node) (ast.Node, bool) { return n, true }

func (c *column) expr() expr.Expr { return &expr.Col{Index: c.pos, Name: c.name, T: c.typ} }

// sharedColumn is a column joined by USING or NATURAL: indexes into the
// columns of l and r.
type sharedColumn struct{ l, r int }

func (j *joining) sharedColumns(n *ast.Join) ([]sharedColumn, error) {
	var out []sharedColumn
	for _, u := range n.Using {
		name := &ast.ColumnName{Name: u.Name}
		s := sharedColumn{j.l.find(name), j.r.find(name)}
		off := j.text.Find(u.Name.O)
		if s.l == -2 || s.r == -2 {
			return nil, j.errAt(off, sqlerr.ErrNonUniq, "Column '%s' in from clause is ambiguous", u.Name.O)
		}
		if s.l < 0 || s.r < 0 {
			return nil, j.errAt(off, sqlerr.ErrBadField, "Unknown column '%s' in 'from clause'", u.Name.O).
				WithHint("USING names columns that both sides have")
		}
		out = append(out, s)
	}
	if !n.NaturalJoin {
		return out, nil
	}
	for _, c := range j.l.cols {
		if c.merged {
			continue
		}
		name := &ast.ColumnName{Name: ast.NewCIStr(c.name)}
		if j.r.find(name) == -1 {
			continue
		}
		s := sharedColumn{j.l.find(name), j.r.find(name)}
		if s.l < 0 || s.r < 0 {
			return nil, j.errAt(0, sqlerr.ErrNonUniq, "Column '%s' in from clause is ambiguous", c.name)
		}
		out = append(out, s)
	}
	return out, nil
}

// addKey makes an equality of an expression over l and one over r a key.
func (j *joining) addKey(l, r expr.Expr) {
	l, r = alike(l, r)
	j.lkeys = append(j.lkeys, l)
	j.rkeys = append(j.rkeys, r)
}

// alike casts two expressions to the type in which they compare.
func alike(l, r expr.Expr) (expr.Expr, expr.Expr) {
	t := expr.CompareType(l.Type(), r.Type())
	return castTo(l, t), castTo(r, t)
}

// castTo casts e to t; types that differ in length or nullability alone are
// one representation.
func castTo(e expr.Expr, t types.Type) expr.Expr {
	f := e.Type()
	if f.Kind == t.Kind && f.Prec == t.Prec && f.Scale == t.Scale && f.Coll == t.Coll {
		return e
	}
	return expr.Cast(e, t.WithNull(e.Type().Nullable))
}

// addTerm sorts one conjunct of ON into keys, predicates of one side, and the rest.
func (j *joining) addTerm(n ast.ExprNode) error {
	both := j.both()
	c := &clause{binder: j.binder, t: both, name: "on clause"}
	if eq, ok := n.(*ast.BinaryOperationExpr); ok && eq.Op == opcode.EQ {
		if _, row := strip(eq.L).(*ast.RowExpr); !row {
			x, err := c.expr(eq.L)
			if err != nil {
				return err
			}
			y, err := c.expr(eq.R)
			if err != nil {
				return err
			}
			sx, sy := j.side(x), j.side(y)
			switch {
			case sx == sideLeft && sy == sideRight:
				j.addKey(x, j.rightOf(y))
				return nil
			case sx == sideRight && sy == sideLeft:
				j.addKey(y, j.rightOf(x))
				return nil
			}
		}
	}
	e, err := c.predicate(n)
	if err != nil {
		return err
	}
	switch s := j.side(e); {
	case s == sideRight && !expr.Fallible(e):
		j.ronly = append(j.ronly, j.rightOf(e))
	case s == sideLeft && j.kind == plan.InnerJoin && !expr.Fallible(e):
		j.lonly = append(j.lonly, e)
	case s == sideLeft && j.kind == plan.LeftJoin:
		j.lonly = append(j.lonly, e)
	default:
		j.residual = append(j.residual, joinPred{e, len(j.l.node.Schema())})
	}
	return nil
}

// both is the scope of ON: columns of l, then those of r.
func (j *joining) both() *tree {
	width := len(j.l.node.Schema())
	t := &tree{node: &plan.Join{Kind: plan.InnerJoin, L: j.l.node, R: j.r.node,
		Sch: append(append(plan.Schema{}, j.l.node.Schema()...), j.r.node.Schema()...)}, outer: j.outer}
	t.cols = append(t.cols, j.l.cols...)
	for _, c := range j.r.cols {
		c.pos += width
		t.cols = append(t.cols, c)
	}
	return t
}

type side uint8

const (
	sideNone side = iota // no columns
	sideLeft
	sideRight
	sideBoth
)

// side tells which side's columns an expression over both reads.
func (j *joining) side(e expr.Expr) side {
	s, width := sideNone, len(j.l.node.Schema())
	for _, c := range expr.Columns(e) {
		switch {
		case c < 0:
			return sideBoth
		case c < width:
			s |= sideLeft
		default:
			s |= sideRight
		}
	}
	return s
}

// rightOf turns an expression over both into one over r.
func (j *joining) rightOf(e expr.Expr) expr.Expr {
	return shift(e, 0, -len(j.l.node.Schema()))
}

// shift moves the columns from position from on by n.
func shift(e expr.Expr, from, n int) expr.Expr {
	if n == 0 {
		return e
	}
	return expr.Transform(e, func(e expr.Expr) expr.Expr {
		if c, ok := e.(*expr.Col); ok && c.Index >= from {
			return &expr.Col{Index: c.Index + n, Name: c.Name, T: c.T}
		}
		return e
	})
}

// build makes the join node.
func (j *joining) build(n ast.Node) (*tree, error) {
	if j.kind == plan.LeftJoin && len(j.lonly) > 0 {
		if err := j.gateKeys(n); err != nil {
			return nil, err
		}
	} else {
		j.l.push(j.lonly...)
	}
	j.r.push(j.ronly...)
	lpos, rpos := j.l.extend(j.lkeys), j.r.extend(j.rkeys)
	t := joinTrees(j.kind, j.l.node, j.r.node, lpos, rpos)
	t.outer = j.outer
	width := len(j.l.node.Schema())
	var on []expr.Expr
	for _, p := range j.residual {
		on = append(on, shift(p.e, p.base, width-p.base))
	}
	if j.kind == plan.InnerJoin {
		t.push(on...)
	} else {
		t.node.(*plan.Join).On = on
	}
	return t, nil
}

// gateKeys makes the predicates over the kept side of a LEFT JOIN part of its
// keys: where one is not true the key is NULL, which matches nothing.
func (j *joining) gateKeys(n ast.Node) error {
	if len(j.lkeys) == 0 {
		j.lkeys, j.rkeys = []expr.Expr{intConst(1)}, []expr.Expr{intConst(1)}
	}
	gate, err := j.balance(n, "and", j.lonly)
	if err != nil {
		return err
	}
	key := j.lkeys[0]
	j.lkeys[0], err = j.resolve(n, "if", gate, key, nullConst(key.Type()))
	if err == nil {
		j.lkeys[0] = castTo(j.lkeys[0], key.Type())
	}
	return err
}

// joinTrees joins two nodes on column positions.
func joinTrees(kind plan.JoinKind, l, r plan.Node, lkeys, rkeys []int) *tree {
	sch := append(plan.Schema{}, l.Schema()...)
	if kind == plan.InnerJoin || kind == plan.LeftJoin {
		for _, c := range r.Schema() {
			if kind == plan.LeftJoin {
				c.Type.Nullable = true
			}
			sch = append(sch, c)
		}
	}
	return &tree{node: &plan.Join{Kind: kind, L: l, R: r, LKeys: lkeys, RKeys: rkeys, Sch: sch}}
}

// name lists the columns of the join in the order that * shows: the shared
// ones, then those of the side written first, then the other's; as in MySQL a
// RIGHT JOIN with shared columns shows the right side first. A shared column
// is there a second time, merged, for names such as a.id.
func (j *joining) name(t *tree, shared []sharedColumn) {
	width := len(j.l.node.Schema())
	left := append([]column{}, j.l.cols...)
	right := append([]column{}, j.r.cols...)
	for i := range right {
		right[i].pos += width
		right[i].typ.Nullable = right[i].typ.Nullable || j.kind == plan.LeftJoin
	}
	both := &source{}
	for _, s := range shared {
		c := left[s.l]
		c.src = both
		t.cols = append(t.cols, c)
		left[s.l].merged, right[s.r].merged = true, true
	}
	if j.swapped && len(shared) == 0 {
		left, right = right, left
	}
	t.cols = append(append(t.cols, left...), right...)
}
