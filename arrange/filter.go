package arrange

import "math/bits"

// filter is a Bloom filter over the hashes of a block's keys, ten bits a key:
// one key in about eighty that is not there passes. All bits of a key lie in
// one line of 64 bytes, so that a test costs one cache miss (Putze, Sanders,
// Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007).
type filter []uint64

const (
	filterBitsPerKey = 10
	filterProbes     = 6
	filterMin        = 512 // smaller blocks are searched as fast
	filterMix        = 0x9E3779B97F4A7C15
)

// newFilter returns an empty filter for n keys, nil for few.
func newFilter(n int) filter {
	if n < filterMin {
		return nil
	}
	lines := (n*filterBitsPerKey + 511) / 512
	return make(filter, lines*8)
}

// place returns the line of a hash and nine bits for each probe. The lowest
// bits of a hash say its slot, which the keys of one lane share, so they are
// mixed in by a multiplication.
func (f filter) place(hash uint64) (line int, probes uint64) {
	m := hash * filterMix
	hi, _ := bits.Mul64(m, uint64(len(f)/8))
	return int(hi) * 8, (hash ^ hash>>29) * 0xBF58476D1CE4E5B9
}

func (f filter) add(hash uint64) {
	line, p := f.place(hash)
	for range filterProbes {
		f[line+int(p>>61)] |= 1 << (p >> 55 & 63)
		p <<= 9
	}
}

// has tells whether hash may have been added; a nil filter says so of all.
func (f filter) has(hash uint64) bool {
	if f == nil {
		return true
	}
	line, p := f.place(hash)
	for range filterProbes {
		if f[line+int(p>>61)]&(1<<(p>>55&63)) == 0 {
			return false
		}
		p <<= 9
	}
	return true
}
