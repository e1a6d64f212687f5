package mysql

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/types"
)

// execute runs a statement with parameters that are encoded already; kinds
// nil sends no types.
func (c *client) execute(id uint32, flags byte, nulls []byte, kinds []uint16, values ...[]byte) {
	c.t.Helper()
	b := append(u32(id), flags, 1, 0, 0, 0)
	if len(nulls) > 0 {
		b = append(b, nulls...)
		if kinds == nil {
			b = append(b, 0)
		} else {
			b = append(b, 1)
			for _, k := range kinds {
				b = binary.LittleEndian.AppendUint16(b, k)
			}
		}
	}
	c.command(comStmtExecute, b, bytes.Join(values, nil))
}

// one reads a result of one row.
func (c *client) one() []byte {
	c.t.Helper()
	c.columns()
	c.eof()
	rows, _ := c.rows()
	if len(rows) != 1 {
		c.t.Fatalf("%d rows", len(rows))
	}
	return rows[0]
}

// TestTypesNotSentAgain executes as C clients do: with types once.
func TestTypesNotSentAgain(t *testing.T) {
	_, addr := startServer(t, Options{Node: node()})
	c := connect(t, addr, clientCaps)
	id := c.prepare("SELECT ?, ?")
	c.execute(id, 0, []byte{0}, []uint16{wireLongLong, wireString}, u64(5), []byte("\x03abc"))
	want := append([]byte{0, 0}, append(u64(5), "\x03abc"...)...)
	if got := c.one(); !bytes.Equal(got, want) {
		t.Fatalf("%x, want %x", got, want)
	}
	for i := range uint64(3) {
		c.execute(id, 0, []byte{0}, nil, u64(i), []byte("\x01z"))
		want := append([]byte{0, 0}, append(u64(i), "\x01z"...)...)
		if got := c.one(); !bytes.Equal(got, want) {
			t.Fatalf("%x, want %x", got, want)
		}
	}
	c.execute(id, 0, []byte{1}, nil, []byte("\x00"))
	if got := c.one(); !bytes.Equal(got, []byte{0, 1 << 2, 0}) {
		t.Fatalf("%x with a NULL", got)
	}
	c.execute(id, 0, []byte{0}, nil, u64(9), []byte("\x00"))
	if got := c.one(); !bytes.Equal(got, append([]byte{0, 0}, append(u64(9), 0)...)) {
		t.Fatalf("%x after a NULL", got)
	}
}

func TestLongData(t *testing.T) {
	_, addr := startServer(t, Options{Node: node(), MaxPacket: 1 << 16})
	c := connect(t, addr, clientCaps)
	id := c.prepare("SELECT ?, ?")
	send := func(s string) { c.command(comStmtSendLong, u32(id), u16(1), []byte(s)) }
	send("long ")
	send("")
	send("data")
	c.execute(id, 0, []byte{0}, []uint16{wireTiny, wireBlob}, []byte{0xfe})
	want := append(append([]byte{0, 0}, u64(math.MaxUint64-1)...), "\x09long data"...)
	if got := c.one(); !bytes.Equal(got, want) {
		t.Fatalf("%x, want %x", got, want)
	}
	c.execute(id, 0, []byte{0}, nil, []byte{1}, []byte("\x05short")) // used up
	c.one()

	send("forgotten")
	c.command(comStmtReset, u32(id))
	c.wantOK()
	c.execute(id, 0, []byte{0}, nil, []byte{1}, []byte("\x05short"))
	if got := c.one(); !bytes.HasSuffix(got, []byte("\x05short")) {
		t.Fatalf("%x", got)
	}

	send(strings.Repeat("x", 40000))
	send(strings.Repeat("x", 40000))
	c.execute(id, 0, []byte{0}, nil, []byte{1})
	c.wantErr(1153)
	c.command(comPing)
	c.wantOK()
}

func TestCursor(t *testing.T) {
	for _, caps := range []uint32{clientCaps, clientCaps | capDeprecateEOF} {
		_, addr := startServer(t, Options{Node: node(), CursorMemory: 1 << 20})
		c := connect(t, addr, caps)
		end := func() uint16 {
			if caps&capDeprecateEOF == 0 {
				return c.eof()
			}
			p := payload{b: c.read()}
			if p.u8() != headerEOF {
				t.Fatalf("no end: %x", p.b)
			}
			p.length()
			p.length()
			return p.u16()
		}
		id := c.prepare("STREAM 2500")
		for range 2 {
			c.execute(id, 1, nil, nil)
			c.columns()
			if status := end(); status&statusCursorExists == 0 {
				t.Fatalf("no cursor: %x", status)
			}
			c.query("SELECT 1") // beside the cursor
			c.columns()
			if caps&capDeprecateEOF == 0 {
				c.eof()
			}
			c.read()
			end()
			n := uint64(0)
			for _, fetch := range []int{1, 1000, 0, 1499} {
				c.command(comStmtFetch, u32(id), u32(uint32(fetch)))
				for range fetch {
					row := c.read()
					if got := binary.LittleEndian.Uint64(row[2:]); got != n {
						t.Fatalf("row %d for %d", got, n)
					}
					n++
				}
				if last := end()&statusLastRowSent != 0; last != (n == 2500) {
					t.Fatalf("last row sent %v after %d rows", last, n)
				}
			}
			c.command(comStmtFetch, u32(id), u32(1))
			c.wantErr(1421)
		}

		fail := c.prepare("STREAM 10 FAIL")
		c.execute(fail, 1, nil, nil)
		c.columns()
		c.wantErr(1690)

		large := c.prepare("STREAM 100000")
		c.execute(large, 1, nil, nil)
		c.columns()
		if text := c.wantErr(1037); !strings.Contains(text, "without a cursor") {
			t.Error(text)
		}
		c.execute(large, 0, nil, nil) // and so it goes
		c.columns()
		if caps&capDeprecateEOF == 0 {
			c.eof()
		}
		for range 100000 {
			c.read()
		}
		end()

		c.execute(id, 1, nil, nil)
		c.columns()
		end()
		c.command(comStmtReset, u32(id))
		c.wantOK()
		c.command(comStmtFetch, u32(id), u32(1))
		c.wantErr(1421)

		write := c.prepare("BEGIN") // a statement without rows has no cursor
		c.execute(write, 1, nil, nil)
		if status := c.wantOK(); status != statusInTxn|statusAutocommit {
			t.Errorf("status %x", status)
		}
	}
}

func TestCloseAndReset(t *testing.T) {
	_, addr := startServer(t, Options{Node: node()})
	c := connect(t, addr, clientCaps)
	id := c.prepare("SELECT 7")
	c.execute(id, 0, nil, nil)
	c.one()
	c.command(comStmtClose, u32(id)) // has no reply
	c.execute(id, 0, nil, nil)
	c.wantErr(1243)

	id = c.prepare("SELECT 7")
	c.command(comInitDB, []byte("test"))
	c.wantOK()
	c.query("BEGIN")
	if status := c.wantOK(); status&statusInTxn == 0 {
		t.Errorf("status %x in a transaction", status)
	}
	c.command(comResetConnection)
	if status := c.wantOK(); status&statusInTxn != 0 {
		t.Errorf("status %x after a reset", status)
	}
	c.execute(id, 0, nil, nil)
	c.wantErr(1243)
	c.query("SELECT DATABASE()")
	if got := c.one(); string(got) != "\x04test" {
		t.Errorf("database %q after a reset", got)
	}
	c.query("SET autocommit=0")
	if status := c.wantOK(); status&statusAutocommit != 0 {
		t.Errorf("status %x without autocommit", status)
	}
}

func TestParameterValues(t *testing.T) {
	us := types.DaysFromCivil(2024, 2, 29)*types.Day + 13*types.Hour + 5*types.Minute + 9*types.Second
	dt := func(us int64, fsp int) types.Value { return types.Value{Type: types.NewDatetime(fsp), I: us} }
	dec := func(prec, scale int, i int64) types.Value {
		return types.Value{Type: types.NewDecimal(prec, scale), D: types.DecFromInt64(i)}
	}
	for _, c := range []struct {
		kind uint16
		wire []byte
		want types.Value
	}{
		{wireTiny, []byte{0xff}, types.IntValue(-1)},
		{wireTiny | paramUnsigned, []byte{0xff}, types.UintValue(255)},
		{wireShort, u16(0x8000), types.IntValue(-32768)},
		{wireYear, u16(2024), types.IntValue(2024)},
		{wireShort | paramUnsigned, u16(0x8000), types.UintValue(32768)},
		{wireLong, u32(0xffffffff), types.IntValue(-1)},
		{wireInt24 | paramUnsigned, u32(0xffffffff), types.UintValue(1<<32 - 1)},
		{wireLongLong, u64(1 << 63), types.IntValue(math.MinInt64)},
		{wireLongLong | paramUnsigned, u64(1 << 63), types.UintValue(1 << 63)},
		{wireFloat, u32(math.Float32bits(1.5)), types.Value{Type: types.Type{Kind: types.Float32}, F: 1.5}},
		{wireDouble, u64(math.Float64bits(-2.25)), types.FloatValue(-2.25)},
		{wireNewDecimal, []byte("\x0512.30"), dec(4, 2, 1230)},
		{wireDecimal, []byte("\x03abc"), types.TextValue("abc")},
		{wireVarString, []byte("\x02hi"), types.TextValue("hi")},
		{wireBlob, []byte("\x02\x00\xff"), types.BytesValue([]byte{0, 0xff})},
		{wireDate, []byte{4, 0xe8, 7, 2, 29}, types.Value{Type: types.TypeDate, I: us / types.Day}},
		{wireDatetime, []byte{4, 0xe8, 7, 2, 29}, dt(us/types.Day*types.Day, 0)},
		{wireTimestamp, []byte{7, 0xe8, 7, 2, 29, 13, 5, 9}, dt(us, 0)},
		{wireDatetime, append([]byte{11, 0xe8, 7, 2, 29, 13, 5, 9}, u32(250)...), dt(us+250, 6)},
		{wireDatetime, []byte{0}, types.TextValue("0000-00-00 00:00:00.000000")},
		{wireDate, []byte{4, 0xe7, 7, 2, 29}, types.TextValue("2023-02-29 00:00:00.000000")},
		{wireTime, []byte{0}, types.TextValue("00:00:00")},
		{wireTime, []byte{8, 1, 1, 0, 0, 0, 2, 3, 4}, types.TextValue("-26:03:04")},
		{wireTime, append([]byte{12, 0, 0, 0, 0, 0, 2, 3, 4}, u32(5)...), types.TextValue("02:03:04.000005")},
		{wireNull, nil, types.NullValue(types.TypeNull)},
	} {
		p := payload{b: c.wire}
		got, ok := p.value(c.kind)
		if !ok || p.bad || len(p.b) > 0 || got != c.want {
			t.Errorf("type %x, %x: %#v (%v, bad %v, %d left), want %#v", c.kind, c.wire, got, ok, p.bad, len(p.b), c.want)
		}
	}
}

func TestMultiStatements(t *testing.T) {
	_, addr := startServer(t, Options{Node: node()})
	c := connect(t, addr, clientCaps)
	c.query("SELECT 1; WARN; STREAM 2; FAIL 1690 too much; SELECT 2")
	c.columns()
	c.eof()
	if rows, status := c.rows(); len(rows) != 1 || status&statusMoreResults == 0 {
		t.Fatalf("%q, status %x", rows, status)
	}
	p := payload{b: c.read()}
	if p.bytes(3); p.u16()&statusMoreResults == 0 || p.u16() != 3 {
		t.Fatalf("no more results, or no warnings: %x", p.b)
	}
	c.columns()
	c.eof()
	if rows, status := c.rows(); len(rows) != 2 || status&statusMoreResults == 0 {
		t.Fatalf("%q, status %x", rows, status)
	}
	if text := c.wantErr(1690); text != "#22003too much (line 1, column 8); do not ask to fail" {
		t.Errorf("%q", text)
	}

	c.command(comSetOption, u16(1))
	c.eof()
	c.query("SELECT 1; SELECT 2")
	c.wantErr(1064)
	c.command(comSetOption, u16(0))
	c.eof()
	c.query("WARN; WARN")
	c.wantOK()
	if status := c.wantOK(); status&statusMoreResults != 0 {
		t.Errorf("status %x of the last", status)
	}
}

func TestErrorAmongRows(t *testing.T) {
	_, addr := startServer(t, Options{Node: node()})
	c := connect(t, addr, clientCaps)
	c.query("STREAM 5000 FAIL")
	c.columns()
	c.eof()
	for range 5000 {
		c.read()
	}
	c.wantErr(1690)
	c.query("REPEAT 40000")
	c.columns()
	c.eof()
	if rows, _ := c.rows(); len(rows) != 40000 || string(rows[39999]) != "\x010\x05row 0" {
		t.Errorf("%d rows", len(rows))
	}
}

func TestSessionTracking(t *testing.T) {
	_, addr := startServer(t, Options{Node: node()})
	c := connect(t, addr, clientCaps|capSessionTrack)
	c.query("USE other")
	p := c.read()
	want := []byte("\x00\x00\x00\x02\x40\x00\x00\x00\x08\x01\x06\x05other")
	if !bytes.Equal(p, want) {
		t.Errorf("%x, want %x", p, want)
	}
	c.command(comPing)
	if p := c.read(); !bytes.Equal(p, []byte("\x00\x00\x00\x02\x00\x00\x00")) {
		t.Errorf("%x for no change", p)
	}
}

func TestFieldListAndStatistics(t *testing.T) {
	n := node()
	n.AddTable("t", engine.Column{Name: "id", Type: types.TypeInt}, engine.Column{Name: "Name", Type: types.TypeText},
		engine.Column{Name: "mail", Type: types.TypeText})
	_, addr := startServer(t, Options{Node: n})
	c := connect(t, addr, clientCaps)
	for pattern, want := range map[string]int{"": 3, "%": 3, "n_me": 1, "%m%": 2, "x": 0, "%%d%": 1, "i": 0} {
		c.command(comFieldList, []byte("t\x00"+pattern))
		if rows, _ := c.rows(); len(rows) != want {
			t.Errorf("%s: %d columns", pattern, len(rows))
		}
	}
	c.command(comStatistics)
	if s := string(c.read()); !strings.HasPrefix(s, "Uptime: ") || !strings.Contains(s, "Threads: 1") {
		t.Errorf("statistics %q", s)
	}
}

// answerFile sends a file in pieces, after the request for it.
func (c *client) answerFile(name string, pieces ...string) {
	c.t.Helper()
	if p := c.read(); string(p) != "\xfb"+name {
		c.t.Fatalf("no request for %s: %q", name, p)
	}
	for _, piece := range pieces {
		c.write([]byte(piece))
	}
	c.write(nil)
}

func TestLoadLocal(t *testing.T) {
	_, addr := startServer(t, Options{Node: node()})
	c := connect(t, addr, clientCaps)
	const load = "LOAD DATA LOCAL INFILE 'f.csv' INTO TABLE t"
	c.query(load)
	c.answerFile("f.csv", "a,b\nc", ",d\n", strings.Repeat("x\n", 50000))
	p := c.read()
	if want := fmt.Sprintf("Records: %d", 50002); p[0] != headerOK || !strings.Contains(string(p), want) {
		t.Errorf("%q does not say %s", p, want)
	}
	c.query(load)
	c.answerFile("f.csv")
	c.wantOK()
	c.query("LOAD SOME")
	c.answerFile("some", "not to be", " read to its end", strings.Repeat("x", 100000))
	c.wantErr(1366)
	c.query("SELECT 1; " + load + "; SELECT 2")
	c.columns()
	c.eof()
	c.rows()
	c.answerFile("f.csv", "1\n")
	c.wantOK()
	c.one()

	no := connect(t, addr, clientCaps&^capLocalFiles)
	no.query(load)
	no.wantErr(3948)
	no.command(comPing)
	no.wantOK()

	gone := connect(t, addr, clientCaps)
	gone.query(load)
	gone.read()
	gone.write([]byte("half a li"))
	gone.nc.Close() // the server is shut down behind this test, and waits for it

	odd := connect(t, addr, clientCaps)
	odd.query(load)
	odd.read()
	odd.seq = 77
	odd.write([]byte("x"))
	odd.wantErr(1156)
	odd.wantEnd()
}

// TestFileOfVanishedClient checks that the end of the connection is not the
// end of the file.
func TestFileOfVanishedClient(t *testing.T) {
	s, err := New(Options{Node: node()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.cancel()
	f := &infile{c: newConn(s, &script{in: bytes.NewReader(frames("half a line"))})}
	if b, err := io.ReadAll(f); string(b) != "half a line" || err != io.ErrUnexpectedEOF {
		t.Errorf("%q, %v", b, err)
	}
	if err := f.Close(); err == nil {
		t.Error("closed as if nothing had happened")
	}
}
