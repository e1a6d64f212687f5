package push

import (
	"slices"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// nullAnti is NOT IN: it keeps the rows of L that no row of R could equal.
// Two keys could be equal if they are, or if one of them has a NULL. So a row
// of L whose key has a NULL goes with any row of R, and any other goes with
// one that equals it or whose key has a NULL.
//
// Rows with a NULL in their key are kept apart on both sides. A change of R
// under whole keys is that of an anti join. Where it touches rows with a NULL,
// or R becomes empty or ceases to be, all of L is tried against R before and
// R after.
//
// All rows are in lane 0.
type nullAnti struct {
	join
	lNull, rNull side
	d            delta // rows of L in hand
}

// rights is R in one state.
type rights struct{ keyed, null *arrange.Snap }

func (r rights) empty() bool { return r.keyed.Rows() == 0 && r.null.Rows() == 0 }

func (o *nullAnti) push(port int, b *zset.Batch, sel []int32) error {
	s, null := &o.l, &o.lNull
	if port == 1 {
		s, null = &o.r, &o.rNull
	}
	o.sel = notNull(o.sel[:0], b, s.key, sel)
	o.some = except(o.some[:0], b.N, sel, o.sel)
	s.change.add(b, o.sel)
	null.change.add(b, o.some)
	return nil
}

func (o *nullAnti) sides() [4]*side { return [4]*side{&o.l, &o.lNull, &o.r, &o.rNull} }

func (o *nullAnti) reset() {
	for _, s := range o.sides() {
		s.change.drop()
	}
	o.rows.Reset()
}

func (o *nullAnti) flush() error {
	pushed := false
	for _, s := range o.sides() {
		pushed = pushed || !s.change.empty()
	}
	if !pushed {
		return nil
	}
	for _, s := range o.sides() {
		s.sum(&o.lane.sort)
	}
	before := rights{o.r.state.Before(), o.rNull.state.Before()}
	for _, s := range []*side{&o.l, &o.lNull} {
		if err := o.came(s, before); err != nil {
			return err
		}
	}
	for _, s := range o.sides() {
		s.stage()
	}
	if o.r.d.rows.N == 0 && o.rNull.d.rows.N == 0 {
		return nil
	}
	return o.turned(before, rights{o.r.state.After(), o.rNull.state.After()})
}

// came puts out the change of a side of L among R before.
func (o *nullAnti) came(s *side, r rights) error {
	rows := s.d.rows
	if rows.N == 0 {
		return nil
	}
	o.hit = falses(o.hit, rows.N)
	if err := o.find(&s.d, s == &o.lNull, r, o.hit); err != nil {
		return err
	}
	for i := range rows.N {
		if !o.hit[i] {
			if err := o.put(rows, i, rows.Weight(i)); err != nil {
				return err
			}
		}
	}
	return o.drain()
}

// turned puts out the rows of L after that the change of R lets in or out.
func (o *nullAnti) turned(before, after rights) error {
	all := o.rNull.d.rows.N > 0 || before.empty() != after.empty()
	tryKeyed := func(b *zset.Batch) error { return o.tryBoth(b, false, before, after) }
	tryNull := func(b *zset.Batch) error { return o.tryBoth(b, true, before, after) }
	var err error
	if all {
		err = o.l.state.After().Scan(o.l.cols, zset.Range{}, tryKeyed)
	} else {
		err = o.l.seek(o.l.state.After(), o.r.d.probes, func(_ []int32, b *zset.Batch) error { return tryKeyed(b) })
	}
	if err == nil && (all || o.on != nil) {
		err = o.lNull.state.After().Scan(o.lNull.cols, zset.Range{}, tryNull)
	}
	return err
}

// tryBoth takes rows of L after and puts out those that R before kept out
// and R after lets in, or the other way round.
func (o *nullAnti) tryBoth(b *zset.Batch, null bool, before, after rights) error {
	o.d.rows = b
	zset.NormaliseAs(&o.d.keys, b, o.l.key, o.l.isInt && !null)
	o.d.group(o.l.isInt && !null)
	o.hit, o.after = falses(o.hit, b.N), falses(o.after, b.N)
	if err := o.find(&o.d, null, before, o.hit); err != nil {
		return err
	}
	if err := o.find(&o.d, null, after, o.after); err != nil {
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

// find marks the rows of l that a row of R could equal. null says that their
// keys have a NULL.
func (o *nullAnti) find(l *delta, null bool, r rights, hit []bool) error {
	if o.on != nil {
		return o.findPairs(l, null, r, hit)
	}
	if null && !r.empty() || r.null.Rows() > 0 {
		for i := range hit {
			hit[i] = true
		}
		return nil
	}
	for g := 0; !null && g < l.groups(); g++ {
		if o.any(r.keyed, l.probes, g) {
			for i := l.starts[g]; i < l.starts[g+1]; i++ {
				hit[i] = true
			}
		}
	}
	return nil
}

// findPairs is find with residual predicates.
func (o *nullAnti) findPairs(l *delta, null bool, r rights, hit []bool) error {
	whole := []int32{0, int32(l.rows.N)}
	any := func(b *zset.Batch) error {
		return o.match(l.rows, whole, make([]int32, b.N), b, hit, false)
	}
	if err := r.null.Scan(o.rNull.cols, zset.Range{}, any); err != nil {
		return err
	}
	if null {
		return r.keyed.Scan(o.r.cols, zset.Range{}, any)
	}
	return o.r.seek(r.keyed, l.probes, func(probe []int32, b *zset.Batch) error {
		return o.match(l.rows, l.starts, probe, b, hit, false)
	})
}

// nullAnti builds a NullAntiJoin.
func (b *builder) nullAnti(n *plan.Join, s *stage, to []port, depth int) error {
	if err := fixed(n.On); err != nil {
		return err
	}
	if fallible(n.On) {
		return sqlerr.NotSupported("NOT IN over a subquery whose condition can fail, in a view")
	}
	info, ports := b.info(n, depth), make([]port, len(to))
	lt, rt := typesOf(n.L.Schema()), typesOf(n.R.Schema())
	l, lNull := b.side(info, "left", lt, n.LKeys, nil), b.nullSide(info, "left nulls", lt, n.LKeys)
	r, rNull := b.side(info, "right", rt, n.RKeys, nil), b.nullSide(info, "right nulls", rt, n.RKeys)
	var on *expr.Filter
	if len(n.On) > 0 {
		on = expr.CompileFilter(n.On)
	}
	for i := range to {
		o := &nullAnti{join: join{base: b.base(i, to), kind: plan.AntiJoin, l: l(i), r: r(i), on: on, cx: expr.NewCtx()}}
		o.lNull, o.rNull = lNull(i), rNull(i)
		o.pairs = zset.NewBatch(slices.Concat(lt, rt), 0)
		o.rows = zset.NewBatch(lt, 0)
		ports[i] = info.add(o)
	}
	if err := b.gather(n.L, s, ports, depth+1); err != nil {
		return err
	}
	if err := b.gather(n.R, s, second(ports), depth+1); err != nil {
		return err
	}
	s.flushed(ports)
	return nil
}

// nullSide is side for the rows with a NULL in their key.
func (b *builder) nullSide(info *node, name string, ts []types.Type, keys []int) func(lane int) side {
	ts = append([]types.Type(nil), ts...)
	for _, k := range keys {
		ts[k].Nullable = true
	}
	s := side{key: zset.Cols(keys...), cols: allCols(len(ts))}
	arr := b.arrangement(info, name, &arrange.Schema{Types: ts, Key: s.key})
	return func(lane int) side {
		s := s
		s.state, s.change = arr.Lane(lane), newPending(ts)
		return s
	}
}
