package shard_test

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// view makes a view, which is not filled, and returns its id.
func (g *rig) view(name, query string) uint64 {
	g.t.Helper()
	res := g.tryView(name, query)
	if res.Err != nil {
		g.t.Fatalf("%s: %v", query, res.Err)
	}
	v, _ := g.m.Root().Catalog.View("d", name)
	return v.ID
}

func (g *rig) tryView(name, query string) shard.Result {
	g.t.Helper()
	cat := g.m.Root().Catalog
	stmt, err := parse.Parse("CREATE MATERIALIZED VIEW " + name + " AS " + query)
	if err != nil {
		g.t.Fatal(err)
	}
	b, err := bind.Bind(stmt, &bind.Env{Catalog: cat, DB: "d"})
	if err != nil {
		g.t.Fatalf("%s: %v", query, err)
	}
	v := *b.(*bind.DDL).Change.(*catalog.CreateView).View
	v.Names = plan.Tables(v.Plan)
	v.Plan = plan.Distribute(plan.Optimise(v.Plan, cat.Info), cat.Info)
	v.Key, v.Unique = plan.StoreKey(v.Plan, cat.Info)
	return g.step(&shard.DDL{Change: &catalog.CreateView{View: &v}}).Results[0]
}

func (g *rig) ready(id uint64) bool {
	r, _ := g.m.Root().Catalog.ByID(id)
	return r.(*catalog.View).Ready
}

// advance loads n rows and returns how many it loaded.
func (g *rig) advance(id uint64, n int) uint64 {
	g.t.Helper()
	return g.step(&shard.Advance{View: id, Rows: uint64(n)}).Results[0].Affected
}

// fill loads a view to its end.
func (g *rig) fill(id uint64) {
	g.t.Helper()
	for range 20 {
		if g.advance(id, 1<<20); g.ready(id) {
			return
		}
	}
	g.t.Fatalf("view %d is not ready", id)
}

// upstream are views that are there, and full, before the others are made: bags
// with duplicates, and keyed ones.
var upstream = map[string]string{
	"u1": "SELECT n FROM plain",
	"u2": "SELECT n AS k, COUNT(*) AS c FROM loose WHERE n IS NOT NULL GROUP BY n",
	"u3": "SELECT s, n FROM plain UNION ALL SELECT s, n FROM texts",
}

// backfills are views of every kind of edge: relations read by their edges,
// as they are, in both ways at once, more than once; with and without keys.
var backfills = []string{
	"SELECT id, s, n FROM auto WHERE n > 2",
	"SELECT n, COUNT(*) AS c, MIN(s) AS lo FROM plain GROUP BY n",
	"SELECT COUNT(*) AS c, SUM(n) AS sn FROM loose",
	"SELECT n FROM plain",
	"SELECT DISTINCT s FROM texts",
	"SELECT p.s, k.s AS ks FROM plain AS p JOIN keyed AS k ON p.n = k.n",
	"SELECT p.s, k.s AS ks FROM plain AS p LEFT JOIN keyed AS k ON p.n = k.n",
	"SELECT x.n, y.s FROM keyed AS x JOIN keyed AS y ON x.n + 1 = y.n",
	"SELECT x.n, y.s FROM keyed AS x LEFT JOIN keyed AS y ON y.n = x.n * 2",
	"SELECT x.s, y.n FROM loose AS x JOIN loose AS y ON x.n = y.n",
	"SELECT x.n, y.n AS m FROM plain AS x CROSS JOIN loose AS y WHERE x.n < y.n",
	"SELECT s FROM auto WHERE n IN (SELECT n FROM keyed)",
	"SELECT s FROM auto WHERE NOT EXISTS (SELECT 1 FROM keyed WHERE keyed.n = auto.n)",
	"SELECT n, k FROM pair WHERE n NOT IN (SELECT n FROM loose)",
	"SELECT id, s FROM auto ORDER BY n DESC, id LIMIT 3",
	"SELECT n FROM keyed UNION SELECT n FROM loose",
	"SELECT n, c FROM (SELECT n, COUNT(*) AS c FROM u1 GROUP BY n) AS q WHERE c > 1",
	"SELECT n, n * 2 AS m FROM u1",
	"SELECT p.s, u.c FROM plain AS p JOIN u2 AS u ON p.n = u.k",
	"SELECT u.n, v.s FROM u1 AS u JOIN u3 AS v ON u.n = v.n",
	"SELECT u.s, v.s AS t FROM u3 AS u JOIN u3 AS v ON u.n = v.n",
	"SELECT id, n * 2305843009213693952 AS big FROM auto",
	"SELECT t.n, (SELECT l.n FROM loose AS l WHERE l.s = t.s) AS one FROM texts AS t",
	"SELECT a.id, b.n, c.s FROM auto AS a JOIN keyed AS b ON a.n = b.n LEFT JOIN texts AS c ON c.s = b.s",
}

// TestBackfill makes views over full tables and fills them in chunks of any
// size, several at once, while the tables change. When one is ready, and from
// then on, it holds what its query says; the others do not disturb it.
func TestBackfill(t *testing.T) {
	for seed := range int64(rounds(25, 2000)) {
		r := rand.New(rand.NewSource(seed))
		g := randomRig(t, r)
		a := &author{Rand: r, m: newModel(g)}
		write := func() {
			a.m.firstID, a.m.ordinal = (g.index+1)<<24, 0
			ins := a.statement()
			want := a.m.apply(ins)
			if got := g.write(stmtOf(ins))[0]; !sameResult(got, want) {
				t.Fatalf("seed %d: came to %+v, want %+v", seed, got, want)
			}
		}
		for range 25 {
			write()
		}
		for _, name := range []string{"u1", "u2", "u3"} {
			g.fill(g.view(name, upstream[name]))
		}
		var open []uint64
		made := 0
		for range 70 {
			switch n := r.Intn(10); {
			case n < 2 && len(open) < 3:
				made++
				open = append(open, g.view(fmt.Sprintf("v%d", made), backfills[r.Intn(len(backfills))]))
			case n < 6 && len(open) > 0:
				id := open[r.Intn(len(open))]
				g.advance(id, 1+r.Intn(4))
				if loaded, total := g.m.Progress(id); loaded < 0 || loaded > total {
					t.Fatalf("seed %d: view %d has loaded %d rows of %d", seed, id, loaded, total)
				}
				open = slices.DeleteFunc(open, g.ready)
			default:
				write()
			}
			holdsLaw(tagged{TB: t, seed: seed}, g.m.Root())
		}
		for _, id := range open {
			g.fill(id)
			if g.advance(id, 1) != 0 {
				t.Fatalf("seed %d: view %d is ready and loads more", seed, id)
			}
		}
		holdsLaw(tagged{TB: t, seed: seed}, g.m.Root())
	}
}

// TestBackfillChunks: a chunk has the rows asked for, and with them those of
// the last one's key.
func TestBackfillChunks(t *testing.T) {
	g := newRig(t, shard.Options{})
	def := g.table(modelTables()[2])
	for n := range 6 { // two rows of the view that have equal keys, one of them twice
		a := []types.Value{types.TextValue("a"), types.IntValue(int64(n))}
		b := []types.Value{types.TextValue("A"), types.IntValue(int64(n))}
		g.write(one(insertOp(def, a, b, b)))
	}
	g.fill(g.view("bag", "SELECT n, s FROM plain"))
	id := g.view("v", "SELECT n, COUNT(*) AS c FROM bag GROUP BY n")
	c := plan.Schema{{Name: "c", Type: types.TypeInt}}
	above := &catalog.View{DB: "d", Name: "above", Plan: &plan.Scan{Table: id, Name: "d.v", Cols: []int{1}, Sch: c}, Key: []int{0},
		Columns: []catalog.Column{{Name: "c", Type: types.TypeInt}}}
	if res := g.step(&shard.DDL{Change: &catalog.CreateView{View: above}}).Results[0]; res.Err == nil || res.Err.Code != sqlerr.ErrViewInvalid {
		t.Errorf("a view over one that is being filled: %+v", res)
	}
	for i, want := range []uint64{2, 4, 4, 2, 0} {
		if got := g.advance(id, []int{1, 3, 4, 100, 100}[i]); got != want {
			t.Errorf("chunk %d has %d rows, want %d", i, got, want)
		}
		if g.ready(id) != (i >= 3) {
			t.Errorf("ready after chunk %d: %v", i, g.ready(id))
		}
	}
	holdsLaw(t, g.m.Root())
	for _, gone := range []uint64{id + 100, def.ID} { // dropped meanwhile, or no view
		if res := g.step(&shard.Advance{View: gone, Rows: 5}).Results[0]; res.Err != nil || res.Affected != 0 {
			t.Errorf("%+v", res)
		}
	}
}

// oddExpr is an expression that nothing knows.
type oddExpr struct{ expr.Expr }

// TestViewThatCannotBeBuilt: a circuit whose building panics is an error of
// its DDL, and nothing is left of the view.
func TestViewThatCannotBeBuilt(t *testing.T) {
	g := newRig(t, shard.Options{Lanes: 3, Arrange: &arrange.Env{}})
	def := g.table(modelTables()[4])
	cat := g.m.Root().Catalog
	scan := &plan.Scan{Table: def.ID, Name: def.Name, Cols: []int{0}, Sch: plan.Schema{{Name: def.Columns[0].Name, Type: def.Columns[0].Type}}}
	n := &plan.Filter{In: scan, Preds: []expr.Expr{oddExpr{&expr.Const{V: types.IntValue(1)}}}}
	v := catalog.View{DB: "d", Name: "odd", Columns: def.Columns[:1], Plan: n, Key: []int{0}}
	g.index++
	eff, err := g.m.Step(g.index, &shard.Entry{Body: &shard.DDL{Change: &catalog.CreateView{View: &v}}})
	if err != nil {
		t.Fatal(err)
	}
	if res := eff.Results[0]; res.Err == nil || res.Err.Code != sqlerr.ErrUnknown || !strings.Contains(res.Err.Message, "internal error") {
		t.Errorf("the DDL says %v", res.Err)
	}
	if now := g.m.Root().Catalog; now != cat {
		t.Error("the catalog has changed")
	}
	op := insertOp(def)
	op.Rows.AppendValues([]types.Value{types.IntValue(1), types.TextValue("s")}, 1)
	if res := g.write(one(op))[0]; res.Err != nil {
		t.Error(res.Err)
	}
	g.fill(g.view("odd", "SELECT COUNT(*) AS c FROM keyed"))
}

// fragile are workers that panic when told to, in the circuit whose turn it
// is.
type fragile struct{ left int }

func (f *fragile) work(n int, do func(int)) {
	if f.left--; f.left == 0 {
		panic("a bug")
	}
	for i := range n {
		do(i)
	}
}

// TestFailedView: a circuit that panics takes its own view down, for the step
// it happened in and from there on; the write, the tables and all other views
// are as if nothing had been. Dropped and made again, the view is kept again.
func TestFailedView(t *testing.T) {
	f := &fragile{}
	g := newRig(t, shard.Options{Lanes: 3, Workers: f.work, Arrange: &arrange.Env{}})
	def := g.table(modelTables()[4])
	insert := func(from, n int) {
		op := insertOp(def)
		for i := range n {
			op.Rows.AppendValues([]types.Value{types.IntValue(int64(from + i)), types.TextValue("s")}, 1)
		}
		if res := g.write(one(op))[0]; res.Err != nil {
			t.Fatal(res.Err)
		}
	}
	insert(0, 5)
	bad := g.view("bad", "SELECT s, COUNT(*) AS c FROM keyed GROUP BY s")
	g.fill(bad)
	above := g.view("above", "SELECT c FROM bad")
	g.fill(above)
	good := g.view("good", "SELECT COUNT(*) AS c FROM keyed")
	g.fill(good)
	f.left = 1 // the first circuit of the step that runs lanes at once
	insert(10, 3000)
	insert(4000, 1)
	root := g.m.Root()
	if e := root.Rel(bad).Failed; e == nil || e.Code != sqlerr.ErrViewInvalid {
		t.Errorf("the view that failed says %v", e)
	}
	same(t, "the view that failed", scan(t, root.Source(bad, 0)), []string{`"s" "5"`})
	same(t, "the view above", scan(t, root.Source(above, 0)), []string{`"5"`})
	same(t, "another view", scan(t, root.Source(good, 0)), []string{`"3006"`})
	if n := root.Source(def.ID, 0).Rows(); n != 3006 {
		t.Errorf("the table has %d rows", n)
	}
	if res := g.tryView("late", "SELECT c FROM bad"); res.Err == nil {
		t.Error("a view over one that failed was made")
	}
	for _, name := range []string{"above", "bad"} {
		g.ddl(&catalog.DropView{Names: []catalog.Name{{DB: "d", Name: name}}})
	}
	again := g.view("bad", "SELECT s, COUNT(*) AS c FROM keyed GROUP BY s")
	f.left = 1
	g.advance(again, 1<<20)
	if root := g.m.Root(); root.Rel(again).Failed == nil || g.ready(again) {
		t.Errorf("a view that failed while it was filled: failed %v, ready %v", root.Rel(again).Failed, g.ready(again))
	}
	g.ddl(&catalog.DropView{Names: []catalog.Name{{DB: "d", Name: "bad"}}})
	g.fill(g.view("bad", "SELECT s, COUNT(*) AS c FROM keyed GROUP BY s"))
	insert(5000, 2)
	holdsLaw(t, g.m.Root())
}
