package expr

import (
	"strings"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// The functions. The numbers are in every log and plan: they are never reused
// or renumbered (testdata/functions.golden).
const (
	FnCast    Fn = 1
	FnAssign  Fn = 2
	FnCollate Fn = 3

	FnAdd    Fn = 10
	FnSub    Fn = 11
	FnMul    Fn = 12
	FnDiv    Fn = 13
	FnIntDiv Fn = 14
	FnMod    Fn = 15
	FnNeg    Fn = 16

	// FnQuotient is / with the digits of Unrounded, cut instead of rounded.
	FnQuotient Fn = 17

	FnEq     Fn = 20
	FnNe     Fn = 21
	FnLt     Fn = 22
	FnLe     Fn = 23
	FnGt     Fn = 24
	FnGe     Fn = 25
	FnNullEq Fn = 26

	FnAnd     Fn = 30
	FnOr      Fn = 31
	FnXor     Fn = 32
	FnNot     Fn = 33
	FnIsNull  Fn = 34
	FnIsTrue  Fn = 35
	FnIsFalse Fn = 36

	FnBitAnd   Fn = 40
	FnBitOr    Fn = 41
	FnBitXor   Fn = 42
	FnBitNot   Fn = 43
	FnShl      Fn = 44
	FnShr      Fn = 45
	FnBitCount Fn = 46

	FnIn         Fn = 50
	FnBetween    Fn = 51
	FnLike       Fn = 52
	FnRegexpLike Fn = 53
	FnCase       Fn = 60
	FnCoalesce   Fn = 61
	FnNullIf     Fn = 62
	FnGreatest   Fn = 63
	FnLeast      Fn = 64

	// FnSingle is 1; where its argument, the number of rows of a subquery, is
	// above 1 it is error 1242.
	FnSingle Fn = 65

	FnConcat         Fn = 100
	FnConcatWs       Fn = 101
	FnLength         Fn = 102
	FnCharLength     Fn = 103
	FnUpper          Fn = 104
	FnLower          Fn = 105
	FnSubstring      Fn = 106
	FnLeft           Fn = 107
	FnRight          Fn = 108
	FnTrim           Fn = 109
	FnLtrim          Fn = 110
	FnRtrim          Fn = 111
	FnReplace        Fn = 112
	FnLocate         Fn = 113
	FnLpad           Fn = 114
	FnRpad           Fn = 115
	FnRepeat         Fn = 116
	FnReverse        Fn = 117
	FnSpace          Fn = 118
	FnASCII          Fn = 119
	FnOrd            Fn = 120
	FnChar           Fn = 121
	FnHex            Fn = 122
	FnUnhex          Fn = 123
	FnBin            Fn = 124
	FnOct            Fn = 125
	FnConv           Fn = 126
	FnStrcmp         Fn = 127
	FnField          Fn = 128
	FnFindInSet      Fn = 129
	FnElt            Fn = 130
	FnInsert         Fn = 131
	FnFormat         Fn = 132
	FnSubstringIndex Fn = 133
	FnQuote          Fn = 134
	FnMD5            Fn = 135
	FnSHA1           Fn = 136
	FnSHA2           Fn = 137
	FnCRC32          Fn = 138
	FnToBase64       Fn = 139
	FnFromBase64     Fn = 140
	FnSoundex        Fn = 141
	FnBitLength      Fn = 142

	FnAbs      Fn = 200
	FnSign     Fn = 201
	FnCeil     Fn = 202
	FnFloor    Fn = 203
	FnRound    Fn = 204
	FnTruncate Fn = 205
	FnPow      Fn = 206
	FnSqrt     Fn = 207
	FnExp      Fn = 208
	FnLn       Fn = 209
	FnLog      Fn = 210
	FnLog2     Fn = 211
	FnLog10    Fn = 212
	FnSin      Fn = 213
	FnCos      Fn = 214
	FnTan      Fn = 215
	FnAsin     Fn = 216
	FnAcos     Fn = 217
	FnAtan     Fn = 218
	FnAtan2    Fn = 219
	FnCot      Fn = 220
	FnPi       Fn = 221
	FnRadians  Fn = 222
	FnDegrees  Fn = 223
	FnRand     Fn = 224
	FnUUID     Fn = 225

	FnNow           Fn = 300
	FnCurdate       Fn = 301
	FnDate          Fn = 302
	FnYear          Fn = 303
	FnMonth         Fn = 304
	FnDay           Fn = 305
	FnHour          Fn = 306
	FnMinute        Fn = 307
	FnSecond        Fn = 308
	FnMicrosecond   Fn = 309
	FnQuarter       Fn = 310
	FnDayOfWeek     Fn = 311
	FnWeekday       Fn = 312
	FnDayOfYear     Fn = 313
	FnWeek          Fn = 314
	FnWeekOfYear    Fn = 315
	FnYearWeek      Fn = 316
	FnDayName       Fn = 317
	FnMonthName     Fn = 318
	FnLastDay       Fn = 319
	FnDateAdd       Fn = 320
	FnDateSub       Fn = 321
	FnDateDiff      Fn = 322
	FnTimestampDiff Fn = 323
	FnDateFormat    Fn = 324
	FnStrToDate     Fn = 325
	FnUnixTimestamp Fn = 326
	FnFromUnixtime  Fn = 327
	FnToDays        Fn = 328
	FnFromDays      Fn = 329
	FnMakeDate      Fn = 330
	FnExtract       Fn = 331
	FnTumble        Fn = 332
	FnToSeconds     Fn = 333
)

// def is what the registry knows of a function.
type def struct {
	fn    Fn
	names string // SQL names in lower case; the first is the canonical one
	// args has a letter per argument: what the kernel takes (see coerce). A '?'
	// begins the optional ones; a '*' at the end lets the last be repeated.
	args     string
	ret      func(args []Expr) types.Type // type by the coerced arguments
	volatile Volatile
	nulls    bool // NULL may come of arguments that are not
	fails    bool // can mark an error
	// resolve, when set, makes the node in place of the default: coerce the
	// arguments, take the type from ret. check then tells whether a decoded
	// call, whose arguments are of their classes, has types that the kernels
	// take and give.
	resolve func(d *def, args []Expr) (*Call, error)
	check   func(c *Call, args []types.Type) bool
	compile compileFunc

	sig, doc, group string // for Functions; no group hides it
}

var (
	defs   [400]*def // by Fn
	byName = map[string]*def{}
)

func init() {
	for _, group := range [][]def{
		operatorFns(), logicFns(), castFns(), textFns(), codingFns(), numberFns(), dateFns(),
	} {
		for i := range group {
			d := &group[i]
			if defs[d.fn] != nil {
				panic("expr: function number used twice: " + d.names)
			}
			defs[d.fn] = d
			for _, name := range strings.Fields(d.names) {
				byName[name] = d
			}
		}
	}
}

// defOf returns the definition of f, which has one.
func defOf(f Fn) *def { return defs[f] }

// name is the canonical name in upper case.
func (d *def) name() string {
	first, _, _ := strings.Cut(d.names, " ")
	return strings.ToUpper(first)
}

// counts returns the least and most arguments; most is -1 without a limit.
func (d *def) counts() (least, most int) {
	optional := false
	for _, c := range d.args {
		switch c {
		case '?':
			optional = true
		case '*':
			return least, -1
		default:
			most++
			if !optional {
				least++
			}
		}
	}
	return least, most
}

// class returns the letter of argument i.
func (d *def) class(i int) byte {
	k := 0
	last := byte('a')
	for j := 0; j < len(d.args); j++ {
		switch c := d.args[j]; c {
		case '?':
		case '*':
			return last
		default:
			if k == i {
				return c
			}
			k, last = k+1, c
		}
	}
	return last
}

// call makes the node for args.
func (d *def) call(args []Expr) (*Call, error) {
	least, most := d.counts()
	if len(args) < least || most >= 0 && len(args) > most {
		return nil, sqlerr.New(sqlerr.ErrWrongParamCountFn,
			"Incorrect parameter count in the call to native function '%s'", d.name())
	}
	if d.resolve != nil {
		return d.resolve(d, args)
	}
	args, err := d.coerceAll(args)
	if err != nil {
		return nil, err
	}
	return d.typed(args, d.ret(args)), nil
}

// coerceAll coerces each argument to its class.
func (d *def) coerceAll(args []Expr) ([]Expr, error) {
	out := make([]Expr, len(args))
	for i, a := range args {
		var err error
		if out[i], err = d.coerce(d.class(i), a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// typed is the call of d over finished arguments.
func (d *def) typed(args []Expr, t types.Type) *Call {
	return &Call{Fn: d.fn, Args: args, T: t.WithNull(t.Nullable || d.nulls || anyNullable(args))}
}

// coerce brings an argument to what a kernel takes:
//
//	s  a string           i  an integer        f  a float
//	n  any number         t  a date or time    b  a truth value (integer)
//	u  an integer as bits k  a constant string h  an integer or a string
//	a  anything
func (d *def) coerce(class byte, e Expr) (Expr, error) {
	t := e.Type()
	switch class {
	case 's':
		if !t.Kind.IsText() {
			return Cast(e, asText(t)), nil
		}
	case 'i':
		if !t.Kind.IsInt() {
			return Cast(e, types.TypeInt), nil
		}
	case 'u':
		switch {
		case t.Kind == types.Decimal || t.Kind.IsFloat():
			return Cast(e, types.TypeInt), nil // -1.5 has the bits of -2
		case !t.Kind.IsInt():
			return Cast(e, types.TypeUint), nil
		}
	case 'h':
		if _, ok := e.(*Param); ok && t.Kind == types.Null {
			return Cast(e, types.TypeText), nil
		}
		if !t.Kind.IsInt() && !t.Kind.IsText() {
			return Cast(e, types.TypeUint), nil
		}
	case 'f':
		if !t.Kind.IsFloat() {
			return Cast(e, types.TypeFloat), nil
		}
	case 'n':
		return number(e), nil
	case 't':
		return asTime(e), nil
	case 'b':
		return truth(e), nil
	case 'k':
		c, ok := Fold(e).(*Const)
		if !ok || c.V.IsNull || !c.V.Type.Kind.IsText() {
			return nil, sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to %s", d.name()).
				WithHint("it must be a constant string")
		}
		return c, nil
	}
	return e, nil
}

// number brings e to a number type, with all its digits: strings to DOUBLE, dates and times to the
// numbers MySQL has for them.
func number(e Expr) Expr {
	t := e.Type()
	switch {
	case t.Kind.IsNumeric():
		return Unrounded(e)
	case t.Kind == types.Null:
		if _, ok := e.(*Param); ok {
			return Cast(e, types.TypeFloat)
		}
		return Cast(e, types.TypeInt)
	case t.Kind.IsTime():
		return Cast(e, timeNumber(t))
	}
	return Cast(e, types.TypeFloat)
}

// asTime brings e to DATE, DATETIME or TIMESTAMP.
func asTime(e Expr) Expr {
	if e.Type().Kind.IsTime() {
		return e
	}
	return Cast(e, types.NewDatetime(6))
}

// truth brings e to an integer that is 0 when e is false.
func truth(e Expr) Expr {
	t := e.Type()
	switch {
	case t.Kind.IsInt():
		return e
	case t.Kind == types.Null:
		return Cast(e, types.TypeInt)
	}
	n := number(e)
	zero, err := defOf(FnNe).call([]Expr{n, &Const{types.IntValue(0)}})
	if err != nil {
		return n // unreachable: numbers compare
	}
	return zero
}

// Fixed result types for def.ret.
func returns(t types.Type) func([]Expr) types.Type {
	return func([]Expr) types.Type { return t }
}

var (
	retInt   = returns(types.TypeInt)
	retFloat = returns(types.TypeFloat)
)

// retText is a string of unlimited length under the arguments' collation.
func retText(args []Expr) types.Type {
	t, _ := textType(args...)
	return t
}

// Resolve makes the call of the function or operator name over args, with
// MySQL's coercions and result type. Names are MySQL's in any case:
//
//   - - * / div % (mod) neg        = <=> <> (!=) < <= > >=
//     and or xor not                 is_null is_true is_false is_unknown
//     & | ^ ~ << >>                  in (args[0] in the rest)  between
//     like (text, pattern[, escape]) regexp_like
//     case (when, then, .., [else])  if ifnull nullif coalesce
//     collate (text, 'name')
//
// and every function of Functions. "not x" variants are not(x). Errors are
// *sqlerr.Error: 1305 for an unknown name (with the nearest as a hint), 1582
// for a wrong number of arguments, 1210 for one that must be a constant.
func Resolve(name string, args []Expr) (Expr, error) {
	name = strings.ToLower(name)
	if e, err, ok := rewrite(name, args); ok {
		return e, err
	}
	d := byName[name]
	if d == nil {
		return nil, unknownFunction(name)
	}
	e, err := d.call(args)
	if err != nil {
		return nil, err
	}
	return e, nil
}

func unknownFunction(name string) error {
	if name == "curtime" || name == "current_time" || name == "time" {
		return sqlerr.NotSupported("the type TIME, so no %s()", strings.ToUpper(name))
	}
	err := sqlerr.New(sqlerr.ErrFunctionNotExist, "FUNCTION %s does not exist", name)
	if near := nearest(name); near != "" {
		return err.WithHint("did you mean %s?", strings.ToUpper(near))
	}
	return err
}

// aggregates are functions that the binder knows and Resolve does not.
var aggregates = []string{"count", "sum", "avg", "min", "max"}

// nearest returns the function whose name is the fewest edits away, "" when
// none is near.
func nearest(name string) string {
	best, bestCost := "", min(len(name)/2+1, 4)
	try := func(cand string) {
		if c := edits(name, cand); c < bestCost {
			best, bestCost = cand, c
		}
	}
	for _, cand := range aggregates {
		try(cand)
	}
	for _, d := range defs {
		if d != nil && d.group != "" {
			for _, cand := range strings.Fields(d.names) {
				try(cand)
			}
		}
	}
	return best
}

// edits counts the letters to insert, delete, replace or swap with their
// neighbour to make b of a (optimal string alignment).
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+b2i(a[i] != b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// Info describes a function for the manual.
type Info struct {
	Name      string // as written in SQL, upper case
	Aliases   []string
	Signature string // e.g. "SUBSTRING(s, pos [, len])"
	Doc       string // one sentence
	Group     string // "strings", "encodings", "numbers", "dates", "choices", ...
}

// Functions lists what Resolve knows but for operators, in the order of their
// numbers, which keeps groups together.
func Functions() []Info {
	var out []Info
	for _, d := range defs {
		if d == nil || d.group == "" {
			continue
		}
		names := strings.Fields(strings.ToUpper(d.names))
		out = append(out, Info{
			Name: names[0], Aliases: names[1:], Signature: d.sig, Doc: d.doc, Group: d.group,
		})
	}
	return out
}
