package shard_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel/reltest"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew")

// show renders everything an entry says.
func show(e *shard.Entry) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%+v\n", e.Header)
	switch b := e.Body.(type) {
	case *shard.Write:
		for i := range b.Stmts {
			fmt.Fprintf(&w, "stmt %d\n", i)
			for _, op := range b.Stmts[i].Ops {
				showOp(&w, &op)
			}
		}
	case *shard.DDL:
		fmt.Fprintf(&w, "%T %x\n", b.Change, catalog.AppendChange(nil, b.Change))
	default:
		fmt.Fprintf(&w, "%T %+v\n", b, b)
	}
	return w.String()
}

func showOp(w *strings.Builder, op *shard.Op) {
	fmt.Fprintf(w, "op table %d version %d action %d dup %d pre %d count %d n %d zero %v lax %v\n",
		op.Table, op.Version, op.Action, op.OnDup, op.Pre, op.Count, op.N, op.KeepZero, op.Lax)
	if op.Rows != nil {
		fmt.Fprintf(w, "%+v\n%s", op.Rows.Types(), op.Rows)
	}
	for _, s := range op.Sets {
		fmt.Fprintf(w, "set %d = %s %+v\n", s.Col, expr.String(s.Value), s.Value.Type())
	}
	for _, e := range op.Where {
		fmt.Fprintf(w, "where %s %+v\n", expr.String(e), e.Type())
	}
	fmt.Fprintf(w, "hashes %x\n", op.Hashes)
}

// fn is a call of the registry that must exist.
func fn(name string, args ...expr.Expr) expr.Expr {
	e, err := expr.Resolve(name, args)
	if err != nil {
		panic(err)
	}
	return e
}

func col(i int, t types.Type) *expr.Col {
	return &expr.Col{Index: i, Name: fmt.Sprintf("c%d", i), T: t}
}

func num(i int64) *expr.Const { return &expr.Const{V: types.IntValue(i)} }

// randomExpr is an expression over columns of any number.
func randomExpr(r *rand.Rand, depth int) expr.Expr {
	if depth == 0 || r.Intn(3) == 0 {
		if r.Intn(2) == 0 {
			return col(r.Intn(5), types.TypeInt.WithNull(r.Intn(2) == 0))
		}
		t := reltest.RandomTypes(r, 1)[0]
		v := reltest.RandomValue(r, t)
		v.Type = v.Type.WithNull(v.IsNull)
		if !t.Kind.IsInt() {
			return num(r.Int63())
		}
		return &expr.Const{V: v}
	}
	name := []string{"+", "-", "=", "<", "coalesce", "if"}[r.Intn(6)]
	args := []expr.Expr{randomExpr(r, depth-1), randomExpr(r, depth-1)}
	if name == "if" {
		args = append(args, randomExpr(r, depth-1))
	}
	return fn(name, args...)
}

func randomOp(r *rand.Rand) shard.Op {
	op := shard.Op{
		Table: uint64(r.Intn(1000)), Version: r.Uint32() >> r.Intn(32),
		Action: shard.Action(1 + r.Intn(4)), OnDup: shard.OnDup(1 + r.Intn(4)),
		Pre: shard.Pre(1 + r.Intn(3)), Count: shard.CountMode(1 + r.Intn(2)),
		KeepZero: r.Intn(2) == 0, Lax: r.Intn(2) == 0,
	}
	if op.Action == shard.Reserve {
		op.N = r.Uint64() >> r.Intn(64)
		return op
	}
	op.Rows = reltest.RandomBatch(r, reltest.RandomTypes(r, 1+r.Intn(6)), r.Intn(20), false)
	for range r.Intn(3) {
		op.Sets = append(op.Sets, shard.Set{Col: r.Intn(10), Value: randomExpr(r, 3)})
	}
	for range r.Intn(3) {
		op.Where = append(op.Where, randomExpr(r, 2))
	}
	for range r.Intn(2) * op.Rows.N {
		op.Hashes = append(op.Hashes, r.Uint64())
	}
	return op
}

func randomEntry(r *rand.Rand) *shard.Entry {
	e := &shard.Entry{Header: shard.Header{
		Level: uint64(r.Intn(3)), Time: r.Int63() - r.Int63(), Producer: r.Uint64(), Seq: r.Uint64() >> r.Intn(64),
	}}
	if r.Intn(3) == 0 {
		e.Origin = shard.Origin{Shard: r.Uint64(), Lane: uint64(r.Intn(9)), Index: r.Uint64(), Epoch: uint64(r.Intn(3))}
	}
	switch r.Intn(8) {
	case 0:
		e.Body = &shard.Truncate{Table: r.Uint64(), Version: r.Uint32()}
	case 1:
		e.Body = &shard.Advance{View: r.Uint64() >> r.Intn(64), Rows: r.Uint64() >> r.Intn(64)}
	case 2:
		e.Body = &shard.Clock{}
	case 3:
		changes := goldenChanges()
		e.Body = &shard.DDL{Change: changes[r.Intn(len(changes))]}
	default:
		w := &shard.Write{Stmts: make([]shard.Stmt, r.Intn(4))}
		for i := range w.Stmts {
			for range r.Intn(3) {
				w.Stmts[i].Ops = append(w.Stmts[i].Ops, randomOp(r))
			}
		}
		e.Body = w
	}
	return e
}

// goldenChanges has a change of the catalog of every kind.
func goldenChanges() []catalog.Change {
	t := &catalog.Table{DB: "d", Name: "t", Key: []int{0}, Columns: []catalog.Column{
		{Name: "id", Type: types.TypeInt, AutoIncrement: true}, {Name: "s", Type: types.NewString(10).WithNull(true)},
	}, Indexes: []catalog.Index{{Name: "s", Cols: []int{1}, Unique: true}}}
	scan := &plan.Scan{Table: 1, Name: "d.t", Cols: []int{0}, Sch: plan.Schema{{Name: "id", Type: types.TypeInt}}}
	v := &catalog.View{DB: "d", Name: "v", Text: "SELECT id FROM t", Plan: scan,
		Columns: []catalog.Column{{Name: "id", Type: types.TypeInt}}, Key: []int{0}, Unique: true}
	name := catalog.Name{DB: "d", Name: "t"}
	return []catalog.Change{
		&catalog.CreateDatabase{Name: "d"},
		&catalog.CreateTable{Table: t},
		&catalog.CreateView{View: v},
		&catalog.ViewReady{ID: 2},
		&catalog.CreateIndex{Table: name, Index: catalog.Index{Name: "x", Cols: []int{1, 0}}},
		&catalog.DropIndex{Table: name, Index: "x"},
		&catalog.TruncateTable{Name: name},
		&catalog.DropView{Names: []catalog.Name{{DB: "d", Name: "v"}}},
		&catalog.DropTable{Names: []catalog.Name{name}},
		&catalog.DropDatabase{Name: "d"},
	}
}

// golden is one entry of the golden file.
type golden struct {
	name string
	e    *shard.Entry
}

func goldenEntries() []golden {
	head := shard.Header{Time: 1_700_000_000_000_000, Producer: 0xfeedface, Seq: 300}
	ts := []types.Type{types.TypeInt, types.NewString(10).WithNull(true), types.NewDecimal(30, 2)}
	rows := zset.NewBatch(ts, 2)
	rows.AppendValues([]types.Value{types.IntValue(7), types.TextValue("seven"), {D: types.DecFromInt64(700)}}, 1)
	rows.AppendValues([]types.Value{types.IntValue(8), types.NullValue(types.TypeText), {D: types.DecFromInt64(-1)}}, 1)
	keys := rows.SliceCols([]int{0})
	insert := shard.Op{Table: 1, Version: 1, Action: shard.Insert, OnDup: shard.DupUpdate, Pre: shard.PreNone, Count: shard.CountChanged, Rows: rows,
		Sets: []shard.Set{{Col: 0, Value: fn("+", col(0, types.TypeInt), col(3, types.TypeInt))}}, Lax: true}
	ignore := shard.Op{Table: 1, Version: 1, Action: shard.Insert, OnDup: shard.DupIgnore, Pre: shard.PreAbsent, Count: shard.CountMatched, Rows: rows, KeepZero: true}
	modify := shard.Op{Table: 2, Version: 300, Action: shard.Modify, OnDup: shard.DupFail, Pre: shard.PreHash, Count: shard.CountMatched, Rows: keys,
		Sets:   []shard.Set{{Col: 2, Value: num(5)}},
		Where:  []expr.Expr{fn("=", col(1, ts[1]), &expr.Const{V: types.TextValue("x")})},
		Hashes: []uint64{1, 1 << 63}}
	remove := shard.Op{Table: 2, Version: 1, Action: shard.Delete, OnDup: shard.DupFail, Pre: shard.PreNone, Count: shard.CountChanged, Rows: keys}
	reserve := shard.Op{Table: 3, Version: 1, Action: shard.Reserve, OnDup: shard.DupFail, Pre: shard.PreNone, Count: shard.CountChanged, N: 1000}
	delivered := head
	delivered.Level, delivered.Origin = 2, shard.Origin{Shard: 3, Lane: 1, Index: 400, Epoch: 5}
	out := []golden{
		{"write of two statements", &shard.Entry{Header: head, Body: &shard.Write{Stmts: []shard.Stmt{
			{Ops: []shard.Op{insert, remove}}, {Ops: []shard.Op{modify}}}}}},
		{"write of inserts", &shard.Entry{Header: head, Body: &shard.Write{Stmts: []shard.Stmt{{Ops: []shard.Op{ignore}}}}}},
		{"write that reserves", &shard.Entry{Header: head, Body: &shard.Write{Stmts: []shard.Stmt{{Ops: []shard.Op{reserve}}}}}},
		{"truncate", &shard.Entry{Header: head, Body: &shard.Truncate{Table: 9, Version: 2}}},
		{"advance", &shard.Entry{Header: head, Body: &shard.Advance{View: 5, Rows: 4096}}},
		{"clock, delivered", &shard.Entry{Header: delivered, Body: &shard.Clock{}}},
		{"clock before 1970", &shard.Entry{Header: shard.Header{Time: -1}, Body: &shard.Clock{}}},
	}
	for _, ch := range goldenChanges() {
		out = append(out, golden{fmt.Sprintf("ddl %T", ch), &shard.Entry{Header: head, Body: &shard.DDL{Change: ch}}})
	}
	return out
}

// TestEntryGolden holds the bytes of every kind of entry against the file of
// format version 1, and reads them back from there.
func TestEntryGolden(t *testing.T) {
	const file = "testdata/entry_v1.hex"
	var w strings.Builder
	for _, g := range goldenEntries() {
		fmt.Fprintf(&w, "%s\n%s\n", g.name, hex.Dump(shard.AppendEntry(nil, g.e)))
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(w.String()), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if w.String() != string(want) {
		t.Errorf("entries are written as\n%s\nand not as in %s, the format of version 1", w.String(), file)
	}
	for _, g := range goldenEntries() {
		roundTrip(t, g.e)
	}
}

func roundTrip(t *testing.T, e *shard.Entry) {
	t.Helper()
	data := shard.AppendEntry(nil, e)
	got, err := shard.DecodeEntry(data)
	if err != nil {
		t.Fatalf("%v\n%s", err, show(e))
	}
	again := shard.AppendEntry(nil, got)
	clear(data) // what was decoded is a copy
	if show(got) != show(e) {
		t.Fatalf("decoded as\n%s\nwant\n%s", show(got), show(e))
	}
	if !bytes.Equal(again, shard.AppendEntry(nil, e)) {
		t.Fatalf("%s\nis written differently the second time", show(e))
	}
}

func TestEntryRoundTrip(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 500 {
		roundTrip(t, randomEntry(r))
	}
}

// TestWriteHead holds the batcher's way to write an entry, statement by
// statement, against AppendEntry.
func TestWriteHead(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for _, n := range []int{0, 1, 2, 130} {
		e := &shard.Entry{Header: shard.Header{Time: 5, Producer: 6, Seq: 7}}
		w := &shard.Write{}
		for range n {
			w.Stmts = append(w.Stmts, shard.Stmt{Ops: []shard.Op{randomOp(r)}})
		}
		e.Body = w
		data := shard.AppendWriteHead([]byte("before"), e.Header, n)
		for i := range w.Stmts {
			data = shard.AppendStmt(data, &w.Stmts[i])
		}
		if want := shard.AppendEntry([]byte("before"), e); !bytes.Equal(data, want) {
			t.Errorf("%d statements: head and statements are\n%x\nthe entry is\n%x", n, data, want)
		}
	}
}

// TestHostileEntries reads bytes that nobody wrote: cut, longer, flipped,
// spliced. Each is an error or an entry that can be written again, and takes
// memory in proportion to its length.
func TestHostileEntries(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	var seeds [][]byte
	for _, g := range goldenEntries() {
		seeds = append(seeds, shard.AppendEntry(nil, g.e))
	}
	for range 20 {
		seeds = append(seeds, shard.AppendEntry(nil, randomEntry(r)))
	}
	for _, s := range seeds {
		for n := range s {
			if _, err := shard.DecodeEntry(s[:n]); err == nil {
				t.Fatalf("%d bytes of %x are an entry", n, s)
			}
		}
		if _, err := shard.DecodeEntry(append(bytes.Clone(s), 0)); err == nil {
			t.Fatalf("a byte more than %x is an entry", s)
		}
	}
	rounds := 20_000
	if os.Getenv("WEIR_SOAK") != "" {
		rounds = 2_000_000
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	size := uint64(0)
	for range rounds {
		data := mutate(r, seeds)
		size += uint64(len(data))
		e, err := shard.DecodeEntry(data)
		if err != nil {
			continue
		}
		out := shard.AppendEntry(nil, e)
		back, err := shard.DecodeEntry(out)
		if err != nil || show(back) != show(e) {
			t.Fatalf("%x\nis read as\n%s\nwhich is written as\n%x\nand read as %v", data, show(e), out, err)
		}
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 2000*size {
		t.Errorf("reading %d hostile bytes took %d bytes of memory", size, took)
	}
}

func mutate(r *rand.Rand, seeds [][]byte) []byte {
	data := bytes.Clone(seeds[r.Intn(len(seeds))])
	for range 1 + r.Intn(4) {
		at := r.Intn(len(data))
		switch r.Intn(5) {
		case 0:
			data[at] ^= 1 << r.Intn(8)
		case 1:
			data[at] = byte(r.Intn(256))
		case 2:
			copy(data[at:], []byte{0xff, 0xff, 0xff, 0xff, 0x7f})
		case 3:
			data = append(data[:at:at], data[at+min(r.Intn(4), len(data)-at):]...)
		case 4:
			from := seeds[r.Intn(len(seeds))]
			lo := r.Intn(len(from))
			data = append(data[:at:at], from[lo:]...)
		}
		if len(data) == 0 {
			return []byte{1}
		}
	}
	return data
}

// TestEntryVersions names what cannot be read.
func TestEntryVersions(t *testing.T) {
	good := shard.AppendEntry(nil, &shard.Entry{Body: &shard.Clock{}})
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":   {nil, "ends too early"},
		"version": {append([]byte{2}, good[1:]...), "format version 2"},
		"kind":    {append([]byte{1, 99}, good[2:]...), "unknown kind 99"},
		"unused":  {append([]byte{1, byte(shard.KindDeliver)}, good[2:]...), "unknown kind 9"},
		"long":    {append(bytes.Clone(good), 0), "1 bytes too many"},
	} {
		if _, err := shard.DecodeEntry(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
	}
}
