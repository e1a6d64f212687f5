package expr

import (
	"github.com/weirdb/weir/types"
)

// Unrounded returns e with the digits that MySQL keeps inside of arithmetic.
// A quotient shows four digits more than its dividend, but 1/3*100 is 33.3333:
// the multiplication sees nine digits. So what consumes a DECIMAL as a number
// (arithmetic, comparisons, rounding, casts to numbers, stores into columns)
// takes the unrounded form; the types that users see stay the plain ones. An e
// without a division is returned as it is.
func Unrounded(e Expr) Expr {
	c, ok := e.(*Call)
	if !ok || c.T.Kind != types.Decimal {
		return e
	}
	switch c.Fn {
	case FnDiv:
		return unroundedQuotient(c)
	case FnAdd, FnSub, FnMul, FnMod:
		a, b := c.Args[0], c.Args[1]
		sa, sb := int(a.Type().Scale), int(b.Type().Scale)
		scale := max(sa, sb)
		if c.Fn == FnMul {
			scale = sa + sb
		}
		return withScale(c, c.Args, scale)
	case FnNeg, FnAbs:
		return withScale(c, c.Args, int(c.Args[0].Type().Scale))
	case FnCase:
		return unroundedChoice(c, func(i int) bool { return i%2 == 1 || i+1 == len(c.Args) })
	case FnCoalesce:
		return unroundedChoice(c, func(int) bool { return true })
	}
	return e
}

// Rounded is the decimal e shown with t's digits, while Unrounded finds all of
// them: an addition of nothing, which rounds to its type as all arithmetic does.
func Rounded(e Expr, t types.Type) Expr {
	zero := &Const{types.Value{Type: types.NewDecimal(1, 0)}}
	return &Call{Fn: FnAdd, Args: []Expr{e, zero}, T: t.WithNull(e.Type().Nullable)}
}

// withScale gives c more digits behind the point, as far as they fit.
func withScale(c *Call, args []Expr, scale int) Expr {
	if scale <= int(c.T.Scale) {
		return c
	}
	t := decimalType(int(c.T.Prec-c.T.Scale)+scale, scale)
	if t.Scale <= c.T.Scale {
		return c
	}
	return &Call{Fn: c.Fn, Args: args, T: t.WithNull(c.T.Nullable)}
}

// quotientScale is the number of digits that MySQL computes of the quotient c:
// it divides in words of nine, and cuts what is behind them.
func quotientScale(c *Call) int {
	words := func(scale int) int { return (scale + 8) / 9 * 9 }
	sa, sb := int(c.Args[0].Type().Scale), int(c.Args[1].Type().Scale)
	more := max(0, divPrecision-(words(sa)-sa)-(words(sb)-sb))
	return words(words(sa) + words(sb) + more)
}

// Quotient is sum / count shown as the DECIMAL t: what AVG of exact numbers is.
func Quotient(sum, count Expr, t types.Type) Expr {
	return &Call{Fn: FnDiv, Args: []Expr{sum, exact(count)}, T: t.WithNull(true)}
}

// unroundedQuotient is c with those digits.
func unroundedQuotient(c *Call) Expr {
	e := withScale(c, c.Args, quotientScale(c))
	if wide := e.(*Call); wide != c {
		wide.Fn = FnQuotient
	}
	return e
}

// unroundedChoice widens the values among c's arguments.
func unroundedChoice(c *Call, isValue func(i int) bool) Expr {
	args, scale := append([]Expr(nil), c.Args...), int(c.T.Scale)
	for i := range args {
		if isValue(i) {
			args[i] = Unrounded(castArg(args[i]))
			if t := args[i].Type(); t.Kind == types.Decimal {
				scale = max(scale, int(t.Scale))
			}
		}
	}
	e := withScale(c, args, scale)
	if e == Expr(c) {
		return c
	}
	for i := range args {
		if isValue(i) {
			args[i] = implicit(args[i], e.Type())
		}
	}
	return e
}

// castArg returns what an implicit cast between decimals was put around.
func castArg(e Expr) Expr {
	if c, ok := e.(*Call); ok && c.Fn == FnCast && c.T.Kind == types.Decimal {
		if a, ok := c.Args[0].(*Call); ok && a.T.Kind == types.Decimal && a.T.Scale <= c.T.Scale {
			return a
		}
	}
	return e
}
