package shard_test

import (
	"cmp"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// modelTxn is a transaction and its model: the rows it began with, and those
// it sees.
type modelTxn struct {
	txn       *shard.Txn
	began, is *model
	locked    []lockedRow
}

// lockedRow is a row that the transaction depends on, as it was then.
type lockedRow struct {
	table uint64
	row   []types.Value
}

// lock locks a row that the transaction sees.
func (x *modelTxn) lock(t testing.TB, r *rand.Rand) {
	t.Helper()
	mt := x.is.tables[r.Intn(len(x.is.tables))]
	if len(mt.rows) == 0 {
		return
	}
	row := mt.rows[r.Intn(len(mt.rows))]
	keys := zset.NewBatch(nil, 1)
	var vals []types.Value
	for _, c := range mt.key() {
		vals = append(vals, row[c])
		keys.Cols = append(keys.Cols, zset.NewVec(mt.def.StoredTypes()[c], 0))
	}
	keys.AppendValues(vals, 1)
	if err := x.txn.Lock(mt.def.ID, keys); err != nil {
		t.Fatal(err)
	}
	x.is.use(mt.def.ID)
	x.locked = append(x.locked, lockedRow{mt.def.ID, row})
}

// keeps tells whether the rows that x locked and left alone are in m as they
// were; a transaction that wrote nothing depends on nothing.
func (x *modelTxn) keeps(m *model) bool {
	wrote := false
	for _, id := range x.is.used {
		gone, changed, came := x.net(id)
		wrote = wrote || len(gone)+len(changed)+len(came) > 0
	}
	for _, l := range x.locked {
		was, is, now := x.began.table(l.table), x.is.table(l.table), m.table(l.table)
		if a, b := was.find(l.row), is.find(l.row); a < 0 || b < 0 || cells(was.rows[a]) != cells(is.rows[b]) {
			continue // its own write says what it depends on
		}
		at := now.find(l.row)
		if wrote && (at < 0 || cells(now.rows[at]) != cells(was.rows[was.find(l.row)])) {
			return false
		}
	}
	return true
}

// net returns what a transaction did to a table: rows that are gone, that
// have changed (old and new) and that came, these in the order of their ids.
func (x *modelTxn) net(id uint64) (gone [][]types.Value, changed [][2][]types.Value, came [][]types.Value) {
	was, is := x.began.table(id), x.is.table(id)
	for _, r := range was.rows {
		if at := is.find(r); at < 0 {
			gone = append(gone, r)
		} else if cells(is.rows[at]) != cells(r) {
			changed = append(changed, [2][]types.Value{r, is.rows[at]})
		}
	}
	for _, r := range is.rows {
		if was.find(r) < 0 {
			came = append(came, r)
		}
	}
	if at := is.def.RowID(); at >= 0 {
		slices.SortFunc(came, func(a, b []types.Value) int { return cmp.Compare(uint64(a[at].I), uint64(b[at].I)) })
	}
	return gone, changed, came
}

// commit does to m what the transaction did to the state it began with; not
// ok, and only counters have moved, when another was first.
func (x *modelTxn) commit(m *model, firstID uint64) (ok bool) {
	if !x.keeps(m) {
		return false
	}
	next := m.clone()
	next.firstID, next.ordinal = firstID, 0
	for _, id := range x.is.used {
		t := next.table(id)
		if !x.commitTable(next, t) {
			for i, t := range next.tables {
				m.tables[i].counter = t.counter
			}
			return false
		}
	}
	*m = *next
	return true
}

func (x *modelTxn) commitTable(m *model, t *modelTable) bool {
	gone, changed, came := x.net(t.def.ID)
	for _, c := range changed {
		gone = append(gone, c[0])
	}
	for _, r := range gone {
		at := t.find(r)
		if at < 0 || cells(t.rows[at]) != cells(r) {
			return false
		}
		t.rows = slices.Delete(t.rows, at, at+1)
	}
	for _, c := range changed {
		if t.blocker(c[1]) >= 0 {
			return false
		}
		t.rows = append(t.rows, c[1])
	}
	for i, r := range came {
		if c := t.def.AutoIncrement(); c >= 0 && r[c].I > 0 {
			t.counter = max(t.counter, uint64(r[c].I)+1)
		}
		if at := t.def.RowID(); at >= 0 {
			came[i] = slices.Clone(r)
			came[i][at] = types.UintValue(m.firstID + m.ordinal)
			m.ordinal++
		}
	}
	for _, r := range came {
		if t.blocker(r) >= 0 {
			return false
		}
		t.rows = append(t.rows, r)
	}
	return true
}

// TestTransactionsAgainstModel interleaves transactions with each other and
// with plain statements. What a transaction reads is its model at all times;
// the first to commit a row wins, the others change nothing.
func TestTransactionsAgainstModel(t *testing.T) {
	won, lost := 0, 0
	for seed := range int64(rounds(60, 3000)) {
		r := rand.New(rand.NewSource(seed))
		g := randomRig(t, r)
		m := newModel(g)
		var open []*modelTxn
		for range 50 {
			tt := tagged{TB: t, seed: seed}
			switch n := r.Intn(10); {
			case n < 2 && len(open) < 3:
				x := &modelTxn{txn: g.m.Root().Begin(1), began: m.clone(), is: m.clone()}
				x.is.firstID, x.is.ordinal, x.is.used = provisional, 0, nil
				open = append(open, x)
			case n < 3:
				a := &author{Rand: r, m: m}
				m.firstID, m.ordinal = (g.index+1)<<24, 0
				ins := a.statement()
				want := m.apply(ins)
				if got := g.write(stmtOf(ins))[0]; !sameResult(got, want) {
					tt.Fatalf("came to %+v, want %+v", got, want)
				}
			case n < 5 && len(open) > 0:
				at := r.Intn(len(open))
				x := open[at]
				open = slices.Delete(open, at, at+1)
				st := x.txn.Commit()
				tt.stmts = []shard.Stmt{*st}
				must := x.commit(m, (g.index+1)<<24)
				res := g.write(*st)[0]
				if ok := res.Err == nil && !res.Conflict; ok != must {
					tt.Fatalf("the commit came to %+v; it must succeed: %v", res, must)
				}
				if must {
					won++
				} else {
					lost++
				}
				(&author{Rand: r, m: m}).agree(tt, g.m.Root().Source, m)
			case n == 9 && len(open) > 0:
				open[r.Intn(len(open))].lock(tt, r)
			case len(open) > 0:
				x := open[r.Intn(len(open))]
				a := &author{Rand: r, m: x.is}
				ins := a.statement()
				st := stmtOf(ins)
				tt.stmts = []shard.Stmt{st}
				reserve(g, m, x, ins)
				want := x.is.apply(ins)
				if got := x.txn.Apply(&st, 1); !sameResult(got, want) {
					tt.Fatalf("in a transaction came to %+v, want %+v", got, want)
				}
				a.agree(tt, x.txn.Source, x.is)
			}
		}
	}
	if won == 0 || lost == 0 {
		t.Errorf("%d transactions won and %d lost: the test shows nothing", won, lost)
	}
}

// reserve takes the AUTO_INCREMENT values for a transaction's statement
// through the log, for the last op that needs some.
func reserve(g *rig, m *model, x *modelTxn, ins []intent) {
	for _, in := range ins {
		t := m.table(in.op.Table)
		c := t.def.AutoIncrement()
		if in.op.Action != shard.Insert || c < 0 {
			continue
		}
		n := uint64(in.op.Rows.N) // as many as it can need
		res := g.write(shard.Stmt{Ops: []shard.Op{{Table: t.def.ID, Version: t.def.Version, Action: shard.Reserve,
			OnDup: shard.DupFail, Pre: shard.PreNone, Count: shard.CountChanged, N: n}}})[0]
		if res.LastID != t.counter {
			g.t.Fatalf("reserved from %d on, want %d", res.LastID, t.counter)
		}
		t.counter += n
		x.txn.Number(t.def.ID, res.LastID)
		x.is.table(t.def.ID).counter = res.LastID
		x.is.use(t.def.ID)
	}
}

// keyOp is an op on rows of table t by their keys.
func keyOp(t *catalog.Table, action shard.Action, keys ...types.Value) shard.Op {
	op := shard.Op{Table: t.ID, Version: t.Version, Action: action, OnDup: shard.DupFail, Pre: shard.PreNone, Count: shard.CountChanged}
	op.Rows = zset.NewBatch([]types.Type{t.StoredTypes()[t.StoredKey()[0].Col]}, len(keys))
	for _, k := range keys {
		op.Rows.AppendValues([]types.Value{k}, 1)
	}
	return op
}

func insertOp(t *catalog.Table, rows ...[]types.Value) shard.Op {
	op := shard.Op{Table: t.ID, Version: t.Version, Action: shard.Insert, OnDup: shard.DupFail, Pre: shard.PreNone, Count: shard.CountChanged}
	op.Rows = zset.NewBatch(t.StoredTypes()[:len(t.Columns)], len(rows))
	for _, r := range rows {
		op.Rows.AppendValues(r, 1)
	}
	return op
}

func one(op shard.Op) shard.Stmt { return shard.Stmt{Ops: []shard.Op{op}} }

// TestCommitKeepsSpelling: a key that changes its case only is the same key,
// and the new spelling is committed.
func TestCommitKeepsSpelling(t *testing.T) {
	g := newRig(t, shard.Options{})
	def := g.table(modelTables()[5])
	g.write(one(insertOp(def, []types.Value{types.TextValue("a"), types.IntValue(1)})))
	x := g.m.Root().Begin(1)
	op := keyOp(def, shard.Modify, types.TextValue("A"))
	op.Sets = []shard.Set{{Col: 0, Value: &expr.Const{V: types.TextValue("A")}}}
	if res := x.Apply(&shard.Stmt{Ops: []shard.Op{op}}, 1); res.Changed != 1 {
		t.Fatalf("%+v", res)
	}
	if res := g.write(*x.Commit())[0]; res.Err != nil || res.Conflict {
		t.Fatalf("%+v", res)
	}
	same(t, "table", scan(t, g.m.Root().Source(def.ID, 0)), []string{`"A" "1"`})
}

// TestCommitKeepsZero: a 0 in an AUTO_INCREMENT column that a transaction
// came to is a value when it commits.
func TestCommitKeepsZero(t *testing.T) {
	g := newRig(t, shard.Options{})
	def := g.table(modelTables()[0])
	x := g.m.Root().Begin(1)
	op := insertOp(def, []types.Value{types.IntValue(0), types.TextValue("a"), types.IntValue(1)})
	op.KeepZero = true
	x.Apply(&shard.Stmt{Ops: []shard.Op{op}}, 1)
	g.write(*x.Commit())
	same(t, "table", scan(t, g.m.Root().Source(def.ID, 0)), []string{`"0" "a" "1"`})
}

// TestErrorRows: an error names the row of the statement, also where rows
// wait for each other.
func TestErrorRows(t *testing.T) {
	g := newRig(t, shard.Options{})
	def := g.table(modelTables()[4])
	row := func(n int64, s string) []types.Value { return []types.Value{types.IntValue(n), types.TextValue(s)} }
	g.write(one(insertOp(def, row(1, "1"), row(2, "2"), row(3, "x"))))
	update := insertOp(def, row(9, ""), row(1, ""), row(8, ""), row(2, ""), row(3, ""))
	update.OnDup = shard.DupUpdate
	update.Sets = []shard.Set{{Col: 1, Value: expr.Assign(fn("+", col(0, types.TypeInt), num(1<<63-3)), types.NewString(30), "s")}}
	cases := []struct {
		name string
		op   shard.Op
		code uint16
		row  int
	}{
		{"duplicate", insertOp(def, row(4, ""), row(5, ""), row(2, "")), sqlerr.ErrDupEntry, 3},
		{"duplicate within", insertOp(def, row(4, ""), row(4, "")), sqlerr.ErrDupEntry, 2},
		{"overflow in an update of a duplicate", update, sqlerr.ErrNumericOutOfRange, 5},
	}
	for _, c := range cases {
		res := g.write(one(c.op))[0]
		if res.Err == nil || res.Err.Code != c.code || res.Err.Row != c.row {
			t.Errorf("%s: %+v of row %d, want errno %d of row %d", c.name, res.Err, res.Err.Row, c.code, c.row)
		}
	}
	if got := len(scan(t, g.m.Root().Source(def.ID, 0))); got != 3 {
		t.Errorf("%d rows after statements that failed", got)
	}
}

// TestBugInAStatement: a statement that no binder makes (a column is missing)
// fails alone; those before it stand, those after it in the entry are
// refused, and the next entry is as if nothing had been.
func TestBugInAStatement(t *testing.T) {
	g := newRig(t, shard.Options{})
	def := g.table(modelTables()[4])
	row := func(n int64) []types.Value { return []types.Value{types.IntValue(n), types.TextValue("s")} }
	bad := insertOp(def, row(2))
	bad.Rows.Cols = bad.Rows.Cols[:1]
	res := g.write(one(insertOp(def, row(1))), one(bad), one(insertOp(def, row(3))))
	for i, fails := range []bool{false, true, true} {
		if (res[i].Err != nil) != fails || fails && res[i].Err.Code != sqlerr.ErrUnknown {
			t.Errorf("statement %d: %+v", i, res[i])
		}
	}
	g.write(one(insertOp(def, row(4))))
	same(t, "table", scan(t, g.m.Root().Source(def.ID, 0)), []string{`"1" "s"`, `"4" "s"`})
}

// TestRowIDsEnd: an entry has room for 2^24 hidden row ids and no more, since
// the next entry's follow.
func TestRowIDsEnd(t *testing.T) {
	g := newRig(t, shard.Options{})
	def := g.table(&catalog.Table{Name: "bits", Columns: []catalog.Column{{Name: "b", Type: types.Type{Kind: types.Int8}}}})
	op := insertOp(def)
	op.Rows = &zset.Batch{N: 1 << 24} // with the row before one too many; it comes to no column
	row := insertOp(def, []types.Value{{Type: types.Type{Kind: types.Int8}, I: 5}})
	res := g.write(one(row), one(op), one(row))
	if res[1].Err == nil || res[1].Err.Code != sqlerr.ErrNetPacketTooLarge {
		t.Errorf("%+v", res[1])
	}
	same(t, "table", scan(t, g.m.Root().Source(def.ID, 0)), []string{fmt.Sprintf(`"5" "%d"`, g.index<<24), fmt.Sprintf(`"5" "%d"`, g.index<<24+1)})
}
