package push

import (
	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// values keeps the values of one argument column of an aggregate, per group
// and in order, for MIN, MAX and DISTINCT; or for First, Single and the
// representatives of groups, in the order of canonical bytes. Its rows are
// the value followed by the group columns.
type values struct {
	arg      int
	byBytes  bool  // ordered by bytes within a group, NULL among them; else by key
	distinct []int // positions in aggregate.lin that are fed from here
	ones
	arr    *arrange.Arrangement
	state  *arrange.Lane
	cols   []int // of the input: the value, then the groups
	key    []zset.KeyCol
	groups []zset.KeyCol // the part of key that is the group
	isInt  bool
	types  []types.Type

	in     pending
	view   zset.Batch
	sel    []int32
	d      delta
	prefix zset.Keys   // of each row of d: the group, as a prefix of key
	gkeys  zset.Keys   // of each row of d: the group, as the table has it
	gs     []int32     // of each row of d: the group's number
	spans  []span      // by group: its rows in d
	before []int64     // of each key of d: weight before
	turned *zset.Batch // values that appeared or vanished
	tg     []int32
}

var firstCol = zset.Cols(0)

// span is the rows lo to hi-1 of a group in values.d; none when equal.
type span struct{ lo, hi int32 }

// change takes the step's change of the values, and feeds the DISTINCT
// aggregates with those that appear and vanish.
func (v *values) change(o *aggregate) error {
	v.collect(o.change.rows)
	v.d.sum(&o.lane.sort, &v.in, v.key, v.isInt)
	rows := v.d.rows
	n := o.table.Len()
	if cap(v.spans) < n {
		v.spans = make([]span, n)
	}
	v.spans = v.spans[:n]
	clear(v.spans)
	if rows.N == 0 {
		return nil
	}
	v.number(o)
	if err := v.feed(o); err != nil {
		return err
	}
	v.state.Stage(rows)
	return nil
}

// collect takes the columns of the values out of the input.
func (v *values) collect(b *zset.Batch) {
	v.view.N, v.view.W, v.view.Cols = b.N, b.W, v.view.Cols[:0]
	for _, c := range v.cols {
		v.view.Cols = append(v.view.Cols, b.Cols[c])
	}
	if v.byBytes || b.Cols[v.arg].Valid == nil {
		v.in.add(&v.view, nil)
		return
	}
	v.sel = notNull(v.sel[:0], &v.view, firstCol, nil)
	v.in.add(&v.view, v.sel)
}

// number finds the group of each row of d.
func (v *values) number(o *aggregate) {
	rows := v.d.rows
	tableInt := o.table.Keys().IsInt()
	zset.NormaliseAs(&v.gkeys, rows, v.groups, tableInt)
	v.gs = sized(v.gs, rows.N)
	o.table.Lookup(&v.gkeys, false, v.gs)
	if !v.isInt && tableInt {
		zset.NormaliseAs(&v.prefix, rows, v.groups, false)
	}
	for i, g := range v.gs {
		s := &v.spans[g]
		if s.hi == 0 {
			s.lo = int32(i)
		}
		s.hi = int32(i) + 1
	}
}

// groupKey returns the group of row i of d as a prefix of v's key.
func (v *values) groupKey(i int32) zset.Key {
	if !v.isInt && v.gkeys.IsInt() {
		return v.prefix.At(int(i))
	}
	return v.gkeys.At(int(i))
}

// feed updates the DISTINCT aggregates: +1 for a value that was not there
// before, -1 for one that is not there after.
func (v *values) feed(o *aggregate) error {
	if len(v.distinct) == 0 {
		return nil
	}
	n := v.d.groups()
	if cap(v.before) < n {
		v.before = make([]int64, n)
	}
	v.before = v.before[:n]
	clear(v.before)
	err := v.state.Before().Seek(v.d.probes, len(v.key), nil, func(probe []int32, b *zset.Batch) error {
		for i, p := range probe {
			v.before[p] += b.Weight(i)
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.turned.Reset()
	v.tg = v.tg[:0]
	for k, was := range v.before {
		start := v.d.starts[k]
		is := was
		for i := start; i < v.d.starts[k+1]; i++ {
			is += v.d.rows.Weight(int(i))
		}
		if (was > 0) == (is > 0) {
			continue
		}
		w := int64(1)
		if was > 0 {
			w = -1
		}
		v.turned.Cols[0].AppendFrom(&v.d.rows.Cols[0], int(start))
		v.turned.AppendWeight(w)
		v.tg = append(v.tg, v.gs[start])
	}
	for _, k := range v.distinct {
		o.accs.UpdateOne(k, v.tg, &v.turned.Cols[0], v.turned.W)
	}
	return nil
}

// pick is a column of an aggregate's state rows that holds the first or the
// last of the group's values.
type pick struct {
	col   int // in the state row
	from  int // position in aggregate.values
	last  bool
	exact bool // canonical order is the order of the values
}

// fill appends the picked value of every group to dst.
//
// As long as the value that was picked has not gone, the new one is it or the
// best of those that came; only when it has, the values are asked.
func (p *pick) fill(o *aggregate, dst *zset.Vec) error {
	v := o.values[p.from]
	for g, s := range v.spans {
		if !o.present(g) {
			dst.AppendNull()
			continue
		}
		var old *zset.Vec
		at := int(o.oldAt[g])
		if at >= 0 && o.was[g] > 0 {
			old = &o.old.Cols[p.col]
		}
		switch {
		case s.lo == s.hi: // no value came or went
			p.keep(dst, old, at)
		case !p.exact || p.gone(v, s, old, at):
			if err := p.ask(v, s, dst); err != nil {
				return err
			}
		default:
			p.best(v, s, old, at, dst)
		}
	}
	return nil
}

func (p *pick) keep(dst, old *zset.Vec, at int) {
	if old == nil {
		dst.AppendNull()
	} else {
		dst.AppendFrom(old, at)
	}
}

// gone tells whether the picked value is among those of which some went.
func (p *pick) gone(v *values, s span, old *zset.Vec, at int) bool {
	for i := s.lo; i < s.hi; i++ {
		if v.d.rows.Weight(int(i)) < 0 && (old == nil || v.d.rows.Cols[0].CompareAt(int(i), old, at) == 0) {
			return true
		}
	}
	return false
}

// best appends the better of the old value and those that came.
func (p *pick) best(v *values, s span, old *zset.Vec, at int, dst *zset.Vec) {
	best := int32(-1)
	for i := s.lo; i < s.hi && (best < 0 || p.last); i++ {
		if v.d.rows.Weight(int(i)) > 0 {
			best = i
		}
	}
	have := old != nil && (v.byBytes || !old.IsNull(at))
	if best >= 0 && have {
		c := v.d.rows.Cols[0].CompareAt(int(best), old, at)
		if p.last {
			c = -c
		}
		if c >= 0 {
			best = -1
		}
	}
	if best >= 0 {
		dst.AppendFrom(&v.d.rows.Cols[0], int(best))
	} else {
		p.keep(dst, old, at)
	}
}

// ask appends the value that the values after the step give.
func (p *pick) ask(v *values, s span, dst *zset.Vec) error {
	r := v.state.After()
	found := false
	if len(v.groups) == 0 {
		v.cur.Reset(r, zset.Range{}, p.last)
		found = v.cur.Next()
	} else {
		found = v.firstOf(r, v.groupKey(s.lo), p.last)
	}
	if !found {
		dst.AppendNull()
		return v.cur.Err()
	}
	b, i := v.cur.Row()
	dst.AppendFrom(&b.Cols[0], i)
	return nil
}

// picks lays out the values that an aggregate needs: one arrangement for each
// argument and order, whatever the number of aggregates over it. It returns
// what inLane completes.
func (b *builder) picks(info *node, n *plan.Aggregate, lay layout, in []types.Type) ([]pick, []*values) {
	var picks []pick
	var all []*values
	over := func(arg int, byBytes bool) int {
		for i, v := range all {
			if v.arg == arg && v.byBytes == byBytes {
				return i
			}
		}
		all = append(all, newValues(n, arg, byBytes, in))
		return len(all) - 1
	}
	for c, g := range n.Groups {
		if !rel.Exact(in[g]) {
			picks = append(picks, pick{col: c, from: over(g, true), exact: true})
		}
	}
	lin, col := 0, lay.picked
	for _, a := range n.Aggs {
		if isLinear(a) {
			if a.Distinct {
				v := all[over(a.Arg, false)]
				v.distinct = append(v.distinct, lin)
			}
			lin++
			continue
		}
		if a.Func == plan.Same {
			col++
			continue
		}
		byBytes := a.Func == plan.First || a.Func == plan.Single
		picks = append(picks, pick{col: col, from: over(a.Arg, byBytes), last: a.Func == plan.Max, exact: byBytes || rel.Exact(in[a.Arg])})
		col++
	}
	for _, v := range all {
		name := "values of " + n.In.Schema()[v.arg].Name
		v.arr = b.arrangement(info, name, &arrange.Schema{Types: v.types, Key: v.key})
	}
	return picks, all
}

func newValues(n *plan.Aggregate, arg int, byBytes bool, in []types.Type) *values {
	v := &values{arg: arg, byBytes: byBytes, cols: append([]int{arg}, n.Groups...)}
	for _, c := range v.cols {
		v.types = append(v.types, in[c])
	}
	v.types[0].Nullable = v.types[0].Nullable && byBytes
	for i := range n.Groups {
		v.groups = append(v.groups, zset.KeyCol{Col: 1 + i})
	}
	v.key = v.groups
	if !byBytes {
		v.key = append(append([]zset.KeyCol(nil), v.groups...), zset.KeyCol{Col: 0})
	}
	v.isInt = zset.KeyIsInt(v.types, v.key)
	return v
}

// inLane returns copies of picks and values that work in one lane.
func inLane(picks []pick, all []*values, lane int) ([]pick, []*values) {
	out := make([]*values, len(all))
	for i, v := range all {
		c := *v
		c.state = v.arr.Lane(lane)
		c.in = newPending(v.types)
		c.turned = zset.NewBatch(v.types[:1], 0)
		out[i] = &c
	}
	return picks, out
}
