package types

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
)

var kindNames = [...]string{
	Null: "null",
	Int8: "tinyint", Int16: "smallint", Int24: "mediumint", Int32: "int", Int64: "bigint",
	Uint8: "tinyint unsigned", Uint16: "smallint unsigned", Uint24: "mediumint unsigned",
	Uint32: "int unsigned", Uint64: "bigint unsigned",
	Float32: "float", Float64: "double", Decimal: "decimal", String: "varchar", Bytes: "varbinary",
	Date: "date", Datetime: "datetime", Timestamp: "timestamp",
}

// String returns the SQL name of t: "bigint unsigned", "decimal(10,2)",
// "varchar(20)", "datetime(6)", "tinyint(1)".
func (t Type) String() string {
	if int(t.Kind) >= len(kindNames) {
		return "kind " + strconv.Itoa(int(t.Kind))
	}
	name := kindNames[t.Kind]
	switch {
	case t.Kind == Int8 && t.Width > 0:
		return name + "(" + strconv.Itoa(int(t.Width)) + ")"
	case t.Kind == Decimal:
		return name + "(" + strconv.Itoa(int(t.Prec)) + "," + strconv.Itoa(int(t.Scale)) + ")"
	case t.Kind == String && t.Len == 0:
		return "text"
	case t.Kind == Bytes && t.Len == 0:
		return "blob"
	case t.Kind.IsText():
		return name + "(" + strconv.FormatUint(uint64(t.Len), 10) + ")"
	case t.Kind.IsTime() && t.Prec > 0:
		return name + "(" + strconv.Itoa(int(t.Prec)) + ")"
	}
	return name
}

// IntRange returns the least and greatest value of an integer kind.
func (k Kind) IntRange() (lo int64, hi uint64) {
	switch k {
	case Int8, Int16, Int24, Int32:
		bits := [...]int{Int8: 8, Int16: 16, Int24: 24, Int32: 32}[k]
		return -1 << (bits - 1), 1<<(bits-1) - 1
	case Uint8, Uint16, Uint24, Uint32:
		bits := [...]int{Uint8: 8, Uint16: 16, Uint24: 24, Uint32: 32}[k]
		return 0, 1<<bits - 1
	case Uint64:
		return 0, math.MaxUint64
	}
	return math.MinInt64, math.MaxInt64
}

// FSP returns the fractional digits of a DATETIME or TIMESTAMP type.
func (t Type) FSP() int { return int(t.Prec) }

// NewString returns VARCHAR(n) under the default collation; n = 0 is TEXT.
func NewString(n int) Type { return Type{Kind: String, Coll: DefaultCollation, Len: uint32(n)} }

// NewDatetime returns DATETIME(fsp).
func NewDatetime(fsp int) Type { return Type{Kind: Datetime, Prec: uint8(fsp)} }

// NewTimestamp returns TIMESTAMP(fsp).
func NewTimestamp(fsp int) Type { return Type{Kind: Timestamp, Prec: uint8(fsp)} }

// maxPlain is the most digits before the point, or zeros behind it, that a
// float prints without an exponent.
const maxPlain = 15

// AppendFloat appends f as MySQL prints a DOUBLE, the shortest text that reads
// back as f, or a FLOAT, six digits of it.
func AppendFloat(dst []byte, f float64, k Kind) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strconv.AppendFloat(dst, f, 'g', -1, 64)
	}
	var buf [32]byte
	prec := -1
	if k == Float32 {
		prec = 5
	}
	text := strconv.AppendFloat(buf[:0], f, 'e', prec, 64) // -d.dddde-dd
	if text[0] == '-' {
		if f != 0 {
			dst = append(dst, '-')
		}
		text = text[1:]
	}
	e := bytes.IndexByte(text, 'e')
	exp := parseExponent(text[e+1:])
	if e > 1 {
		copy(text[1:], text[2:e]) // drop the point
		e--
	}
	for e > 1 && text[e-1] == '0' {
		e--
	}
	return appendDigits(dst, text[:e], exp)
}

// appendDigits appends d.ddd * 10^exp.
func appendDigits(dst, digits []byte, exp int) []byte {
	switch point := exp + 1; {
	case point > maxPlain || point < 1-maxPlain:
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(append(dst, '.'), digits[1:]...)
		}
		return strconv.AppendInt(append(dst, 'e'), int64(exp), 10)
	case point <= 0:
		dst = append(dst, "0."...)
		for ; point < 0; point++ {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	case point >= len(digits):
		dst = append(dst, digits...)
		for ; point > len(digits); point-- {
			dst = append(dst, '0')
		}
		return dst
	default:
		dst = append(append(dst, digits[:point]...), '.')
		return append(dst, digits[point:]...)
	}
}

// AppendValueText appends v as MySQL's text protocol has it; nothing for NULL.
func AppendValueText(dst []byte, v Value) []byte {
	switch {
	case v.IsNull:
		return dst
	case v.Type.Kind.IsUnsigned():
		return strconv.AppendUint(dst, uint64(v.I), 10)
	case v.Type.Kind.IsFloat():
		return AppendFloat(dst, v.F, v.Type.Kind)
	case v.Type.Kind == Decimal:
		return v.D.AppendText(dst, int(v.Type.Scale))
	case v.Type.Kind.IsText():
		return append(dst, v.S...)
	case v.Type.Kind == Date:
		return AppendDate(dst, v.I)
	case v.Type.Kind.IsTime():
		return AppendDatetime(dst, v.I, v.Type.FSP())
	}
	return strconv.AppendInt(dst, v.I, 10)
}

// String returns v as a client shows it, "NULL" for NULL.
func (v Value) String() string {
	switch {
	case v.IsNull:
		return "NULL"
	case v.Type.Kind.IsText():
		return v.S
	}
	return string(AppendValueText(nil, v))
}

var sqlEscapes = strings.NewReplacer("'", "''", `\`, `\\`, "\x00", `\0`, "\n", `\n`, "\r", `\r`, "\x1a", `\Z`)

// SQL returns v as a literal that reads back as the same value.
func (v Value) SQL() string {
	switch {
	case v.IsNull:
		return "NULL"
	case v.Type.Kind == String:
		return "'" + sqlEscapes.Replace(v.S) + "'"
	case v.Type.Kind == Bytes:
		return "X'" + strings.ToUpper(hex.EncodeToString([]byte(v.S))) + "'"
	case v.Type.Kind == Date:
		return "DATE'" + v.String() + "'"
	case v.Type.Kind.IsTime():
		return "TIMESTAMP'" + v.String() + "'"
	case v.Type.Kind.IsFloat():
		return strings.Replace(strconv.FormatFloat(v.F, 'e', -1, 64), "e+", "e", 1)
	}
	return v.String()
}

// Compare orders v and w, of one kind up to width, sign, scale and length: -1,
// 0 or 1. NULL comes first. Strings compare under v's collation.
func (v Value) Compare(w Value) int {
	switch {
	case v.IsNull || w.IsNull:
		return boolInt(w.IsNull) - boolInt(v.IsNull)
	case v.Type.Kind == Decimal:
		return CmpDec(v.D, int(v.Type.Scale), w.D, int(w.Type.Scale))
	case v.Type.Kind.IsFloat():
		return cmp.Compare(v.F, w.F)
	case v.Type.Kind == Bytes:
		return strings.Compare(v.S, w.S)
	case v.Type.Kind == String:
		return v.Type.Coll.Compare([]byte(v.S), []byte(w.S))
	}
	if x, y := v.beyondInt64(), w.beyondInt64(); x != y {
		return boolInt(x) - boolInt(y)
	}
	return cmp.Compare(v.I, w.I)
}

// beyondInt64 tells whether v is an unsigned integer above every signed one.
func (v Value) beyondInt64() bool { return v.Type.Kind.IsUnsigned() && v.I < 0 }

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
