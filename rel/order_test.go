package rel_test

import (
	"fmt"
	"math/rand"
	"sort"
	"testing"

	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/rel/reltest"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

func randomOrder(r *rand.Rand, cols int) []plan.Order {
	var order []plan.Order
	for _, c := range r.Perm(cols)[:r.Intn(cols)] {
		order = append(order, plan.Order{Col: c, Desc: r.Intn(2) == 0})
	}
	return order
}

// naiveTop sorts rows with a comparison and walks them.
func naiveTop(b *zset.Batch, groups []int, order []plan.Order, offset, limit int64) []string {
	key := rel.OrderKey(groups, order)
	keys, groupKeys := zset.NewKeys(false, b.N), zset.NewKeys(false, b.N)
	zset.NormaliseAs(keys, b, key, false)
	zset.NormaliseAs(groupKeys, b, key[:len(groups)], false)
	idx := make([]int, b.N)
	for i := range idx {
		idx[i] = i
	}
	sort.SliceStable(idx, func(x, y int) bool {
		if c := keys.Compare(idx[x], keys, idx[y]); c != 0 {
			return c < 0
		}
		return zset.CompareRows(b, idx[x], b, idx[y], nil) < 0
	})
	var out []string
	seen := map[string]int64{}
	for _, i := range idx {
		group := string(groupKeys.At(i).Bytes)
		for range b.Weight(i) {
			if at := seen[group]; at >= offset && (limit == plan.NoLimit || at < offset+limit) {
				out = append(out, rowText(b, i))
			}
			seen[group]++
		}
	}
	return out
}

func rowText(b *zset.Batch, i int) string {
	s := ""
	for c := range b.Cols {
		s += cell(&b.Cols[c], i) + " | "
	}
	return s
}

// repeated returns the rows, one for each unit of weight.
func repeated(out []string, b *zset.Batch) []string {
	for i := range b.N {
		for range b.Weight(i) {
			out = append(out, rowText(b, i))
		}
	}
	return out
}

func TestTopKAgreesWithSorting(t *testing.T) {
	for seed := range int64(300) {
		r := rand.New(rand.NewSource(seed))
		ts := reltest.RandomTypes(r, 1+r.Intn(3))
		var groups []int
		if r.Intn(3) == 0 {
			groups = []int{r.Intn(len(ts))}
		}
		order := randomOrder(r, len(ts))
		top := rel.NewTopK(ts, groups, order)
		for round := range 2 {
			offset, limit := int64(r.Intn(5)), int64(r.Intn(20))
			if r.Intn(4) == 0 {
				limit = plan.NoLimit
			}
			rows := r.Intn(100)
			if r.Intn(10) == 0 {
				rows = 10000 // more than are held without pruning
			}
			b := reltest.RandomBatch(r, ts, rows, r.Intn(2) == 0)
			top.Reset(offset, limit)
			for lo := 0; lo < b.N; {
				hi := min(b.N, lo+1+r.Intn(2000))
				top.Add(b.Slice(lo, hi))
				lo = hi
			}
			var got []string
			if err := top.Emit(func(b *zset.Batch) error {
				got = repeated(got, b)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			want := naiveTop(b, groups, order, offset, limit)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("seed %d round %d: groups %v order %v offset %d limit %d of\n%v\ngive %v\nwant %v",
					seed, round, groups, order, offset, limit, b, got, want)
			}
		}
	}
}

func TestTopKSaysWhenRowsComeTooLate(t *testing.T) {
	ts := []types.Type{types.TypeInt}
	top := rel.NewTopK(ts, nil, []plan.Order{{Col: 0}})
	top.Reset(2, 3)
	ints := func(lo, hi int64) *zset.Batch {
		b := zset.NewBatch(ts, 0)
		for ; lo < hi; lo++ {
			b.AppendValues([]types.Value{types.IntValue(lo)}, 1)
		}
		return b
	}
	if !top.Add(ints(10, 14)) || !top.Add(ints(14, 16)) {
		t.Error("rows refused before there were enough")
	}
	if top.Add(ints(16, 20)) {
		t.Error("rows behind the limit were taken")
	}
	if !top.Add(ints(0, 1)) {
		t.Error("a row before the limit was refused")
	}
	var got []string
	if err := top.Emit(func(b *zset.Batch) error { got = repeated(got, b); return nil }); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != "[11 |  12 |  13 | ]" {
		t.Errorf("got %v", got)
	}
	top.Reset(0, 0)
	if top.Add(ints(0, 1)) {
		t.Error("LIMIT 0 asks for rows")
	}
}

func BenchmarkTopK(b *testing.B) {
	r := rand.New(rand.NewSource(1))
	ts := []types.Type{types.TypeInt, types.TypeInt}
	batch := zset.NewBatch(ts, 4096)
	for range 4096 {
		batch.AppendValues([]types.Value{types.IntValue(r.Int63()), types.IntValue(r.Int63())}, 1)
	}
	for _, limit := range []int64{10, plan.NoLimit} {
		b.Run(fmt.Sprint(limit), func(b *testing.B) {
			top := rel.NewTopK(ts, nil, []plan.Order{{Col: 1, Desc: true}})
			n := 0
			for b.Loop() {
				top.Reset(0, limit)
				for range 100 {
					top.Add(batch)
				}
				n += 100 * batch.N
				if err := top.Emit(func(*zset.Batch) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/row")
		})
	}
}
