package shard

import (
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// none stands for "no row" where a row position is asked for.
const none = -1

// overlay is one table as the statements of one entry see it: the state
// before the entry, and over it what they have changed so far.
//
// Invariants:
//  1. Every key met so far is a group of keys; before[g] and now[g] are
//     positions in rows (or none): the row before the entry and at present.
//  2. rows only grows. A row's position never changes what it holds.
//  3. Rows given a new hidden row id in this entry are in fresh, not in keys:
//     nobody can name them before the entry is answered.
//  4. held maps the key of a unique index to the group that holds it at
//     present, for keys whose holder changed in this entry; freed is a key
//     that its holder of before gave up.
//  5. undo lists the changes of the statement under way; rolling it back
//     restores now, fresh and held.
type overlay struct {
	table  *catalog.Table
	state  *Rel // before the entry
	unique []uniqueIndex

	types  []types.Type
	keyOf  []zset.KeyCol // key columns within the stored row
	keys   *rel.GroupTable
	before []int32
	now    []int32
	rows   *zset.Batch
	fresh  []int32

	// full says that rows is near the end of what a column can hold: the rest
	// of the entry cannot use the table.
	full  error
	limit int // bytes of a column, see maxColumn

	counter uint64 // next AUTO_INCREMENT value; not undone, as in MySQL

	undo      []undoRec
	freshMark int

	groups []int32   // scratch: group of each row of an op
	probe  zset.Keys // scratch
}

// uniqueIndex checks one UNIQUE index of a table.
type uniqueIndex struct {
	def     catalog.Index
	entries rel.Source // in the positions of the table
	cols    []zset.KeyCol
	held    map[string]int32
}

// freed marks a unique key whose holder gave it up in this entry.
const freed = -2

// undoRec takes back one change: of now[group], or of a unique index's key.
type undoRec struct {
	group int32
	prev  int32
	index *uniqueIndex // nil: the change was of now[group]
	key   string
	had   bool
}

func newOverlay(def *catalog.Table, state *Rel) *overlay {
	o := &overlay{
		table: def,
		state: state,
		types: def.StoredTypes(),
		keyOf: def.StoredKey(),
		keys:  new(rel.GroupTable),
		limit: maxColumn,

		counter: state.Counter,
	}
	o.rows = zset.NewBatch(o.types, 0)
	for i, ix := range def.Indexes {
		if ix.Unique {
			o.unique = append(o.unique, uniqueIndex{def: ix, entries: state.Indexes[i].Source, cols: zset.Cols(ix.Cols...), held: map[string]int32{}})
		}
	}
	return o
}

// begin opens a statement: what follows is undone by rollback.
func (o *overlay) begin() {
	o.undo = o.undo[:0]
	o.freshMark = len(o.fresh)
}

// rollback takes back everything since begin.
func (o *overlay) rollback() {
	for i := len(o.undo) - 1; i >= 0; i-- {
		u := &o.undo[i]
		switch {
		case u.index == nil:
			o.now[u.group] = u.prev
		case u.had:
			u.index.held[u.key] = u.prev
		default:
			delete(u.index.held, u.key)
		}
	}
	o.undo = o.undo[:0]
	o.fresh = o.fresh[:o.freshMark]
}

// set makes row pos (or none) the present row of group g and moves the
// unique keys. The caller has checked that the new keys are free.
func (o *overlay) set(g, pos int32) {
	prev := o.now[g]
	o.undo = append(o.undo, undoRec{group: g, prev: prev})
	o.now[g] = pos
	for i := range o.unique {
		u := &o.unique[i]
		if prev != none {
			o.hold(u, prev, freed)
		}
		if pos != none {
			o.hold(u, pos, g)
		}
	}
}

// hold records that the unique key of row pos belongs to holder from now on.
func (o *overlay) hold(u *uniqueIndex, pos, holder int32) {
	key, ok := o.uniqueKey(u, o.rows, int(pos))
	if !ok {
		return
	}
	prev, had := u.held[key]
	o.undo = append(o.undo, undoRec{index: u, key: key, prev: prev, had: had})
	u.held[key] = holder
}

// uniqueKey returns the normalised key of row i under u; not ok when a column
// is NULL, since NULLs never collide.
func (o *overlay) uniqueKey(u *uniqueIndex, b *zset.Batch, i int) (string, bool) {
	for _, c := range u.def.Cols {
		if b.Cols[c].IsNull(i) {
			return "", false
		}
	}
	zset.NormaliseAs(&o.probe, b.Slice(i, i+1), u.cols, false)
	return string(o.probe.At(0).Bytes), true
}

// resolve returns the group of each of the keys of b (over cols) in o.groups,
// loading the rows of keys met for the first time.
func (o *overlay) resolve(b *zset.Batch, cols []zset.KeyCol) ([]int32, error) {
	zset.Normalise(&o.probe, b, cols)
	if cap(o.groups) < b.N {
		o.groups = make([]int32, b.N)
	}
	o.groups = o.groups[:b.N]
	known := o.keys.Len()
	o.keys.Lookup(&o.probe, true, o.groups)
	if o.keys.Len() == known {
		return o.groups, nil
	}
	for range o.keys.Len() - known {
		o.before = append(o.before, none)
		o.now = append(o.now, none)
	}
	return o.groups, o.load(known)
}

// maxColumn is how many bytes of one column the rows of an entry may take in
// an overlay; the offsets of a batch end at 4 GiB.
const maxColumn = 3 << 30

// room refuses rows for which a column has no room left. From then on the
// table is closed for the entry, since what was read of it is not whole.
func (o *overlay) room(b *zset.Batch) error {
	if o.full != nil || b.N == 0 {
		return o.full
	}
	for c := range b.Cols {
		off := b.Cols[c].Off
		if len(off) == 0 {
			continue
		}
		if int(off[b.N]-off[0])+len(o.rows.Cols[c].Data) > o.limit {
			o.full = sqlerr.New(sqlerr.ErrNetPacketTooLarge, "the rows that this statement changes, with those they replace, hold more than %d MiB in column '%s'", o.limit>>20, o.columnName(c)).
				WithHint("change the rows in several statements")
			return o.full
		}
	}
	return nil
}

// load reads the rows of the groups from on out of the state.
func (o *overlay) load(from int) error {
	keys := o.keys.Keys().Slice(from, o.keys.Len())
	return o.state.Main.Seek(&keys, len(o.keyOf), span(0, len(o.types)), func(probe []int32, b *zset.Batch) error {
		if err := o.room(b); err != nil {
			return err
		}
		for i, p := range probe {
			g := from + int(p)
			o.before[g] = int32(o.rows.N)
			o.now[g] = int32(o.rows.N)
			o.rows.AppendRow(b, i, 1)
		}
		return nil
	})
}

// holder returns the group of the row that holds the unique key of row i of
// b, or none. It loads that row.
func (o *overlay) holder(u *uniqueIndex, b *zset.Batch, i int) (int32, error) {
	key, ok := o.uniqueKey(u, b, i)
	if !ok {
		return none, nil
	}
	if g, known := u.held[key]; known {
		if g == freed {
			return none, nil
		}
		return g, nil
	}
	found := zset.NewBatch(typesAt(o.types, keyPositions(o.keyOf)), 1)
	probe := zset.NewKeys(false, 1)
	probe.Append(zset.Key{Bytes: []byte(key)})
	err := u.entries.Seek(probe, len(u.cols), keyPositions(o.keyOf), func(_ []int32, rows *zset.Batch) error {
		found.AppendRange(rows, 0, rows.N)
		return nil
	})
	if err != nil || found.N == 0 {
		return none, err
	}
	groups, err := o.resolve(found, ascending(len(o.keyOf)))
	if err != nil {
		return none, err
	}
	return groups[0], nil
}

// delta returns what the entry has changed so far as a Z-set: -1 for rows
// that went, +1 for rows that came.
func (o *overlay) delta() *zset.Batch {
	var pos []int32
	var w []int64
	for g := range o.now {
		was, is := o.before[g], o.now[g]
		if was == is || (was != none && is != none && zset.EqualRow(o.rows, int(was), o.rows, int(is))) {
			continue
		}
		if was != none {
			pos, w = append(pos, was), append(w, -1)
		}
		if is != none {
			pos, w = append(pos, is), append(w, 1)
		}
	}
	for _, f := range o.fresh {
		pos, w = append(pos, f), append(w, 1)
	}
	if len(pos) == 0 {
		return nil
	}
	d := zset.NewBatch(o.types, len(pos))
	d.AppendGather(o.rows, pos)
	d.W = w
	return d
}

// span returns from, from+1, .. of n numbers.
func span(from, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = from + i
	}
	return out
}

// ascending returns a key over the first n columns.
func ascending(n int) []zset.KeyCol { return zset.Cols(span(0, n)...) }

func keyPositions(key []zset.KeyCol) []int {
	out := make([]int, len(key))
	for i, k := range key {
		out[i] = k.Col
	}
	return out
}
