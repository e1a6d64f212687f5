package expr

import (
	"math"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

func operatorFns() []def {
	cmp := func(fn Fn, names string) def {
		return def{fn: fn, names: names, args: "aa", resolve: resolveCompare, check: checkCompare, compile: compileCompare}
	}
	arith := func(fn Fn, names string, nulls bool) def {
		return def{fn: fn, names: names, args: "aa", nulls: nulls, fails: true, resolve: resolveArith, check: checkArith, compile: compileArith}
	}
	bits := func(fn Fn, names string) def {
		return def{fn: fn, names: names, args: "uu", ret: returns(types.TypeUint), compile: compileBits}
	}
	return []def{
		arith(FnAdd, "+", false), arith(FnSub, "-", false), arith(FnMul, "*", false),
		arith(FnDiv, "/", true), arith(FnQuotient, "/unrounded", true), arith(FnIntDiv, "div", true), arith(FnMod, "% mod", true),
		{fn: FnNeg, names: "neg", args: "n", fails: true, resolve: resolveNeg, check: checkOwn, compile: compileNeg},

		cmp(FnEq, "="), cmp(FnNe, "<> !="), cmp(FnLt, "<"), cmp(FnLe, "<="), cmp(FnGt, ">"), cmp(FnGe, ">="), cmp(FnNullEq, "<=>"),

		bits(FnBitAnd, "&"), bits(FnBitOr, "|"), bits(FnBitXor, "^"), bits(FnShl, "<<"), bits(FnShr, ">>"),
		{fn: FnBitNot, names: "~", args: "u", ret: returns(types.TypeUint), compile: rowsInt(bitNot)},
		{fn: FnBitCount, names: "bit_count", args: "u", ret: retInt, compile: rowsInt(bitCount),
			group: "numbers", sig: "BIT_COUNT(n)", doc: "The number of bits set in the BIGINT n."},

		{fn: FnIn, names: "in", args: "aa*", resolve: resolveIn, check: checkTruth, compile: compileIn},
		{fn: FnBetween, names: "between", args: "aaa", resolve: resolveBetween, check: checkTruth, compile: compileBetween},
		{fn: FnLike, names: "like", args: "ss?k", resolve: resolveLike, check: checkTruth, compile: compileLike},
		{fn: FnRegexpLike, names: "regexp_like regexp rlike", args: "ss?k", fails: true, resolve: resolveMatch, check: checkTruth, compile: compileRegexp,
			group: "strings", sig: "REGEXP_LIKE(s, pattern [, 'c|i|m|n'])",
			doc: "1 when s contains a match of the regular expression (Go's RE2 syntax: linear time, no back references)."},
		{fn: FnGreatest, names: "greatest", args: "aa*", resolve: resolveGreatest, check: checkSame, compile: compileGreatest,
			group: "choices", sig: "GREATEST(a, b, ...)", doc: "The greatest argument; NULL when one is NULL."},
		{fn: FnLeast, names: "least", args: "aa*", resolve: resolveGreatest, check: checkSame, compile: compileGreatest,
			group: "choices", sig: "LEAST(a, b, ...)", doc: "The least argument; NULL when one is NULL."},
	}
}

// rewrite resolves names that stand for other trees.
func rewrite(name string, args []Expr) (Expr, error, bool) {
	count := func(n int) error {
		if len(args) == n {
			return nil
		}
		return sqlerr.New(sqlerr.ErrWrongParamCountFn, "Incorrect parameter count in the call to native function '%s'", name)
	}
	var to string
	switch name {
	case "-":
		if len(args) != 1 {
			return nil, nil, false
		}
		to = "neg"
	case "is_unknown", "isnull":
		if err := count(1); err != nil {
			return nil, err, true
		}
		to = "is_null"
	case "if":
		if err := count(3); err != nil {
			return nil, err, true
		}
		to = "case"
	case "ifnull":
		if err := count(2); err != nil {
			return nil, err, true
		}
		to = "coalesce"
	case "log":
		if len(args) != 1 {
			return nil, nil, false
		}
		to = "ln"
	case "and", "or":
		return resolveLogic(name, args)
	case "between":
		if err := count(3); err != nil {
			return nil, err, true
		}
		return splitBetween(args)
	default:
		if e, err, ok := rewriteText(name, args); ok {
			return e, err, ok
		}
		return rewriteDate(name, args)
	}
	e, err := Resolve(to, args)
	return e, err, true
}

// splitBetween makes x BETWEEN a AND b of two comparisons when x is cheap to
// read twice, so that the planner sees bounds.
func splitBetween(args []Expr) (Expr, error, bool) {
	if _, ok := numbersBetween(args)[0].(*Call); ok {
		return nil, nil, false
	}
	lo, err := Resolve(">=", []Expr{args[0], args[1]})
	if err != nil {
		return nil, err, true
	}
	hi, err := Resolve("<=", []Expr{args[0], args[2]})
	if err != nil {
		return nil, err, true
	}
	e, err := Resolve("and", []Expr{lo, hi})
	return e, err, true
}

// typeParam gives a parameter of unknown type the type that like suggests.
func typeParam(e Expr, like types.Type) Expr {
	if p, ok := e.(*Param); ok && p.T.Kind == types.Null && like.Kind != types.Null {
		switch {
		case like.Kind.IsInt():
			like = types.Type{Kind: types.Int64 + (types.Uint64-types.Int64)*types.Kind(b2i(like.Kind.IsUnsigned()))}
		case like.Kind.IsText():
			like.Len = 0
		}
		return &Param{N: p.N, T: like.WithNull(true)}
	}
	return e
}

func resolveArith(d *def, args []Expr) (*Call, error) {
	x := typeParam(args[0], number(args[1]).Type())
	y := typeParam(args[1], number(x).Type())
	a, b := number(x), number(y)
	ka, kb := a.Type().Kind, b.Type().Kind
	switch {
	case d.fn == FnIntDiv:
		return resolveIntDiv(d, a, b), nil
	case ka.IsFloat() || kb.IsFloat():
		return d.typed([]Expr{Cast(a, types.TypeFloat), Cast(b, types.TypeFloat)}, types.TypeFloat), nil
	case ka == types.Decimal || kb == types.Decimal || d.fn == FnDiv || d.fn == FnQuotient:
		c := d.typed([]Expr{exact(a), exact(b)}, decimalResult(d.fn, shown(x, a), shown(y, b)))
		if c.Fn == FnDiv && quotientScale(c) <= int(c.T.Scale) {
			c.Fn = FnQuotient // MySQL has no further digit to round by
		}
		return c, nil
	}
	t := types.TypeInt
	if ka.IsUnsigned() || kb.IsUnsigned() && d.fn != FnMod {
		t = types.TypeUint
	}
	return d.typed([]Expr{a, b}, t), nil
}

// shown is the DECIMAL that users see of e, whose number is n.
func shown(e, n Expr) types.Type {
	if e.Type().Kind == types.Decimal {
		return decimalFor(e)
	}
	return decimalFor(n)
}

// decimalResult is MySQL's DECIMAL of an operation.
func decimalResult(fn Fn, a, b types.Type) types.Type {
	pa, sa, pb, sb := int(a.Prec), int(a.Scale), int(b.Prec), int(b.Scale)
	switch fn {
	case FnMul:
		return decimalType(pa+pb, sa+sb)
	case FnDiv, FnQuotient:
		scale := min(sa+divPrecision, types.MaxScale)
		return decimalType(pa+sb+scale-sa, scale)
	case FnMod:
		scale := max(sa, sb)
		return decimalType(max(pa-sa, pb-sb)+scale, scale)
	}
	scale := max(sa, sb)
	return decimalType(max(pa-sa, pb-sb)+scale+1, scale)
}

// resolveIntDiv divides integers as they are and everything else as decimals.
func resolveIntDiv(d *def, a, b Expr) *Call {
	t := types.TypeInt
	if a.Type().Kind.IsUnsigned() || b.Type().Kind.IsUnsigned() {
		t = types.TypeUint
	}
	if !a.Type().Kind.IsInt() || !b.Type().Kind.IsInt() {
		a, b = exact(a), exact(b)
	}
	return d.typed([]Expr{a, b}, t)
}

// exact casts a number to DECIMAL.
func exact(e Expr) Expr {
	if e.Type().Kind == types.Decimal {
		return e
	}
	if e.Type().Kind.IsFloat() {
		return Cast(e, types.NewDecimal(types.MaxPrec, types.MaxScale))
	}
	return Cast(e, decimalFor(e))
}

func resolveNeg(d *def, args []Expr) (*Call, error) {
	a := number(args[0])
	t := a.Type()
	switch {
	case t.Kind == types.Decimal:
		t = shown(args[0], a)
	case t.Kind.IsInt() && negatesTooFar(a):
		t = decimalType(20, 0)
		a = Cast(a, t)
	case t.Kind.IsInt():
		t = types.TypeInt
	case t.Kind.IsFloat():
		a, t = Cast(a, types.TypeFloat), types.TypeFloat
	}
	return d.typed([]Expr{a}, t.WithNull(false)), nil
}

// negatesTooFar tells whether e is a constant integer whose negative is no
// BIGINT: MySQL then makes it a DECIMAL.
func negatesTooFar(e Expr) bool {
	if Volatility(e) != Immutable || len(Columns(e)) > 0 {
		return false
	}
	v, err := Compile(e).Value(NewCtx())
	if err != nil || v.IsNull || v.I != math.MinInt64 && !v.Type.Kind.IsUnsigned() {
		return false
	}
	return uint64(v.I) > 1<<63 || !v.Type.Kind.IsUnsigned()
}

func resolveCompare(d *def, args []Expr) (*Call, error) {
	args, err := comparable(args)
	if err != nil {
		return nil, err
	}
	c := d.typed(args, types.TypeInt)
	if d.fn == FnNullEq {
		c.T.Nullable = false
	}
	return c, nil
}

// comparable brings the operands of one comparison to a type in which they
// compare. Integers stay as they are, whatever their sign and size, and
// decimals keep their scales: kernels compare them exactly.
func comparable(args []Expr) ([]Expr, error) {
	a := typeParam(args[0], args[1].Type())
	b := typeParam(args[1], a.Type())
	a, b, err := exactConstants(a, b)
	if err != nil {
		return nil, err
	}
	ta, tb := a.Type(), b.Type()
	if ta.Kind.IsInt() && tb.Kind.IsInt() {
		return []Expr{a, b}, nil
	}
	t := CompareType(ta, tb)
	switch {
	case t.Kind == types.Null:
		if t = untyped([]Expr{a, b}); t.Kind == types.Null {
			t = types.TypeInt
		}
	case t.Kind == types.Decimal:
		return []Expr{exact(Unrounded(a)), exact(Unrounded(b))}, nil
	case t.Kind == types.Datetime || t.Kind == types.Timestamp:
		return []Expr{sameMoment(a, t), sameMoment(b, t)}, nil
	case t.Kind.IsText():
		if t, err = textType(a, b); err != nil {
			return nil, err
		}
		return []Expr{underCollation(a, t), underCollation(b, t)}, nil
	}
	return []Expr{Cast(a, t), Cast(b, t)}, nil
}

// sameMoment casts e to the time type t unless it is a time in microseconds
// already: those compare whatever their digits.
func sameMoment(e Expr, t types.Type) Expr {
	if k := e.Type().Kind; k == types.Datetime || k == types.Timestamp {
		return e
	}
	return Cast(e, t)
}

// underCollation gives a string the kind and collation of t.
func underCollation(e Expr, t types.Type) Expr {
	et := e.Type()
	if et.Kind == t.Kind && et.Coll == t.Coll {
		return e
	}
	t.Len = et.Len
	if et.Kind != t.Kind {
		t.Len = 0
	}
	return Cast(e, t)
}

// exactConstants brings a constant to the type of the column it is compared
// with where that loses nothing, as MySQL does, so that keys can be used and
// great integers compare exactly. A text that is no date is errno 1525.
func exactConstants(a, b Expr) (Expr, Expr, error) {
	a, b = foldConst(a), foldConst(b)
	if c, ok := b.(*Const); ok {
		var err error
		if b, err = constantLike(c, a); err != nil {
			return nil, nil, err
		}
	}
	if c, ok := a.(*Const); ok {
		a, err := constantLike(c, b)
		return a, b, err
	}
	return a, b, nil
}

// foldConst folds e when that gives a constant and loses no digits.
func foldConst(e Expr) Expr {
	if c, ok := e.(*Call); ok && Volatility(c) == Immutable && Unrounded(e) == e {
		if k, ok := Fold(e).(*Const); ok {
			return k
		}
	}
	return e
}

func constantLike(c *Const, other Expr) (Expr, error) {
	t := other.Type().WithNull(false)
	from := c.V.Type.Kind
	if c.V.IsNull || from == t.Kind {
		return c, nil
	}
	switch _, isConst := other.(*Const); {
	case t.Kind.IsTime() && from.IsText():
		return constantTime(c, t)
	case t.Kind == types.Date && from.IsTime() && types.TimeOf(c.V.I) == 0:
		return &Const{types.Value{Type: t, I: types.DateOf(c.V.I)}}, nil
	case isConst:
		return c, nil
	case t.Kind.IsTime() && t.Kind != types.Date && from.IsInt():
		// 20240229 stands for its midnight; DATE compares as a number anyway.
		if v, st := types.ConvertValue(c.V, types.NewDatetime(0)); st == types.OK {
			return &Const{types.Value{Type: t, I: v.I}}, nil
		}
	case t.Kind.IsInt() && !from.IsInt():
		wide := types.TypeInt
		if t.Kind.IsUnsigned() {
			wide = types.TypeUint
		}
		if _, column := other.(*Col); !column && from.IsText() {
			return c, nil
		}
		if v, _ := types.ConvertValue(c.V, wide); Fits(c.V, wide) && !from.IsTime() {
			return &Const{v}, nil
		}
	}
	return c, nil
}

// constantTime reads the text constant c for a comparison with time type t.
func constantTime(c *Const, t types.Type) (Expr, error) {
	us, st := types.ParseDatetime(c.V.S, 6)
	if st == types.Incorrect {
		what := "DATETIME"
		if t.Kind == types.Date {
			what = "DATE"
		}
		return nil, sqlerr.New(errWrongDate, "Incorrect %s value: '%s'", what, c.V.S)
	}
	v := types.Value{Type: t, I: us}
	switch {
	case t.Kind == types.Date && types.TimeOf(us) == 0:
		v.I = types.DateOf(us)
	case t.Kind == types.Date || us != types.RoundMicros(us, t.FSP()):
		v.Type = types.NewDatetime(6)
	}
	return &Const{v}, nil
}

// oneCollation brings operands that are strings, all but those without a
// type, under the collation that they have in common.
func oneCollation(args []Expr) ([]Expr, error) {
	for _, a := range args {
		if k := a.Type().Kind; !k.IsText() && k != types.Null {
			return args, nil
		}
	}
	return alike(args)
}

// alike brings the strings among args under one collation.
func alike(args []Expr) ([]Expr, error) {
	t, err := textType(args...)
	if err != nil {
		return nil, err
	}
	out := make([]Expr, len(args))
	for i, a := range args {
		out[i] = a
		if a.Type().Kind.IsText() {
			out[i] = underCollation(a, t)
		}
	}
	return out, nil
}

func resolveBetween(d *def, args []Expr) (*Call, error) {
	args, err := oneCollation(args)
	if err != nil {
		return nil, err
	}
	args = numbersBetween(args)
	x := typeParam(args[0], args[1].Type())
	lo, err := comparable([]Expr{x, args[1]})
	if err != nil {
		return nil, err
	}
	hi, err := comparable([]Expr{x, args[2]})
	if err != nil {
		return nil, err
	}
	if Equal(lo[0], hi[0]) {
		return d.typed([]Expr{lo[0], lo[1], hi[1]}, types.TypeInt), nil
	}
	// The bounds differ in kind: each comparison has a type of its own.
	return d.typed([]Expr{x, args[1], args[2]}, types.TypeInt), nil
}

// numbersBetween makes numbers of the strings of a BETWEEN that looks for a
// string and has a number for a bound: MySQL compares all three as one type.
func numbersBetween(args []Expr) []Expr {
	if !args[0].Type().Kind.IsText() || !args[1].Type().Kind.IsNumeric() && !args[2].Type().Kind.IsNumeric() {
		return args
	}
	out := append([]Expr(nil), args...)
	for i, a := range out {
		if a.Type().Kind.IsText() {
			out[i] = Cast(a, types.TypeFloat)
		}
	}
	return out
}

func resolveIn(d *def, args []Expr) (*Call, error) {
	args, err := oneCollation(args)
	if err != nil {
		return nil, err
	}
	list := make([]Expr, len(args))
	x := args[0]
	for _, a := range args[1:] {
		x = typeParam(x, a.Type())
	}
	same := true
	for i, a := range args[1:] {
		pair, err := comparable([]Expr{x, a})
		if err != nil {
			return nil, err
		}
		if i == 0 {
			list[0] = pair[0]
		}
		list[i+1] = pair[1]
		same = same && Equal(list[0], pair[0])
	}
	if !same {
		copy(list, args)
		list[0] = x
	}
	return d.typed(list, types.TypeInt), nil
}

func resolveGreatest(d *def, args []Expr) (*Call, error) {
	t := types.TypeNull
	text := false
	for _, a := range args {
		at := a.Type().WithNull(false)
		text = text || at.Kind.IsText()
		t = compareType(t, at)
	}
	// Numbers and strings together compare as numbers; dates and strings as text.
	if text && t.Kind.IsTime() {
		t = types.TypeText
	}
	if t.Kind == types.Null {
		if t = untyped(args).WithNull(false); t.Kind == types.Null {
			t = types.TypeInt
		}
	}
	if t.Kind.IsText() {
		var err error
		if t, err = textType(args...); err != nil {
			return nil, err
		}
	}
	out := make([]Expr, len(args))
	for i, a := range args {
		out[i] = Cast(a, t)
	}
	return d.typed(out, t), nil
}

func resolveLike(d *def, args []Expr) (*Call, error) {
	if len(args) == 2 {
		args = []Expr{args[0], args[1], &Const{types.TextValue(`\`)}}
	}
	if c, ok := args[2].(*Const); ok && len([]rune(c.V.S)) > 1 {
		return nil, sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to ESCAPE").
			WithHint("the escape is one character or none")
	}
	return resolveMatch(d, args)
}

// resolveMatch coerces text and pattern to one collation.
func resolveMatch(d *def, args []Expr) (*Call, error) {
	args, err := d.coerceAll(args)
	if err != nil {
		return nil, err
	}
	t, err := textType(args[:2]...)
	if err != nil {
		return nil, err
	}
	args[0], args[1] = underCollation(args[0], t), underCollation(args[1], t)
	return d.typed(args, types.TypeInt), nil
}
