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

// rowKeys returns the normalised keys of b over all columns as strings.
func rowKeys(b *zset.Batch, isInt bool) (*zset.Keys, []string) {
	var cols []zset.KeyCol
	for i := range b.Cols {
		cols = append(cols, zset.KeyCol{Col: i})
	}
	keys := zset.NewKeys(isInt, b.N)
	zset.NormaliseAs(keys, b, cols, isInt)
	names := make([]string, b.N)
	for i := range names {
		k := keys.At(i)
		names[i] = fmt.Sprintf("%d %q", k.Int, k.Bytes)
	}
	return keys, names
}

func TestGroupTableNumbersInOrderOfArrival(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	var table rel.GroupTable
	for round := range 60 {
		ts := reltest.RandomTypes(r, 1+round%3)
		if round%4 == 0 {
			ts = []types.Type{types.TypeInt}
		}
		isInt := zset.KeyIsInt(ts, zset.Cols(0)) && len(ts) == 1
		model := map[string]int32{}
		table.Reset()
		for range 1 + r.Intn(6) {
			b := reltest.RandomBatch(r, ts, r.Intn(300), false)
			if round%4 == 0 {
				for i := range b.N { // many groups: the table grows
					b.Cols[0].I[i] = int64(r.Intn(1000)) * 1024
				}
			}
			keys, names := rowKeys(b, isInt)
			out := make([]int32, b.N)
			table.Lookup(keys, false, out)
			for i, name := range names {
				want, ok := model[name]
				if !ok {
					want = -1
				}
				if out[i] != want {
					t.Fatalf("round %d: look-up of %s is %d, want %d", round, name, out[i], want)
				}
			}
			table.Lookup(keys, true, out)
			for i, name := range names {
				if _, ok := model[name]; !ok {
					model[name] = int32(len(model))
				}
				if out[i] != model[name] {
					t.Fatalf("round %d: number of %s is %d, want %d", round, name, out[i], model[name])
				}
				if !table.Keys().Equal(int(out[i]), keys, i) {
					t.Fatalf("round %d: the table has another key for group %d", round, out[i])
				}
			}
			if table.Len() != len(model) {
				t.Fatalf("round %d: %d groups, want %d", round, table.Len(), len(model))
			}
		}
	}
}

func TestGroupTableResetKeepsMemory(t *testing.T) {
	var table rel.GroupTable
	keys := &zset.Keys{Int: make([]int64, 10000)}
	for i := range keys.Int {
		keys.Int[i] = int64(i) * 7
	}
	out := make([]int32, len(keys.Int))
	table.Lookup(keys, true, out)
	if n := testing.AllocsPerRun(5, func() {
		table.Reset()
		table.Lookup(keys, true, out)
	}); n > 0 {
		t.Errorf("%g allocations after Reset", n)
	}
}

func BenchmarkGroupTable(b *testing.B) {
	for _, groups := range []int{100, 100_000} {
		ints := &zset.Keys{Int: make([]int64, 4096)}
		strs := zset.NewKeys(false, 4096)
		r := rand.New(rand.NewSource(1))
		for i := range ints.Int {
			ints.Int[i] = int64(r.Intn(groups))
			strs.Append(zset.Key{Bytes: fmt.Appendf(nil, "key %08d", ints.Int[i])})
		}
		out := make([]int32, 4096)
		for name, keys := range map[string]*zset.Keys{"int": ints, "bytes": strs} {
			b.Run(fmt.Sprintf("%s/%d", name, groups), func(b *testing.B) {
				var table rel.GroupTable
				n := 0
				for b.Loop() {
					table.Lookup(keys, true, out)
					n += len(out)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/row")
			})
		}
	}
}
