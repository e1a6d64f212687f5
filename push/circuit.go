package push

import (
	"github.com/weirdb/weir/zset"
)

// Circuit keeps one view: it holds the operators of a plan and their state.
//
// It is filled by ordinary steps: first Init, then every row of each relation
// once, in chunks of any size in any order (Loaded), mixed with changes. An
// edge has loaded a set of keys, and while it is not full the caller passes on
// of a change only the rows whose keys are loaded, as Change.Edge. A side of a
// join that reads a relation's own arrangement (Feed.AsIs) sees all of it from
// the beginning: it has no chunks, and its changes are passed on in full, as
// Change.AsIs; they meet what the other side, always an edge, has loaded. So
// the answer grows towards the whole, and after the last chunk it is the
// whole. A relation that is read in both ways gets both parts.
//
// A left, semi or anti join over no left rows is empty whatever its right side
// holds, so its right side may be read as it is; its left may not. An inner
// join may read one of its sides so, the right one if both fit.
//
// Init, Step, Publish, Discard and Drop are one goroutine's.
type Circuit struct {
	env    *Env
	ops    []*node
	stages []*stage
	feeds  map[uint64]Feed
	inputs []uint64
	states []State
	lanes  []*lane
	sink   *sink
	out    Out
}

// Inputs returns the ids of the relations whose changes it eats, ascending.
func (c *Circuit) Inputs() []uint64 { return c.inputs }

// Feed returns how the circuit reads a relation; zeros when it does not.
func (c *Circuit) Feed(table uint64) Feed { return c.feeds[table] }

// Init returns the answer over empty relations (the row of an aggregate
// without groups, literal rows) as a change. It is the first step of a
// circuit, and published or discarded like one.
func (c *Circuit) Init() (*Out, error) { return c.run(nil, true) }

// Step eats the changes of one step, one Change for each relation that has
// any; relations that the plan does not scan are passed over. It stages the
// new state: Publish or Discard must follow before the next step. An error is
// a fault of the machine, never of the data; then only Discard may follow.
func (c *Circuit) Step(in []Change) (*Out, error) { return c.run(in, false) }

func (c *Circuit) run(in []Change, init bool) (*Out, error) {
	for _, l := range c.lanes {
		l.begin(init)
	}
	for _, s := range c.stages {
		if err := s.run(c.env, in, c.lanes, init); err != nil {
			return nil, err
		}
	}
	c.out.Delta = c.sink.finish(c.env)
	c.out.Errors = c.changedErrors()
	return &c.out, nil
}

// changedErrors returns the errors that the lanes met, in lane order, summed.
func (c *Circuit) changedErrors() *zset.Batch {
	var met []*zset.Batch
	for _, l := range c.lanes {
		if l.errs != nil && l.errs.N > 0 {
			met = append(met, l.errs)
		}
	}
	if met == nil {
		return nil
	}
	b, _ := zset.Consolidate(zset.Concat(ErrorTypes(), met...), zset.Cols(0, 1, 2))
	if b.N == 0 {
		return nil
	}
	return b
}

// Publish makes the state that the last step staged the state that the next
// one begins with.
func (c *Circuit) Publish() {
	for _, s := range c.states {
		s.Arr.Publish()
	}
}

// Discard forgets what the last step did, also one that failed or panicked.
func (c *Circuit) Discard() {
	for _, s := range c.states {
		s.Arr.Discard()
	}
	for _, s := range c.stages {
		s.reset()
	}
	c.sink.reset()
}

// Drop gives the memory of the state back. The circuit must not be used any
// more.
func (c *Circuit) Drop() {
	for _, s := range c.states {
		s.Arr.Drop()
	}
}

// Stats describes the operators, parents before their inputs.
func (c *Circuit) Stats() []OpStats {
	out := make([]OpStats, len(c.ops))
	for i, n := range c.ops {
		out[i] = OpStats{Depth: n.depth, Name: n.name}
		for _, s := range n.stats {
			out[i].RowsIn += s.in
			out[i].RowsOut += s.out
			out[i].Nanos += s.nanos
		}
	}
	for _, s := range c.states {
		p := s.Arr.Pin()
		out[s.Op].State += p.Rows()
		out[s.Op].Bytes += p.Bytes()
	}
	return out
}

// States returns the circuit's own arrangements.
func (c *Circuit) States() []State { return c.states }

// node is one operator of the plan: what is common to its lanes.
type node struct {
	depth int
	name  string
	pos   int       // in Circuit.ops
	stats []*opStat // by lane
}

// Parallel returns Workers of n goroutines, the caller among them.
func Parallel(n int) Workers {
	if n < 2 {
		return nil
	}
	return func(jobs int, do func(int)) { parallel(n, jobs, do) }
}
