package pull

import (
	"context"
	"errors"
	"sync"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
)

// scanBelow returns the Scan that n filters and projects, and the relation's
// column of each of n's, -1 for one that is computed.
func scanBelow(n plan.Node) (cols []int, scan *plan.Scan) {
	switch n := n.(type) {
	case *plan.Scan:
		return n.Cols, n
	case *plan.Exchange:
		return scanBelow(n.In)
	case *plan.Filter:
		return scanBelow(n.In)
	case *plan.Project:
		below, scan := scanBelow(n.In)
		if scan == nil {
			return nil, nil
		}
		for _, e := range n.Exprs {
			if c, ok := e.(*expr.Col); ok {
				cols = append(cols, below[c.Index])
			} else {
				cols = append(cols, -1)
			}
		}
		return cols, scan
	}
	return nil, nil
}

// laneScan returns the Scan, whole or of a range, that n filters and projects
// lane by lane; nil when n is more.
func laneScan(n plan.Node) (*scanNode, error) {
	_, scan := scanBelow(n)
	if scan == nil {
		return nil, nil
	}
	s, err := newScan(scan)
	if err != nil || s.(*scanNode).seeks() {
		return nil, err
	}
	return s.(*scanNode), nil
}

// splitRows is the number of rows from which on another goroutine pays.
const splitRows = 1 << 16

// workers returns how many goroutines shall read the lanes of scan, which may
// be nil.
func (x *exec) workers(scan *scanNode) (int, error) {
	if scan == nil || x.env.Workers < 2 || x.parts > 1 {
		return 1, nil
	}
	src, err := x.env.Source(scan.table, scan.index)
	if err != nil || src.Rows() < splitRows {
		return 1, err
	}
	return min(x.env.Workers, src.Lanes()), nil
}

// task is a part of the work of an operator, and the exec that does it.
type task struct {
	x   *exec
	run func() error
}

// split runs tasks at the same time, the first in this goroutine, each over
// its share of the lanes. When one fails the others stop; of several errors
// that of the first task is returned. What the helpers count is added to x.
func (x *exec) split(tasks []task) error {
	ctx, cancel := context.WithCancel(x.ctx)
	defer cancel()
	errs, panics := make([]error, len(tasks)), make([]any, len(tasks))
	work := func(i int) {
		defer func() {
			if panics[i] = recover(); panics[i] != nil {
				cancel()
			}
		}()
		if errs[i] = tasks[i].run(); errs[i] != nil {
			cancel()
		}
	}
	outer := x.ctx
	var wg sync.WaitGroup
	for i, t := range tasks {
		if i > 0 {
			t.x.begin(ctx, x.env)
		}
		t.x.ctx, t.x.part, t.x.parts = ctx, i, len(tasks)
		if i > 0 {
			wg.Go(func() { work(i) })
		}
	}
	work(0)
	wg.Wait()
	x.ctx, x.part, x.parts = outer, 0, 1
	for _, t := range tasks[1:] {
		x.absorb(t.x)
	}
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
	return firstError(outer, errs)
}

// absorb takes over what a helper holds and has warned of.
func (x *exec) absorb(h *exec) {
	x.held += h.held
	x.peak = max(x.peak, x.held)
	x.cx.WarningCount += h.cx.WarningCount
	room := max(expr.MaxWarnings-len(x.cx.Warnings), 0)
	x.cx.Warnings = append(x.cx.Warnings, h.cx.Warnings[:min(room, len(h.cx.Warnings))]...)
	h.ctx, h.env, h.cx.Params, h.held = nil, nil, nil, 0
}

// firstError returns the first error that is not the echo of another.
func firstError(ctx context.Context, errs []error) error {
	for _, err := range errs {
		if err != nil && (!errors.Is(err, context.Canceled) || ctx.Err() != nil) {
			return err
		}
	}
	return nil
}
