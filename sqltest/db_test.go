package sqltest

import (
	"math"
	"testing"

	"github.com/weirdb/weir/types"
)

func TestFormat(t *testing.T) {
	float := func(f float64) types.Value { return types.Value{Type: types.TypeFloat, F: f} }
	for _, c := range []struct {
		v       types.Value
		i, r, t string
	}{
		{types.IntValue(-7), "-7", "-7.000", "-7"},
		{types.IntValue(math.MaxInt64), "9223372036854775807", "9223372036854775808.000", "9223372036854775807"},
		{float(2.75), "2", "2.750", "2.75"},
		{float(-2.75), "-2", "-2.750", "-2.75"},
		{float(math.Copysign(0, -1)), "0", "0.000", "0"},
		{types.TextValue("12.5 apples"), "12", "12.500", "12.5 apples"},
		{types.TextValue("apples"), "0", "0.000", "apples"},
		{types.TextValue(""), "0", "0.000", "(empty)"},
		{types.TextValue("a\tb"), "0", "0.000", "a@b"},
		{types.NullValue(types.TypeInt), "NULL", "NULL", "NULL"},
	} {
		if i, r, s := format(c.v, 'I'), format(c.v, 'R'), format(c.v, 'T'); i != c.i || r != c.r || s != c.t {
			t.Errorf("%s: I %q, R %q, T %q; want %q, %q, %q", c.v, i, r, s, c.i, c.r, c.t)
		}
	}
}
