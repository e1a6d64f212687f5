package pull

import (
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/zset"
)

// seekSide is a side of a join that is one relation, read as it is stored:
// the columns of the relation in the side's order, and those of the join key.
type seekSide struct {
	scan *scanNode
	cols []int // relation's column of each column of the side
	keys []int // relation's column of each join key
}

// newSeekSide returns how to look keys up in n, nil when n is more than a
// Scan and a choice of its columns. A Scan that is bounded is not looked up
// in; one whose Access only names an index is, through that index.
func newSeekSide(n plan.Node, keys []int) *seekSide {
	if len(keys) == 0 {
		return nil
	}
	cols, scan := bareScan(n)
	if scan == nil {
		return nil
	}
	s, err := newScan(scan)
	if err != nil || s.(*scanNode).bounded() {
		return nil
	}
	side := &seekSide{scan: s.(*scanNode), cols: cols}
	for _, k := range keys {
		side.keys = append(side.keys, cols[k])
	}
	return side
}

// bareScan returns the Scan that n is a choice of columns of, and which.
func bareScan(n plan.Node) (cols []int, scan *plan.Scan) {
	switch n := n.(type) {
	case *plan.Scan:
		return n.Cols, n
	case *plan.Exchange:
		return bareScan(n.In)
	case *plan.Project:
		below, scan := bareScan(n.In)
		if scan == nil {
			return nil, nil
		}
		for _, e := range n.Exprs {
			c, ok := e.(*expr.Col)
			if !ok {
				return nil, nil
			}
			cols = append(cols, below[c.Index])
		}
		return cols, scan
	}
	return nil, nil
}

// open returns the side's relation when its key begins with the join key, and
// for each of those key columns the join key it stands for; else nil.
func (s *joinSide) open(x *exec) (src rel.Source, perm []int, err error) {
	if s.seek == nil {
		return nil, nil, nil
	}
	src, err = x.env.Source(s.seek.scan.table, s.seek.scan.index)
	if err != nil {
		return nil, nil, err
	}
	key := src.Key()
	if len(key) < len(s.keys) {
		return nil, nil, nil
	}
	for _, k := range key[:len(s.keys)] {
		at := -1
		for i, c := range s.seek.keys {
			if c == k.Col {
				at = i
			}
		}
		if at < 0 {
			return nil, nil, nil
		}
		perm = append(perm, at)
	}
	return src, perm, nil
}

func (s *joinSide) seekable(x *exec) bool {
	src, _, err := s.open(x)
	return err == nil && src != nil
}

// seeker matches by look-ups in a relation.
type seeker struct {
	o      *joinOp
	src    rel.Source
	probe  []int // columns of the probing side, in the order of the source's key
	cols   []int
	keys   zset.Keys
	idx    []int32
	dense  *zset.Batch
	onRows func([]int32, *zset.Batch) error
}

func (s *seeker) begin(o *joinOp, src rel.Source, perm []int, matching int) {
	s.o, s.src = o, src
	s.cols = o.n.sides[matching].seek.cols
	s.probe = s.probe[:0]
	for _, at := range perm {
		s.probe = append(s.probe, o.n.sides[o.probing].keys[at])
	}
	s.onRows = s.rows
}

// match implements matcher.
func (s *seeker) match(o *joinOp, b *zset.Batch) error {
	s.idx = rel.NotNull(s.idx[:0], b, s.probe, nil)
	if len(s.idx) < b.N {
		if s.dense == nil {
			s.dense = zset.NewBatch(o.n.sides[o.probing].types, 0)
		}
		s.dense.Reset()
		s.dense.AppendGather(b, s.idx)
		b = s.dense
	}
	if b.N == 0 {
		return nil
	}
	rel.ProbeKeys(&s.keys, b, s.probe, s.src.Types(), s.src.Key())
	return s.src.Seek(&s.keys, len(s.probe), s.cols, s.onRows)
}

// rows takes the partners of some probe rows: positions among the dense ones.
func (s *seeker) rows(probe []int32, b *zset.Batch) error {
	for m, p := range probe {
		if err := s.o.pair(s.idx[p], int32(m), b); err != nil {
			return err
		}
	}
	return s.o.flush(b)
}
