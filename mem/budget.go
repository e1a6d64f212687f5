// Package mem counts the memory that Weir holds (Budget) and hands out the
// blocks of rows that a cache may drop (Handle).
//
// Two kinds of holders share one Budget. A statement asks first: Reserve
// fails when the limit would be passed, and the statement with it. A step is
// past refusing, because its entry is committed: it counts with Grow, and
// whoever admits new entries asks Admits first.
package mem

import (
	"fmt"
	"sync/atomic"

	"github.com/weirdb/weir/sqlerr"
)

// Class says what counted memory is for.
type Class uint8

// The classes of memory.
const (
	Cache            Class = iota // blocks read from files
	Runs                          // runs and tails of arrangements
	StepScratch                   // what a step needs while it runs
	StatementScratch              // hash tables and sorts of statements
	Sessions                      // connections, prepared statements, results under way
	classes
)

var classNames = [classes]string{"cache", "runs", "step_scratch", "statement_scratch", "sessions"}

// Classes returns all classes, in order.
func Classes() []Class {
	all := make([]Class, classes)
	for i := range all {
		all[i] = Class(i)
	}
	return all
}

// String returns the name of c as metrics show it.
func (c Class) String() string {
	if c < classes {
		return classNames[c]
	}
	return fmt.Sprintf("class_%d", uint8(c))
}

// counter keeps a class on a cache line of its own.
type counter struct {
	n atomic.Int64
	_ [56]byte
}

// Budget counts bytes by class against one limit. All methods are safe for
// concurrent use; a nil *Budget counts nothing and refuses nothing.
type Budget struct {
	limit atomic.Int64
	total counter
	used  [classes]counter
}

// NewBudget returns a Budget of limit bytes; 0 is no limit.
func NewBudget(limit int64) *Budget {
	b := &Budget{}
	b.limit.Store(limit)
	return b
}

// SetLimit changes the limit; what is held already stays held.
func (b *Budget) SetLimit(limit int64) {
	if b != nil {
		b.limit.Store(limit)
	}
}

// Limit returns the limit in bytes, 0 for none.
func (b *Budget) Limit() int64 {
	if b == nil {
		return 0
	}
	return b.limit.Load()
}

// Grow counts n more bytes of class c, over the limit too.
func (b *Budget) Grow(c Class, n int64) {
	if b == nil || n == 0 {
		return
	}
	b.used[c].n.Add(n)
	b.total.n.Add(n)
}

// Shrink gives n bytes of class c back.
func (b *Budget) Shrink(c Class, n int64) { b.Grow(c, -n) }

// Reserve counts n bytes of class c for operator, or fails with errno 1037,
// naming the operator, when the limit would be passed; then nothing is
// counted. Give it back by Shrink.
func (b *Budget) Reserve(c Class, operator string, n int64) error {
	if b == nil || n <= 0 {
		return nil
	}
	total := b.total.n.Add(n)
	if limit := b.limit.Load(); limit > 0 && total > limit {
		b.total.n.Add(-n)
		return sqlerr.New(sqlerr.ErrOutOfMemory,
			"Out of memory; %s needs %d more bytes, %d of %d are in use", operator, n, total-n, limit).
			WithHint("narrow the statement or raise --memory")
	}
	b.used[c].n.Add(n)
	return nil
}

// Used returns the bytes held in class c.
func (b *Budget) Used(c Class) int64 {
	if b == nil {
		return 0
	}
	return b.used[c].n.Load()
}

// Total returns the bytes held in all classes.
func (b *Budget) Total() int64 {
	if b == nil {
		return 0
	}
	return b.total.n.Load()
}

// Admits tells whether n more bytes to keep leave a tenth of the limit for
// statements that read.
func (b *Budget) Admits(n int64) bool {
	limit := b.Limit()
	return limit <= 0 || b.Total()+n <= limit/10*9
}

// Account is what one statement holds of a Budget. Its operators reserve and
// release through it, and Close gives back the rest, so that a statement that
// fails half-way leaks nothing. It is safe for concurrent use.
type Account struct {
	budget *Budget
	class  Class
	held   atomic.Int64
}

// Open returns an Account that draws on b in class c. Close it.
func (b *Budget) Open(c Class) *Account { return &Account{budget: b, class: c} }

// Reserve counts n more bytes for operator, or fails as Budget.Reserve does.
func (a *Account) Reserve(operator string, n int64) error {
	if err := a.budget.Reserve(a.class, operator, n); err != nil {
		return err
	}
	if n > 0 {
		a.held.Add(n)
	}
	return nil
}

// Release gives n reserved bytes back.
func (a *Account) Release(n int64) {
	if n > 0 {
		a.held.Add(-n)
		a.budget.Shrink(a.class, n)
	}
}

// Held returns the bytes that the account holds.
func (a *Account) Held() int64 { return a.held.Load() }

// Close gives back whatever is still held. It may be called again.
func (a *Account) Close() {
	if n := a.held.Swap(0); n != 0 {
		a.budget.Shrink(a.class, n)
	}
}
