package engine

import (
	"context"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sqlerr"
)

// open opens a transaction at the newest state.
func (s *session) open() {
	s.txn = s.e.machine.Root().Begin(s.e.micros())
}

// joinTxn opens the transaction that a statement without autocommit begins.
func (s *session) joinTxn() {
	if s.txn == nil && !s.autocommit() {
		s.open()
	}
}

// writable refuses what writes in a transaction that only reads.
func (s *session) writable(b bind.Stmt) error {
	switch b.(type) {
	case *bind.Insert, *bind.Update, *bind.Delete, *bind.LoadData, *bind.DDL:
		if s.readOnly || s.vars.bool("transaction_read_only") || s.vars.bool("tx_read_only") {
			return sqlerr.New(sqlerr.ErrReadOnlyTransaction, "Cannot execute statement in a READ ONLY transaction.")
		}
	}
	return nil
}

// begin is BEGIN; an open transaction is committed first, as in MySQL.
func (x *execution) begin(ctx context.Context, b *bind.Begin) error {
	if err := x.s.commit(ctx); err != nil {
		return err
	}
	x.s.open()
	x.s.readOnly = b.ReadOnly
	return x.done(Summary{})
}

func (x *execution) commitStmt(ctx context.Context, b *bind.Commit) error {
	if err := x.s.commit(ctx); err != nil {
		return err
	}
	if b.Chain {
		x.s.open()
	}
	return x.done(Summary{})
}

func (s *session) rollback() { s.txn, s.readOnly = nil, false }

// commit puts the transaction through the log as one statement. Whoever
// changed one of its rows first has won: errno 1213, and nothing was done.
func (s *session) commit(ctx context.Context) error {
	t := s.txn
	if t == nil {
		return nil
	}
	s.txn, s.readOnly = nil, false
	st := t.Commit()
	if len(st.Ops) == 0 {
		return nil
	}
	res, err := s.e.batch.write(ctx, st)
	switch {
	case err != nil:
		return err
	case res.Conflict, res.Again, res.Err != nil && res.Err.Code == sqlerr.ErrDupEntry:
		// A key that was free when the statement ran is a lost race as well.
		return sqlerr.New(sqlerr.ErrDeadlock, "Deadlock found when trying to get lock; a row of this transaction was changed by another one").
			WithHint("try restarting transaction")
	case res.Err != nil:
		return res.Err
	}
	s.e.metrics.rowsWritten(res.Affected)
	return nil
}

// number takes AUTO_INCREMENT values through the log for the rows of an
// insert that ask for them, since a transaction must know them before it
// commits. Values taken by one that rolls back are left out, as in MySQL.
func (x *execution) number(ctx context.Context, op *shard.Op) error {
	if op.Action != shard.Insert {
		return nil
	}
	r, _ := x.s.txn.Root().Catalog.ByID(op.Table)
	t, ok := r.(*catalog.Table)
	if !ok || t.AutoIncrement() < 0 {
		return nil
	}
	v := &op.Rows.Cols[t.AutoIncrement()]
	n := uint64(0)
	for i := range op.Rows.N {
		if v.IsNull(i) || v.I[i] == 0 && !op.KeepZero {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	first, err := x.reserve(ctx, op, n)
	if err != nil {
		return err
	}
	if next := x.s.txn.Counter(op.Table); next > first {
		// Rows of the transaction's own, which nobody sees yet, go beyond.
		if first, err = x.reserve(ctx, op, max(next-first, n)); err != nil {
			return err
		}
		first = max(first, next)
	}
	x.s.txn.Number(op.Table, first)
	return nil
}

// reserve takes the next n AUTO_INCREMENT values of op's table and returns the
// first.
func (x *execution) reserve(ctx context.Context, op *shard.Op, n uint64) (uint64, error) {
	res, err := x.s.e.batch.write(ctx, &shard.Stmt{Ops: []shard.Op{{
		Table: op.Table, Version: op.Version, Action: shard.Reserve, N: n,
		OnDup: shard.DupFail, Pre: shard.PreNone, Count: shard.CountChanged,
	}}})
	if err != nil {
		return 0, err
	}
	if res.Err != nil || res.Again {
		return 0, sqlerr.New(sqlerr.ErrDeadlock, "Deadlock found when trying to get lock; the table's definition has changed").WithHint("try restarting transaction")
	}
	return res.LastID, nil
}
