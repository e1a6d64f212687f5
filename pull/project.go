package pull

import (
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// projectNode is a Filter, a Project, or a Project over a Filter: what is
// filtered away is never copied, and what is not projected neither.
type projectNode struct {
	in     node
	filter *expr.Filter // nil: all rows
	cols   []column     // nil: all columns
	types  []types.Type
}

// column is a column of the input, or computed by p.
type column struct {
	in int
	p  *expr.Program
}

func newFilter(n *plan.Filter) (node, error) {
	in, err := compile(n.In)
	if err != nil {
		return nil, err
	}
	return &projectNode{in: in, filter: expr.CompileFilter(n.Preds), types: columnTypes(n.Schema())}, nil
}

func newProject(n *plan.Project) (node, error) {
	p := &projectNode{types: columnTypes(n.Sch), cols: make([]column, len(n.Exprs))}
	from := n.In
	if f, ok := from.(*plan.Filter); ok {
		p.filter = expr.CompileFilter(f.Preds)
		from = f.In
	}
	for i, e := range n.Exprs {
		if c, ok := e.(*expr.Col); ok {
			p.cols[i] = column{in: c.Index}
		} else {
			p.cols[i] = column{p: expr.Compile(e)}
		}
	}
	var err error
	p.in, err = compile(from)
	return p, err
}

func (n *projectNode) estimate(x *exec) int64 { return n.in.estimate(x) }

func (n *projectNode) open(x *exec) op {
	o := &projectOp{x: x, n: n, in: n.in.open(x), kept: zset.NewBatch(n.types, 0)}
	o.view.Cols = make([]zset.Vec, len(n.types))
	o.onBatch = o.batch
	return o
}

type projectOp struct {
	x       *exec
	n       *projectNode
	in      op
	emit    func(*zset.Batch) error
	onBatch func(*zset.Batch) error
	view    zset.Batch  // borrows its columns
	kept    *zset.Batch // owns them
	rows    int         // seen so far
}

func (o *projectOp) run(emit func(*zset.Batch) error) error {
	o.emit, o.rows = emit, 0
	return o.in.run(o.onBatch)
}

func (o *projectOp) batch(b *zset.Batch) error {
	x, n := o.x, o.n
	x.cx.RowBase = o.rows
	o.rows += b.N
	var sel []int32
	if n.filter != nil {
		sel = n.filter.Apply(x.cx, b, nil)
		if err := x.failed(); err != nil {
			return err
		}
		if len(sel) == 0 {
			return nil
		}
		if len(sel) == b.N {
			sel = nil
		}
	}
	if n.cols == nil {
		return o.emitRows(b, sel)
	}
	o.kept.Reset()
	for i, c := range n.cols {
		v := (*zset.Vec)(nil)
		if c.p == nil {
			v = &b.Cols[c.in]
		} else {
			v = c.p.Eval(x.cx, b, sel)
		}
		if sel == nil {
			o.view.Cols[i] = *v
			o.view.Cols[i].Type = n.types[i] // keys are made by the type
		} else if !x.cx.Errs.Any() {
			o.kept.Cols[i].AppendGather(v, sel)
		}
	}
	if err := x.failed(); err != nil {
		return err
	}
	if sel == nil {
		o.view.N, o.view.W = b.N, b.W
		return o.emit(&o.view)
	}
	o.endKept(b, sel)
	return o.emit(o.kept)
}

// emitRows emits the rows sel of b, all columns.
func (o *projectOp) emitRows(b *zset.Batch, sel []int32) error {
	if sel == nil {
		return o.emit(b)
	}
	o.kept.Reset()
	o.kept.AppendGather(b, sel)
	return o.emit(o.kept)
}

// endKept gives the gathered columns their row count and weights.
func (o *projectOp) endKept(b *zset.Batch, sel []int32) {
	o.kept.N = len(sel)
	if b.W == nil {
		o.kept.W = nil
		return
	}
	o.kept.W = o.kept.W[:0]
	for _, i := range sel {
		o.kept.W = append(o.kept.W, b.W[i])
	}
}
