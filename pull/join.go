package pull

import (
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// joinNode joins its two sides: one is probed with, row by row in batches, the
// other matches. The left side probes and the right one matches, but an inner
// join may exchange them.
//
// How it matches is chosen when it runs (see joinOp.run): by look-ups in a
// relation that is stored by the join key, or in a hash table.
type joinNode struct {
	kind  plan.JoinKind
	sides [2]joinSide // left, right
	on    *expr.Filter
	isInt bool // form of the hashed keys
	pairs []types.Type
}

// joinSide is one input. seek is set when it is a bare Scan, perhaps below
// Projects of columns only, and probes can be looked up in it.
type joinSide struct {
	node  node
	keys  []int
	by    []zset.KeyCol // keys as a key
	types []types.Type
	seek  *seekSide
	// fallible says that reading the side can fail for some row.
	fallible bool
}

const (
	left  = 0
	right = 1
)

func newJoin(n *plan.Join) (node, error) {
	j := &joinNode{kind: n.Kind}
	for i, in := range []struct {
		node plan.Node
		keys []int
	}{{n.L, n.LKeys}, {n.R, n.RKeys}} {
		c, err := compile(in.node)
		if err != nil {
			return nil, err
		}
		j.sides[i] = joinSide{
			node: c, keys: in.keys, by: zset.Cols(in.keys...),
			types: columnTypes(in.node.Schema()), seek: newSeekSide(in.node, in.keys),
			fallible: fallible(in.node),
		}
	}
	if len(n.On) > 0 {
		j.on = expr.CompileFilter(n.On)
	}
	j.isInt = rel.JoinKeyIsInt(j.sides[left].types, n.LKeys)
	j.pairs = append(j.pairs, j.sides[left].types...)
	for _, t := range j.sides[right].types {
		j.pairs = append(j.pairs, t.WithNull(t.Nullable || n.Kind == plan.LeftJoin))
	}
	return j, nil
}

func (n *joinNode) estimate(x *exec) int64 {
	l := n.sides[left].node.estimate(x)
	if n.kind != plan.InnerJoin && n.kind != plan.LeftJoin {
		return l
	}
	r := n.sides[right].node.estimate(x)
	if l == unknown || r == unknown {
		return unknown
	}
	return max(l, r)
}

// keepsRight tells whether rows of the right side are needed beside the keys.
func (n *joinNode) keepsRight() bool {
	return n.on != nil || n.kind == plan.InnerJoin || n.kind == plan.LeftJoin
}

func (n *joinNode) open(x *exec) op {
	o := &joinOp{x: x, n: n, mem: account{x: x, operator: "Join"}}
	for i := range n.sides {
		o.in[i] = n.sides[i].node.open(x)
		o.buffer[i] = zset.NewBatch(n.sides[i].types, 0)
	}
	o.hash = newHashSide(o)
	o.pairs = zset.NewBatch(n.pairs, 0)
	o.out = zset.NewBatch(n.pairs, 0)
	o.lefts = zset.NewBatch(n.sides[left].types, 0)
	o.onHeld, o.onProbe = o.holdProbe, o.probe
	return o
}

// joinOp runs a join. A match is collected as a pair of positions; whole
// batches of pairs are made into rows, filtered by the residual predicate,
// and then emitted or noted.
type joinOp struct {
	x    *exec
	n    *joinNode
	in   [2]op
	mem  account
	emit func(*zset.Batch) error

	onHeld, onProbe func(*zset.Batch) error

	probing int // the side that probes
	match   matcher
	hash    *hashSide
	seeker  seeker
	// buffer holds what a side gave before it was clear how to match; only
	// the probing side's is used.
	buffer   [2]*zset.Batch
	holdMost int64
	hashed   bool // the choice fell on the hash table

	// For the batch at hand:
	probes  *zset.Batch
	matched []bool // per probe row: a pair passed
	li, ri  []int32
	idx     []int32

	pairs, out, lefts *zset.Batch
}

// matcher finds the partners of a batch of probe rows.
type matcher interface {
	// match calls o.pair for every partner, in any order.
	match(o *joinOp, b *zset.Batch) error
}

// seekFactor is how many rows of a relation can be read and hashed in the
// time of one look-up.
const seekFactor = 16

// maxBuffered is the most probe rows that are held to see if they are few.
const maxBuffered = 1 << 16

// run chooses which side probes and how, and joins.
//
// Where a side is stored by the join key, the other's rows are held until
// they are too many for look-ups to pay: if they never are, they are looked
// up, and the stored side is not read. Else the matching side is hashed: the
// right one, or the smaller one of an inner join.
func (o *joinOp) run(emit func(*zset.Batch) error) error {
	n, x := o.n, o.x
	o.emit = emit
	o.mem.bytes = 0
	o.probing = left
	if n.kind == plan.InnerJoin {
		l, r := n.sides[left].node.estimate(x), n.sides[right].node.estimate(x)
		if l != unknown && r != unknown && l < r/2 && !n.sides[right].seekable(x) ||
			r != unknown && n.sides[left].seekable(x) && (l == unknown || r < l/seekFactor) {
			o.probing = right
		}
	}
	matching := 1 - o.probing
	src, perm, err := n.sides[matching].open(x)
	if err != nil {
		return err
	}
	// NOT IN has to know of NULLs that no key finds.
	o.hashed = src == nil || n.kind == plan.NullAntiJoin
	if o.hashed {
		if err := o.hash.build(o.in[matching], matching); err != nil {
			return err
		}
		o.match = o.hash
		if o.done() {
			return nil
		}
		return o.in[o.probing].run(o.onProbe)
	}
	o.holdMost = min(src.Rows()/seekFactor, maxBuffered)
	held := o.buffer[o.probing]
	held.Reset()
	if err := o.in[o.probing].run(o.onHeld); err != nil {
		return err
	}
	if o.hashed {
		return nil
	}
	o.seeker.begin(o, src, perm, matching)
	o.match = &o.seeker
	return o.probeHeld()
}

// done tells whether no probe row can be in the answer, nor fail.
func (o *joinOp) done() bool {
	return o.hash.rows == 0 && !o.n.sides[o.probing].fallible &&
		(o.n.kind == plan.InnerJoin || o.n.kind == plan.SemiJoin)
}

// holdProbe takes probe rows while they are few; then it builds the hash
// table after all and sends them through it.
func (o *joinOp) holdProbe(b *zset.Batch) error {
	if o.hashed {
		return o.probe(b)
	}
	held := o.buffer[o.probing]
	held.AppendRange(b, 0, b.N)
	if err := o.mem.hold(held, 0); err != nil || int64(held.N) <= o.holdMost {
		return err
	}
	o.hashed = true
	matching := 1 - o.probing
	if err := o.hash.build(o.in[matching], matching); err != nil {
		return err
	}
	o.match = o.hash
	return o.probeHeld()
}

func (o *joinOp) probeHeld() error {
	held := o.buffer[o.probing]
	for lo := 0; lo < held.N; lo += zset.MaxRows {
		if err := o.probe(held.Slice(lo, min(lo+zset.MaxRows, held.N))); err != nil {
			return err
		}
	}
	return nil
}

// probe joins a batch of the probing side.
func (o *joinOp) probe(b *zset.Batch) error {
	if b.N == 0 {
		return nil
	}
	o.probes = b
	if o.n.kind != plan.InnerJoin {
		if cap(o.matched) < b.N {
			o.matched = make([]bool, b.N, max(b.N, zset.MaxRows))
		}
		o.matched = o.matched[:b.N]
		clear(o.matched)
	}
	o.li, o.ri = o.li[:0], o.ri[:0]
	if err := o.match.match(o, b); err != nil {
		return err
	}
	return o.endBatch()
}

// endBatch emits the probe rows whose fate is known once all partners are.
func (o *joinOp) endBatch() error {
	switch o.n.kind {
	case plan.InnerJoin:
		return nil
	case plan.LeftJoin:
		o.selectRows(false)
		if len(o.idx) == 0 {
			return nil
		}
		o.ri = resize(o.ri, len(o.idx))
		for i := range o.ri {
			o.ri[i] = -1
		}
		rel.Pairs(o.pairs, o.probes, o.idx, o.hash.none, o.ri)
		return o.emit(o.pairs)
	case plan.SemiJoin:
		o.selectRows(true)
	case plan.AntiJoin, plan.NullAntiJoin:
		o.selectRows(false)
	}
	switch len(o.idx) {
	case 0:
		return nil
	case o.probes.N:
		return o.emit(o.probes)
	}
	o.lefts.Reset()
	o.lefts.AppendGather(o.probes, o.idx)
	return o.emit(o.lefts)
}

// selectRows sets idx to the probe rows that did, or did not, match.
func (o *joinOp) selectRows(matched bool) {
	o.idx = o.idx[:0]
	for i, m := range o.matched {
		if m == matched {
			o.idx = append(o.idx, int32(i))
		}
	}
}

// pair notes that probe row p and row m of the matching rows have equal keys,
// and joins when there are enough pairs.
func (o *joinOp) pair(p, m int32, rows *zset.Batch) error {
	o.li, o.ri = append(o.li, p), append(o.ri, m)
	if len(o.li) < zset.MaxRows {
		return nil
	}
	return o.flush(rows)
}

// flush makes rows of the pairs, applies the residual predicate, and emits
// them or notes the match.
func (o *joinOp) flush(rows *zset.Batch) error {
	if len(o.li) == 0 {
		return nil
	}
	if err := o.x.alive(); err != nil {
		return err
	}
	if o.probing == left {
		if o.n.keepsRight() {
			rel.Pairs(o.pairs, o.probes, o.li, rows, o.ri)
		}
	} else {
		rel.Pairs(o.pairs, rows, o.ri, o.probes, o.li)
	}
	pairs := o.pairs
	if o.n.on != nil {
		sel := o.n.on.Apply(o.x.cx, pairs, nil)
		if err := o.x.failed(); err != nil {
			return err
		}
		if len(sel) < pairs.N {
			pairs = o.keep(sel)
		}
	}
	if o.n.kind != plan.InnerJoin {
		for _, p := range o.li {
			o.matched[p] = true
		}
	}
	o.li, o.ri = o.li[:0], o.ri[:0]
	if pairs.N == 0 || o.n.kind != plan.InnerJoin && o.n.kind != plan.LeftJoin {
		return nil
	}
	return o.emit(pairs)
}

// keep leaves the pairs sel, as rows and as positions.
func (o *joinOp) keep(sel []int32) *zset.Batch {
	for i, s := range sel {
		o.li[i] = o.li[s]
	}
	o.li = o.li[:len(sel)]
	o.out.Reset()
	if o.n.kind == plan.InnerJoin || o.n.kind == plan.LeftJoin {
		o.out.AppendGather(o.pairs, sel)
	}
	return o.out
}
