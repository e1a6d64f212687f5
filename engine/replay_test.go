package engine_test

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/wlog"
	"github.com/weirdb/weir/wlog/disk"
	"github.com/weirdb/weir/zset"
)

// recorder is a machine that keeps the entries of a log.
type recorder struct{ entries []wlog.Entry }

func (r *recorder) Open() (uint64, error)       { return 0, nil }
func (r *recorder) Flush() (uint64, error)      { return 0, nil }
func (r *recorder) Pin() (wlog.Snapshot, error) { return nil, nil }
func (r *recorder) Apply(es []wlog.Entry) ([]any, error) {
	for _, e := range es {
		r.entries = append(r.entries, wlog.Entry{Index: e.Index, Data: slices.Clone(e.Data)})
	}
	return make([]any, len(es)), nil
}

// record runs a random history and more, so that every kind of entry is in
// it, and returns its log.
func record(t *testing.T, seed int64) []wlog.Entry {
	t.Helper()
	dir := t.TempDir()
	// Each look at the clock takes so long that backfills take small steps.
	var ticks atomic.Int64
	now := func() time.Time { return time.Unix(1_700_000_000, ticks.Add(1)*int64(20*time.Millisecond)) }
	e, err := engine.Open(engine.Options{Dir: dir, Lanes: 2, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, e, "")
	c.do("CREATE DATABASE d; USE d")
	conns := map[string]*client{"": c, "b": connect(t, e, "d")}
	rng := rand.New(rand.NewSource(seed))
	for _, s := range history(rng) {
		_, _ = conns[s.conn].try(s.sql) // what fails leaves an entry too, or none
	}
	// A backfill in several portions amid writes.
	c.do("CREATE TABLE large (id INT PRIMARY KEY, g INT, s VARCHAR(20)); INSERT INTO large VALUES (0, 0, 'seed')")
	for i := range 13 {
		c.do("INSERT INTO large SELECT id + %d, id %% 7, CONCAT('s', id %% 13) FROM large", 1<<i)
	}
	done := make(chan error)
	go func() {
		_, err := conns["b"].try("CREATE MATERIALIZED VIEW slow AS SELECT l.g, COUNT(*) AS n, MIN(l.s) AS s FROM large l JOIN large r ON l.id = r.g GROUP BY l.g")
		done <- err
	}()
	for i := range 20 {
		c.do("UPDATE large SET g = g + 1 WHERE id %% 20 = %d; INSERT INTO large VALUES (%d, 3, NULL)", i, 10000+i)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	c.do(`CREATE MATERIALIZED VIEW faulty AS SELECT id + 9223372036854775807 AS x FROM large WHERE id > 4000;
		DELETE FROM large WHERE id > 5000; TRUNCATE TABLE large; INSERT INTO large VALUES (1, 1, 'one');
		DROP MATERIALIZED VIEW slow`)
	closeNow(t, e)
	r := &recorder{}
	l, err := disk.Open(disk.Options{Dir: dir}, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return portion(t, r.entries)
}

// setting is one way to run a machine; none may change what comes out.
type setting struct {
	lanes, workers, tail int
	merges               string // inline, late, never
	portions             bool   // random hand-over sizes, else one by one
	kills                int    // times a fresh machine takes over
}

// observed is what a replay showed, by entry.
type observed struct {
	effects []string
	rows    []int // how many changed
	states  []state
}

// state is a whole state as text.
type state struct {
	catalog string
	rels    []relText
}

type relText struct {
	name, text string
	ready      bool
}

// replayLog runs entries on fresh machines as s says.
func replayLog(t *testing.T, entries []wlog.Entry, s setting, rng *rand.Rand) *observed {
	t.Helper()
	out := &observed{}
	known := map[*shard.Rel]string{}
	var jobs []func()
	env := &arrange.Env{TailRows: s.tail}
	if s.merges != "inline" {
		env.Merge = func(job func()) { jobs = append(jobs, job) }
	}
	start := func() *shard.Machine {
		return shard.New(shard.Options{
			Lanes: s.lanes, Arrange: env, Workers: push.Parallel(s.workers),
			Observe: func(eff *shard.Effect, root *shard.Root) {
				if eff.Index <= uint64(len(out.effects)) {
					return // read again after a kill
				}
				out.effects = append(out.effects, effectText(eff))
				out.rows = append(out.rows, eff.Rows)
				out.states = append(out.states, stateOf(t, root, known))
			},
		})
	}
	var kills []int
	for range s.kills {
		kills = append(kills, 1+rng.Intn(len(entries)))
	}
	slices.Sort(kills)
	m, at := start(), 0
	for at < len(entries) {
		n := 1
		if s.portions {
			n = 1 + rng.Intn(9)
		}
		stop := len(entries)
		if len(kills) > 0 {
			stop = max(kills[0], at+1)
		}
		next := min(at+n, stop)
		if _, err := m.Apply(entries[at:next]); err != nil {
			t.Fatal(err)
		}
		at = next
		if s.merges == "late" && rng.Intn(4) == 0 {
			for len(jobs) > 0 {
				job := jobs[0]
				jobs = jobs[1:]
				job()
			}
		}
		if len(kills) > 0 && at >= kills[0] {
			kills = kills[1:]
			m, at, jobs = start(), 0, nil
		}
	}
	return out
}

// effectText renders what the clients of an entry are told.
func effectText(eff *shard.Effect) string {
	var b strings.Builder
	for _, r := range eff.Results {
		fmt.Fprintf(&b, "%d affected, %d matched, %d changed, %d skipped, id %d, again %v, conflict %v, error %v, warnings %v; ",
			r.Affected, r.Matched, r.Changed, r.Skipped, r.LastID, r.Again, r.Conflict, r.Err, r.Warnings)
	}
	return b.String()
}

// stateOf renders the whole state of a root: the catalog, and every
// relation's rows, errors, indexes and counter, whatever lanes they lie in.
//
// Roots share the Rels that did not change; known keeps their text.
func stateOf(t *testing.T, root *shard.Root, known map[*shard.Rel]string) state {
	t.Helper()
	out := state{catalog: fmt.Sprintf("clock %d catalog %x", root.Clock, root.Catalog.Append(nil))}
	for _, r := range root.Catalog.Relations() {
		id, db, name := r.Ident()
		x := root.Rel(id)
		v, isView := r.(*catalog.View)
		if known[x] == "" {
			known[x] = relString(t, x)
		}
		out.rels = append(out.rels, relText{db + "." + name, known[x], !isView || v.Ready})
	}
	return out
}

func relString(t *testing.T, x *shard.Rel) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "counter %d failed %v\n%s", x.Counter, x.Failed, rowsText(t, x.Main))
	if x.Errors != nil {
		fmt.Fprintf(&b, "errors\n%s", rowsText(t, x.Errors))
	}
	for _, ix := range x.Indexes {
		fmt.Fprintf(&b, "index %d\n%s", ix.ID, rowsText(t, ix.Source))
	}
	return b.String()
}

// rowsText renders a relation's rows with their weights, and checks that each
// lane holds rows once, sorted by key.
func rowsText(t *testing.T, src rel.Source) string {
	t.Helper()
	cols := make([]int, len(src.Types()))
	for i := range cols {
		cols[i] = i
	}
	var lines []string
	isInt := zset.KeyIsInt(src.Types(), src.Key())
	for l := range src.Lanes() {
		var keys zset.Keys
		var last *zset.Key
		err := src.Scan(l, cols, zset.Range{}, func(rows *zset.Batch) error {
			zset.NormaliseAs(&keys, rows, src.Key(), isInt)
			for i := range rows.N {
				if last != nil && keys.CompareKey(i, *last) < 0 {
					t.Errorf("lane %d: row %s comes after a larger key", l, text(rows.Row(i)))
				}
				k := keys.At(i).Clone()
				last = &k
				lines = append(lines, fmt.Sprintf("  %s * %d\n", text(rows.Row(i)), rows.Weight(i)))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(lines)
	for i := 1; i < len(lines); i++ {
		if lines[i] == lines[i-1] && len(src.Key()) > 0 {
			t.Errorf("row %s is there twice", lines[i])
		}
	}
	return strings.Join(lines, "")
}

// TestReplay replays recorded logs in many settings. After every entry the
// effects and the whole state are equal.
//
// Another number of lanes is another shard: an Advance takes other portions,
// so how far a backfill is differs, and nothing else.
func TestReplay(t *testing.T) {
	seeds := 2
	if testing.Short() {
		seeds = 1
	}
	for seed := range int64(seeds) {
		entries := record(t, seed)
		rng := rand.New(rand.NewSource(seed))
		sameLanes := map[int]*observed{}
		var first *observed
		for i, s := range []setting{
			{lanes: 1, workers: 1, merges: "inline"},
			{lanes: 3, workers: 1, merges: "inline"},
			{lanes: 3, workers: 7, merges: "late", portions: true},
			{lanes: 1, workers: 7, merges: "late", portions: true, tail: 2, kills: 1},
			{lanes: 3, workers: 7, merges: "never", portions: true, tail: 3, kills: 2},
			{lanes: 3, workers: 1, merges: "inline", tail: 1},
		} {
			got := replayLog(t, entries, s, rng)
			what := fmt.Sprintf("seed %d, setting %d %+v", seed, i, s)
			if first == nil {
				first = got
			}
			if same := sameLanes[s.lanes]; same != nil {
				equal(t, what, got, same)
			}
			sameLanes[s.lanes] = got
			alike(t, what, entries, got, first)
			if t.Failed() {
				return
			}
		}
	}
}

// equal holds two replays with as many lanes to be equal in all.
func equal(t *testing.T, what string, got, want *observed) {
	t.Helper()
	for i := range want.effects {
		switch {
		case got.effects[i] != want.effects[i]:
			t.Fatalf("%s: entry %d has the effect\n%s\nwant\n%s", what, i+1, got.effects[i], want.effects[i])
		case got.rows[i] != want.rows[i]:
			t.Fatalf("%s: entry %d changes %d rows, want %d", what, i+1, got.rows[i], want.rows[i])
		case got.states[i].catalog != want.states[i].catalog:
			t.Fatalf("%s: after entry %d the catalog differs:\n%s\n%s", what, i+1, got.states[i].catalog, want.states[i].catalog)
		}
		for j, r := range want.states[i].rels {
			if g := got.states[i].rels[j]; g != r {
				t.Fatalf("%s: after entry %d %s differs: %s", what, i+1, r.name, firstDifference(g.text, r.text))
			}
		}
	}
}

// alike holds replays with other lanes to be equal in all but the progress of
// backfills, and at the end in that too.
func alike(t *testing.T, what string, entries []wlog.Entry, got, want *observed) {
	t.Helper()
	for i := range want.effects {
		e, err := shard.DecodeEntry(entries[i].Data)
		if err != nil {
			t.Fatal(err)
		}
		_, advance := e.Body.(*shard.Advance)
		if !advance && got.effects[i] != want.effects[i] {
			t.Fatalf("%s: entry %d has the effect\n%s\nwant\n%s", what, i+1, got.effects[i], want.effects[i])
		}
		for j, r := range want.states[i].rels {
			if g := got.states[i].rels[j]; g.ready && r.ready && g != r {
				t.Fatalf("%s: after entry %d %s differs: %s", what, i+1, r.name, firstDifference(g.text, r.text))
			}
		}
	}
	if last := len(want.states) - 1; got.states[last].catalog != want.states[last].catalog {
		t.Fatalf("%s: at the end the catalog differs:\n%s\n%s", what, got.states[last].catalog, want.states[last].catalog)
	}
}

// portion has the Advances of a log take few rows, and the last for each
// edge of a view all, so that a machine of any number of lanes finishes a
// backfill by the entry at which the recorded one did.
func portion(t *testing.T, entries []wlog.Entry) []wlog.Entry {
	t.Helper()
	edges, left := map[uint64]int{}, map[uint64]int{}
	m := shard.New(shard.Options{Lanes: 2, Arrange: &arrange.Env{}})
	each := func(visit func(i int, d *shard.Entry, a *shard.Advance)) {
		for i, e := range entries {
			d, err := shard.DecodeEntry(e.Data)
			if err != nil {
				t.Fatal(err)
			}
			a, _ := d.Body.(*shard.Advance)
			visit(i, d, a)
		}
	}
	each(func(i int, d *shard.Entry, a *shard.Advance) {
		if _, err := m.Apply(entries[i : i+1]); err != nil {
			t.Fatal(err)
		}
		if a != nil {
			left[a.View]++
			if r, ok := m.Root().Catalog.ByID(a.View); ok {
				edges[a.View] = len(r.(*catalog.View).Inputs)
			}
		}
	})
	out := slices.Clone(entries)
	each(func(i int, d *shard.Entry, a *shard.Advance) {
		if a == nil {
			return
		}
		a.Rows = 1 << 20
		if left[a.View] > edges[a.View] {
			a.Rows = 300
		}
		left[a.View]--
		out[i].Data = shard.AppendEntry(nil, d)
	})
	return out
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			lo := max(i-3, 0)
			return fmt.Sprintf("line %d: %s\nwant %s\nafter %s", i+1, g[i], w[i], strings.Join(w[lo:i], " / "))
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(g), len(w))
}

// TestEntriesDecode reads every entry of a recorded log, writes it again, and
// holds damaged ones to an error or another entry, never a panic. What
// decodes runs on a machine without a panic or a fault of the replica.
func TestEntriesDecode(t *testing.T) {
	entries := record(t, 1)
	rng := rand.New(rand.NewSource(1))
	refused := 0
	for _, e := range entries {
		if len(e.Data) > 1<<14 {
			continue
		}
		decoded, err := shard.DecodeEntry(e.Data)
		if err != nil {
			t.Fatalf("entry %d: %v", e.Index, err)
		}
		if again := shard.AppendEntry(nil, decoded); string(again) != string(e.Data) {
			t.Errorf("entry %d of %d bytes is written again as %d bytes", e.Index, len(e.Data), len(again))
		}
		for range 30 {
			bad := slices.Clone(e.Data)
			for range 1 + rng.Intn(3) {
				bad[rng.Intn(len(bad))] = byte(rng.Intn(256))
			}
			if rng.Intn(3) == 0 {
				bad = bad[:rng.Intn(len(bad))]
			}
			if _, err := shard.DecodeEntry(bad); err != nil {
				refused++
			}
		}
	}
	if refused == 0 {
		t.Error("no damaged entry was refused")
	}
}
