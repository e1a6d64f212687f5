package mem

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

func TestReserveStopsAtTheLimitAndGrowDoesNot(t *testing.T) {
	b := NewBudget(1000)
	if err := b.Reserve(StatementScratch, "Sort", 600); err != nil {
		t.Fatal(err)
	}
	err := b.Reserve(StatementScratch, "HashJoin of a and b", 500)
	var e *sqlerr.Error
	if !errors.As(err, &e) || e.Code != sqlerr.ErrOutOfMemory || !strings.Contains(e.Message, "HashJoin of a and b") {
		t.Fatalf("Reserve over the limit: %v", err)
	}
	if got := b.Used(StatementScratch); got != 600 {
		t.Errorf("a refused Reserve left %d bytes, want 600", got)
	}
	b.Grow(Runs, 500)
	if b.Total() != 1100 || b.Admits(0) {
		t.Errorf("Total %d, Admits(0) %v after growing past the limit", b.Total(), b.Admits(0))
	}
	b.Shrink(Runs, 500)
	b.Shrink(StatementScratch, 600)
	for _, c := range Classes() {
		if b.Used(c) != 0 {
			t.Errorf("%v holds %d bytes in the end", c, b.Used(c))
		}
	}
}

func TestNilAndUnlimitedBudgets(t *testing.T) {
	var none *Budget
	none.Grow(Runs, 5)
	none.SetLimit(3)
	if err := none.Reserve(Cache, "x", 1<<60); err != nil || none.Total() != 0 || !none.Admits(1<<60) || none.Limit() != 0 {
		t.Errorf("a nil Budget counts: %v", err)
	}
	free := NewBudget(0)
	if err := free.Reserve(Cache, "x", 1<<60); err != nil || !free.Admits(0) {
		t.Errorf("no limit refuses: %v", err)
	}
}

func TestAccountGivesBackTheRestOnClose(t *testing.T) {
	b := NewBudget(100)
	a := b.Open(StatementScratch)
	for range 3 {
		if err := a.Reserve("Aggregate", 30); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Reserve("Aggregate", 30); err == nil {
		t.Error("120 of 100 bytes were granted")
	}
	a.Release(30)
	if a.Held() != 60 || b.Used(StatementScratch) != 60 {
		t.Errorf("held %d, used %d, want 60", a.Held(), b.Used(StatementScratch))
	}
	a.Close()
	a.Close()
	if b.Total() != 0 {
		t.Errorf("%d bytes leaked", b.Total())
	}
}

func TestBudgetIsExactUnderConcurrency(t *testing.T) {
	b := NewBudget(1 << 20)
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			a := b.Open(StatementScratch)
			defer a.Close()
			for i := range 1000 {
				if a.Reserve("Sort", int64(i)) == nil && i%3 == 0 {
					a.Release(int64(i))
				}
				b.Grow(StepScratch, 7)
			}
		}()
	}
	wg.Wait()
	if b.Used(StatementScratch) != 0 || b.Total() != 8*1000*7 {
		t.Errorf("scratch %d, total %d", b.Used(StatementScratch), b.Total())
	}
}

func TestHandleLendsTheBlock(t *testing.T) {
	h := NewHandle(&Block{
		Rows: zset.Batch{N: 2, Cols: []zset.Vec{{Type: types.TypeInt, I: []int64{1, 2}}}},
		Keys: zset.Keys{Int: []int64{1, 2}},
	})
	a, err := h.Acquire()
	if err != nil {
		t.Fatal(err)
	}
	b, _ := h.Acquire()
	if !slices.Equal(a.Rows.Cols[0].I, []int64{1, 2}) || !slices.Equal(b.Keys.Int, []int64{1, 2}) {
		t.Errorf("lent %v, %v", a, b)
	}
	h.Release(a)
	if !slices.Equal(b.Rows.Cols[0].I, []int64{1, 2}) {
		t.Error("one Release spoilt another's loan")
	}
	h.Release(b)
	if r := h.Resident(); r != nil && !slices.Equal(r.Keys.Int, []int64{1, 2}) {
		t.Errorf("Resident gives %v", r)
	}
}

func TestAdmitsLeavesATenth(t *testing.T) {
	b := NewBudget(1000)
	b.Grow(Runs, 800)
	if !b.Admits(100) || b.Admits(101) {
		t.Errorf("with 800 of 1000 held: Admits(100) %v, Admits(101) %v", b.Admits(100), b.Admits(101))
	}
	b.Shrink(Runs, 300)
	if !b.Admits(400) {
		t.Error("what was given back is not admitted again")
	}
	if free := NewBudget(0); !free.Admits(1 << 60) {
		t.Error("a Budget without limit refuses")
	}
}
