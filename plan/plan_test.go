package plan

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew")

// golden compares got with a file, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = "testdata/" + name
	if *rewrite {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%swant\n%s", name, got, want)
	}
}

// everything is a plan with every node and every field.
func everything() Node {
	params := func(n int) expr.Expr { return &expr.Param{N: n, T: types.TypeInt.WithNull(true)} }
	t := *scan(1).(*Scan)
	t.Access = &Access{Index: 1, Eq: []expr.Expr{params(0)}, Lo: x(&t, "3"), Hi: x(&t, "7"), LoOpen: true, HiOpen: true}
	t.Sch = slices.Clone(t.Sch)
	t.Sch[0].Table, t.Sch[0].DB = "alias", "shop"
	w := *scan(4).(*Scan)
	w.Access = &Access{In: [][]expr.Expr{{x(&w, "1"), x(&w, "2")}, {x(&w, "3"), x(&w, "4")}}}
	values := &Values{Rows: [][]expr.Expr{{x(&w, "1"), x(&w, "2")}, {x(&w, "3"), x(&w, "4")}}, Sch: w.Sch}
	right := &Exchange{In: &Distinct{In: &Union{Ins: []Node{filter(&w, "> q 1"), values}, Sch: w.Sch}}, Keys: []int{0}}
	j := join(LeftJoin, project(&t, "id", "y := + b 1", "d", "s"), right, "id p", "< y q")
	a := aggregate(j, "s", "count *", "sum d", "avg d", "min id", "count distinct id", "max q", "first s", "single d")
	a.(*Aggregate).Aggs = append(a.(*Aggregate).Aggs, Agg{Func: Sum0, Arg: 0, Type: types.TypeInt, Name: "sum0 id"})
	a.(*Aggregate).Sch = append(a.(*Aggregate).Sch, Column{Name: "total", Type: types.TypeInt})
	limit := top(a, 10, 2, "-total s")
	limit.Groups = []int{0}
	all := top(&Exchange{In: limit}, NoLimit, 0, "s")
	all.LimitParam, all.OffsetParam = params(1), params(2)
	semi := join(SemiJoin, all, scan(3), "")
	return join(AntiJoin, join(NullAntiJoin, semi, scan(3), "total k"), scan(3), "total k", "< total x")
}

func TestExplain(t *testing.T) {
	n := everything()
	if err := Validate(n); err != nil {
		t.Fatal(err)
	}
	golden(t, "explain.txt", Explain(n))
}

// TestCodecFormat compares with the bytes that version 1 of the format has,
// and reads those bytes back.
func TestCodecFormat(t *testing.T) {
	n := everything()
	buf := Append(nil, n)
	golden(t, "plan_v1.hex", hex.Dump(buf))
	m, rest, err := Decode(buf)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%d bytes left, error %v", len(rest), err)
	}
	if Explain(m) != Explain(n) || !bytes.Equal(Append(nil, m), buf) {
		t.Errorf("decoded\n%s", Explain(m))
	}
	golden(t, "fingerprint_v1.hex", func() string { f := Fingerprint(n); return hex.Dump(f[:]) }())
}

func TestDecodeRefuses(t *testing.T) {
	deep := []byte{}
	for range maxDepth + 10 {
		deep = append(deep, kindDistinct, 1)
	}
	for name, test := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing":            {nil, "bad varint"},
		"unknown kind":       {[]byte{99, 0}, "unknown kind of node 99"},
		"unknown field":      {[]byte{kindScan, 1, 7, 9, 0}, "unknown field 9"},
		"fields that fall":   {[]byte{kindScan, 3, 0, 1, 7, 0}, "field 1 after field 3"},
		"no input":           {[]byte{kindFilter, 0}, "without input"},
		"too deep":           {deep, "nested deeper"},
		"a list too long":    {[]byte{kindScan, 3, 0xff, 0xff, 3, 0}, "larger than what follows"},
		"columns, no schema": {[]byte{kindScan, 3, 1, 0, 0}, "1 columns for a schema of 0"},
		"rows unannounced":   {[]byte{kindValues, 1, 1, 0, 0}, "1 rows, 0 are announced"},
		"no inputs":          {[]byte{kindUnion, 0}, "no inputs"},
	} {
		if _, _, err := Decode(test.b); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
	buf := Append(nil, everything())
	for cut := range buf {
		if _, _, err := Decode(buf[:cut]); err == nil {
			t.Errorf("the first %d bytes were taken for a plan", cut)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(Append(nil, everything()))
	f.Add(Append(nil, Optimise(everything(), rels)))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, _, err := Decode(b)
		if err != nil {
			return
		}
		Explain(n)
		if again, _, err := Decode(Append(nil, n)); err != nil || Explain(again) != Explain(n) {
			t.Fatalf("decoded, encoded and decoded it differs: %v", err)
		}
	})
}

func TestValidateNamesTheFault(t *testing.T) {
	col := func(i int, t types.Type) expr.Expr { return &expr.Col{Index: i, Name: "c", T: t} }
	str := types.NewString(5)
	for name, test := range map[string]struct {
		n    Node
		want string
	}{
		"no node":                {nil, "a node is missing"},
		"no child":               {&Filter{}, "a node is missing"},
		"column past the end":    {&Filter{In: scan(3), Preds: []expr.Expr{col(2, types.TypeInt)}}, "column 2 of 2"},
		"negative column":        {&Exchange{In: scan(3), Keys: []int{-1}}, "column -1"},
		"column of another type": {&Filter{In: scan(3), Preds: []expr.Expr{col(0, types.TypeFloat)}}, "column 0 is kind 5"},
		"a NULL read as none":    {&Filter{In: scan(1), Preds: []expr.Expr{col(1, types.TypeInt)}}, "is kind 5"},
		"a column in a literal":  {&Values{Rows: [][]expr.Expr{{col(0, types.TypeInt)}}, Sch: Schema{notNull("k")}}, "column 0 of 0"},
		"short row":              {&Values{Rows: [][]expr.Expr{{}}, Sch: Schema{notNull("k")}}, "0 expressions for 1 columns"},
		"project of another type": {&Project{In: scan(3), Exprs: []expr.Expr{col(0, types.TypeInt)}, Sch: Schema{{Type: str}}},
			"column 0 is declared as kind 14"},
		"keys of different types": {&Join{Kind: InnerJoin, L: scan(1), R: scan(3), LKeys: []int{3}, RKeys: []int{0}}, "key 0 is kind 14"},
		"keys without partner":    {&Join{Kind: InnerJoin, L: scan(3), R: scan(3), LKeys: []int{0}}, "1 keys on the left, 0 on the right"},
		"join kind":               {&Join{Kind: 9, L: scan(3), R: scan(3)}, "join kind 9"},
		"outer join without NULL": {&Join{Kind: LeftJoin, L: scan(3), R: scan(3), Sch: append(slices.Clone(scan(3).Schema()), scan(3).Schema()...)},
			"column 2 is kind 5(0,0), declared as kind 5(0,0) not null"},
		"sum of a string": {&Aggregate{In: scan(1), Aggs: []Agg{{Func: Sum, Arg: 3, Type: types.TypeFloat}}, Sch: Schema{float("x")}},
			"the argument is kind 14"},
		"count of another type": {&Aggregate{In: scan(1), Aggs: []Agg{{Func: CountStar, Type: types.TypeFloat}}, Sch: Schema{float("x")}},
			"the result is declared as kind 12"},
		"unions of other types": {union2(scan(3), &Scan{Table: 9, Cols: []int{0, 1}, Sch: Schema{float("x"), float("y")}}), "input 1: column 0 is kind 12"},
		"limit":                 {&Top{In: scan(3), Limit: -2}, "limit -2"},
		"limit of a string":     {&Top{In: scan(3), LimitParam: &expr.Const{V: types.TextValue("x")}}, "the limit is kind 14"},
		"ragged list": {&Scan{Table: 4, Access: &Access{In: [][]expr.Expr{{x(scan(4), "1")}, {}}}},
			"keys of 1 and 0 columns"},
	} {
		if err := Validate(test.n); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

func TestAggType(t *testing.T) {
	dec := types.NewDecimal
	for _, test := range []struct {
		f            AggFunc
		arg          types.Type
		result, cast string
	}{
		{Count, types.TypeInt, "bigint", "bigint"},
		{CountStar, types.TypeNull, "bigint", "null"},
		{Sum, types.TypeInt, "decimal(41,0)", "bigint"},
		{Sum, types.TypeUint, "decimal(42,0)", "bigint unsigned"},
		{Sum, types.Type{Kind: types.Int32}, "decimal(32,0)", "int"},
		{Sum, types.Type{Kind: types.Int8}, "decimal(25,0)", "tinyint"},
		{Sum, dec(10, 2), "decimal(32,2)", "decimal(10,2)"},
		{Sum, dec(60, 30), "decimal(65,30)", "decimal(60,30)"},
		{Sum, types.TypeFloat, "double", "double"},
		{Sum, types.Type{Kind: types.Float32}, "double", "double"},
		{Sum, types.NewString(5), "double", "double"},
		{Sum, types.TypeDate, "decimal(41,0)", "bigint"},
		{Sum, types.NewDatetime(3), "decimal(39,3)", "decimal(17,3)"},
		{Avg, types.TypeInt, "decimal(23,4)", "bigint"},
		{Avg, types.Type{Kind: types.Int32}, "decimal(14,4)", "int"},
		{Avg, dec(10, 2), "decimal(14,6)", "decimal(10,2)"},
		{Avg, dec(65, 30), "decimal(65,30)", "decimal(65,30)"},
		{Avg, types.TypeFloat, "double", "double"},
		{Min, types.NewString(5), "varchar(5)", "varchar(5)"},
		{Max, types.NewDatetime(6), "datetime(6)", "datetime(6)"},
	} {
		result, cast := AggType(test.f, test.arg)
		if result.String() != test.result || cast.String() != test.cast {
			t.Errorf("%s(%s) is %s of %s, want %s of %s", test.f, test.arg, result, cast, test.result, test.cast)
		}
		if counts := test.f == Count || test.f == CountStar; result.Nullable == counts {
			t.Errorf("%s(%s) is nullable: %v", test.f, test.arg, result.Nullable)
		}
	}
}

func TestStoreKey(t *testing.T) {
	for name, test := range map[string]struct {
		n      Node
		key    []int
		unique bool
	}{
		"table":                    {scan(4), []int{0, 1}, true},
		"part of a key":            {project(scan(4), "p"), []int{0}, false},
		"select-list order":        {project(scan(4), "q", "s := + p q", "p"), []int{0, 2}, true},
		"groups":                   {aggregate(scan(1), "a s", "count *"), []int{0, 1}, true},
		"groups with a key":        {aggregate(scan(1), "a id", "count *"), []int{1}, true},
		"one row":                  {aggregate(scan(1), "", "count *", "sum a"), []int{0}, true},
		"view with repeated rows":  {scan(3), []int{0, 1}, false},
		"distinct":                 {&Distinct{In: scan(3)}, []int{0, 1}, true},
		"join on the right key":    {join(LeftJoin, scan(2), scan(1), "tid id"), []int{0}, true},
		"join on the left key":     {join(InnerJoin, scan(1), scan(3), "id k"), upTo(8), false},
		"join of two keys":         {join(InnerJoin, scan(1), scan(2), "a tid"), []int{0, 6}, true},
		"join by the key of both":  {join(InnerJoin, scan(4), scan(4), "p p q q"), []int{0, 1}, true},
		"semi join":                {join(SemiJoin, scan(1), scan(3), "a k"), []int{0}, true},
		"union":                    {union2(scan(4), scan(4)), []int{0, 1}, false},
		"top of a filter":          {top(filter(scan(1), "= a 1"), 3, 0, "b"), []int{0}, true},
		"cross join with one row":  {join(InnerJoin, scan(1), aggregate(scan(3), "", "count *"), ""), []int{0}, true},
		"unique index is not kept": {project(scan(1), "a", "b"), []int{0, 1}, false},
	} {
		key, unique := StoreKey(test.n, rels)
		if !slices.Equal(key, test.key) || unique != test.unique {
			t.Errorf("%s: stored by %v, unique %v; want %v, %v", name, key, unique, test.key, test.unique)
		}
	}
}

func TestWalkAndTables(t *testing.T) {
	n := everything()
	if got := Tables(n); !slices.Equal(got, []uint64{1, 3, 4}) {
		t.Errorf("tables %v", got)
	}
	nodes, shallow, exprs := 0, 0, 0
	Walk(n, func(n Node) bool {
		nodes++
		exprs += len(Exprs(n))
		return true
	})
	Walk(n, func(n Node) bool {
		shallow++
		_, join := n.(*Join)
		return join && shallow < 3
	})
	if lines := strings.Count(Explain(n), "\n"); nodes != lines || exprs != 20 || shallow != 5 {
		t.Errorf("%d nodes of %d lines, %d expressions; %d nodes near the top", nodes, lines, exprs, shallow)
	}
	if same := Transform(n, func(n Node) Node { return n }); same != n {
		t.Error("an identity made a new plan")
	}
}
