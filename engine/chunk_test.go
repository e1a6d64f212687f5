package engine

import (
	"testing"
	"time"
)

// TestNextChunk: the steps of a backfill find the length that leaves room for
// others, or fills the machine when there are none.
func TestNextChunk(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		chunk uint64
		took  time.Duration
		alone bool
		want  uint64
	}{
		{4096, 5 * ms, false, 4096},
		{4096, 20 * ms, false, 1024},
		{100_000, 50 * ms, false, 10_000},
		{100_000, 50 * ms, true, 50_000},
		{4096, 1 * ms, true, 8192}, // it may have been the cheap ones
		{4096, 0, false, 8192},
		{1024, time.Second, false, 1024},
		{1 << 18, ms, true, 1 << 18},
	} {
		if got := nextChunk(test.chunk, test.took, test.alone); got != test.want {
			t.Errorf("after %d rows in %v (alone %v) come %d, want %d", test.chunk, test.took, test.alone, got, test.want)
		}
	}
}
