package bench

import (
	"math"
	"math/rand/v2"
)

// zipf draws numbers below n with probability proportional to 1/rank^s, in
// constant time by Vose's alias method. Which number has which rank is
// shuffled by the seed, so that the frequent ones do not stand side by side.
// The table is shared; every drawer has a random source of its own.
type zipf struct {
	share []uint32 // of slot i that is i's own, in 1/2^32
	alias []uint32
	ids   []int64 // by rank
}

func newZipf(n int, s float64, seed uint64) *zipf {
	z := &zipf{share: make([]uint32, n), alias: make([]uint32, n), ids: make([]int64, n)}
	for i, p := range rand.New(rand.NewPCG(seed, seed)).Perm(n) {
		z.ids[i] = int64(p)
	}
	weight := make([]float64, n)
	sum := 0.0
	for i := range weight {
		weight[i] = math.Pow(float64(i+1), -s)
		sum += weight[i]
	}
	var small, large []int
	for i := range weight {
		weight[i] *= float64(n) / sum
		z.share[i], z.alias[i] = math.MaxUint32, uint32(i)
		if weight[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		lo, hi := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		z.share[lo], z.alias[lo] = uint32(weight[lo]*math.MaxUint32), uint32(hi)
		weight[hi] -= 1 - weight[lo]
		if weight[hi] < 1 {
			large, small = large[:len(large)-1], append(small, hi)
		}
	}
	return z
}

// draw returns the next number.
func (z *zipf) draw(r *rand.Rand) int64 {
	i := r.IntN(len(z.ids))
	if r.Uint32() > z.share[i] {
		i = int(z.alias[i])
	}
	return z.ids[i]
}

// source returns the random source of drawer i of a workload.
func source(i int) *rand.Rand { return rand.New(rand.NewPCG(20260101, uint64(i))) }
