package pull_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand"
	"sort"
	"strings"
	"testing"

	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/pull"
	"github.com/weirdb/weir/rel/reltest"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// lanesWorld is a relation large enough to be read by several goroutines.
func lanesWorld(r *rand.Rand, ts []types.Type) *world {
	w := newWorld()
	w.rels = []reltest.Relation{{ID: 1, Types: ts}}
	few := reltest.RandomBatch(r, ts, 200, false)
	many := zset.NewBatch(ts, 0)
	for range 400 {
		many.AppendRange(few, 0, few.N)
	}
	w.stored[stored{1, 0}] = reltest.NewTable(ts, zset.Cols(0, 1), 5, many)
	return w
}

func TestWorkersDoNotChangeTheAnswer(t *testing.T) {
	for seed := range int64(15) {
		r := rand.New(rand.NewSource(seed))
		w := lanesWorld(r, reltest.RandomTypes(r, 3))
		p := &reltest.Plans{R: r, Rels: w.rels}
		n := p.Aggregate(p.Project(p.Filter(p.Scan())))
		run, err := pull.Build(n)
		if err != nil {
			t.Fatal(err)
		}
		want, wantErr := ask(run, w.env())
		for _, workers := range []int{2, 7} {
			env := w.env()
			env.Workers, env.Budget = workers, mem.NewBudget(0)
			got, err := ask(run, env)
			if (err != nil) != (wantErr != nil) {
				t.Fatalf("seed %d: %d workers: error %v, want %v", seed, workers, err, wantErr)
			}
			if sorted(got) != sorted(want) && err == nil {
				t.Fatalf("seed %d: %d workers give\n%v\nwant\n%v", seed, workers, got, want)
			}
			if held := env.Budget.Used(mem.StatementScratch); held != 0 {
				t.Fatalf("seed %d: %d bytes are not given back", seed, held)
			}
		}
	}
}

// TestWorkersFailAlike has a row in one lane that fails, and a context that
// has ended.
func TestWorkersFailAlike(t *testing.T) {
	ts := []types.Type{types.TypeInt, types.TypeInt}
	w := newWorld()
	b := zset.NewBatch(ts, 0)
	for i := range int64(100_000) {
		v := i
		if i == 70_000 {
			v = math.MaxInt64
		}
		b.AppendValues([]types.Value{types.IntValue(i), types.IntValue(v)}, 1)
	}
	w.stored[stored{1, 0}] = reltest.NewTable(ts, zset.Cols(0), 4, b)
	scan := &plan.Scan{Table: 1, Cols: []int{0, 1}, Sch: plan.Schema{{Type: ts[0]}, {Type: ts[1]}}}
	n := &plan.Aggregate{
		In:   reltest.PlusOne(scan, 1),
		Aggs: []plan.Agg{{Func: plan.CountStar, Type: types.TypeInt}},
		Sch:  plan.Schema{{Type: types.TypeInt}},
	}
	run, err := pull.Build(n)
	if err != nil {
		t.Fatal(err)
	}
	env := w.env()
	env.Workers = 4
	var e *sqlerr.Error
	if _, err := ask(run, env); !errors.As(err, &e) || e.Code != sqlerr.ErrNumericOutOfRange {
		t.Errorf("error %v, want 1690", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := run.Run(ctx, env, func(*zset.Batch) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
}

func sorted(rows []string) string {
	out := append([]string(nil), rows...)
	sort.Strings(out)
	return strings.Join(out, "\n")
}

func ExampleRunner_Run() {
	w, n := pointWorld(3)
	run, err := pull.Build(n)
	if err != nil {
		fmt.Println(err)
		return
	}
	env := &pull.Env{Source: w.source, Params: []types.Value{types.IntValue(2)}}
	err = run.Run(context.Background(), env, func(b *zset.Batch) error {
		for i := range b.N {
			fmt.Printf("%s %d\n", b.Cols[0].Bytes(i), b.Cols[1].I[i])
		}
		return nil
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output: name 2 20
}
