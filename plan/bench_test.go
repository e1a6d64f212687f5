package plan

import "testing"

// BenchmarkPointSelect plans a look-up by key, as each statement that is not
// in the plan cache is.
func BenchmarkPointSelect(b *testing.B) {
	n := project(filter(scan(1), "= id 5"), "a", "s")
	b.ReportAllocs()
	for b.Loop() {
		ChooseAccess(Optimise(n, rels), rels)
	}
}

// BenchmarkJoinOfThree plans a grouped join of a comma list.
func BenchmarkJoinOfThree(b *testing.B) {
	j := join(InnerJoin, join(InnerJoin, scan(1), scan(2), ""), scan(4), "")
	n := aggregate(filter(j, "and = a p and = #6 q = s 'x'", "> n 3"), "b", "count *")
	b.ReportAllocs()
	for b.Loop() {
		Optimise(n, rels)
	}
}
