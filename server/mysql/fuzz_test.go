package mysql

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/server/servertest"
	"github.com/weirdb/weir/types"
)

// script is a net.Conn whose other side has said all it will say.
type script struct {
	in  *bytes.Reader
	out bytes.Buffer
}

func (s *script) Read(p []byte) (int, error)       { return s.in.Read(p) }
func (s *script) Write(p []byte) (int, error)      { return s.out.Write(p) }
func (s *script) Close() error                     { return nil }
func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// frames puts payloads on the wire, each the first packet of a command.
func frames(payloads ...string) []byte {
	var out bytes.Buffer
	w := packetWriter{dst: &out, count: counter()}
	for _, p := range payloads {
		w.seq = 0
		w.packet([]byte(p))
	}
	w.flush()
	return out.Bytes()
}

// FuzzCommands lets a connected client send anything. Whatever it is, nothing
// panics and every byte sent back belongs to a packet.
func FuzzCommands(f *testing.F) {
	prepare := string([]byte{comStmtPrepare}) + "SELECT ?, ?"
	execute := "\x17\x01\x00\x00\x00\x01\x01\x00\x00\x00\x00\x01\x08\x00\xfd\x00" + "\x01\x02\x03\x04\x05\x06\x07\x08\x02hi"
	for _, seed := range [][]byte{
		nil,
		frames("\x0e"),
		frames("\x03SELECT 1; SELECT NULL; WARN"),
		frames("\x03SELECT * FROM t LIMIT 5", "\x02test", "\x04t\x00%"),
		frames(prepare, execute, "\x1c\x01\x00\x00\x00\x01\x00\x00\x00", "\x1a\x01\x00\x00\x00", "\x19\x01\x00\x00\x00"),
		frames(prepare, "\x18\x01\x00\x00\x00\x01\x00long data", execute),
		frames("\x11root\x00\x00test\x00\x2d\x00mysql_native_password\x00", "\x1f", "\x1b\x01\x00", "\x09", "\x0c\x63\x00\x00\x00"),
		frames("\x03LOAD DATA LOCAL INFILE 'f' INTO TABLE t", "a\nb\n", ""),
		{0xff, 0xff, 0xff, 0, 1},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		if bytes.Contains(bytes.ToUpper(stream), []byte("WAIT")) || bytes.Contains(bytes.ToUpper(stream), []byte("PANIC")) {
			t.Skip("the node does as it is told")
		}
		n := servertest.New()
		n.AddTable("t", engine.Column{Name: "id", Type: types.TypeInt})
		s, err := New(Options{Node: n, MaxPacket: 1 << 16, Logger: textLogger(io.Discard)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.cancel()
		wire := &script{in: bytes.NewReader(stream)}
		c := newConn(s, wire)
		c.caps, c.in.max = clientCaps, s.o.MaxPacket
		if c.session, err = n.NewSession(c.sessionOptions("")); err != nil {
			t.Fatal(err)
		}
		for c.command() {
		}
		if limit := 4*len(stream) + 4*growStep; cap(c.in.long) > limit {
			t.Errorf("%d bytes of memory for %d sent", cap(c.in.long), len(stream))
		}
		c.end()
		for out := wire.out.Bytes(); len(out) > 0; {
			if len(out) < headerLen {
				t.Fatalf("%x is no packet", out)
			}
			size := int(out[0]) | int(out[1])<<8 | int(out[2])<<16
			if len(out) < headerLen+size {
				t.Fatalf("a packet of %d bytes has %d", size, len(out)-headerLen)
			}
			out = out[headerLen+size:]
		}
	})
}

// FuzzLogin lets a client that nobody knows send anything.
func FuzzLogin(f *testing.F) {
	login := string(u32(clientCaps)) + "\x00\x00\x00\x01\x2d" + string(make([]byte, 23)) + "root\x00\x00mysql_native_password\x00"
	first := frames("", login)[headerLen:]
	first[3] = 1
	f.Add(first)
	f.Add([]byte{0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, stream []byte) {
		s, err := New(Options{Node: servertest.New(), Logger: textLogger(io.Discard)})
		if err != nil {
			t.Fatal(err)
		}
		defer s.cancel()
		c := newConn(s, &script{in: bytes.NewReader(stream)})
		c.greet()
		c.end()
	})
}
