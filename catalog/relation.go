package catalog

import (
	"strings"

	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Relation is a *Table or a *View.
type Relation interface {
	// Ident returns the id and the two parts of the name.
	Ident() (id uint64, db, name string)
	// Info returns what the planner needs to know. Rows is 0: the catalog
	// does not count.
	Info() plan.RelInfo
	relation()
}

// Ident implements Relation.
func (t *Table) Ident() (id uint64, db, name string) { return t.ID, t.DB, t.Name }

// Ident implements Relation.
func (v *View) Ident() (id uint64, db, name string) { return v.ID, v.DB, v.Name }

func (*Table) relation() {}
func (*View) relation()  {}

// Info implements Relation.
func (t *Table) Info() plan.RelInfo {
	info := plan.RelInfo{Types: t.StoredTypes(), Key: t.StoredKey(), Unique: true}
	for _, x := range t.Indexes {
		info.Indexes = append(info.Indexes, plan.IndexInfo{ID: x.ID, Name: x.Name, Cols: x.Cols, Unique: x.Unique})
	}
	return info
}

// Info implements Relation.
func (v *View) Info() plan.RelInfo {
	return plan.RelInfo{Types: v.StoredTypes(), Key: v.StoredKey(), Unique: v.Unique}
}

// StoredTypes returns the types of the stored columns, a hidden row id
// included.
func (t *Table) StoredTypes() []types.Type {
	ts := columnTypes(t.Columns)
	if t.RowID() >= 0 {
		ts = append(ts, types.TypeUint)
	}
	return ts
}

// StoredTypes returns the types of the view's columns.
func (v *View) StoredTypes() []types.Type { return columnTypes(v.Columns) }

func columnTypes(cols []Column) []types.Type {
	ts := make([]types.Type, len(cols), len(cols)+1)
	for i, c := range cols {
		ts[i] = c.Type
	}
	return ts
}

// StoredKey returns the columns the table is stored by.
func (t *Table) StoredKey() []zset.KeyCol {
	if id := t.RowID(); id >= 0 {
		return zset.Cols(id)
	}
	return zset.Cols(t.Key...)
}

// StoredKey returns the columns the view is stored by.
func (v *View) StoredKey() []zset.KeyCol { return zset.Cols(v.Key...) }

// Column returns the position of the column of that name, in any case, or -1.
func (t *Table) Column(name string) int { return columnAt(t.Columns, name) }

// Column returns the position of the column of that name, in any case, or -1.
func (v *View) Column(name string) int { return columnAt(v.Columns, name) }

func columnAt(cols []Column, name string) int {
	for i := range cols {
		if strings.EqualFold(cols[i].Name, name) {
			return i
		}
	}
	return -1
}

// index returns the position of the index of that name, in any case, or -1.
func (t *Table) index(name string) int {
	for i := range t.Indexes {
		if strings.EqualFold(t.Indexes[i].Name, name) {
			return i
		}
	}
	return -1
}
