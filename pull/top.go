package pull

import (
	"math"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// topNode sorts and cuts. Where its rows come from a relation that is stored
// in their order, it reads no more of a lane than it needs.
type topNode struct {
	in            node
	top           *plan.Top
	types         []types.Type
	order         []plan.Order
	limit, offset *expr.Program // nil: the plan's numbers

	// scan is set when the rows are a relation's, filtered and projected by
	// what cannot fail; cols are the relation's columns that they are sorted by.
	scan *scanNode
	cols []int
}

func newTop(n *plan.Top) (node, error) {
	in, err := compile(n.In)
	if err != nil {
		return nil, err
	}
	t := &topNode{in: in, top: n, types: columnTypes(n.Schema()), order: n.Order}
	if len(t.order) == 0 && len(n.Groups) == 0 && len(t.types) > 0 && rel.Exact(t.types[0]) {
		// Canonical order begins with that of the first column.
		t.order = []plan.Order{{Col: 0}}
	}
	if err := t.findScan(); err != nil {
		return nil, err
	}
	if n.LimitParam != nil {
		t.limit = expr.Compile(n.LimitParam)
	}
	if n.OffsetParam != nil {
		t.offset = expr.Compile(n.OffsetParam)
	}
	return t, nil
}

func (n *topNode) findScan() error {
	if len(n.top.Groups) > 0 || len(n.order) == 0 || fallible(n.top.In) {
		return nil
	}
	cols, scan := scanBelow(n.top.In)
	if scan == nil {
		return nil
	}
	for _, o := range n.order {
		if cols[o.Col] < 0 {
			return nil
		}
		n.cols = append(n.cols, cols[o.Col])
	}
	var err error
	n.scan, err = laneScan(n.top.In)
	return err
}

// inOrder tells whether each lane of the relation comes in the order asked for.
func (n *topNode) inOrder(x *exec) (bool, error) {
	if n.scan == nil {
		return false, nil
	}
	src, err := x.env.Source(n.scan.table, n.scan.index)
	if err != nil {
		return false, err
	}
	key := src.Key()
	if len(n.order) > len(key) {
		return false, nil
	}
	for i, o := range n.order {
		if key[i].Col != n.cols[i] || key[i].Desc != o.Desc {
			return false, nil
		}
	}
	return true, nil
}

func (n *topNode) estimate(x *exec) int64 {
	rows := n.in.estimate(x)
	if n.limit == nil && n.top.Limit != plan.NoLimit && len(n.top.Groups) == 0 && (rows == unknown || rows > n.top.Limit) {
		return n.top.Limit
	}
	return rows
}

func (n *topNode) open(x *exec) op {
	o := &topOp{
		n: n, in: n.in.open(x), mem: account{x: x, operator: "Sort"},
		rows: rel.NewTopK(n.types, n.top.Groups, n.order),
	}
	o.onBatch = o.batch
	return o
}

type topOp struct {
	n       *topNode
	in      op
	mem     account
	onBatch func(*zset.Batch) error
	rows    *rel.TopK
	inOrder bool
}

func (o *topOp) run(emit func(*zset.Batch) error) error {
	limit, err := o.bound(o.n.limit, o.n.top.Limit)
	if err != nil {
		return err
	}
	offset, err := o.bound(o.n.offset, o.n.top.Offset)
	if err != nil {
		return err
	}
	if o.inOrder, err = o.n.inOrder(o.mem.x); err != nil {
		return err
	}
	o.rows.Reset(offset, limit)
	o.mem.bytes = 0
	if err := o.in.run(o.onBatch); err != nil {
		return err
	}
	return o.rows.Emit(emit)
}

// bound returns the value of p, or n when there is none.
func (o *topOp) bound(p *expr.Program, n int64) (int64, error) {
	if p == nil {
		return n, nil
	}
	v, err := p.Value(o.mem.x.cx)
	if err != nil {
		return 0, err
	}
	v, st := types.ConvertValue(v, types.TypeUint)
	if v.IsNull || st == types.OutOfRange || st == types.Incorrect {
		return 0, sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to LIMIT").
			WithHint("give a whole number from 0 up")
	}
	if v.I < 0 {
		return math.MaxInt64, nil
	}
	return v.I, nil
}

func (o *topOp) batch(b *zset.Batch) error {
	if !o.rows.Add(b) && o.inOrder {
		return errLaneDone
	}
	return o.mem.set(o.rows.Bytes())
}
