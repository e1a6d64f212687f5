package zset

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// Sorter sorts and consolidates batches. It owns scratch memory, so it serves
// one goroutine at a time; the zero Sorter is ready.
//
// Rows are sorted by the first eight bytes in which their keys differ, by
// radix; only rows that are equal in these are compared. An input that is
// sorted already costs one pass of comparisons.
type Sorter struct {
	items, swap []item
	perm        []int32
	keys        Keys
	weights     []int64
}

// item is a row and the leading bits of its key.
type item struct {
	lead uint64
	row  int32
}

// radixRows is the number of rows from which on counting beats comparing.
const radixRows = 96

// Perm returns the positions of b's rows ordered by (key, canonical bytes of
// the whole row); equal rows keep their order. keys are those of b. The slice
// is the Sorter's until the next call.
func (s *Sorter) Perm(keys *Keys, b *Batch) []int32 {
	s.perm = grown(s.perm[:0], b.N)
	if inOrder(keys, b) {
		for i := range b.N {
			s.perm = append(s.perm, int32(i))
		}
		return s.perm
	}
	s.lead(keys)
	sorted := s.sortLead()
	for lo := 0; lo < len(sorted); {
		hi := lo + 1
		for hi < len(sorted) && sorted[hi].lead == sorted[lo].lead {
			hi++
		}
		if hi-lo > 1 {
			sortTies(sorted[lo:hi], keys, b)
		}
		lo = hi
	}
	for _, it := range sorted {
		s.perm = append(s.perm, it.row)
	}
	return s.perm
}

// compareKeyed orders rows i and j of b by (key, canonical bytes).
func compareKeyed(keys *Keys, b *Batch, i, j int) int {
	if c := keys.Compare(i, keys, j); c != 0 {
		return c
	}
	return CompareRows(b, i, b, j, nil)
}

func inOrder(keys *Keys, b *Batch) bool {
	for i := 1; i < b.N; i++ {
		if compareKeyed(keys, b, i-1, i) > 0 {
			return false
		}
	}
	return true
}

func sortTies(tied []item, keys *Keys, b *Batch) {
	slices.SortFunc(tied, func(x, y item) int {
		if c := compareKeyed(keys, b, int(x.row), int(y.row)); c != 0 {
			return c
		}
		return cmp.Compare(x.row, y.row)
	})
}

// lead fills s.items with the leading bits of every key, in row order.
func (s *Sorter) lead(keys *Keys) {
	n := keys.Len()
	s.items = grown(s.items[:0], n)
	if keys.IsInt() {
		for i, x := range keys.Int {
			s.items = append(s.items, item{uint64(x) ^ 1<<63, int32(i)})
		}
		return
	}
	skip := keys.commonPrefix()
	for i := range n {
		s.items = append(s.items, item{leadOf(keys.bytes(i)[skip:]), int32(i)})
	}
}

// leadOf returns the first eight bytes as a number, with zeros behind the end:
// keys that differ there keep their order.
func leadOf(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.BigEndian.Uint64(b)
	}
	var x uint64
	for i, c := range b {
		x |= uint64(c) << (56 - 8*i)
	}
	return x
}

// commonPrefix returns the length of what all keys begin with.
func (k *Keys) commonPrefix() int {
	first := k.bytes(0)
	n := len(first)
	for i := 1; i < k.Len() && n > 0; i++ {
		b := k.bytes(i)
		n = min(n, len(b))
		j := 0
		for j < n && first[j] == b[j] {
			j++
		}
		n = j
	}
	return n
}

// sortLead sorts the items by lead, equal ones in row order. The result is
// s.items or s.swap.
func (s *Sorter) sortLead() []item {
	if len(s.items) < radixRows {
		slices.SortFunc(s.items, func(x, y item) int {
			if c := cmp.Compare(x.lead, y.lead); c != 0 {
				return c
			}
			return cmp.Compare(x.row, y.row)
		})
		return s.items
	}
	var counts [8][256]uint32
	for _, it := range s.items {
		for d := range counts {
			counts[d][byte(it.lead>>(8*d))]++
		}
	}
	s.swap = grown(s.swap[:0], len(s.items))[:len(s.items)]
	from, to := s.items, s.swap
	for d := range counts {
		c := &counts[d]
		if c[byte(from[0].lead>>(8*d))] == uint32(len(from)) {
			continue // all have this byte in common
		}
		var at uint32
		for i, n := range c {
			c[i] = at
			at += n
		}
		for _, it := range from {
			digit := byte(it.lead >> (8 * d))
			to[c[digit]] = it
			c[digit]++
		}
		from, to = to, from
	}
	return from
}

// Consolidate sets dst and dstKeys to the rows of b and their keys over cols,
// ordered by (key, canonical bytes of the whole row), equal rows summed into
// one and rows of weight 0 left out. dst has b's columns and shares nothing
// with b; the form of keys is isInt, as in NormaliseAs.
func (s *Sorter) Consolidate(dst *Batch, dstKeys *Keys, b *Batch, cols []KeyCol, isInt bool) {
	NormaliseAs(&s.keys, b, cols, isInt)
	perm := s.Perm(&s.keys, b)
	kept, ones := s.sum(perm, b)
	dst.Reset()
	for c := range dst.Cols {
		dst.Cols[c].AppendGather(&b.Cols[c], kept)
	}
	dst.N = len(kept)
	dst.W = dst.W[:0]
	if ones {
		dst.W = nil
	} else {
		dst.W = append(dst.W, s.weights...)
	}
	dstKeys.Reset(isInt)
	dstKeys.AppendGather(&s.keys, kept)
}

// sum adds up the weights of equal rows, neighbours in perm, into s.weights.
// It returns the first row of each group whose sum is not 0, in perm's memory,
// and whether every sum is 1.
func (s *Sorter) sum(perm []int32, b *Batch) (kept []int32, ones bool) {
	s.weights = s.weights[:0]
	kept, ones = perm[:0], true
	for lo := 0; lo < len(perm); {
		row := int(perm[lo])
		w := b.Weight(row)
		hi := lo + 1
		for hi < len(perm) && s.keys.Equal(row, &s.keys, int(perm[hi])) && EqualRow(b, row, b, int(perm[hi])) {
			w += b.Weight(int(perm[hi]))
			hi++
		}
		if w != 0 {
			kept = append(kept, int32(row))
			s.weights = append(s.weights, w)
			ones = ones && w == 1
		}
		lo = hi
	}
	return kept, ones
}

// IsConsolidated tells whether b, whose keys are given, is ordered by (key,
// canonical bytes of the whole row) with every row once and no weight 0.
func IsConsolidated(keys *Keys, b *Batch) bool {
	for i := range b.N {
		if b.Weight(i) == 0 || i > 0 && compareKeyed(keys, b, i-1, i) >= 0 {
			return false
		}
	}
	return true
}

// Consolidate is Sorter.Consolidate into a new batch, in the form that
// KeyIsInt says. A batch that is consolidated already is returned as it is.
func Consolidate(b *Batch, cols []KeyCol) (*Batch, *Keys) {
	var s Sorter
	keys := new(Keys)
	Normalise(keys, b, cols)
	if IsConsolidated(keys, b) {
		return b, keys
	}
	dst := NewBatch(b.Types(), b.N)
	s.Consolidate(dst, keys, b, cols, keys.IsInt())
	return dst, keys
}
