// Package memory is the log without a disk: entries are applied in the order
// in which they were proposed, and nothing outlives the process.
package memory

import (
	"context"
	"fmt"
	"sync"

	"github.com/weirdb/weir/wlog"
)

// Log is a wlog.Log that keeps nothing.
type Log struct {
	machine wlog.Driven
	done    chan struct{} // closed when the applier has ended

	mu    sync.Mutex // guards what follows
	wake  sync.Cond  // the applier waits here for work
	queue []*wlog.Proposal
	last  uint64
	stats wlog.Stats
	shut  bool
	fault error // why the log has failed
}

// Open opens machine and starts a log behind the index that it holds.
func Open(machine wlog.Driven) (*Log, error) {
	index, err := machine.Open()
	if err != nil {
		return nil, fmt.Errorf("open the state machine: %w", err)
	}
	l := &Log{machine: machine, last: index, done: make(chan struct{})}
	l.wake.L = &l.mu
	l.stats.LastIndex = index
	go l.applier()
	return l, nil
}

// Propose implements wlog.Log.
func (l *Log) Propose(ctx context.Context, data []byte) (uint64, any, error) {
	p, err := wlog.NewProposal(ctx, data)
	if err != nil {
		return 0, nil, err
	}
	if err := l.enqueue(p); err != nil {
		return 0, nil, err
	}
	return p.Wait(ctx)
}

func (l *Log) enqueue(p *wlog.Proposal) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.fault != nil:
		return l.fault
	case l.shut:
		return wlog.ErrClosed
	}
	l.queue = append(l.queue, p)
	l.wake.Signal()
	return nil
}

// applier takes what waits, applies it as one batch and answers, until the
// log is closed and nothing waits any more.
func (l *Log) applier() {
	defer close(l.done)
	for {
		batch, fault := l.take()
		if batch == nil {
			return
		}
		if fault == nil {
			fault = l.apply(batch)
		}
		wlog.Answer(batch, fault)
	}
}

// take waits for proposals and gives them indexes; nil when the log is closed.
func (l *Log) take() (batch []*wlog.Proposal, fault error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 && !l.shut {
		l.wake.Wait()
	}
	batch, l.queue = l.queue, nil
	if l.fault != nil {
		return batch, l.fault
	}
	for _, p := range batch {
		l.last++
		p.Index = l.last
		l.stats.Appends++
		l.stats.Bytes += uint64(len(p.Data))
	}
	l.stats.LastIndex = l.last
	return batch, nil
}

func (l *Log) apply(batch []*wlog.Proposal) error {
	err := wlog.ApplyGroup(l.machine, batch)
	if err == nil {
		return nil
	}
	fault := fmt.Errorf("%w: %w", wlog.ErrFailed, err)
	l.mu.Lock()
	l.fault = fault
	l.mu.Unlock()
	return fault
}

// Stats implements wlog.Log.
func (l *Log) Stats() wlog.Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Close implements wlog.Log.
func (l *Log) Close() error {
	l.mu.Lock()
	l.shut = true
	l.wake.Broadcast()
	l.mu.Unlock()
	<-l.done
	return nil
}
