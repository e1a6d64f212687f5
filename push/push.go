// Package push turns a plan into a circuit that answers it for ever: it eats
// the changes of the relations that the plan scans and puts out the change of
// the answer.
//
// The law: the sum of what a circuit has put out is what package pull says
// over the same plan and the relations' content, after every step. Rows whose
// expressions fail are not in the answer but in the errors Z-set, and then
// pull fails.
//
// How a circuit is made. The plan has been through plan.Distribute. An
// Exchange cuts it into stages; a stage has one set of operators for each
// lane, and an operator sees its own lane only. A step runs stage after
// stage. In a stage the changes of its sources are pushed through the
// operators lane by lane; those that must see a step's whole change first
// (joins, aggregates, distinct, top) collect it, sum it per key, and emit when
// they are flushed, inputs before consumers.
//
// State lies in arrangements. A step stages its changes into them; Publish
// makes them the state before the next step, Discard forgets them.
//
// Everything a step does follows from the state and the change alone: no map
// order, no clock, no number of workers shows in what it puts out.
package push

import (
	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Workers calls do(0) to do(n-1), one after the other or at once, and returns
// when all have returned. A panic of one of them is raised again in the
// caller. See Parallel.
type Workers func(n int, do func(i int))

// Env is what a circuit needs from outside. It is not changed once given to
// Build.
type Env struct {
	// Lanes is the number of lanes of the shard, at least 1; relations,
	// changes and answers have as many.
	Lanes int
	// Arrange makes the circuit's arrangements.
	Arrange *arrange.Env
	// Workers runs the lanes of a stage when the step's change is large; nil
	// runs them in the caller.
	Workers Workers
	// Shared returns the arrangement of a relation's own rows, to be used as
	// the side of a join as it is; nil or false: there is none to use.
	// When a step begins its change has been staged there, and it is
	// published after the step.
	Shared func(table uint64) (*arrange.Arrangement, bool)
	// Clock returns nanoseconds, for the times in Stats only; nil takes none.
	Clock func() int64
}

// Change is what happened to one relation in a step. Batches have all stored
// columns of the relation, a hidden row id included, and come by lane: Edge[i]
// are the changes of the rows in lane i, in batches of any length. They are
// borrowed until Step returns.
//
// The two parts differ only while the circuit is filled; see Circuit.
type Change struct {
	Table uint64
	// Edge is what the occurrences of the relation eat that keep what they
	// need of it themselves.
	Edge [][]*zset.Batch
	// AsIs is the relation's whole change, for the occurrences that read the
	// relation's own arrangement.
	AsIs [][]*zset.Batch
}

// Changed is the Change of a relation whose edges are all filled.
func Changed(table uint64, lanes [][]*zset.Batch) Change {
	return Change{Table: table, Edge: lanes, AsIs: lanes}
}

// Loaded is the Change that fills the edges of a relation with a chunk of its
// rows, which did not change.
func Loaded(table uint64, lanes [][]*zset.Batch) Change {
	return Change{Table: table, Edge: lanes}
}

// Feed says how a circuit reads a relation: so many occurrences in its plan
// eat Change.Edge, and so many Change.AsIs.
type Feed struct {
	Edges, AsIs int
}

// Out is what a step put out. It is owned by the circuit until its next Step.
type Out struct {
	// Delta is the change of the view by lane of its key, each lane
	// consolidated over all its batches and sorted by key, at most
	// zset.MaxRows rows a batch.
	Delta [][]*zset.Batch
	// Errors is the consolidated change of the view's errors, of ErrorTypes;
	// nil when there is none.
	Errors *zset.Batch
}

// Rows returns the number of rows in Delta.
func (o *Out) Rows() int {
	n := 0
	for _, lane := range o.Delta {
		for _, b := range lane {
			n += b.N
		}
	}
	return n
}

// ErrorTypes returns the columns of Out.Errors: MySQL's error number, the
// message, and the row or group that it befell as text.
func ErrorTypes() []types.Type {
	return []types.Type{types.TypeInt, errorText, errorText}
}

var errorText = types.Type{Kind: types.String, Coll: types.Coll0900Bin}

// OpStats describes one operator of a circuit, summed over its lanes.
type OpStats struct {
	Depth   int    // in the plan, 0 for the root
	Name    string // as plan.Explain has it, in one line
	RowsIn  int64  // rows of changes taken since the circuit was built
	RowsOut int64  // rows of changes put out
	State   int64  // rows kept
	Bytes   int64  // bytes they take
	Nanos   int64  // time spent in it; 0 without Env.Clock
}

// State is one of a circuit's own arrangements.
type State struct {
	Op   int    // position of its operator in Stats
	Name string // what it holds: "left", "right", "groups", ..
	Arr  *arrange.Arrangement
}

// Build makes the circuit of n, which has passed plan.Validate and
// plan.Distribute. key is the columns by which the view is stored; nil is all
// of its columns. The error is errno 1235 for what a view cannot do.
func Build(n plan.Node, key []zset.KeyCol, env *Env) (*Circuit, error) {
	return build(n, key, env)
}
