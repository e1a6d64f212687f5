package zset

// Sorter sorts and consolidates batches. It owns scratch memory, so it serves
// one goroutine at a time; the zero Sorter is ready.
type Sorter struct{}

// Perm returns the positions of b's rows ordered by (key, canonical bytes of
// the whole row); equal rows keep their order. keys are those of b. The slice
// is the Sorter's until the next call.
func (s *Sorter) Perm(keys *Keys, b *Batch) []int32 { panic("skeleton") }

// Consolidate sets dst and dstKeys to the rows of b and their keys over cols,
// ordered by (key, canonical bytes of the whole row), equal rows summed into
// one and rows of weight 0 left out. dst has b's columns and is owned by the
// caller, as is dstKeys; the form of keys is isInt, as in NormaliseAs.
func (s *Sorter) Consolidate(dst *Batch, dstKeys *Keys, b *Batch, cols []KeyCol, isInt bool) {
	panic("skeleton")
}

// Consolidate is Sorter.Consolidate into a new batch, in the form that
// KeyIsInt says. A batch that is consolidated already is returned as it is.
func Consolidate(b *Batch, cols []KeyCol) (*Batch, *Keys) { panic("skeleton") }
