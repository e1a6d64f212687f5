package pull_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/pull"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/rel/reltest"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// TestJoinWithStoredSide joins a small relation with a large one that is
// stored by the join key, so that it is looked up in; and one that is a little
// too large for that, so that the rows held go through a hash table.
func TestJoinWithStoredSide(t *testing.T) {
	for seed := range int64(250) {
		r := rand.New(rand.NewSource(seed))
		w := newWorld()
		shared := []types.Type{
			reltest.Types[r.Intn(len(reltest.Types))].WithNull(false), types.TypeInt,
		}
		key := []zset.KeyCol{{Col: 1, Desc: r.Intn(3) == 0}, {Col: 0}}[:1+r.Intn(2)]
		big := w.add(r, append(shared, types.TypeText), key, 200)
		small := w.add(r, []types.Type{shared[0].WithNull(true), shared[1].WithNull(true)}, zset.Cols(0), 1+r.Intn(25))
		scan := func(id uint64, cols ...int) *plan.Scan {
			s := &plan.Scan{Table: id, Cols: cols}
			for _, c := range cols {
				s.Sch = append(s.Sch, plan.Column{Type: w.rels[id-1].Types[c]})
			}
			return s
		}
		var stored plan.Node = scan(big, 2, 0, 1)
		if r.Intn(2) == 0 { // below a Project that only turns the columns
			sch := stored.Schema()
			stored = &plan.Project{In: stored, Sch: sch, Exprs: []expr.Expr{
				&expr.Col{Index: 0, T: sch[0].Type}, &expr.Col{Index: 1, T: sch[1].Type}, &expr.Col{Index: 2, T: sch[2].Type},
			}}
		}
		few := scan(small, 0, 1)
		j := &plan.Join{Kind: plan.JoinKind(1 + r.Intn(5)), L: few, R: stored, LKeys: []int{1}, RKeys: []int{2}}
		if r.Intn(2) == 0 {
			j.LKeys, j.RKeys = []int{0, 1}, []int{1, 2}
		}
		if j.Kind == plan.InnerJoin && r.Intn(2) == 0 {
			j.L, j.R, j.LKeys, j.RKeys = j.R, j.L, j.RKeys, j.LKeys
		}
		p := &reltest.Plans{R: r}
		both := append(append(plan.Schema(nil), j.L.Schema()...), j.R.Schema()...)
		if r.Intn(2) == 0 {
			j.On = p.Filter(&plan.Values{Sch: both}).(*plan.Filter).Preds
		}
		switch j.Kind {
		case plan.InnerJoin, plan.LeftJoin:
			j.Sch = both
		default:
			j.Sch = j.L.Schema()
		}
		w.check(t, fmt.Sprint("seed ", seed), j)
	}
}

// TestIndexLookUpReadsLittle counts what a join with a stored side reads.
func TestIndexLookUpReadsLittle(t *testing.T) {
	w, n := pointWorld(10_000)
	scan := n.(*plan.Project).In.(*plan.Scan)
	scan.Access = nil
	src := &counting{Table: w.table(1)}
	few := &plan.Values{Sch: plan.Schema{{Type: types.TypeInt}}}
	for _, v := range []int64{5, 77, 123456} {
		few.Rows = append(few.Rows, []expr.Expr{&expr.Const{V: types.IntValue(v)}})
	}
	for _, c := range []struct {
		kind plan.JoinKind
		l, r plan.Node
		key  int
		rows int
	}{
		{plan.InnerJoin, few, scan, 0, 2},
		{plan.InnerJoin, scan, few, 0, 2},
		{plan.LeftJoin, few, scan, 0, 3},
		{plan.SemiJoin, few, scan, 0, 2},
		{plan.AntiJoin, few, scan, 0, 1},
	} {
		j := &plan.Join{Kind: c.kind, L: c.l, R: c.r, LKeys: []int{0}, RKeys: []int{0}, Sch: c.l.Schema()}
		if c.kind == plan.InnerJoin || c.kind == plan.LeftJoin {
			j.Sch = append(append(plan.Schema(nil), c.l.Schema()...), c.r.Schema()...)
		}
		run, err := pull.Build(j)
		if err != nil {
			t.Fatal(err)
		}
		src.rows = 0
		env := w.env()
		env.Source = src.open
		rows, err := ask(run, env)
		if err != nil || len(rows) != c.rows {
			t.Errorf("join %d: rows %v, error %v", c.kind, rows, err)
		}
		if src.rows > 3 {
			t.Errorf("join %d reads %d rows", c.kind, src.rows)
		}
	}
}

func TestBudgetIsKeptAndGivenBack(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	w := newWorld()
	id := w.add(r, []types.Type{types.TypeInt, types.TypeText}, zset.Cols(0), 10)
	big := zset.NewBatch(w.rels[0].Types, 0)
	for i := range int64(20_000) {
		big.AppendValues([]types.Value{types.IntValue(i), types.TextValue(fmt.Sprint("text ", i))}, 1)
	}
	w.store(r, id, 0, w.rels[0].Types, zset.Cols(1), big)
	scan := &plan.Scan{Table: id, Cols: []int{0, 1}, Sch: plan.Schema{{Type: types.TypeInt}, {Type: types.TypeText}}}
	for _, c := range []struct {
		operator string
		n        plan.Node
	}{
		{"Sort", &plan.Top{In: scan, Limit: plan.NoLimit, Order: []plan.Order{{Col: 1}}}},
		{"Distinct", &plan.Distinct{In: scan}},
		{"Aggregate", &plan.Aggregate{In: scan, Groups: []int{0}, Sch: scan.Sch[:1]}},
		{"Join", &plan.Join{
			Kind: plan.InnerJoin, L: scan, R: scan, LKeys: []int{0}, RKeys: []int{0},
			Sch: append(append(plan.Schema(nil), scan.Sch...), scan.Sch...),
		}},
	} {
		run, err := pull.Build(c.n)
		if err != nil {
			t.Fatal(err)
		}
		env := w.env()
		env.Budget = mem.NewBudget(100_000)
		_, err = ask(run, env)
		var e *sqlerr.Error
		if !errors.As(err, &e) || e.Code != sqlerr.ErrOutOfMemory || !strings.Contains(e.Message, c.operator) {
			t.Errorf("%s: error %v", c.operator, err)
		}
		env.Budget.SetLimit(1 << 30)
		if _, err := ask(run, env); err != nil {
			t.Errorf("%s: %v", c.operator, err)
		}
		if n := env.Budget.Used(mem.StatementScratch); n != 0 {
			t.Errorf("%s: %d bytes are not given back", c.operator, n)
		}
	}
}

func TestRunnerIsShared(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	w := newWorld()
	w.add(r, []types.Type{types.TypeInt, types.TypeText}, zset.Cols(0), 300)
	p := &reltest.Plans{R: r, Rels: w.rels, NoErrors: true}
	n := p.Aggregate(p.Join(p.Scan(), p.Scan()))
	run, err := pull.Build(n)
	if err != nil {
		t.Fatal(err)
	}
	want, err := ask(run, w.env())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 20 {
				got, err := ask(run, w.env())
				if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("got %v, error %v", got, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestLimitParameters(t *testing.T) {
	w, n := pointWorld(50)
	n.(*plan.Project).In.(*plan.Scan).Access = nil
	top := &plan.Top{
		In: n, Order: []plan.Order{{Col: 1, Desc: true}},
		LimitParam: &expr.Param{N: 0, T: types.TypeInt}, OffsetParam: &expr.Param{N: 1, T: types.TypeInt},
	}
	run, err := pull.Build(top)
	if err != nil {
		t.Fatal(err)
	}
	w.params = []types.Value{types.IntValue(2), types.IntValue(3)}
	got, err := ask(run, w.env())
	if err != nil || fmt.Sprint(got) != `["name 46" | 460 |  "name 45" | 450 | ]` {
		t.Errorf("got %v, error %v", got, err)
	}
	w.params[0] = types.IntValue(-1)
	var e *sqlerr.Error
	if _, err := ask(run, w.env()); !errors.As(err, &e) || e.Code != sqlerr.ErrWrongArguments {
		t.Errorf("LIMIT -1: error %v", err)
	}
}

// counting counts the rows that are read from a relation.
type counting struct {
	*reltest.Table
	rows int
}

func (c *counting) open(uint64, uint32) (rel.Source, error) { return c, nil }

// Scan implements rel.Source.
func (c *counting) Scan(lane int, cols []int, r zset.Range, emit func(*zset.Batch) error) error {
	return c.Table.Scan(lane, cols, r, func(b *zset.Batch) error {
		c.rows += b.N
		return emit(b)
	})
}

// Seek implements rel.Source.
func (c *counting) Seek(keys *zset.Keys, prefix int, cols []int, emit func([]int32, *zset.Batch) error) error {
	return c.Table.Seek(keys, prefix, cols, func(p []int32, b *zset.Batch) error {
		c.rows += b.N
		return emit(p, b)
	})
}

// TestBuildsForTheBrowser keeps pull free of what WebAssembly has not.
func TestBuildsForTheBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the package for another machine")
	}
	cmd := exec.CommandContext(context.Background(), "go", "build", "-o", os.DevNull, ".")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
