package bind

import (
	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// union binds UNION [ALL], INTERSECT and EXCEPT with its ORDER BY and LIMIT.
func (b *binder) union(n *ast.SetOprStmt, unordered bool, outer *tree) (*selected, error) {
	if err := b.with(n.With); err != nil {
		return nil, err
	}
	return b.setOperations(n.SelectList, n.OrderBy, n.Limit, unordered, outer)
}

// operand is one query of a UNION, INTERSECT or EXCEPT and how it is put to
// what stands before it.
type operand struct {
	q   *selected
	how ast.SetOprType
	at  ast.Node
}

// distinct tells whether what stands before it, with it, loses its duplicates.
func (o *operand) distinct() bool { return o.how != ast.UnionAll }

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
	node, err := b.chain(ops, sch)
	if err != nil {
		return nil, err
	}
	p := projection{binder: b, t: &tree{node: node}}
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
		return operand{q: q, how: ast.UnionAll, at: n}, nil
	}
	switch *how {
	case ast.ExceptAll, ast.IntersectAll:
		return operand{}, b.refuseAt(b.text.Find(how.String()), "%s", how.String())
	}
	return operand{q: q, how: *how, at: n}, nil
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

// term is operands that INTERSECT, which binds tighter, has made one of.
type term struct {
	node plan.Node
	op   operand
}

// chain puts the queries together from left to right.
func (b *binder) chain(ops []operand, sch plan.Schema) (plan.Node, error) {
	var ts []term
	for _, op := range ops {
		in := conform(op.q.node, sch)
		if op.how != ast.Intersect {
			ts = append(ts, term{in, op})
			continue
		}
		last := &ts[len(ts)-1]
		var err error
		if last.node, err = b.matching(plan.SemiJoin, op.at, last.node, in); err != nil {
			return nil, err
		}
	}
	acc := ts[0].node
	var all *plan.Union // acc, while no Distinct stands above it
	for i, t := range ts[1:] {
		switch {
		case t.op.how == ast.Except:
			var err error
			if acc, err = b.matching(plan.AntiJoin, t.op.at, acc, t.node); err != nil {
				return nil, err
			}
			all = nil
			continue
		case all != nil:
			all.Ins = append(all.Ins, t.node)
		default:
			all = &plan.Union{Ins: []plan.Node{acc, t.node}, Sch: sch}
			acc = all
		}
		// A UNION with a further one or EXCEPT behind it need not look for
		// duplicates itself: the last one does.
		if t.op.distinct() && !anyDistinct(ts[i+2:]) {
			acc, all = &plan.Distinct{In: acc}, nil
		}
	}
	return acc, nil
}

// matching keeps the distinct rows of l that are, or are not, among those of
// r; NULL is NULL there.
func (b *binder) matching(kind plan.JoinKind, at ast.Node, l, r plan.Node) (plan.Node, error) {
	lt, rt := &tree{node: &plan.Distinct{In: l}}, &tree{node: r}
	lkeys, err := b.rowKeys(at, l)
	if err != nil {
		return nil, err
	}
	rkeys, err := b.rowKeys(at, r)
	if err != nil {
		return nil, err
	}
	lpos, rpos := lt.extend(lkeys), rt.extend(rkeys)
	j := joinTrees(kind, lt.node, rt.node, lpos, rpos)
	sch := l.Schema()
	return &plan.Project{In: j.node, Exprs: leading(j.node, len(sch)), Sch: sch}, nil
}

// rowKeys are keys by which whole rows of nodes with one schema are the same.
func (b *binder) rowKeys(at ast.Node, n plan.Node) ([]expr.Expr, error) {
	var keys []expr.Expr
	for _, col := range columnsFrom(n.Schema(), 0) {
		ks, err := b.sameKeys(at, col)
		if err != nil {
			return nil, err
		}
		keys = append(keys, ks...)
	}
	return keys, nil
}

func anyDistinct(ts []term) bool {
	for _, t := range ts {
		if t.op.distinct() {
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
