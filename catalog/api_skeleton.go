package catalog

import (
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Catalog is one immutable version of what exists. The zero Catalog is not
// usable; see New. Objects that it returns are shared and must not be changed.
type Catalog struct{}

// Database is a schema in MySQL's sense. Its name is case-sensitive.
type Database struct {
	Name string
	Coll types.Collation // of new tables that name none
}

// Relation is a *Table or a *View.
type Relation interface {
	// Ident returns the id and the two parts of the name.
	Ident() (id uint64, db, name string)
	// Info returns what the planner needs to know.
	Info() plan.RelInfo
	relation()
}

// Ident implements Relation.
func (t *Table) Ident() (id uint64, db, name string) { return t.ID, t.DB, t.Name }

// Ident implements Relation.
func (v *View) Ident() (id uint64, db, name string) { return v.ID, v.DB, v.Name }

// Info implements Relation.
func (t *Table) Info() plan.RelInfo { panic("catalog: Info") }

// Info implements Relation.
func (v *View) Info() plan.RelInfo { panic("catalog: Info") }

func (*Table) relation() {}
func (*View) relation()  {}

// StoredTypes returns the types of the stored columns, a hidden row id
// included.
func (t *Table) StoredTypes() []types.Type { panic("catalog: StoredTypes") }

// StoredKey returns the columns the table is stored by.
func (t *Table) StoredKey() []zset.KeyCol { panic("catalog: StoredKey") }

// StoredTypes returns the types of the view's columns.
func (v *View) StoredTypes() []types.Type { panic("catalog: StoredTypes") }

// StoredKey returns the columns the view is stored by.
func (v *View) StoredKey() []zset.KeyCol { panic("catalog: StoredKey") }

// Column returns the position of the column of that name, in any case, or -1.
func (t *Table) Column(name string) int { panic("catalog: Column") }

// Column returns the position of the column of that name, in any case, or -1.
func (v *View) Column(name string) int { panic("catalog: Column") }

// New returns the catalog of a new node: no databases.
func New() *Catalog { panic("catalog: New") }

// Version counts the changes that led to c.
func (c *Catalog) Version() uint64 { panic("catalog: Version") }

// Database looks a database up.
func (c *Catalog) Database(name string) (Database, bool) { panic("catalog: Database") }

// Table looks a base table up.
func (c *Catalog) Table(db, name string) (*Table, bool) { panic("catalog: Table") }

// View looks a view up, whether it is ready or not.
func (c *Catalog) View(db, name string) (*View, bool) { panic("catalog: View") }

// Lookup looks a table or view up; they share one namespace per database.
func (c *Catalog) Lookup(db, name string) (Relation, bool) { panic("catalog: Lookup") }

// ByID looks a table or view up by its id.
func (c *Catalog) ByID(id uint64) (Relation, bool) { panic("catalog: ByID") }

// Info is ByID's Info: a plan.Rels.
func (c *Catalog) Info(id uint64) (plan.RelInfo, bool) { panic("catalog: Info") }

// Databases returns all databases, sorted by name.
func (c *Catalog) Databases() []Database { panic("catalog: Databases") }

// Tables returns the base tables of a database, sorted by name.
func (c *Catalog) Tables(db string) []*Table { panic("catalog: Tables") }

// Views returns the views of a database, sorted by name.
func (c *Catalog) Views(db string) []*View { panic("catalog: Views") }

// Relations returns all tables and views, by ascending id: a view comes after
// everything it reads.
func (c *Catalog) Relations() []Relation { panic("catalog: Relations") }

// Dependents returns the views that read relation id directly, by ascending
// id.
func (c *Catalog) Dependents(id uint64) []*View { panic("catalog: Dependents") }

// NearestDatabase returns the database whose name is most like name, or "".
func (c *Catalog) NearestDatabase(name string) string { panic("catalog: NearestDatabase") }

// NearestRelation returns the table or view of db whose name is most like
// name, or "".
func (c *Catalog) NearestRelation(db, name string) string { panic("catalog: NearestRelation") }

// Nearest returns the candidate most like name, in any case, or "" when none
// is near enough to be a slip of the pen.
func Nearest(name string, candidates []string) string { panic("catalog: Nearest") }

// Change is one step from a catalog version to the next: one of the types
// below. Ids and versions inside are given by Apply.
type Change interface{ change() }

// Name names a table or view.
type Name struct{ DB, Name string }

// CreateDatabase makes a database.
type CreateDatabase struct {
	Name string
	Coll types.Collation
}

// DropDatabase drops a database with its tables and views.
type DropDatabase struct{ Name string }

// CreateTable makes a table. Table's ID, Version and index IDs are set by
// Apply, in a copy.
type CreateTable struct{ Table *Table }

// DropTable drops base tables, all or none.
type DropTable struct{ Names []Name }

// TruncateTable empties a base table; its id stays.
type TruncateTable struct{ Name Name }

// CreateView makes a view that is not ready. View's ID, Inputs and Ready are
// set by Apply, in a copy.
type CreateView struct{ View *View }

// ViewReady says that a view's backfill is done.
type ViewReady struct{ ID uint64 }

// DropView drops views, all or none.
type DropView struct{ Names []Name }

// CreateIndex makes a secondary index. Index's ID is set by Apply.
type CreateIndex struct {
	Table Name
	Index Index
}

// DropIndex drops a secondary index.
type DropIndex struct {
	Table Name
	Index string
}

func (*CreateDatabase) change() {}
func (*DropDatabase) change()   {}
func (*CreateTable) change()    {}
func (*DropTable) change()      {}
func (*TruncateTable) change()  {}
func (*CreateView) change()     {}
func (*ViewReady) change()      {}
func (*DropView) change()       {}
func (*CreateIndex) change()    {}
func (*DropIndex) change()      {}

// Apply returns the catalog after ch. The same changes in the same order give
// the same ids on every replica. What a user can cause is an *sqlerr.Error,
// and c stays as it is.
func (c *Catalog) Apply(ch Change) (*Catalog, error) { panic("catalog: Apply") }

// AppendChange appends the binary form of ch to dst.
func AppendChange(dst []byte, ch Change) []byte { panic("catalog: AppendChange") }

// DecodeChange reads a change that fills b.
func DecodeChange(b []byte) (Change, error) { panic("catalog: DecodeChange") }

// Append appends the binary form of c to dst.
func (c *Catalog) Append(dst []byte) []byte { panic("catalog: Append") }

// Decode reads a catalog that fills b.
func Decode(b []byte) (*Catalog, error) { panic("catalog: Decode") }

// SQL renders the CREATE TABLE statement that makes t.
func (t *Table) SQL() string { panic("catalog: SQL") }

// SQL renders the CREATE MATERIALIZED VIEW statement that makes v.
func (v *View) SQL() string { panic("catalog: SQL") }
