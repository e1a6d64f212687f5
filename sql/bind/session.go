package bind

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// setVariables binds SET.
func (b *binder) setVariables(n *ast.SetStmt) (*SetVariables, error) {
	out := &SetVariables{}
	var exprs []expr.Expr
	for _, a := range n.Variables {
		v, err := b.setVar(a)
		if err != nil {
			return nil, err
		}
		if v.Value != nil {
			exprs = append(exprs, v.Value)
		}
		out.Vars = append(out.Vars, v)
	}
	out.Common = b.common(nil, exprs...)
	return out, nil
}

func (b *binder) setVar(a *ast.VariableAssignment) (SetVar, error) {
	v := SetVar{Name: strings.ToLower(a.Name)}
	switch {
	case a.Name == ast.SetNames, a.Name == ast.SetCharset:
		return b.setNames(a)
	case !a.IsSystem:
		v.Scope = ScopeUser
	case a.IsGlobal:
		v.Scope = ScopeGlobal
	}
	var err error
	switch n := a.Value.(type) {
	case *ast.DefaultExpr:
		return v, nil
	case *ast.ColumnNameExpr: // SET sql_mode = ANSI: a bare word is a string
		if a.IsSystem {
			v.Value = textConst(n.Name.OrigColName())
			return v, nil
		}
	}
	c := &clause{binder: b, t: dual(), name: "field list", fixed: "in SET"}
	v.Value, err = c.expr(a.Value)
	return v, err
}

// setNames is SET NAMES and SET CHARACTER SET.
func (b *binder) setNames(a *ast.VariableAssignment) (SetVar, error) {
	v := SetVar{Name: "names"}
	if a.Name == ast.SetCharset {
		v.Name = "charset"
	}
	l, ok := a.Value.(*parse.Literal)
	if !ok { // DEFAULT
		return v, nil
	}
	if _, err := b.connectionCharset(l.GetString()); err != nil {
		return v, err
	}
	v.Value = textConst(strings.ToLower(l.GetString()))
	if a.ExtendValue != nil {
		name := a.ExtendValue.GetString()
		// A connection's collation says how literals compare with each other;
		// that of a column wins. Drivers name what their server may not have,
		// so any collation of the character set is taken.
		v.Collation = strings.ToLower(name)
		if _, err := b.collation(name, b.text.Find(name)); err != nil && !strings.HasPrefix(v.Collation, "utf8") {
			return v, err
		}
	}
	return v, nil
}

// connectionCharset checks the character set of a connection.
func (b *binder) connectionCharset(name string) (types.Collation, error) {
	return b.charset(name, b.text.Find(name))
}

func (b *binder) kill(n *ast.KillStmt) (*Kill, error) {
	k := &Kill{ID: n.ConnectionID, QueryOnly: n.Query}
	if n.Expr == nil {
		return k, nil
	}
	c := &clause{binder: b, t: dual(), name: "field list", fixed: "in KILL"}
	e, err := c.expr(n.Expr)
	if err != nil {
		return nil, err
	}
	v, ok := expr.Fold(e).(*expr.Const)
	if !ok || v.V.IsNull || !v.V.Type.Kind.IsInt() {
		return nil, sqlerr.New(sqlerr.ErrNoSuchThread, "Unknown thread id: %s", expr.String(e))
	}
	k.ID = uint64(v.V.I)
	return k, nil
}

func (b *binder) prepare(n *ast.PrepareStmt) (*Prepare, error) {
	p := &Prepare{Name: strings.ToLower(n.Name), SQL: n.SQLText}
	if n.SQLVar != nil {
		c := &clause{binder: b, t: dual(), name: "field list"}
		e, err := c.expr(n.SQLVar)
		if err != nil {
			return nil, err
		}
		if k, ok := e.(*expr.Const); ok {
			p.SQL = k.V.String()
		}
	}
	p.Common = b.common(nil)
	return p, nil
}

func (b *binder) execute(n *ast.ExecuteStmt) (*Execute, error) {
	c := &clause{binder: b, t: dual(), name: "field list", fixed: "in EXECUTE"}
	args, err := c.exprs(n.UsingVars...)
	if err != nil {
		return nil, err
	}
	return &Execute{Name: strings.ToLower(n.Name), Args: args, Common: b.common(nil, args...)}, nil
}
