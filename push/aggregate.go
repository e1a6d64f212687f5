package push

import (
	"slices"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// aggregate keeps one state row per group: its columns, the number of its
// rows, the states of the aggregates that are sums over the rows (rel.Accs),
// and the present values of those that are not (see picks). A step numbers
// the groups it touches, loads their states, adds the change, and puts out
// -old +new where the output differs. A group is there as long as it has
// rows; the only group of an aggregate without group columns is there always.
//
// Where a group's result is an error it is not in the output but in the
// view's errors.
type aggregate struct {
	base
	n      *plan.Aggregate
	key    []zset.KeyCol // groups, in the input
	global bool          // the one group is there without rows
	state  *arrange.Lane
	lay    layout
	lin    []plan.Agg // the aggregates in accs
	accs   *rel.Accs
	picks  []pick
	sames  []same
	values []*values

	change pending
	table  rel.GroupTable
	keys   zset.Keys
	groups []int32 // by row of the change
	first  []int32 // by group: the first row of the change, -1 for none

	oldAt  []int32     // by group: its row in old, -1 when it is new
	old    *zset.Batch // state rows before
	counts []int64     // by group: rows after
	was    []int64     // by group: rows before
	fresh  *zset.Batch // state rows after, by group
	staged *zset.Batch
	outs   [2]*zset.Batch // output rows before and after, by group
	errs   [2][]*sqlerr.Error
	rows   *zset.Batch // on their way out
}

// layout says where the parts of a state row are: groups, count, linear
// states, picked values.
type layout struct {
	types         []types.Type
	groups        int
	count, linear int
	picked        int
	all           []int
}

func (o *aggregate) push(_ int, b *zset.Batch, sel []int32) error {
	o.change.add(b, sel)
	return nil
}

func (o *aggregate) reset() {
	o.change.drop()
	o.rows.Reset()
	for _, v := range o.values {
		v.in.drop()
	}
}

func (o *aggregate) flush() error {
	if o.change.empty() && !(o.global && o.lane.init) {
		return nil
	}
	o.number()
	if err := o.load(); err != nil {
		return err
	}
	o.linear()
	if err := o.pickAll(); err != nil {
		return err
	}
	o.stage()
	o.change.drop()
	return o.compare()
}

// number gives the touched groups numbers in the order of their first row.
func (o *aggregate) number() {
	rows := o.change.rows
	o.table.Reset()
	zset.Normalise(&o.keys, rows, o.key)
	o.groups = sized(o.groups, rows.N)
	o.table.Lookup(&o.keys, true, o.groups)
	if o.global && o.table.Len() == 0 {
		o.keys.Reset(false)
		o.keys.Append(zset.Key{})
		o.table.Lookup(&o.keys, true, make([]int32, 1))
	}
	o.first = o.first[:0]
	for i, g := range o.groups {
		if int(g) == len(o.first) {
			o.first = append(o.first, int32(i))
		}
	}
	for len(o.first) < o.table.Len() {
		o.first = append(o.first, -1)
	}
}

// load reads the states of the groups before the step.
func (o *aggregate) load() error {
	n := o.table.Len()
	o.accs.Reset()
	o.accs.Grow(n)
	o.old = emptied(o.old)
	o.oldAt = slices.Grow(o.oldAt[:0], n)[:n]
	o.was = slices.Grow(o.was[:0], n)[:n]
	for g := range n {
		o.oldAt[g], o.was[g] = -1, 0
	}
	return o.state.Before().Seek(o.table.Keys(), len(o.key), o.lay.all, func(probe []int32, b *zset.Batch) error {
		for i, g := range probe {
			o.oldAt[g] = int32(o.old.N + i)
			o.was[g] = b.Cols[o.lay.count].I[i]
		}
		o.accs.LoadState(probe, b, o.lay.linear)
		o.old.AppendRange(b, 0, b.N)
		return nil
	})
}

// linear finds the results of the linear aggregates before and after, and the
// number of rows after. The other columns of the outputs follow in pickAll.
func (o *aggregate) linear() {
	rows := o.change.rows
	o.results(0)
	o.counts = append(o.counts[:0], o.was...)
	for i, g := range o.groups {
		o.counts[g] += rows.Weight(i)
	}
	for k, a := range o.lin {
		switch {
		case a.Distinct: // in pickAll
		case a.Func == plan.CountStar:
			o.accs.UpdateOne(k, o.groups, nil, rows.W)
		default:
			o.accs.UpdateOne(k, o.groups, &rows.Cols[a.Arg], rows.W)
		}
	}
}

// results makes output rows of the present states: outs[0] before the change,
// outs[1] after it.
func (o *aggregate) results(at int) {
	n := o.table.Len()
	out := emptied(o.outs[at])
	o.outs[at] = out
	errs := slices.Grow(o.errs[at][:0], n)[:n]
	clear(errs)
	o.errs[at] = errs
	fail := func(g int, err *sqlerr.Error) {
		if errs[g] == nil {
			errs[g] = err
		}
	}
	state, rowOf := o.old, o.oldAt
	if at == 1 {
		state, rowOf = o.fresh, nil
	}
	copyCol := func(dst, col int) {
		if rowOf == nil {
			out.Cols[dst].AppendRange(&state.Cols[col], 0, n)
		} else {
			out.Cols[dst].AppendGather(&state.Cols[col], rowOf)
		}
	}
	for c := range o.lay.groups {
		copyCol(c, c)
	}
	lin, picked := 0, o.lay.picked
	for k, a := range o.n.Aggs {
		dst := o.lay.groups + k
		if isLinear(a) {
			o.accs.Result(lin, 0, n, &out.Cols[dst], fail)
			lin++
			continue
		}
		copyCol(dst, picked)
		picked++
		if a.Func == plan.Single {
			counts := o.was
			if at == 1 {
				counts = o.counts
			}
			for g, c := range counts {
				if c > 1 {
					fail(g, errTwoRows)
				}
			}
		}
	}
	out.N = n
}

var errTwoRows = sqlerr.New(sqlerr.ErrSubqueryNo1Row, "Subquery returns more than 1 row")

// isLinear tells whether an aggregate is kept in accs; a DISTINCT one is fed
// its values as they appear and vanish.
func isLinear(a plan.Agg) bool {
	switch a.Func {
	case plan.CountStar, plan.Count, plan.Sum, plan.Sum0, plan.Avg:
		return true
	}
	return false
}

// pickAll feeds the values their changes, completes the new state rows and
// makes the new output rows.
func (o *aggregate) pickAll() error {
	for _, v := range o.values {
		if err := v.change(o); err != nil {
			return err
		}
	}
	n := o.table.Len()
	o.fresh = emptied(o.fresh)
	cols := o.fresh.Cols
	for c := range o.lay.groups {
		if o.repOf(c) == nil {
			cols[c].AppendGather(&o.change.rows.Cols[o.n.Groups[c]], o.first)
		}
	}
	for g := range n {
		cols[o.lay.count].AppendInt(o.counts[g])
	}
	o.accs.StoreState(0, n, cols[o.lay.linear:o.lay.picked])
	for i := range o.sames {
		o.sames[i].fill(o, &cols[o.sames[i].col])
	}
	for i := range o.picks {
		if err := o.picks[i].fill(o, &cols[o.picks[i].col]); err != nil {
			return err
		}
	}
	o.fresh.N = n
	o.results(1)
	return nil
}

// repOf returns the pick that finds group column c's representative, nil when
// any row's will do.
func (o *aggregate) repOf(c int) *pick {
	for i := range o.picks {
		if o.picks[i].col == c {
			return &o.picks[i]
		}
	}
	return nil
}

// present tells whether a group is there after the step.
func (o *aggregate) present(g int) bool { return o.global || o.counts[g] > 0 }

// stage replaces the state rows that changed.
func (o *aggregate) stage() {
	o.staged = emptied(o.staged)
	for g, at := range o.oldAt {
		stays := o.present(g)
		if at >= 0 {
			if stays && zset.EqualRow(o.old, int(at), o.fresh, g) {
				continue
			}
			o.staged.AppendRow(o.old, int(at), -1)
		}
		if stays {
			o.staged.AppendRow(o.fresh, g, 1)
		}
	}
	if o.staged.N > 0 {
		o.state.Stage(o.staged)
	}
}

// compare puts out the difference between the output rows before and after.
func (o *aggregate) compare() error {
	for g, at := range o.oldAt {
		had, has := at >= 0, o.present(g)
		if had && o.errs[0][g] != nil {
			o.lane.fail(o.errs[0][g], o.outs[0], g, o.lay.all[:o.lay.groups], -1)
			had = false
		}
		if has && o.errs[1][g] != nil {
			o.lane.fail(o.errs[1][g], o.outs[1], g, o.lay.all[:o.lay.groups], 1)
			has = false
		}
		if had && has && zset.EqualRow(o.outs[0], g, o.outs[1], g) {
			continue
		}
		if had {
			o.rows.AppendRow(o.outs[0], g, -1)
		}
		if has {
			o.rows.AppendRow(o.outs[1], g, 1)
		}
		if o.rows.N >= zset.MaxRows-1 {
			if err := o.drain(); err != nil {
				return err
			}
		}
	}
	return o.drain()
}

func (o *aggregate) drain() error {
	err := o.emit(o.rows, nil)
	o.rows.Reset()
	return err
}

func sized(s []int32, n int) []int32 { return slices.Grow(s[:0], n)[:n] }

// aggregate builds an Aggregate.
func (b *builder) aggregate(n *plan.Aggregate, s *stage, to []port, depth int) error {
	info, ports := b.info(n, depth), make([]port, len(to))
	in := typesOf(n.In.Schema())
	var lin []plan.Agg
	for _, a := range n.Aggs {
		if isLinear(a) {
			lin = append(lin, a)
		}
	}
	lay := layoutOf(n, lin, in)
	key := zset.Cols(allCols(len(n.Groups))...)
	arr := b.arrangement(info, "groups", &arrange.Schema{Types: lay.types, Key: key, Unique: true})
	picks, values := b.picks(info, n, lay, in)
	one := gathered(n.In) || len(to) == 1
	for i := range to {
		o := &aggregate{
			base: b.base(i, to), n: n, key: zset.Cols(n.Groups...), global: len(n.Groups) == 0 && (i == 0 || !one),
			state: arr.Lane(i), lay: lay, lin: lin, accs: rel.NewAccs(lin, in), change: newPending(in),
			old: zset.NewBatch(lay.types, 0), fresh: zset.NewBatch(lay.types, 0), staged: zset.NewBatch(lay.types, 0),
			rows: zset.NewBatch(typesOf(n.Sch), 0),
		}
		o.outs = [2]*zset.Batch{zset.NewBatch(typesOf(n.Sch), 0), zset.NewBatch(typesOf(n.Sch), 0)}
		o.picks, o.values = inLane(picks, values, i)
		o.sames = samesOf(n, lay)
		ports[i] = info.add(o)
	}
	if err := b.node(n.In, s, ports, depth+1); err != nil {
		return err
	}
	s.flushed(ports)
	return nil
}

func layoutOf(n *plan.Aggregate, lin []plan.Agg, in []types.Type) layout {
	l := layout{groups: len(n.Groups)}
	for _, g := range n.Groups {
		l.types = append(l.types, in[g])
	}
	l.count = len(l.types)
	l.types = append(l.types, types.TypeInt)
	l.linear = len(l.types)
	l.types = append(l.types, rel.StateTypes(lin, in)...)
	l.picked = len(l.types)
	for _, a := range n.Aggs {
		if !isLinear(a) {
			l.types = append(l.types, in[a.Arg].WithNull(true))
		}
	}
	l.all = allCols(len(l.types))
	return l
}
