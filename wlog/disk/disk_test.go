package disk_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/weirdb/weir/wlog"
	"github.com/weirdb/weir/wlog/disk"
	"github.com/weirdb/weir/wlog/wlogtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	t.Run("os", func(t *testing.T) {
		wlogtest.Run(t, func(t *testing.T, m wlog.Driven) (wlog.Log, error) {
			return disk.Open(disk.Options{Dir: t.TempDir(), SegmentBytes: 64 << 10}, m)
		})
	})
	t.Run("memory", func(t *testing.T) {
		wlogtest.Run(t, func(t *testing.T, m wlog.Driven) (wlog.Log, error) {
			return disk.Open(disk.Options{Dir: "/d", FS: wlogtest.NewDisk(), SegmentBytes: 4 << 10}, m)
		})
	})
}

const segment1 = "/d/00000000000000000001.seg"

func options(d *wlogtest.Disk) disk.Options {
	return disk.Options{Dir: "/d", FS: d, SegmentBytes: 4 << 10}
}

func open(t *testing.T, d *wlogtest.Disk, m wlog.Driven) *disk.Log {
	t.Helper()
	l, err := disk.Open(options(d), m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func propose(t *testing.T, l wlog.Log, data string) {
	t.Helper()
	if _, result, err := l.Propose(context.Background(), []byte(data)); err != nil || result != data {
		t.Fatalf("Propose: %v, %v", result, err)
	}
}

func closeLog(t *testing.T, l wlog.Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// show renders what was applied: "1:a 2:b".
func show(m *wlogtest.Machine) string {
	var parts []string
	for _, e := range m.Entries() {
		parts = append(parts, fmt.Sprintf("%d:%s", e.Index, e.Data))
	}
	return strings.Join(parts, " ")
}

func TestReopenAppliesEverything(t *testing.T) {
	d := wlogtest.NewDisk()
	for round, want := range []string{"", "1:a0 2:b0", "1:a0 2:b0 3:a1 4:b1"} {
		m := &wlogtest.Machine{}
		l := open(t, d, m)
		if got := show(m); got != want {
			t.Fatalf("round %d: applied %q, want %q", round, got, want)
		}
		propose(t, l, fmt.Sprintf("a%d", round))
		propose(t, l, fmt.Sprintf("b%d", round))
		closeLog(t, l)
	}
	m := &wlogtest.Machine{Held: 4}
	l := open(t, d, m)
	if got := show(m); got != "5:a2 6:b2" || l.Stats().LastIndex != 6 {
		t.Fatalf("behind index 4: applied %q, stats %+v", got, l.Stats())
	}
}

func TestReplayGoesInPortions(t *testing.T) {
	d := wlogtest.NewDisk()
	l, err := disk.Open(disk.Options{Dir: "/d", FS: d, SegmentBytes: 1 << 20}, &wlogtest.Machine{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 200 {
				l.Propose(context.Background(), []byte("entry"))
			}
		})
	}
	wg.Wait()
	closeLog(t, l)
	m := &wlogtest.Machine{}
	open(t, d, m)
	if n := len(m.Entries()); n != 10_000 || m.Batches() < 3 || m.Batches() > 10 {
		t.Errorf("%d entries in %d calls of Apply", n, m.Batches())
	}
}

// TestCrashes is law 3: whatever is acknowledged comes back, and what is gone
// stays gone, through several crashes of one history.
func TestCrashes(t *testing.T) {
	for seed := range int64(200) {
		c := crashes{rng: rand.New(rand.NewSource(seed)), disk: wlogtest.NewDisk(), unknown: map[string]bool{}, gone: map[string]bool{}}
		for round := range 5 {
			if err := c.round(round); err != nil {
				t.Fatalf("seed %d, round %d: %v", seed, round, err)
			}
		}
	}
}

type crashes struct {
	rng     *rand.Rand
	disk    *wlogtest.Disk
	mu      sync.Mutex
	history []string        // what was applied, in order; entry i has index i+1
	acked   int             // acknowledged length of history
	unknown map[string]bool // proposals of the last round without an answer
	gone    map[string]bool // proposals that were not there at some opening
}

func (c *crashes) round(round int) error {
	m := &wlogtest.Machine{}
	o := options(c.disk)
	c.disk.DieAfter(5 + c.rng.Intn(60))
	l, err := disk.Open(o, m)
	if err != nil && strings.Contains(err.Error(), wlogtest.ErrDied.Error()) {
		c.disk = c.image()
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.check(m); err != nil {
		return err
	}
	var wg sync.WaitGroup
	for w := range 1 + c.rng.Intn(4) {
		sizes := rand.New(rand.NewSource(c.rng.Int63()))
		wg.Go(func() {
			for i := range 30 {
				data := fmt.Sprintf("r%dw%di%d.%s", round, w, i, strings.Repeat("x", sizes.Intn(1500)))
				if index, _, err := l.Propose(context.Background(), []byte(data)); err == nil {
					c.answered(int(index))
				} else if !errors.Is(err, wlog.ErrClosed) {
					c.unanswered(data)
				}
			}
		})
	}
	wg.Wait()
	l.Close()
	c.history = c.history[:0]
	for _, e := range m.Entries() {
		c.history = append(c.history, string(e.Data))
	}
	c.disk = c.image()
	return m.Err()
}

func (c *crashes) answered(index int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acked = max(c.acked, index)
}

func (c *crashes) unanswered(data string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unknown[data] = true
}

func (c *crashes) image() *wlogtest.Disk {
	switch c.rng.Intn(4) {
	case 0:
		return c.disk.Killed()
	case 1:
		return c.disk.Restarted()
	}
	return c.disk.Crashed(c.rng)
}

// check compares what came back with what was acknowledged.
func (c *crashes) check(m *wlogtest.Machine) error {
	if err := m.Err(); err != nil {
		return err
	}
	entries := m.Entries()
	if len(entries) < c.acked {
		return fmt.Errorf("%d entries came back, %d were acknowledged", len(entries), c.acked)
	}
	for i, e := range entries {
		data := string(e.Data)
		known := i < len(c.history) && c.history[i] == data
		switch {
		case c.gone[data]:
			return fmt.Errorf("entry %d %.20q was gone and is back", e.Index, data)
		case i < c.acked && !known:
			return fmt.Errorf("entry %d is %.20q, acknowledged was %.20q", e.Index, data, c.history[i])
		case !known && !c.unknown[data]:
			return fmt.Errorf("entry %d %.20q was never proposed", e.Index, data)
		}
		delete(c.unknown, data)
	}
	for data := range c.unknown {
		c.gone[data] = true
	}
	c.unknown = map[string]bool{}
	c.acked = len(entries)
	return nil
}

// TestTornTailIsCut cuts the last record at every byte: it was not durable, so
// the log opens without it and goes on.
func TestTornTailIsCut(t *testing.T) {
	d := wlogtest.NewDisk()
	l := open(t, d, &wlogtest.Machine{})
	propose(t, l, "first")
	propose(t, l, "second")
	closeLog(t, l)
	const second, end = 64 + 32, 64 + 32 + 32
	for at := second; at < end; at++ {
		torn := d.Killed()
		clear(torn.Bytes(segment1)[at:])
		m := &wlogtest.Machine{}
		l := open(t, torn, m)
		want := "1:first"
		if at >= second+24+len("second") { // only padding is missing
			want = "1:first 2:second"
		}
		if got := show(m); got != want {
			t.Fatalf("cut at byte %d: applied %q, want %q", at, got, want)
		}
		propose(t, l, "third")
		closeLog(t, l)
		m = &wlogtest.Machine{}
		closeLog(t, open(t, torn, m))
		if got := show(m); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, ":third") {
			t.Fatalf("cut at byte %d: then %q", at, got)
		}
	}
}

// TestDamageIsRefused flips every byte of a log that was closed: either it is
// refused, or every entry is there.
func TestDamageIsRefused(t *testing.T) {
	d := wlogtest.NewDisk()
	l := open(t, d, &wlogtest.Machine{})
	for _, data := range []string{"one", "two is longer", "three"} {
		propose(t, l, data)
	}
	closeLog(t, l)
	const want = "1:one 2:two is longer 3:three"
	const records, marks, end = 64, 64 + 32 + 40 + 32, 64 + 32 + 40 + 32 + 24
	for at := range 4 << 10 {
		bad := d.Killed()
		bad.Bytes(segment1)[at] ^= 1 << (at % 8)
		m := &wlogtest.Machine{}
		l, err := disk.Open(options(bad), m)
		if err == nil {
			closeLog(t, l)
		}
		var damage *disk.DamageError
		switch refused := errors.As(err, &damage); {
		case err != nil && !refused:
			t.Fatalf("byte %d: %v", at, err)
		case refused && (damage.File != segment1 || damage.Offset > int64(at) || at >= end):
			t.Fatalf("byte %d: %v", at, err)
		case !refused && show(m) != want:
			t.Fatalf("byte %d: applied %q", at, show(m))
		case !refused && at < marks && at >= records && !padding(at):
			t.Fatalf("byte %d: the damage was not seen", at)
		}
	}
}

// padding tells whether byte at of TestDamageIsRefused is between records.
func padding(at int) bool {
	at -= 64
	return at >= 24+3 && at < 32 || at >= 32+24+13 && at < 32+40 || at >= 32+40+24+5
}

func TestDamageNamesFileRecordAndByte(t *testing.T) {
	d := wlogtest.NewDisk()
	l := open(t, d, &wlogtest.Machine{})
	propose(t, l, strings.Repeat("a", 3000))
	propose(t, l, strings.Repeat("b", 3000)) // in a segment of its own
	propose(t, l, "c")
	closeLog(t, l)
	for _, test := range []struct {
		name string
		harm func(d *wlogtest.Disk)
		want string
	}{
		{"record before the end", func(d *wlogtest.Disk) { d.Bytes("/d/00000000000000000002.seg")[100]++ },
			"log file /d/00000000000000000002.seg is damaged at record 2, byte 64: it cannot be read, " +
				"but what stands at byte 3088 says that it was durable"},
		{"last record of a full segment", func(d *wlogtest.Disk) { clear(d.Bytes(segment1)[64:]) },
			"log file /d/00000000000000000001.seg is damaged at record 1, byte 64: it cannot be read, " +
				"but the next segment 00000000000000000002.seg says that it was durable"},
		{"header", func(d *wlogtest.Disk) { d.Bytes(segment1)[20]++ },
			"log file /d/00000000000000000001.seg is damaged at record 1, byte 0: the checksum of its header is wrong"},
		{"first segment missing", func(d *wlogtest.Disk) { d.Remove(segment1) },
			"log file /d/00000000000000000001.seg is damaged at record 1, byte 0: the log begins at record 2, and the state holds only 0"},
		{"format file missing", func(d *wlogtest.Disk) { d.Remove("/d/FORMAT") },
			"/d is no Weir directory: it has no file FORMAT but holds 00000000000000000002.seg; choose an empty one"},
		{"format file and all but the first segment missing", func(d *wlogtest.Disk) {
			d.Remove("/d/FORMAT")
			d.Remove("/d/00000000000000000002.seg")
		}, "open log /d: its file FORMAT is missing"},
		{"all segments missing", func(d *wlogtest.Disk) {
			d.Remove(segment1)
			d.Remove("/d/00000000000000000002.seg")
		}, "log file /d/00000000000000000001.seg is damaged at record 1, byte 0: the log has no segments"},
		{"newer format", func(d *wlogtest.Disk) { d.Bytes("/d/FORMAT")[9] = '2' },
			`open log /d: its FORMAT says "weir log 2\n", this version of Weir reads "weir log 1\n"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			bad := d.Killed()
			test.harm(bad)
			_, err := disk.Open(options(bad), &wlogtest.Machine{})
			if err == nil || err.Error() != test.want {
				t.Fatalf("error %v\nwant  %s", err, test.want)
			}
		})
	}
	t.Run("state is ahead", func(t *testing.T) {
		_, err := disk.Open(options(d.Killed()), &wlogtest.Machine{Held: 9})
		want := "is damaged at record 4, byte 3120: the log ends here, but the state holds records up to 9"
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("error %v", err)
		}
	})
}

func TestFullDisk(t *testing.T) {
	for _, sparse := range []bool{false, true} {
		t.Run(fmt.Sprintf("sparse=%v", sparse), func(t *testing.T) {
			d := wlogtest.NewDisk()
			m := &wlogtest.Machine{}
			l := open(t, d, m)
			propose(t, l, "before")
			d.SetRoom(d.Used()+1000, sparse)
			big := strings.Repeat("x", 5000)
			for range 2 {
				_, _, err := l.Propose(context.Background(), []byte(big))
				if !errors.Is(err, wlog.ErrFull) || !errors.Is(err, syscall.ENOSPC) {
					t.Fatalf("error %v", err)
				}
			}
			propose(t, l, "small")
			d.SetRoom(-1, sparse)
			propose(t, l, big)
			want := "1:before 2:small 3:" + big
			if got := show(m); got != want {
				t.Fatalf("applied %.60q", got)
			}
			again := &wlogtest.Machine{}
			open(t, d.Crashed(rand.New(rand.NewSource(1))), again)
			if got := show(again); got != want {
				t.Fatalf("after a restart: %.60q", got)
			}
		})
	}
}

func TestFailedFsyncIsFinal(t *testing.T) {
	d := wlogtest.NewDisk()
	m := &wlogtest.Machine{}
	l := open(t, d, m)
	propose(t, l, "a")
	d.FailSync(syscall.EIO)
	_, _, err := l.Propose(context.Background(), []byte("b"))
	if !errors.Is(err, wlog.ErrFailed) || !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "fsync of "+segment1) {
		t.Fatalf("error %v", err)
	}
	d.FailSync(nil)
	if _, _, err := l.Propose(context.Background(), []byte("c")); !errors.Is(err, wlog.ErrFailed) {
		t.Fatalf("after the disk healed: error %v", err)
	}
	if got := show(m); got != "1:a" {
		t.Fatalf("applied %q", got)
	}
	closeLog(t, l)
	m = &wlogtest.Machine{}
	propose(t, open(t, d.Killed(), m), "d")
	if got := show(m); got != "1:a 2:b 3:d" {
		t.Fatalf("after a restart: %q", got)
	}
}

func TestCutRemovesWholeSegments(t *testing.T) {
	d := wlogtest.NewDisk()
	l := open(t, d, &wlogtest.Machine{})
	for i := range 10 {
		propose(t, l, fmt.Sprintf("%d%s", i+1, strings.Repeat("x", 1500))) // two a segment
	}
	for _, test := range []struct {
		upTo uint64
		want string
	}{
		{0, "1 3 5 7 9"}, {1, "1 3 5 7 9"}, {2, "3 5 7 9"}, {5, "5 7 9"}, {6, "7 9"}, {10, "9"}, {99, "9"},
	} {
		if err := l.Cut(test.upTo); err != nil {
			t.Fatal(err)
		}
		names, _ := d.ReadDir("/d")
		var firsts []string
		for _, name := range names {
			if s, ok := strings.CutSuffix(name, ".seg"); ok {
				firsts = append(firsts, strings.TrimLeft(s, "0"))
			}
		}
		if got := strings.Join(firsts, " "); got != test.want {
			t.Fatalf("Cut(%d) leaves %s, want %s", test.upTo, got, test.want)
		}
	}
	propose(t, l, "more")
	closeLog(t, l)
	if _, err := disk.Open(options(d), &wlogtest.Machine{Held: 7}); err == nil {
		t.Fatal("a state that lacks record 8 was taken")
	}
	m := &wlogtest.Machine{Held: 8}
	open(t, d, m)
	if got := show(m); !strings.HasPrefix(got, "9:9x") || !strings.HasSuffix(got, "11:more") {
		t.Fatalf("applied %.60q", got)
	}
}

func TestSecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	l, err := disk.Open(disk.Options{Dir: dir}, &wlogtest.Machine{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = disk.Open(disk.Options{Dir: dir}, &wlogtest.Machine{})
	if want := fmt.Sprintf("open log: %s is in use by process %d", dir, os.Getpid()); err == nil || err.Error() != want {
		t.Fatalf("error %v, want %s", err, want)
	}
	closeLog(t, l)
	l, err = disk.Open(disk.Options{Dir: dir}, &wlogtest.Machine{})
	if err != nil {
		t.Fatal(err)
	}
	closeLog(t, l)
}

func TestForeignDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "letter.txt"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := disk.Open(disk.Options{Dir: dir}, &wlogtest.Machine{})
	if err == nil || !strings.Contains(err.Error(), "is no Weir directory") || !strings.Contains(err.Error(), "letter.txt") {
		t.Fatalf("error %v", err)
	}
	if _, err := disk.Open(disk.Options{Dir: filepath.Join(dir, "letter.txt")}, &wlogtest.Machine{}); err == nil {
		t.Fatal("a file was taken for a directory")
	}
}

func TestOptionsNameEveryFault(t *testing.T) {
	err := disk.Options{SegmentBytes: 7}.Validate()
	if err == nil || err.Error() != "disk log: Dir is empty\ndisk log: SegmentBytes is 7, the least is 4096" {
		t.Fatalf("error %v", err)
	}
}
