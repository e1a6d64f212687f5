package expr

import (
	"sort"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Ctx is what evaluation needs beside the batch: the statement's constants on
// the way in, errors and warnings on the way out, and scratch memory. It
// belongs to one goroutine at a time and is meant to be kept: after the first
// batches evaluation allocates nothing.
type Ctx struct {
	// Params are the values of the placeholders; each is cast to its
	// Param.T when it is read. A missing one is NULL.
	Params []types.Value
	// Now is the statement's or step's time, in microseconds UTC.
	Now int64
	// Strict makes Assign fail where it would otherwise adjust and warn, and
	// so its argument.
	Strict bool
	// Writes says that the expressions are those of a statement that changes
	// rows: then, with Strict, every warning is an error, in its WHERE too.
	Writes bool
	// RowBase is the number of input rows before this batch: "at row N" in
	// messages is RowBase + position + 1.
	RowBase int
	// Seed feeds RAND() and UUID(). Code outside the step's path sets it from
	// a random source; the same seed gives the same numbers.
	Seed uint64

	// Errs are the rows of the batch that failed, over all programs evaluated
	// since it was last cleared.
	Errs Errs
	// Warnings are the first MaxWarnings warnings; WarningCount counts all.
	Warnings     []*sqlerr.Error
	WarningCount int

	frames    map[*code]*frame
	last      *frame
	assigning bool   // beneath a strict Assign: warnings are errors
	draws     uint64 // random numbers drawn since Reset
}

// MaxWarnings is MySQL's max_error_count: more warnings are only counted.
const MaxWarnings = 1024

// NewCtx returns a strict context for statements without parameters.
func NewCtx() *Ctx { return &Ctx{Strict: true} }

// Reset clears errors and warnings and makes every vector that Eval returned
// free for use again. Params, Now, Strict, Writes, RowBase and Seed stay.
func (cx *Ctx) Reset() {
	cx.Errs.Reset()
	cx.Warnings = cx.Warnings[:0]
	cx.WarningCount = 0
	cx.draws = 0
	if len(cx.frames) > maxFrames {
		clear(cx.frames)
		cx.last = nil
	}
}

// maxFrames bounds the programs whose scratch a reused Ctx keeps.
const maxFrames = 256

// Errs are the rows of one batch whose evaluation failed, each with the first
// error met. The zero Errs is empty.
type Errs struct {
	rows   []int32
	errs   []*sqlerr.Error
	mask   zset.Bitmap // nil while empty
	sorted bool
}

// Any tells whether some row failed.
func (e *Errs) Any() bool { return len(e.rows) > 0 }

// Len returns the number of rows that failed.
func (e *Errs) Len() int { return len(e.rows) }

// Has tells whether row failed.
func (e *Errs) Has(row int) bool {
	return len(e.rows) > 0 && row>>6 < len(e.mask) && e.mask[row>>6]&(1<<(uint(row)&63)) != 0
}

// Set marks row as failed, unless it already is.
func (e *Errs) Set(row int, err *sqlerr.Error) {
	if e.Has(row) {
		return
	}
	for len(e.mask) <= row>>6 {
		e.mask = append(e.mask, 0)
	}
	e.mask[row>>6] |= 1 << (uint(row) & 63)
	e.sorted = len(e.rows) == 0 || e.sorted && e.rows[len(e.rows)-1] < int32(row)
	e.rows, e.errs = append(e.rows, int32(row)), append(e.errs, err)
}

// At returns the error of row, nil when it has none.
func (e *Errs) At(row int) *sqlerr.Error {
	if !e.Has(row) {
		return nil
	}
	e.sort()
	k := sort.Search(len(e.rows), func(k int) bool { return e.rows[k] >= int32(row) })
	return e.errs[k]
}

// Rows returns the failed rows, ascending; borrowed until the next Set or Reset.
func (e *Errs) Rows() []int32 {
	e.sort()
	return e.rows
}

// First returns the error of the first failed row, nil when there is none.
func (e *Errs) First() *sqlerr.Error {
	if len(e.rows) == 0 {
		return nil
	}
	e.sort()
	return e.errs[0]
}

// Reset forgets all errors; callers do it between batches.
func (e *Errs) Reset() {
	if len(e.rows) == 0 {
		return
	}
	clear(e.mask)
	clear(e.errs)
	e.rows, e.errs = e.rows[:0], e.errs[:0]
}

func (e *Errs) sort() {
	if e.sorted || len(e.rows) < 2 {
		return
	}
	sort.Sort((*errsByRow)(e))
	e.sorted = true
}

type errsByRow Errs

func (e *errsByRow) Len() int           { return len(e.rows) }
func (e *errsByRow) Less(i, j int) bool { return e.rows[i] < e.rows[j] }
func (e *errsByRow) Swap(i, j int) {
	e.rows[i], e.rows[j] = e.rows[j], e.rows[i]
	e.errs[i], e.errs[j] = e.errs[j], e.errs[i]
}

// Bytes returns the memory that scratch takes, for the owner's budget.
func (cx *Ctx) Bytes() int {
	n := 0
	for _, f := range cx.frames {
		n += f.memory()
	}
	return n
}

// frame returns the scratch of a program in this context.
func (cx *Ctx) frame(c *code) *frame {
	if cx.last != nil && cx.last.code == c {
		return cx.last
	}
	f := cx.frames[c]
	if f == nil {
		if cx.frames == nil {
			cx.frames = make(map[*code]*frame)
		}
		f = &frame{
			cx: cx, code: c,
			vecs:  make([]zset.Vec, c.vecs),
			valid: make([]zset.Bitmap, c.vecs),
			sels:  make([][]int32, c.sels),
			held:  make([]*zset.Vec, c.held),

			operands: make([]operand, c.operands),
			states:   make([]any, c.states),
			buffers:  make([][]byte, c.buffers),
		}
		cx.frames[c] = f
	}
	cx.last = f
	return f
}

// random returns the next number of the seeded sequence (splitmix64).
func (cx *Ctx) random() uint64 {
	cx.draws++
	z := cx.Seed + cx.draws*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
