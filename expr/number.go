package expr

import (
	"encoding/hex"
	"math"
	"strconv"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

func numberFns() []def {
	float := func(fn Fn, names, args string, nulls, fails bool, row floatRow, sig, doc string) def {
		return def{fn: fn, names: names, args: args, ret: retFloat, nulls: nulls, fails: fails,
			compile: rowsFloat(row), group: "numbers", sig: sig, doc: doc}
	}
	plain := func(fn Fn, names string, of func(float64) float64, sig, doc string) def {
		return float(fn, names, "f", false, false, func(_ *frame, a []operand, i int) (float64, bool) { return of(a[0].float(i)), true }, sig, doc)
	}
	whole := func(fn Fn, names, sig, doc string) def {
		return def{fn: fn, names: names, args: "n", resolve: resolveWhole, check: checkNumber, compile: compileWhole, group: "numbers", sig: sig, doc: doc}
	}
	cut := func(fn Fn, names, args, sig, doc string) def {
		return def{fn: fn, names: names, args: args, fails: true, resolve: resolveRound, check: checkRound, compile: compileRound, group: "numbers", sig: sig, doc: doc}
	}
	return []def{
		{fn: FnAbs, names: "abs", args: "n", fails: true, resolve: resolveAbs, check: checkOwn, compile: compileAbs,
			group: "numbers", sig: "ABS(x)", doc: "x without its sign."},
		{fn: FnSign, names: "sign", args: "n", ret: retInt, compile: rowsInt(sign),
			group: "numbers", sig: "SIGN(x)", doc: "-1, 0 or 1."},
		whole(FnCeil, "ceiling ceil", "CEILING(x)", "The least integer not below x."),
		whole(FnFloor, "floor", "FLOOR(x)", "The greatest integer not above x."),
		cut(FnRound, "round", "n?i", "ROUND(x [, d])", "x rounded to d digits behind the point (0), half away from zero; a DOUBLE half to even."),
		cut(FnTruncate, "truncate", "ni", "TRUNCATE(x, d)", "x cut to d digits behind the point."),
		float(FnPow, "pow power", "ff", false, true, func(_ *frame, a []operand, i int) (float64, bool) {
			return math.Pow(a[0].float(i), a[1].float(i)), true
		}, "POW(x, y)", "x to the power of y."),
		float(FnSqrt, "sqrt", "f", true, false, func(_ *frame, a []operand, i int) (float64, bool) {
			return math.Sqrt(a[0].float(i)), a[0].float(i) >= 0
		}, "SQRT(x)", "The square root; NULL below 0."),
		float(FnExp, "exp", "f", false, true, func(_ *frame, a []operand, i int) (float64, bool) {
			return math.Exp(a[0].float(i)), true
		}, "EXP(x)", "e to the power of x."),
		float(FnLn, "ln", "f", true, false, logarithm(math.Log), "LN(x)", "The natural logarithm; NULL at and below 0; also LOG(x)."),
		float(FnLog, "log", "ff", true, false, logBase, "LOG(b, x)", "The logarithm of x to the base b."),
		float(FnLog2, "log2", "f", true, false, logarithm(math.Log2), "LOG2(x)", "The logarithm to the base 2."),
		float(FnLog10, "log10", "f", true, false, logarithm(math.Log10), "LOG10(x)", "The logarithm to the base 10."),
		plain(FnSin, "sin", math.Sin, "SIN(x)", "The sine of x radians."),
		plain(FnCos, "cos", math.Cos, "COS(x)", "The cosine of x radians."),
		plain(FnTan, "tan", math.Tan, "TAN(x)", "The tangent of x radians."),
		float(FnAsin, "asin", "f", true, false, inUnit(math.Asin), "ASIN(x)", "The arc sine; NULL outside -1 to 1."),
		float(FnAcos, "acos", "f", true, false, inUnit(math.Acos), "ACOS(x)", "The arc cosine; NULL outside -1 to 1."),
		float(FnAtan, "atan", "f?f", false, false, arcTangent, "ATAN(x [, y])", "The arc tangent of x, or of x/y with the signs of both."),
		float(FnAtan2, "atan2", "ff", false, false, arcTangent, "ATAN2(y, x)", "The arc tangent of y/x with the signs of both."),
		float(FnCot, "cot", "f", false, true, func(_ *frame, a []operand, i int) (float64, bool) {
			return 1 / math.Tan(a[0].float(i)), true
		}, "COT(x)", "The cotangent of x radians."),
		{fn: FnPi, names: "pi", args: "", ret: retFloat, compile: rowsFloat(func(*frame, []operand, int) (float64, bool) { return math.Pi, true }),
			group: "numbers", sig: "PI()", doc: "3.141592653589793."},
		plain(FnRadians, "radians", func(x float64) float64 { return x * (math.Pi / 180) }, "RADIANS(x)", "x degrees in radians."),
		plain(FnDegrees, "degrees", func(x float64) float64 { return x * (180 / math.Pi) }, "DEGREES(x)", "x radians in degrees."),
		{fn: FnRand, names: "rand", args: "?i", ret: retFloat, volatile: Changing, compile: compileRand,
			group: "numbers", sig: "RAND([seed])", doc: "A random number of at least 0 and below 1, new for each row."},
		{fn: FnUUID, names: "uuid", args: "", ret: returns(types.NewString(36)), volatile: Changing, compile: compileUUID,
			group: "numbers", sig: "UUID()", doc: "A random UUID (version 4), new for each row."},
	}
}

func sign(_ *frame, a []operand, i int) (int64, bool) {
	switch t := a[0].Type; {
	case t.Kind == types.Decimal:
		return int64(a[0].dec(i).Sign()), true
	case t.Kind.IsFloat():
		x := a[0].float(i)
		return int64(b2i(x > 0) - b2i(x < 0)), true
	case t.Kind.IsUnsigned():
		return int64(b2i(a[0].int(i) != 0)), true
	}
	x := a[0].int(i)
	return int64(b2i(x > 0) - b2i(x < 0)), true
}

func logarithm(of func(float64) float64) floatRow {
	return func(f *frame, a []operand, i int) (float64, bool) {
		if x := a[0].float(i); x > 0 {
			return of(x), true
		}
		f.badLogarithm(i)
		return 0, false
	}
}

const errInvalidLogarithm = 3020

func (f *frame) badLogarithm(i int) { f.warn(i, errInvalidLogarithm, "Invalid argument for logarithm") }

func logBase(f *frame, a []operand, i int) (float64, bool) {
	b, x := a[0].float(i), a[1].float(i)
	if b <= 0 || b == 1 || x <= 0 {
		f.badLogarithm(i)
		return 0, false
	}
	return math.Log(x) / math.Log(b), true
}

func inUnit(of func(float64) float64) floatRow {
	return func(_ *frame, a []operand, i int) (float64, bool) {
		x := a[0].float(i)
		if x < -1 || x > 1 {
			return 0, false
		}
		return of(x), true
	}
}

func arcTangent(_ *frame, a []operand, i int) (float64, bool) {
	if len(a) == 1 {
		return math.Atan(a[0].float(i)), true
	}
	return math.Atan2(a[0].float(i), a[1].float(i)), true
}

func resolveAbs(d *def, args []Expr) (*Call, error) {
	x := number(args[0])
	t := x.Type()
	switch {
	case t.Kind.IsUnsigned():
		t = types.TypeUint
	case t.Kind.IsInt():
		t = types.TypeInt
	case t.Kind.IsFloat():
		t = types.TypeFloat
	default:
		t = shown(args[0], x)
	}
	return d.typed([]Expr{x}, t.WithNull(false)), nil
}

func compileAbs(c *compiler, e *Call) *node {
	switch t := e.Args[0].Type(); {
	case t.Kind.IsFloat():
		return c.floatRows(e, func(_ *frame, a []operand, i int) (float64, bool) { return math.Abs(a[0].float(i)), true })
	case t.Kind == types.Decimal:
		from, to := int(t.Scale), int(e.T.Scale)
		return c.decRows(e, func(_ *frame, a []operand, i int) (types.Dec, bool) {
			d, _ := a[0].dec(i).Rescale(from, to)
			return d.Abs(), true
		})
	case t.Kind.IsUnsigned():
		return c.retype(c.node(e.Args[0]), e.T)
	}
	return c.intRows(e, func(f *frame, a []operand, i int) (int64, bool) {
		x := a[0].int(i)
		if x == math.MinInt64 {
			f.fail(i, outOfRange("BIGINT", e))
		}
		return max(x, -x), true
	}, false)
}

// resolveWhole is CEILING and FLOOR: of a DECIMAL that fits a BIGINT one.
func resolveWhole(d *def, args []Expr) (*Call, error) {
	x := number(args[0])
	t := x.Type()
	switch {
	case t.Kind.IsUnsigned():
		t = types.TypeUint
	case t.Kind.IsInt():
		t = types.TypeInt
	case t.Kind.IsFloat():
		t = types.TypeFloat
	case t.Prec-t.Scale < 18:
		t = types.TypeInt
	default:
		t = decimalType(int(t.Prec-t.Scale)+1, 0)
	}
	return d.typed([]Expr{x}, t.WithNull(false)), nil
}

func compileWhole(c *compiler, e *Call) *node {
	floor := e.Fn == FnFloor
	t := e.Args[0].Type()
	scale := int(t.Scale)
	cut := func(d types.Dec) types.Dec {
		if floor {
			return d.Floor(scale)
		}
		return d.Ceil(scale)
	}
	switch {
	case t.Kind.IsFloat():
		return c.floatRows(e, func(_ *frame, a []operand, i int) (float64, bool) {
			if floor {
				return math.Floor(a[0].float(i)), true
			}
			return math.Ceil(a[0].float(i)), true
		})
	case t.Kind == types.Decimal && e.T.Kind == types.Decimal:
		return c.decRows(e, func(_ *frame, a []operand, i int) (types.Dec, bool) { return cut(a[0].dec(i)), true })
	case t.Kind == types.Decimal:
		return c.intRows(e, func(_ *frame, a []operand, i int) (int64, bool) {
			x, _ := cut(a[0].dec(i)).Int64(0)
			return x, true
		}, false)
	}
	return c.retype(c.node(e.Args[0]), e.T)
}

// resolveRound is ROUND and TRUNCATE. With constant digits a DECIMAL gets that
// scale, else it keeps its own.
func resolveRound(d *def, args []Expr) (*Call, error) {
	x := number(args[0])
	out := []Expr{x, Expr(&Const{types.IntValue(0)})}
	if len(args) > 1 {
		digits, err := d.coerce('i', foldConst(args[1]))
		if err != nil {
			return nil, err
		}
		out[1] = foldConst(digits)
	}
	t := x.Type()
	switch {
	case t.Kind.IsUnsigned():
		t = types.TypeUint
	case t.Kind.IsInt():
		t = types.TypeInt
	case t.Kind.IsFloat():
		t = types.TypeFloat
	default:
		t = shown(args[0], x)
		whole := int(t.Prec - t.Scale)
		scale := int(t.Scale)
		if k, ok := out[1].(*Const); ok && !k.V.IsNull {
			scale = int(max(0, min(k.V.I, int64(scale))))
		}
		t = decimalType(whole+scale+b2i(d.fn == FnRound), scale)
	}
	return d.typed(out, t.WithNull(false)), nil
}

// checkOwn is for functions whose result has exactly the family of the first
// argument.
func checkOwn(c *Call, ts []types.Type) bool {
	return checkNumber(c, ts) && (ts[0].Kind == types.Decimal) == (c.T.Kind == types.Decimal)
}

// checkRound also wants both arguments there.
func checkRound(c *Call, ts []types.Type) bool { return len(ts) == 2 && checkOwn(c, ts) }

func compileRound(c *compiler, e *Call) *node {
	truncate := e.Fn == FnTruncate
	switch t := e.Args[0].Type(); {
	case t.Kind.IsFloat():
		return c.floatRows(e, func(_ *frame, a []operand, i int) (float64, bool) {
			return roundFloat(a[0].float(i), a[1].int(i), truncate), true
		})
	case t.Kind == types.Decimal:
		if nd := c.wordRounding(e); nd != nil {
			return nd
		}
		from, to := int(t.Scale), int(e.T.Scale)
		return c.decRows(e, func(_ *frame, a []operand, i int) (types.Dec, bool) {
			return roundDecimal(a[0].dec(i), from, to, a[1].int(i), truncate), true
		})
	default:
		unsigned := t.Kind.IsUnsigned()
		return c.intRows(e, func(f *frame, a []operand, i int) (int64, bool) {
			x, ok := roundInt(a[0].int(i), a[1].int(i), unsigned, truncate)
			if !ok {
				f.fail(i, outOfRange(typeWord(e.T), e))
			}
			return x, true
		}, false)
	}
}

func roundFloat(x float64, digits int64, truncate bool) float64 {
	if x-x != 0 || digits > 308 {
		return x
	}
	if digits < -308 {
		return 0
	}
	by := math.Pow(10, math.Abs(float64(digits)))
	scaled := x * by
	if digits < 0 {
		scaled = x / by
	}
	if scaled-scaled != 0 {
		return x
	}
	if truncate {
		scaled = math.Trunc(scaled)
	} else {
		scaled = math.RoundToEven(scaled)
	}
	if digits < 0 {
		return scaled * by
	}
	return scaled / by
}

// roundDecimal brings d from one scale to another by way of digits.
func roundDecimal(d types.Dec, from, to int, digits int64, truncate bool) types.Dec {
	at := int(max(min(digits, int64(from)), -types.MaxPrec))
	var ok bool
	cut := types.Dec.Rescale
	if truncate {
		cut = types.Dec.Truncate
	}
	if d, ok = cut(d, from, at); !ok {
		return types.MaxDec(types.MaxPrec)
	}
	if d, ok = d.Rescale(at, to); !ok {
		return types.MaxDec(types.MaxPrec)
	}
	return d
}

// roundInt rounds to tens, hundreds and so on when digits is below 0.
func roundInt(x, digits int64, unsigned, truncate bool) (int64, bool) {
	if digits >= 0 {
		return x, true
	}
	if digits < -19 {
		return 0, true
	}
	unit := uint64(1)
	for range -digits {
		unit *= 10
	}
	negative := !unsigned && x < 0
	m := magnitude(x, negative)
	rest := m % unit
	m -= rest
	if !truncate && rest >= unit-rest {
		if m > math.MaxUint64-unit {
			return 0, false
		}
		m += unit
	}
	if negative {
		return -int64(m), m <= 1<<63
	}
	return int64(m), unsigned || m <= math.MaxInt64
}

// appendFixed appends x with so many digits behind the point.
func appendFixed(dst []byte, x float64, digits int) []byte {
	return strconv.AppendFloat(dst, roundFloat(x, int64(digits), false), 'f', digits, 64)
}

// compileRand draws a number per row; with a seed the sequence is the seed's.
func compileRand(c *compiler, e *Call) *node {
	args, slot, at := c.nodes(e.Args), c.vec(), c.ops(len(e.Args))
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		a := f.args(at, args, sel, n)
		v := f.out(slot, types.TypeFloat, n)
		draw := f.cx.random
		if len(a) == 1 && a[0].mask == 0 {
			own := Ctx{Seed: uint64(a[0].int(0))}
			draw = own.random
		}
		each(sel, n, func(i int) {
			if len(a) == 1 && a[0].mask != 0 {
				own := Ctx{Seed: uint64(a[0].int(i))}
				draw = own.random
			}
			v.F[i] = float64(draw()>>11) / (1 << 53)
		})
		return v
	}}
}

func compileUUID(c *compiler, e *Call) *node {
	slot := c.vec()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		v := f.out(slot, e.T, n)
		w := textWriter{f: f, v: v}
		each(sel, n, func(i int) {
			w.begin(i)
			v.Data = appendUUID(v.Data, f.cx.random(), f.cx.random())
			w.end(i)
		})
		w.finish(n)
		return v
	}}
}

func appendUUID(dst []byte, hi, lo uint64) []byte {
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(3<<62) | 1<<63
	var b [16]byte
	for k := range 8 {
		b[k], b[8+k] = byte(hi>>(56-8*k)), byte(lo>>(56-8*k))
	}
	for k, end := range [5]int{4, 6, 8, 10, 16} {
		if k > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, b[[5]int{0, 4, 6, 8, 10}[k]:end])
	}
	return dst
}
