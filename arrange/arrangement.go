package arrange

import (
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Arrangement is the lanes of one schema. Each row lives in the lane of its
// key's slot. Stage, Publish, Discard and Drop are the writer's.
type Arrangement struct{}

// NewArrangement returns an empty arrangement of lanes lanes (1 to Slots).
func NewArrangement(env *Env, s *Schema, lanes int) *Arrangement {
	panic("arrange: NewArrangement")
}

// LaneOf returns the lane, of lanes, of a key with this hash.
func LaneOf(hash uint64, lanes int) int { return int(hash % Slots * uint64(lanes) / Slots) }

// Schema returns the schema.
func (a *Arrangement) Schema() *Schema { panic("arrange: Schema") }

// Lanes returns the number of lanes.
func (a *Arrangement) Lanes() int { panic("arrange: Lanes") }

// Lane returns lane i, whose writer may work beside those of other lanes.
func (a *Arrangement) Lane(i int) *Lane { panic("arrange: Lane") }

// LaneOf returns the lane of a key with this hash.
func (a *Arrangement) LaneOf(hash uint64) int { panic("arrange: LaneOf") }

// Stage adds a change to the lanes that its rows belong to; see Lane.Stage.
func (a *Arrangement) Stage(delta *zset.Batch) { panic("arrange: Stage") }

// Publish publishes every lane and returns the new content.
func (a *Arrangement) Publish() *Pinned { panic("arrange: Publish") }

// Discard forgets what was staged in every lane.
func (a *Arrangement) Discard() { panic("arrange: Discard") }

// Drop forgets everything; see Lane.Drop.
func (a *Arrangement) Drop() { panic("arrange: Drop") }

// Pin returns what was published last. It never mixes two Publish calls of
// the Arrangement.
func (a *Arrangement) Pin() *Pinned { panic("arrange: Pin") }

// After returns what was published and what has been staged since. It is the
// writer's.
func (a *Arrangement) After() *Pinned { panic("arrange: After") }

// Pinned is the content of an arrangement at one moment. It is a rel.Source,
// immutable and safe for concurrent use.
type Pinned struct{}

// Schema returns the schema.
func (p *Pinned) Schema() *Schema { panic("arrange: Schema") }

// Types returns the types of all columns.
func (p *Pinned) Types() []types.Type { panic("arrange: Types") }

// Key returns the columns by which each lane is sorted.
func (p *Pinned) Key() []zset.KeyCol { panic("arrange: Key") }

// Lanes returns the number of lanes.
func (p *Pinned) Lanes() int { panic("arrange: Lanes") }

// Lane returns the content of lane i.
func (p *Pinned) Lane(i int) *Snap { panic("arrange: Lane") }

// Rows returns the sum of all weights.
func (p *Pinned) Rows() int64 { panic("arrange: Rows") }

// Bytes returns about how many bytes it takes.
func (p *Pinned) Bytes() int64 { panic("arrange: Bytes") }

// Scan emits the rows of one lane as Snap.Scan does.
func (p *Pinned) Scan(lane int, cols []int, r zset.Range, emit func(*zset.Batch) error) error {
	panic("arrange: Scan")
}

// Seek looks in all lanes as Snap.Seek does in one. The rows that answer one
// probe come lane by lane, in order within each.
func (p *Pinned) Seek(keys *zset.Keys, prefix int, cols []int, emit func(probe []int32, b *zset.Batch) error) error {
	panic("arrange: Seek")
}

// Get looks up one whole key as Snap.Get does.
func (p *Pinned) Get(key zset.Key, cols []int, dst *zset.Batch) (int, error) {
	panic("arrange: Get")
}
