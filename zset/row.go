package zset

import "github.com/weirdb/weir/types"

// NewBatch returns an empty batch of columns of ts with room for capacity rows.
func NewBatch(ts []types.Type, capacity int) *Batch { panic("skeleton") }

// Reset drops all rows and keeps the memory. The batch must be owned.
func (b *Batch) Reset() { panic("skeleton") }

// Types returns the types of the columns.
func (b *Batch) Types() []types.Type { panic("skeleton") }

// AppendWeight ends a row whose columns have been appended one by one.
func (b *Batch) AppendWeight(w int64) { panic("skeleton") }

// AppendValues appends a row of scalars with weight w.
func (b *Batch) AppendValues(row []types.Value, w int64) { panic("skeleton") }

// AppendRow appends row i of src with weight w.
func (b *Batch) AppendRow(src *Batch, i int, w int64) { panic("skeleton") }

// AppendRange appends rows lo to hi-1 of src with their weights.
func (b *Batch) AppendRange(src *Batch, lo, hi int) { panic("skeleton") }

// AppendGather appends the rows of src at the positions idx, in their order,
// with their weights.
func (b *Batch) AppendGather(src *Batch, idx []int32) { panic("skeleton") }

// Concat returns the rows of all batches in one new batch, or the only batch
// that has rows as it is. Batches have the same columns; none is nil.
func Concat(ts []types.Type, bs ...*Batch) *Batch { panic("skeleton") }

// Slice returns rows lo to hi-1 as a view of b's memory.
func (b *Batch) Slice(lo, hi int) *Batch { panic("skeleton") }

// SliceCols returns the columns at the positions cols as a view of b's memory.
func (b *Batch) SliceCols(cols []int) *Batch { panic("skeleton") }

// Clone returns a copy that shares nothing with b.
func (b *Batch) Clone() *Batch { panic("skeleton") }

// Row returns row i as scalars.
func (b *Batch) Row(i int) []types.Value { panic("skeleton") }

// Memory returns the bytes that b's rows take, without spare capacity.
func (b *Batch) Memory() int64 { panic("skeleton") }

// WeightSum returns the sum of the weights.
func (b *Batch) WeightSum() int64 { panic("skeleton") }

// Negate turns every weight of an owned batch round.
func (b *Batch) Negate() { panic("skeleton") }

// ScaleWeights multiplies every weight of an owned batch by w.
func (b *Batch) ScaleWeights(w int64) { panic("skeleton") }

// String renders the rows for tests and errors, one a line: "+2 | 1 | a".
func (b *Batch) String() string { panic("skeleton") }

// The canonical order is the order of rows where keys leave it open. Two rows
// are the same row iff their canonical bytes are equal, which for strings and
// floats is finer than equality in SQL ('a' and 'A', 0 and -0 are two rows).
// Canonical bytes of a column are 0 for NULL, else 1 and the value such that
// memcmp is the order of values: integers by sign and size, floats by IEEE
// total order, decimals by size (of one scale), strings by bytes.

// AppendCanonical appends the canonical bytes of row i over the columns cols,
// all columns when nil. No row's bytes are a prefix of another's.
func (b *Batch) AppendCanonical(dst []byte, i int, cols []int) []byte { panic("skeleton") }

// CompareRows orders row i of a and row j of b canonically over the columns
// cols (of both; all when nil): -1, 0 or 1.
func CompareRows(a *Batch, i int, b *Batch, j int, cols []int) int { panic("skeleton") }

// EqualRow tells whether row i of a and row j of b have equal canonical bytes.
func EqualRow(a *Batch, i int, b *Batch, j int) bool { panic("skeleton") }

// CompareAt orders row i of v and row j of w canonically.
func (v *Vec) CompareAt(i int, w *Vec, j int) int { panic("skeleton") }
