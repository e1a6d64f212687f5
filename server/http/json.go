package http

import (
	"errors"
	"strconv"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// rowCoder encodes rows of one result set as JSON.
type rowCoder struct {
	types []types.Type
	keys  [][]byte // `"name":` for each column; nil in arrays
}

// newRowCoder returns a coder of objects, or of arrays when compact. Columns
// of one name are told apart in objects: id, id_2, id_3.
func newRowCoder(cols []engine.Column, compact bool) rowCoder {
	rc := rowCoder{types: make([]types.Type, len(cols))}
	used := map[string]bool{}
	for i := range cols {
		rc.types[i] = cols[i].Type
		if compact {
			continue
		}
		name := cols[i].Name
		for n := 2; used[name]; n++ {
			name = cols[i].Name + "_" + strconv.Itoa(n)
		}
		used[name] = true
		rc.keys = append(rc.keys, append(appendString(nil, []byte(name)), ':'))
	}
	return rc
}

func (rc *rowCoder) append(dst []byte, b *zset.Batch, i int) []byte {
	open, end := byte('{'), byte('}')
	if rc.keys == nil {
		open, end = '[', ']'
	}
	dst = append(dst, open)
	for c, t := range rc.types {
		if c > 0 {
			dst = append(dst, ',')
		}
		if rc.keys != nil {
			dst = append(dst, rc.keys[c]...)
		}
		dst = appendJSON(dst, t, &b.Cols[c], i)
	}
	return append(dst, end)
}

// jsonAnswer writes one JSON object. For one statement that is its outcome,
//
//	{"rows":[{"id":1,"name":"a"},..]}
//	{"affected_rows":3,"last_insert_id":7,"info":"..","warnings":2}
//
// the last three where there is something to tell, and for several it is
// {"results":[outcome,..]}. In the compact form rows are arrays behind their
// columns: {"columns":[{"name":"id","type":"bigint"},..],"rows":[[1,"a"],..]}.
//
// A statement that fails before anything has gone out makes the answer its
// error alone (status.go), with the HTTP status that fits. Otherwise, or when
// statements before it have their results in the answer, there is a last
// member "error".
type jsonAnswer struct {
	out     *stream
	many    bool
	compact bool
	rows    rowCoder
	stmts   int  // statements begun
	inRows  bool // between Columns and Done
	n       int  // rows of the result set
}

// errSeveral says that the engine found more statements than several did.
var errSeveral = errors.New("http: a text taken for one statement holds several")

// open begins the outcome of a statement.
func (a *jsonAnswer) open() error {
	switch {
	case a.stmts > 0 && !a.many:
		return errSeveral
	case a.stmts > 0:
		a.out.buf = append(a.out.buf, ',')
	case a.many:
		a.out.buf = append(a.out.buf, `{"results":[`...)
	}
	a.stmts++
	a.out.buf = append(a.out.buf, '{')
	return nil
}

// Columns implements engine.Sink.
func (a *jsonAnswer) Columns(cols []engine.Column) error {
	if err := a.open(); err != nil {
		return err
	}
	a.rows = newRowCoder(cols, a.compact)
	a.inRows, a.n = true, 0
	b := a.out.buf
	if a.compact {
		b = append(b, `"columns":[`...)
		for i := range cols {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(append(b, `{"name":`...), []byte(cols[i].Name))
			b = appendString(append(b, `,"type":`...), []byte(cols[i].Type.String()))
			b = append(b, '}')
		}
		b = append(b, `],`...)
	}
	a.out.buf = append(b, `"rows":[`...)
	return nil
}

// Rows implements engine.Sink.
func (a *jsonAnswer) Rows(b *zset.Batch) error {
	for i := range b.N {
		for w := b.Weight(i); w > 0; w-- {
			if a.n > 0 {
				a.out.buf = append(a.out.buf, ',')
			}
			a.n++
			a.out.buf = a.rows.append(a.out.buf, b, i)
			if err := a.out.spill(); err != nil {
				return errClient
			}
		}
	}
	return nil
}

// Done implements engine.Sink.
func (a *jsonAnswer) Done(s engine.Summary, _ bool) error {
	if a.inRows {
		a.inRows = false
		a.out.buf = appendWarnings(append(a.out.buf, ']'), s.Warnings)
	} else {
		if err := a.open(); err != nil {
			return err
		}
		a.out.buf = appendSummary(a.out.buf, s)
	}
	if a.many {
		a.out.buf = append(a.out.buf, '}')
	}
	return nil
}

func appendWarnings(b []byte, n int) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, `,"warnings":`...), int64(n), 10)
}

// appendSummary appends the members of an outcome without rows.
func appendSummary(b []byte, s engine.Summary) []byte {
	b = strconv.AppendUint(append(b, `"affected_rows":`...), s.Affected, 10)
	if s.LastInsertID != 0 {
		b = strconv.AppendUint(append(b, `,"last_insert_id":`...), s.LastInsertID, 10)
	}
	if s.Info != "" {
		b = appendString(append(b, `,"info":`...), []byte(s.Info))
	}
	return appendWarnings(b, s.Warnings)
}

func (a *jsonAnswer) finish(err error) {
	whole := !a.many || a.stmts == 0 // the error would be the whole answer
	if err != nil && whole && a.out.fail(err) {
		return
	}
	b := a.out.buf
	if a.stmts == 0 { // there was nothing to run
		b = append(b, '{')
	}
	if a.inRows {
		b = append(b, ']')
		if a.many {
			b = append(b, '}')
		}
	}
	if a.many && a.stmts > 0 {
		b = append(b, ']')
	}
	if err != nil {
		a.out.status = statusOf(err)
		b = appendError(append(b, `,"error":`...), err)
	}
	a.out.buf = append(b, "}\n"...)
}

// lineAnswer writes an object a line: rows, the summaries of statements
// without rows, and last {"error":..} where one came too late for a status.
type lineAnswer struct {
	out    *stream
	rows   rowCoder
	inRows bool
}

// Columns implements engine.Sink.
func (a *lineAnswer) Columns(cols []engine.Column) error {
	a.rows, a.inRows = newRowCoder(cols, false), true
	return nil
}

// Rows implements engine.Sink.
func (a *lineAnswer) Rows(b *zset.Batch) error {
	for i := range b.N {
		for w := b.Weight(i); w > 0; w-- {
			a.out.buf = append(a.rows.append(a.out.buf, b, i), '\n')
			if err := a.out.spill(); err != nil {
				return errClient
			}
		}
	}
	return nil
}

// Done implements engine.Sink.
func (a *lineAnswer) Done(s engine.Summary, _ bool) error {
	if !a.inRows {
		a.out.buf = append(appendSummary(append(a.out.buf, '{'), s), "}\n"...)
	}
	a.inRows = false
	return nil
}

func (a *lineAnswer) finish(err error) {
	if err == nil || len(a.out.buf) == 0 && a.out.fail(err) {
		return
	}
	a.out.status = statusOf(err)
	a.out.buf = append(appendError(append(a.out.buf, `{"error":`...), err), "}\n"...)
}
