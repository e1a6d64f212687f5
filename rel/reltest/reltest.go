// Package reltest holds a rel.Source for tests: rows in sorted slices.
package reltest

import (
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Table is an immutable rel.Source over rows in memory.
type Table struct {
	types []types.Type
	key   []zset.KeyCol
}

// NewTable makes a Table of the rows of b (any order, any weights; equal rows
// are summed), stored by key in so many lanes.
func NewTable(ts []types.Type, key []zset.KeyCol, lanes int, b *zset.Batch) *Table {
	panic("reltest: NewTable")
}

// Types implements rel.Source.
func (t *Table) Types() []types.Type { return t.types }

// Key implements rel.Source.
func (t *Table) Key() []zset.KeyCol { return t.key }
