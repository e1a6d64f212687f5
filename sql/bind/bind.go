// Package bind gives statements their meaning: it looks names up in a
// catalog, types every expression and returns a plan.Node for what reads rows
// and a small description for everything else.
//
// Binding is pure. The same statement, catalog, database and (where Depends
// names some) session values give the same result, so results may be cached
// and shared; they are immutable. Plans are naive but right: the rules of
// package plan make them good.
//
// How a query is bound, clause by clause:
//
//  1. FROM makes a tree of Scan, Join and sub-plans and a scope: the columns
//     that names can mean, by position in the tree's output.
//  2. WHERE is a Filter above it. A subquery in a predicate first joins its
//     plan to the tree (subquery.go, quantified.go) and is then a column like
//     any other; what it reads of the query around it is unnested (unnest.go).
//  3. GROUP BY and the aggregates that SELECT, HAVING and ORDER BY mention
//     become Project (arguments), Aggregate, and a new scope in which group
//     expressions and aggregates are columns; HAVING is a Filter there.
//  4. SELECT is a Project. ORDER BY terms that are not selected are hidden
//     columns of it, dropped by a second Project above the Top.
//
// Errors are *sqlerr.Error with MySQL's number, the place in the text and the
// nearest name that exists.
package bind

import (
	"sort"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Catalog is what names are looked up in; *catalog.Catalog is one. Names of
// databases, tables and views are compared as they are.
type Catalog interface {
	Database(name string) (catalog.Database, bool)
	Lookup(db, name string) (catalog.Relation, bool)
	// NearestDatabase and NearestRelation return the name most like name, or
	// "" when none is near.
	NearestDatabase(name string) string
	NearestRelation(db, name string) string
}

// Env is what a statement is bound in. Functions that are nil know nothing.
type Env struct {
	Catalog Catalog
	DB      string // the current database; may be empty
	// SysVar returns a system variable, by lower-case name.
	SysVar func(name string, global bool) (types.Value, bool)
	// UserVar returns @name, by lower-case name; NULL when it was never set.
	UserVar func(name string) types.Value
	// Session returns the value of a function of the session, by lower-case
	// name: database, user, current_user, session_user, system_user, version,
	// connection_id, last_insert_id, row_count, found_rows.
	Session func(name string) (types.Value, bool)
	// SysVarNames are candidates for the hint of an unknown variable.
	SysVarNames []string
	// ParamTypes are the types of the values given for the placeholders, in
	// order. Without them, types are inferred from what stands beside the
	// placeholders; a value that does not fit the type inferred (expr.Fits)
	// asks for a binding with its own.
	ParamTypes []types.Type
}

// Stmt is a bound statement: one of the types of this package that have a
// stmt method.
type Stmt interface{ stmt() }

// Common is what bound statements with expressions share.
type Common struct {
	// Params are the types inferred for the ? placeholders, in order; of kind
	// types.Null when anything goes. A value given is cast to it.
	Params []types.Type
	// Depends names the session values that were bound as constants ("@x",
	// "@@sql_mode", "database()"), sorted. A result that has some must not
	// be used for another session or later.
	Depends []string
}

// Lock is the locking clause of a SELECT.
type Lock uint8

// The locking clauses.
const (
	LockNone Lock = iota
	LockShare
	LockUpdate
)

// Query is a SELECT, UNION, VALUES or TABLE statement. Cols has the types of
// Node's schema and the names that clients see. The rows are ordered when the
// root of Node is a Top or a Project over one.
type Query struct {
	Common
	Node plan.Node
	Cols []plan.Column
	Lock Lock
}

// InsertMode is what happens to a row whose key is there already.
type InsertMode uint8

// The modes of INSERT, REPLACE and LOAD DATA.
const (
	InsertPlain   InsertMode = iota // errno 1062
	InsertIgnore                    // the new row is dropped with a warning
	InsertReplace                   // the old rows go
	InsertUpdate                    // ON DUPLICATE KEY UPDATE: the old row is changed by OnDup
)

// SetKind says how simple an assignment is.
type SetKind uint8

// The kinds of assignment.
const (
	SetExpr  SetKind = iota // New in general
	SetConst                // New has no columns
	SetAdd                  // old value + Delta, of an integer or decimal column
)

// Set is one assigned column. New is the new value, already converted to the
// column's type as a strict store does. It reads the old row's columns at
// their positions in Table.Columns and, in ON DUPLICATE KEY UPDATE, the new
// row's behind them. Delta, for SetAdd only, has no columns; it is a BIGINT for
// integer columns, else of the column's type.
type Set struct {
	Col   int
	Kind  SetKind
	New   expr.Expr
	Delta expr.Expr
}

// Insert is INSERT or REPLACE.
type Insert struct {
	Common
	Table *catalog.Table
	// Source puts out full rows: a column per Table.Columns, in order,
	// converted for storing. The AUTO_INCREMENT column may be NULL there.
	// Evaluate it with Ctx.Strict unless Mode is InsertIgnore.
	Source plan.Node
	// Rows, when not nil, stands for Source, which is nil then: the full rows
	// themselves, not to be changed. A column with an expression in Fill is
	// empty there: all rows get its value, which reads no columns and is
	// evaluated once.
	Rows *zset.Batch
	Fill []expr.Expr
	// Literal says that Source is a Values without subqueries: rows can be
	// evaluated without reading anything.
	Literal bool
	Mode    InsertMode
	OnDup   []Set
	// AutoInc is the AUTO_INCREMENT column, -1 when there is none. A NULL or 0
	// that Source puts out there asks for the next number.
	AutoInc int
}

// Update is UPDATE of one table. Source puts out the row as stored (a column
// per stored column, a hidden row id included) followed by the new row (a
// column per Table.Columns, converted for storing), for every row that WHERE,
// ORDER BY and LIMIT choose, in that order.
type Update struct {
	Common
	Table  *catalog.Table
	Source plan.Node
	Sets   []Set // the assigned columns, in the order of the statement, each once
	Ignore bool
	// Point, when not nil, is the whole primary key as expressions without
	// columns, of exactly the key columns' types, where WHERE says nothing
	// else: one row at most, which need not be read when all Sets are simple.
	Point []expr.Expr
}

// Delete is DELETE from one table. Source puts out the rows as stored, a
// hidden row id included.
type Delete struct {
	Common
	Table  *catalog.Table
	Source plan.Node
	Ignore bool
	Point  []expr.Expr // as in Update
}

// LoadData is LOAD DATA [LOCAL] INFILE.
type LoadData struct {
	Common
	Table *catalog.Table
	Path  string
	Local bool
	Mode  InsertMode
	// Fields is the number of fields a line should have; missing ones are
	// NULL with a warning, more are ignored with one.
	Fields int
	// Row makes a full row (a column per Table.Columns, converted for
	// storing) of a batch of Fields nullable columns of type types.TypeText.
	Row     []expr.Expr
	AutoInc int // as in Insert
	Format  LoadFormat
}

// LoadFormat is how LOAD DATA reads lines and fields.
type LoadFormat struct {
	FieldsTerminated   string
	Enclosed           byte // 0: none
	OptionallyEnclosed bool
	Escaped            byte // 0: none
	LinesStarting      string
	LinesTerminated    string
	IgnoreLines        uint64
}

// DDL is a statement that changes the catalog. Change is nil when IF [NOT]
// EXISTS leaves nothing to do; Notes are then what SHOW WARNINGS tells. An
// error of Change's Apply is the statement's error.
type DDL struct {
	Change catalog.Change
	// Query is the query of a CREATE MATERIALIZED VIEW; View.Plan is its Node.
	// View.Key, Unique and Inputs are left to the caller.
	Query *Query
	Notes []*sqlerr.Error
	// Guarded says IF [NOT] EXISTS was given: when Apply fails because the
	// catalog has moved on, bind again.
	Guarded bool
}

// Use is USE db; the database exists.
type Use struct{ DB string }

// Begin is BEGIN or START TRANSACTION.
type Begin struct{ ReadOnly bool }

// Commit is COMMIT. Chain begins the next transaction, Release ends the
// session.
type Commit struct{ Chain, Release bool }

// Rollback is ROLLBACK.
type Rollback struct{ Chain, Release bool }

// Kill is KILL [QUERY | CONNECTION] id.
type Kill struct {
	ID        uint64
	QueryOnly bool
}

// Scope says where a variable lives.
type Scope uint8

// The scopes of SET.
const (
	ScopeSession Scope = iota
	ScopeGlobal
	ScopeUser // @name
)

// SetVariables is SET; the assignments happen in order.
type SetVariables struct {
	Common
	Vars []SetVar
}

// SetVar is one assignment. Name is in lower case; SET NAMES is the variable
// "names" and SET CHARACTER SET "charset", both with Collation where given.
// Value has no columns; nil means DEFAULT.
type SetVar struct {
	Scope     Scope
	Name      string
	Value     expr.Expr
	Collation string
}

// Explain is EXPLAIN of a statement. Format is in lower case, "" when not
// given.
type Explain struct {
	Stmt    Stmt
	Format  string
	Analyze bool
}

// ExplainView is EXPLAIN VIEW.
type ExplainView struct{ View *catalog.View }

// Prepare is PREPARE name FROM 'text' or FROM @var.
type Prepare struct {
	Common
	Name string
	SQL  string
}

// Execute is EXECUTE name [USING @a, ..]. Args have no columns.
type Execute struct {
	Common
	Name string
	Args []expr.Expr
}

// Deallocate is DEALLOCATE PREPARE name.
type Deallocate struct{ Name string }

func (*Query) stmt()        {}
func (*Insert) stmt()       {}
func (*Update) stmt()       {}
func (*Delete) stmt()       {}
func (*LoadData) stmt()     {}
func (*DDL) stmt()          {}
func (*Use) stmt()          {}
func (*Begin) stmt()        {}
func (*Commit) stmt()       {}
func (*Rollback) stmt()     {}
func (*Kill) stmt()         {}
func (*SetVariables) stmt() {}
func (*Show) stmt()         {}
func (*Explain) stmt()      {}
func (*ExplainView) stmt()  {}
func (*Prepare) stmt()      {}
func (*Execute) stmt()      {}
func (*Deallocate) stmt()   {}

// Bind binds one statement. env is not kept.
func Bind(s parse.Stmt, env *Env) (Stmt, error) {
	b := &binder{env: env, text: s.Source()}
	out, err := b.bind(s)
	if err != nil {
		return nil, err
	}
	if n := sourceOf(out); n != nil && depthOf(n) > maxPlan {
		return nil, sqlerr.New(errStackOverrun, "The query is nested too deeply")
	}
	return out, nil
}

// sourceOf returns the plan that a statement reads by, or nil.
func sourceOf(s Stmt) plan.Node {
	switch s := s.(type) {
	case *Query:
		return s.Node
	case *Insert:
		return s.Source
	case *Update:
		return s.Source
	case *Delete:
		return s.Source
	case *DDL:
		if s.Query != nil {
			return s.Query.Node
		}
	case *Explain:
		return sourceOf(s.Stmt)
	}
	return nil
}

func depthOf(n plan.Node) int {
	d := 0
	for _, k := range n.Children() {
		d = max(d, depthOf(k))
	}
	return d + 1
}

func (b *binder) bind(s parse.Stmt) (Stmt, error) {
	switch s := s.(type) {
	case *parse.Tree:
		b.tree = s
		return b.bindTree(s.Node)
	case *parse.InsertRows:
		if out, ok := b.insertRows(s); ok {
			return out, nil
		}
		tree, err := s.Tree()
		if err != nil {
			return nil, err
		}
		b.tree = tree
		return b.bindTree(tree.Node)
	case *parse.CreateView:
		return wrap(b.createView(s))
	case *parse.DropViews:
		return wrap(b.dropViews(s))
	case *parse.ShowViews:
		return wrap(b.showViews(s))
	case *parse.ShowCreateView:
		v, err := b.view(s.View)
		if err != nil {
			return nil, err
		}
		return b.showCreateView(v), nil
	case *parse.ExplainView:
		v, err := b.view(s.View)
		return wrap(&ExplainView{View: v}, err)
	}
	return nil, sqlerr.NotSupported("this statement")
}

// wrap makes a Stmt of a statement or its error, never of a nil pointer.
func wrap[S Stmt](s S, err error) (Stmt, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// bindTree binds a statement of the ordinary grammar.
func (b *binder) bindTree(n ast.StmtNode) (Stmt, error) {
	switch n := n.(type) {
	case *ast.SelectStmt, *ast.SetOprStmt:
		q, err := b.query(n, false, nil)
		if err != nil {
			return nil, err
		}
		return b.finishQuery(q), nil
	case *ast.InsertStmt:
		return wrap(b.insert(n))
	case *ast.UpdateStmt:
		return wrap(b.update(n))
	case *ast.DeleteStmt:
		return wrap(b.delete(n))
	case *ast.LoadDataStmt:
		return wrap(b.loadData(n))
	case *ast.ShowStmt:
		return wrap(b.show(n))
	case *ast.ExplainStmt:
		return b.explain(n)
	}
	if s, err, ok := b.bindDDL(n); ok {
		return s, err
	}
	return b.bindSession(n)
}

// bindDDL binds what changes the catalog; false for anything else.
func (b *binder) bindDDL(n ast.StmtNode) (s Stmt, err error, ok bool) {
	switch n := n.(type) {
	case *ast.CreateTableStmt:
		s, err = wrap(b.createTable(n))
	case *ast.CreateIndexStmt:
		s, err = wrap(b.createIndex(n))
	case *ast.CreateDatabaseStmt:
		s, err = wrap(b.createDatabase(n))
	case *ast.DropTableStmt:
		s, err = wrap(b.dropTables(n))
	case *ast.DropIndexStmt:
		s, err = wrap(b.dropIndex(n))
	case *ast.DropDatabaseStmt:
		s, err = wrap(b.dropDatabase(n))
	case *ast.TruncateTableStmt:
		s, err = wrap(b.truncate(n))
	case *ast.CreateViewStmt:
		err = sqlerr.NotSupported("CREATE VIEW").WithHint("write CREATE MATERIALIZED VIEW")
	case *ast.AlterTableStmt:
		err = sqlerr.NotSupported("ALTER TABLE").WithHint("CREATE a new table and INSERT .. SELECT; indexes by CREATE INDEX")
	default:
		return nil, nil, false
	}
	return s, err, true
}

// bindSession binds what concerns the session.
func (b *binder) bindSession(n ast.StmtNode) (Stmt, error) {
	switch n := n.(type) {
	case *ast.UseStmt:
		db, err := b.database(n.DBName, b.text.Find(n.DBName))
		return wrap(&Use{DB: db}, err)
	case *ast.SetStmt:
		return wrap(b.setVariables(n))
	case *ast.BeginStmt:
		if n.AsOf != nil {
			return nil, b.refuseAt(0, "START TRANSACTION .. AS OF")
		}
		return &Begin{ReadOnly: n.ReadOnly}, nil
	case *ast.CommitStmt:
		return &Commit{Chain: n.CompletionType == ast.CompletionTypeChain, Release: n.CompletionType == ast.CompletionTypeRelease}, nil
	case *ast.RollbackStmt:
		if n.SavepointName != "" {
			return nil, b.refuseAt(b.text.Find(n.SavepointName), "savepoints")
		}
		return &Rollback{Chain: n.CompletionType == ast.CompletionTypeChain, Release: n.CompletionType == ast.CompletionTypeRelease}, nil
	case *ast.SavepointStmt, *ast.ReleaseSavepointStmt:
		return nil, sqlerr.NotSupported("savepoints")
	case *ast.KillStmt:
		return wrap(b.kill(n))
	case *ast.PrepareStmt:
		return wrap(b.prepare(n))
	case *ast.ExecuteStmt:
		return wrap(b.execute(n))
	case *ast.DeallocateStmt:
		return &Deallocate{Name: strings.ToLower(n.Name)}, nil
	}
	return nil, b.refuseAt(0, "%s", statementName(b.text.SQL))
}

// statementName is the first words of a statement, for the error that
// refuses it.
func statementName(sql string) string {
	words := strings.FieldsFunc(sql, func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' })
	words = words[:min(len(words), 2)]
	name := strings.ToUpper(strings.Join(words, " "))
	switch first, _, _ := strings.Cut(name, " "); first {
	case "CREATE", "DROP", "ALTER", "RENAME", "SHOW", "SET", "LOCK", "UNLOCK", "ANALYZE", "CHECK", "REPAIR", "OPTIMIZE", "FLUSH":
		return name
	default:
		return first
	}
}

// explain binds EXPLAIN of a statement; DESCRIBE t is a SHOW COLUMNS.
func (b *binder) explain(n *ast.ExplainStmt) (Stmt, error) {
	if show, ok := n.Stmt.(*ast.ShowStmt); ok {
		return wrap(b.show(show))
	}
	if n.Stmt == nil {
		return nil, b.refuseAt(0, "this EXPLAIN")
	}
	s, err := b.bindTree(n.Stmt)
	if err != nil {
		return nil, err
	}
	format := strings.ToLower(n.Format)
	if format == "row" { // what the grammar puts where none was given
		format = ""
	}
	return &Explain{Stmt: s, Format: format, Analyze: n.Analyze}, nil
}

// finishQuery makes the result of a bound query.
func (b *binder) finishQuery(q *selected) *Query {
	return &Query{Common: b.common(q.node), Node: q.node, Cols: q.names, Lock: q.lock}
}

// common collects the parameters of what was bound and what of the session
// it holds. node may be nil.
func (b *binder) common(node plan.Node, extra ...expr.Expr) Common {
	c := Common{Params: make([]types.Type, b.tree.Params)}
	for i := range c.Params {
		c.Params[i] = types.TypeNull
	}
	see := func(e expr.Expr) {
		expr.Walk(e, func(e expr.Expr) bool {
			if p, ok := e.(*expr.Param); ok && p.N < len(c.Params) && c.Params[p.N].Kind == types.Null {
				c.Params[p.N] = p.T
			}
			return true
		})
	}
	if b.tree.Params > 0 {
		if node != nil {
			eachExpr(node, see)
		}
		for _, e := range extra {
			see(e)
		}
	}
	for name := range b.depends {
		c.Depends = append(c.Depends, name)
	}
	sort.Strings(c.Depends)
	return c
}

// eachExpr calls f for every expression of a plan.
func eachExpr(n plan.Node, f func(expr.Expr)) {
	switch n := n.(type) {
	case *plan.Values:
		for _, r := range n.Rows {
			for _, e := range r {
				f(e)
			}
		}
	case *plan.Filter:
		for _, e := range n.Preds {
			f(e)
		}
	case *plan.Project:
		for _, e := range n.Exprs {
			f(e)
		}
	case *plan.Join:
		for _, e := range n.On {
			f(e)
		}
	case *plan.Top:
		if n.LimitParam != nil {
			f(n.LimitParam)
		}
		if n.OffsetParam != nil {
			f(n.OffsetParam)
		}
	case *plan.Scan, *plan.Aggregate, *plan.Distinct, *plan.Union, *plan.Exchange:
	}
	for _, k := range n.Children() {
		eachExpr(k, f)
	}
}
