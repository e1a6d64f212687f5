package plan_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel/reltest"
	"github.com/weirdb/weir/types"
	_ "github.com/weirdb/weir/types/collate"
	"github.com/weirdb/weir/zset"
)

// world is some relations with random rows, and random plans over them.
type world struct {
	r     *rand.Rand
	rels  []reltest.Relation
	infos map[uint64]plan.RelInfo
	rows  map[uint64][]reltest.Row
	plans *reltest.Plans
}

const worldRels = 3

func newWorld(seed int64) *world {
	r := rand.New(rand.NewSource(seed))
	w := &world{r: r, infos: map[uint64]plan.RelInfo{}, rows: map[uint64][]reltest.Row{}}
	for id := uint64(1); id <= worldRels; id++ {
		w.add(id)
	}
	w.plans = &reltest.Plans{R: r, Rels: w.rels}
	return w
}

// add makes a relation; relation 1 has a unique key and an index.
func (w *world) add(id uint64) {
	ts := reltest.RandomTypes(w.r, 2+w.r.Intn(3))
	info := plan.RelInfo{Types: ts, Key: zset.Cols(w.r.Intn(len(ts)))}
	if w.r.Intn(2) == 0 {
		info.Key = append(info.Key, zset.KeyCol{Col: (info.Key[0].Col + 1) % len(ts)})
	}
	b, _ := zset.Consolidate(reltest.RandomBatch(w.r, ts, w.r.Intn(25), true), info.Key)
	rows := reltest.Rows(b)
	if id == 1 {
		info.Unique = true
		rows = firstOfKeys(rows, info.Key)
		info.Indexes = []plan.IndexInfo{{ID: 1, Cols: []int{len(ts) - 1, 0}}}
	}
	w.rels = append(w.rels, reltest.Relation{ID: id, Types: ts})
	w.infos[id], w.rows[id] = info, rows
}

// firstOfKeys keeps one row of weight 1 for each key.
func firstOfKeys(rows []reltest.Row, key []zset.KeyCol) (out []reltest.Row) {
	seen := map[string]bool{}
	for _, row := range rows {
		text := ""
		for _, k := range key {
			text += reltest.KeyText(row.Vals[k.Col]) + "|"
		}
		if !seen[text] {
			seen[text] = true
			out = append(out, reltest.Row{Vals: row.Vals, W: 1})
		}
	}
	return out
}

func (w *world) info(id uint64) (plan.RelInfo, bool) {
	i, ok := w.infos[id]
	return i, ok
}

func (w *world) reference() *reltest.Reference {
	return &reltest.Reference{
		Table: func(id uint64) []reltest.Row { return w.rows[id] },
		Key: func(id uint64, index uint32) []zset.KeyCol {
			if index > 0 {
				return append(zset.Cols(w.infos[id].Indexes[index-1].Cols...), w.infos[id].Key...)
			}
			return w.infos[id].Key
		},
	}
}

// plan returns a random plan in which every Top with a limit orders by all
// columns: which of tied rows it keeps may change with the columns it sees.
func (w *world) plan(depth int) plan.Node {
	return plan.Transform(w.plans.Plan(depth), func(n plan.Node) plan.Node {
		t, ok := n.(*plan.Top)
		if !ok {
			return n
		}
		c := *t
		for i := range n.Schema() {
			c.Order = append(slices.Clone(c.Order), plan.Order{Col: i})
		}
		return &c
	})
}

// TestRulesKeepAnswers: what the rules make of a plan has the same answer. A
// plan that failed may not fail any more, but not the other way round.
func TestRulesKeepAnswers(t *testing.T) {
	rewrites := map[string]func(plan.Node, plan.Rels) plan.Node{
		"Optimise": plan.Optimise,
		"Prune":    func(n plan.Node, _ plan.Rels) plan.Node { return plan.Prune(n) },
		"Access": func(n plan.Node, rels plan.Rels) plan.Node {
			return plan.ChooseAccess(plan.Optimise(n, rels), rels)
		},
		"Distribute": func(n plan.Node, rels plan.Rels) plan.Node {
			return plan.Distribute(plan.Optimise(n, rels), rels)
		},
	}
	compared := 0
	for seed := range int64(700) {
		w := newWorld(seed)
		n := w.plan(1 + w.r.Intn(5))
		if err := plan.Validate(n); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		want, err := w.reference().Answer(n)
		if err != nil || len(want) > 5000 {
			continue
		}
		compared++
		for name, rewrite := range rewrites {
			m := rewrite(n, w.info)
			if err := plan.Validate(m); err != nil {
				t.Fatalf("seed %d, %s: %v\n%s\nof\n%s", seed, name, err, plan.Explain(m), plan.Explain(n))
			}
			got, err := w.reference().Answer(m)
			if err != nil || !sameRows(got, want) {
				t.Fatalf("seed %d, %s: error %v, answer\n%v\nwant\n%v\n%s\nof\n%s", seed, name, err,
					sorted(got), sorted(want), plan.Explain(m), plan.Explain(n))
			}
			checkNames(t, n, m)
		}
	}
	if compared < 250 {
		t.Errorf("only %d plans had an answer", compared)
	}
}

func checkNames(t *testing.T, n, m plan.Node) {
	t.Helper()
	for i, c := range n.Schema() {
		if m.Schema()[i].Name != c.Name {
			t.Fatalf("column %d is called %q, was %q", i, m.Schema()[i].Name, c.Name)
		}
	}
}

func sorted(rows []reltest.Row) []string {
	out := reltest.Texts(rows)
	slices.Sort(out)
	return out
}

func sameRows(a, b []reltest.Row) bool { return slices.Equal(sorted(a), sorted(b)) }

// TestUniqueKeysAreUnique: no two rows of an answer share the columns that
// UniqueKey names.
func TestUniqueKeysAreUnique(t *testing.T) {
	found := 0
	for seed := range int64(700) {
		w := newWorld(seed)
		n := w.plan(1 + w.r.Intn(4))
		key, ok := plan.UniqueKey(n, w.info)
		if !ok {
			continue
		}
		rows, err := w.reference().Answer(n)
		if err != nil {
			continue
		}
		found++
		seen := map[string]bool{}
		for _, row := range rows {
			text := ""
			for _, c := range key {
				text += reltest.KeyText(row.Vals[c]) + "|"
			}
			if seen[text] || row.W != 1 {
				t.Fatalf("seed %d: key %v stands for several rows of\n%s", seed, key, plan.Explain(n))
			}
			seen[text] = true
		}
	}
	if found < 150 {
		t.Errorf("only %d keys were found", found)
	}
}

// TestLanesTogetherAnswer: a distributed plan, done lane by lane, has the
// answer of the whole.
func TestLanesTogetherAnswer(t *testing.T) {
	compared := 0
	for seed := range int64(700) {
		w := newWorld(seed)
		n := plan.Optimise(w.plan(1+w.r.Intn(5)), w.info)
		want, err := w.reference().Answer(n)
		if err != nil || len(want) > 2000 {
			continue
		}
		d := plan.Distribute(n, w.info)
		l := laned{w: w, lanes: 3, parts: map[plan.Node]bool{}}
		if seed%2 == 0 {
			l.findParts(d)
		}
		got, err := l.answer(d)
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, plan.Explain(d))
		}
		compared++
		if all := slices.Concat(got...); !sameRows(all, want) {
			t.Fatalf("seed %d: answer\n%v\nwant\n%v\n%s", seed, sorted(all), sorted(want), plan.Explain(d))
		}
	}
	if compared < 250 {
		t.Errorf("only %d plans had an answer", compared)
	}
}

// laned answers plans lane by lane.
type laned struct {
	w     *world
	lanes int
	// parts are the global aggregates that put out a row in every lane.
	parts map[plan.Node]bool
}

// findParts finds the aggregates that are done per lane.
func (l laned) findParts(n plan.Node) {
	plan.Walk(n, func(n plan.Node) bool {
		if x, ok := n.(*plan.Exchange); ok && len(x.Keys) == 0 {
			l.parts[x.In] = true
		}
		return true
	})
}

func (l laned) answer(n plan.Node) ([][]reltest.Row, error) {
	switch n := n.(type) {
	case *plan.Scan:
		return l.scan(n)
	case *plan.Values:
		rows, err := l.w.reference().Answer(n)
		out := make([][]reltest.Row, l.lanes)
		out[0] = rows
		return out, err
	case *plan.Exchange:
		in, err := l.answer(n.In)
		return l.route(slices.Concat(in...), n.Keys), err
	}
	var ins [][][]reltest.Row
	for _, kid := range n.Children() {
		in, err := l.answer(kid)
		if err != nil {
			return nil, err
		}
		ins = append(ins, in)
	}
	out := make([][]reltest.Row, l.lanes)
	for lane := range out {
		rows, err := l.inLane(n, ins, lane)
		if err != nil {
			return nil, err
		}
		out[lane] = rows
	}
	return out, nil
}

// inLane answers n over what its inputs have in a lane. The row of a global
// aggregate over no input stands in lane 0, and where it is a part may stand in
// all.
func (l laned) inLane(n plan.Node, ins [][][]reltest.Row, lane int) ([]reltest.Row, error) {
	ref := &reltest.Reference{Table: func(id uint64) []reltest.Row { return ins[id][lane] }}
	kids := make([]plan.Node, len(ins))
	for i, kid := range n.Children() {
		sch := kid.Schema()
		kids[i] = &plan.Scan{Table: uint64(i), Sch: sch}
		for c := range sch {
			kids[i].(*plan.Scan).Cols = append(kids[i].(*plan.Scan).Cols, c)
		}
	}
	if a, ok := n.(*plan.Aggregate); ok && len(a.Groups) == 0 && lane > 0 && len(ins[0][lane]) == 0 && !l.parts[n] {
		return nil, nil
	}
	return ref.Answer(plan.WithChildren(n, kids))
}

func (l laned) scan(n *plan.Scan) ([][]reltest.Row, error) {
	stored := l.w.rows[n.Table]
	var key []int
	for _, k := range l.w.infos[n.Table].Key {
		key = append(key, k.Col)
	}
	out := l.route(stored, key)
	for lane, rows := range out {
		for i, row := range rows {
			vals := make([]types.Value, len(n.Cols))
			for j, c := range n.Cols {
				vals[j] = row.Vals[c]
			}
			out[lane][i] = reltest.Row{Vals: vals, W: row.W}
		}
	}
	return out, nil
}

// route sends rows to the lanes of their keys' slots.
func (l laned) route(rows []reltest.Row, key []int) [][]reltest.Row {
	out := make([][]reltest.Row, l.lanes)
	for _, row := range rows {
		lane := 0
		if len(key) > 0 {
			vals := make([]types.Value, len(key))
			for i, c := range key {
				vals[i] = row.Vals[c]
			}
			k := zset.NormaliseValues(vals, zset.Cols(key...), false)
			lane = int(zset.Slot(k.Hash())) * l.lanes / zset.Slots
		}
		out[lane] = append(out[lane], row)
	}
	return out
}

// TestCodecKeepsPlans: what is decoded is what was encoded, and no other bytes
// crash the decoder.
func TestCodecKeepsPlans(t *testing.T) {
	for seed := range int64(400) {
		w := newWorld(seed)
		n := w.plan(1 + w.r.Intn(5))
		if seed%2 == 0 {
			n = plan.ChooseAccess(plan.Optimise(n, w.info), w.info)
		}
		buf := plan.Append([]byte("head"), n)
		m, rest, err := plan.Decode(append(buf[4:], "tail"...))
		if err != nil || string(rest) != "tail" {
			t.Fatalf("seed %d: rest %q, error %v\n%s", seed, rest, err, plan.Explain(n))
		}
		if plan.Explain(m) != plan.Explain(n) || plan.Fingerprint(m) != plan.Fingerprint(n) {
			t.Fatalf("seed %d: decoded\n%s\nof\n%s", seed, plan.Explain(m), plan.Explain(n))
		}
		if again := plan.Append(nil, m); string(again) != string(buf[4:]) {
			t.Fatalf("seed %d: encoded again it differs", seed)
		}
		for range 50 {
			bad := slices.Clone(buf[4:])
			for range 1 + w.r.Intn(3) {
				bad[w.r.Intn(len(bad))] = byte(w.r.Intn(256))
			}
			bad = bad[:1+w.r.Intn(len(bad))]
			if m, _, err := plan.Decode(bad); err == nil {
				if err := plan.Validate(m); err != nil {
					t.Fatalf("seed %d: decoded a plan that is not valid: %v", seed, err)
				}
			}
		}
	}
}

// TestFingerprintIgnoresNames renames every column.
func TestFingerprintIgnoresNames(t *testing.T) {
	for seed := range int64(200) {
		w := newWorld(seed)
		n := w.plan(1 + w.r.Intn(4))
		if plan.Fingerprint(n) != plan.Fingerprint(renamed(n)) {
			t.Fatalf("seed %d: names count\n%s", seed, plan.Explain(n))
		}
		if f := (&plan.Filter{In: n, Preds: []expr.Expr{&expr.Const{V: types.IntValue(1)}}}); plan.Fingerprint(f) == plan.Fingerprint(n) {
			t.Fatalf("seed %d: a filter does not count", seed)
		}
	}
}

func renamed(n plan.Node) plan.Node {
	names := func(s plan.Schema) plan.Schema {
		s = slices.Clone(s)
		for i := range s {
			s[i].Name, s[i].Table, s[i].DB = fmt.Sprint("n", i), "t", "d"
		}
		return s
	}
	return plan.Transform(n, func(n plan.Node) plan.Node {
		switch n := n.(type) {
		case *plan.Scan:
			c := *n
			c.Name, c.Sch = "other", names(n.Sch)
			return &c
		case *plan.Project:
			return &plan.Project{In: n.In, Exprs: n.Exprs, Sch: names(n.Sch)}
		case *plan.Aggregate:
			c := *n
			c.Aggs, c.Sch = slices.Clone(n.Aggs), names(n.Sch)
			for i := range c.Aggs {
				c.Aggs[i].Name = "agg"
			}
			return &c
		}
		return n
	})
}
