package mem

import "github.com/weirdb/weir/zset"

// Block is an immutable piece of a sorted run: rows and their normalised
// keys, key i that of row i.
type Block struct {
	Rows zset.Batch
	Keys zset.Keys
}

// Handle is how a Block is reached. The holder of a Handle knows where the
// block is; only between Acquire and Release is it sure to be in memory. In
// this release every block is resident, so that neither costs anything.
//
// Under the build tag invariants Acquire hands out a copy, and Release
// overwrites it: whoever reads on after Release reads garbage, and a second
// Release panics.
//
// A Handle is safe for concurrent use.
type Handle struct {
	block *Block
	loans loans
}

// NewHandle returns a Handle to b, which it owns from then on.
func NewHandle(b *Block) *Handle { return &Handle{block: b} }

// Acquire returns the block, which must not be changed. An error is a fault
// of the disk. Each successful Acquire needs one Release of what it returned.
func (h *Handle) Acquire() (*Block, error) { return h.loans.lend(h.block), nil }

// Release ends the use of b, which Acquire returned.
func (h *Handle) Release(b *Block) { h.loans.end(h.block, b) }

// Resident returns the block if it is in memory just now, else nil. It may be
// dropped at any time, so what is read of it serves as a hint only: to have
// memory in the cache before Acquire.
func (h *Handle) Resident() *Block { return h.loans.resident(h.block) }
