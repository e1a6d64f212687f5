package rel_test

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/rel/reltest"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// results returns what every aggregate gives for every group, as text.
func results(a *rel.Accs, aggs []plan.Agg) []string {
	var out []string
	for k, g := range aggs {
		errs := map[int]*sqlerr.Error{}
		v := zset.NewVec(g.Type.WithNull(true), 0)
		a.Result(k, 0, a.Len(), &v, func(group int, err *sqlerr.Error) { errs[group] = err })
		for i := range a.Len() {
			s := cell(&v, i)
			if err := errs[i]; err != nil {
				s = fmt.Sprint("error ", err.Code)
			}
			out = append(out, fmt.Sprintf("%d of group %d: %s", k, i, s))
		}
	}
	return out
}

func cell(v *zset.Vec, i int) string {
	if v.IsNull(i) {
		return "NULL"
	}
	switch v.Type.Phys() {
	case types.PhysFloat:
		return fmt.Sprintf("%b", v.F[i])
	case types.PhysBytes:
		return fmt.Sprintf("%q", v.Bytes(i))
	}
	if v.Type.Kind == types.Decimal {
		return v.Dec(i).Text(int(v.Type.Scale))
	}
	return fmt.Sprint(v.I[i])
}

// naive computes an aggregate from the values of a group, one by one.
func naive(g plan.Agg, vals []types.Value, w []int64) string {
	v, err := reltest.Aggregate(g, vals, w)
	if err != nil {
		return fmt.Sprint("error ", err.Code)
	}
	col := zset.NewVec(v.Type.WithNull(true), 0)
	col.AppendValue(v)
	return cell(&col, 0)
}

// randomAggs returns aggregates over columns of types in, linear ones only
// where asked for.
func randomAggs(r *rand.Rand, in []types.Type, linear bool) []plan.Agg {
	var aggs []plan.Agg
	for range 1 + r.Intn(6) {
		g := plan.Agg{Arg: r.Intn(len(in)), Func: plan.AggFunc(1 + r.Intn(9)), Distinct: r.Intn(3) == 0, Name: "x"}
		t := in[g.Arg]
		switch g.Func {
		case plan.CountStar:
			g.Type, g.Distinct = types.TypeInt, false
		case plan.Count:
			g.Type = types.TypeInt
		case plan.Sum, plan.Sum0, plan.Avg:
			switch {
			case t.Kind.IsFloat():
				g.Type = types.TypeFloat
			case !t.Kind.IsNumeric():
				continue
			case g.Func == plan.Avg:
				g.Type = types.NewDecimal([]int{65, 41, 20}[r.Intn(3)], int(t.Scale)+4)
			default:
				g.Type = types.NewDecimal([]int{65, 41, 10}[r.Intn(3)], int(t.Scale))
			}
		default:
			g.Type, g.Distinct = t, false
		}
		if linear && !rel.Linear(g) {
			continue
		}
		aggs = append(aggs, g)
	}
	return aggs
}

func compareResults(t *testing.T, what string, a *rel.Accs, aggs []plan.Agg, b *zset.Batch, groups []int32) {
	t.Helper()
	vals := make([][]types.Value, a.Len())
	got, at := results(a, aggs), 0
	for k, g := range aggs {
		w := make([][]int64, a.Len())
		for i := range vals {
			vals[i] = vals[i][:0]
		}
		for i := range b.N {
			if groups[i] >= 0 {
				vals[groups[i]] = append(vals[groups[i]], b.Cols[g.Arg].Value(i))
				w[groups[i]] = append(w[groups[i]], b.Weight(i))
			}
		}
		for i := range a.Len() {
			want := fmt.Sprintf("%d of group %d: %s", k, i, naive(g, vals[i], w[i]))
			if got[at] != want {
				t.Fatalf("%s: %+v gives\n%s, want\n%s of %v times %v", what, g, got[at], want, vals[i], w[i])
			}
			at++
		}
	}
}

func randomGroups(r *rand.Rand, rows, n int) []int32 {
	groups := make([]int32, rows)
	for i := range groups {
		groups[i] = int32(r.Intn(n+1) - 1)
	}
	return groups
}

func TestAccsAgreeWithNaive(t *testing.T) {
	for seed := range int64(400) {
		r := rand.New(rand.NewSource(seed))
		in := reltest.RandomTypes(r, 3)
		aggs := randomAggs(r, in, false)
		n := 1 + r.Intn(4)
		b := reltest.RandomBatch(r, in, r.Intn(60), seed%2 == 0)
		groups := randomGroups(r, b.N, n)
		a := rel.NewAccs(aggs, in)
		for round := range 2 { // again after Reset
			a.Grow(n)
			for lo := 0; lo < b.N; {
				hi := min(b.N, lo+1+r.Intn(30))
				a.Update(groups[lo:hi], b.Slice(lo, hi))
				lo = hi
			}
			compareResults(t, fmt.Sprintf("seed %d round %d", seed, round), a, aggs, b, groups)
			a.Reset()
		}
	}
}

// TestAccsStateIsCanonical adds the rows in one order, and in another with
// more rows that are taken back, over states that are stored and loaded in
// between: results and states are the same bytes.
func TestAccsStateIsCanonical(t *testing.T) {
	for seed := range int64(300) {
		r := rand.New(rand.NewSource(seed))
		in := reltest.RandomTypes(r, 3)
		aggs := randomAggs(r, in, true)
		if len(aggs) == 0 {
			continue
		}
		n := 1 + r.Intn(4)
		b := reltest.RandomBatch(r, in, r.Intn(60), seed%2 == 0)
		groups := randomGroups(r, b.N, n)
		one := rel.NewAccs(aggs, in)
		one.Grow(n)
		one.Update(groups, b)
		compareResults(t, fmt.Sprintf("seed %d", seed), one, aggs, b, groups)

		extra := reltest.RandomBatch(r, in, r.Intn(20), true)
		extraGroups := randomGroups(r, extra.N, n)
		minus := extra.Clone()
		minus.ScaleWeights(-1)
		state := zset.NewBatch(rel.StateTypes(aggs, in), n)
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = int32(i)
		}
		step := func(groups []int32, b *zset.Batch) {
			a := rel.NewAccs(aggs, in)
			a.Grow(n)
			if state.N > 0 {
				a.LoadState(ids, state, 0)
			}
			a.Update(groups, b)
			state = zset.NewBatch(rel.StateTypes(aggs, in), n)
			a.StoreState(0, n, state.Cols)
			state.N = n
		}
		step(extraGroups, extra)
		for _, i := range r.Perm(b.N) {
			step(groups[i:i+1], b.Slice(i, i+1))
		}
		step(extraGroups, minus)

		want := zset.NewBatch(rel.StateTypes(aggs, in), n)
		one.StoreState(0, n, want.Cols)
		want.N = n
		for i := range n {
			if !zset.EqualRow(want, i, state, i) {
				t.Fatalf("seed %d: state of group %d is\n%v, want\n%v", seed, i, state, want)
			}
		}
	}
}

// TestAccsMerge aggregates the rows in parts, each with its own numbers for
// the groups, and merges the parts.
func TestAccsMerge(t *testing.T) {
	for seed := range int64(300) {
		r := rand.New(rand.NewSource(seed))
		in := reltest.RandomTypes(r, 3)
		var aggs []plan.Agg
		for _, g := range randomAggs(r, in, false) {
			if rel.Mergeable(g) {
				aggs = append(aggs, g)
			}
		}
		n := 1 + r.Intn(4)
		b := reltest.RandomBatch(r, in, r.Intn(60), seed%2 == 0)
		groups := randomGroups(r, b.N, n)
		whole := rel.NewAccs(aggs, in)
		whole.Grow(n)
		for lo := 0; lo < b.N; {
			hi := min(b.N, lo+1+r.Intn(30))
			perm := r.Perm(n)
			ids, back := make([]int32, hi-lo), make([]int32, n)
			for i := range ids {
				ids[i] = -1
				if g := groups[lo+i]; g >= 0 {
					ids[i] = int32(perm[g])
				}
			}
			for g, p := range perm {
				back[p] = int32(g)
			}
			part := rel.NewAccs(aggs, in)
			part.Grow(n)
			part.Update(ids, b.Slice(lo, hi))
			whole.Merge(back, part)
			lo = hi
		}
		compareResults(t, fmt.Sprint("seed ", seed), whole, aggs, b, groups)
	}
}

func TestAccsUpdateOneTakesDistinctValues(t *testing.T) {
	in := []types.Type{types.TypeInt}
	aggs := []plan.Agg{{Func: plan.Sum, Distinct: true, Type: types.NewDecimal(41, 0), Name: "x"}}
	b := zset.NewBatch(in, 2)
	for _, v := range []int64{5, 7} {
		b.AppendValues([]types.Value{types.IntValue(v)}, 1)
	}
	a := rel.NewAccs(aggs, in)
	a.Grow(1)
	a.UpdateOne(0, []int32{0, 0}, &b.Cols[0], nil)
	a.UpdateOne(0, []int32{0, -1}, &b.Cols[0], []int64{-1, 1})
	if got := results(a, aggs)[0]; got != "0 of group 0: 7" {
		t.Errorf("got %s", got)
	}
}

// A computed column may be able to be NULL in one batch and not in the next;
// its values are the same.
func TestAccsDistinctOverBatchesOfEitherNullability(t *testing.T) {
	aggs := []plan.Agg{{Func: plan.Count, Distinct: true, Type: types.TypeInt}}
	a := rel.NewAccs(aggs, []types.Type{types.TypeInt.WithNull(true)})
	a.Grow(1)
	for _, typ := range []types.Type{types.TypeInt, types.TypeInt.WithNull(true)} {
		b := zset.NewBatch([]types.Type{typ}, 1)
		b.AppendValues([]types.Value{types.IntValue(7)}, 1)
		a.Update([]int32{0}, b)
	}
	if got := results(a, aggs); got[0] != "0 of group 0: 1" {
		t.Errorf("COUNT(DISTINCT) of 7 and 7 is %q", got)
	}
}

func BenchmarkAccs(b *testing.B) {
	r := rand.New(rand.NewSource(1))
	groups := make([]int32, 4096)
	for i := range groups {
		groups[i] = int32(r.Intn(1000))
	}
	dec := types.NewDecimal(41, 0)
	for _, c := range []struct {
		name string
		g    plan.Agg
		t    types.Type
	}{
		{"count", plan.Agg{Func: plan.CountStar, Type: types.TypeInt}, types.TypeInt},
		{"sum int", plan.Agg{Func: plan.Sum, Type: dec}, types.TypeInt},
		{"sum decimal(30)", plan.Agg{Func: plan.Sum, Type: types.NewDecimal(52, 5)}, types.NewDecimal(30, 5)},
		{"sum float", plan.Agg{Func: plan.Sum, Type: types.TypeFloat}, types.TypeFloat},
		{"max int", plan.Agg{Func: plan.Max, Type: types.TypeInt}, types.TypeInt},
		{"min text", plan.Agg{Func: plan.Min, Type: types.TypeText}, types.TypeText},
	} {
		b.Run(c.name, func(b *testing.B) {
			in := []types.Type{c.t}
			batch := reltest.RandomBatch(r, in, 4096, false)
			a := rel.NewAccs([]plan.Agg{c.g}, in)
			a.Grow(1000)
			n := 0
			for b.Loop() {
				a.Update(groups, batch)
				n += 4096
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/row")
		})
	}
}
