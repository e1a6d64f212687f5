package engine

import (
	"context"
	"math"
	"runtime"
	"slices"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/pull"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// execution is one run of a compiled statement. A session uses one again for
// its next statement, so that a point SELECT allocates nothing.
type execution struct {
	s      *session
	c      *compiled
	params []types.Value
	out    Sink
	more   bool
	root   *shard.Root
	now    int64

	rows int64    // that query has passed on
	env  pull.Env // of the last pull
	// source and emit as functions, made once
	find sourceFunc
	pass func(*zset.Batch) error
}

type sourceFunc = func(table uint64, index uint32) (rel.Source, error)

// execution returns one for c. A statement that runs another (EXECUTE) finds
// none idle and makes one more.
func (s *session) execution(c *compiled) *execution {
	x := s.idle
	s.idle = nil
	if x == nil {
		x = &execution{s: s}
		x.find, x.pass = x.source, x.emit
	}
	x.c = c
	return x
}

// end lets go of what the statement held and leaves x to the next one.
func (x *execution) end() {
	*x = execution{s: x.s, find: x.find, pass: x.pass}
	x.s.idle = x
}

// run does what the statement says and ends with Done.
func (x *execution) run(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := x.s.writable(x.c.bound); err != nil {
		return err
	}
	x.now = x.s.at.UnixMicro()
	x.root = x.s.e.machine.Root()
	switch b := x.c.bound.(type) {
	case *bind.Query:
		return x.query(ctx)
	case *bind.Insert:
		return x.insert(ctx, b)
	case *bind.Update:
		return x.update(ctx, b)
	case *bind.Delete:
		return x.delete(ctx, b)
	case *bind.LoadData:
		return x.loadData(ctx, b)
	case *bind.DDL:
		return x.ddl(ctx, b)
	case *bind.Use:
		if err := x.s.Use(ctx, b.DB); err != nil {
			return err
		}
	case *bind.Begin:
		return x.begin(ctx, b)
	case *bind.Commit:
		return x.commitStmt(ctx, b)
	case *bind.Rollback:
		x.s.rollback()
		if b.Chain {
			x.s.open()
		}
	case *bind.Kill:
		if b.ID > math.MaxUint32 {
			return unknownThread(b.ID)
		}
		if err := x.s.e.Kill(uint32(b.ID), b.QueryOnly); err != nil {
			return err
		}
	case *bind.SetVariables:
		if err := x.set(ctx, b); err != nil {
			return err
		}
	case *bind.Show:
		return x.show(ctx, b)
	case *bind.Explain:
		return x.explain(ctx, b)
	case *bind.ExplainView:
		return x.explainView(b)
	case *bind.Prepare:
		return x.prepare(b)
	case *bind.Execute:
		return x.execute(ctx, b)
	case *bind.Deallocate:
		if _, ok := x.s.prepared[b.Name]; !ok {
			return unknownPrepared(b.Name, "DEALLOCATE PREPARE")
		}
		delete(x.s.prepared, b.Name)
	default:
		return sqlerr.NotSupported("this statement")
	}
	return x.done(Summary{})
}

// done ends the statement.
func (x *execution) done(sum Summary) error {
	st := x.s.Status()
	sum.Warnings, sum.InTxn, sum.Autocommit, sum.DB = st.Warnings, st.InTxn, st.Autocommit, st.DB
	return x.out.Done(sum, x.more)
}

// query answers a SELECT.
func (x *execution) query(ctx context.Context) error {
	x.s.joinTxn()
	if t := x.s.txn; t != nil {
		x.root = t.Root()
	}
	if x.root.Catalog != x.c.cat {
		// The catalog moved on since the plan was made.
		if err := x.rebind(); err != nil {
			return err
		}
	}
	if err := x.readable(); err != nil {
		return err
	}
	if limit := x.s.vars.milliseconds("max_execution_time"); limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errTooLong)
		defer cancel()
	}
	if err := x.lock(ctx); err != nil {
		return err
	}
	if err := x.out.Columns(x.c.columns); err != nil {
		return err
	}
	x.rows = 0
	if err := x.pull(ctx, x.pass); err != nil {
		return err
	}
	x.s.found, x.s.rowCount = x.rows, -1
	x.s.e.metrics.rowsRead(x.rows)
	return x.done(Summary{})
}

// emit passes rows of a query on.
func (x *execution) emit(b *zset.Batch) error {
	x.rows += b.WeightSum()
	return x.out.Rows(b)
}

// errTooLong is what max_execution_time ends a SELECT with.
var errTooLong = sqlerr.New(sqlerr.ErrQueryTimeout, "Query execution was interrupted, maximum statement execution time exceeded")

// rebind compiles the statement anew against the catalog of x.root.
func (x *execution) rebind() error {
	p, err := parse.Parse(x.c.text)
	if err != nil {
		return err
	}
	c, err := x.s.compile(p, x.root.Catalog, x.c.given)
	if err != nil {
		return err
	}
	x.c = c
	return nil
}

// pull runs the statement's plan at x.root or, in a transaction, over what it
// sees.
func (x *execution) pull(ctx context.Context, emit func(*zset.Batch) error) error {
	source, r := x.find, x.c.runner
	if t := x.s.txn; t != nil {
		source = txnSource(t)
		if expanded, ok := x.throughViews(t, x.c.logical); ok {
			var err error
			if r, err = pull.Build(expanded); err != nil {
				return err
			}
		}
	}
	x.setEnv(source)
	return x.drain(ctx, r, emit)
}

// setEnv readies x.env for a run over source.
func (x *execution) setEnv(source func(uint64, uint32) (rel.Source, error)) {
	x.env = pull.Env{
		Source:  source,
		Params:  x.params,
		Now:     x.now,
		Budget:  x.s.e.budget,
		Workers: runtime.GOMAXPROCS(0),
		Lax:     x.lenient(),
		Writes:  x.writes(),
		Seed:    newProducer(),
	}
}

// drain runs a plan in x.env.
func (x *execution) drain(ctx context.Context, r *pull.Runner, emit func(*zset.Batch) error) error {
	err := r.Run(ctx, &x.env, emit)
	x.s.warn(x.env.Warnings...)
	x.s.warned += x.env.WarningCount - len(x.env.Warnings)
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// lenient tells whether conversions adjust and warn where they would fail.
func (x *execution) lenient() bool {
	switch b := x.c.bound.(type) {
	case *bind.Insert:
		return b.Mode == bind.InsertIgnore || !x.s.vars.strict()
	case *bind.Update:
		return b.Ignore || !x.s.vars.strict()
	case *bind.Delete:
		return b.Ignore || !x.s.vars.strict()
	case *bind.LoadData:
		return b.Local || b.Mode == bind.InsertIgnore || !x.s.vars.strict()
	}
	return false
}

// writes tells whether the statement changes rows.
func (x *execution) writes() bool {
	switch x.c.bound.(type) {
	case *bind.Insert, *bind.Update, *bind.Delete:
		return true
	}
	return false
}

// source finds a relation at the statement's root.
func (x *execution) source(id uint64, index uint32) (rel.Source, error) {
	if src := x.root.Source(id, index); src != nil {
		return src, nil
	}
	return nil, errGone(id)
}

func errGone(id uint64) error {
	return sqlerr.New(sqlerr.ErrNoSuchTable, "relation %d of the statement is gone", id).WithHint("repeat the statement")
}

func txnSource(t *shard.Txn) func(uint64, uint32) (rel.Source, error) {
	return func(id uint64, index uint32) (rel.Source, error) {
		if src := t.Source(id, index); src != nil {
			return src, nil
		}
		return nil, errGone(id)
	}
}

// throughViews replaces the scans of views that a transaction's own writes
// reach by the plans of the views, so that it reads its own writes there too:
// by the law, a view is its plan over what the transaction sees.
func (x *execution) throughViews(t *shard.Txn, n plan.Node) (plan.Node, bool) {
	if len(x.c.views) == 0 {
		return n, false
	}
	wrote := t.Wrote()
	if len(wrote) == 0 {
		return n, false
	}
	out := expandViews(t.Root().Catalog, wrote, n)
	if out == n {
		return n, false
	}
	info := t.Root().Catalog.Info
	return plan.ChooseAccess(plan.Optimise(out, info), info), true
}

// expandViews rewrites every Scan of a view that reads one of wrote.
func expandViews(cat *catalog.Catalog, wrote []uint64, n plan.Node) plan.Node {
	return plan.Transform(n, func(n plan.Node) plan.Node {
		scan, ok := n.(*plan.Scan)
		if !ok {
			return n
		}
		r, _ := cat.ByID(scan.Table)
		v, ok := r.(*catalog.View)
		if !ok || !reaches(cat, wrote, v) {
			return n
		}
		return &plan.Project{In: expandViews(cat, wrote, v.Plan), Exprs: columnsOf(v.Plan.Schema(), scan.Cols), Sch: scan.Sch}
	})
}

// reaches tells whether v reads one of wrote, through other views too.
func reaches(cat *catalog.Catalog, wrote []uint64, v *catalog.View) bool {
	for _, id := range v.Inputs {
		if slices.Contains(wrote, id) {
			return true
		}
		r, _ := cat.ByID(id)
		if up, ok := r.(*catalog.View); ok && reaches(cat, wrote, up) {
			return true
		}
	}
	return false
}
