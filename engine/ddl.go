package engine

import (
	"context"
	"time"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sqlerr"
)

// ddl changes the catalog. An open transaction is committed first, as in
// MySQL.
func (x *execution) ddl(ctx context.Context, b *bind.DDL) error {
	if err := x.s.commit(ctx); err != nil {
		return err
	}
	x.s.warn(b.Notes...)
	if b.Change == nil {
		return x.done(Summary{})
	}
	for {
		err := x.change(ctx, b.Change)
		if err == nil {
			return x.done(Summary{})
		}
		if !b.Guarded || !moved(err) {
			return err
		}
		// Somebody made or dropped it meanwhile: what IF [NOT] EXISTS
		// means now is for the binder to say.
		x.root = x.s.e.machine.Root()
		if err := x.rebind(); err != nil {
			return err
		}
		if b = x.c.bound.(*bind.DDL); b.Change == nil {
			x.s.warn(b.Notes...)
			return x.done(Summary{})
		}
	}
}

// moved tells whether err says that something exists already or no longer.
func moved(err error) bool {
	switch sqlerr.From(err).Code {
	case sqlerr.ErrTableExists, sqlerr.ErrBadTable, sqlerr.ErrDBCreateExists, sqlerr.ErrDBDropExists, sqlerr.ErrNoSuchTable:
		return true
	}
	return false
}

// change puts one catalog change through the log.
func (x *execution) change(ctx context.Context, ch catalog.Change) error {
	switch ch := ch.(type) {
	case *catalog.TruncateTable:
		return x.truncate(ctx, ch)
	case *catalog.CreateView:
		return x.createView(ctx, ch)
	}
	res, err := x.s.e.propose(ctx, &shard.DDL{Change: ch})
	if err != nil {
		return err
	}
	if drop, ok := ch.(*catalog.DropDatabase); ok && res.Err == nil && drop.Name == x.s.db {
		x.s.setDB("")
	}
	return orNil(res.Err)
}

// orNil keeps a nil *Error from becoming an error that is not nil.
func orNil(err *sqlerr.Error) error {
	if err == nil {
		return nil
	}
	return err
}

func (x *execution) truncate(ctx context.Context, ch *catalog.TruncateTable) error {
	for {
		t, ok := x.s.e.machine.Root().Catalog.Table(ch.Name.DB, ch.Name.Name)
		if !ok {
			return sqlerr.New(sqlerr.ErrNoSuchTable, "Table '%s.%s' doesn't exist", ch.Name.DB, ch.Name.Name)
		}
		res, err := x.s.e.propose(ctx, &shard.Truncate{Table: t.ID, Version: t.Version})
		if err != nil || !res.Again {
			return err
		}
	}
}

// createView plans the circuit, makes the view and waits until it is filled.
// A statement that is killed meanwhile takes the view away again.
func (x *execution) createView(ctx context.Context, ch *catalog.CreateView) error {
	v := *ch.View
	v.Names = plan.Tables(v.Plan)
	info := x.c.cat.Info
	n, err := circuitPlan(v.Plan, info)
	if err != nil {
		return err
	}
	v.Plan = n
	v.Key, v.Unique = plan.StoreKey(n, info)
	for _, id := range plan.Tables(n) {
		if r, _ := x.c.cat.ByID(id); r != nil {
			if up, ok := r.(*catalog.View); ok && !up.Ready {
				return sqlerr.New(sqlerr.ErrViewInvalid, "view '%s.%s' is still being filled", up.DB, up.Name).WithHint("wait until SHOW MATERIALIZED VIEWS says it is ready")
			}
		}
	}
	res, err := x.s.e.propose(ctx, &shard.DDL{Change: &catalog.CreateView{View: &v}})
	if err == nil {
		err = orNil(res.Err)
	}
	if err != nil {
		return err
	}
	made, ok := x.s.e.machine.Root().Catalog.View(v.DB, v.Name)
	if !ok {
		return nil // dropped by somebody in the same breath
	}
	if err = x.s.e.fill(ctx, made.ID); err == nil || x.s.e.ctx.Err() != nil {
		return err
	}
	drop := &catalog.DropView{Names: []catalog.Name{{DB: v.DB, Name: v.Name}}}
	if _, derr := x.s.e.propose(context.Background(), &shard.DDL{Change: drop}); derr != nil {
		return derr
	}
	return err
}

// circuitPlan readies a query for a circuit: an order without a limit means
// nothing in a view, and what would differ from one step to the next is
// refused.
func circuitPlan(n plan.Node, info plan.Rels) (plan.Node, error) {
	if err := deterministic(n); err != nil {
		return nil, err
	}
	n = plan.Transform(n, func(n plan.Node) plan.Node {
		if t, ok := n.(*plan.Top); ok && t.Limit == plan.NoLimit && t.Offset == 0 && t.LimitParam == nil && t.OffsetParam == nil {
			return t.In
		}
		return n
	})
	return plan.Distribute(plan.Optimise(n, info), info), nil
}

// deterministic refuses functions whose value changes by itself.
func deterministic(n plan.Node) error {
	var err error
	plan.Walk(n, func(n plan.Node) bool {
		for _, e := range plan.Exprs(n) {
			if expr.Volatility(e) != expr.Immutable {
				err = sqlerr.NotSupported("%s in a materialized view: its value changes although no row does", expr.String(e)).
					WithHint("store the value in a column")
				return false
			}
		}
		return err == nil
	})
	return err
}

// fill proposes Advance entries until the view is ready. The chunks grow and
// shrink so that a step takes about five milliseconds.
func (e *Engine) fill(ctx context.Context, id uint64) error {
	chunk := uint64(4096)
	for {
		root := e.machine.Root()
		r, ok := root.Catalog.ByID(id)
		if !ok {
			return nil
		}
		if r.(*catalog.View).Ready {
			return nil
		}
		if failed := root.Rel(id).Failed; failed != nil {
			return failed
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		start, seq := e.opt.Now(), e.batch.seq.Load()
		if _, err := e.propose(ctx, &shard.Advance{View: id, Rows: chunk}); err != nil {
			return err
		}
		alone := e.batch.seq.Load() == seq+1
		chunk = nextChunk(chunk, e.opt.Now().Sub(start), alone)
	}
}

// How long the steps of a backfill are to take: short ones let writers in
// between, long ones touch a group once for many of its rows.
const (
	stepBeside = 5 * time.Millisecond
	stepAlone  = 25 * time.Millisecond
)

// nextChunk is how many rows the next step is to load, when chunk rows took
// so long; alone says that nobody wrote meanwhile.
func nextChunk(chunk uint64, took time.Duration, alone bool) uint64 {
	aim := stepBeside
	if alone {
		aim = stepAlone
	}
	next := uint64(float64(chunk) * float64(aim) / float64(max(took, time.Microsecond)))
	return min(max(next, 1024), 2*chunk, 1<<18)
}

// columnsOf returns expressions that read the columns cols of a schema.
func columnsOf(sch plan.Schema, cols []int) []expr.Expr {
	out := make([]expr.Expr, len(cols))
	for i, c := range cols {
		out[i] = &expr.Col{Index: c, Name: sch[c].Name, T: sch[c].Type}
	}
	return out
}
