package bind

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
)

// TestOuterRef: a position says its level and column, and no two are the same.
func TestOuterRef(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		level, pos := rapid.IntRange(0, 50).Draw(t, "level"), rapid.IntRange(0, levelSpan-1).Draw(t, "pos")
		ref := outerRef(level, pos)
		if levelOf(ref) != level || posOf(ref) != pos {
			t.Fatalf("outerRef(%d, %d) = %d, which is level %d, column %d", level, pos, ref, levelOf(ref), posOf(ref))
		}
	})
}

// TestMoveInOut: an expression moved into a subquery and out again, or shifted
// there and back, is the same.
func TestMoveInOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		level, pos := rapid.IntRange(0, 5).Draw(t, "level"), rapid.IntRange(0, 1000).Draw(t, "pos")
		e := expr.Expr(&expr.Col{Index: outerRef(level, pos), T: types.TypeInt})
		if back := moveOut(moveIn(e), 0); !expr.Equal(back, e) {
			t.Fatalf("%v came back as %v", e, back)
		}
		if back := shiftOuter(shiftOuter(e, 3), -3); !expr.Equal(back, e) {
			t.Fatalf("%v was shifted back to %v", e, back)
		}
	})
}

// TestShiftPlan: what reads nothing outside stays as it is, parts that are
// used twice are used twice, and references move by the levels given.
func TestShiftPlan(t *testing.T) {
	row := plan.Schema{{Name: "a", Type: types.TypeInt}}
	leaf := &plan.Values{Rows: [][]expr.Expr{{intConst(1)}}, Sch: row}
	if got := shiftPlan(leaf, 1); got != plan.Node(leaf) {
		t.Fatalf("a plan without references was rebuilt: %v", got)
	}
	shared := &plan.Project{In: leaf, Exprs: []expr.Expr{&expr.Col{Index: outerRef(2, 7), T: types.TypeInt}}, Sch: row}
	got := shiftPlan(&plan.Union{Ins: []plan.Node{shared, shared}, Sch: row}, -1).(*plan.Union)
	if got.Ins[0] != got.Ins[1] {
		t.Fatal("a part used twice became two parts")
	}
	p := got.Ins[0].(*plan.Project)
	if p.In != plan.Node(leaf) {
		t.Fatal("what reads nothing outside was rebuilt")
	}
	if c := p.Exprs[0].(*expr.Col); c.Index != outerRef(1, 7) {
		t.Fatalf("level 2, column 7 became level %d, column %d", levelOf(c.Index), posOf(c.Index))
	}
	if readsNext(shared) || !readsNext(got) {
		t.Fatal("the plan must read the next query after the shift only")
	}
}
