package expr

import (
	"strings"
	"testing"

	"github.com/weirdb/weir/types"
)

// TestAssignParam: a parameter stored into a column is taken as it is where it
// fits, and is refused as any value is where it does not.
func TestAssignParam(t *testing.T) {
	tiny, name := types.Type{Kind: types.Int8}, types.NewString(3)
	for _, test := range []struct {
		v    types.Value
		t    types.Type
		want string // the value, or a part of the error
	}{
		{types.IntValue(5), types.TypeInt, "5"},
		{types.IntValue(-128), tiny, "-128"},
		{types.IntValue(128), tiny, "Out of range"},
		{types.IntValue(-1), types.TypeUint, "Truncated incorrect"},
		{types.IntValue(7), name, "7"},
		{types.TextValue("12"), types.TypeInt, "12"},
		{types.TextValue("abc"), name, "abc"},
		{types.TextValue("äöü"), name, "äöü"},
		{types.TextValue("abcd"), name, "too long"},
		{types.NullValue(types.TypeInt), types.TypeInt, "cannot be null"},
		{types.NullValue(types.TypeInt), types.TypeInt.WithNull(true), "NULL"},
	} {
		p := Compile(Assign(&Param{T: types.TypeNull}, test.t, "c"))
		cx := NewCtx()
		cx.Params, cx.Strict = []types.Value{test.v}, true
		v, err := p.Value(cx)
		got := v.String()
		switch {
		case err != nil:
			got = err.Error()
		case v.IsNull:
			got = "NULL"
		case v.Type != test.t:
			t.Errorf("%v into %v has type %v", test.v, test.t, v.Type)
		}
		if got != test.want && !(err != nil && strings.Contains(got, test.want)) {
			t.Errorf("%v into %v: %s, want %s", test.v, test.t, got, test.want)
		}
	}
}
