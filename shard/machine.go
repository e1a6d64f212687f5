package shard

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/wlog"
	"github.com/weirdb/weir/zset"
)

// Options say how a machine runs. None of them changes what a step does.
type Options struct {
	// Lanes is fixed when a shard is made; it must stay the same over its
	// life. 0 is 1.
	Lanes int
	// Arrange makes the arrangements; its Merge hands background work over.
	// nil counts nothing and merges in the step.
	Arrange *arrange.Env
	// Workers runs the lanes of large steps; nil runs them one by one.
	Workers push.Workers
	// Clock returns nanoseconds, for profiles only; nil takes no times.
	Clock func() int64
	// Observe, when set, is called after each step with its effect and the
	// new root, before the result is handed out.
	Observe func(*Effect, *Root)
}

// Machine is the state of one shard and the step over it. It implements
// wlog.Driven: Apply is called by one goroutine at a time; Root may be called
// by any.
type Machine struct {
	opt Options
	mu  sync.Mutex // held by a step; guards all below but root

	root    atomic.Pointer[Root]
	nanos   atomic.Int64
	cat     *catalog.Catalog
	tables  map[uint64]*table
	views   map[uint64]*view
	readers map[uint64][]*view // by relation: the views over it, ascending ids
	clock   int64
	index   uint64
}

// table is a base table's state.
type table struct {
	def     *catalog.Table
	main    *arrange.Arrangement
	indexes []*index
	counter uint64 // next AUTO_INCREMENT value
}

// index is a secondary index's state: rows of the indexed columns followed by
// the table's key, sorted in that order.
type index struct {
	def  catalog.Index
	arr  *arrange.Arrangement
	cols []int // of the table: the indexed ones, then the key
}

// view is a materialized view's state.
type view struct {
	def     *catalog.View
	main    *arrange.Arrangement
	errors  *arrange.Arrangement
	circuit *push.Circuit
	edges   []*edge // one per input, in ascending id
	failed  *sqlerr.Error
}

func (t *table) id() uint64 { return t.def.ID }

func (v *view) id() uint64 { return v.def.ID }

// edge returns the edge from a relation, nil when the view does not read it.
func (v *view) edge(table uint64) *edge {
	for _, e := range v.edges {
		if e.table == table {
			return e
		}
	}
	return nil
}

// Effect is what a step came to: for a Write one result per statement, for
// other entries exactly one.
type Effect struct {
	Index   uint64
	Results []Result
	// Rows is how many rows of tables and views changed.
	Rows int
}

// New returns a machine with an empty catalog.
func New(opt Options) *Machine {
	opt.Lanes = max(opt.Lanes, 1)
	if opt.Arrange == nil {
		opt.Arrange = &arrange.Env{}
	}
	m := &Machine{
		opt:     opt,
		cat:     catalog.New(),
		tables:  map[uint64]*table{},
		views:   map[uint64]*view{},
		readers: map[uint64][]*view{},
	}
	m.root.Store(&Root{Catalog: m.cat})
	return m
}

// Root returns the state after the last step. Never nil.
func (m *Machine) Root() *Root { return m.root.Load() }

// Lanes returns the number of lanes.
func (m *Machine) Lanes() int { return m.opt.Lanes }

// Open implements wlog.Driven. Nothing is kept outside the log yet, so it is
// applied from its start.
func (m *Machine) Open() (uint64, error) { return m.index, nil }

// Flush implements wlog.Driven.
func (m *Machine) Flush() (uint64, error) { return 0, nil }

// Pin implements wlog.Driven.
func (m *Machine) Pin() (wlog.Snapshot, error) { return pinned{m.Root()}, nil }

type pinned struct{ root *Root }

func (p pinned) Index() uint64 { return p.root.Index }
func (p pinned) Release()      {}

// Apply implements wlog.Driven: one step per entry. Results are *Effect.
func (m *Machine) Apply(entries []wlog.Entry) ([]any, error) {
	out := make([]any, len(entries))
	for i, raw := range entries {
		e, err := DecodeEntry(raw.Data)
		if err != nil {
			return out[:i], fmt.Errorf("log entry %d cannot be read: %w", raw.Index, err)
		}
		eff, err := m.Step(raw.Index, e)
		if err != nil {
			return out[:i], fmt.Errorf("step %d: %w", raw.Index, err)
		}
		out[i] = eff
	}
	return out, nil
}

// arrangement makes an empty arrangement of the shard's lanes.
func (m *Machine) arrangement(ts []types.Type, key []zset.KeyCol, unique bool, lanes int) *arrange.Arrangement {
	return arrange.NewArrangement(m.opt.Arrange, &arrange.Schema{Types: ts, Key: key, Unique: unique}, lanes)
}

func (m *Machine) newTable(def *catalog.Table) *table {
	t := &table{def: def, counter: 1}
	t.main = m.arrangement(def.StoredTypes(), def.StoredKey(), true, m.opt.Lanes)
	for _, ix := range def.Indexes {
		t.indexes = append(t.indexes, m.newIndex(def, ix))
	}
	return t
}

func (m *Machine) newIndex(def *catalog.Table, ix catalog.Index) *index {
	x := &index{def: ix, cols: slices.Concat(ix.Cols, keyPositions(def.StoredKey()))}
	ts := typesAt(def.StoredTypes(), x.cols)
	x.arr = m.arrangement(ts, ascending(len(ts)), true, m.opt.Lanes)
	return x
}

func (m *Machine) newView(def *catalog.View) (*view, error) {
	c, err := push.Build(def.Plan, def.StoredKey(), &push.Env{
		Lanes:   m.opt.Lanes,
		Arrange: m.opt.Arrange,
		Workers: m.opt.Workers,
		Shared:  m.shared,
		Clock:   m.opt.Clock,
	})
	if err != nil {
		return nil, err
	}
	v := &view{def: def, circuit: c}
	v.main = m.arrangement(def.StoredTypes(), def.StoredKey(), def.Unique, m.opt.Lanes)
	ts := push.ErrorTypes()
	v.errors = m.arrangement(ts, ascending(len(ts)), false, 1)
	for _, id := range def.Inputs {
		v.edges = append(v.edges, m.newEdge(c, id))
	}
	return v, nil
}

// shared returns a relation's own arrangement for a circuit to read as it is.
func (m *Machine) shared(id uint64) (*arrange.Arrangement, bool) {
	if t := m.tables[id]; t != nil {
		return t.main, true
	}
	if v := m.views[id]; v != nil {
		return v.main, true
	}
	return nil, false
}

// Stats returns the operators of a view's circuit, the root first; nil when
// there is no such view. It waits for a step under way.
func (m *Machine) Stats(id uint64) []push.OpStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v := m.views[id]; v != nil {
		return v.circuit.Stats()
	}
	return nil
}

// Progress returns how many rows a view under construction has read, and
// about how many there are to read.
func (m *Machine) Progress(id uint64) (loaded, total int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.views[id]
	if v == nil {
		return 0, 0
	}
	for _, e := range v.edges {
		for l := range e.lanes {
			rows := e.arr.Lane(l).Before().Rows()
			total += rows
			if e.lanes[l].all {
				loaded += rows
			} else {
				loaded += min(e.lanes[l].rows, rows)
			}
		}
	}
	return loaded, total
}

// StepNanos returns the time spent in steps, by Options.Clock.
func (m *Machine) StepNanos() int64 { return m.nanos.Load() }
