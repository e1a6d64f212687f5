package expr

import (
	"strconv"
	"strings"

	"github.com/weirdb/weir/types"
)

// Fold replaces parts of e that hold no columns and are immutable by their
// value. What fails or warns stays, so that it does so when it is run. Terms
// that decide nothing leave AND and OR.
func Fold(e Expr) Expr { return Transform(e, foldCall) }

func foldCall(e Expr) Expr {
	c, ok := e.(*Call)
	if !ok || defOf(c.Fn).volatile != Immutable {
		return e
	}
	for _, a := range c.Args {
		if _, ok := a.(*Const); !ok {
			return foldJunction(c)
		}
	}
	cx := NewCtx()
	v, err := compile(c).Value(cx)
	if err != nil || cx.WarningCount > 0 {
		return e
	}
	v.Type = c.T.WithNull(v.IsNull)
	return &Const{v}
}

// foldJunction drops true terms of an AND and false ones of an OR; a first
// term that decides is the whole.
func foldJunction(c *Call) Expr {
	if c.Fn != FnAnd && c.Fn != FnOr {
		return c
	}
	neutral := c.Fn == FnAnd
	args := make([]Expr, 0, len(c.Args))
	for _, a := range c.Args {
		k, ok := a.(*Const)
		if ok && !k.V.IsNull {
			if (k.V.I != 0) == neutral {
				continue
			}
			if len(args) == 0 {
				return &Const{types.IntValue(int64(b2i(!neutral)))}
			}
		}
		args = append(args, a)
	}
	switch {
	case len(args) == len(c.Args):
		return c
	case len(args) == 1 && isBoolean(args[0]):
		return args[0]
	case len(args) < 2:
		return c
	}
	return &Call{Fn: c.Fn, Args: args, T: c.T}
}

// isBoolean tells whether e is 0, 1 or NULL and a BIGINT.
func isBoolean(e Expr) bool {
	c, ok := e.(*Call)
	return ok && (c.Fn >= FnEq && c.Fn <= FnIsFalse || c.Fn >= FnIn && c.Fn <= FnRegexpLike)
}

// String renders e as SQL for people: EXPLAIN, error texts, column names.
func String(e Expr) string { return string(appendSQL(nil, e)) }

func appendSQL(dst []byte, e Expr) []byte {
	switch e := e.(type) {
	case *Col:
		if e.Name != "" {
			return append(dst, e.Name...)
		}
		return strconv.AppendInt(append(dst, '#'), int64(e.Index), 10)
	case *Const:
		return append(dst, e.V.SQL()...)
	case *Param:
		return append(dst, '?')
	case *Call:
		return appendCall(dst, e)
	}
	return append(dst, '_')
}

func appendCall(dst []byte, c *Call) []byte {
	name := strings.ToLower(defOf(c.Fn).name())
	if c.Fn == FnQuotient {
		name = "/"
	}
	switch c.Fn {
	case FnCast:
		dst = appendSQL(append(dst, "cast("...), c.Args[0])
		dst = append(dst, " as "...)
		return append(append(dst, c.T.String()...), ')')
	case FnAssign:
		dst = appendSQL(append(dst, "assign("...), c.Args[0])
		dst = append(dst, " as "...)
		return append(append(dst, c.T.String()...), ')')
	case FnNeg, FnBitNot:
		sign := byte('-')
		if c.Fn == FnBitNot {
			sign = '~'
		}
		return append(appendSQL(append(dst, '(', sign), c.Args[0]), ')')
	case FnNot:
		return append(appendSQL(append(dst, "(not "...), c.Args[0]), ')')
	case FnIsNull, FnIsTrue, FnIsFalse:
		dst = appendSQL(append(dst, '('), c.Args[0])
		return append(append(dst, " is "+name[len("is_"):]...), ')')
	case FnIn:
		dst = appendSQL(append(dst, '('), c.Args[0])
		return append(appendList(append(dst, " in ("...), c.Args[1:]), "))"...)
	case FnBetween:
		dst = appendSQL(append(dst, '('), c.Args[0])
		dst = appendSQL(append(dst, " between "...), c.Args[1])
		return append(appendSQL(append(dst, " and "...), c.Args[2]), ')')
	case FnLike:
		dst = appendSQL(append(dst, '('), c.Args[0])
		dst = appendSQL(append(dst, " like "...), c.Args[1])
		if len(c.Args) < 3 {
			return append(dst, ')')
		}
		if k, ok := c.Args[2].(*Const); !ok || k.V.S != `\` {
			dst = appendSQL(append(dst, " escape "...), c.Args[2])
		}
		return append(dst, ')')
	case FnCase:
		return appendCase(dst, c)
	case FnCollate:
		dst = appendSQL(append(dst, '('), c.Args[0])
		return append(append(dst, " collate "+c.T.Coll.Name()...), ')')
	}
	if c.Fn < FnNeg || c.Fn == FnQuotient || c.Fn >= FnEq && c.Fn <= FnXor || c.Fn >= FnBitAnd && c.Fn <= FnShr {
		dst = append(dst, '(')
		for i, a := range c.Args {
			if i > 0 {
				dst = append(append(append(dst, ' '), name...), ' ')
			}
			dst = appendSQL(dst, a)
		}
		return append(dst, ')')
	}
	return append(appendList(append(append(dst, name...), '('), c.Args), ')')
}

func appendList(dst []byte, args []Expr) []byte {
	for i, a := range args {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendSQL(dst, a)
	}
	return dst
}

func appendCase(dst []byte, c *Call) []byte {
	dst = append(dst, "case"...)
	for i := 0; i+1 < len(c.Args); i += 2 {
		dst = appendSQL(append(dst, " when "...), c.Args[i])
		dst = appendSQL(append(dst, " then "...), c.Args[i+1])
	}
	if len(c.Args)%2 == 1 {
		dst = appendSQL(append(dst, " else "...), c.Args[len(c.Args)-1])
	}
	return append(dst, " end"...)
}
