package expr

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/weirdb/weir/expr/scalar"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

var rewriteGolden = flag.Bool("rewrite", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *rewriteGolden {
		if err := os.WriteFile("testdata/"+name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/" + name)
	if err != nil || string(want) != got {
		t.Errorf("%s differs (%v); -rewrite if the change is meant\n%s", name, err, got)
	}
}

// TestFunctionsGolden: numbers of functions never change.
func TestFunctionsGolden(t *testing.T) {
	var b strings.Builder
	for _, d := range defs {
		if d != nil {
			fmt.Fprintf(&b, "%d %s (%s)\n", d.fn, d.names, d.args)
		}
	}
	golden(t, "functions.golden", b.String())
}

// TestCodecGolden: the bytes of expressions never change.
func TestCodecGolden(t *testing.T) {
	var b strings.Builder
	for _, src := range []string{
		"i + 1", "d * 2", "s like 'a%'", "case when i > 1 then 'x' else s end", "j in (1, 2, null)",
		"cast(s as decimal(10,2))", "date_add(t, interval 1 day)", "concat(s, null)",
	} {
		e := must(t, src, randomCols...)
		fmt.Fprintf(&b, "%s\n  %s\n  %s\n", src, String(e), hex.EncodeToString(Append(nil, e)))
	}
	fmt.Fprintf(&b, "?\n  %s\n", hex.EncodeToString(Append(nil, &Param{N: 2, T: types.TypeText})))
	golden(t, "codec.golden", b.String())
	for _, line := range strings.Split(b.String(), "\n") {
		if enc, err := hex.DecodeString(strings.TrimSpace(line)); err == nil && len(enc) > 4 {
			if _, rest, err := Decode(enc); err != nil || len(rest) > 0 {
				t.Errorf("%s does not decode: %v", line, err)
			}
		}
	}
}

// TestDocumented: every function that is listed says what it does.
func TestDocumented(t *testing.T) {
	for _, f := range Functions() {
		name, _, _ := strings.Cut(f.Signature, "(")
		if f.Doc == "" || f.Group == "" || name != f.Name && !containsFold(f.Aliases, name) {
			t.Errorf("%s: signature %q, doc %q", f.Name, f.Signature, f.Doc)
		}
		if byName[strings.ToLower(f.Name)] == nil {
			t.Errorf("%s does not resolve", f.Name)
		}
	}
}

func containsFold(list []string, s string) bool {
	for _, x := range list {
		if strings.EqualFold(x, s) {
			return true
		}
	}
	return false
}

func TestWalk(t *testing.T) {
	e := must(t, "i + j * i > 3 and s = 'x'", randomCols...)
	if got := Columns(e); !reflect.DeepEqual(got, []int{0, 1, 6}) {
		t.Errorf("Columns = %v", got)
	}
	moved := MapCols(e, func(i int) Expr { return &Col{Index: i + 10, Name: randomCols[i].Name, T: randomCols[i].T} })
	if got := Columns(moved); !reflect.DeepEqual(got, []int{10, 11, 16}) {
		t.Errorf("moved Columns = %v", got)
	}
	if Equal(e, moved) || !Equal(e, must(t, "i + j * i > 3 and s = 'x'", randomCols...)) {
		t.Error("Equal is wrong")
	}
	if same := Transform(e, func(x Expr) Expr { return x }); same != e {
		t.Error("an identity Transform copies")
	}
}

func TestVolatilityAndFallible(t *testing.T) {
	cases := []struct {
		src      string
		v        Volatile
		fallible bool
	}{
		{"i + 1", Immutable, true},
		{"i > 1 and s = 'x'", Immutable, false},
		{"now() > t", Stable, false},
		{"rand() < f", Changing, false},
		{"d + d", Immutable, false},
		{"z * z * z", Immutable, true},
		{"f * f", Immutable, true},
		{"concat(s, cast(i as char))", Immutable, false},
		{"s regexp 'x'", Immutable, true},
	}
	for _, c := range cases {
		e := must(t, c.src, randomCols...)
		if Volatility(e) != c.v || Fallible(e) != c.fallible {
			t.Errorf("%s: volatility %d, fallible %v", c.src, Volatility(e), Fallible(e))
		}
	}
	if Volatility(&Param{T: types.TypeInt}) != Stable {
		t.Error("a parameter is Stable")
	}
	if !Fallible(Assign(randomCols[1], types.TypeInt, "c")) {
		t.Error("an assignment can fail")
	}
}

func TestUnifyAndCompareType(t *testing.T) {
	small, usmall := types.Type{Kind: types.Int16}, types.Type{Kind: types.Uint16}
	bin := types.Type{Kind: types.String, Coll: types.CollUtf8mb4Bin, Len: 7}
	cases := []struct{ a, b, unified, compared types.Type }{
		{types.TypeInt, types.TypeInt, types.TypeInt, types.TypeInt},
		{small, types.TypeInt, types.TypeInt, types.TypeInt},
		{small, usmall, types.Type{Kind: types.Int24}, types.Type{Kind: types.Int24}},
		{types.TypeInt, types.TypeUint, types.NewDecimal(20, 0), types.NewDecimal(20, 0)},
		{types.TypeInt, types.NewDecimal(5, 2), types.NewDecimal(21, 2), types.NewDecimal(21, 2)},
		{types.NewDecimal(10, 0), types.NewDecimal(5, 4), types.NewDecimal(14, 4), types.NewDecimal(14, 4)},
		{types.TypeFloat, types.NewDecimal(5, 2), types.TypeFloat, types.TypeFloat},
		{types.TypeInt, types.TypeText, types.TypeText, types.TypeFloat},
		{types.NewString(5), types.NewString(9), types.NewString(9), types.NewString(9)},
		{types.NewString(5), types.TypeText, types.TypeText, types.TypeText},
		{types.NewString(5), bin, bin, bin},
		{types.TypeBytes, types.TypeText, types.TypeBytes, types.TypeBytes},
		{types.TypeDate, types.NewDatetime(3), types.NewDatetime(3), types.NewDatetime(3)},
		{types.TypeDate, types.NewString(10), types.NewString(10), types.NewDatetime(6)},
		{types.TypeDate, types.TypeInt, types.NewString(20), types.TypeInt},
		{types.NewTimestamp(0), types.NewDatetime(0), types.NewDatetime(0), types.NewDatetime(0)},
		{types.TypeNull, types.TypeInt, types.TypeInt, types.TypeInt},
	}
	for _, c := range cases {
		for _, pair := range [][2]types.Type{{c.a, c.b}, {c.b, c.a}} {
			if got := Unify(pair[0], pair[1]).WithNull(false); got != c.unified {
				t.Errorf("Unify(%v, %v) = %+v, want %+v", pair[0], pair[1], got, c.unified)
			}
			if got := CompareType(pair[0], pair[1]).WithNull(false); got != c.compared {
				t.Errorf("CompareType(%v, %v) = %+v, want %+v", pair[0], pair[1], got, c.compared)
			}
		}
	}
	if Unify() != types.TypeNull || !Unify(types.TypeInt, types.TypeNull).Nullable || Unify(types.TypeInt).Nullable {
		t.Error("nullability of Unify is wrong")
	}
}

// TestPlannerSeesBounds: comparisons keep columns bare where that is exact, so
// that keys can be used.
func TestPlannerSeesBounds(t *testing.T) {
	cases := []struct{ src, want string }{
		{"i = '5'", "(i = 5)"},
		{"i = 5.0", "(i = 5)"},
		{"i = 5e0", "(i = 5)"},
		{"i = 5.5e0", "(cast(i as double) = 5.5e00)"},
		{"i = '5.5'", "(cast(i as double) = 5.5e00)"},
		{"day < timestamp '2024-01-02 00:00:00'", "(day < DATE'2024-01-02')"},
		{"i = 5.5", "(cast(i as decimal(19,0)) = 5.5)"},
		{"i between 1 and 5", "((i >= 1) and (i <= 5))"},
		{"day = '2024-01-02'", "(day = DATE'2024-01-02')"},
		{"t >= '2024-01-02'", "(t >= TIMESTAMP'2024-01-02 00:00:00.000000')"},
		{"s = 'x'", "(s = 'x')"},
		{"d > 5", "(d > 5)"},
		{"i in (1, '2')", "(i in (1, 2))"},
	}
	for _, c := range cases {
		e := Fold(must(t, c.src, randomCols...))
		if got := String(e); got != c.want {
			t.Errorf("%s resolves to %s, want %s", c.src, got, c.want)
		}
	}
}

func TestParamTypes(t *testing.T) {
	p := &Param{N: 0, T: types.TypeNull}
	for op, want := range map[string]types.Kind{"=": types.Int64, "+": types.Int64} {
		e, err := Resolve(op, []Expr{randomCols[0], p})
		if err != nil {
			t.Fatal(err)
		}
		if got := e.(*Call).Args[1].Type().Kind; got != want {
			t.Errorf("i %s ?: the parameter is of kind %d, want %d", op, got, want)
		}
	}
	e, _ := Resolve("concat", []Expr{p, &Const{types.TextValue("!")}})
	cx := NewCtx()
	cx.Params = []types.Value{types.IntValue(12)}
	if v, err := Compile(e).Value(cx); err != nil || v.S != "12!" {
		t.Errorf("concat(12, '!') = %v, %v", v, err)
	}
	for src, want := range map[string]string{"?0 is null": "0", "coalesce(?0, ?0)": "12", "?0 = ?0": "1", "nullif(?0, 12)": "NULL", "?0 in (11, 12)": "1"} {
		if v, err := Value(cx, must(t, strings.ReplaceAll(src, "?0", "p"), &Col{Name: "p", Index: -1})); err != nil || show(v) != want {
			t.Errorf("%s = %s, %v", src, show(v), err)
		}
	}
	cx.Params = []types.Value{types.TextValue("12")}
	for _, fn := range []string{"hex", "nullif"} {
		args := []Expr{p, &Param{N: 1, T: types.TypeNull}}
		want := "12"
		if fn == "hex" {
			args, want = args[:1], "3132"
		}
		e, err := Resolve(fn, args)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := Compile(e).Value(cx); err != nil || v.S != want {
			t.Errorf("%s of the parameter '12' = %v, %v", fn, v, err)
		}
	}
	cx.Params = nil
	if v, err := Compile(e).Value(cx); err != nil || !v.IsNull {
		t.Errorf("a missing parameter gives %v, %v", v, err)
	}
}

func TestFits(t *testing.T) {
	cases := []struct {
		v    types.Value
		t    types.Type
		want bool
	}{
		{types.IntValue(5), types.TypeInt, true}, {types.FloatValue(5), types.TypeInt, true}, {types.FloatValue(5.5), types.TypeInt, false},
		{types.TextValue("5"), types.TypeInt, true}, {types.TextValue("5x"), types.TypeInt, false}, {types.IntValue(-1), types.TypeUint, false},
		{types.TextValue("2024-01-01"), types.TypeDate, true}, {types.TextValue("2024-01-01 00:00:00.5"), types.NewDatetime(0), false}, {types.TextValue("soon"), types.TypeDate, false}, {types.IntValue(5), types.TypeText, true},
	}
	for _, c := range cases {
		if got := Fits(c.v, c.t); got != c.want {
			t.Errorf("Fits(%v, %v) = %v", c.v, c.t, got)
		}
	}
}

// TestErrorsStayInTheirRows: errors mark rows, others have their values, and a
// filter leaves marked rows out.
func TestErrorsStayInTheirRows(t *testing.T) {
	b := zset.NewBatch([]types.Type{types.TypeInt, types.TypeInt.WithNull(true)}, 0)
	for _, x := range []int64{1, 1<<63 - 1, 3, 1<<63 - 1} {
		b.AppendValues([]types.Value{types.IntValue(x), types.IntValue(x)}, 1)
	}
	cx := NewCtx()
	e := must(t, "i + 1 > 2", randomCols...)
	if got := CompileFilter([]Expr{e}).Apply(cx, b, nil); !reflect.DeepEqual(got, []int32{2}) {
		t.Errorf("kept %v", got)
	}
	if got := cx.Errs.Rows(); !reflect.DeepEqual(got, []int32{1, 3}) {
		t.Errorf("failed %v", got)
	}
	if cx.Errs.At(1).Code != sqlerr.ErrNumericOutOfRange {
		t.Errorf("%v", cx.Errs.At(1))
	}
	// A scalar that fails fails every row that asks for it, and no other.
	cx.Reset()
	guarded := must(t, "case when i = 3 then 9223372036854775807 + 1 else i end", randomCols...)
	Compile(guarded).Eval(cx, b, nil)
	if got := cx.Errs.Rows(); !reflect.DeepEqual(got, []int32{2}) {
		t.Errorf("the branch failed %v", got)
	}
	// Without predicates all rows stay but those that failed before.
	if got := CompileFilter(nil).Apply(cx, b, nil); !reflect.DeepEqual(got, []int32{0, 1, 3}) {
		t.Errorf("kept %v", got)
	}
}

// TestRandom: the same seed gives the same numbers, rows differ, and RAND(n)
// is a sequence of its own.
func TestRandom(t *testing.T) {
	b := &zset.Batch{N: 50}
	draw := func(src string, seed uint64) []float64 {
		cx := NewCtx()
		cx.Seed = seed
		return Compile(must(t, src)).Eval(cx, b, nil).F[:50]
	}
	one := append([]float64(nil), draw("rand()", 1)...)
	if !reflect.DeepEqual(one, draw("rand()", 1)) || reflect.DeepEqual(one, draw("rand()", 2)) || one[0] == one[1] {
		t.Error("RAND() does not follow its seed")
	}
	if !reflect.DeepEqual(draw("rand(5)", 1), draw("rand(5)", 2)) {
		t.Error("RAND(5) follows the context's seed")
	}
	for _, x := range one {
		if x < 0 || x >= 1 {
			t.Errorf("RAND() = %v", x)
		}
	}
	cx := NewCtx()
	v := Compile(must(t, "uuid()")).Eval(cx, b, nil)
	if len(v.Bytes(0)) != 36 || v.Bytes(0)[14] != '4' || bytes.Equal(v.Bytes(0), v.Bytes(1)) {
		t.Errorf("UUID() = %s, %s", v.Bytes(0), v.Bytes(1))
	}
}

// TestSteadyStateAllocatesNothing: a warm context needs no memory.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	b := randomBatch(r, 500)
	for _, src := range []string{
		"j > 3 and s like 'a%'", "case when j > 2 then concat(s, 'x') else s end", "coalesce(s, 'none')", "upper(s)",
		"day + interval 1 month", "s in ('a', 'b', 'c')", "w * 2", "j between 1 and 5",
	} {
		p, cx := Compile(must(t, src, randomCols...)), NewCtx()
		f := CompileFilter([]Expr{must(t, "("+src+") is not null", randomCols...)})
		run := func() {
			cx.Reset()
			p.Eval(cx, b, nil)
			f.Apply(cx, b, nil)
		}
		run()
		if n := testing.AllocsPerRun(5, run); n > 0 {
			t.Errorf("%s: %v allocations a batch", src, n)
		}
		if cx.Bytes() == 0 {
			t.Errorf("%s: no scratch is counted", src)
		}
	}
}

// TestTextEqual agrees with the collation's own comparison.
func TestTextEqual(t *testing.T) {
	r := rand.New(rand.NewSource(7))
	alphabet := []string{"a", "A", "b", " ", "é", "É", "e", "\x01", "ß", "s", "1", "́"}
	text := func() []byte {
		var s []byte
		for range r.Intn(5) {
			s = append(s, alphabet[r.Intn(len(alphabet))]...)
		}
		return s
	}
	for _, c := range types.Collations() {
		equal := textEqual(c)
		for range 20000 {
			a, b := text(), text()
			if got, want := equal(a, b), c.Compare(a, b) == 0; got != want {
				t.Fatalf("%s: %q = %q is %v, want %v", c.Name(), a, b, got, want)
			}
		}
	}
}

// TestLikeShapes: patterns with shortcuts match as the general matcher does,
// and that as one which tries every way.
func TestLikeShapes(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	letters := []string{"a", "A", "b", "é", "%", "_"}
	text := func(n int) []byte {
		var s []byte
		for range r.Intn(n) {
			s = append(s, letters[r.Intn(4)]...)
		}
		return s
	}
	for _, c := range []types.Collation{types.Coll0900AiCi, types.CollUtf8mb4Bin, types.CollBinary} {
		for range 5000 {
			var pattern []byte
			for range r.Intn(5) {
				pattern = append(pattern, letters[r.Intn(len(letters))]...)
			}
			s := text(6)
			if got, want := scalar.NewPattern(pattern, nil, c).Match(s, new([]byte)), naiveLike(s, pattern, c); got != want {
				t.Fatalf("%s: %q LIKE %q is %v", c.Name(), s, pattern, got)
			}
		}
	}
}

// naiveLike tries every way.
func naiveLike(s, p []byte, c types.Collation) bool {
	size := func(b []byte) int {
		if c == types.CollBinary || b[0] < 0x80 {
			return 1
		}
		return 2 // é
	}
	if len(p) == 0 {
		return len(s) == 0
	}
	n := size(p)
	if p[0] == '%' {
		return naiveLike(s, p[1:], c) || len(s) > 0 && naiveLike(s[size(s):], p, c)
	}
	if len(s) == 0 {
		return false
	}
	m := size(s)
	return (p[0] == '_' || c.Compare(s[:m], p[:n]) == 0) && naiveLike(s[m:], p[n:], c)
}
