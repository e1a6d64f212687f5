package shard

import (
	"fmt"
	"math"
	"strings"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Result is what one statement of a Write came to.
type Result struct {
	Err      *sqlerr.Error // the statement had no effect
	Affected uint64
	Matched  uint64 // rows an op found or brought
	Changed  uint64 // rows of a Modify that did change
	LastID   uint64 // first AUTO_INCREMENT value given, 0 when none
	Skipped  uint64 // rows left out by DupIgnore
	// Again says that a table has changed its schema since the statement was
	// bound, Conflict that a row changed since it was read: nothing was done,
	// bind or read again.
	Again    bool
	Conflict bool
	Warnings []*sqlerr.Error // at most maxWarnings
}

// maxWarnings bounds the warnings that one statement keeps, as MySQL's
// max_error_count does.
const maxWarnings = 64

// errConflict is the error by which a lost precondition ends a statement.
var errConflict = sqlerr.New(sqlerr.ErrDeadlock, "a row was changed by another statement")

// errAgain ends a statement that was bound against another schema.
var errAgain = sqlerr.New(sqlerr.ErrUnknown, "the table's definition has changed")

// writer applies statements to overlays over one state: in a step, those of
// an entry; in a Txn, those that wait for its commit.
type writer struct {
	root     *Root  // the state before
	firstID  uint64 // of the hidden row ids it gives
	ordinal  uint64 // how many it has given
	keyed    bool   // rows of its own can be named by key: no overlay.fresh
	clock    int64
	overlays map[uint64]*overlay
	order    []*overlay // in order of first use
	broken   bool       // a bug has left overlays in an unknown state
}

func newWriter(root *Root, firstID uint64, clock int64) *writer {
	return &writer{root: root, firstID: firstID, clock: clock, overlays: map[uint64]*overlay{}}
}

// An entry's hidden row ids begin at its index << rowIDBits; so it has room for
// maxRowIDs of them.
const (
	rowIDBits = 24
	maxRowIDs = 1 << rowIDBits
)

// apply runs one statement: wholly, or not at all.
func (w *writer) apply(s *Stmt) Result {
	var res Result
	for _, o := range w.order {
		o.begin()
	}
	for i := range s.Ops {
		if err := w.op(&s.Ops[i], &res); err != nil {
			for _, o := range w.order {
				o.rollback()
			}
			return failed(err)
		}
	}
	return res
}

func failed(err error) Result {
	switch err {
	case error(errConflict):
		return Result{Conflict: true}
	case error(errAgain):
		return Result{Again: true}
	}
	return Result{Err: sqlerr.From(err)}
}

func (w *writer) overlay(id uint64) (*overlay, error) {
	if o := w.overlays[id]; o != nil {
		return o, nil
	}
	r, _ := w.root.Catalog.ByID(id)
	def, ok := r.(*catalog.Table)
	if !ok {
		return nil, errAgain
	}
	o := newOverlay(def, w.root.Rel(id))
	o.begin()
	w.overlays[id] = o
	w.order = append(w.order, o)
	return o, nil
}

func (w *writer) op(op *Op, res *Result) error {
	o, err := w.overlay(op.Table)
	if err != nil {
		return err
	}
	if o.table.Version != op.Version {
		return errAgain
	}
	if o.full != nil {
		return o.full
	}
	switch op.Action {
	case Insert:
		return w.insert(o, op, res)
	case Modify, Delete:
		return w.change(o, op, res)
	case Reserve:
		res.LastID = o.counter
		o.counter += min(op.N, math.MaxUint64-o.counter)
		return nil
	}
	return fmt.Errorf("write with unknown action %d", op.Action)
}

// insert brings the rows of op in, one after the other where keys collide.
func (w *writer) insert(o *overlay, op *Op, res *Result) error {
	if err := w.fillCounter(o, op, res); err != nil {
		return err
	}
	rows := op.Rows
	if o.table.RowID() >= 0 {
		if w.ordinal+uint64(rows.N) > maxRowIDs {
			return sqlerr.New(sqlerr.ErrNetPacketTooLarge, "the statement inserts too many rows at once into table '%s.%s', which has no primary key; at most %d are possible", o.table.DB, o.table.Name, maxRowIDs).
				WithHint("insert the rows in several statements")
		}
		rows = w.withRowIDs(rows)
	}
	base := int32(o.rows.N)
	if err := o.room(rows); err != nil {
		return err
	}
	o.rows.AppendRange(rows, 0, rows.N)
	res.Matched += uint64(rows.N)
	if o.table.RowID() >= 0 && len(o.unique) == 0 && !w.keyed {
		for i := range int32(rows.N) {
			o.fresh = append(o.fresh, base+i)
		}
		res.Affected += uint64(rows.N)
		return nil
	}
	groups, err := o.resolve(rows, o.keyOf)
	if err != nil {
		return err
	}
	groups = append([]int32(nil), groups...) // resolving collisions uses the scratch
	d := dupUpdates{w: w, o: o, op: op, res: res, waiting: map[int32]bool{}}
	for i := range int32(rows.N) {
		if err := w.insertRow(&d, groups[i], base+i, int(i)); err != nil {
			return atRow(err, int(i))
		}
	}
	return d.flush()
}

// insertRow brings in row pos, the ith of the op, whose own key is group g.
func (w *writer) insertRow(d *dupUpdates, g, pos int32, i int) error {
	o := d.o
	for {
		hit, index, err := o.collision(g, pos)
		if err != nil {
			return err
		}
		if hit == none {
			o.set(g, pos)
			d.res.Affected++
			return nil
		}
		if d.op.Pre == PreAbsent {
			return errConflict
		}
		switch d.op.OnDup {
		case DupIgnore:
			d.res.Skipped++
			d.res.warn(o.duplicate(index, int(pos)).AtRow(i + 1))
			return nil
		case DupReplace:
			if index == nil && len(o.unique) == 0 {
				if zset.EqualRow(o.rows, int(o.now[g]), o.rows, int(pos)) {
					d.res.Affected++ // MySQL counts an identical replacement once
				} else {
					d.res.Affected += 2
				}
				o.set(g, pos)
				return nil
			}
			o.set(hit, none)
			d.res.Affected++
		case DupUpdate:
			return d.add(hit, int32(i))
		default:
			return o.duplicate(index, int(pos))
		}
	}
}

// collision returns the group of a row that stands in the way of row pos with
// key g: the row of the same key (index nil), or one that holds a unique key.
func (o *overlay) collision(g, pos int32) (int32, *uniqueIndex, error) {
	if o.now[g] != none {
		return g, nil, nil
	}
	for i := range o.unique {
		u := &o.unique[i]
		h, err := o.holder(u, o.rows, int(pos))
		if err != nil {
			return none, nil, err
		}
		if h != none && h != g {
			return h, u, nil
		}
	}
	return none, nil, nil
}

// duplicate is errno 1062 for row pos.
func (o *overlay) duplicate(u *uniqueIndex, pos int) *sqlerr.Error {
	if u != nil {
		return duplicate(o.table.Name+"."+u.def.Name, o.rows.SliceCols(u.def.Cols), pos)
	}
	return duplicate(o.table.Name+".PRIMARY", o.rows.SliceCols(o.table.Key), pos)
}

// duplicate is errno 1062 for the key that row i of keys is.
func duplicate(name string, keys *zset.Batch, i int) *sqlerr.Error {
	parts := make([]string, len(keys.Cols))
	for c, v := range keys.Row(i) {
		parts[c] = v.String()
	}
	return sqlerr.New(sqlerr.ErrDupEntry, "Duplicate entry '%s' for key '%s'", strings.Join(parts, "-"), name)
}

// fillCounter gives the AUTO_INCREMENT column its values: NULL and 0 ask for
// one, a larger value moves the counter. Gaps left by failed statements stay,
// as in MySQL. A column that is used up is errno 1467.
func (w *writer) fillCounter(o *overlay, op *Op, res *Result) error {
	col := o.table.AutoIncrement()
	if col < 0 {
		return nil
	}
	v := &op.Rows.Cols[col]
	kind := o.types[col].Kind
	_, most := kind.IntRange()
	for i := range op.Rows.N {
		if v.IsNull(i) || v.I[i] == 0 && !op.KeepZero {
			if o.counter > most || o.counter == math.MaxUint64 {
				return sqlerr.New(sqlerr.ErrAutoincReadFailed, "Failed to read auto-increment value from storage engine: column '%s' is used up", o.table.Columns[col].Name)
			}
			v.I[i] = int64(o.counter)
			if res.LastID == 0 {
				res.LastID = o.counter
			}
			o.counter++
		} else if u := uint64(v.I[i]); (v.I[i] > 0 || kind.IsUnsigned()) && u >= o.counter {
			o.counter = max(u, u+1) // the largest number stays
		}
	}
	v.Valid = nil
	v.Type.Nullable = false
	return nil
}

// withRowIDs returns rows with the hidden row id as a last column.
func (w *writer) withRowIDs(rows *zset.Batch) *zset.Batch {
	id := zset.NewVec(types.TypeUint, rows.N)
	for i := range rows.N {
		id.I[i] = int64(w.firstID + w.ordinal)
		w.ordinal++
	}
	cols := append(append([]zset.Vec(nil), rows.Cols...), id)
	return &zset.Batch{N: rows.N, Cols: cols}
}

// change is Modify and Delete: it finds the rows by key, keeps those for
// which Where holds, and sets columns or takes the rows away.
func (w *writer) change(o *overlay, op *Op, res *Result) error {
	groups, err := o.resolve(op.Rows, ascending(len(o.keyOf)))
	if err != nil {
		return err
	}
	groups = append([]int32(nil), groups...)
	sel := make([]int32, 0, len(groups))
	for i, g := range groups {
		switch {
		case o.now[g] == none && op.Pre == PreHash:
			return errConflict
		case o.now[g] == none:
			continue
		case op.Pre == PreHash && RowHash(o.rows, int(o.now[g])) != op.Hashes[i]:
			return errConflict
		}
		sel = append(sel, int32(i))
	}
	found := at32(groups, sel)
	in := o.pairs(found, op.Rows, sel)
	keep, err := w.where(op, in)
	if err != nil {
		return err
	}
	res.Matched += uint64(len(keep))
	if op.Action == Delete {
		for _, k := range keep {
			o.set(found[k], none)
		}
		res.Affected += uint64(len(keep))
		return nil
	}
	changed, err := w.assign(o, op, in, keep, at32(found, keep), res)
	res.Affected += changed
	res.Changed += changed
	if op.Count == CountMatched {
		res.Affected += uint64(len(keep)) - changed
	}
	return err
}

// pairs returns the present rows of groups side by side with the given rows of
// ops, one pair each: what Sets and Where read.
func (o *overlay) pairs(groups []int32, ops *zset.Batch, rows []int32) *zset.Batch {
	old := zset.NewBatch(o.types, len(groups))
	old.AppendGather(o.rows, at32(o.now, groups))
	own := zset.NewBatch(ops.Types(), len(rows))
	own.AppendGather(ops, rows)
	return &zset.Batch{N: len(rows), Cols: append(old.Cols, own.Cols...)}
}

// where returns the rows of in for which op.Where holds.
func (w *writer) where(op *Op, in *zset.Batch) ([]int32, error) {
	if len(op.Where) == 0 {
		return span32(in.N), nil
	}
	cx := w.context()
	keep := expr.CompileFilter(op.Where).Apply(cx, in, nil)
	if err := cx.Errs.First(); err != nil {
		return nil, err
	}
	return append(make([]int32, 0, len(keep)), keep...), nil // not nil: that would be all rows
}

func (w *writer) context() *expr.Ctx {
	cx := expr.NewCtx()
	cx.Now = w.clock
	return cx
}

// assign gives the rows keep of in, which are the present rows of targets,
// the values of op.Sets, and returns how many that changed. A changed key
// moves the row; all rows leave their keys before the first takes a new one.
func (w *writer) assign(o *overlay, op *Op, in *zset.Batch, keep, targets []int32, res *Result) (uint64, error) {
	cx := w.context()
	cx.Strict = !op.Lax
	base := o.rows.N
	fresh := zset.NewBatch(o.types, len(keep))
	cols := make([]zset.Vec, len(o.types))
	copy(cols, in.Cols[:len(o.types)])
	keyMoves := false
	for _, s := range op.Sets {
		v := expr.Compile(s.Value).Eval(cx, in, keep)
		if err := cx.Errs.First(); err != nil {
			return 0, err.AtRow(int(cx.Errs.Rows()[0]) + 1)
		}
		cols[s.Col] = *v // each Set is a Program of its own: its vector stays
		cols[s.Col].Type = o.types[s.Col]
		keyMoves = keyMoves || isKey(o.keyOf, s.Col)
	}
	fresh.AppendGather(&zset.Batch{N: in.N, Cols: cols}, keep)
	if err := o.room(fresh); err != nil {
		return 0, err
	}
	o.rows.AppendRange(fresh, 0, fresh.N)
	res.note(cx)
	var moved []int32 // positions whose rows have left their place
	changed := uint64(0)
	for i, g := range targets {
		pos := int32(base + i)
		if zset.EqualRow(o.rows, int(o.now[g]), o.rows, int(pos)) {
			continue
		}
		changed++
		if !keyMoves && len(o.unique) == 0 {
			o.set(g, pos)
			continue
		}
		o.set(g, none)
		moved = append(moved, pos)
	}
	return changed, o.settle(moved)
}

// settle puts rows that have left their keys where their new keys say.
func (o *overlay) settle(moved []int32) error {
	if len(moved) == 0 {
		return nil
	}
	rows := zset.NewBatch(o.types, len(moved))
	rows.AppendGather(o.rows, moved)
	groups, err := o.resolve(rows, o.keyOf)
	if err != nil {
		return err
	}
	groups = append([]int32(nil), groups...)
	for i, pos := range moved {
		hit, index, err := o.collision(groups[i], pos)
		if err != nil {
			return err
		}
		if hit != none {
			return o.duplicate(index, int(pos))
		}
		o.set(groups[i], pos)
	}
	return nil
}

func isKey(key []zset.KeyCol, col int) bool {
	for _, k := range key {
		if k.Col == col {
			return true
		}
	}
	return false
}

// dupUpdates gathers the rows of an ON DUPLICATE KEY UPDATE whose keys are
// taken, so that runs of them are computed as one batch. A second row for the
// same old row first flushes what waits, since it must see its outcome.
type dupUpdates struct {
	w       *writer
	o       *overlay
	op      *Op
	res     *Result
	groups  []int32
	rows    []int32 // rows of op.Rows
	waiting map[int32]bool
}

func (d *dupUpdates) add(g, row int32) error {
	if d.waiting[g] || len(d.o.unique) > 0 && len(d.groups) > 0 {
		if err := d.flush(); err != nil {
			return err
		}
	}
	d.waiting[g] = true
	d.groups, d.rows = append(d.groups, g), append(d.rows, row)
	if len(d.o.unique) > 0 || d.movesKey() {
		return d.flush()
	}
	return nil
}

// movesKey tells whether the update assigns key columns: then a later row of
// the op must see where the row went.
func (d *dupUpdates) movesKey() bool {
	for _, s := range d.op.Sets {
		if isKey(d.o.keyOf, s.Col) {
			return true
		}
	}
	return false
}

func (d *dupUpdates) flush() error {
	if len(d.groups) == 0 {
		return nil
	}
	in := d.o.pairs(d.groups, d.op.Rows, d.rows)
	changed, err := d.w.assign(d.o, d.op, in, span32(in.N), d.groups, d.res)
	if e, ok := err.(*sqlerr.Error); ok && e.Row > 0 {
		err = e.AtRow(int(d.rows[e.Row-1]) + 1) // of the op, not of what waited
	}
	d.res.Affected += 2 * changed
	if d.op.Count == CountMatched {
		d.res.Affected += uint64(in.N) - changed
	}
	d.groups, d.rows = d.groups[:0], d.rows[:0]
	clear(d.waiting)
	return err
}

// warn keeps a warning, up to maxWarnings.
func (r *Result) warn(e *sqlerr.Error) {
	if len(r.Warnings) < maxWarnings {
		r.Warnings = append(r.Warnings, e)
	}
}

// note keeps the warnings of an evaluation.
func (r *Result) note(cx *expr.Ctx) {
	for _, e := range cx.Warnings {
		r.warn(e)
	}
}

// atRow names the 1-based row of the statement in an error that names none.
func atRow(err error, i int) error {
	if e, ok := err.(*sqlerr.Error); ok && e.Row == 0 && e != errConflict && e != errAgain {
		return e.AtRow(i + 1)
	}
	return err
}

// RowHash is the precondition of PreHash: a hash of the canonical bytes of
// row i of b, all stored columns. It is part of the log format.
func RowHash(b *zset.Batch, i int) uint64 {
	return zset.Key{Bytes: b.AppendCanonical(nil, i, nil)}.Hash()
}
