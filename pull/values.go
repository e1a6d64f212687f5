package pull

import (
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// valuesNode puts out literal rows.
type valuesNode struct {
	rows  [][]*expr.Program
	types []types.Type
}

func newValues(n *plan.Values) node {
	v := &valuesNode{types: columnTypes(n.Sch)}
	for _, row := range n.Rows {
		v.rows = append(v.rows, programs(row))
	}
	return v
}

func (n *valuesNode) estimate(*exec) int64 { return int64(len(n.rows)) }

func (n *valuesNode) open(x *exec) op {
	return &valuesOp{x: x, n: n, out: zset.NewBatch(n.types, 0), row: make([]types.Value, len(n.types))}
}

type valuesOp struct {
	x   *exec
	n   *valuesNode
	out *zset.Batch
	row []types.Value
}

func (o *valuesOp) run(emit func(*zset.Batch) error) error {
	o.out.Reset()
	for at, row := range o.n.rows {
		o.x.cx.RowBase = at
		for i, p := range row {
			v, err := p.Value(o.x.cx)
			if err != nil {
				return err
			}
			o.row[i] = v
		}
		o.out.AppendValues(o.row, 1)
		if o.out.N == zset.MaxRows || at == len(o.n.rows)-1 {
			if err := o.x.alive(); err != nil {
				return err
			}
			if err := emit(o.out); err != nil {
				return err
			}
			o.out.Reset()
		}
	}
	return nil
}
