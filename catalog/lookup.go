package catalog

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
)

// Catalog is one immutable version of what exists; New makes the first. What
// it returns is shared and must not be changed. Safe for concurrent use.
//
// Databases are case-sensitive, and so are tables and views, which share one
// namespace per database.
type Catalog struct {
	version uint64
	nextID  uint64
	dbs     map[string]*database
	byID    persistent[relID, Relation]
	readers persistent[relID, []relID] // views by what they read directly, ascending
}

// Database is a schema in MySQL's sense.
type Database struct {
	Name string
	Coll types.Collation // of new tables that name none
}

type database struct {
	Database
	rels persistent[relName, Relation]
}

// New returns the catalog of a new node: no databases.
func New() *Catalog {
	return &Catalog{nextID: 1, dbs: map[string]*database{}}
}

// Version counts the changes that led to c.
func (c *Catalog) Version() uint64 { return c.version }

// Database looks a database up.
func (c *Catalog) Database(name string) (Database, bool) {
	db, ok := c.dbs[name]
	if !ok {
		return Database{}, false
	}
	return db.Database, true
}

// Lookup looks a table or view up.
func (c *Catalog) Lookup(db, name string) (Relation, bool) {
	d, ok := c.dbs[db]
	if !ok {
		return nil, false
	}
	r, ok := d.rels.get(relName(name))
	return r, ok
}

// Table looks a base table up.
func (c *Catalog) Table(db, name string) (*Table, bool) {
	r, _ := c.Lookup(db, name)
	t, ok := r.(*Table)
	return t, ok
}

// View looks a view up, whether it is ready or not.
func (c *Catalog) View(db, name string) (*View, bool) {
	r, _ := c.Lookup(db, name)
	v, ok := r.(*View)
	return v, ok
}

// ByID looks a table or view up by its id.
func (c *Catalog) ByID(id uint64) (Relation, bool) {
	r, ok := c.byID.get(relID(id))
	return r, ok
}

// Info returns what the planner needs to know of relation id; it is a
// plan.Rels.
func (c *Catalog) Info(id uint64) (plan.RelInfo, bool) {
	r, ok := c.byID.get(relID(id))
	if !ok {
		return plan.RelInfo{}, false
	}
	return r.Info(), true
}

// Databases returns all databases, sorted by name.
func (c *Catalog) Databases() []Database {
	out := make([]Database, 0, len(c.dbs))
	for _, name := range slices.Sorted(maps.Keys(c.dbs)) {
		out = append(out, c.dbs[name].Database)
	}
	return out
}

// Tables returns the base tables of a database, sorted by name.
func (c *Catalog) Tables(db string) []*Table { return relationsOf[*Table](c, db) }

// Views returns the views of a database, sorted by name.
func (c *Catalog) Views(db string) []*View { return relationsOf[*View](c, db) }

func relationsOf[R Relation](c *Catalog, db string) []R {
	d, ok := c.dbs[db]
	if !ok {
		return nil
	}
	var out []R
	for _, name := range d.rels.keys() {
		r, _ := d.rels.get(name)
		if r, ok := r.(R); ok {
			out = append(out, r)
		}
	}
	return out
}

// Relations returns all tables and views, by ascending id: a view comes after
// everything it reads.
func (c *Catalog) Relations() []Relation {
	return c.relations(c.byID.keys())
}

// Removed returns the tables and views of c that next, a version that follows
// it, does not have, by ascending id.
func (c *Catalog) Removed(next *Catalog) []Relation {
	return c.relations(c.byID.missing(next.byID))
}

func (c *Catalog) relations(ids []relID) []Relation {
	out := make([]Relation, len(ids))
	for i, id := range ids {
		out[i], _ = c.byID.get(id)
	}
	return out
}

// Dependents returns the views that name relation id directly, by ascending
// id.
func (c *Catalog) Dependents(id uint64) []*View {
	var out []*View
	readers, _ := c.readers.get(relID(id))
	for _, id := range readers {
		v, _ := c.byID.get(id)
		out = append(out, v.(*View))
	}
	return out
}

// NearestDatabase returns the database whose name is most like name, or "".
func (c *Catalog) NearestDatabase(name string) string {
	return Nearest(name, slices.Sorted(maps.Keys(c.dbs)))
}

// NearestRelation returns the table or view of db whose name is most like
// name, or "".
func (c *Catalog) NearestRelation(db, name string) string {
	d, ok := c.dbs[db]
	if !ok {
		return ""
	}
	names := make([]string, 0, d.rels.n)
	for _, n := range d.rels.keys() {
		names = append(names, string(n))
	}
	return Nearest(name, names)
}

// Nearest returns the candidate most like name, in any case, or "" when none
// is near enough to be a slip of the pen. Of equal ones it is the first.
func Nearest(name string, candidates []string) string {
	best, least := "", 2*(len(name)/3+2)
	for _, c := range candidates {
		d := distance(strings.ToLower(name), strings.ToLower(c))
		if d >= len(c) {
			continue
		}
		d *= 2
		if strings.EqualFold(c, name) || !strings.HasPrefix(c, name[:min(1, len(name))]) {
			d++ // of equal ones the case of the first letter decides
		}
		if d < least {
			best, least = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range len(a) {
		cur[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				cur[j+1] = min(cur[j+1], prev2[j-1]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}

// clone returns a copy of c that may be changed.
func (c *Catalog) clone() *Catalog {
	return &Catalog{
		version: c.version + 1, nextID: c.nextID,
		dbs: maps.Clone(c.dbs), byID: c.byID, readers: c.readers,
	}
}

// put enters r, replacing what has its id.
func (c *Catalog) put(r Relation) {
	n, db, name := r.Ident()
	id := relID(n)
	d := *c.dbs[db]
	d.rels = d.rels.with(relName(name), r)
	c.dbs[db] = &d
	_, known := c.byID.get(id)
	c.byID = c.byID.with(id, r)
	if v, ok := r.(*View); ok && !known {
		for _, in := range v.Names {
			in := relID(in)
			readers, _ := c.readers.get(in)
			at, _ := slices.BinarySearch(readers, id)
			c.readers = c.readers.with(in, slices.Concat(readers[:at], []relID{id}, readers[at:]))
		}
	}
}

// remove takes r out.
func (c *Catalog) remove(r Relation) {
	n, db, name := r.Ident()
	id := relID(n)
	d := *c.dbs[db]
	d.rels = d.rels.without(relName(name))
	c.dbs[db] = &d
	c.byID = c.byID.without(id)
	c.readers = c.readers.without(id)
	if v, ok := r.(*View); ok {
		for _, in := range v.Names {
			in := relID(in)
			readers, _ := c.readers.get(in)
			at, found := slices.BinarySearch(readers, id)
			switch {
			case found && len(readers) == 1:
				c.readers = c.readers.without(in)
			case found:
				c.readers = c.readers.with(in, slices.Concat(readers[:at], readers[at+1:]))
			}
		}
	}
}

// sortedViews sorts views by database and name.
func sortedViews(vs []*View) {
	slices.SortFunc(vs, func(a, b *View) int {
		return cmp.Or(cmp.Compare(a.DB, b.DB), cmp.Compare(a.Name, b.Name))
	})
}
