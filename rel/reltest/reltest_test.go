package reltest

import (
	"math/rand"
	"testing"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

func TestTableScansInKeyOrder(t *testing.T) {
	for seed := range int64(100) {
		r := rand.New(rand.NewSource(seed))
		ts := RandomTypes(r, 3)
		key := []zset.KeyCol{{Col: 1, Desc: r.Intn(2) == 0}, {Col: 2}}[:1+r.Intn(2)]
		b := RandomBatch(r, ts, 50, true)
		table := NewTable(ts, key, 1+r.Intn(3), b)
		table.BatchRows = 7
		lo := zset.NormaliseValues([]types.Value{RandomValue(r, ts[1])}, key[:1], zset.KeyIsInt(ts, key))
		rng := zset.Range{Lo: &lo, LoOpen: r.Intn(2) == 0}
		got := zset.NewBatch(ts, 0)
		for lane := range table.Lanes() {
			keys := zset.NewKeys(false, 0)
			err := table.Scan(lane, []int{0, 1, 2}, rng, func(b *zset.Batch) error {
				if b.N > table.BatchRows {
					t.Fatalf("seed %d: %d rows in a batch", seed, b.N)
				}
				more := zset.NewKeys(false, 0)
				zset.NormaliseAs(more, b, key, false)
				keys.AppendRange(more, 0, more.Len())
				got.AppendRange(b, 0, b.N)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for i := 1; i < keys.Len(); i++ {
				if keys.Compare(i-1, keys, i) > 0 {
					t.Fatalf("seed %d: row %d is out of order", seed, i)
				}
			}
		}
		want := zset.NewBatch(ts, 0)
		keys := zset.NewKeys(zset.KeyIsInt(ts, key), 0)
		zset.NormaliseAs(keys, b, key, keys.IsInt())
		for i := range b.N {
			if rng.Contains(keys.At(i)) {
				want.AppendRow(b, i, b.Weight(i))
			}
		}
		x, _ := zset.Consolidate(got, key)
		y, _ := zset.Consolidate(want, key)
		if x.N != y.N {
			t.Fatalf("seed %d: %d rows, want %d", seed, x.N, y.N)
		}
		for i := range x.N {
			if !zset.EqualRow(x, i, y, i) || x.Weight(i) != y.Weight(i) {
				t.Fatalf("seed %d: row %d differs", seed, i)
			}
		}
		if want := b.WeightSum(); table.Rows() != want {
			t.Fatalf("seed %d: %d rows, want %d", seed, table.Rows(), want)
		}
	}
}
