package plan

import (
	"slices"

	"github.com/weirdb/weir/expr"
)

// divide splits the predicates of a Filter into those that go below its input,
// as down rewrites them, and those that stay. Predicates are evaluated in
// order and may rely on the ones before to spare them rows on which they fail:
// one that may fail goes down only with all before it.
func divide(preds []expr.Expr, down func(expr.Expr) (expr.Expr, bool)) (gone, stay []expr.Expr) {
	for _, p := range preds {
		q, ok := down(p)
		if ok && (len(stay) == 0 || !expr.Fallible(q)) {
			gone = append(gone, q)
		} else {
			stay = append(stay, p)
		}
	}
	return gone, stay
}

// filtered puts a Filter over n when there are predicates.
func filtered(n Node, preds []expr.Expr) Node {
	if len(preds) == 0 {
		return n
	}
	return &Filter{In: n, Preds: preds}
}

func filterThroughProject(n Node, _ Rels) Node {
	f, ok := n.(*Filter)
	if !ok {
		return n
	}
	p, ok := f.In.(*Project)
	if !ok {
		return n
	}
	gone, stay := divide(f.Preds, func(e expr.Expr) (expr.Expr, bool) {
		for _, c := range expr.Columns(e) {
			if expr.Volatility(p.Exprs[c]) == expr.Changing {
				return nil, false
			}
		}
		return expr.MapCols(e, func(col int) expr.Expr { return p.Exprs[col] }), true
	})
	if len(gone) == 0 {
		return n
	}
	return filtered(&Project{In: filtered(p.In, gone), Exprs: p.Exprs, Sch: p.Sch}, stay)
}

func filterThroughUnion(n Node, _ Rels) Node {
	f, ok := n.(*Filter)
	if !ok {
		return n
	}
	u, ok := f.In.(*Union)
	if !ok {
		return n
	}
	ins := make([]Node, len(u.Ins))
	for i, in := range u.Ins {
		sch := in.Schema()
		ins[i] = &Filter{In: in, Preds: mapAll(f.Preds, func(e expr.Expr) expr.Expr {
			return remap(e, sch, func(col int) int { return col })
		})}
	}
	return &Union{Ins: ins, Sch: u.Sch}
}

// exactOn tells whether e says the same of all rows that have equal keys in
// the columns it reads: then it may be asked before they are made one.
func exactOn(e expr.Expr, sch Schema) bool {
	if _, _, ok := termOf(e, sch); ok {
		return true
	}
	return onlyCols(e, func(col int) bool { return exactUnderKey(sch[col].Type) })
}

// movable tells whether e may be evaluated for other rows than before.
func movable(e expr.Expr) bool { return !expr.Fallible(e) && expr.Volatility(e) != expr.Changing }

func filterThroughAggregate(n Node, _ Rels) Node {
	f, ok := n.(*Filter)
	if !ok {
		return n
	}
	a, ok := f.In.(*Aggregate)
	if !ok || len(a.Groups) == 0 {
		return n
	}
	in := a.In.Schema()
	gone, stay := divide(f.Preds, func(e expr.Expr) (expr.Expr, bool) {
		onGroups := onlyCols(e, func(col int) bool { return col < len(a.Groups) })
		if !onGroups || !movable(e) || !exactOn(e, a.Sch) {
			return nil, false
		}
		return remap(e, in, func(col int) int { return a.Groups[col] }), true
	})
	if len(gone) == 0 {
		return n
	}
	return filtered(WithChildren(a, []Node{filtered(a.In, gone)}), stay)
}

func filterThroughDistinct(n Node, _ Rels) Node {
	f, ok := n.(*Filter)
	if !ok {
		return n
	}
	d, ok := f.In.(*Distinct)
	if !ok {
		return n
	}
	gone, stay := divide(f.Preds, func(e expr.Expr) (expr.Expr, bool) { return e, movable(e) && exactOn(e, d.Schema()) })
	if len(gone) == 0 {
		return n
	}
	return filtered(&Distinct{In: filtered(d.In, gone)}, stay)
}

// filterThroughTop filters before sorting, or, where there is a limit, leaves
// out whole groups.
func filterThroughTop(n Node, _ Rels) Node {
	f, ok := n.(*Filter)
	if !ok {
		return n
	}
	t, ok := f.In.(*Top)
	if !ok {
		return n
	}
	if t.onlySorts() {
		return WithChildren(t, []Node{filtered(t.In, f.Preds)})
	}
	gone, stay := divide(f.Preds, func(e expr.Expr) (expr.Expr, bool) {
		onGroups := onlyCols(e, func(col int) bool { return slices.Contains(t.Groups, col) })
		return e, onGroups && len(t.Groups) > 0 && movable(e) && exactOn(e, t.Schema())
	})
	if len(gone) == 0 {
		return n
	}
	return filtered(WithChildren(t, []Node{filtered(t.In, gone)}), stay)
}

// filterIntoJoin filters the side of a join that a predicate is about.
func filterIntoJoin(n Node, _ Rels) Node {
	f, ok := n.(*Filter)
	if !ok {
		return n
	}
	j, ok := f.In.(*Join)
	if !ok {
		return n
	}
	l, r := j.L.Schema(), j.R.Schema()
	var left, right, stay []expr.Expr
	for _, p := range f.Preds {
		switch {
		case movable(p) && onlyCols(p, func(c int) bool { return c < len(l) }):
			left = append(left, remap(p, l, func(c int) int { return c }))
		case movable(p) && j.Kind == InnerJoin && onlyCols(p, func(c int) bool { return c >= len(l) }):
			right = append(right, remap(p, r, func(c int) int { return c - len(l) }))
		default:
			stay = append(stay, p)
		}
	}
	if len(left)+len(right) == 0 {
		return n
	}
	return filtered(WithChildren(j, []Node{filtered(j.L, left), filtered(j.R, right)}), stay)
}

// conditionsDown filters the sides of a join by those of its conditions that
// are about one side, where a row that fails them matches nothing anyway.
func conditionsDown(n Node, _ Rels) Node {
	j, ok := n.(*Join)
	if !ok || len(j.On) == 0 || j.Kind == NullAntiJoin {
		return n
	}
	l, r := j.L.Schema(), j.R.Schema()
	var left, right, stay []expr.Expr
	for _, p := range j.On {
		switch {
		case movable(p) && onlyCols(p, func(c int) bool { return c >= len(l) }):
			right = append(right, remap(p, r, func(c int) int { return c - len(l) }))
		case movable(p) && (j.Kind == InnerJoin || j.Kind == SemiJoin) && onlyCols(p, func(c int) bool { return c < len(l) }):
			left = append(left, p)
		default:
			stay = append(stay, p)
		}
	}
	if len(left)+len(right) == 0 {
		return n
	}
	c := *j
	c.L, c.R, c.On = filtered(j.L, left), filtered(j.R, right), stay
	return &c
}
