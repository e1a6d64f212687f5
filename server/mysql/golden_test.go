package mysql

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// allTypes are columns of every type and two rows of them.
func allTypes() (cols []engine.Column, b *zset.Batch) {
	dec := func(p, s int) types.Type { return types.NewDecimal(p, s) }
	add := func(name string, t types.Type) {
		cols = append(cols, engine.Column{Name: name, OrgName: name, Table: "t", DB: "test", Type: t.WithNull(true)})
	}
	for k := types.Int8; k <= types.Float64; k++ {
		add(fmt.Sprintf("kind%d", k), types.Type{Kind: k})
	}
	add("flag", types.Type{Kind: types.Int8, Width: 1})
	add("dec9", dec(9, 2))
	add("dec38", dec(38, 10))
	add("dec65", dec(65, 30))
	add("varchar", types.NewString(20))
	add("text", types.NewString(0))
	add("varbinary", types.Type{Kind: types.Bytes, Coll: types.CollBinary, Len: 16})
	add("blob", types.TypeBytes)
	add("date", types.TypeDate)
	add("datetime", types.NewDatetime(0))
	add("datetime6", types.NewDatetime(6))
	add("timestamp3", types.NewTimestamp(3))
	cols = append(cols, engine.Column{Name: "id", OrgName: "id", Table: "t", DB: "test", Type: types.TypeInt,
		PrimaryKey: true, AutoIncrement: true}, engine.Column{Name: "NULL", Type: types.TypeNull})

	ts := make([]types.Type, len(cols))
	for i := range cols {
		ts[i] = cols[i].Type
	}
	b = zset.NewBatch(ts, 2)
	us := types.DaysFromCivil(2024, 2, 29)*types.Day + 13*types.Hour + 5*types.Minute + 9*types.Second + 123456
	full := make([]types.Value, len(ts))
	for i, t := range ts {
		v := types.Value{Type: t, I: -7, F: -1.5, S: "déjà"}
		switch {
		case t.Kind == types.Null:
			v.IsNull = true
		case t.Kind.IsUnsigned():
			v.I = 200
		case t.Kind == types.Decimal:
			v.D = types.DecFromInt64(-12345)
		case t.Kind == types.Date:
			v.I = types.DateOf(us)
		case t.Kind.IsTime():
			v.I = types.RoundMicros(us, t.FSP())
		}
		full[i] = v
	}
	b.AppendValues(full, 1)
	empty := make([]types.Value, len(ts))
	for i, t := range ts {
		empty[i] = types.NullValue(t)
	}
	empty[len(empty)-2] = types.Value{Type: types.TypeInt, I: 1}
	b.AppendValues(empty, 1)
	return cols, b
}

// TestGolden compares the packets that clients see, byte by byte.
func TestGolden(t *testing.T) {
	var out strings.Builder
	show := func(name string, packet []byte) {
		fmt.Fprintf(&out, "# %s\n%s\n", name, hex.Dump(packet))
	}
	show("greeting", appendGreeting(nil, "8.0.36-Weir-0.1.0", 7, serverCaps|capSSL, []byte("abcdefghijklmnopqrst")))

	e := sqlerr.New(sqlerr.ErrParse, "unexpected 'FORM'").At(1, 10).WithHint("did you mean FROM?")
	show("error", appendErr(nil, e, true))
	show("error before the handshake", appendErr(nil, errTooMany, false))

	reply := func(caps uint32, write func(c *conn)) []byte {
		c := &conn{caps: caps, out: packetWriter{count: counter()}, db: "old"}
		write(c)
		return c.out.buf
	}
	sum := engine.Summary{Affected: 300, LastInsertID: 70000, Warnings: 2, Info: "Records: 300", Autocommit: true, InTxn: true, DB: "new"}
	for _, k := range []struct {
		name string
		caps uint32
	}{{"plain", 0}, {"session tracked", capSessionTrack}, {"EOF deprecated", capDeprecateEOF}} {
		show("ok, "+k.name, reply(k.caps, func(c *conn) { c.writeOK(headerOK, &sum, c.note(&sum)) }))
		show("end of rows, "+k.name, reply(k.caps, func(c *conn) { c.writeEnd(&sum, c.note(&sum)|statusMoreResults) }))
	}
	cols, b := allTypes()
	for i := range cols {
		show("column "+cols[i].Name+" "+cols[i].Type.String(), appendColumn(nil, &cols[i]))
	}
	show("column of an expression", appendColumn(nil, &engine.Column{Name: "concat(a, b)", Type: types.TypeText}))
	var rc rowCoder
	rc.reset(cols)
	for i := range b.N {
		show(fmt.Sprint("text row ", i), rc.appendText(nil, b, i))
		show(fmt.Sprint("binary row ", i), rc.appendBinary(nil, b, i))
	}

	const path = "testdata/packets.golden"
	if *rewrite {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != string(want) {
		t.Errorf("packets differ from %s; look at them with -rewrite and git diff", path)
	}
}

// TestRowsWithoutAllocation encodes rows into a buffer that is large enough.
func TestRowsWithoutAllocation(t *testing.T) {
	cols, b := allTypes()
	var rc rowCoder
	rc.reset(cols)
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		rc.appendText(buf, b, 0)
		rc.appendBinary(buf, b, 0)
	}); n != 0 {
		t.Errorf("%v allocations a row", n)
	}
}
