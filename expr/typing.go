package expr

import (
	"strconv"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// divPrecision is MySQL's div_precision_increment: digits that a division adds.
const divPrecision = 4

// Unify returns the common type of UNION, CASE, COALESCE and their like;
// nullable when one of ts is. Unify() is the type of NULL.
func Unify(ts ...types.Type) types.Type {
	u, nullable := types.TypeNull, len(ts) == 0
	for _, t := range ts {
		nullable = nullable || t.Nullable || t.Kind == types.Null
		u = unify2(u, t)
	}
	return u.WithNull(nullable)
}

func unify2(a, b types.Type) types.Type {
	a.Nullable, b.Nullable = false, false
	switch {
	case a.Kind == types.Null:
		return b
	case b.Kind == types.Null || a == b:
		return a
	case a.Kind.IsNumeric() && b.Kind.IsNumeric():
		return unifyNumbers(a, b)
	case a.Kind.IsTime() && b.Kind.IsTime():
		return unifyTimes(a, b)
	}
	return unifyTexts(asText(a), asText(b))
}

func unifyNumbers(a, b types.Type) types.Type {
	ka, kb := a.Kind, b.Kind
	switch {
	case ka.IsFloat() || kb.IsFloat():
		if ka == kb {
			return a
		}
		return types.TypeFloat
	case ka == types.Decimal || kb == types.Decimal:
		return unifyDecimals(decimalOf(a), decimalOf(b))
	case ka.IsUnsigned() == kb.IsUnsigned():
		return types.Type{Kind: max(ka, kb)}
	}
	signed, unsigned := ka, kb
	if ka.IsUnsigned() {
		signed, unsigned = kb, ka
	}
	if unsigned == types.Uint64 {
		return types.NewDecimal(20, 0)
	}
	// The next signed kind holds every value of an unsigned one.
	need := types.Int8 + (unsigned - types.Uint8) + 1
	return types.Type{Kind: max(signed, need)}
}

func unifyDecimals(a, b types.Type) types.Type {
	scale := max(int(a.Scale), int(b.Scale))
	whole := max(int(a.Prec)-int(a.Scale), int(b.Prec)-int(b.Scale))
	return decimalType(whole+scale, scale)
}

// decimalType is DECIMAL(prec, scale) within MySQL's limits; digits before the
// point are kept at the cost of those behind it.
func decimalType(prec, scale int) types.Type {
	whole := prec - scale
	scale = min(scale, types.MaxScale)
	if whole+scale > types.MaxPrec {
		scale = max(0, types.MaxPrec-whole)
	}
	return types.NewDecimal(max(1, min(whole+scale, types.MaxPrec)), scale)
}

func unifyTimes(a, b types.Type) types.Type {
	if a.Kind == types.Date {
		a.Prec = 0
	}
	if b.Kind == types.Date {
		b.Prec = 0
	}
	kind := a.Kind
	if a.Kind != b.Kind {
		kind = types.Datetime
	}
	return types.Type{Kind: kind, Prec: max(a.Prec, b.Prec)}
}

func unifyTexts(a, b types.Type) types.Type {
	n := uint32(0)
	if a.Len > 0 && b.Len > 0 {
		n = max(a.Len, b.Len)
	}
	if a.Kind == types.Bytes || b.Kind == types.Bytes {
		return types.Type{Kind: types.Bytes, Coll: types.CollBinary, Len: n}
	}
	coll, _ := strongerCollation(a.Coll, b.Coll)
	return types.Type{Kind: types.String, Coll: coll, Len: n}
}

// strongerCollation settles two collations of equal standing: MySQL lets the
// _bin one win; ok is false when neither is.
func strongerCollation(a, b types.Collation) (c types.Collation, ok bool) {
	rank := func(c types.Collation) int {
		switch c {
		case types.CollBinary:
			return 3
		case types.CollUtf8mb4Bin:
			return 2
		case types.Coll0900Bin:
			return 1
		}
		return 0
	}
	switch {
	case a == b:
		return a, true
	case rank(a) > rank(b):
		return a, true
	case rank(b) > rank(a):
		return b, true
	}
	return min(a, b), false
}

// asText is the type of t's text: VARCHAR of the most characters it prints.
func asText(t types.Type) types.Type {
	if t.Kind.IsText() {
		return t.WithNull(false)
	}
	n := 0
	switch {
	case t.Kind.IsInt():
		d := decimalOf(t)
		n = int(d.Prec) + 1 - b2i(t.Kind.IsUnsigned())
	case t.Kind == types.Decimal:
		n = int(t.Prec) + 1 + b2i(t.Scale > 0) + b2i(t.Prec == t.Scale)
	case t.Kind.IsFloat():
		n = 23
	case t.Kind == types.Date:
		n = 10
	case t.Kind.IsTime():
		n = 19
		if t.Prec > 0 {
			n += 1 + int(t.Prec)
		}
	}
	return types.NewString(n)
}

// decimalOf is the DECIMAL that holds every value of a number type; floats and
// what is no number have none and give the widest.
func decimalOf(t types.Type) types.Type {
	switch t.Kind {
	case types.Int8, types.Uint8:
		return types.NewDecimal(3, 0)
	case types.Int16, types.Uint16:
		return types.NewDecimal(5, 0)
	case types.Int24, types.Uint24:
		return types.NewDecimal(8, 0)
	case types.Int32, types.Uint32:
		return types.NewDecimal(10, 0)
	case types.Int64:
		return types.NewDecimal(19, 0)
	case types.Uint64:
		return types.NewDecimal(20, 0)
	case types.Decimal:
		return types.NewDecimal(int(t.Prec), int(t.Scale))
	case types.Null:
		return types.NewDecimal(1, 0)
	}
	return types.NewDecimal(types.MaxPrec, types.MaxScale)
}

// decimalFor is decimalOf by value where the value is known: 2 is DECIMAL(1,0).
func decimalFor(e Expr) types.Type {
	c, ok := e.(*Const)
	if !ok || c.V.IsNull || !c.V.Type.Kind.IsInt() {
		return decimalOf(e.Type())
	}
	if c.V.Type.Kind.IsUnsigned() {
		return types.NewDecimal(len(strconv.FormatUint(uint64(c.V.I), 10)), 0)
	}
	n := len(strconv.FormatInt(c.V.I, 10))
	if c.V.I < 0 {
		n--
	}
	return types.NewDecimal(n, 0)
}

// CompareType returns the type to which two operands of a comparison are cast,
// as MySQL chooses it: DOUBLE for a number and a string, DATETIME for a date
// and a string. It is exact for integers of different sign: DECIMAL(20,0).
func CompareType(a, b types.Type) types.Type {
	nullable := a.Nullable || b.Nullable
	a.Nullable, b.Nullable = false, false
	t := compareType(a, b)
	return t.WithNull(nullable)
}

func compareType(a, b types.Type) types.Type {
	ka, kb := a.Kind, b.Kind
	switch {
	case ka == types.Null:
		return b
	case kb == types.Null || a == b:
		return a
	case ka.IsText() && kb.IsText():
		return unifyTexts(a, b)
	case ka.IsTime() && kb.IsTime():
		return unifyTimes(a, b)
	case ka.IsTime() && kb.IsText(), ka.IsText() && kb.IsTime():
		return types.NewDatetime(6)
	case ka.IsTime():
		return compareType(timeNumber(a), b)
	case kb.IsTime():
		return compareType(a, timeNumber(b))
	case ka.IsText() || kb.IsText() || ka.IsFloat() || kb.IsFloat():
		return types.TypeFloat
	}
	return unifyNumbers(a, b)
}

// timeNumber is the type of a date or time in numeric context: 20240102 is a
// BIGINT, with fractional seconds a DECIMAL.
func timeNumber(t types.Type) types.Type {
	if t.Kind != types.Date && t.Prec > 0 {
		return types.NewDecimal(14+int(t.Prec), int(t.Prec))
	}
	return types.TypeInt
}

// standing is how strongly an expression insists on its collation: columns
// more than literals, as MySQL's coercibility has it. Lower is stronger.
func standing(e Expr) int {
	switch e := e.(type) {
	case *Col:
		return 2
	case *Call:
		if e.Fn == FnCollate {
			return 0
		}
		best := 5
		for _, a := range e.Args {
			if a.Type().Kind.IsText() {
				best = min(best, standing(a))
			}
		}
		return best
	}
	return 4
}

// textType is the type of a string made of, or compared with, the text
// arguments args: binary when one is, else under the collation of the
// strongest. Len is unlimited.
func textType(args ...Expr) (types.Type, error) {
	t, best, found, settled := types.TypeText, 6, false, true
	for _, a := range args {
		at := a.Type()
		if !at.Kind.IsText() {
			continue
		}
		if at.Kind == types.Bytes {
			return types.TypeBytes, nil
		}
		s := standing(a)
		switch {
		case !found || s < best:
			t.Coll, best, settled = at.Coll, s, true
		case s == best:
			var ok bool
			was := t.Coll
			t.Coll, ok = strongerCollation(t.Coll, at.Coll)
			settled = ok && (settled || was != t.Coll)
		}
		found = true
	}
	if !settled && best < 4 {
		return t, sqlerr.New(errIllegalMix, "Illegal mix of collations").
			WithHint("say which one to use: COLLATE utf8mb4_bin, for example")
	}
	return t, nil
}

// anyNullable tells whether an argument may be NULL.
func anyNullable(args []Expr) bool {
	for _, a := range args {
		if a.Type().Nullable {
			return true
		}
	}
	return false
}
