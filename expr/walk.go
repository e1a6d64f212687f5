package expr

import "github.com/weirdb/weir/types"

// Walk calls visit for e and, where visit returns true, for its arguments,
// in evaluation order.
func Walk(e Expr, visit func(Expr) bool) {
	if !visit(e) {
		return
	}
	if c, ok := e.(*Call); ok {
		for _, a := range c.Args {
			Walk(a, visit)
		}
	}
}

// Transform rebuilds e bottom up: change gets each node, its arguments already
// transformed, and returns what stands in its place. A node none of whose
// arguments changed is passed on as it is, so an identity costs no memory.
// change must keep the type of a node but for its nullability.
func Transform(e Expr, change func(Expr) Expr) Expr {
	c, ok := e.(*Call)
	if !ok {
		return change(e)
	}
	var args []Expr
	for i, a := range c.Args {
		n := Transform(a, change)
		if n == a && args == nil {
			continue
		}
		if args == nil {
			args = append(make([]Expr, 0, len(c.Args)), c.Args[:i]...)
		}
		args = append(args, n)
	}
	if args != nil {
		c = &Call{Fn: c.Fn, Args: args, T: c.T}
	}
	return change(c)
}

// Columns returns the column positions that e reads, ascending, each once.
func Columns(e Expr) []int {
	var cols []int
	Walk(e, func(x Expr) bool {
		if c, ok := x.(*Col); ok {
			cols = insertSorted(cols, c.Index)
		}
		return true
	})
	return cols
}

func insertSorted(s []int, x int) []int {
	at := len(s)
	for i, y := range s {
		if y == x {
			return s
		}
		if y > x {
			at = i
			break
		}
	}
	s = append(s, 0)
	copy(s[at+1:], s[at:])
	s[at] = x
	return s
}

// MapCols replaces each column reference by what to returns for its position,
// an expression of the same type but for nullability.
func MapCols(e Expr, to func(index int) Expr) Expr {
	return Transform(e, func(x Expr) Expr {
		if c, ok := x.(*Col); ok {
			return to(c.Index)
		}
		return x
	})
}

// Equal tells whether a and b are the same tree: same functions, types,
// positions and constants, whatever the names of columns.
func Equal(a, b Expr) bool {
	switch a := a.(type) {
	case *Col:
		b, ok := b.(*Col)
		return ok && a.Index == b.Index && a.T == b.T
	case *Const:
		b, ok := b.(*Const)
		return ok && sameValue(a.V, b.V)
	case *Param:
		b, ok := b.(*Param)
		return ok && a.N == b.N && a.T == b.T
	case *Call:
		b, ok := b.(*Call)
		if !ok || a.Fn != b.Fn || a.T != b.T || len(a.Args) != len(b.Args) {
			return false
		}
		for i := range a.Args {
			if !Equal(a.Args[i], b.Args[i]) {
				return false
			}
		}
		return true
	}
	return a == nil && b == nil
}

// sameValue is equality of representation: NaN equals itself, -0 is not 0.
func sameValue(a, b types.Value) bool {
	return a.Type == b.Type && a.IsNull == b.IsNull && a.I == b.I &&
		floatBits(a.F) == floatBits(b.F) && a.D == b.D && a.S == b.S
}

// Volatile says how long the value of an expression over the same columns
// stays the same.
type Volatile uint8

// The grades, in rising order.
const (
	Immutable Volatile = iota // for ever
	Stable                    // within one statement or step: NOW(), parameters
	Changing                  // from row to row: RAND(), UUID()
)

// Volatility returns the highest grade of e's parts.
func Volatility(e Expr) Volatile {
	v := Immutable
	Walk(e, func(x Expr) bool {
		switch x := x.(type) {
		case *Param:
			v = max(v, Stable)
		case *Call:
			v = max(v, defOf(x.Fn).volatile)
		}
		return true
	})
	return v
}

// Fallible tells whether evaluating e can mark an error (not a warning) for
// some input.
func Fallible(e Expr) bool {
	found := false
	Walk(e, func(x Expr) bool {
		if c, ok := x.(*Call); ok && callFallible(c) {
			found = true
		}
		return !found
	})
	return found
}

// callFallible tells whether c's own function can fail. Decimal arithmetic
// whose type was not cut to MySQL's limit always has room.
func callFallible(c *Call) bool {
	if !defOf(c.Fn).fails {
		return false
	}
	if c.T.Kind == types.Decimal && c.Fn >= FnAdd && c.Fn <= FnQuotient {
		return c.T.Prec == types.MaxPrec
	}
	return true
}
