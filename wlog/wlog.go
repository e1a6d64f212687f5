// Package wlog declares what a log drives and what a log is. The drivers
// disk, memory (and later raft) append entries and hand them to a Driven
// state machine in order; they pass one conformance suite.
//
// The law of every driver:
//  1. Entries are applied in index order, each exactly once per Open, from
//     Open's index + 1 on.
//  2. An entry is durable before it is applied, and applied before Propose
//     returns its result.
//  3. After a crash every entry whose Propose returned is applied again; one
//     whose Propose did not return is either applied or gone, and never
//     appears later.
package wlog

import (
	"context"
	"errors"
)

// MaxEntry is the most bytes of data an entry may hold.
const MaxEntry = 256 << 20

// The errors of a Log. Others wrap them and say what happened.
var (
	// ErrFull says that there is no room on the disk: nothing was appended,
	// and a later Propose may succeed.
	ErrFull = errors.New("the disk of the log is full")
	// ErrFailed says that the log or its machine has stopped for good: a
	// write or fsync failed, or Apply did. The outcome of the proposal is
	// unknown until the log is opened again.
	ErrFailed = errors.New("the log has failed")
	// ErrClosed says that the log was closed before the entry was appended.
	ErrClosed = errors.New("the log is closed")
	// ErrTooLarge says that an entry is larger than MaxEntry.
	ErrTooLarge = errors.New("the log entry is too large")
)

// Entry is one log entry: an index from 1 without gaps, and bytes that only
// the state machine understands.
type Entry struct {
	Index uint64
	Data  []byte
}

// Snapshot is a pinned state of a Driven at an index; see Pin.
type Snapshot interface {
	Index() uint64
	Release()
}

// Driven is a state machine that a log drives. Calls of Open, Apply and
// Receive never overlap; Flush, Pin and Send may run beside Apply.
type Driven interface {
	// Open loads what was flushed and returns the index it holds.
	Open() (index uint64, err error)
	// Apply takes the next entries in order and returns one result each. The
	// data is borrowed until Apply returns. An error is a fault of the
	// replica (disk, memory), never of the entry: it stops the driver.
	Apply(entries []Entry) (results []any, err error)
	// Flush makes the applied state durable up to the index it returns; the
	// log may be cut up to it. A machine without files returns 0.
	Flush() (index uint64, err error)
	// Pin returns the present state as a snapshot.
	Pin() (Snapshot, error)
}

// Stats are counters of a log since it was opened, for /metrics.
type Stats struct {
	Appends, Bytes, Syncs uint64
	SyncNanos             uint64 // total time in fsync
	LastIndex             uint64
}

// Log is an open log. All methods are safe for concurrent use.
type Log interface {
	// Propose appends data as the next entry, makes it durable, applies it
	// and returns the machine's result. The log owns data from then on. When
	// ctx ends first the outcome is unknown to the caller. Entries are
	// appended in the order in which Propose was called.
	// A full disk is an error that wraps ErrFull: nothing was appended, and
	// a later Propose may succeed.
	Propose(ctx context.Context, data []byte) (index uint64, result any, err error)
	// Stats returns the counters.
	Stats() Stats
	// Close waits for proposals under way and closes. Idempotent.
	Close() error
}
