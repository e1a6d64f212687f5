package expr

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	_ "github.com/weirdb/weir/types/collate"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// now is NOW() in these tests: 2024-02-29 13:14:15.678901.
const now = 1709212455678901

// TestValues runs testdata/values.txt and mixed.txt: lines of "expression =>
// text", where the text is as MySQL 8 prints it; "!1690" is an error, "~1292"
// after a value its first warning, "::type" the static type.
func TestValues(t *testing.T) {
	for _, name := range []string{"values.txt", "mixed.txt"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(data), "\n") {
			if line == "" || line[0] == '#' {
				continue
			}
			src, want, ok := strings.Cut(line, " => ")
			if !ok {
				t.Fatalf("%s:%d: no =>", name, n+1)
			}
			if got := evaluate(t, src, strings.Contains(want, "::")); got != want {
				t.Errorf("%s:%d: %s\n got %s\nwant %s", name, n+1, src, got, want)
			}
		}
	}
}

// evaluate renders the outcome of src: folded and unfolded must agree.
func evaluate(t *testing.T, src string, withType bool) string {
	e, err := parse(t, src)
	if err != nil {
		return describe(err)
	}
	var outs [2]string
	for k, e := range []Expr{e, Fold(e)} {
		cx := NewCtx()
		cx.Now = now
		v, err := compile(e).Value(cx)
		if err != nil {
			outs[k] = describe(err)
			continue
		}
		if outs[k] = show(v); outs[k] == "" {
			outs[k] = "''"
		}
		if cx.WarningCount > 0 {
			outs[k] += fmt.Sprintf(" ~%d", cx.Warnings[0].Code)
		}
	}
	if outs[0] != outs[1] {
		t.Errorf("%s: folding changes %s to %s", src, outs[0], outs[1])
	}
	if withType {
		outs[0] += " ::" + e.Type().String()
	}
	return outs[0]
}

func describe(err error) string {
	var se *sqlerr.Error
	if !errors.As(err, &se) {
		return "not an sqlerr: " + err.Error()
	}
	return fmt.Sprintf("!%d", se.Code)
}

// TestThreeValued checks the truth tables of MySQL's logic.
func TestThreeValued(t *testing.T) {
	vals := []string{"false", "true", "null"}
	tables := map[string][9]string{
		"and": {"0", "0", "0", "0", "1", "NULL", "0", "NULL", "NULL"},
		"or":  {"0", "1", "NULL", "1", "1", "1", "NULL", "1", "NULL"},
		"xor": {"0", "1", "NULL", "1", "0", "NULL", "NULL", "NULL", "NULL"},
		"=":   {"1", "0", "NULL", "0", "1", "NULL", "NULL", "NULL", "NULL"},
		"<=>": {"1", "0", "0", "0", "1", "0", "0", "0", "1"},
	}
	for op, want := range tables {
		for i, a := range vals {
			for j, b := range vals {
				src := a + " " + op + " " + b
				if got := evaluate(t, src, false); got != want[3*i+j] {
					t.Errorf("%s = %s, want %s", src, got, want[3*i+j])
				}
			}
		}
	}
	unary := map[string][3]string{
		"not %s": {"1", "0", "NULL"}, "%s is null": {"0", "0", "1"}, "%s is true": {"0", "1", "0"},
		"%s is false": {"1", "0", "0"}, "%s is unknown": {"0", "0", "1"}, "%s is not true": {"1", "0", "1"},
	}
	for form, want := range unary {
		for i, a := range vals {
			src := strings.ReplaceAll(form, "%s", a)
			if got := evaluate(t, src, false); got != want[i] {
				t.Errorf("%s = %s, want %s", src, got, want[i])
			}
		}
	}
}

// TestMessages checks the texts that users read.
func TestMessages(t *testing.T) {
	a := &Col{0, "a", types.TypeInt}
	u := &Col{1, "u", types.TypeUint}
	x := &Col{2, "x", types.TypeFloat}
	b := zset.NewBatch([]types.Type{a.T, u.T, x.T}, 1)
	b.AppendValues([]types.Value{types.IntValue(math.MaxInt64), types.UintValue(1), types.FloatValue(1e308)}, 1)
	cases := []struct{ src, want string }{
		{"a + 1", "BIGINT value is out of range in '(a + 1)'"},
		{"x * 10e0", "DOUBLE value is out of range in '(x * 1e01)'"},
		{"u - 2", "BIGINT UNSIGNED value is out of range in '(u - 2)'"},
		{"lenght('x')", "FUNCTION lenght does not exist; did you mean LENGTH?"},
		{"substring('x')", "Incorrect parameter count in the call to native function 'SUBSTRING'"},
		{"date '2024-01-01' = 'soon'", "Incorrect DATE value: 'soon'"},
	}
	for _, c := range cases {
		e, err := parse(t, c.src, a, u, x)
		if err == nil {
			cx := NewCtx()
			Compile(e).Eval(cx, b, nil)
			err = cx.Errs.First()
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.src, err, c.want)
		}
	}
}

// A short decimal lies in a vector as an integer, in a constant as a Dec.
func TestInOfShortDecimals(t *testing.T) {
	col := &Col{Name: "d", T: types.NewDecimal(4, 1)}
	e, err := parse(t, "d in (-1.5, 1.5)", col)
	if err != nil {
		t.Fatal(err)
	}
	b := zset.NewBatch([]types.Type{col.T}, 3)
	for _, n := range []int64{0, 15, -15} {
		b.AppendValues([]types.Value{{Type: col.T, D: types.DecFromInt64(n)}}, 1)
	}
	v := Compile(e).Eval(NewCtx(), b, nil)
	if got, want := fmt.Sprint(v.I[:3]), "[0 1 1]"; got != want {
		t.Errorf("0.0, 1.5 and -1.5 in (-1.5, 1.5) are %s, want %s", got, want)
	}
}
