package catalog

import (
	"cmp"
	"maps"
	"slices"
)

// tableParts is how many parts a persistent table has: a change copies one of
// them and the list of all.
const tableParts = 256

// persistent is a map of which every version stays as it is: changing one
// returns the next, which shares all but one part with it. So a change of a
// catalog of ten thousand views does not copy ten thousand entries.
type persistent[K key, V any] struct {
	parts *[tableParts]*part[K, V] // nil: empty
	n     int
}

type part[K key, V any] struct{ m map[K]V }

// key is what a persistent table is looked up by; part spreads keys.
type key interface {
	cmp.Ordered
	part() int
}

// relID is the id of a relation, relName a name in a database.
type (
	relID   uint64
	relName string
)

func (id relID) part() int { return int(id % tableParts) }

func (n relName) part() int { // FNV-1a
	h := uint32(2166136261)
	for i := range len(n) {
		h = (h ^ uint32(n[i])) * 16777619
	}
	return int(h % tableParts)
}

func (t persistent[K, V]) get(k K) (v V, ok bool) {
	if t.parts == nil {
		return v, false
	}
	if p := t.parts[k.part()]; p != nil {
		v, ok = p.m[k]
	}
	return v, ok
}

// with returns t with v at k.
func (t persistent[K, V]) with(k K, v V) persistent[K, V] {
	return t.change(k, func(m map[K]V) { m[k] = v })
}

// without returns t with nothing at k.
func (t persistent[K, V]) without(k K) persistent[K, V] {
	return t.change(k, func(m map[K]V) { delete(m, k) })
}

func (t persistent[K, V]) change(k K, do func(map[K]V)) persistent[K, V] {
	parts := new([tableParts]*part[K, V])
	if t.parts != nil {
		*parts = *t.parts
	}
	at, next := k.part(), &part[K, V]{m: map[K]V{}}
	before := 0
	if p := parts[at]; p != nil {
		next.m, before = maps.Clone(p.m), len(p.m)
	}
	do(next.m)
	parts[at] = next
	return persistent[K, V]{parts, t.n + len(next.m) - before}
}

// keys returns all keys, ascending.
func (t persistent[K, V]) keys() []K {
	out := make([]K, 0, t.n)
	if t.parts != nil {
		for _, p := range t.parts {
			if p != nil {
				out = slices.AppendSeq(out, maps.Keys(p.m))
			}
		}
	}
	slices.Sort(out)
	return out
}

// missing returns the keys of t that next does not have, ascending. It looks
// only at the parts that differ.
func (t persistent[K, V]) missing(next persistent[K, V]) []K {
	if t.parts == nil || t.parts == next.parts {
		return nil
	}
	var out []K
	for i, p := range t.parts {
		if p == nil || next.parts != nil && p == next.parts[i] {
			continue
		}
		for k := range p.m {
			if _, ok := next.get(k); !ok {
				out = append(out, k)
			}
		}
	}
	slices.Sort(out)
	return out
}
