package plan

import (
	"slices"

	"github.com/weirdb/weir/expr"
)

// groupByKey is the rule GroupByKey: a group column that others determine, as
// a table's key does the rest of its row, is no group column but a Same. So
// GROUP BY a.id, a.title groups, and a view of it is stored, by a.id alone.
//
// It comes after the other rules: a filter of a group column goes below the
// Aggregate, one of a Same does not.
func groupByKey(n Node, rels Rels) Node {
	a, ok := n.(*Aggregate)
	if !ok || len(a.Groups) < 2 {
		return n
	}
	groups := leastGroups(a.Groups, dependencies(a.In, rels))
	if len(groups) == len(a.Groups) {
		return n
	}
	in := a.In.Schema()
	out := &Aggregate{In: a.In, Groups: groups}
	exprs := make([]expr.Expr, len(a.Sch))
	for i, g := range groups {
		at := slices.Index(a.Groups, g)
		out.Sch = append(out.Sch, a.Sch[at])
		exprs[at] = &expr.Col{Index: i, Name: a.Sch[at].Name, T: a.Sch[at].Type}
	}
	add := func(at int, g Agg) {
		exprs[at] = &expr.Col{Index: len(out.Sch), Name: a.Sch[at].Name, T: a.Sch[at].Type}
		out.Aggs, out.Sch = append(out.Aggs, g), append(out.Sch, a.Sch[at])
	}
	for at, g := range a.Groups {
		if exprs[at] == nil {
			add(at, Agg{Func: Same, Arg: g, Type: in[g].Type, Name: a.Sch[at].Name})
		}
	}
	for i, g := range a.Aggs {
		add(len(a.Groups)+i, g)
	}
	return dropIdentityProject(&Project{In: out, Exprs: exprs, Sch: a.Sch}, rels)
}

// dependency says that rows with equal key columns have identical columns
// cols.
type dependency struct{ key, cols []int }

// leastGroups leaves out the columns of groups that the others determine.
func leastGroups(groups []int, deps []dependency) []int {
	for _, d := range deps {
		if len(d.key) == 0 || !subset(d.key, groups) {
			continue
		}
		groups = slices.DeleteFunc(slices.Clone(groups), func(c int) bool {
			return slices.Contains(d.cols, c) && !slices.Contains(d.key, c)
		})
	}
	return groups
}

// dependencies returns what is known of n's output. They come from unique
// keys and last through joins that repeat the rows.
func dependencies(n Node, rels Rels) []dependency {
	var deps []dependency
	for _, key := range uniqueKeys(n, rels) {
		deps = append(deps, dependency{key, upTo(len(n.Schema()))})
	}
	switch n := n.(type) {
	case *Filter:
		deps = append(deps, dependencies(n.In, rels)...)
	case *Exchange:
		deps = append(deps, dependencies(n.In, rels)...)
	case *Top:
		deps = append(deps, dependencies(n.In, rels)...)
	case *Project:
		deps = append(deps, projected(n, dependencies(n.In, rels))...)
	case *Join:
		deps = append(deps, joined(n, rels)...)
	}
	return deps
}

// projected maps dependencies to the output of n.
func projected(n *Project, deps []dependency) []dependency {
	var out []dependency
	for _, d := range deps {
		if keys := mapKeys([][]int{d.key}, n.outputOf); len(keys) == 1 {
			var cols []int
			for i, e := range n.Exprs {
				if c, ok := e.(*expr.Col); ok && slices.Contains(d.cols, c.Index) {
					cols = append(cols, i)
				}
			}
			out = append(out, dependency{keys[0], cols})
		}
	}
	return out
}

// joined are the dependencies of the sides of n. A row of the right side that
// a left join makes of NULLs has a key of NULLs, which must be no other row's.
func joined(n *Join, rels Rels) []dependency {
	out := dependencies(n.L, rels)
	if n.Kind != InnerJoin && n.Kind != LeftJoin {
		return out
	}
	width, right := len(n.L.Schema()), n.R.Schema()
	shift := func(cols []int) []int {
		moved := make([]int, len(cols))
		for i, c := range cols {
			moved[i] = c + width
		}
		return moved
	}
	for _, d := range dependencies(n.R, rels) {
		nullable := slices.ContainsFunc(d.key, func(c int) bool { return right[c].Type.Nullable })
		if n.Kind == InnerJoin || !nullable {
			out = append(out, dependency{shift(d.key), shift(d.cols)})
		}
	}
	return out
}
