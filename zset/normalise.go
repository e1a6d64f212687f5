package zset

import "github.com/weirdb/weir/types"

// KeyIsInt tells whether keys over cols of a relation with columns ts have the
// integer form: one column of an integer or time kind that is not Nullable.
func KeyIsInt(ts []types.Type, cols []KeyCol) bool { panic("skeleton") }

// Normalise sets dst to the keys of all rows of b over cols, reusing dst's
// memory. Their form is what KeyIsInt says of b's types. No columns give
// empty keys of the bytes form.
func Normalise(dst *Keys, b *Batch, cols []KeyCol) { panic("skeleton") }

// NormaliseAs is Normalise with the form given: to probe an integer keyed
// arrangement with a nullable column, or with a prefix. isInt asks for one
// column of an integer or time kind; a NULL there gives key 0, and the caller
// leaves such rows out.
func NormaliseAs(dst *Keys, b *Batch, cols []KeyCol, isInt bool) { panic("skeleton") }

// NormaliseValues returns the key of one row of values, vals[i] for cols[i]
// (KeyCol.Col is not used). isInt is as in NormaliseAs.
func NormaliseValues(vals []types.Value, cols []KeyCol, isInt bool) Key { panic("skeleton") }

// AppendKeyValues appends what NormaliseValues gives to dst.
func AppendKeyValues(dst *Keys, vals []types.Value, cols []KeyCol) { panic("skeleton") }

// Cols returns ascending KeyCols over the columns.
func Cols(cols ...int) []KeyCol { panic("skeleton") }

// Slots is the number of slots over which the lanes of a shard are cut.
const Slots = 1024

// Slot returns the slot of a hash: its low ten bits. Tables and filters over
// one lane use the higher bits.
func Slot(hash uint64) uint16 { return uint16(hash % Slots) }

// NewKeys returns empty keys of a form, with room for n.
func NewKeys(isInt bool, n int) *Keys { panic("skeleton") }

// IsInt tells whether k has the integer form.
func (k *Keys) IsInt() bool { return k.Off == nil }

// Len returns the number of keys.
func (k *Keys) Len() int { panic("skeleton") }

// Reset drops all keys, keeps the memory and sets the form.
func (k *Keys) Reset(isInt bool) { panic("skeleton") }

// At returns key i; its bytes are borrowed.
func (k *Keys) At(i int) Key { panic("skeleton") }

// Append appends a copy of one key of k's form.
func (k *Keys) Append(key Key) { panic("skeleton") }

// AppendFrom appends key i of other, of k's form.
func (k *Keys) AppendFrom(other *Keys, i int) { panic("skeleton") }

// AppendGather appends the keys of other at the positions idx.
func (k *Keys) AppendGather(other *Keys, idx []int32) { panic("skeleton") }

// Slice returns keys lo to hi-1 as a view of k's memory.
func (k *Keys) Slice(lo, hi int) Keys { panic("skeleton") }

// Compare orders key i and key j of other, of the same form: -1, 0 or 1.
func (k *Keys) Compare(i int, other *Keys, j int) int { panic("skeleton") }

// Equal tells whether key i and key j of other, of the same form, are equal.
func (k *Keys) Equal(i int, other *Keys, j int) bool { panic("skeleton") }

// CompareKey orders key i and key: -1, 0 or 1.
func (k *Keys) CompareKey(i int, key Key) int { panic("skeleton") }

// HasPrefix tells whether key i begins with prefix; of the integer form,
// whether they are equal.
func (k *Keys) HasPrefix(i int, prefix Key) bool { panic("skeleton") }

// Hash returns the hash of key i. It is the same for ever, and the same in
// both forms for the key of one integer column.
func (k *Keys) Hash(i int) uint64 { panic("skeleton") }

// Hashes appends the hashes of all keys to dst.
func (k *Keys) Hashes(dst []uint64) []uint64 { panic("skeleton") }

// Memory returns the bytes that the keys take.
func (k *Keys) Memory() int64 { panic("skeleton") }

// Search returns the first position among ascending keys that is not below
// key, or with after the first that is above it and does not begin with it.
func (k *Keys) Search(key Key, after bool) int { panic("skeleton") }

// Compare orders k and o, of one form: -1, 0 or 1.
func (k Key) Compare(o Key) int { panic("skeleton") }

// HasPrefix tells whether k begins with prefix; of the integer form, whether
// they are equal.
func (k Key) HasPrefix(prefix Key) bool { panic("skeleton") }

// Hash returns the hash of k, as Keys.Hash does.
func (k Key) Hash() uint64 { panic("skeleton") }

// Clone returns a copy with bytes of its own.
func (k Key) Clone() Key { panic("skeleton") }

// PrefixRange returns the range of the keys that begin with prefix.
func PrefixRange(prefix Key) Range { return Range{Lo: &prefix, Hi: &prefix} }

// Contains tells whether k is within r.
func (r Range) Contains(k Key) bool { panic("skeleton") }

// Locate returns the positions lo to hi-1 of ascending keys that are within r.
func (r Range) Locate(keys *Keys) (lo, hi int) { panic("skeleton") }
