package bind

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/format"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

const maxName = 64 // characters of a name

func (b *binder) checkName(name string) error {
	if utf8.RuneCountInString(name) > maxName {
		return b.errAt(b.text.Find(name), sqlerr.ErrTooLongIdent, "Identifier name '%.80s' is too long", name)
	}
	return nil
}

// tableDef is a CREATE TABLE being bound.
type tableDef struct {
	*binder
	own   map[string]types.Type
	t     *catalog.Table
	coll  types.Collation
	notes []*sqlerr.Error
	// nullable are the columns that were declared NULL in so many words.
	nullable map[int]bool
}

func (d *tableDef) note(format string, args ...any) {
	d.notes = append(d.notes, sqlerr.New(sqlerr.ErrUnknown, format, args...))
}

func (b *binder) createTable(n *ast.CreateTableStmt) (*DDL, error) {
	db, err := b.database(n.Table.Schema.O, b.text.Find(n.Table.Name.O))
	if err != nil {
		return nil, err
	}
	if err := b.checkName(n.Table.Name.O); err != nil {
		return nil, err
	}
	if n.IfNotExists {
		if _, ok := b.env.Catalog.Lookup(db, n.Table.Name.O); ok {
			note := sqlerr.New(sqlerr.ErrTableExists, "Table '%s' already exists", n.Table.Name.O)
			return &DDL{Notes: []*sqlerr.Error{note}, Guarded: true}, nil
		}
	}
	switch {
	case n.TemporaryKeyword != ast.TemporaryNone:
		return nil, b.refuseAt(b.text.Find("temporary"), "temporary tables")
	case n.Select != nil:
		return nil, b.refuseAt(b.text.Find("select"), "CREATE TABLE .. SELECT").WithHint("CREATE TABLE first, then INSERT .. SELECT")
	case n.Partition != nil:
		return nil, b.refuseAt(b.text.Find("partition"), "PARTITION BY")
	}
	d := &tableDef{binder: b, own: b.tree.Types, nullable: map[int]bool{},
		t: &catalog.Table{DB: db, Name: n.Table.Name.O}, coll: types.DefaultCollation}
	if cd, ok := b.env.Catalog.Database(db); ok && cd.Coll != 0 {
		d.coll = cd.Coll
	}
	if n.ReferTable != nil {
		err = d.like(n.ReferTable)
	} else {
		err = d.define(n)
	}
	if err != nil {
		return nil, err
	}
	return &DDL{Change: &catalog.CreateTable{Table: d.t}, Notes: d.notes, Guarded: n.IfNotExists}, nil
}

// like copies the definition of another table.
func (d *tableDef) like(n *ast.TableName) error {
	from, err := d.table(n, "CREATE TABLE .. LIKE")
	if err != nil {
		return err
	}
	name, db := d.t.Name, d.t.DB
	c := *from
	c.ID, c.Version, c.Name, c.DB = 0, 0, name, db
	c.Columns = append([]catalog.Column{}, from.Columns...)
	c.Indexes = append([]catalog.Index{}, from.Indexes...)
	for i := range c.Indexes {
		c.Indexes[i].ID = 0
	}
	d.t = &c
	return nil
}

func (d *tableDef) define(n *ast.CreateTableStmt) error {
	if len(n.Cols) == 0 {
		return sqlerr.New(errTableNoColumns, "A table must have at least 1 column")
	}
	for _, o := range n.Options {
		if err := d.option(o); err != nil {
			return err
		}
	}
	for _, c := range n.Cols {
		if err := d.column(c); err != nil {
			return err
		}
	}
	for _, c := range n.Cols {
		if err := d.inlineKeys(c); err != nil {
			return err
		}
	}
	for _, c := range n.Constraints {
		if err := d.constraint(c); err != nil {
			return err
		}
	}
	for i := range d.t.Indexes {
		if d.t.Indexes[i].Name == "" {
			d.t.Indexes[i].Name = d.indexName(d.t.Indexes[i].Cols[0])
		}
	}
	return d.checkAutoIncrement()
}

// engines are the names that mean Weir's own storage.
var engines = map[string]bool{"innodb": true, "memory": true, "myisam": true, "aria": true, "rocksdb": true}

func (d *tableDef) option(o *ast.TableOption) error {
	var err error
	switch o.Tp {
	case ast.TableOptionEngine:
		switch name := strings.ToLower(o.StrValue); {
		case name == "innodb" || name == "":
		case name == "analytic":
			return d.refuseAt(d.text.Find("engine"), "ENGINE=Analytic")
		case engines[name]:
			d.note("ENGINE=%s is taken as Weir's only engine", o.StrValue)
		default:
			return d.errAt(d.text.Find("engine"), sqlerr.ErrUnknownStorageEngine, "Unknown storage engine '%s'", o.StrValue)
		}
	case ast.TableOptionCharset:
		if !o.Default || o.StrValue != "" {
			d.coll, err = d.charset(o.StrValue, d.text.Find(o.StrValue))
		}
	case ast.TableOptionCollate:
		d.coll, err = d.collation(o.StrValue, d.text.Find(o.StrValue))
	case ast.TableOptionComment:
		d.t.Comment = o.StrValue
	case ast.TableOptionAutoIncrement:
		if o.UintValue > 1 {
			d.note("AUTO_INCREMENT=%d is ignored: numbers go on behind the highest one that was inserted", o.UintValue)
		}
	default:
		var text strings.Builder
		if err := o.Restore(format.NewRestoreCtx(format.RestoreKeyWordUppercase, &text)); err != nil {
			return d.refuseAt(0, "an option of this table")
		}
		d.note("%s is ignored", text.String())
	}
	return err
}

// column binds a column definition but for its keys.
func (d *tableDef) column(n *ast.ColumnDef) error {
	name := n.Name.Name.O
	off := d.text.Find(name)
	if err := d.checkName(name); err != nil {
		return err
	}
	if d.t.Column(name) >= 0 {
		return d.errAt(off, sqlerr.ErrDupFieldName, "Duplicate column name '%s'", name)
	}
	ft := n.Tp
	coll := d.coll
	for _, o := range n.Options {
		if o.Tp == ast.ColumnOptionCollate {
			c, err := d.collation(o.StrValue, d.text.Find(o.StrValue))
			if err != nil {
				return err
			}
			coll = c
			ft = ft.DeepCopy()
			ft.SetCollate(o.StrValue)
		}
	}
	t, err := d.columnType(ft, name, coll, off)
	if err != nil {
		return err
	}
	if own, ok := d.own[strings.ToLower(name)]; ok {
		if own.Kind == types.String {
			own.Coll = t.Coll
		}
		t = own
	}
	col := catalog.Column{Name: name, Type: t.WithNull(true)}
	for _, o := range n.Options {
		if err := d.columnOption(&col, o, off); err != nil {
			return err
		}
	}
	if col.AutoIncrement {
		col.Type.Nullable = false
		if !t.Kind.IsInt() {
			return d.errAt(off, errWrongFieldSpec, "Incorrect column specifier for column '%s'", name)
		}
		if col.Default != nil {
			return d.invalidDefault(name, off)
		}
	}
	if col.Default != nil && col.Default.IsNull {
		if !col.Type.Nullable {
			return d.invalidDefault(name, off)
		}
		col.Default = nil
	}
	d.t.Columns = append(d.t.Columns, col)
	return nil
}

func (d *tableDef) invalidDefault(name string, off int) error {
	return d.errAt(off, sqlerr.ErrInvalidDefault, "Invalid default value for '%s'", name)
}

func (d *tableDef) columnOption(col *catalog.Column, o *ast.ColumnOption, off int) error {
	switch o.Tp {
	case ast.ColumnOptionNotNull:
		col.Type.Nullable = false
	case ast.ColumnOptionNull:
		col.Type.Nullable = true
		d.nullable[len(d.t.Columns)] = true
	case ast.ColumnOptionAutoIncrement:
		col.AutoIncrement = true
	case ast.ColumnOptionDefaultValue:
		return d.defaultOption(col, o.Expr, off)
	case ast.ColumnOptionOnUpdate:
		if !isNow(o.Expr) || !d.nowFits(col.Type, o.Expr) {
			return d.errAt(off, errInvalidOnUpdate, "Invalid ON UPDATE clause for '%s' column", col.Name)
		}
		col.OnUpdateNow = true
	case ast.ColumnOptionComment:
		if l, ok := o.Expr.(*parse.Literal); ok {
			col.Comment = l.GetString()
		}
	case ast.ColumnOptionCollate, ast.ColumnOptionPrimaryKey, ast.ColumnOptionUniqKey:
	case ast.ColumnOptionGenerated:
		return d.refuseAt(off, "generated columns (column '%s')", col.Name)
	case ast.ColumnOptionReference:
		return d.refuseAt(off, "FOREIGN KEY (column '%s')", col.Name)
	case ast.ColumnOptionCheck:
		return d.refuseAt(off, "CHECK (column '%s')", col.Name)
	default:
		return d.refuseAt(off, "an option of column '%s'", col.Name)
	}
	return nil
}

// isNow tells whether n is CURRENT_TIMESTAMP or one of its other names.
func isNow(n ast.ExprNode) bool {
	f, ok := n.(*ast.FuncCallExpr)
	return ok && (f.FnName.L == "current_timestamp" || f.FnName.L == "now")
}

// nowFits checks that CURRENT_TIMESTAMP(n) has the fraction of its column.
func (d *tableDef) nowFits(t types.Type, n ast.ExprNode) bool {
	fsp := int64(0)
	if f := n.(*ast.FuncCallExpr); len(f.Args) > 0 {
		if l, ok := f.Args[0].(*parse.Literal); ok {
			fsp, _ = l.Val.(int64)
		}
	}
	return (t.Kind == types.Datetime || t.Kind == types.Timestamp) && int64(t.Prec) == fsp
}

func (d *tableDef) defaultOption(col *catalog.Column, n ast.ExprNode, off int) error {
	n = strip(n)
	if isNow(n) {
		if !d.nowFits(col.Type, n) {
			return d.invalidDefault(col.Name, off)
		}
		col.DefaultNow = true
		return nil
	}
	c := &clause{binder: d.binder, t: dual(), name: "default", fixed: "in DEFAULT"}
	e, err := c.expr(n)
	if err != nil {
		return err
	}
	k, ok := expr.Fold(e).(*expr.Const)
	if !ok {
		return d.refuseAt(off, "a DEFAULT that is no constant (column '%s')", col.Name)
	}
	v, st := types.ConvertValue(k.V, col.Type)
	if st != types.OK && st != types.Noted || v.IsNull && !k.V.IsNull {
		return d.invalidDefault(col.Name, off)
	}
	v.Type = col.Type
	col.Default = &v
	return nil
}

// inlineKeys makes the keys that stand beside a column.
func (d *tableDef) inlineKeys(n *ast.ColumnDef) error {
	col := d.t.Column(n.Name.Name.O)
	for _, o := range n.Options {
		switch o.Tp {
		case ast.ColumnOptionPrimaryKey:
			if err := d.primaryKey([]int{col}); err != nil {
				return err
			}
		case ast.ColumnOptionUniqKey:
			d.t.Indexes = append(d.t.Indexes, catalog.Index{Cols: []int{col}, Unique: true})
		}
	}
	return nil
}

func (d *tableDef) primaryKey(cols []int) error {
	if len(d.t.Key) > 0 {
		return d.errAt(d.text.Find("primary"), sqlerr.ErrMultiplePriKey, "Multiple primary key defined")
	}
	for _, c := range cols {
		if d.nullable[c] {
			return d.errAt(d.text.Find(d.t.Columns[c].Name), sqlerr.ErrPrimaryCantHaveNull,
				"All parts of a PRIMARY KEY must be NOT NULL; if you need NULL in a key, use UNIQUE instead")
		}
		d.t.Columns[c].Type.Nullable = false
	}
	d.t.Key = cols
	return nil
}

func (d *tableDef) constraint(n *ast.Constraint) error {
	switch n.Tp {
	case ast.ConstraintPrimaryKey:
		cols, err := d.keyColumns(d.t, n.Keys, true)
		if err != nil {
			return err
		}
		return d.primaryKey(cols)
	case ast.ConstraintKey, ast.ConstraintIndex:
		return d.index(n, false)
	case ast.ConstraintUniq, ast.ConstraintUniqKey, ast.ConstraintUniqIndex:
		return d.index(n, true)
	case ast.ConstraintForeignKey:
		return d.refuseAt(d.text.Find("foreign"), "FOREIGN KEY")
	case ast.ConstraintCheck:
		return d.refuseAt(d.text.Find("check"), "CHECK")
	}
	return d.refuseAt(0, "FULLTEXT, SPATIAL and columnar indexes")
}

func (d *tableDef) index(n *ast.Constraint, unique bool) error {
	cols, err := d.keyColumns(d.t, n.Keys, unique)
	if err != nil {
		return err
	}
	if err := d.checkIndexName(n.Name); err != nil {
		return err
	}
	for _, x := range d.t.Indexes {
		if n.Name != "" && strings.EqualFold(x.Name, n.Name) {
			return d.errAt(d.text.Find(n.Name), sqlerr.ErrDupKeyName, "Duplicate key name '%s'", n.Name)
		}
	}
	d.t.Indexes = append(d.t.Indexes, catalog.Index{Name: n.Name, Cols: cols, Unique: unique})
	return nil
}

func (b *binder) checkIndexName(name string) error {
	if strings.EqualFold(name, "PRIMARY") {
		return b.errAt(b.text.Find(name), errWrongIndexName, "Incorrect index name '%s'", name)
	}
	return b.checkName(name)
}

// keyColumns looks the columns of a key up. A prefix length matters to unique
// keys only: there it must cover the column.
func (b *binder) keyColumns(t *catalog.Table, parts []*ast.IndexPartSpecification, unique bool) ([]int, error) {
	var cols []int
	for _, p := range parts {
		if p.Expr != nil {
			return nil, b.refuseAt(p.Expr.OriginTextPosition(), "an index on an expression")
		}
		name := p.Column.Name.O
		i := t.Column(name)
		if i < 0 {
			var names []string
			for _, c := range t.Columns {
				names = append(names, c.Name)
			}
			return nil, suggest(b.errAt(b.text.Find(name), sqlerr.ErrKeyColumnMissing, "Key column '%s' doesn't exist in table", name),
				catalog.Nearest(name, names))
		}
		for _, c := range cols {
			if c == i {
				return nil, b.errAt(b.text.Find(name), sqlerr.ErrDupFieldName, "Duplicate column name '%s'", name)
			}
		}
		typ := t.Columns[i].Type
		if p.Length > 0 && !typ.Kind.IsText() {
			return nil, b.errAt(b.text.Find(name), errWrongSubKey, "Incorrect prefix key; the used key part isn't a string")
		}
		if p.Length > 0 && unique && (typ.Len == 0 || p.Length < int(typ.Len)) {
			return nil, b.refuseAt(b.text.Find(name), "a unique key on a prefix of column '%s'", name)
		}
		cols = append(cols, i)
	}
	return cols, nil
}

// indexName is MySQL's name of an index that was given none: its first
// column's, numbered from 2 where taken.
func (d *tableDef) indexName(col int) string {
	base := d.t.Columns[col].Name
	for name, n := base, 2; ; name, n = base+"_"+strconv.Itoa(n), n+1 {
		taken := false
		for _, x := range d.t.Indexes {
			taken = taken || strings.EqualFold(x.Name, name)
		}
		if !taken {
			return name
		}
	}
}

// checkAutoIncrement is errno 1075: one column at most, and it leads a key.
func (d *tableDef) checkAutoIncrement() error {
	auto := -1
	for i, c := range d.t.Columns {
		if !c.AutoIncrement {
			continue
		}
		leads := len(d.t.Key) > 0 && d.t.Key[0] == i
		for _, x := range d.t.Indexes {
			leads = leads || x.Cols[0] == i
		}
		if auto >= 0 || !leads {
			return d.errAt(d.text.Find(c.Name), sqlerr.ErrWrongAutoKey,
				"Incorrect table definition; there can be only one auto column and it must be defined as a key")
		}
		auto = i
	}
	return nil
}

func (b *binder) createIndex(n *ast.CreateIndexStmt) (*DDL, error) {
	t, err := b.table(n.Table, "CREATE INDEX")
	if err != nil {
		return nil, err
	}
	unique := n.KeyType == ast.IndexKeyTypeUnique
	if !unique && n.KeyType != ast.IndexKeyTypeNone {
		return nil, b.refuseAt(0, "FULLTEXT, SPATIAL and columnar indexes")
	}
	if err := b.checkIndexName(n.IndexName); err != nil {
		return nil, err
	}
	for _, x := range t.Indexes {
		if strings.EqualFold(x.Name, n.IndexName) {
			e := b.errAt(b.text.Find(n.IndexName), sqlerr.ErrDupKeyName, "Duplicate key name '%s'", n.IndexName)
			if n.IfNotExists {
				return &DDL{Notes: []*sqlerr.Error{e}, Guarded: true}, nil
			}
			return nil, e
		}
	}
	cols, err := b.keyColumns(t, n.IndexPartSpecifications, unique)
	if err != nil {
		return nil, err
	}
	return &DDL{Guarded: n.IfNotExists, Change: &catalog.CreateIndex{Table: catalog.Name{DB: t.DB, Name: t.Name},
		Index: catalog.Index{Name: n.IndexName, Cols: cols, Unique: unique}}}, nil
}

func (b *binder) dropIndex(n *ast.DropIndexStmt) (*DDL, error) {
	t, err := b.table(n.Table, "DROP INDEX")
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(n.IndexName, "PRIMARY") {
		return nil, b.refuseAt(b.text.Find(n.IndexName), "dropping a primary key")
	}
	var names []string
	for _, x := range t.Indexes {
		if strings.EqualFold(x.Name, n.IndexName) {
			return &DDL{Guarded: n.IfExists, Change: &catalog.DropIndex{Table: catalog.Name{DB: t.DB, Name: t.Name}, Index: x.Name}}, nil
		}
		names = append(names, x.Name)
	}
	e := b.errAt(b.text.Find(n.IndexName), sqlerr.ErrCantDropFieldOrKey, "Can't DROP '%s'; check that column/key exists", n.IndexName)
	if n.IfExists {
		return &DDL{Notes: []*sqlerr.Error{e}, Guarded: true}, nil
	}
	return nil, suggest(e, catalog.Nearest(n.IndexName, names))
}

// dropped sorts the names of a DROP into those that are there and notes of
// those that are not; without IF EXISTS the latter are errno 1051.
func (b *binder) dropped(names []parse.Name, ifExists, views bool) ([]catalog.Name, []*sqlerr.Error, error) {
	var found []catalog.Name
	var missing []string
	var near string
	for _, n := range names {
		db, err := b.database(n.DB, b.text.Find(n.Name))
		if err != nil {
			return nil, nil, err
		}
		rel, ok := b.env.Catalog.Lookup(db, n.Name)
		_, isView := rel.(*catalog.View)
		switch {
		case ok && isView == views:
			found = append(found, catalog.Name{DB: db, Name: n.Name})
			continue
		case ok && views:
			return nil, nil, b.errAt(b.text.Find(n.Name), sqlerr.ErrWrongObject, "'%s.%s' is not VIEW", db, n.Name).WithHint("it is a table: DROP TABLE")
		case ok:
			return nil, nil, b.errAt(b.text.Find(n.Name), sqlerr.ErrWrongObject, "'%s.%s' is not BASE TABLE", db, n.Name).
				WithHint("it is a materialized view: DROP MATERIALIZED VIEW")
		}
		missing = append(missing, db+"."+n.Name)
		near = b.env.Catalog.NearestRelation(db, n.Name)
	}
	if len(missing) == 0 {
		return found, nil, nil
	}
	what := "table"
	if views {
		what = "view"
	}
	e := b.errAt(b.text.Find(names[0].Name), sqlerr.ErrBadTable, "Unknown %s '%s'", what, strings.Join(missing, ","))
	if !ifExists {
		return nil, nil, suggest(e, near)
	}
	return found, []*sqlerr.Error{e}, nil
}

func (b *binder) dropTables(n *ast.DropTableStmt) (*DDL, error) {
	if n.IsView {
		return nil, sqlerr.NotSupported("DROP VIEW").WithHint("write DROP MATERIALIZED VIEW")
	}
	if n.TemporaryKeyword != ast.TemporaryNone {
		return nil, b.refuseAt(b.text.Find("temporary"), "temporary tables")
	}
	names := make([]parse.Name, len(n.Tables))
	for i, t := range n.Tables {
		names[i] = parse.Name{DB: t.Schema.O, Name: t.Name.O}
	}
	found, notes, err := b.dropped(names, n.IfExists, false)
	if err != nil {
		return nil, err
	}
	out := &DDL{Notes: notes, Guarded: n.IfExists}
	if len(found) > 0 {
		out.Change = &catalog.DropTable{Names: found}
	}
	return out, nil
}

func (b *binder) dropViews(n *parse.DropViews) (*DDL, error) {
	found, notes, err := b.dropped(n.Views, n.IfExists, true)
	if err != nil {
		return nil, err
	}
	out := &DDL{Notes: notes, Guarded: n.IfExists}
	if len(found) > 0 {
		out.Change = &catalog.DropView{Names: found}
	}
	return out, nil
}

func (b *binder) truncate(n *ast.TruncateTableStmt) (*DDL, error) {
	t, err := b.table(n.Table, "TRUNCATE")
	if err != nil {
		return nil, err
	}
	return &DDL{Change: &catalog.TruncateTable{Name: catalog.Name{DB: t.DB, Name: t.Name}}}, nil
}

func (b *binder) createDatabase(n *ast.CreateDatabaseStmt) (*DDL, error) {
	name := n.Name.O
	if err := b.checkName(name); err != nil {
		return nil, err
	}
	if _, ok := b.env.Catalog.Database(name); ok {
		e := b.errAt(b.text.Find(name), sqlerr.ErrDBCreateExists, "Can't create database '%s'; database exists", name)
		if n.IfNotExists {
			return &DDL{Notes: []*sqlerr.Error{e}, Guarded: true}, nil
		}
		return nil, e
	}
	ch := &catalog.CreateDatabase{Name: name, Coll: types.DefaultCollation}
	for _, o := range n.Options {
		var err error
		switch o.Tp {
		case ast.DatabaseOptionCharset:
			ch.Coll, err = b.charset(o.Value, b.text.Find(o.Value))
		case ast.DatabaseOptionCollate:
			ch.Coll, err = b.collation(o.Value, b.text.Find(o.Value))
		default:
			err = b.refuseAt(0, "this option of a database")
		}
		if err != nil {
			return nil, err
		}
	}
	return &DDL{Change: ch, Guarded: n.IfNotExists}, nil
}

func (b *binder) dropDatabase(n *ast.DropDatabaseStmt) (*DDL, error) {
	name := n.Name.O
	if _, ok := b.env.Catalog.Database(name); ok {
		return &DDL{Change: &catalog.DropDatabase{Name: name}, Guarded: n.IfExists}, nil
	}
	e := b.errAt(b.text.Find(name), sqlerr.ErrDBDropExists, "Can't drop database '%s'; database doesn't exist", name)
	if n.IfExists {
		return &DDL{Notes: []*sqlerr.Error{e}, Guarded: true}, nil
	}
	return nil, suggest(e, b.env.Catalog.NearestDatabase(name))
}

// createView binds CREATE MATERIALIZED VIEW.
func (b *binder) createView(n *parse.CreateView) (*DDL, error) {
	db, err := b.database(n.View.DB, n.View.Offset)
	if err != nil {
		return nil, err
	}
	if err := b.checkName(n.View.Name); err != nil {
		return nil, err
	}
	if _, ok := b.env.Catalog.Lookup(db, n.View.Name); ok {
		e := b.errAt(n.View.Offset, sqlerr.ErrTableExists, "Table '%s' already exists", n.View.Name)
		if n.IfNotExists {
			return &DDL{Notes: []*sqlerr.Error{e}, Guarded: true}, nil
		}
		return nil, e
	}
	b.tree = n.Select
	q, err := b.query(n.Select.Node, true, nil)
	if err != nil {
		return nil, err
	}
	if n.Select.Params > 0 {
		return nil, sqlerr.New(errViewSelectVariable, "View's SELECT contains a variable or parameter")
	}
	v := &catalog.View{DB: db, Name: n.View.Name, Text: n.SelectText, Plan: q.node}
	out := &DDL{Change: &catalog.CreateView{View: v}, Guarded: n.IfNotExists, Query: b.finishQuery(q)}
	if len(out.Query.Depends) > 0 {
		return nil, sqlerr.New(errViewSelectVariable, "View's SELECT contains a variable or parameter").WithHint("it reads %s", out.Query.Depends[0])
	}
	if err := b.checkStable(q.node); err != nil {
		return nil, err
	}
	if v.Columns, err = b.viewColumns(q, n); err != nil {
		return nil, err
	}
	v.Plan = stored(q.node, v.Columns)
	return out, nil
}

// stored gives the columns of a view's plan the types that they are stored
// with: a bare NULL has none of its own.
func stored(n plan.Node, cols []catalog.Column) plan.Node {
	sch := append(plan.Schema(nil), n.Schema()...)
	exprs := make([]expr.Expr, len(sch))
	same := true
	for i, c := range sch {
		exprs[i] = &expr.Col{Index: i, Name: c.Name, T: c.Type}
		if c.Type.Kind == types.Null {
			sch[i].Type, same = cols[i].Type, false
			exprs[i] = &expr.Const{V: types.NullValue(cols[i].Type)}
		}
	}
	if same {
		return n
	}
	return &plan.Project{In: n, Exprs: exprs, Sch: sch}
}

// viewColumns names the columns of a view.
func (b *binder) viewColumns(q *selected, n *parse.CreateView) ([]catalog.Column, error) {
	if len(n.Cols) > 0 && len(n.Cols) != len(q.names) {
		return nil, b.errAt(n.View.Offset, errViewWrongList,
			"In definition of view, derived table or common table expression, SELECT list and column names list have different column counts")
	}
	cols := make([]catalog.Column, len(q.names))
	seen := map[string]bool{}
	for i, c := range q.names {
		name := c.Name
		if len(n.Cols) > 0 {
			name = n.Cols[i]
		}
		if utf8.RuneCountInString(name) > maxName {
			name = "Name_exp_" + strconv.Itoa(i+1)
		}
		if l := strings.ToLower(name); seen[l] {
			return nil, b.errAt(n.View.Offset, sqlerr.ErrDupFieldName, "Duplicate column name '%s'", name).WithHint("name it with AS")
		} else {
			seen[l] = true
		}
		t := q.node.Schema()[i].Type
		if t.Kind == types.Null { // a bare NULL: as MySQL makes it
			t = types.TypeBytes.WithNull(true)
		}
		cols[i] = catalog.Column{Name: name, Type: t}
	}
	return cols, nil
}

// checkStable refuses functions in views whose value changes by itself.
func (b *binder) checkStable(n plan.Node) error {
	var bad expr.Expr
	eachExpr(n, func(e expr.Expr) {
		if bad == nil && expr.Volatility(e) != expr.Immutable {
			bad = e
		}
	})
	if bad == nil {
		return nil
	}
	return sqlerr.NotSupported("a materialized view whose rows change without its tables: %s", expr.String(bad)).
		WithHint("NOW(), RAND() and UUID() have no fixed value")
}
