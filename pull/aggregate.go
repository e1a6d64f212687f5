package pull

import (
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// aggregateNode groups and aggregates. A group column whose equal values may
// differ in bytes is put out by a First of its own; the others come from the
// group's first row.
type aggregateNode struct {
	in     node
	groups []int
	key    []zset.KeyCol
	first  []int // per group column: its aggregate in aggs, or -1
	aggs   []plan.Agg
	own    int // aggs[:own] are the plan's
	isInt  bool
	// scan is set when the input is a relation's rows, filtered and
	// projected, whose lanes can be aggregated apart and merged.
	scan *scanNode

	inTypes, types []types.Type
}

func newAggregate(n *plan.Aggregate) (node, error) {
	in, err := compile(n.In)
	if err != nil {
		return nil, err
	}
	a := &aggregateNode{
		in: in, groups: n.Groups, key: zset.Cols(n.Groups...), own: len(n.Aggs),
		aggs:    append([]plan.Agg(nil), n.Aggs...),
		inTypes: columnTypes(n.In.Schema()), types: columnTypes(n.Sch),
	}
	a.isInt = zset.KeyIsInt(a.inTypes, a.key)
	for _, c := range n.Groups {
		if rel.Exact(a.inTypes[c]) {
			a.first = append(a.first, -1)
			continue
		}
		a.first = append(a.first, len(a.aggs))
		a.aggs = append(a.aggs, plan.Agg{Func: plan.First, Arg: c, Type: a.inTypes[c]})
	}
	a.scan, err = laneScan(n.In)
	for _, g := range a.aggs {
		if !rel.Mergeable(g) {
			a.scan = nil
		}
	}
	return a, err
}

func (n *aggregateNode) estimate(x *exec) int64 {
	if len(n.groups) == 0 {
		return 1
	}
	return n.in.estimate(x)
}

func (n *aggregateNode) open(x *exec) op {
	o := &aggregateOp{
		n: n, in: n.in.open(x), mem: account{x: x, operator: "Aggregate"},
		accs: rel.NewAccs(n.aggs, n.inTypes),
		out:  zset.NewBatch(n.types, 0),
	}
	groupTypes := make([]types.Type, len(n.groups))
	for i, c := range n.groups {
		groupTypes[i] = n.inTypes[c]
	}
	o.firsts = zset.NewBatch(groupTypes, 0)
	o.onBatch = o.batch
	return o
}

type aggregateOp struct {
	n       *aggregateNode
	in      op
	mem     account
	onBatch func(*zset.Batch) error

	table  rel.GroupTable
	accs   *rel.Accs
	firsts *zset.Batch // the exact group columns of each group's first row
	keys   zset.Keys
	ids    []int32
	fresh  []int32
	out    *zset.Batch

	helpers []*aggregateOp // of other goroutines; each has an exec of its own
}

func (o *aggregateOp) run(emit func(*zset.Batch) error) error {
	if err := o.aggregate(); err != nil {
		return err
	}
	for lo := 0; lo < o.accs.Len(); lo += zset.MaxRows {
		if err := o.put(lo, min(lo+zset.MaxRows, o.accs.Len())); err != nil {
			return err
		}
		if err := emit(o.out); err != nil {
			return err
		}
	}
	return nil
}

// aggregate takes the input, lanes at the same time where that pays.
func (o *aggregateOp) aggregate() error {
	x := o.mem.x
	workers, err := x.workers(o.n.scan)
	if err != nil {
		return err
	}
	if workers < 2 {
		return o.collect()
	}
	for len(o.helpers) < workers-1 {
		hx := &exec{cx: expr.NewCtx()}
		o.helpers = append(o.helpers, o.n.open(hx).(*aggregateOp))
	}
	tasks := []task{{x, o.collect}}
	for _, h := range o.helpers[:workers-1] {
		tasks = append(tasks, task{h.mem.x, h.collect})
	}
	if err := x.split(tasks); err != nil {
		return err
	}
	for _, h := range o.helpers[:workers-1] {
		o.merge(h)
	}
	return o.mem.hold(o.firsts, o.table.Bytes()+o.accs.Bytes())
}

// collect takes the input of this operator's lanes.
func (o *aggregateOp) collect() error {
	o.table.Reset()
	o.accs.Reset()
	o.firsts.Reset()
	o.mem.bytes = 0
	if len(o.n.groups) == 0 {
		o.accs.Grow(1)
	}
	return o.in.run(o.onBatch)
}

// merge adds the groups of a helper.
func (o *aggregateOp) merge(h *aggregateOp) {
	o.ids = resize(o.ids, h.accs.Len())
	if len(o.n.groups) == 0 {
		clear(o.ids)
	} else {
		next := int32(o.table.Len())
		o.table.Lookup(h.table.Keys(), true, o.ids)
		o.fresh = freshRows(o.fresh, o.ids, next)
		for i := range o.n.groups {
			o.keepFirsts(i, &h.firsts.Cols[i])
		}
		o.accs.Grow(o.table.Len())
	}
	o.accs.Merge(o.ids, h.accs)
}

// freshRows sets out to the rows that brought a group of number next or
// higher, each group's first.
func freshRows(out, ids []int32, next int32) []int32 {
	out = out[:0]
	for i, g := range ids {
		if g == next {
			out = append(out, int32(i))
			next++
		}
	}
	return out
}

// keepFirsts keeps group column i of the fresh rows.
func (o *aggregateOp) keepFirsts(i int, v *zset.Vec) {
	if o.n.first[i] < 0 {
		o.firsts.Cols[i].AppendGather(v, o.fresh)
	}
}

func (o *aggregateOp) batch(b *zset.Batch) error {
	o.ids = resize(o.ids, b.N)
	if len(o.n.groups) == 0 {
		clear(o.ids)
	} else {
		o.number(b)
	}
	o.accs.Update(o.ids, b)
	return o.mem.hold(o.firsts, o.table.Bytes()+o.accs.Bytes())
}

// number sets ids to the groups of b's rows and keeps what new groups need.
func (o *aggregateOp) number(b *zset.Batch) {
	zset.NormaliseAs(&o.keys, b, o.n.key, o.n.isInt)
	next := int32(o.table.Len())
	o.table.Lookup(&o.keys, true, o.ids)
	if o.table.Len() == int(next) {
		return
	}
	o.fresh = freshRows(o.fresh, o.ids, next)
	for i, c := range o.n.groups {
		o.keepFirsts(i, &b.Cols[c])
	}
	o.accs.Grow(o.table.Len())
}

// put makes out the groups lo..hi-1.
func (o *aggregateOp) put(lo, hi int) error {
	o.out.Reset()
	var failed error
	fail := func(_ int, err *sqlerr.Error) {
		if failed == nil {
			failed = err
		}
	}
	for i, k := range o.n.first {
		if k < 0 {
			o.out.Cols[i].AppendRange(&o.firsts.Cols[i], lo, hi)
		} else {
			o.accs.Result(k, lo, hi, &o.out.Cols[i], fail)
		}
	}
	for k := range o.n.own {
		o.accs.Result(k, lo, hi, &o.out.Cols[len(o.n.groups)+k], fail)
	}
	o.out.N, o.out.W = hi-lo, nil
	return failed
}

// resize returns a slice of n elements of any value, in the memory of s where
// it suffices.
func resize(s []int32, n int) []int32 {
	if n > cap(s) {
		return make([]int32, n, max(n, zset.MaxRows))
	}
	return s[:n]
}
