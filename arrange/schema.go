// Package arrange keeps Z-sets at rest: an arrangement is a Z-set sorted by a
// normalised key, kept as a stack of sorted immutable runs and a short tail.
// Tables, views, indexes and the state of operators are arrangements.
//
// A Lane is one of an Arrangement's lanes, with one writer (the step) and any
// number of readers. The writer stages changes, which only After shows, and
// publishes them; a Snap is what readers hold. Its content never changes.
//
// Invariants of a lane:
//  1. The content is the sum of its segments: runs, oldest first, and the
//     tail. A run is sorted by (key, canonical row), equal rows are summed and
//     none has weight 0. The tail holds rows in order of arrival and a
//     permutation that sorts them.
//  2. In a Unique lane a key has at most one row, of weight 1, and a change of
//     it is staged as -old, +new. So the newest segment that knows a key tells
//     the truth: the row it adds is the present one, or there is none.
//  3. Rows once seen through a Snap are never overwritten. What is appended
//     later lies behind the Snap's lengths; bitmaps, whose last word is
//     shared by rows before and after, are copied for each Snap.
//  4. A merge replaces neighbouring runs by their sum, which has the same
//     content. It may happen at any time, in a Snap that is being read too: a
//     read takes the list of runs once and keeps to it.
//
// Why a stack of runs and not a tree: columns are plain slices that kernels
// read without a call per row, a snapshot is a list, and a checkpoint is the
// runs that are not yet on disk.
package arrange

import (
	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Schema describes the rows of an arrangement. It is immutable.
type Schema struct {
	Types []types.Type
	// Key are the columns that rows are sorted by; rows with equal keys are
	// sorted by their canonical bytes.
	Key []zset.KeyCol
	// Unique promises at most one row, of weight 1, per key.
	Unique bool
}

// Env is what arrangements need from outside. One Env may serve many.
type Env struct {
	// Budget counts the bytes of runs and tails in class mem.Runs; nil does
	// not count. What only old snapshots still hold is not counted.
	Budget *mem.Budget
	// Merge hands a merge over to be run in the background, sometime, once.
	// Nil runs it in Publish.
	Merge func(job func())
	// TailRows is the most rows a tail may have, and how many rows a change
	// needs to become a run of its own; 0 is 1,024. Above 65,536 it is cut.
	TailRows int

	blockRows int // of a block; 0 is the default, tests have small ones
}

// tailRows is the default of Env.TailRows; maxTailRows is what the positions
// of a tail's permutation can count.
const (
	tailRows    = 1024
	maxTailRows = 1 << 16
)

func (e *Env) tailRows() int {
	switch {
	case e.TailRows <= 0:
		return tailRows
	case e.TailRows > maxTailRows:
		return maxTailRows
	}
	return e.TailRows
}

// IntKey tells whether the keys of the arrangement have the integer form
// (zset.Keys). Keys and ranges given to reads must have the same form; see
// zset.NormaliseAs.
func (s *Schema) IntKey() bool { return zset.KeyIsInt(s.Types, s.Key) }

// shape is a Schema made ready for use.
type shape struct {
	Schema
	isInt bool
	alias int   // the column whose integers are the keys as they stand, or -1
	rest  []int // the columns that tell rows with equal keys apart
	block int   // the most rows of a block
}

func newShape(env *Env, s *Schema) *shape {
	sh := &shape{Schema: *s, isInt: s.IntKey(), alias: -1, block: env.blockRows}
	if sh.block == 0 {
		sh.block = zset.MaxRows
	}
	inKey := make([]bool, len(s.Types))
	for _, k := range s.Key {
		inKey[k.Col] = inKey[k.Col] || oneToOne(s.Types[k.Col])
	}
	for c := range s.Types {
		if !inKey[c] {
			sh.rest = append(sh.rest, c)
		}
	}
	if sh.isInt && !s.Key[0].Desc && !s.Types[s.Key[0].Col].Kind.IsUnsigned() {
		sh.alias = s.Key[0].Col
	}
	return sh
}

// oneToOne tells whether values of type t with equal keys have equal bytes.
// Strings under a collation do not ('a' and 'A'), nor floats (0 and -0).
func oneToOne(t types.Type) bool {
	switch t.Phys() {
	case types.PhysInt, types.PhysDec2, types.PhysDec4:
		return true
	case types.PhysFloat:
		return false
	}
	return t.Kind == types.Bytes
}

// compareRest orders two rows with equal keys canonically.
func (sh *shape) compareRest(a *zset.Batch, i int, b *zset.Batch, j int) int {
	if len(sh.rest) == 0 {
		return 0
	}
	return zset.CompareRows(a, i, b, j, sh.rest)
}
