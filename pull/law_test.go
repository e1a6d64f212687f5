package pull_test

import (
	"context"
	"fmt"
	"math/rand"
	"sort"
	"strings"
	"testing"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/pull"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/rel/reltest"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// world is some relations, and both ways to ask them.
type world struct {
	rels   []reltest.Relation
	stored map[stored]rel.Source
	rows   map[uint64][]reltest.Row
	params []types.Value
}

// stored names a relation as an index stores it.
type stored struct {
	table uint64
	index uint32
}

func newWorld() *world {
	return &world{stored: map[stored]rel.Source{}, rows: map[uint64][]reltest.Row{}}
}

// add makes a relation of n random rows.
func (w *world) add(r *rand.Rand, ts []types.Type, key []zset.KeyCol, n int) uint64 {
	id := uint64(len(w.rels) + 1)
	b, _ := zset.Consolidate(reltest.RandomBatch(r, ts, n, r.Intn(2) == 0), key)
	w.rels = append(w.rels, reltest.Relation{ID: id, Types: ts})
	w.rows[id] = reltest.Rows(b)
	w.store(r, id, 0, ts, key, b)
	return id
}

func (w *world) store(r *rand.Rand, id uint64, index uint32, ts []types.Type, key []zset.KeyCol, b *zset.Batch) {
	lanes := 1 + 2*r.Intn(2)
	if r.Intn(2) == 0 {
		t := reltest.NewTable(ts, key, lanes, b)
		t.BatchRows = 1 + r.Intn(40)
		w.stored[stored{id, index}] = t
		return
	}
	a := arrange.NewArrangement(&arrange.Env{TailRows: 1 + r.Intn(40)}, &arrange.Schema{Types: ts, Key: key}, lanes)
	for lo := 0; lo < b.N; {
		hi := min(b.N, lo+1+r.Intn(50))
		a.Stage(b.Slice(lo, hi))
		a.Publish()
		lo = hi
	}
	w.stored[stored{id, index}] = a.Pin()
}

func (w *world) source(table uint64, index uint32) (rel.Source, error) {
	t, ok := w.stored[stored{table, index}]
	if !ok {
		return nil, fmt.Errorf("no table %d index %d", table, index)
	}
	return t, nil
}

func (w *world) env() *pull.Env { return &pull.Env{Source: w.source, Params: w.params} }

func (w *world) reference() *reltest.Reference {
	return &reltest.Reference{
		Table:  func(id uint64) []reltest.Row { return w.rows[id] },
		Key:    func(id uint64, index uint32) []zset.KeyCol { return w.stored[stored{id, index}].Key() },
		Params: w.params,
	}
}

// ask runs a plan and returns the text of its rows.
func ask(r *pull.Runner, env *pull.Env) ([]string, error) {
	var rows []reltest.Row
	err := r.Run(context.Background(), env, func(b *zset.Batch) error {
		if b.N > zset.MaxRows || b.N == 0 {
			return fmt.Errorf("a batch of %d rows", b.N)
		}
		rows = append(rows, reltest.Rows(b)...)
		for _, row := range rows {
			if row.W <= 0 {
				return fmt.Errorf("weight %d", row.W)
			}
		}
		return nil
	})
	return reltest.Texts(rows), err
}

// check compares the runner's answer with the reference's: in order for a Top.
func (w *world) check(t *testing.T, name string, n plan.Node) {
	t.Helper()
	wantRows, wantErr := w.reference().Answer(n)
	want := reltest.Texts(wantRows)
	run, err := pull.Build(n)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for round := range 2 { // the second run has the scratch of the first
		got, err := ask(run, w.env())
		if (err != nil) != (wantErr != nil) {
			t.Fatalf("%s round %d: error %v, want %v\n%s", name, round, err, wantErr, plan.Explain(n))
		}
		if err != nil {
			continue
		}
		if _, ok := n.(*plan.Top); !ok {
			sort.Strings(got)
			sort.Strings(want)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%s round %d:\n%s\ngives\n%s\nwant\n%s", name, round, plan.Explain(n),
				strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func randomWorld(r *rand.Rand) *world {
	w := newWorld()
	for range 1 + r.Intn(2) {
		ts := reltest.RandomTypes(r, 1+r.Intn(4))
		key := []zset.KeyCol{{Col: r.Intn(len(ts)), Desc: r.Intn(3) == 0}}
		w.add(r, ts, key, r.Intn(25))
	}
	return w
}

// TestEachNode runs one node at a time over a relation.
func TestEachNode(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(p *reltest.Plans) plan.Node
	}{
		{"scan", func(p *reltest.Plans) plan.Node { return p.Scan() }},
		{"values", func(p *reltest.Plans) plan.Node { return p.Values() }},
		{"filter", func(p *reltest.Plans) plan.Node { return p.Filter(p.Scan()) }},
		{"project", func(p *reltest.Plans) plan.Node { return p.Project(p.Scan()) }},
		{"join", func(p *reltest.Plans) plan.Node { return p.Join(p.Scan(), p.Scan()) }},
		{"aggregate", func(p *reltest.Plans) plan.Node { return p.Aggregate(p.Scan()) }},
		{"distinct", func(p *reltest.Plans) plan.Node { return &plan.Distinct{In: p.Scan()} }},
		{"union", func(p *reltest.Plans) plan.Node {
			in := p.Scan()
			return &plan.Union{Ins: []plan.Node{in, p.Filter(in), in}, Sch: in.Schema()}
		}},
		{"top", func(p *reltest.Plans) plan.Node { return p.Top(p.Scan()) }},
		{"exchange", func(p *reltest.Plans) plan.Node { return &plan.Exchange{In: p.Scan(), Keys: []int{0}} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range int64(150) {
				r := rand.New(rand.NewSource(seed))
				w := randomWorld(r)
				w.check(t, fmt.Sprint("seed ", seed), c.make(&reltest.Plans{R: r, Rels: w.rels}))
			}
		})
	}
}

func TestNestedPlans(t *testing.T) {
	for seed := range int64(600) {
		r := rand.New(rand.NewSource(seed))
		w := randomWorld(r)
		p := &reltest.Plans{R: r, Rels: w.rels, NoErrors: seed%3 > 0}
		w.check(t, fmt.Sprint("seed ", seed), p.Plan(1+r.Intn(4)))
	}
}
