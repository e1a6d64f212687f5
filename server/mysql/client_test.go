package mysql

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weirdb/weir/server/servertest"
)

// TestMain looks for goroutines left behind; the log library that Vitess'
// collations bring along keeps one of its own.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

// patience bounds what a test waits for; none waits that long unless it fails.
const patience = 20 * time.Second

// startServer serves o on a free port and returns the address. The server is
// shut down with the test.
func startServer(t testing.TB, o Options) (*Server, string) {
	t.Helper()
	if o.Logger == nil {
		o.Logger = textLogger(io.Discard)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
	return s, ln.Addr().String()
}

// client is a MySQL client that does what it is told, wrong things too. It is
// written from the protocol's description, on its own framing.
type client struct {
	t         testing.TB
	nc        net.Conn
	seq       byte
	caps      uint32
	challenge []byte
	id        uint32
}

// clientCaps are what the test's client asks for unless told otherwise.
const clientCaps = capLongPassword | capProtocol41 | capSecureConnection | capPluginAuth | capMultiStatements |
	capMultiResults | capPSMultiResults | capLocalFiles | capTransactions

// dial connects and reads the greeting.
func dial(t testing.TB, addr string) *client {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	c := &client{t: t, nc: nc}
	p := payload{b: c.read()}
	if v := p.u8(); v != 10 {
		t.Fatalf("greeting begins with %d: %q", v, p.b)
	}
	p.nulBytes()
	c.id = p.u32()
	c.challenge = append(c.challenge, p.bytes(8)...)
	p.bytes(1 + 2 + 1 + 2 + 2 + 1 + 10)
	c.challenge = append(c.challenge, p.nulBytes()...)
	if method := string(p.nulBytes()); method != cachingSha2Password || len(c.challenge) != scrambleLen || p.bad {
		t.Fatalf("bad greeting: method %q, challenge of %d bytes", method, len(c.challenge))
	}
	return c
}

// connect logs in as root without a password.
func connect(t testing.TB, addr string, caps uint32) *client {
	t.Helper()
	c := dial(t, addr)
	c.login(caps, "root", nativePassword, nil, "")
	c.wantOK()
	return c
}

func (c *client) login(caps uint32, user, method string, reply []byte, db string) {
	c.caps = caps
	if db != "" {
		caps |= capConnectWithDB
	}
	b := binary.LittleEndian.AppendUint32(nil, caps)
	b = binary.LittleEndian.AppendUint32(b, 1<<24)
	b = append(b, 45)
	b = append(b, make([]byte, 23)...)
	b = append(append(b, user...), 0)
	b = append(append(b, byte(len(reply))), reply...)
	if db != "" {
		b = append(append(b, db...), 0)
	}
	if caps&capPluginAuth != 0 {
		b = append(append(b, method...), 0)
	}
	c.write(b)
}

// nativeReply and sha2Reply answer a challenge as MySQL's manual says.
func nativeReply(password string, challenge []byte) []byte {
	one := sha1.Sum([]byte(password))
	two := sha1.Sum(one[:])
	mask := sha1.Sum(append(bytes.Clone(challenge), two[:]...))
	for i := range mask {
		mask[i] ^= one[i]
	}
	return mask[:]
}

func sha2Reply(password string, challenge []byte) []byte {
	one := sha256.Sum256([]byte(password))
	two := sha256.Sum256(one[:])
	mask := sha256.Sum256(append(bytes.Clone(two[:]), challenge...))
	for i := range mask {
		mask[i] ^= one[i]
	}
	return mask[:]
}

// write sends one packet with the next sequence number.
func (c *client) write(p []byte) {
	c.t.Helper()
	h := []byte{byte(len(p)), byte(len(p) >> 8), byte(len(p) >> 16), c.seq}
	c.seq++
	if _, err := c.nc.Write(append(h, p...)); err != nil {
		c.t.Fatal(err)
	}
}

// tryRead returns the next packet and checks its sequence number.
func (c *client) tryRead() ([]byte, error) {
	var h [4]byte
	if _, err := io.ReadFull(c.nc, h[:]); err != nil {
		return nil, err
	}
	if h[3] != c.seq {
		return nil, fmt.Errorf("packet %d where %d was due", h[3], c.seq)
	}
	c.seq++
	p := make([]byte, int(h[0])|int(h[1])<<8|int(h[2])<<16)
	_, err := io.ReadFull(c.nc, p)
	return p, err
}

func (c *client) read() []byte {
	c.t.Helper()
	p, err := c.tryRead()
	if err != nil {
		c.t.Fatal(err)
	}
	return p
}

// command sends a command.
func (c *client) command(com byte, args ...[]byte) {
	c.t.Helper()
	c.seq = 0
	c.write(append([]byte{com}, bytes.Join(args, nil)...))
}

func (c *client) query(sql string) { c.t.Helper(); c.command(comQuery, []byte(sql)) }

// wantOK reads an OK packet and returns its status flags.
func (c *client) wantOK() uint16 {
	c.t.Helper()
	p := payload{b: c.read()}
	if h := p.u8(); h == headerMoreData {
		p = payload{b: c.read()}
		p.u8()
	} else if h != headerOK {
		c.t.Fatalf("no OK packet: %x %q", h, p.b)
	}
	p.length()
	p.length()
	return p.u16()
}

// wantErr reads an ERR packet with a code.
func (c *client) wantErr(code uint16) string {
	c.t.Helper()
	got, text, err := c.readErr()
	if err != nil {
		c.t.Fatal(err)
	}
	if got != code {
		c.t.Fatalf("errno %d %q, want %d", got, text, code)
	}
	return text
}

func (c *client) readErr() (code uint16, text string, err error) {
	b, err := c.tryRead()
	if err != nil {
		return 0, "", err
	}
	p := payload{b: b}
	if h := p.u8(); h != headerErr {
		return 0, "", fmt.Errorf("no ERR packet: %x %q", h, p.b)
	}
	return p.u16(), string(p.b), nil
}

// wantEnd reads until the server closes the connection.
func (c *client) wantEnd() {
	c.t.Helper()
	if n, err := io.Copy(io.Discard, c.nc); n != 0 || err != nil {
		c.t.Fatalf("%d more bytes, then %v, where the connection should end", n, err)
	}
}

// columns reads a column count and as many definitions, and returns the
// payloads of the definitions.
func (c *client) columns() [][]byte {
	c.t.Helper()
	p := payload{b: c.read()}
	if len(p.b) > 0 && p.b[0] == headerErr {
		c.t.Fatalf("an error for columns: %q", p.b)
	}
	defs := make([][]byte, p.length())
	for i := range defs {
		defs[i] = c.read()
	}
	return defs
}

// eof reads an EOF packet and returns its status flags.
func (c *client) eof() uint16 {
	c.t.Helper()
	p := c.read()
	if !isEOF(p) {
		c.t.Fatalf("no EOF packet: %x", p)
	}
	return binary.LittleEndian.Uint16(p[3:])
}

func isEOF(p []byte) bool { return len(p) == 5 && p[0] == headerEOF }

// rows reads rows up to EOF and returns them and the status flags.
func (c *client) rows() (rows [][]byte, status uint16) {
	c.t.Helper()
	for {
		p := c.read()
		if isEOF(p) {
			return rows, binary.LittleEndian.Uint16(p[3:])
		}
		if p[0] == headerErr {
			c.t.Fatalf("an error for a row: %q", p)
		}
		rows = append(rows, p)
	}
}

// prepare prepares a statement and returns its id.
func (c *client) prepare(sql string) uint32 {
	c.t.Helper()
	c.command(comStmtPrepare, []byte(sql))
	b := c.read()
	p := payload{b: b}
	if p.u8() != headerOK {
		c.t.Fatalf("prepare %s: %q", sql, b)
	}
	id, cols, params := p.u32(), p.u16(), p.u16()
	for _, n := range []uint16{params, cols} {
		for range n {
			c.read()
		}
		if n > 0 && c.caps&capDeprecateEOF == 0 {
			c.eof()
		}
	}
	return id
}

func u16(x uint16) []byte { return binary.LittleEndian.AppendUint16(nil, x) }
func u32(x uint32) []byte { return binary.LittleEndian.AppendUint32(nil, x) }
func u64(x uint64) []byte { return binary.LittleEndian.AppendUint64(nil, x) }

// node returns a Node without tables.
func node() *servertest.Node { return servertest.New() }

// await reads from a channel of a Node.
func await[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// textLogger writes all log lines to w.
func textLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// counter is a place for bytes to be counted in.
func counter() *atomic.Uint64 { return new(atomic.Uint64) }
