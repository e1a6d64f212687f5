package shard

import (
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// change returns the change of the index that a change of its table causes.
func (x *index) change(delta *zset.Batch) *zset.Batch {
	out, _ := zset.Consolidate(delta.SliceCols(x.cols), x.arr.Schema().Key)
	return out
}

// indexSource reads a table in the order of a secondary index. Rows come from
// the index itself when it holds all columns asked for, else each is looked
// up by the table's key.
type indexSource struct {
	index   *index
	entries rel.Source // the index: its columns, then the table's key
	main    rel.Source
}

// Types implements rel.Source: the table's columns.
func (s *indexSource) Types() []types.Type { return s.main.Types() }

// Key implements rel.Source, in positions of the table.
func (s *indexSource) Key() []zset.KeyCol { return zset.Cols(s.index.cols...) }

// Lanes implements rel.Source.
func (s *indexSource) Lanes() int { return s.entries.Lanes() }

// Rows implements rel.Source.
func (s *indexSource) Rows() int64 { return s.entries.Rows() }

// Scan implements rel.Source.
func (s *indexSource) Scan(lane int, cols []int, r zset.Range, emit func(*zset.Batch) error) error {
	if own, ok := s.covered(cols); ok {
		return s.entries.Scan(lane, own, r, emit)
	}
	return s.entries.Scan(lane, s.keyPart(), r, func(b *zset.Batch) error {
		return s.fetch(b, cols, func(_ []int32, rows *zset.Batch) error { return emit(rows) })
	})
}

// Seek implements rel.Source.
func (s *indexSource) Seek(keys *zset.Keys, prefix int, cols []int, emit func([]int32, *zset.Batch) error) error {
	if own, ok := s.covered(cols); ok {
		return s.entries.Seek(keys, prefix, own, emit)
	}
	return s.entries.Seek(keys, prefix, s.keyPart(), func(probe []int32, b *zset.Batch) error {
		return s.fetch(b, cols, func(rows []int32, found *zset.Batch) error {
			origin := make([]int32, len(rows))
			for i, row := range rows {
				origin[i] = probe[row]
			}
			return emit(origin, found)
		})
	})
}

// fetch looks up the rows whose table keys are the rows of b.
func (s *indexSource) fetch(b *zset.Batch, cols []int, emit func([]int32, *zset.Batch) error) error {
	key := s.main.Key()
	var keys zset.Keys
	zset.NormaliseAs(&keys, b, ascending(len(key)), zset.KeyIsInt(s.main.Types(), key))
	return s.main.Seek(&keys, len(key), cols, emit)
}

// covered maps columns of the table to columns of the index, when it holds
// them all.
func (s *indexSource) covered(cols []int) ([]int, bool) {
	own := make([]int, len(cols))
	for i, c := range cols {
		own[i] = none
		for j, x := range s.index.cols {
			if x == c {
				own[i] = j
				break
			}
		}
		if own[i] == none {
			return nil, false
		}
	}
	return own, true
}

// keyPart returns the index's columns that hold the table's key.
func (s *indexSource) keyPart() []int {
	n := len(s.main.Key())
	return span(len(s.index.cols)-n, n)
}
