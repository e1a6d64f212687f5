package shard_test

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/wlog"
	"github.com/weirdb/weir/zset"
)

// rig is a machine that is driven by entries in their binary form, as a log
// drives it.
type rig struct {
	t     testing.TB
	m     *shard.Machine
	index uint64
}

func newRig(t testing.TB, o shard.Options) *rig {
	if o.Arrange == nil {
		o.Arrange = &arrange.Env{}
	}
	return &rig{t: t, m: shard.New(o)}
}

// randomRig is a machine of random lanes, tails and merges.
func randomRig(t testing.TB, r *rand.Rand) *rig {
	env := &arrange.Env{TailRows: []int{0, 1, 7}[r.Intn(3)]}
	if r.Intn(3) == 0 {
		env.Merge = func(func()) {} // never
	}
	o := shard.Options{Lanes: []int{1, 3}[r.Intn(2)], Arrange: env}
	if r.Intn(2) == 0 {
		o.Workers = push.Parallel(7)
	}
	return newRig(t, o)
}

// step takes one entry and returns its effect.
func (g *rig) step(body shard.Body) *shard.Effect {
	g.t.Helper()
	g.index++
	e := &shard.Entry{Header: shard.Header{Time: int64(g.index)}, Body: body}
	out, err := g.m.Apply([]wlog.Entry{{Index: g.index, Data: shard.AppendEntry(nil, e)}})
	if err != nil {
		g.t.Fatal(err)
	}
	return out[0].(*shard.Effect)
}

// write takes one entry of statements.
func (g *rig) write(stmts ...shard.Stmt) []shard.Result {
	g.t.Helper()
	return g.step(&shard.Write{Stmts: stmts}).Results
}

// ddl makes a change that must succeed.
func (g *rig) ddl(ch catalog.Change) {
	g.t.Helper()
	if res := g.step(&shard.DDL{Change: ch}).Results[0]; res.Err != nil {
		g.t.Fatalf("%T: %v", ch, res.Err)
	}
}

// table makes a table in database d.
func (g *rig) table(def *catalog.Table) *catalog.Table {
	g.t.Helper()
	if _, ok := g.m.Root().Catalog.Database("d"); !ok {
		g.ddl(&catalog.CreateDatabase{Name: "d"})
	}
	def.DB = "d"
	g.ddl(&catalog.CreateTable{Table: def})
	t, _ := g.m.Root().Catalog.Table("d", def.Name)
	return t
}

// cells renders a row; text that differs in bytes differs.
func cells(row []types.Value) string {
	var w strings.Builder
	for _, v := range row {
		if v.IsNull {
			w.WriteString(" NULL")
			continue
		}
		fmt.Fprintf(&w, " %q", v.String())
	}
	return w.String()[1:]
}

// lines renders the rows of a batch, each as often as it weighs.
func lines(b *zset.Batch) []string {
	var out []string
	for i := range b.N {
		for range b.Weight(i) {
			out = append(out, cells(b.Row(i)))
		}
	}
	return out
}

func allCols(src rel.Source) []int {
	cols := make([]int, len(src.Types()))
	for i := range cols {
		cols[i] = i
	}
	return cols
}

// scan renders all rows of a source, sorted.
func scan(t testing.TB, src rel.Source) []string {
	t.Helper()
	var out []string
	for l := range src.Lanes() {
		err := src.Scan(l, allCols(src), zset.Range{}, func(b *zset.Batch) error {
			out = append(out, lines(b)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(out)
	return out
}

// seek renders the rows whose key begins with the values of vals, sorted.
func seek(t testing.TB, src rel.Source, vals []types.Value) []string {
	t.Helper()
	key := src.Key()[:len(vals)]
	isInt := len(src.Key()) == 1 && zset.KeyIsInt(src.Types(), src.Key())
	probe := zset.NewKeys(isInt, 1)
	probe.Append(zset.NormaliseValues(vals, zset.Cols(span(len(key))...), isInt))
	var out []string
	err := src.Seek(probe, len(vals), allCols(src), func(_ []int32, b *zset.Batch) error {
		out = append(out, lines(b)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func span(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// same fails when two lists of rows differ.
func same(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
