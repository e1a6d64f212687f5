package http

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// appendJSON appends row i of a column of type t as JSON:
//
//	integers, BOOLEAN        numbers, beyond 2^53 too
//	FLOAT, DOUBLE            numbers; null for NaN and the infinities
//	DECIMAL                  numbers with all their digits; a reader that makes
//	                         a double of them keeps about 15
//	strings                  strings; bytes that are no UTF-8 become U+FFFD
//	VARBINARY, BLOB          base64 strings
//	DATE                     "2024-02-29"
//	DATETIME                 "2024-02-29T13:05:09.25", the digits of its type
//	TIMESTAMP                the same with a Z, being UTC
func appendJSON(dst []byte, t types.Type, v *zset.Vec, i int) []byte {
	if t.Kind == types.Null || v.IsNull(i) {
		return append(dst, "null"...)
	}
	switch t.Kind {
	case types.Float32, types.Float64:
		if f := v.F[i]; math.IsNaN(f) || math.IsInf(f, 0) {
			return append(dst, "null"...)
		}
		return appendPlain(dst, t, v, i)
	case types.String:
		return appendString(dst, v.Bytes(i))
	case types.Date, types.Datetime, types.Timestamp, types.Bytes:
	default:
		return appendPlain(dst, t, v, i)
	}
	return append(appendPlain(append(dst, '"'), t, v, i), '"')
}

// appendPlain appends a value that is not NULL as bare text, in the forms of
// appendJSON.
func appendPlain(dst []byte, t types.Type, v *zset.Vec, i int) []byte {
	switch t.Kind {
	case types.Float32, types.Float64:
		return types.AppendFloat(dst, v.F[i], t.Kind)
	case types.Decimal:
		return v.Dec(i).AppendText(dst, int(t.Scale))
	case types.String:
		return append(dst, v.Bytes(i)...)
	case types.Bytes:
		return base64.StdEncoding.AppendEncode(dst, v.Bytes(i))
	case types.Date:
		return types.AppendDate(dst, v.I[i])
	case types.Datetime, types.Timestamp:
		mark := len(dst)
		dst = types.AppendDatetime(dst, v.I[i], t.FSP())
		dst[mark+len("2024-02-29")] = 'T'
		if t.Kind == types.Timestamp {
			dst = append(dst, 'Z')
		}
		return dst
	}
	if t.Kind.IsUnsigned() {
		return strconv.AppendUint(dst, uint64(v.I[i]), 10)
	}
	return strconv.AppendInt(dst, v.I[i], 10)
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string.
func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(s[i:])
			if r != utf8.RuneError || n != 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[from:i]...)
		dst = appendEscape(dst, c)
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

// appendEscape appends a byte that cannot stand for itself in a JSON string.
func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	if c >= utf8.RuneSelf {
		return append(dst, "\uFFFD"...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
