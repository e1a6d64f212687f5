package plan

import (
	"slices"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
)

// A rule rewrites one node and what stands directly below it, or returns the
// node as it is. What a rule makes puts out the same rows, but a row may lose
// an error: expressions are evaluated for fewer rows, never for more.
type rule struct {
	name  string
	apply func(n Node, rels Rels) Node
}

// rules are tried at every node, inputs first, until none applies.
var rules = []rule{
	{"FoldConstants", foldConstants},
	{"SplitConjunctions", splitConjunctions},
	{"DropTrueFilters", dropTrueFilters},
	{"EmptyFilter", emptyFilter},
	{"MergeFilters", mergeFilters},
	{"FilterThroughProject", filterThroughProject},
	{"FilterThroughUnion", filterThroughUnion},
	{"FilterThroughAggregate", filterThroughAggregate},
	{"FilterThroughDistinct", filterThroughDistinct},
	{"FilterThroughTop", filterThroughTop},
	{"LeftJoinToInner", leftJoinToInner},
	{"FilterIntoJoin", filterIntoJoin},
	{"EqualityToKeys", equalityToKeys},
	{"ConditionsDown", conditionsDown},
	{"NullAntiToAnti", nullAntiToAnti},
	{"ConnectJoins", connectJoins},
	{"MergeProjects", mergeProjects},
	{"DropIdentityProject", dropIdentityProject},
	{"DropRedundantDistinct", dropRedundantDistinct},
	{"DropInnerSort", dropInnerSort},
	{"FlattenUnion", flattenUnion},
	{"DropEmptyInputs", dropEmptyInputs},
	{"LimitThroughProject", limitThroughProject},
}

// maxRounds ends a chase of rules that undo each other, which would be a bug.
const maxRounds = 50

// Optimise rewrites n by rules that keep its answer and its output columns.
// It serves both runners.
func Optimise(n Node, rels Rels) Node {
	sch := n.Schema()
	n = applyRules(n, rels)
	n = Prune(n)
	n = applyRules(n, rels)
	n = Transform(n, func(n Node) Node { return groupByKey(n, rels) })
	return renamed(n, sch)
}

func applyRules(n Node, rels Rels) Node {
	for range maxRounds {
		next := Transform(n, func(n Node) Node {
			for _, r := range rules {
				n = r.apply(n, rels)
			}
			return n
		})
		if next == n {
			break
		}
		n = next
	}
	return n
}

// renamed gives the output columns of n the names of sch.
func renamed(n Node, sch Schema) Node {
	have := n.Schema()
	same := true
	for i := range have {
		same = same && have[i].Name == sch[i].Name && have[i].Table == sch[i].Table && have[i].DB == sch[i].DB
	}
	if same {
		return n
	}
	names := slices.Clone(sch)
	for i := range names {
		names[i].Type = have[i].Type
	}
	switch n := n.(type) {
	case *Scan:
		c := *n
		c.Sch = names
		return &c
	case *Values:
		return &Values{Rows: n.Rows, Sch: names}
	case *Project:
		return &Project{In: n.In, Exprs: n.Exprs, Sch: names}
	case *Join:
		c := *n
		c.Sch = names
		return &c
	case *Aggregate:
		c := *n
		c.Sch = names
		return &c
	case *Union:
		return &Union{Ins: n.Ins, Sch: names}
	case *Filter, *Distinct, *Top, *Exchange:
		return WithChildren(n, []Node{renamed(n.Children()[0], sch)})
	}
	return n
}

func foldConstants(n Node, _ Rels) Node {
	changed := false
	folded := mapExprs(n, func(e expr.Expr) expr.Expr {
		f := expr.Fold(e)
		if f == e || expr.Equal(f, e) {
			return e
		}
		changed = true
		return f
	})
	if !changed {
		return n
	}
	return folded
}

// splitConjunctions makes predicates of the terms of an AND.
func splitConjunctions(n Node, _ Rels) Node {
	switch n := n.(type) {
	case *Filter:
		if preds, ok := splitAnds(n.Preds); ok {
			return &Filter{In: n.In, Preds: preds}
		}
	case *Join:
		if on, ok := splitAnds(n.On); ok {
			c := *n
			c.On = on
			return &c
		}
	}
	return n
}

func splitAnds(preds []expr.Expr) (out []expr.Expr, changed bool) {
	for _, p := range preds {
		if c, ok := p.(*expr.Call); ok && c.Fn == expr.FnAnd {
			terms, _ := splitAnds(c.Args)
			out = append(out, terms...)
			changed = true
		} else {
			out = append(out, p)
		}
	}
	return out, changed
}

// truth tells whether e is a constant and, if so, whether it is true.
func truth(e expr.Expr) (value, constant bool) {
	c, ok := e.(*expr.Const)
	switch {
	case !ok:
		return false, false
	case c.V.IsNull || c.V.Type.Kind == types.Null:
		return false, true
	case c.V.Type.Kind.IsInt():
		return c.V.I != 0, true
	case c.V.Type.Kind.IsFloat():
		return c.V.F != 0, true
	case c.V.Type.Kind == types.Decimal:
		return !c.V.D.IsZero(), true
	}
	return false, false
}

// dropTrueFilters removes predicates that are always true, and repeated ones.
func dropTrueFilters(n Node, _ Rels) Node {
	f, ok := n.(*Filter)
	if !ok {
		return n
	}
	var keep []expr.Expr
	for _, p := range f.Preds {
		value, constant := truth(p)
		again := expr.Volatility(p) != expr.Changing &&
			slices.ContainsFunc(keep, func(q expr.Expr) bool { return expr.Equal(p, q) })
		if !(constant && value) && !again {
			keep = append(keep, p)
		}
	}
	switch len(keep) {
	case len(f.Preds):
		return n
	case 0:
		return f.In
	}
	return &Filter{In: f.In, Preds: keep}
}

// emptyFilter makes Values without rows of a filter that is never true.
func emptyFilter(n Node, _ Rels) Node {
	if f, ok := n.(*Filter); ok {
		for _, p := range f.Preds {
			if value, constant := truth(p); constant && !value {
				return &Values{Sch: n.Schema()}
			}
		}
	}
	return n
}

func mergeFilters(n Node, _ Rels) Node {
	f, ok := n.(*Filter)
	if !ok {
		return n
	}
	in, ok := f.In.(*Filter)
	if !ok {
		return n
	}
	return &Filter{In: in.In, Preds: slices.Concat(in.Preds, f.Preds)}
}

// mergeProjects computes at once what two Projects compute one after the
// other, unless an expression would be evaluated twice.
func mergeProjects(n Node, _ Rels) Node {
	p, ok := n.(*Project)
	if !ok {
		return n
	}
	in, ok := p.In.(*Project)
	if !ok {
		return n
	}
	uses := make([]int, len(in.Exprs))
	for _, e := range p.Exprs {
		expr.Walk(e, func(e expr.Expr) bool {
			if c, ok := e.(*expr.Col); ok {
				uses[c.Index]++
			}
			return true
		})
	}
	for i, e := range in.Exprs {
		if _, call := e.(*expr.Call); call && uses[i] > 0 && (uses[i] > 1 || expr.Volatility(e) == expr.Changing) {
			return n
		}
	}
	return &Project{In: in.In, Sch: p.Sch, Exprs: mapAll(p.Exprs, func(e expr.Expr) expr.Expr {
		return expr.MapCols(e, func(col int) expr.Expr { return in.Exprs[col] })
	})}
}

func dropIdentityProject(n Node, _ Rels) Node {
	if p, ok := n.(*Project); ok && p.isIdentity() {
		return p.In
	}
	return n
}

// dropRedundantDistinct drops a Distinct over rows that differ anyway.
func dropRedundantDistinct(n Node, rels Rels) Node {
	if d, ok := n.(*Distinct); ok {
		if _, unique := UniqueKey(d.In, rels); unique {
			return d.In
		}
	}
	return n
}

// onlySorts tells whether a Top keeps all rows.
func (n *Top) onlySorts() bool {
	return n.Limit == NoLimit && n.Offset == 0 && n.LimitParam == nil && n.OffsetParam == nil
}

// dropInnerSort drops sorts below nodes that put their rows out in an order of
// their own.
func dropInnerSort(n Node, _ Rels) Node {
	switch n.(type) {
	case *Join, *Aggregate, *Distinct, *Union, *Top:
		kids := slices.Clone(n.Children())
		for i := range kids {
			kids[i] = unsorted(kids[i])
		}
		return WithChildren(n, kids)
	}
	return n
}

// unsorted returns n without a sort that decides its order.
func unsorted(n Node) Node {
	switch n := n.(type) {
	case *Top:
		if n.onlySorts() {
			return unsorted(n.In)
		}
	case *Filter, *Project:
		return WithChildren(n, []Node{unsorted(n.Children()[0])})
	}
	return n
}

// flattenUnion makes one of nested unions, and none of a single input.
func flattenUnion(n Node, _ Rels) Node {
	u, ok := n.(*Union)
	if !ok {
		return n
	}
	if len(u.Ins) == 1 {
		return u.Ins[0]
	}
	var ins []Node
	for _, in := range u.Ins {
		if inner, ok := in.(*Union); ok {
			ins = append(ins, inner.Ins...)
		} else {
			ins = append(ins, in)
		}
	}
	if len(ins) == len(u.Ins) {
		return n
	}
	return &Union{Ins: ins, Sch: u.Sch}
}

func isEmpty(n Node) bool {
	v, ok := n.(*Values)
	return ok && len(v.Rows) == 0
}

// dropEmptyInputs works out what nodes make of inputs that have no rows.
func dropEmptyInputs(n Node, _ Rels) Node {
	none := &Values{Sch: n.Schema()}
	switch n := n.(type) {
	case *Filter, *Project, *Distinct, *Top, *Exchange:
		if isEmpty(n.Children()[0]) {
			return none
		}
	case *Aggregate:
		if len(n.Groups) > 0 && isEmpty(n.In) {
			return none
		}
	case *Union:
		ins := slices.DeleteFunc(slices.Clone(n.Ins), isEmpty)
		switch len(ins) {
		case len(n.Ins):
		case 0:
			return none
		default:
			return &Union{Ins: ins, Sch: n.Sch}
		}
	case *Join:
		return dropEmptySides(n, none)
	}
	return n
}

func dropEmptySides(n *Join, none Node) Node {
	switch {
	case isEmpty(n.L):
		return none
	case !isEmpty(n.R):
		return n
	}
	switch n.Kind {
	case AntiJoin, NullAntiJoin:
		return n.L
	case LeftJoin:
		l := n.L.Schema()
		exprs := l.columns(upTo(len(l)))
		for _, c := range n.R.Schema() {
			exprs = append(exprs, &expr.Const{V: types.NullValue(c.Type)})
		}
		return &Project{In: n.L, Exprs: exprs, Sch: n.Sch}
	}
	return none
}

// limitThroughProject computes expressions for the rows that a limit keeps
// only. Ties are settled by whole rows, which a Project changes, so the order
// must leave none.
func limitThroughProject(n Node, rels Rels) Node {
	t, ok := n.(*Top)
	if !ok || t.onlySorts() {
		return n
	}
	p, ok := t.In.(*Project)
	if !ok {
		return n
	}
	c := *t
	c.In, c.Order, c.Groups = p.In, slices.Clone(t.Order), slices.Clone(t.Groups)
	decided := slices.Clone(t.Groups)
	for i := range c.Order {
		decided = append(decided, c.Order[i].Col)
		if !p.below(&c.Order[i].Col) {
			return n
		}
	}
	for i := range c.Groups {
		if !p.below(&c.Groups[i]) {
			return n
		}
	}
	if !coversKey(decided, uniqueKeys(p, rels)) {
		return n
	}
	return &Project{In: &c, Exprs: p.Exprs, Sch: p.Sch}
}

// below replaces an output column by the input column that it is; false when
// it is computed.
func (n *Project) below(col *int) bool {
	c, ok := n.Exprs[*col].(*expr.Col)
	if ok {
		*col = c.Index
	}
	return ok
}
