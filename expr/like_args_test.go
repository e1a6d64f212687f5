package expr

import (
	"testing"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// TestLikeWithoutEscape decodes a LIKE of two arguments, which Resolve never
// makes but the codec takes: it has the usual escape character.
func TestLikeWithoutEscape(t *testing.T) {
	text := func(s string) Expr { return &Const{V: types.TextValue(s)} }
	col := &Col{Index: 0, Name: "s", T: types.TypeText}
	e, rest, err := Decode(Append(nil, &Call{Fn: FnLike, Args: []Expr{col, text(`a\_%`)}, T: types.TypeInt}))
	if err != nil || len(rest) > 0 {
		t.Fatalf("decoding: %v, %d bytes left", err, len(rest))
	}
	if got, want := String(e), "(s like 'a\\\\_%')"; got != want {
		t.Errorf("it reads %s, want %s", got, want)
	}
	b := zset.NewBatch([]types.Type{types.TypeText}, 0)
	for _, s := range []string{"a_b", "axb"} {
		b.AppendValues([]types.Value{types.TextValue(s)}, 1)
	}
	if v := Compile(e).Eval(NewCtx(), b, nil); v.I[0] != 1 || v.I[1] != 0 {
		t.Errorf("a_b: %d, axb: %d; want 1 and 0", v.I[0], v.I[1])
	}
}
