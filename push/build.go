package push

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// builder makes a circuit from the root down: an operator is made before its
// inputs, which are told where their rows go.
type builder struct {
	c *Circuit
}

func build(n plan.Node, key []zset.KeyCol, env *Env) (*Circuit, error) {
	c := &Circuit{env: env, feeds: map[uint64]Feed{}}
	for i := range env.Lanes {
		c.lanes = append(c.lanes, &lane{id: i, clock: env.Clock})
	}
	ts := typesOf(n.Schema())
	if key == nil {
		for i := range ts {
			key = append(key, zset.KeyCol{Col: i})
		}
	}
	c.sink = newSink(ts, key, c.lanes)
	b := &builder{c: c}
	if err := b.stage(n, c.sink.exchange, 0); err != nil {
		return nil, err
	}
	for table := range c.feeds {
		c.inputs = append(c.inputs, table)
	}
	slices.Sort(c.inputs)
	return c, nil
}

// stage builds the stage that ends in x.
func (b *builder) stage(n plan.Node, x *exchange, depth int) error {
	s := &stage{lanes: make([][]op, len(b.c.lanes)), errs: make([]error, len(b.c.lanes))}
	to := make([]port, len(x.lanes))
	for i, end := range x.lanes {
		to[i] = port{op: end}
	}
	if err := b.node(n, s, to, depth); err != nil {
		return err
	}
	for i, end := range x.lanes {
		s.lanes[i] = append(s.lanes[i], end)
	}
	b.c.stages = append(b.c.stages, s)
	return nil
}

// node builds n into the stage s; its rows go to the ports to, by lane.
func (b *builder) node(n plan.Node, s *stage, to []port, depth int) error {
	switch n := n.(type) {
	case *plan.Scan:
		return b.scan(n, false, s, to, depth)
	case *plan.Values:
		return b.values(n, s, to, depth)
	case *plan.Filter:
		return b.filter(n, s, to, depth)
	case *plan.Project:
		return b.project(n, s, to, depth)
	case *plan.Union:
		return b.union(n, s, to, depth)
	case *plan.Exchange:
		return b.exchange(n, s, to, depth)
	case *plan.Join:
		return b.join(n, s, to, depth)
	case *plan.Aggregate:
		return b.aggregate(n, s, to, depth)
	case *plan.Distinct:
		return b.distinct(n, s, to, depth)
	case *plan.Top:
		return b.top(n, s, to, depth)
	}
	return sqlerr.NotSupported("%T in a view", n)
}

// info enters an operator into the statistics.
func (b *builder) info(n plan.Node, depth int) *node {
	line, _, _ := strings.Cut(plan.Explain(n), "\n")
	i := &node{depth: depth, name: strings.TrimSpace(line), pos: len(b.c.ops)}
	b.c.ops = append(b.c.ops, i)
	return i
}

// base returns the plumbing of an operator in lane i.
func (b *builder) base(i int, to []port) base { return base{lane: b.c.lanes[i], out: to[i]} }

// add registers an operator of lane i for its statistics, and as an input's
// end.
func (i *node) add(o op) port {
	i.stats = append(i.stats, o.stats())
	return port{op: o}
}

// flushed makes the operators of a node be flushed next in their stage.
func (s *stage) flushed(ports []port) {
	for i, p := range ports {
		s.lanes[i] = append(s.lanes[i], p.op)
	}
}

// second returns the ports number 1 of the operators.
func second(ports []port) []port {
	out := slices.Clone(ports)
	for i := range out {
		out[i].n = 1
	}
	return out
}

func (b *builder) scan(n *plan.Scan, asIs bool, s *stage, to []port, depth int) error {
	info := b.info(n, depth)
	ports := make([]port, len(to))
	for i := range to {
		ports[i] = info.add(&through{base: b.base(i, to)})
	}
	f := b.c.feeds[n.Table]
	if asIs {
		info.name += " (as it is)"
		f.AsIs++
	} else {
		f.Edges++
	}
	b.c.feeds[n.Table] = f
	s.sources = append(s.sources, &scanSource{
		table: n.Table, asIs: asIs, cols: n.Cols, to: ports, views: make([]zset.Batch, len(to))})
	return nil
}

func (b *builder) values(n *plan.Values, s *stage, to []port, depth int) error {
	info := b.info(n, depth)
	ports := make([]port, len(to))
	for i := range to {
		ports[i] = info.add(&through{base: b.base(i, to)})
	}
	src := &valuesSource{batch: zset.NewBatch(typesOf(n.Sch), len(n.Rows)), to: ports}
	for i, row := range n.Rows {
		if err := fixed(row); err != nil {
			return err
		}
		if vals, err := evaluate(row); err != nil {
			src.failed = append(src.failed, failure{sqlerr.From(err), fmt.Sprintf("row %d of VALUES", i+1)})
		} else {
			src.batch.AppendValues(vals, 1)
		}
	}
	s.sources = append(s.sources, src)
	return nil
}

func evaluate(row []expr.Expr) ([]types.Value, error) {
	vals := make([]types.Value, len(row))
	for i, e := range row {
		v, err := expr.Value(nil, e)
		if err != nil {
			return nil, err
		}
		vals[i] = v
	}
	return vals, nil
}

func (b *builder) filter(n *plan.Filter, s *stage, to []port, depth int) error {
	if err := fixed(n.Preds); err != nil {
		return err
	}
	info, ports := b.info(n, depth), make([]port, len(to))
	preds := expr.CompileFilter(n.Preds)
	for i := range to {
		ports[i] = info.add(&filter{base: b.base(i, to), preds: preds, cx: expr.NewCtx()})
	}
	return b.node(n.In, s, ports, depth+1)
}

func (b *builder) project(n *plan.Project, s *stage, to []port, depth int) error {
	if err := fixed(n.Exprs); err != nil {
		return err
	}
	info, ports := b.info(n, depth), make([]port, len(to))
	progs := make([]*expr.Program, len(n.Exprs))
	for i, e := range n.Exprs {
		progs[i] = expr.Compile(e)
	}
	for i := range to {
		ports[i] = info.add(&project{base: b.base(i, to), exprs: progs, types: typesOf(n.Sch), cx: expr.NewCtx()})
	}
	return b.node(n.In, s, ports, depth+1)
}

func (b *builder) union(n *plan.Union, s *stage, to []port, depth int) error {
	info, ports := b.info(n, depth), make([]port, len(to))
	for i := range to {
		ports[i] = info.add(&through{base: b.base(i, to)})
	}
	for _, in := range n.Ins {
		if err := b.node(in, s, ports, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// exchange ends a stage below. With one lane there is nothing to exchange.
func (b *builder) exchange(n *plan.Exchange, s *stage, to []port, depth int) error {
	info := b.info(n, depth)
	if len(b.c.lanes) == 1 {
		ports := []port{info.add(&through{base: b.base(0, to)})}
		return b.node(n.In, s, ports, depth+1)
	}
	x := newExchange(typesOf(n.Schema()), zset.Cols(n.Keys...), b.c.lanes)
	for _, end := range x.lanes {
		info.add(end)
	}
	x.to = to
	s.sources = append(s.sources, x)
	return b.stage(n.In, x, depth+1)
}

// gather builds n with all its rows in lane 0.
func (b *builder) gather(n plan.Node, s *stage, to []port, depth int) error {
	if len(b.c.lanes) == 1 || gathered(n) {
		return b.node(n, s, to, depth)
	}
	return b.exchange(&plan.Exchange{In: n}, s, to, depth)
}

// gathered tells whether all rows of n are in lane 0.
func gathered(n plan.Node) bool {
	switch n := n.(type) {
	case *plan.Scan:
		return false
	case *plan.Values:
		return true
	case *plan.Exchange:
		return len(n.Keys) == 0
	case *plan.Join:
		return alone(n) || gathered(n.L) && gathered(n.R)
	}
	for _, in := range n.Children() {
		if !gathered(in) {
			return false
		}
	}
	return true
}

// alone tells whether a join can only be made in one lane.
func alone(n *plan.Join) bool {
	return len(n.LKeys) == 0 || n.Kind == plan.NullAntiJoin
}

// arrangement makes a state of an operator, with a lane for each lane.
func (b *builder) arrangement(info *node, name string, s *arrange.Schema) *arrange.Arrangement {
	a := arrange.NewArrangement(b.c.env.Arrange, s, len(b.c.lanes))
	b.c.states = append(b.c.states, State{Op: info.pos, Name: name, Arr: a})
	return a
}

// through passes rows on: where a node only counts.
type through struct{ base }

func (o *through) push(_ int, b *zset.Batch, sel []int32) error { return o.emit(b, sel) }

// fixed refuses expressions whose value is not in the row alone.
func fixed(es []expr.Expr) error {
	for _, e := range es {
		if expr.Volatility(e) != expr.Immutable {
			return sqlerr.NotSupported("%s in a view", expr.String(e))
		}
	}
	return nil
}

func typesOf(s plan.Schema) []types.Type {
	ts := make([]types.Type, len(s))
	for i, c := range s {
		ts[i] = c.Type
	}
	return ts
}

func allCols(n int) []int {
	cols := make([]int, n)
	for i := range cols {
		cols[i] = i
	}
	return cols
}
