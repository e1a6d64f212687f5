package arrange

import (
	"sort"
	"sync"

	"github.com/weirdb/weir/zset"
)

// WeightOf returns the weight of row i of row, which has all columns, with
// its whole key: 0 when it is not there.
func (s *Snap) WeightOf(key zset.Key, row *zset.Batch, i int) (int64, error) {
	if err := s.sh.checkForm(key.IsInt); err != nil {
		return 0, err
	}
	return s.sh.weight(s.st.Load(), key, key.Hash(), row, i)
}

// Has tells whether a row is there whose key begins with key.
func (s *Snap) Has(key zset.Key) (bool, error) {
	if err := s.sh.checkForm(key.IsInt); err != nil {
		return false, err
	}
	st := s.st.Load()
	if st.minus() {
		c := cursors.Get().(*Cursor)
		c.Reset(s, zset.PrefixRange(key), false)
		has, err := c.Next(), c.Err()
		c.Close()
		cursors.Put(c)
		return has, err
	}
	// Nothing is taken back, so a row in any segment is there: the oldest run
	// is the largest.
	for _, run := range st.runs {
		b, ok := run.locate(key)
		if !ok {
			continue
		}
		blk, err := run.blocks[b].handle.Acquire()
		if err != nil {
			return false, err
		}
		at := run.blocks[b].fence.lower(&blk.Keys, key)
		ok = at < blk.Rows.N && matches(&blk.Keys, at, key)
		run.blocks[b].handle.Release(blk)
		if ok {
			return true, nil
		}
	}
	at := st.tail.edge(key, false)
	return at < len(st.tail.perm) && matches(&st.tail.keys, int(st.tail.perm[at]), key), nil
}

var cursors = sync.Pool{New: func() any { return new(Cursor) }}

// minus tells whether a segment takes rows of others back.
func (st *state) minus() bool {
	if st.tail.minus {
		return true
	}
	for _, r := range st.runs {
		if r.minus {
			return true
		}
	}
	return false
}

// Weights sets out[i] to the weight of row i of rows, which has all columns
// and whose whole key is key i of keys. len(out) is rows.N.
func (s *Snap) Weights(keys *zset.Keys, rows *zset.Batch, out []int64) error {
	if rows.N == 0 {
		return nil
	}
	if err := s.sh.checkForm(keys.IsInt()); err != nil {
		return err
	}
	st := s.st.Load()
	for i := range out {
		w, err := s.sh.weight(st, keyAt(keys, i), keys.Hash(i), rows, i)
		if err != nil {
			return err
		}
		out[i] = w
	}
	return nil
}

// weight returns the weight that row i of rows has in st. What a row weighs is
// the sum over all segments in Unique lanes too, but there the newest that
// knows the key is enough.
func (sh *shape) weight(st *state, key zset.Key, hash uint64, rows *zset.Batch, i int) (int64, error) {
	sum, settled := sh.weightInTail(st.tail, key, rows, i)
	for j := len(st.runs) - 1; j >= 0 && !settled; j-- {
		run := st.runs[j]
		b, ok := run.locate(key)
		if !ok || !run.blocks[b].filter.has(hash) {
			continue
		}
		w, knows, err := sh.weightInRun(run, b, key, rows, i)
		if err != nil {
			return 0, err
		}
		sum += w
		settled = sh.Unique && knows
	}
	if sh.Unique {
		sum = max(sum, 0)
	}
	return sum, nil
}

// weightInTail returns the weight in a tail, and whether that settles it.
func (sh *shape) weightInTail(t *tail, key zset.Key, rows *zset.Batch, i int) (sum int64, settled bool) {
	if t.rows.N == 0 {
		return 0, false
	}
	if sh.Unique {
		at, ok := t.latest(key)
		if ok && t.rows.W[at] > 0 && sh.compareRest(&t.rows, at, rows, i) == 0 {
			sum = 1
		}
		return sum, ok
	}
	for p := t.edge(key, false); p < len(t.perm); p++ {
		at := int(t.perm[p])
		if !matches(&t.keys, at, key) {
			break
		}
		if sh.compareRest(&t.rows, at, rows, i) == 0 {
			sum += t.rows.W[at]
		}
	}
	return sum, false
}

// weightInRun returns the weight in a run whose rows with key begin, if there
// are any, in block b, and whether the key is there at all.
func (sh *shape) weightInRun(r *run, b int, key zset.Key, rows *zset.Batch, i int) (w int64, knows bool, err error) {
	// The rows of one key may fill many blocks: find the first block whose
	// last row is not below the one sought.
	if last := upper(&r.first, key) - 1; last > b {
		b += sort.Search(last-b, func(k int) bool {
			blk, e := r.blocks[b+k].handle.Acquire()
			if e != nil {
				err = e
				return true
			}
			defer r.blocks[b+k].handle.Release(blk)
			end := blk.Rows.N - 1
			if blk.Keys.CompareKey(end, key) > 0 {
				return true
			}
			return sh.compareRest(&blk.Rows, end, rows, i) >= 0
		})
	}
	if err != nil {
		return 0, false, err
	}
	blk, err := r.blocks[b].handle.Acquire()
	if err != nil {
		return 0, false, err
	}
	defer r.blocks[b].handle.Release(blk)
	lo := r.blocks[b].fence.lower(&blk.Keys, key)
	if lo == blk.Rows.N || !matches(&blk.Keys, lo, key) {
		return 0, false, nil
	}
	hi := lo + 1
	if hi < blk.Rows.N && matches(&blk.Keys, hi, key) {
		hi = upper(&blk.Keys, key)
	}
	at := lo + sort.Search(hi-lo, func(k int) bool { return sh.compareRest(&blk.Rows, lo+k, rows, i) >= 0 })
	if at < hi && sh.compareRest(&blk.Rows, at, rows, i) == 0 {
		w = blk.Rows.Weight(at)
	}
	return w, true, nil
}
