package mysql

import (
	"encoding/binary"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// maxStmts bounds the prepared statements of a connection.
const maxStmts = 16382

// maxPlaceholders is what the reply to COM_STMT_PREPARE has room for.
const maxPlaceholders = 1<<16 - 1

// stmt is a prepared statement of a connection.
type stmt struct {
	engine.Stmt
	params []types.Value // of the last execution, used again
	bound  []uint16      // wire types of the parameters: low byte the type, high byte 0x80 for unsigned
	long   [][]byte      // sent ahead by COM_STMT_SEND_LONG_DATA; nil entries were not
	longN  int           // bytes in long
	fault  error         // of COM_STMT_SEND_LONG_DATA, which has no reply
	cursor *cursor       // open, or nil
}

func (s *stmt) forgetLong() {
	clear(s.long)
	s.longN, s.fault = 0, nil
}

func errUnknownStmt(id uint32, command string) error {
	return sqlerr.New(sqlerr.ErrUnknownStmtHandler, "Unknown prepared statement handler (%d) given to %s", id, command)
}

// stmtOf takes a statement id off the front of p.
func (c *conn) stmtOf(p *payload, command string) (*stmt, uint32, error) {
	id := p.u32()
	if p.bad {
		return nil, 0, errMalformed
	}
	s := c.stmts[id]
	if s == nil {
		return nil, id, errUnknownStmt(id, command)
	}
	return s, id, nil
}

func (c *conn) stmtPrepare(sql string) error {
	if len(c.stmts) >= maxStmts {
		return sqlerr.New(sqlerr.ErrMaxPreparedStmt, "Can't create more than %d prepared statements on a connection", maxStmts)
	}
	es, err := c.session.Prepare(c.ctx, sql)
	if err != nil {
		return err
	}
	params, cols := es.Params(), es.Columns()
	if len(params) > maxPlaceholders {
		es.Close()
		return sqlerr.New(1390, "Prepared statement contains too many placeholders")
	}
	c.lastStmt++
	c.stmts[c.lastStmt] = &stmt{Stmt: es, params: make([]types.Value, len(params))}
	c.writePrepared(c.lastStmt, params, cols)
	return nil
}

func (c *conn) writePrepared(id uint32, params []types.Type, cols []engine.Column) {
	out := &c.out
	out.begin()
	b := append(out.buf, headerOK)
	b = binary.LittleEndian.AppendUint32(b, id)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(cols)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(params)))
	out.buf = append(b, 0, 0, 0) // filler, warnings
	out.end()
	for _, t := range params {
		if t.Kind == types.Null {
			t = types.TypeText
		}
		out.begin()
		out.buf = appendColumn(out.buf, &engine.Column{Name: "?", Type: t})
		out.end()
	}
	if len(params) > 0 && c.caps&capDeprecateEOF == 0 {
		c.writeEOF(c.status, 0)
	}
	for i := range cols {
		out.begin()
		out.buf = appendColumn(out.buf, &cols[i])
		out.end()
	}
	if len(cols) > 0 && c.caps&capDeprecateEOF == 0 {
		c.writeEOF(c.status, 0)
	}
}

func (c *conn) stmtExecute(p payload) error {
	s, _, err := c.stmtOf(&p, "mysqld_stmt_execute")
	if err != nil {
		return err
	}
	flags := p.u8()
	p.u32() // iteration count, always 1
	if p.bad {
		return errMalformed
	}
	c.closeCursor(s)
	err = s.takeParams(&p)
	if s.fault != nil {
		err = s.fault
	}
	s.forgetLong()
	if err != nil {
		return err
	}
	const readOnlyCursor = 1
	if flags&readOnlyCursor == 0 || s.Columns() == nil {
		c.reply.reset(true, nil)
		return c.finish(s.Execute(c.ctx, s.params, &c.reply))
	}
	cur := &cursor{}
	c.reply.reset(true, cur)
	if err := c.finish(s.Execute(c.ctx, s.params, &c.reply)); err != nil {
		cur.close(c)
		return err
	}
	s.cursor = cur
	return nil
}

// takeParams reads the values of an execution into s.params. The types may be
// left out when they are those of the execution before.
func (s *stmt) takeParams(p *payload) error {
	n := len(s.params)
	if n == 0 {
		return nil
	}
	nulls := p.bytes((n + 7) / 8)
	if p.u8() == 1 {
		kinds := p.bytes(2 * n)
		if p.bad {
			return errMalformed
		}
		s.bound = s.bound[:0]
		for i := range n {
			s.bound = append(s.bound, binary.LittleEndian.Uint16(kinds[2*i:]))
		}
	}
	if p.bad || len(s.bound) != n {
		return errMalformed
	}
	for i, kind := range s.bound {
		switch {
		case s.long != nil && s.long[i] != nil:
			s.params[i] = longValue(kind, s.long[i])
		case nulls[i/8]&(1<<(i%8)) != 0:
			s.params[i] = types.NullValue(types.TypeNull)
		default:
			v, ok := p.value(kind)
			if !ok {
				return sqlerr.New(sqlerr.ErrNotSupportedYet, "Weir does not support parameters of wire type %d", kind&0xff)
			}
			s.params[i] = v
		}
	}
	if p.bad {
		return errMalformed
	}
	return nil
}

func (c *conn) stmtSendLong(p payload) {
	s, _, err := c.stmtOf(&p, "mysqld_stmt_send_long_data")
	if err != nil {
		return // there is no reply to this command; the execution will fail
	}
	i := int(p.u16())
	switch {
	case p.bad || i >= len(s.params):
		s.fault = sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to mysqld_stmt_send_long_data")
	case s.longN+len(p.b) > c.srv.o.MaxPacket:
		s.fault = errTooLarge
	default:
		if s.long == nil {
			s.long = make([][]byte, len(s.params))
		}
		if s.long[i] == nil {
			s.long[i] = []byte{}
		}
		s.long[i] = append(s.long[i], p.b...)
		s.longN += len(p.b)
	}
}

func (c *conn) stmtClose(p payload) {
	if s, id, err := c.stmtOf(&p, "mysqld_stmt_close"); err == nil {
		c.closeCursor(s)
		s.Close()
		delete(c.stmts, id)
	}
}

func (c *conn) stmtReset(p payload) error {
	s, _, err := c.stmtOf(&p, "mysqld_stmt_reset")
	if err != nil {
		return err
	}
	c.closeCursor(s)
	s.forgetLong()
	return c.ok()
}

// cursor holds the rows of a result that the client takes by COM_STMT_FETCH.
// They are kept as they will be sent, each behind four bytes of length, in
// chunks that go as they are used up; so the session is free for other
// statements in between.
type cursor struct {
	chunks [][]byte
	read   int // bytes used of chunks[0]
	held   int // bytes counted in conn.cursorBytes
}

// cursorChunk is the size of a chunk, unless one row is larger.
const cursorChunk = 64 << 10

// add keeps a row.
func (cu *cursor) add(c *conn, rows *rowCoder, b *zset.Batch, i int) error {
	last := len(cu.chunks) - 1
	if last < 0 || len(cu.chunks[last]) >= cursorChunk {
		cu.chunks = append(cu.chunks, nil)
		last++
	}
	chunk := cu.chunks[last]
	mark := len(chunk)
	chunk = rows.appendBinary(append(chunk, 0, 0, 0, 0), b, i)
	binary.LittleEndian.PutUint32(chunk[mark:], uint32(len(chunk)-mark-4))
	cu.chunks[last] = chunk
	cu.held += len(chunk) - mark
	c.cursorBytes += len(chunk) - mark
	if c.cursorBytes > c.srv.o.CursorMemory {
		return sqlerr.New(sqlerr.ErrOutOfMemory, "The rows of this connection's cursors take more than %d bytes", c.srv.o.CursorMemory).
			WithHint("run the statement without a cursor: its rows are then streamed")
	}
	return nil
}

// next returns a row, nil behind the last.
func (cu *cursor) next() []byte {
	for len(cu.chunks) > 0 {
		chunk := cu.chunks[0]
		if cu.read < len(chunk) {
			at := cu.read + 4
			cu.read = at + int(binary.LittleEndian.Uint32(chunk[cu.read:]))
			return chunk[at:cu.read]
		}
		cu.chunks[0], cu.chunks, cu.read = nil, cu.chunks[1:], 0
	}
	return nil
}

func (cu *cursor) empty() bool {
	return len(cu.chunks) == 0 || len(cu.chunks) == 1 && cu.read == len(cu.chunks[0])
}

func (cu *cursor) close(c *conn) {
	c.cursorBytes -= cu.held
	*cu = cursor{}
}

func (c *conn) closeCursor(s *stmt) {
	if s.cursor != nil {
		s.cursor.close(c)
		s.cursor = nil
	}
}

func (c *conn) stmtFetch(p payload) error {
	s, _, err := c.stmtOf(&p, "mysqld_stmt_fetch")
	if err != nil {
		return err
	}
	n := p.u32()
	if p.bad {
		return errMalformed
	}
	if s.cursor == nil {
		return errNoCursor
	}
	for ; n > 0; n-- {
		row := s.cursor.next()
		if row == nil {
			break
		}
		c.out.packet(row)
		if len(c.out.buf) < flushAt {
			continue
		}
		if err := c.flush(); err != nil {
			return err
		}
	}
	sum := c.session.Status()
	status := c.note(&sum) | statusCursorExists
	if s.cursor.empty() {
		status |= statusLastRowSent
		c.closeCursor(s)
	}
	c.writeEnd(&engine.Summary{DB: sum.DB}, status)
	return nil
}
