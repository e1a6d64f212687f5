package http

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

func TestValues(t *testing.T) {
	us := types.DaysFromCivil(2024, 2, 29)*types.Day + 13*types.Hour + 5*types.Minute + 9*types.Second + 250000
	dec := func(prec, scale int) types.Value {
		return types.Value{Type: types.NewDecimal(prec, scale), D: types.DecFromInt64(-1234500)}
	}
	for _, c := range []struct {
		v    types.Value
		want string
	}{
		{types.IntValue(math.MinInt64), "-9223372036854775808"},
		{types.UintValue(math.MaxUint64), "18446744073709551615"},
		{types.Value{Type: types.Type{Kind: types.Int8, Width: 1}, I: 1}, "1"},
		{types.FloatValue(1.5), "1.5"},
		{types.FloatValue(math.NaN()), "null"},
		{types.FloatValue(math.Inf(-1)), "null"},
		{types.Value{Type: types.Type{Kind: types.Float32}, F: float64(float32(0.1))}, "0.1"},
		{dec(15, 2), "-12345.00"},
		{dec(16, 2), "-12345.00"},
		{dec(65, 0), "-1234500"},
		{types.TextValue("plain"), `"plain"`},
		{types.TextValue("a\"b\\c\n\r\t\x00\x1f é 😀 </script>"), `"a\"b\\c\n\r\t\u0000\u001f é 😀 </script>"`},
		{types.TextValue("bad \xff\xc3"), `"bad ` + "\uFFFD\uFFFD" + `"`},
		{types.BytesValue([]byte{0, 0xff, 1}), `"AP8B"`},
		{types.Value{Type: types.TypeDate, I: us / types.Day}, `"2024-02-29"`},
		{types.Value{Type: types.NewDatetime(2), I: us}, `"2024-02-29T13:05:09.25"`},
		{types.Value{Type: types.NewTimestamp(0), I: us - 250000}, `"2024-02-29T13:05:09Z"`},
		{types.NullValue(types.TypeText), "null"},
		{types.NullValue(types.TypeNull), "null"},
	} {
		v := zset.NewVec(c.v.Type.WithNull(true), 0)
		v.AppendValue(c.v)
		got := string(appendJSON(nil, c.v.Type, &v, 0))
		if got != c.want || !json.Valid([]byte(got)) {
			t.Errorf("%s: %s, want %s", c.v.Type, got, c.want)
		}
	}
}

// TestNumbersAreJSON checks that every finite number is one that JSON knows
// and comes back as it was.
func TestNumbersAreJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.Float64().Draw(t, "f")
		v := zset.NewVec(types.TypeFloat, 0)
		v.AppendFloat(f)
		got := appendJSON(nil, types.TypeFloat, &v, 0)
		var back float64
		if err := json.Unmarshal(got, &back); err != nil || back != f && !math.IsNaN(f) && !math.IsInf(f, 0) {
			t.Fatalf("%v became %s, then %v: %v", f, got, back, err)
		}
	})
}

// TestStringsComeBack compares with the standard library's reader.
func TestStringsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "s")
		var back string
		if err := json.Unmarshal(appendString(nil, []byte(s)), &back); err != nil {
			t.Fatal(err)
		}
		want := s
		if !utf8.ValidString(s) {
			want = string([]rune(s)) // a U+FFFD for each byte that is none of a character
		}
		if back != want {
			t.Fatalf("%q came back as %q", s, back)
		}
	})
}

func TestParams(t *testing.T) {
	for raw, want := range map[string]types.Value{
		"null":                 types.NullValue(types.TypeNull),
		"true":                 types.IntValue(1),
		"false":                types.IntValue(0),
		"-12":                  types.IntValue(-12),
		"9223372036854775808":  types.UintValue(1 << 63),
		"1.50":                 {Type: types.NewDecimal(3, 2), D: types.DecFromInt64(150)},
		"1.5e3":                types.FloatValue(1500),
		`"a\u00e9"`:            types.TextValue("aé"),
		"18446744073709551616": {Type: types.NewDecimal(20, 0), D: types.Dec{0, 1}},
	} {
		if got, ok := paramOf(raw); !ok || got != want {
			t.Errorf("%s: %+v (%v), want %+v", raw, got, ok, want)
		}
	}
	for _, raw := range []string{"{}", "[1]", "1e999"} {
		if v, ok := paramOf(raw); ok {
			t.Errorf("%s is taken as %v", raw, v)
		}
	}
	if v, ok := paramOf(strings.Repeat("9", 100)); !ok || v.Type.Kind != types.Float64 {
		t.Errorf("a hundred digits: %+v", v)
	}
}
