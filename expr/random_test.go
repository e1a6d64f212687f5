package expr

import (
	"fmt"
	"math/rand"
	"testing"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// randomCols are the columns of random batches: one of every physical class.
var randomCols = []*Col{
	{0, "i", types.TypeInt}, {1, "j", types.TypeInt.WithNull(true)}, {2, "u", types.TypeUint.WithNull(true)},
	{3, "f", types.TypeFloat.WithNull(true)}, {4, "d", types.NewDecimal(10, 2).WithNull(true)},
	{5, "w", types.NewDecimal(30, 4).WithNull(true)}, {6, "s", types.NewString(20).WithNull(true)}, {7, "b", types.TypeBytes.WithNull(true)},
	{8, "day", types.TypeDate.WithNull(true)}, {9, "t", types.NewDatetime(6).WithNull(true)}, {10, "z", types.NewDecimal(60, 10).WithNull(true)},
}

func randomValue(r *rand.Rand, t types.Type) types.Value {
	if t.Nullable && r.Intn(4) == 0 {
		return types.NullValue(t)
	}
	v := types.Value{Type: t}
	small := int64(r.Intn(7) - 3)
	switch {
	case t.Kind.IsInt():
		v.I = []int64{small, small, 1 << 62, -1 << 63, 1<<63 - 1}[r.Intn(5)]
	case t.Kind.IsFloat():
		v.F = []float64{float64(small), 0.5, 1e300, -2.25}[r.Intn(4)]
	case t.Kind == types.Decimal:
		v.D = types.DecFromInt64(small * int64([]int{1, 50, 100, 12345}[r.Intn(4)]))
	case t.Kind.IsText():
		v.S = []string{"", "a", "A", "ab%", "é", "10", "-3.5x", "2024-02-29", "x_y"}[r.Intn(9)]
	case t.Kind == types.Date:
		v.I = 19782 + small*400
	default:
		v.I = (19782*86400 + small*1_000_003) * 1_000_000
	}
	return v
}

func randomBatch(r *rand.Rand, n int) *zset.Batch {
	ts := make([]types.Type, len(randomCols))
	for k, c := range randomCols {
		ts[k] = c.T
	}
	b := zset.NewBatch(ts, n)
	row := make([]types.Value, len(ts))
	for range n {
		for k, t := range ts {
			row[k] = randomValue(r, t)
		}
		b.AppendValues(row, 1)
	}
	return b
}

// randomExpr makes a tree of any functions of the registry over any columns,
// skipping what does not resolve.
func randomExpr(r *rand.Rand, depth int) Expr {
	for {
		if depth == 0 || r.Intn(6) == 0 {
			return randomLeaf(r)
		}
		d := defs[r.Intn(len(defs))]
		if d == nil || d.volatile == Changing || d.fn == FnAssign {
			continue
		}
		if d.fn == FnCast {
			to := randomCols[r.Intn(len(randomCols))].T
			return Cast(randomExpr(r, depth-1), to)
		}
		least, most := d.counts()
		if most < 0 {
			most = least + 2
		}
		args := make([]Expr, least+r.Intn(most-least+1))
		for k := range args {
			args[k] = randomExpr(r, depth-1)
			if d.class(k) == 'k' {
				words := []string{"DAY", "MONTH", "SECOND", "DAY_HOUR", "1 minute", "both", "utf8mb4_bin", "c", "|"}
				args[k] = &Const{types.TextValue(words[r.Intn(len(words))])}
			}
		}
		if e, err := d.call(args); err == nil {
			return e
		}
	}
}

func randomLeaf(r *rand.Rand) Expr {
	c := randomCols[r.Intn(len(randomCols))]
	switch r.Intn(5) {
	case 0:
		return &Const{randomValue(r, c.T)}
	case 1:
		return &Param{N: r.Intn(3), T: c.T.WithNull(true)}
	}
	return c
}

// outcome of one row: its value, or its error.
func outcomeAt(cx *Ctx, v *zset.Vec, i int) string {
	if err := cx.Errs.At(i); err != nil {
		return fmt.Sprintf("!%d", err.Code)
	}
	x := v.Value(i)
	if !x.IsNull {
		return show(x)
	}
	if x.I != 0 || x.F != 0 || !x.D.IsZero() || x.S != "" {
		return "NULL with a slot that is not zero"
	}
	return "NULL"
}

// TestVectorIsRowByRow: evaluating a batch, whole or under a random selection,
// gives each row what a batch of that row alone gives.
func TestVectorIsRowByRow(t *testing.T) {
	seed := rand.Int63()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewSource(seed))
	cx, alone := NewCtx(), NewCtx()
	for range 1500 {
		e := randomExpr(r, 3)
		if !fitsTest(e) {
			continue
		}
		b := randomBatch(r, 1+r.Intn(70))
		params := []types.Value{types.IntValue(2), types.TextValue("a"), types.NullValue(types.TypeNull)}
		cx.Params, alone.Params, cx.Now, alone.Now = params, params, now, now
		p := Compile(e)
		sel := randomSelection(r, b.N)
		cx.Reset()
		v := p.Eval(cx, b, sel)
		if v.Type.Phys() != e.Type().Phys() {
			t.Fatalf("%s: a vector of %v, want %v", String(e), v.Type, e.Type())
		}
		each(sel, b.N, func(i int) {
			alone.Reset()
			one := p.Eval(alone, b.Slice(i, i+1), nil)
			if got, want := outcomeAt(cx, v, i), outcomeAt(alone, one, 0); got != want {
				t.Fatalf("%s\nrow %d of %d, selection %v: %s, alone %s\n%v", String(e), i, b.N, sel, got, want, b.Row(i))
			}
		})
		checkFilter(t, r, e, b, sel, params)
	}
}

// fitsTest leaves out trees whose strings explode.
func fitsTest(e Expr) bool {
	ok := true
	Walk(e, func(x Expr) bool {
		if c, is := x.(*Call); is && (c.Fn == FnRepeat || c.Fn == FnSpace || c.Fn == FnLpad || c.Fn == FnRpad) {
			ok = false
		}
		return ok
	})
	return ok
}

// checkFilter: a filter keeps the rows for which the predicate is true.
func checkFilter(t *testing.T, r *rand.Rand, e Expr, b *zset.Batch, sel []int32, params []types.Value) {
	t.Helper()
	cx := NewCtx()
	cx.Params, cx.Now = params, now
	pred := truth(e)
	v := Compile(pred).Eval(cx, b, sel)
	want := []int32{}
	each(sel, b.N, func(i int) {
		if !cx.Errs.Has(i) && !v.IsNull(i) && v.I[i] != 0 {
			want = append(want, int32(i))
		}
	})
	cx.Errs.Reset()
	got := CompileFilter([]Expr{pred}).Apply(cx, b, sel)
	// A filter may drop a NULL before it meets a later term's error.
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("filter %s keeps %v, want %v", String(pred), got, want)
	}
}

func randomSelection(r *rand.Rand, n int) []int32 {
	if r.Intn(2) == 0 {
		return nil
	}
	sel := []int32{}
	keep := 1 + r.Intn(9)
	for i := range n {
		if r.Intn(10) < keep {
			sel = append(sel, int32(i))
		}
	}
	return sel
}

// TestFoldKeepsValues: a folded tree has the values and the type of the tree.
func TestFoldKeepsValues(t *testing.T) {
	seed := rand.Int63()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewSource(seed))
	for range 1000 {
		e := randomExpr(r, 3)
		if !fitsTest(e) {
			continue
		}
		b := randomBatch(r, 5)
		folded := Fold(e)
		if !sameButNull(folded.Type(), e.Type()) {
			t.Fatalf("%s has type %v, folded %v", String(e), e.Type(), folded.Type())
		}
		cx, fx := NewCtx(), NewCtx()
		cx.Now, fx.Now = now, now
		v, w := compile(e).Eval(cx, b, nil), compile(folded).Eval(fx, b, nil)
		for i := range b.N {
			if got, want := outcomeAt(fx, w, i), outcomeAt(cx, v, i); got != want {
				t.Fatalf("%s\nfolds to %s: %s, want %s", String(e), String(folded), got, want)
			}
		}
	}
}

// TestCodecKeepsTrees: what was appended decodes as the same tree, and bytes
// changed at random never panic, in Decode, Compile or Eval.
func TestCodecKeepsTrees(t *testing.T) {
	seed := rand.Int63()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewSource(seed))
	for range 3000 {
		e := randomExpr(r, 3)
		enc := Append(nil, e)
		got, rest, err := Decode(append(enc, 7))
		if err != nil || len(rest) != 1 || !Equal(got, e) {
			t.Fatalf("%s decodes as %v, %v", String(e), got, err)
		}
		if again, _, err := Decode(Append(nil, Fold(e))); err != nil || !Equal(again, Fold(e)) {
			t.Fatalf("%s folded does not decode: %v", String(e), err)
		}
		for range 4 {
			bad := append([]byte(nil), enc...)
			for range 1 + r.Intn(3) {
				bad[r.Intn(len(bad))] = byte(r.Intn(256))
			}
			if x, _, err := Decode(bad[:1+r.Intn(len(bad))]); err == nil && fitsTest(x) {
				runHostile(x, r)
			}
		}
	}
}

// runHostile evaluates a decoded tree over columns of the types it asks for.
func runHostile(e Expr, r *rand.Rand) {
	b := &zset.Batch{N: 3}
	types_ := map[int]types.Type{}
	Walk(e, func(x Expr) bool {
		if c, ok := x.(*Col); ok && c.Index < 100 {
			if t, seen := types_[c.Index]; seen && t.Phys() != c.T.Phys() {
				b = nil
			}
			types_[c.Index] = c.T
		} else if ok {
			b = nil
		}
		return b != nil
	})
	if b == nil {
		return
	}
	for k := range 100 {
		t, ok := types_[k]
		if !ok {
			t = types.TypeInt
		}
		col := zset.NewVec(t, 0)
		for range b.N {
			col.AppendValue(types.Value{Type: t})
		}
		b.Cols = append(b.Cols, col)
	}
	String(e)
	p := Compile(e)
	p.Eval(NewCtx(), b, nil)
}
