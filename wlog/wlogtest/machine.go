// Package wlogtest is what drivers of a log are tested with: a suite that
// every driver passes, a machine that remembers what it was given, and a disk
// in memory that fails and crashes on demand.
package wlogtest

import (
	"errors"
	"fmt"
	"sync"

	"github.com/weirdb/weir/wlog"
)

// Machine is a wlog.Driven that remembers every entry and checks the law of
// wlog: indexes without gaps, one call at a time. The result of an entry is
// its data as a string. Safe for concurrent use.
type Machine struct {
	// Held is the index that Open returns.
	Held uint64
	// FailAt is the index whose Apply fails; 0 is none.
	FailAt uint64

	busy    sync.Mutex
	mu      sync.Mutex
	opened  bool
	entries []wlog.Entry
	batches int
	broken  []error
}

var errApply = errors.New("the machine was told to fail")

// Open implements wlog.Driven.
func (m *Machine) Open() (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.opened {
		m.broken = append(m.broken, errors.New("Open was called twice"))
	}
	m.opened = true
	return m.Held, nil
}

// Apply implements wlog.Driven.
func (m *Machine) Apply(entries []wlog.Entry) ([]any, error) {
	if !m.busy.TryLock() {
		m.note("calls of Apply overlap")
		m.busy.Lock()
	}
	defer m.busy.Unlock()
	if len(entries) == 0 {
		m.note("Apply without entries")
	}
	results := make([]any, len(entries))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batches++
	for i, e := range entries {
		if want := m.Held + uint64(len(m.entries)) + 1; e.Index != want {
			m.broken = append(m.broken, fmt.Errorf("entry %d applied, want %d", e.Index, want))
		}
		if e.Index == m.FailAt {
			return nil, errApply
		}
		m.entries = append(m.entries, wlog.Entry{Index: e.Index, Data: append([]byte(nil), e.Data...)})
		results[i] = string(e.Data)
	}
	return results, nil
}

// Flush implements wlog.Driven: nothing is ever durable.
func (m *Machine) Flush() (uint64, error) { return 0, nil }

// Pin implements wlog.Driven.
func (m *Machine) Pin() (wlog.Snapshot, error) {
	return nil, errors.New("the machine has no snapshots")
}

// Entries returns what was applied since Open, in order.
func (m *Machine) Entries() []wlog.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]wlog.Entry(nil), m.entries...)
}

// Batches returns the number of calls of Apply.
func (m *Machine) Batches() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.batches
}

// Err returns what broke the law, or nil.
func (m *Machine) Err() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return errors.Join(m.broken...)
}

func (m *Machine) note(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = append(m.broken, errors.New(text))
}
