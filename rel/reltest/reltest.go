// Package reltest holds a rel.Source for tests: rows in sorted slices.
package reltest

import (
	"sync"

	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Table is an immutable rel.Source over rows in memory.
type Table struct {
	types []types.Type
	key   []zset.KeyCol
	isInt bool
	rows  int64
	lanes []lane
	pool  sync.Pool // of *seek

	// BatchRows bounds the rows of a batch that Scan and Seek emit; it may be
	// lowered before the first use, to vary how rows are handed over.
	BatchRows int
}

var _ rel.Source = (*Table)(nil)

type lane struct {
	rows *zset.Batch
	keys zset.Keys
}

// seek is the scratch of one Seek.
type seek struct {
	probe []int32
	out   *zset.Batch
	types []types.Type
}

// NewTable makes a Table of the rows of b (any order, any weights; equal rows
// are summed), stored by key in so many lanes.
func NewTable(ts []types.Type, key []zset.KeyCol, lanes int, b *zset.Batch) *Table {
	t := &Table{
		types: ts, key: key, isInt: zset.KeyIsInt(ts, key),
		lanes: make([]lane, lanes), BatchRows: zset.MaxRows,
	}
	var s zset.Sorter
	all, keys := zset.NewBatch(ts, b.N), zset.NewKeys(t.isInt, b.N)
	s.Consolidate(all, keys, b, key, t.isInt)
	for i := range t.lanes {
		t.lanes[i] = lane{rows: zset.NewBatch(ts, 0), keys: *zset.NewKeys(t.isInt, 0)}
	}
	for i := range all.N {
		l := &t.lanes[t.laneOf(keys.Hash(i))]
		l.rows.AppendRow(all, i, all.Weight(i))
		l.keys.AppendFrom(keys, i)
		t.rows += all.Weight(i)
	}
	return t
}

func (t *Table) laneOf(hash uint64) int {
	return int(zset.Slot(hash)) * len(t.lanes) / zset.Slots
}

// Types implements rel.Source.
func (t *Table) Types() []types.Type { return t.types }

// Key implements rel.Source.
func (t *Table) Key() []zset.KeyCol { return t.key }

// Lanes implements rel.Source.
func (t *Table) Lanes() int { return len(t.lanes) }

// Rows implements rel.Source.
func (t *Table) Rows() int64 { return t.rows }

// Scan implements rel.Source.
func (t *Table) Scan(lane int, cols []int, r zset.Range, emit func(*zset.Batch) error) error {
	l := &t.lanes[lane]
	lo, hi := r.Locate(&l.keys)
	for ; lo < hi; lo += t.BatchRows {
		b := l.rows.Slice(lo, min(lo+t.BatchRows, hi)).SliceCols(cols)
		if err := emit(b); err != nil {
			return err
		}
	}
	return nil
}

// Seek implements rel.Source.
func (t *Table) Seek(keys *zset.Keys, prefix int, cols []int, emit func(probe []int32, b *zset.Batch) error) error {
	s := t.scratch(cols)
	defer t.pool.Put(s)
	for i := range keys.Len() {
		key := keys.At(i)
		lanes := t.lanes
		if prefix == len(t.key) {
			at := t.laneOf(keys.Hash(i))
			lanes = lanes[at : at+1]
		}
		for k := range lanes {
			l := &lanes[k]
			for row := l.keys.Search(key, false); row < l.keys.Len() && l.keys.HasPrefix(row, key); row++ {
				s.add(i, l, row, cols)
				if s.out.N < t.BatchRows {
					continue
				}
				if err := s.flush(emit); err != nil {
					return err
				}
			}
		}
	}
	return s.flush(emit)
}

func (t *Table) scratch(cols []int) *seek {
	s, ok := t.pool.Get().(*seek)
	if !ok {
		s = &seek{}
	}
	same := s.out != nil && len(cols) == len(s.types)
	for i := 0; same && i < len(cols); i++ {
		same = s.types[i] == t.types[cols[i]]
	}
	if !same {
		s.types = s.types[:0]
		for _, c := range cols {
			s.types = append(s.types, t.types[c])
		}
		s.out = zset.NewBatch(s.types, 0)
	}
	s.out.Reset()
	s.probe = s.probe[:0]
	return s
}

func (s *seek) add(probe int, l *lane, row int, cols []int) {
	s.probe = append(s.probe, int32(probe))
	for k, c := range cols {
		s.out.Cols[k].AppendFrom(&l.rows.Cols[c], row)
	}
	s.out.AppendWeight(l.rows.Weight(row))
}

func (s *seek) flush(emit func([]int32, *zset.Batch) error) error {
	if s.out.N == 0 {
		return nil
	}
	err := emit(s.probe, s.out)
	s.out.Reset()
	s.probe = s.probe[:0]
	return err
}
