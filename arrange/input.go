package arrange

import (
	"github.com/weirdb/weir/zset"
)

// input walks the rows of one segment that lie within a range, forwards from
// pos or backwards from end-1, a block at a time.
type input struct {
	run  *run
	perm []uint16 // the order of a tail's rows; nil for a run, whose rows are sorted
	// The window: positions pos to end-1 of chunk are ahead. keys, rows are
	// the chunk's. chunk is -1 when nothing is ahead.
	chunk    int32
	pos, end int
	keys     *zset.Keys
	rows     *zset.Batch
	// Blocks blk to lastBlk of the run are ahead, blk being the window's.
	blk, lastBlk int
	within       zset.Range
	firstBlk     int // the block that within.Lo cuts
	cutBlk       int // the block that within.Hi cuts
	reverse      bool
}

// openRun makes in walk the rows of r within rg.
func (in *input) openRun(p *picks, r *run, rg zset.Range, reverse bool) error {
	*in = input{run: r, chunk: -1, within: rg, reverse: reverse}
	lo, hi := 0, len(r.blocks)-1
	if rg.Lo != nil {
		lo = edge(&r.last, *rg.Lo, rg.LoOpen)
	}
	if rg.Hi != nil {
		hi = edge(&r.first, *rg.Hi, !rg.HiOpen) - 1
	}
	if lo > hi {
		return nil
	}
	in.firstBlk, in.cutBlk = lo, hi
	in.blk, in.lastBlk = lo, hi
	if reverse {
		in.blk, in.lastBlk = hi, lo
	}
	return in.load(p)
}

// openKey makes in walk forwards the rows of r that begin with *key, which are
// in block blk or follow it; see run.locate. key must not change meanwhile.
func (in *input) openKey(p *picks, r *run, blk int, key *zset.Key) error {
	c, err := p.block(r.blocks[blk].handle)
	if err != nil {
		return err
	}
	*in = input{run: r, chunk: -1, keys: p.chunks[c].keys, rows: p.chunks[c].rows, blk: blk, lastBlk: blk, firstBlk: blk}
	in.pos = r.blocks[blk].fence.lower(in.keys, *key)
	if in.pos == in.rows.N || !matches(in.keys, in.pos, *key) {
		return nil
	}
	in.chunk, in.end = c, in.pos+1
	if in.end < in.rows.N && matches(in.keys, in.end, *key) {
		in.end = upper(in.keys, *key)
	}
	if in.end == in.rows.N && blk+1 < len(r.blocks) && matches(&r.first, blk+1, *key) {
		in.lastBlk = upper(&r.first, *key) - 1
		in.cutBlk = in.lastBlk
		in.within = zset.Range{Lo: key, Hi: key}
	}
	return nil
}

// load fills the window from block blk, or from the next that has rows within
// the range.
func (in *input) load(p *picks) error {
	for {
		c, err := p.block(in.run.blocks[in.blk].handle)
		if err != nil {
			return err
		}
		in.chunk, in.keys, in.rows = c, p.chunks[c].keys, p.chunks[c].rows
		in.pos, in.end = 0, in.rows.N
		if in.blk == in.firstBlk && in.within.Lo != nil {
			in.pos = edge(in.keys, *in.within.Lo, in.within.LoOpen)
		}
		if in.blk == in.cutBlk && in.within.Hi != nil {
			in.end = edge(in.keys, *in.within.Hi, !in.within.HiOpen)
		}
		if in.pos < in.end {
			return nil
		}
		if in.blk == in.lastBlk {
			in.chunk = -1
			return nil
		}
		in.turn()
	}
}

func (in *input) turn() {
	if in.reverse {
		in.blk--
	} else {
		in.blk++
	}
}

// openTail makes in walk the rows of t within rg.
func (in *input) openTail(p *picks, t *tail, rg zset.Range, reverse bool) {
	*in = input{chunk: -1, perm: t.perm, keys: &t.keys, rows: &t.rows, reverse: reverse}
	in.end = len(t.perm)
	if rg.Lo != nil {
		in.pos = t.edge(*rg.Lo, rg.LoOpen)
	}
	if rg.Hi != nil {
		in.end = t.edge(*rg.Hi, !rg.HiOpen)
	}
	if in.pos < in.end {
		in.chunk = p.memory(in.rows, in.keys)
	}
}

// live tells whether rows are ahead.
func (in *input) live() bool { return in.chunk >= 0 }

// at returns the position in rows of the row that stands at i of the window.
func (in *input) at(i int) int {
	if in.perm != nil {
		return int(in.perm[i])
	}
	return i
}

// head returns the position in rows of the next row.
func (in *input) head() int {
	if in.reverse {
		return in.at(in.end - 1)
	}
	return in.at(in.pos)
}

// skip moves over n rows of the window.
func (in *input) skip(p *picks, n int) error {
	if in.reverse {
		in.end -= n
	} else {
		in.pos += n
	}
	if in.pos < in.end {
		return nil
	}
	if in.run == nil || in.blk == in.lastBlk {
		in.chunk = -1
		return nil
	}
	in.turn()
	return in.load(p)
}

// below returns how many rows of the window, which goes forwards, are below
// bound; the first one is.
func (in *input) below(bound zset.Key) int {
	if in.perm != nil {
		return in.permBelow(bound)
	}
	if bound.IsInt {
		return belowInt(in.keys.Int[in.pos:in.end], bound.Int)
	}
	// Gallop, then search between the last two steps.
	n, step := in.end-in.pos, 1
	for step < n && in.keys.CompareKey(in.pos+step, bound) < 0 {
		step *= 2
	}
	lo, hi := step/2, min(step, n)
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if in.keys.CompareKey(in.pos+m, bound) < 0 {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

func (in *input) permBelow(bound zset.Key) int {
	n := 1
	for in.pos+n < in.end && in.keys.CompareKey(int(in.perm[in.pos+n]), bound) < 0 {
		n++
	}
	return n
}

// belowInt returns how many of ascending a are below x; the first one is.
func belowInt(a []int64, x int64) int {
	for n := 1; n < 8; n++ {
		if n == len(a) || a[n] >= x {
			return n
		}
	}
	step := 8
	for step < len(a) && a[step] < x {
		step *= 2
	}
	lo, hi := step/2, min(step, len(a))
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if a[m] < x {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}
