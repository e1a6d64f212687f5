package shard_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/pull"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/wlog"
	"github.com/weirdb/weir/zset"
)

// bag is a Z-set: weights by the canonical bytes of a row.
type bag map[string]int64

func bagOf(t testing.TB, src rel.Source) bag {
	t.Helper()
	out := bag{}
	if src == nil {
		return out
	}
	var buf []byte
	for l := range src.Lanes() {
		err := src.Scan(l, allCols(src), zset.Range{}, func(b *zset.Batch) error {
			for i := range b.N {
				buf = b.AppendCanonical(buf[:0], i, nil)
				out[string(buf)] += b.Weight(i)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// distance is how many rows of a change lead from one Z-set to another.
func distance(a, b bag) int {
	n := 0
	for k, w := range a {
		if b[k] != w {
			n++
		}
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			n++
		}
	}
	return n
}

// content is what a root holds of one relation.
type content struct {
	rel          *shard.Rel
	rows, errors bag
}

// moment is everything that must be equal after an entry: what the step
// answered, and the state.
type moment struct {
	root    *shard.Root
	effect  string
	rows    int  // Effect.Rows
	advance bool // the entry was an Advance
	rels    map[uint64]content
}

func sayEffect(eff *shard.Effect) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%d:", eff.Index)
	for _, r := range eff.Results {
		fmt.Fprintf(&w, "\n  %d of %d, changed %d, last %d, skipped %d, again %v, conflict %v, error %s", r.Affected, r.Matched, r.Changed, r.LastID, r.Skipped, r.Again, r.Conflict, sayError(r.Err))
		for _, e := range r.Warnings {
			w.WriteString("\n    " + sayError(e))
		}
	}
	return w.String()
}

func sayError(e *sqlerr.Error) string {
	if e == nil {
		return "none"
	}
	return fmt.Sprintf("%d row %d %s", e.Code, e.Row, e.Error())
}

// take looks at a root; what has not been touched since before is not read
// again.
func take(t testing.TB, before *moment, eff *shard.Effect, root *shard.Root) *moment {
	t.Helper()
	m := &moment{root: root, effect: sayEffect(eff), rows: eff.Rows, rels: map[uint64]content{}}
	if strings.Contains(m.effect, "internal error") {
		t.Fatal(m.effect)
	}
	for _, r := range root.Catalog.Relations() {
		id, _, _ := r.Ident()
		state := root.Rel(id)
		if state == nil {
			t.Fatalf("relation %d is in the catalog only", id)
		}
		if state.Failed != nil {
			t.Fatal(state.Failed)
		}
		if before != nil && before.rels[id].rel == state {
			m.rels[id] = before.rels[id]
			continue
		}
		c := content{rel: state, rows: bagOf(t, state.Main), errors: bagOf(t, state.Errors)}
		for _, ix := range state.Indexes {
			if !maps.Equal(bagOf(t, ix.Source), c.rows) {
				same(t, fmt.Sprintf("entry %d: index %d of relation %d", eff.Index, ix.ID, id), scan(t, ix.Source), scan(t, state.Main))
			}
		}
		m.rels[id] = c
	}
	return m
}

// equalMoments says what differs between a moment and what it should be.
// Between machines of different lanes, views that are being filled have other
// rows so far: a chunk is taken from all lanes.
func equalMoments(t testing.TB, got, want *moment, sameLanes bool) string {
	filling := map[uint64]bool{}
	if !sameLanes {
		for _, m := range []*moment{got, want} {
			for _, r := range m.root.Catalog.Relations() {
				if v, ok := r.(*catalog.View); ok && !v.Ready {
					filling[v.ID] = true
				}
			}
		}
	}
	if sameLanes || !want.advance {
		if got.effect != want.effect {
			return fmt.Sprintf("the effect is\n%s\nwant\n%s", got.effect, want.effect)
		}
		if got.rows != want.rows && len(filling) == 0 {
			return fmt.Sprintf("%d rows have changed, want %d", got.rows, want.rows)
		}
	}
	if g, w := string(got.root.Catalog.Append(nil)), string(want.root.Catalog.Append(nil)); g != w && len(filling) == 0 {
		return "the catalogs differ"
	}
	if got.root.Clock != want.root.Clock || got.root.Index != want.root.Index {
		return fmt.Sprintf("clock %d, index %d; want %d, %d", got.root.Clock, got.root.Index, want.root.Clock, want.root.Index)
	}
	for _, r := range want.root.Catalog.Relations() {
		id, _, _ := r.Ident()
		g, w := got.rels[id], want.rels[id]
		switch {
		case filling[id]:
		case g.rel.Counter != w.rel.Counter:
			return fmt.Sprintf("relation %d: the counter is %d, want %d", id, g.rel.Counter, w.rel.Counter)
		case !maps.Equal(g.rows, w.rows):
			return fmt.Sprintf("relation %d holds\n  %s\nwant\n  %s", id, strings.Join(scan(t, g.rel.Main), "\n  "), strings.Join(scan(t, w.rel.Main), "\n  "))
		case !maps.Equal(g.errors, w.errors):
			return fmt.Sprintf("the errors of relation %d are\n%q\nwant\n%q", id, slices.Sorted(maps.Keys(g.errors)), slices.Sorted(maps.Keys(w.errors)))
		}
	}
	return ""
}

// setting is one way to run a machine; none may show.
type setting struct {
	lanes, workers, tail int
	merge                string // inline, background, never
	most                 int    // entries handed over at once
}

// replay gives entries to a fresh machine and returns what it was after each.
func replay(t testing.TB, r *rand.Rand, entries [][]byte, s setting) []*moment {
	t.Helper()
	var merges sync.WaitGroup
	env := &arrange.Env{TailRows: s.tail}
	switch s.merge {
	case "background":
		env.Merge = func(job func()) { merges.Go(job) }
	case "never":
		env.Merge = func(func()) {}
	}
	advances := map[uint64]bool{}
	for i, data := range entries {
		e, err := shard.DecodeEntry(data)
		if err != nil {
			t.Fatal(err)
		}
		_, advances[uint64(i+1)] = e.Body.(*shard.Advance)
	}
	var out []*moment
	var before *moment
	m := shard.New(shard.Options{Lanes: s.lanes, Workers: push.Parallel(s.workers), Arrange: env, Observe: func(eff *shard.Effect, root *shard.Root) {
		before = take(t, before, eff, root)
		before.advance = advances[eff.Index]
		out = append(out, before)
	}})
	for at := 0; at < len(entries); {
		n := min(1+r.Intn(s.most), len(entries)-at)
		var hand []wlog.Entry
		for i := at; i < at+n; i++ {
			hand = append(hand, wlog.Entry{Index: uint64(i + 1), Data: slices.Clone(entries[i])})
		}
		results, err := m.Apply(hand)
		if err != nil {
			t.Fatal(err)
		}
		for i, res := range results {
			if got := sayEffect(res.(*shard.Effect)); got != out[at+i].effect {
				t.Fatalf("entry %d answers %s but shows %s", at+i+1, got, out[at+i].effect)
			}
			clear(hand[i].Data) // what was lent may be used for something else
		}
		at += n
	}
	merges.Wait()
	return out
}

// holdsLaw checks that every view that is ready is what its plan says over
// the root, or that both fail.
func holdsLaw(t testing.TB, root *shard.Root) {
	t.Helper()
	for _, r := range root.Catalog.Relations() {
		v, ok := r.(*catalog.View)
		if !ok || !v.Ready {
			continue
		}
		runner, err := pull.Build(v.Plan)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		err = runner.Run(context.Background(), &pull.Env{Source: func(id uint64, index uint32) (rel.Source, error) {
			return root.Source(id, index), nil
		}}, func(b *zset.Batch) error {
			want = append(want, lines(b)...)
			return nil
		})
		state := root.Rel(v.ID)
		if failed := state.Errors != nil; failed != (err != nil) {
			t.Fatalf("entry %d: view %s has errors: %v, its query fails with %v", root.Index, v.Name, failed, err)
		}
		if err == nil {
			slices.Sort(want)
			same(t, fmt.Sprintf("entry %d: view %s AS %s", root.Index, v.Name, v.Text), scan(t, state.Main), want)
		}
	}
}

// TestReplay holds the law of the step: one history gives one state, after
// every entry, whatever runs it. Machines that are killed begin anew from the
// log's start, as one after a restart does.
func TestReplay(t *testing.T) {
	for seed := range int64(rounds(10, 400)) {
		entries := record(t, seed, 60, seed%5 == 4)
		r := rand.New(rand.NewSource(seed))
		first := map[int][]*moment{} // by lanes
		for _, lanes := range []int{1, 3} {
			s := setting{lanes: lanes, workers: 1, most: 1}
			first[lanes] = replay(t, r, entries, s)
			plausible(t, seed, first[lanes])
			compare(t, seed, s, entries, first[lanes], first[1], lanes == 1)
		}
		for n := range 5 {
			s := setting{
				lanes: []int{1, 3}[r.Intn(2)], workers: []int{1, 7}[n%2], tail: []int{0, 1, 5}[r.Intn(3)],
				merge: []string{"inline", "background", "never"}[n%3], most: 1 + r.Intn(9),
			}
			upTo := len(entries)
			if n > 2 {
				upTo = 1 + r.Intn(len(entries)) // killed here
			}
			compare(t, seed, s, entries, replay(t, r, entries[:upTo], s), first[s.lanes], true)
		}
	}
}

func compare(t testing.TB, seed int64, s setting, entries [][]byte, got, want []*moment, sameLanes bool) {
	t.Helper()
	for i, m := range got {
		if diff := equalMoments(t, m, want[i], sameLanes); diff != "" {
			e, _ := shard.DecodeEntry(entries[i])
			t.Fatalf("seed %d, %+v, entry %d:\n%s\nafter\n%s", seed, s, i+1, diff, show(e))
		}
	}
}

// plausible checks a history by itself: an effect counts the rows that differ
// from one root to the next, and views are what their queries say.
func plausible(t testing.TB, seed int64, all []*moment) {
	t.Helper()
	for i, m := range all {
		if i%7 == 0 || i == len(all)-1 {
			holdsLaw(t, m.root)
		}
		if i == 0 || len(m.rels) < len(all[i-1].rels) {
			continue // what is dropped is not counted
		}
		changed := 0
		for id, c := range m.rels {
			changed += distance(all[i-1].rels[id].rows, c.rows)
		}
		if changed != m.rows {
			t.Fatalf("seed %d: %d rows have changed; the effect says %d and\n%s", seed, changed, m.rows, m.effect)
		}
	}
}
