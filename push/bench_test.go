package push_test

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// feed is a circuit of one lane and what it is fed.
type feed struct {
	c     *push.Circuit
	table uint64
	batch *zset.Batch
}

func build(b *testing.B, n plan.Node) *push.Circuit {
	c, err := push.Build(n, nil, &push.Env{Lanes: 1, Arrange: &arrange.Env{}})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := c.Init(); err != nil {
		b.Fatal(err)
	}
	c.Publish()
	return c
}

func (f *feed) step(b *testing.B) {
	for lo := 0; lo < f.batch.N || lo == 0; lo += zset.MaxRows {
		part := f.batch.Slice(lo, min(lo+zset.MaxRows, f.batch.N))
		if _, err := f.c.Step([]push.Change{push.Changed(f.table, [][]*zset.Batch{{part}})}); err != nil {
			b.Fatal(err)
		}
		f.c.Publish()
	}
}

func schema(cols ...any) plan.Schema {
	var s plan.Schema
	for i := 0; i < len(cols); i += 2 {
		s = append(s, plan.Column{Name: cols[i].(string), Type: cols[i+1].(types.Type)})
	}
	return s
}

func scanAll(table uint64, name string, s plan.Schema) *plan.Scan {
	n := &plan.Scan{Table: table, Name: name, Sch: s}
	for i := range s {
		n.Cols = append(n.Cols, i)
	}
	return n
}

// BenchmarkGroupedCount keeps SELECT g, COUNT(*) GROUP BY g.
func BenchmarkGroupedCount(b *testing.B) {
	for _, size := range [][2]int{{100_000, 1}, {100_000, 100}, {100_000, 10_000}, {1000, 10_000}} {
		groups, rows := size[0], size[1]
		b.Run(fmt.Sprintf("groups=%d/step=%d", groups, rows), func(b *testing.B) {
			s := schema("g", types.TypeInt)
			n := &plan.Aggregate{In: scanAll(1, "t", s), Groups: []int{0},
				Aggs: []plan.Agg{{Func: plan.CountStar, Type: types.TypeInt, Name: "n"}},
				Sch:  append(s, schema("n", types.TypeInt)...)}
			f := &feed{c: build(b, n), table: 1, batch: zset.NewBatch([]types.Type{types.TypeInt}, rows)}
			for i := range groups {
				f.batch.Cols[0].AppendInt(int64(i))
			}
			f.batch.N = groups
			f.step(b)
			r := rand.New(rand.NewSource(1))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				f.batch.Reset()
				for range rows {
					f.batch.Cols[0].AppendInt(int64(r.Intn(groups)))
				}
				f.batch.N = rows
				f.step(b)
			}
			report(b, rows)
		})
	}
}

func report(b *testing.B, rows int) {
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N*rows)
	b.ReportMetric(ns, "ns/row")
	b.ReportMetric(1e9/ns, "rows/s")
}

// votes is SELECT id, title, COUNT(vote.article) FROM article LEFT JOIN vote
// ON vote.article = article.id GROUP BY id, title.
func votes(title types.Type) plan.Node {
	article := schema("id", types.TypeInt, "title", title)
	vote := schema("article", types.TypeInt)
	j := &plan.Join{Kind: plan.LeftJoin, L: scanAll(1, "article", article), R: scanAll(2, "vote", vote), LKeys: []int{0}, RKeys: []int{0}}
	j.Sch = append(append(plan.Schema{}, article...), schema("article", types.TypeInt.WithNull(true))...)
	return &plan.Aggregate{In: j, Groups: []int{0, 1},
		Aggs: []plan.Agg{{Func: plan.Count, Arg: 2, Type: types.TypeInt, Name: "votes"}},
		Sch:  append(append(plan.Schema{}, article...), schema("votes", types.TypeInt)...)}
}

// BenchmarkVote keeps the view of votes over 100,000 articles, votes by Zipf.
func BenchmarkVote(b *testing.B) {
	for _, title := range []types.Type{types.NewString(100), {Kind: types.String, Coll: types.Coll0900Bin}} {
		for _, rows := range []int{1, 1000} {
			b.Run(fmt.Sprintf("%s/step=%d", title.Coll.Name(), rows), func(b *testing.B) { benchVote(b, votes(title), title, rows) })
		}
	}
}

func benchVote(b *testing.B, n plan.Node, title types.Type, rows int) {
	const articles = 100_000
	c := build(b, n)
	f := &feed{c: c, table: 1, batch: zset.NewBatch([]types.Type{types.TypeInt, title}, 0)}
	for i := range articles {
		f.batch.AppendValues([]types.Value{types.IntValue(int64(i)), {Type: title, S: fmt.Sprintf("Article number %d", i)}}, 1)
	}
	f.step(b)
	f = &feed{c: c, table: 2, batch: zset.NewBatch([]types.Type{types.TypeInt}, 0)}
	z := rand.NewZipf(rand.New(rand.NewSource(1)), 1.08, 1, articles-1)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		f.batch.Reset()
		for range rows {
			f.batch.Cols[0].AppendInt(int64(z.Uint64()))
		}
		f.batch.N = rows
		f.step(b)
	}
	report(b, rows)
}
