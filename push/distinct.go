package push

import (
	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/zset"
)

// distinct puts each row out once, however many there are. Rows are one when
// their keys over all columns are equal; where such rows may differ in bytes
// the first of them, in canonical order, stands for all.
type distinct struct {
	base
	ones
	state  *arrange.Lane
	key    []zset.KeyCol
	isInt  bool
	exact  bool // rows with equal keys are equal
	change pending
	d      delta
	rows   *zset.Batch
}

func (o *distinct) push(_ int, b *zset.Batch, sel []int32) error {
	o.change.add(b, sel)
	return nil
}

func (o *distinct) reset() {
	o.change.drop()
	o.rows.Reset()
}

func (o *distinct) flush() error {
	if o.change.empty() {
		return nil
	}
	o.d.sum(&o.lane.sort, &o.change, o.key, o.isInt)
	o.state.Stage(o.d.rows)
	before, after := o.state.Before(), o.state.After()
	turn := o.turn
	if o.exact {
		turn = o.turnExact
	}
	for g := range o.d.groups() {
		turn(before, after, g)
		if o.rows.N >= zset.MaxRows-1 {
			if err := o.drain(); err != nil {
				return err
			}
		}
	}
	return o.drain()
}

func (o *distinct) drain() error {
	err := o.emit(o.rows, nil)
	o.rows.Reset()
	return err
}

// turnExact puts out what becomes of group g when it is one row. A row that
// went was there before, one that came is there after.
func (o *distinct) turnExact(before, after *arrange.Snap, g int) {
	came, went := o.d.signs(g)
	had := went || o.any(before, o.d.probes, g)
	has := came || o.any(after, o.d.probes, g)
	switch {
	case has && !had:
		o.rows.AppendRow(o.d.rows, int(o.d.starts[g]), 1)
	case had && !has:
		o.rows.AppendRow(o.d.rows, int(o.d.starts[g]), -1)
	}
}

// turn puts out what becomes of group g: the first row may be another one.
func (o *distinct) turn(before, after *arrange.Snap, g int) {
	_, went := o.d.signs(g)
	start := int(o.d.starts[g])
	had := o.first(before, o.d.probes, g)
	if had {
		b, i := o.cur.Row()
		if !went && zset.CompareRows(b, i, o.d.rows, start, nil) <= 0 {
			return // what came lies behind it
		}
		o.rows.AppendRow(b, i, -1)
	}
	switch {
	case !went:
		o.rows.AppendRow(o.d.rows, start, 1)
	case o.first(after, o.d.probes, g):
		b, i := o.cur.Row() // when it is the old one they cancel further on
		o.rows.AppendRow(b, i, 1)
	}
}

// ones looks for the first row under a key.
type ones struct {
	cur arrange.Cursor
	k   zset.Key
}

// first moves the cursor to the first row of in that begins with key g of
// keys, and tells whether there is one.
func (o *ones) first(in *arrange.Snap, keys *zset.Keys, g int) bool {
	return o.firstOf(in, keys.At(g), false)
}

// any tells whether a row of in begins with key g of keys. It does not move
// the cursor.
func (o *ones) any(in *arrange.Snap, keys *zset.Keys, g int) bool {
	has, err := in.Has(keys.At(g))
	return has && err == nil
}

// firstOf is first for one key, or with last the last row.
func (o *ones) firstOf(in *arrange.Snap, k zset.Key, last bool) bool {
	o.k = k
	o.cur.Reset(in, zset.Range{Lo: &o.k, Hi: &o.k}, last)
	return o.cur.Next()
}

// distinct builds a Distinct.
func (b *builder) distinct(n *plan.Distinct, s *stage, to []port, depth int) error {
	info, ports := b.info(n, depth), make([]port, len(to))
	ts := typesOf(n.Schema())
	key := zset.Cols(allCols(len(ts))...)
	exact := true
	for _, t := range ts {
		exact = exact && rel.Exact(t)
	}
	arr := b.arrangement(info, "rows", &arrange.Schema{Types: ts, Key: key})
	for i := range to {
		ports[i] = info.add(&distinct{
			base: b.base(i, to), state: arr.Lane(i), key: key, isInt: zset.KeyIsInt(ts, key), exact: exact,
			change: newPending(ts), rows: zset.NewBatch(ts, 0)})
	}
	if err := b.node(n.In, s, ports, depth+1); err != nil {
		return err
	}
	s.flushed(ports)
	return nil
}
