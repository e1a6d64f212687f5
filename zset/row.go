package zset

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/weirdb/weir/types"
)

// NewBatch returns an empty batch of columns of ts with room for capacity rows.
func NewBatch(ts []types.Type, capacity int) *Batch {
	b := &Batch{Cols: make([]Vec, len(ts))}
	for i, t := range ts {
		b.Cols[i] = NewVec(t, 0)
		b.Cols[i].Grow(capacity, 0)
	}
	return b
}

// Reset drops all rows and keeps the memory. The batch must be owned.
func (b *Batch) Reset() {
	b.N = 0
	for i := range b.Cols {
		b.Cols[i].Reset()
	}
	b.W = b.W[:0]
}

// Types returns the types of the columns.
func (b *Batch) Types() []types.Type {
	ts := make([]types.Type, len(b.Cols))
	for i := range b.Cols {
		ts[i] = b.Cols[i].Type
	}
	return ts
}

// AppendWeight ends a row whose columns have been appended one by one.
func (b *Batch) AppendWeight(w int64) {
	if b.W != nil || w != 1 {
		b.ownWeights()
		b.W = append(b.W, w)
	}
	b.N++
}

// ownWeights makes W hold the weight of every row so far.
func (b *Batch) ownWeights() {
	if b.W == nil {
		b.W = appendN(make([]int64, 0, max(2*b.N, 8)), b.N, 1)
	}
}

// AppendValues appends a row of scalars with weight w.
func (b *Batch) AppendValues(row []types.Value, w int64) {
	for i := range b.Cols {
		b.Cols[i].AppendValue(row[i])
	}
	b.AppendWeight(w)
}

// AppendRow appends row i of src with weight w.
func (b *Batch) AppendRow(src *Batch, i int, w int64) {
	for c := range b.Cols {
		b.Cols[c].AppendFrom(&src.Cols[c], i)
	}
	b.AppendWeight(w)
}

// AppendRange appends rows lo to hi-1 of src with their weights.
func (b *Batch) AppendRange(src *Batch, lo, hi int) {
	for c := range b.Cols {
		b.Cols[c].AppendRange(&src.Cols[c], lo, hi)
	}
	if src.W != nil {
		b.ownWeights()
		b.W = append(b.W, src.W[lo:hi]...)
	} else if b.W != nil {
		b.W = appendN(b.W, hi-lo, 1)
	}
	b.N += hi - lo
}

// AppendGather appends the rows of src at the positions idx, in their order,
// with their weights.
func (b *Batch) AppendGather(src *Batch, idx []int32) {
	for c := range b.Cols {
		b.Cols[c].AppendGather(&src.Cols[c], idx)
	}
	if src.W != nil {
		b.ownWeights()
		for _, i := range idx {
			b.W = append(b.W, src.W[i])
		}
	} else if b.W != nil {
		b.W = appendN(b.W, len(idx), 1)
	}
	b.N += len(idx)
}

// Concat returns the rows of all batches in one new batch, or the only batch
// that has rows as it is. Batches have the same columns; none is nil.
func Concat(ts []types.Type, bs ...*Batch) *Batch {
	var only *Batch
	rows, full := 0, 0
	for _, b := range bs {
		if b.N > 0 {
			only, rows, full = b, rows+b.N, full+1
		}
	}
	if full == 1 {
		return only
	}
	all := NewBatch(ts, rows)
	for _, b := range bs {
		if b.N > 0 {
			all.AppendRange(b, 0, b.N)
		}
	}
	return all
}

// Slice returns rows lo to hi-1 as a view of b's memory.
func (b *Batch) Slice(lo, hi int) *Batch {
	s := &Batch{N: hi - lo, Cols: make([]Vec, len(b.Cols))}
	for c := range b.Cols {
		s.Cols[c] = b.Cols[c].Slice(lo, hi)
	}
	if b.W != nil {
		s.W = b.W[lo:hi:hi]
	}
	return s
}

// SliceCols returns the columns at the positions cols as a view of b's memory.
func (b *Batch) SliceCols(cols []int) *Batch {
	s := &Batch{N: b.N, Cols: make([]Vec, len(cols)), W: b.W}
	for i, c := range cols {
		s.Cols[i] = b.Cols[c]
	}
	return s
}

// Clone returns a copy that shares nothing with b.
func (b *Batch) Clone() *Batch {
	c := NewBatch(b.Types(), b.N)
	c.AppendRange(b, 0, b.N)
	return c
}

// Row returns row i as scalars.
func (b *Batch) Row(i int) []types.Value {
	row := make([]types.Value, len(b.Cols))
	for c := range b.Cols {
		row[c] = b.Cols[c].Value(i)
	}
	return row
}

// Memory returns the bytes that b's rows take, without spare capacity.
func (b *Batch) Memory() int64 {
	n := int64(8 * len(b.W))
	for c := range b.Cols {
		n += b.Cols[c].Memory()
	}
	return n
}

// WeightSum returns the sum of the weights.
func (b *Batch) WeightSum() int64 {
	if b.W == nil {
		return int64(b.N)
	}
	var sum int64
	for _, w := range b.W {
		sum += w
	}
	return sum
}

// Negate turns the sign of every weight of an owned batch.
func (b *Batch) Negate() { b.ScaleWeights(-1) }

// ScaleWeights multiplies every weight of an owned batch by w.
func (b *Batch) ScaleWeights(w int64) {
	b.ownWeights()
	for i := range b.W {
		b.W[i] *= w
	}
}

// String renders the rows for tests and errors, one a line: "+2 | 1 | a".
func (b *Batch) String() string {
	var s strings.Builder
	for i := range b.N {
		fmt.Fprintf(&s, "%+d", b.Weight(i))
		for c := range b.Cols {
			s.WriteString(" | ")
			s.WriteString(b.Cols[c].Value(i).String())
		}
		s.WriteByte('\n')
	}
	return s.String()
}

// The canonical order is the order of rows where keys leave it open. Two rows
// are the same row iff their canonical bytes are equal, which for strings and
// floats is finer than equality in SQL ('a' and 'A', 0 and -0 are two rows).
// Canonical bytes of a column are 0 for NULL, else 1 and the value such that
// memcmp is the order of values: integers by sign and size, floats by IEEE
// total order, decimals by size (of one scale), strings by bytes.

// AppendCanonical appends the canonical bytes of row i over the columns cols,
// all columns when nil. No row's bytes are a prefix of another's.
func (b *Batch) AppendCanonical(dst []byte, i int, cols []int) []byte {
	if cols == nil {
		for c := range b.Cols {
			dst = b.Cols[c].appendCanonical(dst, i)
		}
		return dst
	}
	for _, c := range cols {
		dst = b.Cols[c].appendCanonical(dst, i)
	}
	return dst
}

func (v *Vec) appendCanonical(dst []byte, i int) []byte {
	if v.IsNull(i) {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		return binary.BigEndian.AppendUint64(dst, floatOrder(v.F[i]))
	case types.PhysDec2, types.PhysDec4:
		w := v.W[i*p.Words() : (i+1)*p.Words()]
		flip := uint64(1) << 63
		for j := len(w) - 1; j >= 0; j-- {
			dst = binary.BigEndian.AppendUint64(dst, w[j]^flip)
			flip = 0
		}
		return dst
	case types.PhysBytes:
		return appendEscaped(dst, v.Bytes(i))
	}
	return binary.BigEndian.AppendUint64(dst, uint64(v.I[i])^signBit(v.Type.Kind))
}

// signBit is what makes the bits of an integer of kind k order as unsigned.
func signBit(k types.Kind) uint64 {
	if k.IsUnsigned() {
		return 0
	}
	return 1 << 63
}

// floatOrder maps f to an integer that orders by IEEE 754 total order.
func floatOrder(f float64) uint64 {
	u := math.Float64bits(f)
	if int64(u) < 0 {
		return ^u
	}
	return u | 1<<63
}

// CompareRows orders row i of a and row j of b canonically over the columns
// cols (of both; all when nil): -1, 0 or 1.
func CompareRows(a *Batch, i int, b *Batch, j int, cols []int) int {
	if cols == nil {
		for c := range a.Cols {
			if r := a.Cols[c].CompareAt(i, &b.Cols[c], j); r != 0 {
				return r
			}
		}
		return 0
	}
	for _, c := range cols {
		if r := a.Cols[c].CompareAt(i, &b.Cols[c], j); r != 0 {
			return r
		}
	}
	return 0
}

// EqualRow tells whether row i of a and row j of b have equal canonical bytes.
func EqualRow(a *Batch, i int, b *Batch, j int) bool { return CompareRows(a, i, b, j, nil) == 0 }

// CompareAt orders row i of v and row j of w, of v's type up to nullability,
// canonically.
func (v *Vec) CompareAt(i int, w *Vec, j int) int {
	if v.Valid != nil || w.Valid != nil {
		if x, y := v.IsNull(i), w.IsNull(j); x || y {
			return boolOrder(y) - boolOrder(x)
		}
	}
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		return cmp.Compare(floatOrder(v.F[i]), floatOrder(w.F[j]))
	case types.PhysDec2, types.PhysDec4:
		return v.Dec(i).Cmp(w.Dec(j))
	case types.PhysBytes:
		return bytes.Compare(v.Bytes(i), w.Bytes(j))
	}
	flip := signBit(v.Type.Kind)
	return cmp.Compare(uint64(v.I[i])^flip, uint64(w.I[j])^flip)
}

func boolOrder(b bool) int {
	if b {
		return 1
	}
	return 0
}
