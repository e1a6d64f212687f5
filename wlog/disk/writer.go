package disk

import (
	"errors"
	"fmt"
	"time"

	"github.com/weirdb/weir/wlog"
)

// syncer writes and syncs what waits until the log is closed.
func (l *Log) syncer() {
	defer close(l.groups)
	for {
		group, fault := l.take()
		if group == nil {
			l.seal(fault)
			return
		}
		for fault == nil && len(group) > 0 {
			n, err := l.write(group)
			switch {
			case err == nil:
				l.groups <- group[:n]
				group = group[n:]
			case errors.Is(err, wlog.ErrFull):
				wlog.Answer(group, err)
				group = nil
			default:
				fault = l.fail(err)
			}
		}
		wlog.Answer(group, fault)
		if fault == nil {
			l.markIfIdle()
			l.prepare()
		}
	}
}

// take waits for proposals; nil when the log is closed and none is left.
func (l *Log) take() (group []*wlog.Proposal, fault error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) == 0 && !l.shut {
		l.wake.Wait()
	}
	group, l.queue = l.queue, nil
	return group, l.fault
}

// fail makes err final and returns what proposals are told from now on.
func (l *Log) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == nil {
		l.fault = fmt.Errorf("%w: %w; restart to go on from what is on the disk", wlog.ErrFailed, err)
	}
	return l.fault
}

// write makes a first part of group durable, gives it indexes and returns its
// length, at least 1. An error that wraps wlog.ErrFull left nothing behind;
// any other is final.
func (l *Log) write(group []*wlog.Proposal) (int, error) {
	n := l.encode(group)
	if n == 0 {
		if err := l.roll(recordSize(len(group[0].Data))); err != nil {
			return 0, err
		}
		n = l.encode(group)
	}
	if _, err := l.active.file.WriteAt(l.buf, l.active.end); err != nil {
		return 0, l.takeBack(err)
	}
	start := time.Now()
	if err := l.active.file.Sync(); err != nil {
		return 0, fmt.Errorf("fsync of %s: %w", l.active.name, err)
	}
	l.active.end += int64(len(l.buf))
	l.durable += uint64(n)
	l.count(group[:n], time.Since(start))
	if cap(l.buf) > 2*maxWrite {
		l.buf = nil
	}
	return n, nil
}

// encode puts into buf the records of as many proposals as the active segment
// has room for, and returns their number.
func (l *Log) encode(group []*wlog.Proposal) (n int) {
	l.buf = l.buf[:0]
	room := l.active.size - l.active.end
	for _, p := range group {
		size := recordSize(len(p.Data))
		if int64(len(l.buf)+size) > room || n > 0 && len(l.buf)+size > maxWrite {
			break
		}
		n++
		p.Index = l.durable + uint64(n)
		l.buf = appendRecord(l.buf, l.active.sum, p.Index, l.durable, p.Data)
	}
	return n
}

// takeBack wipes what a failed write may have left behind the last record. A
// full disk is then no harm.
func (l *Log) takeBack(cause error) error {
	cause = fmt.Errorf("write to %s: %w", l.active.name, cause)
	if !isFull(cause) {
		return cause
	}
	if err := wipe(l.active); err != nil {
		return errors.Join(cause, err)
	}
	return fmt.Errorf("%w: %w", wlog.ErrFull, cause)
}

// wipe makes zeros of all that stands behind the last record, durably.
func wipe(s *segment) error {
	if err := s.file.Truncate(s.end); err != nil {
		return fmt.Errorf("cut %s at byte %d: %w", s.name, s.end, err)
	}
	if err := s.file.Allocate(s.size); err != nil {
		// No room to keep the rest of the segment: writes extend the file.
		if !isFull(err) {
			return fmt.Errorf("preallocate %s: %w", s.name, err)
		}
	}
	if err := s.file.Sync(); err != nil {
		return fmt.Errorf("fsync of %s: %w", s.name, err)
	}
	return nil
}

// roll makes the next segment the active one, with room for a record of need
// bytes. All records so far are durable.
func (l *Log) roll(need int) error {
	s, err := l.nextSegment(int64(segmentHeader + need))
	if err == nil {
		err = l.nameSegment(s, l.durable+1)
	}
	switch {
	case err == nil:
	case isFull(err):
		return fmt.Errorf("%w: new segment: %w", wlog.ErrFull, err)
	default:
		return fmt.Errorf("new segment: %w", err)
	}
	l.active = s
	l.mu.Lock()
	l.segments = append(l.segments, s)
	l.mu.Unlock()
	return nil
}

// prepare begins to make the next segment when the active one is half full.
// The goroutine ends by itself; its segment is taken or dropped.
func (l *Log) prepare() {
	if l.next != nil || l.active.end < l.active.size/2 {
		return
	}
	l.next = make(chan *segment, 1)
	go func(next chan<- *segment, size int64) {
		s, err := l.makeSegment(size)
		if err != nil {
			s = nil // the fault shows again when the segment is needed
		}
		next <- s
	}(l.next, l.segmentSize())
}

// segmentSize is the usual size of the segment behind the active one.
func (l *Log) segmentSize() int64 {
	return min(l.opts.SegmentBytes, max(2*l.active.size, firstSegmentBytes))
}

// nextSegment returns the segment that was prepared, or makes one when there
// is none with room for need bytes.
func (l *Log) nextSegment(need int64) (*segment, error) {
	if s := l.takeNext(); s != nil {
		if s.size >= need {
			return s, nil
		}
		if err := l.drop(s); err != nil {
			return nil, err
		}
	}
	return l.makeSegment(max(l.segmentSize(), need))
}

// takeNext waits for the segment that is being prepared; nil when there is
// none.
func (l *Log) takeNext() *segment {
	if l.next == nil {
		return nil
	}
	s := <-l.next
	l.next = nil
	return s
}

// drop removes a segment that has no name yet.
func (l *Log) drop(s *segment) error {
	return errors.Join(s.file.Close(), l.fs.Remove(l.path(nextName)))
}

// makeSegment makes a nameless segment. Only one is made at a time.
func (l *Log) makeSegment(size int64) (*segment, error) {
	s := &segment{name: l.path(nextName), size: size, end: segmentHeader}
	f, err := l.fs.Open(s.name, true)
	if err != nil {
		return nil, err
	}
	s.file = f
	if err = f.Allocate(size); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, errors.Join(err, l.drop(s))
	}
	return s, nil
}

// nameSegment gives a nameless segment its header and its name, durably, or
// drops it.
func (l *Log) nameSegment(s *segment, first uint64) error {
	salt := l.salt()
	_, err := s.file.WriteAt(appendSegmentHeader(nil, first, salt), 0)
	if err == nil {
		err = s.file.Sync()
	}
	name := l.path(segmentName(first))
	if err == nil {
		err = l.fs.Rename(s.name, name)
	}
	if err != nil {
		return errors.Join(err, l.drop(s))
	}
	s.first, s.name, s.sum = first, name, saltSum(salt)
	if err := l.fs.SyncDir(l.opts.Dir); err != nil {
		// The segment is there, but perhaps not for good: never a full disk.
		return fmt.Errorf("fsync of %s: %v", l.opts.Dir, errors.Join(err, s.file.Close()))
	}
	return nil
}

func (l *Log) count(group []*wlog.Proposal, sync time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range group {
		l.stats.Bytes += uint64(len(p.Data))
	}
	l.stats.Appends += uint64(len(group))
	l.stats.Syncs++
	l.stats.SyncNanos += uint64(sync)
	l.stats.LastIndex = l.durable
}

// markIfIdle says behind the last record that it is durable, when no record is
// about to say so. The mark is not synced and its failure harms nobody; the
// next record takes its place.
func (l *Log) markIfIdle() {
	l.mu.Lock()
	idle := len(l.queue) == 0
	l.mu.Unlock()
	if idle {
		l.mark()
	}
}

func (l *Log) mark() error {
	if l.active.size-l.active.end < recordHeader {
		return nil
	}
	l.buf = appendMark(l.buf[:0], l.active.sum, l.durable)
	_, err := l.active.file.WriteAt(l.buf, l.active.end)
	return err
}

// seal ends the work of the syncer: with a durable mark, so that damage to any of its records
// can be told from a torn tail.
func (l *Log) seal(fault error) {
	if s := l.takeNext(); s != nil {
		_ = l.drop(s) // opening the log removes it too
	}
	if fault == nil && l.mark() == nil {
		_ = l.active.file.Sync() // the records are durable without the mark
	}
}

// applier applies what is durable and answers, until the syncer has ended.
func (l *Log) applier() {
	defer close(l.done)
	var fault error
	for group := range l.groups {
		if fault == nil {
			if err := wlog.ApplyGroup(l.machine, group); err != nil {
				fault = l.fail(err)
			}
		}
		wlog.Answer(group, fault)
	}
}
