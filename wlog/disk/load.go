package disk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weirdb/weir/wlog"
)

// DamageError says that the log cannot be read although it was durable. The
// directory is left as it is.
type DamageError struct {
	File   string
	Record uint64 // index of the first record that is lost
	Offset int64  // byte of the file where it should be
	Reason string
}

// Error names the file, the record and the byte.
func (e *DamageError) Error() string {
	return fmt.Sprintf("log file %s is damaged at record %d, byte %d: %s", e.File, e.Record, e.Offset, e.Reason)
}

// Entries are handed to the machine in portions of about this size.
const (
	replayEntries = 4096
	replayBytes   = 4 << 20
)

// load takes the lock, makes the log where there is none, and applies what is
// in it to the machine.
func (l *Log) load() error {
	names, err := l.fs.ReadDir(l.opts.Dir)
	if err != nil {
		return fmt.Errorf("open log directory %s: %w", l.opts.Dir, err)
	}
	if l.lock, err = l.fs.Lock(l.path(lockName)); err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	fresh, err := l.checkFormat(names)
	if err != nil {
		return err
	}
	if fresh {
		if err := l.create(); err != nil {
			return fmt.Errorf("make a log in %s: %w", l.opts.Dir, err)
		}
	} else if err := l.openSegments(names); err != nil {
		return err
	}
	return l.replay()
}

// checkFormat tells whether the directory is new, and refuses one that holds
// something else.
func (l *Log) checkFormat(names []string) (fresh bool, err error) {
	if slices.Contains(names, formatName) {
		text, err := l.readFile(l.path(formatName))
		if err == nil && string(text) != formatText {
			err = fmt.Errorf("its %s says %q, this version of Weir reads %q", formatName, text, formatText)
		}
		if err != nil {
			return false, fmt.Errorf("open log %s: %w", l.opts.Dir, err)
		}
		return false, nil
	}
	first := segmentName(1)
	for _, name := range names {
		// What a crash while the log was made leaves behind is ours.
		if name != lockName && name != first && !strings.HasSuffix(name, tempSuffix) {
			return false, fmt.Errorf("%s is no Weir directory: it has no file %s but holds %s; choose an empty one",
				l.opts.Dir, formatName, name)
		}
	}
	if slices.Contains(names, first) {
		return true, l.checkUnused(first)
	}
	return true, nil
}

// checkUnused refuses a first segment without a format file when there are
// records in it: someone has removed the format file.
func (l *Log) checkUnused(name string) error {
	f, err := l.fs.Open(l.path(name), false)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	s := &segment{first: 1, name: l.path(name), file: f}
	buf, err := l.readSegment(s, nil)
	if err == nil {
		if _, used := parseRecord(buf[segmentHeader:], s.sum); used {
			err = fmt.Errorf("open log %s: its file %s is missing", l.opts.Dir, formatName)
		}
	}
	return errors.Join(err, f.Close())
}

// create makes the first segment, then the format file that says it is there.
func (l *Log) create() error {
	s, err := l.makeSegment(min(l.opts.SegmentBytes, firstSegmentBytes))
	if err == nil {
		err = l.nameSegment(s, 1)
	}
	if err != nil {
		return err
	}
	l.segments = []*segment{s}
	temp := l.path(formatName + tempSuffix)
	f, err := l.fs.Open(temp, true)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte(formatText), 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = l.fs.Rename(temp, l.path(formatName))
	}
	if err == nil {
		err = l.fs.SyncDir(l.opts.Dir)
	}
	return err
}

// openSegments opens the segments in order, headers unread, and removes
// segments that were never finished.
func (l *Log) openSegments(names []string) error {
	slices.Sort(names)
	for _, name := range names {
		if strings.HasSuffix(name, segmentSuffix+tempSuffix) {
			if err := l.fs.Remove(l.path(name)); err != nil {
				return err
			}
		}
		first, ok := segmentFirst(name)
		if !ok {
			continue
		}
		f, err := l.fs.Open(l.path(name), false)
		if err != nil {
			return fmt.Errorf("open log: %w", err)
		}
		l.segments = append(l.segments, &segment{first: first, name: l.path(name), file: f, end: segmentHeader})
	}
	if len(l.segments) == 0 {
		return &DamageError{File: l.path(segmentName(1)), Record: 1, Reason: "the log has no segments"}
	}
	// A process that was killed may have named a segment, but not for good.
	if err := l.fs.SyncDir(l.opts.Dir); err != nil {
		return fmt.Errorf("fsync of %s: %w", l.opts.Dir, err)
	}
	return nil
}

// replay opens the machine and applies what it does not hold, checking every
// record of the log; then the log is ready to append.
func (l *Log) replay() error {
	held, err := l.machine.Open()
	if err != nil {
		return fmt.Errorf("open the state machine: %w", err)
	}
	if first := l.segments[0].first; held < first-1 {
		return &DamageError{File: l.path(segmentName(held + 1)), Record: held + 1,
			Reason: fmt.Sprintf("the log begins at record %d, and the state holds only %d", first, held)}
	}
	l.durable = l.segments[0].first - 1
	var buf []byte
	for i, s := range l.segments {
		if buf, err = l.readSegment(s, buf); err != nil {
			return err
		}
		r := replayer{machine: l.machine, held: held}
		if err := l.replaySegment(i, buf, &r); err != nil {
			return err
		}
	}
	l.active = l.segments[len(l.segments)-1]
	if held > l.durable {
		return &DamageError{File: l.active.name, Record: l.durable + 1, Offset: l.active.end,
			Reason: fmt.Sprintf("the log ends here, but the state holds records up to %d", held)}
	}
	l.stats.LastIndex = l.durable
	return nil
}

// readSegment reads a segment into buf and checks its header.
func (l *Log) readSegment(s *segment, buf []byte) ([]byte, error) {
	size, err := s.file.Size()
	if err != nil {
		return nil, fmt.Errorf("read log: %w", err)
	}
	s.size = size
	buf = slices.Grow(buf[:0], int(size))[:size]
	if _, err := s.file.ReadAt(buf, 0); err != nil && !(errors.Is(err, io.EOF) && size == 0) {
		return nil, fmt.Errorf("read log %s: %w", s.name, err)
	}
	salt, err := parseSegmentHeader(buf, s.first)
	if err != nil {
		return nil, &DamageError{File: s.name, Record: s.first, Reason: err.Error()}
	}
	s.sum = saltSum(salt)
	return buf, nil
}

// replaySegment applies the records of segment i, which buf holds. Behind the
// last it must find the next segment or the end of the log.
func (l *Log) replaySegment(i int, buf []byte, r *replayer) error {
	s := l.segments[i]
	last := i == len(l.segments)-1
	if last {
		// What a process that was killed wrote may not be durable yet.
		if err := s.file.Sync(); err != nil {
			return fmt.Errorf("fsync of %s: %w", s.name, err)
		}
	}
	for {
		rec, ok := parseRecord(buf[s.end:], s.sum)
		if !ok || rec.mark || rec.index != l.durable+1 {
			break
		}
		if err := r.add(rec); err != nil {
			return err
		}
		s.end += int64(rec.size())
		l.durable++
	}
	if err := r.flush(); err != nil {
		return err
	}
	if !last {
		if next := l.segments[i+1]; next.first != l.durable+1 {
			return &DamageError{File: s.name, Record: l.durable + 1, Offset: s.end,
				Reason: fmt.Sprintf("it cannot be read, but the next segment %s says that it was durable", filepath.Base(next.name))}
		}
		return nil
	}
	if at := findClaim(buf[s.end:], s.sum, l.durable+1); at >= 0 {
		return &DamageError{File: s.name, Record: l.durable + 1, Offset: s.end,
			Reason: fmt.Sprintf("it cannot be read, but what stands at byte %d says that it was durable", s.end+int64(at))}
	}
	return l.cutTail(s, buf[s.end:])
}

// findClaim returns the place of a record or mark in buf that says that index
// was durable, or -1.
func findClaim(buf []byte, sum uint32, index uint64) int {
	most := index + uint64(len(buf)/recordHeader)
	for at := 0; at+recordHeader <= len(buf); at += 8 {
		if durable := binary.LittleEndian.Uint64(buf[at+16:]); durable < index || durable > most {
			continue
		}
		if rec, ok := parseRecord(buf[at:], sum); ok && rec.durable >= index {
			return at
		}
	}
	return -1
}

// cutTail wipes what a crash left behind the last record, so that it cannot
// appear later. A lone mark may stay.
func (l *Log) cutTail(s *segment, tail []byte) error {
	if rec, ok := parseRecord(tail, s.sum); ok && rec.mark {
		tail = tail[recordHeader:]
	}
	for _, b := range tail {
		if b != 0 {
			return wipe(s)
		}
	}
	return nil
}

func (l *Log) readFile(name string) ([]byte, error) {
	f, err := l.fs.Open(name, false)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	buf := make([]byte, min(size, 1<<10))
	if err == nil && size > 0 {
		_, err = f.ReadAt(buf, 0)
	}
	return buf, errors.Join(err, f.Close())
}

// replayer hands the machine what it does not hold, in portions.
type replayer struct {
	machine wlog.Driven
	held    uint64
	entries []wlog.Entry
	bytes   int
}

func (r *replayer) add(rec record) error {
	if rec.index <= r.held {
		return nil
	}
	r.entries = append(r.entries, wlog.Entry{Index: rec.index, Data: rec.data})
	if r.bytes += len(rec.data); len(r.entries) < replayEntries && r.bytes < replayBytes {
		return nil
	}
	return r.flush()
}

func (r *replayer) flush() error {
	if len(r.entries) == 0 {
		return nil
	}
	results, err := r.machine.Apply(r.entries)
	if err == nil && len(results) != len(r.entries) {
		err = fmt.Errorf("%d results for %d entries", len(results), len(r.entries))
	}
	if err != nil {
		return fmt.Errorf("apply entries %d to %d of the log: %w",
			r.entries[0].Index, r.entries[len(r.entries)-1].Index, err)
	}
	r.entries, r.bytes = r.entries[:0], 0
	return nil
}
