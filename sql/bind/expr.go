package bind

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// clause binds the expressions of one clause of a query over its tree.
// Subqueries met on the way are joined to the tree.
type clause struct {
	*binder
	t    *tree
	name string // as MySQL's errors call it: "field list"
	// aliases are the names of the SELECT list that the clause may use;
	// aliasFirst says that they come before columns of the same name.
	aliases    []alias
	aliasFirst bool
	// values gives VALUES(c) its meaning, in ON DUPLICATE KEY UPDATE.
	values func(*ast.ColumnName) (expr.Expr, error)
	// variable gives @name its meaning where it is a field of LOAD DATA.
	variable func(name string) (expr.Expr, bool)
	// fixed says why a subquery cannot stand here; empty: it can.
	fixed string
	// filtering says that the clause keeps rows: subqueries of one condition
	// need no answer for rows that another leaves out.
	filtering bool
}

// alias is a named term of a SELECT list.
type alias struct {
	name string
	node ast.ExprNode
}

// expr binds n.
func (c *clause) expr(n ast.ExprNode) (expr.Expr, error) {
	c.depth++
	defer func() { c.depth-- }()
	if c.depth > maxDepth {
		return nil, c.errAt(n.OriginTextPosition(), errStackOverrun, "The expression is nested too deeply").
			WithHint("at most %d levels", maxDepth)
	}
	if c.t.group != nil {
		if e, ok := c.grouped(n); ok {
			return e, nil
		}
	}
	switch n := n.(type) {
	case *ast.ParenthesesExpr:
		return c.expr(n.Expr)
	case *parse.Literal:
		v, err := c.literal(n)
		return &expr.Const{V: v}, err
	case *parse.Param:
		return &expr.Param{N: n.N, T: c.paramType(n.N, types.TypeNull)}, nil
	case *ast.ColumnNameExpr:
		return c.column(n.Name, n.OriginTextPosition())
	case *ast.BinaryOperationExpr:
		return c.binary(n)
	case *ast.UnaryOperationExpr:
		return c.unary(n)
	case *ast.BetweenExpr:
		return c.negatable(n, "between", n.Not, n.Expr, n.Left, n.Right)
	case *ast.IsNullExpr:
		return c.negatable(n, "is_null", n.Not, n.Expr)
	case *ast.IsTruthExpr:
		if n.True == 0 {
			return c.negatable(n, "is_false", n.Not, n.Expr)
		}
		return c.negatable(n, "is_true", n.Not, n.Expr)
	case *ast.PatternLikeOrIlikeExpr:
		return c.like(n)
	case *ast.PatternRegexpExpr:
		return c.negatable(n, "regexp_like", n.Not, n.Expr, n.Pattern)
	case *ast.PatternInExpr:
		return c.in(n)
	case *ast.CaseExpr:
		return c.caseExpr(n)
	case *ast.FuncCallExpr:
		return c.call(n)
	case *ast.FuncCastExpr:
		return c.cast(n)
	case *ast.AggregateFuncExpr:
		return c.aggregate(n)
	case *ast.SubqueryExpr:
		return c.scalarSubquery(n)
	case *ast.ExistsSubqueryExpr:
		return c.existsValue(n)
	case *ast.CompareSubqueryExpr:
		return c.anyOf(n)
	case *ast.VariableExpr:
		return c.variableExpr(n)
	case *ast.SetCollationExpr:
		return c.collate(n)
	case *ast.ValuesExpr:
		if c.values == nil {
			return nil, c.refuseAt(n.OriginTextPosition(), "VALUES() outside ON DUPLICATE KEY UPDATE")
		}
		return c.values(n.Column.Name)
	case *ast.DefaultExpr:
		return nil, c.refuseAt(n.OriginTextPosition(), "DEFAULT in this place")
	case *ast.RowExpr:
		return nil, c.errAt(n.OriginTextPosition(), sqlerr.ErrOperandColumns, "Operand should contain 1 column(s)")
	case *ast.WindowFuncExpr:
		return nil, c.refuseAt(n.OriginTextPosition(), "window functions (%s OVER ..)", strings.ToUpper(n.Name))
	case *ast.MatchAgainst:
		return nil, c.refuseAt(n.OriginTextPosition(), "MATCH .. AGAINST")
	case *ast.PositionExpr:
		return intConst(int64(n.N)), nil
	}
	return nil, c.refuseAt(n.OriginTextPosition(), "this expression")
}

// exprs binds a list.
func (c *clause) exprs(ns ...ast.ExprNode) ([]expr.Expr, error) {
	out := make([]expr.Expr, len(ns))
	for i, n := range ns {
		e, err := c.expr(n)
		if err != nil {
			return nil, err
		}
		out[i] = e
	}
	return out, nil
}

// apply binds arguments and applies a function of the registry to them.
func (c *clause) apply(at ast.Node, name string, args ...ast.ExprNode) (expr.Expr, error) {
	es, err := c.exprs(args...)
	if err != nil {
		return nil, err
	}
	return c.resolve(at, name, es...)
}

// resolve applies a function of the registry; its errors are given a place.
func (b *binder) resolve(at ast.Node, name string, args ...expr.Expr) (expr.Expr, error) {
	e, err := expr.Resolve(name, args)
	return e, b.locate(at, err)
}

func (c *clause) negatable(at ast.Node, name string, not bool, args ...ast.ExprNode) (expr.Expr, error) {
	e, err := c.apply(at, name, args...)
	if err != nil || !not {
		return e, err
	}
	return c.resolve(at, "not", e)
}

// column gives a name its meaning: an alias where the clause prefers it, a
// column of the tree, an alias, or a column of the enclosing query.
func (c *clause) column(n *ast.ColumnName, off int) (expr.Expr, error) {
	if c.aliasFirst {
		if e, ok, err := c.alias(n); ok {
			return e, err
		}
	}
	switch i := c.t.find(n); {
	case i == -2:
		return nil, c.errAt(off, sqlerr.ErrNonUniq, "Column '%s' in %s is ambiguous", n.Name.O, c.name).
			WithHint("write it as table.column")
	case i >= 0:
		e, ok := c.t.col(i)
		if ok {
			return e, nil
		}
		if e, ok, err := c.alias(n); ok && !c.aliasFirst {
			return e, err
		}
		return nil, c.notGrouped(n, off)
	}
	if e, ok, err := c.alias(n); ok && !c.aliasFirst {
		return e, err
	}
	if e, ok, err := c.outer(n, off); ok {
		return e, err
	}
	e := c.errAt(off, sqlerr.ErrBadField, "Unknown column '%s' in '%s'", n.OrigColName(), c.name)
	return nil, suggest(e, c.nearestColumn(n))
}

// alias binds the term of the SELECT list that an unqualified name stands
// for. Inside it names mean columns only.
func (c *clause) alias(n *ast.ColumnName) (expr.Expr, bool, error) {
	if n.Table.O != "" {
		return nil, false, nil
	}
	for _, a := range c.aliases {
		if strings.EqualFold(a.name, n.Name.O) {
			inner := *c
			inner.aliases = nil
			e, err := inner.expr(a.node)
			return e, true, err
		}
	}
	return nil, false, nil
}

// outer looks a name up in the enclosing queries, the next one first.
func (c *clause) outer(n *ast.ColumnName, off int) (expr.Expr, bool, error) {
	level := 1
	for o := c.t.outer; o != nil; o = o.outer {
		switch i := o.find(n); {
		case i == -2:
			return nil, true, c.errAt(off, sqlerr.ErrNonUniq, "Column '%s' in %s is ambiguous", n.Name.O, c.name)
		case i >= 0:
			e, ok := o.col(i)
			col, isCol := e.(*expr.Col)
			if !ok || !isCol {
				return nil, true, c.notGrouped(n, off)
			}
			return &expr.Col{Index: outerRef(level+levelOf(col.Index), posOf(col.Index)), Name: col.Name, T: col.T}, true, nil
		}
		level++
	}
	return nil, false, nil
}

func (c *clause) nearestColumn(n *ast.ColumnName) string {
	var names []string
	for _, col := range c.t.names() {
		if n.Table.O == "" || col.src.alias == n.Table.O {
			names = append(names, col.name)
		}
	}
	for _, a := range c.aliases {
		names = append(names, a.name)
	}
	if near := catalog.Nearest(n.Name.O, names); near != "" || n.Table.O == "" {
		return near
	}
	var tables []string
	for _, col := range c.t.names() {
		if col.src.alias == n.Table.O {
			return ""
		}
		tables = append(tables, col.src.alias)
	}
	return catalog.Nearest(n.Table.O, tables)
}

// operators are the names under which Resolve knows the binary operators.
var operators = map[opcode.Op]string{
	opcode.LogicAnd: "and", opcode.LogicOr: "or", opcode.LogicXor: "xor",
	opcode.LeftShift: "<<", opcode.RightShift: ">>", opcode.And: "&", opcode.Or: "|", opcode.Xor: "^",
	opcode.GE: ">=", opcode.LE: "<=", opcode.EQ: "=", opcode.NE: "<>", opcode.LT: "<", opcode.GT: ">", opcode.NullEQ: "<=>",
	opcode.Plus: "+", opcode.Minus: "-", opcode.Mul: "*", opcode.Div: "/", opcode.IntDiv: "div", opcode.Mod: "%",
}

func (c *clause) binary(n *ast.BinaryOperationExpr) (expr.Expr, error) {
	name, ok := operators[n.Op]
	if !ok {
		return nil, c.refuseAt(n.OriginTextPosition(), "the operator %s", n.Op)
	}
	switch n.Op {
	case opcode.LogicAnd, opcode.LogicOr:
		return c.chain(n, name)
	case opcode.Plus, opcode.Minus, opcode.Mul, opcode.Div, opcode.IntDiv, opcode.Mod,
		opcode.And, opcode.Or, opcode.Xor, opcode.LeftShift, opcode.RightShift:
		l, err := c.number(n.L)
		if err != nil {
			return nil, err
		}
		r, err := c.number(n.R)
		if err != nil {
			return nil, err
		}
		return c.resolve(n, name, l, r)
	}
	if isRow(n.L) || isRow(n.R) {
		return c.compareRows(n)
	}
	return c.apply(n, name, n.L, n.R)
}

// number binds an operand of arithmetic.
func (c *clause) number(n ast.ExprNode) (expr.Expr, error) {
	if e, ok := hexNumber(n); ok {
		return e, nil
	}
	return c.expr(n)
}

// chain binds a AND b AND c .., however long, as a tree of little depth whose
// terms are evaluated in the same order.
func (c *clause) chain(n *ast.BinaryOperationExpr, name string) (expr.Expr, error) {
	es, err := c.exprs(terms(n, n.Op)...)
	if err != nil {
		return nil, err
	}
	return c.balance(n, name, es)
}

func (b *binder) balance(at ast.Node, name string, es []expr.Expr) (expr.Expr, error) {
	if len(es) == 1 {
		return es[0], nil
	}
	l, err := b.balance(at, name, es[:len(es)/2])
	if err != nil {
		return nil, err
	}
	r, err := b.balance(at, name, es[len(es)/2:])
	if err != nil {
		return nil, err
	}
	return b.resolve(at, name, l, r)
}

// terms lists the operands of a chain of one operator from left to right.
func terms(n ast.ExprNode, op opcode.Op) []ast.ExprNode {
	var out []ast.ExprNode
	stack := []ast.ExprNode{n}
	for len(stack) > 0 {
		n := strip(stack[len(stack)-1])
		stack = stack[:len(stack)-1]
		if b, ok := n.(*ast.BinaryOperationExpr); ok && b.Op == op {
			stack = append(stack, b.R, b.L)
			continue
		}
		out = append(out, n)
	}
	return out
}

// isRow tells whether n is written as several columns.
func isRow(n ast.ExprNode) bool {
	switch n := strip(n).(type) {
	case *ast.RowExpr:
		return true
	case *ast.SubqueryExpr:
		s, ok := n.Query.(*ast.SelectStmt)
		return ok && s.Fields != nil && len(s.Fields.Fields) > 1
	}
	return false
}

// operands binds a value or a row: a row constructor or a subquery of several
// columns.
func (c *clause) operands(n ast.ExprNode) ([]expr.Expr, error) {
	switch r := strip(n).(type) {
	case *ast.RowExpr:
		return c.exprs(r.Values...)
	case *ast.SubqueryExpr:
		if isRow(r) {
			return c.rowSubquery(r)
		}
	}
	return c.exprs(n)
}

// rowSubquery is (SELECT a, b ..) as a row.
func (c *clause) rowSubquery(sub *ast.SubqueryExpr) ([]expr.Expr, error) {
	in, err := c.open(sub, isPlainScalar)
	if err != nil {
		return nil, err
	}
	return c.onlyRow(in, 0)
}

// rowOf binds what is compared with a row of want columns.
func (c *clause) rowOf(at ast.Node, n ast.ExprNode, want int) ([]expr.Expr, error) {
	if sub, ok := strip(n).(*ast.SubqueryExpr); ok {
		in, err := c.open(sub, isPlainScalar)
		if err != nil {
			return nil, err
		}
		return c.onlyRow(in, want)
	}
	es, err := c.operands(n)
	if err == nil && len(es) != want {
		if want == 1 {
			at = n
		}
		err = c.errAt(at.OriginTextPosition(), sqlerr.ErrOperandColumns, "Operand should contain %d column(s)", want)
	}
	return es, err
}

// compareRows binds (a, b) = (c, d) and the other comparisons of rows column
// by column.
func (c *clause) compareRows(n *ast.BinaryOperationExpr) (expr.Expr, error) {
	l, err := c.operands(n.L)
	if err != nil {
		return nil, err
	}
	r, err := c.rowOf(n, n.R, len(l))
	if err != nil {
		return nil, err
	}
	switch n.Op {
	case opcode.LT, opcode.LE:
		return c.rowBefore(n, "<", operators[n.Op], l, r)
	case opcode.GT, opcode.GE:
		return c.rowBefore(n, ">", operators[n.Op], l, r)
	}
	eq := "="
	if n.Op == opcode.NullEQ {
		eq = "<=>"
	}
	e, err := c.rowEqual(n, eq, l, r)
	if err != nil || n.Op != opcode.NE {
		return e, err
	}
	return c.resolve(n, "not", e)
}

// rowBefore is the order of rows: (a, b) < (c, d) is a < c OR a = c AND
// b < d. strict compares all columns but the last, for which last does.
func (c *clause) rowBefore(at ast.Node, strict, last string, l, r []expr.Expr) (expr.Expr, error) {
	if len(l) > maxOrdered {
		return nil, c.refuseAt(at.OriginTextPosition(), "ordering rows of more than %d columns", maxOrdered)
	}
	if len(l) == 1 {
		return c.resolve(at, last, l[0], r[0])
	}
	first, err := c.resolve(at, strict, l[0], r[0])
	if err != nil {
		return nil, err
	}
	same, err := c.resolve(at, "=", l[0], r[0])
	if err != nil {
		return nil, err
	}
	rest, err := c.rowBefore(at, strict, last, l[1:], r[1:])
	if err != nil {
		return nil, err
	}
	if rest, err = c.resolve(at, "and", same, rest); err != nil {
		return nil, err
	}
	return c.resolve(at, "or", first, rest)
}

func (c *clause) rowEqual(at ast.Node, eq string, l, r []expr.Expr) (expr.Expr, error) {
	es := make([]expr.Expr, len(l))
	for i := range l {
		e, err := c.resolve(at, eq, l[i], r[i])
		if err != nil {
			return nil, err
		}
		es[i] = e
	}
	return c.balance(at, "and", es)
}

func (c *clause) unary(n *ast.UnaryOperationExpr) (expr.Expr, error) {
	switch n.Op {
	case opcode.Minus:
		if l, ok := n.V.(*parse.Literal); ok {
			if neg, ok := negative(l); ok {
				return c.expr(neg)
			}
		}
		v, err := c.number(n.V)
		if err != nil {
			return nil, err
		}
		return c.resolve(n, "neg", v)
	case opcode.Plus:
		return c.expr(n.V)
	case opcode.Not, opcode.Not2:
		if sub, ok := strip(n.V).(*ast.ExistsSubqueryExpr); ok {
			inverse := *sub
			inverse.Not = !sub.Not
			return c.expr(&inverse)
		}
		return c.apply(n, "not", n.V)
	case opcode.BitNeg:
		v, err := c.number(n.V)
		if err != nil {
			return nil, err
		}
		return c.resolve(n, "~", v)
	}
	return nil, c.refuseAt(n.OriginTextPosition(), "the operator %s", n.Op)
}

func (c *clause) like(n *ast.PatternLikeOrIlikeExpr) (expr.Expr, error) {
	if !n.IsLike {
		return nil, c.refuseAt(n.OriginTextPosition(), "ILIKE")
	}
	es, err := c.exprs(n.Expr, n.Pattern)
	if err != nil {
		return nil, err
	}
	if n.Escape != '\\' {
		es = append(es, textConst(strings.TrimRight(string(rune(n.Escape)), "\x00")))
	}
	e, err := c.resolve(n, "like", es...)
	if err != nil || !n.Not {
		return e, err
	}
	return c.resolve(n, "not", e)
}

func (c *clause) in(n *ast.PatternInExpr) (expr.Expr, error) {
	if n.Sel != nil {
		return c.anyOf(n)
	}
	if !isRow(n.Expr) {
		return c.negatable(n, "in", n.Not, append([]ast.ExprNode{n.Expr}, n.List...)...)
	}
	l, err := c.operands(n.Expr)
	if err != nil {
		return nil, err
	}
	es := make([]expr.Expr, len(n.List))
	for i, item := range n.List {
		r, err := c.rowOf(n, item, len(l))
		if err != nil {
			return nil, err
		}
		e, err := c.rowEqual(n, "=", l, r)
		if err != nil {
			return nil, err
		}
		es[i] = e
	}
	e, err := c.balance(n, "or", es)
	if err != nil || !n.Not {
		return e, err
	}
	return c.resolve(n, "not", e)
}

func (c *clause) caseExpr(n *ast.CaseExpr) (expr.Expr, error) {
	var args []expr.Expr
	for _, w := range n.WhenClauses {
		var when expr.Expr
		var err error
		if n.Value != nil {
			when, err = c.apply(n, "=", n.Value, w.Expr)
		} else {
			when, err = c.expr(w.Expr)
		}
		if err != nil {
			return nil, err
		}
		then, err := c.expr(w.Result)
		if err != nil {
			return nil, err
		}
		args = append(args, when, then)
	}
	if n.ElseClause != nil {
		e, err := c.expr(n.ElseClause)
		if err != nil {
			return nil, err
		}
		args = append(args, e)
	}
	return c.resolve(n, "case", args...)
}

func (c *clause) cast(n *ast.FuncCastExpr) (expr.Expr, error) {
	e, err := c.expr(n.Expr)
	if err != nil {
		return nil, err
	}
	t, err := c.castType(n)
	if err != nil {
		return nil, err
	}
	e = expr.Cast(e, t.WithNull(true))
	if t.Kind == types.Bytes && t.Len > 0 { // BINARY(n) is filled up
		return c.resolve(n, "rpad", e, intConst(int64(t.Len)), expr.Cast(textConst("\x00"), types.TypeBytes))
	}
	return e, nil
}

func (c *clause) collate(n *ast.SetCollationExpr) (expr.Expr, error) {
	e, err := c.expr(n.Expr)
	if err != nil {
		return nil, err
	}
	coll, err := c.collation(n.Collate, n.OriginTextPosition())
	if err != nil {
		return nil, err
	}
	t := e.Type()
	if t.Kind == types.Null { // a parameter or NULL
		t = types.TypeText.WithNull(true)
	}
	if t.Kind != types.String || coll == types.CollBinary {
		return nil, c.errAt(n.OriginTextPosition(), errCollationMismatch, "COLLATION '%s' is not valid for this expression", n.Collate).
			WithHint("COLLATE applies to character strings")
	}
	t.Coll = coll
	return expr.Cast(e, t), nil
}

// variableExpr reads @@name or @name as a constant.
func (c *clause) variableExpr(n *ast.VariableExpr) (expr.Expr, error) {
	name := strings.ToLower(n.Name)
	if n.Value != nil {
		return nil, c.refuseAt(n.OriginTextPosition(), "setting @%s inside an expression", n.Name)
	}
	if !n.IsSystem {
		if c.variable != nil {
			if e, ok := c.variable(name); ok {
				return e, nil
			}
		}
		c.dependOn("@" + name)
		if c.env.UserVar == nil {
			return nullConst(types.TypeNull), nil
		}
		return &expr.Const{V: c.env.UserVar(name)}, nil
	}
	c.dependOn("@@" + name)
	if c.env.SysVar != nil {
		if v, ok := c.env.SysVar(name, n.IsGlobal); ok {
			return &expr.Const{V: v}, nil
		}
	}
	return nil, suggest(c.errAt(n.OriginTextPosition(), sqlerr.ErrUnknownSystemVar, "Unknown system variable '%s'", n.Name),
		catalog.Nearest(name, c.env.SysVarNames))
}

// predicate binds a condition: a number is true when it is not 0.
func (c *clause) predicate(n ast.ExprNode) (expr.Expr, error) {
	e, err := c.expr(n)
	if err != nil {
		return nil, err
	}
	return c.truth(n, e)
}

func (b *binder) truth(at ast.Node, e expr.Expr) (expr.Expr, error) {
	if e.Type().Kind.IsInt() {
		return e, nil
	}
	return b.resolve(at, "is_true", e)
}

// paramType is the type of placeholder n: that of the value given, else the
// one inferred.
func (b *binder) paramType(n int, inferred types.Type) types.Type {
	if n < len(b.env.ParamTypes) && b.env.ParamTypes[n].Kind != types.Null {
		return b.env.ParamTypes[n].WithNull(true)
	}
	return inferred
}
