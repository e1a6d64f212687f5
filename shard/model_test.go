package shard_test

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// model is a database in lists and loops: what the overlay, the step and
// transactions must come to, said as plainly as possible.
type model struct {
	tables []*modelTable
	// The hidden row ids of an entry or a transaction.
	firstID, ordinal uint64
	used             []uint64 // tables in the order of their first use
}

type modelTable struct {
	def     *catalog.Table
	rows    [][]types.Value // stored columns, in no order
	counter uint64
}

func (m *model) clone() *model {
	c := *m
	c.tables = nil
	for _, t := range m.tables {
		k := *t
		k.rows = slices.Clone(t.rows) // rows themselves never change
		c.tables = append(c.tables, &k)
	}
	return &c
}

func (m *model) table(id uint64) *modelTable {
	i := slices.IndexFunc(m.tables, func(t *modelTable) bool { return t.def.ID == id })
	return m.tables[i]
}

func (t *modelTable) lines() []string {
	var out []string
	for _, r := range t.rows {
		out = append(out, cells(r))
	}
	slices.Sort(out)
	return out
}

// equalKey tells whether two cells are equal as keys: text without case.
func equalKey(a, b types.Value) bool {
	return a.IsNull == b.IsNull && a.I == b.I && strings.EqualFold(a.S, b.S)
}

func equalOn(cols []int, a, b []types.Value) bool {
	for _, c := range cols {
		if !equalKey(a[c], b[c]) {
			return false
		}
	}
	return true
}

func (t *modelTable) key() []int {
	var out []int
	for _, k := range t.def.StoredKey() {
		out = append(out, k.Col)
	}
	return out
}

// find returns the position of the row whose key is that of row, or -1.
func (t *modelTable) find(row []types.Value) int {
	return slices.IndexFunc(t.rows, func(r []types.Value) bool { return equalOn(t.key(), r, row) })
}

func (t *modelTable) unique() [][]int {
	var out [][]int
	for _, x := range t.def.Indexes {
		if x.Unique {
			out = append(out, x.Cols)
		}
	}
	return out
}

// blocker returns the row in the way of row: of its key, or of a unique index.
func (t *modelTable) blocker(row []types.Value) int {
	if at := t.find(row); at >= 0 {
		return at
	}
	for _, cols := range t.unique() {
		if slices.ContainsFunc(cols, func(c int) bool { return row[c].IsNull }) {
			continue
		}
		if at := slices.IndexFunc(t.rows, func(r []types.Value) bool { return equalOn(cols, r, row) }); at >= 0 {
			return at
		}
	}
	return -1
}

// change is a Set or a condition with what it means: of the old row, and the
// op's.
type change struct {
	set   shard.Set
	where expr.Expr
	eval  func(old, own []types.Value) (v types.Value, ok bool)
}

// intent is an op with the meaning of its expressions.
type intent struct {
	op   shard.Op
	sets []change
	cond []change
}

// provisional is where the row ids of a transaction begin.
const provisional = 1 << 63

var (
	errDup      = sqlerr.New(sqlerr.ErrDupEntry, "")
	errRange    = sqlerr.New(sqlerr.ErrNumericOutOfRange, "")
	errConflict = sqlerr.New(sqlerr.ErrDeadlock, "")
)

// apply runs a statement: on a copy, which becomes the model if all goes well.
func (m *model) apply(stmt []intent) shard.Result {
	next := m.clone()
	var res shard.Result
	for _, in := range stmt {
		if err := next.do(&in, &res); err != nil {
			m.ordinal, m.used = next.ordinal, next.used
			for i, t := range next.tables {
				m.tables[i].counter = t.counter
			}
			if err == errConflict {
				return shard.Result{Conflict: true}
			}
			return shard.Result{Err: err}
		}
	}
	*m = *next
	return res
}

func (m *model) do(in *intent, res *shard.Result) *sqlerr.Error {
	t := m.table(in.op.Table)
	m.use(t.def.ID)
	switch in.op.Action {
	case shard.Insert:
		return m.insert(t, in, res)
	case shard.Reserve:
		res.LastID = t.counter
		t.counter += in.op.N
		return nil
	}
	return t.modify(in, res)
}

func (m *model) use(id uint64) {
	if !slices.Contains(m.used, id) {
		m.used = append(slices.Clip(m.used), id)
	}
}

func (m *model) insert(t *modelTable, in *intent, res *shard.Result) *sqlerr.Error {
	var rows [][]types.Value
	for i := range in.op.Rows.N {
		rows = append(rows, in.op.Rows.Row(i))
	}
	if c := t.def.AutoIncrement(); c >= 0 {
		for _, row := range rows {
			if row[c].IsNull || row[c].I == 0 && !in.op.KeepZero {
				row[c] = types.IntValue(int64(t.counter))
				if res.LastID == 0 {
					res.LastID = t.counter
				}
				t.counter++
			} else if row[c].I > 0 {
				t.counter = max(t.counter, uint64(row[c].I)+1)
			}
		}
	}
	res.Matched += uint64(len(rows))
	var own [][]types.Value
	for i := range rows {
		own = append(own, slices.Clone(rows[i]))
		if t.def.RowID() >= 0 {
			rows[i] = append(rows[i], types.UintValue(m.firstID+m.ordinal))
			m.ordinal++
		}
	}
	for i, row := range rows {
		if err := t.insertRow(in, row, own[i], res); err != nil {
			return err
		}
	}
	return nil
}

func (t *modelTable) insertRow(in *intent, row, own []types.Value, res *shard.Result) *sqlerr.Error {
	for {
		at := t.blocker(row)
		if at < 0 {
			t.rows = append(t.rows, row)
			res.Affected++
			return nil
		}
		if in.op.Pre == shard.PreAbsent {
			return errConflict
		}
		switch in.op.OnDup {
		case shard.DupFail:
			return errDup
		case shard.DupIgnore:
			res.Skipped++
			return nil
		case shard.DupUpdate:
			return t.update(in, at, own, res)
		}
		same := len(t.unique()) == 0 && cells(t.rows[at]) == cells(row)
		t.rows = slices.Delete(t.rows, at, at+1)
		if !same {
			res.Affected++
		}
	}
}

// update is what ON DUPLICATE KEY UPDATE does with the row at.
func (t *modelTable) update(in *intent, at int, own []types.Value, res *shard.Result) *sqlerr.Error {
	row, ok := assign(in.sets, t.rows[at], own)
	switch {
	case !ok:
		return errRange
	case cells(row) == cells(t.rows[at]):
		if in.op.Count == shard.CountMatched {
			res.Affected++
		}
		return nil
	}
	t.rows = slices.Delete(t.rows, at, at+1)
	if t.blocker(row) >= 0 {
		return errDup
	}
	t.rows = append(t.rows, row)
	res.Affected += 2
	return nil
}

func assign(sets []change, old, own []types.Value) ([]types.Value, bool) {
	row := slices.Clone(old)
	for _, s := range sets {
		v, ok := s.eval(old, own)
		if !ok {
			return nil, false
		}
		row[s.set.Col] = v
	}
	return row, true
}

// modify is Modify and Delete.
func (t *modelTable) modify(in *intent, res *shard.Result) *sqlerr.Error {
	var found, own [][]types.Value
	for i := range in.op.Rows.N {
		row := in.op.Rows.Row(i)
		at := slices.IndexFunc(t.rows, func(r []types.Value) bool {
			for n, c := range t.key() {
				if !equalKey(r[c], row[n]) {
					return false
				}
			}
			return true
		})
		if in.op.Pre == shard.PreHash && (at < 0 || hash(t.def, t.rows[at]) != in.op.Hashes[i]) {
			return errConflict
		}
		if at >= 0 {
			found, own = append(found, t.rows[at]), append(own, row)
		}
	}
	var came [][]types.Value
	for i, old := range found {
		if slices.ContainsFunc(in.cond, func(c change) bool { _, ok := c.eval(old, own[i]); return !ok }) {
			continue
		}
		res.Matched++
		if in.op.Action == shard.Modify {
			row, ok := assign(in.sets, old, own[i])
			if !ok {
				return errRange
			}
			if cells(row) == cells(old) {
				if in.op.Count == shard.CountMatched {
					res.Affected++
				}
				continue
			}
			came = append(came, row)
			res.Changed++
		}
		res.Affected++
		at := t.find(old)
		t.rows = slices.Delete(t.rows, at, at+1)
	}
	for _, row := range came {
		if t.blocker(row) >= 0 {
			return errDup
		}
		t.rows = append(t.rows, row)
	}
	return nil
}

func hash(def *catalog.Table, row []types.Value) uint64 {
	b := zset.NewBatch(def.StoredTypes(), 1)
	b.AppendValues(row, 1)
	return shard.RowHash(b, 0)
}

// modelTables are the tables of the tests: s has few values that are equal
// but for case, n is a small number; either may be NULL but in keys.
func modelTables() []*catalog.Table {
	s, n := types.NewString(10), types.TypeInt
	c := func(name string, t types.Type) catalog.Column { return catalog.Column{Name: name, Type: t} }
	id := catalog.Column{Name: "id", Type: types.TypeInt, AutoIncrement: true}
	return []*catalog.Table{
		{Name: "auto", Columns: []catalog.Column{id, c("s", s.WithNull(true)), c("n", n.WithNull(true))}, Key: []int{0},
			Indexes: []catalog.Index{{Name: "s", Cols: []int{1}, Unique: true}, {Name: "n", Cols: []int{2}}}},
		{Name: "loose", Columns: []catalog.Column{c("s", s.WithNull(true)), c("n", n.WithNull(true))},
			Indexes: []catalog.Index{{Name: "s", Cols: []int{0}, Unique: true}}},
		{Name: "plain", Columns: []catalog.Column{c("s", s.WithNull(true)), c("n", n)},
			Indexes: []catalog.Index{{Name: "n", Cols: []int{1}}}},
		{Name: "pair", Columns: []catalog.Column{c("n", n.WithNull(true)), c("s", s), c("k", n)}, Key: []int{1, 2},
			Indexes: []catalog.Index{{Name: "nk", Cols: []int{0, 2}, Unique: true}, {Name: "n", Cols: []int{0}, Unique: true}}},
		{Name: "keyed", Columns: []catalog.Column{c("n", n), c("s", s.WithNull(true))}, Key: []int{0}},
		{Name: "texts", Columns: []catalog.Column{c("s", s), c("n", n.WithNull(true))}, Key: []int{0},
			Indexes: []catalog.Index{{Name: "n", Cols: []int{1}}}},
	}
}

// author makes random statements over the tables of a model.
type author struct {
	*rand.Rand
	m *model
}

func (a *author) value(t types.Type) types.Value {
	switch {
	case t.Nullable && a.Intn(5) == 0:
		return types.NullValue(t)
	case t.Kind == types.String:
		return types.Value{Type: t, S: []string{"", "a", "A", "b", "B", "c", "ab", "aB"}[a.Intn(8)]}
	}
	return types.Value{Type: t, I: int64(a.Intn(9))}
}

// statement is a statement of one or two ops.
func (a *author) statement() []intent {
	out := []intent{a.intent()}
	if a.Intn(4) == 0 {
		out = append(out, a.intent())
	}
	return out
}

func (a *author) intent() intent {
	t := a.m.tables[a.Intn(len(a.m.tables))]
	op := shard.Op{Table: t.def.ID, Version: t.def.Version, OnDup: shard.DupFail, Pre: shard.PreNone, Count: shard.CountMode(1 + a.Intn(2))}
	switch a.Intn(9) {
	case 0, 1, 2:
		return a.modify(t, op, shard.Modify)
	case 3, 4:
		return a.modify(t, op, shard.Delete)
	}
	return a.insert(t, op)
}

func (a *author) insert(t *modelTable, op shard.Op) intent {
	op.Action, op.OnDup, op.KeepZero = shard.Insert, shard.OnDup(1+a.Intn(4)), a.Intn(3) == 0
	ts := t.def.StoredTypes()[:len(t.def.Columns)]
	n := 1 + a.Intn(4)
	if a.Intn(10) == 0 {
		n = 12
	}
	op.Rows = zset.NewBatch(ts, n)
	for range n {
		row := make([]types.Value, len(ts))
		for c, t := range ts {
			row[c] = a.value(t)
		}
		if c := t.def.AutoIncrement(); c >= 0 && a.Intn(2) == 0 {
			row[c] = types.IntValue(0)
		}
		op.Rows.AppendValues(row, 1)
	}
	in := intent{op: op}
	if op.OnDup == shard.DupUpdate {
		a.sets(t, &in)
	}
	return in
}

// modify is a Modify or Delete of rows that are there, and of some that are
// not, none of them twice.
func (a *author) modify(t *modelTable, op shard.Op, action shard.Action) intent {
	op.Action = action
	key := t.key()
	var ts []types.Type
	for _, c := range key {
		ts = append(ts, t.def.StoredTypes()[c])
	}
	op.Rows = zset.NewBatch(append(ts, types.TypeInt.WithNull(true)), 0)
	if a.Intn(3) == 0 {
		op.Pre = shard.PreHash
	}
	rows := t.rows
	if t.def.RowID() >= 0 && a.m.firstID < provisional { // rows of this entry cannot be named
		rows = slices.DeleteFunc(slices.Clone(rows), func(r []types.Value) bool { return uint64(r[key[0]].I) >= a.m.firstID })
	}
	var taken [][]types.Value
	for range a.Intn(5) {
		row := make([]types.Value, len(t.def.StoredTypes()))
		for c, t := range t.def.StoredTypes() {
			row[c] = a.value(t)
		}
		if len(rows) > 0 && a.Intn(10) > 0 {
			row = rows[a.Intn(len(rows))]
		}
		if slices.ContainsFunc(taken, func(r []types.Value) bool { return equalOn(key, r, row) }) {
			continue
		}
		taken = append(taken, row)
		var probe []types.Value
		for _, c := range key {
			probe = append(probe, row[c])
		}
		op.Rows.AppendValues(append(probe, a.value(types.TypeInt.WithNull(true))), 1)
		if op.Pre == shard.PreHash {
			h := hash(t.def, row)
			if a.Intn(20) == 0 {
				h++
			}
			op.Hashes = append(op.Hashes, h)
		}
	}
	in := intent{op: op}
	if a.Intn(2) == 0 {
		in.cond = append(in.cond, a.condition(t))
		in.op.Where = []expr.Expr{in.cond[0].where}
	}
	if action == shard.Modify {
		a.sets(t, &in)
	}
	return in
}

// sets gives an op one or two assignments to different columns.
func (a *author) sets(t *modelTable, in *intent) {
	cols := a.Perm(len(t.def.Columns))[:1+a.Intn(2)]
	slices.Sort(cols)
	for _, c := range cols {
		if c == t.def.AutoIncrement() && a.Intn(3) > 0 {
			continue
		}
		s := a.set(t, c, in)
		s.set.Col = c
		in.sets = append(in.sets, s)
		in.op.Sets = append(in.op.Sets, s.set)
	}
}

func (a *author) set(t *modelTable, c int, in *intent) change {
	typ := t.def.StoredTypes()[c]
	stored := len(t.def.StoredTypes())
	constant := func() change {
		v := a.value(typ)
		return change{set: shard.Set{Value: &expr.Const{V: v}}, eval: func(_, _ []types.Value) (types.Value, bool) { return v, true }}
	}
	if typ.Kind != types.Int64 {
		if in.op.Action == shard.Insert && a.Intn(2) == 0 { // VALUES(s)
			return change{set: shard.Set{Value: col(stored+c, typ)}, eval: func(_, own []types.Value) (types.Value, bool) { return own[c], true }}
		}
		return constant()
	}
	by := int64(a.Intn(4))
	if a.Intn(25) == 0 {
		by = math.MaxInt64 - 2
	}
	switch a.Intn(4) {
	case 0:
		return constant()
	case 1:
		if in.op.Action == shard.Insert {
			return change{set: shard.Set{Value: col(stored+c, typ)}, eval: func(_, own []types.Value) (types.Value, bool) { return own[c], true }}
		}
	}
	return change{set: shard.Set{Value: fn("+", col(c, typ), num(by))}, eval: func(old, _ []types.Value) (types.Value, bool) {
		v := old[c]
		if !v.IsNull {
			if v.I > math.MaxInt64-by {
				return v, false
			}
			v.I += by
		}
		return v, true
	}}
}

// condition holds or does not, by the second result of eval.
func (a *author) condition(t *modelTable) change {
	last := len(t.def.StoredTypes()) + len(t.key())
	c := slices.IndexFunc(t.def.Columns, func(c catalog.Column) bool { return c.Name == "n" })
	if a.Intn(2) == 0 { // with the op's own column
		return change{where: fn("<", col(c, t.def.StoredTypes()[c]), col(last, types.TypeInt.WithNull(true))), eval: func(old, own []types.Value) (types.Value, bool) {
			o := own[len(own)-1]
			return o, !o.IsNull && !old[c].IsNull && old[c].I < o.I
		}}
	}
	s := slices.IndexFunc(t.def.Columns, func(c catalog.Column) bool { return c.Name == "s" })
	v := a.value(types.NewString(10))
	return change{where: fn("=", col(s, t.def.StoredTypes()[s]), &expr.Const{V: v}), eval: func(old, _ []types.Value) (types.Value, bool) {
		return v, !old[s].IsNull && strings.EqualFold(old[s].S, v.S)
	}}
}

func stmtOf(ins []intent) shard.Stmt {
	var s shard.Stmt
	for _, in := range ins {
		op := in.op
		if op.Rows != nil {
			op.Rows = op.Rows.Clone()
		}
		s.Ops = append(s.Ops, op)
	}
	return s
}

// sameResult compares the parts of a result that the model knows.
func sameResult(got, want shard.Result) bool {
	code := func(r shard.Result) uint16 {
		if r.Err == nil {
			return 0
		}
		return r.Err.Code
	}
	return code(got) == code(want) && got.Affected == want.Affected && got.Matched == want.Matched && got.Changed == want.Changed &&
		got.LastID == want.LastID && got.Skipped == want.Skipped && got.Conflict == want.Conflict && got.Again == want.Again
}

// agree compares all that can be read with a model.
func (a *author) agree(t testing.TB, source func(id uint64, index uint32) rel.Source, m *model) {
	t.Helper()
	for _, mt := range m.tables {
		want := mt.lines()
		src := source(mt.def.ID, 0)
		same(t, "table "+mt.def.Name, scan(t, src), want)
		a.agreeSeek(t, mt, src)
		for _, x := range mt.def.Indexes {
			src := source(mt.def.ID, x.ID)
			same(t, "index "+x.Name+" of "+mt.def.Name, scan(t, src), want)
			a.agreeSeek(t, mt, src)
		}
	}
}

// agreeSeek seeks rows by a prefix of a source's key.
func (a *author) agreeSeek(t testing.TB, mt *modelTable, src rel.Source) {
	t.Helper()
	var probe []types.Value
	var cols []int
	for _, k := range src.Key()[:1+a.Intn(len(src.Key()))] {
		cols = append(cols, k.Col)
	}
	if len(mt.rows) > 0 && a.Intn(3) > 0 {
		row := mt.rows[a.Intn(len(mt.rows))]
		for _, c := range cols {
			probe = append(probe, row[c])
		}
	} else {
		for _, c := range cols {
			probe = append(probe, a.value(src.Types()[c]))
		}
	}
	var want []string
	for _, r := range mt.rows {
		hit := true
		for i, c := range cols {
			hit = hit && equalKey(r[c], probe[i])
		}
		if hit {
			want = append(want, cells(r))
		}
	}
	slices.Sort(want)
	same(t, fmt.Sprintf("rows of %s with %v = %s", mt.def.Name, cols, cells(probe)), seek(t, src, probe), want)
}

func newModel(g *rig) *model {
	m := &model{}
	for _, def := range modelTables() {
		m.tables = append(m.tables, &modelTable{def: g.table(def), counter: 1})
	}
	return m
}

// rounds is how many seeds a test runs.
func rounds(normal, soak int) int {
	switch {
	case os.Getenv("WEIR_SOAK") != "":
		return soak
	case testing.Short():
		return normal / 5
	}
	return normal
}

// TestWritesAgainstModel runs random statements, several in an entry, against
// the model: results, rows, indexes and counters after every entry.
func TestWritesAgainstModel(t *testing.T) {
	for seed := range int64(rounds(40, 3000)) {
		r := rand.New(rand.NewSource(seed))
		g := randomRig(t, r)
		a := &author{Rand: r, m: newModel(g)}
		for range 40 {
			var stmts []shard.Stmt
			var want []shard.Result
			a.m.firstID, a.m.ordinal = (g.index+1)<<24, 0
			for range 1 + r.Intn(4) {
				ins := a.statement()
				stmts = append(stmts, stmtOf(ins))
				want = append(want, a.m.apply(ins))
			}
			for i, got := range g.write(stmts...) {
				if !sameResult(got, want[i]) {
					t.Fatalf("seed %d, entry %d, statement %d of\n%s\ncame to %+v\nwant    %+v", seed, g.index, i, show(&shard.Entry{Body: &shard.Write{Stmts: stmts}}), got, want[i])
				}
			}
			root := g.m.Root()
			a.agree(tagged{t, seed, stmts}, root.Source, a.m)
			for _, mt := range a.m.tables {
				if c := root.Rel(mt.def.ID).Counter; c != mt.counter {
					t.Fatalf("seed %d: counter of %s is %d, want %d", seed, mt.def.Name, c, mt.counter)
				}
			}
		}
	}
}

// tagged adds the seed and the last statements to a failure.
type tagged struct {
	testing.TB
	seed  int64
	stmts []shard.Stmt
}

func (t tagged) Fatalf(format string, args ...any) {
	t.Helper()
	t.TB.Fatalf("seed %d: %s\nafter\n%s", t.seed, fmt.Sprintf(format, args...), show(&shard.Entry{Body: &shard.Write{Stmts: t.stmts}}))
}
