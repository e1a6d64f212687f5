package mysql

import (
	"fmt"
	"math"

	"github.com/weirdb/weir/types"
)

// paramUnsigned is the flag of an unsigned integer in a parameter's type.
const paramUnsigned = 0x8000

// value takes a parameter of a wire type off the front of p. ok is false for
// a type that is not known.
func (p *payload) value(kind uint16) (v types.Value, ok bool) {
	unsigned := kind&paramUnsigned != 0
	switch byte(kind) {
	case wireNull:
		return types.NullValue(types.TypeNull), true
	case wireTiny:
		return intParam(uint64(p.u8()), 8, unsigned), true
	case wireShort, wireYear:
		return intParam(uint64(p.u16()), 16, unsigned), true
	case wireLong, wireInt24:
		return intParam(uint64(p.u32()), 32, unsigned), true
	case wireLongLong:
		return intParam(p.u64(), 64, unsigned), true
	case wireFloat:
		return types.Value{Type: types.Type{Kind: types.Float32}, F: float64(math.Float32frombits(p.u32()))}, true
	case wireDouble:
		return types.FloatValue(math.Float64frombits(p.u64())), true
	case wireDate, wireDatetime, wireTimestamp:
		return p.datetime(byte(kind)), true
	case wireTime:
		return types.TextValue(p.time()), true
	case wireDecimal, wireNewDecimal:
		return decimalParam(string(p.lengthBytes())), true
	case wireVarchar, wireVarString, wireString, wireEnum, wireSet, wireJSON:
		return types.TextValue(string(p.lengthBytes())), true
	case wireTinyBlob, wireMediumBlob, wireLongBlob, wireBlob, wireBit:
		return types.BytesValue(p.lengthBytes()), true
	}
	return types.Value{}, false
}

// longValue is the value of a parameter that was sent ahead.
func longValue(kind uint16, b []byte) types.Value {
	switch byte(kind) {
	case wireTinyBlob, wireMediumBlob, wireLongBlob, wireBlob, wireBit:
		return types.BytesValue(b)
	}
	return types.TextValue(string(b))
}

func intParam(u uint64, bits int, unsigned bool) types.Value {
	if unsigned {
		return types.UintValue(u)
	}
	shift := 64 - bits
	return types.IntValue(int64(u<<shift) >> shift)
}

// decimalParam is a DECIMAL where the text is one, else the text, which the
// engine will refuse in its own words.
func decimalParam(s string) types.Value {
	d, prec, scale, err := types.ParseDec(s)
	if err != nil {
		return types.TextValue(s)
	}
	return types.Value{Type: types.NewDecimal(prec, scale), D: d}
}

// datetime takes a DATE, DATETIME or TIMESTAMP. One that does not exist, such
// as 0000-00-00, becomes a text, which the engine will refuse or not, by its
// sql_mode.
func (p *payload) datetime(kind byte) types.Value {
	var c types.Civil
	n := p.u8()
	switch n {
	case 0, 4, 7, 11:
	default:
		p.fail()
		return types.Value{}
	}
	if n >= 4 {
		c.Year, c.Month, c.Day = int(p.u16()), int(p.u8()), int(p.u8())
	}
	if n >= 7 {
		c.Hour, c.Minute, c.Second = int(p.u8()), int(p.u8()), int(p.u8())
	}
	if n == 11 {
		c.Micro = int(p.u32())
	}
	us, ok := c.Micros()
	if !ok {
		return types.TextValue(fmt.Sprintf("%04d-%02d-%02d %02d:%02d:%02d.%06d",
			c.Year, c.Month, c.Day, c.Hour, c.Minute, c.Second, c.Micro))
	}
	if kind == wireDate && n <= 4 {
		return types.Value{Type: types.TypeDate, I: types.DateOf(us)}
	}
	fsp := 0
	if c.Micro != 0 {
		fsp = 6
	}
	return types.Value{Type: types.NewDatetime(fsp), I: us}
}

// time takes a TIME, which Weir has no type for, as its text.
func (p *payload) time() string {
	n := p.u8()
	if n == 0 {
		return "00:00:00"
	}
	if n != 8 && n != 12 {
		p.fail()
		return ""
	}
	sign := ""
	if p.u8() != 0 {
		sign = "-"
	}
	hours := uint64(p.u32()) * 24
	hours += uint64(p.u8())
	minutes, seconds := p.u8(), p.u8()
	s := fmt.Sprintf("%s%02d:%02d:%02d", sign, hours, minutes, seconds)
	if n == 12 {
		s += fmt.Sprintf(".%06d", p.u32())
	}
	return s
}
