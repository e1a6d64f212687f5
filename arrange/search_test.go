package arrange

import (
	"math"
	"math/rand"
	"slices"
	"sort"
	"testing"

	"github.com/weirdb/weir/zset"
)

func TestLowerIntOnAllShapes(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	shapes := map[string]func(i, n int) int64{
		"dense":     func(i, n int) int64 { return int64(i) },
		"even":      func(i, n int) int64 { return int64(r.Uint64()) },
		"skewed":    func(i, n int) int64 { return int64(math.Exp(float64(r.Intn(43)))) },
		"few":       func(i, n int) int64 { return int64(r.Intn(3)) },
		"all equal": func(i, n int) int64 { return 5 },
		"edges":     func(i, n int) int64 { return []int64{math.MinInt64, math.MaxInt64, 0}[r.Intn(3)] },
	}
	for name, f := range shapes {
		for _, n := range []int{0, 1, 2, 33, 100, 4096} {
			a := make([]int64, n)
			for i := range a {
				a[i] = f(i, n)
			}
			slices.Sort(a)
			probes := []int64{math.MinInt64, math.MaxInt64, 0, -1, int64(n)}
			for range 200 {
				probes = append(probes, f(0, n), int64(r.Uint64()))
				if n > 0 {
					x := a[r.Intn(n)]
					probes = append(probes, x, x-1, x+1)
				}
			}
			for _, x := range probes {
				want := sort.Search(n, func(i int) bool { return a[i] >= x })
				if got := lowerInt(a, x); got != want {
					t.Fatalf("%s of %d: lowerInt(%d) = %d, want %d", name, n, x, got, want)
				}
			}
		}
	}
}

func TestEdgesAgreeWithRange(t *testing.T) {
	keys := zset.NewKeys(false, 0)
	for _, s := range []string{"", "a", "a", "ab", "abc", "b", "ba"} {
		keys.Append(zset.Key{Bytes: []byte(s)})
	}
	for _, s := range []string{"", "a", "aa", "ab", "abcd", "b", "c"} {
		k := zset.Key{Bytes: []byte(s)}
		for _, open := range []bool{false, true} {
			lo, _ := zset.Range{Lo: &k, LoOpen: open}.Locate(keys)
			_, hi := zset.Range{Hi: &k, HiOpen: open}.Locate(keys)
			if got := edge(keys, k, open); got != lo {
				t.Errorf("lower edge of %q (open %v) is %d, want %d", s, open, got, lo)
			}
			if got := edge(keys, k, !open); got != hi {
				t.Errorf("upper edge of %q (open %v) is %d, want %d", s, open, got, hi)
			}
		}
	}
}

func TestFilterHasNoFalseNegativesAndFewPositives(t *testing.T) {
	const n = 4096
	f := newFilter(n)
	for i := range n {
		f.add(zset.Key{IsInt: true, Int: int64(i)}.Hash())
	}
	wrong := 0
	for i := range 100 * n {
		has := f.has(zset.Key{IsInt: true, Int: int64(i)}.Hash())
		if i < n && !has {
			t.Fatalf("key %d was added and is not found", i)
		}
		if i >= n && has {
			wrong++
		}
	}
	if rate := float64(wrong) / (99 * n); rate > 0.02 {
		t.Errorf("%.2f %% of absent keys pass", 100*rate)
	}
	if newFilter(10) != nil || !filter(nil).has(7) {
		t.Error("a small block needs no filter, and none lets all pass")
	}
}

func TestFenceFindsWhatASearchFinds(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	text := func(n int) string {
		b := make([]byte, r.Intn(n))
		for i := range b {
			b[i] = "\x00ab"[r.Intn(3)]
		}
		return string(b)
	}
	for _, prefix := range []string{"", "p", "a long common prefix"} {
		for _, n := range []int{1, 33, 40, 500} {
			for _, step := range []int{1, 16} {
				all := make([]string, n)
				for i := range all {
					all[i] = prefix + text(14)
				}
				slices.Sort(all)
				keys := zset.NewKeys(false, n)
				for _, s := range all {
					keys.Append(zset.Key{Bytes: []byte(s)})
				}
				f := newFence(keys, step)
				probes := slices.Concat(all, []string{"", "\x00", "a", "pa", "zzz", prefix, prefix + "\xff"})
				for range 100 {
					probes = append(probes, prefix+text(16), text(4))
				}
				for _, s := range probes {
					k := zset.Key{Bytes: []byte(s)}
					if got, want := f.lower(keys, k), lower(keys, k); got != want {
						t.Fatalf("%d keys, step %d: lower(%q) = %d, want %d", n, step, s, got, want)
					}
				}
			}
		}
	}
}
