package pull_test

import (
	"context"
	"math/rand"
	"testing"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/pull"
	"github.com/weirdb/weir/rel/reltest"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// benchWorld is a relation of a million rows: id, one of 1,000 groups, a
// value; and one of the groups.
func benchWorld() (w *world, facts, groups *plan.Scan) {
	const rows = 1_000_000
	r := rand.New(rand.NewSource(1))
	w = newWorld()
	ts := []types.Type{types.TypeInt, types.TypeInt, types.TypeInt}
	b := zset.NewBatch(ts, rows)
	for i := range int64(rows) {
		b.Cols[0].AppendInt(i)
		b.Cols[1].AppendInt(int64(r.Intn(1000)))
		b.Cols[2].AppendInt(int64(r.Intn(100)))
		b.AppendWeight(1)
	}
	w.stored[stored{1, 0}] = reltest.NewTable(ts, zset.Cols(0), 2, b)
	g := zset.NewBatch(ts[:2], 1000)
	for i := range int64(1000) {
		g.Cols[0].AppendInt(i)
		g.Cols[1].AppendInt(i % 10)
		g.AppendWeight(1)
	}
	w.stored[stored{2, 0}] = reltest.NewTable(ts[:2], zset.Cols(0), 2, g)
	sch := plan.Schema{{Type: ts[0]}, {Type: ts[1]}, {Type: ts[2]}}
	return w, &plan.Scan{Table: 1, Cols: []int{0, 1, 2}, Sch: sch}, &plan.Scan{Table: 2, Cols: []int{0, 1}, Sch: sch[:2]}
}

func resolve(b *testing.B, name string, args ...expr.Expr) expr.Expr {
	e, err := expr.Resolve(name, args)
	if err != nil {
		b.Fatal(err)
	}
	return e
}

func benchmarkPlan(b *testing.B, w *world, n plan.Node) {
	run, err := pull.Build(n)
	if err != nil {
		b.Fatal(err)
	}
	runs := 0
	for b.Loop() {
		if err := run.Run(context.Background(), w.env(), func(*zset.Batch) error { return nil }); err != nil {
			b.Fatal(err)
		}
		runs++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(runs)/1e6, "ns/row")
}

func BenchmarkScanFilterAggregate(b *testing.B) {
	w, facts, _ := benchWorld()
	value := &expr.Col{Index: 2, T: types.TypeInt}
	benchmarkPlan(b, w, &plan.Aggregate{
		In: &plan.Filter{
			In:    facts,
			Preds: []expr.Expr{resolve(b, "<", value, &expr.Const{V: types.IntValue(50)})},
		},
		Groups: []int{1},
		Aggs: []plan.Agg{
			{Func: plan.CountStar, Type: types.TypeInt},
			{Func: plan.Sum, Arg: 2, Type: types.NewDecimal(41, 0)},
		},
		Sch: plan.Schema{{Type: types.TypeInt}, {Type: types.TypeInt}, {Type: types.NewDecimal(41, 0)}},
	})
}

func BenchmarkHashJoin(b *testing.B) {
	w, facts, groups := benchWorld()
	join := &plan.Join{
		Kind: plan.InnerJoin, L: facts, R: groups, LKeys: []int{1}, RKeys: []int{0},
		Sch: append(append(plan.Schema(nil), facts.Sch...), groups.Sch...),
	}
	benchmarkPlan(b, w, join)
}

func BenchmarkTop10(b *testing.B) {
	w, facts, _ := benchWorld()
	benchmarkPlan(b, w, &plan.Top{In: facts, Order: []plan.Order{{Col: 2, Desc: true}, {Col: 0}}, Limit: 10})
}
