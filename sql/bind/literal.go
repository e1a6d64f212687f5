package bind

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// literal gives a constant of the text its value and type. Strings take the
// default collation unless an introducer says otherwise.
func (b *binder) literal(l *parse.Literal) (types.Value, error) {
	switch v := l.Val.(type) {
	case nil:
		return types.NullValue(types.TypeNull), nil
	case bool:
		if v {
			return types.IntValue(1), nil
		}
		return types.IntValue(0), nil
	case int64:
		return types.IntValue(v), nil
	case uint64:
		return types.UintValue(v), nil
	case float64:
		return types.FloatValue(v), nil
	case parse.Decimal:
		return b.decimal(l, string(v))
	case parse.Binary:
		return types.Value{Type: types.TypeBytes, S: string(v)}, nil
	case string:
		return b.stringLiteral(l, v)
	}
	return types.Value{}, b.refuseAt(l.OriginTextPosition(), "this literal")
}

func (b *binder) decimal(l *parse.Literal, s string) (types.Value, error) {
	d, prec, scale, err := types.ParseDec(s)
	if err != nil {
		return types.Value{}, b.errAt(l.OriginTextPosition(), sqlerr.ErrNumericOutOfRange, "DECIMAL value is out of range in '%.70s'", s)
	}
	return types.Value{Type: types.NewDecimal(max(prec, 1), scale), D: d}, nil
}

// stringLiteral is a string literal: bytes behind _binary, otherwise UTF-8.
func (b *binder) stringLiteral(l *parse.Literal, s string) (types.Value, error) {
	if l.Charset == "binary" {
		return types.Value{Type: types.TypeBytes, S: s}, nil
	}
	if !utf8.ValidString(s) {
		return types.Value{}, b.errAt(l.OriginTextPosition(), errInvalidCharString, "Invalid utf8mb4 character string: '%.32q'", s).
			WithHint("write bytes as _binary'..' or x'..'")
	}
	return types.TextValue(s), nil
}

// hexNumber reads a literal such as x'0A' as the number that it is where one
// is asked for.
func hexNumber(n ast.ExprNode) (expr.Expr, bool) {
	l, ok := strip(n).(*parse.Literal)
	if !ok {
		return nil, false
	}
	v, ok := l.Val.(parse.Binary)
	if !ok || len(v) > 8 {
		return nil, false
	}
	var word [8]byte
	copy(word[8-len(v):], v)
	return &expr.Const{V: types.UintValue(binary.BigEndian.Uint64(word[:]))}, true
}

// negative folds a minus sign into the number behind it, so that the lowest
// BIGINT can be written.
func negative(l *parse.Literal) (*parse.Literal, bool) {
	c := *l
	switch v := l.Val.(type) {
	case int64:
		c.Val = -v
	case uint64:
		if v == 1<<63 {
			c.Val = int64(-1 << 63)
		} else {
			c.Val = parse.Decimal("-" + types.UintValue(v).String())
		}
	case float64:
		c.Val = -v
	case parse.Decimal:
		c.Val = "-" + v
	default:
		return nil, false
	}
	return &c, true
}

// strip takes parentheses away.
func strip(n ast.ExprNode) ast.ExprNode {
	for {
		p, ok := n.(*ast.ParenthesesExpr)
		if !ok {
			return n
		}
		n = p.Expr
	}
}

func intConst(i int64) expr.Expr { return &expr.Const{V: types.IntValue(i)} }

func nullConst(t types.Type) expr.Expr { return &expr.Const{V: types.NullValue(t)} }

func textConst(s string) expr.Expr { return &expr.Const{V: types.TextValue(s)} }
