package rel

import (
	"bytes"
	"math"
	"math/big"
	"math/rand"
	"testing"
)

// exact sums terms with math/big, without rounding.
func exact(vals []float64, w []int64) float64 {
	sum := new(big.Float).SetPrec(4000)
	for i, v := range vals {
		t := new(big.Float).SetPrec(4000).SetFloat64(v)
		sum.Add(sum, t.Mul(t, new(big.Float).SetPrec(4000).SetInt64(w[i])))
	}
	f, _ := sum.Float64()
	return f
}

func randomFloat(r *rand.Rand) float64 {
	switch r.Intn(8) {
	case 0:
		return math.Float64frombits(r.Uint64()&^(0x7ff<<52) | uint64(r.Intn(2047))<<52)
	case 1:
		return math.Float64frombits(uint64(r.Intn(1 << 20))) // subnormal
	case 2:
		return float64(r.Intn(1000)) / 10
	case 3:
		return -float64(r.Intn(1000)) / 10
	case 4:
		return math.Ldexp(1, r.Intn(2000)-1000)
	case 5:
		return -math.Ldexp(1, r.Intn(2000)-1000)
	case 6:
		return 0
	}
	return r.NormFloat64()
}

func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }

func TestExpansionIsExact(t *testing.T) {
	const seed = 1
	r := rand.New(rand.NewSource(seed))
	for round := range 2000 {
		n := 1 + r.Intn(30)
		vals, w := make([]float64, n), make([]int64, n)
		for i := range vals {
			vals[i] = randomFloat(r)
			w[i] = []int64{1, -1, 3, math.MaxInt64, math.MinInt64, -7}[r.Intn(6)]
			if math.Abs(vals[i]) > 1e280 && i > 0 && r.Intn(2) == 0 {
				vals[i] = -vals[i-1]
			}
		}
		var x expansions
		x.grow(2)
		for i, v := range vals {
			x.add(1, v, w[i])
		}
		if got, want := x.round(1), exact(vals, w); !same(got, want) && !(got == 0 && want == 0) {
			t.Fatalf("seed %d round %d: sum of %v times %v is %g, want %g", seed, round, vals, w, got, want)
		}
		state := x.appendState(nil, 1)

		var y expansions
		y.grow(1)
		for _, i := range r.Perm(n) {
			y.add(0, vals[i], w[i])
		}
		if other := y.appendState(nil, 0); !bytes.Equal(state, other) {
			t.Fatalf("seed %d round %d: states differ by order: %x and %x", seed, round, state, other)
		}
		var z expansions
		z.grow(1)
		z.addState(0, state)
		if again := z.appendState(nil, 0); !bytes.Equal(state, again) {
			t.Fatalf("seed %d round %d: state %x read back is %x", seed, round, state, again)
		}
		for i, v := range vals {
			z.add(0, v, -w[i])
		}
		if left := z.appendState(nil, 0); len(left) != 0 && !hasMin(w) {
			t.Fatalf("seed %d round %d: %x is left after all was taken back", seed, round, left)
		}
	}
}

// hasMin tells whether a weight has no negation.
func hasMin(w []int64) bool {
	for _, v := range w {
		if v == math.MinInt64 {
			return true
		}
	}
	return false
}

func TestExpansionSpecials(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		vals []float64
		want float64
	}{
		{[]float64{1, inf}, inf},
		{[]float64{1, -inf}, -inf},
		{[]float64{inf, -inf, 3}, nan},
		{[]float64{nan, 3}, nan},
		{[]float64{math.MaxFloat64, math.MaxFloat64}, inf},
		{[]float64{math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64}, math.MaxFloat64},
		{[]float64{0.1, 0.2, 0.3, -0.3, -0.2, -0.1}, 0},
		{[]float64{1e308, 1, -1e308}, 1},
		{[]float64{math.SmallestNonzeroFloat64}, math.SmallestNonzeroFloat64},
		{[]float64{math.Copysign(0, -1)}, 0},
	} {
		var x expansions
		x.grow(1)
		for _, v := range c.vals {
			x.add(0, v, 1)
		}
		if got := x.round(0); !same(got, c.want) {
			t.Errorf("sum of %v is %g, want %g", c.vals, got, c.want)
		}
		var y expansions
		y.grow(1)
		y.addState(0, x.appendState(nil, 0))
		if got := y.round(0); !same(got, c.want) {
			t.Errorf("stored sum of %v is %g, want %g", c.vals, got, c.want)
		}
		for _, v := range c.vals {
			y.add(0, v, -1)
		}
		if left := y.appendState(nil, 0); len(left) != 0 {
			t.Errorf("sum of %v leaves %x when all is taken back", c.vals, left)
		}
	}
}

func BenchmarkExpansionAdd(b *testing.B) {
	var x expansions
	x.grow(1000)
	vals := make([]float64, 4096)
	r := rand.New(rand.NewSource(1))
	for i := range vals {
		vals[i] = r.Float64() * 1000
	}
	for i := 0; b.Loop(); i++ {
		x.add(int32(i%1000), vals[i&4095], 1)
	}
}
