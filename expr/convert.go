package expr

import (
	"math"
	"strconv"
	"unicode/utf8"
	"unsafe"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Conversions between kinds, shared by CAST and assignment. Each reads one row
// and returns the nearest value with a types.Status; a conversion's report
// makes warnings or errors of it.

// conversion says what becomes of a value that does not fit.
type conversion struct {
	assign bool // as a column stores, not as CAST: '2.5' rounds
	// report is told of every status but OK; true makes the row NULL.
	report func(f *frame, i int, a operand, st types.Status) (null bool)
}

// convert compiles arg, of type from, to type to.
func (c *compiler) convert(arg *node, from, to types.Type, cv conversion) *node {
	slot := c.vec()
	start := func(f *frame, sel []int32, n int) (a operand, v *zset.Vec, done bool) {
		a = arg.operand(f, sel, n)
		v = f.out(slot, to, n)
		done = f.join(slot, v, n, a) || from.Kind == types.Null
		if done {
			clear(v.Off)
		}
		return a, v, done
	}
	told := func(f *frame, v *zset.Vec, n, i int, a operand, st types.Status) {
		if st != types.OK && cv.report(f, i, a, st) {
			f.nullRow(slot, v, n, i)
		}
	}
	nd := &node{}
	switch to.Phys() {
	case types.PhysFloat:
		read := toFloat(from, to)
		nd.eval = func(f *frame, sel []int32, n int) *zset.Vec {
			a, v, done := start(f, sel, n)
			if !done && from.Kind.IsInt() && !from.Kind.IsUnsigned() && to.Kind == types.Float64 && dense(sel, n) {
				for i := range v.F {
					v.F[i] = float64(a.I[i&a.mask])
				}
			} else if !done {
				f.rows(v, sel, n, func(i int) {
					x, st := read(a, i)
					v.F[i] = x
					told(f, v, n, i, a, st)
				})
			}
			return v
		}
	case types.PhysBytes:
		write := toText(from, to)
		nd.eval = func(f *frame, sel []int32, n int) *zset.Vec {
			a, v, done := start(f, sel, n)
			if done {
				return v
			}
			w := textWriter{f: f, v: v}
			f.rows(v, sel, n, func(i int) {
				w.begin(i)
				var st types.Status
				v.Data, st = write(v.Data, a, i)
				told(f, v, n, i, a, st)
				w.end(i)
			})
			w.finish(n)
			return v
		}
	default:
		nd.eval = c.toWords(from, to, cv, start, told)
	}
	return nd
}

// toWords compiles conversions to integers, dates, times and decimals.
func (c *compiler) toWords(from, to types.Type, cv conversion,
	start func(f *frame, sel []int32, n int) (operand, *zset.Vec, bool),
	told func(f *frame, v *zset.Vec, n, i int, a operand, st types.Status),
) func(f *frame, sel []int32, n int) *zset.Vec {
	if to.Kind == types.Decimal {
		if from.Kind.IsInt() && to.Phys() == types.PhysInt && to.Prec-to.Scale >= decimalOf(from).Prec {
			by := pow10(int(to.Scale))
			return func(f *frame, sel []int32, n int) *zset.Vec {
				a, v, _ := start(f, sel, n)
				for i := range v.I {
					v.I[i] = a.I[i&a.mask] * by
				}
				return v
			}
		}
		read := toDecimal(from, to)
		return func(f *frame, sel []int32, n int) *zset.Vec {
			a, v, done := start(f, sel, n)
			if !done {
				f.rows(v, sel, n, func(i int) {
					d, st := read(a, i)
					if !d.FitsPrec(int(to.Prec)) {
						most := types.MaxDec(int(to.Prec))
						if d.Sign() < 0 {
							most = most.Neg()
						}
						d, st = most, types.OutOfRange
					}
					v.SetDec(i, d)
					told(f, v, n, i, a, st)
				})
			}
			return v
		}
	}
	read := toInt(from, to, cv.assign)
	if to.Kind.IsTime() {
		read = toTime(from, to)
	}
	return func(f *frame, sel []int32, n int) *zset.Vec {
		a, v, done := start(f, sel, n)
		if !done {
			f.rows(v, sel, n, func(i int) {
				x, st := read(a, i)
				v.I[i] = x
				told(f, v, n, i, a, st)
			})
		}
		return v
	}
}

// str views bytes as a string for functions that do not keep it.
func str(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// toFloat reads a DOUBLE or FLOAT.
func toFloat(from, to types.Type) func(a operand, i int) (float64, types.Status) {
	var read func(a operand, i int) (float64, types.Status)
	switch {
	case from.Kind.IsUnsigned():
		read = func(a operand, i int) (float64, types.Status) { return float64(uint64(a.int(i))), types.OK }
	case from.Kind.IsInt():
		read = func(a operand, i int) (float64, types.Status) { return float64(a.int(i)), types.OK }
	case from.Kind.IsFloat():
		read = func(a operand, i int) (float64, types.Status) { return a.float(i), types.OK }
	case from.Kind == types.Decimal:
		scale := int(from.Scale)
		read = func(a operand, i int) (float64, types.Status) { return a.dec(i).Float64(scale), types.OK }
	case from.Kind == types.Date:
		read = func(a operand, i int) (float64, types.Status) { return float64(types.DateNumber(a.int(i))), types.OK }
	case from.Kind.IsTime():
		read = func(a operand, i int) (float64, types.Status) {
			n, micro := types.DatetimeNumber(a.int(i))
			return float64(n) + float64(micro)/1e6, types.OK
		}
	default:
		read = func(a operand, i int) (float64, types.Status) { return types.TextToFloat(str(a.bytes(i))) }
	}
	if to.Kind == types.Float64 {
		return read
	}
	return func(a operand, i int) (float64, types.Status) {
		x, st := read(a, i)
		if math.Abs(x) > math.MaxFloat32 {
			return math.Copysign(math.MaxFloat32, x), types.OutOfRange
		}
		return float64(float32(x)), st
	}
}

// toDecimal reads a coefficient at to's scale; its digits are not checked.
func toDecimal(from, to types.Type) func(a operand, i int) (types.Dec, types.Status) {
	scale := int(to.Scale)
	beyond := func(d types.Dec, ok bool, negative bool) (types.Dec, types.Status) {
		if ok {
			return d, types.OK
		}
		d = types.MaxDec(types.MaxPrec)
		if negative {
			d = d.Neg()
		}
		return d, types.OutOfRange
	}
	fromInt := func(d types.Dec) (types.Dec, types.Status) {
		r, ok := d.Rescale(0, scale)
		return beyond(r, ok, d.Sign() < 0)
	}
	switch {
	case from.Kind.IsUnsigned():
		return func(a operand, i int) (types.Dec, types.Status) {
			return fromInt(types.DecFromUint64(uint64(a.int(i))))
		}
	case from.Kind.IsInt():
		return func(a operand, i int) (types.Dec, types.Status) { return fromInt(types.DecFromInt64(a.int(i))) }
	case from.Kind.IsFloat():
		return func(a operand, i int) (types.Dec, types.Status) {
			d, ok := types.DecFromFloat(a.float(i), scale)
			return beyond(d, ok, a.float(i) < 0)
		}
	case from.Kind == types.Decimal:
		was := int(from.Scale)
		return func(a operand, i int) (types.Dec, types.Status) {
			d := a.dec(i)
			r, ok := d.Rescale(was, scale)
			return beyond(r, ok, d.Sign() < 0)
		}
	case from.Kind == types.Date:
		return func(a operand, i int) (types.Dec, types.Status) {
			return fromInt(types.DecFromInt64(types.DateNumber(a.int(i))))
		}
	case from.Kind.IsTime():
		return func(a operand, i int) (types.Dec, types.Status) {
			n, micro := types.DatetimeNumber(a.int(i))
			d, _ := types.DecFromInt64(n).Rescale(0, 6)
			d, _ = d.Add(types.DecFromInt64(int64(micro)))
			r, ok := d.Rescale(6, scale)
			return beyond(r, ok, false)
		}
	}
	return func(a operand, i int) (types.Dec, types.Status) {
		return types.TextToDec(str(a.bytes(i)), int(to.Prec), scale)
	}
}

// toInt reads an integer of to's kind, clamped to its range.
func toInt(from, to types.Type, assign bool) func(a operand, i int) (int64, types.Status) {
	lo, hi := to.Kind.IntRange()
	unsigned := to.Kind.IsUnsigned()
	signed := func(x int64) (int64, types.Status) {
		switch {
		case x < lo:
			return lo, types.OutOfRange
		case x > 0 && uint64(x) > hi:
			return int64(hi), types.OutOfRange
		}
		return x, types.OK
	}
	natural := func(u uint64) (int64, types.Status) {
		if u > hi {
			return int64(hi), types.OutOfRange
		}
		return int64(u), types.OK
	}
	clamp := func(negative bool) (int64, types.Status) {
		if negative {
			return lo, types.OutOfRange
		}
		return int64(hi), types.OutOfRange
	}
	switch {
	case from.Kind.IsUnsigned():
		return func(a operand, i int) (int64, types.Status) { return natural(uint64(a.int(i))) }
	case from.Kind.IsInt():
		return func(a operand, i int) (int64, types.Status) { return signed(a.int(i)) }
	case from.Kind.IsFloat():
		return func(a operand, i int) (int64, types.Status) {
			x := math.RoundToEven(a.float(i))
			switch {
			case x >= math.MinInt64 && x < 1<<63:
				return signed(int64(x))
			case x >= 1<<63 && x < 1<<64 && unsigned:
				return natural(uint64(x))
			}
			return clamp(x < 0)
		}
	case from.Kind == types.Decimal:
		scale := int(from.Scale)
		return func(a operand, i int) (int64, types.Status) {
			d := a.dec(i)
			if x, ok := d.Int64(scale); ok {
				return signed(x)
			}
			if u, ok := d.Uint64(scale); ok {
				return natural(u)
			}
			return clamp(d.Sign() < 0)
		}
	case from.Kind == types.Date:
		return func(a operand, i int) (int64, types.Status) { return signed(types.DateNumber(a.int(i))) }
	case from.Kind.IsTime():
		return func(a operand, i int) (int64, types.Status) {
			n, _ := types.DatetimeNumber(types.RoundMicros(a.int(i), 0))
			return signed(n)
		}
	case !assign:
		return func(a operand, i int) (int64, types.Status) { return castTextInt(a.bytes(i), unsigned) }
	case unsigned:
		return func(a operand, i int) (int64, types.Status) {
			u, st := types.TextToUint(str(a.bytes(i)))
			x, beyond := natural(u)
			return x, max(st, beyond)
		}
	}
	return func(a operand, i int) (int64, types.Status) {
		n, st := types.TextToInt(str(a.bytes(i)))
		x, beyond := signed(n)
		return x, max(st, beyond)
	}
}

// castTextInt reads the integer with which s begins, as CAST does: a fraction
// is cut off, not rounded. A negative one wraps around as UNSIGNED.
func castTextInt(s []byte, unsigned bool) (int64, types.Status) {
	i := 0
	for i < len(s) && (s[i] == ' ' || s[i] >= '\t' && s[i] <= '\r') {
		i++
	}
	negative := false
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		negative = s[i] == '-'
		i++
	}
	first, u, over := i, uint64(0), false
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		d := uint64(s[i] - '0')
		if u > (math.MaxUint64-d)/10 {
			over = true
		}
		u = u*10 + d
	}
	st := types.OK
	switch {
	case i == first:
		return 0, types.Incorrect
	case i < len(s):
		for k := i; k < len(s); k++ {
			if s[k] != ' ' {
				st = types.Truncated
			}
		}
	}
	switch {
	case negative && (over || u > 1<<63):
		return math.MinInt64, types.OutOfRange
	case negative && unsigned:
		return -int64(u), types.OutOfRange
	case negative:
		return -int64(u), st
	case over:
		u = math.MaxUint64
		st = types.OutOfRange
	}
	if !unsigned && u > math.MaxInt64 {
		return math.MaxInt64, types.OutOfRange
	}
	return int64(u), st
}

// toTime reads a DATE, DATETIME or TIMESTAMP.
func toTime(from, to types.Type) func(a operand, i int) (int64, types.Status) {
	fsp := to.FSP()
	if to.Kind == types.Date {
		fsp = 6
	}
	var read func(a operand, i int) (int64, types.Status)
	switch {
	case from.Kind == types.Date:
		read = func(a operand, i int) (int64, types.Status) { return a.int(i) * types.Day, types.OK }
	case from.Kind.IsTime():
		read = func(a operand, i int) (int64, types.Status) { return types.RoundMicros(a.int(i), fsp), types.OK }
	case from.Kind.IsText():
		read = func(a operand, i int) (int64, types.Status) { return types.ParseDatetime(str(a.bytes(i)), fsp) }
	case from.Kind.IsInt():
		read = func(a operand, i int) (int64, types.Status) { return types.ParseDatetimeInt(a.int(i)) }
	default:
		number := toDecimal(from, types.NewDecimal(65, 6))
		read = func(a operand, i int) (int64, types.Status) {
			d, st := number(a, i)
			whole, ok := d.Truncate(6, 0)
			n, fits := whole.Int64(0)
			if st != types.OK || !ok || !fits {
				return 0, types.Incorrect
			}
			us, st := types.ParseDatetimeInt(n)
			if st != types.OK {
				return us, st
			}
			seconds, _ := whole.Rescale(0, 6)
			rest, _ := d.Sub(seconds)
			micro, _ := rest.Int64(0)
			return types.RoundMicros(us+micro, fsp), types.OK
		}
	}
	lo, hi := types.MinDatetime, types.MaxDatetime
	if to.Kind == types.Timestamp {
		lo, hi = types.MinTimestamp, types.MaxTimestamp
	}
	return func(a operand, i int) (int64, types.Status) {
		us, st := read(a, i)
		switch {
		case st == types.Incorrect:
			return 0, st
		case us < lo || us > hi:
			return 0, types.OutOfRange
		case to.Kind == types.Date:
			return types.DateOf(us), st
		}
		return us, st
	}
}

// toText appends the text of a value, cut to to's length.
func toText(from, to types.Type) func(dst []byte, a operand, i int) ([]byte, types.Status) {
	write := textOf(from)
	if to.Len == 0 {
		return func(dst []byte, a operand, i int) ([]byte, types.Status) { return write(dst, a, i), types.OK }
	}
	limit := int(to.Len)
	return func(dst []byte, a operand, i int) ([]byte, types.Status) {
		start := len(dst)
		dst = write(dst, a, i)
		n := len(dst) - start
		if to.Kind == types.Bytes {
			if n > limit {
				return dst[:start+limit], types.TooLong
			}
			return dst, types.OK
		}
		if n <= limit {
			return dst, types.OK
		}
		cut := charsIn(dst[start:], limit)
		if cut == n {
			return dst, types.OK
		}
		st := types.TooLong
		if onlySpaces(dst[start+cut:]) {
			st = types.Noted
		}
		return dst[:start+cut], st
	}
}

func onlySpaces(s []byte) bool {
	for _, c := range s {
		if c != ' ' {
			return false
		}
	}
	return true
}

// charsIn returns the bytes that the first n characters of s take.
func charsIn(s []byte, n int) int {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		if s[at] < utf8.RuneSelf {
			at++
			continue
		}
		_, size := utf8.DecodeRune(s[at:])
		at += size
	}
	return at
}

// textOf appends a value as text.
func textOf(from types.Type) func(dst []byte, a operand, i int) []byte {
	switch {
	case from.Kind.IsUnsigned():
		return func(dst []byte, a operand, i int) []byte { return strconv.AppendUint(dst, uint64(a.int(i)), 10) }
	case from.Kind.IsInt():
		return func(dst []byte, a operand, i int) []byte { return strconv.AppendInt(dst, a.int(i), 10) }
	case from.Kind.IsFloat():
		return func(dst []byte, a operand, i int) []byte { return types.AppendFloat(dst, a.float(i), from.Kind) }
	case from.Kind == types.Decimal:
		return func(dst []byte, a operand, i int) []byte { return a.dec(i).AppendText(dst, int(from.Scale)) }
	case from.Kind == types.Date:
		return func(dst []byte, a operand, i int) []byte { return types.AppendDate(dst, a.int(i)) }
	case from.Kind.IsTime():
		return func(dst []byte, a operand, i int) []byte { return types.AppendDatetime(dst, a.int(i), from.FSP()) }
	}
	return func(dst []byte, a operand, i int) []byte { return append(dst, a.bytes(i)...) }
}

// Fits tells whether the value of a placeholder of type t loses nothing when v
// is given for it. Where it does, as with 5.5 for a BIGINT, the statement is to
// be bound again with v's own type: MySQL compares and computes in that.
func Fits(v types.Value, t types.Type) bool {
	if v.IsNull || v.Type.Kind == types.Null || t.Kind == types.Null || sameButNull(v.Type, t) {
		return true
	}
	if t.Kind.IsText() {
		return t.Len == 0
	}
	out, st := types.ConvertValue(v, t)
	if st != types.OK {
		return false
	}
	wide := v.Type
	switch {
	case v.Type.Kind.IsText() && t.Kind.IsTime():
		wide = types.NewDatetime(6)
		v, _ = types.ConvertValue(v, wide)
	case v.Type.Kind.IsText() && t.Kind.IsFloat():
		return true
	case v.Type.Kind.IsText():
		wide = types.NewDecimal(types.MaxPrec, types.MaxScale)
		v, _ = types.ConvertValue(v, wide)
	}
	back, st := types.ConvertValue(out, wide)
	return st == types.OK && back.Compare(v) == 0
}

// cast brings a parameter's value to the type its placeholder has.
func (f *frame) cast(v types.Value, t types.Type) types.Value {
	if v.IsNull || v.Type.Kind == types.Null || t.Kind == types.Null {
		return types.NullValue(t)
	}
	if v.Type.WithNull(false) == t.WithNull(false) {
		return v
	}
	out, st := types.ConvertValue(v, t)
	switch st {
	case types.OK, types.Noted:
	case types.TooLong:
		f.warn(0, sqlerr.ErrDataTooLong, "Data too long for a parameter")
	default:
		f.warn(0, sqlerr.ErrTruncatedWrongValue, "Truncated incorrect %s value: '%s'", castWord(t), v.String())
	}
	return out
}
