// Package zset holds Z-sets in columns: batches of rows with weights, where
// +n means the row came n times and -n that it went n times. A table is a
// Z-set, a change is one, an answer is one.
//
// The package also makes the normalised keys by which every arrangement
// sorts (key.go): equality, hash, slot, filter, cursor and join use them only.
package zset

import "github.com/weirdb/weir/types"

// MaxRows is the most rows that operators pass on in one batch.
const MaxRows = 4096

// Bitmap has bit i%64 of word i/64 set for row i.
type Bitmap []uint64

// Vec is one column in plain slices. Which slice counts follows Type.Phys():
//
//	PhysInt    I[i]                        unsigned integers as their bits
//	PhysFloat  F[i]
//	PhysDec2   W[2*i : 2*i+2]              two's complement, low word first
//	PhysDec4   W[4*i : 4*i+4]
//	PhysBytes  Data[Off[i]:Off[i+1]]       len(Off) = rows+1
//
// Valid has a bit set for each row that is not NULL; nil means none is NULL.
// Bits behind the last row mean nothing.
// The value slot of a NULL row is zero (empty for bytes), so that equal rows
// have equal bytes. A Vec is borrowed unless its maker says otherwise: the
// receiver neither keeps nor changes it after it returns.
type Vec struct {
	Type  types.Type
	I     []int64
	F     []float64
	W     []uint64
	Off   []uint32
	Data  []byte
	Valid Bitmap
}

// Batch is a part of a Z-set: N rows of columns and their weights. W nil
// means that every weight is 1. It follows the borrowing rule of Vec.
type Batch struct {
	N    int
	Cols []Vec
	W    []int64
}

// Weight returns the weight of row i.
func (b *Batch) Weight(i int) int64 {
	if b.W == nil {
		return 1
	}
	return b.W[i]
}

// Get tells whether bit i is set; a nil Bitmap has every bit set.
func (m Bitmap) Get(i int) bool { return m == nil || m[i>>6]&(1<<(uint(i)&63)) != 0 }

// IsNull tells whether row i is NULL.
func (v *Vec) IsNull(i int) bool { return v.Valid != nil && v.Valid[i>>6]&(1<<(uint(i)&63)) == 0 }

// Bytes returns row i of a PhysBytes column; the slice is borrowed.
func (v *Vec) Bytes(i int) []byte { return v.Data[v.Off[i]:v.Off[i+1]] }
