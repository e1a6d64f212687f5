package mysql

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// cell says how the values of a column are written.
type cell uint8

const (
	cellNull cell = iota // the type of a bare NULL
	cellInt
	cellUint
	cellFloat
	cellDecimal
	cellBytes
	cellDate
	cellDatetime // and TIMESTAMP
)

// rowCoder writes rows of one result set in the text or the binary protocol.
type rowCoder struct {
	cells []cell
	types []types.Type
}

// reset readies the coder for columns of a result set.
func (rc *rowCoder) reset(cols []engine.Column) {
	rc.cells, rc.types = rc.cells[:0], rc.types[:0]
	for i := range cols {
		t := cols[i].Type
		rc.cells = append(rc.cells, cellOf(t.Kind))
		rc.types = append(rc.types, t)
	}
}

func cellOf(k types.Kind) cell {
	switch k {
	case types.Int8, types.Int16, types.Int24, types.Int32, types.Int64:
		return cellInt
	case types.Uint8, types.Uint16, types.Uint24, types.Uint32, types.Uint64:
		return cellUint
	case types.Float32, types.Float64:
		return cellFloat
	case types.Decimal:
		return cellDecimal
	case types.String, types.Bytes:
		return cellBytes
	case types.Date:
		return cellDate
	case types.Datetime, types.Timestamp:
		return cellDatetime
	}
	return cellNull
}

// appendText appends row i as the text protocol has it: every value a
// length-encoded string, 0xfb for NULL.
func (rc *rowCoder) appendText(dst []byte, b *zset.Batch, i int) []byte {
	for c, kind := range rc.cells {
		v := &b.Cols[c]
		if kind == cellNull || v.IsNull(i) {
			dst = append(dst, 0xfb)
			continue
		}
		if kind == cellBytes {
			dst = appendLengthBytes(dst, v.Bytes(i))
			continue
		}
		mark := len(dst) // all others are shorter than 251 bytes
		dst = append(dst, 0)
		switch kind {
		case cellInt:
			dst = strconv.AppendInt(dst, v.I[i], 10)
		case cellUint:
			dst = strconv.AppendUint(dst, uint64(v.I[i]), 10)
		case cellFloat:
			dst = types.AppendFloat(dst, v.F[i], rc.types[c].Kind)
		case cellDecimal:
			dst = v.Dec(i).AppendText(dst, int(rc.types[c].Scale))
		case cellDate:
			dst = types.AppendDate(dst, v.I[i])
		case cellDatetime:
			dst = types.AppendDatetime(dst, v.I[i], rc.types[c].FSP())
		}
		dst[mark] = byte(len(dst) - mark - 1)
	}
	return dst
}

// appendBinary appends row i as the binary protocol has it: a zero byte, a
// bitmap of NULLs that begins at bit 2, and the values that are not NULL.
func (rc *rowCoder) appendBinary(dst []byte, b *zset.Batch, i int) []byte {
	dst = append(dst, 0)
	nulls := len(dst)
	for n := (len(rc.cells) + 9) / 8; n > 0; n-- {
		dst = append(dst, 0)
	}
	for c, kind := range rc.cells {
		v := &b.Cols[c]
		if kind == cellNull || v.IsNull(i) {
			dst[nulls+(c+2)/8] |= 1 << ((c + 2) % 8)
			continue
		}
		switch kind {
		case cellInt, cellUint:
			dst = appendBinaryInt(dst, v.I[i], rc.types[c].Kind)
		case cellFloat:
			dst = appendBinaryFloat(dst, v.F[i], rc.types[c].Kind)
		case cellDecimal:
			mark := len(dst)
			dst = v.Dec(i).AppendText(append(dst, 0), int(rc.types[c].Scale))
			dst[mark] = byte(len(dst) - mark - 1)
		case cellBytes:
			dst = appendLengthBytes(dst, v.Bytes(i))
		case cellDate:
			dst = appendBinaryDate(dst, v.I[i])
		case cellDatetime:
			dst = appendBinaryDatetime(dst, v.I[i])
		}
	}
	return dst
}

func appendBinaryInt(dst []byte, x int64, k types.Kind) []byte {
	switch k {
	case types.Int8, types.Uint8:
		return append(dst, byte(x))
	case types.Int16, types.Uint16:
		return binary.LittleEndian.AppendUint16(dst, uint16(x))
	case types.Int64, types.Uint64:
		return binary.LittleEndian.AppendUint64(dst, uint64(x))
	}
	return binary.LittleEndian.AppendUint32(dst, uint32(x))
}

func appendBinaryFloat(dst []byte, f float64, k types.Kind) []byte {
	if k == types.Float32 {
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(f)))
	}
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
}

func appendBinaryDate(dst []byte, days int64) []byte {
	y, m, d := types.CivilFromDays(days)
	return append(dst, 4, byte(y), byte(y>>8), byte(m), byte(d))
}

// appendBinaryDatetime leaves out a time of zero and a fraction of zero.
func appendBinaryDatetime(dst []byte, us int64) []byte {
	c := types.CivilFromMicros(us)
	n := byte(11)
	switch {
	case c.Hour|c.Minute|c.Second|c.Micro == 0:
		n = 4
	case c.Micro == 0:
		n = 7
	}
	dst = append(dst, n, byte(c.Year), byte(c.Year>>8), byte(c.Month), byte(c.Day))
	if n > 4 {
		dst = append(dst, byte(c.Hour), byte(c.Minute), byte(c.Second))
	}
	if n > 7 {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(c.Micro))
	}
	return dst
}
