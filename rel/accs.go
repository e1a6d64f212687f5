package rel

import (
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Linear tells whether an aggregate's state is a sum over the rows: counts,
// sums and averages without DISTINCT. Only linear aggregates take negative
// weights and have a stored state. The others need the values themselves,
// which a circuit keeps in an arrangement.
func Linear(g plan.Agg) bool {
	if g.Distinct {
		return false
	}
	switch g.Func {
	case plan.CountStar, plan.Count, plan.Sum, plan.Sum0, plan.Avg:
		return true
	}
	return false
}

// Exact tells whether two values of type t with equal normalised keys have
// equal bytes. It is false for strings under a collation and for floats,
// where a group needs a representative: the smallest canonical bytes.
func Exact(t types.Type) bool {
	switch t.Phys() {
	case types.PhysFloat:
		return false
	case types.PhysBytes:
		return t.Kind == types.Bytes || t.Coll == types.CollBinary || t.Coll == types.Coll0900Bin
	}
	return true
}

// Accs holds the accumulators of a list of aggregates for the groups
// 0..Len()-1, as columns.
//
// Linear aggregates are exact whatever the order of their input: integers and
// decimals sum in two words, or four; floats in an expansion that holds every
// bit and is rounded once, when the result is asked for. So an update with
// weight -w undoes one with w, and equal multisets give equal states, byte by
// byte. The others (MIN, MAX, First, Single and whatever is DISTINCT) take
// positive weights only.
//
// Arguments that are NULL count for CountStar, Single and First alone. Over
// groups that are ambiguous (see Exact) MIN and MAX put out the smallest
// bytes.
//
// An Accs belongs to one goroutine.
type Accs struct {
	n int
}

// NewAccs makes accumulators for aggs over input columns of types in.
func NewAccs(aggs []plan.Agg, in []types.Type) *Accs { panic("rel: Accs") }

// Len returns the number of groups.
func (a *Accs) Len() int { return a.n }

// Grow makes the groups up to n-1 exist, over no rows as yet.
func (a *Accs) Grow(n int) { panic("rel: Accs") }

// Update adds every row i of b to group groups[i] with the row's weight; a
// row whose group is -1 is left out. The groups exist.
func (a *Accs) Update(groups []int32, b *zset.Batch) { panic("rel: Accs") }

// UpdateOne is Update for aggregate k alone, over the argument column v and
// the weights w (nil: all 1). v is nil for CountStar. An aggregate that is
// DISTINCT is updated as if it were not, by a caller that passes each value
// once.
func (a *Accs) UpdateOne(k int, groups []int32, v *zset.Vec, w []int64) { panic("rel: Accs") }

// Result appends the results of aggregate k for the groups lo..hi-1 to dst,
// whose type is the aggregate's. A group whose result is an error (1690 out
// of range, 1242 more than one row) gets NULL, and fail is called with it.
func (a *Accs) Result(k, lo, hi int, dst *zset.Vec, fail func(group int, err *sqlerr.Error)) {
	panic("rel: Accs")
}

// StateTypes returns the columns in which the state of the linear aggregates
// aggs is stored, those of each aggregate following one another. None is
// nullable. in are the input columns.
func StateTypes(aggs []plan.Agg, in []types.Type) []types.Type { panic("rel: Accs") }

// LoadState adds the stored state in row i of b to group groups[i], for every
// row. The state begins at column col of b. States add like their inputs.
func (a *Accs) LoadState(groups []int32, b *zset.Batch, col int) { panic("rel: Accs") }

// StoreState appends the states of the groups lo..hi-1 to cols, which have
// the StateTypes.
func (a *Accs) StoreState(lo, hi int, cols []zset.Vec) { panic("rel: Accs") }

// Bytes returns the memory held.
func (a *Accs) Bytes() int64 { panic("rel: Accs") }

// Reset forgets all groups and keeps the memory.
func (a *Accs) Reset() { panic("rel: Accs") }
