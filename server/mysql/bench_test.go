package mysql

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/server/servertest"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// pointNode answers every prepared statement with one row that is ready, so
// that a benchmark measures the door alone.
type pointNode struct{ *servertest.Node }

func (n pointNode) NewSession(o engine.SessionOptions) (engine.Session, error) {
	s, err := n.Node.NewSession(o)
	return pointSession{s}, err
}

type pointSession struct{ engine.Session }

func (s pointSession) Prepare(context.Context, string) (engine.Stmt, error) {
	cols := []engine.Column{
		{Name: "id", OrgName: "id", Table: "article", DB: "test", Type: types.TypeInt, PrimaryKey: true},
		{Name: "title", OrgName: "title", Table: "article", DB: "test", Type: types.NewString(100)},
		{Name: "votes", OrgName: "votes", Table: "article", DB: "test", Type: types.TypeInt},
	}
	b := zset.NewBatch([]types.Type{cols[0].Type, cols[1].Type, cols[2].Type}, 1)
	b.AppendValues([]types.Value{types.IntValue(7), types.TextValue("A title of usual length"), types.IntValue(12345)}, 1)
	return &pointStmt{cols: cols, b: b}, nil
}

type pointStmt struct {
	cols []engine.Column
	b    *zset.Batch
}

func (s *pointStmt) Params() []types.Type     { return []types.Type{types.TypeInt} }
func (s *pointStmt) Columns() []engine.Column { return s.cols }
func (s *pointStmt) Close()                   {}

func (s *pointStmt) Execute(_ context.Context, params []types.Value, out engine.Sink) error {
	s.b.Cols[0].I[0] = params[0].I
	if err := out.Columns(s.cols); err != nil {
		return err
	}
	if err := out.Rows(s.b); err != nil {
		return err
	}
	return out.Done(engine.Summary{Autocommit: true, DB: "test"}, false)
}

// BenchmarkPointRead is a prepared point SELECT over loopback, 32 connections
// with one statement under way each. The clients run in this process too.
func BenchmarkPointRead(b *testing.B) {
	_, addr := startServer(b, Options{Node: pointNode{node()}})
	const clients = 32
	conns := make([]*client, clients)
	ids := make([]uint32, clients)
	for i := range conns {
		conns[i] = connect(b, addr, clientCaps|capDeprecateEOF)
		ids[i] = conns[i].prepare("SELECT * FROM article WHERE id = ?")
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() { executePoints(b, c.nc, ids[i], &left) })
	}
	wg.Wait()
}

// executePoints is a client's loop without any decoding: a reply is as long
// as the first one was.
func executePoints(b *testing.B, nc net.Conn, id uint32, left *atomic.Int64) {
	b.Helper()
	body := append([]byte{comStmtExecute}, u32(id)...)
	body = append(body, 0, 1, 0, 0, 0, 0, 1, wireLongLong, 0)
	body = append(body, u64(1)...)
	request := append([]byte{byte(len(body)), 0, 0, 0}, body...)
	buf := make([]byte, 4096)
	size := 0
	for n := left.Add(-1); n >= 0; n = left.Add(-1) {
		binary.LittleEndian.PutUint64(request[len(request)-8:], uint64(n))
		if _, err := nc.Write(request); err != nil {
			b.Error(err)
			return
		}
		var err error
		if size == 0 { // replies go out in one write and come so
			size, err = nc.Read(buf)
		} else {
			_, err = io.ReadFull(nc, buf[:size])
		}
		if err != nil {
			b.Error(err)
			return
		}
	}
}

// BenchmarkRows encodes rows of an integer, a text and a time.
func BenchmarkRows(b *testing.B) {
	ts := []types.Type{types.TypeInt, types.NewString(20), types.NewDatetime(6)}
	cols := make([]engine.Column, len(ts))
	for i := range cols {
		cols[i].Type = ts[i]
	}
	batch := zset.NewBatch(ts, 1000)
	for i := range 1000 {
		batch.AppendValues([]types.Value{types.IntValue(int64(i) * 997), types.TextValue("twelve bytes"),
			{Type: ts[2], I: int64(i) * 1234567891}}, 1)
	}
	for _, protocol := range []string{"text", "binary"} {
		b.Run(protocol, func(b *testing.B) {
			var rc rowCoder
			rc.reset(cols)
			buf := make([]byte, 0, 1024)
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				if protocol == "text" {
					rc.appendText(buf, batch, i%1000)
				} else {
					rc.appendBinary(buf, batch, i%1000)
				}
			}
		})
	}
}
