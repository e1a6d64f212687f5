package plan

import (
	"fmt"
	"slices"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
)

// maxDepth bounds how deep a plan may be nested.
const maxDepth = 500

// Validate checks that n is well formed: every column position exists, every
// expression, key and schema has the types of what it reads. Runners rely on
// it. The error says which node is wrong and why.
func Validate(n Node) error { return validate(n, 0) }

func validate(n Node, depth int) error {
	if n == nil {
		return fmt.Errorf("plan: a node is missing")
	}
	if depth > maxDepth {
		return fmt.Errorf("plan: nested deeper than %d nodes", maxDepth)
	}
	for _, kid := range n.Children() {
		if err := validate(kid, depth+1); err != nil {
			return err
		}
	}
	if err := check(n); err != nil {
		return fmt.Errorf("plan: %T: %w", n, err)
	}
	return nil
}

// check checks n alone.
func check(n Node) error {
	switch n := n.(type) {
	case *Scan:
		return n.check()
	case *Values:
		return n.check()
	case *Filter:
		return checkExprs(n.Preds, n.In.Schema(), nil)
	case *Project:
		return checkExprs(n.Exprs, n.In.Schema(), n.Sch)
	case *Join:
		return n.check()
	case *Aggregate:
		return n.check()
	case *Distinct:
		return nil
	case *Union:
		return n.check()
	case *Top:
		return n.check()
	case *Exchange:
		return checkCols(n.Keys, len(n.In.Schema()))
	}
	return fmt.Errorf("not a node")
}

func checkCols(cols []int, n int) error {
	for _, c := range cols {
		if c < 0 || c >= n {
			return fmt.Errorf("column %d of %d", c, n)
		}
	}
	return nil
}

// fits tells whether a value of type t may stand where a column of type want
// is declared.
func fits(t, want types.Type) bool {
	return sameType(t, want) && (want.Nullable || !t.Nullable)
}

// checkExprs checks es over the columns in. out, when not nil, are the columns
// that they fill.
func checkExprs(es []expr.Expr, in, out Schema) error {
	if out != nil && len(out) != len(es) {
		return fmt.Errorf("%d expressions for %d columns", len(es), len(out))
	}
	for i, e := range es {
		if e == nil {
			return fmt.Errorf("expression %d is missing", i)
		}
		if err := checkExpr(e, in); err != nil {
			return fmt.Errorf("expression %d: %w", i, err)
		}
		if out != nil && !fits(e.Type(), out[i].Type) {
			return fmt.Errorf("column %d is declared as %s, its expression is %s", i, describe(out[i].Type), describe(e.Type()))
		}
	}
	return nil
}

func checkExpr(e expr.Expr, in Schema) (err error) {
	expr.Walk(e, func(e expr.Expr) bool {
		c, ok := e.(*expr.Col)
		switch {
		case err != nil || !ok:
		case c.Index < 0 || c.Index >= len(in):
			err = fmt.Errorf("column %d of %d", c.Index, len(in))
		case !fits(in[c.Index].Type, c.T):
			err = fmt.Errorf("column %d is %s, it is read as %s", c.Index, describe(in[c.Index].Type), describe(c.T))
		}
		return err == nil
	})
	return err
}

// describe renders a type for people who look for a bug.
func describe(t types.Type) string {
	s := fmt.Sprintf("kind %d(%d,%d)", t.Kind, t.Prec, t.Scale)
	if t.Kind == types.String {
		s += fmt.Sprintf(" collation %d", t.Coll)
	}
	if !t.Nullable {
		s += " not null"
	}
	return s
}

func (n *Scan) check() error {
	if len(n.Cols) != len(n.Sch) {
		return fmt.Errorf("%d columns for a schema of %d", len(n.Cols), len(n.Sch))
	}
	for _, c := range n.Cols {
		if c < 0 || c > 1<<20 {
			return fmt.Errorf("column %d", c)
		}
	}
	for _, e := range n.Access.exprs() {
		if err := checkExpr(e, nil); err != nil {
			return fmt.Errorf("access: %w", err)
		}
	}
	if a := n.Access; a != nil && len(a.In) > 0 {
		for _, key := range a.In {
			if len(key) != len(a.In[0]) || len(key) == 0 {
				return fmt.Errorf("access: keys of %d and %d columns", len(a.In[0]), len(key))
			}
		}
		if len(a.Eq) > 0 || a.Lo != nil || a.Hi != nil {
			return fmt.Errorf("access: both a list of keys and bounds")
		}
	}
	return nil
}

func (n *Values) check() error {
	for i, row := range n.Rows {
		if err := checkExprs(row, nil, n.Sch); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
		if len(row) != len(n.Sch) {
			return fmt.Errorf("row %d has %d of %d columns", i, len(row), len(n.Sch))
		}
	}
	return nil
}

func (n *Join) check() error {
	l, r := n.L.Schema(), n.R.Schema()
	if n.Kind < InnerJoin || n.Kind > NullAntiJoin {
		return fmt.Errorf("join kind %d", n.Kind)
	}
	if len(n.LKeys) != len(n.RKeys) {
		return fmt.Errorf("%d keys on the left, %d on the right", len(n.LKeys), len(n.RKeys))
	}
	if err := checkCols(n.LKeys, len(l)); err != nil {
		return fmt.Errorf("left key: %w", err)
	}
	if err := checkCols(n.RKeys, len(r)); err != nil {
		return fmt.Errorf("right key: %w", err)
	}
	for i := range n.LKeys {
		if lt, rt := l[n.LKeys[i]].Type, r[n.RKeys[i]].Type; !sameType(lt, rt) {
			return fmt.Errorf("key %d is %s on the left, %s on the right", i, describe(lt), describe(rt))
		}
	}
	if err := checkExprs(n.On, append(slices.Clone(l), r...), nil); err != nil {
		return fmt.Errorf("on: %w", err)
	}
	return checkSchema(joinSchema(n.Kind, l, r), n.Sch)
}

// joinSchema returns the output columns of a join.
func joinSchema(kind JoinKind, l, r Schema) Schema {
	out := slices.Clone(l)
	if kind != InnerJoin && kind != LeftJoin {
		return out
	}
	for _, c := range r {
		if kind == LeftJoin {
			c.Type.Nullable = true
		}
		out = append(out, c)
	}
	return out
}

// checkSchema checks that rows of have may stand in the columns want.
func checkSchema(have, want Schema) error {
	if len(have) != len(want) {
		return fmt.Errorf("%d columns, %d are declared", len(have), len(want))
	}
	for i := range have {
		if !fits(have[i].Type, want[i].Type) {
			return fmt.Errorf("column %d is %s, declared as %s", i, describe(have[i].Type), describe(want[i].Type))
		}
	}
	return nil
}

func (n *Aggregate) check() error {
	in := n.In.Schema()
	if err := checkCols(n.Groups, len(in)); err != nil {
		return fmt.Errorf("group: %w", err)
	}
	if len(n.Sch) != len(n.Groups)+len(n.Aggs) {
		return fmt.Errorf("%d groups and %d aggregates for %d columns", len(n.Groups), len(n.Aggs), len(n.Sch))
	}
	if err := checkSchema(in.pick(n.Groups), n.Sch[:len(n.Groups)]); err != nil {
		return err
	}
	for i, a := range n.Aggs {
		if err := a.check(in); err != nil {
			return fmt.Errorf("aggregate %d: %w", i, err)
		}
		if out := n.Sch[len(n.Groups)+i].Type; !fits(a.Type, out) {
			return fmt.Errorf("aggregate %d is %s, declared as %s", i, describe(a.Type), describe(out))
		}
	}
	return nil
}

func (a Agg) check(in Schema) error {
	if a.Func < CountStar || a.Func > Same {
		return fmt.Errorf("function %d", a.Func)
	}
	if a.Func == CountStar {
		return wantKind(a.Type, a.Type.Kind == types.Int64)
	}
	if err := checkCols([]int{a.Arg}, len(in)); err != nil {
		return err
	}
	arg := in[a.Arg].Type
	switch a.Func {
	case Count:
		return wantKind(a.Type, a.Type.Kind == types.Int64)
	case Sum, Sum0, Avg:
		switch {
		case arg.Kind.IsFloat():
			return wantKind(a.Type, a.Type.Kind == types.Float64)
		case arg.Kind == types.Decimal:
			return wantKind(a.Type, a.Type.Kind == types.Decimal)
		case arg.Kind.IsInt():
			return wantKind(a.Type, a.Type.Kind == types.Decimal || a.Type.Kind.IsInt() && a.Func != Avg)
		}
		return fmt.Errorf("the argument is %s", describe(arg))
	case Min, Max, First, Single, Same, CountStar:
	}
	return wantKind(a.Type, sameType(a.Type, arg))
}

func wantKind(t types.Type, ok bool) error {
	if ok {
		return nil
	}
	return fmt.Errorf("the result is declared as %s", describe(t))
}

func (n *Union) check() error {
	if len(n.Ins) == 0 {
		return fmt.Errorf("no inputs")
	}
	for i, in := range n.Ins {
		if err := checkSchema(in.Schema(), n.Sch); err != nil {
			return fmt.Errorf("input %d: %w", i, err)
		}
	}
	return nil
}

func (n *Top) check() error {
	width := len(n.In.Schema())
	if err := checkCols(n.Groups, width); err != nil {
		return fmt.Errorf("group: %w", err)
	}
	for _, o := range n.Order {
		if err := checkCols([]int{o.Col}, width); err != nil {
			return fmt.Errorf("order: %w", err)
		}
	}
	if n.Limit < NoLimit || n.Offset < 0 {
		return fmt.Errorf("limit %d offset %d", n.Limit, n.Offset)
	}
	for _, e := range Exprs(n) {
		if err := checkExpr(e, nil); err != nil {
			return err
		}
		if !e.Type().Kind.IsInt() {
			return fmt.Errorf("the limit is %s", describe(e.Type()))
		}
	}
	return nil
}
