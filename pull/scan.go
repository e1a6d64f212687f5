package pull

import (
	"errors"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// scanNode reads a relation: whole, by keys, or in a range of one index.
type scanNode struct {
	table uint64
	index uint32
	cols  []int

	tuples         [][]*expr.Program // key prefixes to seek; one without columns is none
	lo, hi         *expr.Program     // bounds of the column behind tuples[0]
	loOpen, hiOpen bool
}

func newScan(n *plan.Scan) (node, error) {
	s := &scanNode{table: n.Table, cols: n.Cols}
	a := n.Access
	if a == nil {
		return s, nil
	}
	s.index, s.loOpen, s.hiOpen = a.Index, a.LoOpen, a.HiOpen
	if a.In != nil {
		for _, t := range a.In {
			s.tuples = append(s.tuples, programs(t))
		}
		return s, nil
	}
	s.tuples = [][]*expr.Program{programs(a.Eq)}
	if a.Lo != nil {
		s.lo = expr.Compile(a.Lo)
	}
	if a.Hi != nil {
		s.hi = expr.Compile(a.Hi)
	}
	return s, nil
}

func programs(es []expr.Expr) []*expr.Program {
	ps := make([]*expr.Program, len(es))
	for i, e := range es {
		ps[i] = expr.Compile(e)
	}
	return ps
}

// seeks tells whether the scan is a look-up of keys, as against a range.
func (n *scanNode) seeks() bool {
	return n.tuples != nil && n.lo == nil && n.hi == nil && (len(n.tuples) != 1 || len(n.tuples[0]) > 0)
}

// bounded tells whether the scan reads less than the relation.
func (n *scanNode) bounded() bool { return n.seeks() || n.lo != nil || n.hi != nil }

func (n *scanNode) estimate(x *exec) int64 {
	if n.seeks() {
		return int64(len(n.tuples))
	}
	src, err := x.env.Source(n.table, n.index)
	if err != nil {
		return unknown
	}
	return src.Rows()
}

func (n *scanNode) open(x *exec) op {
	o := &scanOp{x: x, n: n}
	o.onBatch = o.batch
	o.onProbe = func(_ []int32, b *zset.Batch) error { return o.batch(b) }
	return o
}

type scanOp struct {
	x    *exec
	n    *scanNode
	emit func(*zset.Batch) error

	onBatch func(*zset.Batch) error
	onProbe func([]int32, *zset.Batch) error
	keys    zset.Keys
	unique  rel.GroupTable
	ids     []int32
	vals    []types.Value
}

func (o *scanOp) batch(b *zset.Batch) error {
	if err := o.x.alive(); err != nil {
		return err
	}
	return o.emit(b)
}

func (o *scanOp) run(emit func(*zset.Batch) error) error {
	if err := o.x.alive(); err != nil {
		return err
	}
	src, err := o.x.env.Source(o.n.table, o.n.index)
	if err != nil {
		return err
	}
	o.emit = emit
	if o.n.seeks() {
		return o.seek(src)
	}
	r, ok, err := o.bounds(src)
	if err != nil || !ok {
		return err
	}
	for lane := o.x.part; lane < src.Lanes(); lane += o.x.parts {
		if err := src.Scan(lane, o.n.cols, r, o.onBatch); err != nil && err != errLaneDone {
			return err
		}
	}
	return nil
}

// errLaneDone is returned by an emit that wants no more rows of the lane at
// hand. It goes through Projects and Filters only, and ends in their Scan.
var errLaneDone = errors.New("pull: no more rows of this lane are wanted")

func (o *scanOp) seek(src rel.Source) error {
	key := src.Key()
	prefix := len(o.n.tuples[0])
	o.keys.Reset(zset.KeyIsInt(src.Types(), key))
	for _, t := range o.n.tuples {
		ok, err := o.evaluate(t)
		if err != nil {
			return err
		}
		if ok {
			zset.AppendKeyValues(&o.keys, o.vals, key[:prefix])
		}
	}
	keys := &o.keys
	if keys.Len() > 1 {
		if cap(o.ids) < keys.Len() {
			o.ids = make([]int32, keys.Len())
		}
		o.unique.Reset()
		o.unique.Lookup(keys, true, o.ids[:keys.Len()])
		keys = o.unique.Keys()
	}
	if keys.Len() == 0 {
		return nil
	}
	return src.Seek(keys, prefix, o.n.cols, o.onProbe)
}

// evaluate sets vals to the values of ps; ok is false when one is NULL, which
// equals nothing.
func (o *scanOp) evaluate(ps []*expr.Program) (ok bool, err error) {
	o.vals = o.vals[:0]
	for _, p := range ps {
		v, err := p.Value(o.x.cx)
		if err != nil {
			return false, err
		}
		if v.IsNull {
			return false, nil
		}
		o.vals = append(o.vals, v)
	}
	return true, nil
}

// bounds returns the range to scan; ok is false when it is empty because a
// bound is NULL.
func (o *scanOp) bounds(src rel.Source) (r zset.Range, ok bool, err error) {
	n := o.n
	if n.lo == nil && n.hi == nil {
		return zset.Range{}, true, nil
	}
	key := src.Key()
	isInt := zset.KeyIsInt(src.Types(), key)
	if ok, err := o.evaluate(n.tuples[0]); err != nil || !ok {
		return r, false, err
	}
	eq := len(o.vals)
	bound := func(p *expr.Program) (*zset.Key, error) {
		v, err := p.Value(o.x.cx)
		if err != nil || v.IsNull {
			return nil, err
		}
		k := zset.NormaliseValues(append(o.vals[:eq:eq], v), key[:eq+1], isInt)
		return &k, nil
	}
	if n.lo != nil {
		if r.Lo, err = bound(n.lo); r.Lo == nil {
			return r, false, err
		}
		r.LoOpen = n.loOpen
	} else if t := src.Types()[key[eq].Col]; t.Nullable {
		// NULL is below all values and satisfies no comparison.
		k := zset.NormaliseValues(append(o.vals[:eq:eq], types.NullValue(t)), key[:eq+1], isInt)
		r.Lo, r.LoOpen = &k, true
	} else if eq > 0 {
		k := zset.NormaliseValues(o.vals, key[:eq], isInt)
		r.Lo = &k
	}
	if n.hi != nil {
		if r.Hi, err = bound(n.hi); r.Hi == nil {
			return r, false, err
		}
		r.HiOpen = n.hiOpen
	} else if eq > 0 {
		k := zset.NormaliseValues(o.vals, key[:eq], isInt)
		r.Hi = &k
	}
	if key[eq].Desc {
		r.Lo, r.Hi, r.LoOpen, r.HiOpen = r.Hi, r.Lo, r.HiOpen, r.LoOpen
	}
	return r, true, nil
}
