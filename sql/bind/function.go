package bind

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// sessionFunctions are constants of the session; the value is the name under
// which Env.Session knows them.
var sessionFunctions = map[string]string{
	"database": "database", "schema": "database", "user": "user", "session_user": "user", "system_user": "user",
	"current_user": "current_user", "version": "version", "connection_id": "connection_id",
	"last_insert_id": "last_insert_id", "row_count": "row_count", "found_rows": "found_rows",
}

// refusedFunctions exist in MySQL and not yet here.
var refusedFunctions = map[string]string{
	"sleep": "SLEEP()", "benchmark": "BENCHMARK()", "get_lock": "user locks", "release_lock": "user locks",
	"load_file": "LOAD_FILE()", ast.TimeLiteral: "the TIME type", "curtime": "the TIME type", "current_time": "the TIME type",
	"utc_time": "the TIME type", "time": "the TIME type", "addtime": "the TIME type", "subtime": "the TIME type",
	"timediff": "the TIME type", "maketime": "the TIME type", "sec_to_time": "the TIME type",
	"get_format": "GET_FORMAT()", "weight_string": "WEIGHT_STRING()", "grouping": "GROUP BY .. WITH ROLLUP",
}

// call binds a function call. What the grammar writes in a special way is
// brought to the form that the registry knows.
func (c *clause) call(n *ast.FuncCallExpr) (expr.Expr, error) {
	name, off := n.FnName.L, n.OriginTextPosition()
	if n.Schema.O != "" {
		return nil, c.errAt(off, sqlerr.ErrFunctionNotExist, "FUNCTION %s.%s does not exist", n.Schema.O, n.FnName.O)
	}
	if session, ok := sessionFunctions[name]; ok {
		return c.sessionValue(n, session)
	}
	if what, ok := refusedFunctions[name]; ok || strings.HasPrefix(name, "json_") {
		if !ok {
			what = "the JSON type"
		}
		return nil, c.refuseAt(off, "%s", what)
	}
	switch name {
	case ast.DateLiteral, ast.TimestampLiteral:
		return c.dateLiteral(n)
	case "any_value":
		return c.anyValue(n)
	case "values":
		if len(n.Args) == 1 && c.values != nil {
			if col, ok := n.Args[0].(*ast.ColumnNameExpr); ok {
				return c.values(col.Name)
			}
		}
	case "convert": // CONVERT(e USING charset)
		if l, ok := n.Args[len(n.Args)-1].(*parse.Literal); ok && len(n.Args) == 2 {
			return c.using(n, n.Args[0], l.GetString())
		}
	case "char", "char_func":
		return c.char(n)
	case "trim":
		return c.trim(n)
	case ast.InsertFunc:
		name = "insert" // the word is a keyword of the grammar
	}
	args := make([]expr.Expr, len(n.Args))
	for i, a := range n.Args {
		e, err := c.argument(a)
		if err != nil {
			return nil, err
		}
		args[i] = e
	}
	return c.resolve(n, name, args...)
}

// argument binds an argument, also those that are words: a unit of time is
// passed on as a string constant.
func (c *clause) argument(n ast.ExprNode) (expr.Expr, error) {
	if u, ok := n.(*ast.TimeUnitExpr); ok {
		return textConst(strings.ToUpper(u.Unit.String())), nil
	}
	return c.expr(n)
}

// sessionValue is a function of the session as a constant.
func (c *clause) sessionValue(n *ast.FuncCallExpr, name string) (expr.Expr, error) {
	if len(n.Args) > 0 {
		return nil, c.refuseAt(n.OriginTextPosition(), "%s() with an argument", strings.ToUpper(name))
	}
	c.dependOn(name + "()")
	if c.env.Session != nil {
		if v, ok := c.env.Session(name); ok {
			return &expr.Const{V: v}, nil
		}
	}
	return nullConst(types.TypeText), nil
}

// dateLiteral is DATE '..' or TIMESTAMP '..', which must be exact.
func (c *clause) dateLiteral(n *ast.FuncCallExpr) (expr.Expr, error) {
	l, ok := n.Args[0].(*parse.Literal)
	if !ok {
		return nil, c.refuseAt(n.OriginTextPosition(), "this literal")
	}
	s := l.GetString()
	to, what := types.TypeDate, "DATE"
	if n.FnName.L == ast.TimestampLiteral {
		what = "DATETIME"
		fsp := 0
		if i := strings.LastIndexByte(s, '.'); i >= 0 {
			fsp = min(len(strings.TrimSpace(s))-i-1, 6)
		}
		to = types.NewDatetime(fsp)
	}
	v, st := types.ConvertValue(types.TextValue(s), to)
	if st != types.OK || v.IsNull {
		return nil, c.errAt(n.OriginTextPosition(), errWrongValueDatetime, "Incorrect %s value: '%s'", what, s)
	}
	return &expr.Const{V: v}, nil
}

// anyValue takes some value of the group; which one is the smallest.
func (c *clause) anyValue(n *ast.FuncCallExpr) (expr.Expr, error) {
	if len(n.Args) != 1 {
		return nil, c.errAt(n.OriginTextPosition(), sqlerr.ErrWrongParamCountFn, "Incorrect parameter count in the call to native function 'ANY_VALUE'")
	}
	if c.t.group == nil {
		return c.expr(n.Args[0])
	}
	return c.aggregated(n)
}

// using is CONVERT(e USING charset).
func (c *clause) using(n ast.Node, arg ast.ExprNode, charset string) (expr.Expr, error) {
	e, err := c.expr(arg)
	if err != nil {
		return nil, err
	}
	t := types.TypeText
	coll, err := c.charset(charset, n.OriginTextPosition())
	if err != nil {
		return nil, err
	}
	if t.Coll = coll; coll == types.CollBinary {
		t = types.TypeBytes
	}
	return expr.Cast(e, t.WithNull(e.Type().Nullable)), nil
}

// char is CHAR(n, .. [USING charset]); the grammar appends the charset or
// NULL to the arguments.
func (c *clause) char(n *ast.FuncCallExpr) (expr.Expr, error) {
	args, last := n.Args, len(n.Args)-1
	charset := ""
	if l, ok := args[last].(*parse.Literal); ok {
		args, charset = args[:last], l.GetString()
	}
	e, err := c.apply(n, "char", args...)
	if err != nil || charset == "" {
		return e, err
	}
	coll, err := c.charset(charset, n.OriginTextPosition())
	if err != nil || coll == types.CollBinary {
		return e, err
	}
	t := types.TypeText.WithNull(true)
	t.Coll = coll
	return expr.Cast(e, t), nil
}

// trim is TRIM([LEADING | TRAILING | BOTH] [what FROM] s), for the registry
// trim(s [, what [, 'LEADING' | 'TRAILING' | 'BOTH']]).
func (c *clause) trim(n *ast.FuncCallExpr) (expr.Expr, error) {
	var args []expr.Expr
	for _, a := range n.Args {
		if d, ok := a.(*ast.TrimDirectionExpr); ok {
			word := "BOTH"
			switch d.Direction {
			case ast.TrimLeading:
				word = "LEADING"
			case ast.TrimTrailing:
				word = "TRAILING"
			}
			args = append(args, textConst(word))
			continue
		}
		e, err := c.expr(a)
		if err != nil {
			return nil, err
		}
		args = append(args, e)
	}
	return c.resolve(n, "trim", args...)
}
