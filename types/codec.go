package types

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrCorrupt is returned by every decoder for bytes that no encoder wrote.
var ErrCorrupt = errors.New("types: corrupt encoding")

// A type is its kind, a byte of the flags below, and for each flag in their
// order what it announces. A value is its type, a byte 0 for NULL or 1, and
//
//	integer, time  zigzag varint
//	float          8 bytes of IEEE 754, low byte first
//	decimal        length, then the coefficient in two's complement, low byte
//	               first, as few bytes as keep its sign
//	string         uvarint length, bytes
//
// Flags and kinds are numbered for ever.
const (
	hasNull  = 1 << 0
	hasPrec  = 1 << 1 // Prec and Scale, a byte each
	hasWidth = 1 << 2 // a byte
	hasColl  = 1 << 3 // uvarint
	hasLen   = 1 << 4 // uvarint
	allFlags = 1<<5 - 1
)

// AppendType appends the encoding of t.
func AppendType(dst []byte, t Type) []byte {
	at := len(dst) + 1
	dst = append(dst, byte(t.Kind), 0)
	if t.Nullable {
		dst[at] |= hasNull
	}
	if t.Prec != 0 || t.Scale != 0 {
		dst[at] |= hasPrec
		dst = append(dst, t.Prec, t.Scale)
	}
	if t.Width != 0 {
		dst[at] |= hasWidth
		dst = append(dst, t.Width)
	}
	if t.Coll != 0 {
		dst[at] |= hasColl
		dst = binary.AppendUvarint(dst, uint64(t.Coll))
	}
	if t.Len != 0 {
		dst[at] |= hasLen
		dst = binary.AppendUvarint(dst, uint64(t.Len))
	}
	return dst
}

// DecodeType reads a type and returns the bytes behind it.
func DecodeType(src []byte) (t Type, rest []byte, err error) {
	if len(src) < 2 || src[0] > byte(Timestamp) || src[1] > allFlags {
		return t, nil, ErrCorrupt
	}
	t.Kind = Kind(src[0])
	flags := src[1]
	src = src[2:]
	t.Nullable = flags&hasNull != 0
	if flags&hasPrec != 0 {
		if len(src) < 2 {
			return t, nil, ErrCorrupt
		}
		t.Prec, t.Scale, src = src[0], src[1], src[2:]
	}
	if flags&hasWidth != 0 {
		if len(src) < 1 {
			return t, nil, ErrCorrupt
		}
		t.Width, src = src[0], src[1:]
	}
	if flags&hasColl != 0 {
		var n uint64
		if n, src, err = uvarint(src, math.MaxUint16); err != nil {
			return t, nil, err
		}
		t.Coll = Collation(n)
	}
	if flags&hasLen != 0 {
		var n uint64
		if n, src, err = uvarint(src, math.MaxUint32); err != nil {
			return t, nil, err
		}
		t.Len = uint32(n)
	}
	if !t.sound() {
		return t, nil, ErrCorrupt
	}
	return t, src, nil
}

// sound tells whether precision and scale are within what the package can do.
func (t Type) sound() bool {
	switch {
	case t.Kind == Decimal:
		return t.Prec >= 1 && t.Prec <= MaxPrec && t.Scale <= MaxScale && t.Scale <= t.Prec
	case t.Kind.IsTime():
		return t.Prec <= 6
	}
	return true
}

// uvarint reads a number of at most most.
func uvarint(src []byte, most uint64) (n uint64, rest []byte, err error) {
	n, k := binary.Uvarint(src)
	if k <= 0 || n > most {
		return 0, nil, ErrCorrupt
	}
	return n, src[k:], nil
}

// AppendValue appends the encoding of v, its type included.
func AppendValue(dst []byte, v Value) []byte {
	dst = AppendType(dst, v.Type)
	if v.IsNull {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	switch {
	case v.Type.Kind.IsFloat():
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.F))
	case v.Type.Kind == Decimal:
		return appendDec(dst, v.D)
	case v.Type.Kind.IsText():
		return append(binary.AppendUvarint(dst, uint64(len(v.S))), v.S...)
	}
	return binary.AppendVarint(dst, v.I)
}

func appendDec(dst []byte, d Dec) []byte {
	var b [32]byte
	for i, w := range d {
		binary.LittleEndian.PutUint64(b[8*i:], w)
	}
	n, fill := len(b), byte(d[3]>>63)*0xff
	for n > 0 && b[n-1] == fill && (n == 1 && fill == 0 || n > 1 && b[n-2]>>7 == fill>>7) {
		n--
	}
	return append(append(dst, byte(n)), b[:n]...)
}

// DecodeValue reads a value and returns the bytes behind it.
func DecodeValue(src []byte) (v Value, rest []byte, err error) {
	if v.Type, src, err = DecodeType(src); err != nil {
		return v, nil, err
	}
	if len(src) < 1 || src[0] > 1 {
		return v, nil, ErrCorrupt
	}
	v.IsNull = src[0] == 0
	src = src[1:]
	switch {
	case v.IsNull:
	case v.Type.Kind.IsFloat():
		if len(src) < 8 {
			return v, nil, ErrCorrupt
		}
		v.F, src = math.Float64frombits(binary.LittleEndian.Uint64(src)), src[8:]
	case v.Type.Kind == Decimal:
		if len(src) < 1 || src[0] > 32 || len(src) < 1+int(src[0]) {
			return v, nil, ErrCorrupt
		}
		n := int(src[0])
		v.D, src = decodeDec(src[1:1+n]), src[1+n:]
	case v.Type.Kind.IsText():
		var n uint64
		if n, src, err = uvarint(src, uint64(len(src))); err != nil || n > uint64(len(src)) {
			return v, nil, ErrCorrupt
		}
		v.S, src = string(src[:n]), src[n:]
	default:
		i, k := binary.Varint(src)
		if k <= 0 {
			return v, nil, ErrCorrupt
		}
		v.I, src = i, src[k:]
	}
	return v, src, nil
}

func decodeDec(b []byte) (d Dec) {
	var full [32]byte
	copy(full[:], b)
	if len(b) > 0 && b[len(b)-1]>>7 != 0 {
		for i := len(b); i < len(full); i++ {
			full[i] = 0xff
		}
	}
	for i := range d {
		d[i] = binary.LittleEndian.Uint64(full[8*i:])
	}
	return d
}
