package zset

import "github.com/weirdb/weir/types"

// Builders of a column. A Vec that is appended to is owned by who appends;
// each Append adds one row at the end and keeps the NULL-slot rule. A borrowed
// Vec (a view made by Slice, a batch passed to emit) is never appended to.

// NewVec returns a column of n rows for a kernel to fill: all zero, none NULL.
// A PhysBytes column has n empty strings; kernels rather begin with n = 0 and
// AppendBytes.
func NewVec(t types.Type, n int) Vec { panic("skeleton") }

// Len returns the number of rows.
func (v *Vec) Len() int { panic("skeleton") }

// Reset drops all rows and keeps the memory.
func (v *Vec) Reset() { panic("skeleton") }

// Resize makes v n rows long, keeping its memory where it suffices. All rows
// are zero and valid afterwards.
func (v *Vec) Resize(n int) { panic("skeleton") }

// Grow makes room for n more rows (and data bytes of a PhysBytes column).
func (v *Vec) Grow(n, data int) { panic("skeleton") }

// AppendInt appends to a PhysInt column.
func (v *Vec) AppendInt(x int64) { panic("skeleton") }

// AppendFloat appends to a PhysFloat column.
func (v *Vec) AppendFloat(x float64) { panic("skeleton") }

// AppendDec appends a coefficient at the column's scale to a decimal column of
// any width. It must fit the width, which every number of Type.Prec digits does.
func (v *Vec) AppendDec(d types.Dec) { panic("skeleton") }

// AppendBytes appends a copy of s to a PhysBytes column.
func (v *Vec) AppendBytes(s []byte) { panic("skeleton") }

// AppendString appends a copy of s to a PhysBytes column.
func (v *Vec) AppendString(s string) { panic("skeleton") }

// AppendNull appends NULL.
func (v *Vec) AppendNull() { panic("skeleton") }

// AppendValue appends x, which is of v's type up to nullability.
func (v *Vec) AppendValue(x types.Value) { panic("skeleton") }

// AppendFrom appends row i of src, a column of the same physical class.
func (v *Vec) AppendFrom(src *Vec, i int) { panic("skeleton") }

// AppendRange appends rows lo to hi-1 of src, of the same physical class.
func (v *Vec) AppendRange(src *Vec, lo, hi int) { panic("skeleton") }

// AppendGather appends the rows of src at the positions idx, in their order; a
// negative position appends NULL.
func (v *Vec) AppendGather(src *Vec, idx []int32) { panic("skeleton") }

// SetNull makes row i NULL and zeroes its slot. A string in the slot must be
// empty already.
func (v *Vec) SetNull(i int) { panic("skeleton") }

// Value returns row i as a scalar with v's type; strings are copied.
func (v *Vec) Value(i int) types.Value { panic("skeleton") }

// Dec returns row i of a decimal column of any width.
func (v *Vec) Dec(i int) types.Dec { panic("skeleton") }

// SetDec writes row i of a decimal column; see AppendDec.
func (v *Vec) SetDec(i int, d types.Dec) { panic("skeleton") }

// Slice returns rows lo to hi-1 as a view of v's memory; a bitmap that is not
// cut at a word is copied.
func (v *Vec) Slice(lo, hi int) Vec { panic("skeleton") }

// Nulls returns the number of NULL rows.
func (v *Vec) Nulls() int { panic("skeleton") }

// Memory returns the memory that v's rows take, without spare capacity.
func (v *Vec) Memory() int64 { panic("skeleton") }

// NewBitmap returns a bitmap of n set bits.
func NewBitmap(n int) Bitmap { panic("skeleton") }

// Set sets bit i.
func (m Bitmap) Set(i int) { m[i>>6] |= 1 << (uint(i) & 63) }

// Clear clears bit i.
func (m Bitmap) Clear(i int) { m[i>>6] &^= 1 << (uint(i) & 63) }
