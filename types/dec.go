package types

// Decimal arithmetic on 256-bit coefficients. The scale of an operand is an
// argument where it matters: a Dec does not know its own. Everywhere the last
// result ok is false when the result does not fit: 256 bits with sign, unless
// said otherwise. A result that fits 256 bits may still have more digits than
// its type: callers check FitsPrec.

// MaxPrec and MaxScale are MySQL's limits of DECIMAL.
const (
	MaxPrec  = 65
	MaxScale = 30
)

// DecFromInt64 returns i with scale 0.
func DecFromInt64(i int64) Dec { panic("skeleton") }

// DecFromUint64 returns u with scale 0.
func DecFromUint64(u uint64) Dec { panic("skeleton") }

// DecFromFloat returns f rounded to scale digits behind the point, half away
// from zero. ok is false for NaN, infinities and results past MaxPrec digits.
func DecFromFloat(f float64, scale int) (d Dec, ok bool) { panic("skeleton") }

// DecFromWords reads a coefficient of one, two or four words, low word first,
// and extends its sign.
func DecFromWords(w []uint64) Dec { panic("skeleton") }

// PutWords writes d into w, which has one, two or four words. ok is false,
// and w undefined, when d does not fit.
func (d Dec) PutWords(w []uint64) (ok bool) { panic("skeleton") }

// ParseDec reads a decimal literal: sign, digits, point, digits, exponent. A
// number with more than MaxPrec digits or MaxScale behind the point is rounded,
// half away from zero. prec and scale are the least DECIMAL(prec, scale) that
// holds the literal as written. ErrDecSyntax or ErrDecRange is returned.
func ParseDec(s string) (d Dec, prec, scale int, err error) { panic("skeleton") }

// Add returns d+e, both of one scale.
func (d Dec) Add(e Dec) (sum Dec, ok bool) { panic("skeleton") }

// Sub returns d-e, both of one scale.
func (d Dec) Sub(e Dec) (diff Dec, ok bool) { panic("skeleton") }

// Mul returns d*e; its scale is the sum of theirs.
func (d Dec) Mul(e Dec) (product Dec, ok bool) { panic("skeleton") }

// Neg returns -d.
func (d Dec) Neg() Dec { panic("skeleton") }

// Abs returns |d|.
func (d Dec) Abs() Dec { panic("skeleton") }

// Sign returns -1, 0 or 1.
func (d Dec) Sign() int { panic("skeleton") }

// IsZero tells whether d is 0.
func (d Dec) IsZero() bool { return d == Dec{} }

// Cmp compares d and e, both of one scale: -1, 0 or 1.
func (d Dec) Cmp(e Dec) int { panic("skeleton") }

// CmpDec compares numbers of different scales: -1, 0 or 1.
func CmpDec(a Dec, sa int, b Dec, sb int) int { panic("skeleton") }

// Rescale brings d from one scale to another, rounding half away from zero.
func (d Dec) Rescale(from, to int) (r Dec, ok bool) { panic("skeleton") }

// Truncate brings d from one scale to another, cutting digits off.
func (d Dec) Truncate(from, to int) (r Dec, ok bool) { panic("skeleton") }

// Floor returns the greatest integer, at scale 0, that is not above d.
func (d Dec) Floor(scale int) Dec { panic("skeleton") }

// Ceil returns the least integer, at scale 0, that is not below d.
func (d Dec) Ceil(scale int) Dec { panic("skeleton") }

// DivDec returns a/b at scale rs, rounded half away from zero. ok is false
// for b = 0 too.
func DivDec(a Dec, sa int, b Dec, sb int, rs int) (q Dec, ok bool) { panic("skeleton") }

// ModDec returns the remainder of a/b cut to an integer, with the sign of a,
// at the greater of both scales. ok is false for b = 0 too.
func ModDec(a Dec, sa int, b Dec, sb int) (r Dec, ok bool) { panic("skeleton") }

// Digits returns the number of decimal digits of |d|, 1 for 0.
func (d Dec) Digits() int { panic("skeleton") }

// FitsPrec tells whether |d| has at most prec digits.
func (d Dec) FitsPrec(prec int) bool { panic("skeleton") }

// MaxDec returns the greatest coefficient of prec digits: 10^prec - 1.
func MaxDec(prec int) Dec { panic("skeleton") }

// AppendText appends d with scale digits behind the point: -0.05.
func (d Dec) AppendText(dst []byte, scale int) []byte { panic("skeleton") }

// Text returns d with scale digits behind the point.
func (d Dec) Text(scale int) string { panic("skeleton") }

// Float64 returns the nearest float.
func (d Dec) Float64(scale int) float64 { panic("skeleton") }

// Int64 returns d rounded to an integer, half away from zero.
func (d Dec) Int64(scale int) (i int64, ok bool) { panic("skeleton") }

// Uint64 returns d rounded to an integer, half away from zero; ok is false
// below 0.
func (d Dec) Uint64(scale int) (u uint64, ok bool) { panic("skeleton") }
