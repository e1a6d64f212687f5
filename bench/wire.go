package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"
)

// client is a MySQL client that does as little as a client can: prepared
// statements with integer parameters, one write to send a command, and of a
// result it keeps the number of rows and the last one. It is what lets one
// machine drive a server without spending its cores on the driver.
type client struct {
	nc     net.Conn
	in     []byte // in[r:w] is read but not taken
	r, w   int
	out    []byte
	last   []byte
	modern bool // results end in an OK packet, not an EOF
}

// Capabilities and commands of the protocol.
const (
	capLongPassword = 1 << 0
	capConnectDB    = 1 << 3
	capProtocol41   = 1 << 9
	capTransactions = 1 << 13
	capSecure       = 1 << 15
	capPluginAuth   = 1 << 19
	capDeprecateEOF = 1 << 24

	comQuery   = 0x03
	comPrepare = 0x16
	comExecute = 0x17
)

// reply is the outcome of a command.
type reply struct {
	rows     int
	last     []byte // the last row, borrowed until the next command
	cols     int
	affected uint64
}

// int64At returns column i of the last row of a binary result whose columns
// before i are all 8 bytes wide and not NULL.
func (r *reply) int64At(i int) int64 {
	at := 1 + (r.cols+9)/8 + 8*i
	if len(r.last) < at+8 {
		return -1
	}
	return int64(binary.LittleEndian.Uint64(r.last[at:]))
}

// dial connects as root without a password.
func dial(network, addr, db string) (*client, error) {
	nc, err := net.DialTimeout(network, addr, 10*time.Second)
	if err != nil {
		return nil, err
	}
	c := &client{nc: nc, in: make([]byte, 64<<10)}
	if err := c.greet(db); err != nil {
		nc.Close()
		return nil, fmt.Errorf("connecting to %s: %w", addr, err)
	}
	return c, nil
}

func (c *client) close() { c.nc.Close() }

// greet answers the server's handshake.
func (c *client) greet(db string) error {
	p, err := c.packet()
	if err != nil {
		return err
	}
	if p[0] == 0xff {
		return serverError(p)
	}
	at := 1
	for p[at] != 0 { // the server's version
		at++
	}
	at += 1 + 4 + 8 + 1 // the connection id, the first part of the challenge
	caps := uint32(binary.LittleEndian.Uint16(p[at:])) | uint32(binary.LittleEndian.Uint16(p[at+5:]))<<16
	c.modern = caps&capDeprecateEOF != 0
	mine := uint32(capLongPassword | capProtocol41 | capTransactions | capSecure | capPluginAuth)
	if c.modern {
		mine |= capDeprecateEOF
	}
	if db != "" {
		mine |= capConnectDB
	}
	c.begin()
	c.out = binary.LittleEndian.AppendUint32(c.out, mine)
	c.out = binary.LittleEndian.AppendUint32(c.out, 1<<24-1)
	c.out = append(c.out, 45) // utf8mb4
	c.out = append(c.out, make([]byte, 23)...)
	c.out = append(c.out, "root\x00\x00"...) // no password
	if db != "" {
		c.out = append(append(c.out, db...), 0)
	}
	c.out = append(c.out, "mysql_native_password\x00"...)
	c.end(0, 1)
	if err := c.send(); err != nil {
		return err
	}
	return c.admitted()
}

// admitted reads on until the server lets the client in.
func (c *client) admitted() error {
	for {
		p, err := c.packet()
		if err != nil {
			return err
		}
		switch p[0] {
		case 0x00:
			return nil
		case 0xff:
			return serverError(p)
		case 0xfe: // another plugin: its answer to no password is as empty
			c.begin()
			c.end(0, c.in[c.r-len(p)-1]+1)
			if err := c.send(); err != nil {
				return err
			}
		}
	}
}

// begin opens a packet in out, end closes the one that begins at start.
func (c *client) begin() int {
	c.out = append(c.out, 0, 0, 0, 0)
	return len(c.out) - 4
}

func (c *client) end(start int, seq byte) {
	n := len(c.out) - start - 4
	c.out[start], c.out[start+1], c.out[start+2], c.out[start+3] = byte(n), byte(n>>8), byte(n>>16), seq
}

// send writes what stands in out.
func (c *client) send() error {
	_, err := c.nc.Write(c.out)
	c.out = c.out[:0]
	return err
}

// packet reads a packet, which is borrowed until the next command.
func (c *client) packet() ([]byte, error) {
	if err := c.fill(4); err != nil {
		return nil, err
	}
	h := c.in[c.r:]
	n := int(h[0]) | int(h[1])<<8 | int(h[2])<<16
	if n == 0 {
		return nil, errors.New("the server sent an empty packet")
	}
	if err := c.fill(4 + n); err != nil {
		return nil, err
	}
	c.r += 4 + n
	return c.in[c.r-n : c.r], nil
}

// fill waits until n bytes stand in in[r:w].
func (c *client) fill(n int) error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	if c.r+n > len(c.in) {
		grown := c.in
		if n > len(c.in) {
			grown = make([]byte, 2*n)
		}
		c.w = copy(grown, c.in[c.r:c.w])
		c.in, c.r = grown, 0
	}
	for c.w-c.r < n {
		m, err := c.nc.Read(c.in[c.w:])
		if err != nil {
			return err
		}
		c.w += m
	}
	return nil
}

// query runs SQL text and reads its result.
func (c *client) query(sql string) (reply, error) {
	start := c.begin()
	c.out = append(append(c.out, comQuery), sql...)
	c.end(start, 0)
	if err := c.send(); err != nil {
		return reply{}, err
	}
	r, err := c.result()
	if err != nil {
		return r, fmt.Errorf("%.80s: %w", sql, err)
	}
	return r, nil
}

// prepare returns the id of a prepared statement.
func (c *client) prepare(sql string) (uint32, error) {
	start := c.begin()
	c.out = append(append(c.out, comPrepare), sql...)
	c.end(start, 0)
	if err := c.send(); err != nil {
		return 0, err
	}
	p, err := c.packet()
	if err != nil {
		return 0, err
	}
	if p[0] == 0xff {
		return 0, fmt.Errorf("%.80s: %w", sql, serverError(p))
	}
	id := binary.LittleEndian.Uint32(p[1:])
	cols, params := int(binary.LittleEndian.Uint16(p[5:])), int(binary.LittleEndian.Uint16(p[7:]))
	for _, n := range []int{params, cols} {
		if n > 0 && !c.modern {
			n++
		}
		for range n {
			if _, err := c.packet(); err != nil {
				return 0, err
			}
		}
	}
	return id, nil
}

// push adds the execution of a prepared statement to what send will write.
func (c *client) push(id uint32, params ...int64) {
	start := c.begin()
	c.out = append(c.out, comExecute)
	c.out = binary.LittleEndian.AppendUint32(c.out, id)
	c.out = append(c.out, 0, 1, 0, 0, 0) // no cursor, once
	if len(params) > 0 {
		for range (len(params) + 7) / 8 {
			c.out = append(c.out, 0)
		}
		c.out = append(c.out, 1)
		for range params {
			c.out = append(c.out, 8, 0) // BIGINT
		}
		for _, v := range params {
			c.out = binary.LittleEndian.AppendUint64(c.out, uint64(v))
		}
	}
	c.end(start, 0)
}

// execute runs a prepared statement.
func (c *client) execute(id uint32, params ...int64) (reply, error) {
	c.push(id, params...)
	if err := c.send(); err != nil {
		return reply{}, err
	}
	return c.result()
}

// result reads the outcome of one statement.
func (c *client) result() (reply, error) {
	var r reply
	p, err := c.packet()
	if err != nil {
		return r, err
	}
	switch p[0] {
	case 0xff:
		return r, serverError(p)
	case 0x00:
		r.affected, _ = lengthOf(p[1:])
		return r, nil
	}
	cols, _ := lengthOf(p)
	r.cols = int(cols)
	skip := r.cols
	if !c.modern {
		skip++
	}
	for range skip {
		if _, err := c.packet(); err != nil {
			return r, err
		}
	}
	for {
		p, err := c.packet()
		switch {
		case err != nil:
			return r, err
		case p[0] == 0xff:
			return r, serverError(p)
		case p[0] == 0xfe && (c.modern || len(p) < 9):
			return r, nil
		}
		r.rows++
		c.last = append(c.last[:0], p...) // reading on may move p
		r.last = c.last
	}
}

// lengthOf reads a length-encoded integer.
func lengthOf(p []byte) (uint64, []byte) {
	switch p[0] {
	case 0xfc:
		return uint64(binary.LittleEndian.Uint16(p[1:])), p[3:]
	case 0xfd:
		return uint64(p[1]) | uint64(p[2])<<8 | uint64(p[3])<<16, p[4:]
	case 0xfe:
		return binary.LittleEndian.Uint64(p[1:]), p[9:]
	}
	return uint64(p[0]), p[1:]
}

// serverError is what an ERR packet says.
func serverError(p []byte) error {
	code, text := binary.LittleEndian.Uint16(p[1:]), p[3:]
	if len(text) > 6 && text[0] == '#' {
		text = text[6:]
	}
	return fmt.Errorf("errno %d: %s", code, text)
}
