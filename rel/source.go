// Package rel holds what both runners share: the Source through which they
// read relations, and the kernels over batches (group tables, accumulators,
// probes, sorts) that give pull and push the same arithmetic.
package rel

import (
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Source is one relation at one snapshot. Arrangements implement it; so will
// file readers, agents and remote shards.
//
// A Source is immutable and safe for concurrent use. Batches passed to emit
// are borrowed until emit returns and hold at most zset.MaxRows rows with
// weights > 0, consolidated. An error from emit ends the call and is returned.
type Source interface {
	// Types returns the types of all stored columns, a hidden row id included.
	Types() []types.Type
	// Key returns the columns by which each lane is sorted.
	Key() []zset.KeyCol
	// Lanes returns the number of lanes, each of which can be scanned on its own.
	Lanes() int
	// Rows returns about how many rows there are.
	Rows() int64
	// Scan emits the columns cols of the lane's rows in key order, those
	// within r only.
	Scan(lane int, cols []int, r zset.Range, emit func(*zset.Batch) error) error
	// Seek emits the columns cols of the rows whose key has one of keys as
	// prefix. keys are normalised over the first prefix columns of Key().
	// probe[i] is the position in keys that row i of the batch answers; the
	// order of positions ascends. It looks in all lanes.
	Seek(keys *zset.Keys, prefix int, cols []int, emit func(probe []int32, b *zset.Batch) error) error
}
