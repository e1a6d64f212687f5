package shard

import (
	"errors"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/zset"
)

// edge joins a relation to a circuit that reads it. It has a loaded set per
// lane: none, the keys up to a cursor, or all. A change passes iff its key is
// loaded; loading feeds the rows as if they had just come.
type edge struct {
	table uint64
	arr   *arrange.Arrangement
	key   []zset.KeyCol
	isInt bool
	lanes []loadedSet
}

// loadedSet is what one lane of an edge has loaded.
type loadedSet struct {
	all  bool
	upTo *zset.Key // keys <= it are loaded; nil: none
	rows int64     // how many were loaded, for progress only
}

// newEdge makes the edge of circuit c from relation id. Nothing is loaded,
// unless there is nothing to load: an input that the circuit only reads as it
// is, or an empty lane.
func (m *Machine) newEdge(c *push.Circuit, id uint64) *edge {
	a, _ := m.shared(id)
	e := &edge{table: id, arr: a, key: a.Schema().Key, lanes: make([]loadedSet, m.opt.Lanes)}
	e.isInt = zset.KeyIsInt(a.Schema().Types, e.key)
	for l := range e.lanes {
		e.lanes[l].all = c.Feed(id).Edges == 0 || a.Lane(l).Before().Rows() == 0
	}
	return e
}

// full tells whether all is loaded.
func (e *edge) full() bool {
	for _, l := range e.lanes {
		if !l.all {
			return false
		}
	}
	return true
}

// pass returns the change as the circuit is to see it.
func (e *edge) pass(lanes [][]*zset.Batch) push.Change {
	if e.full() {
		return push.Changed(e.table, lanes)
	}
	ch := push.Change{Table: e.table, AsIs: lanes, Edge: make([][]*zset.Batch, len(lanes))}
	for l, batches := range lanes {
		switch {
		case e.lanes[l].all:
			ch.Edge[l] = batches
		case e.lanes[l].upTo != nil:
			for _, b := range batches {
				if b = e.loaded(b, *e.lanes[l].upTo); b.N > 0 {
					ch.Edge[l] = append(ch.Edge[l], b)
				}
			}
		}
	}
	return ch
}

// loaded returns the rows of b whose keys are not above upTo.
func (e *edge) loaded(b *zset.Batch, upTo zset.Key) *zset.Batch {
	var keys zset.Keys
	zset.NormaliseAs(&keys, b, e.key, e.isInt)
	var pos []int32
	for i := range b.N {
		if keys.CompareKey(i, upTo) <= 0 {
			pos = append(pos, int32(i))
		}
	}
	out := zset.NewBatch(b.Types(), len(pos))
	out.AppendGather(b, pos)
	return out
}

// errEnough ends a scan that has what it wants.
var errEnough = errors.New("enough rows")

// load takes about n more rows of lane l and moves its cursor behind them.
// Rows of equal key are taken together, since the cursor is a key.
func (e *edge) load(l, n int) ([]*zset.Batch, error) {
	r := zset.Range{Lo: e.lanes[l].upTo, LoOpen: true}
	var out []*zset.Batch
	var keys zset.Keys
	var last *zset.Key
	rows := 0
	err := e.arr.Lane(l).Before().Scan(span(0, len(e.arr.Schema().Types)), r, func(b *zset.Batch) error {
		zset.NormaliseAs(&keys, b, e.key, e.isInt)
		take := b.N
		for i := max(n-rows, 0); i < b.N; i++ {
			if last = e.before(&keys, i, last); keys.CompareKey(i, *last) != 0 {
				take = i
				break
			}
		}
		if take > 0 {
			out = append(out, b.Slice(0, take).Clone())
			k := keys.At(take - 1).Clone()
			last = &k
			rows += take
		}
		if take < b.N {
			return errEnough
		}
		return nil
	})
	if err == nil {
		e.lanes[l] = loadedSet{all: true}
		return out, nil
	}
	if !errors.Is(err, errEnough) {
		return nil, err
	}
	e.lanes[l].upTo = last
	e.lanes[l].rows += int64(rows)
	return out, nil
}

// before returns the key of the row before row i: in the batch, or the last
// one taken from the batches before it.
func (e *edge) before(keys *zset.Keys, i int, last *zset.Key) *zset.Key {
	if i == 0 {
		return last
	}
	k := keys.At(i - 1)
	return &k
}

// advance loads the next rows into a view under construction; after the last
// the view is ready.
func (s *step) advance(b *Advance) error {
	v := s.m.views[b.View]
	if v == nil || v.def.Ready || v.failed != nil {
		s.answer(Result{})
		return nil
	}
	loaded, err := s.loadNext(v, int(min(b.Rows, 1<<20)))
	if err != nil {
		return err
	}
	s.answer(Result{Affected: uint64(loaded)})
	if v.failed != nil {
		return nil
	}
	for _, e := range v.edges {
		if !e.full() {
			return nil
		}
	}
	return s.ready(v)
}

// loadNext feeds a view the next n rows of its first edge that is not full.
func (s *step) loadNext(v *view, n int) (int, error) {
	for _, e := range v.edges {
		if e.full() {
			continue
		}
		open := 0
		for _, l := range e.lanes {
			if !l.all {
				open++
			}
		}
		rows := 0
		lanes := make([][]*zset.Batch, len(e.lanes))
		for l := range lanes {
			if e.lanes[l].all {
				continue
			}
			var err error
			if lanes[l], err = e.load(l, max(n/open, 1)); err != nil {
				return 0, err
			}
			for _, b := range lanes[l] {
				rows += b.N
			}
		}
		s.runView(v, func() (*push.Out, error) {
			return v.circuit.Step([]push.Change{push.Loaded(e.table, lanes)})
		})
		return rows, nil
	}
	return 0, nil
}

// ready shows a view to readers.
func (s *step) ready(v *view) error {
	next, err := s.m.cat.Apply(&catalog.ViewReady{ID: v.def.ID})
	if err != nil {
		return err
	}
	s.m.cat = next
	r, _ := next.ByID(v.def.ID)
	v.def = r.(*catalog.View)
	return nil
}
