package pull

import (
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/zset"
)

// unionNode is UNION ALL.
type unionNode struct{ ins []node }

func newUnion(n *plan.Union) (node, error) {
	u := &unionNode{}
	for _, in := range n.Ins {
		c, err := compile(in)
		if err != nil {
			return nil, err
		}
		u.ins = append(u.ins, c)
	}
	return u, nil
}

func (n *unionNode) estimate(x *exec) int64 {
	var sum int64
	for _, in := range n.ins {
		rows := in.estimate(x)
		if rows == unknown {
			return unknown
		}
		sum += rows
	}
	return sum
}

func (n *unionNode) open(x *exec) op {
	o := &unionOp{}
	for _, in := range n.ins {
		o.ins = append(o.ins, in.open(x))
	}
	return o
}

type unionOp struct{ ins []op }

func (o *unionOp) run(emit func(*zset.Batch) error) error {
	for _, in := range o.ins {
		if err := in.run(emit); err != nil {
			return err
		}
	}
	return nil
}
