package zset

import (
	"encoding/binary"
	"math/bits"
)

// Slots is the number of slots over which the lanes of a shard are cut.
const Slots = 1024

// Slot returns the slot of a hash: its low ten bits. Tables and filters over
// one lane use the higher bits.
func Slot(hash uint64) uint16 { return uint16(hash % Slots) }

// The hash of keys is part of the format: rows lie in the lane of their key's
// slot. It is neither seeded nor meant to withstand an adversary.

const (
	hashK0 = 0x9e3779b97f4a7c15
	hashK1 = 0xbf58476d1ce4e5b9
	hashK2 = 0x94d049bb133111eb
)

// hashInt hashes an integer key without its top bit, which the two integer
// types and the two forms have in different states: the finalizer of
// SplitMix64.
func hashInt(x int64) uint64 {
	h := uint64(x)&^(1<<63) + hashK0
	h = (h ^ h>>30) * hashK1
	h = (h ^ h>>27) * hashK2
	return h ^ h>>31
}

// hashBytes folds 16 bytes a round through a 128-bit product; the key of one
// integer column hashes as its integer.
func hashBytes(b []byte) uint64 {
	if len(b) == intKeyLen && (b[0] == markNegative || b[0] == markPositive) {
		return hashInt(int64(binary.BigEndian.Uint64(b[1:])))
	}
	h := uint64(len(b)) * hashK0
	for len(b) >= 16 {
		h = fold(binary.LittleEndian.Uint64(b)^hashK1, binary.LittleEndian.Uint64(b[8:])^h) ^ bits.RotateLeft64(h, 23)
		b = b[16:]
	}
	var x, y uint64
	if len(b) >= 8 {
		x = binary.LittleEndian.Uint64(b)
		b = b[8:]
	}
	for i := len(b) - 1; i >= 0; i-- {
		y = y<<8 | uint64(b[i])
	}
	h = fold(x^hashK1, y^h^hashK2) ^ bits.RotateLeft64(h, 23)
	h = (h ^ h>>30) * hashK1
	return h ^ h>>31
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
