package push_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// story runs a circuit of one lane by hand over tables of two integers, the
// first their key.
type story struct {
	t      *testing.T
	c      *push.Circuit
	tables map[uint64]*arrange.Arrangement
}

var twoInts = []types.Type{types.TypeInt, types.TypeInt}

func pairTable(id uint64, name string) *plan.Scan {
	return scanAll(id, name, schema(name+"_k", types.TypeInt, name+"_v", types.TypeInt))
}

func newStory(t *testing.T, n plan.Node, env push.Env) *story {
	t.Helper()
	s := &story{t: t, tables: map[uint64]*arrange.Arrangement{}}
	for id := uint64(1); id <= 2; id++ {
		sch := &arrange.Schema{Types: twoInts, Key: zset.Cols(0), Unique: true}
		s.tables[id] = arrange.NewArrangement(&arrange.Env{}, sch, 1)
	}
	env.Lanes, env.Arrange = 1, &arrange.Env{}
	env.Shared = func(id uint64) (*arrange.Arrangement, bool) { return s.tables[id], true }
	c, err := push.Build(n, nil, &env)
	if err != nil {
		t.Fatal(err)
	}
	s.c = c
	return s
}

// rows makes a batch of "+1 k v" words.
func rows(texts ...string) *zset.Batch {
	b := zset.NewBatch(twoInts, 0)
	for _, text := range texts {
		var w, k, v int64
		if _, err := fmt.Sscan(text, &w, &k, &v); err != nil {
			panic(err)
		}
		b.AppendValues([]types.Value{types.IntValue(k), types.IntValue(v)}, w)
	}
	return b
}

// step changes a table and returns what the circuit puts out.
func (s *story) step(table uint64, texts ...string) string {
	s.t.Helper()
	b := rows(texts...)
	s.tables[table].Stage(b)
	out, err := s.c.Step([]push.Change{push.Changed(table, [][]*zset.Batch{{b}})})
	if err != nil {
		s.t.Fatal(err)
	}
	s.tables[table].Publish()
	s.c.Publish()
	return text(out)
}

func text(out *push.Out) string {
	var lines []string
	for _, lane := range out.Delta {
		for _, b := range lane {
			for i := range b.N {
				lines = append(lines, fmt.Sprintf("%+d%s", b.Weight(i), values(b, i)))
			}
		}
	}
	if out.Errors != nil {
		for i := range out.Errors.N {
			lines = append(lines, fmt.Sprintf("error %+d%s", out.Errors.Weight(i), values(out.Errors, i)))
		}
	}
	return strings.Join(lines, "\n")
}

func values(b *zset.Batch, i int) string {
	s := ""
	for _, v := range b.Row(i) {
		switch {
		case v.IsNull:
			s += " NULL"
		case v.Type.Kind == types.String:
			s += " " + v.S
		default:
			s += fmt.Sprintf(" %d", v.I)
		}
	}
	return s
}

func (s *story) want(got string, want ...string) {
	s.t.Helper()
	if w := strings.Join(want, "\n"); got != w {
		s.t.Fatalf("got\n%s\nwant\n%s", got, w)
	}
}

func single(in *plan.Scan) plan.Node {
	t := types.TypeInt.WithNull(true)
	return &plan.Aggregate{In: in, Aggs: []plan.Agg{{Func: plan.Single, Arg: 1, Type: t, Name: "v"}}, Sch: schema("v", t)}
}

func TestErrorsHealWhenTheirRowGoes(t *testing.T) {
	s := newStory(t, single(pairTable(1, "t")), push.Env{})
	out, err := s.c.Init()
	if err != nil {
		t.Fatal(err)
	}
	s.want(text(out), "+1 NULL")
	s.c.Publish()
	s.want(s.step(1, "1 7 70"), "-1 NULL", "+1 70")
	s.want(s.step(1, "1 8 80"), "-1 70", "error +1 1242 Subquery returns more than 1 row ()")
	s.want(s.step(1, "1 9 90"), "")
	s.want(s.step(1, "-1 7 70", "-1 9 90"), "+1 80", "error -1 1242 Subquery returns more than 1 row ()")
}

func TestInitGivesLiteralRowsOnce(t *testing.T) {
	n := &plan.Values{Sch: schema("x", types.TypeInt)}
	for _, i := range []int64{3, 1, 3} {
		n.Rows = append(n.Rows, []expr.Expr{&expr.Const{V: types.IntValue(i)}})
	}
	s := newStory(t, n, push.Env{})
	out, err := s.c.Init()
	if err != nil {
		t.Fatal(err)
	}
	s.want(text(out), "+1 1", "+2 3")
	s.c.Publish()
	if out, err = s.c.Step(nil); err != nil || text(out) != "" {
		t.Fatalf("a step without changes gave %q, %v", text(out), err)
	}
}

func TestLiteralRowsThatFailAreErrors(t *testing.T) {
	most := &expr.Const{V: types.IntValue(math.MaxInt64)}
	sum, err := expr.Resolve("+", []expr.Expr{most, most})
	if err != nil {
		t.Fatal(err)
	}
	n := &plan.Values{Sch: schema("x", types.TypeInt), Rows: [][]expr.Expr{{most}, {sum}}}
	s := newStory(t, n, push.Env{})
	out, err := s.c.Init()
	if err != nil {
		t.Fatal(err)
	}
	got, rest, _ := strings.Cut(text(out), "\n")
	if got != "+1 9223372036854775807" || !strings.HasPrefix(rest, "error +1 1690 ") || !strings.HasSuffix(rest, "row 2 of VALUES") {
		t.Fatalf("got\n%s", text(out))
	}
}

func TestAFilterThatFailsIsAnErrorUntilItsRowGoes(t *testing.T) {
	in := pairTable(1, "t")
	one := &expr.Const{V: types.IntValue(1)}
	sum, err := expr.Resolve("+", []expr.Expr{col(in.Sch, 1), one})
	if err != nil {
		t.Fatal(err)
	}
	pred, err := expr.Resolve(">", []expr.Expr{sum, one})
	if err != nil {
		t.Fatal(err)
	}
	s := newStory(t, &plan.Filter{In: in, Preds: []expr.Expr{pred}}, push.Env{})
	s.want(s.step(1, "1 1 5", "1 2 -5"), "+1 1 5")
	const bad = " 1690 BIGINT value is out of range in '(t_v + 1)' (3,9223372036854775807)"
	s.want(s.step(1, "1 3 9223372036854775807"), "error +1"+bad)
	s.want(s.step(1, "-1 3 9223372036854775807", "1 3 8"), "+1 3 8", "error -1"+bad)
	s.c.Drop()
}

func TestASideUnderChosenColumnsIsReadAsItIs(t *testing.T) {
	u := pairTable(2, "u")
	turned := &plan.Project{In: u, Exprs: []expr.Expr{col(u.Sch, 1), col(u.Sch, 0)}, Sch: plan.Schema{u.Sch[1], u.Sch[0]}}
	s := newStory(t, innerOn(pairTable(1, "t"), turned, 1, 1), push.Env{})
	if got := s.c.Feed(2); got != (push.Feed{AsIs: 1}) {
		t.Fatalf("Feed = %+v", got)
	}
	s.want(s.step(1, "1 1 5"), "")
	s.want(s.step(2, "1 5 50"), "+1 1 5 50 5")
}

func innerOn(l, r plan.Node, lk, rk int) *plan.Join {
	j := &plan.Join{Kind: plan.InnerJoin, L: l, R: r, LKeys: []int{lk}, RKeys: []int{rk}}
	j.Sch = append(append(plan.Schema{}, l.Schema()...), r.Schema()...)
	return j
}

func TestFeedsOfASelfJoin(t *testing.T) {
	// t AS l JOIN t AS r ON l.v = r.k: the right side is t as it is.
	s := newStory(t, innerOn(pairTable(1, "t"), pairTable(1, "t"), 1, 0), push.Env{})
	if got, want := s.c.Feed(1), (push.Feed{Edges: 1, AsIs: 1}); got != want {
		t.Fatalf("Feed = %+v, want %+v", got, want)
	}
	if got := s.c.Feed(9); got != (push.Feed{}) {
		t.Fatalf("Feed of a stranger = %+v", got)
	}
	if got := s.c.Inputs(); !slices.Equal(got, []uint64{1}) {
		t.Fatalf("Inputs = %v", got)
	}
	if n := len(s.c.States()); n != 1 {
		t.Fatalf("%d arrangements, want the left side's only", n)
	}
	s.want(s.step(1, "1 1 2", "1 2 3"), "+1 1 2 2 3")
	s.want(s.step(1, "1 3 3", "-1 1 2"), "-1 1 2 2 3", "+1 2 3 3 3", "+1 3 3 3 3")
}

func TestSharedSideMayBeLeftOfAnInnerJoin(t *testing.T) {
	s := newStory(t, innerOn(pairTable(1, "t"), pairTable(2, "u"), 0, 1), push.Env{})
	if got := s.c.Feed(1); got != (push.Feed{AsIs: 1}) {
		t.Fatalf("Feed of the left side = %+v", got)
	}
	s.want(s.step(2, "1 5 1"), "")
	s.want(s.step(1, "1 1 10"), "+1 1 10 5 1")
	left := innerOn(pairTable(1, "t"), pairTable(2, "u"), 0, 1)
	left.Kind = plan.LeftJoin
	s = newStory(t, left, push.Env{})
	if got := s.c.Feed(1); got != (push.Feed{Edges: 1}) {
		t.Fatalf("Feed of a left join's left side = %+v", got)
	}
}

func TestLoadingAnEdgeBesideASideAsItIs(t *testing.T) {
	s := newStory(t, innerOn(pairTable(1, "t"), pairTable(2, "u"), 1, 0), push.Env{})
	for id, b := range map[uint64]*zset.Batch{1: rows("1 1 5", "1 2 5", "1 3 6"), 2: rows("1 5 50")} {
		s.tables[id].Stage(b)
		s.tables[id].Publish()
	}
	load := func(texts ...string) string {
		out, err := s.c.Step([]push.Change{push.Loaded(1, [][]*zset.Batch{{rows(texts...)}})})
		if err != nil {
			t.Fatal(err)
		}
		s.c.Publish()
		return text(out)
	}
	s.want(load("1 1 5"), "+1 1 5 5 50")
	s.want(s.step(2, "1 6 60", "-1 5 50", "1 5 51"), "-1 1 5 5 50", "+1 1 5 5 51")
	s.want(load("1 2 5", "1 3 6"), "+1 2 5 5 51", "+1 3 6 6 60")
}

func TestAPanicLeavesNoTrace(t *testing.T) {
	count := &plan.Aggregate{In: pairTable(1, "t"), Groups: []int{1},
		Aggs: []plan.Agg{{Func: plan.CountStar, Type: types.TypeInt, Name: "n"}},
		Sch:  schema("v", types.TypeInt, "n", types.TypeInt)}
	armed := false
	s := newStory(t, count, push.Env{Clock: func() int64 {
		if armed {
			panic("a fault in the middle of a step")
		}
		return 0
	}})
	s.want(s.step(1, "1 1 7"), "+1 7 1")
	func() {
		defer func() {
			if recover() == nil {
				t.Fatal("no panic")
			}
			armed = false
			s.c.Discard()
		}()
		armed = true
		s.c.Step([]push.Change{push.Changed(1, [][]*zset.Batch{{rows("1 2 7", "1 3 9")}})})
	}()
	s.want(s.step(1, "1 4 7"), "-1 7 1", "+1 7 2")
}

func TestStatsCountRowsAndState(t *testing.T) {
	now := int64(0)
	s := newStory(t, innerOn(pairTable(1, "t"), pairTable(2, "u"), 1, 1), push.Env{Clock: func() int64 { now += 5; return now }})
	s.step(1, "1 1 7", "1 2 8")
	s.step(2, "1 1 7", "1 2 7")
	st := s.c.Stats()
	if len(st) != 3 || st[0].Depth != 0 || st[1].Depth != 1 || st[2].Depth != 1 {
		t.Fatalf("operators %+v", st)
	}
	j := st[0]
	if j.RowsIn != 4 || j.RowsOut != 2 || j.State != 4 || j.Bytes == 0 || j.Nanos == 0 || !strings.Contains(j.Name, "Join") {
		t.Fatalf("join %+v", j)
	}
	if st[1].RowsIn != 2 || st[1].RowsOut != 2 || st[1].State != 0 {
		t.Fatalf("scan %+v", st[1])
	}
}

func TestViewsRefuseWhatChangesByItself(t *testing.T) {
	now, err := expr.Resolve("now", nil)
	if err != nil {
		t.Fatal(err)
	}
	in := pairTable(1, "t")
	limit := &expr.Param{N: 0, T: types.TypeInt}
	for name, n := range map[string]plan.Node{
		"now":       &plan.Project{In: in, Exprs: []expr.Expr{now}, Sch: schema("n", now.Type())},
		"parameter": &plan.Filter{In: in, Preds: []expr.Expr{limit}},
		"limit":     &plan.Top{In: in, LimitParam: limit},
	} {
		if _, err := push.Build(n, nil, &push.Env{Lanes: 1, Arrange: &arrange.Env{}}); err == nil {
			t.Errorf("%s: built", name)
		} else if !strings.Contains(err.Error(), "in a view") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParallelRaisesPanicsInTheCaller(t *testing.T) {
	done := make([]bool, 9)
	defer func() {
		if got := recover(); got != 3 {
			t.Fatalf("recovered %v, want the lowest job's panic", got)
		}
		if slices.Contains(done, false) {
			t.Fatalf("not all jobs ran: %v", done)
		}
	}()
	push.Parallel(4)(len(done), func(i int) {
		done[i] = true
		if i == 3 || i == 7 {
			panic(i)
		}
	})
}
