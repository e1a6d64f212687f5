package disk

import (
	"bytes"
	"context"
	"encoding/hex"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/weirdb/weir/wlog"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew")

// TestSegmentFormat compares a segment with the bytes that version 1 of the
// format has, and reads those bytes back.
func TestSegmentFormat(t *testing.T) {
	dir := t.TempDir()
	const golden = "testdata/segment_v1.hex"
	l, err := Open(Options{Dir: dir, SegmentBytes: minSegmentBytes}, &count{})
	if err != nil {
		t.Fatal(err)
	}
	l.salt = func() uint64 { return 0x0123456789abcdef }
	big := bytes.Repeat([]byte{0}, minSegmentBytes-segmentHeader-recordHeader)
	for _, data := range []string{string(big), "", "weir", "12345678"} {
		if _, _, err := l.Propose(context.Background(), []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, segmentName(2))
	segment, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	got := hex.Dump(bytes.TrimRight(segment, "\x00"))
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("segment is\n%swant\n%s", got, want)
	}
	m := &count{}
	again, err := Open(Options{Dir: dir}, m)
	if err != nil {
		t.Fatal(err)
	}
	if again.Close(); m.index != 4 {
		t.Errorf("read back up to record %d", m.index)
	}
}

// TestParseRecordTakesNoGarbage reads records from every offset and length of
// a buffer that holds two.
func TestParseRecordTakesNoGarbage(t *testing.T) {
	sum := saltSum(7)
	buf := appendRecord(nil, sum, 5, 3, []byte("abc"))
	buf = appendMark(buf, sum, 5)
	starts := map[int]int{0: 32, 32: 24}
	for from := range buf {
		for to := from; to <= len(buf); to++ {
			_, ok := parseRecord(buf[from:to], sum)
			if want := starts[from] > 0 && to-from >= starts[from]; ok != want {
				t.Fatalf("bytes %d to %d: record is %v", from, to, ok)
			}
		}
	}
	if _, ok := parseRecord(buf, saltSum(8)); ok {
		t.Error("a record of another segment was taken")
	}
}

var _ wlog.Log = (*Log)(nil)
