package shard

import (
	"slices"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Txn is a transaction before its commit: a Root, and over it the statements
// run so far, by the very code of the step. It reads its own writes; Commit
// turns what they came to into one statement with preconditions, so that the
// first to commit a row wins. A Txn belongs to one goroutine at a time.
type Txn struct {
	root   *Root
	w      *writer
	locked map[uint64][]int32 // by table, groups of its overlay, see Lock
}

// provisionalIDs is where the row ids of uncommitted rows begin; the step
// gives the real ones.
const provisionalIDs = 1 << 63

// Begin opens a transaction over r. now is the time of its statements,
// microseconds since the epoch.
func (r *Root) Begin(now int64) *Txn {
	w := newWriter(r, provisionalIDs, now)
	w.keyed = true
	return &Txn{root: r, w: w}
}

// Root returns the state that the transaction began with.
func (t *Txn) Root() *Root { return t.root }

// Apply runs a statement against what the transaction sees: wholly, or not
// at all. AUTO_INCREMENT values must have been filled in.
func (t *Txn) Apply(s *Stmt, now int64) Result {
	t.w.clock = now
	return t.w.guarded(s)
}

// Number says that the next insert into table has the AUTO_INCREMENT values
// from first on, as many as it asks for; see Reserve.
func (t *Txn) Number(table, first uint64) {
	if o, err := t.w.overlay(table); err == nil {
		o.counter = first
	}
}

// Counter returns the AUTO_INCREMENT value that follows those of the rows that
// the transaction has inserted into table; 0 when they have moved nothing.
func (t *Txn) Counter(table uint64) uint64 {
	if o := t.w.overlays[table]; o != nil && o.counter != o.state.Counter {
		return o.counter
	}
	return 0
}

// Broken tells whether a statement met more rows than a transaction can hold.
// What it shows is then not whole, and it can only be rolled back.
func (t *Txn) Broken() bool {
	for _, o := range t.w.order {
		if o.full != nil {
			return true
		}
	}
	return false
}

// Wrote returns the tables with changes, ascending.
func (t *Txn) Wrote() []uint64 {
	var out []uint64
	for _, o := range t.w.order {
		if o.delta() != nil {
			out = append(out, o.table.ID)
		}
	}
	slices.Sort(out)
	return out
}

// Source is Root.Source with the transaction's own writes.
func (t *Txn) Source(id uint64, index uint32) rel.Source {
	src := t.root.Source(id, index)
	o := t.w.overlays[id]
	if src == nil || o == nil || o.keys.Len() == 0 {
		return src
	}
	return newOverlaySource(src, o)
}

// Commit returns the statement that does to the present state what the
// transaction did to its Root. It has Result.Conflict when a row it changed or
// locked has been changed since, or what it inserted is taken; errno 1062 when it
// moved a row to a key that has been taken.
func (t *Txn) Commit() *Stmt {
	s := &Stmt{}
	for _, o := range t.w.order {
		s.Ops = append(s.Ops, o.net()...)
	}
	if len(s.Ops) > 0 {
		s.Ops = append(t.unchanged(), s.Ops...)
	}
	return s
}

// net returns the overlay's changes as ops with preconditions: first what
// goes, then what changes, then what comes, so that a unique key can pass
// from one row to another.
func (o *overlay) net() []Op {
	var gone, changed, came []int32 // groups
	for g := range o.now {
		was, is := o.before[g], o.now[g]
		switch {
		case was == is:
		case is == none:
			gone = append(gone, int32(g))
		case was == none:
			came = append(came, int32(g))
		case !zset.EqualRow(o.rows, int(was), o.rows, int(is)):
			changed = append(changed, int32(g))
		}
	}
	var ops []Op
	if len(gone) > 0 {
		ops = append(ops, o.keyed(gone, Op{Action: Delete}))
	}
	if len(changed) > 0 {
		op := o.keyed(changed, Op{Action: Modify})
		for c, t := range o.types {
			if isKey(o.keyOf, c) && !o.respelt(c, changed) {
				continue
			}
			at := len(o.types) + len(op.Rows.Cols)
			op.Sets = append(op.Sets, Set{Col: c, Value: &expr.Col{Index: at, Name: o.columnName(c), T: t}})
			v := zset.NewVec(t, 0)
			v.AppendGather(&o.rows.Cols[c], at32(o.now, changed))
			op.Rows.Cols = append(op.Rows.Cols, v)
		}
		ops = append(ops, op)
	}
	if len(came) > 0 {
		rows := zset.NewBatch(o.types, len(came))
		rows.AppendGather(o.rows, at32(o.now, came))
		rows.Cols = rows.Cols[:len(o.table.Columns)] // the step gives row ids
		ops = append(ops, Op{Table: o.table.ID, Version: o.table.Version, Action: Insert, OnDup: DupFail, Pre: PreAbsent, Count: CountChanged, Rows: rows, KeepZero: true})
	}
	return ops
}

// respelt tells whether one of the groups has a value in key column c that
// differs although the key is the same: 'a' and 'A'.
func (o *overlay) respelt(c int, groups []int32) bool {
	v := &o.rows.Cols[c]
	return slices.ContainsFunc(groups, func(g int32) bool { return v.CompareAt(int(o.before[g]), v, int(o.now[g])) != 0 })
}

// keyed fills in an op on the rows that were there before, by key and hash.
func (o *overlay) keyed(groups []int32, op Op) Op {
	op.Table, op.Version, op.Pre, op.OnDup, op.Count = o.table.ID, o.table.Version, PreHash, DupFail, CountChanged
	was := at32(o.before, groups)
	key := o.rows.SliceCols(keyPositions(o.keyOf))
	op.Rows = zset.NewBatch(key.Types(), len(groups))
	op.Rows.AppendGather(key, was)
	for _, pos := range was {
		op.Hashes = append(op.Hashes, RowHash(o.rows, int(pos)))
	}
	return op
}

func at32(of []int32, idx []int32) []int32 {
	out := make([]int32, len(idx))
	for i, x := range idx {
		out[i] = of[x]
	}
	return out
}

func (o *overlay) columnName(c int) string {
	if c < len(o.table.Columns) {
		return o.table.Columns[c].Name
	}
	return "row id"
}

// overlaySource is a table or one of its indexes with a transaction's writes:
// the rows of base whose keys the transaction has not touched, and, as one
// more lane, the rows that it has.
type overlaySource struct {
	base    rel.Source
	touched *rel.GroupTable // keys of the table whose base rows do not count
	keyOf   []zset.KeyCol   // of the table
	isInt   bool
	own     *zset.Batch // sorted by base's key
	ownKeys *zset.Keys
}

func newOverlaySource(base rel.Source, o *overlay) *overlaySource {
	s := &overlaySource{base: base, touched: o.keys, keyOf: o.keyOf, isInt: zset.KeyIsInt(o.types, o.keyOf)}
	own := zset.NewBatch(o.types, 0)
	for _, pos := range o.now {
		if pos != none {
			own.AppendRow(o.rows, int(pos), 1)
		}
	}
	var sorter zset.Sorter
	s.own, s.ownKeys = zset.NewBatch(o.types, own.N), new(zset.Keys)
	sorter.Consolidate(s.own, s.ownKeys, own, base.Key(), zset.KeyIsInt(o.types, base.Key()))
	return s
}

// Scan implements rel.Source; the last lane holds the transaction's rows.
func (s *overlaySource) Scan(lane int, cols []int, r zset.Range, emit func(*zset.Batch) error) error {
	if lane == s.base.Lanes() {
		lo, hi := r.Locate(s.ownKeys)
		for _, b := range cut(s.own.Slice(lo, hi).SliceCols(cols)) {
			if err := emit(b); err != nil {
				return err
			}
		}
		return nil
	}
	return s.base.Scan(lane, s.withKey(cols), r, func(b *zset.Batch) error {
		return s.untouched(b, func(sel []int32) error {
			out := b.SliceCols(span(0, len(cols)))
			if sel != nil {
				out = zset.NewBatch(out.Types(), len(sel))
				out.AppendGather(b.SliceCols(span(0, len(cols))), sel)
			}
			return emit(out)
		})
	})
}

// Seek implements rel.Source.
func (s *overlaySource) Seek(keys *zset.Keys, prefix int, cols []int, emit func([]int32, *zset.Batch) error) error {
	found := make([][]int32, keys.Len()) // rows of all, by probe
	all := zset.NewBatch(typesAt(s.base.Types(), cols), 0)
	err := s.base.Seek(keys, prefix, s.withKey(cols), func(probe []int32, b *zset.Batch) error {
		return s.untouched(b, func(sel []int32) error {
			part := b.SliceCols(span(0, len(cols)))
			if sel == nil {
				sel = span32(b.N)
			}
			for _, i := range sel {
				found[probe[i]] = append(found[probe[i]], int32(all.N))
				all.AppendRow(part, int(i), part.Weight(int(i)))
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	own := s.own.SliceCols(cols)
	for p := range found {
		lo, hi := zset.PrefixRange(keys.At(p)).Locate(s.ownKeys)
		for i := lo; i < hi; i++ {
			found[p] = append(found[p], int32(all.N))
			all.AppendRow(own, i, 1)
		}
	}
	return emitFound(found, all, emit)
}

// emitFound emits the rows of all in the order of their probes.
func emitFound(found [][]int32, all *zset.Batch, emit func([]int32, *zset.Batch) error) error {
	var probe, pos []int32
	flush := func() error {
		if len(pos) == 0 {
			return nil
		}
		out := zset.NewBatch(all.Types(), len(pos))
		out.AppendGather(all, pos)
		err := emit(probe, out)
		probe, pos = probe[:0], pos[:0]
		return err
	}
	for p, rows := range found {
		for _, r := range rows {
			probe, pos = append(probe, int32(p)), append(pos, r)
			if len(pos) == zset.MaxRows {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}

// withKey returns cols followed by the table's key columns.
func (s *overlaySource) withKey(cols []int) []int {
	return append(append([]int(nil), cols...), keyPositions(s.keyOf)...)
}

// untouched calls use with the rows of b, which ends in the table's key
// columns, that the transaction has not touched; nil for all of them.
func (s *overlaySource) untouched(b *zset.Batch, use func(sel []int32) error) error {
	n := len(b.Cols) - len(s.keyOf)
	var keys zset.Keys
	zset.NormaliseAs(&keys, b, zset.Cols(span(n, len(s.keyOf))...), s.isInt)
	groups := make([]int32, b.N)
	s.touched.Lookup(&keys, false, groups)
	var sel []int32
	for i, g := range groups {
		if g < 0 {
			sel = append(sel, int32(i))
		}
	}
	switch len(sel) {
	case b.N:
		return use(nil)
	case 0:
		return nil
	}
	return use(sel)
}

func span32(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

func typesAt(ts []types.Type, cols []int) []types.Type {
	out := make([]types.Type, len(cols))
	for i, c := range cols {
		out[i] = ts[c]
	}
	return out
}

// Types implements rel.Source.
func (s *overlaySource) Types() []types.Type { return s.base.Types() }

// Key implements rel.Source.
func (s *overlaySource) Key() []zset.KeyCol { return s.base.Key() }

// Lanes implements rel.Source.
func (s *overlaySource) Lanes() int { return s.base.Lanes() + 1 }

// Rows implements rel.Source.
func (s *overlaySource) Rows() int64 { return s.base.Rows() + int64(s.own.N) }
