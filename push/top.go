package push

import (
	"math"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/zset"
)

// top keeps the rows of a window, Offset to Offset+Limit in the order, of all
// rows or of each group. Its state has all rows in that order. For each group
// that changed it reads the window before and the window after and puts out
// the difference. A change that lies wholly behind a full window changes
// nothing, and is seen without reading the window after.
type top struct {
	base
	ones
	state         *arrange.Lane
	key           []zset.KeyCol // groups, then order
	groups        []zset.KeyCol
	isInt         bool
	offset, limit int64
	change        pending
	d             delta
	prefix        zset.Keys   // of each row of d: its group
	bound         zset.Keys   // the key of the last row of the window before
	diff          *zset.Batch // -before +after
	out           *zset.Batch
	outKeys       zset.Keys
}

func (o *top) push(_ int, b *zset.Batch, sel []int32) error {
	o.change.add(b, sel)
	return nil
}

func (o *top) reset() { o.change.drop() }

func (o *top) flush() error {
	if o.change.empty() || o.limit == 0 {
		o.change.drop()
		return nil
	}
	o.d.sum(&o.lane.sort, &o.change, o.key, o.isInt)
	o.state.Stage(o.d.rows)
	zset.NormaliseAs(&o.prefix, o.d.rows, o.groups, o.isInt && len(o.groups) > 0)
	for lo, hi := 0, 0; lo < o.d.rows.N; lo = hi {
		for hi = lo + 1; hi < o.d.rows.N && o.prefix.Equal(lo, &o.prefix, hi); {
			hi++
		}
		if err := o.group(lo); err != nil {
			return err
		}
	}
	return nil
}

// group puts out the difference for the group of rows of d from lo on, the
// first of which is the first in order.
func (o *top) group(lo int) error {
	r := zset.Range{}
	if len(o.groups) > 0 {
		o.k = o.prefix.At(lo)
		r.Lo, r.Hi = &o.k, &o.k
	}
	o.diff.Reset()
	full, err := o.window(o.state.Before(), r, -1)
	if err != nil {
		return err
	}
	if full && o.behind(lo) {
		return nil
	}
	if _, err := o.window(o.state.After(), r, 1); err != nil {
		return err
	}
	o.lane.sort.Consolidate(o.out, &o.outKeys, o.diff, o.key, o.isInt)
	return o.emitAll(o.out)
}

// window appends the rows of the window to diff, times sign, and tells whether
// it is full.
func (o *top) window(in *arrange.Snap, r zset.Range, sign int64) (full bool, err error) {
	skip, take := o.offset, o.limit
	o.cur.Reset(in, r, false)
	for take > 0 && o.cur.Next() {
		w := o.cur.Weight()
		if skip >= w {
			skip -= w
			continue
		}
		w = min(w-skip, take)
		skip, take = 0, take-w
		b, i := o.cur.Row()
		o.diff.AppendRow(b, i, sign*w)
		if take == 0 && sign < 0 {
			o.bound.Reset(o.isInt)
			o.bound.Append(o.cur.Key())
		}
	}
	return take == 0, o.cur.Err()
}

// behind tells whether row i of d comes after the last row of diff, whose key
// is bound.
func (o *top) behind(i int) bool {
	c := o.d.keys.Compare(i, &o.bound, 0)
	return c > 0 || c == 0 && zset.CompareRows(o.d.rows, i, o.diff, o.diff.N-1, nil) > 0
}

// top builds a Top. One that only sorts has nothing to do in a view.
func (b *builder) top(n *plan.Top, s *stage, to []port, depth int) error {
	if n.LimitParam != nil || n.OffsetParam != nil {
		return sqlerr.NotSupported("a parameter as LIMIT in a view")
	}
	info, ports := b.info(n, depth), make([]port, len(to))
	ts := typesOf(n.Schema())
	limit := n.Limit
	if limit == plan.NoLimit {
		if n.Offset == 0 {
			for i := range to {
				ports[i] = info.add(&through{base: b.base(i, to)})
			}
			return b.node(n.In, s, ports, depth+1)
		}
		limit = math.MaxInt64
	}
	key := rel.OrderKey(n.Groups, n.Order)
	arr := b.arrangement(info, "rows", &arrange.Schema{Types: ts, Key: key})
	for i := range to {
		ports[i] = info.add(&top{
			base: b.base(i, to), state: arr.Lane(i), key: key, groups: key[:len(n.Groups)], isInt: zset.KeyIsInt(ts, key),
			offset: n.Offset, limit: limit, change: newPending(ts), diff: zset.NewBatch(ts, 0), out: zset.NewBatch(ts, 0)})
	}
	if err := b.node(n.In, s, ports, depth+1); err != nil {
		return err
	}
	s.flushed(ports)
	return nil
}
