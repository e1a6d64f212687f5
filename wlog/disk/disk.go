// Package disk is the log on a local directory: preallocated segments, and one
// fdatasync for all proposals that wait (group commit).
//
// A proposal passes through two goroutines. The syncer takes all that wait,
// writes them behind the last record and syncs; the applier applies what is
// durable and answers. So the fsync of one group overlaps the application of
// the one before, and an entry is applied only when it is durable.
//
// Invariants:
//  1. What stands behind the last record of the last segment is zeros, a mark,
//     or what a crash left there; Open wipes the last before it appends.
//  2. Every record and mark says up to which index the log was durable when it
//     was written. An unreadable record that anything behind it says was
//     durable is damage, and Open refuses; otherwise it is the torn tail of a
//     crash, and Open cuts it.
//  3. After a failed fsync nobody knows what is on the disk, so the log takes
//     no more proposals. Opening it again finds out.
//  4. The next segment is made beside the work, when the last is half full.
//  5. A full disk is found out before anything is acknowledged; what was
//     written of the group is wiped, and the log goes on when there is room.
package disk

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"github.com/weirdb/weir/wlog"
)

// Options say where the log lies.
type Options struct {
	// Dir is the directory, made when it is not there. It may hold other
	// things of the same database, if the log was there first.
	Dir string
	// FS is the file system; nil is the operating system's.
	FS FS
	// SegmentBytes is the size of a segment; 0 is 64 MiB. The first segments
	// of a log are smaller, so that an empty log is.
	SegmentBytes int64
}

const (
	defaultSegmentBytes = 64 << 20
	firstSegmentBytes   = 4 << 20 // each is twice the one before
	minSegmentBytes     = 4 << 10
	maxWrite            = 8 << 20 // bytes of records written at a time, unless one is larger
)

// Validate names every fault of o.
func (o Options) Validate() error {
	var errs []error
	if o.Dir == "" {
		errs = append(errs, errors.New("disk log: Dir is empty"))
	}
	if o.SegmentBytes != 0 && o.SegmentBytes < minSegmentBytes {
		errs = append(errs, fmt.Errorf("disk log: SegmentBytes is %d, the least is %d", o.SegmentBytes, minSegmentBytes))
	}
	return errors.Join(errs...)
}

// segment is one file of the log.
type segment struct {
	first uint64
	name  string // path
	file  File
	sum   uint32 // saltSum of its salt
	size  int64  // of the file
	end   int64  // behind the last record
}

// Log is a wlog.Log on a directory.
type Log struct {
	opts    Options
	fs      FS
	machine wlog.Driven
	lock    io.Closer
	salt    func() uint64
	groups  chan []*wlog.Proposal // durable, from the syncer to the applier
	done    chan struct{}         // closed when both goroutines have ended
	closed  sync.Once
	closing error

	// Only the syncer uses these once the log is open.
	active  *segment
	durable uint64
	buf     []byte
	next    chan *segment // the next segment, nameless, when it is being made

	mu       sync.Mutex // guards what follows
	wake     sync.Cond  // the syncer waits here for work
	queue    []*wlog.Proposal
	segments []*segment // ascending; the last is active
	stats    wlog.Stats
	shut     bool
	fault    error // why the log has failed
}

// Open opens or makes the log of a directory, opens machine and applies to it
// every entry behind the index that it holds.
//
// A directory that another process uses, that holds other files but no log, or
// whose log is damaged (*DamageError) is refused and left as it is.
func Open(o Options, machine wlog.Driven) (*Log, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.FS == nil {
		o.FS = osFS{}
	}
	if o.SegmentBytes == 0 {
		o.SegmentBytes = defaultSegmentBytes
	}
	l := &Log{
		opts: o, fs: o.FS, machine: machine, salt: randomSalt,
		groups: make(chan []*wlog.Proposal, 1), done: make(chan struct{}),
	}
	l.wake.L = &l.mu
	if err := l.load(); err != nil {
		return nil, errors.Join(err, l.release())
	}
	go l.syncer()
	go l.applier()
	return l, nil
}

func randomSalt() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

func (l *Log) path(name string) string { return filepath.Join(l.opts.Dir, name) }

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

// Cut removes the segments that hold nothing behind index upTo. The caller has
// the state up to there durable elsewhere.
func (l *Log) Cut(upTo uint64) error {
	for {
		l.mu.Lock()
		if l.shut || len(l.segments) < 2 || l.segments[1].first-1 > upTo {
			l.mu.Unlock()
			return nil
		}
		oldest := l.segments[0]
		l.segments = l.segments[1:]
		l.mu.Unlock()
		// One at a time and oldest first, so that a crash leaves no gap.
		err := errors.Join(oldest.file.Close(), l.fs.Remove(oldest.name), l.fs.SyncDir(l.opts.Dir))
		if err != nil {
			return fmt.Errorf("cut the log: %w", err)
		}
	}
}

// Stats implements wlog.Log.
func (l *Log) Stats() wlog.Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stats
}

// Close implements wlog.Log.
func (l *Log) Close() error {
	l.closed.Do(func() {
		l.mu.Lock()
		l.shut = true
		l.wake.Broadcast()
		l.mu.Unlock()
		<-l.done
		l.closing = l.release()
	})
	return l.closing
}

// release closes the files and gives the lock back.
func (l *Log) release() error {
	var errs []error
	for _, s := range l.segments {
		errs = append(errs, s.file.Close())
	}
	if l.lock != nil {
		errs = append(errs, l.lock.Close())
	}
	return errors.Join(errs...)
}
