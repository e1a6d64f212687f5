package plan

import (
	"testing"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
)

// applyRule applies the rule of that name alone, inputs first, once.
func applyRule(t *testing.T, name string, n Node) Node {
	t.Helper()
	for _, r := range rules {
		if r.name == name {
			return Transform(n, func(n Node) Node { return r.apply(n, rels) })
		}
	}
	t.Fatalf("there is no rule %s", name)
	return nil
}

// ruleTests has for each rule plans that it rewrites, and plans, wanted as
// they are ("same"), that it must leave alone.
var ruleTests = map[string][]struct {
	name string
	n    func() Node
	want string
}{
	"FoldConstants": {
		{"sum of literals", func() Node { return filter(scan(3), "= k + 1 2") }, `
			Filter (k = 3)
			  Scan v(k, x)`},
		{"nothing to fold", func() Node { return filter(scan(3), "= k 3") }, "same"},
	},
	"SplitConjunctions": {
		{"filter", func() Node { return filter(scan(3), "and and = k 1 = x 2 or = k 3 = x 4") }, `
			Filter (k = 1) and (x = 2) and ((k = 3) or (x = 4))
			  Scan v(k, x)`},
		{"join", func() Node { return join(InnerJoin, scan(3), scan(4), "", "and = k p < x q") }, `
			CrossJoin on (k = p) and (x < q)
			  Scan v(k, x)
			  Scan w(p, q)`},
		{"no conjunction", func() Node { return filter(scan(3), "or = k 3 = x 4") }, "same"},
	},
	"DropTrueFilters": {
		{"all true", func() Node { return filter(scan(3), "1", "= k k") }, `
			Filter (k = k)
			  Scan v(k, x)`},
		{"none left", func() Node { return filter(scan(3), "1", "1.5") }, `
			Scan v(k, x)`},
		{"repeated", func() Node { return filter(scan(3), "= k 1", "= x 2", "= k 1") }, `
			Filter (k = 1) and (x = 2)
			  Scan v(k, x)`},
		{"volatile ones are not the same", func() Node { return filter(scan(3), "< rand 0.5", "< rand 0.5") }, "same"},
	},
	"EmptyFilter": {
		{"false", func() Node { return filter(scan(3), "= k 1", "0") }, `
			Values none`},
		{"NULL", func() Node { return filter(scan(3), "null") }, `
			Values none`},
		{"true", func() Node { return filter(scan(3), "1") }, "same"},
	},
	"MergeFilters": {
		{"the lower first", func() Node { return filter(filter(scan(3), "= k 1"), "= x 2") }, `
			Filter (k = 1) and (x = 2)
			  Scan v(k, x)`},
	},
	"FilterThroughProject": {
		{"computed column", func() Node { return filter(project(scan(1), "a", "y := + b 1"), "> y 5", "= a 1") }, `
			Project a, (b + 1) as y
			  Filter ((b + 1) > 5) and (a = 1)
			    Scan t(id, a, b, s, d, f)`},
		{"volatile column stays, what may fail behind it too",
			func() Node {
				return filter(project(scan(1), "a", "r := rand", "y := + b 1"), "= a 1", "< r 0.5", "> y 5", "= a 2")
			}, `
			Filter (r < cast(0.5 as double)) and (y > 5)
			  Project a, rand() as r, (b + 1) as y
			    Filter (a = 1) and (a = 2)
			      Scan t(id, a, b, s, d, f)`},
	},
	"FilterThroughUnion": {
		{"into both", func() Node { return filter(union2(scan(3), scan(4)), "= k 1", "> + x 1 5") }, `
			Union
			  Filter (k = 1) and ((x + 1) > 5)
			    Scan v(k, x)
			  Filter (p = 1) and ((q + 1) > 5)
			    Scan w(p, q)`},
	},
	"FilterThroughAggregate": {
		{"on groups", func() Node { return filter(aggregate(scan(1), "b a", "count *"), "= a 1", "> #2 5") }, `
			Filter (count * > 5)
			  Aggregate by b, a: count(*) as count *
			    Filter (a = 1)
			      Scan t(id, a, b, s, d, f)`},
		{"on a group of strings under the collation", func() Node { return filter(aggregate(scan(1), "s", "count *"), "= s 'x'") }, `
			Aggregate by s: count(*) as count *
			  Filter (s = 'x')
			    Scan t(id, a, b, s, d, f)`},
		{"strings of a group may differ in length", func() Node { return filter(aggregate(scan(1), "s", "count *"), "= length s 1") }, "same"},
		{"what may fail stays", func() Node { return filter(aggregate(scan(1), "b", "count *"), "> + b 1 5") }, "same"},
		{"no groups", func() Node { return filter(aggregate(scan(1), "", "count *"), "0") }, "same"},
	},
	"FilterThroughDistinct": {
		{"exact", func() Node { return filter(&Distinct{In: scan(3)}, "= k 1", "> + x 1 5") }, `
			Filter ((x + 1) > 5)
			  Distinct
			    Filter (k = 1)
			      Scan v(k, x)`},
		{"representatives differ", func() Node { return filter(&Distinct{In: scan(1)}, "= length s 1") }, "same"},
	},
	"FilterThroughTop": {
		{"a sort", func() Node { return filter(top(scan(3), NoLimit, 0, "x"), "> + k 1 5") }, `
			Top by x
			  Filter ((k + 1) > 5)
			    Scan v(k, x)`},
		{"groups of a limit", func() Node {
			n := top(scan(3), 3, 0, "x")
			n.Groups = []int{0}
			return filter(n, "= k 1", "= x 1")
		}, `
			Filter (x = 1)
			  Top per k by x limit 3
			    Filter (k = 1)
			      Scan v(k, x)`},
		{"a limit", func() Node { return filter(top(scan(3), 3, 0, "x"), "= k 1") }, "same"},
	},
	"FilterIntoJoin": {
		{"inner", func() Node { return filter(join(InnerJoin, scan(3), scan(4), "k p"), "= x 1", "= q 2", "= x q") }, `
			Filter (x = q)
			  Join on k = p
			    Filter (x = 1)
			      Scan v(k, x)
			    Filter (q = 2)
			      Scan w(p, q)`},
		{"left", func() Node { return filter(join(LeftJoin, scan(3), scan(4), "k p"), "= x 1", "is_null q") }, `
			Filter (q is null)
			  LeftJoin on k = p
			    Filter (x = 1)
			      Scan v(k, x)
			    Scan w(p, q)`},
		{"semi", func() Node { return filter(join(SemiJoin, scan(3), scan(4), "k p"), "= x 1") }, `
			SemiJoin on k = p
			  Filter (x = 1)
			    Scan v(k, x)
			  Scan w(p, q)`},
		{"what may fail sees only rows that match", func() Node { return filter(join(InnerJoin, scan(3), scan(4), "k p"), "= + x 1 1") }, "same"},
	},
	"ConditionsDown": {
		{"inner", func() Node { return join(InnerJoin, scan(3), scan(4), "k p", "= x 1", "= q 2", "< x q") }, `
			Join on k = p and (x < q)
			  Filter (x = 1)
			    Scan v(k, x)
			  Filter (q = 2)
			    Scan w(p, q)`},
		{"left", func() Node { return join(LeftJoin, scan(3), scan(4), "k p", "= x 1", "= q 2") }, `
			LeftJoin on k = p and (x = 1)
			  Scan v(k, x)
			  Filter (q = 2)
			    Scan w(p, q)`},
		{"anti", func() Node { return join(AntiJoin, scan(3), scan(4), "k p", "= x 1", "= q 2") }, `
			AntiJoin on k = p and (x = 1)
			  Scan v(k, x)
			  Filter (q = 2)
			    Scan w(p, q)`},
		{"NOT IN looks at whether R is empty", func() Node { return join(NullAntiJoin, scan(3), scan(4), "k p", "= q 2") }, "same"},
	},
	"LeftJoinToInner": {
		{"comparison", func() Node { return filter(join(LeftJoin, scan(3), scan(4), "k p"), "> q 1") }, `
			Filter (q > 1)
			  Join on k = p
			    Scan v(k, x)
			    Scan w(p, q)`},
		{"IS NOT NULL", func() Node { return filter(join(LeftJoin, scan(3), scan(4), "k p"), "not is_null q") }, `
			Filter (not (q is null))
			  Join on k = p
			    Scan v(k, x)
			    Scan w(p, q)`},
		{"either term of OR", func() Node {
			return filter(join(LeftJoin, scan(3), scan(4), "k p"), "or = q 1 in2 + q x 3 4")
		}, `
			Filter ((q = 1) or ((q + x) in (3, 4)))
			  Join on k = p
			    Scan v(k, x)
			    Scan w(p, q)`},
		{"one term of OR", func() Node { return filter(join(LeftJoin, scan(3), scan(4), "k p"), "or = q 1 = x 1") }, "same"},
		{"IS NULL", func() Node { return filter(join(LeftJoin, scan(3), scan(4), "k p"), "is_null q") }, "same"},
		{"IFNULL", func() Node { return filter(join(LeftJoin, scan(3), scan(4), "k p"), "= ifnull q 0 0") }, "same"},
		{"<=>", func() Node { return filter(join(LeftJoin, scan(3), scan(4), "k p"), "<=> q x") }, "same"},
		{"left column", func() Node { return filter(join(LeftJoin, scan(3), scan(4), "k p"), "= x 1") }, "same"},
	},
	"EqualityToKeys": {
		{"cross join and filter", func() Node { return filter(join(InnerJoin, scan(3), scan(4), ""), "= q x", "< k p") }, `
			Filter (k < p)
			  Join on x = q
			    Scan v(k, x)
			    Scan w(p, q)`},
		{"condition of an outer join", func() Node { return join(LeftJoin, scan(3), scan(4), "", "= k p", "< x q") }, `
			LeftJoin on k = p and (x < q)
			  Scan v(k, x)
			  Scan w(p, q)`},
		{"integers of different size", func() Node { return filter(join(SemiJoin, scan(3), scan(2), "", "= k n"), "1") }, `
			Filter 1
			  SemiJoin on k = cast(n as bigint)
			    Scan v(k, x)
			    Project id, tid, n, s, cast(n as bigint)
			      Scan u(id, tid, n, s)`},
		{"the left column is computed", func() Node { return join(SemiJoin, scan(2), scan(3), "", "= n k") }, `
			Project id, tid, n, s
			  SemiJoin on cast(n as bigint) = k
			    Project id, tid, n, s, cast(n as bigint)
			      Scan u(id, tid, n, s)
			    Scan v(k, x)`},
		{"what may fail", func() Node { return join(InnerJoin, scan(3), scan(4), "", "= + k 1 p") }, "same"},
		{"one side", func() Node { return join(InnerJoin, scan(3), scan(4), "", "= k x") }, "same"},
		{"filter above an outer join", func() Node { return filter(join(LeftJoin, scan(3), scan(4), ""), "= k p") }, "same"},
		{"NOT IN", func() Node { return join(NullAntiJoin, scan(3), scan(4), "k p", "= x q") }, "same"},
	},
	"NullAntiToAnti": {
		{"no NULLs", func() Node { return join(NullAntiJoin, scan(3), scan(4), "k p") }, `
			AntiJoin on k = p
			  Scan v(k, x)
			  Scan w(p, q)`},
		{"NULLs", func() Node { return join(NullAntiJoin, scan(3), scan(2), "k tid") }, "same"},
	},
	"ConnectJoins": {
		{"the third connects the first two", func() Node {
			return join(InnerJoin, join(InnerJoin, scan(1), scan(2), "", "< b n"), scan(4), "a p #6 q")
		}, `
			Project id#0, a, b, s#3, d, f, id#8, tid, n, s#11, p, q
			  Join on q = id and (b < n)
			    Join on a = p
			      Scan t(id, a, b, s, d, f)
			      Scan w(p, q)
			    Scan u(id, tid, n, s)`},
		{"nothing connects", func() Node { return join(InnerJoin, join(InnerJoin, scan(3), scan(4), ""), scan(4), "") }, "same"},
		{"no cross join", func() Node { return join(InnerJoin, join(InnerJoin, scan(3), scan(4), "k p"), scan(1), "x id") }, "same"},
	},
	"MergeProjects": {
		{"used once", func() Node { return project(project(scan(3), "y := + k 1", "x"), "z := + y x") }, `
			Project ((k + 1) + x) as z
			  Scan v(k, x)`},
		{"used twice", func() Node { return project(project(scan(3), "y := + k 1"), "z := + y y") }, "same"},
		{"volatile", func() Node { return project(project(scan(3), "y := rand"), "z := + y 1") }, "same"},
	},
	"DropIdentityProject": {
		{"all columns in order", func() Node { return project(scan(3), "k", "y := x") }, `
			Scan v(k, x)`},
		{"another order", func() Node { return project(scan(3), "x", "k") }, "same"},
		{"fewer", func() Node { return project(scan(3), "k") }, "same"},
	},
	"DropRedundantDistinct": {
		{"over a key", func() Node { return &Distinct{In: project(scan(4), "q", "p")} }, `
			Project q, p
			  Scan w(p, q)`},
		{"over groups", func() Node { return &Distinct{In: aggregate(scan(3), "k", "count *")} }, `
			Aggregate by k: count(*) as count *
			  Scan v(k, x)`},
		{"over a part of a key", func() Node { return &Distinct{In: project(scan(4), "q")} }, "same"},
		{"over a view with repeated rows", func() Node { return &Distinct{In: scan(3)} }, "same"},
	},
	"DropInnerSort": {
		{"below a join", func() Node {
			return join(InnerJoin, project(top(scan(3), NoLimit, 0, "k"), "x"), top(scan(4), NoLimit, 0, "p"), "x p")
		}, `
			Join on x = p
			  Project x
			    Scan v(k, x)
			  Scan w(p, q)`},
		{"below a limit", func() Node { return top(top(scan(3), NoLimit, 0, "k"), 3, 0, "x") }, `
			Top by x limit 3
			  Scan v(k, x)`},
		{"with a limit", func() Node { return aggregate(top(scan(3), 5, 0, "k"), "", "count *") }, "same"},
		{"at the top", func() Node { return project(top(scan(3), NoLimit, 0, "k"), "x") }, "same"},
	},
	"FlattenUnion": {
		{"nested", func() Node { return union2(union2(scan(3), scan(4)), scan(3)) }, `
			Union
			  Scan v(k, x)
			  Scan w(p, q)
			  Scan v(k, x)`},
		{"single", func() Node { return &Union{Ins: []Node{scan(3)}, Sch: scan(3).Schema()} }, `
			Scan v(k, x)`},
	},
	"DropEmptyInputs": {
		{"inner join", func() Node { return join(InnerJoin, scan(3), none(scan(4)), "k p") }, `
			Values none`},
		{"left join", func() Node { return join(LeftJoin, scan(3), none(scan(4)), "k p") }, `
			Project k, x, NULL as p, NULL as q
			  Scan v(k, x)`},
		{"anti join", func() Node { return join(NullAntiJoin, scan(3), none(scan(4)), "k p") }, `
			Scan v(k, x)`},
		{"union", func() Node { return union2(none(scan(3)), scan(4)) }, `
			Union
			  Scan w(p, q)`},
		{"groups", func() Node { return aggregate(filter(none(scan(3)), "= k 1"), "k", "count *") }, `
			Values none`},
		{"a global aggregate has a row", func() Node { return aggregate(none(scan(3)), "", "count *") }, "same"},
	},
	"LimitThroughProject": {
		{"order by a key", func() Node { return top(project(scan(4), "y := + p q", "q", "p"), 5, 1, "-q p") }, `
			Project (p + q) as y, q, p
			  Top by q desc, p limit 5 offset 1
			    Scan w(p, q)`},
		{"ties", func() Node { return top(project(scan(4), "y := + p q", "q", "p"), 5, 0, "q") }, "same"},
		{"order by what is computed", func() Node { return top(project(scan(4), "y := + p q", "q", "p"), 5, 0, "y q p") }, "same"},
	},
}

// none is what n puts out, without rows.
func none(n Node) Node { return &Values{Sch: n.Schema()} }

func TestRules(t *testing.T) {
	for _, r := range rules {
		tests := ruleTests[r.name]
		if len(tests) == 0 {
			t.Errorf("rule %s has no test", r.name)
		}
		for _, test := range tests {
			t.Run(r.name+"/"+test.name, func(t *testing.T) {
				n := test.n()
				before := Explain(n)
				got := applyRule(t, r.name, n)
				if test.want == "same" {
					if got != n {
						t.Errorf("rewritten to\n%s", Explain(got))
					}
					return
				}
				wantPlan(t, got, test.want)
				if Explain(n) != before {
					t.Error("the rule changed the plan that it was given")
				}
			})
		}
	}
}

func TestOptimise(t *testing.T) {
	for _, test := range []struct {
		name string
		n    func() Node
		want string
	}{
		{"joins of a comma list", func() Node {
			return project(filter(join(InnerJoin, join(InnerJoin, scan(1), scan(2), ""), scan(4), ""),
				"and = a p and = #6 q = s 'x'", "> n 3"), "b", "n")
		}, `
			Project b, n
			  Join on q = id
			    Project b, q
			      Join on a = p
			        Project a, b
			          Filter (s = 'x')
			            Scan t(a, b, s)
			        Scan w(p, q)
			    Filter (n > 3)
			      Scan u(id, n)`},
		{"votes of an article", func() Node {
			return project(aggregate(join(LeftJoin, project(scan(1), "id", "s"), scan(2), "id tid"), "id s", "count n"), "id", "s", "votes := #2")
		}, `
			Aggregate by id: same(s) as s, count(n) as count n
			  Project id, s, n
			    LeftJoin on id = tid
			      Scan t(id, s)
			      Scan u(tid, n)`},
		{"counting reads one column", func() Node { return aggregate(scan(1), "", "count *") }, `
			Aggregate: count(*) as count *
			  Scan t(id)`},
		{"unread aggregates and inputs go", func() Node {
			return project(union2(aggregate(scan(1), "a", "sum b", "count *"), aggregate(scan(1), "b", "sum b", "count *")), "c := #2")
		}, `
			Union
			  Project count *
			    Aggregate by a: count(*) as count *
			      Scan t(a)
			  Project count *
			    Aggregate by b: count(*) as count *
			      Scan t(b)`},
		{"never true", func() Node { return aggregate(filter(scan(1), "= 1 2"), "", "count *", "sum a") }, `
			Aggregate: count(*) as count *, sum(a) as sum a
			  Values none`},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := test.n()
			got := Optimise(n, rels)
			wantPlan(t, got, test.want)
			for i, c := range got.Schema() {
				if want := n.Schema()[i]; c.Name != want.Name || !sameType(c.Type, want.Type) {
					t.Errorf("column %d is %v, want %v", i, c, want)
				}
			}
		})
	}
}

func TestChooseAccess(t *testing.T) {
	for _, test := range []struct {
		name string
		n    func() Node
		want string
	}{
		{"key", func() Node { return filter(scan(1), "= id 5") }, `
			Scan t(id, a, b, s, d, f) [key = (5)]`},
		{"key, constant first, parameter", func() Node { return filter(scan(1), "= ? id") }, `
			Scan t(id, a, b, s, d, f) [key = (?)]`},
		{"text for a number", func() Node { return filter(scan(1), "= id '5'") }, `
			Scan t(id, a, b, s, d, f) [key = (5)]`},
		{"the key goes before an index", func() Node { return filter(scan(1), "= a 1", "= b 2", "= id 5") }, `
			Filter (a = 1) and (b = 2)
			  Scan t(id, a, b, s, d, f) [key = (5)]`},
		{"prefix and range", func() Node { return filter(scan(1), "< b 9", "= a 1", "> b 2", "> b 3") }, `
			Filter (b > 3)
			  Scan t(id, a, b, s, d, f) [index 1 = (1), > 2, < 9]`},
		{"list", func() Node { return filter(scan(4), "= p 1", "in2 q 3 3", "< p 9") }, `
			Filter (p < 9)
			  Scan w(p, q) [key = (1, 3)]`},
		{"list behind a prefix", func() Node { return filter(scan(4), "= p 1", "in2 q 3 4") }, `
			Scan w(p, q) [key in (1, 3), (1, 4)]`},
		{"list with NULL", func() Node { return filter(scan(4), "in2 p 3 null") }, `
			Scan w(p, q) [key = (3)]`},
		{"range of the key", func() Node { return filter(scan(1), ">= id 5", "<= id 9") }, `
			Scan t(id, a, b, s, d, f) [key >= 5, <= 9]`},
		{"string under its collation", func() Node { return filter(scan(1), "= s 'x'") }, `
			Scan t(id, a, b, s, d, f) [index 2 = ('x')]`},
		{"column of another position", func() Node { return filter(project2(scan(1), 2, 0), "= id 5") }, `
			Scan t(b, id) [key = (5)]`},
		{"only a later column", func() Node { return filter(scan(1), "= b 5") }, `
			Filter (b = 5)
			  Scan t(id, a, b, s, d, f)`},
		{"another column", func() Node { return filter(scan(1), "= id b") }, `
			Filter (id = b)
			  Scan t(id, a, b, s, d, f)`},
		{"a fraction", func() Node { return filter(scan(1), "= id 5.5") }, `
			Filter (cast(id as decimal(19,0)) = 5.5)
			  Scan t(id, a, b, s, d, f)`},
		{"what may fail", func() Node { return filter(scan(1), "= id + ? 1") }, `
			Filter (id = (? + 1))
			  Scan t(id, a, b, s, d, f)`},
		{"from row to row", func() Node { return filter(scan(1), "= f rand") }, `
			Filter (f = rand())
			  Scan t(id, a, b, s, d, f)`},
		{"join by an index", func() Node { return join(InnerJoin, scan(3), scan(1), "k a") }, `
			Join on k = a
			  Scan v(k, x)
			  Scan t(id, a, b, s, d, f) [index 1]`},
		{"join by the key", func() Node { return join(InnerJoin, scan(3), scan(4), "x q k p") }, `
			Join on x = q and k = p
			  Scan v(k, x)
			  Scan w(p, q)`},
	} {
		t.Run(test.name, func(t *testing.T) { wantPlan(t, ChooseAccess(test.n(), rels), test.want) })
	}
}

// project2 is a Scan of the columns cols of s.
func project2(s Node, cols ...int) Node {
	c := *s.(*Scan)
	c.Cols, c.Sch = cols, c.Sch.pick(cols)
	return &c
}

func TestAccessNeedsTheSameCollation(t *testing.T) {
	s := scan(1)
	bin := text("s").Type
	bin.Coll = types.Coll0900Bin
	f := &Filter{In: s, Preds: []expr.Expr{&expr.Call{Fn: expr.FnEq, T: types.TypeInt, Args: []expr.Expr{
		s.Schema().column(3), &expr.Const{V: types.Value{Type: bin, S: "x"}}}}}}
	if got := ChooseAccess(f, rels); got != f {
		t.Errorf("got\n%s", Explain(got))
	}
}

func TestDistribute(t *testing.T) {
	for _, test := range []struct {
		name string
		n    func() Node
		want string
	}{
		{"groups by the key's column", func() Node { return aggregate(scan(1), "b id", "count *") }, `
			Aggregate by b, id: count(*) as count *
			  Scan t(id, a, b, s, d, f)`},
		{"groups", func() Node { return aggregate(scan(1), "b", "count *") }, `
			Aggregate by b: count(*) as count *
			  Exchange by b
			    Scan t(id, a, b, s, d, f)`},
		{"groups within groups", func() Node { return aggregate(aggregate(scan(1), "b a", "count *"), "a b", "max #2") }, `
			Aggregate by a, b: max(count *) as max #2
			  Aggregate by b, a: count(*) as count *
			    Exchange by b, a
			      Scan t(id, a, b, s, d, f)`},
		{"join by one key", func() Node { return join(InnerJoin, scan(1), scan(2), "id tid") }, `
			Join on id = tid
			  Scan t(id, a, b, s, d, f)
			  Exchange by tid
			    Scan u(id, tid, n, s)`},
		{"join by the right key, then groups by it", func() Node {
			return aggregate(join(InnerJoin, scan(2), scan(1), "tid id"), "#4", "count *")
		}, `
			Aggregate by id#4: count(*) as count *
			  Join on tid = id
			    Exchange by tid
			      Scan u(id, tid, n, s)
			    Scan t(id, a, b, s, d, f)`},
		{"groups by the right key of an outer join", func() Node {
			return aggregate(join(LeftJoin, scan(2), scan(1), "tid id"), "#4", "count *")
		}, `
			Aggregate by id#4: count(*) as count *
			  Exchange by id#4
			    LeftJoin on tid = id
			      Exchange by tid
			        Scan u(id, tid, n, s)
			      Scan t(id, a, b, s, d, f)`},
		{"compound key and parts of it", func() Node { return join(SemiJoin, scan(4), scan(3), "q x p k") }, `
			SemiJoin on q = x and p = k
			  Scan w(p, q)
			  Scan v(k, x)`},
		{"by a part of the key", func() Node { return join(LeftJoin, scan(1), scan(4), "b q id p") }, `
			LeftJoin on b = q and id = p
			  Scan t(id, a, b, s, d, f)
			  Exchange by p
			    Scan w(p, q)`},
		{"cross join", func() Node { return join(InnerJoin, scan(3), scan(4), "") }, `
			CrossJoin
			  Exchange to one lane
			    Scan v(k, x)
			  Exchange to one lane
			    Scan w(p, q)`},
		{"NOT IN", func() Node { return join(NullAntiJoin, scan(1), scan(2), "id tid") }, `
			NullAntiJoin on id = tid
			  Exchange to one lane
			    Scan t(id, a, b, s, d, f)
			  Exchange to one lane
			    Scan u(id, tid, n, s)`},
		{"totals", func() Node { return aggregate(scan(1), "", "count *", "sum b", "min s") }, `
			Aggregate: sum0(count *) as count *, sum(sum b) as sum b, min(min s) as min s
			  Exchange to one lane
			    Aggregate: count(*) as count *, sum(b) as sum b, min(s) as min s
			      Scan t(id, a, b, s, d, f)`},
		{"averages", func() Node { return aggregate(scan(1), "", "avg d", "count b") }, `
			Project cast((sum of avg d / cast(count of avg d as decimal(19,0))) as decimal(14,6)) as avg d, count b
			  Aggregate: sum(sum of avg d) as sum of avg d, sum0(count of avg d) as count of avg d, sum0(count b) as count b
			    Exchange to one lane
			      Aggregate: sum(d) as sum of avg d, count(d) as count of avg d, count(b) as count b
			        Scan t(id, a, b, s, d, f)`},
		{"floats", func() Node { return aggregate(scan(1), "", "sum f") }, `
			Aggregate: sum(f) as sum f
			  Exchange to one lane
			    Scan t(id, a, b, s, d, f)`},
		{"distinct values", func() Node { return aggregate(scan(1), "", "count distinct b", "sum b") }, `
			Aggregate: sum0(count distinct b) as count distinct b, sum(sum b) as sum b
			  Exchange to one lane
			    Aggregate: count(distinct b) as count distinct b, sum(b) as sum b
			      Exchange by b
			        Scan t(id, a, b, s, d, f)`},
		{"distinct values of two columns", func() Node { return aggregate(scan(1), "", "count distinct b", "count distinct a") }, `
			Aggregate: count(distinct b) as count distinct b, count(distinct a) as count distinct a
			  Exchange to one lane
			    Scan t(id, a, b, s, d, f)`},
		{"distinct", func() Node { return &Distinct{In: project(scan(1), "b", "s")} }, `
			Distinct
			  Exchange by b, s
			    Project b, s
			      Scan t(id, a, b, s, d, f)`},
		{"top", func() Node { return top(scan(1), 3, 2, "-b") }, `
			Top by b desc limit 3 offset 2
			  Exchange to one lane
			    Top by b desc limit 5
			      Scan t(id, a, b, s, d, f)`},
		{"top per group", func() Node {
			n := top(scan(1), 3, 0, "-b")
			n.Groups = []int{1}
			return n
		}, `
			Top per a by b desc limit 3
			  Exchange by a
			    Scan t(id, a, b, s, d, f)`},
		{"a sort means nothing", func() Node { return project(top(scan(1), NoLimit, 0, "-b"), "a") }, `
			Project a
			  Scan t(id, a, b, s, d, f)`},
		{"a renamed key", func() Node { return aggregate(project(filter(scan(1), "= b 1"), "y := id", "a"), "y", "count *") }, `
			Aggregate by y: count(*) as count *
			  Project id as y, a
			    Filter (b = 1)
			      Scan t(id, a, b, s, d, f)`},
		{"a union of equal placement", func() Node {
			return aggregate(union2(project(scan(1), "id"), project(scan(2), "id")), "id", "count *")
		}, `
			Aggregate by id: count(*) as count *
			  Union
			    Project id
			      Scan t(id, a, b, s, d, f)
			    Project id
			      Scan u(id, tid, n, s)`},
		{"a union of another", func() Node {
			return aggregate(union2(project(scan(2), "tid"), project(scan(1), "id")), "tid", "count *")
		}, `
			Aggregate by tid: count(*) as count *
			  Exchange by tid
			    Union
			      Project tid
			        Scan u(id, tid, n, s)
			      Project id
			        Scan t(id, a, b, s, d, f)`},
	} {
		t.Run(test.name, func(t *testing.T) { wantPlan(t, Distribute(test.n(), rels), test.want) })
	}
}
