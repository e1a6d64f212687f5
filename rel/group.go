package rel

import (
	"bytes"
	"math/bits"

	"github.com/weirdb/weir/zset"
)

// GroupTable numbers normalised keys 0..Len()-1 in the order of their first
// arrival, so that the numbers depend on the input only. It is an open
// addressing hash table with one form for integer keys and one for bytes; all
// keys given to one table between Resets have the same form.
//
// The zero GroupTable is empty and ready. It belongs to one goroutine.
type GroupTable struct {
	n    int
	keys zset.Keys
	// One of the two is in use. Both have a power of two of slots, no more
	// than two thirds of them taken; a chain is a run of taken slots.
	ints []intSlot
	strs []strSlot
}

// intSlot holds a key beside its number plus one, so that a hit touches one
// cache line; 0 is an empty slot.
type intSlot struct {
	key   int64
	group int32
}

// strSlot holds the upper half of a key's hash beside its number plus one.
type strSlot struct {
	hash  uint32
	group int32
}

const minSlots = 64

// Len returns the number of keys.
func (t *GroupTable) Len() int { return t.n }

// Lookup sets out[i] to the number of key i, for every key of keys. A key not
// seen before gets the next number if insert is set, else -1. len(out) is at
// least keys.Len().
func (t *GroupTable) Lookup(keys *zset.Keys, insert bool, out []int32) {
	if t.n == 0 {
		t.keys.Reset(keys.IsInt())
	}
	if keys.IsInt() {
		t.lookupInts(keys.Int, insert, out)
		return
	}
	t.lookupBytes(keys, insert, out)
}

func (t *GroupTable) lookupInts(keys []int64, insert bool, out []int32) {
	if t.ints == nil {
		t.ints = make([]intSlot, minSlots)
	}
	slots := t.ints
	mask := uint64(len(slots) - 1)
	for i, k := range keys {
		at := hashInt(k) & mask
		for slots[at].group != 0 && slots[at].key != k {
			at = (at + 1) & mask
		}
		if g := slots[at].group; g != 0 || !insert {
			out[i] = g - 1
			continue
		}
		t.keys.Int = append(t.keys.Int, k)
		t.n++
		slots[at] = intSlot{k, int32(t.n)}
		out[i] = int32(t.n - 1)
		if t.n*3 > len(slots)*2 {
			t.growInts()
			slots = t.ints
			mask = uint64(len(slots) - 1)
		}
	}
}

// growInts doubles the slots and numbers them again from the list of keys.
func (t *GroupTable) growInts() {
	t.ints = resized(t.ints, 2*len(t.ints))
	mask := uint64(len(t.ints) - 1)
	for g, k := range t.keys.Int {
		at := hashInt(k) & mask
		for t.ints[at].group != 0 {
			at = (at + 1) & mask
		}
		t.ints[at] = intSlot{k, int32(g + 1)}
	}
}

func (t *GroupTable) lookupBytes(keys *zset.Keys, insert bool, out []int32) {
	if t.strs == nil {
		t.strs = make([]strSlot, minSlots)
	}
	for i := range len(keys.Off) - 1 {
		out[i] = t.lookupKey(keys.Data[keys.Off[i]:keys.Off[i+1]], insert)
	}
}

func (t *GroupTable) lookupKey(k []byte, insert bool) int32 {
	h := hashBytes(k)
	tag := uint32(h >> 32)
	mask := uint64(len(t.strs) - 1)
	at := h & mask
	for ; t.strs[at].group != 0; at = (at + 1) & mask {
		s := &t.strs[at]
		if s.hash != tag {
			continue
		}
		lo, hi := t.keys.Off[s.group-1], t.keys.Off[s.group]
		if bytes.Equal(t.keys.Data[lo:hi], k) {
			return s.group - 1
		}
	}
	if !insert {
		return -1
	}
	t.keys.Data = append(t.keys.Data, k...)
	t.keys.Off = append(t.keys.Off, uint32(len(t.keys.Data)))
	t.n++
	t.strs[at] = strSlot{tag, int32(t.n)}
	if t.n*3 > len(t.strs)*2 {
		t.growBytes()
	}
	return int32(t.n - 1)
}

func (t *GroupTable) growBytes() {
	t.strs = resized(t.strs, 2*len(t.strs))
	mask := uint64(len(t.strs) - 1)
	for g := range t.n {
		h := hashBytes(t.keys.Data[t.keys.Off[g]:t.keys.Off[g+1]])
		at := h & mask
		for t.strs[at].group != 0 {
			at = (at + 1) & mask
		}
		t.strs[at] = strSlot{uint32(h >> 32), int32(g + 1)}
	}
}

// Keys returns the keys by number. They are owned by the table and change
// with the next Lookup or Reset.
func (t *GroupTable) Keys() *zset.Keys { return &t.keys }

// Bytes returns the memory held.
func (t *GroupTable) Bytes() int64 {
	return int64(cap(t.keys.Int)*8 + cap(t.keys.Off)*4 + cap(t.keys.Data) + cap(t.ints)*16 + cap(t.strs)*8)
}

// Reset empties the table and keeps its memory. It clears as many slots as
// the keys that were there need, so a table that was large once costs no more
// than its present use.
func (t *GroupTable) Reset() {
	want := minSlots
	for t.n*3 > want*2 {
		want *= 2
	}
	if t.ints != nil {
		t.ints = resized(t.ints, want)
	}
	if t.strs != nil {
		t.strs = resized(t.strs, want)
	}
	t.n = 0
	t.keys.Reset(t.keys.IsInt())
}

// resized returns n empty slots, in the memory of s where there is enough.
func resized[S any](s []S, n int) []S {
	if n > cap(s) {
		return make([]S, n)
	}
	s = s[:n]
	clear(s)
	return s
}

const (
	mulA = 0x9e3779b97f4a7c15
	mulB = 0xd6e8feb86659fd93
)

func hashInt(k int64) uint64 {
	hi, lo := bits.Mul64(uint64(k)^mulB, mulA)
	return hi ^ lo
}

// hashBytes mixes eight bytes at a time. Nothing but the place in a table
// follows from it: it may change.
func hashBytes(b []byte) uint64 {
	h := uint64(len(b)) * mulB
	for len(b) >= 8 {
		h = fold(h ^ load64(b))
		b = b[8:]
	}
	var last uint64
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	return fold(h ^ last ^ mulB)
}

func fold(x uint64) uint64 {
	hi, lo := bits.Mul64(x, mulA)
	return hi ^ lo
}

func load64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}
