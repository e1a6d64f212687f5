// Package catalog holds what exists: databases, tables, indexes and views.
//
// A Catalog is an immutable value: a change makes a new one that shares what
// did not change, so a statement binds against one version from beginning to
// end. The shard applies Changes in the step; nothing else makes versions.
package catalog

import (
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
)

// Column is a column of a table as it was declared.
type Column struct {
	Name string
	Type types.Type
	// Default is the value of a column that an INSERT leaves out; nil when
	// there is none. DefaultNow says CURRENT_TIMESTAMP instead.
	Default    *types.Value
	DefaultNow bool
	// OnUpdateNow says ON UPDATE CURRENT_TIMESTAMP.
	OnUpdateNow   bool
	AutoIncrement bool
	Comment       string
}

// Index is a secondary index of a table.
type Index struct {
	ID     uint32 // from 1; 0 is the table's own key
	Name   string
	Cols   []int
	Unique bool
}

// Table is a base table. Its rows are stored as Columns in order. A table
// without a primary key has a hidden last column of type BIGINT UNSIGNED, the
// row id, which Columns does not list: see RowID.
type Table struct {
	ID      uint64 // never reused
	DB      string
	Name    string
	Version uint32 // schema version, from 1
	Columns []Column
	Key     []int // primary key columns; empty: the hidden row id is the key
	Indexes []Index
	Comment string

	lastIndex uint32 // index ids are not reused either
}

// RowID returns the position of the hidden row id, or -1 for a table with a
// primary key.
func (t *Table) RowID() int {
	if len(t.Key) > 0 {
		return -1
	}
	return len(t.Columns)
}

// AutoIncrement returns the position of the AUTO_INCREMENT column, or -1.
func (t *Table) AutoIncrement() int {
	for i := range t.Columns {
		if t.Columns[i].AutoIncrement {
			return i
		}
	}
	return -1
}

// View is a materialized view. Its rows are stored like a table's, with
// weights; Key is the prefix of the order they are stored in.
type View struct {
	ID      uint64 // from the same numbers as tables
	DB      string
	Name    string
	Text    string // the SELECT as the user wrote it, for SHOW CREATE only
	Plan    plan.Node
	Columns []Column
	// Key is the columns the view is stored by. Unique says that they hold
	// at most one row each, of weight 1; then they come from the plan's keys
	// (group columns, primary keys of the inputs). Otherwise Key is all
	// columns.
	Key    []int
	Unique bool
	// Inputs are the ids of the tables and views that Plan scans, ascending.
	Inputs []uint64
	// Names are the ids of what the query names, ascending: all Inputs, and
	// what the planner found it need not read. None can be dropped before.
	Names []uint64
	Ready bool // false while its backfill runs: nobody may read it
}
