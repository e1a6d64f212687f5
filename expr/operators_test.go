package expr

import (
	"testing"

	"github.com/weirdb/weir/types"
)

// TestConstantsOfAnotherKind: a constant takes the kind of the column that it
// is compared with only where that changes nothing.
func TestConstantsOfAnotherKind(t *testing.T) {
	dec := func(d int64) types.Value { return types.Value{Type: types.NewDecimal(2, 1), D: types.DecFromInt64(d)} }
	for _, test := range []struct {
		v    types.Value
		want string
	}{
		{dec(50), "(id = 5)"},
		{dec(55), "(cast(id as decimal(19,0)) = 5.5)"},
		{types.FloatValue(5), "(id = 5)"},
		{types.FloatValue(5.5), "(cast(id as double) = 5.5e00)"},
		{types.TextValue("5"), "(id = 5)"},
		{types.TextValue("5.5"), "(cast(id as double) = cast('5.5' as double))"},
		{types.TextValue("5x"), "(cast(id as double) = cast('5x' as double))"},
	} {
		e, err := Resolve("=", []Expr{&Col{Name: "id", T: types.TypeInt}, &Const{test.v}})
		if err != nil || String(e) != test.want {
			t.Errorf("id = %s is %s, error %v; want %s", test.v, String(e), err, test.want)
		}
	}
}
