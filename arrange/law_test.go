package arrange

import (
	"fmt"
	"math/rand"
	"slices"
	"sort"
	"sync"
	"testing"

	"github.com/weirdb/weir/internal/invariant"
	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// The law of this package: whatever was staged, published and merged in
// whatever way, every read of a Snap answers as a sorted map does.

// entry is a row of the model.
type entry struct {
	key zset.Key
	row *zset.Batch // one row
	w   int64
}

// model is a Z-set by the canonical bytes of its rows.
type model map[string]entry

func (m model) clone() model {
	c := make(model, len(m))
	for k, e := range m {
		c[k] = e
	}
	return c
}

func (m model) add(s *Schema, b *zset.Batch) {
	var keys zset.Keys
	zset.NormaliseAs(&keys, b, s.Key, s.IntKey())
	for i := range b.N {
		id := string(b.AppendCanonical(nil, i, nil))
		e, ok := m[id]
		if !ok {
			e = entry{key: keys.At(i).Clone(), row: b.Slice(i, i+1).Clone()}
		}
		e.w += b.Weight(i)
		if e.w == 0 {
			delete(m, id)
		} else {
			m[id] = e
		}
	}
}

// sorted returns the entries by (key, canonical row).
func (m model) sorted() []entry {
	all := make([]entry, 0, len(m))
	for _, e := range m {
		all = append(all, e)
	}
	sort.Slice(all, func(i, j int) bool {
		if c := all[i].key.Compare(all[j].key); c != 0 {
			return c < 0
		}
		return zset.CompareRows(all[i].row, 0, all[j].row, 0, nil) < 0
	})
	return all
}

// subject is a lane under test with its random source.
type subject struct {
	t      *testing.T
	r      *rand.Rand
	schema *Schema
	sorted []entry // of the model that is compared with
}

var lawTypes = []types.Type{
	types.TypeInt,
	types.TypeInt.WithNull(true),
	types.TypeUint,
	types.TypeFloat.WithNull(true),
	types.NewDecimal(10, 2),
	types.NewDecimal(30, 5).WithNull(true),
	types.NewDecimal(60, 10),
	types.TypeText.WithNull(true),
	types.TypeBytes,
	types.TypeDate.WithNull(true),
}

var lawTexts = []string{"", "a", "A", "b", "B", "ab", "aB", "abc", "zz", "a\x00", "longer than eight"}

func randomValue(r *rand.Rand, t types.Type, spread int) types.Value {
	if t.Nullable && r.Intn(5) == 0 {
		return types.NullValue(t)
	}
	n := int64(r.Intn(spread) - spread/3)
	v := types.Value{Type: t, I: n}
	switch t.Phys() {
	case types.PhysFloat:
		v.F = []float64{0, -1 / float64(1<<62), 0.5, float64(n), -1}[r.Intn(5)]
		if r.Intn(8) == 0 {
			v.F *= -1
		}
	case types.PhysBytes:
		v.S = lawTexts[r.Intn(len(lawTexts))]
		if spread > 50 {
			v.S += fmt.Sprint(n)
		}
	}
	if t.Kind == types.Decimal {
		v.D = types.DecFromInt64(n)
	}
	return v
}

func (s *subject) randomRow(spread int) []types.Value {
	row := make([]types.Value, len(s.schema.Types))
	for i, t := range s.schema.Types {
		row[i] = randomValue(s.r, t, spread)
	}
	return row
}

func randomSchema(r *rand.Rand) *Schema {
	s := &Schema{Unique: r.Intn(2) == 0}
	for range 1 + r.Intn(4) {
		s.Types = append(s.Types, lawTypes[r.Intn(len(lawTypes))])
	}
	cols := r.Perm(len(s.Types))
	for _, c := range cols[:r.Intn(len(cols))+1] {
		s.Key = append(s.Key, zset.KeyCol{Col: c, Desc: r.Intn(4) == 0})
	}
	if r.Intn(3) == 0 {
		// The form that most tables have.
		s.Types[0], s.Key = types.TypeInt, []zset.KeyCol{{Col: 0, Desc: r.Intn(4) == 0}}
	}
	return s
}

// change returns a random change of the present content m, of about n rows.
func (s *subject) change(m model, n, spread int) *zset.Batch {
	b := zset.NewBatch(s.schema.Types, 0)
	if !s.schema.Unique {
		have := m.sorted()
		for range n {
			if len(have) > 0 && s.r.Intn(2) == 0 {
				e := have[s.r.Intn(len(have))]
				w := -e.w
				if s.r.Intn(3) == 0 {
					w = int64(s.r.Intn(5) - 2)
				}
				b.AppendRow(e.row, 0, w)
				continue
			}
			b.AppendValues(s.randomRow(spread), int64(s.r.Intn(4)-1))
		}
		return s.shuffled(b)
	}
	// Row versions may come and go several times within one change.
	present := map[string]entry{}
	for _, e := range m {
		present[string(keyBytes(e.key))] = e
	}
	have := m.sorted()
	for range n {
		row := zset.NewBatch(s.schema.Types, 1)
		if len(have) > 0 && s.r.Intn(2) == 0 {
			old := have[s.r.Intn(len(have))].row.Row(0)
			vals := s.randomRow(spread)
			for _, k := range s.schema.Key {
				vals[k.Col] = old[k.Col]
			}
			row.AppendValues(vals, 1)
		} else {
			row.AppendValues(s.randomRow(spread), 1)
		}
		var keys zset.Keys
		zset.NormaliseAs(&keys, row, s.schema.Key, s.schema.IntKey())
		id := string(keyBytes(keys.At(0)))
		if e, ok := present[id]; ok {
			b.AppendRow(e.row, 0, -1)
			delete(present, id)
			if s.r.Intn(3) == 0 {
				continue
			}
		}
		b.AppendRow(row, 0, 1)
		present[id] = entry{key: keys.At(0).Clone(), row: row}
	}
	return s.shuffled(b)
}

func keyBytes(k zset.Key) []byte {
	if k.IsInt {
		return fmt.Append(nil, k.Int)
	}
	return k.Bytes
}

func (s *subject) shuffled(b *zset.Batch) *zset.Batch {
	idx := make([]int32, b.N)
	for i, p := range s.r.Perm(b.N) {
		idx[i] = int32(p)
	}
	if s.r.Intn(3) > 0 {
		slices.Sort(idx)
	}
	out := zset.NewBatch(s.schema.Types, b.N)
	out.AppendGather(b, idx)
	return out
}

func (s *subject) randomCols() []int {
	cols := s.r.Perm(len(s.schema.Types))
	return cols[:s.r.Intn(len(cols)+1)]
}

// line renders a row as reads should give it.
func line(b *zset.Batch, i int, cols []int, w int64) string {
	if cols != nil && len(cols) == 0 {
		return fmt.Sprintf("%+d", w)
	}
	return fmt.Sprintf("%+d %x", w, b.AppendCanonical(nil, i, cols))
}

func (s *subject) lines(es []entry, cols []int) []string {
	var out []string
	for _, e := range es {
		out = append(out, line(e.row, 0, cols, e.w))
	}
	return out
}

// emitted renders a batch that a read gave.
func (s *subject) emitted(b *zset.Batch) []string {
	if b.N == 0 || b.N > zset.MaxRows {
		s.t.Fatalf("a batch of %d rows", b.N)
	}
	cols := []int{}
	for i := range b.Cols {
		cols = append(cols, i)
		if n := b.Cols[i].Len(); n != b.N {
			s.t.Fatalf("column %d has %d rows, the batch %d", i, n, b.N)
		}
	}
	var out []string
	for i := range b.N {
		out = append(out, line(b, i, cols, b.Weight(i)))
	}
	return out
}

func (s *subject) same(what string, got, want []string) {
	s.t.Helper()
	if !slices.Equal(got, want) {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		tail := func(x []string) []string { return x[min(i, len(x)):min(i+4, len(x))] }
		s.t.Fatalf("%s: schema %+v: %d rows, want %d; from row %d on\n got %v\nwant %v", what, *s.schema, len(got), len(want), i, tail(got), tail(want))
	}
}

func (s *subject) prefixKey(prefix int) zset.Key {
	b := zset.NewBatch(s.schema.Types, 1)
	if len(s.sorted) > 0 && s.r.Intn(4) > 0 {
		b.AppendRow(s.sorted[s.r.Intn(len(s.sorted))].row, 0, 1)
	} else {
		b.AppendValues(s.randomRow(1+s.r.Intn(200)), 1)
	}
	var keys zset.Keys
	zset.NormaliseAs(&keys, b, s.schema.Key[:prefix], s.schema.IntKey())
	return keys.At(0)
}

func (s *subject) randomRange() zset.Range {
	var rg zset.Range
	bound := func() *zset.Key {
		if s.r.Intn(3) == 0 {
			return nil
		}
		k := s.prefixKey(1 + s.r.Intn(len(s.schema.Key)))
		return &k
	}
	rg.Lo, rg.Hi = bound(), bound()
	if s.r.Intn(4) == 0 {
		rg.Hi = rg.Lo
	}
	rg.LoOpen, rg.HiOpen = s.r.Intn(3) == 0, s.r.Intn(3) == 0
	return rg
}

func (s *subject) within(rg zset.Range) []entry {
	var out []entry
	for _, e := range s.sorted {
		if rg.Contains(e.key) {
			out = append(out, e)
		}
	}
	return out
}

// check compares every way of reading snap with the model m.
func (s *subject) check(snap *Snap, m model) {
	s.t.Helper()
	s.sorted = m.sorted()
	sum := int64(0)
	for _, e := range s.sorted {
		sum += e.w
	}
	if snap.Rows() != sum {
		s.t.Fatalf("Rows %d, want %d", snap.Rows(), sum)
	}
	s.checkScan(snap, zset.Range{})
	s.checkScan(snap, s.randomRange())
	s.checkSeek(snap, 1+s.r.Intn(len(s.schema.Key)))
	s.checkSeek(snap, len(s.schema.Key))
	s.checkPoints(snap)
	s.checkCursor(snap, zset.Range{}, s.r.Intn(2) == 0)
	s.checkCursor(snap, s.randomRange(), s.r.Intn(2) == 0)
}

func (s *subject) checkScan(snap *Snap, rg zset.Range) {
	s.t.Helper()
	cols := s.randomCols()
	var got []string
	if err := snap.Scan(cols, rg, func(b *zset.Batch) error {
		got = append(got, s.emitted(b)...)
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
	s.same("Scan", got, s.lines(s.within(rg), cols))
}

func (s *subject) checkSeek(snap *Snap, prefix int) {
	s.t.Helper()
	keys := zset.NewKeys(s.schema.IntKey(), 0)
	var want, got []string
	cols := s.randomCols()
	for p := range s.r.Intn(40) {
		k := s.prefixKey(prefix)
		keys.Append(k)
		for _, e := range s.sorted {
			if e.key.HasPrefix(k) {
				want = append(want, fmt.Sprint(p, " ", line(e.row, 0, cols, e.w)))
			}
		}
	}
	if err := snap.Seek(keys, prefix, cols, func(probe []int32, b *zset.Batch) error {
		if len(probe) != b.N {
			s.t.Fatalf("%d probes for %d rows", len(probe), b.N)
		}
		for i, l := range s.emitted(b) {
			got = append(got, fmt.Sprint(probe[i], " ", l))
		}
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
	s.same(fmt.Sprintf("Seek over %d columns", prefix), got, want)
}

func (s *subject) checkPoints(snap *Snap) {
	s.t.Helper()
	var rowKeys zset.Keys
	rows := zset.NewBatch(s.schema.Types, 0)
	for range 10 {
		k, cols := s.prefixKey(len(s.schema.Key)), s.randomCols()
		var ts []types.Type
		for _, c := range cols {
			ts = append(ts, s.schema.Types[c])
		}
		dst := zset.NewBatch(ts, 0)
		n, err := snap.Get(k, cols, dst)
		if err != nil {
			s.t.Fatal(err)
		}
		var got []string
		if n > 0 {
			got = s.emitted(dst)
		}
		if n != dst.N {
			s.t.Fatalf("Get says %d rows and gave %d", n, dst.N)
		}
		s.same("Get", got, s.lines(s.within(zset.PrefixRange(k)), cols))

		if len(s.sorted) > 0 && s.r.Intn(3) > 0 {
			rows.AppendRow(s.sorted[s.r.Intn(len(s.sorted))].row, 0, 1)
		} else {
			rows.AppendValues(s.randomRow(5), 1)
		}
	}
	zset.NormaliseAs(&rowKeys, rows, s.schema.Key, s.schema.IntKey())
	all := make([]int64, rows.N)
	if err := snap.Weights(&rowKeys, rows, all); err != nil {
		s.t.Fatal(err)
	}
	for i := range rows.N {
		want := int64(0)
		for _, e := range s.sorted {
			if zset.EqualRow(e.row, 0, rows, i) {
				want = e.w
			}
		}
		one, err := snap.WeightOf(rowKeys.At(i), rows, i)
		if err != nil || one != want || all[i] != want {
			s.t.Fatalf("WeightOf %d, Weights %d, want %d (%v)", one, all[i], want, err)
		}
		k := rowKeys.At(i)
		if has, err := snap.Has(k); err != nil || has != (len(s.within(zset.PrefixRange(k))) > 0) {
			s.t.Fatalf("Has says %v of key %v (%v)", has, k, err)
		}
	}
}

func (s *subject) checkCursor(snap *Snap, rg zset.Range, reverse bool) {
	s.t.Helper()
	want := s.within(rg)
	if reverse {
		slices.Reverse(want)
	}
	if s.r.Intn(2) == 0 {
		want = want[:min(len(want), s.r.Intn(5))]
	}
	c := snap.Cursor(rg, reverse)
	defer c.Close()
	for i, e := range want {
		if !c.Next() {
			s.t.Fatalf("Cursor (reverse %v) ends before row %d of %d: %v", reverse, i, len(want), c.Err())
		}
		b, at := c.Row()
		if c.Key().Compare(e.key) != 0 || !zset.EqualRow(b, at, e.row, 0) || c.Weight() != e.w {
			s.t.Fatalf("Cursor (reverse %v) row %d: %+d %v, want %+d %v", reverse, i, c.Weight(), b.Row(at), e.w, e.row.Row(0))
		}
	}
	if len(want) == len(s.within(rg)) && c.Next() {
		s.t.Fatalf("Cursor (reverse %v) goes on behind the last row", reverse)
	}
}

// pinned is an old snapshot and what it must go on saying.
type pinned struct {
	snap *Snap
	want model
}

// history drives a lane through steps and checks it after each.
func history(t *testing.T, seed int64, steps, spread, rows int, env *Env, between func(*rand.Rand)) {
	r := rand.New(rand.NewSource(seed))
	s := &subject{t: t, r: r, schema: randomSchema(r)}
	t.Logf("seed %d, schema %+v, tail %d, block %d", seed, *s.schema, env.TailRows, env.blockRows)
	l := NewLane(env, s.schema)
	before, after := model{}, model{}
	var old []pinned
	for range steps {
		for range 1 + r.Intn(3) {
			n := r.Intn(rows)
			if r.Intn(3) == 0 {
				n = r.Intn(3)
			}
			d := s.change(after, n, spread)
			l.Stage(d)
			after.add(s.schema, d)
			if r.Intn(3) == 0 {
				s.check(l.After(), after)
			}
			between(r)
		}
		if r.Intn(6) == 0 {
			s.check(l.After(), after)
			old = append(old, pinned{l.After(), after.clone()})
			l.Discard()
			after = before.clone()
		} else {
			s.check(l.Before(), before)
			l.Publish()
			before = after.clone()
		}
		between(r)
		s.check(l.Before(), before)
		if r.Intn(4) == 0 {
			old = append(old, pinned{l.Before(), before.clone()})
		}
		if len(old) > 4 {
			old = slices.Delete(old, 0, 1)
		}
		for _, p := range old {
			if r.Intn(4) == 0 {
				s.check(p.snap, p.want)
			}
		}
	}
	for _, p := range old {
		s.check(p.snap, p.want)
	}
	if b := env.Budget; b != nil {
		if got := b.Used(mem.Runs); got != l.Before().Bytes() {
			t.Errorf("the budget counts %d bytes, the lane says %d", got, l.Before().Bytes())
		}
		l.Drop()
		if got := b.Used(mem.Runs); got != 0 {
			t.Errorf("the budget counts %d bytes after Drop", got)
		}
		if l.Before().Rows() != 0 {
			t.Error("a dropped lane has rows")
		}
	}
}

var lawSizes = []struct{ tail, block, spread, rows, steps int }{
	{tail: 4, block: 16, spread: 12, rows: 20, steps: 25},
	{tail: 16, block: 64, spread: 300, rows: 60, steps: 25},
	{tail: 64, block: 16, spread: 40, rows: 30, steps: 25},
	{tail: 0, block: 0, spread: 6, rows: 12, steps: 15},
}

// seeds returns n, or fewer where each run takes long.
func seeds(n int64) int64 {
	if raceEnabled || invariant.Enabled {
		return n / 6
	}
	return n
}

func TestLawWithMergesInTheCaller(t *testing.T) {
	for seed := range seeds(40) {
		z := lawSizes[seed%int64(len(lawSizes))]
		env := &Env{Budget: mem.NewBudget(0), TailRows: z.tail, blockRows: z.block}
		history(t, seed, z.steps, z.spread, z.rows, env, func(*rand.Rand) {})
		if t.Failed() {
			return
		}
	}
}

func TestLawWithMergesAtAnyMoment(t *testing.T) {
	for seed := range seeds(40) {
		z := lawSizes[seed%int64(len(lawSizes))]
		var jobs []func()
		env := &Env{Budget: mem.NewBudget(0), TailRows: z.tail, blockRows: z.block,
			Merge: func(job func()) { jobs = append(jobs, job) }}
		history(t, seed+1000, z.steps, z.spread, z.rows, env, func(r *rand.Rand) {
			if len(jobs) > 0 && r.Intn(4) == 0 {
				jobs[0]()
				jobs = jobs[1:]
			}
		})
		if t.Failed() {
			return
		}
	}
}

func TestLawWithMergesInTheBackground(t *testing.T) {
	for seed := range seeds(20) {
		z := lawSizes[seed%int64(len(lawSizes))]
		var wg sync.WaitGroup
		env := &Env{TailRows: z.tail, blockRows: z.block, Merge: func(job func()) {
			wg.Add(1)
			go func() {
				defer wg.Done()
				job()
			}()
		}}
		history(t, seed+2000, z.steps, z.spread, z.rows, env, func(*rand.Rand) {})
		wg.Wait()
		if t.Failed() {
			return
		}
	}
}

// Large changes, blocks and filters as they are in use.
func TestLawAtFullSize(t *testing.T) {
	for seed := range int64(3) {
		r := rand.New(rand.NewSource(seed))
		s := &subject{t: t, r: r, schema: &Schema{
			Types: []types.Type{types.TypeInt, types.TypeText.WithNull(true), types.TypeInt.WithNull(true)},
			Key:   [][]zset.KeyCol{zset.Cols(0), zset.Cols(1, 0), {{Col: 0, Desc: true}}}[seed], Unique: seed > 0}}
		l := NewLane(&Env{}, s.schema)
		m := model{}
		for range 3 {
			for _, n := range []int{9000, 700, 30} {
				d := s.change(m, n, 40000)
				l.Stage(d)
				m.add(s.schema, d)
				l.Publish()
			}
			s.check(l.Before(), m)
		}
		if n := l.Before().Runs(); n > 8 {
			t.Errorf("%d runs", n)
		}
	}
}
