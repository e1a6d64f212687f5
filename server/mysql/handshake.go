package mysql

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"net"
	"time"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

const (
	maxHandshake     = 128 << 10 // the longest packet before a client is known
	handshakeTimeout = 10 * time.Second
	sslRequestLen    = 32
)

// unknownUser is the session's user until the client is known, as in
// MySQL's process list.
const unknownUser = "unauthenticated user"

// login is what a client says of itself.
type login struct {
	user, db string
	method   string // "" when the client does not name one
	reply    []byte // to the challenge
}

// greet makes the client known and readies its session. The session exists
// from the start, because its id is part of the greeting.
func (c *conn) greet() bool {
	c.user = unknownUser
	session, err := c.srv.o.Node.NewSession(c.sessionOptions(""))
	if err != nil {
		c.farewell(err)
		return false
	}
	c.session = session
	c.newChallenge()
	c.writeGreeting()
	if c.out.flush() != nil {
		return false
	}
	who, err := c.readLogin()
	if err == nil {
		err = c.authenticate(who)
	}
	if err == nil && !c.move(running) {
		err = errShutdown
	}
	if err == nil {
		c.user = who.user
		err = c.session.Reset(c.sessionOptions(who.db))
	}
	c.out.seq = c.in.seq
	if err != nil {
		c.refuse(err)
		return false
	}
	c.in.max = c.srv.o.MaxPacket
	if c.ok() != nil || c.flush() != nil {
		return false
	}
	if !c.killed.Load() {
		c.raw.SetDeadline(time.Time{})
	}
	return true
}

// refuse ends a greeting that failed. A client that merely went away, as the
// probes of load balancers do, is told nothing.
func (c *conn) refuse(err error) {
	if e, ok := err.(*sqlerr.Error); ok {
		c.srv.refused.Add(1)
		c.farewell(e)
		return
	}
	if c.srv.draining.Load() {
		c.farewell(errShutdown)
	}
}

// newChallenge makes a challenge of bytes that end no string.
func (c *conn) newChallenge() {
	rand.Read(c.challenge[:])
	for i, b := range c.challenge {
		if b &= 0x7f; b == 0 || b == '$' {
			b++
		}
		c.challenge[i] = b
	}
}

func (c *conn) offeredCaps() uint32 {
	caps := uint32(serverCaps)
	if c.srv.o.TLS != nil {
		caps |= capSSL
	}
	return caps
}

func (c *conn) writeGreeting() {
	c.out.begin()
	c.out.buf = appendGreeting(c.out.buf, c.srv.o.Node.Version(), c.session.ID(), c.offeredCaps(), c.challenge[:])
	c.out.end()
	c.in.seq = c.out.seq
}

// appendGreeting appends the handshake packet of protocol version 10.
func appendGreeting(b []byte, version string, id, caps uint32, challenge []byte) []byte {
	b = append(b, 10)
	b = append(append(b, version...), 0)
	b = binary.LittleEndian.AppendUint32(b, id)
	b = append(append(b, challenge[:8]...), 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(caps))
	b = append(b, byte(types.DefaultCollation))
	b = binary.LittleEndian.AppendUint16(b, statusAutocommit)
	b = binary.LittleEndian.AppendUint16(b, uint16(caps>>16))
	b = append(b, scrambleLen+1)
	b = append(b, make([]byte, 10)...)
	b = append(append(b, challenge[8:]...), 0)
	return append(append(b, cachingSha2Password...), 0)
}

// readLogin takes the client's reply to the greeting, behind TLS if it asks
// for that.
func (c *conn) readLogin() (login, error) {
	p, err := c.in.next()
	if err != nil {
		return login{}, err
	}
	if len(p) == sslRequestLen && c.srv.o.TLS != nil && binary.LittleEndian.Uint32(p)&capSSL != 0 {
		if err := c.startTLS(); err != nil {
			return login{}, err
		}
		if p, err = c.in.next(); err != nil {
			return login{}, err
		}
	} else if c.srv.o.RequireTLS {
		c.caps = capProtocol41
		return login{}, errInsecure
	}
	who, caps, ok := parseLogin(p)
	c.caps = caps & c.offeredCaps()
	if !ok {
		return login{}, errHandshake
	}
	return who, nil
}

// parseLogin reads a handshake response of protocol 4.1; clients older than
// that (MySQL 4.0) are not served.
func parseLogin(packet []byte) (who login, caps uint32, ok bool) {
	p := payload{b: packet}
	caps = p.u32()
	p.u32()     // the client's max_allowed_packet
	p.u8()      // character set
	p.bytes(23) // reserved
	who.user = string(p.nulBytes())
	switch {
	case caps&capPluginAuthLenenc != 0:
		who.reply = p.lengthBytes()
	case caps&capSecureConnection != 0:
		who.reply = p.bytes(int(p.u8()))
	default:
		who.reply = p.nulBytes()
	}
	if caps&capConnectWithDB != 0 && len(p.b) > 0 {
		who.db = string(p.endBytes())
	}
	if caps&capPluginAuth != 0 && len(p.b) > 0 {
		who.method = string(p.endBytes())
	}
	return who, caps, !p.bad && caps&capProtocol41 != 0
}

// prefixConn reads some bytes before those of the connection.
type prefixConn struct {
	net.Conn
	prefix []byte
}

// Read implements io.Reader.
func (c *prefixConn) Read(p []byte) (int, error) {
	if len(c.prefix) > 0 {
		n := copy(p, c.prefix)
		c.prefix = c.prefix[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// startTLS hands the connection to TLS, with what the client has already sent
// of it.
func (c *conn) startTLS() error {
	secure := tls.Server(&prefixConn{Conn: c.raw, prefix: c.in.buffered()}, c.srv.o.TLS)
	if err := secure.HandshakeContext(c.ctx); err != nil {
		return err
	}
	c.wire = secure
	c.in.src, c.out.dst = secure, secure
	return nil
}

// authenticate proves that the client knows its user's password. A client
// that wants another method than our two is asked for the older one, which
// all clients have.
func (c *conn) authenticate(who login) error {
	if who.method == "" {
		who.method = nativePassword // from the time before methods had names
	}
	if who.method != nativePassword && who.method != cachingSha2Password {
		if c.caps&capPluginAuth == 0 {
			return errHandshake
		}
		reply, err := c.switchMethod(nativePassword)
		if err != nil {
			return err
		}
		who.method, who.reply = nativePassword, reply
	}
	password, known := c.srv.password(who.user)
	if !password.check(who.method, c.challenge[:], who.reply) || !known {
		using := "YES"
		if len(who.reply) == 0 {
			using = "NO"
		}
		return sqlerr.New(sqlerr.ErrAccessDenied, "Access denied for user '%s'@'%s' (using password: %s)",
			who.user, c.host(), using)
	}
	if who.method == cachingSha2Password && password.set {
		c.out.seq = c.in.seq
		const fastAuthSuccess = 3
		c.out.packet([]byte{headerMoreData, fastAuthSuccess})
		c.in.seq = c.out.seq
	}
	return nil
}

// switchMethod asks the client to answer a new challenge by another method.
func (c *conn) switchMethod(method string) ([]byte, error) {
	c.newChallenge()
	c.out.seq = c.in.seq
	c.out.begin()
	b := append(c.out.buf, headerAuthSwitch)
	b = append(append(b, method...), 0)
	c.out.buf = append(append(b, c.challenge[:]...), 0)
	c.out.end()
	c.in.seq = c.out.seq
	if err := c.out.flush(); err != nil {
		return nil, err
	}
	return c.in.next()
}

// changeUser answers COM_CHANGE_USER: another client, or a pooled one, takes
// the connection over. The challenge is the last one sent, as clients expect.
func (c *conn) changeUser(p payload) error {
	who := login{user: string(p.nulBytes())}
	if c.caps&capSecureConnection != 0 {
		who.reply = p.bytes(int(p.u8()))
	} else {
		who.reply = p.nulBytes()
	}
	who.db = string(p.nulBytes())
	if len(p.b) >= 2 {
		p.u16() // character set
	}
	if c.caps&capPluginAuth != 0 && len(p.b) > 0 {
		who.method = string(p.endBytes())
	}
	if p.bad {
		return errMalformed
	}
	c.raw.SetReadDeadline(time.Now().Add(handshakeTimeout))
	err := c.authenticate(who)
	c.out.seq = c.in.seq
	if err != nil {
		if e, ok := err.(*sqlerr.Error); ok {
			c.srv.refused.Add(1)
			c.farewell(e)
		}
		return errEnded
	}
	if !c.killed.Load() {
		c.raw.SetReadDeadline(time.Time{})
	}
	c.user = who.user
	if err := c.session.Reset(c.sessionOptions(who.db)); err != nil {
		return err
	}
	c.forgetStmts()
	return c.ok()
}

var _ engine.Infile = (*reply)(nil)
