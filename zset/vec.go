package zset

import (
	"math/bits"

	"github.com/weirdb/weir/types"
)

// Builders of a column. A Vec that is appended to is owned by who appends;
// each Append adds one row at the end and keeps the NULL-slot rule. A borrowed
// Vec (a view made by Slice, a batch passed to emit) is never appended to.

// NewVec returns a column of n rows for a kernel to fill: all zero, none NULL.
// A PhysBytes column has n empty strings; kernels rather begin with n = 0 and
// AppendBytes.
func NewVec(t types.Type, n int) Vec {
	v := Vec{Type: t}
	v.Resize(n)
	return v
}

// Len returns the number of rows.
func (v *Vec) Len() int {
	switch v.Type.Phys() {
	case types.PhysFloat:
		return len(v.F)
	case types.PhysDec2:
		return len(v.W) / 2
	case types.PhysDec4:
		return len(v.W) / 4
	case types.PhysBytes:
		return max(len(v.Off)-1, 0)
	}
	return len(v.I)
}

// Reset drops all rows and keeps the memory.
func (v *Vec) Reset() { v.Resize(0) }

// Resize makes v n rows long, keeping its memory where it suffices. All rows
// are zero and valid afterwards.
func (v *Vec) Resize(n int) {
	v.Valid = nil
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		v.F = zeroed(v.F, n)
	case types.PhysDec2, types.PhysDec4:
		v.W = zeroed(v.W, n*p.Words())
	case types.PhysBytes:
		v.Off = zeroed(v.Off, n+1)
		v.Data = v.Data[:0]
	default:
		v.I = zeroed(v.I, n)
	}
}

// zeroed returns s with n zeros, in its memory where that suffices.
func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// Grow makes room for n more rows (and data bytes of a PhysBytes column).
func (v *Vec) Grow(n, data int) {
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		v.F = grown(v.F, n)
	case types.PhysDec2, types.PhysDec4:
		v.W = grown(v.W, n*p.Words())
	case types.PhysBytes:
		v.begin()
		v.Off = grown(v.Off, n)
		v.Data = grown(v.Data, data)
	default:
		v.I = grown(v.I, n)
	}
}

func grown[T any](s []T, n int) []T {
	if cap(s)-len(s) >= n {
		return s
	}
	g := make([]T, len(s), max(len(s)+n, 2*cap(s)))
	copy(g, s)
	return g
}

// begin gives a PhysBytes column its first offset.
func (v *Vec) begin() {
	if len(v.Off) == 0 {
		v.Off = append(v.Off, 0)
	}
}

// AppendInt appends to a PhysInt column.
func (v *Vec) AppendInt(x int64) {
	v.I = append(v.I, x)
	if v.Valid != nil {
		v.Valid = appendBit(v.Valid, len(v.I)-1, true)
	}
}

// AppendFloat appends to a PhysFloat column.
func (v *Vec) AppendFloat(x float64) {
	v.F = append(v.F, x)
	if v.Valid != nil {
		v.Valid = appendBit(v.Valid, len(v.F)-1, true)
	}
}

// AppendDec appends a coefficient at the column's scale to a decimal column of
// any width. It must fit the width, which every number of Type.Prec digits does.
func (v *Vec) AppendDec(d types.Dec) {
	n := v.Type.Phys().Words()
	if n == 0 {
		v.AppendInt(int64(d[0]))
		return
	}
	v.W = append(v.W, d[:n]...)
	if v.Valid != nil {
		v.Valid = appendBit(v.Valid, len(v.W)/n-1, true)
	}
}

// AppendBytes appends a copy of s to a PhysBytes column.
func (v *Vec) AppendBytes(s []byte) {
	v.Data = append(v.Data, s...)
	v.EndBytes()
}

// AppendString appends a copy of s to a PhysBytes column.
func (v *Vec) AppendString(s string) {
	v.Data = append(v.Data, s...)
	v.EndBytes()
}

// EndBytes ends a row of a PhysBytes column whose bytes have been appended to
// v.Data directly.
func (v *Vec) EndBytes() {
	v.begin()
	v.Off = append(v.Off, uint32(len(v.Data)))
	if v.Valid != nil {
		v.Valid = appendBit(v.Valid, len(v.Off)-2, true)
	}
}

// AppendNull appends NULL.
func (v *Vec) AppendNull() {
	n := v.Len()
	if v.Valid == nil {
		v.Valid = NewBitmap(n)
	}
	v.Valid = appendBit(v.Valid, n, false)
	v.appendZeros(1)
}

// appendZeros appends n zero slots without touching the bitmap.
func (v *Vec) appendZeros(n int) {
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		v.F = appendN(v.F, n, 0)
	case types.PhysDec2, types.PhysDec4:
		v.W = appendN(v.W, n*p.Words(), 0)
	case types.PhysBytes:
		v.begin()
		v.Off = appendN(v.Off, n, v.Off[len(v.Off)-1])
	default:
		v.I = appendN(v.I, n, 0)
	}
}

func appendN[T any](s []T, n int, x T) []T {
	for range n {
		s = append(s, x)
	}
	return s
}

// AppendValue appends x, which is of v's type up to nullability.
func (v *Vec) AppendValue(x types.Value) {
	if x.IsNull {
		v.AppendNull()
		return
	}
	switch v.Type.Phys() {
	case types.PhysFloat:
		v.AppendFloat(x.F)
	case types.PhysDec2, types.PhysDec4:
		v.AppendDec(x.D)
	case types.PhysBytes:
		v.AppendString(x.S)
	default:
		if v.Type.Kind == types.Decimal {
			v.AppendDec(x.D)
			return
		}
		v.AppendInt(x.I)
	}
}

// AppendFrom appends row i of src, a column of the same physical class.
func (v *Vec) AppendFrom(src *Vec, i int) {
	if src.IsNull(i) {
		v.AppendNull()
		return
	}
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		v.AppendFloat(src.F[i])
	case types.PhysDec2, types.PhysDec4:
		n := p.Words()
		v.W = append(v.W, src.W[i*n:i*n+n]...)
		if v.Valid != nil {
			v.Valid = appendBit(v.Valid, len(v.W)/n-1, true)
		}
	case types.PhysBytes:
		v.AppendBytes(src.Bytes(i))
	default:
		v.AppendInt(src.I[i])
	}
}

// AppendRange appends rows lo to hi-1 of src, of the same physical class.
func (v *Vec) AppendRange(src *Vec, lo, hi int) {
	if lo == hi {
		return
	}
	n := v.Len()
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		v.F = append(v.F, src.F[lo:hi]...)
	case types.PhysDec2, types.PhysDec4:
		v.W = append(v.W, src.W[lo*p.Words():hi*p.Words()]...)
	case types.PhysBytes:
		v.begin()
		from := src.Off[lo]
		shift := uint32(len(v.Data)) - from
		v.Data = append(v.Data, src.Data[from:src.Off[hi]]...)
		for _, o := range src.Off[lo+1 : hi+1] {
			v.Off = append(v.Off, o+shift)
		}
	default:
		v.I = append(v.I, src.I[lo:hi]...)
	}
	if src.Valid == nil {
		if v.Valid != nil {
			v.Valid = appendOnes(v.Valid, n, hi-lo)
		}
		return
	}
	if v.Valid == nil {
		v.Valid = NewBitmap(n)
	}
	for i := lo; i < hi; i++ {
		v.Valid = appendBit(v.Valid, n+i-lo, src.Valid.Get(i))
	}
}

// AppendGather appends the rows of src at the positions idx, in their order; a
// negative position appends NULL.
func (v *Vec) AppendGather(src *Vec, idx []int32) {
	if len(idx) == 0 {
		return
	}
	if src.Valid != nil || hasNegative(idx) {
		v.gatherNulls(src, idx)
		return
	}
	n := v.Len()
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		v.F = grown(v.F, len(idx))
		for _, i := range idx {
			v.F = append(v.F, src.F[i])
		}
	case types.PhysDec2, types.PhysDec4:
		w := p.Words()
		v.W = grown(v.W, len(idx)*w)
		for _, i := range idx {
			v.W = append(v.W, src.W[int(i)*w:int(i)*w+w]...)
		}
	case types.PhysBytes:
		v.begin()
		v.Off = grown(v.Off, len(idx))
		for _, i := range idx {
			v.Data = append(v.Data, src.Data[src.Off[i]:src.Off[i+1]]...)
			v.Off = append(v.Off, uint32(len(v.Data)))
		}
	default:
		v.I = grown(v.I, len(idx))
		for _, i := range idx {
			v.I = append(v.I, src.I[i])
		}
	}
	if v.Valid != nil {
		v.Valid = appendOnes(v.Valid, n, len(idx))
	}
}

func (v *Vec) gatherNulls(src *Vec, idx []int32) {
	v.Grow(len(idx), 0)
	for _, i := range idx {
		if i < 0 {
			v.AppendNull()
		} else {
			v.AppendFrom(src, int(i))
		}
	}
}

func hasNegative(idx []int32) bool {
	var or int32
	for _, i := range idx {
		or |= i
	}
	return or < 0
}

// SetNull makes row i NULL and zeroes its slot. A string in the slot must be
// empty already.
func (v *Vec) SetNull(i int) {
	if v.Valid == nil {
		v.Valid = NewBitmap(v.Len())
	}
	v.Valid.Clear(i)
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		v.F[i] = 0
	case types.PhysDec2, types.PhysDec4:
		clear(v.W[i*p.Words() : (i+1)*p.Words()])
	case types.PhysInt:
		v.I[i] = 0
	}
}

// Value returns row i as a scalar with v's type; strings are copied.
func (v *Vec) Value(i int) types.Value {
	x := types.Value{Type: v.Type}
	if v.IsNull(i) {
		x.IsNull = true
		return x
	}
	switch {
	case v.Type.Kind == types.Decimal:
		x.D = v.Dec(i)
	case v.Type.Phys() == types.PhysFloat:
		x.F = v.F[i]
	case v.Type.Phys() == types.PhysBytes:
		x.S = string(v.Bytes(i))
	default:
		x.I = v.I[i]
	}
	return x
}

// Dec returns row i of a decimal column of any width.
func (v *Vec) Dec(i int) types.Dec {
	switch v.Type.Phys() {
	case types.PhysDec2:
		return types.DecFromWords(v.W[2*i : 2*i+2])
	case types.PhysDec4:
		return types.DecFromWords(v.W[4*i : 4*i+4])
	}
	return types.DecFromInt64(v.I[i])
}

// SetDec writes row i of a decimal column; see AppendDec.
func (v *Vec) SetDec(i int, d types.Dec) {
	n := v.Type.Phys().Words()
	if n == 0 {
		v.I[i] = int64(d[0])
		return
	}
	copy(v.W[i*n:i*n+n], d[:n])
}

// Slice returns rows lo to hi-1 as a view of v's memory; a bitmap that is not
// cut at a word is copied. The view's slices have no spare capacity.
func (v *Vec) Slice(lo, hi int) Vec {
	s := Vec{Type: v.Type}
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		s.F = v.F[lo:hi:hi]
	case types.PhysDec2, types.PhysDec4:
		w := p.Words()
		s.W = v.W[lo*w : hi*w : hi*w]
	case types.PhysBytes:
		if v.Off == nil {
			break
		}
		s.Off = v.Off[lo : hi+1 : hi+1]
		s.Data = v.Data[:len(v.Data):len(v.Data)]
	default:
		s.I = v.I[lo:hi:hi]
	}
	if v.Valid != nil {
		s.Valid = v.Valid.slice(lo, hi)
	}
	return s
}

// Nulls returns the number of NULL rows.
func (v *Vec) Nulls() int {
	if v.Valid == nil {
		return 0
	}
	n := v.Len()
	return n - v.Valid.count(n)
}

// Memory returns the bytes that v's rows take, without spare capacity.
func (v *Vec) Memory() int64 {
	n := 8 * (len(v.I) + len(v.F) + len(v.W) + len(v.Valid))
	if len(v.Off) > 0 {
		n += 4*len(v.Off) + int(v.Off[len(v.Off)-1]-v.Off[0])
	}
	return int64(n)
}

// NewBitmap returns a bitmap of n set bits; the bits behind them are 0.
func NewBitmap(n int) Bitmap {
	m := make(Bitmap, (n+63)>>6, (n+64)>>6)
	for i := range m {
		m[i] = ^uint64(0)
	}
	if n&63 != 0 {
		m[len(m)-1] = 1<<(uint(n)&63) - 1
	}
	return m
}

// Set sets bit i.
func (m Bitmap) Set(i int) { m[i>>6] |= 1 << (uint(i) & 63) }

// Clear clears bit i.
func (m Bitmap) Clear(i int) { m[i>>6] &^= 1 << (uint(i) & 63) }

// appendBit puts bit n behind n bits.
func appendBit(m Bitmap, n int, set bool) Bitmap {
	if n&63 == 0 {
		m = append(m[:n>>6], 0)
	}
	if set {
		m[n>>6] |= 1 << (uint(n) & 63)
	} else {
		m[n>>6] &^= 1 << (uint(n) & 63)
	}
	return m
}

// appendOnes puts k set bits behind n bits.
func appendOnes(m Bitmap, n, k int) Bitmap {
	for i := n; i < n+k; i++ {
		m = appendBit(m, i, true)
	}
	return m
}

func (m Bitmap) slice(lo, hi int) Bitmap {
	if lo&63 == 0 {
		return m[lo>>6 : (hi+63)>>6 : (hi+63)>>6]
	}
	s := make(Bitmap, (hi-lo+63)>>6)
	shift := uint(lo) & 63
	for i := range s {
		s[i] = m[lo>>6+i] >> shift
		if j := lo>>6 + i + 1; j < len(m) {
			s[i] |= m[j] << (64 - shift)
		}
	}
	return s
}

// count returns the number of set bits among the first n.
func (m Bitmap) count(n int) int {
	c := 0
	for _, w := range m[:n>>6] {
		c += bits.OnesCount64(w)
	}
	if n&63 != 0 {
		c += bits.OnesCount64(m[n>>6] & (1<<(uint(n)&63) - 1))
	}
	return c
}
