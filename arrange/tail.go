package arrange

import (
	"slices"

	"github.com/weirdb/weir/zset"
)

// tail is the newest rows of a lane, in order of arrival, as a Snap sees
// them. The slices of rows and keys share memory with the writer's, which
// appends behind their ends only; bitmaps and perm are the Snap's own.
//
// perm lists all rows ordered by key; rows with equal keys by (canonical row,
// arrival), in Unique lanes by arrival, so that the last of a key tells the
// truth. W of rows is never nil.
type tail struct {
	rows zset.Batch
	keys zset.Keys
	perm []uint16
	sum  int64 // of the weights
	// minus says that there are weights below 0.
	minus bool
}

// edge returns the first position in perm whose key is not below key, or,
// with after, is above it and does not begin with it.
func (t *tail) edge(key zset.Key, after bool) int {
	lo, hi := 0, len(t.perm)
	if key.IsInt {
		if after && key.Int == maxInt {
			return hi
		}
		x := key.Int
		if after {
			x++
		}
		for lo < hi {
			m := int(uint(lo+hi) >> 1)
			if t.keys.Int[t.perm[m]] < x {
				lo = m + 1
			} else {
				hi = m
			}
		}
		return lo
	}
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		k := keyAt(&t.keys, int(t.perm[m])).Bytes
		if after && !beyond(k, key.Bytes) || !after && bytesBelow(k, key.Bytes) {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// latest returns the last row of a Unique lane's tail that has the whole key.
func (t *tail) latest(key zset.Key) (at int, ok bool) {
	if len(t.perm) == 0 {
		return 0, false
	}
	i := t.edge(key, true) - 1
	if i < 0 {
		return 0, false
	}
	at = int(t.perm[i])
	return at, matches(&t.keys, at, key)
}

// memory returns about how many bytes the rows take.
func (t *tail) memory() int64 {
	if t.rows.N == 0 {
		return 0
	}
	return t.rows.Memory() + t.keys.Memory() + int64(2*len(t.perm))
}

// newTail returns an empty tail to append to.
func newTail(sh *shape) *tail {
	b := zset.NewBatch(sh.Types, 0)
	b.W = []int64{}
	t := &tail{rows: *b}
	t.keys.Reset(sh.isInt)
	return t
}

// view returns the tail as it is now, for readers.
func (t *tail) view() *tail {
	v := *t
	v.rows.Cols = slices.Clone(t.rows.Cols)
	for i := range v.rows.Cols {
		if c := &v.rows.Cols[i]; c.Valid != nil {
			c.Valid = slices.Clone(c.Valid)
		}
	}
	v.perm = slices.Clone(t.perm)
	return &v
}

// writable returns a copy of a view that may be appended to.
func (t *tail) writable(sh *shape) *tail {
	c := newTail(sh)
	for i := range c.rows.Cols {
		c.rows.Cols[i].AppendRange(&t.rows.Cols[i], 0, t.rows.N)
	}
	c.rows.W = append(c.rows.W, t.rows.W...)
	c.rows.N = t.rows.N
	for i := range t.rows.N {
		c.keys.AppendFrom(&t.keys, i)
	}
	c.perm = slices.Clone(t.perm)
	c.sum, c.minus = t.sum, t.minus
	return c
}

// add appends the rows of b at the positions idx, with the weights w. keys are
// b's. They are sorted by key; in a Unique lane a key's row that goes stands
// before the one that comes.
func (t *tail) add(sh *shape, b *zset.Batch, keys *zset.Keys, idx []int32, w []int64) {
	from := t.rows.N
	for c := range t.rows.Cols {
		t.rows.Cols[c].AppendGather(&b.Cols[c], idx)
	}
	t.keys.AppendGather(keys, idx)
	t.rows.W = append(t.rows.W, w...)
	t.rows.N += len(idx)
	for i := from; i < t.rows.N; i++ {
		t.perm = slices.Insert(t.perm, t.place(sh, i), uint16(i))
		t.sum += t.rows.W[i]
		t.minus = t.minus || t.rows.W[i] < 0
	}
}

// place returns where row at belongs in perm, which holds the rows before it.
func (t *tail) place(sh *shape, at int) int {
	n := len(t.perm)
	if n == 0 || t.order(sh, int(t.perm[n-1]), at) <= 0 {
		return n
	}
	if sh.Unique {
		return t.edge(keyAt(&t.keys, at), true)
	}
	lo, hi := 0, n-1
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if t.order(sh, int(t.perm[m]), at) <= 0 {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// order compares rows i and j, i having come earlier, as perm orders them.
func (t *tail) order(sh *shape, i, j int) int {
	if c := t.keys.Compare(i, &t.keys, j); c != 0 || sh.Unique {
		return c
	}
	return sh.compareRest(&t.rows, i, &t.rows, j)
}

// sorted appends perm to dst with rows of equal keys in canonical order, as
// runs have them.
func (t *tail) sorted(sh *shape, dst []int32) []int32 {
	for _, at := range t.perm {
		dst = append(dst, int32(at))
	}
	if !sh.Unique {
		return dst
	}
	for lo := 0; lo < len(dst); {
		hi := lo + 1
		for hi < len(dst) && t.keys.Equal(int(dst[lo]), &t.keys, int(dst[hi])) {
			hi++
		}
		slices.SortStableFunc(dst[lo:hi], func(i, j int32) int {
			return sh.compareRest(&t.rows, int(i), &t.rows, int(j))
		})
		lo = hi
	}
	return dst
}
