package shard

import (
	"strings"
	"testing"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// TestRoom fills an overlay up to its limit: the statement that needs more is
// refused whole, the table stays closed for the rest of the entry, and what
// was done before stands.
func TestRoom(t *testing.T) {
	m := New(Options{})
	do := func(ch catalog.Change) {
		t.Helper()
		eff, err := m.Step(m.Root().Index+1, &Entry{Body: &DDL{Change: ch}})
		if err != nil || eff.Results[0].Err != nil {
			t.Fatal(err, eff)
		}
	}
	text := types.Type{Kind: types.String, Coll: types.Coll0900Bin}
	do(&catalog.CreateDatabase{Name: "d", Coll: types.DefaultCollation})
	do(&catalog.CreateTable{Table: &catalog.Table{DB: "d", Name: "t", Key: []int{0},
		Columns: []catalog.Column{{Name: "id", Type: types.TypeInt}, {Name: "s", Type: text}}}})
	def, _ := m.Root().Catalog.Table("d", "t")
	rows := func(ids ...int64) *zset.Batch {
		b := zset.NewBatch([]types.Type{types.TypeInt, text}, len(ids))
		for _, id := range ids {
			b.AppendValues([]types.Value{types.IntValue(id), {Type: text, S: strings.Repeat("x", 40)}}, 1)
		}
		b.W = nil
		return b
	}
	insert := func(b *zset.Batch) *Stmt {
		return &Stmt{Ops: []Op{{Table: def.ID, Version: def.Version, Action: Insert, OnDup: DupFail, Pre: PreNone, Count: CountChanged, Rows: b}}}
	}
	txn := m.Root().Begin(0)
	if res := txn.Apply(insert(rows(1)), 0); res.Err != nil {
		t.Fatal(res.Err)
	}
	txn.w.overlays[def.ID].limit = 100
	if res := txn.Apply(insert(rows(2, 3)), 0); res.Err == nil || res.Err.Code != sqlerr.ErrNetPacketTooLarge {
		t.Fatalf("two more rows of 40 bytes above a limit of 100: %v", res.Err)
	}
	if !txn.Broken() {
		t.Error("the transaction does not know that it is broken")
	}
	if res := txn.Apply(insert(rows(4)), 0); res.Err == nil {
		t.Error("the table takes rows again after it was closed")
	}
	if ops := txn.Commit().Ops; len(ops) != 1 || ops[0].Rows.N != 1 {
		t.Errorf("what came before the refusal is gone: %v", ops)
	}
}
