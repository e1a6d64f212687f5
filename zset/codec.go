package zset

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/weirdb/weir/types"
)

// The encoding of a batch, numbered for ever:
//
//	01                    format
//	uvarint               rows
//	uvarint               columns
//	weights               00 when all are 1, else 01 and an integer run
//	each column           its type (types.AppendType), 00 when none is NULL or
//	                      01 and the bitmap (bit i%8 of byte i/8), then
//	  integers, times,
//	  short decimals      an integer run
//	  floats              8 bytes a row, low byte first
//	  wide decimals       an integer run for each word of the coefficient, the
//	                      lowest first
//	  strings             an integer run of the lengths, then all bytes
//
// An integer run is: width in bytes, 0, 1, 2, 4 or 8; the least value as a
// zigzag varint; each value less the least, low byte first. The width is 0 iff
// there is at most one row, so that every row of a column takes a byte and a
// short message cannot claim a long batch.
const batchFormat = 1

// minColumn is the least bytes of a column: type, validity, an empty run.
const minColumn = 5

// AppendBatch appends the encoding of b, column types and weights included.
// Equal batches (same rows, order and types) have equal encodings.
func AppendBatch(dst []byte, b *Batch) []byte {
	dst = append(dst, batchFormat)
	dst = binary.AppendUvarint(dst, uint64(b.N))
	dst = binary.AppendUvarint(dst, uint64(len(b.Cols)))
	if b.unitWeights() {
		dst = append(dst, 0)
	} else {
		dst = appendRun(append(dst, 1), b.W)
	}
	for c := range b.Cols {
		dst = appendVec(dst, &b.Cols[c], b.N)
	}
	return dst
}

func (b *Batch) unitWeights() bool {
	for _, w := range b.W {
		if w != 1 {
			return false
		}
	}
	return true
}

func appendVec(dst []byte, v *Vec, n int) []byte {
	dst = types.AppendType(dst, v.Type)
	dst = appendValidity(dst, v, n)
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		for _, f := range v.F[:n] {
			dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(f))
		}
		return dst
	case types.PhysDec2, types.PhysDec4:
		words := p.Words()
		plane := make([]int64, n)
		for k := range words {
			for i := range plane {
				plane[i] = int64(v.W[i*words+k])
			}
			dst = appendRun(dst, plane)
		}
		return dst
	case types.PhysBytes:
		if n == 0 {
			return appendRun(dst, nil)
		}
		lengths := make([]int64, n)
		for i := range lengths {
			lengths[i] = int64(v.Off[i+1] - v.Off[i])
		}
		dst = appendRun(dst, lengths)
		return append(dst, v.Data[v.Off[0]:v.Off[n]]...)
	}
	return appendRun(dst, v.I[:n])
}

func appendValidity(dst []byte, v *Vec, n int) []byte {
	if v.Valid == nil || v.Valid.count(n) == n {
		return append(dst, 0)
	}
	dst = append(dst, 1)
	for i := 0; i < n; i += 8 {
		byteAt := byte(v.Valid[i>>6] >> (i & 63))
		if n-i < 8 {
			byteAt &= 1<<(n-i) - 1
		}
		dst = append(dst, byteAt)
	}
	return dst
}

// appendRun appends an integer run.
func appendRun(dst []byte, xs []int64) []byte {
	if len(xs) == 0 {
		return append(dst, 0, 0)
	}
	lo, hi := xs[0], xs[0]
	for _, x := range xs {
		lo, hi = min(lo, x), max(hi, x)
	}
	width := runWidth(len(xs), uint64(hi)-uint64(lo))
	dst = binary.AppendVarint(append(dst, byte(width)), lo)
	switch width {
	case 1:
		for _, x := range xs {
			dst = append(dst, byte(x-lo))
		}
	case 2:
		for _, x := range xs {
			dst = binary.LittleEndian.AppendUint16(dst, uint16(x-lo))
		}
	case 4:
		for _, x := range xs {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(x-lo))
		}
	case 8:
		for _, x := range xs {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(x-lo))
		}
	}
	return dst
}

// runWidth returns the bytes that each of n differences up to span takes.
func runWidth(n int, span uint64) int {
	if n <= 1 {
		return 0
	}
	switch b := bits.Len64(span); {
	case b <= 8:
		return 1
	case b <= 16:
		return 2
	case b <= 32:
		return 4
	}
	return 8
}

// DecodeBatch reads a batch, which shares nothing with src, and returns the
// bytes behind it. Bytes that AppendBatch did not write give
// types.ErrCorrupt, or a batch that keeps every rule of this package; they
// never make it allocate more than some forty times their length.
func DecodeBatch(src []byte) (b *Batch, rest []byte, err error) {
	d := decoder{src: src}
	if d.byte() != batchFormat {
		return nil, nil, types.ErrCorrupt
	}
	// Without columns rows take no bytes; any count a log entry can have will do.
	rows := d.uvarint(math.MaxInt32)
	cols := d.uvarint(uint64(len(d.src) / minColumn))
	b = &Batch{N: int(rows), Cols: make([]Vec, cols)}
	if d.byte() != 0 {
		b.W = d.run(b.N)
	}
	for c := range b.Cols {
		if d.failed {
			break
		}
		d.vec(&b.Cols[c], b.N)
	}
	if d.failed {
		return nil, nil, types.ErrCorrupt
	}
	return b, d.src, nil
}

// decoder reads src from the front; once it has failed it reads zeros.
type decoder struct {
	src    []byte
	failed bool
}

// take returns the next n bytes, nil on failure.
func (d *decoder) take(n int) []byte {
	if d.failed || n > len(d.src) {
		d.failed = true
		return nil
	}
	b := d.src[:n]
	d.src = d.src[n:]
	return b
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

// uvarint reads a number of at most most.
func (d *decoder) uvarint(most uint64) uint64 {
	n, k := binary.Uvarint(d.src)
	if d.failed || k <= 0 || n > most {
		d.failed = true
		return 0
	}
	d.src = d.src[k:]
	return n
}

// run reads an integer run of n rows, nil on failure.
func (d *decoder) run(n int) []int64 {
	width := int(d.byte())
	lo, k := binary.Varint(d.src)
	if d.failed || k <= 0 || (width == 0) != (n <= 1) || width&(width-1) != 0 || width > 8 {
		d.failed = true
		return nil
	}
	d.src = d.src[k:]
	body := d.take(n * width)
	if d.failed {
		return nil
	}
	xs := make([]int64, n)
	for i := range xs {
		switch width {
		case 1:
			xs[i] = lo + int64(body[i])
		case 2:
			xs[i] = lo + int64(binary.LittleEndian.Uint16(body[2*i:]))
		case 4:
			xs[i] = lo + int64(binary.LittleEndian.Uint32(body[4*i:]))
		case 8:
			xs[i] = lo + int64(binary.LittleEndian.Uint64(body[8*i:]))
		default:
			xs[i] = lo
		}
	}
	return xs
}

// vec reads a column of n rows.
func (d *decoder) vec(v *Vec, n int) {
	var err error
	if v.Type, d.src, err = types.DecodeType(d.src); err != nil {
		d.failed = true
		return
	}
	if d.byte() != 0 {
		d.validity(v, n)
	}
	switch p := v.Type.Phys(); p {
	case types.PhysFloat:
		body := d.take(8 * n)
		if d.failed {
			return
		}
		v.F = make([]float64, n)
		for i := range v.F {
			v.F[i] = math.Float64frombits(binary.LittleEndian.Uint64(body[8*i:]))
		}
	case types.PhysDec2, types.PhysDec4:
		d.words(v, n, p.Words())
	case types.PhysBytes:
		d.strings(v, n)
	default:
		v.I = d.run(n)
	}
	if !d.failed && v.Valid != nil && !v.nullsAreZero(n) {
		d.failed = true
	}
}

func (d *decoder) validity(v *Vec, n int) {
	body := d.take((n + 7) / 8)
	if d.failed {
		return
	}
	v.Valid = make(Bitmap, (n+63)/64)
	for i, b := range body {
		v.Valid[i/8] |= uint64(b) << (i % 8 * 8)
	}
}

func (d *decoder) words(v *Vec, n, words int) {
	for k := range words {
		plane := d.run(n)
		if d.failed {
			return
		}
		if v.W == nil {
			v.W = make([]uint64, n*words)
		}
		for i, x := range plane {
			v.W[i*words+k] = uint64(x)
		}
	}
}

func (d *decoder) strings(v *Vec, n int) {
	lengths := d.run(n)
	if d.failed {
		return
	}
	v.Off = make([]uint32, n+1)
	var end int64
	for i, l := range lengths {
		if l < 0 || l > int64(len(d.src))-end {
			d.failed = true
			return
		}
		end += l
		v.Off[i+1] = uint32(end)
	}
	v.Data = append([]byte(nil), d.take(int(end))...)
}

// nullsAreZero tells whether the slot of every NULL row is zero.
func (v *Vec) nullsAreZero(n int) bool {
	for i := range n {
		if !v.IsNull(i) {
			continue
		}
		switch p := v.Type.Phys(); p {
		case types.PhysFloat:
			if math.Float64bits(v.F[i]) != 0 {
				return false
			}
		case types.PhysDec2, types.PhysDec4:
			if v.Dec(i) != (types.Dec{}) {
				return false
			}
		case types.PhysBytes:
			if v.Off[i] != v.Off[i+1] {
				return false
			}
		default:
			if v.I[i] != 0 {
				return false
			}
		}
	}
	return true
}
