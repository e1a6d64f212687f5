package rel

import (
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// OrderKey returns the key by which plan.Top sorts: its groups, then its
// order. Rows with equal keys follow each other by their canonical bytes, all
// columns in order: zset.SortPerm and every arrangement do the same, so ties
// settle alike in both runners.
func OrderKey(groups []int, order []plan.Order) []zset.KeyCol {
	key := make([]zset.KeyCol, 0, len(groups)+len(order))
	for _, c := range groups {
		key = append(key, zset.KeyCol{Col: c})
	}
	for _, o := range order {
		key = append(key, zset.KeyCol{Col: o.Col, Desc: o.Desc})
	}
	return key
}

// TopK keeps the rows offset..offset+limit-1 of each group in the order of
// OrderKey; a row of weight w counts w times. It holds a small multiple of
// the rows that it may put out. A limit of plan.NoLimit sorts everything.
//
// A TopK belongs to one goroutine.
type TopK struct {
	key []zset.KeyCol
}

// NewTopK makes a TopK over rows of types ts.
func NewTopK(ts []types.Type, groups []int, order []plan.Order) *TopK { panic("rel: TopK") }

// Reset forgets all rows and sets the bounds; both are at least 0, or limit
// is plan.NoLimit.
func (t *TopK) Reset(offset, limit int64) { panic("rel: TopK") }

// Add takes the rows of b, whose weights are positive; they are copied.
func (t *TopK) Add(b *zset.Batch) { panic("rel: TopK") }

// Emit puts out the rows in order, in batches of at most zset.MaxRows that
// are borrowed until emit returns.
func (t *TopK) Emit(emit func(*zset.Batch) error) error { panic("rel: TopK") }

// Bytes returns the memory held.
func (t *TopK) Bytes() int64 { panic("rel: TopK") }
