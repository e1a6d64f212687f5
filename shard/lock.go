package shard

import (
	"slices"

	"github.com/weirdb/weir/zset"
)

// Lock makes the commit of what t writes depend on rows being then as t sees
// them now, though it does not change them: SELECT .. FOR UPDATE. keys are the
// rows' keys, columns of the table's key types. Without writes a commit
// depends on nothing.
func (t *Txn) Lock(table uint64, keys *zset.Batch) error {
	o, err := t.w.overlay(table)
	if err != nil {
		return err
	}
	groups, err := o.resolve(keys, ascending(len(o.keyOf)))
	if err != nil {
		return err
	}
	if t.locked == nil {
		t.locked = map[uint64][]int32{}
	}
	all := append(t.locked[table], groups...)
	slices.Sort(all)
	t.locked[table] = slices.Compact(all)
	return nil
}

// unchanged returns ops that change nothing, with the locked rows that the
// transaction has not written as preconditions.
func (t *Txn) unchanged() []Op {
	var ops []Op
	for _, o := range t.w.order {
		var kept []int32
		for _, g := range t.locked[o.table.ID] {
			was, is := o.before[g], o.now[g]
			if was != none && is != none && zset.EqualRow(o.rows, int(was), o.rows, int(is)) {
				kept = append(kept, g)
			}
		}
		if len(kept) > 0 {
			ops = append(ops, o.keyed(kept, Op{Action: Modify}))
		}
	}
	return ops
}
