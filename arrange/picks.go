package arrange

import (
	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// chunk is where picked rows lie: a block of a run, a tail, or a change.
type chunk struct {
	rows   *zset.Batch
	keys   *zset.Keys
	handle *mem.Handle // nil: not a block
	block  *mem.Block
}

// span is n picked rows that follow each other in a chunk.
type span struct {
	chunk, lo, n int32
}

// picks is a list of rows, in order, that lie in several chunks, with their
// weights. A read or a merge first finds out which rows come next, and then
// gathers them column by column. It holds the blocks of its chunks until
// clear.
type picks struct {
	chunks []chunk
	spans  []span
	n      int
	mixed  bool    // not every weight is 1
	w      []int64 // the weights if mixed

	ofChunk [][]int64 // scratch of ints
	offs    [][]uint32
	datas   [][]byte
}

// empty drops the picked rows and keeps the chunks.
func (p *picks) empty() {
	p.spans, p.w, p.n, p.mixed = p.spans[:0], p.w[:0], 0, false
}

// clear drops everything and releases the blocks.
func (p *picks) clear() {
	for i := range p.chunks {
		if c := &p.chunks[i]; c.handle != nil {
			c.handle.Release(c.block)
		}
	}
	clear(p.chunks)
	p.chunks = p.chunks[:0]
	p.empty()
}

// keep releases the blocks of all chunks but those that in stand in, and
// numbers these anew. No row may be picked.
func (p *picks) keep(in []input) {
	n := int32(0)
	for i := range p.chunks {
		c, used := p.chunks[i], false
		for j := range in {
			if in[j].chunk == int32(i) {
				in[j].chunk, used = n, true
			}
		}
		switch {
		case used:
			p.chunks[n] = c
			n++
		case c.handle != nil:
			c.handle.Release(c.block)
		}
	}
	clear(p.chunks[n:])
	p.chunks = p.chunks[:n]
}

// memory adds rows that are no block and returns the chunk's number.
func (p *picks) memory(rows *zset.Batch, keys *zset.Keys) int32 {
	p.chunks = append(p.chunks, chunk{rows: rows, keys: keys})
	return int32(len(p.chunks) - 1)
}

// recent is how many chunks block looks at before it acquires one anew.
const recent = 4

// block acquires a block and returns the chunk's number.
func (p *picks) block(h *mem.Handle) (int32, error) {
	for i := len(p.chunks) - 1; i >= 0 && i >= len(p.chunks)-recent; i-- {
		if p.chunks[i].handle == h {
			return int32(i), nil
		}
	}
	b, err := h.Acquire()
	if err != nil {
		return -1, err
	}
	p.chunks = append(p.chunks, chunk{rows: &b.Rows, keys: &b.Keys, handle: h, block: b})
	return int32(len(p.chunks) - 1), nil
}

// row picks one row with weight w.
func (p *picks) row(chunk int32, at int, w int64) {
	if w != 1 && !p.mixed {
		p.mix()
	}
	p.extend(chunk, at, 1)
	if p.mixed {
		p.w = append(p.w, w)
	}
}

// rows picks n rows with the weights they have.
func (p *picks) rows(chunk int32, lo, n int) {
	w := p.chunks[chunk].rows.W
	if w == nil && !p.mixed {
		p.extend(chunk, lo, n)
		return
	}
	if w == nil {
		for range n {
			p.w = append(p.w, 1)
		}
		p.extend(chunk, lo, n)
		return
	}
	if !p.mixed {
		for _, x := range w[lo : lo+n] {
			if x != 1 {
				p.mix()
				break
			}
		}
	}
	if p.mixed {
		p.w = append(p.w, w[lo:lo+n]...)
	}
	p.extend(chunk, lo, n)
}

// mix gives each row picked so far the weight 1 in w.
func (p *picks) mix() {
	p.mixed = true
	for range p.n {
		p.w = append(p.w, 1)
	}
}

func (p *picks) extend(chunk int32, lo, n int) {
	p.n += n
	if k := len(p.spans) - 1; k >= 0 {
		if s := &p.spans[k]; s.chunk == chunk && int(s.lo+s.n) == lo {
			s.n += int32(n)
			return
		}
	}
	p.spans = append(p.spans, span{chunk, int32(lo), int32(n)})
}

// weights returns the picked rows' weights, nil when all are 1; the slice is
// the picks'.
func (p *picks) weights() []int64 {
	if p.mixed {
		return p.w
	}
	return nil
}

// view returns the columns cols of the picked rows without copying them, when
// they lie in one piece.
func (p *picks) view(dst *zset.Batch, cols []int) bool {
	if len(p.spans) != 1 {
		return false
	}
	s := p.spans[0]
	src := p.chunks[s.chunk].rows
	dst.N, dst.W = p.n, p.weights()
	for i, c := range cols {
		dst.Cols[i] = src.Cols[c].Slice(int(s.lo), int(s.lo+s.n))
	}
	return true
}

// appendTo appends the columns cols of the picked rows to dst.
func (p *picks) appendTo(dst *zset.Batch, cols []int) {
	at := 0
	for _, s := range p.spans {
		src := p.chunks[s.chunk].rows
		for i := int(s.lo); i < int(s.lo+s.n); i++ {
			for k, c := range cols {
				dst.Cols[k].AppendFrom(&src.Cols[c], i)
			}
			w := int64(1)
			if p.mixed {
				w = p.w[at]
			}
			dst.AppendWeight(w)
			at++
		}
	}
}

// column sets dst to column c of the picked rows.
func (p *picks) column(dst *zset.Vec, c int) {
	switch dst.Type.Phys() {
	case types.PhysInt:
		dst.I = resize(dst.I, p.n)
		p.ints(dst.I, func(k *chunk) []int64 { return k.rows.Cols[c].I })
	case types.PhysFloat:
		dst.F = resize(dst.F, p.n)
		at := 0
		for _, s := range p.spans {
			at += copy(dst.F[at:], p.chunks[s.chunk].rows.Cols[c].F[s.lo:s.lo+s.n])
		}
	case types.PhysDec2, types.PhysDec4:
		words := int32(dst.Type.Phys().Words())
		dst.W = resize(dst.W, p.n*int(words))
		at := 0
		for _, s := range p.spans {
			at += copy(dst.W[at:], p.chunks[s.chunk].rows.Cols[c].W[s.lo*words:(s.lo+s.n)*words])
		}
	case types.PhysBytes:
		dst.Off, dst.Data = p.bytes(dst.Off, dst.Data, func(k *chunk) ([]uint32, []byte) {
			v := &k.rows.Cols[c]
			return v.Off, v.Data
		})
	}
	p.valid(dst, c)
}

// ints gathers what from says of each chunk into dst.
func (p *picks) ints(dst []int64, from func(*chunk) []int64) {
	of := p.ofChunk[:0]
	for i := range p.chunks {
		of = append(of, from(&p.chunks[i]))
	}
	at := 0
	for _, s := range p.spans {
		src := of[s.chunk]
		if s.n == 1 {
			dst[at] = src[s.lo]
			at++
			continue
		}
		at += copy(dst[at:], src[s.lo:s.lo+s.n])
	}
	clear(of)
	p.ofChunk = of
}

// bytes gathers what from says of each chunk into off and data, whose memory
// it reuses.
func (p *picks) bytes(off []uint32, data []byte, from func(*chunk) ([]uint32, []byte)) ([]uint32, []byte) {
	offs, datas := p.offs[:0], p.datas[:0]
	for i := range p.chunks {
		o, d := from(&p.chunks[i])
		offs, datas = append(offs, o), append(datas, d)
	}
	size := 0
	for _, s := range p.spans {
		o := offs[s.chunk]
		size += int(o[s.lo+s.n] - o[s.lo])
	}
	off = append(resize(off, p.n+1)[:0], 0)
	data = resize(data, size)[:0]
	for _, s := range p.spans {
		o := offs[s.chunk]
		first := o[s.lo]
		base := uint32(len(data)) - first
		data = append(data, datas[s.chunk][first:o[s.lo+s.n]]...)
		for _, x := range o[s.lo+1 : s.lo+s.n+1] {
			off = append(off, base+x)
		}
	}
	clear(offs)
	clear(datas)
	p.offs, p.datas = offs, datas
	return off, data
}

// valid gathers the bitmap of column c; it is nil when no row is NULL.
func (p *picks) valid(dst *zset.Vec, c int) {
	nulls := false
	for i := range p.chunks {
		if b := p.chunks[i].rows; b.Cols[c].Valid != nil {
			nulls = true
			break
		}
	}
	if !nulls {
		dst.Valid = nil
		return
	}
	words := resize(dst.Valid, (p.n+63)/64)
	clear(words)
	at, all := 0, true
	for _, s := range p.spans {
		v := &p.chunks[s.chunk].rows.Cols[c]
		for i := int(s.lo); i < int(s.lo+s.n); i++ {
			if v.Valid.Get(i) {
				words[at>>6] |= 1 << (uint(at) & 63)
			} else {
				all = false
			}
			at++
		}
	}
	if dst.Valid = words; all {
		dst.Valid = nil
	}
}

// keys gathers the picked rows' keys.
func (p *picks) keys(dst *zset.Keys, isInt bool) {
	if isInt {
		dst.Int = resize(dst.Int, p.n)
		p.ints(dst.Int, func(k *chunk) []int64 { return k.keys.Int })
		return
	}
	dst.Off, dst.Data = p.bytes(dst.Off, dst.Data, func(k *chunk) ([]uint32, []byte) {
		return k.keys.Off, k.keys.Data
	})
}

// resize returns s with length n; what it holds is undefined.
func resize[S ~[]E, E any](s S, n int) S {
	if cap(s) >= n {
		return s[:n]
	}
	return make(S, n)
}
