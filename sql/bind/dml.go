package bind

import (
	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// target returns the one table that a statement writes, and its alias.
func (b *binder) target(refs *ast.TableRefsClause, verb string) (*catalog.Table, string, error) {
	j := refs.TableRefs
	src, ok := j.Left.(*ast.TableSource)
	if ok {
		if inner, nested := src.Source.(*ast.Join); nested && inner.Right == nil {
			src, ok = inner.Left.(*ast.TableSource)
		}
	}
	if j.Right != nil || !ok {
		return nil, "", sqlerr.NotSupported("%s of several tables", verb).WithHint("select the rows by a subquery in WHERE")
	}
	name, ok := src.Source.(*ast.TableName)
	if !ok {
		return nil, "", sqlerr.New(errNonUpdatable, "The target table %s of the %s is not updatable", src.AsName.O, verb)
	}
	if len(name.PartitionNames) > 0 {
		return nil, "", b.refuseAt(b.text.Find("partition"), "PARTITION")
	}
	t, err := b.table(name, verb)
	if err != nil {
		return nil, "", err
	}
	if src.AsName.O != "" {
		return t, src.AsName.O, nil
	}
	return t, t.Name, nil
}

// tableColumn looks a column of a table to be written up.
func (b *binder) tableColumn(t *catalog.Table, n *ast.ColumnName) (int, error) {
	if i := t.Column(n.Name.O); i >= 0 && (n.Table.O == "" || n.Table.O == t.Name) {
		return i, nil
	}
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	e := b.errAt(b.text.Find(n.Name.O), sqlerr.ErrBadField, "Unknown column '%s' in 'field list'", n.OrigColName())
	return 0, suggest(e, catalog.Nearest(n.Name.O, names))
}

// defaultValue is what a column left out gets; errno 1364 when it must be
// given. IGNORE gives the type's own zero.
func (b *binder) defaultValue(c *catalog.Column, ignore bool) (expr.Expr, error) {
	switch {
	case c.AutoIncrement:
		return nullConst(c.Type), nil
	case c.DefaultNow:
		return b.now(c.Type)
	case c.Default != nil:
		v := *c.Default
		v.Type = c.Type
		return &expr.Const{V: v}, nil
	case c.Type.Nullable:
		return nullConst(c.Type), nil
	case ignore:
		return &expr.Const{V: zeroValue(c.Type)}, nil
	}
	return nil, sqlerr.New(sqlerr.ErrNoDefaultForField, "Field '%s' doesn't have a default value", c.Name)
}

// zeroValue is the implicit default of a type: 0, ” or the first day.
func zeroValue(t types.Type) types.Value {
	v := types.Value{Type: t}
	if t.Kind.IsTime() {
		v, _ = types.ConvertValue(types.TextValue("0001-01-01"), t)
	}
	return v
}

// now is CURRENT_TIMESTAMP of a column's type.
func (b *binder) now(t types.Type) (expr.Expr, error) {
	var args []expr.Expr
	if t.Prec > 0 {
		args = append(args, intConst(int64(t.Prec)))
	}
	e, err := expr.Resolve("now", args)
	if err != nil {
		return nil, err
	}
	return castTo(e, t), nil
}

// storedType is the type in which Source puts a column out: the one that
// gets numbers may be NULL until it has one.
func storedType(c *catalog.Column) types.Type {
	return c.Type.WithNull(c.Type.Nullable || c.AutoIncrement)
}

// store converts e for storing into a column. A constant that fits is
// converted now.
func store(e expr.Expr, c *catalog.Column) expr.Expr {
	t := storedType(c)
	if k, ok := e.(*expr.Const); ok {
		if k.V.IsNull {
			if t.Nullable {
				return nullConst(t)
			}
		} else if v, st := types.ConvertValue(k.V, t); st == types.OK && !v.IsNull {
			v.Type = t
			return &expr.Const{V: v}
		}
	}
	return expr.Assign(e, t, c.Name)
}

func (b *binder) insert(n *ast.InsertStmt) (*Insert, error) {
	verb := "INSERT"
	if n.IsReplace {
		verb = "REPLACE"
	}
	t, _, err := b.target(n.Table, verb)
	if err != nil {
		return nil, err
	}
	out := &Insert{Table: t, AutoInc: t.AutoIncrement()}
	switch {
	case n.IsReplace:
		out.Mode = InsertReplace
	case len(n.OnDuplicate) > 0:
		out.Mode = InsertUpdate
	case n.IgnoreErr:
		out.Mode = InsertIgnore
	}
	cols, err := b.insertColumns(t, n.Columns)
	if err != nil {
		return nil, err
	}
	if n.Select != nil {
		out.Source, err = b.insertSelect(t, cols, n)
	} else {
		out.Source, err = b.insertValues(t, cols, n)
		_, out.Literal = out.Source.(*plan.Values)
	}
	if err != nil {
		return nil, err
	}
	if len(n.OnDuplicate) > 0 {
		if out.OnDup, err = b.onDuplicate(t, n.OnDuplicate); err != nil {
			return nil, err
		}
	}
	out.Common = b.common(out.Source, setExprs(out.OnDup)...)
	return out, nil
}

// insertColumns returns the positions of the named columns; all when none is
// named.
func (b *binder) insertColumns(t *catalog.Table, names []*ast.ColumnName) ([]int, error) {
	if len(names) == 0 {
		cols := make([]int, len(t.Columns))
		for i := range cols {
			cols[i] = i
		}
		return cols, nil
	}
	cols := make([]int, len(names))
	seen := make([]bool, len(t.Columns))
	for i, n := range names {
		c, err := b.tableColumn(t, n)
		if err != nil {
			return nil, err
		}
		if seen[c] {
			return nil, b.errAt(b.text.Find(n.Name.O), sqlerr.ErrFieldSpecifiedTwice, "Column '%s' specified twice", n.Name.O)
		}
		cols[i], seen[c] = c, true
	}
	return cols, nil
}

// storedSchema describes the full rows that an insert makes.
func storedSchema(t *catalog.Table) plan.Schema {
	sch := make(plan.Schema, len(t.Columns))
	for i := range t.Columns {
		sch[i] = plan.Column{Name: t.Columns[i].Name, Type: storedType(&t.Columns[i]), Table: t.Name, DB: t.DB}
	}
	return sch
}

// insertValues is VALUES (..), (..): a Values of full rows; with subqueries a
// Union of such and of rows over the subqueries.
func (b *binder) insertValues(t *catalog.Table, cols []int, n *ast.InsertStmt) (plan.Node, error) {
	defaults, err := b.otherDefaults(t, cols, n.IgnoreErr, len(n.Columns) == 0 && len(n.Lists) > 0 && len(n.Lists[0]) == 0)
	if err != nil {
		return nil, err
	}
	c := &clause{binder: b, t: dual(), name: "field list"}
	before := c.t.node
	var ins []plan.Node
	sch := storedSchema(t)
	rows := make([][]expr.Expr, 0, len(n.Lists))
	cells := make([]expr.Expr, len(n.Lists)*len(t.Columns))
	for i, list := range n.Lists {
		row := cells[:len(t.Columns):len(t.Columns)]
		cells = cells[len(t.Columns):]
		copy(row, defaults)
		if len(list) != len(cols) && (len(list) > 0 || len(n.Columns) > 0) {
			return nil, sqlerr.New(sqlerr.ErrWrongValueCount, "Column count doesn't match value count at row %d", i+1).AtRow(i+1).
				WithHint("%d columns, %d values", len(cols), len(list))
		}
		for j, v := range list {
			col := &t.Columns[cols[j]]
			if row[cols[j]], err = c.cell(v, col, t, n.IgnoreErr); err != nil {
				return nil, err
			}
		}
		if c.t.node != before {
			ins = append(literalRows(ins, rows, sch), &plan.Project{In: c.t.node, Exprs: row, Sch: sch})
			rows, c.t = nil, &tree{node: before}
			continue
		}
		rows = append(rows, row)
	}
	if len(ins) == 0 {
		return &plan.Values{Rows: rows, Sch: sch}, nil
	}
	if ins = literalRows(ins, rows, sch); len(ins) == 1 {
		return ins[0], nil
	}
	return &plan.Union{Ins: ins, Sch: sch}, nil
}

// literalRows appends literal rows to the inputs of a Union, where there are
// any.
func literalRows(ins []plan.Node, rows [][]expr.Expr, sch plan.Schema) []plan.Node {
	if len(rows) == 0 {
		return ins
	}
	return append(ins, &plan.Values{Rows: rows, Sch: sch})
}

// otherDefaults fills a row with the values of the columns that are not in
// cols, or of all when the rows are empty.
func (b *binder) otherDefaults(t *catalog.Table, cols []int, ignore, all bool) ([]expr.Expr, error) {
	given := make([]bool, len(t.Columns))
	for _, c := range cols {
		given[c] = !all
	}
	row := make([]expr.Expr, len(t.Columns))
	for i := range t.Columns {
		if given[i] {
			continue
		}
		e, err := b.defaultValue(&t.Columns[i], ignore)
		if err != nil {
			return nil, err
		}
		row[i] = e
	}
	return row, nil
}

// cell binds one value for a column: an expression or DEFAULT.
func (c *clause) cell(n ast.ExprNode, col *catalog.Column, t *catalog.Table, ignore bool) (expr.Expr, error) {
	if d, ok := n.(*ast.DefaultExpr); ok {
		if d.Name != nil {
			i, err := c.tableColumn(t, d.Name)
			if err != nil {
				return nil, err
			}
			e, err := c.defaultValue(&t.Columns[i], ignore)
			if err != nil {
				return nil, err
			}
			return store(e, col), nil
		}
		return c.defaultValue(col, ignore)
	}
	e, err := c.expr(n)
	if err != nil {
		return nil, err
	}
	return store(e, col), nil
}

// insertSelect is INSERT .. SELECT.
func (b *binder) insertSelect(t *catalog.Table, cols []int, n *ast.InsertStmt) (plan.Node, error) {
	q, err := b.query(n.Select, false, nil)
	if err != nil {
		return nil, err
	}
	if len(q.names) != len(cols) {
		return nil, sqlerr.New(sqlerr.ErrWrongValueCount, "Column count doesn't match value count at row 1").
			WithHint("%d columns, the SELECT has %d", len(cols), len(q.names))
	}
	row, err := b.otherDefaults(t, cols, n.IgnoreErr, false)
	if err != nil {
		return nil, err
	}
	in, list := q.node, leading(q.node, len(cols))
	if p, ok := in.(*plan.Project); ok { // a quotient is stored with all its digits
		in, list = p.In, p.Exprs
	}
	for i, e := range list {
		row[cols[i]] = store(e, &t.Columns[cols[i]])
	}
	return &plan.Project{In: in, Exprs: row, Sch: storedSchema(t)}, nil
}

// onDuplicate binds the assignments of ON DUPLICATE KEY UPDATE over the old
// row followed by the new one.
func (b *binder) onDuplicate(t *catalog.Table, list []*ast.Assignment) ([]Set, error) {
	old, err := b.scan(t, t.Name)
	if err != nil {
		return nil, err
	}
	c := &clause{binder: b, t: old, name: "field list", fixed: "in ON DUPLICATE KEY UPDATE"}
	c.values = func(n *ast.ColumnName) (expr.Expr, error) {
		i, err := b.tableColumn(t, n)
		if err != nil {
			return nil, err
		}
		return &expr.Col{Index: len(t.Columns) + i, Name: t.Columns[i].Name, T: t.Columns[i].Type}, nil
	}
	return b.sets(t, c, list, false)
}

// sets binds assignments from left to right: each sees the values that those
// before it gave. Columns with ON UPDATE CURRENT_TIMESTAMP follow.
func (b *binder) sets(t *catalog.Table, c *clause, list []*ast.Assignment, ignore bool) ([]Set, error) {
	var out []Set
	now := map[int]expr.Expr{} // what a column holds after the assignments so far
	for _, a := range list {
		col, err := b.assigned(t, c, a.Column)
		if err != nil {
			return nil, err
		}
		s, err := c.set(t, col, a.Expr, now, ignore)
		if err != nil {
			return nil, err
		}
		if _, twice := now[col]; twice {
			for i := range out {
				if out[i].Col == col {
					out = append(out[:i], out[i+1:]...)
					break
				}
			}
		}
		now[col] = s.New
		out = append(out, s)
	}
	return b.touch(t, out)
}

// assigned looks up the column on the left of an assignment.
func (b *binder) assigned(t *catalog.Table, c *clause, n *ast.ColumnName) (int, error) {
	if n.Table.O != "" && n.Table.O != t.Name && len(c.t.cols) > 0 && c.t.cols[0].src.alias == n.Table.O {
		n = &ast.ColumnName{Name: n.Name}
	}
	return b.tableColumn(t, n)
}

// set binds one assignment.
func (c *clause) set(t *catalog.Table, col int, n ast.ExprNode, now map[int]expr.Expr, ignore bool) (Set, error) {
	column := t.Columns[col]
	column.AutoIncrement = false // an UPDATE gives it no number
	if d, ok := n.(*ast.DefaultExpr); ok && d.Name == nil {
		e, err := c.defaultValue(&column, ignore)
		return Set{Col: col, Kind: SetConst, New: e}, err
	}
	if _, before := now[col]; !before {
		if s, ok, err := c.addition(t, col, &column, n); ok || err != nil {
			return s, err
		}
	}
	e, err := c.expr(n)
	if err != nil {
		return Set{}, err
	}
	e = expr.Transform(e, func(e expr.Expr) expr.Expr {
		if c, ok := e.(*expr.Col); ok && now[c.Index] != nil {
			return now[c.Index]
		}
		return e
	})
	s := Set{Col: col, New: store(e, &column)}
	if len(expr.Columns(s.New)) == 0 && expr.Volatility(s.New) != expr.Changing {
		s.Kind = SetConst
	}
	return s, nil
}

// addition recognises c = c + x and c = c - x where x reads no columns and
// the sum cannot differ by conversions: integers, and decimals of no more
// digits behind the point than the column's.
func (c *clause) addition(t *catalog.Table, col int, column *catalog.Column, n ast.ExprNode) (Set, bool, error) {
	op, ok := strip(n).(*ast.BinaryOperationExpr)
	if !ok || op.Op != opcode.Plus && op.Op != opcode.Minus || !column.Type.Kind.IsInt() && column.Type.Kind != types.Decimal {
		return Set{}, false, nil
	}
	l, r := strip(op.L), strip(op.R)
	if op.Op == opcode.Plus {
		if _, ok := r.(*ast.ColumnNameExpr); ok {
			l, r = r, l
		}
	}
	name, ok := l.(*ast.ColumnNameExpr)
	if !ok || c.t.find(name.Name) != col {
		return Set{}, false, nil
	}
	x, err := c.number(r)
	if err != nil {
		return Set{}, false, err
	}
	if p, ok := x.(*expr.Param); ok && column.Type.Kind.IsInt() {
		x = &expr.Param{N: p.N, T: c.paramType(p.N, types.TypeInt.WithNull(true))}
	}
	if len(expr.Columns(x)) > 0 || expr.Volatility(x) == expr.Changing {
		return Set{}, false, nil
	}
	delta := x
	if op.Op == opcode.Minus {
		if delta, err = c.resolve(n, "neg", x); err != nil {
			return Set{}, false, err
		}
		delta = expr.Fold(delta)
	}
	switch k := delta.Type(); {
	case column.Type.Kind.IsInt() && k.Kind.IsInt() && !k.Kind.IsUnsigned():
		delta = castTo(delta, types.TypeInt)
	case column.Type.Kind == types.Decimal && (k.Kind.IsInt() || k.Kind == types.Decimal && k.Scale <= column.Type.Scale):
		delta = castTo(delta, column.Type)
	default:
		return Set{}, false, nil
	}
	i := c.t.find(name.Name)
	sum, err := c.resolve(op, operators[op.Op], c.t.cols[i].expr(), x)
	if err != nil {
		return Set{}, false, err
	}
	return Set{Col: col, Kind: SetAdd, New: store(sum, column), Delta: delta}, true, nil
}

// touch adds the columns with ON UPDATE CURRENT_TIMESTAMP that are not
// assigned: now, if another column really changes.
func (b *binder) touch(t *catalog.Table, sets []Set) ([]Set, error) {
	given := map[int]bool{}
	for _, s := range sets {
		given[s.Col] = true
	}
	n := len(sets)
	for i := range t.Columns {
		col := &t.Columns[i]
		if !col.OnUpdateNow || given[i] {
			continue
		}
		e, err := b.now(col.Type)
		if err != nil {
			return nil, err
		}
		if e, err = b.ifChanged(t, sets[:n], e, i); err != nil {
			return nil, err
		}
		sets = append(sets, Set{Col: i, New: castTo(e, col.Type)})
	}
	return sets, nil
}

// ifChanged is e where an assignment changes something, else the old value of
// column col. Strings count as changed when their bytes differ.
func (b *binder) ifChanged(t *catalog.Table, sets []Set, e expr.Expr, col int) (expr.Expr, error) {
	var same []expr.Expr
	for _, s := range sets {
		var old expr.Expr = &expr.Col{Index: s.Col, Name: t.Columns[s.Col].Name, T: t.Columns[s.Col].Type}
		val := s.New
		if old.Type().Kind == types.String {
			old, val = expr.Cast(old, types.TypeBytes.WithNull(old.Type().Nullable)), expr.Cast(val, types.TypeBytes.WithNull(true))
		}
		x, err := expr.Resolve("<=>", []expr.Expr{old, val})
		if err != nil {
			return nil, err
		}
		same = append(same, x)
	}
	all, err := b.balance(b.tree.Node, "and", same)
	if err != nil {
		return nil, err
	}
	return expr.Resolve("if", []expr.Expr{all, &expr.Col{Index: col, Name: t.Columns[col].Name, T: t.Columns[col].Type}, e})
}

func setExprs(sets []Set) []expr.Expr {
	var out []expr.Expr
	for _, s := range sets {
		out = append(out, s.New)
		if s.Delta != nil {
			out = append(out, s.Delta)
		}
	}
	return out
}

// stored scans a table as it is stored, a hidden row id included; names reach
// the declared columns.
func (b *binder) stored(t *catalog.Table, alias string) (*tree, error) {
	tr, err := b.scan(t, alias)
	if err != nil {
		return nil, err
	}
	if id := t.RowID(); id >= 0 {
		s := tr.node.(*plan.Scan)
		s.Cols = append(s.Cols, id)
		s.Sch = append(s.Sch, plan.Column{Name: "(row id)", Type: types.TypeUint, Table: t.Name, DB: t.DB})
	}
	return tr, nil
}

// chosen applies WHERE, ORDER BY and LIMIT of an UPDATE or DELETE.
func (b *binder) chosen(tr *tree, where ast.ExprNode, o *ast.OrderByClause, l *ast.Limit) error {
	if where != nil {
		q := &selecting{binder: b, t: tr}
		if err := q.where(where); err != nil {
			return err
		}
	}
	limit, err := b.limit(l)
	if err != nil || limit == nil && o == nil {
		return err
	}
	if limit == nil {
		limit = &plan.Top{Limit: plan.NoLimit}
	}
	c := &clause{binder: b, t: tr, name: "order clause"}
	var keys []expr.Expr
	for _, item := range orderItems(o) {
		e, err := c.expr(item.Expr)
		if err != nil {
			return err
		}
		keys = append(keys, e)
	}
	for i, pos := range tr.extend(keys) {
		limit.Order = append(limit.Order, plan.Order{Col: pos, Desc: o.Items[i].Desc})
	}
	limit.In = tr.node
	tr.node = limit
	return nil
}

func (b *binder) update(n *ast.UpdateStmt) (*Update, error) {
	if err := b.with(n.With); err != nil {
		return nil, err
	}
	t, alias, err := b.target(n.TableRefs, "UPDATE")
	if err != nil {
		return nil, err
	}
	tr, err := b.stored(t, alias)
	if err != nil {
		return nil, err
	}
	old := tr.node.Schema()
	out := &Update{Table: t, Ignore: n.IgnoreErr}
	if n.Order == nil && n.Limit == nil {
		out.Point = b.point(t, tr, n.Where)
	}
	if err := b.chosen(tr, n.Where, n.Order, n.Limit); err != nil {
		return nil, err
	}
	c := &clause{binder: b, t: tr, name: "field list"}
	if out.Sets, err = b.sets(t, c, n.List, n.IgnoreErr); err != nil {
		return nil, err
	}
	if len(tr.node.Schema()) > len(old) {
		out.Point = nil // a subquery of SET has to be read
	}
	p := &plan.Project{In: tr.node}
	for i, col := range old {
		p.Exprs = append(p.Exprs, &expr.Col{Index: i, Name: col.Name, T: col.Type})
		p.Sch = append(p.Sch, col)
	}
	p.Exprs = append(p.Exprs, p.Exprs[:len(t.Columns)]...)
	p.Sch = append(p.Sch, old[:len(t.Columns)]...)
	for _, s := range out.Sets {
		p.Exprs[len(old)+s.Col] = s.New
	}
	out.Source = p
	out.Common = b.common(p, append(setExprs(out.Sets), out.Point...)...)
	return out, nil
}

func (b *binder) delete(n *ast.DeleteStmt) (*Delete, error) {
	if err := b.with(n.With); err != nil {
		return nil, err
	}
	if n.IsMultiTable {
		return nil, sqlerr.NotSupported("DELETE of several tables").WithHint("select the rows by a subquery in WHERE")
	}
	t, alias, err := b.target(n.TableRefs, "DELETE")
	if err != nil {
		return nil, err
	}
	tr, err := b.stored(t, alias)
	if err != nil {
		return nil, err
	}
	out := &Delete{Table: t, Ignore: n.IgnoreErr}
	if n.Order == nil && n.Limit == nil {
		out.Point = b.point(t, tr, n.Where)
	}
	old := tr.node.Schema()
	if err := b.chosen(tr, n.Where, n.Order, n.Limit); err != nil {
		return nil, err
	}
	out.Source = tr.node
	if len(tr.node.Schema()) > len(old) {
		p := &plan.Project{In: tr.node, Sch: old, Exprs: leading(tr.node, len(old))}
		out.Source = p
	}
	out.Common = b.common(out.Source, out.Point...)
	return out, nil
}

// point recognises WHERE key = constant [AND ..], naming each key column
// once: the key's values in order. nil for anything else.
func (b *binder) point(t *catalog.Table, tr *tree, where ast.ExprNode) []expr.Expr {
	if where == nil || len(t.Key) == 0 {
		return nil
	}
	conjuncts := terms(where, opcode.LogicAnd)
	if len(conjuncts) != len(t.Key) {
		return nil
	}
	out := make([]expr.Expr, len(t.Key))
	for _, n := range conjuncts {
		eq, ok := n.(*ast.BinaryOperationExpr)
		if !ok || eq.Op != opcode.EQ {
			return nil
		}
		name, ok := strip(eq.L).(*ast.ColumnNameExpr)
		value := eq.R
		if !ok {
			if name, ok = strip(eq.R).(*ast.ColumnNameExpr); !ok {
				return nil
			}
			value = eq.L
		}
		col := tr.find(name.Name)
		for i, k := range t.Key {
			if k == col && out[i] == nil {
				out[i] = b.keyValue(value, t.Columns[k].Type)
			}
		}
	}
	for _, e := range out {
		if e == nil {
			return nil
		}
	}
	return out
}

// keyValue is a constant or parameter as a value of a key column, where
// comparing with it as such means the same; else nil.
func (b *binder) keyValue(n ast.ExprNode, t types.Type) expr.Expr {
	n = strip(n)
	if m, ok := n.(*ast.UnaryOperationExpr); ok && m.Op == opcode.Minus {
		if l, ok := m.V.(*parse.Literal); ok {
			if neg, ok := negative(l); ok {
				n = neg
			}
		}
	}
	switch n := n.(type) {
	case *parse.Param:
		if len(b.env.ParamTypes) > 0 {
			return nil // a value of another type: compare as SQL does
		}
		return &expr.Param{N: n.N, T: t.WithNull(true)}
	case *parse.Literal:
		v, err := b.literal(n)
		if err != nil || v.IsNull || v.Type.Kind.IsText() != t.Kind.IsText() && !v.Type.Kind.IsText() {
			return nil
		}
		if t.Kind.IsText() && (v.Type.Kind != t.Kind || v.Type.Kind == types.String && v.Type.Coll != t.Coll) {
			return nil
		}
		v, st := types.ConvertValue(v, t)
		if st != types.OK || v.IsNull {
			return nil
		}
		v.Type = t
		return &expr.Const{V: v}
	}
	return nil
}
