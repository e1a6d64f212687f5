package mysql

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/weirdb/weir/sqlerr"
)

func TestOptionsNameEveryFault(t *testing.T) {
	_, err := New(Options{RequireTLS: true, MaxConnections: -1, MaxPacket: 10, CursorMemory: -1, WriteTimeout: -1})
	for _, want := range []string{"no node", "TLS", "connections", "packet", "cursor", "timeout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not speak of %s", err, want)
		}
	}
}

func TestTooManyConnections(t *testing.T) {
	s, addr := startServer(t, Options{Node: node(), MaxConnections: 2})
	connect(t, addr, clientCaps)
	second := connect(t, addr, clientCaps)

	third := func() *client {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { nc.Close() })
		nc.SetDeadline(time.Now().Add(patience))
		return &client{t: t, nc: nc}
	}
	c := third()
	c.wantErr(1040)
	c.wantEnd()
	if st := s.Stats(); st.Open != 2 || st.Accepted != 3 || st.Refused != 1 {
		t.Errorf("%+v", st)
	}
	second.command(comQuit)
	second.wantEnd()
	for { // the place is free as soon as the server has seen the end
		c := third()
		if p, err := c.tryRead(); err != nil {
			t.Fatal(err)
		} else if p[0] == 10 {
			return
		}
	}
}

func TestShutdown(t *testing.T) {
	n := node()
	s, addr := startServer(t, Options{Node: n})
	quiet := connect(t, addr, clientCaps)
	greeted := dial(t, addr)
	busy := connect(t, addr, clientCaps)
	busy.query("WAIT")
	id := await(t, n.Started)

	done := make(chan error, 1)
	go func() { done <- s.Shutdown(context.Background()) }()
	quiet.seq = 0
	quiet.wantErr(1053)
	quiet.wantEnd()
	if _, err := io.Copy(io.Discard, greeted.nc); err != nil {
		t.Errorf("the greeted client: %v", err)
	}
	if nc, err := net.Dial("tcp", addr); err == nil {
		nc.Close()
		t.Error("a connection was taken")
	}
	select {
	case err := <-done:
		t.Fatalf("Shutdown did not wait for the running statement: %v", err)
	default:
	}
	if err := n.Kill(id, true); err != nil {
		t.Fatal(err)
	}
	busy.wantErr(1317) // the statement's answer comes through, then the farewell
	busy.seq = 0
	busy.wantErr(1053)
	busy.wantEnd()
	if err := await(t, done); err != nil {
		t.Error(err)
	}
	if n.Sessions() != 0 {
		t.Errorf("%d sessions are left open", n.Sessions())
	}
}

func TestShutdownLosesPatience(t *testing.T) {
	n := node()
	s, addr := startServer(t, Options{Node: n})
	busy := connect(t, addr, clientCaps)
	busy.query("WAIT")
	await(t, n.Started)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Shutdown(ctx); err != context.Canceled {
		t.Errorf("Shutdown: %v", err)
	}
	if err := await(t, n.Ended); !errors.Is(err, context.Canceled) {
		t.Errorf("the statement ended with %v", err)
	}
	busy.wantErr(1053)
	busy.wantEnd()
}

// TestVanishingClient goes away while a statement runs.
func TestVanishingClient(t *testing.T) {
	for _, how := range []string{"closed", "reset"} {
		n := node()
		_, addr := startServer(t, Options{Node: n})
		c := connect(t, addr, clientCaps)
		c.query("WAIT")
		await(t, n.Started)
		if how == "reset" {
			c.nc.(*net.TCPConn).SetLinger(0)
		}
		c.nc.Close()
		if err := await(t, n.Ended); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: the statement ended with %v", how, err)
		}
	}
}

// shutdown ends a server without cutting anything short.
func shutdown(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Error(err)
	}
}

// TestVanishingReader goes away in the middle of a result that no buffer
// holds.
func TestVanishingReader(t *testing.T) {
	n := node()
	s, addr := startServer(t, Options{Node: n})
	c := connect(t, addr, clientCaps)
	c.query("STREAM 100000000")
	c.columns()
	c.nc.Close()
	shutdown(t, s) // waits for the connection, which ends long before the rows
}

// TestStalledReader leaves a result unread.
func TestStalledReader(t *testing.T) {
	s, addr := startServer(t, Options{Node: node(), WriteTimeout: 2 * watchEvery})
	c := connect(t, addr, clientCaps)
	c.query("STREAM 100000000")
	c.columns()
	shutdown(t, s)
}

func TestKill(t *testing.T) {
	n := node()
	_, addr := startServer(t, Options{Node: n})
	killer := connect(t, addr, clientCaps)

	quiet := connect(t, addr, clientCaps)
	killer.command(comProcessKill, u32(quiet.id))
	killer.wantOK()
	quiet.wantEnd()

	busy := connect(t, addr, clientCaps)
	busy.query("WAIT")
	if id := await(t, n.Started); id != busy.id {
		t.Errorf("session %d greeted as %d", id, busy.id)
	}
	killer.command(comProcessKill, u32(busy.id))
	killer.wantOK()
	busy.wantErr(1317)
	busy.wantEnd()

	busy = connect(t, addr, clientCaps)
	busy.query("WAIT")
	n.Kill(await(t, n.Started), true)
	busy.wantErr(1317)
	busy.command(comPing)
	busy.wantOK()

	killer.command(comProcessKill, u32(99999))
	killer.wantErr(1094)
	killer.command(comProcessKill, []byte{1})
	killer.wantErr(1835)
	killer.command(comProcessKill, u32(killer.id)) // a kind of farewell
	killer.wantOK()
	killer.wantEnd()
}

func TestNodeRefuses(t *testing.T) {
	n := node()
	n.RefuseSessions(sqlerr.New(sqlerr.ErrServerShutdown, "The node is starting"))
	_, addr := startServer(t, Options{Node: n})
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	c := &client{t: t, nc: nc}
	if text := c.wantErr(1053); text != "The node is starting" {
		t.Error(text)
	}
	c.wantEnd()
}

// TestPanicEndsTheConnectionOnly asks a statement to panic, which an engine
// should never let through.
func TestPanicEndsTheConnectionOnly(t *testing.T) {
	var log strings.Builder
	_, addr := startServer(t, Options{Node: node(), Logger: textLogger(&log)})
	c := connect(t, addr, clientCaps)
	c.query("PANIC")
	c.wantErr(1105)
	c.wantEnd()
	connect(t, addr, clientCaps).command(comPing)
	if !strings.Contains(log.String(), "asked to") {
		t.Errorf("log: %s", log.String())
	}
}

// TestMalformed sends what no client should. wantEnd says that the connection
// ends; otherwise it goes on.
func TestMalformed(t *testing.T) {
	_, addr := startServer(t, Options{Node: node(), MaxPacket: 1 << 20})
	for _, c := range []struct {
		name    string
		send    func(c *client)
		want    uint16
		wantEnd bool
	}{
		{"an empty packet", func(c *client) { c.seq = 0; c.write(nil) }, 1835, false},
		{"an unknown command", func(c *client) { c.command(0x42) }, 1047, false},
		{"a wrong sequence", func(c *client) { c.seq = 3; c.write([]byte{comPing}) }, 1156, true},
		{"a packet too large", func(c *client) { c.nc.Write([]byte{1, 0, 0x10, 0}); c.seq = 1 }, 1153, true},
		{"execute, short", func(c *client) { c.command(comStmtExecute, []byte{1}) }, 1835, false},
		{"execute of nothing", func(c *client) { c.command(comStmtExecute, u32(9), []byte{0}, u32(1)) }, 1243, false},
		{"execute without types", func(c *client) {
			c.command(comStmtExecute, u32(c.prepare("SELECT ?")), []byte{0}, u32(1), []byte{0, 0})
		}, 1835, false},
		{"execute without values", func(c *client) {
			c.command(comStmtExecute, u32(c.prepare("SELECT ?")), []byte{0}, u32(1), []byte{0, 1}, u16(wireLong))
		}, 1835, false},
		{"execute, a length beyond the packet", func(c *client) {
			c.command(comStmtExecute, u32(c.prepare("SELECT ?")), []byte{0}, u32(1), []byte{0, 1}, u16(wireString), []byte{0xfe}, u64(1<<62))
		}, 1835, false},
		{"execute, a NULL for a length", func(c *client) {
			c.command(comStmtExecute, u32(c.prepare("SELECT ?")), []byte{0}, u32(1), []byte{0, 1}, u16(wireString), []byte{0xfb})
		}, 1835, false},
		{"execute, a type that is none", func(c *client) {
			c.command(comStmtExecute, u32(c.prepare("SELECT ?")), []byte{0}, u32(1), []byte{0, 1}, u16(0x55), u64(1))
		}, 1235, false},
		{"execute, a date of 5 bytes", func(c *client) {
			c.command(comStmtExecute, u32(c.prepare("SELECT ?")), []byte{0}, u32(1), []byte{0, 1}, u16(wireDate), []byte{5, 1, 2, 3, 4, 5})
		}, 1835, false},
		{"fetch, short", func(c *client) { c.command(comStmtFetch, u32(c.prepare("SELECT 1"))) }, 1835, false},
		{"fetch without cursor", func(c *client) { c.command(comStmtFetch, u32(c.prepare("SELECT 1")), u32(1)) }, 1421, false},
		{"reset of nothing", func(c *client) { c.command(comStmtReset, u32(7)) }, 1243, false},
		{"long data for no parameter", func(c *client) {
			id := c.prepare("SELECT ?")
			c.command(comStmtSendLong, u32(id), u16(1), []byte("x"))
			c.command(comStmtExecute, u32(id), []byte{0}, u32(1), []byte{0, 1}, u16(wireTiny), []byte{1})
		}, 1210, false},
		{"change of user, cut", func(c *client) { c.command(comChangeUser, []byte("root\x00\x05ab")) }, 1835, false},
		{"an option that is none", func(c *client) { c.command(comSetOption, u16(7)) }, 1047, false},
		{"an option, cut", func(c *client) { c.command(comSetOption, []byte{0}) }, 1835, false},
		{"columns of an unended name", func(c *client) { c.command(comFieldList, []byte("t")) }, 1835, false},
		{"columns of no table", func(c *client) { c.command(comFieldList, []byte("nowhere\x00%")) }, 1146, false},
		{"an unknown database", func(c *client) { c.command(comInitDB, []byte("nowhere")) }, 1049, false},
		{"a bad statement to prepare", func(c *client) { c.command(comStmtPrepare, []byte("SELECT 1; SELECT 2")) }, 1064, false},
		{"a query of nothing", func(c *client) { c.query("") }, 1065, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl := connect(t, addr, clientCaps)
			cl.t = t
			c.send(cl)
			cl.wantErr(c.want)
			if c.wantEnd {
				cl.wantEnd()
				return
			}
			cl.command(comPing)
			cl.wantOK()
		})
	}
}

func TestMalformedLogin(t *testing.T) {
	_, addr := startServer(t, Options{Node: node()})
	for name, send := range map[string]func(c *client){
		"empty":         func(c *client) { c.write(nil) },
		"garbage":       func(c *client) { c.write([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")) },
		"an old client": func(c *client) { c.login(clientCaps&^capProtocol41, "root", "", nil, "") },
		"TLS not had":   func(c *client) { c.write(append(u32(clientCaps|capSSL), make([]byte, 28)...)) },
		"a long reply": func(c *client) {
			b := append(u32(clientCaps), make([]byte, 28)...)
			c.write(append(b, "root\x00\xff"...))
		},
		"no end of name": func(c *client) { c.write(append(append(u32(clientCaps), make([]byte, 28)...), "root"...)) },
	} {
		c := dial(t, addr)
		send(c)
		if code, text, err := c.readErr(); err != nil || code != 1043 {
			t.Errorf("%s: %d %s %v", name, code, text, err)
			continue
		}
		c.wantEnd()
	}
	c := dial(t, addr)
	c.nc.Write([]byte{0, 0, 0x20, 1}) // 2 MiB before anyone is known
	c.seq = 2
	c.wantErr(1153)
	c.wantEnd()
}
