package arrange

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Snap is the content of a lane at one moment. It never changes and is safe
// for concurrent use.
//
// Reads name the columns they want by cols, positions in Schema.Types; a nil
// or empty cols asks for the rows' weights only. Batches passed to emit are
// borrowed until it returns, hold at most zset.MaxRows rows, and are
// consolidated: equal rows come once, none with weight 0 (weights are
// positive if the lane's content is a relation). W is nil when every weight
// is 1. An error from emit ends the read and is returned; other errors are
// faults of the disk, or of a caller who gives keys of the wrong form.
type Snap struct {
	sh   *shape
	rows int64
	st   atomic.Pointer[state] // merges replace it by one of the same content
}

// state is the segments of a lane at one moment, immutable.
type state struct {
	runs []*run // oldest first
	tail *tail  // newest of all
}

func newSnap(sh *shape, st *state) *Snap {
	s := &Snap{sh: sh, rows: st.tail.sum}
	for _, r := range st.runs {
		s.rows += r.sum
	}
	s.st.Store(st)
	return s
}

// Rows returns the sum of all weights: the number of rows of a relation.
func (s *Snap) Rows() int64 { return s.rows }

// Bytes returns about how many bytes the runs and the tail take.
func (s *Snap) Bytes() int64 { return s.st.Load().bytes() }

// Runs returns the number of runs.
func (s *Snap) Runs() int { return len(s.st.Load().runs) }

func (st *state) bytes() int64 {
	n := st.tail.memory()
	for _, r := range st.runs {
		n += r.bytes
	}
	return n
}

// checkForm returns an error when keys do not have the form of sh's.
func (sh *shape) checkForm(isInt bool) error {
	if isInt == sh.isInt {
		return nil
	}
	return fmt.Errorf("arrange: the arrangement has keys of integer form: %v; it was asked by integer form: %v", sh.isInt, isInt)
}

func (sh *shape) checkRange(r zset.Range) error {
	for _, k := range []*zset.Key{r.Lo, r.Hi} {
		if k != nil {
			if err := sh.checkForm(k.IsInt); err != nil {
				return err
			}
		}
	}
	return nil
}

// reader is the scratch of one read.
type reader struct {
	m    merger
	bufs []zset.Vec // gathered columns, reused
	out  zset.Batch // what emit sees
	seekScratch
}

var readers = sync.Pool{New: func() any { return new(reader) }}

func newReader() *reader { return readers.Get().(*reader) }

// release ends the read: nothing that emit was given may be used any more.
func (r *reader) release() {
	r.m.close()
	clear(r.out.Cols)
	readers.Put(r)
}

// batch returns the columns cols of the picked rows, as a view where they lie
// in one piece. It is valid until the next call.
func (r *reader) batch(sh *shape, cols []int) *zset.Batch {
	p := &r.m.picks
	r.out.Cols = resize(r.out.Cols, len(cols))
	if p.view(&r.out, cols) {
		return &r.out
	}
	for len(r.bufs) < len(cols) {
		r.bufs = append(r.bufs, zset.Vec{})
	}
	r.out.N, r.out.W = p.n, p.weights()
	for i, c := range cols {
		buf := &r.bufs[i]
		buf.Type = sh.Types[c]
		p.column(buf, c)
		r.out.Cols[i] = only(buf)
	}
	return &r.out
}

// only returns v without the slices that other types have left in it.
func only(v *zset.Vec) zset.Vec {
	w := zset.Vec{Type: v.Type, Valid: v.Valid}
	switch v.Type.Phys() {
	case types.PhysInt:
		w.I = v.I
	case types.PhysFloat:
		w.F = v.F
	case types.PhysDec2, types.PhysDec4:
		w.W = v.W
	case types.PhysBytes:
		w.Off, w.Data = v.Off, v.Data
	}
	return w
}

// viewRows is from how many rows on a scan passes on a piece of a run as it
// lies, in a batch of its own.
const viewRows = 512

// Scan emits the rows within r in order of (key, canonical row).
func (s *Snap) Scan(cols []int, r zset.Range, emit func(*zset.Batch) error) error {
	if err := s.sh.checkRange(r); err != nil {
		return err
	}
	rd := newReader()
	defer rd.release()
	if err := rd.m.open(s.sh, s.st.Load(), r); err != nil {
		return err
	}
	for !rd.m.done() {
		if err := rd.m.fill(zset.MaxRows, viewRows); err != nil {
			return err
		}
		if rd.m.picks.n > 0 {
			if err := emit(rd.batch(s.sh, cols)); err != nil {
				return err
			}
		}
		rd.m.picks.empty()
		rd.m.picks.keep(rd.m.in)
	}
	return nil
}
