package engine

import (
	"context"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/pull"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// lock is SELECT .. FOR UPDATE and FOR SHARE in a transaction: nobody waits,
// but the commit fails with errno 1213 when one of the rows read has been
// changed by another by then. Rows of a table are those that its own
// conditions choose, whatever joins, groups or limits make of them.
func (x *execution) lock(ctx context.Context) error {
	b, ok := x.c.bound.(*bind.Query)
	if !ok || b.Lock == bind.LockNone || x.s.txn == nil {
		return nil
	}
	var reads []plan.Node
	if err := lockReads(x.root.Catalog, x.c.logical, &reads); err != nil {
		return err
	}
	for _, n := range reads {
		if err := x.lockRows(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// lockReads appends the parts of n that read one table each.
func lockReads(cat *catalog.Catalog, n plan.Node, out *[]plan.Node) error {
	if s := scanUnder(n); s != nil {
		r, _ := cat.ByID(s.Table)
		if _, ok := r.(*catalog.Table); !ok {
			return sqlerr.NotSupported("locking the rows of materialized view '%s'", s.Name).WithHint("lock the rows of the tables it reads")
		}
		*out = append(*out, n)
		return nil
	}
	for _, c := range n.Children() {
		if err := lockReads(cat, c, out); err != nil {
			return err
		}
	}
	return nil
}

// scanUnder returns the Scan whose rows n filters; nil when n is more.
func scanUnder(n plan.Node) *plan.Scan {
	switch n := n.(type) {
	case *plan.Scan:
		return n
	case *plan.Filter:
		return scanUnder(n.In)
	}
	return nil
}

// lockRows locks the rows that n, filters over a Scan, puts out.
func (x *execution) lockRows(ctx context.Context, n plan.Node) error {
	scan := scanUnder(n)
	r, _ := x.root.Catalog.ByID(scan.Table)
	t := r.(*catalog.Table)
	stored := t.StoredTypes()
	wide := *scan
	wide.Cols, wide.Sch = append([]int(nil), scan.Cols...), append(plan.Schema(nil), scan.Sch...)
	var key []expr.Expr
	var sch plan.Schema
	var ts []types.Type
	for _, k := range t.StoredKey() {
		c := plan.Column{Name: "key", Type: stored[k.Col]}
		key = append(key, &expr.Col{Index: len(wide.Cols), Name: c.Name, T: c.Type})
		wide.Cols, wide.Sch, sch = append(wide.Cols, k.Col), append(wide.Sch, c), append(sch, c)
		ts = append(ts, c.Type)
	}
	whole := plan.Transform(n, func(n plan.Node) plan.Node {
		if n == scan {
			return &wide
		}
		return n
	})
	info := x.root.Catalog.Info
	runner, err := pull.Build(plan.ChooseAccess(plan.Optimise(&plan.Project{In: whole, Exprs: key, Sch: sch}, info), info))
	if err != nil {
		return err
	}
	rows := zset.NewBatch(ts, 0)
	x.setEnv(txnSource(x.s.txn))
	err = x.drain(ctx, runner, func(b *zset.Batch) error {
		rows.AppendRange(b, 0, b.N)
		return nil
	})
	if err != nil {
		return err
	}
	return x.s.txn.Lock(t.ID, rows)
}
