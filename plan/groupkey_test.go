package plan

import "testing"

// TestGroupByKey: which group columns the rule takes for determined.
func TestGroupByKey(t *testing.T) {
	for _, test := range []struct {
		name string
		n    Node
		want string
	}{
		{"the rest of a table's row", aggregate(scan(1), "s id a", "count *"), `
			Project s, id, a, count *
			  Aggregate by id: same(s) as s, same(a) as a, count(*) as count *
			    Scan t(id, a, b, s, d, f)`},
		{"through a join that repeats the row", aggregate(join(LeftJoin, project(scan(1), "id", "s"), scan(2), "id tid"), "#0 #1", "count n"), `
			Aggregate by id#0: same(s#1) as s, count(n) as count n
			  LeftJoin on id = tid
			    Project id, s
			      Scan t(id, a, b, s, d, f)
			    Scan u(id, tid, n, s)`},
		{"of both sides", aggregate(join(LeftJoin, scan(4), scan(2), "p tid"), "p q #2 n", "count *"), `
			Aggregate by p, q, id: same(n) as n, count(*) as count *
			  LeftJoin on p = tid
			    Scan w(p, q)
			    Scan u(id, tid, n, s)`},
		{"part of a key determines nothing", aggregate(join(InnerJoin, scan(4), scan(3), "p k"), "p x", "count *"), "same"},
		{"a view's repeated rows have no key", aggregate(scan(3), "k x", "count *"), "same"},
		{"an expression over the row", aggregate(project(scan(1), "id", "c := + a b"), "id c", "count *"), `
			Aggregate by id: same(c) as c, count(*) as count *
			  Project id, (a + b) as c
			    Scan t(id, a, b, s, d, f)`},
		{"a single column", aggregate(scan(1), "id", "count *"), "same"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := groupByKey(test.n, rels)
			if err := Validate(got); err != nil {
				t.Fatal(err)
			}
			if test.want == "same" {
				if got != test.n {
					t.Errorf("rewritten to\n%s", Explain(got))
				}
				return
			}
			wantPlan(t, got, test.want)
		})
	}
}
