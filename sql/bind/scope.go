package bind

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// Bounds on what one statement may unfold to.
const (
	maxDepth   = 2000  // nesting of an expression
	maxSelects = 2000  // SELECTs after common table expressions are put in
	maxPlan    = 300   // nodes from the root of a plan to a leaf
	maxOrdered = 64    // columns of rows compared by <, <=, > or >=
	maxFields  = 16384 // columns of a SELECT list, after * is unfolded
)

// binder binds one statement.
type binder struct {
	env     *Env
	text    *parse.Text
	tree    *parse.Tree
	depends map[string]bool
	ctes    *cte // innermost first
	depth   int
	selects int
}

// cte is a common table expression that names can mean; its query sees the
// ones behind next.
type cte struct {
	def  *ast.CommonTableExpression
	next *cte
}

// source is one occurrence of a table, view or sub-query in FROM.
type source struct {
	alias string
	db    string // of a table or view without alias
	// key is the columns (as ord) that identify a row, where known.
	key []int
}

// column is what a name can mean.
type column struct {
	src  *source
	name string
	ord  int // position within src
	pos  int // position in the output of the tree's node
	typ  types.Type
	// merged columns were joined by USING: only a qualified name means them.
	merged bool
}

// tree is a plan being built and the names that reach its columns. Nodes that
// are put on top of it keep the positions of its columns.
type tree struct {
	node plan.Node
	cols []column
	// outer is the tree of the enclosing query, for correlated references,
	// which are written as columns with negative positions: see outerRef.
	outer *tree
	// group is set above an Aggregate; cols is empty then.
	group *grouping
	// stem is the node before the first subquery that the clause at hand
	// joined to it; nil while there is none.
	stem plan.Node
	// subqueries are the values of those that are joined already.
	subqueries map[*ast.SubqueryExpr]expr.Expr
}

// names returns the columns that can be named in t.
func (t *tree) names() []column {
	if t.group != nil {
		return t.group.pre.cols
	}
	return t.cols
}

// find looks a column up: its index in t.names(), -1 when there is none and
// -2 when the name could mean several.
func (t *tree) find(n *ast.ColumnName) int {
	found := -1
	for i := range t.names() {
		c := &t.names()[i]
		switch {
		case !strings.EqualFold(c.name, n.Name.O),
			n.Table.O == "" && c.merged,
			n.Table.O != "" && c.src.alias != n.Table.O,
			n.Schema.O != "" && c.src.db != n.Schema.O:
			continue
		}
		if found >= 0 {
			return -2
		}
		found = i
	}
	return found
}

// col reads column i of names() as an expression over t.node; false when it
// is neither grouped by nor follows from what is.
func (t *tree) col(i int) (expr.Expr, bool) {
	c := &t.names()[i]
	pre := &expr.Col{Index: c.pos, Name: c.name, T: c.typ}
	if t.group == nil {
		return pre, true
	}
	return t.group.match(pre)
}

// push puts a Filter on t.
func (t *tree) push(preds ...expr.Expr) {
	if len(preds) > 0 {
		t.node = &plan.Filter{In: t.node, Preds: preds}
	}
}

// extend adds computed columns behind those of t.node and returns the
// position of each; an expression that is a column already stays where it is.
func (t *tree) extend(exprs []expr.Expr) []int {
	pos := make([]int, len(exprs))
	sch := t.node.Schema()
	all := make([]expr.Expr, len(sch), len(sch)+len(exprs))
	out := make(plan.Schema, len(sch), len(sch)+len(exprs))
	copy(out, sch)
	for i, c := range sch {
		all[i] = &expr.Col{Index: i, Name: c.Name, T: c.Type}
	}
	for i, e := range exprs {
		if c, ok := e.(*expr.Col); ok && c.Index >= 0 {
			pos[i] = c.Index
			continue
		}
		pos[i] = len(all)
		all = append(all, e)
		out = append(out, plan.Column{Type: e.Type()})
	}
	if len(all) > len(sch) {
		t.node = &plan.Project{In: t.node, Exprs: all, Sch: out}
	}
	return pos
}

// errAt is an error at a byte of the statement.
func (b *binder) errAt(off int, code uint16, format string, args ...any) *sqlerr.Error {
	return sqlerr.New(code, format, args...).At(b.text.Position(off))
}

// refuseAt is errno 1235 at a byte of the statement.
func (b *binder) refuseAt(off int, format string, args ...any) *sqlerr.Error {
	return sqlerr.NotSupported(format, args...).At(b.text.Position(off))
}

// locate gives an error of another package the place of a node.
func (b *binder) locate(n ast.Node, err error) error {
	if err == nil {
		return nil
	}
	e := sqlerr.From(err)
	if e.Line == 0 {
		e = e.At(b.text.Position(n.OriginTextPosition()))
	}
	return e
}

func suggest(e *sqlerr.Error, nearest string) *sqlerr.Error {
	if nearest == "" {
		return e
	}
	return e.WithHint("did you mean %q?", nearest)
}

// dependOn notes that the result holds a value of the session.
func (b *binder) dependOn(name string) {
	if b.depends == nil {
		b.depends = map[string]bool{}
	}
	b.depends[name] = true
}

// database returns the database that a name without one is in.
func (b *binder) database(given string, off int) (string, error) {
	if given == "" {
		if b.env.DB == "" {
			return "", b.errAt(off, sqlerr.ErrNoDB, "No database selected").WithHint("USE a database or write db.name")
		}
		return b.env.DB, nil
	}
	if _, ok := b.env.Catalog.Database(given); !ok {
		switch strings.ToLower(given) {
		case "information_schema", "performance_schema", "mysql", "sys":
			return "", sqlerr.NotSupported("the tables of %s", strings.ToLower(given)).WithHint("SHOW statements tell what exists")
		}
		return "", suggest(b.errAt(off, sqlerr.ErrBadDB, "Unknown database '%s'", given), b.env.Catalog.NearestDatabase(given))
	}
	return given, nil
}

// relation looks a table or view up; errno 1146 when there is none.
func (b *binder) relation(db, name string) (catalog.Relation, error) {
	off := b.text.Find(name)
	db, err := b.database(db, off)
	if err != nil {
		return nil, err
	}
	rel, ok := b.env.Catalog.Lookup(db, name)
	if !ok {
		return nil, suggest(b.errAt(off, sqlerr.ErrNoSuchTable, "Table '%s.%s' doesn't exist", db, name),
			b.env.Catalog.NearestRelation(db, name))
	}
	return rel, nil
}

// table looks a table up to be written; views are errno 1347.
func (b *binder) table(n *ast.TableName, verb string) (*catalog.Table, error) {
	rel, err := b.relation(n.Schema.O, n.Name.O)
	if err != nil {
		return nil, err
	}
	switch r := rel.(type) {
	case *catalog.Table:
		return r, nil
	case *catalog.View:
		return nil, b.errAt(b.text.Find(r.Name), errNonUpdatable, "The target table %s of the %s is not updatable", r.Name, verb).
			WithHint("it is a materialized view: change the tables it reads")
	}
	return nil, sqlerr.New(sqlerr.ErrUnknown, "relation %s is of no known kind", n.Name.O)
}

// MySQL's numbers that only the binder uses.
const (
	errNonUpdatable       = 1288
	errOrderNotSelected   = 3065
	errUnknownTableStar   = 1051
	errWrongValueDatetime = 1525
	errViewSelectVariable = 1351
	errViewWrongList      = 1353
	errStackOverrun       = 1436
	errTooManyFields      = 1117
	errInvalidCharString  = 1300
	errCollationMismatch  = 1253
	errInvalidOnUpdate    = 1294
	errFieldTooLong       = 1074
	errWrongFsp           = 1426
	errTableNoColumns     = 1113
	errWrongSubKey        = 1089
	errWrongFieldSpec     = 1063
	errWrongIndexName     = 1280
	errNoTablesUsed       = 1096
)
