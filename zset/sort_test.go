package zset

import (
	"bytes"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/weirdb/weir/types"
)

// consolidated is the model of Consolidate: a map from canonical bytes.
func consolidated(b *Batch, cols []KeyCol) []row {
	type group struct {
		key, canon []byte
		row
	}
	var keys Keys
	NormaliseAs(&keys, b, cols, false)
	groups := map[string]*group{}
	for i := range b.N {
		canon := b.AppendCanonical(nil, i, nil)
		g := groups[string(canon)]
		if g == nil {
			g = &group{keys.At(i).Clone().Bytes, canon, row{b.Row(i), 0}}
			groups[string(canon)] = g
		}
		g.w += b.Weight(i)
	}
	var all []*group
	for _, g := range groups {
		if g.w != 0 {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(x, y *group) int {
		if c := bytes.Compare(x.key, y.key); c != 0 {
			return c
		}
		return bytes.Compare(x.canon, y.canon)
	})
	rows := make([]row, len(all))
	for i, g := range all {
		rows[i] = g.row
	}
	return rows
}

func TestConsolidate(t *testing.T) {
	r := seeded(t, 11)
	var s Sorter
	for i := range 400 {
		ts := randTypes(r)
		cols := randCols(r, len(ts))
		b := batchOf(ts, randRows(r, ts, r.Intn(1+i), r.Intn(4) > 0))
		want := consolidated(b, cols)

		got, keys := Consolidate(b, cols)
		expectRows(t, got, want)
		if !IsConsolidated(keys, got) {
			t.Fatal("the result is not consolidated")
		}
		if again, _ := Consolidate(got, cols); again != got {
			t.Error("a consolidated batch was copied")
		}
		dst, dstKeys := NewBatch(ts, 0), new(Keys)
		for range 2 { // the second time with memory that was used
			s.Consolidate(dst, dstKeys, b, cols, KeyIsInt(ts, cols))
			expectRows(t, dst, want)
		}
		var direct Keys
		Normalise(&direct, dst, cols)
		for i := range dst.N {
			if !direct.Equal(i, dstKeys, i) || dstKeys.Len() != dst.N {
				t.Fatal("the keys are not those of the rows")
			}
		}
	}
}

func TestPerm(t *testing.T) {
	r := seeded(t, 12)
	var s Sorter
	for range 200 {
		ts := randTypes(r)
		cols := randCols(r, len(ts))
		n := []int{0, 1, 5, radixRows - 1, radixRows, 1000}[r.Intn(6)]
		b := batchOf(ts, randRows(r, ts, n, false))
		if r.Intn(3) == 0 {
			b, _ = Consolidate(b, cols)
		}
		var keys Keys
		Normalise(&keys, b, cols)
		perm := s.Perm(&keys, b)
		seen := make([]bool, b.N)
		for i, p := range perm {
			if seen[p] {
				t.Fatalf("row %d comes twice", p)
			}
			seen[p] = true
			if i == 0 {
				continue
			}
			q := perm[i-1]
			if c := compareKeyed(&keys, b, int(q), int(p)); c > 0 || c == 0 && q > p {
				t.Fatalf("row %d comes behind row %d", p, q)
			}
		}
		if len(perm) != b.N {
			t.Fatalf("%d positions of %d rows", len(perm), b.N)
		}
	}
}

// TestPermLeads sorts keys whose leading eight bytes agree, differ in one byte
// or end early.
func TestPermLeads(t *testing.T) {
	r := seeded(t, 13)
	ts := []types.Type{types.TypeBytes, types.TypeBytes}
	var s Sorter
	for range 50 {
		b := NewBatch(ts, 0)
		for range 200 {
			a, c := make([]byte, r.Intn(4)), make([]byte, r.Intn(12))
			for i := range c {
				c[i] = byte(r.Intn(3))
			}
			b.AppendValues([]types.Value{types.BytesValue(append([]byte("common"), a...)), types.BytesValue(c)}, 1)
		}
		var keys Keys
		Normalise(&keys, b, Cols(0, 1))
		perm := s.Perm(&keys, b)
		for i := 1; i < len(perm); i++ {
			if keys.Compare(int(perm[i-1]), &keys, int(perm[i])) > 0 {
				t.Fatal("keys are out of order")
			}
		}
	}
}

func benchBatch(n int, str bool) *Batch {
	r := rand.New(rand.NewSource(1))
	ts := []types.Type{types.TypeInt, types.TypeInt}
	if str {
		ts[0] = types.TypeText
	}
	b := NewBatch(ts, n)
	for range n {
		if str {
			b.Cols[0].AppendString(fmt.Sprintf("user%08d", r.Intn(1e8)))
		} else {
			b.Cols[0].AppendInt(int64(r.Intn(1e9)))
		}
		b.Cols[1].AppendInt(int64(r.Intn(100)))
		b.AppendWeight(1)
	}
	return b
}

func perRow(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/row")
}

func BenchmarkNormalise(b *testing.B) {
	for _, bench := range []struct {
		name string
		str  bool
		cols []KeyCol
	}{{"int", false, Cols(0)}, {"int-pair", false, Cols(0, 1)}, {"string12", true, Cols(0)}, {"string12-int", true, Cols(0, 1)}} {
		b.Run(bench.name, func(b *testing.B) {
			in := benchBatch(4096, bench.str)
			var keys Keys
			for b.Loop() {
				Normalise(&keys, in, bench.cols)
			}
			perRow(b, in.N)
		})
	}
	b.Run("decimal", func(b *testing.B) {
		in := benchBatch(4096, false)
		in.Cols[0].Type = types.NewDecimal(10, 2)
		var keys Keys
		for b.Loop() {
			Normalise(&keys, in, Cols(0))
		}
		perRow(b, in.N)
	})
	b.Run("hash-string12", func(b *testing.B) {
		in := benchBatch(4096, true)
		var keys Keys
		Normalise(&keys, in, Cols(0))
		var hs []uint64
		for b.Loop() {
			hs = keys.Hashes(hs[:0])
		}
		perRow(b, in.N)
	})
}

func BenchmarkConsolidate(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		for _, str := range []bool{false, true} {
			b.Run(fmt.Sprintf("rows=%d/string=%v", n, str), func(b *testing.B) {
				in := benchBatch(n, str)
				dst, keys := NewBatch(in.Types(), n), new(Keys)
				var s Sorter
				for b.Loop() {
					s.Consolidate(dst, keys, in, Cols(0), !str)
				}
				perRow(b, n)
			})
		}
	}
	b.Run("sorted", func(b *testing.B) {
		in, _ := Consolidate(benchBatch(10_000, false), Cols(0))
		dst, keys := NewBatch(in.Types(), in.N), new(Keys)
		var s Sorter
		for b.Loop() {
			s.Consolidate(dst, keys, in, Cols(0), true)
		}
		perRow(b, in.N)
	})
}

func BenchmarkCodec(b *testing.B) {
	for _, str := range []bool{false, true} {
		in := benchBatch(4096, str)
		enc := AppendBatch(nil, in)
		b.Run(fmt.Sprintf("append/string=%v", str), func(b *testing.B) {
			for b.Loop() {
				enc = AppendBatch(enc[:0], in)
			}
			perRow(b, in.N)
			b.ReportMetric(float64(len(enc))/float64(in.N), "B/row")
		})
		b.Run(fmt.Sprintf("decode/string=%v", str), func(b *testing.B) {
			for b.Loop() {
				if _, _, err := DecodeBatch(enc); err != nil {
					b.Fatal(err)
				}
			}
			perRow(b, in.N)
		})
	}
	b.Run("append-one-row", func(b *testing.B) {
		in := benchBatch(1, true)
		var enc []byte
		for b.Loop() {
			enc = AppendBatch(enc[:0], in)
		}
		b.ReportMetric(float64(len(enc)), "B/row")
	})
}
