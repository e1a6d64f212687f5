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

// topNode sorts and cuts.
type topNode struct {
	in            node
	top           *plan.Top
	types         []types.Type
	limit, offset *expr.Program // nil: the plan's numbers
}

func newTop(n *plan.Top) (node, error) {
	in, err := compile(n.In)
	if err != nil {
		return nil, err
	}
	t := &topNode{in: in, top: n, types: columnTypes(n.Schema())}
	if n.LimitParam != nil {
		t.limit = expr.Compile(n.LimitParam)
	}
	if n.OffsetParam != nil {
		t.offset = expr.Compile(n.OffsetParam)
	}
	return t, nil
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
		rows: rel.NewTopK(n.types, n.top.Groups, n.top.Order),
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
	o.rows.Add(b)
	return o.mem.set(o.rows.Bytes())
}
