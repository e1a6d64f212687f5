package console

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/weirdb/weir/sqlerr"
)

// web is a server's HTTP door. A request has a session of its own there, so
// the database is kept here, and what only lives in a session is refused.
type web struct {
	current
	base *url.URL
}

// openHTTP asks the server whether it lets the user in and has db.
func openHTTP(ctx context.Context, u *url.URL, db string) (target, error) {
	t := &web{base: &url.URL{Scheme: u.Scheme, Host: u.Host, User: u.User}}
	first := "SELECT 1"
	if db != "" {
		first = "USE " + quoteName(db)
	}
	return t, t.Exec(ctx, first, &collector{})
}

// perSession are the statements that mean nothing when the session ends with
// them.
var perSession = map[string]string{
	"begin": "a transaction", "start": "a transaction", "commit": "a transaction", "rollback": "a transaction",
	"savepoint": "a transaction", "set": "a variable", "prepare": "a prepared statement", "execute": "a prepared statement",
	"deallocate": "a prepared statement",
}

// Exec implements target.
func (t *web) Exec(ctx context.Context, sql string, out sink) error {
	if w := words(sql, 2); len(w) > 0 && perSession[w[0]] != "" && !(w[0] == "set" && len(w) > 1 && w[1] == "global") {
		return sqlerr.NotSupported("%s over HTTP, where each statement has a session of its own", perSession[w[0]]).
			WithHint("connect with --url mysql://..")
	}
	body, err := json.Marshal(map[string]string{"query": sql, "db": t.DB()})
	if err != nil {
		return err
	}
	err = t.post(ctx, body, out)
	if err != nil && ctx.Err() != nil {
		return errInterrupted
	}
	if db, ok := usedDB(sql); ok && err == nil {
		t.setDB(db)
	}
	return err
}

func (t *web) post(ctx context.Context, body []byte, out sink) error {
	to := t.base.JoinPath("sql")
	to.RawQuery = "format=compact"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return &lost{err}
	}
	defer res.Body.Close()
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	if kind != "application/json" {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
		return sqlerr.New(sqlerr.ErrUnknown, "%s answered %s: %s", t.base.Host, res.Status, bytes.TrimSpace(text))
	}
	a := &webAnswer{dec: json.NewDecoder(res.Body), out: out}
	a.dec.UseNumber()
	if res.StatusCode != http.StatusOK {
		return a.failure()
	}
	return a.read()
}

// Second implements target.
func (t *web) Second(context.Context) (target, error) {
	other := &web{base: t.base}
	other.setDB(t.DB())
	return other, nil
}

// About implements target.
func (t *web) About() string { return t.base.Redacted() }

// Close implements target.
func (t *web) Close() error {
	http.DefaultClient.CloseIdleConnections()
	return nil
}

// webAnswer reads an answer as it comes.
type webAnswer struct {
	dec     *json.Decoder
	out     sink
	classes []webClass
	cells   []cell
	sum     summary
	err     error // what the answer says went wrong
}

// webClass is how a column's JSON becomes the text of MySQL.
type webClass uint8

const (
	webPlain webClass = iota
	webTime           // a T between date and time, a Z at the end
	webBytes          // base64
)

func (a *webAnswer) read() error {
	err := a.members(func(name string) error {
		switch name {
		case "columns":
			return a.columns()
		case "rows":
			return a.rows()
		case "affected_rows":
			return a.dec.Decode(&a.sum.affected)
		case "last_insert_id":
			return a.dec.Decode(&a.sum.lastInsertID)
		case "warnings":
			return a.dec.Decode(&a.sum.warnings)
		case "info":
			return a.dec.Decode(&a.sum.info)
		case "error":
			a.err = a.failure()
			return nil
		}
		var skip json.RawMessage
		return a.dec.Decode(&skip)
	})
	switch {
	case err != nil:
		return err
	case a.err != nil:
		return a.err
	}
	return a.out.Done(a.sum)
}

// members reads an object; each stands before a member's value and reads it.
func (a *webAnswer) members(each func(name string) error) error {
	if err := a.expect('{'); err != nil {
		return err
	}
	for a.dec.More() {
		name, err := a.dec.Token()
		if err != nil {
			return &lost{err}
		}
		if err := each(name.(string)); err != nil {
			return broken(err)
		}
	}
	return a.expect('}')
}

// broken tells an error of the JSON text from those of the statement and of
// the sink.
func broken(err error) error {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &typ) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &lost{err}
	}
	return err
}

func (a *webAnswer) expect(d json.Delim) error {
	switch t, err := a.dec.Token(); {
	case err != nil:
		return &lost{err}
	case t != d:
		return &lost{fmt.Errorf("the answer has %v where %v was expected", t, d)}
	}
	return nil
}

func (a *webAnswer) columns() error {
	var cols []struct{ Name, Type string }
	if err := a.dec.Decode(&cols); err != nil {
		return err
	}
	own := make([]column, len(cols))
	for i, c := range cols {
		own[i] = column{name: c.Name, typ: c.Type}
		k := webPlain
		switch {
		case strings.HasPrefix(c.Type, "datetime"), strings.HasPrefix(c.Type, "timestamp"):
			k = webTime
		case classOf(c.Type) == classBytes:
			k = webBytes
		}
		a.classes = append(a.classes, k)
	}
	a.cells = make([]cell, len(cols))
	return a.out.Columns(own)
}

func (a *webAnswer) rows() error {
	if err := a.expect('['); err != nil {
		return err
	}
	var row []any
	for a.dec.More() {
		row = row[:0]
		if err := a.dec.Decode(&row); err != nil {
			return err
		}
		if len(row) != len(a.cells) {
			return &lost{fmt.Errorf("the answer has a row of %d values for %d columns", len(row), len(a.cells))}
		}
		for i, v := range row {
			var err error
			if a.cells[i], err = webCell(v, a.classes[i]); err != nil {
				return &lost{err}
			}
		}
		if err := a.out.Row(a.cells); err != nil {
			return err
		}
	}
	return a.expect(']')
}

func webCell(v any, k webClass) (cell, error) {
	switch v := v.(type) {
	case nil:
		return cell{null: true}, nil
	case json.Number:
		return cell{text: v.String()}, nil
	case string:
		switch k {
		case webTime:
			return cell{text: strings.TrimSuffix(strings.Replace(v, "T", " ", 1), "Z")}, nil
		case webBytes:
			b, err := base64.StdEncoding.DecodeString(v)
			return cell{text: string(b)}, err
		}
		return cell{text: v}, nil
	}
	return cell{}, fmt.Errorf("the answer has a %T for a value", v)
}

// failure reads an error object.
func (a *webAnswer) failure() error {
	var e struct {
		Code              uint16
		SQLState, Message string
		Line, Column, Row int
		Hint              string
	}
	if err := a.dec.Decode(&e); err != nil {
		return &lost{err}
	}
	return &sqlerr.Error{Code: e.Code, State: e.SQLState, Message: e.Message, Hint: e.Hint, Line: e.Line, Col: e.Column, Row: e.Row}
}
