package rel

import (
	"bytes"
	"encoding/binary"

	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// cells holds one value per group, or none yet.
type cells struct {
	phys  types.Phys
	vec   zset.Vec // the fixed widths, one row per group
	blobs [][]byte
	held  int64 // bytes of blobs
	state []cellState
}

type cellState uint8

const (
	cellEmpty cellState = iota
	cellNull
	cellValue
)

func (c *cells) grow(n int) {
	c.state = extend(c.state, n)
	switch c.phys {
	case types.PhysInt:
		c.vec.I = extend(c.vec.I, n)
	case types.PhysFloat:
		c.vec.F = extend(c.vec.F, n)
	case types.PhysDec2, types.PhysDec4:
		c.vec.W = extend(c.vec.W, n*c.phys.Words())
	case types.PhysBytes:
		for len(c.blobs) < n {
			c.blobs = append(c.blobs, nil)
		}
	}
}

func (c *cells) reset() {
	c.state = c.state[:0]
	c.vec.I, c.vec.F, c.vec.W = c.vec.I[:0], c.vec.F[:0], c.vec.W[:0]
}

func (c *cells) bytes() int64 {
	return c.held + int64(cap(c.state)+cap(c.vec.I)*8+cap(c.vec.F)*8+cap(c.vec.W)*8+cap(c.blobs)*24)
}

// replace copies s over old and adds what that took to held.
func replace(old, s []byte, held *int64) []byte {
	b := append(old[:0], s...)
	*held += int64(cap(b) - cap(old))
	return b
}

// set makes row i of v the value of group g.
func (c *cells) set(g int32, v *zset.Vec, i int) {
	if v.IsNull(i) {
		c.state[g] = cellNull
		return
	}
	c.state[g] = cellValue
	switch c.phys {
	case types.PhysInt:
		c.vec.I[g] = v.I[i]
	case types.PhysFloat:
		c.vec.F[g] = v.F[i]
	case types.PhysDec2, types.PhysDec4:
		n := c.phys.Words()
		copy(c.vec.W[int(g)*n:], v.W[i*n:i*n+n])
	case types.PhysBytes:
		c.blobs[g] = replace(c.blobs[g], v.Bytes(i), &c.held)
	}
}

// compare orders row i of v, not NULL, and the value of group g canonically.
func (c *cells) compare(v *zset.Vec, i int, g int32) int {
	if c.phys == types.PhysBytes {
		return bytes.Compare(v.Bytes(i), c.blobs[g])
	}
	c.vec.Type = v.Type
	return v.CompareAt(i, &c.vec, int(g))
}

// append appends the value of group g to dst, NULL for none.
func (c *cells) append(dst *zset.Vec, g int) {
	if c.state[g] != cellValue {
		dst.AppendNull()
		return
	}
	switch c.phys {
	case types.PhysInt:
		dst.AppendInt(c.vec.I[g])
	case types.PhysFloat:
		dst.AppendFloat(c.vec.F[g])
	case types.PhysDec2, types.PhysDec4:
		n := c.phys.Words()
		dst.AppendDec(types.DecFromWords(c.vec.W[g*n : g*n+n]))
	case types.PhysBytes:
		dst.AppendBytes(c.blobs[g])
	}
}

// column returns the values as a column of type t, and groups with -1 for
// those that have none.
func (c *cells) column(t types.Type, groups []int32) (*zset.Vec, []int32) {
	v := zset.NewVec(t.WithNull(true), 0)
	full := append([]int32(nil), groups...)
	for i := range groups {
		c.append(&v, i)
		if c.state[i] == cellEmpty {
			full[i] = -1
		}
	}
	return &v, full
}

// extremes is MIN, MAX, First, and Same, whose first value stays. Canonical order refines that of normalised
// keys, so it decides alone but for strings under a collation.
type extremes struct {
	fn   plan.AggFunc
	t    types.Type
	best cells
	keys [][]byte // weight strings of the best, for MIN and MAX under a collation
	held int64    // bytes of keys
	buf  []byte
}

func newExtreme(fn plan.AggFunc, t types.Type) *extremes {
	return &extremes{fn: fn, t: t, best: cells{phys: t.Phys()}}
}

// collated tells whether weight strings decide before bytes.
func (e *extremes) collated() bool {
	return (e.fn == plan.Min || e.fn == plan.Max) && e.t.Phys() == types.PhysBytes && !Exact(e.t)
}

func (e *extremes) grow(n int) {
	e.best.grow(n)
	if e.collated() {
		for len(e.keys) < n {
			e.keys = append(e.keys, nil)
		}
	}
}

func (e *extremes) reset() { e.best.reset() }

func (e *extremes) bytes() int64 {
	return e.best.bytes() + e.held + int64(cap(e.keys)*24)
}

func (e *extremes) update(groups []int32, v *zset.Vec, _ []int64) {
	switch {
	case e.collated():
		e.updateCollated(groups, v)
	case e.best.phys == types.PhysInt && v.Valid == nil:
		e.updateInts(groups, v.I)
	default:
		for i, g := range groups {
			if g >= 0 && e.better(v, i, g) {
				e.best.set(g, v, i)
			}
		}
	}
}

// better tells whether row i of v takes the place of the value of group g.
func (e *extremes) better(v *zset.Vec, i int, g int32) bool {
	had := e.best.state[g]
	if e.fn == plan.Same {
		return had == cellEmpty
	}
	if v.IsNull(i) {
		return e.fn == plan.First
	}
	if had != cellValue {
		return had == cellEmpty
	}
	c := e.best.compare(v, i, g)
	return c < 0 && e.fn != plan.Max || c > 0 && e.fn == plan.Max
}

func (e *extremes) updateInts(groups []int32, vals []int64) {
	// Turning the top bit makes unsigned order signed, all bits inverts it.
	var turn int64
	if e.t.Kind.IsUnsigned() {
		turn = -1 << 63
	}
	if e.fn == plan.Max {
		turn = ^turn
	}
	for i, g := range groups {
		if g < 0 || e.best.state[g] == cellNull {
			continue
		}
		if e.best.state[g] == cellEmpty || vals[i]^turn < e.best.vec.I[g]^turn {
			e.best.vec.I[g] = vals[i]
			e.best.state[g] = cellValue
		}
	}
}

func (e *extremes) updateCollated(groups []int32, v *zset.Vec) {
	for i, g := range groups {
		if g < 0 || v.IsNull(i) {
			continue
		}
		s := v.Bytes(i)
		if e.best.state[g] == cellValue && bytes.Equal(s, e.best.blobs[g]) {
			continue
		}
		e.buf = e.t.Coll.AppendSortKey(e.buf[:0], s)
		if e.best.state[g] == cellValue {
			c := bytes.Compare(e.buf, e.keys[g])
			if c == 0 {
				c = bytes.Compare(s, e.best.blobs[g])
			}
			if (c < 0) == (e.fn == plan.Max) {
				continue
			}
		}
		e.best.set(g, v, i)
		e.keys[g] = replace(e.keys[g], e.buf, &e.held)
	}
}

func (e *extremes) merge(groups []int32, from acc) {
	v, full := from.(*extremes).best.column(e.t, groups)
	e.update(full, v, nil)
}

func (e *extremes) result(lo, hi int, dst *zset.Vec, _ func(int, *sqlerr.Error)) {
	for g := lo; g < hi; g++ {
		e.best.append(dst, g)
	}
}

// singles is the only value of a scalar subquery.
type singles struct {
	t    types.Type
	best cells
	n    []int64
}

func (s *singles) grow(n int) {
	s.best.grow(n)
	s.n = extend(s.n, n)
}

func (s *singles) reset() {
	s.best.reset()
	s.n = s.n[:0]
}

func (s *singles) bytes() int64 { return s.best.bytes() + int64(cap(s.n)*8) }

func (s *singles) update(groups []int32, v *zset.Vec, w []int64) {
	for i, g := range groups {
		if g >= 0 {
			s.n[g] += weight(w, i)
			s.best.set(g, v, i)
		}
	}
}

func (s *singles) merge(groups []int32, from acc) {
	o := from.(*singles)
	v, full := o.best.column(s.t, groups)
	s.update(full, v, o.n)
}

var errTwoRows = sqlerr.New(sqlerr.ErrSubqueryNo1Row, "Subquery returns more than 1 row")

func (s *singles) result(lo, hi int, dst *zset.Vec, fail func(int, *sqlerr.Error)) {
	for g := lo; g < hi; g++ {
		if s.n[g] > 1 {
			dst.AppendNull()
			fail(g, errTwoRows)
			continue
		}
		s.best.append(dst, g)
	}
}

// distinct gives each value of a group to inner once.
type distinct struct {
	inner acc
	seen  GroupTable // of (group, normalised key)

	arg    zset.Batch
	keys   zset.Keys
	pairs  zset.Keys
	groups []int32
	ids    []int32
}

func (d *distinct) grow(n int) { d.inner.grow(n) }

func (d *distinct) reset() {
	d.inner.reset()
	d.seen.Reset()
}

func (d *distinct) bytes() int64 { return d.inner.bytes() + d.seen.Bytes() }

func (d *distinct) merge([]int32, acc) { panic("rel: DISTINCT does not merge, see Mergeable") }

func (d *distinct) result(lo, hi int, dst *zset.Vec, fail func(int, *sqlerr.Error)) {
	d.inner.result(lo, hi, dst, fail)
}

var firstCol = []zset.KeyCol{{}}

func (d *distinct) update(groups []int32, v *zset.Vec, _ []int64) {
	d.arg.N = len(groups)
	d.arg.Cols = append(d.arg.Cols[:0], *v)
	// One form for all batches: whether a computed column can be NULL may
	// differ from one to the next, and NULLs do not count here.
	zset.NormaliseAs(&d.keys, &d.arg, firstCol, v.Type.Kind.IsInt() || v.Type.Kind.IsTime())
	d.pairs.Reset(false)
	d.groups = append(d.groups[:0], groups...)
	for i, g := range groups {
		if g < 0 || v.IsNull(i) {
			d.groups[i] = -1
			continue
		}
		data := binary.LittleEndian.AppendUint32(d.pairs.Data, uint32(g))
		if d.keys.IsInt() {
			data = binary.LittleEndian.AppendUint64(data, uint64(d.keys.Int[i]))
		} else {
			data = append(data, d.keys.Data[d.keys.Off[i]:d.keys.Off[i+1]]...)
		}
		d.pairs.Data = data
		d.pairs.Off = append(d.pairs.Off, uint32(len(data)))
	}
	next := int32(d.seen.Len())
	d.ids = extend(d.ids[:0], d.pairs.Len())
	d.seen.Lookup(&d.pairs, true, d.ids)
	at := 0
	for i, g := range d.groups {
		if g < 0 {
			continue
		}
		if d.ids[at] == next {
			next++
		} else {
			d.groups[i] = -1
		}
		at++
	}
	d.inner.update(d.groups, v, nil)
}
