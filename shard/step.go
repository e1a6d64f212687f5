package shard

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/zset"
)

// Step takes one entry. The error is a fault of this replica; what an entry
// says can only end up in the Effect.
func (m *Machine) Step(index uint64, e *Entry) (*Effect, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := m.opt.Clock; now != nil {
		start := now()
		defer func() { m.nanos.Add(now() - start) }()
	}
	m.index, m.clock = index, max(m.clock, e.Time)
	s := &step{m: m, eff: &Effect{Index: index}}
	var err error
	switch b := e.Body.(type) {
	case *Write:
		s.write(b)
	case *Truncate:
		err = s.truncate(b)
	case *Advance:
		err = s.advance(b)
	case *DDL:
		err = s.ddl(b)
	case *Clock:
		s.answer(Result{})
	default:
		err = fmt.Errorf("entry of unknown body %T", b)
	}
	if err != nil {
		return nil, err
	}
	s.publish()
	return s.eff, nil
}

// step is the work of one entry: what it staged, and what is to be published.
type step struct {
	m       *Machine
	eff     *Effect
	changes []push.Change          // of relations that views read; see changed
	due     []*view                // views to run, ascending ids; see changed
	staged  []*arrange.Arrangement // to be published
	ran     []*push.Circuit        // to be published
	touched []relation             // to be pinned anew when all is published
	gone    []uint64               // ids of the relations dropped
}

// relation is a *table or a *view.
type relation interface {
	id() uint64
	// pin returns its published state for a Root.
	pin() *Rel
}

func (s *step) answer(r Result) { s.eff.Results = append(s.eff.Results, r) }

// write applies the statements and runs the circuits once over their sum.
func (s *step) write(b *Write) {
	w := newWriter(s.m.root.Load(), s.eff.Index<<rowIDBits, s.m.clock)
	for i := range b.Stmts {
		s.answer(w.guarded(&b.Stmts[i]))
	}
	for _, o := range w.order {
		t := s.m.tables[o.table.ID]
		t.counter = o.counter
		s.touch(t)
		if d := o.delta(); d != nil {
			s.stageTable(t, d)
		}
	}
	s.runViews()
}

// guarded is apply with a bug's panic turned into the statement's error. What
// the statements before it did stands; those after it are refused, since half
// a row may lie behind the rows of an overlay.
func (w *writer) guarded(st *Stmt) (res Result) {
	defer func() {
		if r := recover(); r != nil {
			for _, o := range w.order {
				o.rollback()
			}
			w.broken = true
			res = Result{Err: sqlerr.New(sqlerr.ErrUnknown, "internal error while writing: %v", r)}
		}
	}()
	if w.broken {
		return Result{Err: sqlerr.New(sqlerr.ErrUnknown, "internal error in a statement before this one")}
	}
	return w.apply(st)
}

// touch has a relation pinned anew when the step publishes.
func (s *step) touch(r relation) { s.touched = append(s.touched, r) }

// changed makes the views over a relation due, and has them see its change.
// They have higher ids than the relation.
func (s *step) changed(id uint64, lanes [][]*zset.Batch) {
	s.changes = append(s.changes, push.Changed(id, lanes))
	for _, v := range s.m.readers[id] {
		at, known := slices.BinarySearchFunc(s.due, v.id(), func(d *view, id uint64) int { return cmp.Compare(d.id(), id) })
		if !known {
			s.due = slices.Insert(s.due, at, v)
		}
	}
}

// stageTable stages the change of a table and of its indexes.
func (s *step) stageTable(t *table, d *zset.Batch) {
	s.stage(t.main, d)
	for _, ix := range t.indexes {
		s.stage(ix.arr, ix.change(d))
	}
	s.eff.Rows += d.N
	if len(s.m.readers[t.id()]) > 0 {
		s.changed(t.id(), Split(d, t.def.StoredKey(), s.m.opt.Lanes))
	}
}

// stage splits a change by lane and stages it.
func (s *step) stage(a *arrange.Arrangement, d *zset.Batch) {
	if d.N == 0 {
		return
	}
	a.Stage(d)
	s.staged = append(s.staged, a)
}

// Split cuts a change into lanes by the slot of its key, and into batches of
// at most zset.MaxRows rows.
func Split(d *zset.Batch, key []zset.KeyCol, lanes int) [][]*zset.Batch {
	out := make([][]*zset.Batch, lanes)
	if lanes == 1 {
		out[0] = cut(d)
		return out
	}
	var keys zset.Keys
	zset.Normalise(&keys, d, key)
	pos := make([][]int32, lanes)
	for i := range d.N {
		l := arrange.LaneOf(keys.Hash(i), lanes)
		pos[l] = append(pos[l], int32(i))
	}
	ts := d.Types()
	for l, p := range pos {
		if len(p) == 0 {
			continue
		}
		b := zset.NewBatch(ts, len(p))
		b.AppendGather(d, p)
		out[l] = cut(b)
	}
	return out
}

func cut(d *zset.Batch) []*zset.Batch {
	if d.N <= zset.MaxRows {
		return []*zset.Batch{d}
	}
	var out []*zset.Batch
	for lo := 0; lo < d.N; lo += zset.MaxRows {
		out = append(out, d.Slice(lo, min(lo+zset.MaxRows, d.N)))
	}
	return out
}

// runViews feeds the step's changes to the views, lowest ids first, so that
// what a view puts out reaches those above it within the step.
func (s *step) runViews() {
	for i := 0; i < len(s.due); i++ { // what is added lies behind
		v := s.due[i]
		if v.failed != nil {
			continue
		}
		in := make([]push.Change, 0, len(v.edges))
		for _, c := range s.changes {
			if e := v.edge(c.Table); e != nil {
				in = append(in, e.pass(c.AsIs))
			}
		}
		s.runView(v, func() (*push.Out, error) { return v.circuit.Step(in) })
	}
}

// runView runs a view's circuit and stages what it puts out. A panic is the
// view's own: its part of the step is thrown away and the view is failed from
// here on, everything else goes on.
func (s *step) runView(v *view, run func() (*push.Out, error)) {
	s.touch(v)
	out, err := guard(run)
	if err != nil {
		v.circuit.Discard()
		v.failed = sqlerr.New(sqlerr.ErrViewInvalid, "view '%s.%s' failed at step %d: %v", v.def.DB, v.def.Name, s.eff.Index, err).
			WithHint("drop it and create it again")
		return
	}
	s.ran = append(s.ran, v.circuit)
	if out.Errors != nil && out.Errors.N > 0 {
		s.stage(v.errors, out.Errors)
	}
	n := out.Rows()
	if n == 0 {
		return
	}
	for l, lane := range out.Delta {
		for _, b := range lane {
			v.main.Lane(l).Stage(b)
		}
	}
	s.staged = append(s.staged, v.main)
	s.eff.Rows += n
	if len(s.m.readers[v.id()]) > 0 {
		s.changed(v.id(), out.Delta) // a circuit runs once in a step: it is not taken back
	}
}

// guard turns a panic of run, which must leave no half-done work that counts,
// into an error.
func guard[T any](run func() (T, error)) (out T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("internal error: %v", r)
		}
	}()
	return run()
}

// truncate empties a table. The change goes batch by batch, since the offsets
// of one batch cannot span the strings of a large table.
func (s *step) truncate(b *Truncate) error {
	t := s.m.tables[b.Table]
	if t == nil || t.def.Version != b.Version {
		s.answer(Result{Again: true})
		return nil
	}
	src := t.main.Pin()
	cols := span(0, len(t.def.StoredTypes()))
	read := len(s.m.readers[t.id()]) > 0
	gone := make([][]*zset.Batch, src.Lanes())
	for l := range src.Lanes() {
		err := src.Scan(l, cols, zset.Range{}, func(b *zset.Batch) error {
			d := b.Clone()
			d.Negate()
			t.main.Lane(l).Stage(d)
			for _, ix := range t.indexes {
				ix.arr.Stage(ix.change(d))
			}
			if read {
				gone[l] = append(gone[l], d)
			}
			s.eff.Rows += d.N
			return nil
		})
		if err != nil {
			return err
		}
	}
	t.counter = 1
	s.touch(t)
	s.answer(Result{})
	if s.eff.Rows == 0 {
		return nil
	}
	s.staged = append(s.staged, t.main)
	for _, ix := range t.indexes {
		s.staged = append(s.staged, ix.arr)
	}
	if read {
		s.changed(t.id(), gone)
		s.runViews()
	}
	return nil
}

// publish makes what was staged the state, all of it with one pointer.
func (s *step) publish() {
	for _, a := range s.staged {
		a.Publish()
	}
	for _, c := range s.ran {
		c.Publish()
	}
	old := s.m.root.Load()
	root := &Root{Index: s.eff.Index, Clock: s.m.clock, Catalog: s.m.cat, rels: old.rels.with(s.touched, s.gone)}
	s.m.root.Store(root)
	if s.m.opt.Observe != nil {
		s.m.opt.Observe(s.eff, root)
	}
}
