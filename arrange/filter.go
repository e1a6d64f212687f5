package arrange

import "math/bits"

// filter is a Bloom filter over the hashes of a block's keys, ten bits a key:
// about one key in sixty that is not there passes. All bits of a key lie in one
// line of 64 bytes, three in a word of its first half and three in one of its
// second, so that a test costs one cache miss and two loads (Putze, Sanders,
// Singler: Cache-, Hash- and Space-Efficient Bloom Filters, 2007; the halves
// are the sectors of Lang et al.: Performance-Optimal Filtering, 2019).
type filter []uint64

const (
	filterBitsPerKey = 10
	filterMin        = 512 // smaller blocks are searched as fast
)

// newFilter returns an empty filter for n keys, nil for few.
func newFilter(n int) filter {
	if n < filterMin {
		return nil
	}
	lines := (n*filterBitsPerKey + 511) / 512
	return make(filter, lines*8)
}

// place returns the two words of a hash and its bits in them. The lowest bits
// of a hash say its slot, which the keys of one lane share, so they are mixed
// with the others by multiplications.
func (f filter) place(hash uint64) (w1, w2 int, m1, m2 uint64) {
	line, _ := bits.Mul64(hash*0x9E3779B97F4A7C15, uint64(len(f)/8))
	p := (hash ^ hash>>29) * 0xBF58476D1CE4E5B9
	w1 = int(line)*8 + int(p>>62)
	w2 = int(line)*8 + 4 + int(p>>60&3)
	m1 = 1<<(p>>54&63) | 1<<(p>>48&63) | 1<<(p>>42&63)
	m2 = 1<<(p>>36&63) | 1<<(p>>30&63) | 1<<(p>>24&63)
	return w1, w2, m1, m2
}

func (f filter) add(hash uint64) {
	w1, w2, m1, m2 := f.place(hash)
	f[w1] |= m1
	f[w2] |= m2
}

// has tells whether hash may have been added; a nil filter says so of all.
func (f filter) has(hash uint64) bool {
	if f == nil {
		return true
	}
	w1, w2, m1, m2 := f.place(hash)
	return f[w1]&m1 == m1 && f[w2]&m2 == m2
}

// word returns the first word that has will read.
func (f filter) word(hash uint64) *uint64 {
	w1, _, _, _ := f.place(hash)
	return &f[w1]
}
