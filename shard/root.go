package shard

import (
	"slices"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/sqlerr"
)

// Root is the whole published state of a shard after one entry. It is
// immutable: tables, views and catalog of one Root agree with each other.
// Holding a Root holds the memory of what it shows.
type Root struct {
	Index   uint64 // the entry after which this is the state
	Clock   int64  // the shard's clock, microseconds since the epoch
	Catalog *catalog.Catalog
	rels    relMap
}

// Rel is one table or view in a Root.
type Rel struct {
	Main    rel.Source
	Indexes []IndexRel
	// Errors holds the rows of a view that failed, see push.ErrorTypes; nil
	// for tables and while there are none.
	Errors rel.Source
	// Failed says why a view is no longer kept; its rows are those from
	// before the failure.
	Failed *sqlerr.Error
	// Counter is a table's next AUTO_INCREMENT value.
	Counter uint64
	// Memory is what the relation's runs take, in bytes.
	Memory int64
}

// IndexRel is a secondary index in a Root.
type IndexRel struct {
	ID     uint32
	Source rel.Source
}

// Rel returns the relation of that id, or nil.
func (r *Root) Rel(id uint64) *Rel { return r.rels.get(id) }

// Source returns a relation as it is stored by index (0: its own key), or nil
// when there is none. Whatever the index, columns are the relation's own.
func (r *Root) Source(id uint64, index uint32) rel.Source {
	x := r.rels.get(id)
	if x == nil {
		return nil
	}
	if index == 0 {
		return x.Main
	}
	for _, ix := range x.Indexes {
		if ix.ID == index {
			return ix.Source
		}
	}
	return nil
}

// relMap maps ids to relations, persistently: a step copies the chunks that
// it touches and shares the rest with the roots before.
type relMap struct{ chunks [][]*Rel }

const chunkBits = 5

func (m relMap) get(id uint64) *Rel {
	c := id >> chunkBits
	if c >= uint64(len(m.chunks)) || m.chunks[c] == nil {
		return nil
	}
	return m.chunks[c][id&(1<<chunkBits-1)]
}

// with returns m with the relations touched as they are now, without those
// that are gone.
func (m relMap) with(touched []relation, gone []uint64) relMap {
	if len(touched) == 0 && len(gone) == 0 {
		return m
	}
	next := relMap{chunks: slices.Clone(m.chunks)}
	for _, r := range touched {
		*next.place(m, r.id()) = r.pin()
	}
	for _, id := range gone {
		*next.place(m, id) = nil
	}
	return next
}

// place returns where the relation of that id belongs, in a chunk that is not
// one of old's.
func (m *relMap) place(old relMap, id uint64) **Rel {
	c := int(id >> chunkBits)
	for len(m.chunks) <= c {
		m.chunks = append(m.chunks, nil)
	}
	if m.chunks[c] == nil || c < len(old.chunks) && &m.chunks[c][0] == &old.chunks[c][0] {
		chunk := make([]*Rel, 1<<chunkBits)
		copy(chunk, m.chunks[c])
		m.chunks[c] = chunk
	}
	return &m.chunks[c][id&(1<<chunkBits-1)]
}

// pin returns the published state of a table for a Root.
func (t *table) pin() *Rel {
	r := &Rel{Main: t.main.Pin(), Counter: t.counter}
	r.Memory = memory(t.main)
	for _, ix := range t.indexes {
		r.Indexes = append(r.Indexes, IndexRel{ID: ix.def.ID, Source: &indexSource{index: ix, entries: ix.arr.Pin(), main: r.Main}})
		r.Memory += memory(ix.arr)
	}
	return r
}

// pin returns the published state of a view for a Root.
func (v *view) pin() *Rel {
	r := &Rel{Main: v.main.Pin(), Failed: v.failed, Memory: memory(v.main)}
	if errs := v.errors.Pin(); errs.Rows() > 0 {
		r.Errors = errs
	}
	return r
}

// memory returns the bytes of an arrangement's published state.
func memory(a *arrange.Arrangement) int64 {
	var n int64
	for i := range a.Lanes() {
		n += a.Lane(i).Before().Bytes()
	}
	return n
}
