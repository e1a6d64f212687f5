package types

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ConvertValue converts v to type to as MySQL does when it assigns v to a
// column: rounding decimals half away from zero and floats half to even,
// reading numbers and dates out of strings, clamping to ranges, cutting
// strings. The value has type to and is usable whatever the Status, except
// that a date out of no date (Incorrect) is NULL. NULL stays NULL whatever
// to.Nullable says. A to of kind Null returns v as it is.
func ConvertValue(v Value, to Type) (Value, Status) {
	if to.Kind == Null {
		return v, OK
	}
	out := Value{Type: to}
	if v.IsNull || v.Type.Kind == Null {
		out.IsNull = true
		return out, OK
	}
	var st Status
	switch {
	case to.Kind.IsUnsigned():
		var u uint64
		u, st = v.toUint()
		if _, hi := to.Kind.IntRange(); u > hi {
			u, st = hi, OutOfRange
		}
		out.I = int64(u)
	case to.Kind.IsInt():
		out.I, st = v.toInt()
		if lo, hi := to.Kind.IntRange(); out.I < lo || out.I > int64(hi) {
			out.I, st = min(max(out.I, lo), int64(hi)), OutOfRange
		}
	case to.Kind.IsFloat():
		out.F, st = v.toFloat()
		if to.Kind == Float32 {
			out.F, st = narrow(out.F, st)
		}
	case to.Kind == Decimal:
		out.D, st = v.toDec(int(to.Prec), int(to.Scale))
	case to.Kind.IsText():
		out.S, st = v.toText(to)
	case to.Kind == Date:
		out.I, st = v.toDate()
	default:
		out.I, st = v.toDatetime(to)
	}
	if st == Incorrect && to.Kind.IsTime() {
		return Value{Type: to, IsNull: true}, st
	}
	return out, st
}

// narrow rounds to a FLOAT.
func narrow(f float64, st Status) (float64, Status) {
	if math.Abs(f) > math.MaxFloat32 {
		return math.Copysign(math.MaxFloat32, f), OutOfRange
	}
	return float64(float32(f)), st
}

// number returns a date or time as the number of its digits: 20240102 and
// 20240102030405.123456, at the type's scale.
func (v Value) number() (d Dec, scale int) {
	if v.Type.Kind == Date {
		return DecFromInt64(DateNumber(v.I)), 0
	}
	n, micro := DatetimeNumber(v.I)
	d, _ = DecFromInt64(n).Rescale(0, 6)
	d, _ = d.Add(Dec{uint64(micro)})
	d, _ = d.Truncate(6, v.Type.FSP())
	return d, v.Type.FSP()
}

// clampInt ends a conversion of an exact number to BIGINT.
func clampInt(d Dec, scale int) (int64, Status) {
	if i, ok := d.Int64(scale); ok {
		return i, OK
	}
	if d.Sign() < 0 {
		return math.MinInt64, OutOfRange
	}
	return math.MaxInt64, OutOfRange
}

// clampUint ends a conversion of an exact number to BIGINT UNSIGNED.
func clampUint(d Dec, scale int) (uint64, Status) {
	if u, ok := d.Uint64(scale); ok {
		return u, OK
	}
	if d.Sign() < 0 {
		return 0, OutOfRange
	}
	return math.MaxUint64, OutOfRange
}

func (v Value) toInt() (int64, Status) {
	switch k := v.Type.Kind; {
	case v.beyondInt64():
		return math.MaxInt64, OutOfRange
	case k.IsFloat():
		return FloatToInt(v.F)
	case k == Decimal:
		return clampInt(v.D, int(v.Type.Scale))
	case k.IsText():
		return TextToInt(v.S)
	case k.IsTime():
		return clampInt(v.number())
	}
	return v.I, OK
}

func (v Value) toUint() (uint64, Status) {
	switch k := v.Type.Kind; {
	case k.IsUnsigned():
		return uint64(v.I), OK
	case k.IsFloat():
		return FloatToUint(v.F)
	case k == Decimal:
		return clampUint(v.D, int(v.Type.Scale))
	case k.IsText():
		return TextToUint(v.S)
	case k.IsTime():
		return clampUint(v.number())
	case v.I < 0:
		return 0, OutOfRange
	}
	return uint64(v.I), OK
}

// FloatToInt rounds f to a BIGINT, half to even.
func FloatToInt(f float64) (int64, Status) {
	switch r := math.RoundToEven(f); {
	case r != r:
		return 0, OutOfRange
	case r < math.MinInt64:
		return math.MinInt64, OutOfRange
	case r >= -math.MinInt64:
		return math.MaxInt64, OutOfRange
	default:
		return int64(r), OK
	}
}

// FloatToUint rounds f to a BIGINT UNSIGNED, half to even.
func FloatToUint(f float64) (uint64, Status) {
	switch r := math.RoundToEven(f); {
	case r != r || r < 0:
		return 0, OutOfRange
	case r >= 1<<64:
		return math.MaxUint64, OutOfRange
	default:
		return uint64(r), OK
	}
}

func (v Value) toFloat() (float64, Status) {
	switch k := v.Type.Kind; {
	case k.IsUnsigned():
		return float64(uint64(v.I)), OK
	case k.IsFloat():
		return v.F, OK
	case k == Decimal:
		return v.D.Float64(int(v.Type.Scale)), OK
	case k.IsText():
		return TextToFloat(v.S)
	case k.IsTime():
		d, scale := v.number()
		return d.Float64(scale), OK
	}
	return float64(v.I), OK
}

func (v Value) toDec(prec, scale int) (Dec, Status) {
	switch k := v.Type.Kind; {
	case k.IsUnsigned():
		return fitDec(DecFromUint64(uint64(v.I)), 0, prec, scale)
	case k.IsFloat():
		return floatToDec(v.F, prec, scale)
	case k == Decimal:
		return fitDec(v.D, int(v.Type.Scale), prec, scale)
	case k.IsText():
		return TextToDec(v.S, prec, scale)
	case k.IsTime():
		d, s := v.number()
		return fitDec(d, s, prec, scale)
	}
	return fitDec(DecFromInt64(v.I), 0, prec, scale)
}

// fitDec brings d from scale from into DECIMAL(prec, scale).
func fitDec(d Dec, from, prec, scale int) (Dec, Status) {
	r, ok := d.Rescale(from, scale)
	if !ok || !r.FitsPrec(prec) {
		return maxDecSigned(prec, d.Sign() < 0), OutOfRange
	}
	if from > scale && CmpDec(r, scale, d, from) != 0 {
		return r, Noted
	}
	return r, OK
}

func maxDecSigned(prec int, negative bool) Dec {
	if negative {
		return MaxDec(prec).Neg()
	}
	return MaxDec(prec)
}

func floatToDec(f float64, prec, scale int) (Dec, Status) {
	if f != f {
		return Dec{}, OutOfRange
	}
	d, ok := DecFromFloat(f, scale)
	switch {
	case !ok || !d.FitsPrec(prec):
		return maxDecSigned(prec, f < 0), OutOfRange
	case d.Float64(scale) != f:
		return d, Noted
	}
	return d, OK
}

func (v Value) toText(to Type) (string, Status) {
	s := v.S
	if !v.Type.Kind.IsText() {
		s = string(AppendValueText(nil, v))
	}
	st := OK
	if to.Kind == String && !utf8.ValidString(s) {
		s, st = s[:validPrefix(s)], Incorrect
	}
	cut, was := s, false
	if to.Len > 0 {
		if to.Kind == String {
			cut, was = CutChars(s, int(to.Len))
		} else if was = len(s) > int(to.Len); was {
			cut = s[:to.Len]
		}
	}
	if was && st == OK {
		st = TooLong
		if to.Kind == String && strings.Trim(s[len(cut):], " ") == "" {
			st = Noted
		}
	}
	return cut, st
}

// validPrefix returns the length of the longest prefix of s in UTF-8.
func validPrefix(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, n := utf8.DecodeRuneInString(s[i:]); n == 1 {
				return i
			}
		}
	}
	return len(s)
}

// CutChars returns s cut to at most n characters, and whether it was cut.
func CutChars(s string, n int) (string, bool) {
	if len(s) <= n {
		return s, false
	}
	for i := range s {
		if n == 0 {
			return s[:i], true
		}
		n--
	}
	return s, false
}

func (v Value) toDate() (int64, Status) {
	switch k := v.Type.Kind; {
	case k == Date:
		return v.I, OK
	case k.IsText():
		return ParseDate(v.S)
	}
	us, st := v.moment()
	if st == OK && TimeOf(us) != 0 {
		st = Noted
	}
	return DateOf(us), st
}

func (v Value) toDatetime(to Type) (us int64, st Status) {
	if v.Type.Kind.IsText() {
		us, st = ParseDatetime(v.S, to.FSP())
	} else {
		us, st = v.moment()
		us = RoundMicros(us, to.FSP())
	}
	if st == Incorrect {
		return 0, st
	}
	if us > MaxDatetime || to.Kind == Timestamp && (us < MinTimestamp || us > MaxTimestamp) {
		return 0, Incorrect
	}
	return us, st
}

// moment returns a date, a time or a number of its digits as a DATETIME.
func (v Value) moment() (us int64, st Status) {
	switch k := v.Type.Kind; {
	case k == Date:
		return v.I * Day, OK
	case k.IsTime():
		return v.I, OK
	case k.IsInt():
		if v.beyondInt64() {
			return 0, Incorrect
		}
		return ParseDatetimeInt(v.I)
	}
	d, _ := v.toDec(MaxPrec, 6)
	whole, _ := d.Truncate(6, 0)
	n, ok := whole.small()
	if !ok {
		return 0, Incorrect
	}
	us, st = ParseDatetimeInt(n)
	unit, _ := whole.Rescale(0, 6)
	micro, _ := d.Sub(unit)
	return us + int64(micro[0]), st
}

// NumericPrefix returns the bounds of the longest decimal or exponent literal
// with which s begins behind blanks; start = end means none.
func NumericPrefix(s string) (start, end int) {
	for start < len(s) && isBlank(s[start]) {
		start++
	}
	i := start
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	digits := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	n := i - digits
	if i < len(s) && s[i] == '.' {
		i++
		for i < len(s) && isDigit(s[i]) {
			i++
			n++
		}
	}
	if n == 0 {
		return start, start
	}
	return start, skipExponent(s, i)
}

func skipExponent(s string, i int) int {
	if i == len(s) || s[i] != 'e' && s[i] != 'E' {
		return i
	}
	j := i + 1
	if j < len(s) && (s[j] == '-' || s[j] == '+') {
		j++
	}
	if j == len(s) || !isDigit(s[j]) {
		return i
	}
	for j < len(s) && isDigit(s[j]) {
		j++
	}
	return j
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// numeric returns the number with which s begins and OK, Truncated or Incorrect.
func numeric(s string) (lit string, st Status) {
	start, end := NumericPrefix(s)
	if start == end {
		return "", Incorrect
	}
	for i := end; i < len(s); i++ {
		if !isBlank(s[i]) {
			return s[start:end], Truncated
		}
	}
	return s[start:end], OK
}

// worse returns the outcome to report of two.
func worse(a, b Status) Status { return max(a, b) }

// TextToFloat reads a DOUBLE out of the beginning of s: 0 and Incorrect
// without a number, Truncated when more follows, OutOfRange past MaxFloat64.
func TextToFloat(s string) (f float64, st Status) {
	lit, st := numeric(s)
	if st == Incorrect {
		return 0, st
	}
	f, _ = strconv.ParseFloat(lit, 64)
	if math.IsInf(f, 0) {
		return math.Copysign(math.MaxFloat64, f), OutOfRange
	}
	return f, st
}

// TextToInt reads a BIGINT out of the beginning of s, rounding a fraction.
func TextToInt(s string) (i int64, st Status) {
	if i, ok := plainInt(s); ok {
		return i, OK
	}
	lit, st := numeric(s)
	if st == Incorrect {
		return 0, st
	}
	d, _, scale, _ := ParseDec(lit)
	i, out := clampInt(d, scale)
	return i, worse(st, out)
}

// plainInt reads an s of nothing but up to 18 digits and a minus.
func plainInt(s string) (i int64, ok bool) {
	digits := s
	if len(s) > 0 && s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for k := range len(digits) {
		c := digits[k] - '0'
		if c > 9 {
			return 0, false
		}
		i = 10*i + int64(c)
	}
	if len(digits) < len(s) {
		i = -i
	}
	return i, true
}

// TextToUint reads a BIGINT UNSIGNED out of the beginning of s.
func TextToUint(s string) (u uint64, st Status) {
	lit, st := numeric(s)
	if st == Incorrect {
		return 0, st
	}
	d, _, scale, _ := ParseDec(lit)
	u, out := clampUint(d, scale)
	return u, worse(st, out)
}

// TextToDec reads a DECIMAL(prec, scale) out of the beginning of s.
func TextToDec(s string, prec, scale int) (d Dec, st Status) {
	text, st := numeric(s)
	if st == Incorrect {
		return Dec{}, st
	}
	lit, _ := scanDec(text)
	if lit.digits > 0 && lit.point > prec-scale {
		return maxDecSigned(prec, lit.neg), OutOfRange
	}
	d = lit.coefficient(scale)
	if !d.FitsPrec(prec) {
		return maxDecSigned(prec, lit.neg), OutOfRange
	}
	if lit.loses(scale) {
		st = worse(st, Noted)
	}
	return lit.sign(d), st
}

// loses tells whether digits other than 0 are behind scale.
func (l *decLit) loses(scale int) bool {
	for i := max(l.point+scale, 0); i < min(l.digits, len(l.buf)); i++ {
		if l.buf[i] != '0' {
			return true
		}
	}
	return l.digits > len(l.buf) && l.digits > l.point+scale
}
