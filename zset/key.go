package zset

// KeyCol is a column of a key. Desc inverts its order.
type KeyCol struct {
	Col  int
	Desc bool
}

// Keys are the normalised keys of some rows, compared as unsigned bytes, or,
// when the key is one integer-like column that is never NULL, as integers
// (unsigned ones with the top bit flipped, so that int64 order is theirs).
// Equal keys are equal values under the column's collation, and the order of
// keys is SQL's, NULL first.
//
// Exactly one of Int and Off is set. Key i of the bytes form is
// Data[Off[i]:Off[i+1]].
type Keys struct {
	Int  []int64
	Off  []uint32
	Data []byte
}

// Range bounds a scan by normalised keys. The zero Range is everything. In
// the bytes form a bound compares with the key's prefix of the bound's
// length, so that a bound over the first columns of a key takes all keys that
// begin with it.
type Range struct {
	Lo, Hi         *Key // nil: open
	LoOpen, HiOpen bool // keys equal to (or beginning with) the bound are excluded
}

// Key is one normalised key.
type Key struct {
	IsInt bool
	Int   int64
	Bytes []byte
}
