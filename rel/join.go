package rel

import (
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Pairs makes dst the rows that pairs of rows of l and r make: the columns of
// l followed by those of r, for row li[i] of l and row ri[i] of r, with the
// product of their weights. li or ri may be nil, meaning row i itself; a
// negative ri[i] stands for a row of NULLs of weight 1. dst has been made
// with the output's types, and is emptied first; it owns its rows.
func Pairs(dst, l *zset.Batch, li []int32, r *zset.Batch, ri []int32) {
	dst.Reset()
	if isAll(li, l.N) {
		li = nil // copied in one piece
	}
	n := l.N
	switch {
	case li != nil:
		n = len(li)
	case ri != nil:
		n = len(ri)
	}
	gather(dst.Cols[:len(l.Cols)], l, li, n)
	gather(dst.Cols[len(l.Cols):], r, ri, n)
	dst.N = n
	if l.W == nil && r.W == nil {
		dst.W = nil
		return
	}
	dst.W = dst.W[:0]
	for i := range n {
		w := l.Weight(at(li, i))
		if j := at(ri, i); j >= 0 {
			w *= r.Weight(j)
		}
		dst.W = append(dst.W, w)
	}
}

// isAll tells whether idx is 0..n-1.
func isAll(idx []int32, n int) bool {
	if len(idx) != n {
		return false
	}
	for i, x := range idx {
		if int(x) != i {
			return false
		}
	}
	return true
}

func gather(dst []zset.Vec, src *zset.Batch, idx []int32, n int) {
	for c := range dst {
		if idx == nil {
			dst[c].AppendRange(&src.Cols[c], 0, n)
		} else {
			dst[c].AppendGather(&src.Cols[c], idx)
		}
	}
}

func at(idx []int32, i int) int {
	if idx == nil {
		return i
	}
	return int(idx[i])
}

// NotNull appends to out the positions of sel (nil: all rows of b) whose
// columns cols are all not NULL: the rows that a join may match.
func NotNull(out []int32, b *zset.Batch, cols []int, sel []int32) []int32 {
	n := b.N
	if sel != nil {
		n = len(sel)
	}
	for k := range n {
		i := at(sel, k)
		null := false
		for _, c := range cols {
			if b.Cols[c].IsNull(i) {
				null = true
				break
			}
		}
		if !null {
			out = append(out, int32(i))
		}
	}
	return out
}

// AnyNull tells whether a column of cols is NULL in some row of b.
func AnyNull(b *zset.Batch, cols []int) bool {
	for _, c := range cols {
		v := &b.Cols[c]
		if v.Valid == nil {
			continue
		}
		for i := range b.N {
			if v.IsNull(i) {
				return true
			}
		}
	}
	return false
}

// JoinKeyIsInt tells whether the keys of an equi-join over columns of these
// types have the integer form, whatever their nullability on either side: a
// row that is NULL there meets nothing and has no key.
func JoinKeyIsInt(ts []types.Type, cols []int) bool {
	if len(cols) != 1 {
		return false
	}
	t := ts[cols[0]].WithNull(false)
	return zset.KeyIsInt([]types.Type{t}, firstCol)
}

// ProbeKeys normalises the columns cols of b into dst the way a relation of
// types rt keyed by key normalises its first len(cols) key columns, so that
// the keys can be given to its Seek. Types may differ in nullability only. The
// key of a row that is NULL there means nothing.
func ProbeKeys(dst *zset.Keys, b *zset.Batch, cols []int, rt []types.Type, key []zset.KeyCol) {
	by := make([]zset.KeyCol, len(cols))
	for i, c := range cols {
		by[i] = zset.KeyCol{Col: c, Desc: key[i].Desc}
	}
	zset.NormaliseAs(dst, b, by, zset.KeyIsInt(rt, key))
}
