// Package mysql is the door for MySQL clients: it speaks the client/server
// protocol over TCP and hands statements to an engine.Node.
//
// One goroutine serves a connection. It reads a command into the connection's
// read buffer (wire.go), runs it (conn.go, stmt.go), and everything it answers
// is encoded straight from the engine's columns into one write buffer
// (result.go, row.go), which goes out when the reply is complete or past
// 64 KiB: a small reply costs one system call. One more goroutine for the
// whole server looks, ten times a second, after statements that run for long
// (watch.go): is the client still there, does it still read?
//
// Invariants:
//  1. What a client sends never makes a panic, nor an allocation larger than
//     what it has really sent: lengths are claims until their bytes are there.
//  2. A row is in the write buffer whole or not at all, so an error can end a
//     result at any row.
//  3. A connection changes between idle, running and closing by one atomic
//     word; only who moves it from idle to closing may interrupt its read.
//
// Strings go out and are taken as UTF-8, whatever character set the client
// named on connecting; SET NAMES is the session's to judge.
package mysql

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirdb/weir/engine"
)

// Defaults of Options.
const (
	DefaultMaxConnections = 1000
	DefaultMaxPacket      = 64 << 20
	DefaultCursorMemory   = 256 << 20
	DefaultWriteTimeout   = time.Minute
)

// Options configure a Server. The zero value with a Node serves root without
// a password.
type Options struct {
	// Node runs the statements. Required.
	Node engine.Node
	// Users maps user names to passwords. Empty: root without a password.
	// Anyone else is refused with errno 1045.
	Users map[string]Password
	// TLS, when not nil, is offered to clients; whoever does not ask for it
	// is served in the clear unless RequireTLS.
	TLS        *tls.Config
	RequireTLS bool
	// MaxConnections bounds the open connections; one more is told errno
	// 1040. 0: DefaultMaxConnections.
	MaxConnections int
	// MaxPacket bounds one packet of a client, in bytes; a larger one is
	// errno 1153 and the end of the connection. 0: DefaultMaxPacket.
	MaxPacket int
	// CursorMemory bounds the rows, in bytes, that the open cursors of one
	// connection hold. 0: DefaultCursorMemory.
	CursorMemory int
	// WriteTimeout is how long a client may leave a reply unread before its
	// connection is closed. 0: DefaultWriteTimeout.
	WriteTimeout time.Duration
	// Logger takes what an operator should know. nil: slog.Default().
	Logger *slog.Logger
}

// Validate names every fault of o at once.
func (o *Options) Validate() error {
	var errs []error
	if o.Node == nil {
		errs = append(errs, errors.New("no node to serve"))
	}
	if o.RequireTLS && o.TLS == nil {
		errs = append(errs, errors.New("TLS is required but not configured"))
	}
	if o.MaxConnections < 0 {
		errs = append(errs, fmt.Errorf("max connections %d is negative", o.MaxConnections))
	}
	if o.MaxPacket != 0 && o.MaxPacket < 1024 {
		errs = append(errs, fmt.Errorf("max packet of %d bytes is below 1024", o.MaxPacket))
	}
	if o.CursorMemory < 0 {
		errs = append(errs, fmt.Errorf("cursor memory %d is negative", o.CursorMemory))
	}
	if o.WriteTimeout < 0 {
		errs = append(errs, fmt.Errorf("write timeout %v is negative", o.WriteTimeout))
	}
	return errors.Join(errs...)
}

func (o Options) withDefaults() Options {
	if o.MaxConnections == 0 {
		o.MaxConnections = DefaultMaxConnections
	}
	if o.MaxPacket == 0 {
		o.MaxPacket = DefaultMaxPacket
	}
	if o.CursorMemory == 0 {
		o.CursorMemory = DefaultCursorMemory
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = DefaultWriteTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Stats are a server's counters since its start, but for Open.
type Stats struct {
	Open      int64  // connections open now
	Accepted  uint64 // connections accepted, refused ones too
	Refused   uint64 // too many connections, or denied access
	Commands  uint64 // commands received
	BytesRead uint64 // from clients, without what TLS adds
	BytesSent uint64 // to clients
}

// ErrServerClosed is what Serve returns after Shutdown.
var ErrServerClosed = errors.New("mysql: server closed")

// Server serves MySQL clients. Its methods are safe for concurrent use.
type Server struct {
	o        Options
	start    time.Time
	ctx      context.Context // of all statements; ended when Shutdown loses patience
	cancel   context.CancelFunc
	serving  sync.WaitGroup // connections
	watching sync.WaitGroup // the watcher

	accepted, refused, commands, bytesRead, bytesSent atomic.Uint64

	draining atomic.Bool // set under mu; read without

	mu        sync.Mutex
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	stopWatch chan struct{} // not nil while the watcher runs
}

// New returns a Server for o, whose faults it names all at once.
func New(o Options) (*Server, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("mysql: %w", err)
	}
	s := &Server{
		o:         o.withDefaults(),
		start:     time.Now(),
		listeners: map[net.Listener]struct{}{},
		conns:     map[*conn]struct{}{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Serve accepts connections of ln, which it closes, until Shutdown, and then
// returns ErrServerClosed. Several calls may run with a listener each.
func (s *Server) Serve(ln net.Listener) error {
	defer ln.Close()
	if !s.listen(ln) {
		return ErrServerClosed
	}
	defer s.unlisten(ln)
	for wait := time.Duration(0); ; {
		raw, err := ln.Accept()
		switch {
		case err == nil:
			wait = 0
			s.accepted.Add(1)
			s.admit(raw)
		case s.draining.Load():
			return ErrServerClosed
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("mysql: %w", err)
		default: // out of file descriptors, most likely: it will pass
			wait = min(max(2*wait, 5*time.Millisecond), time.Second)
			s.o.Logger.Warn("mysql: cannot accept a connection", "error", err, "retry", wait)
			select {
			case <-time.After(wait):
			case <-s.ctx.Done():
			}
		}
	}
}

func (s *Server) listen(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return false
	}
	s.listeners[ln] = struct{}{}
	if s.stopWatch == nil {
		stop := make(chan struct{})
		s.stopWatch = stop
		s.watching.Go(func() { s.watchConns(stop) })
	}
	return true
}

func (s *Server) unlisten(ln net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, ln)
}

// admit starts to serve a connection, or tells the client why not.
func (s *Server) admit(raw net.Conn) {
	raw.SetDeadline(time.Now().Add(handshakeTimeout))
	c := newConn(s, raw)
	s.mu.Lock()
	full := len(s.conns) >= s.o.MaxConnections
	admitted := !full && !s.draining.Load()
	if admitted {
		s.conns[c] = struct{}{}
		s.serving.Go(func() {
			c.serve()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
	s.mu.Unlock()
	if admitted {
		return
	}
	if full {
		s.refused.Add(1)
		c.writeErr(errTooMany)
	} else {
		c.writeErr(errShutdown)
	}
	c.out.flush() // a fresh socket has room for it
	c.end()
}

// Shutdown ends the server: it takes no new connections, lets running
// statements finish and answer, tells idle clients errno 1053, and returns
// when the last connection is closed. When ctx ends first, the statements
// that still run are cancelled, and Shutdown returns the context's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining.Store(true)
	for ln := range s.listeners {
		ln.Close()
	}
	for c := range s.conns {
		c.interrupt()
	}
	s.mu.Unlock()

	done := make(chan struct{})
	go func() {
		s.serving.Wait()
		close(done)
	}()
	var err error
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
		s.cancelAll()
		<-done
	}
	s.cancel()
	s.mu.Lock()
	if s.stopWatch != nil {
		close(s.stopWatch)
		s.stopWatch = nil
	}
	s.mu.Unlock()
	s.watching.Wait()
	return err
}

// cancelAll ends the running statements and gives their connections little
// time for the answer.
func (s *Server) cancelAll() {
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.raw.SetDeadline(time.Now().Add(lastWords))
	}
}

// Stats returns the counters.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	open := len(s.conns)
	s.mu.Unlock()
	return Stats{
		Open:      int64(open),
		Accepted:  s.accepted.Load(),
		Refused:   s.refused.Load(),
		Commands:  s.commands.Load(),
		BytesRead: s.bytesRead.Load(),
		BytesSent: s.bytesSent.Load(),
	}
}

// password returns what is known of a user.
func (s *Server) password(user string) (p Password, known bool) {
	if len(s.o.Users) == 0 {
		return Password{}, user == "root"
	}
	p, known = s.o.Users[user]
	return p, known
}
