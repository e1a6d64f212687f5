package bind

import (
	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// union binds UNION [ALL] with its ORDER BY and LIMIT.
func (b *binder) union(n *ast.SetOprStmt, unordered bool, outer *tree) (*selected, error) {
	if err := b.with(n.With); err != nil {
		return nil, err
	}
	return b.setOperations(n.SelectList, n.OrderBy, n.Limit, unordered, outer)
}

// operand is one query of a UNION and whether what stands before it, with
// it, loses its duplicates.
type operand struct {
	q        *selected
	distinct bool
}

func (b *binder) setOperations(l *ast.SetOprSelectList, o *ast.OrderByClause, limit *ast.Limit, unordered bool, outer *tree) (*selected, error) {
	ops := make([]operand, 0, len(l.Selects))
	for _, n := range l.Selects {
		op, err := b.operand(n, outer)
		if err != nil {
			return nil, err
		}
		if len(ops) > 0 && len(op.q.names) != len(ops[0].q.names) {
			return nil, sqlerr.New(sqlerr.ErrWrongNumberOfColumns, "The used SELECT statements have a different number of columns").
				WithHint("the first has %d, another %d", len(ops[0].q.names), len(op.q.names))
		}
		ops = append(ops, op)
	}
	sch := unifySchemas(ops)
	p := projection{binder: b, t: &tree{node: chainUnion(ops, sch)}}
	return p.over(sch, o, limit, unordered)
}

// operand binds one query of a UNION.
func (b *binder) operand(n ast.Node, outer *tree) (operand, error) {
	saved := b.ctes
	defer func() { b.ctes = saved }()
	var how *ast.SetOprType
	var q *selected
	var err error
	switch n := n.(type) {
	case *ast.SelectStmt:
		how = n.AfterSetOperator
		q, err = b.query(n, true, outer)
	case *ast.SetOprSelectList:
		how = n.AfterSetOperator
		if err = b.with(n.With); err == nil {
			q, err = b.setOperations(n, n.OrderBy, n.Limit, true, outer)
		}
	default:
		return operand{}, sqlerr.NotSupported("this kind of query in a UNION")
	}
	if err != nil {
		return operand{}, err
	}
	if how == nil {
		return operand{q: q}, nil
	}
	switch *how {
	case ast.Union:
		return operand{q: q, distinct: true}, nil
	case ast.UnionAll:
		return operand{q: q}, nil
	}
	return operand{}, b.refuseAt(b.text.Find(how.String()), "%s", how.String())
}

// unifySchemas gives the columns of a UNION their names, which are the first
// query's, and types.
func unifySchemas(ops []operand) plan.Schema {
	sch := make(plan.Schema, len(ops[0].q.names))
	ts := make([]types.Type, len(ops))
	for i := range sch {
		for j, op := range ops {
			ts[j] = op.q.node.Schema()[i].Type
		}
		t := expr.Unify(ts...)
		if t.Kind == types.Null { // NULLs only
			t = types.TypeBytes.WithNull(true)
		}
		sch[i] = plan.Column{Name: ops[0].q.names[i].Name, Type: t}
	}
	return sch
}

// chainUnion adds the queries up from left to right.
func chainUnion(ops []operand, sch plan.Schema) plan.Node {
	var acc plan.Node
	var all *plan.Union // acc, while no Distinct stands above it
	for i, op := range ops {
		in := conform(op.q.node, sch)
		switch {
		case i == 0:
			acc = in
		case all != nil:
			all.Ins = append(all.Ins, in)
		default:
			all = &plan.Union{Ins: []plan.Node{acc, in}, Sch: sch}
			acc = all
		}
		// A UNION with further UNIONs behind it need not look for duplicates
		// itself: the last one does.
		if op.distinct && !anyDistinct(ops[i+1:]) {
			acc, all = &plan.Distinct{In: acc}, nil
		}
	}
	return acc
}

func anyDistinct(ops []operand) bool {
	for _, op := range ops {
		if op.distinct {
			return true
		}
	}
	return false
}

// conform casts the columns of a query to those of the UNION.
func conform(n plan.Node, sch plan.Schema) plan.Node {
	p := &plan.Project{In: n, Sch: sch}
	same := true
	for i, c := range n.Schema() {
		e := castTo(&expr.Col{Index: i, Name: c.Name, T: c.Type}, sch[i].Type)
		if _, ok := e.(*expr.Col); !ok || c.Type.Nullable != sch[i].Type.Nullable {
			same = false
		}
		p.Exprs = append(p.Exprs, e)
	}
	if same {
		return n
	}
	return p
}
