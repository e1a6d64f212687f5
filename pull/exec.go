package pull

import (
	"context"
	"fmt"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// node is a compiled plan node: what all runs share.
type node interface {
	// open makes the operator with its scratch, and those below it, for runs
	// of x.
	open(x *exec) op
	// estimate returns about how many rows there will be at most, or unknown.
	estimate(x *exec) int64
}

const unknown int64 = -1

// op is an operator of one exec. It is run many times, one after another, and
// clears what is left of the last run when it begins.
type op interface {
	run(emit func(*zset.Batch) error) error
}

// compile turns a plan into nodes.
func compile(n plan.Node) (node, error) {
	switch n := n.(type) {
	case *plan.Scan:
		return newScan(n)
	case *plan.Values:
		return newValues(n), nil
	case *plan.Filter:
		return newFilter(n)
	case *plan.Project:
		return newProject(n)
	case *plan.Join:
		return newJoin(n)
	case *plan.Aggregate:
		return newAggregate(n)
	case *plan.Distinct:
		return newDistinct(n)
	case *plan.Union:
		return newUnion(n)
	case *plan.Top:
		return newTop(n)
	case *plan.Exchange:
		return compile(n.In)
	}
	return nil, fmt.Errorf("pull: no operator for %T", n)
}

// fallible tells whether a row of n, or of what it reads, can fail. Such a
// part is run even where its rows cannot matter: a view of the same plan would
// show the error.
func fallible(n plan.Node) bool {
	found := false
	plan.Walk(n, func(n plan.Node) bool {
		switch n := n.(type) {
		case *plan.Values:
			for _, row := range n.Rows {
				found = found || anyFallible(row)
			}
		case *plan.Filter:
			found = found || anyFallible(n.Preds)
		case *plan.Project:
			found = found || anyFallible(n.Exprs)
		case *plan.Join:
			found = found || anyFallible(n.On)
		case *plan.Aggregate:
			for _, g := range n.Aggs {
				switch g.Func {
				case plan.Sum, plan.Sum0, plan.Avg, plan.Single:
					found = true
				}
			}
		}
		return !found
	})
	return found
}

func anyFallible(es []expr.Expr) bool {
	for _, e := range es {
		if expr.Fallible(e) {
			return true
		}
	}
	return false
}

func columnTypes(s plan.Schema) []types.Type {
	ts := make([]types.Type, len(s))
	for i, c := range s {
		ts[i] = c.Type
	}
	return ts
}

// exec is the operators of one run. It belongs to one goroutine at a time and
// goes back to its Runner's pool.
type exec struct {
	ctx  context.Context
	env  *Env
	cx   *expr.Ctx
	root op

	held, peak int64 // bytes reserved, now and at most

	// part and parts say which lanes a Scan reads: part, part+parts, ..
	part, parts int
}

func newExec(root node) *exec {
	x := &exec{cx: expr.NewCtx()}
	x.root = root.open(x)
	return x
}

func (x *exec) begin(ctx context.Context, env *Env) {
	x.ctx, x.env = ctx, env
	x.cx.Reset()
	x.cx.Params, x.cx.Now, x.cx.Seed = env.Params, env.Now, env.Seed
	x.cx.Strict, x.cx.Writes = !env.Lax, env.Writes
	x.held, x.peak = 0, 0
	x.part, x.parts = 0, 1
}

// keepBelow is the scratch, in bytes, that an exec may take to the pool.
const keepBelow = 1 << 20

// end gives the memory back and tells whether x is fit for another run.
func (x *exec) end() bool {
	x.env.WarningCount = x.cx.WarningCount
	x.env.Warnings = append([]*sqlerr.Error(nil), x.cx.Warnings...)
	x.env.Budget.Shrink(mem.StatementScratch, x.held)
	x.ctx, x.env, x.cx.Params = nil, nil, nil
	return x.peak < keepBelow
}

// alive returns the error of a context that has ended; sources ask it before
// each batch.
func (x *exec) alive() error { return x.ctx.Err() }

// failed returns the error of the first row that failed, if any.
func (x *exec) failed() error {
	if x.cx.Errs.Any() {
		return x.cx.Errs.First()
	}
	return nil
}

// maxColumnData is the most bytes that one column of a held batch may have:
// its offsets are of 32 bits.
const maxColumnData = 3 << 30

// account is the memory of one operator.
type account struct {
	x        *exec
	operator string
	bytes    int64
}

// set reserves or gives back, so that the operator holds now bytes.
func (a *account) set(now int64) error {
	grow := now - a.bytes
	if grow > 0 {
		if err := a.x.env.Budget.Reserve(mem.StatementScratch, a.operator, grow); err != nil {
			return err
		}
	} else {
		a.x.env.Budget.Shrink(mem.StatementScratch, -grow)
	}
	a.bytes = now
	a.x.held += grow
	a.x.peak = max(a.x.peak, a.x.held)
	return nil
}

// hold is set for an operator that keeps rows in one batch.
func (a *account) hold(rows *zset.Batch, more int64) error {
	for i := range rows.Cols {
		if len(rows.Cols[i].Data) > maxColumnData {
			return sqlerr.New(sqlerr.ErrOutOfMemory, "Out of memory; %s needs more than %d bytes for one column",
				a.operator, int64(maxColumnData))
		}
	}
	return a.set(rows.Memory() + more)
}
