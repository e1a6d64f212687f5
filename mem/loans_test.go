//go:build invariants

package mem

import (
	"testing"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

func TestReleasedBlockIsPoisoned(t *testing.T) {
	h := NewHandle(&Block{
		Rows: zset.Batch{N: 1, Cols: []zset.Vec{
			{Type: types.TypeInt, I: []int64{7}},
			{Type: types.TypeText, Off: []uint32{0, 1}, Data: []byte("x")},
		}},
		Keys: zset.Keys{Int: []int64{7}},
	})
	b, _ := h.Acquire()
	h.Release(b)
	if b.Rows.Cols[0].I[0] == 7 || b.Keys.Int[0] == 7 || b.Rows.Cols[1].Data[0] == 'x' {
		t.Error("a released block still reads right")
	}
	if again, _ := h.Acquire(); again.Rows.Cols[0].I[0] != 7 {
		t.Error("poison reached the block itself")
	}
	defer func() {
		if recover() == nil {
			t.Error("a second Release went unnoticed")
		}
	}()
	h.Release(b)
}
