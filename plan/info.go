package plan

import (
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// RelInfo is what the rules need to know of a table or view.
type RelInfo struct {
	// Types are the stored columns, a hidden row id included.
	Types []types.Type
	// Key is the columns the relation is stored by; its rows lie in the lane
	// of the slot of that key.
	Key []zset.KeyCol
	// Unique says that a value of Key stands for at most one row of weight 1.
	Unique  bool
	Indexes []IndexInfo
	// Rows is about how many rows there are; 0 when unknown.
	Rows int64
}

// IndexInfo is one secondary index of a relation: sorted by Cols ascending,
// then by the relation's key.
type IndexInfo struct {
	ID     uint32
	Name   string // for EXPLAIN only
	Cols   []int
	Unique bool // at most one row for values of Cols that are not NULL
}

// Rels looks a relation up by its catalog id. A relation it does not know is
// planned for as one without keys.
type Rels func(id uint64) (RelInfo, bool)
