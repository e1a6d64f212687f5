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
func Pairs(dst, l *zset.Batch, li []int32, r *zset.Batch, ri []int32) { panic("rel: Pairs") }

// NotNull appends to out the positions of sel (nil: all rows of b) whose
// columns cols are all not NULL: the rows that a join may match.
func NotNull(out []int32, b *zset.Batch, cols []int, sel []int32) []int32 { panic("rel: NotNull") }

// ProbeKeys normalises the columns cols of b, whose rows are not NULL there,
// into dst the way a relation of types rt keyed by key normalises its first
// len(cols) key columns, so that the keys can be given to its Seek. Types
// may differ in nullability only.
func ProbeKeys(dst *zset.Keys, b *zset.Batch, cols []int, rt []types.Type, key []zset.KeyCol) {
	panic("rel: ProbeKeys")
}
