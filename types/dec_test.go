package types

import (
	"errors"
	"math"
	"math/big"
	"math/rand"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

// The reference is math/big; apd reads and prints the decimals themselves.

func bigOf(d Dec) *big.Int {
	b := new(big.Int)
	for i := 3; i >= 0; i-- {
		b.Lsh(b, 64).Or(b, new(big.Int).SetUint64(d[i]))
	}
	if d.negative() {
		b.Sub(b, new(big.Int).Lsh(big.NewInt(1), 256))
	}
	return b
}

func decOf(b *big.Int) (Dec, bool) {
	if b.BitLen() > 255 {
		return Dec{}, false
	}
	m := new(big.Int).And(b, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)))
	var d Dec
	for i := range d {
		d[i] = new(big.Int).Rsh(m, uint(64*i)).Uint64()
	}
	return d, true
}

func tenTo(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// divAway returns a/b rounded half away from zero.
func divAway(a, b *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(a, b, new(big.Int))
	if r.Abs(r).Lsh(r, 1).CmpAbs(b) >= 0 {
		q.Add(q, big.NewInt(int64(a.Sign()*b.Sign())))
	}
	return q
}

// randDec favours few digits, borders of words and powers of ten.
func randDec(r *rand.Rand) Dec {
	var d Dec
	switch r.Intn(5) {
	case 0:
		d = DecFromInt64(int64(r.Intn(2001) - 1000))
	case 1:
		d = DecFromInt64(int64(r.Uint64()))
	case 2:
		d = pow10[r.Intn(66)]
		if r.Intn(2) == 0 {
			d, _ = d.Sub(Dec{1})
		}
	case 3:
		for i := range 1 + r.Intn(3) {
			d[i] = []uint64{0, 1, 1 << 63, math.MaxUint64, r.Uint64()}[r.Intn(5)]
		}
	default:
		for i := range 1 + r.Intn(4) {
			d[i] = r.Uint64()
		}
		d[3] &= 1<<24 - 1 // 216 bits
	}
	if r.Intn(2) == 0 {
		d = d.Neg()
	}
	return d
}

func seeded(t testing.TB, seed int64) *rand.Rand {
	t.Helper()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewSource(seed))
}

func TestDecArithmetic(t *testing.T) {
	r := seeded(t, 1)
	check := func(op string, got Dec, ok bool, want *big.Int, a, b Dec) {
		t.Helper()
		w, fits := decOf(want)
		if ok != fits || fits && got != w {
			t.Fatalf("%s of %v and %v: got %v %v, want %v %v", op, bigOf(a), bigOf(b), bigOf(got), ok, want, fits)
		}
	}
	for range 20000 {
		a, b := randDec(r), randDec(r)
		x, y := bigOf(a), bigOf(b)
		got, ok := a.Add(b)
		check("add", got, ok, new(big.Int).Add(x, y), a, b)
		got, ok = a.Sub(b)
		check("sub", got, ok, new(big.Int).Sub(x, y), a, b)
		got, ok = a.Mul(b)
		check("mul", got, ok, new(big.Int).Mul(x, y), a, b)
		if got, want := a.Cmp(b), x.Cmp(y); got != want {
			t.Fatalf("cmp(%v, %v) = %d", x, y, got)
		}
		if got, want := a.Digits(), len(new(big.Int).Abs(x).String()); got != want {
			t.Fatalf("digits(%v) = %d", x, got)
		}
		for _, p := range []int{1, 18, 38, 65} {
			if got, want := a.FitsPrec(p), new(big.Int).Abs(x).Cmp(tenTo(p)) < 0; got != want {
				t.Fatalf("fits(%v, %d) = %v", x, p, got)
			}
		}
	}
}

func TestDecScales(t *testing.T) {
	r := seeded(t, 2)
	for range 20000 {
		a, b := randDec(r), randDec(r)
		x, y := bigOf(a), bigOf(b)
		sa, sb, rs := r.Intn(31), r.Intn(31), r.Intn(35)

		var want *big.Int
		if rs >= sa {
			want = new(big.Int).Mul(x, tenTo(rs-sa))
		} else {
			want = divAway(x, tenTo(sa-rs))
		}
		expectDec(t, "rescale", want, func() (Dec, bool) { return a.Rescale(sa, rs) })
		if rs < sa {
			want = new(big.Int).Quo(x, tenTo(sa-rs))
		}
		expectDec(t, "truncate", want, func() (Dec, bool) { return a.Truncate(sa, rs) })

		q, m := new(big.Int).DivMod(x, tenTo(sa), new(big.Int))
		expectDec(t, "floor", q, func() (Dec, bool) { return a.Floor(sa), true })
		if m.Sign() != 0 {
			q = new(big.Int).Add(q, big.NewInt(1))
		}
		expectDec(t, "ceil", q, func() (Dec, bool) { return a.Ceil(sa), true })

		xs, ys := new(big.Int).Mul(x, tenTo(sb)), new(big.Int).Mul(y, tenTo(sa))
		if got, want := CmpDec(a, sa, b, sb), xs.Cmp(ys); got != want {
			t.Fatalf("cmp(%v/%d, %v/%d) = %d", x, sa, y, sb, got)
		}
		if b.IsZero() {
			_, ok1 := DivDec(a, sa, b, sb, rs)
			_, ok2 := ModDec(a, sa, b, sb)
			if ok1 || ok2 {
				t.Fatal("division by zero is ok")
			}
			continue
		}
		expectDec(t, "div", divAway(new(big.Int).Mul(xs, tenTo(rs)), ys),
			func() (Dec, bool) { return DivDec(a, sa, b, sb, rs) })
		s := max(sa, sb)
		expectDec(t, "mod", new(big.Int).Rem(new(big.Int).Mul(x, tenTo(s-sa)), new(big.Int).Mul(y, tenTo(s-sb))),
			func() (Dec, bool) { return ModDec(a, sa, b, sb) })
	}
}

func expectDec(t *testing.T, op string, want *big.Int, f func() (Dec, bool)) {
	t.Helper()
	w, fits := decOf(want)
	got, ok := f()
	if ok != fits || fits && got != w {
		t.Fatalf("%s: got %v %v, want %v %v", op, bigOf(got), ok, want, fits)
	}
}

func TestDecText(t *testing.T) {
	r := seeded(t, 3)
	for range 20000 {
		a, scale := randDec(r), r.Intn(31)
		want := apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(bigOf(a)), -int32(scale)).Text('f')
		if got := a.Text(scale); got != want {
			t.Fatalf("text of %v at %d: %s, want %s", bigOf(a), scale, got, want)
		}
		if a.Digits() > MaxPrec || a.Digits() < scale {
			continue
		}
		back, _, s, err := ParseDec(want)
		if err != nil || s != scale || back != a {
			t.Fatalf("parse(%q) = %v scale %d, %v", want, bigOf(back), s, err)
		}
		w, _ := new(big.Float).SetPrec(2000).Quo(new(big.Float).SetPrec(2000).SetInt(bigOf(a)),
			new(big.Float).SetPrec(2000).SetInt(tenTo(scale))).Float64()
		if got := a.Float64(scale); got != w && !(got == 0 && w == 0) {
			t.Fatalf("float of %s: %v, want %v", want, got, w)
		}
	}
}

func TestParseDec(t *testing.T) {
	nines := strings.Repeat("9", 65)
	tests := []struct {
		in          string
		text        string
		prec, scale int
		err         error
	}{
		{"0", "0", 1, 0, nil},
		{"-0.00", "0.00", 2, 2, nil},
		{"007", "7", 1, 0, nil},
		{"+1.50", "1.50", 3, 2, nil},
		{".5", "0.5", 1, 1, nil},
		{"5.", "5", 1, 0, nil},
		{"0.001", "0.001", 3, 3, nil},
		{"1.5e3", "1500", 4, 0, nil},
		{"1.5E-3", "0.0015", 4, 4, nil},
		{"15e+1", "150", 3, 0, nil},
		{"0e5", "0", 1, 0, nil},
		{"0e-3", "0.000", 3, 3, nil},
		{"123.456e1", "1234.56", 6, 2, nil},
		{"0.0000000000000000000000000000005", "0.000000000000000000000000000001", 30, 30, nil},
		{"1e-40", "0.000000000000000000000000000000", 30, 30, nil},
		{nines, nines, 65, 0, nil},
		{nines + ".4", nines, 65, 0, nil},
		{nines + ".5", nines, 65, 0, ErrDecRange},
		{"-" + nines + "0", "-" + nines, 65, 0, ErrDecRange},
		{"1e65", nines, 65, 0, ErrDecRange},
		{"1e64", "1" + strings.Repeat("0", 64), 65, 0, nil},
		{"1e999999999999", nines, 65, 0, ErrDecRange},
		{"9.99999999999999999999999999999999999999999999999999999999999999999", "10.000000000000000000000000000000", 32, 30, nil},
		{"", "", 0, 0, ErrDecSyntax},
		{"-", "", 0, 0, ErrDecSyntax},
		{".", "", 0, 0, ErrDecSyntax},
		{"1e", "", 0, 0, ErrDecSyntax},
		{"1e+", "", 0, 0, ErrDecSyntax},
		{"1.2.3", "", 0, 0, ErrDecSyntax},
		{"12a", "", 0, 0, ErrDecSyntax},
		{" 1", "", 0, 0, ErrDecSyntax},
	}
	for _, tt := range tests {
		d, prec, scale, err := ParseDec(tt.in)
		if !errors.Is(err, tt.err) {
			t.Errorf("%q: error %v, want %v", tt.in, err, tt.err)
			continue
		}
		if err == ErrDecSyntax {
			continue
		}
		if d.Text(scale) != tt.text || prec != tt.prec || scale != tt.scale {
			t.Errorf("%q: %s (%d,%d), want %s (%d,%d)", tt.in, d.Text(scale), prec, scale, tt.text, tt.prec, tt.scale)
		}
	}
}

func TestDecFromFloat(t *testing.T) {
	tests := []struct {
		f     float64
		scale int
		want  string // empty: not ok
	}{
		{0, 2, "0.00"}, {math.Copysign(0, -1), 0, "0"}, {1, 3, "1.000"}, {-2.5, 0, "-3"}, {0.285, 2, "0.29"},
		{1.005, 2, "1.01"}, {-1.45, 1, "-1.5"}, {123456.789, 1, "123456.8"}, {1e-300, 5, "0.00000"},
		{5e-6, 5, "0.00001"}, {4e-6, 5, "0.00000"}, {1e64, 0, "1" + strings.Repeat("0", 64)},
		{1e65, 0, ""}, {1e300, 0, ""}, {math.NaN(), 0, ""}, {math.Inf(1), 0, ""}, {1e40, 30, ""},
		{0.1, 30, "0.100000000000000000000000000000"},
	}
	for _, tt := range tests {
		d, ok := DecFromFloat(tt.f, tt.scale)
		got := ""
		if ok {
			got = d.Text(tt.scale)
		}
		if got != tt.want {
			t.Errorf("%v at %d: %q, want %q", tt.f, tt.scale, got, tt.want)
		}
	}
}

func TestDecWordsAndIntegers(t *testing.T) {
	r := seeded(t, 4)
	for range 20000 {
		a := randDec(r)
		for _, n := range []int{1, 2, 4} {
			w := make([]uint64, n)
			ok := a.PutWords(w)
			if want := bigOf(a).Cmp(new(big.Int).Lsh(big.NewInt(1), uint(64*n-1))) < 0 &&
				bigOf(a).Cmp(new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), uint(64*n-1)))) >= 0; ok != want {
				t.Fatalf("%v in %d words: %v", bigOf(a), n, ok)
			}
			if ok && DecFromWords(w) != a {
				t.Fatalf("%v in %d words reads back as %v", bigOf(a), n, bigOf(DecFromWords(w)))
			}
		}
		scale := r.Intn(31)
		want := divAway(bigOf(a), tenTo(scale))
		if i, ok := a.Int64(scale); ok != want.IsInt64() || ok && i != want.Int64() {
			t.Fatalf("int64 of %v at %d: %d %v", bigOf(a), scale, i, ok)
		}
		if u, ok := a.Uint64(scale); ok != want.IsUint64() || ok && u != want.Uint64() {
			t.Fatalf("uint64 of %v at %d: %d %v", bigOf(a), scale, u, ok)
		}
	}
}

func TestDecAllocatesNothing(t *testing.T) {
	a, b := DecFromInt64(123456789), DecFromInt64(-987)
	buf := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() {
		c, _ := a.Mul(b)
		c, _ = c.Add(a)
		c, _ = DivDec(c, 4, b, 2, 8)
		c, _ = c.Rescale(8, 2)
		buf = c.AppendText(buf[:0], 2)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDec(b *testing.B) {
	x, y := DecFromInt64(123456789), DecFromInt64(98765)
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			x.Add(y)
		}
	})
	b.Run("mul", func(b *testing.B) {
		for b.Loop() {
			x.Mul(y)
		}
	})
	b.Run("div", func(b *testing.B) {
		for b.Loop() {
			DivDec(x, 2, y, 2, 6)
		}
	})
	b.Run("text", func(b *testing.B) {
		var buf [40]byte
		for b.Loop() {
			x.AppendText(buf[:0], 2)
		}
	})
}
