package push

import (
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// op is one operator in one lane.
type op interface {
	// push takes the rows sel of b (nil: all) of the change of input number
	// port. They are borrowed until it returns.
	push(port int, b *zset.Batch, sel []int32) error
	// flush is called once all of the step's change has been pushed and the
	// operators below have been flushed.
	flush() error
	// reset forgets what was pushed in a step that came to nothing.
	reset()
	stats() *opStat
}

// port is an input of an operator.
type port struct {
	op op
	n  int
}

// opStat counts for one operator in one lane.
type opStat struct {
	in, out int64
	nanos   int64
}

// base is the plumbing of an operator: it has no state and holds nothing back.
type base struct {
	lane *lane
	out  port
	stat opStat
}

func (o *base) stats() *opStat { return &o.stat }
func (o *base) flush() error   { return nil }
func (o *base) reset()         {}

// emit passes the rows sel of b on.
func (o *base) emit(b *zset.Batch, sel []int32) error {
	o.stat.out += rowsOf(b, sel)
	return o.lane.pass(o.out, b, sel)
}

// emitAll passes a batch of any length on in batches of zset.MaxRows.
func (o *base) emitAll(b *zset.Batch) error {
	if b.N <= zset.MaxRows {
		return o.emit(b, nil)
	}
	for lo := 0; lo < b.N; lo += zset.MaxRows {
		if err := o.emit(b.Slice(lo, min(lo+zset.MaxRows, b.N)), nil); err != nil {
			return err
		}
	}
	return nil
}

func rowsOf(b *zset.Batch, sel []int32) int64 {
	if sel != nil {
		return int64(len(sel))
	}
	return int64(b.N)
}

// lane is what the operators of one lane have in common, in all stages.
type lane struct {
	id    int
	init  bool        // the step is Init
	errs  *zset.Batch // rows that failed in this step, of ErrorTypes
	sort  zset.Sorter
	text  []byte
	clock func() int64
	since int64
	on    *opStat // whose time runs
}

func (l *lane) begin(init bool) {
	l.init, l.on = init, nil
	if l.errs != nil {
		l.errs.Reset()
	}
}

// pass hands rows to an operator, on whose account the time goes until it
// returns.
func (l *lane) pass(to port, b *zset.Batch, sel []int32) error {
	n := rowsOf(b, sel)
	if n == 0 {
		return nil
	}
	st := to.op.stats()
	st.in += n
	before := l.enter(st)
	err := to.op.push(to.n, b, sel)
	l.enter(before)
	return err
}

// enter lets the time run for s, and returns for whom it ran.
func (l *lane) enter(s *opStat) *opStat {
	if l.clock == nil {
		return nil
	}
	now, before := l.clock(), l.on
	if before != nil {
		before.nanos += now - l.since
	}
	l.on, l.since = s, now
	return before
}

// maxErrorText bounds the text of the row beside an error.
const maxErrorText = 240

// fail puts row i of b into the view's errors, with weight w. The text shows
// the columns cols, all when nil.
func (l *lane) fail(err *sqlerr.Error, b *zset.Batch, i int, cols []int, w int64) {
	l.text = appendRowText(l.text[:0], b, i, cols)
	l.failAt(err, l.text, w)
}

// failAt is fail with the text given.
func (l *lane) failAt(err *sqlerr.Error, text []byte, w int64) {
	if l.errs == nil {
		l.errs = zset.NewBatch(ErrorTypes(), 8)
	}
	l.errs.Cols[0].AppendInt(int64(err.Code))
	l.errs.Cols[1].AppendString(err.Message)
	l.errs.Cols[2].AppendBytes(text)
	l.errs.AppendWeight(w)
}

// appendRowText renders a row as (1,'a',NULL), cut at a character when long.
func appendRowText(dst []byte, b *zset.Batch, i int, cols []int) []byte {
	dst = append(dst, '(')
	n := len(cols)
	if cols == nil {
		n = len(b.Cols)
	}
	for k := 0; k < n && len(dst) <= maxErrorText; k++ {
		c := k
		if cols != nil {
			c = cols[k]
		}
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, b.Cols[c].Value(i).SQL()...)
	}
	if len(dst) > maxErrorText {
		end := maxErrorText
		for end > 0 && dst[end]&0xC0 == 0x80 {
			end--
		}
		return append(dst[:end], "..."...)
	}
	return append(dst, ')')
}

// pending collects the change of one input until the step's whole change is
// there.
type pending struct {
	rows *zset.Batch
}

func newPending(ts []types.Type) pending { return pending{zset.NewBatch(ts, 0)} }

func (p *pending) add(b *zset.Batch, sel []int32) {
	if sel == nil {
		p.rows.AppendRange(b, 0, b.N)
	} else {
		p.rows.AppendGather(b, sel)
	}
}

func (p *pending) empty() bool { return p.rows.N == 0 }

// keepRows is how many rows of scratch memory outlive a step.
const keepRows = 1 << 16

// drop forgets the rows, and the memory of an unusually large change.
func (p *pending) drop() { p.rows = emptied(p.rows) }

// emptied returns b without rows, with its memory unless that is large.
func emptied(b *zset.Batch) *zset.Batch {
	if b.N > keepRows {
		return zset.NewBatch(b.Types(), 0)
	}
	b.Reset()
	return b
}

// delta is a consolidated change with its keys, rows with one key in a group.
type delta struct {
	rows   *zset.Batch
	keys   zset.Keys  // of each row
	probes *zset.Keys // of each group
	starts []int32    // group g is rows starts[g] to starts[g+1]-1
	buf    zset.Keys
}

// sum sets d to the consolidated rows of p, which is emptied.
func (d *delta) sum(s *zset.Sorter, p *pending, key []zset.KeyCol, isInt bool) {
	if d.rows == nil || d.rows.N > keepRows {
		d.rows = zset.NewBatch(p.rows.Types(), 0)
		d.keys, d.buf = zset.Keys{}, zset.Keys{}
	}
	s.Consolidate(d.rows, &d.keys, p.rows, key, isInt)
	p.drop()
	d.group(isInt)
}

// group finds the groups of equal keys in d.rows, sorted by d.keys.
func (d *delta) group(isInt bool) {
	d.starts = d.starts[:0]
	for i := range d.rows.N {
		if i == 0 || !d.keys.Equal(i-1, &d.keys, i) {
			d.starts = append(d.starts, int32(i))
		}
	}
	d.probes = &d.keys
	if len(d.starts) < d.rows.N {
		d.buf.Reset(isInt)
		d.buf.AppendGather(&d.keys, d.starts)
		d.probes = &d.buf
	}
	d.starts = append(d.starts, int32(d.rows.N))
}

func (d *delta) groups() int { return len(d.starts) - 1 }

// signs tells whether rows of group g came and whether rows went.
func (d *delta) signs(g int) (came, went bool) {
	for i := d.starts[g]; i < d.starts[g+1]; i++ {
		if d.rows.Weight(int(i)) > 0 {
			came = true
		} else {
			went = true
		}
	}
	return came, went
}
