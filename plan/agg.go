package plan

import "github.com/weirdb/weir/types"

// AggType returns the type of an aggregate over an argument of type arg, and
// the type that the argument is to be cast to first, by MySQL's rules: sums of
// integers and decimals are exact, strings sum as DOUBLE, dates as their
// numbers. Results are nullable but for counts.
func AggType(f AggFunc, arg types.Type) (result, castTo types.Type) {
	switch f {
	case CountStar, Count:
		return types.TypeInt, arg
	case Sum, Sum0, Avg:
		castTo = sumArg(arg)
		return sumType(f, castTo), castTo
	case Min, Max, First, Single, Same:
	}
	return arg.WithNull(true), arg
}

// sumArg is the type in which values of t are added.
func sumArg(t types.Type) types.Type {
	switch {
	case t.Kind.IsInt(), t.Kind == types.Decimal, t.Kind == types.Float64:
		return t
	case t.Kind.IsTime():
		if t.Kind != types.Date && t.Prec > 0 {
			return types.NewDecimal(14+int(t.Prec), int(t.Prec)).WithNull(t.Nullable)
		}
		return types.TypeInt.WithNull(t.Nullable)
	case t.Kind == types.Null:
		return types.TypeFloat.WithNull(true)
	}
	return types.TypeFloat.WithNull(t.Nullable)
}

// sumType is the type of Sum, Sum0 or Avg over arguments of type t.
func sumType(f AggFunc, t types.Type) types.Type {
	if t.Kind.IsFloat() {
		return types.TypeFloat.WithNull(f != Sum0)
	}
	prec, scale := digits(t), int(t.Scale)
	if f == Avg {
		scale = min(scale+4, types.MaxScale)
		return types.NewDecimal(min(prec+4, types.MaxPrec), scale).WithNull(true)
	}
	return types.NewDecimal(min(prec+22, types.MaxPrec), scale).WithNull(f != Sum0)
}

// digits is MySQL's precision of a number type without a fraction.
func digits(t types.Type) int {
	switch t.Kind {
	case types.Decimal:
		return int(t.Prec)
	case types.Int8, types.Uint8:
		return 3
	case types.Int16, types.Uint16:
		return 5
	case types.Int24, types.Uint24:
		return 8
	case types.Int32, types.Uint32:
		return 10
	case types.Uint64:
		return 20
	}
	return 19
}
