package arrange

import (
	"encoding/binary"
	"slices"

	"github.com/weirdb/weir/zset"
)

// fence narrows the search among ascending keys of the bytes form: it has
// eight bytes of every step-th key, behind what all keys have in common. They
// lie side by side, so that a look-up touches a few cache lines where a plain
// binary search takes two misses a step. The zero fence narrows nothing.
type fence struct {
	common []byte
	step   int
	leads  []uint64
}

// fenceStep is the step within a block: 16 keys remain to be searched.
const fenceStep = 16

// newFence returns a fence over keys; they must not be empty. Its bytes are
// its own.
func newFence(keys *zset.Keys, step int) fence {
	n := keys.Len()
	if keys.IsInt() || n <= 2*step {
		return fence{}
	}
	first, last := keyAt(keys, 0).Bytes, keyAt(keys, n-1).Bytes
	same := 0
	for same < min(len(first), len(last)) && first[same] == last[same] {
		same++
	}
	f := fence{common: slices.Clone(first[:same]), step: step, leads: make([]uint64, 0, (n+step-1)/step)}
	for i := 0; i < n; i += step {
		f.leads = append(f.leads, lead(keyAt(keys, i).Bytes[same:]))
	}
	return f
}

// lead returns the first eight bytes as a number, zeros standing for missing
// ones: a smaller lead is a smaller key.
func lead(b []byte) uint64 {
	if len(b) >= 8 {
		return binary.BigEndian.Uint64(b)
	}
	var x uint64
	for i, c := range b {
		x |= uint64(c) << (56 - 8*i)
	}
	return x
}

// memory returns about how many bytes f takes.
func (f *fence) memory() int64 { return int64(8*len(f.leads) + len(f.common)) }

// lower is lower over the keys that f was made for.
func (f *fence) lower(keys *zset.Keys, key zset.Key) int {
	n := len(f.common)
	if len(f.leads) == 0 || len(key.Bytes) < n {
		return lower(keys, key)
	}
	if string(key.Bytes[:n]) != string(f.common) {
		if bytesBelow(key.Bytes[:n], f.common) {
			return 0
		}
		return keys.Len()
	}
	x := lead(key.Bytes[n:])
	at := lowerLead(f.leads, x)
	lo, hi := max(at-1, 0)*f.step, keys.Len()
	for at < len(f.leads) && f.leads[at] == x {
		at++
	}
	if at < len(f.leads) {
		hi = at * f.step
	}
	return lowerBytes(keys, key.Bytes, lo, hi)
}

// lowerLead returns the first position of ascending leads that is not below x.
func lowerLead(leads []uint64, x uint64) int {
	lo, hi := 0, len(leads)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if leads[m] < x {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}
