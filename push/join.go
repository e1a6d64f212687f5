package push

import (
	"slices"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// join matches two inputs whose rows both sides keep by the join's key.
//
// Matching is bilinear: the change of L join R is dL x R before + L after x
// dR. What a left, semi or anti join adds hangs on whether a row of L has a
// match at all. Let E be the rows of L that have one; then the change of E is
// dL among E before, plus those of L after whose having a match changed with
// R. Without residual predicates a whole key has a match or none, and R
// itself answers that with a look at one row. With them the rows of L under
// the keys of dR are tried against R before and R after.
//
// Rows whose key is NULL match nothing and are not kept.
type join struct {
	base
	kind plan.JoinKind
	l, r side
	on   *expr.Filter // nil: no residual predicates
	cx   *expr.Ctx
	// tryAll makes pairs be tried also where only their errors count.
	tryAll bool

	pairs  *zset.Batch // L's columns, then R's
	rows   *zset.Batch // of the output, on its way out
	li, ri []int32
	sel    []int32
	hit    []bool // by row of L in hand: has a match
	after  []bool // the same against R after
	starts []int32
	some   []int32
	keys   zset.Keys
	ones
}

// side is one input of a join in one lane.
type side struct {
	key    []zset.KeyCol // in the input's columns
	isInt  bool
	state  *arrange.Lane
	shared bool  // state is a relation's own and is written elsewhere
	cols   []int // the input's columns in the state
	change pending
	d      delta
}

// sum makes d of what was pushed.
func (s *side) sum(sort *zset.Sorter) { s.d.sum(sort, &s.change, s.key, s.isInt) }

func (s *side) stage() {
	if !s.shared && s.d.rows.N > 0 {
		s.state.Stage(s.d.rows)
	}
}

// seek emits the input's columns of the state's rows with keys.
func (s *side) seek(in *arrange.Snap, keys *zset.Keys, emit func([]int32, *zset.Batch) error) error {
	return in.Seek(keys, len(s.key), s.cols, emit)
}

func (o *join) push(port int, b *zset.Batch, sel []int32) error {
	s := &o.l
	if port == 1 {
		s = &o.r
	}
	n := rowsOf(b, sel)
	o.sel = notNull(o.sel[:0], b, s.key, sel)
	s.change.add(b, o.sel)
	if port == 1 || int64(len(o.sel)) == n {
		return nil
	}
	switch o.kind {
	case plan.LeftJoin, plan.AntiJoin:
		o.some = except(o.some[:0], b.N, sel, o.sel)
		return o.unmatched(b, o.some)
	}
	return nil
}

// unmatched puts out rows of L that have no match.
func (o *join) unmatched(b *zset.Batch, sel []int32) error {
	for _, i := range sel {
		if err := o.put(b, int(i), b.Weight(int(i))); err != nil {
			return err
		}
	}
	return o.drain()
}

func (o *join) reset() {
	o.l.change.drop()
	o.r.change.drop()
	o.rows.Reset()
}

func (o *join) flush() error {
	if o.l.change.empty() && o.r.change.empty() {
		return nil
	}
	o.l.sum(&o.lane.sort)
	o.r.sum(&o.lane.sort)
	if err := o.flushLeft(); err != nil {
		return err
	}
	o.l.stage()
	o.r.stage()
	return o.flushRight()
}

// flushLeft puts out what the change of L does: dL against R before.
func (o *join) flushLeft() error {
	d := &o.l.d
	if d.rows.N == 0 {
		return nil
	}
	o.hit = falses(o.hit, d.rows.N)
	r := o.r.state.Before()
	if o.on == nil && (o.kind == plan.SemiJoin || o.kind == plan.AntiJoin) {
		for g := range d.groups() {
			if o.any(r, d.probes, g) {
				for i := d.starts[g]; i < d.starts[g+1]; i++ {
					o.hit[i] = true
				}
			}
		}
	} else if err := o.r.seek(r, d.probes, func(probe []int32, b *zset.Batch) error {
		return o.match(d.rows, d.starts, probe, b, o.hit, true)
	}); err != nil {
		return err
	}
	if o.kind == plan.InnerJoin {
		return nil
	}
	for i := range d.rows.N {
		if o.hit[i] == (o.kind == plan.SemiJoin) {
			if err := o.put(d.rows, i, d.rows.Weight(i)); err != nil {
				return err
			}
		}
	}
	return o.drain()
}

// flushRight puts out what the change of R does: L after against dR.
func (o *join) flushRight() error {
	d := &o.r.d
	if d.rows.N == 0 {
		return nil
	}
	if o.kind == plan.InnerJoin {
		return o.l.seek(o.l.state.After(), d.probes, func(probe []int32, b *zset.Batch) error {
			return o.matchRight(b, probe)
		})
	}
	if o.on != nil {
		return o.l.seek(o.l.state.After(), d.probes, o.retry)
	}
	turns, probes := o.turns()
	if probes.Len() == 0 {
		return nil
	}
	return o.l.seek(o.l.state.After(), probes, func(probe []int32, b *zset.Batch) error {
		if o.kind == plan.LeftJoin {
			if err := o.matchRight(b, probe); err != nil {
				return err
			}
		}
		for i, p := range probe {
			if turns[p] == 0 {
				continue
			}
			if err := o.put(b, i, b.Weight(i)*o.sign(turns[p] > 0)); err != nil {
				return err
			}
		}
		return o.drain()
	})
}

// sign returns how a row of L comes or goes when it gets (or loses) a match.
func (o *join) sign(gets bool) int64 {
	if gets == (o.kind == plan.SemiJoin) {
		return 1
	}
	return -1
}

// turns finds the keys of dR that got (+1) or lost (-1) their last match, and
// returns the keys to look up in L: those, or all for a left join, whose pairs
// change too.
//
// A row that went was there before, and one that came is there after; only
// where the change does not say must R be asked.
func (o *join) turns() ([]int8, *zset.Keys) {
	d := &o.r.d
	before, after := o.r.state.Before(), o.r.state.After()
	turns := make([]int8, 0, d.groups())
	o.some = o.some[:0]
	for g := range d.groups() {
		came, went := d.signs(g)
		had := went || o.any(before, d.probes, g)
		has := came || o.any(after, d.probes, g)
		turn := int8(0)
		if had != has {
			turn = 1
			if had {
				turn = -1
			}
		}
		if o.kind == plan.LeftJoin {
			turns = append(turns, turn)
		} else if turn != 0 {
			turns = append(turns, turn)
			o.some = append(o.some, int32(g))
		}
	}
	if o.kind == plan.LeftJoin {
		return turns, d.probes
	}
	o.keys.Reset(o.r.isInt)
	o.keys.AppendGather(d.probes, o.some)
	return turns, &o.keys
}

// match pairs rows of L with the rows of b, which answer probe: row i of b
// goes with the rows starts[p] to starts[p+1]-1 of l, p = probe[i]. The pairs
// that pass the residual predicates are put out, where the join has pairs and
// count is set, and mark their row of l in hit. With count their errors are
// entered too.
func (o *join) match(l *zset.Batch, starts, probe []int32, b *zset.Batch, hit []bool, count bool) error {
	o.li, o.ri = o.li[:0], o.ri[:0]
	for i, p := range probe {
		for k := starts[p]; k < starts[p+1]; k++ {
			o.li, o.ri = append(o.li, k), append(o.ri, int32(i))
			if len(o.li) == zset.MaxRows {
				if err := o.try(l, b, hit, count); err != nil {
					return err
				}
			}
		}
	}
	return o.try(l, b, hit, count)
}

// matchRight pairs the rows of b, rows of L that answer probe, with the
// groups of dR.
func (o *join) matchRight(b *zset.Batch, probe []int32) error {
	d := &o.r.d
	o.li, o.ri = o.li[:0], o.ri[:0]
	for i, p := range probe {
		for k := d.starts[p]; k < d.starts[p+1]; k++ {
			o.li, o.ri = append(o.li, int32(i)), append(o.ri, k)
			if len(o.li) == zset.MaxRows {
				if err := o.try(b, d.rows, nil, true); err != nil {
					return err
				}
			}
		}
	}
	return o.try(b, d.rows, nil, true)
}

// try makes the pairs in hand and empties them.
func (o *join) try(l, r *zset.Batch, hit []bool, count bool) error {
	if len(o.li) == 0 {
		return nil
	}
	li := o.li
	rel.Pairs(o.pairs, l, o.li, r, o.ri)
	o.li, o.ri = o.li[:0], o.ri[:0]
	var sel []int32
	if o.on != nil {
		o.cx.Reset()
		sel = o.on.Apply(o.cx, o.pairs, nil)
		if count {
			o.lane.failAll(o.cx, o.pairs)
		}
	}
	if hit != nil {
		mark(hit, li, sel)
	}
	if count && (o.kind == plan.InnerJoin || o.kind == plan.LeftJoin) {
		return o.emit(o.pairs, sel)
	}
	return nil
}

func mark(hit []bool, li, sel []int32) {
	if sel == nil {
		for _, i := range li {
			hit[i] = true
		}
		return
	}
	for _, s := range sel {
		hit[li[s]] = true
	}
}

// retry takes rows of L after under the keys of dR, of a join with residual
// predicates: it puts out their pairs with dR, and finds out by trying whose
// having a match has changed.
func (o *join) retry(probe []int32, b *zset.Batch) error {
	if o.kind == plan.LeftJoin || o.tryAll {
		if err := o.matchRight(b, probe); err != nil {
			return err
		}
	}
	o.starts, o.some = o.starts[:0], o.some[:0]
	for i, p := range probe {
		if i == 0 || p != probe[i-1] {
			o.starts, o.some = append(o.starts, int32(i)), append(o.some, p)
		}
	}
	o.starts = append(o.starts, int32(len(probe)))
	o.keys.Reset(o.r.isInt)
	o.keys.AppendGather(o.r.d.probes, o.some)
	o.hit, o.after = falses(o.hit, b.N), falses(o.after, b.N)
	if err := o.tryAgainst(o.r.state.Before(), b, o.hit); err != nil {
		return err
	}
	if err := o.tryAgainst(o.r.state.After(), b, o.after); err != nil {
		return err
	}
	for i := range b.N {
		if o.hit[i] != o.after[i] {
			if err := o.put(b, i, b.Weight(i)*o.sign(o.after[i])); err != nil {
				return err
			}
		}
	}
	return o.drain()
}

// tryAgainst marks the rows of l that have a match in r.
func (o *join) tryAgainst(r *arrange.Snap, l *zset.Batch, hit []bool) error {
	return o.r.seek(r, &o.keys, func(probe []int32, b *zset.Batch) error {
		return o.match(l, o.starts, probe, b, hit, false)
	})
}

// put puts row i of b, a row of L, out with weight w: by itself, or with
// NULLs where the output has the columns of R.
func (o *join) put(b *zset.Batch, i int, w int64) error {
	for c := range b.Cols {
		o.rows.Cols[c].AppendFrom(&b.Cols[c], i)
	}
	for c := len(b.Cols); c < len(o.rows.Cols); c++ {
		o.rows.Cols[c].AppendNull()
	}
	o.rows.AppendWeight(w)
	if o.rows.N == zset.MaxRows {
		return o.drain()
	}
	return nil
}

// drain emits what put has gathered.
func (o *join) drain() error {
	err := o.emit(o.rows, nil)
	o.rows.Reset()
	return err
}

// notNull is rel.NotNull over the columns of a key. The result is not nil,
// which would be all rows.
func notNull(dst []int32, b *zset.Batch, key []zset.KeyCol, sel []int32) []int32 {
	if dst == nil {
		dst = []int32{}
	}
	var few [8]int
	cols := few[:0]
	for _, k := range key {
		cols = append(cols, k.Col)
	}
	return rel.NotNull(dst, b, cols, sel)
}

// except appends to dst the rows of sel (nil: all n) that are not in less,
// which is a part of them. The result is not nil.
func except(dst []int32, n int, sel, less []int32) []int32 {
	if dst == nil {
		dst = []int32{}
	}
	k := 0
	take := func(i int32) {
		if k < len(less) && less[k] == i {
			k++
		} else {
			dst = append(dst, i)
		}
	}
	if sel == nil {
		for i := range n {
			take(int32(i))
		}
		return dst
	}
	for _, i := range sel {
		take(i)
	}
	return dst
}

func falses(s []bool, n int) []bool {
	if cap(s) < n {
		return make([]bool, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// join builds a join but for NullAntiJoin.
func (b *builder) join(n *plan.Join, s *stage, to []port, depth int) error {
	if n.Kind == plan.NullAntiJoin {
		return b.nullAnti(n, s, to, depth)
	}
	if err := fixed(n.On); err != nil {
		return err
	}
	info, ports := b.info(n, depth), make([]port, len(to))
	left, right, lkeys, rkeys := b.shared(n)
	lt, rt := typesOf(n.L.Schema()), typesOf(n.R.Schema())
	lmake := b.side(info, "left", lt, lkeys, left)
	rmake := b.side(info, "right", rt, rkeys, right)
	pairs := slices.Concat(lt, rt)
	if n.Kind == plan.InnerJoin || n.Kind == plan.LeftJoin {
		pairs = typesOf(n.Sch)
	}
	var on *expr.Filter
	if len(n.On) > 0 {
		on = expr.CompileFilter(n.On)
	}
	for i := range to {
		o := &join{base: b.base(i, to), kind: n.Kind, l: lmake(i), r: rmake(i), on: on, cx: expr.NewCtx()}
		o.tryAll = fallible(n.On)
		o.rows, o.pairs = zset.NewBatch(typesOf(n.Sch), 0), zset.NewBatch(pairs, 0)
		ports[i] = info.add(o)
	}
	if err := b.input(n, n.L, left, s, ports, depth); err != nil {
		return err
	}
	if err := b.input(n, n.R, right, s, second(ports), depth); err != nil {
		return err
	}
	s.flushed(ports)
	return nil
}

// input builds one side of a join.
func (b *builder) input(n *plan.Join, in plan.Node, asIs *plan.Scan, s *stage, to []port, depth int) error {
	switch {
	case asIs != nil:
		return b.scan(asIs, true, s, to, depth+1)
	case alone(n):
		return b.gather(in, s, to, depth+1)
	}
	return b.node(in, s, to, depth+1)
}

// side returns what makes a side of a join in a lane. The state of its own is
// keyed by columns that are never NULL, so both sides' keys have one form.
func (b *builder) side(info *node, name string, ts []types.Type, keys []int, asIs *plan.Scan) func(lane int) side {
	kept := append([]types.Type(nil), ts...)
	for _, k := range keys {
		kept[k].Nullable = false
	}
	key := zset.Cols(keys...)
	s := side{key: key, isInt: zset.KeyIsInt(kept, key), shared: asIs != nil, cols: allCols(len(ts))}
	var arr *arrange.Arrangement
	if asIs != nil {
		arr, _ = b.c.env.Shared(asIs.Table)
		s.cols = asIs.Cols
	} else {
		arr = b.arrangement(info, name, &arrange.Schema{Types: kept, Key: key})
	}
	return func(lane int) side {
		s := s
		s.state = arr.Lane(lane)
		s.change = newPending(kept)
		return s
	}
}

// asIs returns n as one Scan when it is a relation's rows, perhaps with its
// columns rearranged, whose own arrangement is keyed by exactly the columns
// keys, so that a join can read it as it is; order is how the join's keys are
// to be ordered for that. Otherwise nil.
func (b *builder) asIs(n plan.Node, keys []int) (scan *plan.Scan, order []int) {
	scan = bare(n)
	if scan == nil || b.c.env.Shared == nil {
		return nil, nil
	}
	arr, ok := b.c.env.Shared(scan.Table)
	if !ok || arr.Lanes() != len(b.c.lanes) || len(arr.Schema().Key) != len(keys) || len(keys) == 0 {
		return nil, nil
	}
	for _, k := range arr.Schema().Key {
		at := slices.IndexFunc(keys, func(c int) bool { return scan.Cols[c] == k.Col })
		if at < 0 || k.Desc || arr.Schema().Types[k.Col].Nullable {
			return nil, nil
		}
		order = append(order, at)
	}
	return scan, order
}

// bare returns the Scan of n's columns when n does nothing but choose them.
func bare(n plan.Node) *plan.Scan {
	switch n := n.(type) {
	case *plan.Scan:
		return n
	case *plan.Project:
		below := bare(n.In)
		if below == nil {
			return nil
		}
		s := &plan.Scan{Table: below.Table, Name: below.Name, Sch: n.Sch}
		for _, e := range n.Exprs {
			c, ok := e.(*expr.Col)
			if !ok {
				return nil
			}
			s.Cols = append(s.Cols, below.Cols[c.Index])
		}
		return s
	}
	return nil
}

// shared chooses the side of a join that is read as it is, and returns the
// join's keys in the order of that side's key.
func (b *builder) shared(n *plan.Join) (left, right *plan.Scan, lkeys, rkeys []int) {
	right, order := b.asIs(n.R, n.RKeys)
	if right == nil && (n.Kind == plan.InnerJoin || n.Kind == plan.SemiJoin) {
		left, order = b.asIs(n.L, n.LKeys)
	}
	if left == nil && right == nil {
		return nil, nil, n.LKeys, n.RKeys
	}
	for _, i := range order {
		lkeys, rkeys = append(lkeys, n.LKeys[i]), append(rkeys, n.RKeys[i])
	}
	return left, right, lkeys, rkeys
}

func fallible(es []expr.Expr) bool {
	for _, e := range es {
		if expr.Fallible(e) {
			return true
		}
	}
	return false
}
