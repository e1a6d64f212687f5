package pull

import (
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/zset"
)

// hashSide is the matching side of a join in memory: its rows, numbered by
// key, and for each key the positions of its rows side by side.
//
// Rows with a NULL in the key match nothing and are dropped, but for NOT IN
// (NullAntiJoin), which must know them.
type hashSide struct {
	o    *joinOp
	side *joinSide
	mem  account

	table rel.GroupTable
	keys  zset.Keys
	ids   []int32
	idx   []int32

	kept    *zset.Batch // the rows; unused when keys are all that matters
	dense   *zset.Batch // a batch without its NULL keys
	groups  []int32     // of each kept row, -1 for a NULL key
	start   []int32     // of each group in order; one more at the end
	order   []int32     // positions in kept, by group
	nulls   []int32     // positions in kept of NULL keys
	rows    int64       // number of rows seen
	hasNull bool
	none    *zset.Batch // the matching side's columns without rows

	onBatch func(*zset.Batch) error
}

func newHashSide(o *joinOp) *hashSide {
	h := &hashSide{o: o, mem: account{x: o.x, operator: "Join"}}
	h.none = zset.NewBatch(o.n.sides[right].types, 0)
	h.onBatch = h.add
	return h
}

// build reads the side whole.
func (h *hashSide) build(in op, side int) error {
	if h.side != &h.o.n.sides[side] {
		h.side = &h.o.n.sides[side]
		h.kept, h.dense = zset.NewBatch(h.side.types, 0), zset.NewBatch(h.side.types, 0)
	}
	h.table.Reset()
	h.kept.Reset()
	h.groups, h.nulls = h.groups[:0], h.nulls[:0]
	h.rows, h.hasNull = 0, false
	h.mem.bytes = 0
	if err := in.run(h.onBatch); err != nil {
		return err
	}
	h.sort()
	return h.mem.hold(h.kept, h.bytes())
}

func (h *hashSide) bytes() int64 {
	return h.table.Bytes() + int64(cap(h.groups)+cap(h.start)+cap(h.order)+cap(h.nulls))*4
}

func (h *hashSide) add(b *zset.Batch) error {
	n := h.o.n
	h.rows += int64(b.N)
	withNulls := n.kind == plan.NullAntiJoin && n.on != nil
	if rel.AnyNull(b, h.side.keys) {
		h.hasNull = true
		if !withNulls {
			h.idx = rel.NotNull(h.idx[:0], b, h.side.keys, nil)
			h.dense.Reset()
			h.dense.AppendGather(b, h.idx)
			b = h.dense
		}
	}
	h.ids = resize(h.ids, b.N)
	zset.NormaliseAs(&h.keys, b, h.side.by, n.isInt)
	h.table.Lookup(&h.keys, true, h.ids)
	if !n.keepsRight() {
		return h.mem.set(h.table.Bytes())
	}
	if withNulls {
		ignoreNulls(h.ids, b, h.side.keys)
	}
	h.groups = append(h.groups, h.ids...)
	h.kept.AppendRange(b, 0, b.N)
	return h.mem.hold(h.kept, h.bytes())
}

// ignoreNulls gives the rows with a NULL key group -1.
func ignoreNulls(ids []int32, b *zset.Batch, keys []int) {
	for _, c := range keys {
		v := &b.Cols[c]
		if v.Valid == nil {
			continue
		}
		for i := range ids {
			if v.IsNull(i) {
				ids[i] = -1
			}
		}
	}
}

// sort puts the rows of each key side by side (a counting sort).
func (h *hashSide) sort() {
	n := h.table.Len()
	h.start = resize(h.start, n+2)
	clear(h.start)
	for i, g := range h.groups {
		if g < 0 {
			h.nulls = append(h.nulls, int32(i))
			continue
		}
		h.start[g+2]++
	}
	for g := 2; g < len(h.start); g++ {
		h.start[g] += h.start[g-1]
	}
	// start[g+1] is where group g's next row goes, and ends as where group
	// g+1 begins.
	h.order = resize(h.order, len(h.groups)-len(h.nulls))
	for i, g := range h.groups {
		if g >= 0 {
			h.order[h.start[g+1]] = int32(i)
			h.start[g+1]++
		}
	}
}

// match implements matcher.
func (h *hashSide) match(o *joinOp, b *zset.Batch) error {
	probe := &o.n.sides[o.probing]
	if o.n.kind == plan.NullAntiJoin && o.n.on == nil && (h.rows == 0 || h.hasNull) {
		for i := range o.matched {
			o.matched[i] = h.hasNull
		}
		return nil
	}
	h.ids = resize(h.ids, b.N)
	zset.NormaliseAs(&h.keys, b, probe.by, o.n.isInt)
	h.table.Lookup(&h.keys, false, h.ids)
	ignoreNulls(h.ids, b, probe.keys)
	switch {
	case o.n.kind == plan.NullAntiJoin:
		return h.matchUnknown(o, b, probe.keys)
	case !o.n.keepsRight():
		for i, g := range h.ids {
			o.matched[i] = g >= 0
		}
		return nil
	}
	return h.matchRows(o)
}

func (h *hashSide) matchRows(o *joinOp) error {
	for i, g := range h.ids {
		if g < 0 {
			continue
		}
		for _, m := range h.order[h.start[g]:h.start[g+1]] {
			if err := o.pair(int32(i), m, h.kept); err != nil {
				return err
			}
		}
	}
	return o.flush(h.kept)
}

// matchUnknown is NOT IN: a NULL on either side may be equal, so it matches
// like an equal key.
func (h *hashSide) matchUnknown(o *joinOp, b *zset.Batch, keys []int) error {
	for i, g := range h.ids {
		isNull := false
		for _, c := range keys {
			isNull = isNull || b.Cols[c].IsNull(i)
		}
		if o.n.on == nil {
			o.matched[i] = isNull || g >= 0
			continue
		}
		if isNull {
			for m := range h.kept.N {
				if err := o.pair(int32(i), int32(m), h.kept); err != nil {
					return err
				}
			}
			continue
		}
		if g >= 0 {
			for _, m := range h.order[h.start[g]:h.start[g+1]] {
				if err := o.pair(int32(i), m, h.kept); err != nil {
					return err
				}
			}
		}
		for _, m := range h.nulls {
			if err := o.pair(int32(i), m, h.kept); err != nil {
				return err
			}
		}
	}
	return o.flush(h.kept)
}
