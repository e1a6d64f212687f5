package bench

import (
	"math/bits"
	"time"
)

// latencies counts durations in buckets of 1/32 of their power of two: a
// percentile is off by at most 3 %.
type latencies struct {
	counts [64 * 32]int64
	n      int64
}

func (l *latencies) add(d time.Duration) {
	l.counts[bucketOf(max(1, d))]++
	l.n++
}

func bucketOf(d time.Duration) int {
	power := bits.Len64(uint64(d)) - 1
	if power < 5 {
		return int(d)
	}
	return (power-4)<<5 | int(uint64(d)>>(power-5)&31)
}

// floorOf is the least duration of a bucket.
func floorOf(bucket int) time.Duration {
	if bucket < 32 {
		return time.Duration(bucket)
	}
	power := bucket>>5 + 4
	return time.Duration(1)<<power | time.Duration(bucket&31)<<(power-5)
}

func (l *latencies) merge(o *latencies) {
	for i, n := range o.counts {
		l.counts[i] += n
	}
	l.n += o.n
}

// micros returns the duration below which the share p lies, in microseconds.
func (l *latencies) micros(p float64) float64 {
	left := int64(p * float64(l.n))
	for i, n := range l.counts {
		if left -= n; left < 0 {
			return float64(floorOf(i).Nanoseconds()) / 1000
		}
	}
	return 0
}
