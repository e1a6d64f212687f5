package mysql

import (
	"io"
	"slices"
	"sync/atomic"
)

// A packet on the wire is frames of at most maxFrame bytes, each behind a
// header of three bytes of length and one of sequence; a frame shorter than
// maxFrame ends the packet.
const (
	maxFrame   = 1<<24 - 1
	headerLen  = 4
	readBuffer = 16 << 10
	growStep   = 64 << 10  // a long packet's buffer grows by this, or doubles
	keepBuffer = 256 << 10 // larger buffers are let go after the command
	flushAt    = 64 << 10  // the write buffer goes out when it passes this
)

// packetReader takes packets off a connection. Its first error sticks.
type packetReader struct {
	src   io.Reader
	max   int // largest packet
	seq   uint8
	err   error
	count *atomic.Uint64 // bytes read

	buf  []byte // buf[r:w] is read but not taken
	r, w int
	long []byte // a packet that buf cannot hold
}

// next returns the next packet, which is borrowed until the following call.
func (p *packetReader) next() ([]byte, error) {
	n, err := p.header()
	if err != nil {
		return nil, err
	}
	if n > p.max {
		return nil, p.fail(errTooLarge)
	}
	if n == maxFrame || n > readBuffer-headerLen {
		return p.nextLong(n)
	}
	if err := p.fill(n); err != nil {
		return nil, err
	}
	p.r += n
	return p.buf[p.r-n : p.r : p.r], nil
}

func (p *packetReader) fail(err error) error {
	if p.err == nil {
		p.err = err
	}
	return p.err
}

// header takes a frame's header and checks its sequence.
func (p *packetReader) header() (n int, err error) {
	if err := p.fill(headerLen); err != nil {
		return 0, err
	}
	h := p.buf[p.r:]
	if h[3] != p.seq {
		p.seq = h[3] + 1 // so that the client takes our complaint
		return 0, p.fail(errOutOfOrder)
	}
	p.seq++
	p.r += headerLen
	return int(h[0]) | int(h[1])<<8 | int(h[2])<<16, nil
}

// fill waits until n <= readBuffer bytes stand in buf[r:w].
func (p *packetReader) fill(n int) error {
	if p.w-p.r >= n {
		return nil
	}
	if p.err != nil {
		return p.err
	}
	if p.buf == nil {
		p.buf = make([]byte, readBuffer)
	}
	if p.r == p.w {
		p.r, p.w = 0, 0
	} else if p.r+n > len(p.buf) {
		p.w = copy(p.buf, p.buf[p.r:p.w])
		p.r = 0
	}
	for p.w-p.r < n {
		m, err := p.src.Read(p.buf[p.w:])
		p.count.Add(uint64(m))
		p.w += m
		if err != nil && p.w-p.r < n {
			if err == io.EOF && p.w > p.r {
				err = io.ErrUnexpectedEOF
			}
			return p.fail(err)
		}
	}
	return nil
}

// nextLong puts a packet together outside buf; its first frame has n bytes.
func (p *packetReader) nextLong(n int) ([]byte, error) {
	p.long = p.long[:0]
	for {
		if len(p.long)+n > p.max {
			return nil, p.fail(errTooLarge)
		}
		if err := p.appendLong(n); err != nil {
			return nil, err
		}
		if n < maxFrame {
			return p.long, nil
		}
		var err error
		if n, err = p.header(); err != nil {
			return nil, err
		}
	}
}

// appendLong adds n bytes to long. Its memory follows what has come, not what
// the header claims.
func (p *packetReader) appendLong(n int) error {
	for n > 0 {
		if len(p.long) == cap(p.long) {
			p.long = slices.Grow(p.long, min(n, max(len(p.long), growStep)))
		}
		room := p.long[len(p.long):min(cap(p.long), len(p.long)+n)]
		m, err := p.body(room)
		if err != nil {
			return err
		}
		p.long = p.long[:len(p.long)+m]
		n -= m
	}
	return nil
}

// body reads some bytes of a frame into dst, which the frame must cover.
func (p *packetReader) body(dst []byte) (int, error) {
	if p.r < p.w {
		n := copy(dst, p.buf[p.r:p.w])
		p.r += n
		return n, nil
	}
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.src.Read(dst)
	p.count.Add(uint64(n))
	if n > 0 {
		return n, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return 0, p.fail(err)
	}
	return 0, nil
}

// buffered takes what is read but not taken, for another protocol layer.
func (p *packetReader) buffered() []byte {
	b := slices.Clone(p.buf[p.r:p.w])
	p.r, p.w = 0, 0
	return b
}

// relax lets large buffers go.
func (p *packetReader) relax() {
	if cap(p.long) > keepBuffer {
		p.long = nil
	}
}

// packetWriter collects packets and sends them together. Its first error
// sticks, and from then on nothing is sent.
type packetWriter struct {
	dst   io.Writer
	seq   uint8
	err   error
	count *atomic.Uint64 // bytes sent

	buf   []byte
	start int  // of the open packet's header
	open  bool // between begin and end
}

// begin opens a packet; its payload is appended to buf until end.
func (p *packetWriter) begin() {
	p.start, p.open = len(p.buf), true
	p.buf = append(p.buf, 0, 0, 0, 0)
}

// end closes the packet, cutting it into frames where it is long.
func (p *packetWriter) end() {
	p.open = false
	n := len(p.buf) - p.start - headerLen
	if n >= maxFrame {
		p.cut(n)
		return
	}
	p.putHeader(p.start, n)
}

// abandon forgets a packet that is begun and not ended.
func (p *packetWriter) abandon() {
	if p.open {
		p.buf, p.open = p.buf[:p.start], false
	}
}

func (p *packetWriter) putHeader(at, n int) {
	h := p.buf[at : at+headerLen]
	h[0], h[1], h[2], h[3] = byte(n), byte(n>>8), byte(n>>16), p.seq
	p.seq++
}

// cut makes room for the headers of the frames behind the first, from the
// last frame to the front.
func (p *packetWriter) cut(n int) {
	frames := n / maxFrame // behind the first; the last may be empty
	p.buf = append(p.buf, make([]byte, frames*headerLen)...)
	payload := p.buf[p.start+headerLen:]
	for f := frames; f > 0; f-- {
		from, to := f*maxFrame, min((f+1)*maxFrame, n)
		copy(payload[from+f*headerLen:], payload[from:to])
	}
	for f := 0; f <= frames; f++ {
		p.putHeader(p.start+f*(maxFrame+headerLen), min(maxFrame, n-f*maxFrame))
	}
}

// packet sends a whole packet through the buffer.
func (p *packetWriter) packet(payload []byte) {
	p.begin()
	p.buf = append(p.buf, payload...)
	p.end()
}

// flush sends what is collected, in one write.
func (p *packetWriter) flush() error {
	if p.err == nil && len(p.buf) > 0 {
		n, err := p.dst.Write(p.buf)
		p.count.Add(uint64(n))
		p.err = err
	}
	p.buf = p.buf[:0]
	if cap(p.buf) > keepBuffer {
		p.buf = nil
	}
	return p.err
}
