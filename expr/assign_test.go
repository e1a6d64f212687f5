package expr

import (
	"testing"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// TestAssign stores values into columns, strict and not: what is stored, or
// the error; "~" comes before the code of a warning.
func TestAssign(t *testing.T) {
	null := func(t types.Type) types.Type { return t.WithNull(true) }
	tiny, utiny, integer := types.Type{Kind: types.Int8}, types.Type{Kind: types.Uint8}, types.Type{Kind: types.Int32}
	cases := []struct {
		src          string
		to           types.Type
		strict, lax  string
		strictReason string
	}{
		{"1", tiny, "1", "1", ""},
		{"128", tiny, "!1264", "127 ~1264", "Out of range value for column 'c' at row 1"},
		{"-129", tiny, "!1264", "-128 ~1264", ""},
		{"-1", utiny, "!1264", "0 ~1264", ""},
		{"256", utiny, "!1264", "255 ~1264", ""},
		{"18446744073709551615", types.TypeInt, "!1264", "9223372036854775807 ~1264", ""},
		{"2.5", integer, "3", "3", ""},
		{"2.5e0", integer, "2", "2", ""},
		{"'42'", integer, "42", "42", ""},
		{"'2.5'", integer, "3", "3", ""},
		{"'12abc'", integer, "!1265", "12 ~1265", "Data truncated for column 'c' at row 1"},
		{"'abc'", integer, "!1366", "0 ~1366", "Incorrect integer value: 'abc' for column 'c' at row 1"},
		{"''", integer, "!1366", "0 ~1366", ""},
		{"null", integer, "!1048", "0 ~1048", "Column 'c' cannot be null"},
		{"null", null(integer), "NULL", "NULL", ""},
		{"null", types.NewString(3), "!1048", "'' ~1048", ""},
		{"1.239", types.NewDecimal(5, 2), "1.24", "1.24", ""},
		{"1234.5", types.NewDecimal(5, 2), "!1264", "999.99 ~1264", ""},
		{"'abc'", types.NewDecimal(5, 2), "!1366", "0.00 ~1366", "Incorrect decimal value: 'abc' for column 'c' at row 1"},
		{"'1.5'", types.TypeFloat, "1.5", "1.5", ""},
		{"'abc'", types.TypeFloat, "!1265", "0 ~1265", ""},
		{"1e300", types.Type{Kind: types.Float32}, "!1264", "3.40282e38 ~1264", ""},
		{"'hello'", types.NewString(5), "hello", "hello", ""},
		{"'hello!'", types.NewString(5), "!1406", "hello ~1406", "Data too long for column 'c' at row 1"},
		{"'hello  '", types.NewString(5), "hello", "hello", ""},
		{"'ééé'", types.NewString(3), "ééé", "ééé", ""},
		{"'éééé'", types.NewString(3), "!1406", "ééé ~1406", ""},
		{"12345", types.NewString(3), "!1406", "123 ~1406", ""},
		{"1.50", types.NewString(9), "1.50", "1.50", ""},
		{"'2024-01-02'", types.TypeDate, "2024-01-02", "2024-01-02", ""},
		{"'2024-01-02 03:04:05'", types.TypeDate, "2024-01-02", "2024-01-02", ""},
		{"'2024-02-30'", null(types.TypeDate), "!1292", "NULL ~1292", "Incorrect date value: '2024-02-30' for column 'c' at row 1"},
		{"'2024-02-30'", types.TypeDate, "!1292", "!1048", ""},
		{"'2024-01-02 03:04:05.678'", types.NewDatetime(1), "2024-01-02 03:04:05.7", "2024-01-02 03:04:05.7", ""},
		{"20240102", types.NewDatetime(0), "2024-01-02 00:00:00", "2024-01-02 00:00:00", ""},
		{"date '2024-01-02'", types.NewTimestamp(0), "2024-01-02 00:00:00", "2024-01-02 00:00:00", ""},
		{"timestamp '1960-01-01 00:00:00'", null(types.NewTimestamp(0)), "!1292", "NULL ~1292", ""},
		{"1 / 0", null(types.NewDecimal(5, 2)), "!1365", "NULL ~1365", "Division by 0"},
		{"'7x' + 1", types.TypeFloat, "!1292", "8 ~1292", ""},
	}
	for _, c := range cases {
		e := Assign(must(t, c.src), c.to, "c")
		if !sameButNull(e.Type(), c.to) {
			t.Errorf("%s: type %v, want %v", c.src, e.Type(), c.to)
		}
		for _, mode := range []struct {
			strict bool
			want   string
		}{{true, c.strict}, {false, c.lax}} {
			cx := NewCtx()
			cx.Strict = mode.strict
			v, err := Compile(e).Value(cx)
			got := "!"
			switch {
			case err != nil:
				got = describe(err)
				if mode.strict && c.strictReason != "" && err.Error() != c.strictReason {
					t.Errorf("%s: %q, want %q", c.src, err, c.strictReason)
				}
			default:
				if got = show(v); got == "" {
					got = "''"
				}
				if len(cx.Warnings) > 0 {
					got += " ~" + describe(cx.Warnings[0])[1:]
				}
			}
			if got != mode.want {
				t.Errorf("%s into %v, strict %v: %s, want %s", c.src, c.to, mode.strict, got, mode.want)
			}
		}
	}
}

// TestAssignRows: each failing row of a batch is marked, numbered from RowBase.
func TestAssignRows(t *testing.T) {
	a := &Col{0, "a", types.TypeInt.WithNull(true)}
	b := zset.NewBatch([]types.Type{a.T}, 4)
	for _, v := range []types.Value{types.IntValue(1), types.IntValue(300), types.NullValue(a.T), types.IntValue(-300)} {
		b.AppendValues([]types.Value{v}, 1)
	}
	cx := NewCtx()
	cx.RowBase = 100
	v := Compile(Assign(a, types.Type{Kind: types.Int8}, "c")).Eval(cx, b, nil)
	if v.I[0] != 1 || cx.Errs.Len() != 3 {
		t.Fatalf("%v, %d errors", v.I, cx.Errs.Len())
	}
	want := map[int]string{
		1: "Out of range value for column 'c' at row 102", 2: "Column 'c' cannot be null", 3: "Out of range value for column 'c' at row 104",
	}
	for _, row := range cx.Errs.Rows() {
		if err := cx.Errs.At(int(row)); err.Message != want[int(row)] || err.Row != 101+int(row) {
			t.Errorf("row %d: %v (row %d)", row, err, err.Row)
		}
	}
	if cx.Errs.First().Row != 102 || cx.Errs.At(0) != nil {
		t.Error("the first error is not row 102's")
	}
	cx.Reset()
	if cx.Errs.Any() || cx.Errs.Has(1) {
		t.Error("errors outlive Reset")
	}
}
