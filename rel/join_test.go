package rel_test

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/rel/reltest"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

func TestPairs(t *testing.T) {
	for seed := range int64(100) {
		r := rand.New(rand.NewSource(seed))
		lt, rt := reltest.RandomTypes(r, 2), reltest.RandomTypes(r, 2)
		l, m := reltest.RandomBatch(r, lt, 5, r.Intn(2) == 0), reltest.RandomBatch(r, rt, 5, r.Intn(2) == 0)
		out := append([]types.Type(nil), lt...)
		for _, t := range rt {
			out = append(out, t.WithNull(true))
		}
		dst := zset.NewBatch(out, 0)
		for range 3 {
			li, ri := []int32{4, 0, 0, 3}, []int32{int32(r.Intn(5)), -1, 2, 2}
			rel.Pairs(dst, l, li, m, ri)
			if dst.N != 4 {
				t.Fatalf("seed %d: %d rows", seed, dst.N)
			}
			for i := range dst.N {
				want, w := rowText(l, int(li[i])), l.Weight(int(li[i]))
				if ri[i] < 0 {
					want += "NULL | NULL | "
				} else {
					want += rowText(m, int(ri[i]))
					w *= m.Weight(int(ri[i]))
				}
				if got := rowText(dst, i); got != want || dst.Weight(i) != w {
					t.Fatalf("seed %d: row %d is %s times %d, want %s times %d", seed, i, got, dst.Weight(i), want, w)
				}
			}
		}
		rel.Pairs(dst, l, nil, m, nil)
		if dst.N != 5 || rowText(dst, 3) != rowText(l, 3)+rowText(m, 3) {
			t.Fatalf("seed %d: rows without positions give %v", seed, dst)
		}
	}
}

func TestNotNull(t *testing.T) {
	ts := []types.Type{types.TypeInt.WithNull(true), types.TypeText.WithNull(true), types.TypeInt}
	b := zset.NewBatch(ts, 0)
	null := func(t types.Type) types.Value { return types.NullValue(t) }
	one, a := types.IntValue(1), types.TextValue("a")
	b.AppendValues([]types.Value{one, a, one}, 1)
	b.AppendValues([]types.Value{null(ts[0]), a, one}, 1)
	b.AppendValues([]types.Value{one, null(ts[1]), one}, 1)
	b.AppendValues([]types.Value{one, a, one}, 1)
	for _, c := range []struct {
		cols []int
		sel  []int32
		want string
		null bool
	}{
		{[]int{0}, nil, "[0 2 3]", true},
		{[]int{0, 1}, nil, "[0 3]", true},
		{[]int{1, 0}, []int32{1, 2, 3}, "[3]", true},
		{[]int{2}, nil, "[0 1 2 3]", false},
		{nil, []int32{2}, "[2]", false},
	} {
		if got := fmt.Sprint(rel.NotNull(nil, b, c.cols, c.sel)); got != c.want {
			t.Errorf("NotNull(%v, %v) = %s, want %s", c.cols, c.sel, got, c.want)
		}
		if got := rel.AnyNull(b, c.cols); got != c.null {
			t.Errorf("AnyNull(%v) = %v", c.cols, got)
		}
	}
}

// TestProbeKeysFind checks that probes of another nullability, and over a
// prefix of a key, find the rows of a relation whatever the form of its keys.
func TestProbeKeysFind(t *testing.T) {
	for seed := range int64(200) {
		r := rand.New(rand.NewSource(seed))
		ts := reltest.RandomTypes(r, 3)
		key := []zset.KeyCol{{Col: 2, Desc: r.Intn(2) == 0}, {Col: 0}}[:1+r.Intn(2)]
		rows := reltest.RandomBatch(r, ts, 30, true)
		table := reltest.NewTable(ts, key, 1+r.Intn(3), rows)
		table.BatchRows = 1 + r.Intn(10)

		prefix := 1 + r.Intn(len(key))
		pt := []types.Type{ts[key[0].Col].WithNull(true), ts[0].WithNull(true)}
		probes := reltest.RandomBatch(r, pt, 10, false)
		cols := []int{0, 1}[:prefix]
		idx := rel.NotNull(nil, probes, cols, nil)
		dense := zset.NewBatch(pt, 0)
		dense.AppendGather(probes, idx)

		var keys zset.Keys
		rel.ProbeKeys(&keys, dense, cols, table.Types(), table.Key())
		got, last := int64(0), int32(0)
		err := table.Seek(&keys, prefix, []int{0, 1, 2}, func(probe []int32, b *zset.Batch) error {
			for i, p := range probe {
				if p < last {
					t.Fatalf("seed %d: probe %d after %d", seed, p, last)
				}
				last = p
				if !equalOn(dense, int(p), cols, b, i, key) {
					t.Fatalf("seed %d: %s does not answer %s", seed, rowText(b, i), rowText(dense, int(p)))
				}
				got += b.Weight(i)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := int64(0)
		for p := range dense.N {
			for i := range rows.N {
				if equalOn(dense, p, cols, rows, i, key) {
					want += rows.Weight(i)
				}
			}
		}
		if got != want {
			t.Fatalf("seed %d: %d rows found, want %d", seed, got, want)
		}
	}
}

// equalOn tells whether row p of the probes and row i of b agree on a key.
func equalOn(probes *zset.Batch, p int, cols []int, b *zset.Batch, i int, key []zset.KeyCol) bool {
	for k, c := range cols {
		x, y := probes.Cols[c].Value(p), b.Cols[key[k].Col].Value(i)
		a := zset.NormaliseValues([]types.Value{x}, zset.Cols(0), false)
		if a.Compare(zset.NormaliseValues([]types.Value{y}, zset.Cols(0), false)) != 0 {
			return false
		}
	}
	return true
}
