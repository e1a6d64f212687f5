package zset

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unsafe"

	"github.com/weirdb/weir/types"
)

// The bytes form of a key is its columns one behind the other; the bytes of a
// Desc column are inverted. A column is
//
//	NULL      00
//	string    01, weight string with 00 as 01 01 and 01 as 01 02, then 00
//	float     02, 8 bytes big-endian in the order of numbers; -0 is 0, every
//	          NaN is one and above all others
//	integer   03 (below 0) or 04, 8 bytes big-endian: BIGINT and BIGINT
//	and time  UNSIGNED of one value have one key
//	decimal   80+n, n bytes of the integer part, big-endian without leading
//	          zeros; then the fraction in pairs of digits, a byte 2*pair+1
//	          each, the last one 2*pair; trailing 00 pairs are left out, but
//	          for the first. Below 0 all of it is inverted.
//
// so that equal numbers of different scale are equal, and no column's bytes
// are a prefix of another's.
const (
	markNull     = 0x00
	markString   = 0x01
	markFloat    = 0x02
	markNegative = 0x03
	markPositive = 0x04
	markDecimal  = 0x80

	intKeyLen = 9
)

// KeyIsInt tells whether keys over cols of a relation with columns ts have the
// integer form: one column of an integer or time kind that is not Nullable.
func KeyIsInt(ts []types.Type, cols []KeyCol) bool {
	if len(cols) != 1 {
		return false
	}
	t := ts[cols[0].Col]
	return !t.Nullable && (t.Kind.IsInt() || t.Kind.IsTime())
}

// Normalise sets dst to the keys of all rows of b over cols, reusing dst's
// memory. Their form is what KeyIsInt says of b's types. No columns give
// empty keys of the bytes form.
func Normalise(dst *Keys, b *Batch, cols []KeyCol) {
	isInt := false
	if len(cols) == 1 {
		t := b.Cols[cols[0].Col].Type
		isInt = !t.Nullable && (t.Kind.IsInt() || t.Kind.IsTime())
	}
	NormaliseAs(dst, b, cols, isInt)
}

// NormaliseAs is Normalise with the form given: to probe an integer keyed
// arrangement with a nullable column, or a compound one with a prefix. isInt
// asks for one column of an integer or time kind; a NULL there has the key of
// 0, and the caller leaves such rows out.
func NormaliseAs(dst *Keys, b *Batch, cols []KeyCol, isInt bool) {
	dst.Reset(isInt)
	switch {
	case isInt:
		v := &b.Cols[cols[0].Col]
		dst.Int = append(dst.Int, v.I...)
		if flip := intFlip(v.Type.Kind, cols[0].Desc); flip != 0 {
			for i := range dst.Int {
				dst.Int[i] ^= flip
			}
		}
	case len(cols) == 1 && b.Cols[cols[0].Col].Type.Phys() == types.PhysBytes:
		dst.Off = grown(dst.Off, b.N)
		dst.appendTexts(&b.Cols[cols[0].Col], cols[0].Desc, b.N)
	default:
		dst.Off = grown(dst.Off, b.N)
		for i := range b.N {
			for _, c := range cols {
				dst.Data = appendCell(dst.Data, &b.Cols[c.Col], i, c.Desc)
			}
			dst.Off = append(dst.Off, uint32(len(dst.Data)))
		}
	}
}

// intFlip is what turns the bits of an integer of kind k into its int key.
func intFlip(k types.Kind, desc bool) int64 {
	var flip int64
	if k.IsUnsigned() {
		flip = math.MinInt64
	}
	if desc {
		flip = ^flip
	}
	return flip
}

// appendTexts appends the keys of a string column.
func (k *Keys) appendTexts(v *Vec, desc bool, n int) {
	coll := textCollation(v.Type)
	for i := range n {
		at := len(k.Data)
		if v.IsNull(i) {
			k.Data = append(k.Data, markNull)
		} else {
			k.Data = appendTextKey(k.Data, v.Bytes(i), coll)
		}
		if desc {
			invert(k.Data[at:])
		}
		k.Off = append(k.Off, uint32(len(k.Data)))
	}
}

func textCollation(t types.Type) types.Collation {
	if t.Kind == types.Bytes {
		return types.CollBinary
	}
	return t.Coll
}

// appendCell appends the key bytes of one cell.
func appendCell(dst []byte, v *Vec, i int, desc bool) []byte {
	at := len(dst)
	switch {
	case v.IsNull(i) || v.Type.Kind == types.Null:
		dst = append(dst, markNull)
	case v.Type.Kind == types.Decimal:
		if v.Type.Phys() == types.PhysInt && v.Type.Scale <= 18 {
			dst = appendSmallDecKey(dst, v.I[i], int(v.Type.Scale))
		} else {
			dst = appendDecKey(dst, v.Dec(i), int(v.Type.Scale))
		}
	case v.Type.Phys() == types.PhysFloat:
		dst = appendFloatKey(dst, v.F[i])
	case v.Type.Phys() == types.PhysBytes:
		dst = appendTextKey(dst, v.Bytes(i), textCollation(v.Type))
	default:
		dst = appendIntKey(dst, v.I[i], v.Type.Kind)
	}
	if desc {
		invert(dst[at:])
	}
	return dst
}

// NormaliseValues returns the key of one row of values, vals[i] for cols[i]
// and of that column's type (KeyCol.Col is not used). isInt is as in
// NormaliseAs. Fewer values than columns give the prefix of a compound key.
func NormaliseValues(vals []types.Value, cols []KeyCol, isInt bool) Key {
	k := NewKeys(isInt, 1)
	AppendKeyValues(k, vals, cols)
	return k.At(0)
}

// AppendKeyValues appends the key that NormaliseValues gives to dst, in dst's
// form.
func AppendKeyValues(dst *Keys, vals []types.Value, cols []KeyCol) {
	if dst.IsInt() {
		dst.Int = append(dst.Int, vals[0].I^intFlip(vals[0].Type.Kind, cols[0].Desc))
		return
	}
	for i := range vals {
		at := len(dst.Data)
		dst.Data = appendValueKey(dst.Data, &vals[i])
		if cols[i].Desc {
			invert(dst.Data[at:])
		}
	}
	dst.Off = append(dst.Off, uint32(len(dst.Data)))
}

func appendValueKey(dst []byte, v *types.Value) []byte {
	switch {
	case v.IsNull || v.Type.Kind == types.Null:
		return append(dst, markNull)
	case v.Type.Kind == types.Decimal:
		return appendDecKey(dst, v.D, int(v.Type.Scale))
	case v.Type.Phys() == types.PhysFloat:
		return appendFloatKey(dst, v.F)
	case v.Type.Phys() == types.PhysBytes:
		// The bytes are only read, so the string may lend them.
		return appendTextKey(dst, unsafe.Slice(unsafe.StringData(v.S), len(v.S)), textCollation(v.Type))
	}
	return appendIntKey(dst, v.I, v.Type.Kind)
}

func invert(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

func appendIntKey(dst []byte, x int64, k types.Kind) []byte {
	mark := byte(markPositive)
	if x < 0 && !k.IsUnsigned() {
		mark = markNegative
	}
	return binary.BigEndian.AppendUint64(append(dst, mark), uint64(x))
}

func appendFloatKey(dst []byte, f float64) []byte {
	u := uint64(math.MaxUint64)
	switch {
	case f == 0:
		u = 1 << 63
	case f == f:
		u = floatOrder(f)
	}
	return binary.BigEndian.AppendUint64(append(dst, markFloat), u)
}

func appendTextKey(dst, s []byte, coll types.Collation) []byte {
	dst = append(dst, markString)
	if coll.Binary() {
		return appendEscaped(dst, s)
	}
	at := len(dst)
	dst = coll.AppendSortKey(dst, s)
	if firstLow(dst[at:]) == len(dst)-at {
		return append(dst, 0)
	}
	weights := append([]byte(nil), dst[at:]...)
	return appendEscaped(dst[:at], weights)
}

// appendEscaped appends s with 00 as 01 01 and 01 as 01 02, and 00 at its end.
func appendEscaped(dst, s []byte) []byte {
	for {
		i := firstLow(s)
		dst = append(dst, s[:i]...)
		if i == len(s) {
			return append(dst, 0)
		}
		dst = append(dst, 1, s[i]+1)
		s = s[i+1:]
	}
}

// firstLow returns the position of the first byte below 2, len(s) without one.
func firstLow(s []byte) int {
	const ones = 0x0101010101010101
	i := 0
	for ; len(s)-i >= 8; i += 8 {
		x := binary.LittleEndian.Uint64(s[i:])
		if low := (x - 2*ones) &^ x & (0x80 * ones); low != 0 {
			return i + bits.TrailingZeros64(low)/8
		}
	}
	for ; i < len(s); i++ {
		if s[i] < 2 {
			break
		}
	}
	return i
}

var pow10 = func() (p [19]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

// appendSmallDecKey is appendDecKey for a coefficient of one word.
func appendSmallDecKey(dst []byte, c int64, scale int) []byte {
	at := len(dst)
	u := uint64(c)
	if c < 0 {
		u = -u
	}
	q, r := u/pow10[scale], u%pow10[scale]
	n := (bits.Len64(q) + 7) / 8
	dst = append(dst, byte(markDecimal+n))
	for i := n - 1; i >= 0; i-- {
		dst = append(dst, byte(q>>(8*i)))
	}
	var pairs [9]byte
	putPairs(pairs[:(scale+1)/2], r*pow10[scale&1])
	dst = appendPairs(dst, pairs[:(scale+1)/2])
	if c < 0 {
		invert(dst[at:])
	}
	return dst
}

// appendDecKey appends the key of a decimal of any width.
func appendDecKey(dst []byte, d types.Dec, scale int) []byte {
	at := len(dst)
	a := d.Abs()
	q, _ := a.Truncate(scale, 0)
	whole, _ := q.Rescale(0, scale)
	frac, _ := a.Sub(whole)
	var be [32]byte
	for i, w := range q {
		binary.BigEndian.PutUint64(be[24-8*i:], w)
	}
	zeros := 0
	for zeros < len(be) && be[zeros] == 0 {
		zeros++
	}
	dst = append(dst, byte(markDecimal+len(be)-zeros))
	dst = append(dst, be[zeros:]...)

	// 36 digits of the fraction, in two words of 18.
	frac, _ = frac.Rescale(scale, 36)
	hi, _ := frac.Truncate(36, 18)
	top, _ := hi.Rescale(18, 36)
	lo, _ := frac.Sub(top)
	var pairs [18]byte
	putPairs(pairs[:9], hi[0])
	putPairs(pairs[9:], lo[0])
	dst = appendPairs(dst, pairs[:])
	if d.Sign() < 0 {
		invert(dst[at:])
	}
	return dst
}

// putPairs fills pairs with the pairs of decimal digits of r.
func putPairs(pairs []byte, r uint64) {
	for i := len(pairs) - 1; i >= 0; i-- {
		pairs[i] = byte(r % 100)
		r /= 100
	}
}

func appendPairs(dst, pairs []byte) []byte {
	n := len(pairs)
	for n > 0 && pairs[n-1] == 0 {
		n--
	}
	if n == 0 {
		return append(dst, 0)
	}
	for _, p := range pairs[:n-1] {
		dst = append(dst, 2*p+1)
	}
	return append(dst, 2*pairs[n-1])
}
