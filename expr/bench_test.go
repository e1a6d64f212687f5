package expr

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// benchBatch is 4,096 rows without NULLs: a, b integers, f floats, d
// DECIMAL(10,2), s strings of which one in eight begins with x, t times.
func benchBatch() (*zset.Batch, []*Col) {
	cols := []*Col{
		{0, "a", types.TypeInt}, {1, "b", types.TypeInt}, {2, "f", types.TypeFloat}, {3, "d", types.NewDecimal(10, 2)},
		{4, "s", types.NewString(20)}, {5, "t", types.NewDatetime(6)},
	}
	ts := make([]types.Type, len(cols))
	for k, c := range cols {
		ts[k] = c.T
	}
	b := zset.NewBatch(ts, zset.MaxRows)
	r := rand.New(rand.NewSource(1))
	for range zset.MaxRows {
		b.AppendValues([]types.Value{
			types.IntValue(r.Int63n(10)), types.IntValue(r.Int63n(10)), types.FloatValue(r.Float64()),
			{Type: ts[3], D: types.DecFromInt64(r.Int63n(100000))},
			types.TextValue(fmt.Sprintf("%cyz%d", "abcdefgx"[r.Intn(8)], r.Intn(1000))),
			{Type: ts[5], I: now + r.Int63n(1e15)},
		}, 1)
	}
	return b, cols
}

// BenchmarkFilter and BenchmarkEval report ns per row.
func BenchmarkFilter(bench *testing.B) {
	b, cols := benchBatch()
	for _, preds := range [][]string{
		{"a * 2 + b > 10", "s like 'x%'"}, {"a > 5"}, {"a > b"}, {"s = 'XYZ5'"}, {"s like '%9%'"}, {"a in (1, 3, 5)"}, {"a = 1 or b = 2"},
	} {
		bench.Run(fmt.Sprint(preds), func(bench *testing.B) {
			var es []Expr
			for _, src := range preds {
				es = append(es, must(bench, src, cols...))
			}
			f, cx := CompileFilter(es), NewCtx()
			for bench.Loop() {
				f.Apply(cx, b, nil)
			}
			perRow(bench)
		})
	}
}

func BenchmarkEval(bench *testing.B) {
	b, cols := benchBatch()
	for _, src := range []string{
		"a + b", "a * 2 + b", "a > 5", "f * 2e0", "d + 1.25", "d * a", "case when a > 5 then a else b end", "coalesce(a, b)",
		"concat(s, '-', s)", "upper(s)", "substring(s, 2, 2)", "char_length(s)", "year(t)", "date_format(t, '%Y-%m-%d')",
		"tumble(t, '1 minute')", "round(d, 1)", "cast(s as char(3))", "a / b",
	} {
		bench.Run(src, func(bench *testing.B) {
			p, cx := Compile(must(bench, src, cols...)), NewCtx()
			bench.ReportAllocs()
			for bench.Loop() {
				p.Eval(cx, b, nil)
				cx.Reset()
			}
			perRow(bench)
		})
	}
}

func perRow(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/zset.MaxRows, "ns/row")
}

// BenchmarkValue is what a point look-up pays per parameter.
func BenchmarkValue(b *testing.B) {
	p, cx := Compile(&Param{0, types.TypeInt}), NewCtx()
	cx.Params = []types.Value{types.IntValue(7)}
	b.ReportAllocs()
	for b.Loop() {
		p.Value(cx)
	}
}
