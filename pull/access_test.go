package pull_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/pull"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/rel/reltest"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// keyExpr returns a constant or a parameter of a key column's type.
func (w *world) keyExpr(r *rand.Rand, t types.Type) expr.Expr {
	v := reltest.RandomValue(r, t)
	if r.Intn(2) == 0 {
		return &expr.Const{V: v}
	}
	w.params = append(w.params, v)
	return &expr.Param{N: len(w.params) - 1, T: t}
}

func (w *world) randomAccess(r *rand.Rand, index uint32, ts []types.Type, key []zset.KeyCol) *plan.Access {
	a := &plan.Access{Index: index}
	tuple := func(n int) []expr.Expr {
		var es []expr.Expr
		for _, k := range key[:n] {
			es = append(es, w.keyExpr(r, ts[k.Col].WithNull(true)))
		}
		return es
	}
	if r.Intn(3) == 0 {
		n := 1 + r.Intn(len(key))
		for range 1 + r.Intn(5) {
			a.In = append(a.In, tuple(n))
		}
		return a
	}
	a.Eq = tuple(r.Intn(len(key) + 1))
	if len(a.Eq) < len(key) {
		t := ts[key[len(a.Eq)].Col].WithNull(true)
		if r.Intn(2) == 0 {
			a.Lo, a.LoOpen = w.keyExpr(r, t), r.Intn(2) == 0
		}
		if r.Intn(2) == 0 {
			a.Hi, a.HiOpen = w.keyExpr(r, t), r.Intn(2) == 0
		}
	}
	return a
}

func TestAccessReadsWhatItSays(t *testing.T) {
	for seed := range int64(500) {
		r := rand.New(rand.NewSource(seed))
		w := newWorld()
		ts := reltest.RandomTypes(r, 4)
		id := w.add(r, ts, zset.Cols(0), r.Intn(60))
		key := []zset.KeyCol{{Col: 2, Desc: r.Intn(3) == 0}, {Col: 1, Desc: r.Intn(3) == 0}, {Col: 0}}[:1+r.Intn(3)]
		all := zset.NewBatch(ts, 0)
		for _, row := range w.rows[id] {
			all.AppendValues(row.Vals, row.W)
		}
		w.store(r, id, 7, ts, key, all)
		n := &plan.Scan{Table: id, Cols: []int{3, 0, 2}, Access: w.randomAccess(r, 7, ts, key)}
		for _, c := range n.Cols {
			n.Sch = append(n.Sch, plan.Column{Type: ts[c]})
		}
		w.check(t, fmt.Sprint("seed ", seed), n)
	}
}

// pointWorld is a relation of n rows (id, id*10, "name id") keyed by id.
func pointWorld(n int) (*world, plan.Node) {
	w := newWorld()
	ts := []types.Type{types.TypeInt, types.TypeInt, types.TypeText}
	b := zset.NewBatch(ts, n)
	for i := range int64(n) {
		b.AppendValues([]types.Value{types.IntValue(i), types.IntValue(i * 10), types.TextValue(fmt.Sprint("name ", i))}, 1)
	}
	w.stored[stored{1, 0}] = reltest.NewTable(ts, zset.Cols(0), 2, b)
	scan := &plan.Scan{
		Table: 1, Cols: []int{0, 1, 2}, Sch: plan.Schema{{Type: ts[0]}, {Type: ts[1]}, {Type: ts[2]}},
		Access: &plan.Access{Eq: []expr.Expr{&expr.Param{N: 0, T: types.TypeInt}}},
	}
	return w, &plan.Project{
		In: scan, Sch: plan.Schema{{Type: ts[2]}, {Type: ts[1]}},
		Exprs: []expr.Expr{&expr.Col{Index: 2, T: ts[2]}, &expr.Col{Index: 1, T: ts[1]}},
	}
}

func (w *world) table(id uint64) *reltest.Table { return w.stored[stored{id, 0}].(*reltest.Table) }

func TestPointLookUpAllocatesNothing(t *testing.T) {
	w, n := pointWorld(1000)
	run, err := pull.Build(n)
	if err != nil {
		t.Fatal(err)
	}
	env := w.env()
	env.Params = []types.Value{types.IntValue(0)}
	rows := 0
	emit := func(b *zset.Batch) error {
		if string(b.Cols[0].Bytes(0)) != "name 77" || b.Cols[1].I[0] != 770 || b.N != 1 {
			return fmt.Errorf("wrong rows %v", b)
		}
		rows++
		return nil
	}
	ctx := context.Background()
	allocs := testing.AllocsPerRun(1000, func() {
		env.Params[0].I = 77
		if err := run.Run(ctx, env, emit); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("a point look-up makes %g allocations", allocs)
	}
	if rows < 1000 {
		t.Errorf("%d rows in 1000 look-ups", rows)
	}
}

func TestScanStopsWhenEmitFails(t *testing.T) {
	w, n := pointWorld(100)
	n.(*plan.Project).In.(*plan.Scan).Access = nil
	w.table(1).BatchRows = 10
	run, err := pull.Build(n)
	if err != nil {
		t.Fatal(err)
	}
	stop, batches := errors.New("enough"), 0
	err = run.Run(context.Background(), w.env(), func(*zset.Batch) error {
		batches++
		return stop
	})
	if err != stop || batches != 1 {
		t.Errorf("%d batches, error %v", batches, err)
	}
}

func TestScanStopsWhenTheContextEnds(t *testing.T) {
	w, n := pointWorld(100)
	n.(*plan.Project).In.(*plan.Scan).Access = nil
	w.table(1).BatchRows = 10
	run, err := pull.Build(n)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	batches := 0
	err = run.Run(ctx, w.env(), func(*zset.Batch) error {
		batches++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || batches != 1 {
		t.Errorf("%d batches, error %v", batches, err)
	}
}

func TestUnknownRelationIsAnError(t *testing.T) {
	w, n := pointWorld(1)
	w.stored = nil
	run, err := pull.Build(n)
	if err != nil {
		t.Fatal(err)
	}
	w.params = []types.Value{types.IntValue(0)}
	if _, err := ask(run, w.env()); err == nil {
		t.Error("no error")
	}
}

func BenchmarkPointLookUp(b *testing.B) {
	const rows = 100_000
	w, n := pointWorld(rows)
	a := arrange.NewArrangement(&arrange.Env{}, &arrange.Schema{
		Types: w.table(1).Types(), Key: w.table(1).Key(), Unique: true,
	}, 2)
	for lane := range w.table(1).Lanes() {
		if err := w.table(1).Scan(lane, []int{0, 1, 2}, zset.Range{}, func(b *zset.Batch) error {
			a.Stage(b)
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	pinned := rel.Source(a.Publish())
	run, err := pull.Build(n)
	if err != nil {
		b.Fatal(err)
	}
	for name, env := range map[string]*pull.Env{
		"slices":      w.env(),
		"arrangement": {Source: func(uint64, uint32) (rel.Source, error) { return pinned, nil }},
	} {
		b.Run(name, func(b *testing.B) {
			env.Params = []types.Value{types.IntValue(0)}
			ctx := context.Background()
			found := 0
			emit := func(b *zset.Batch) error {
				found += b.N
				return nil
			}
			b.ReportAllocs()
			runs := 0
			for i := int64(0); b.Loop(); i++ {
				env.Params[0].I = i * 7919 % rows
				if err := run.Run(ctx, env, emit); err != nil {
					b.Fatal(err)
				}
				runs++
			}
			if found != runs {
				b.Fatalf("%d rows in %d look-ups", found, runs)
			}
		})
	}
}

// TestTopStopsReadingInOrder asks for the first rows in the order of the key.
func TestTopStopsReadingInOrder(t *testing.T) {
	w, n := pointWorld(100_000)
	project := n.(*plan.Project)
	scan := project.In.(*plan.Scan)
	scan.Access = nil
	src := &counting{Table: w.table(1)}
	src.BatchRows = 100
	for _, c := range []struct {
		name string
		top  *plan.Top
		rows string
		most int
	}{
		{"by key", &plan.Top{In: scan, Order: []plan.Order{{Col: 0}}, Limit: 1, Offset: 3}, `[3 | 30 | "name 3" | ]`, 1000},
		{"without order", &plan.Top{In: scan, Limit: 1}, `[0 | 0 | "name 0" | ]`, 1000},
		{"by another column", &plan.Top{In: scan, Order: []plan.Order{{Col: 1}}, Limit: 1}, `[0 | 0 | "name 0" | ]`, 100_000},
		{"from the end", &plan.Top{In: scan, Order: []plan.Order{{Col: 0, Desc: true}}, Limit: 1}, `[99999 | 999990 | "name 99999" | ]`, 100_000},
		{"key left out", &plan.Top{In: project, Limit: 1}, `["name 0" | 0 | ]`, 100_000},
		{"nothing", &plan.Top{In: scan}, `[]`, 1000},
	} {
		run, err := pull.Build(c.top)
		if err != nil {
			t.Fatal(err)
		}
		env := w.env()
		env.Source = src.open
		src.rows = 0
		got, err := ask(run, env)
		if err != nil || fmt.Sprint(got) != c.rows {
			t.Errorf("%s: got %v, error %v", c.name, got, err)
		}
		if src.rows > c.most {
			t.Errorf("%s: %d rows were read", c.name, src.rows)
		}
	}
}

func TestAssignmentsFailOrWarn(t *testing.T) {
	text := types.TypeText
	rows := &plan.Values{Sch: plan.Schema{{Type: text}}}
	for _, s := range []string{"1", "300", "x"} {
		rows.Rows = append(rows.Rows, []expr.Expr{&expr.Const{V: types.TextValue(s)}})
	}
	tiny := types.Type{Kind: types.Int8}
	n := &plan.Project{
		In:    rows,
		Exprs: []expr.Expr{expr.Assign(&expr.Col{Index: 0, T: text}, tiny, "c")},
		Sch:   plan.Schema{{Name: "c", Type: tiny}},
	}
	run, err := pull.Build(n)
	if err != nil {
		t.Fatal(err)
	}
	if sch := run.Schema(); len(sch) != 1 || sch[0].Name != "c" {
		t.Errorf("schema %v", sch)
	}
	var e *sqlerr.Error
	if _, err := ask(run, &pull.Env{}); !errors.As(err, &e) || e.Code != sqlerr.ErrDataOutOfRange || !strings.Contains(e.Message, "row 2") {
		t.Errorf("error %v, want 1264 at row 2", err)
	}
	env := &pull.Env{Lax: true}
	got, err := ask(run, env)
	if err != nil || fmt.Sprint(got) != "[1 |  127 |  0 | ]" {
		t.Errorf("got %v, error %v", got, err)
	}
	if env.WarningCount != 2 || len(env.Warnings) != 2 || env.Warnings[0].Code != sqlerr.ErrDataOutOfRange {
		t.Errorf("%d warnings: %v", env.WarningCount, env.Warnings)
	}
}
