package arrange

import (
	"sync/atomic"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Arrangement is the lanes of one schema. Each row lives in the lane of its
// key's slot. Stage, After, Publish, Discard and Drop are the writer's.
type Arrangement struct {
	sh     *shape
	lanes  []*Lane
	pinned atomic.Pointer[Pinned]

	// Scratch of Stage.
	keys   zset.Keys
	ofLane [][]int32
	part   *zset.Batch
}

// NewArrangement returns an empty arrangement of lanes lanes (1 to
// zset.Slots).
func NewArrangement(env *Env, s *Schema, lanes int) *Arrangement {
	a := &Arrangement{sh: newShape(env, s), ofLane: make([][]int32, lanes)}
	for range lanes {
		a.lanes = append(a.lanes, newLane(env, a.sh))
	}
	a.pin()
	return a
}

// LaneOf returns the lane, of lanes, of a key with this hash.
func LaneOf(hash uint64, lanes int) int { return int(zset.Slot(hash)) * lanes / zset.Slots }

// Schema returns the schema.
func (a *Arrangement) Schema() *Schema { return &a.sh.Schema }

// Lanes returns the number of lanes.
func (a *Arrangement) Lanes() int { return len(a.lanes) }

// Lane returns lane i, whose writer may work beside those of other lanes.
func (a *Arrangement) Lane(i int) *Lane { return a.lanes[i] }

// LaneOf returns the lane of a key with this hash.
func (a *Arrangement) LaneOf(hash uint64) int { return LaneOf(hash, len(a.lanes)) }

// Stage adds a change to the lanes that its rows belong to; see Lane.Stage.
func (a *Arrangement) Stage(delta *zset.Batch) {
	if delta.N == 0 {
		return
	}
	if len(a.lanes) == 1 {
		a.lanes[0].Stage(delta)
		return
	}
	zset.NormaliseAs(&a.keys, delta, a.sh.Key, a.sh.isInt)
	for i := range a.ofLane {
		a.ofLane[i] = a.ofLane[i][:0]
	}
	for i := range delta.N {
		l := a.LaneOf(a.keys.Hash(i))
		a.ofLane[l] = append(a.ofLane[l], int32(i))
	}
	if a.part == nil {
		a.part = zset.NewBatch(a.sh.Types, 0)
	}
	var keys zset.Keys
	for i, idx := range a.ofLane {
		if len(idx) == 0 {
			continue
		}
		a.part.Reset()
		a.part.AppendGather(delta, idx)
		keys.Reset(a.sh.isInt)
		keys.AppendGather(&a.keys, idx)
		a.lanes[i].stage(a.part, &keys)
	}
}

// Publish publishes every lane and returns the new content.
func (a *Arrangement) Publish() *Pinned {
	for _, l := range a.lanes {
		l.Publish()
	}
	return a.pin()
}

// pin brings a.pinned up to date with what the lanes have published.
func (a *Arrangement) pin() *Pinned {
	old := a.pinned.Load()
	p := &Pinned{sh: a.sh, lanes: make([]*Snap, len(a.lanes))}
	same := old != nil
	for i, l := range a.lanes {
		p.lanes[i] = l.Before()
		same = same && old.lanes[i] == p.lanes[i]
	}
	if same {
		return old
	}
	a.pinned.Store(p)
	return p
}

// Discard forgets what was staged in every lane.
func (a *Arrangement) Discard() {
	for _, l := range a.lanes {
		l.Discard()
	}
}

// Drop forgets everything; see Lane.Drop.
func (a *Arrangement) Drop() {
	for _, l := range a.lanes {
		l.Drop()
	}
	a.pin()
}

// Pin returns what Publish returned last, never some lanes before a Publish
// and some after. Lanes published one by one show from the next Publish on.
func (a *Arrangement) Pin() *Pinned { return a.pinned.Load() }

// After returns what was published and what has been staged since.
func (a *Arrangement) After() *Pinned {
	p := &Pinned{sh: a.sh, lanes: make([]*Snap, len(a.lanes))}
	for i, l := range a.lanes {
		p.lanes[i] = l.After()
	}
	return p
}

// Pinned is the content of an arrangement at one moment. It is a rel.Source,
// immutable and safe for concurrent use.
type Pinned struct {
	sh    *shape
	lanes []*Snap
}

// Schema returns the schema.
func (p *Pinned) Schema() *Schema { return &p.sh.Schema }

// Types returns the types of all columns.
func (p *Pinned) Types() []types.Type { return p.sh.Types }

// Key returns the columns by which each lane is sorted.
func (p *Pinned) Key() []zset.KeyCol { return p.sh.Schema.Key }

// Lanes returns the number of lanes.
func (p *Pinned) Lanes() int { return len(p.lanes) }

// Lane returns the content of lane i.
func (p *Pinned) Lane(i int) *Snap { return p.lanes[i] }

// Rows returns the sum of all weights.
func (p *Pinned) Rows() int64 {
	n := int64(0)
	for _, s := range p.lanes {
		n += s.Rows()
	}
	return n
}

// Bytes returns about how many bytes it takes.
func (p *Pinned) Bytes() int64 {
	n := int64(0)
	for _, s := range p.lanes {
		n += s.Bytes()
	}
	return n
}

// Scan emits the rows of one lane as Snap.Scan does.
func (p *Pinned) Scan(lane int, cols []int, r zset.Range, emit func(*zset.Batch) error) error {
	return p.lanes[lane].Scan(cols, r, emit)
}

// Seek looks in all lanes as Snap.Seek does in one. The rows that answer one
// probe come lane by lane, in order within each.
func (p *Pinned) Seek(keys *zset.Keys, prefix int, cols []int, emit func(probe []int32, b *zset.Batch) error) error {
	lanes := make([]*state, len(p.lanes))
	for i, s := range p.lanes {
		lanes[i] = s.st.Load()
	}
	return seek(p.sh, lanes, keys, prefix, cols, emit)
}

// Get looks up one whole key as Snap.Get does.
func (p *Pinned) Get(key zset.Key, cols []int, dst *zset.Batch) (int, error) {
	if err := p.sh.checkForm(key.IsInt); err != nil {
		return 0, err
	}
	h := key.Hash()
	return get(p.sh, p.lanes[LaneOf(h, len(p.lanes))].st.Load(), key, h, cols, dst)
}
