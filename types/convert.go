package types

// ConvertValue converts v to type to as MySQL does when it assigns v to a
// column: rounding decimals and fractions half away from zero, reading
// numbers and dates out of strings, clamping to ranges, cutting strings. The
// value has type to and is usable whatever the Status, except that a date out
// of no date (Incorrect) is NULL. NULL stays NULL whatever to.Nullable says.
func ConvertValue(v Value, to Type) (Value, Status) { panic("skeleton") }

// NumericPrefix returns the bounds of the longest decimal or exponent literal
// with which s begins behind blanks; start = end means none.
func NumericPrefix(s string) (start, end int) { panic("skeleton") }

// TextToFloat reads a DOUBLE out of the beginning of s: 0 and Incorrect
// without a number, Truncated when more follows, OutOfRange past MaxFloat64.
func TextToFloat(s string) (f float64, st Status) { panic("skeleton") }

// TextToInt reads a BIGINT out of the beginning of s, rounding a fraction.
func TextToInt(s string) (i int64, st Status) { panic("skeleton") }

// TextToUint reads a BIGINT UNSIGNED out of the beginning of s.
func TextToUint(s string) (u uint64, st Status) { panic("skeleton") }

// TextToDec reads a DECIMAL(prec, scale) out of the beginning of s.
func TextToDec(s string, prec, scale int) (d Dec, st Status) { panic("skeleton") }

// CutChars returns s cut to at most n characters, and whether it was cut.
func CutChars(s string, n int) (string, bool) { panic("skeleton") }
