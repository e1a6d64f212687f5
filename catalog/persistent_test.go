package catalog

import (
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"testing"
)

// TestPersistent holds versions of a persistent table against plain maps: no
// version changes when the next is made, and missing is their difference.
func TestPersistent(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewSource(seed))
	model := map[relName]int{}
	type version struct {
		t persistent[relName, int]
		m map[relName]int
	}
	versions := []version{{m: map[relName]int{}}}
	var now persistent[relName, int]
	for i := range 3000 {
		k := relName(fmt.Sprint("view", r.Intn(700)))
		if r.Intn(3) == 0 {
			now = now.without(k)
			delete(model, k)
		} else {
			now = now.with(k, i)
			model[k] = i
		}
		if i%100 == 0 {
			versions = append(versions, version{now, maps.Clone(model)})
		}
	}
	for i, v := range versions {
		if v.t.n != len(v.m) || !slices.Equal(v.t.keys(), slices.Sorted(maps.Keys(v.m))) {
			t.Fatalf("seed %d: version %d has the keys %v, want %v", seed, i, v.t.keys(), slices.Sorted(maps.Keys(v.m)))
		}
		for k, want := range v.m {
			if got, ok := v.t.get(k); !ok || got != want {
				t.Fatalf("seed %d: version %d has %d, %t at %s, want %d", seed, i, got, ok, k, want)
			}
		}
		next := versions[(i*7+3)%len(versions)]
		var want []relName
		for _, k := range v.t.keys() {
			if _, ok := next.m[k]; !ok {
				want = append(want, k)
			}
		}
		if got := v.t.missing(next.t); !slices.Equal(got, want) {
			t.Fatalf("seed %d: of version %d are missing %v, want %v", seed, i, got, want)
		}
	}
}
