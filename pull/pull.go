// Package pull answers a plan once, over the relations as a snapshot holds
// them. It is the runner of SELECT.
//
// Build compiles a plan into a Runner, which is immutable and shared by all
// sessions. Run takes a set of operators with their scratch from a pool. Rows
// are pushed: an operator gets batches from the one below, and hands its own
// up through emit; nothing is held back but what an operator needs whole (the
// build side of a join, groups, a sort).
//
// Invariants:
//  1. Every weight is positive.
//  2. A row whose expression fails, fails the statement: of a batch, the first
//     row's error.
//  3. What SQL leaves open is settled as package plan says, so a view over
//     the same plan holds the same rows.
//  4. The rows of a plan.Top at the root, or below Projects, come out in its
//     order. Otherwise their order means nothing.
//  5. Batches are borrowed from whoever emits them until emit returns.
package pull

import (
	"context"
	"sync"

	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Env is what one run needs from outside, and what it says beside its rows.
type Env struct {
	// Source returns the relation table at the statement's snapshot, as it is
	// stored by index (0: its own key). Whatever the index, the Source has
	// the relation's columns at the relation's positions. It may be asked for
	// the same relation more than once, with Workers by several goroutines.
	Source func(table uint64, index uint32) (rel.Source, error)
	// Params are the values of the placeholders.
	Params []types.Value
	// Now is the statement's time in microseconds since the epoch, UTC.
	Now int64
	// Seed feeds RAND() and UUID().
	Seed uint64
	// Lax makes assignments adjust and warn where they would fail (IGNORE).
	Lax bool
	// Writes says that the rows are for a statement that changes some: unless
	// Lax, every warning is an error then.
	Writes bool
	// Budget is what memory is taken from; nil does not count.
	Budget *mem.Budget
	// Workers is how many goroutines may work at once; below 2 the caller's
	// alone.
	Workers int

	// Run sets Warnings to the first of the warnings, owned by the caller, and
	// WarningCount to the number of all.
	Warnings     []*sqlerr.Error
	WarningCount int
}

// Runner is a plan made ready to run. It is safe for concurrent use.
type Runner struct {
	sch  plan.Schema
	root node
	pool sync.Pool // of *exec
}

// Build compiles n, which has passed plan.Validate.
func Build(n plan.Node) (*Runner, error) {
	root, err := compile(n)
	if err != nil {
		return nil, err
	}
	return &Runner{sch: n.Schema(), root: root}, nil
}

// Schema returns the columns of the answer.
func (r *Runner) Schema() plan.Schema { return r.sch }

// Run answers the plan. Batches have at most zset.MaxRows rows; a row of
// weight w stands w times. The first error ends the run and is returned: that
// of an expression (*sqlerr.Error), a Source, emit, the Budget, or ctx.
func (r *Runner) Run(ctx context.Context, env *Env, emit func(*zset.Batch) error) error {
	x, ok := r.pool.Get().(*exec)
	if !ok {
		x = newExec(r.root)
	}
	x.begin(ctx, env)
	whole := false // a panic leaves operators in the middle of their work
	defer func() {
		if fit := x.end(); fit && whole {
			r.pool.Put(x)
		}
	}()
	err := x.root.run(emit)
	whole = true
	return err
}
