package disk

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/weirdb/weir/wlog"
)

// keep is a machine that keeps the data of its entries.
type keep struct {
	count
	data []string
}

func (m *keep) Apply(entries []wlog.Entry) ([]any, error) {
	for _, e := range entries {
		m.data = append(m.data, string(e.Data))
	}
	return m.count.Apply(entries)
}

func (m *keep) want(t *testing.T, data ...string) {
	t.Helper()
	if len(m.data) != len(data) {
		t.Fatalf("applied %q, want %q", m.data, data)
	}
	for i := range data {
		if m.data[i] != data[i] {
			t.Fatalf("applied %q, want %q", m.data, data)
		}
	}
}

func mustPropose(t *testing.T, l *Log, data string) {
	t.Helper()
	if _, _, err := l.Propose(context.Background(), []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func mustOpen(t *testing.T, o Options, m wlog.Driven) *Log {
	t.Helper()
	l, err := Open(o, m)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLostRecordNeverReturns: of two records written together a crash left the
// second. Once another record takes the place of the first, the second must
// not stand behind it.
func TestLostRecordNeverReturns(t *testing.T) {
	o := Options{Dir: t.TempDir(), SegmentBytes: minSegmentBytes}
	l := mustOpen(t, o, &keep{})
	mustPropose(t, l, "one")
	sum, end := l.active.sum, l.active.end
	l.Close()
	f, err := os.OpenFile(filepath.Join(o.Dir, segmentName(1)), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	two := appendRecord(nil, sum, 2, 1, []byte("two"))
	clear(two)
	if _, err := f.WriteAt(appendRecord(two, sum, 3, 1, []byte("three")), end); err != nil {
		t.Fatal(err)
	}
	f.Close()

	m := &keep{}
	l = mustOpen(t, o, m)
	mustPropose(t, l, "TWO")
	m.want(t, "one", "TWO")
	l.Close()
	m = &keep{}
	mustOpen(t, o, m).Close()
	m.want(t, "one", "TWO")
}

// fullFS has files that take only so many bytes in one write.
type fullFS struct {
	osFS
	most *int
}

type fullFile struct {
	File
	most *int
}

func (fs fullFS) Open(name string, create bool) (File, error) {
	f, err := fs.osFS.Open(name, create)
	return fullFile{f, fs.most}, err
}

func (f fullFile) WriteAt(p []byte, off int64) (int, error) {
	if *f.most >= len(p) {
		return f.File.WriteAt(p, off)
	}
	n, _ := f.File.WriteAt(p[:*f.most], off)
	return n, syscall.ENOSPC
}

// TestRefusedRecordNeverReturns: a group of records was refused because the
// disk was full, after some were written. They must not stand behind a record
// that takes the place of the first.
func TestRefusedRecordNeverReturns(t *testing.T) {
	most := 1 << 20
	o := Options{Dir: t.TempDir(), FS: fullFS{most: &most}, SegmentBytes: minSegmentBytes}
	m := &keep{}
	l := &Log{opts: o, fs: o.FS, machine: m, salt: randomSalt}
	if err := l.load(); err != nil {
		t.Fatal(err)
	}
	group := []*wlog.Proposal{{Data: []byte("one")}, {Data: []byte("two")}, {Data: []byte("three")}}
	most = 2*recordSize(3) + 1
	if _, err := l.write(group); !errors.Is(err, wlog.ErrFull) {
		t.Fatalf("error %v", err)
	}
	most = 1 << 20
	if n, err := l.write([]*wlog.Proposal{{Data: []byte("ONE")}}); n != 1 || err != nil {
		t.Fatalf("wrote %d, error %v", n, err)
	}
	if err := l.release(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, o, m).Close()
	m.want(t, "ONE")
}
