package shard

import (
	"slices"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/zset"
)

// ddl applies a change of the catalog and makes or drops the state it names.
func (s *step) ddl(b *DDL) error {
	next, err := s.m.cat.Apply(b.Change)
	if err == nil {
		err = s.follow(b.Change, next)
	}
	if err != nil {
		s.answer(Result{Err: sqlerr.From(err)})
		return nil
	}
	s.m.cat = next
	s.answer(Result{})
	return nil
}

// follow brings the machine's state from its catalog to next, which is the
// catalog after ch.
func (s *step) follow(ch catalog.Change, next *catalog.Catalog) error {
	switch ch := ch.(type) {
	case *catalog.CreateTable:
		def, _ := next.Table(ch.Table.DB, ch.Table.Name)
		t := s.m.newTable(def)
		s.m.tables[def.ID] = t
		s.touch(def.ID, t.pin)
	case *catalog.CreateView:
		return s.createView(ch, next)
	case *catalog.CreateIndex:
		return s.createIndex(ch, next)
	case *catalog.DropIndex:
		t, _ := next.Table(ch.Table.DB, ch.Table.Name)
		s.retable(t)
	}
	s.sweep(next)
	return nil
}

// createView builds the circuit and puts out what it says over nothing. A
// view over empty inputs is ready at once; others are filled by Advance.
func (s *step) createView(ch *catalog.CreateView, next *catalog.Catalog) error {
	def, _ := next.View(ch.View.DB, ch.View.Name)
	v, err := s.m.newView(def)
	if err != nil {
		return err
	}
	s.m.views[def.ID] = v
	s.m.order = append(s.m.order, v) // ids only grow, so the order holds
	s.runView(v, func() (*push.Out, error) { return v.circuit.Init() })
	return nil
}

// createIndex makes an index and fills it from the table.
func (s *step) createIndex(ch *catalog.CreateIndex, next *catalog.Catalog) error {
	def, _ := next.Table(ch.Table.DB, ch.Table.Name)
	i := slices.IndexFunc(def.Indexes, func(x catalog.Index) bool { return x.Name == ch.Index.Name })
	t := s.m.tables[def.ID]
	ix := s.m.newIndex(def, def.Indexes[i])
	src := t.main.Pin()
	for l := range src.Lanes() {
		err := src.Scan(l, span(0, len(def.StoredTypes())), zset.Range{}, func(b *zset.Batch) error {
			ix.arr.Stage(ix.change(b))
			return nil
		})
		if err != nil {
			return err
		}
	}
	ix.arr.Publish()
	if ix.def.Unique {
		if err := ix.distinct(def); err != nil {
			ix.arr.Drop()
			return err
		}
	}
	t.indexes = append(t.indexes, ix)
	t.def = def
	s.touch(def.ID, t.pin)
	return nil
}

// distinct is errno 1062 when the index holds a key twice.
func (x *index) distinct(def *catalog.Table) error {
	for l := range x.arr.Lanes() {
		// Equal keys lie in different lanes, so each lane is checked
		// against all.
		src := x.arr.Pin()
		n := len(x.def.Cols)
		err := src.Scan(l, span(0, n), zset.Range{}, func(b *zset.Batch) error {
			var keys zset.Keys
			zset.NormaliseAs(&keys, b, ascending(n), false)
			seen := make([]int, b.N)
			return src.Seek(&keys, n, span(0, n), func(probe []int32, rows *zset.Batch) error {
				for i, p := range probe {
					if seen[p]++; seen[p] > 1 && !anyNull(rows, i) {
						return duplicate(def.Name+"."+x.def.Name, rows, i)
					}
				}
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func anyNull(b *zset.Batch, i int) bool {
	for c := range b.Cols {
		if b.Cols[c].IsNull(i) {
			return true
		}
	}
	return false
}

// retable follows a table whose indexes were dropped.
func (s *step) retable(def *catalog.Table) {
	t := s.m.tables[def.ID]
	t.indexes = slices.DeleteFunc(t.indexes, func(x *index) bool {
		gone := !slices.ContainsFunc(def.Indexes, func(d catalog.Index) bool { return d.ID == x.def.ID })
		if gone {
			x.arr.Drop()
		}
		return gone
	})
	t.def = def
	s.touch(def.ID, t.pin)
}

// sweep drops the state of relations that next no longer has.
func (s *step) sweep(next *catalog.Catalog) {
	s.m.order = slices.DeleteFunc(s.m.order, func(v *view) bool {
		if _, ok := next.ByID(v.def.ID); ok {
			return false
		}
		v.circuit.Drop()
		v.main.Drop()
		v.errors.Drop()
		delete(s.m.views, v.def.ID)
		s.rels[v.def.ID] = nil
		return true
	})
	for id, t := range s.m.tables { // the order does not show: each is only forgotten
		if _, ok := next.ByID(id); !ok {
			t.main.Drop()
			for _, ix := range t.indexes {
				ix.arr.Drop()
			}
			delete(s.m.tables, id)
			s.rels[id] = nil
		}
	}
}
