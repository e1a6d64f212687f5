package shard_test

import (
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/wlog"
	"github.com/weirdb/weir/zset"
)

// keyedRows are rows of the table "keyed".
func keyedRows(from, n int, s string) [][]types.Value {
	var out [][]types.Value
	for i := range n {
		out = append(out, []types.Value{types.IntValue(int64(from + i)), types.TextValue(s)})
	}
	return out
}

// TestRootsStay makes, fills and drops many tables: each root goes on saying
// what it said when it was new.
func TestRootsStay(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	g := newRig(t, shard.Options{})
	say := func(root *shard.Root) string {
		var w strings.Builder
		for _, rel := range root.Catalog.Relations() {
			id, _, name := rel.Ident()
			fmt.Fprintf(&w, "%s %v\n", name, scan(t, root.Source(id, 0)))
		}
		return w.String()
	}
	var tables []*catalog.Table
	var roots []*shard.Root
	var said []string
	for n := range 150 {
		switch {
		case len(tables) > 40 && r.Intn(2) == 0:
			at := r.Intn(len(tables))
			g.ddl(&catalog.DropTable{Names: []catalog.Name{{DB: "d", Name: tables[at].Name}}})
			if g.m.Root().Rel(tables[at].ID) != nil || g.m.Root().Source(tables[at].ID, 0) != nil {
				t.Fatalf("table %d is dropped and there", tables[at].ID)
			}
			tables = append(tables[:at:at], tables[at+1:]...)
		default:
			def := modelTables()[4]
			def.Name = fmt.Sprintf("t%d", n)
			tables = append(tables, g.table(def))
		}
		def := tables[r.Intn(len(tables))]
		g.write(one(insertOp(def, keyedRows(n, 1, "s")...)))
		if n%10 == 0 {
			roots, said = append(roots, g.m.Root()), append(said, say(g.m.Root()))
		}
	}
	for i, root := range roots {
		if got := say(root); got != said[i] {
			t.Errorf("the root of entry %d said\n%s\nand says\n%s", root.Index, said[i], got)
		}
	}
	if g.m.Root().Rel(1<<40) != nil {
		t.Error("there is a relation of an id that nobody gave")
	}
}

// TestMemoryComesBack drops everything, index by index and view by view:
// nothing stays counted.
func TestMemoryComesBack(t *testing.T) {
	budget := mem.NewBudget(0)
	g := newRig(t, shard.Options{Lanes: 3, Arrange: &arrange.Env{Budget: budget, TailRows: 4}})
	def := g.table(modelTables()[4])
	name := catalog.Name{DB: "d", Name: "keyed"}
	g.write(one(insertOp(def, keyedRows(0, 100, "s")...)))
	g.fill(g.view("v", "SELECT s, COUNT(*) AS c FROM keyed GROUP BY s"))
	g.fill(g.view("w", "SELECT x.n, v.c FROM keyed AS x JOIN v ON x.s = v.s"))
	before := budget.Used(mem.Runs)
	index := &catalog.CreateIndex{Table: name, Index: catalog.Index{Name: "s", Cols: []int{1}, Unique: true}}
	if res := g.step(&shard.DDL{Change: index}).Results[0]; res.Err == nil || res.Err.Code != sqlerr.ErrDupEntry {
		t.Errorf("a unique index over equal values: %+v", res)
	}
	index.Index.Unique = false
	g.ddl(index)
	g.ddl(&catalog.DropIndex{Table: name, Index: "s"})
	if after := budget.Used(mem.Runs); after != before {
		t.Errorf("an index that could not be made and one that was dropped left %d bytes", after-before)
	}
	for _, v := range []string{"w", "v"} {
		g.ddl(&catalog.DropView{Names: []catalog.Name{{DB: "d", Name: v}}})
	}
	g.ddl(&catalog.DropTable{Names: []catalog.Name{name}})
	if left := budget.Used(mem.Runs); left != 0 {
		t.Errorf("%d bytes are left when all is dropped", left)
	}
}

// TestReadersBesideSteps reads roots while steps and merges go on: in each,
// table, index and view agree.
func TestReadersBesideSteps(t *testing.T) {
	var merges sync.WaitGroup
	g := newRig(t, shard.Options{Lanes: 2, Arrange: &arrange.Env{TailRows: 3, Merge: func(job func()) { merges.Go(job) }}})
	def := g.table(modelTables()[5])
	id := g.view("v", "SELECT COUNT(*) AS c FROM texts")
	g.fill(id)
	var done atomic.Bool
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for last := uint64(0); !done.Load(); {
				root := g.m.Root()
				if root.Index < last {
					t.Errorf("root %d after root %d", root.Index, last)
				}
				last = root.Index
				rows := fmt.Sprintf("%q", fmt.Sprint(len(scan(t, root.Source(def.ID, 0)))))
				if got := scan(t, root.Source(id, 0)); len(got) != 1 || got[0] != rows {
					t.Errorf("entry %d: the table has %s rows, the view says %v", root.Index, rows, got)
				}
				if n := len(scan(t, root.Source(def.ID, 1))); fmt.Sprintf("%q", fmt.Sprint(n)) != rows {
					t.Errorf("entry %d: the index has %d rows, the table %s", root.Index, n, rows)
				}
			}
		})
	}
	for n := range 150 {
		row := []types.Value{types.TextValue(fmt.Sprint(n)), types.IntValue(int64(n % 7))}
		g.write(one(insertOp(def, row)))
		if n%3 == 0 {
			g.write(one(keyOp(def, shard.Delete, types.TextValue(fmt.Sprint(n/2)))))
		}
	}
	done.Store(true)
	readers.Wait()
	merges.Wait()
}

// TestTransactionReadInParallel reads the lanes of a transaction's sources at
// once, also of a table that it has only numbered rows for.
func TestTransactionReadInParallel(t *testing.T) {
	g := newRig(t, shard.Options{Lanes: 3})
	def := g.table(modelTables()[0])
	x := g.m.Root().Begin(1)
	x.Number(def.ID, 5)
	for want := range 2 {
		src := x.Source(def.ID, 1)
		var n atomic.Int64
		var wg sync.WaitGroup
		for l := range src.Lanes() {
			wg.Go(func() {
				err := src.Scan(l, []int{0}, zset.Range{}, func(b *zset.Batch) error {
					n.Add(int64(b.N))
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if int(n.Load()) != want {
			t.Errorf("%d rows, want %d", n.Load(), want)
		}
		x.Apply(&shard.Stmt{Ops: []shard.Op{insertOp(def, []types.Value{types.IntValue(0), types.TextValue("a"), types.IntValue(1)})}}, 1)
	}
	if got := x.Wrote(); len(got) != 1 || got[0] != def.ID {
		t.Errorf("it wrote %v", got)
	}
}

// TestApplyStops: an entry that cannot be read stops the machine before it,
// with the results of those before.
func TestApplyStops(t *testing.T) {
	m := shard.New(shard.Options{Arrange: &arrange.Env{}})
	good := shard.AppendEntry(nil, &shard.Entry{Header: shard.Header{Time: 7}, Body: &shard.Clock{}})
	out, err := m.Apply([]wlog.Entry{{Index: 1, Data: good}, {Index: 2, Data: []byte{1, 77}}, {Index: 3, Data: good}})
	if err == nil || !strings.Contains(err.Error(), "log entry 2 cannot be read") || len(out) != 1 {
		t.Errorf("%d results, %v", len(out), err)
	}
	if root := m.Root(); root.Index != 1 || root.Clock != 7 {
		t.Errorf("index %d, clock %d", root.Index, root.Clock)
	}
	early := shard.AppendEntry(nil, &shard.Entry{Header: shard.Header{Time: 3}, Body: &shard.Clock{}})
	if _, err := m.Apply([]wlog.Entry{{Index: 2, Data: early}}); err != nil || m.Root().Clock != 7 {
		t.Errorf("the clock went back to %d (%v)", m.Root().Clock, err)
	}
}
