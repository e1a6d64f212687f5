package arrange

import (
	"bytes"
	"math"

	"github.com/weirdb/weir/zset"
)

const maxInt = math.MaxInt64

// lowerInt returns the first position of ascending a that is not below x.
// Keys are often dense or drawn evenly, so it guesses the place by its share
// of the span and gallops from there: on cold memory two or three misses in
// place of ten. When the guess is bad it is still O(log n).
func lowerInt(a []int64, x int64) int {
	n := len(a)
	if n == 0 || x <= a[0] {
		return 0
	}
	if x > a[n-1] {
		return n
	}
	lo, hi := 0, n-1 // a[lo] < x <= a[hi]
	if n > 32 {
		lo, hi = gallop(a, x, guess(n, a[lo], a[hi], x))
	}
	for hi-lo > 1 {
		m := int(uint(lo+hi) >> 1)
		if a[m] < x {
			lo = m
		} else {
			hi = m
		}
	}
	return hi
}

// guess returns about where x lies among n evenly drawn integers from first
// to last, which it is between.
func guess(n int, first, last, x int64) int {
	span := float64(uint64(last) - uint64(first))
	if span == 0 {
		return 0
	}
	g := int(float64(uint64(x)-uint64(first)) / span * float64(n-1))
	return min(max(g, 0), n-1)
}

// gallop returns lo, hi with a[lo] < x <= a[hi], looking from position g
// outwards. It is given that a[0] < x <= a[len(a)-1].
func gallop(a []int64, x int64, g int) (lo, hi int) {
	step := 8
	if a[g] < x {
		lo, hi = g, g+step
		for hi < len(a)-1 && a[hi] < x {
			lo = hi
			step *= 4
			hi += step
		}
		return lo, min(hi, len(a)-1)
	}
	lo, hi = g-step, g
	for lo > 0 && a[lo] >= x {
		hi = lo
		step *= 4
		lo -= step
	}
	return max(lo, 0), hi
}

// lower returns the first position of ascending keys that is not below key.
func lower(keys *zset.Keys, key zset.Key) int {
	if key.IsInt {
		return lowerInt(keys.Int, key.Int)
	}
	return lowerBytes(keys, key.Bytes, 0, len(keys.Off)-1)
}

// lowerBytes returns the first position between lo and hi whose key is not
// below key, hi when there is none.
func lowerBytes(keys *zset.Keys, key []byte, lo, hi int) int {
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if bytesBelow(keys.Data[keys.Off[m]:keys.Off[m+1]], key) {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo
}

// upper returns the first position of ascending keys that is above key and
// does not begin with it.
func upper(keys *zset.Keys, key zset.Key) int {
	if key.IsInt {
		if key.Int == maxInt {
			return len(keys.Int)
		}
		return lowerInt(keys.Int, key.Int+1)
	}
	lo, hi := 0, len(keys.Off)-1
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if beyond(keys.Data[keys.Off[m]:keys.Off[m+1]], key.Bytes) {
			hi = m
		} else {
			lo = m + 1
		}
	}
	return lo
}

// beyond tells whether k is above bound and does not begin with it.
func beyond(k, bound []byte) bool {
	return bytes.Compare(k[:min(len(k), len(bound))], bound) > 0
}

// bytesBelow tells whether k is below bound.
func bytesBelow(k, bound []byte) bool { return bytes.Compare(k, bound) < 0 }

// edge returns the first position of ascending keys that is not below key, or,
// with after, upper's.
func edge(keys *zset.Keys, key zset.Key, after bool) int {
	if after {
		return upper(keys, key)
	}
	return lower(keys, key)
}

// matches tells whether key i of keys begins with key.
func matches(keys *zset.Keys, i int, key zset.Key) bool {
	if key.IsInt {
		return keys.Int[i] == key.Int
	}
	return bytes.HasPrefix(keys.Data[keys.Off[i]:keys.Off[i+1]], key.Bytes)
}

// keyAt returns key i without the calls that zset.Keys.At may cost.
func keyAt(keys *zset.Keys, i int) zset.Key {
	if keys.Off == nil {
		return zset.Key{IsInt: true, Int: keys.Int[i]}
	}
	return zset.Key{Bytes: keys.Data[keys.Off[i]:keys.Off[i+1]]}
}
