package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// optimisticTries is how often a statement that read rows and then lost a
// race for them is tried again before it takes the table's latch.
const optimisticTries = 3

// insert is INSERT and REPLACE.
func (x *execution) insert(ctx context.Context, b *bind.Insert) error {
	return x.retry(ctx, b.Table, func() (*shard.Stmt, error) {
		b := x.c.bound.(*bind.Insert) // binding again may have replaced it
		rows, err := x.insertRows(ctx, b)
		if err != nil {
			return nil, err
		}
		if rows.N == 0 {
			return &shard.Stmt{}, nil
		}
		op, err := x.insertOp(b.Table, rows, b.Mode, b.OnDup)
		if err != nil {
			return nil, err
		}
		return &shard.Stmt{Ops: []shard.Op{op}}, nil
	}, func(res shard.Result) Summary {
		return x.inserted(res, x.c.bound.(*bind.Insert).Literal)
	})
}

// insertRows returns the full rows of an INSERT: literal ones that the binder
// made, or what its source puts out.
func (x *execution) insertRows(ctx context.Context, b *bind.Insert) (*zset.Batch, error) {
	if b.Rows == nil {
		return x.collect(ctx, columnTypes(b.Table), storable)
	}
	rows := zset.NewBatch(b.Rows.Types(), b.Rows.N)
	rows.N = b.Rows.N
	for i, e := range b.Fill {
		if e == nil {
			rows.Cols[i].AppendRange(&b.Rows.Cols[i], 0, rows.N)
			continue
		}
		cx := expr.NewCtx()
		cx.Now, cx.Seed = x.now, newProducer()
		v, err := expr.Value(cx, e)
		if err != nil {
			return nil, err
		}
		for range rows.N {
			rows.Cols[i].AppendValue(v)
		}
	}
	return rows, nil
}

// inserted is the summary of an INSERT; several rows give an info line.
func (x *execution) inserted(res shard.Result, literal bool) Summary {
	sum := Summary{Affected: res.Affected, LastInsertID: res.LastID}
	if res.Matched > 1 || !literal {
		dup := res.Skipped
		if res.Affected > res.Matched {
			dup = res.Affected - res.Matched
		}
		sum.Info = fmt.Sprintf("Records: %d  Duplicates: %d  Warnings: %d", res.Matched, dup, x.s.warned)
	}
	return sum
}

var dupModes = map[bind.InsertMode]shard.OnDup{
	bind.InsertPlain:   shard.DupFail,
	bind.InsertIgnore:  shard.DupIgnore,
	bind.InsertReplace: shard.DupReplace,
	bind.InsertUpdate:  shard.DupUpdate,
}

func (x *execution) insertOp(t *catalog.Table, rows *zset.Batch, mode bind.InsertMode, onDup []bind.Set) (shard.Op, error) {
	if err := x.s.e.admit(rows.Memory(), "rows for table '"+t.Name+"'"); err != nil {
		return shard.Op{}, err
	}
	op := shard.Op{
		Table: t.ID, Version: t.Version, Action: shard.Insert,
		OnDup: dupModes[mode], Pre: shard.PreNone, Count: x.count(), Rows: rows,
		KeepZero: strings.Contains(strings.ToUpper(x.s.vars.text("sql_mode")), "NO_AUTO_VALUE_ON_ZERO"),
		Lax:      x.lenient(),
	}
	sets, err := x.sets(t, onDup)
	op.Sets = sets
	return op, err
}

func (x *execution) count() shard.CountMode {
	if x.s.opt.FoundRows {
		return shard.CountMatched
	}
	return shard.CountChanged
}

// sets turns assignments into the log's: constants of this statement (its
// parameters, NOW()) are frozen, and the columns of a new row move behind the
// hidden row id.
func (x *execution) sets(t *catalog.Table, list []bind.Set) ([]shard.Set, error) {
	out := make([]shard.Set, len(list))
	for i, s := range list {
		v, err := x.freeze(s.New)
		if err != nil {
			return nil, err
		}
		out[i] = shard.Set{Col: s.Col, Value: shiftNew(t, v)}
	}
	return out, nil
}

// shiftNew maps columns at len(t.Columns) and beyond, which are a new row's,
// to where the step has them: behind all stored columns of the old row.
func shiftNew(t *catalog.Table, e expr.Expr) expr.Expr {
	by := len(t.StoredTypes()) - len(t.Columns)
	if by == 0 {
		return e
	}
	return expr.Transform(e, func(e expr.Expr) expr.Expr {
		if c, ok := e.(*expr.Col); ok && c.Index >= len(t.Columns) {
			return &expr.Col{Index: c.Index + by, Name: c.Name, T: c.T}
		}
		return e
	})
}

// freeze replaces what depends on the statement (parameters, NOW(), RAND())
// by constants, so that the log holds none of it.
func (x *execution) freeze(e expr.Expr) (expr.Expr, error) {
	if expr.Volatility(e) == expr.Immutable {
		return e, nil
	}
	var failed error
	out := expr.Transform(e, func(e expr.Expr) expr.Expr {
		if failed != nil || !isVolatileLeaf(e) {
			return e
		}
		cx := expr.NewCtx()
		cx.Now, cx.Params, cx.Seed = x.now, x.params, newProducer()
		v, err := expr.Value(cx, e)
		if err != nil {
			failed = err
			return e
		}
		v.Type = e.Type()
		return &expr.Const{V: v}
	})
	return out, failed
}

// isVolatileLeaf tells whether e is itself not immutable although none of its
// arguments reads a column.
func isVolatileLeaf(e expr.Expr) bool {
	return expr.Volatility(e) != expr.Immutable && len(expr.Columns(e)) == 0
}

// update is UPDATE.
func (x *execution) update(ctx context.Context, b *bind.Update) error {
	return x.retry(ctx, b.Table, func() (*shard.Stmt, error) {
		b := x.c.bound.(*bind.Update)
		if b.Point != nil && !b.Ignore {
			return x.pointUpdate(b)
		}
		return x.readUpdate(ctx, b)
	}, func(res shard.Result) Summary {
		return Summary{Affected: res.Affected, Info: fmt.Sprintf("Rows matched: %d  Changed: %d  Warnings: %d", res.Matched, changedOf(res, x), x.s.warned)}
	})
}

func changedOf(res shard.Result, x *execution) uint64 {
	if x.s.opt.FoundRows {
		return res.Changed
	}
	return res.Affected
}

// pointUpdate updates one row by its whole key without reading it: the step
// computes the new values, so there is no race to lose.
func (x *execution) pointUpdate(b *bind.Update) (*shard.Stmt, error) {
	op, err := x.pointOp(b.Table, b.Point, shard.Modify)
	if err != nil || op == nil {
		return &shard.Stmt{}, err
	}
	op.Lax = x.lenient()
	if op.Sets, err = x.sets(b.Table, b.Sets); err != nil {
		return nil, err
	}
	return &shard.Stmt{Ops: []shard.Op{*op}}, nil
}

// pointOp returns an op on the row whose key is point; nil when a part of it
// is NULL, which no key is.
func (x *execution) pointOp(t *catalog.Table, point []expr.Expr, action shard.Action) (*shard.Op, error) {
	ts := make([]types.Type, len(point))
	vals := make([]types.Value, len(point))
	for i, e := range point {
		cx := expr.NewCtx()
		cx.Now, cx.Params = x.now, x.params
		v, err := expr.Value(cx, e)
		if err != nil || v.IsNull {
			return nil, err
		}
		ts[i] = t.Columns[t.Key[i]].Type
		v.Type = ts[i]
		vals[i] = v
	}
	rows := zset.NewBatch(ts, 1)
	rows.AppendValues(vals, 1)
	return &shard.Op{
		Table: t.ID, Version: t.Version, Action: action, OnDup: shard.DupFail,
		Pre: shard.PreNone, Count: x.count(), Rows: rows,
	}, nil
}

// readUpdate reads the rows and proposes their new values, each on condition
// that the row is still as it was read.
func (x *execution) readUpdate(ctx context.Context, b *bind.Update) (*shard.Stmt, error) {
	stored := b.Table.StoredTypes()
	ts := append(append([]types.Type(nil), stored...), columnTypes(b.Table)...)
	rows, err := x.collect(ctx, ts, fits)
	if err != nil || rows.N == 0 {
		return &shard.Stmt{}, err
	}
	op := x.keyedOp(b.Table, rows, shard.Modify)
	for _, s := range b.Sets {
		at := len(stored) + len(op.Rows.Cols)
		col := &rows.Cols[len(stored)+s.Col]
		col.Type = b.Table.Columns[s.Col].Type
		op.Rows.Cols = append(op.Rows.Cols, *col)
		op.Sets = append(op.Sets, shard.Set{Col: s.Col, Value: &expr.Col{Index: at, Name: b.Table.Columns[s.Col].Name, T: col.Type}})
	}
	return &shard.Stmt{Ops: []shard.Op{op}}, nil
}

// keyedOp returns an op on the rows that stand, as stored, in the first
// columns of rows: by key, with their hashes as preconditions.
func (x *execution) keyedOp(t *catalog.Table, rows *zset.Batch, action shard.Action) shard.Op {
	stored := len(t.StoredTypes())
	cols := make([]int, stored)
	for i := range cols {
		cols[i] = i
	}
	old := rows.SliceCols(cols)
	var key []int
	for _, k := range t.StoredKey() {
		key = append(key, k.Col)
	}
	op := shard.Op{
		Table: t.ID, Version: t.Version, Action: action, OnDup: shard.DupFail,
		Pre: shard.PreHash, Count: x.count(), Rows: rows.SliceCols(key),
	}
	for i := range rows.N {
		op.Hashes = append(op.Hashes, shard.RowHash(old, i))
	}
	return op
}

// delete is DELETE.
func (x *execution) delete(ctx context.Context, b *bind.Delete) error {
	return x.retry(ctx, b.Table, func() (*shard.Stmt, error) {
		b := x.c.bound.(*bind.Delete)
		if b.Point != nil {
			op, err := x.pointOp(b.Table, b.Point, shard.Delete)
			if err != nil || op == nil {
				return &shard.Stmt{}, err
			}
			return &shard.Stmt{Ops: []shard.Op{*op}}, nil
		}
		rows, err := x.collect(ctx, b.Table.StoredTypes(), fits)
		if err != nil || rows.N == 0 {
			return &shard.Stmt{}, err
		}
		return &shard.Stmt{Ops: []shard.Op{x.keyedOp(b.Table, rows, shard.Delete)}}, nil
	}, func(res shard.Result) Summary { return Summary{Affected: res.Affected} })
}

// maxColumn is how many bytes of strings a column of one statement may hold:
// what the offsets of a batch span.
const maxColumn = 1<<32 - 1

// fits refuses rows that are more than one batch can hold. Asked after every
// few rows, it ends a statement before it fills the memory.
func fits(rows *zset.Batch) error {
	for i := range rows.Cols {
		if uint64(len(rows.Cols[i].Data)) > maxColumn {
			return sqlerr.New(sqlerr.ErrNetPacketTooLarge, "the statement reads more than %d MiB of strings of one column at once", maxColumn>>20).
				WithHint("change the rows in several statements")
		}
	}
	return nil
}

// storable refuses rows that no log entry has room for. There they take an
// eighth of their memory at least.
func storable(rows *zset.Batch) error {
	if n := rows.Memory(); n > 8*maxStatement {
		return tooLarge(n / 8)
	}
	return fits(rows)
}

// collect reads all rows of the statement's source into one batch of ts, which
// check looks at as it grows.
func (x *execution) collect(ctx context.Context, ts []types.Type, check func(*zset.Batch) error) (*zset.Batch, error) {
	if err := x.readable(); err != nil {
		return nil, err
	}
	rows := zset.NewBatch(ts, 0)
	err := x.pull(ctx, func(b *zset.Batch) error {
		if b.W == nil {
			rows.AppendRange(b, 0, b.N)
			return check(rows)
		}
		for i := range b.N {
			for range b.W[i] {
				rows.AppendRow(b, i, 1)
			}
		}
		return check(rows)
	})
	rows.W = nil
	return rows, err
}

// retry makes a statement for the log and runs it: in a transaction at once
// over what it sees, else through the log, again after a lost race and bound
// anew when the table's definition has changed.
func (x *execution) retry(ctx context.Context, t *catalog.Table, make func() (*shard.Stmt, error), sum func(shard.Result) Summary) error {
	x.s.joinTxn()
	for try := 0; ; try++ {
		if try == optimisticTries {
			latch, _ := x.s.e.latches.LoadOrStore(t.ID, new(sync.Mutex))
			latch.(*sync.Mutex).Lock()
			defer latch.(*sync.Mutex).Unlock()
		}
		if err := x.refresh(); err != nil {
			return err
		}
		st, err := make()
		if err != nil {
			return err
		}
		res, err := x.write(ctx, st)
		if err != nil {
			return err
		}
		if res.Again || res.Conflict {
			if err := context.Cause(ctx); err != nil {
				return err
			}
			continue
		}
		return x.wrote(res, sum)
	}
}

// wrote ends a statement that changed rows.
func (x *execution) wrote(res shard.Result, sum func(shard.Result) Summary) error {
	x.s.warn(res.Warnings...)
	if res.Err != nil {
		return res.Err
	}
	s := sum(res)
	x.s.rowCount = int64(s.Affected)
	if s.LastInsertID != 0 {
		x.s.lastID = s.LastInsertID
	}
	x.s.e.metrics.rowsWritten(res.Affected)
	return x.done(s)
}

// refresh reads at the newest state, or at the transaction's, and binds anew
// when the catalog there is another.
func (x *execution) refresh() error {
	x.root = x.s.e.machine.Root()
	if t := x.s.txn; t != nil {
		x.root = t.Root()
	}
	if x.root.Catalog == x.c.cat {
		return nil
	}
	return x.rebind()
}

// write runs a statement over the transaction, or through the log.
func (x *execution) write(ctx context.Context, st *shard.Stmt) (shard.Result, error) {
	if len(st.Ops) == 0 {
		return shard.Result{}, nil
	}
	if x.s.txn == nil {
		return x.s.e.batch.write(ctx, st)
	}
	for i := range st.Ops {
		if err := x.number(ctx, &st.Ops[i]); err != nil {
			return shard.Result{}, err
		}
	}
	res := x.s.txn.Apply(st, x.now)
	if res.Again {
		return res, sqlerr.New(sqlerr.ErrDeadlock, "Deadlock found when trying to get lock; the table's definition has changed").WithHint("try restarting transaction")
	}
	if x.s.txn.Broken() {
		x.s.rollback()
		if res.Err != nil {
			res.Err = res.Err.WithHint("the transaction was rolled back; change the rows in several transactions")
		}
	}
	return res, nil
}

func columnTypes(t *catalog.Table) []types.Type { return t.StoredTypes()[:len(t.Columns)] }
