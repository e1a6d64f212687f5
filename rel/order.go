package rel

import (
	"math"

	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// OrderKey returns the key by which plan.Top sorts: its groups, then its
// order. Rows with equal keys follow each other by their canonical bytes, all
// columns in order: zset.Sorter and every arrangement do the same, so ties
// settle alike in both runners.
func OrderKey(groups []int, order []plan.Order) []zset.KeyCol {
	key := make([]zset.KeyCol, 0, len(groups)+len(order))
	for _, c := range groups {
		key = append(key, zset.KeyCol{Col: c})
	}
	for _, o := range order {
		key = append(key, zset.KeyCol{Col: o.Col, Desc: o.Desc})
	}
	return key
}

// TopK keeps the rows offset..offset+limit-1 of each group in the order of
// OrderKey; a row of weight w counts w times. It holds about twice the rows
// that it may put out and a batch: when there are more, it sorts and drops
// what lies behind. A limit of plan.NoLimit sorts everything.
//
// A TopK belongs to one goroutine.
type TopK struct {
	key           []zset.KeyCol
	groupKey      []zset.KeyCol
	isInt         bool
	offset, limit int64
	bound         int64 // rows to keep of a group

	rows, spare *zset.Batch
	keys        zset.Keys // of rows
	spareKeys   zset.Keys
	groups      GroupTable
	ids         []int32 // group of each row, when there are groups
	pruneAt     int

	// lastRow is the position in rows of the last row to keep, once so many
	// have come, and last its key; only without groups.
	last    zset.Key
	lastRow int
	isFull  bool

	// When the order begins with an integer, lastLead is that column's key in
	// the last row to keep: most rows are refused by it alone.
	leads     bool
	lastLead  int64
	leadKeys  zset.Keys
	near      *zset.Batch
	leadIsInt bool

	sorter    zset.Sorter
	batchKeys zset.Keys
	idx, tmp  []int32
	out       *zset.Batch
}

// NewTopK makes a TopK over rows of types ts; Reset gives it its bounds.
func NewTopK(ts []types.Type, groups []int, order []plan.Order) *TopK {
	key := OrderKey(groups, order)
	t := &TopK{
		key: key, groupKey: key[:len(groups)], isInt: zset.KeyIsInt(ts, key),
		leadIsInt: len(groups) == 0 && len(key) > 0 && JoinKeyIsInt(ts, []int{key[0].Col}),
		rows:      zset.NewBatch(ts, 0), near: zset.NewBatch(ts, 0), spare: zset.NewBatch(ts, 0), out: zset.NewBatch(ts, 0),
	}
	t.Reset(0, plan.NoLimit)
	return t
}

// Reset forgets all rows and sets the bounds; both are at least 0, or limit
// is plan.NoLimit.
func (t *TopK) Reset(offset, limit int64) {
	t.offset, t.limit = offset, limit
	t.bound = math.MaxInt64
	if limit != plan.NoLimit && offset <= math.MaxInt64-limit {
		t.bound = offset + limit
	}
	t.rows.Reset()
	t.keys.Reset(t.isInt)
	t.groups.Reset()
	t.ids = t.ids[:0]
	t.isFull = false
	t.pruneAt = pruneAt(t.bound, 0)
}

// pruneAt returns the number of rows at which to prune, kept rows being left
// by the last time.
func pruneAt(bound int64, kept int) int {
	if bound > math.MaxInt32/4 {
		return math.MaxInt
	}
	return max(2*kept, int(bound)) + zset.MaxRows
}

// Add takes the rows of b, whose weights are positive; they are copied. It
// returns false when every row of b comes behind all that will be put out, by
// the key alone: a caller whose rows come in order can stop then.
func (t *TopK) Add(b *zset.Batch) bool {
	if t.bound == 0 {
		return false
	}
	if t.isFull && t.leads && b.Cols[t.key[0].Col].Valid == nil {
		if b = t.nearby(b); b.N == 0 {
			return false
		}
	}
	zset.NormaliseAs(&t.batchKeys, b, t.key, t.isInt)
	first := !t.isFull && len(t.groupKey) == 0 && t.bound <= zset.MaxRows
	if t.isFull {
		if !t.ahead(b) {
			return false
		}
		t.rows.AppendGather(b, t.idx)
		t.keys.AppendGather(&t.batchKeys, t.idx)
	} else {
		t.rows.AppendRange(b, 0, b.N)
		t.keys.AppendRange(&t.batchKeys, 0, b.N)
		t.appendGroups(b)
	}
	if t.rows.N >= t.pruneAt || first && int64(t.rows.N) >= t.bound {
		t.prune()
	}
	return true
}

// nearby returns the rows of b that are not behind the last row to keep by
// the first column of the order.
func (t *TopK) nearby(b *zset.Batch) *zset.Batch {
	zset.NormaliseAs(&t.leadKeys, b, t.key[:1], true)
	t.idx = t.idx[:0]
	for i, k := range t.leadKeys.Int {
		if k <= t.lastLead {
			t.idx = append(t.idx, int32(i))
		}
	}
	if len(t.idx) == b.N {
		return b
	}
	t.near.Reset()
	t.near.AppendGather(b, t.idx)
	return t.near
}

// ahead sets idx to the rows of b that come before the last row to keep, and
// tells whether the key of some row is not behind that row's.
func (t *TopK) ahead(b *zset.Batch) bool {
	t.idx = t.idx[:0]
	near := false
	for i := range b.N {
		c := t.batchKeys.CompareKey(i, t.last)
		if c > 0 {
			continue
		}
		near = true
		if c < 0 || zset.CompareRows(b, i, t.rows, t.lastRow, nil) < 0 {
			t.idx = append(t.idx, int32(i))
		}
	}
	return near
}

func (t *TopK) appendGroups(b *zset.Batch) {
	if len(t.groupKey) == 0 {
		return
	}
	zset.NormaliseAs(&t.batchKeys, b, t.groupKey, false)
	n := len(t.ids)
	t.ids = extend(t.ids, n+b.N)
	t.groups.Lookup(&t.batchKeys, true, t.ids[n:])
}

// walk calls visit for the rows to keep, in order, with the number of rows of
// their group before each.
func (t *TopK) walk(visit func(row int32, before int64)) {
	group, before := int32(-1), int64(0)
	for _, i := range t.sorter.Perm(&t.keys, t.rows) {
		if len(t.groupKey) > 0 && t.ids[i] != group {
			group, before = t.ids[i], 0
		}
		if before < t.bound {
			visit(i, before)
			before += t.rows.Weight(int(i))
		}
	}
}

func (t *TopK) prune() {
	t.idx = t.idx[:0]
	var total int64
	t.walk(func(row int32, before int64) {
		t.idx = append(t.idx, row)
		total = before + t.rows.Weight(int(row))
	})
	t.spare.Reset()
	t.spare.AppendGather(t.rows, t.idx)
	t.spareKeys.Reset(t.isInt)
	t.spareKeys.AppendGather(&t.keys, t.idx)
	t.rows, t.spare = t.spare, t.rows
	t.keys, t.spareKeys = t.spareKeys, t.keys
	if len(t.groupKey) > 0 {
		t.tmp = t.tmp[:0]
		for _, i := range t.idx {
			t.tmp = append(t.tmp, t.ids[i])
		}
		t.ids, t.tmp = t.tmp, t.ids
	} else if total >= t.bound {
		t.isFull, t.lastRow = true, t.rows.N-1
		last := t.keys.At(t.rows.N - 1)
		t.last = zset.Key{IsInt: last.IsInt, Int: last.Int, Bytes: append(t.last.Bytes[:0], last.Bytes...)}
		t.setLead()
	}
	t.pruneAt = pruneAt(t.bound, t.rows.N)
}

func (t *TopK) setLead() {
	t.leads = t.leadIsInt && !t.rows.Cols[t.key[0].Col].IsNull(t.lastRow)
	if t.leads {
		zset.NormaliseAs(&t.leadKeys, t.rows.Slice(t.lastRow, t.lastRow+1), t.key[:1], true)
		t.lastLead = t.leadKeys.Int[0]
	}
}

// Emit puts out the rows in order, in batches of at most zset.MaxRows that
// are borrowed until emit returns.
func (t *TopK) Emit(emit func(*zset.Batch) error) error {
	t.idx = t.idx[:0]
	var weights []int64
	t.walk(func(row int32, before int64) {
		w := t.rows.Weight(int(row))
		from, to := max(before, t.offset), min(before+w, t.bound)
		if from >= to {
			return
		}
		t.idx = append(t.idx, row)
		if t.rows.W != nil {
			weights = append(weights, to-from)
		}
	})
	for lo := 0; lo < len(t.idx); lo += zset.MaxRows {
		hi := min(lo+zset.MaxRows, len(t.idx))
		t.out.Reset()
		t.out.AppendGather(t.rows, t.idx[lo:hi])
		if weights != nil {
			t.out.W = append(t.out.W[:0], weights[lo:hi]...)
		}
		if err := emit(t.out); err != nil {
			return err
		}
	}
	return nil
}

// Bytes returns the memory held.
func (t *TopK) Bytes() int64 {
	return t.rows.Memory() + t.spare.Memory() + t.keys.Memory() + t.spareKeys.Memory() +
		t.groups.Bytes() + int64(cap(t.ids)+cap(t.tmp)+cap(t.idx))*4
}
