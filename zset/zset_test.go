package zset

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/weirdb/weir/types"
	_ "github.com/weirdb/weir/types/collate"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func seeded(t testing.TB, seed int64) *rand.Rand {
	t.Helper()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewSource(seed))
}

// everyType has each physical class and each form of key.
var everyType = []types.Type{
	types.TypeInt, types.TypeUint, {Kind: types.Int8}, {Kind: types.Uint8}, types.TypeFloat,
	types.NewDecimal(10, 2), types.NewDecimal(18, 18), types.NewDecimal(30, 10), types.NewDecimal(65, 30), types.NewDecimal(5, 0),
	types.TypeText, {Kind: types.String, Coll: types.CollGeneralCi}, {Kind: types.String, Coll: types.CollUtf8mb4Bin},
	{Kind: types.String, Coll: types.Coll0900Bin}, types.TypeBytes, types.TypeDate, types.NewDatetime(6),
}

var texts = []string{"", "a", "A", "a ", "A  ", "ab", "Ab", "b", "é", "E", "e", "\x00", "\x00\x00", "\x01", "a\x00", "a\x01b", "zz", "世", "ß", "ss", "a\tb", "\xff"}

// randValue favours few distinct values, so that rows and keys meet.
func randValue(r *rand.Rand, t types.Type) types.Value {
	v := types.Value{Type: t}
	switch {
	case t.Nullable && r.Intn(6) == 0 || t.Kind == types.Null:
		v.IsNull = true
	case t.Kind == types.Decimal:
		v.D = randDec(r, int(t.Prec))
	case t.Kind.IsFloat():
		v.F = []float64{0, math.Copysign(0, -1), 1, -1, 1.5, -2.5e10, math.Inf(1), math.Inf(-1), r.NormFloat64()}[r.Intn(9)]
	case t.Kind.IsText():
		v.S = texts[r.Intn(len(texts))]
		if t.Kind == types.String && v.S == "\xff" {
			v.S = "z"
		}
	case t.Kind.IsInt():
		lo, hi := t.Kind.IntRange()
		switch r.Intn(4) {
		case 0:
			v.I = lo
		case 1:
			v.I = int64(hi)
		default:
			v.I = int64(r.Intn(5))
			if lo < 0 {
				v.I -= 2
			}
		}
	default:
		v.I = int64(r.Intn(7)) - 3
	}
	return v
}

func randDec(r *rand.Rand, prec int) types.Dec {
	d := types.DecFromInt64(int64(r.Intn(2000) - 1000))
	if r.Intn(2) == 0 {
		d = types.MaxDec(prec)
		for range r.Intn(4) {
			d, _ = d.Truncate(r.Intn(20), 0)
		}
		if r.Intn(2) == 0 {
			d = d.Neg()
		}
	}
	for !d.FitsPrec(prec) {
		d, _ = d.Truncate(1, 0)
	}
	return d
}

func randTypes(r *rand.Rand) []types.Type {
	ts := make([]types.Type, 1+r.Intn(5))
	for i := range ts {
		ts[i] = everyType[r.Intn(len(everyType))].WithNull(r.Intn(2) == 0)
	}
	return ts
}

// row is a row of the model.
type row struct {
	vals []types.Value
	w    int64
}

func randRows(r *rand.Rand, ts []types.Type, n int, weighted bool) []row {
	rows := make([]row, n)
	for i := range rows {
		for _, t := range ts {
			rows[i].vals = append(rows[i].vals, randValue(r, t))
		}
		rows[i].w = 1
		if weighted {
			rows[i].w = int64(r.Intn(7)) - 3
		}
	}
	return rows
}

func batchOf(ts []types.Type, rows []row) *Batch {
	b := NewBatch(ts, len(rows))
	for _, x := range rows {
		b.AppendValues(x.vals, x.w)
	}
	return b
}

// sameValue is identity: -0 is not 0.
func sameValue(a, b types.Value) bool {
	return a.Type == b.Type && a.IsNull == b.IsNull && a.I == b.I && a.D == b.D && a.S == b.S &&
		math.Float64bits(a.F) == math.Float64bits(b.F)
}

// expectRows checks a batch against the model, and the rules of Vec.
func expectRows(t *testing.T, b *Batch, want []row) {
	t.Helper()
	if b.N != len(want) || b.W != nil && len(b.W) != b.N {
		t.Fatalf("%d rows with %d weights, want %d", b.N, len(b.W), len(want))
	}
	for c := range b.Cols {
		v := &b.Cols[c]
		if v.Len() != b.N {
			t.Fatalf("column %d has %d rows of %d", c, v.Len(), b.N)
		}
		if v.Valid != nil && !v.nullsAreZero(b.N) {
			t.Fatalf("column %d has a value in a NULL slot", c)
		}
	}
	for i, x := range want {
		if b.Weight(i) != x.w {
			t.Fatalf("row %d weighs %d, want %d", i, b.Weight(i), x.w)
		}
		for c, v := range b.Row(i) {
			if !sameValue(v, x.vals[c]) {
				t.Fatalf("row %d column %d (%s) is %s, want %s", i, c, v.Type, v, x.vals[c])
			}
		}
	}
}

// TestBuilders grows a batch in every way and compares it with the model.
func TestBuilders(t *testing.T) {
	r := seeded(t, 1)
	for range 300 {
		ts := randTypes(r)
		src := randRows(r, ts, 1+r.Intn(150), r.Intn(2) == 0)
		sb := batchOf(ts, src)
		expectRows(t, sb, src)
		first, firstBatch := src, sb
		full, fullBatch := fullRows(r, ts)
		dst, want := NewBatch(ts, r.Intn(10)), []row(nil)
		for range r.Intn(12) {
			if src, sb = first, firstBatch; r.Intn(3) == 0 {
				src, sb = full, fullBatch
			}
			lo := r.Intn(len(src))
			hi := lo + r.Intn(len(src)-lo+1)
			switch r.Intn(6) {
			case 0:
				dst.AppendRow(sb, lo, 5)
				want = append(want, row{src[lo].vals, 5})
			case 1:
				dst.AppendRange(sb, lo, hi)
				want = append(want, src[lo:hi]...)
			case 2:
				idx := make([]int32, r.Intn(50))
				for i := range idx {
					idx[i] = int32(r.Intn(len(src)))
					want = append(want, src[idx[i]])
				}
				dst.AppendGather(sb, idx)
			case 3:
				dst.AppendRange(sb.Slice(lo, hi), 0, hi-lo)
				want = append(want, src[lo:hi]...)
			case 4:
				dst.AppendValues(src[lo].vals, 1)
				want = append(want, row{src[lo].vals, 1})
			default:
				if r.Intn(4) == 0 {
					dst.Reset()
					want = nil
				}
			}
		}
		expectRows(t, dst, want)
		expectRows(t, dst.Clone(), want)
		if len(want) > 0 {
			lo := r.Intn(len(want))
			hi := lo + r.Intn(len(want)-lo+1)
			expectRows(t, dst.Slice(lo, hi), want[lo:hi])
			half := len(want) / 2
			expectRows(t, Concat(ts, dst.Slice(0, half), NewBatch(ts, 0), dst.Slice(half, len(want))), want)
			mid := dst.Slice(lo, hi)
			for c := range mid.Cols {
				nulls := 0
				for _, x := range want[lo:hi] {
					if x.vals[c].IsNull {
						nulls++
					}
				}
				if got := mid.Cols[c].Nulls(); got != nulls {
					t.Fatalf("%d NULLs, want %d", got, nulls)
				}
			}
		}
		var sum int64
		for i := range want {
			sum += want[i].w
		}
		if got := dst.WeightSum(); got != sum {
			t.Fatalf("the weights sum to %d, want %d", got, sum)
		}
		dst.Negate()
		for i := range want {
			want[i].w = -want[i].w
		}
		expectRows(t, dst, want)
	}
}

// fullRows returns rows without NULLs and weights, whose columns have no bitmap.
func fullRows(r *rand.Rand, ts []types.Type) ([]row, *Batch) {
	rows := randRows(r, ts, 40, false)
	for i := range rows {
		for c, v := range rows[i].vals {
			rows[i].vals[c] = types.Value{Type: v.Type, I: v.I, F: v.F, D: v.D, S: v.S}
		}
	}
	return rows, batchOf(ts, rows)
}

func TestGatherWithoutPartner(t *testing.T) {
	for _, ty := range everyType {
		src := NewVec(ty, 0)
		v := randValue(rand.New(rand.NewSource(3)), ty)
		src.AppendValue(v)
		dst := NewVec(ty.WithNull(true), 0)
		dst.AppendGather(&src, []int32{0, -1, 0})
		if dst.Len() != 3 || dst.IsNull(0) || !dst.IsNull(1) || dst.IsNull(2) || !dst.nullsAreZero(3) {
			t.Errorf("%s: wrong NULLs", ty)
		}
	}
}

func TestKernelVectors(t *testing.T) {
	for _, ty := range everyType {
		v := NewVec(ty, 70)
		if v.Len() != 70 || v.Nulls() != 0 {
			t.Fatalf("%s: %d rows, %d NULLs", ty, v.Len(), v.Nulls())
		}
		v.SetNull(69)
		v.SetNull(0)
		v.SetNull(1)
		v.Valid.Set(1)
		if v.Nulls() != 2 || !v.IsNull(0) || v.IsNull(1) || !v.IsNull(69) {
			t.Errorf("%s: wrong NULLs", ty)
		}
		v.Reset()
		v.AppendNull()
		if v.Len() != 1 || !v.IsNull(0) {
			t.Errorf("%s: cannot be used again", ty)
		}
	}
	v := NewVec(types.NewDecimal(30, 2), 2)
	d := types.MaxDec(30).Neg()
	v.SetDec(1, d)
	if v.Dec(1) != d || !v.Dec(0).IsZero() {
		t.Error("a wide decimal was not kept")
	}
}

func TestSharedMemory(t *testing.T) {
	ts := []types.Type{types.TypeInt, types.TypeText}
	b := NewBatch(ts, 0)
	for i := range 5 {
		b.AppendValues([]types.Value{types.IntValue(int64(i)), types.TextValue("x")}, int64(i))
	}
	view := b.Slice(0, 2)
	view.Cols[0].AppendInt(99) // must not reach row 2 of b
	view.Cols[1].AppendString("yyyy")
	if b.Cols[0].I[2] != 2 || string(b.Cols[1].Bytes(2)) != "x" {
		t.Error("appending to a view wrote into its origin")
	}
	cols := b.SliceCols([]int{1})
	if cols.N != 5 || len(cols.Cols) != 1 || cols.Weight(3) != 3 {
		t.Error("wrong columns")
	}
	if got := b.Memory(); got != 5*8+5*8+6*4+5 {
		t.Errorf("the batch takes %d bytes", got)
	}
	want := "+0 | 0 | x\n+1 | 1 | x\n"
	if got := b.Slice(0, 2).String(); got != want {
		t.Errorf("prints as %q", got)
	}
}

// TestCanonicalOrder: CompareRows is memcmp of canonical bytes, and equality
// is identity of values.
func TestCanonicalOrder(t *testing.T) {
	r := seeded(t, 4)
	for range 200 {
		ts := randTypes(r)
		rows := randRows(r, ts, 30, false)
		b := batchOf(ts, rows)
		var cols []int
		if r.Intn(2) == 0 {
			cols = []int{r.Intn(len(ts))}
		}
		for i := range rows {
			for j := range rows {
				x, y := b.AppendCanonical(nil, i, cols), b.AppendCanonical(nil, j, cols)
				if got, want := CompareRows(b, i, b, j, cols), bytes.Compare(x, y); got != want {
					t.Fatalf("rows compare as %d, their bytes as %d:\n%s", got, want, b)
				}
				if i != j && len(x) < len(y) && bytes.HasPrefix(y, x) {
					t.Fatalf("the bytes of row %d begin those of row %d:\n%s", i, j, b)
				}
				if cols != nil {
					continue
				}
				same := slices.EqualFunc(rows[i].vals, rows[j].vals, sameValue)
				if EqualRow(b, i, b, j) != same {
					t.Fatalf("rows %d and %d are equal: %v\n%s", i, j, !same, b)
				}
			}
		}
	}
}

func compareValues(a, b []types.Value, cols []KeyCol) int {
	for _, c := range cols {
		x, y := a[c.Col], b[c.Col]
		r := x.Compare(y)
		if c.Desc {
			r = -r
		}
		if r != 0 {
			return r
		}
	}
	return 0
}

func randCols(r *rand.Rand, n int) []KeyCol {
	cols := make([]KeyCol, 1+r.Intn(n))
	for i := range cols {
		cols[i] = KeyCol{Col: r.Intn(n), Desc: r.Intn(3) == 0}
	}
	return cols
}

// TestKeysOrderAsValues: keys compare as SQL compares the values.
func TestKeysOrderAsValues(t *testing.T) {
	r := seeded(t, 5)
	for range 300 {
		ts := randTypes(r)
		rows := randRows(r, ts, 25, false)
		b := batchOf(ts, rows)
		cols := randCols(r, len(ts))
		var keys Keys
		Normalise(&keys, b, cols)
		if keys.IsInt() != KeyIsInt(ts, cols) || keys.Len() != b.N {
			t.Fatalf("%d keys, integers: %v", keys.Len(), keys.IsInt())
		}
		for i := range rows {
			checkKey(t, &keys, i, ts, rows[i].vals, cols)
			for j := range rows {
				got, want := keys.Compare(i, &keys, j), compareValues(rows[i].vals, rows[j].vals, cols)
				if got != want || (got == 0) != keys.Equal(i, &keys, j) || keys.CompareKey(i, keys.At(j)) != got || keys.At(i).Compare(keys.At(j)) != got {
					t.Fatalf("%v: keys %v and %v of rows %d and %d compare as %d, want %d\n%s", cols, keys.At(i), keys.At(j), i, j, got, want, b)
				}
				if got == 0 && keys.Hash(i) != keys.Hash(j) {
					t.Fatal("equal keys have different hashes")
				}
				if !keys.IsInt() && got != 0 && keys.HasPrefix(i, keys.At(j)) {
					t.Fatalf("key %x begins with key %x", keys.At(i).Bytes, keys.At(j).Bytes)
				}
			}
		}
	}
}

// checkKey compares key i with that of its values, in both forms, and with
// the keys over its first columns.
func checkKey(t *testing.T, keys *Keys, i int, ts []types.Type, vals []types.Value, cols []KeyCol) {
	t.Helper()
	picked := make([]types.Value, len(cols))
	for j, c := range cols {
		picked[j] = vals[c.Col]
	}
	key := NormaliseValues(picked, cols, keys.IsInt())
	if key.Compare(keys.At(i)) != 0 || key.Hash() != keys.Hash(i) {
		t.Fatalf("the key of the values is %v, of the batch %v", key, keys.At(i))
	}
	if keys.IsInt() {
		if other := NormaliseValues(picked, cols, false); !cols[0].Desc && other.Hash() != key.Hash() {
			t.Fatalf("%s: the forms have different hashes", picked[0])
		}
		return
	}
	for n := range cols {
		if prefix := NormaliseValues(picked[:n], cols, false); !keys.HasPrefix(i, prefix) {
			t.Fatalf("key %x does not begin with %x", keys.At(i).Bytes, prefix.Bytes)
		}
	}
}

// TestKeysAcrossTypes: joins meet keys of columns that differ in width, scale,
// sign or nullability.
func TestKeysAcrossTypes(t *testing.T) {
	dec := func(s string, prec, scale int) types.Value {
		v, st := types.ConvertValue(types.TextValue(s), types.NewDecimal(prec, scale))
		if st != types.OK {
			t.Fatal(s)
		}
		return v
	}
	for _, s := range []string{"0", "1", "-1", "1.5", "-0.25", "100", "12345.678", "-99999.999"} {
		want := NormaliseValues([]types.Value{dec(s, 10, 3)}, Cols(0), false)
		for _, v := range []types.Value{dec(s, 18, 10), dec(s, 18, 4), dec(s, 38, 30), dec(s, 65, 3), dec(s, 65, 30)} {
			if got := NormaliseValues([]types.Value{v}, Cols(0), false); got.Compare(want) != 0 {
				t.Errorf("%s as %s has the key %x, as decimal(10,3) %x", s, v.Type, got.Bytes, want.Bytes)
			}
			b := NewBatch([]types.Type{v.Type}, 1)
			b.AppendValues([]types.Value{v}, 1)
			var keys Keys
			if Normalise(&keys, b, Cols(0)); keys.CompareKey(0, want) != 0 {
				t.Errorf("%s in a column of %s has the key %x", s, v.Type, keys.At(0).Bytes)
			}
		}
	}
	ints := []types.Value{types.IntValue(math.MinInt64), types.IntValue(-1), types.UintValue(0), types.IntValue(1), types.UintValue(1 << 63), types.UintValue(math.MaxUint64)}
	for i, v := range ints {
		for j, w := range ints {
			x, y := NormaliseValues([]types.Value{v}, Cols(0), false), NormaliseValues([]types.Value{w}, Cols(0), false)
			if got := x.Compare(y); got != cmp.Compare(i, j) {
				t.Errorf("%s and %s compare as %d", v, w, got)
			}
		}
	}
	one, uone := NormaliseValues([]types.Value{types.IntValue(7)}, Cols(0), false), NormaliseValues([]types.Value{types.UintValue(7)}, Cols(0), true)
	if one.Hash() != uone.Hash() {
		t.Error("7 signed and unsigned, in bytes and as an integer, must have one hash")
	}
	neg, zero := types.FloatValue(math.Copysign(0, -1)), types.FloatValue(0)
	if NormaliseValues([]types.Value{neg}, Cols(0), false).Compare(NormaliseValues([]types.Value{zero}, Cols(0), false)) != 0 {
		t.Error("-0 is not 0")
	}
	nan, nan2 := types.FloatValue(math.NaN()), types.FloatValue(-math.NaN())
	inf := NormaliseValues([]types.Value{types.FloatValue(math.Inf(1))}, Cols(0), false)
	if k := NormaliseValues([]types.Value{nan}, Cols(0), false); k.Compare(inf) <= 0 || k.Compare(NormaliseValues([]types.Value{nan2}, Cols(0), false)) != 0 {
		t.Error("NaN must be one value above all numbers")
	}
}

// TestForms: a nullable column probes keys of the integer form and back.
func TestForms(t *testing.T) {
	b := NewBatch([]types.Type{types.TypeInt.WithNull(true), types.TypeUint}, 0)
	b.AppendValues([]types.Value{types.IntValue(-5), types.UintValue(math.MaxUint64)}, 1)
	b.AppendValues([]types.Value{types.NullValue(types.TypeInt), types.UintValue(0)}, 1)
	var k Keys
	if Normalise(&k, b, Cols(0)); k.IsInt() {
		t.Error("a nullable column has integer keys")
	}
	if NormaliseAs(&k, b, Cols(0), true); !k.IsInt() || k.Int[0] != -5 || k.Int[1] != 0 {
		t.Errorf("integer keys %v", k.Int)
	}
	if Normalise(&k, b, Cols(1)); !k.IsInt() || k.Int[0] != math.MaxInt64 || k.Int[1] != math.MinInt64 {
		t.Errorf("unsigned keys %v", k.Int)
	}
	if Normalise(&k, b, []KeyCol{{Col: 1, Desc: true}}); !k.IsInt() || k.Int[0] != math.MinInt64 || k.Int[1] != math.MaxInt64 {
		t.Errorf("descending keys %v", k.Int)
	}
	if Normalise(&k, b, nil); k.IsInt() || k.Len() != 2 || !k.Equal(0, &k, 1) {
		t.Error("keys over no columns must be equal and of the bytes form")
	}
}

func TestRanges(t *testing.T) {
	r := seeded(t, 6)
	for range 300 {
		ts := randTypes(r)
		b := batchOf(ts, randRows(r, ts, 40, false))
		cols := randCols(r, len(ts))
		b, keys := Consolidate(b, cols)
		probe := randRows(r, ts, 2, false)
		bound := func(vals []types.Value) *Key {
			picked := make([]types.Value, len(cols))
			for j, c := range cols {
				picked[j] = vals[c.Col]
			}
			if !keys.IsInt() {
				picked = picked[:1+r.Intn(len(cols))]
			}
			k := NormaliseValues(picked, cols, keys.IsInt())
			return &k
		}
		rg := Range{LoOpen: r.Intn(2) == 0, HiOpen: r.Intn(2) == 0}
		if r.Intn(4) > 0 {
			rg.Lo = bound(probe[0].vals)
		}
		if r.Intn(4) > 0 {
			rg.Hi = bound(probe[1].vals)
		}
		if r.Intn(4) == 0 && rg.Lo != nil {
			rg = PrefixRange(*rg.Lo)
		}
		lo, hi := rg.Locate(keys)
		for i := range b.N {
			if in := rg.Contains(keys.At(i)); in != (i >= lo && i < hi) {
				t.Fatalf("key %d is in the range: %v, but it was located at %d to %d", i, in, lo, hi)
			}
		}
		if lo > hi {
			t.Fatalf("located at %d to %d", lo, hi)
		}
	}
}

func TestKeysBuilders(t *testing.T) {
	for _, isInt := range []bool{true, false} {
		src := NewKeys(isInt, 0)
		for i := range 20 {
			src.Append(Key{IsInt: isInt, Int: int64(i), Bytes: []byte(fmt.Sprint(i))})
		}
		dst := NewKeys(isInt, 4)
		dst.AppendRange(src, 3, 6)
		dst.AppendFrom(src, 10)
		dst.AppendGather(src, []int32{19, 0})
		part := src.Slice(7, 9)
		dst.AppendRange(&part, 1, 2)
		dst.AppendRange(&part, 1, 1)
		for i, want := range []int{3, 4, 5, 10, 19, 0, 8} {
			if !dst.Equal(i, src, want) {
				t.Errorf("key %d is %v, want that of %d", i, dst.At(i), want)
			}
		}
		if dst.Len() != 7 || len(dst.Hashes(nil)) != 7 || dst.Hashes(nil)[3] != dst.Hash(3) {
			t.Error("wrong number of keys or hashes")
		}
		if got, want := dst.Memory(), map[bool]int64{true: 7 * 8, false: 8*4 + 9}[isInt]; got != want {
			t.Errorf("the keys take %d bytes, want %d", got, want)
		}
		c := dst.At(0).Clone()
		dst.Reset(isInt)
		if dst.Len() != 0 || dst.IsInt() != isInt || c.Compare(src.At(3)) != 0 {
			t.Error("wrong after Reset")
		}
	}
}

// TestHashIsForEver: rows lie in the lane of their key's hash.
func TestHashIsForEver(t *testing.T) {
	tests := []struct {
		v    types.Value
		hash uint64
		slot uint16
	}{
		{types.IntValue(0), 0xe220a8397b1dcdaf, 431},
		{types.IntValue(-1), 0x2a67d7552e039ea7, 679},
		{types.UintValue(1 << 63), 0xe220a8397b1dcdaf, 431},
		{types.TextValue(""), 0x83b7a5fe7d5748a6, 166},
		{types.TextValue("weir"), 0x9f5abd1d37e80734, 820},
		{types.TextValue("a stream of rows, longer than a block"), 0xd91eb01679d296ef, 751},
		{types.FloatValue(1.5), 0x3a84afa8617458a0, 160},
		{types.NullValue(types.TypeText), 0x87018ce07279538a, 906},
	}
	for _, tt := range tests {
		k := NormaliseValues([]types.Value{tt.v}, Cols(0), false)
		if k.Hash() != tt.hash || Slot(k.Hash()) != tt.slot {
			t.Errorf("%s: %#x in slot %d", tt.v.SQL(), k.Hash(), Slot(k.Hash()))
		}
	}
}

// TestHashSpreads: neighbouring keys fill slots and high bits evenly.
func TestHashSpreads(t *testing.T) {
	const n = 1 << 17
	for name, key := range map[string]func(i int) Key{
		"integers": func(i int) Key { return Key{IsInt: true, Int: int64(i)} },
		"strided":  func(i int) Key { return Key{IsInt: true, Int: int64(i) << 20} },
		"strings": func(i int) Key {
			return NormaliseValues([]types.Value{types.TextValue(fmt.Sprint("user", i))}, Cols(0), false)
		},
		"pairs": func(i int) Key {
			return NormaliseValues([]types.Value{types.IntValue(int64(i / 300)), types.IntValue(int64(i % 300))}, Cols(0, 1), false)
		},
	} {
		var slots, high [Slots]int
		for i := range n {
			h := key(i).Hash()
			slots[Slot(h)]++
			high[h>>54]++
		}
		for _, counts := range [][Slots]int{slots, high} {
			chi := 0.0
			for _, c := range counts {
				d := float64(c) - n/Slots
				chi += d * d / (n / Slots)
			}
			if chi > Slots+8*math.Sqrt(2*Slots) { // a fair hash has Slots, give or take
				t.Errorf("%s: chi square %.0f", name, chi)
			}
		}
	}
}
