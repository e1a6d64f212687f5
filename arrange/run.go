package arrange

import (
	"github.com/weirdb/weir/internal/invariant"
	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/zset"
)

// run is a sorted, consolidated, immutable part of a lane. What is needed to
// find a block stays in memory: first and last keys, filters and fences.
// Its fields but merging never change once it is made.
type run struct {
	blocks      []blockRef
	first, last zset.Keys // of each block
	fence       fence     // over last
	rows        int       // entries, not weights
	sum         int64     // of the weights
	bytes       int64
	minus       bool // there are weights below 0
	merging     bool // a merge in the background reads it; guarded by Lane.mu
}

// blockRef is what a run knows of one of its blocks. Runs made by merging
// may share it.
type blockRef struct {
	handle *mem.Handle
	filter filter // of the whole keys' hashes; nil: none
	fence  fence  // over the keys
	rows   int
	sum    int64
	bytes  int64
	minus  bool // there are weights below 0
}

// builder makes a run out of rows that come in order.
type builder struct {
	sh  *shape
	run *run
}

func newBuilder(sh *shape) builder {
	r := &run{}
	r.first.Reset(sh.isInt)
	r.last.Reset(sh.isInt)
	return builder{sh: sh, run: r}
}

// add appends the picked rows, at most sh.block, as one block.
func (b *builder) add(p *picks) {
	if p.n == 0 {
		return
	}
	blk := &mem.Block{Rows: zset.Batch{N: p.n, Cols: make([]zset.Vec, len(b.sh.Types))}}
	ref := blockRef{rows: p.n, sum: int64(p.n)}
	for c, t := range b.sh.Types {
		blk.Rows.Cols[c].Type = t
		p.column(&blk.Rows.Cols[c], c)
	}
	if p.mixed {
		blk.Rows.W = append(make([]int64, 0, p.n), p.w...)
		ref.sum = 0
		for _, w := range p.w {
			ref.sum += w
			ref.minus = ref.minus || w < 0
		}
	}
	if b.sh.alias >= 0 {
		blk.Keys.Int = blk.Rows.Cols[b.sh.alias].I
	} else {
		p.keys(&blk.Keys, b.sh.isInt)
		ref.bytes = blk.Keys.Memory()
	}
	ref.bytes += blk.Rows.Memory()
	if f := newFilter(p.n); f != nil {
		for i := range p.n {
			f.add(blk.Keys.Hash(i))
		}
		ref.filter = f
		ref.bytes += int64(8 * len(f))
	}
	ref.fence = newFence(&blk.Keys, fenceStep)
	ref.bytes += ref.fence.memory()
	ref.handle = mem.NewHandle(blk)
	b.append(ref, &blk.Keys)
}

// append appends a block whose keys are given.
func (b *builder) append(ref blockRef, keys *zset.Keys) {
	r := b.run
	if invariant.Enabled && len(r.blocks) > 0 {
		invariant.Check(r.last.Compare(len(r.blocks)-1, keys, 0) <= 0, "blocks of a run are out of order")
	}
	r.blocks = append(r.blocks, ref)
	r.first.AppendFrom(keys, 0)
	r.last.AppendFrom(keys, ref.rows-1)
	r.rows += ref.rows
	r.sum += ref.sum
	r.bytes += ref.bytes
	r.minus = r.minus || ref.minus
}

// finish returns the run, nil when it has no rows.
func (b *builder) finish() *run {
	if b.run.rows == 0 {
		return nil
	}
	b.run.fence = newFence(&b.run.last, 1)
	b.run.bytes += b.run.first.Memory() + b.run.last.Memory() + b.run.fence.memory()
	return b.run
}

// sortedRun makes a run of the rows of b at the positions idx, which are
// sorted and consolidated, with the weights w; keys are b's.
func sortedRun(sh *shape, b *zset.Batch, keys *zset.Keys, idx []int32, w []int64) *run {
	out := newBuilder(sh)
	var p picks
	p.memory(b, keys)
	for lo := 0; lo < len(idx); lo += sh.block {
		p.empty()
		for i := lo; i < min(lo+sh.block, len(idx)); i++ {
			p.row(0, int(idx[i]), w[i])
		}
		out.add(&p)
	}
	return out.finish()
}

// A merge takes over a block as it is when no other run has a key between,
// unless it is less than a half full: those are copied, so that small blocks
// grow. Nor does it leave a block less than a sixteenth full before it.
const (
	shareFull = 2
	leaveFull = 16
)

// mergeRuns returns the sum of neighbouring runs of a lane, oldest first; nil
// when nothing is left.
func mergeRuns(sh *shape, runs []*run) (*run, error) {
	m := merger{sh: sh, share: true}
	defer m.close()
	for _, r := range runs {
		if err := m.addRun(r, zset.Range{}); err != nil {
			return nil, err
		}
	}
	out := newBuilder(sh)
	for !m.done() {
		if err := m.fill(sh.block, 0); err != nil {
			return nil, err
		}
		out.add(&m.picks)
		m.picks.empty()
		if i := m.whole; i >= 0 {
			in := &m.in[i]
			out.append(in.run.blocks[in.blk], in.keys)
			if err := m.skip(i, in.rows.N); err != nil {
				return nil, err
			}
		}
		m.picks.keep(m.in)
	}
	return out.finish(), nil
}

// locate returns the block in which the rows that begin with key begin, and
// false when no block can have one.
func (r *run) locate(key zset.Key) (int, bool) {
	b := r.fence.lower(&r.last, key)
	if b == len(r.blocks) {
		return 0, false
	}
	if key.IsInt {
		return b, r.first.Int[b] <= key.Int
	}
	return b, !beyond(keyAt(&r.first, b).Bytes, key.Bytes)
}
