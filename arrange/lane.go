package arrange

import "github.com/weirdb/weir/zset"

// Lane is one lane of an arrangement. Stage, After, Publish and Discard are
// the writer's, one goroutine at a time; Before, and every method of a Snap,
// may be called by anyone at any time.
type Lane struct{}

// NewLane returns an empty lane.
func NewLane(env *Env, s *Schema) *Lane { panic("arrange: NewLane") }

// Stage adds a change, rows in any order and equal ones allowed. The batch is
// borrowed: it is copied. After shows it; Before does from Publish on. It may
// be called several times in a step.
func (l *Lane) Stage(delta *zset.Batch) { panic("arrange: Stage") }

// Before returns what was published last.
func (l *Lane) Before() *Snap { panic("arrange: Before") }

// After returns what was published and what has been staged since.
func (l *Lane) After() *Snap { panic("arrange: After") }

// Publish makes what was staged part of Before and returns it.
func (l *Lane) Publish() *Snap { panic("arrange: Publish") }

// Discard forgets what was staged since the last Publish.
func (l *Lane) Discard() { panic("arrange: Discard") }

// Drop forgets everything and gives the memory back to the Budget. Snapshots
// that are still held can be read on. The lane must not be used any more.
func (l *Lane) Drop() { panic("arrange: Drop") }
