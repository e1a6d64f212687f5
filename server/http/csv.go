package http

import (
	"bytes"
	"net/http"
	"strconv"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// csvAnswer writes comma-separated values as RFC 4180 has them, but with \n:
// a line of names, then the rows. NULL is an empty field, the empty string
// "". A statement without rows gives the column affected_rows; an empty line
// stands between the results of several statements. There is no place for an
// error behind rows that have gone out: the connection is broken off.
type csvAnswer struct {
	out    *stream
	types  []types.Type
	inRows bool
	cell   []byte
	stmts  int
}

func (a *csvAnswer) open() {
	if a.stmts > 0 {
		a.out.buf = append(a.out.buf, '\n')
	}
	a.stmts++
}

// Columns implements engine.Sink.
func (a *csvAnswer) Columns(cols []engine.Column) error {
	a.open()
	a.inRows, a.types = true, a.types[:0]
	for i := range cols {
		a.types = append(a.types, cols[i].Type)
		if i > 0 {
			a.out.buf = append(a.out.buf, ',')
		}
		a.out.buf = appendField(a.out.buf, []byte(cols[i].Name))
	}
	a.out.buf = append(a.out.buf, '\n')
	return nil
}

// Rows implements engine.Sink.
func (a *csvAnswer) Rows(b *zset.Batch) error {
	for i := range b.N {
		for w := b.Weight(i); w > 0; w-- {
			a.row(b, i)
			if err := a.out.spill(); err != nil {
				return errClient
			}
		}
	}
	return nil
}

func (a *csvAnswer) row(b *zset.Batch, i int) {
	for c, t := range a.types {
		if c > 0 {
			a.out.buf = append(a.out.buf, ',')
		}
		v := &b.Cols[c]
		switch {
		case t.Kind == types.Null || v.IsNull(i):
		case t.Kind == types.String:
			a.out.buf = appendField(a.out.buf, v.Bytes(i))
		default:
			a.cell = appendPlain(a.cell[:0], t, v, i)
			a.out.buf = appendField(a.out.buf, a.cell)
		}
	}
	a.out.buf = append(a.out.buf, '\n')
}

// appendField appends a field, in quotes where it needs them.
func appendField(dst, s []byte) []byte {
	if len(s) > 0 && !bytes.ContainsAny(s, ",\"\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for _, c := range s {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// Done implements engine.Sink.
func (a *csvAnswer) Done(s engine.Summary, _ bool) error {
	if !a.inRows {
		a.open()
		a.out.buf = append(a.out.buf, "affected_rows\n"...)
		a.out.buf = append(strconv.AppendUint(a.out.buf, s.Affected, 10), '\n')
	}
	a.inRows = false
	return nil
}

func (a *csvAnswer) finish(err error) {
	if err != nil && !a.out.fail(err) {
		panic(http.ErrAbortHandler) // what net/http asks for to break off
	}
}
