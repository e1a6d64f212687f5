package rel

import "github.com/weirdb/weir/zset"

// GroupTable numbers normalised keys 0..Len()-1 in the order of their first
// arrival, so that the numbers depend on the input only. It is an open
// addressing hash table with one form for integer keys and one for bytes; all
// keys given to one table between Resets have the same form.
//
// The zero GroupTable is empty and ready. It belongs to one goroutine.
type GroupTable struct {
	keys zset.Keys
}

// Len returns the number of keys.
func (t *GroupTable) Len() int { panic("rel: GroupTable") }

// Lookup sets out[i] to the number of key i, for every key of keys. A key not
// seen before gets the next number if insert is set, else -1. len(out) is at
// least keys.Len().
func (t *GroupTable) Lookup(keys *zset.Keys, insert bool, out []int32) { panic("rel: GroupTable") }

// Keys returns the keys by number. They are owned by the table and change
// with the next Lookup or Reset.
func (t *GroupTable) Keys() *zset.Keys { return &t.keys }

// Bytes returns the memory held.
func (t *GroupTable) Bytes() int64 { panic("rel: GroupTable") }

// Reset empties the table and keeps its memory.
func (t *GroupTable) Reset() { panic("rel: GroupTable") }
