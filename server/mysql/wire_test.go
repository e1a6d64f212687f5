package mysql

import (
	"bytes"
	"errors"
	"io"
	"math/rand"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// chopped reads from b in pieces of random length.
type chopped struct {
	b   *bytes.Reader
	rnd *rand.Rand
}

func (c chopped) Read(p []byte) (int, error) {
	return c.b.Read(p[:min(len(p), 1+c.rnd.Intn(5000))])
}

// TestPacketsThere checks that what the writer sends the reader takes, for
// any lengths and any cuts of the stream.
func TestPacketsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(readBuffer-20, readBuffer+20), rapid.IntRange(0, 100_000))
		sizes := rapid.SliceOfN(size, 1, 8).Draw(t, "sizes")
		rnd := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		checkPackets(t, sizes, rnd)
	})
}

func TestPacketsOfSeveralFrames(t *testing.T) {
	for _, sizes := range [][]int{{maxFrame - 1}, {maxFrame}, {maxFrame + 1}, {2 * maxFrame, 7}, {2*maxFrame + 100}} {
		checkPackets(t, sizes, rand.New(rand.NewSource(1)))
	}
}

type fataler interface{ Fatalf(string, ...any) }

func checkPackets(t fataler, sizes []int, rnd *rand.Rand) {
	var sent bytes.Buffer
	w := packetWriter{dst: &sent, count: counter()}
	var want [][]byte
	for _, n := range sizes {
		p := make([]byte, n)
		rnd.Read(p)
		want = append(want, p)
		w.packet(p)
		if rnd.Intn(2) == 0 {
			w.flush()
		}
	}
	w.flush()
	total := uint64(sent.Len())
	r := packetReader{src: chopped{bytes.NewReader(sent.Bytes()), rnd}, max: 1 << 28, count: counter()}
	for i := range want {
		got, err := r.next()
		if err != nil || !bytes.Equal(got, want[i]) {
			t.Fatalf("packet %d of %v: %d bytes, %v", i, sizes, len(got), err)
		}
	}
	if _, err := r.next(); err != io.EOF {
		t.Fatalf("after the last packet: %v", err)
	}
	if w.seq != r.seq || w.count.Load() != total || r.count.Load() != total {
		t.Fatalf("sequence %d and %d, %d bytes sent, %d read, want %d", w.seq, r.seq, w.count.Load(), r.count.Load(), total)
	}
}

func TestPacketFaults(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream []byte
		want   error
	}{
		{"nothing", nil, io.EOF},
		{"half a header", []byte{1, 0}, io.ErrUnexpectedEOF},
		{"a short packet", []byte{5, 0, 0, 0, 1}, io.ErrUnexpectedEOF},
		{"a short long packet", []byte{0, 0, 0x20, 0, 1}, io.ErrUnexpectedEOF},
		{"a wrong sequence", []byte{1, 0, 0, 1, 1}, errOutOfOrder},
		{"too large", []byte{0, 0, 0x40, 0}, errTooLarge},
	} {
		r := packetReader{src: bytes.NewReader(c.stream), max: 1 << 21, count: counter()}
		if _, err := r.next(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if _, err := r.next(); err == nil {
			t.Errorf("%s: the error does not stick", c.name)
		}
	}
}

// TestFramesTooLargeTogether cuts a packet that is within the limit frame by
// frame, but not in sum.
func TestFramesTooLargeTogether(t *testing.T) {
	var sent bytes.Buffer
	w := packetWriter{dst: &sent, count: counter()}
	w.packet(make([]byte, maxFrame+10))
	w.flush()
	r := packetReader{src: &sent, max: maxFrame + 9, count: counter()}
	if _, err := r.next(); err != errTooLarge {
		t.Fatal(err)
	}
}

// TestLengthIsAClaim checks that a header's length alone takes no memory.
func TestLengthIsAClaim(t *testing.T) {
	stream := append([]byte{0xff, 0xff, 0xfe, 0}, make([]byte, 1000)...)
	r := packetReader{src: iotest.OneByteReader(bytes.NewReader(stream)), max: 1 << 30, count: counter()}
	if _, err := r.next(); err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
	if cap(r.long) > 2*growStep {
		t.Errorf("%d bytes of memory for 1000 that came", cap(r.long))
	}
}

func TestBuffersAreLetGo(t *testing.T) {
	var sent bytes.Buffer
	w := packetWriter{dst: &sent, count: counter()}
	w.packet(make([]byte, 1<<20))
	w.flush()
	r := packetReader{src: &sent, max: 1 << 30, count: counter()}
	if _, err := r.next(); err != nil {
		t.Fatal(err)
	}
	r.relax()
	if cap(w.buf) > keepBuffer || cap(r.long) > keepBuffer {
		t.Errorf("kept %d and %d bytes", cap(w.buf), cap(r.long))
	}
}

func TestLengths(t *testing.T) {
	for _, n := range []uint64{0, 1, 250, 251, 65535, 65536, 1<<24 - 1, 1 << 24, 1<<64 - 1} {
		b := appendLength(nil, n)
		p := payload{b: b}
		if got := p.length(); got != n || p.bad || len(p.b) != 0 {
			t.Errorf("%d came back as %d from %x", n, got, b)
		}
		for cut := range b {
			p := payload{b: b[:cut]}
			if p.length(); !p.bad {
				t.Errorf("%x cut to %d bytes is a length", b, cut)
			}
		}
	}
}

// TestPayloadStaysInside reads random fields of random packets: nothing but
// bad may come of it.
func TestPayloadStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := payload{b: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "packet")}
		for range rapid.IntRange(1, 12).Draw(t, "reads") {
			before := len(p.b)
			switch rapid.IntRange(0, 8).Draw(t, "field") {
			case 0:
				p.u8()
			case 1:
				p.u16()
			case 2:
				p.u32()
			case 3:
				p.u64()
			case 4:
				p.lengthBytes()
			case 5:
				p.nulBytes()
			case 6:
				p.endBytes()
			case 7:
				p.bytes(rapid.IntRange(-3, 50).Draw(t, "n"))
			case 8:
				p.value(rapid.Uint16().Draw(t, "type"))
			}
			if len(p.b) > before || p.bad && len(p.b) > 0 {
				t.Fatalf("%d bytes left of %d, bad %v", len(p.b), before, p.bad)
			}
		}
	})
}
