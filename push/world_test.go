package push_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strings"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/pull"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	_ "github.com/weirdb/weir/types/collate"
	"github.com/weirdb/weir/zset"
)

// relation is a table (its rows have a key) or a bag (all columns are its key
// and a row stands several times), as a test knows it.
type relation struct {
	id    uint64
	name  string
	types []types.Type
	key   []int
	bag   bool
}

func (r *relation) schema() plan.Schema {
	var s plan.Schema
	for i, t := range r.types {
		s = append(s, plan.Column{Name: fmt.Sprintf("%s%d", r.name, i), Type: t})
	}
	return s
}

// set is one change of a history: under the slot there shall be row w times,
// whatever was there before. So a history stays one when parts are left out.
type set struct {
	rel  int
	slot string
	row  []types.Value
	w    int64
}

type history [][]set

// law is a plan over relations and a history to hold it against.
type law struct {
	rels []*relation
	node plan.Node
	hist history
}

// config is one of the ways to run a circuit, which must all agree.
type config struct {
	lanes   int
	workers int
	share   bool
	// late makes the circuit after so many steps and fills it in chunks of so
	// many rows, several a step.
	late, chunk int
	// optimise has the plan go through plan.Optimise first, for both runners:
	// it may change which of equal rows a Top keeps and which rows fail.
	optimise bool
	// feint makes every third step preceded by another one that is discarded.
	feint bool
}

func (c config) String() string {
	return fmt.Sprintf("lanes=%d workers=%d share=%v optimise=%v late=%d chunk=%d feint=%v",
		c.lanes, c.workers, c.share, c.optimise, c.late, c.chunk, c.feint)
}

// stored is a relation in a world: its content twice, as a model and as an
// arrangement.
type stored struct {
	*relation
	arr   *arrange.Arrangement
	slots map[string]set
	load  map[string]bool // slots loaded into the circuit
	left  []string        // slots still to load, in order
}

// world runs one law under one config.
type world struct {
	law  *law
	node plan.Node
	cfg  config
	rels []*stored
	c    *push.Circuit
	full bool
	view map[string]int64
	errs map[string]int64
	text map[string]string
	log  []string // what each step put out
}

func newWorld(l *law, cfg config) *world {
	w := &world{law: l, node: l.node, cfg: cfg, view: map[string]int64{}, errs: map[string]int64{}, text: map[string]string{}}
	for _, r := range l.rels {
		sch := &arrange.Schema{Types: r.types, Key: zset.Cols(r.key...), Unique: !r.bag}
		w.rels = append(w.rels, &stored{relation: r, arr: arrange.NewArrangement(&arrange.Env{}, sch, cfg.lanes),
			slots: map[string]set{}, load: map[string]bool{}})
	}
	if cfg.optimise {
		w.node = plan.Optimise(l.node, w.info)
	}
	return w
}

func (w *world) find(id uint64) *stored {
	for _, r := range w.rels {
		if r.id == id {
			return r
		}
	}
	return nil
}

func (w *world) info(id uint64) (plan.RelInfo, bool) {
	r := w.find(id)
	return plan.RelInfo{Types: r.types, Key: zset.Cols(r.key...), Unique: !r.bag}, true
}

// build makes the circuit and takes its first answer.
func (w *world) build() error {
	env := &push.Env{Lanes: w.cfg.lanes, Arrange: &arrange.Env{}, Workers: push.Parallel(w.cfg.workers)}
	if w.cfg.share {
		env.Shared = func(table uint64) (*arrange.Arrangement, bool) { return w.find(table).arr, true }
	}
	spread := plan.Distribute(w.node, w.info)
	if err := plan.Validate(spread); err != nil {
		return fmt.Errorf("%w\n%s", err, plan.Explain(spread))
	}
	c, err := push.Build(spread, nil, env)
	if err != nil {
		return err
	}
	w.c = c
	out, err := c.Init()
	if err != nil {
		return err
	}
	w.take(out)
	c.Publish()
	return nil
}

// take adds what a step put out to the view.
func (w *world) take(out *push.Out) {
	var log strings.Builder
	for i, lane := range out.Delta {
		fmt.Fprintf(&log, "lane %d\n", i)
		for _, b := range lane {
			w.add(w.view, b)
			log.WriteString(b.String())
		}
	}
	if out.Errors != nil {
		w.add(w.errs, out.Errors)
		log.WriteString("errors\n" + out.Errors.String())
	}
	w.log = append(w.log, log.String())
}

func (w *world) add(m map[string]int64, b *zset.Batch) {
	for i := range b.N {
		k := string(b.AppendCanonical(nil, i, nil))
		w.text[k] = fmt.Sprint(b.Row(i))
		if m[k] += b.Weight(i); m[k] == 0 {
			delete(m, k)
		}
	}
}

// apply makes the sets of a step part of the model and returns the change.
func (w *world) apply(step []set) []*zset.Batch {
	deltas := make([]*zset.Batch, len(w.rels))
	for i, r := range w.rels {
		deltas[i] = zset.NewBatch(r.types, 0)
	}
	for _, s := range step {
		r := w.rels[s.rel]
		if old, ok := r.slots[s.slot]; ok {
			deltas[s.rel].AppendValues(old.row, -old.w)
			delete(r.slots, s.slot)
		}
		if s.w > 0 {
			deltas[s.rel].AppendValues(s.row, s.w)
			r.slots[s.slot] = s
		}
	}
	return deltas
}

// split cuts rows into the lanes of a relation, several batches each.
func (w *world) split(r *stored, b *zset.Batch) [][]*zset.Batch {
	lanes := make([][]*zset.Batch, w.cfg.lanes)
	if b.N == 0 {
		return lanes
	}
	var keys zset.Keys
	zset.Normalise(&keys, b, zset.Cols(r.key...))
	for i := range b.N {
		lane := &lanes[arrange.LaneOf(keys.Hash(i), w.cfg.lanes)]
		if k := len(*lane); k == 0 || w.cfg.lanes > 1 && (*lane)[k-1].N >= 700 {
			*lane = append(*lane, zset.NewBatch(r.types, 0))
		}
		(*lane)[len(*lane)-1].AppendRow(b, i, b.Weight(i))
	}
	return lanes
}

// loaded returns the rows of a change whose slots the circuit has loaded.
func (w *world) loaded(i int, step []set, before map[string]set) *zset.Batch {
	r := w.rels[i]
	b := zset.NewBatch(r.types, 0)
	now := map[string]set{}
	for _, s := range step {
		if s.rel != i || !r.load[s.slot] {
			continue
		}
		old, ok := now[s.slot]
		if !ok {
			old, ok = before[s.slot]
		}
		if ok && old.w > 0 {
			b.AppendValues(old.row, -old.w)
		}
		if s.w > 0 {
			b.AppendValues(s.row, s.w)
		}
		now[s.slot] = s
	}
	return b
}

// step runs one step of the history.
func (w *world) step(n int, step []set) error {
	if w.c == nil && n >= w.cfg.late {
		if err := w.begin(); err != nil {
			return err
		}
	}
	if w.cfg.feint && w.c != nil && n%3 == 2 && len(w.law.hist) > 1 {
		if err := w.feint(w.law.hist[(n*7)%len(w.law.hist)]); err != nil {
			return err
		}
	}
	before := make([]map[string]set, len(w.rels))
	if !w.full {
		for i, r := range w.rels {
			before[i] = map[string]set{}
			for k, v := range r.slots {
				before[i][k] = v
			}
		}
	}
	deltas := w.apply(step)
	var in []push.Change
	for i, r := range w.rels {
		r.arr.Stage(deltas[i])
		lanes := w.split(r, deltas[i])
		ch := push.Changed(r.id, lanes)
		if w.c != nil && !w.full {
			ch.Edge = w.split(r, w.loaded(i, step, before[i]))
		}
		in = append(in, ch)
	}
	if w.c != nil {
		if err := w.run(in); err != nil {
			return err
		}
	}
	for i, r := range w.rels {
		r.arr.Publish()
		for _, s := range step {
			if !w.full && s.rel == i && w.c != nil && !r.load[s.slot] && !slices.Contains(r.left, s.slot) {
				r.left = append(r.left, s.slot)
			}
		}
	}
	if w.c != nil && !w.full {
		if err := w.fill(w.cfg.chunk); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) run(in []push.Change) error {
	out, err := w.c.Step(in)
	if err != nil {
		return err
	}
	w.take(out)
	w.c.Publish()
	return nil
}

// begin makes the circuit; the rows that are there will have to be loaded.
func (w *world) begin() error {
	if err := w.build(); err != nil {
		return err
	}
	w.full = true
	for _, r := range w.rels {
		for slot := range r.slots {
			r.left = append(r.left, slot)
		}
		slices.Sort(r.left)
		w.full = w.full && len(r.left) == 0
	}
	return nil
}

// fill loads a chunk of each relation, each in a step of its own.
func (w *world) fill(chunk int) error {
	full := true
	for _, r := range w.rels {
		n := min(chunk, len(r.left))
		b := zset.NewBatch(r.types, 0)
		for _, slot := range r.left[:n] {
			r.load[slot] = true
			if s, ok := r.slots[slot]; ok {
				b.AppendValues(s.row, s.w)
			}
		}
		r.left = r.left[n:]
		full = full && len(r.left) == 0
		if w.c.Feed(r.id).Edges > 0 {
			if err := w.run([]push.Change{push.Loaded(r.id, w.split(r, b))}); err != nil {
				return err
			}
		}
	}
	w.full = full
	return nil
}

// feint runs a step and discards it.
func (w *world) feint(step []set) error {
	var in []push.Change
	for i, r := range w.rels {
		b := zset.NewBatch(r.types, 0)
		for _, s := range step {
			if s.rel == i && s.w > 0 {
				b.AppendValues(s.row, s.w)
			}
		}
		if !r.bag { // the change of a table must not double a key
			b = zset.NewBatch(r.types, 0)
			for _, slot := range sortedSlots(r.slots) {
				if s := r.slots[slot]; len(slot)%2 == 0 {
					b.AppendValues(s.row, -s.w)
				}
			}
		}
		r.arr.Stage(b)
		in = append(in, push.Changed(r.id, w.split(r, b)))
	}
	if !w.full {
		for i := range in {
			in[i].Edge = nil
		}
	}
	_, err := w.c.Step(in)
	w.c.Discard()
	for _, r := range w.rels {
		r.arr.Discard()
	}
	return err
}

func sortedSlots(m map[string]set) []string {
	var s []string
	for k := range m {
		s = append(s, k)
	}
	slices.Sort(s)
	return s
}

// pulled answers the plan once.
func (w *world) pulled() (map[string]int64, error) {
	r, err := pull.Build(w.node)
	if err != nil {
		return nil, err
	}
	m := map[string]int64{}
	env := &pull.Env{Source: func(table uint64, _ uint32) (rel.Source, error) { return w.find(table).arr.Pin(), nil }}
	err = r.Run(context.Background(), env, func(b *zset.Batch) error {
		w.add(m, b)
		return nil
	})
	return m, err
}

// check holds the view against pull.
func (w *world) check() error {
	want, err := w.pulled()
	var bad *sqlerr.Error
	switch {
	case errors.As(err, &bad):
		if len(w.errs) == 0 {
			return fmt.Errorf("pull fails with %v, push does not", bad)
		}
		return nil
	case err != nil:
		return err
	case len(w.errs) > 0:
		return fmt.Errorf("push has errors, pull does not fail:\n%s", w.show(w.errs))
	}
	var diff []string
	for k, n := range w.view {
		if want[k] != n {
			diff = append(diff, fmt.Sprintf("%s: pushed %d, pulled %d", w.text[k], n, want[k]))
		}
	}
	for k, n := range want {
		if _, ok := w.view[k]; !ok {
			diff = append(diff, fmt.Sprintf("%s: pushed 0, pulled %d", w.text[k], n))
		}
	}
	if diff == nil {
		return nil
	}
	slices.Sort(diff)
	return errors.New(strings.Join(diff[:min(len(diff), 20)], "\n"))
}

func (w *world) show(m map[string]int64) string {
	var lines []string
	for k, n := range m {
		lines = append(lines, fmt.Sprintf("%+d %s", n, w.text[k]))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// hold runs a law and returns where it broke, and what the steps put out.
func hold(l *law, cfg config) (log []string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, stack())
		}
	}()
	w := newWorld(l, cfg)
	for n, step := range l.hist {
		if err := w.step(n, step); err != nil {
			return nil, fmt.Errorf("step %d: %w", n, err)
		}
		if w.c == nil || !w.full {
			continue
		}
		if err := w.check(); err != nil {
			return nil, fmt.Errorf("after step %d:\n%w", n, err)
		}
	}
	if w.c == nil {
		return w.log, nil
	}
	for !w.full {
		if err := w.fill(max(w.cfg.chunk, 1)); err != nil {
			return nil, err
		}
	}
	return w.log, w.check()
}

// shrink leaves steps and sets out of the history as long as the law breaks.
func shrink(l *law, cfg config) *law {
	broken := func(h history) bool {
		_, err := hold(&law{l.rels, l.node, h}, cfg)
		return err != nil
	}
	h := l.hist
	for size := len(h) / 2; size >= 1; size /= 2 {
		for at := 0; at+size <= len(h); {
			if less := slices.Concat(h[:at], h[at+size:]); broken(less) {
				h = less
			} else {
				at += size
			}
		}
	}
	for n := range h {
		for size := len(h[n]); size >= 1; size /= 2 {
			for at := 0; at+size <= len(h[n]); {
				less := slices.Clone(h)
				less[n] = slices.Concat(h[n][:at], h[n][at+size:])
				if broken(less) {
					h = less
				} else {
					at += size
				}
			}
		}
	}
	return &law{l.rels, l.node, h}
}

// script renders a law as a text like an .slt: the relations, the plan, and
// every step as statements of one transaction.
func script(l *law) string {
	var b strings.Builder
	for _, r := range l.rels {
		var cols []string
		for i, t := range r.types {
			null := " NOT NULL"
			if t.Nullable {
				null = ""
			}
			cols = append(cols, fmt.Sprintf("%s%d %s%s", r.name, i, t, null))
		}
		if !r.bag {
			var key []string
			for _, k := range r.key {
				key = append(key, fmt.Sprintf("%s%d", r.name, k))
			}
			cols = append(cols, "PRIMARY KEY ("+strings.Join(key, ", ")+")")
		}
		fmt.Fprintf(&b, "statement ok\nCREATE TABLE %s (%s)\n\n", r.name, strings.Join(cols, ", "))
	}
	fmt.Fprintf(&b, "# the plan of view v:\n# %s\n", strings.ReplaceAll(strings.TrimSpace(plan.Explain(l.node)), "\n", "\n# "))
	for n, step := range l.hist {
		fmt.Fprintf(&b, "\n# step %d\n", n)
		for _, s := range step {
			r := l.rels[s.rel]
			if s.w == 0 {
				fmt.Fprintf(&b, "statement ok\nDELETE FROM %s WHERE key = %s\n", r.name, s.slot)
				continue
			}
			var vals []string
			for _, v := range s.row {
				vals = append(vals, v.SQL())
			}
			fmt.Fprintf(&b, "statement ok\nREPLACE INTO %s VALUES (%s) -- %d times\n", r.name, strings.Join(vals, ", "), s.w)
		}
	}
	return b.String()
}

// randomHistory makes steps of 0 to a few rows, now and then a large one.
func randomHistory(r *rand.Rand, rels []*relation, steps, large int) history {
	h := make(history, steps)
	for n := range h {
		rows, domain := r.Intn(8), 12
		if large > 0 && r.Intn(12) == 0 {
			rows, domain = r.Intn(large), large
		}
		for range rows {
			i := r.Intn(len(rels))
			h[n] = append(h[n], randomSet(r, i, rels[i], domain))
		}
	}
	return h
}

func randomSet(r *rand.Rand, i int, rel *relation, domain int) set {
	row := make([]types.Value, len(rel.types))
	for c, t := range rel.types {
		row[c] = randomValue(r, t, domain)
	}
	s := set{rel: i, row: row, w: 1}
	b := zset.NewBatch(rel.types, 1)
	b.AppendValues(row, 1)
	if rel.bag {
		s.slot = fmt.Sprint(row)
		s.w = int64(r.Intn(4))
		return s
	}
	var keys zset.Keys
	zset.NormaliseAs(&keys, b, zset.Cols(rel.key...), false)
	s.slot = fmt.Sprintf("%x", keys.At(0).Bytes)
	if r.Intn(3) == 0 {
		s.w = 0
	}
	return s
}
