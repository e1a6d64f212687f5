package engine

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// maxField is the longest field that LOAD DATA takes.
const maxField = 64 << 20

// loadData is LOAD DATA [LOCAL] INFILE: one statement, whole or not at all.
func (x *execution) loadData(ctx context.Context, b *bind.LoadData) error {
	file, err := x.openInfile(b)
	if err != nil {
		return err
	}
	defer file.Close()
	x.s.joinTxn()
	if err := x.refresh(); err != nil {
		return err
	}
	b = x.c.bound.(*bind.LoadData)
	rows := zset.NewBatch(columnTypes(b.Table), 0)
	l := newLoader(x, b, rows)
	if err := l.read(ctx, file); err != nil {
		return err
	}
	if rows.N == 0 {
		return x.wrote(shard.Result{}, func(shard.Result) Summary { return Summary{Info: loadInfo(shard.Result{}, x)} })
	}
	mode := b.Mode
	if b.Local && mode == bind.InsertPlain {
		mode = bind.InsertIgnore // the server cannot stop the client midway: MySQL's rule
	}
	op, err := x.insertOp(b.Table, rows, mode, nil)
	if err != nil {
		return err
	}
	res, err := x.write(ctx, &shard.Stmt{Ops: []shard.Op{op}})
	if err != nil {
		return err
	}
	if res.Again {
		return sqlerr.New(sqlerr.ErrUnknown, "the table's definition changed while the file was read").WithHint("load it again")
	}
	return x.wrote(res, func(res shard.Result) Summary {
		return Summary{Affected: res.Affected, LastInsertID: res.LastID, Info: loadInfo(res, x)}
	})
}

func loadInfo(res shard.Result, x *execution) string {
	deleted := uint64(0)
	if res.Affected > res.Matched {
		deleted = res.Affected - res.Matched
	}
	return fmt.Sprintf("Records: %d  Deleted: %d  Skipped: %d  Warnings: %d", res.Matched, deleted, res.Skipped, x.s.warned)
}

// openInfile opens the client's file. Files of the server are nobody's to
// read through SQL.
func (x *execution) openInfile(b *bind.LoadData) (io.ReadCloser, error) {
	if !b.Local {
		return nil, sqlerr.New(sqlerr.ErrOptionPreventsStmt, "Weir does not read files on the server for LOAD DATA").
			WithHint("use LOAD DATA LOCAL INFILE, which sends the client's file")
	}
	in, ok := x.out.(Infile)
	if !ok {
		return nil, sqlerr.NotSupported("LOAD DATA LOCAL over this connection").WithHint("use the MySQL protocol")
	}
	return in.OpenInfile(b.Path)
}

// loader turns lines into rows.
type loader struct {
	x      *execution
	b      *bind.LoadData
	fields *zset.Batch // one column per field, as text
	rows   *zset.Batch // of the table
	progs  []*expr.Program
	cx     *expr.Ctx
	line   int // of the file, from 1
	held   int // bytes in fields
	row    int // of what is loaded, from 1: lines that are ignored do not count
}

func newLoader(x *execution, b *bind.LoadData, rows *zset.Batch) *loader {
	ts := make([]types.Type, b.Fields)
	for i := range ts {
		ts[i] = types.TypeText.WithNull(true)
	}
	l := &loader{x: x, b: b, rows: rows, fields: zset.NewBatch(ts, zset.MaxRows), cx: expr.NewCtx()}
	for _, e := range b.Row {
		l.progs = append(l.progs, expr.Compile(e))
	}
	l.cx.Now, l.cx.Params, l.cx.Strict, l.cx.Seed = x.now, x.params, !x.lenient(), newProducer()
	return l
}

// read reads the file to its end.
func (l *loader) read(ctx context.Context, file io.Reader) error {
	r := newFieldReader(file, l.b.Format)
	for range l.b.Format.IgnoreLines {
		if err := r.skipLine(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		l.line++
	}
	for {
		err := l.record(r)
		if err == io.EOF {
			return l.flush()
		}
		if err != nil {
			return err
		}
		if l.fields.N == zset.MaxRows || l.held > maxField {
			if err := l.flush(); err != nil {
				return err
			}
			if err := context.Cause(ctx); err != nil {
				return err
			}
		}
	}
}

// record reads one line into fields.
func (l *loader) record(r *fieldReader) error {
	n, more, err := 0, true, error(nil)
	for more {
		var null bool
		if null, more, err = r.field(n == 0); err != nil {
			if err != io.EOF {
				err = sqlerr.New(sqlerr.ErrUnknown, "line %d of the file: %v", l.line+1, err)
			}
			return err
		}
		if n < l.b.Fields {
			if null {
				l.fields.Cols[n].AppendNull()
			} else {
				l.fields.Cols[n].AppendBytes(r.buf)
				l.held += len(r.buf)
			}
		}
		n++
	}
	l.line++
	l.row++
	if n > l.b.Fields {
		l.x.s.warn(sqlerr.New(sqlerr.ErrTooManyRecords, "Row %d was truncated; it contained more data than there were input columns", l.row))
	}
	if n < l.b.Fields {
		l.x.s.warn(sqlerr.New(sqlerr.ErrTooFewRecords, "Row %d doesn't contain data for all columns", l.row))
		for ; n < l.b.Fields; n++ {
			l.fields.Cols[n].AppendNull()
		}
	}
	l.fields.AppendWeight(1)
	return nil
}

// flush converts the fields read so far into rows of the table.
func (l *loader) flush() error {
	if l.fields.N == 0 {
		return nil
	}
	out := &zset.Batch{N: l.fields.N, Cols: make([]zset.Vec, len(l.progs))}
	l.cx.RowBase = l.rows.N
	for i, p := range l.progs {
		out.Cols[i] = *p.Eval(l.cx, l.fields, nil)
		if err := l.cx.Errs.First(); err != nil {
			return err
		}
	}
	l.rows.AppendRange(out, 0, out.N)
	l.rows.W = nil
	if err := storable(l.rows); err != nil {
		return err
	}
	l.x.s.warn(l.cx.Warnings...)
	l.cx.Reset()
	l.fields.Reset()
	l.held = 0
	return nil
}

// fieldReader cuts a file into fields by LOAD DATA's rules.
type fieldReader struct {
	r   *bufio.Reader
	f   bind.LoadFormat
	buf []byte
	// marks are the bytes that may mean something in a plain field.
	marks [256]bool
}

func newFieldReader(file io.Reader, f bind.LoadFormat) *fieldReader {
	r := &fieldReader{r: bufio.NewReaderSize(file, 256<<10), f: f}
	for _, mark := range []string{f.FieldsTerminated, f.LinesTerminated} {
		if mark != "" {
			r.marks[mark[0]] = true
		}
	}
	r.marks[f.Escaped] = true
	return r
}

// text appends what is read ahead up to the next mark.
func (r *fieldReader) text() {
	ahead, _ := r.r.Peek(r.r.Buffered())
	n := 0
	for n < len(ahead) && !r.marks[ahead[n]] {
		n++
	}
	r.buf = append(r.buf, ahead[:n]...)
	_, _ = r.r.Discard(n)
}

// skipLine reads up to the end of a line.
func (r *fieldReader) skipLine() error {
	for {
		c, err := r.r.ReadByte()
		if err != nil {
			return err
		}
		if r.at(c, r.f.LinesTerminated) {
			return nil
		}
	}
}

// at tells whether c begins the text mark here, and if so reads the rest.
func (r *fieldReader) at(c byte, mark string) bool {
	if mark == "" || c != mark[0] {
		return false
	}
	if len(mark) == 1 {
		return true
	}
	next, _ := r.r.Peek(len(mark) - 1)
	if string(next) != mark[1:] {
		return false
	}
	_, _ = r.r.Discard(len(mark) - 1)
	return true
}

// field reads the next field into buf and tells whether it is NULL and
// whether the line has more. io.EOF comes only before the first field.
func (r *fieldReader) field(first bool) (null, more bool, err error) {
	r.buf = r.buf[:0]
	if first && r.f.LinesStarting != "" {
		if err := r.seek(r.f.LinesStarting); err != nil {
			return false, false, err
		}
	}
	c, err := r.r.ReadByte()
	if err == io.EOF {
		if first {
			return false, false, io.EOF
		}
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	if r.f.Enclosed != 0 && c == r.f.Enclosed {
		return r.enclosed()
	}
	return r.plain(c)
}

// seek reads up to and over mark.
func (r *fieldReader) seek(mark string) error {
	for {
		c, err := r.r.ReadByte()
		if err != nil {
			return err
		}
		if r.at(c, mark) {
			return nil
		}
	}
}

// plain reads a field that is not enclosed, from its first byte c on.
func (r *fieldReader) plain(c byte) (null, more bool, err error) {
	escapedNull := false
	for {
		switch {
		case r.at(c, r.f.FieldsTerminated):
			return r.isNull(escapedNull), true, nil
		case r.at(c, r.f.LinesTerminated):
			return r.isNull(escapedNull), false, nil
		case r.f.Escaped != 0 && c == r.f.Escaped:
			isN, err := r.escape()
			if err != nil && err != io.EOF {
				return false, false, err
			}
			escapedNull = isN && len(r.buf) == 1
		default:
			r.buf = append(r.buf, c)
			r.text()
		}
		if len(r.buf) > maxField {
			return false, false, fmt.Errorf("a field is longer than %d MiB; check FIELDS and LINES", maxField>>20)
		}
		if c, err = r.r.ReadByte(); err == io.EOF {
			return r.isNull(escapedNull), false, nil
		} else if err != nil {
			return false, false, err
		}
	}
}

// isNull tells whether the field read is \N, or the bare word NULL where
// fields are enclosed.
func (r *fieldReader) isNull(escapedNull bool) bool {
	if escapedNull && len(r.buf) == 1 {
		return true
	}
	return r.f.Enclosed != 0 && string(r.buf) == "NULL"
}

// enclosed reads a field behind its opening quote. A doubled quote stands for
// one.
func (r *fieldReader) enclosed() (null, more bool, err error) {
	for {
		c, err := r.r.ReadByte()
		if err == io.EOF {
			return false, false, fmt.Errorf("a quoted field does not end")
		}
		if err != nil {
			return false, false, err
		}
		switch {
		case c == r.f.Enclosed:
			next, _ := r.r.Peek(1)
			if len(next) == 1 && next[0] == r.f.Enclosed {
				_, _ = r.r.Discard(1)
				r.buf = append(r.buf, c)
				continue
			}
			if more, ended := r.afterQuote(); ended {
				return false, more, nil
			}
			r.buf = append(r.buf, c)
		case r.f.Escaped != 0 && c == r.f.Escaped:
			if _, err := r.escape(); err != nil {
				return false, false, err
			}
		default:
			r.buf = append(r.buf, c)
		}
		if len(r.buf) > maxField {
			return false, false, fmt.Errorf("a field is longer than %d MiB; check FIELDS and LINES", maxField>>20)
		}
	}
}

// afterQuote looks at what follows a quote: it closes the field only before
// the end of the field, the line or the file.
func (r *fieldReader) afterQuote() (more, ended bool) {
	if _, err := r.r.Peek(1); err != nil {
		return false, true
	}
	if r.before(r.f.FieldsTerminated) {
		return true, true
	}
	return false, r.before(r.f.LinesTerminated)
}

// before tells whether mark stands next, and if so reads it.
func (r *fieldReader) before(mark string) bool {
	next, _ := r.r.Peek(len(mark))
	if mark == "" || string(next) != mark {
		return false
	}
	_, _ = r.r.Discard(len(mark))
	return true
}

// escape reads what an escape character stands for and tells whether it was
// N. The N of \N is kept in buf: whether it means NULL shows at the end.
func (r *fieldReader) escape() (isN bool, err error) {
	c, err := r.r.ReadByte()
	if err != nil {
		return false, err
	}
	switch c {
	case '0':
		c = 0
	case 'b':
		c = '\b'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'Z':
		c = 26
	}
	r.buf = append(r.buf, c)
	return c == 'N', nil
}
