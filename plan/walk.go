package plan

import (
	"slices"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
)

// Walk calls f for n and, while f returns true, for the nodes below, parents
// first and children in order.
func Walk(n Node, f func(Node) bool) {
	if !f(n) {
		return
	}
	for _, kid := range n.Children() {
		Walk(kid, f)
	}
}

// WithChildren returns n with its children replaced; n itself when they are
// the same. The number of children must be the same.
func WithChildren(n Node, kids []Node) Node {
	if slices.Equal(n.Children(), kids) {
		return n
	}
	switch n := n.(type) {
	case *Scan, *Values:
		return n
	case *Filter:
		return &Filter{In: kids[0], Preds: n.Preds}
	case *Project:
		return &Project{In: kids[0], Exprs: n.Exprs, Sch: n.Sch}
	case *Join:
		c := *n
		c.L, c.R = kids[0], kids[1]
		return &c
	case *Aggregate:
		c := *n
		c.In = kids[0]
		return &c
	case *Distinct:
		return &Distinct{In: kids[0]}
	case *Union:
		return &Union{Ins: kids, Sch: n.Sch}
	case *Top:
		c := *n
		c.In = kids[0]
		return &c
	case *Exchange:
		return &Exchange{In: kids[0], Keys: n.Keys}
	}
	return n
}

// Transform rebuilds n bottom up: f gets every node with its children already
// transformed, and returns what takes its place.
func Transform(n Node, f func(Node) Node) Node {
	kids := n.Children()
	if len(kids) > 0 {
		changed := make([]Node, len(kids))
		for i, kid := range kids {
			changed[i] = Transform(kid, f)
		}
		n = WithChildren(n, changed)
	}
	return f(n)
}

// Tables returns the ids of the relations that n scans, ascending, each once.
func Tables(n Node) []uint64 {
	var ids []uint64
	Walk(n, func(n Node) bool {
		if s, ok := n.(*Scan); ok {
			ids = append(ids, s.Table)
		}
		return true
	})
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Exprs returns the expressions of n itself, not of the nodes below, in the
// order in which they are evaluated.
func Exprs(n Node) []expr.Expr {
	switch n := n.(type) {
	case *Scan:
		return n.Access.exprs()
	case *Values:
		return slices.Concat(n.Rows...)
	case *Filter:
		return n.Preds
	case *Project:
		return n.Exprs
	case *Join:
		return n.On
	case *Top:
		var es []expr.Expr
		for _, e := range []expr.Expr{n.LimitParam, n.OffsetParam} {
			if e != nil {
				es = append(es, e)
			}
		}
		return es
	case *Aggregate, *Distinct, *Union, *Exchange:
	}
	return nil
}

func (a *Access) exprs() []expr.Expr {
	if a == nil {
		return nil
	}
	es := slices.Concat(a.Eq, slices.Concat(a.In...))
	for _, e := range []expr.Expr{a.Lo, a.Hi} {
		if e != nil {
			es = append(es, e)
		}
	}
	return es
}

// mapExprs returns n with f applied to each of its expressions but those of an
// Access.
func mapExprs(n Node, f func(expr.Expr) expr.Expr) Node {
	switch n := n.(type) {
	case *Values:
		rows := make([][]expr.Expr, len(n.Rows))
		for i, row := range n.Rows {
			rows[i] = mapAll(row, f)
		}
		return &Values{Rows: rows, Sch: n.Sch}
	case *Filter:
		return &Filter{In: n.In, Preds: mapAll(n.Preds, f)}
	case *Project:
		return &Project{In: n.In, Exprs: mapAll(n.Exprs, f), Sch: n.Sch}
	case *Join:
		c := *n
		c.On = mapAll(n.On, f)
		return &c
	case *Scan, *Aggregate, *Distinct, *Union, *Top, *Exchange:
	}
	return n
}

func mapAll(es []expr.Expr, f func(expr.Expr) expr.Expr) []expr.Expr {
	if es == nil {
		return nil
	}
	out := make([]expr.Expr, len(es))
	for i, e := range es {
		out[i] = f(e)
	}
	return out
}

// column returns a reference to column i of s.
func (s Schema) column(i int) *expr.Col {
	return &expr.Col{Index: i, Name: s[i].Name, T: s[i].Type}
}

// columns returns references to columns of s.
func (s Schema) columns(cols []int) []expr.Expr {
	es := make([]expr.Expr, len(cols))
	for i, c := range cols {
		es[i] = s.column(c)
	}
	return es
}

// pick returns the columns of s at cols.
func (s Schema) pick(cols []int) Schema {
	out := make(Schema, len(cols))
	for i, c := range cols {
		out[i] = s[c]
	}
	return out
}

// projectCols returns a Project of in to cols.
func projectCols(in Node, cols []int) Node {
	sch := in.Schema()
	return &Project{In: in, Exprs: sch.columns(cols), Sch: sch.pick(cols)}
}

// isIdentity tells whether p puts out its input as it is, names aside.
func (n *Project) isIdentity() bool {
	if len(n.Exprs) != len(n.In.Schema()) {
		return false
	}
	for i, e := range n.Exprs {
		if c, ok := e.(*expr.Col); !ok || c.Index != i {
			return false
		}
	}
	return true
}

// sameType tells whether values of a and b have one representation, equality
// and order: types alike but for nullability, length and display width.
func sameType(a, b types.Type) bool {
	return a.Kind == b.Kind && a.Prec == b.Prec && a.Scale == b.Scale && a.Coll == b.Coll
}

// exactUnderKey tells whether values of t with one normalised key are the same
// value, so that any expression over them says the same.
func exactUnderKey(t types.Type) bool {
	switch {
	case t.Kind.IsFloat(): // -0 and 0
		return false
	case t.Kind == types.String:
		return t.Coll.Binary()
	}
	return true
}

// onlyCols tells whether e reads no columns but those in the set.
func onlyCols(e expr.Expr, in func(col int) bool) bool {
	return !slices.ContainsFunc(expr.Columns(e), func(c int) bool { return !in(c) })
}

// remap rewrites the columns of e by to, which gives each column's new
// position in sch.
func remap(e expr.Expr, sch Schema, to func(col int) int) expr.Expr {
	return expr.MapCols(e, func(col int) expr.Expr { return sch.column(to(col)) })
}
