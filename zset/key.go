package zset

import (
	"bytes"
	"cmp"
	"slices"
	"sort"
)

// KeyCol is a column of a key. Desc inverts its order.
type KeyCol struct {
	Col  int
	Desc bool
}

// Cols returns ascending KeyCols over the columns.
func Cols(cols ...int) []KeyCol {
	ks := make([]KeyCol, len(cols))
	for i, c := range cols {
		ks[i].Col = c
	}
	return ks
}

// Keys are the normalised keys of some rows, compared as unsigned bytes, or,
// when the key is one integer-like column that is never NULL, as integers
// (unsigned ones with the top bit flipped, so that int64 order is theirs).
// Equal keys are equal values under the column's collation, and the order of
// keys is SQL's, NULL first. No key of the bytes form is a prefix of another
// over the same columns; the key over the first columns is one.
//
// Exactly one of Int and Off is set. Key i of the bytes form is
// Data[Off[i]:Off[i+1]]. The zero Keys has the integer form and no keys.
type Keys struct {
	Int  []int64
	Off  []uint32
	Data []byte
}

// Key is one normalised key.
type Key struct {
	IsInt bool
	Int   int64
	Bytes []byte
}

// Range bounds a scan by normalised keys. The zero Range is everything. In
// the bytes form a bound compares with the key's prefix of the bound's
// length, so that a bound over the first columns of a key takes all keys that
// begin with it.
type Range struct {
	Lo, Hi         *Key // nil: open
	LoOpen, HiOpen bool // keys equal to (or beginning with) the bound are excluded
}

// NewKeys returns empty keys of a form, with room for n.
func NewKeys(isInt bool, n int) *Keys {
	if isInt {
		return &Keys{Int: make([]int64, 0, n)}
	}
	return &Keys{Off: append(make([]uint32, 0, n+1), 0)}
}

// IsInt tells whether k has the integer form.
func (k *Keys) IsInt() bool { return k.Off == nil }

// Len returns the number of keys.
func (k *Keys) Len() int {
	if k.Off == nil {
		return len(k.Int)
	}
	return len(k.Off) - 1
}

// Reset drops all keys, keeps the memory and sets the form.
func (k *Keys) Reset(isInt bool) {
	k.Data = k.Data[:0]
	if isInt {
		k.Int, k.Off = k.Int[:0], nil
		return
	}
	k.Int, k.Off = nil, append(k.Off[:0], 0)
}

// At returns key i; its bytes are borrowed.
func (k *Keys) At(i int) Key {
	if k.Off == nil {
		return Key{IsInt: true, Int: k.Int[i]}
	}
	return Key{Bytes: k.bytes(i)}
}

func (k *Keys) bytes(i int) []byte { return k.Data[k.Off[i]:k.Off[i+1]:k.Off[i+1]] }

// Append appends a copy of one key of k's form.
func (k *Keys) Append(key Key) {
	if k.Off == nil {
		k.Int = append(k.Int, key.Int)
		return
	}
	k.Data = append(k.Data, key.Bytes...)
	k.Off = append(k.Off, uint32(len(k.Data)))
}

// AppendFrom appends key i of other, of k's form.
func (k *Keys) AppendFrom(other *Keys, i int) {
	if k.Off == nil {
		k.Int = append(k.Int, other.Int[i])
		return
	}
	k.Data = append(k.Data, other.bytes(i)...)
	k.Off = append(k.Off, uint32(len(k.Data)))
}

// AppendRange appends keys lo to hi-1 of other, of k's form.
func (k *Keys) AppendRange(other *Keys, lo, hi int) {
	if k.Off == nil {
		k.Int = append(k.Int, other.Int[lo:hi]...)
		return
	}
	if lo == hi {
		return
	}
	from := other.Off[lo]
	shift := uint32(len(k.Data)) - from
	k.Data = append(k.Data, other.Data[from:other.Off[hi]]...)
	for _, o := range other.Off[lo+1 : hi+1] {
		k.Off = append(k.Off, o+shift)
	}
}

// AppendGather appends the keys of other at the positions idx.
func (k *Keys) AppendGather(other *Keys, idx []int32) {
	if k.Off == nil {
		k.Int = grown(k.Int, len(idx))
		for _, i := range idx {
			k.Int = append(k.Int, other.Int[i])
		}
		return
	}
	k.Off = grown(k.Off, len(idx))
	for _, i := range idx {
		k.Data = append(k.Data, other.bytes(int(i))...)
		k.Off = append(k.Off, uint32(len(k.Data)))
	}
}

// Slice returns keys lo to hi-1 as a view of k's memory.
func (k *Keys) Slice(lo, hi int) Keys {
	if k.Off == nil {
		return Keys{Int: k.Int[lo:hi:hi]}
	}
	return Keys{Off: k.Off[lo : hi+1 : hi+1], Data: k.Data[:len(k.Data):len(k.Data)]}
}

// Compare orders key i and key j of other, of the same form: -1, 0 or 1.
func (k *Keys) Compare(i int, other *Keys, j int) int {
	if k.Off == nil {
		return cmp.Compare(k.Int[i], other.Int[j])
	}
	return bytes.Compare(k.bytes(i), other.bytes(j))
}

// Equal tells whether key i and key j of other, of the same form, are equal.
func (k *Keys) Equal(i int, other *Keys, j int) bool {
	if k.Off == nil {
		return k.Int[i] == other.Int[j]
	}
	return bytes.Equal(k.bytes(i), other.bytes(j))
}

// CompareKey orders key i and key, of the same form: -1, 0 or 1.
func (k *Keys) CompareKey(i int, key Key) int {
	if k.Off == nil {
		return cmp.Compare(k.Int[i], key.Int)
	}
	return bytes.Compare(k.bytes(i), key.Bytes)
}

// HasPrefix tells whether key i begins with prefix; of the integer form,
// whether they are equal.
func (k *Keys) HasPrefix(i int, prefix Key) bool { return k.At(i).HasPrefix(prefix) }

// Hash returns the hash of key i; see Key.Hash.
func (k *Keys) Hash(i int) uint64 {
	if k.Off == nil {
		return hashInt(k.Int[i])
	}
	return hashBytes(k.bytes(i))
}

// Hashes appends the hashes of all keys to dst.
func (k *Keys) Hashes(dst []uint64) []uint64 {
	if k.Off == nil {
		for _, x := range k.Int {
			dst = append(dst, hashInt(x))
		}
		return dst
	}
	for i := range k.Len() {
		dst = append(dst, hashBytes(k.bytes(i)))
	}
	return dst
}

// Memory returns the bytes that the keys take, without spare capacity.
func (k *Keys) Memory() int64 {
	if k.Off == nil {
		return int64(8 * len(k.Int))
	}
	return int64(4*len(k.Off)) + int64(k.Off[len(k.Off)-1]-k.Off[0])
}

// Search returns the first position among ascending keys that is not below
// key, or with after the first that is above it and does not begin with it.
func (k *Keys) Search(key Key, after bool) int {
	if k.Off == nil {
		if after {
			return sort.Search(len(k.Int), func(i int) bool { return k.Int[i] > key.Int })
		}
		at, _ := slices.BinarySearch(k.Int, key.Int)
		return at
	}
	return sort.Search(k.Len(), func(i int) bool {
		c := k.At(i).cmpBound(key)
		return c > 0 || c == 0 && !after
	})
}

// cmpBound orders k's prefix of the bound's length and the bound.
func (k Key) cmpBound(bound Key) int {
	if k.IsInt {
		return cmp.Compare(k.Int, bound.Int)
	}
	return bytes.Compare(k.Bytes[:min(len(k.Bytes), len(bound.Bytes))], bound.Bytes)
}

// Compare orders k and o, of one form: -1, 0 or 1.
func (k Key) Compare(o Key) int {
	if k.IsInt {
		return cmp.Compare(k.Int, o.Int)
	}
	return bytes.Compare(k.Bytes, o.Bytes)
}

// HasPrefix tells whether k begins with prefix; of the integer form, whether
// they are equal.
func (k Key) HasPrefix(prefix Key) bool {
	if k.IsInt {
		return k.Int == prefix.Int
	}
	return bytes.HasPrefix(k.Bytes, prefix.Bytes)
}

// Hash returns the hash of k, the same for ever: it decides where rows lie.
// The key of one ascending integer or time column has the same hash in both
// forms.
func (k Key) Hash() uint64 {
	if k.IsInt {
		return hashInt(k.Int)
	}
	return hashBytes(k.Bytes)
}

// Clone returns a copy with bytes of its own.
func (k Key) Clone() Key {
	k.Bytes = bytes.Clone(k.Bytes)
	return k
}

// PrefixRange returns the range of the keys that begin with prefix.
func PrefixRange(prefix Key) Range { return Range{Lo: &prefix, Hi: &prefix} }

// Contains tells whether k is within r.
func (r Range) Contains(k Key) bool {
	if r.Lo != nil {
		if c := k.cmpBound(*r.Lo); c < 0 || c == 0 && r.LoOpen {
			return false
		}
	}
	if r.Hi != nil {
		if c := k.cmpBound(*r.Hi); c > 0 || c == 0 && r.HiOpen {
			return false
		}
	}
	return true
}

// Locate returns the positions lo to hi-1 of ascending keys that are within r.
func (r Range) Locate(keys *Keys) (lo, hi int) {
	hi = keys.Len()
	if r.Lo != nil {
		lo = keys.Search(*r.Lo, r.LoOpen)
	}
	if r.Hi != nil {
		hi = keys.Search(*r.Hi, !r.HiOpen)
	}
	return lo, max(lo, hi)
}
