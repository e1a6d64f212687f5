package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
)

// The phases of a connection, the low bits of conn.phase; the bits above
// count the changes, so that the watcher sees whether anything has moved.
// Only the connection's own goroutine changes it, but for idle to closing.
const (
	idle    = iota // waits for the client's next command, or greets it
	running        // runs a command
	writing        // waits for the client to take bytes
	closing        // will answer no further command
	phases
)

// How long a connection that must end may take to read or write what is
// under way.
const lastWords = 2 * time.Second

// errEnded is the error of a command after which the connection is over and
// the client has been told.
var errEnded = errors.New("mysql: connection ended")

// conn is a client's connection. All but phase, killed and the interrupting
// methods belongs to the goroutine in serve.
type conn struct {
	srv    *Server
	raw    net.Conn // the socket
	wire   net.Conn // raw, or TLS over it
	ctx    context.Context
	cancel context.CancelFunc
	phase  atomic.Uint64
	killed atomic.Bool // by KILL: end after the running command
	watch  watch

	in  packetReader
	out packetWriter

	caps      uint32 // those that both sides have
	challenge [scrambleLen]byte
	session   engine.Session
	user, db  string
	status    uint16 // last known flags of the session

	reply       reply
	stmts       map[uint32]*stmt
	lastStmt    uint32
	cursorBytes int
}

func newConn(s *Server, raw net.Conn) *conn {
	c := &conn{srv: s, raw: raw, wire: raw, stmts: map[uint32]*stmt{}, status: statusAutocommit}
	c.ctx, c.cancel = context.WithCancel(s.ctx)
	c.in = packetReader{src: raw, max: maxHandshake, count: &s.bytesRead}
	c.out = packetWriter{dst: raw, count: &s.bytesSent}
	c.reply.c = c
	return c
}

// serve is the life of a connection.
func (c *conn) serve() {
	defer c.end()
	defer func() {
		if r := recover(); r != nil {
			c.srv.o.Logger.Error("mysql: a connection failed; this is a bug", "panic", r, "stack", string(debug.Stack()))
			c.out.abandon()
			c.farewell(sqlerr.New(sqlerr.ErrUnknown, "Internal error: %v", r))
		}
	}()
	if !c.greet() {
		return
	}
	for c.command() {
	}
}

func (c *conn) end() {
	c.cancel()
	for _, s := range c.stmts {
		s.Close()
	}
	if c.session != nil {
		c.session.Close()
	}
	c.wire.Close()
}

// move changes the phase. It fails only from idle, when the connection has
// been told to close.
func (c *conn) move(to uint64) bool {
	now := c.phase.Load()
	return now%phases != closing && c.phase.CompareAndSwap(now, now-now%phases+phases+to)
}

// interrupt ends the connection if it is idle: its read fails at once.
func (c *conn) interrupt() {
	now := c.phase.Load()
	if now%phases == idle && c.phase.CompareAndSwap(now, now-now%phases+phases+closing) {
		c.raw.SetReadDeadline(time.Unix(1, 0))
	}
}

// kill ends the connection for KILL: at once when it is idle, else after the
// running command, which the engine ends. It may be called by anyone.
func (c *conn) kill() {
	c.killed.Store(true)
	c.raw.SetDeadline(time.Now().Add(lastWords)) // whatever it waits for
	c.interrupt()
}

// command serves one command and tells whether there may be another.
func (c *conn) command() bool {
	if !c.move(idle) {
		return false
	}
	c.in.seq, c.out.seq = 0, 0
	if c.killed.Load() {
		return false
	}
	if c.srv.draining.Load() {
		c.farewell(errShutdown)
		return false
	}
	p, err := c.in.next()
	c.out.seq = c.in.seq
	switch moved := c.move(running); {
	case err != nil:
		c.readFailed(err)
		return false
	case !moved:
		if !c.killed.Load() {
			c.farewell(errShutdown)
		}
		return false
	}
	c.srv.commands.Add(1)
	if len(p) > 0 && p[0] == comQuit {
		return false
	}
	if err := c.dispatch(p); err != nil && !c.answerErr(err) {
		return false
	}
	c.in.relax()
	return c.flush() == nil
}

// readFailed says why a command could not be read, where anyone listens.
func (c *conn) readFailed(err error) {
	var e *sqlerr.Error
	c.out.seq = c.in.seq
	switch {
	case errors.As(err, &e):
		c.farewell(e)
	case c.srv.draining.Load():
		c.farewell(errShutdown)
	}
}

// farewell sends err as the connection's last packet and then reads on for a
// while: a socket closed over unread bytes would take err back.
func (c *conn) farewell(err error) {
	c.writeErr(err)
	c.raw.SetDeadline(time.Now().Add(lastWords))
	if c.flush() != nil {
		return
	}
	if w, ok := c.wire.(interface{ CloseWrite() error }); !ok || w.CloseWrite() != nil {
		return
	}
	if errors.Is(err, errTooLarge) || errors.Is(err, errOutOfOrder) {
		io.Copy(io.Discard, c.raw)
	}
}

// flush sends what is collected.
func (c *conn) flush() error {
	c.move(writing)
	err := c.out.flush()
	c.move(running)
	return err
}

// answerErr tells the client of an error and whether the connection can go on.
func (c *conn) answerErr(err error) bool {
	switch {
	case c.out.err != nil || err == errEnded:
		return false
	case c.in.err != nil:
		c.readFailed(c.in.err)
		return false
	case c.ctx.Err() != nil:
		if c.srv.ctx.Err() != nil {
			c.farewell(errShutdown)
		}
		return false
	}
	c.writeErr(err)
	return true
}

// dispatch runs a command. A nil error means that the reply is written.
func (c *conn) dispatch(packet []byte) error {
	if len(packet) == 0 {
		return errMalformed
	}
	p := payload{b: packet[1:]}
	switch packet[0] {
	case comQuery:
		c.reply.reset(false, nil)
		return c.finish(c.session.Query(c.ctx, string(p.b), &c.reply))
	case comStmtExecute:
		return c.stmtExecute(p)
	case comStmtPrepare:
		return c.stmtPrepare(string(p.b))
	case comStmtSendLong:
		c.stmtSendLong(p)
		return nil
	case comStmtClose:
		c.stmtClose(p)
		return nil
	case comStmtReset:
		return c.stmtReset(p)
	case comStmtFetch:
		return c.stmtFetch(p)
	case comPing:
		return c.ok()
	case comInitDB:
		if err := c.session.Use(c.ctx, string(p.b)); err != nil {
			return err
		}
		return c.ok()
	case comFieldList:
		return c.fieldList(p)
	case comStatistics:
		return c.statistics()
	case comProcessKill:
		return c.processKill(p)
	case comChangeUser:
		return c.changeUser(p)
	case comResetConnection:
		return c.resetConnection()
	case comSetOption:
		return c.setOption(p)
	}
	return errUnknownCom
}

// ok writes an OK packet with the session's status.
func (c *conn) ok() error {
	s := c.session.Status()
	c.writeOK(headerOK, &engine.Summary{DB: s.DB}, c.note(&s))
	return nil
}

// finish completes the reply to statements: what the client still sends of a
// file is skipped.
func (c *conn) finish(err error) error {
	if f := c.reply.infile; f != nil {
		if e := f.Close(); e != nil && err == nil {
			err = e
		}
	}
	if err == nil && !c.reply.ended {
		return c.ok()
	}
	return err
}

func (c *conn) statistics() error {
	st := c.srv.Stats()
	c.out.packet(fmt.Appendf(nil, "Uptime: %d  Threads: %d  Questions: %d",
		int64(time.Since(c.srv.start).Seconds()), st.Open, st.Commands))
	return nil
}

func (c *conn) processKill(p payload) error {
	id := p.u32()
	if p.bad {
		return errMalformed
	}
	if err := c.srv.o.Node.Kill(id, false); err != nil {
		return err
	}
	return c.ok()
}

func (c *conn) setOption(p payload) error {
	switch option := p.u16(); {
	case p.bad:
		return errMalformed
	case option > 1:
		return errUnknownCom
	default:
		c.session.SetMultiStatements(option == 0)
	}
	s := c.session.Status()
	c.writeEnd(&engine.Summary{DB: s.DB}, c.note(&s))
	return nil
}

func (c *conn) resetConnection() error {
	if err := c.session.Reset(c.sessionOptions(c.session.Status().DB)); err != nil {
		return err
	}
	c.forgetStmts()
	return c.ok()
}

func (c *conn) forgetStmts() {
	for id, s := range c.stmts {
		c.closeCursor(s)
		s.Close()
		delete(c.stmts, id)
	}
}

func (c *conn) sessionOptions(db string) engine.SessionOptions {
	return engine.SessionOptions{
		User: c.user, Host: c.host(), DB: db, Door: "mysql",
		FoundRows:       c.caps&capFoundRows != 0,
		MultiStatements: c.caps&capMultiStatements != 0,
		Closed:          c.kill,
	}
}

func (c *conn) host() string {
	host, _, err := net.SplitHostPort(c.raw.RemoteAddr().String())
	if err != nil {
		return "localhost"
	}
	return host
}

// fieldList answers COM_FIELD_LIST: the columns of a table whose names match
// a pattern.
func (c *conn) fieldList(p payload) error {
	table, pattern := string(p.nulBytes()), string(p.endBytes())
	if p.bad {
		return errMalformed
	}
	var list fieldList
	if err := c.session.Query(c.ctx, "SELECT * FROM "+quoteName(table)+" LIMIT 0", &list); err != nil {
		return err
	}
	for i := range list.cols {
		if pattern != "" && !like(list.cols[i].Name, pattern) {
			continue
		}
		c.out.begin()
		c.out.buf = append(appendColumn(c.out.buf, &list.cols[i]), 0xfb) // no default told
		c.out.end()
	}
	s := c.session.Status()
	c.writeEnd(&engine.Summary{DB: s.DB}, c.note(&s))
	return nil
}
