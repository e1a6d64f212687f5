package catalog

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// Change is one step from a catalog version to the next: one of the types
// below. Ids and versions inside are given by Apply.
type Change interface{ change() }

// Name names a table or view.
type Name struct{ DB, Name string }

// String returns db.name.
func (n Name) String() string { return n.DB + "." + n.Name }

// CreateDatabase makes a database.
type CreateDatabase struct {
	Name string
	Coll types.Collation
}

// DropDatabase drops a database with its tables and views. Views of other
// databases must not depend on them.
type DropDatabase struct{ Name string }

// CreateTable makes a table. Table's ID, Version and index IDs are set by
// Apply, in a copy.
type CreateTable struct{ Table *Table }

// DropTable drops base tables, all or none.
type DropTable struct{ Names []Name }

// TruncateTable empties a base table. Its id and schema stay, so the catalog
// checks the name only.
type TruncateTable struct{ Name Name }

// CreateView makes a view that is not ready. View's ID, Inputs and Ready are
// set by Apply, in a copy, and Names gets the Inputs.
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

// maxIdent is MySQL's longest name, in characters.
const maxIdent = 64

// Apply returns the catalog after ch. The same changes in the same order give
// the same ids on every replica. What a user can cause is an *sqlerr.Error,
// and c stays as it is.
func (c *Catalog) Apply(ch Change) (*Catalog, error) {
	next := c.clone()
	var err error
	switch ch := ch.(type) {
	case *CreateDatabase:
		err = next.createDatabase(ch)
	case *DropDatabase:
		err = next.dropDatabase(ch)
	case *CreateTable:
		err = next.createTable(ch)
	case *DropTable:
		err = dropAll[*Table](next, ch.Names, "table")
	case *TruncateTable:
		_, err = next.table(ch.Name)
	case *CreateView:
		err = next.createView(ch)
	case *ViewReady:
		err = next.viewReady(ch)
	case *DropView:
		err = dropAll[*View](next, ch.Names, "materialized view")
	case *CreateIndex:
		err = next.createIndex(ch)
	case *DropIndex:
		err = next.dropIndex(ch)
	default:
		err = sqlerr.New(sqlerr.ErrUnknown, "unknown catalog change %T", ch)
	}
	if err != nil {
		return nil, err
	}
	return next, nil
}

// checkIdent checks a name; code is what MySQL calls a wrong one.
func checkIdent(code uint16, what, name string) error {
	switch {
	case name == "" || strings.HasSuffix(name, " ") || !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return sqlerr.New(code, "Incorrect %s name '%s'", what, name)
	case len([]rune(name)) > maxIdent:
		return sqlerr.New(sqlerr.ErrTooLongIdent, "Identifier name '%s' is too long", name).
			WithHint("the most is %d characters", maxIdent)
	}
	return nil
}

func (c *Catalog) createDatabase(ch *CreateDatabase) error {
	if err := checkIdent(sqlerr.ErrWrongDBName, "database", ch.Name); err != nil {
		return err
	}
	if _, ok := c.dbs[ch.Name]; ok {
		return sqlerr.New(sqlerr.ErrDBCreateExists, "Can't create database '%s'; database exists", ch.Name)
	}
	db := Database{Name: ch.Name, Coll: ch.Coll}
	if db.Coll == 0 {
		db.Coll = types.DefaultCollation
	}
	c.dbs[ch.Name] = &database{Database: db}
	return nil
}

func (c *Catalog) dropDatabase(ch *DropDatabase) error {
	if _, ok := c.dbs[ch.Name]; !ok {
		return sqlerr.New(sqlerr.ErrDBDropExists, "Can't drop database '%s'; database doesn't exist", ch.Name)
	}
	var gone []Relation
	for _, r := range c.Relations() {
		if _, in, _ := r.Ident(); in == ch.Name {
			gone = append(gone, r)
		}
	}
	if err := c.removeAll(gone, "database", ch.Name); err != nil {
		return err
	}
	delete(c.dbs, ch.Name)
	return nil
}

// removeAll removes relations, unless views that stay read them.
func (c *Catalog) removeAll(gone []Relation, what, name string) error {
	var stay []*View
	for _, r := range gone {
		id, _, _ := r.Ident()
		for _, v := range c.Dependents(id) {
			if !slices.Contains(gone, Relation(v)) && !slices.Contains(stay, v) {
				stay = append(stay, v)
			}
		}
	}
	if len(stay) > 0 {
		return dependents(what, name, stay)
	}
	for _, r := range gone {
		c.remove(r)
	}
	return nil
}

// dependents refuses to drop what views read, as MySQL refuses to drop a table
// that foreign keys reference.
func dependents(what, name string, views []*View) error {
	sortedViews(views)
	names := make([]string, len(views))
	for i, v := range views {
		names[i] = v.DB + "." + v.Name
	}
	return sqlerr.New(sqlerr.ErrHasDependents, "Cannot drop %s '%s': materialized view %s depends on it",
		what, name, strings.Join(names, ", ")).WithHint("drop it first: DROP MATERIALIZED VIEW %s", strings.Join(names, ", "))
}

// room checks that a relation can be made under a name.
func (c *Catalog) room(db, name string) error {
	if _, ok := c.dbs[db]; !ok {
		return c.unknownDB(db)
	}
	if _, ok := c.Lookup(db, name); ok {
		return sqlerr.New(sqlerr.ErrTableExists, "Table '%s' already exists", name)
	}
	return nil
}

func (c *Catalog) unknownDB(db string) error {
	err := sqlerr.New(sqlerr.ErrBadDB, "Unknown database '%s'", db)
	if near := c.NearestDatabase(db); near != "" {
		return err.WithHint("did you mean %s?", near)
	}
	return err
}

func (c *Catalog) table(n Name) (*Table, error) {
	if t, ok := c.Table(n.DB, n.Name); ok {
		return t, nil
	}
	if _, ok := c.View(n.DB, n.Name); ok {
		return nil, sqlerr.New(sqlerr.ErrWrongObject, "'%s' is not BASE TABLE", n)
	}
	if _, ok := c.dbs[n.DB]; !ok {
		return nil, c.unknownDB(n.DB)
	}
	err := sqlerr.New(sqlerr.ErrNoSuchTable, "Table '%s' doesn't exist", n)
	if near := c.NearestRelation(n.DB, n.Name); near != "" {
		return nil, err.WithHint("did you mean %s?", near)
	}
	return nil, err
}

func (c *Catalog) newID() uint64 {
	id := c.nextID
	c.nextID++
	return id
}

func (c *Catalog) createTable(ch *CreateTable) error {
	t := *ch.Table
	if err := c.room(t.DB, t.Name); err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return err
	}
	t.ID, t.Version = c.newID(), 1
	t.Indexes = slices.Clone(t.Indexes)
	for i := range t.Indexes {
		t.Indexes[i].ID = uint32(i + 1)
	}
	t.lastIndex = uint32(len(t.Indexes))
	c.put(&t)
	return nil
}

// check checks what every part of Weir relies on.
func (t *Table) check() error {
	if err := checkIdent(sqlerr.ErrWrongTableName, "table", t.Name); err != nil {
		return err
	}
	if len(t.Columns) == 0 {
		return sqlerr.New(sqlerr.ErrTableMustHaveColumns, "A table must have at least 1 column")
	}
	if err := checkColumns(t.Columns); err != nil {
		return err
	}
	if err := checkKey(t.Key, t.Columns, "PRIMARY"); err != nil {
		return err
	}
	for _, k := range t.Key {
		if t.Columns[k].Type.Nullable {
			return sqlerr.New(sqlerr.ErrPrimaryCantHaveNull, "All parts of a PRIMARY KEY must be NOT NULL: '%s'", t.Columns[k].Name)
		}
	}
	for i, x := range t.Indexes {
		if err := t.checkIndex(x); err != nil {
			return err
		}
		if t.index(x.Name) != i {
			return sqlerr.New(sqlerr.ErrDupKeyName, "Duplicate key name '%s'", x.Name)
		}
	}
	return nil
}

func checkColumns(cols []Column) error {
	seen := map[string]bool{}
	for _, c := range cols {
		if err := checkIdent(sqlerr.ErrWrongColumnName, "column", c.Name); err != nil {
			return err
		}
		if lower := strings.ToLower(c.Name); seen[lower] {
			return sqlerr.New(sqlerr.ErrDupFieldName, "Duplicate column name '%s'", c.Name)
		} else {
			seen[lower] = true
		}
	}
	return nil
}

// checkKey checks that a key names columns that exist, each once.
func checkKey(key []int, cols []Column, name string) error {
	for i, k := range key {
		if k < 0 || k >= len(cols) {
			return sqlerr.New(sqlerr.ErrKeyColumnMissing, "Key column %d of '%s' doesn't exist in table", k, name)
		}
		if slices.Contains(key[:i], k) {
			return sqlerr.New(sqlerr.ErrDupFieldName, "Duplicate column name '%s'", cols[k].Name)
		}
	}
	return nil
}

func (t *Table) checkIndex(x Index) error {
	if err := checkIdent(sqlerr.ErrWrongNameForIndex, "index", x.Name); err != nil {
		return err
	}
	if strings.EqualFold(x.Name, "PRIMARY") {
		return sqlerr.New(sqlerr.ErrWrongNameForIndex, "Incorrect index name '%s'", x.Name)
	}
	if len(x.Cols) == 0 {
		return sqlerr.New(sqlerr.ErrKeyColumnMissing, "Key '%s' has no columns", x.Name)
	}
	return checkKey(x.Cols, t.Columns, x.Name)
}

func (c *Catalog) createView(ch *CreateView) error {
	v := *ch.View
	if err := c.room(v.DB, v.Name); err != nil {
		return err
	}
	if err := c.checkView(&v); err != nil {
		return err
	}
	v.ID, v.Inputs, v.Ready = c.newID(), plan.Tables(v.Plan), false
	v.Names = append(slices.Clone(v.Names), v.Inputs...)
	slices.Sort(v.Names)
	v.Names = slices.Compact(v.Names)
	c.put(&v)
	return nil
}

func (c *Catalog) checkView(v *View) error {
	if err := checkIdent(sqlerr.ErrWrongTableName, "view", v.Name); err != nil {
		return err
	}
	if err := checkColumns(v.Columns); err != nil {
		return err
	}
	if err := checkKey(v.Key, v.Columns, v.Name); err != nil {
		return err
	}
	return c.checkPlan(v)
}

// checkPlan checks the plan against the relations as they are now: the
// statement was bound against an earlier version.
func (c *Catalog) checkPlan(v *View) (err error) {
	if err := plan.Validate(v.Plan); err != nil {
		return sqlerr.New(sqlerr.ErrViewInvalid, "the plan of view '%s' is not valid: %s", v.Name, err)
	}
	if len(v.Plan.Schema()) != len(v.Columns) {
		return sqlerr.New(sqlerr.ErrViewInvalid, "view '%s' has %d columns, its plan has %d",
			v.Name, len(v.Columns), len(v.Plan.Schema()))
	}
	for _, id := range v.Names {
		if _, ok := c.byID.get(relID(id)); !ok {
			return sqlerr.New(sqlerr.ErrNoSuchTable, "a table that view '%s' names is gone", v.Name).WithHint("repeat the statement")
		}
	}
	plan.Walk(v.Plan, func(n plan.Node) bool {
		if s, ok := n.(*plan.Scan); ok && err == nil {
			err = c.checkScan(s)
		}
		return err == nil
	})
	return err
}

func (c *Catalog) checkScan(s *plan.Scan) error {
	r, ok := c.byID.get(relID(s.Table))
	if !ok {
		return sqlerr.New(sqlerr.ErrNoSuchTable, "Table '%s' doesn't exist", s.Name)
	}
	stored := r.Info().Types
	for i, col := range s.Cols {
		if col >= len(stored) || stored[col].Kind != s.Sch[i].Type.Kind {
			return sqlerr.New(sqlerr.ErrTableDefChanged, "Table definition of '%s' has changed, please retry", s.Name)
		}
	}
	return nil
}

func (c *Catalog) viewReady(ch *ViewReady) error {
	r, _ := c.byID.get(relID(ch.ID))
	v, ok := r.(*View)
	if !ok {
		return sqlerr.New(sqlerr.ErrUnknown, "there is no view %d", ch.ID)
	}
	ready := *v
	ready.Ready = true
	c.put(&ready)
	return nil
}

// dropAll drops relations of one kind, all or none.
func dropAll[R interface {
	comparable
	Relation
}](c *Catalog, names []Name, what string) error {
	var gone []Relation
	var missing, text []string
	for _, n := range names {
		text = append(text, n.String())
		switch r, ok := c.Lookup(n.DB, n.Name); r := r.(type) {
		case R:
			if !slices.Contains(gone, Relation(r)) {
				gone = append(gone, r)
			}
		default:
			if ok {
				return wrongObject(n, r)
			}
			missing = append(missing, n.String())
		}
	}
	if len(missing) > 0 {
		return sqlerr.New(sqlerr.ErrBadTable, "Unknown %s '%s'", what, strings.Join(missing, ","))
	}
	return c.removeAll(gone, what, strings.Join(text, ", "))
}

// wrongObject says that a DROP is of the other kind.
func wrongObject(n Name, r Relation) error {
	if _, view := r.(*View); view {
		return sqlerr.New(sqlerr.ErrBadTable, "'%s' is a materialized view", n).
			WithHint("use DROP MATERIALIZED VIEW")
	}
	return sqlerr.New(sqlerr.ErrWrongObject, "'%s' is not VIEW", n).WithHint("use DROP TABLE")
}

func (c *Catalog) createIndex(ch *CreateIndex) error {
	old, err := c.table(ch.Table)
	if err != nil {
		return err
	}
	t := *old
	if err := t.checkIndex(ch.Index); err != nil {
		return err
	}
	if t.index(ch.Index.Name) >= 0 {
		return sqlerr.New(sqlerr.ErrDupKeyName, "Duplicate key name '%s'", ch.Index.Name)
	}
	x := ch.Index
	x.ID = t.lastIndex + 1
	t.lastIndex = x.ID
	t.Indexes = append(slices.Clone(t.Indexes), x)
	t.Version++
	c.put(&t)
	return nil
}

func (c *Catalog) dropIndex(ch *DropIndex) error {
	old, err := c.table(ch.Table)
	if err != nil {
		return err
	}
	at := old.index(ch.Index)
	if at < 0 {
		return sqlerr.New(sqlerr.ErrCantDropFieldOrKey, "Can't DROP '%s'; check that column/key exists", ch.Index)
	}
	t := *old
	t.Indexes = slices.Delete(slices.Clone(t.Indexes), at, at+1)
	t.Version++
	c.put(&t)
	return nil
}
