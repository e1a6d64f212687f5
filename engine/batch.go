package engine

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/wlog"
)

const (
	// maxEntry is how many bytes of statements the batcher puts into one
	// entry, unless one statement alone is larger.
	maxEntry = 256 << 10
	// maxStatement is the largest statement that fits the log.
	maxStatement = wlog.MaxEntry - 4096
	// inFlight is how many entries may be under way: one in its step while
	// the next one reaches the disk.
	inFlight = 2
)

// batcher makes one log entry of all the statements that wait. There is no
// goroutine of its own: the first statement that finds a free place leads,
// takes along what waits, and hands out the results; when an entry is done
// the first of those who came meanwhile leads on.
type batcher struct {
	e        *Engine
	producer uint64
	seq      atomic.Uint64

	mu      sync.Mutex // guards what follows
	waiting []*write
	leaders int
}

// write is one statement on its way.
type write struct {
	data []byte
	res  shard.Result
	err  error
	// woken gets true when the write is to lead, false when it is done.
	woken chan bool
}

var writes = sync.Pool{New: func() any { return &write{woken: make(chan bool, 1)} }}

func newBatcher(e *Engine) *batcher { return &batcher{e: e, producer: newProducer()} }

func (b *batcher) header() shard.Header {
	return shard.Header{Time: b.e.micros(), Producer: b.producer, Seq: b.seq.Add(1)}
}

// write puts a statement through the log and returns what the step made of
// it. It does not stop at the end of ctx once the statement is on its way:
// the outcome must be known.
func (b *batcher) write(ctx context.Context, s *shard.Stmt) (shard.Result, error) {
	if err := ctx.Err(); err != nil {
		return shard.Result{}, err
	}
	w := writes.Get().(*write)
	w.data = shard.AppendStmt(w.data[:0], s)
	w.err, w.res = nil, shard.Result{}
	if len(w.data) > maxStatement {
		return shard.Result{}, tooLarge(int64(len(w.data)))
	}
	b.mu.Lock()
	lead := b.leaders < inFlight
	if lead {
		b.leaders++
	} else {
		b.waiting = append(b.waiting, w)
	}
	b.mu.Unlock()
	if lead || <-w.woken {
		b.lead(w)
	}
	res, err := w.res, w.err
	if cap(w.data) <= maxEntry {
		w.res = shard.Result{}
		writes.Put(w)
	}
	return res, err
}

// tooLarge refuses a statement that would take n bytes of the log.
func tooLarge(n int64) error {
	return sqlerr.New(sqlerr.ErrNetPacketTooLarge, "the statement changes %d MiB of rows at once; at most %d MiB fit", n>>20, maxStatement>>20).
		WithHint("change the rows in several statements")
}

// lead proposes own and what waits and fits beside it, then passes the lead
// on to the first of those left.
func (b *batcher) lead(own *write) {
	group := b.take(own)
	b.propose(group)
	b.mu.Lock()
	var next *write
	if len(b.waiting) > 0 {
		next = b.waiting[0]
		b.waiting = slices.Delete(b.waiting, 0, 1)
	} else {
		b.leaders--
	}
	b.mu.Unlock()
	if next != nil {
		next.woken <- true
	}
	for _, w := range group[1:] {
		w.woken <- false
	}
}

// take returns own and the first of those waiting that fit one entry with it.
func (b *batcher) take(own *write) []*write {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, size := 0, len(own.data)
	for n < len(b.waiting) && size+len(b.waiting[n].data) <= maxEntry {
		size += len(b.waiting[n].data)
		n++
	}
	group := append([]*write{own}, b.waiting[:n]...)
	b.waiting = slices.Delete(b.waiting, 0, n)
	return group
}

// propose puts a group through the log as one entry.
func (b *batcher) propose(group []*write) {
	size := 64
	for _, w := range group {
		size += len(w.data)
	}
	data := shard.AppendWriteHead(make([]byte, 0, size+binary.MaxVarintLen64), b.header(), len(group))
	for _, w := range group {
		data = append(data, w.data...)
	}
	eff, err := b.e.proposeRaw(data)
	for i, w := range group {
		if err != nil {
			w.err = err
			continue
		}
		w.res = eff.Results[i]
	}
}
