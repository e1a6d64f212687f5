// Package wire reads the binary formats of Weir: varints, lengths and bytes,
// checked at every step. Writing needs no package: formats append with
// binary.AppendUvarint and AppendBytes.
package wire

import (
	"encoding/binary"
	"fmt"
)

// AppendBytes appends a length and the bytes.
func AppendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}

// AppendString appends a length and the bytes of s.
func AppendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// AppendBool appends one byte, 0 or 1.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// Reader takes values off the front of a buffer. The first fault sticks: from
// then on every read returns zero and Err says what was wrong and where. No
// read allocates more than the buffer holds.
type Reader struct {
	buf []byte
	off int
	err error
}

// NewReader returns a Reader over buf, which it borrows.
func NewReader(buf []byte) *Reader { return &Reader{buf: buf} }

// Err returns the first fault, or nil.
func (r *Reader) Err() error { return r.err }

// Left returns the number of unread bytes.
func (r *Reader) Left() int { return len(r.buf) - r.off }

// Rest returns the unread bytes, borrowed.
func (r *Reader) Rest() []byte { return r.buf[r.off:] }

// Skip moves on over n bytes that the caller has read from Rest.
func (r *Reader) Skip(n int) {
	if n < 0 || n > r.Left() {
		r.Fail("skip of %d bytes past the end", n)
		return
	}
	r.off += n
}

// Fail records a fault at the present offset.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("byte %d: %s", r.off, fmt.Sprintf(format, args...))
		r.off = len(r.buf)
	}
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if r.Left() < 1 {
		r.Fail("ends too early")
		return 0
	}
	r.off++
	return r.buf[r.off-1]
}

// Bool reads one byte that must be 0 or 1.
func (r *Reader) Bool() bool {
	b := r.Byte()
	if b > 1 {
		r.Fail("%d is no boolean", b)
	}
	return b == 1
}

// Uvarint reads an unsigned varint.
func (r *Reader) Uvarint() uint64 {
	v, n := binary.Uvarint(r.buf[r.off:])
	if n <= 0 {
		r.Fail("bad varint")
		return 0
	}
	r.off += n
	return v
}

// Varint reads a signed varint.
func (r *Reader) Varint() int64 {
	v, n := binary.Varint(r.buf[r.off:])
	if n <= 0 {
		r.Fail("bad varint")
		return 0
	}
	r.off += n
	return v
}

// Uint64 reads eight bytes, little-endian.
func (r *Reader) Uint64() uint64 {
	if r.Left() < 8 {
		r.Fail("ends too early")
		return 0
	}
	r.off += 8
	return binary.LittleEndian.Uint64(r.buf[r.off-8:])
}

// Count reads a number of items that take at least min bytes each; a number
// that cannot fit what is left is a fault.
func (r *Reader) Count(min int) int {
	n := r.Uvarint()
	if n > uint64(r.Left()/max(min, 1)) {
		r.Fail("count %d is larger than what follows", n)
		return 0
	}
	return int(n)
}

// Bytes reads a length and that many bytes, borrowed from the buffer.
func (r *Reader) Bytes() []byte {
	n := r.Count(1)
	b := r.buf[r.off : r.off+n]
	r.off += n
	return b
}

// String reads a length and that many bytes as a string of its own.
func (r *Reader) String() string { return string(r.Bytes()) }
