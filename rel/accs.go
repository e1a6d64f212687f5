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
		return t.Kind != types.String || t.Coll.Binary()
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
// MIN and MAX put out the first and the last value that is not NULL, First
// the first value that may be NULL: MIN and MAX in the order of (normalised
// key, canonical bytes), First in that of canonical bytes, NULL first, Same
// any. Single counts rows whose value is NULL too.
//
// An Accs belongs to one goroutine.
type Accs struct {
	n    int
	aggs []plan.Agg
	accs []acc
}

// acc is the accumulators of one aggregate. grow is called before groups are
// used; update leaves rows of group -1 out.
type acc interface {
	grow(n int)
	update(groups []int32, v *zset.Vec, w []int64)
	// merge adds group i of from, an acc of the same aggregate, to groups[i].
	merge(groups []int32, from acc)
	result(lo, hi int, dst *zset.Vec, fail func(group int, err *sqlerr.Error))
	bytes() int64
	reset()
}

// linearAcc is an acc whose state is stored. cols are the aggregate's own
// state columns: of load, with a row for each of groups, to be added.
type linearAcc interface {
	acc
	load(groups []int32, cols []zset.Vec)
	store(lo, hi int, cols []zset.Vec)
}

// NewAccs makes accumulators for aggs over input columns of types in.
func NewAccs(aggs []plan.Agg, in []types.Type) *Accs {
	a := &Accs{aggs: aggs, accs: make([]acc, len(aggs))}
	for k, g := range aggs {
		a.accs[k] = newAcc(g, in)
	}
	return a
}

func newAcc(g plan.Agg, in []types.Type) acc {
	switch g.Func {
	case plan.CountStar:
		return &counts{rows: true}
	case plan.Count:
		if g.Distinct {
			return &distinct{inner: &counts{}}
		}
		return &counts{}
	case plan.Sum, plan.Sum0, plan.Avg:
		inner := newSum(g, in[g.Arg])
		if g.Distinct {
			return &distinct{inner: inner}
		}
		return inner
	case plan.Min, plan.Max, plan.First, plan.Same:
		return newExtreme(g.Func, in[g.Arg])
	case plan.Single:
		return &singles{t: in[g.Arg], best: cells{phys: in[g.Arg].Phys()}}
	}
	panic("rel: unknown aggregate function")
}

// Len returns the number of groups.
func (a *Accs) Len() int { return a.n }

// Grow makes the groups up to n-1 exist, over no rows as yet.
func (a *Accs) Grow(n int) {
	if n <= a.n {
		return
	}
	a.n = n
	for _, c := range a.accs {
		c.grow(n)
	}
}

// Update adds every row i of b to group groups[i] with the row's weight; a
// row whose group is -1 is left out. The groups exist.
func (a *Accs) Update(groups []int32, b *zset.Batch) {
	groups = groups[:b.N]
	for k, c := range a.accs {
		if a.aggs[k].Func == plan.CountStar {
			c.update(groups, nil, b.W)
		} else {
			c.update(groups, &b.Cols[a.aggs[k].Arg], b.W)
		}
	}
}

// UpdateOne is Update for aggregate k alone, over the argument column v and
// the weights w (nil: all 1). v is nil for CountStar. An aggregate that is
// DISTINCT is updated as if it were not, by a caller that passes each value
// once.
func (a *Accs) UpdateOne(k int, groups []int32, v *zset.Vec, w []int64) {
	c := a.accs[k]
	if d, ok := c.(*distinct); ok {
		c = d.inner
	}
	c.update(groups, v, w)
}

// Mergeable tells whether Merge can add accumulators of g: not where equal
// values on both sides are to count once.
func Mergeable(g plan.Agg) bool {
	if !g.Distinct {
		return true
	}
	switch g.Func {
	case plan.Min, plan.Max, plan.First:
		return true
	}
	return false
}

// Merge adds group i of from, accumulators of the same aggregates, to group
// groups[i], for every group of from. All are Mergeable.
func (a *Accs) Merge(groups []int32, from *Accs) {
	for k, c := range a.accs {
		c.merge(groups[:from.n], from.accs[k])
	}
}

// Result appends the results of aggregate k for the groups lo..hi-1 to dst,
// whose type is the aggregate's. A group whose result is an error (1690 out
// of range, 1242 more than one row) gets NULL, and fail is called with it.
func (a *Accs) Result(k, lo, hi int, dst *zset.Vec, fail func(group int, err *sqlerr.Error)) {
	a.accs[k].result(lo, hi, dst, fail)
}

// StateTypes returns the columns in which the state of the linear aggregates
// aggs is stored, those of each aggregate following one another: the count,
// and for sums and averages the sum. A DISTINCT is taken as if it were not,
// see UpdateOne. None is nullable. in are the input columns.
func StateTypes(aggs []plan.Agg, in []types.Type) []types.Type {
	var ts []types.Type
	for _, g := range aggs {
		ts = append(ts, types.TypeInt)
		if g.Func == plan.Sum || g.Func == plan.Sum0 || g.Func == plan.Avg {
			ts = append(ts, sumState(in[g.Arg]))
		}
	}
	return ts
}

// LoadState adds the stored state in row i of b to group groups[i], for every
// row. The state begins at column col of b. States add like their inputs.
// Every aggregate is linear, or DISTINCT and updated by UpdateOne.
func (a *Accs) LoadState(groups []int32, b *zset.Batch, col int) {
	for k := range a.accs {
		n := a.stateWidth(k)
		a.linear(k).load(groups[:b.N], b.Cols[col:col+n])
		col += n
	}
}

// StoreState appends the states of the groups lo..hi-1 to cols, which have
// the StateTypes.
func (a *Accs) StoreState(lo, hi int, cols []zset.Vec) {
	for k := range a.accs {
		n := a.stateWidth(k)
		a.linear(k).store(lo, hi, cols[:n])
		cols = cols[n:]
	}
}

func (a *Accs) linear(k int) linearAcc {
	c := a.accs[k]
	if d, ok := c.(*distinct); ok {
		c = d.inner
	}
	return c.(linearAcc)
}

func (a *Accs) stateWidth(k int) int {
	if f := a.aggs[k].Func; f == plan.CountStar || f == plan.Count {
		return 1
	}
	return 2
}

// Bytes returns the memory held.
func (a *Accs) Bytes() int64 {
	var n int64
	for _, c := range a.accs {
		n += c.bytes()
	}
	return n
}

// Reset forgets all groups and keeps the memory.
func (a *Accs) Reset() {
	a.n = 0
	for _, c := range a.accs {
		c.reset()
	}
}

// extend lengthens s to n elements; the new ones are zero.
func extend[T any](s []T, n int) []T {
	if n <= cap(s) {
		old := len(s)
		s = s[:n]
		clear(s[old:])
		return s
	}
	return append(s, make([]T, n-len(s))...)
}
