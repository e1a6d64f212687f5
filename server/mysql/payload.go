package mysql

import (
	"bytes"
	"encoding/binary"
)

// payload takes fields off the front of a packet. A field that is not there
// sets bad and reads as zero, so that a decoder asks once, at its end. The
// slices it returns are borrowed from the packet.
type payload struct {
	b   []byte
	bad bool
}

func (p *payload) fail() { p.bad, p.b = true, nil }

func (p *payload) bytes(n int) []byte {
	if n < 0 || n > len(p.b) {
		p.fail()
		return nil
	}
	b := p.b[:n:n]
	p.b = p.b[n:]
	return b
}

func (p *payload) u8() byte {
	if b := p.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (p *payload) u16() uint16 {
	if b := p.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (p *payload) u32() uint32 {
	if b := p.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (p *payload) u64() uint64 {
	if b := p.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// length takes a length-encoded integer.
func (p *payload) length() uint64 {
	switch first := p.u8(); first {
	case 0xfc:
		return uint64(p.u16())
	case 0xfd:
		b := p.bytes(3)
		if b == nil {
			return 0
		}
		return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16
	case 0xfe:
		return p.u64()
	case 0xfb, 0xff: // NULL and an error: no lengths
		p.fail()
		return 0
	default:
		return uint64(first)
	}
}

// lengthBytes takes a length-encoded string.
func (p *payload) lengthBytes() []byte {
	n := p.length()
	if n > uint64(len(p.b)) {
		p.fail()
		return nil
	}
	return p.bytes(int(n))
}

// nulBytes takes a string that ends with a zero byte.
func (p *payload) nulBytes() []byte {
	n := bytes.IndexByte(p.b, 0)
	if n < 0 {
		p.fail()
		return nil
	}
	b := p.bytes(n)
	p.bytes(1)
	return b
}

// endBytes takes a string that ends with a zero byte or with the packet.
func (p *payload) endBytes() []byte {
	if bytes.IndexByte(p.b, 0) >= 0 {
		return p.nulBytes()
	}
	return p.bytes(len(p.b))
}

// appendLength appends a length-encoded integer.
func appendLength(dst []byte, n uint64) []byte {
	switch {
	case n < 251:
		return append(dst, byte(n))
	case n < 1<<16:
		return append(dst, 0xfc, byte(n), byte(n>>8))
	case n < 1<<24:
		return append(dst, 0xfd, byte(n), byte(n>>8), byte(n>>16))
	}
	return binary.LittleEndian.AppendUint64(append(dst, 0xfe), n)
}

// appendLengthBytes appends a length-encoded string.
func appendLengthBytes(dst, s []byte) []byte {
	return append(appendLength(dst, uint64(len(s))), s...)
}

// appendLengthString is appendLengthBytes of a string.
func appendLengthString(dst []byte, s string) []byte {
	return append(appendLength(dst, uint64(len(s))), s...)
}
