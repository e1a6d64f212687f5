package mysql

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/zset"
)

// reply is the engine.Sink of a connection: it encodes what a statement
// answers into the write buffer. A connection has one and uses it again.
type reply struct {
	c      *conn
	binary bool    // rows in the binary protocol
	cursor *cursor // rows are kept here for COM_STMT_FETCH, when not nil
	rows   rowCoder
	inSet  bool // between Columns and Done
	ended  bool // the last statement's Done has come
	infile *infile
}

// reset readies r for a command.
func (r *reply) reset(binary bool, cur *cursor) {
	r.binary, r.cursor = binary, cur
	r.inSet, r.ended, r.infile = false, false, nil
}

// Columns begins a result set.
func (r *reply) Columns(cols []engine.Column) error {
	out := &r.c.out
	r.inSet = true
	r.rows.reset(cols)
	out.begin()
	out.buf = appendLength(out.buf, uint64(len(cols)))
	out.end()
	for i := range cols {
		out.begin()
		out.buf = appendColumn(out.buf, &cols[i])
		out.end()
	}
	if r.cursor == nil && r.c.caps&capDeprecateEOF == 0 {
		r.c.writeEOF(r.c.status, 0)
	}
	return out.err
}

// Rows passes rows on, each as often as it weighs.
func (r *reply) Rows(b *zset.Batch) error {
	out := &r.c.out
	for i := range b.N {
		w := b.Weight(i)
		if w < 0 {
			return fmt.Errorf("mysql: a result has a row of weight %d", w)
		}
		for ; w > 0; w-- {
			if r.cursor != nil {
				if err := r.cursor.add(r.c, &r.rows, b, i); err != nil {
					return err
				}
				continue
			}
			out.begin()
			if r.binary {
				out.buf = r.rows.appendBinary(out.buf, b, i)
			} else {
				out.buf = r.rows.appendText(out.buf, b, i)
			}
			out.end()
			if len(out.buf) < flushAt {
				continue
			}
			if err := r.c.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// Done ends a statement.
func (r *reply) Done(s engine.Summary, more bool) error {
	c := r.c
	status := c.note(&s)
	if more {
		status |= statusMoreResults
	}
	switch {
	case !r.inSet:
		c.writeOK(headerOK, &s, status)
	case r.cursor != nil:
		c.writeEnd(&s, status|statusCursorExists)
	default:
		c.writeEnd(&s, status)
	}
	r.inSet, r.ended = false, !more
	return c.out.err
}

// OpenInfile asks the client for a file.
func (r *reply) OpenInfile(name string) (io.ReadCloser, error) {
	c := r.c
	if c.caps&capLocalFiles == 0 {
		return nil, errNoInfile
	}
	if r.infile != nil {
		if err := r.infile.Close(); err != nil {
			return nil, err
		}
	}
	c.out.begin()
	c.out.buf = append(append(c.out.buf, headerInfile), name...)
	c.out.end()
	c.in.seq = c.out.seq
	if err := c.flush(); err != nil {
		return nil, err
	}
	r.infile = &infile{c: c}
	return r.infile, nil
}

// note keeps what a Summary says about the session and returns its status
// flags.
func (c *conn) note(s *engine.Summary) uint16 {
	var status uint16
	if s.InTxn {
		status |= statusInTxn
	}
	if s.Autocommit {
		status |= statusAutocommit
	}
	c.status = status
	return status
}

// writeEnd ends a result set: an EOF packet, or an OK packet in its place
// for clients that want it so.
func (c *conn) writeEnd(s *engine.Summary, status uint16) {
	if c.caps&capDeprecateEOF == 0 {
		c.writeEOF(status, s.Warnings)
		return
	}
	end := engine.Summary{Warnings: s.Warnings, Info: s.Info, DB: s.DB}
	c.writeOK(headerEOF, &end, status)
}

func (c *conn) writeEOF(status uint16, warnings int) {
	c.out.begin()
	b := append(c.out.buf, headerEOF)
	b = binary.LittleEndian.AppendUint16(b, clampWarnings(warnings))
	c.out.buf = binary.LittleEndian.AppendUint16(b, status)
	c.out.end()
}

// writeOK writes an OK packet. A client that tracks the session is told when
// the database has changed.
func (c *conn) writeOK(header byte, s *engine.Summary, status uint16) {
	tracks := c.caps&capSessionTrack != 0
	changed := tracks && s.DB != c.db
	c.db = s.DB
	if changed {
		status |= statusSessionChanged
	}
	c.out.begin()
	b := append(c.out.buf, header)
	b = appendLength(b, s.Affected)
	b = appendLength(b, s.LastInsertID)
	b = binary.LittleEndian.AppendUint16(b, status)
	b = binary.LittleEndian.AppendUint16(b, clampWarnings(s.Warnings))
	switch {
	case !tracks:
		b = append(b, s.Info...)
	case changed || s.Info != "":
		b = appendLengthString(b, s.Info)
	}
	if changed {
		b = appendSchemaChange(b, s.DB)
	}
	c.out.buf = b
	c.out.end()
}

// appendSchemaChange appends the session state block of one item:
// SESSION_TRACK_SCHEMA (1) with the database.
func appendSchemaChange(b []byte, db string) []byte {
	item := appendLengthString(nil, db)
	entry := appendLengthBytes([]byte{1}, item)
	return appendLengthBytes(b, entry)
}

func clampWarnings(n int) uint16 { return uint16(min(n, 1<<16-1)) }

// maxMessage bounds an error's text, in bytes.
const maxMessage = 4096

// writeErr writes an ERR packet for err. A user's error goes as it is; any
// other is errno 1105 with its text.
func (c *conn) writeErr(err error) {
	c.out.begin()
	c.out.buf = appendErr(c.out.buf, sqlerr.From(err), c.caps&capProtocol41 != 0)
	c.out.end()
}

func appendErr(dst []byte, e *sqlerr.Error, withState bool) []byte {
	dst = append(dst, headerErr, byte(e.Code), byte(e.Code>>8))
	if withState {
		state := e.State
		if len(state) != 5 {
			state = sqlerr.StateOf(e.Code)
		}
		dst = append(append(dst, '#'), state...)
	}
	text := e.Error()
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "")
	}
	return append(dst, text...)
}
