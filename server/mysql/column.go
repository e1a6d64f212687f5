package mysql

import (
	"encoding/binary"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/types"
)

// wireType is a column's type as a column definition has it.
type wireType struct {
	code     byte
	length   uint32 // of a value as text, in bytes
	flags    uint16
	decimals byte
	charset  uint16
}

// longText is the length of texts without a limit.
const longText = 1<<32 - 1

// notFixed is the decimals of a float: as many as it needs.
const notFixed = 31

// bytesPerChar is the most bytes a character takes in utf8mb4.
const bytesPerChar = 4

// intWire holds code and text length of the integers from Int8 on, signed and
// then unsigned.
var intWire = [...]struct {
	code   byte
	length uint32
}{
	{wireTiny, 4}, {wireShort, 6}, {wireInt24, 9}, {wireLong, 11}, {wireLongLong, 20},
	{wireTiny, 3}, {wireShort, 5}, {wireInt24, 8}, {wireLong, 10}, {wireLongLong, 20},
}

// wireTypeOf translates a column's type. expr says that the column is no
// table's: a text without limit is then VAR_STRING, otherwise BLOB, as MySQL
// has it for literals and TEXT columns.
func wireTypeOf(t types.Type, expr bool) wireType {
	w := wireType{flags: flagBinary, charset: uint16(types.CollBinary)}
	switch t.Kind {
	case types.Int8, types.Int16, types.Int24, types.Int32, types.Int64,
		types.Uint8, types.Uint16, types.Uint24, types.Uint32, types.Uint64:
		in := intWire[t.Kind-types.Int8]
		w.code, w.length = in.code, in.length
		if t.Kind.IsUnsigned() {
			w.flags |= flagUnsigned
		}
		if t.Width != 0 {
			w.length = uint32(t.Width)
		}
	case types.Float32:
		w.code, w.length, w.decimals = wireFloat, 12, notFixed
	case types.Float64:
		w.code, w.length, w.decimals = wireDouble, 22, notFixed
	case types.Decimal:
		w.code, w.length, w.decimals = wireNewDecimal, uint32(t.Prec)+1, t.Scale
		if t.Scale > 0 {
			w.length++
		}
	case types.String:
		w.flags, w.charset = 0, uint16(types.DefaultCollation)
		w.setText(uint64(t.Len)*bytesPerChar, expr)
	case types.Bytes:
		w.setText(uint64(t.Len), expr)
	case types.Date:
		w.code, w.length = wireDate, 10
	case types.Datetime, types.Timestamp:
		w.code, w.length, w.decimals = wireDatetime, 19, t.Prec
		if t.Kind == types.Timestamp {
			w.code = wireTimestamp
		}
		if t.Prec > 0 {
			w.length += uint32(t.Prec) + 1
		}
	case types.Null:
		w.code = wireNull
	}
	if !t.Nullable {
		w.flags |= flagNotNull
	}
	return w
}

func (w *wireType) setText(length uint64, expr bool) {
	w.code, w.length = wireVarString, uint32(min(length, longText))
	if length == 0 {
		w.length = longText
		if !expr {
			w.code = wireBlob
			w.flags |= flagBlob
		}
	}
}

// appendColumn appends the payload of a column definition.
func appendColumn(dst []byte, c *engine.Column) []byte {
	w := wireTypeOf(c.Type, c.Table == "")
	if c.PrimaryKey {
		w.flags |= flagPrimaryKey
	}
	if c.AutoIncrement {
		w.flags |= flagAutoIncrement
	}
	dst = appendLengthString(dst, "def")
	dst = appendLengthString(dst, c.DB)
	dst = appendLengthString(dst, c.Table)
	dst = appendLengthString(dst, c.Table)
	dst = appendLengthString(dst, c.Name)
	dst = appendLengthString(dst, c.OrgName)
	dst = append(dst, 12) // the length of what follows
	dst = binary.LittleEndian.AppendUint16(dst, w.charset)
	dst = binary.LittleEndian.AppendUint32(dst, w.length)
	dst = append(dst, w.code)
	dst = binary.LittleEndian.AppendUint16(dst, w.flags)
	return append(dst, w.decimals, 0, 0)
}
