package shard

import (
	"cmp"
	"errors"
	"slices"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/zset"
)

// ddl applies a change of the catalog and makes or drops the state it names.
func (s *step) ddl(b *DDL) error {
	// A panic that took the process down would do so at every restart.
	next, err := guard(func() (*catalog.Catalog, error) { return s.m.cat.Apply(b.Change) })
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
		s.touch(t)
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

// createView builds the circuit and puts out what it says over nothing. It is
// filled, and shown, by Advance.
func (s *step) createView(ch *catalog.CreateView, next *catalog.Catalog) error {
	def, _ := next.View(ch.View.DB, ch.View.Name)
	for _, id := range def.Inputs {
		if err := s.m.complete(id); err != nil {
			return err
		}
	}
	v, err := guard(func() (*view, error) { return s.m.newView(def) })
	if err != nil {
		return err
	}
	s.m.views[def.ID] = v
	for _, id := range def.Inputs {
		s.m.readers[id] = append(s.m.readers[id], v) // ids only grow, so the order holds
	}
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
	s.touch(t)
	return nil
}

// distinct is errno 1062 when the index holds a key twice; it names the least
// such key.
func (x *index) distinct(def *catalog.Table) error {
	var least *zset.Key
	src := x.arr.Pin()
	for l := range src.Lanes() {
		k, err := x.twice(src, l)
		if err != nil {
			return err
		}
		if k != nil && (least == nil || k.Compare(*least) < 0) {
			least = k
		}
	}
	if least == nil {
		return nil
	}
	n := len(x.def.Cols)
	probe := zset.NewKeys(false, 1)
	probe.Append(*least)
	rows := zset.NewBatch(src.Types()[:n], 2)
	err := src.Seek(probe, n, span(0, n), func(_ []int32, b *zset.Batch) error {
		rows.AppendRange(b, 0, b.N)
		return nil
	})
	if err != nil {
		return err
	}
	first := 0 // of rows with equal keys, 'a' and 'A', the canonical one is named
	for i := range rows.N {
		if zset.CompareRows(rows, i, rows, first, nil) < 0 {
			first = i
		}
	}
	return duplicate(def.Name+"."+x.def.Name, rows, first)
}

// twice returns the first key of lane l that more than one row has, in
// whatever lanes: equal keys of the index lie in different ones. NULLs are no
// keys.
func (x *index) twice(src *arrange.Pinned, l int) (first *zset.Key, err error) {
	n := len(x.def.Cols)
	var keys zset.Keys
	err = src.Scan(l, span(0, n), zset.Range{}, func(b *zset.Batch) error {
		zset.NormaliseAs(&keys, b, ascending(n), false)
		seen := make([]int32, b.N)
		return src.Seek(&keys, n, nil, func(probe []int32, _ *zset.Batch) error {
			for _, p := range probe {
				if seen[p]++; seen[p] > 1 && !anyNull(b, int(p)) {
					k := keys.At(int(p)).Clone()
					first = &k
					return errEnough
				}
			}
			return nil
		})
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return first, err
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
	s.touch(t)
}

// complete refuses to read what is not all there: a view that is still being
// filled, or is no longer kept.
func (m *Machine) complete(id uint64) error {
	v := m.views[id]
	switch {
	case v == nil:
		return nil
	case v.failed != nil:
		return v.failed
	case !v.def.Ready:
		return sqlerr.New(sqlerr.ErrViewInvalid, "view '%s.%s' is still being filled", v.def.DB, v.def.Name).
			WithHint("wait until SHOW MATERIALIZED VIEWS says it is ready")
	}
	return nil
}

// sweep drops the state of relations that next no longer has.
func (s *step) sweep(next *catalog.Catalog) {
	for _, r := range s.m.cat.Removed(next) {
		id, _, _ := r.Ident()
		if t := s.m.tables[id]; t != nil {
			t.drop()
			delete(s.m.tables, id)
		}
		if v := s.m.views[id]; v != nil {
			for _, in := range v.def.Inputs {
				readers := s.m.readers[in]
				at, found := slices.BinarySearchFunc(readers, id, func(o *view, id uint64) int { return cmp.Compare(o.id(), id) })
				if found {
					s.m.readers[in] = slices.Delete(readers, at, at+1)
				}
			}
			v.drop()
			delete(s.m.views, id)
		}
		delete(s.m.readers, id)
		s.gone = append(s.gone, id)
	}
}

// drop gives back the memory of a table.
func (t *table) drop() {
	t.main.Drop()
	for _, ix := range t.indexes {
		ix.arr.Drop()
	}
}

// drop gives back the memory of a view.
func (v *view) drop() {
	v.circuit.Drop()
	v.main.Drop()
	v.errors.Drop()
}
