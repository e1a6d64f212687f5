package bind

import (
	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// quantified is [NOT] x op ANY (S), to which IN and ALL come down: x op ALL (S)
// is NOT x contrary-op ANY (S), with NULL for what is unknown in both.
type quantified struct {
	at  ast.ExprNode
	x   ast.ExprNode
	sub *ast.SubqueryExpr
	op  opcode.Op
	not bool

	// Bound by open: the row x, the subquery and its columns.
	xs []expr.Expr
	in *inner
	ys []expr.Expr
}

// contrary are the operators that are false where others are true.
var contrary = map[opcode.Op]opcode.Op{
	opcode.EQ: opcode.NE, opcode.NE: opcode.EQ, opcode.LT: opcode.GE, opcode.GE: opcode.LT,
	opcode.GT: opcode.LE, opcode.LE: opcode.GT,
}

// quantify reads IN, ANY and ALL with a subquery; nil for anything else.
func (c *clause) quantify(n ast.ExprNode) (*quantified, error) {
	switch n := n.(type) {
	case *ast.PatternInExpr:
		if n.Sel == nil {
			return nil, nil
		}
		sub, ok := strip(n.Sel).(*ast.SubqueryExpr)
		if !ok {
			return nil, c.refuseAt(n.Sel.OriginTextPosition(), "this IN")
		}
		return &quantified{at: n, x: n.Expr, sub: sub, op: opcode.EQ, not: n.Not}, nil
	case *ast.CompareSubqueryExpr:
		sub, ok := strip(n.R).(*ast.SubqueryExpr)
		_, known := contrary[n.Op]
		if !ok || !known {
			return nil, c.refuseAt(n.OriginTextPosition(), "this comparison with ANY or ALL")
		}
		q := &quantified{at: n, x: n.L, sub: sub, op: n.Op, not: n.All}
		if n.All {
			q.op = contrary[n.Op]
		}
		return q, nil
	}
	return nil, nil
}

// semiJoin binds a conjunct of WHERE that is an EXISTS, IN, ANY or ALL with a
// subquery, or the contrary of one, as a join; false for any other.
func (c *clause) semiJoin(n ast.ExprNode) (bool, error) {
	not := false
	for {
		n = strip(n)
		if x, ok := n.(*ast.UnaryOperationExpr); ok && (x.Op == opcode.Not || x.Op == opcode.Not2) {
			not, n = !not, x.V
			continue
		}
		if x, ok := n.(*ast.ExistsSubqueryExpr); ok {
			return true, c.existsJoin(x, not != x.Not)
		}
		q, err := c.quantify(n)
		if q == nil || err != nil {
			return false, err
		}
		q.not = q.not != not
		return true, c.anyJoin(q)
	}
}

// bind binds both sides.
func (q *quantified) bind(c *clause) (err error) {
	if q.xs, err = c.operands(q.x); err != nil {
		return err
	}
	if len(q.xs) > 1 && q.op != opcode.EQ && q.op != opcode.NE {
		return c.errAt(q.at.OriginTextPosition(), sqlerr.ErrOperandColumns, "Operand should contain 1 column(s)")
	}
	if q.in, err = c.open(q.sub, isPlain); err != nil {
		return err
	}
	if q.ys, err = c.innerColumns(q.in, len(q.xs)); err != nil {
		return err
	}
	if readsNext(q.in.t.node) {
		q.ys, err = c.bridge(q.in, q.ys...)
	}
	return err
}

// nullable tells whether the comparison of column i may be unknown.
func (q *quantified) nullable(i int) bool { return maybeNull(q.xs[i]) || maybeNull(q.ys[i]) }

func maybeNull(e expr.Expr) bool { return e.Type().Nullable || e.Type().Kind == types.Null }

// keyable tells whether column i is an equality of the two sides.
func (q *quantified) keyable(i int) bool { return q.op == opcode.EQ && !reads(q.ys[i], 1) }

// compare is the comparison of column i over the subquery's tree.
func (q *quantified) compare(c *clause, i int) (expr.Expr, error) {
	return c.resolve(q.at, operators[q.op], moveIn(q.xs[i]), q.ys[i])
}

// whole is the comparison of all columns: rows are equal where all columns
// are, and differ where one does.
func (q *quantified) whole(c *clause) (expr.Expr, error) {
	es := make([]expr.Expr, len(q.xs))
	for i := range es {
		e, err := q.compare(c, i)
		if err != nil {
			return nil, err
		}
		es[i] = e
	}
	if q.op == opcode.NE {
		return c.balance(q.at, "or", es)
	}
	return c.balance(q.at, "and", es)
}

// anyJoin is a quantified comparison as a join. Its contrary keeps the rows
// for which no comparison is true or unknown.
func (c *clause) anyJoin(q *quantified) error {
	if err := q.bind(c); err != nil {
		return err
	}
	in := q.in
	lkeys, rkeys := append([]expr.Expr{}, in.corr.outer...), append([]expr.Expr{}, in.corr.inner...)
	rest := append([]expr.Expr{}, in.corr.rest...)
	key := func(i int) {
		x, y := alike(q.xs[i], q.ys[i])
		lkeys, rkeys = append(lkeys, x), append(rkeys, y)
	}
	kind := plan.SemiJoin
	if q.not {
		kind = plan.AntiJoin
	}
	if q.op == opcode.NE && len(q.xs) > 1 {
		e, err := q.whole(c)
		if err == nil && q.not {
			e, err = c.notFalse(q.at, e)
		}
		if err != nil {
			return err
		}
		c.attach(kind, in.t, lkeys, rkeys, append(rest, e))
		return nil
	}
	for i := range q.xs {
		switch {
		case q.keyable(i) && (!q.not || !q.nullable(i)):
			key(i)
			continue
		case q.keyable(i) && len(q.xs) == 1 && in.corr.empty():
			kind = plan.NullAntiJoin
			key(i)
			continue
		}
		e, err := q.compare(c, i)
		if err == nil && q.not && q.nullable(i) {
			e, err = c.notFalse(q.at, e)
		}
		if err != nil {
			return err
		}
		rest = append(rest, e)
	}
	c.attach(kind, in.t, lkeys, rkeys, rest)
	return nil
}

// anyOf is a quantified comparison where a join cannot filter, with NULL
// for what is unknown.
func (c *clause) anyOf(n ast.ExprNode) (expr.Expr, error) {
	q, err := c.quantify(n)
	if err != nil {
		return nil, err
	}
	if err := q.bind(c); err != nil {
		return nil, err
	}
	nullable := false
	for i := range q.xs {
		nullable = nullable || q.nullable(i)
	}
	if len(q.xs) == 1 && q.keyable(0) && q.in.corr.empty() {
		return c.inValue(q, nullable)
	}
	is, err := q.whole(c)
	if err != nil {
		return nil, err
	}
	found, err := c.matched(q.in.copy(), []expr.Expr{is})
	if err != nil {
		return nil, err
	}
	if !nullable {
		return c.unless(q, found)
	}
	maybe, err := c.resolve(q.at, "is_null", is)
	if err != nil {
		return nil, err
	}
	unknown, err := c.matched(q.in, []expr.Expr{maybe})
	if err != nil {
		return nil, err
	}
	yes, no := q.outcomes()
	return c.resolve(q.at, "case", found, yes, unknown, nullConst(types.TypeInt), no)
}

// copy is in for a second use.
func (in *inner) copy() *inner {
	t, out := *in.t, *in
	out.t = &t
	return &out
}

// outcomes are the values for found and for not found.
func (q *quantified) outcomes() (yes, no expr.Expr) {
	if q.not {
		return intConst(0), intConst(1)
	}
	return intConst(1), intConst(0)
}

func (c *clause) unless(q *quantified, found expr.Expr) (expr.Expr, error) {
	if q.not {
		return c.negated(q.at, found)
	}
	return found, nil
}

// inValue is x [NOT] IN (S) of one column, not correlated: x joins the distinct
// values of S, and where NULLs may matter also the counts of its rows and
// values.
func (c *clause) inValue(q *quantified, nullable bool) (expr.Expr, error) {
	in := q.in
	key, y := alike(q.xs[0], q.ys[0])
	pos := in.t.extend([]expr.Expr{y})
	y = &expr.Col{Index: pos[0], T: y.Type()}
	all := *in.t
	r := counts(in.t, []expr.Expr{y})
	base := c.attach(plan.LeftJoin, r, []expr.Expr{key}, leading(r.node, 1), nil)
	found, err := c.present(q.at, c.attached(base+1))
	if err != nil || !nullable {
		if err != nil {
			return nil, err
		}
		return c.unless(q, found)
	}
	base = c.attach(plan.InnerJoin, counts(&all, nil, pos[0]), nil, nil, nil)
	return c.inWithNulls(q, found, c.attached(base), c.attached(base+1))
}

// inWithNulls settles IN from: was x found, the rows and the values of S.
func (c *clause) inWithNulls(q *quantified, found, rows, values expr.Expr) (expr.Expr, error) {
	yes, no := q.outcomes()
	empty, err := c.resolve(q.at, "=", rows, intConst(0))
	if err != nil {
		return nil, err
	}
	unknown, err := c.resolve(q.at, "is_null", q.xs[0])
	if err != nil {
		return nil, err
	}
	nulls, err := c.resolve(q.at, "<", values, rows)
	if err != nil {
		return nil, err
	}
	null := nullConst(types.TypeInt)
	return c.resolve(q.at, "case", empty, no, found, yes, unknown, null, nulls, null, no)
}
