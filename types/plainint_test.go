package types

import (
	"math/rand"
	"testing"
)

// TestTextToInt: integers written plainly are read as all other numbers are.
func TestTextToInt(t *testing.T) {
	for _, test := range []struct {
		s    string
		want int64
		st   Status
	}{
		{"0", 0, OK}, {"-7", -7, OK}, {"0012", 12, OK}, {"999999999999999999", 999999999999999999, OK},
		{"9223372036854775807", 9223372036854775807, OK}, {"-9223372036854775808", -9223372036854775808, OK},
		{"9223372036854775808", 9223372036854775807, OutOfRange},
		{"", 0, Incorrect}, {"-", 0, Incorrect}, {"x", 0, Incorrect},
	} {
		if got, st := TextToInt(test.s); got != test.want || st != test.st {
			t.Errorf("%q is %d, %v; want %d, %v", test.s, got, st, test.want, test.st)
		}
	}
	const seed = 1
	r := rand.New(rand.NewSource(seed))
	for range 2000 {
		n := r.Int63() >> r.Intn(63) * int64(1-2*r.Intn(2))
		if got, st := TextToInt(IntValue(n).String()); got != n || st != OK {
			t.Fatalf("seed %d: %d is read as %d, %v", seed, n, got, st)
		}
	}
}
