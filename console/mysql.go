package console

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/weirdb/weir/sqlerr"
)

// wire is a session over the MySQL protocol.
type wire struct {
	current
	pool *sql.DB
	conn *sql.Conn // nil after it was lost, until the next statement
	id   uint64    // the server's number for it
	cfg  *driver.Config
	own  bool // closes the pool too
}

// killGrace is how long a statement may go on after KILL QUERY before its
// connection is cut.
const killGrace = 5 * time.Second

func openMySQL(ctx context.Context, u *url.URL, db string) (target, error) {
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.DBName = "tcp", u.Host, db
	cfg.User = u.User.Username()
	if cfg.User == "" {
		cfg.User = "root"
	}
	cfg.Passwd, _ = u.User.Password()
	cfg.Timeout = 10 * time.Second
	cfg.Logger = &driver.NopLogger{}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	t := &wire{pool: sql.OpenDB(connector), cfg: cfg, own: true}
	t.setDB(db)
	// What is no MySQL server may take the connection and say nothing.
	greeting, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	if err := t.connect(greeting); err != nil {
		if errors.Is(err, driver.ErrInvalidConn) || greeting.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("%s does not answer as a MySQL server does: %w", u.Host, err)
		}
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// connect takes a connection and learns its number.
func (t *wire) connect(ctx context.Context) error {
	conn, err := t.pool.Conn(ctx)
	if err != nil {
		return err
	}
	if db := t.DB(); db != "" {
		// The pool may give a connection that has been used.
		if _, err := conn.ExecContext(ctx, "USE "+quoteName(db)); err != nil {
			return errors.Join(err, conn.Close())
		}
	}
	if err := conn.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&t.id); err != nil {
		return errors.Join(err, conn.Close())
	}
	t.conn = conn
	return nil
}

// Exec implements target.
func (t *wire) Exec(ctx context.Context, text string, out sink) error {
	if ctx.Err() != nil {
		return errInterrupted
	}
	if t.conn == nil {
		if err := t.connect(ctx); err != nil {
			return &lost{err}
		}
	}
	if path, ok := infile(text); ok {
		// Only what the user names: a server may ask for any file.
		if _, err := os.Stat(path); err != nil {
			return sqlerr.New(sqlerr.ErrFileNotFound, "Can't read file '%s': %v", path, err)
		}
		driver.RegisterLocalFile(path)
		defer driver.DeregisterLocalFile(path)
	}
	hard, stop := t.killer(ctx)
	defer stop()
	err := t.exec(hard, text, out)
	if db, ok := usedDB(text); ok && err == nil {
		t.setDB(db)
	}
	var refused *driver.MySQLError
	var ours *outError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return fromServer(refused)
	case errors.As(err, &ours):
		return ours.err
	}
	t.conn.Close()
	t.conn = nil
	if ctx.Err() != nil {
		return errInterrupted
	}
	return &lost{err}
}

// outError tells an error of the sink from those of the connection.
type outError struct{ err error }

// Error implements error.
func (e *outError) Error() string { return e.err.Error() }

// exec runs text as a command where its first word says that it has no rows:
// only so does the driver tell how many it has changed.
func (t *wire) exec(ctx context.Context, text string, out sink) error {
	if !isCommand(text) {
		return t.query(ctx, text, out)
	}
	res, err := t.conn.ExecContext(ctx, text)
	if err != nil {
		return err
	}
	affected, _ := res.RowsAffected()
	last, _ := res.LastInsertId()
	var s summary
	s.affected, s.lastInsertID = uint64(affected), uint64(last)
	if changesRows(text) {
		if err := t.conn.QueryRowContext(ctx, "SHOW COUNT(*) WARNINGS").Scan(&s.warnings); err != nil {
			return err
		}
	}
	if err := out.Done(s); err != nil {
		return &outError{err}
	}
	return nil
}

// commands are the first words of statements without a result set, and
// whether they change rows.
var commands = map[string]bool{
	"insert": true, "replace": true, "update": true, "delete": true, "load": true,
	"create": false, "drop": false, "alter": false, "truncate": false, "rename": false, "use": false, "set": false,
	"begin": false, "start": false, "commit": false, "rollback": false, "savepoint": false, "release": false,
	"kill": false, "prepare": false, "deallocate": false, "lock": false, "unlock": false,
}

func isCommand(text string) bool {
	w := words(text, 1)
	if len(w) == 0 {
		return false
	}
	_, ok := commands[w[0]]
	return ok
}

func changesRows(text string) bool {
	w := words(text, 1)
	return len(w) == 1 && commands[w[0]]
}

func (t *wire) query(ctx context.Context, text string, out sink) error {
	rows, err := t.conn.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	infos, err := rows.ColumnTypes()
	if err != nil {
		return err
	}
	if len(infos) == 0 {
		if err := rows.Err(); err != nil {
			return err
		}
		return wrapOut(out.Done(summary{}))
	}
	cols := make([]column, len(infos))
	raw, into, cells := make([]sql.RawBytes, len(infos)), make([]any, len(infos)), make([]cell, len(infos))
	for i, c := range infos {
		cols[i] = column{name: c.Name(), typ: typeName(c)}
		into[i] = &raw[i]
	}
	if err := out.Columns(cols); err != nil {
		return wrapOut(err)
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, b := range raw {
			cells[i] = cell{text: string(b), null: b == nil}
		}
		if err := out.Row(cells); err != nil {
			return wrapOut(err)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return wrapOut(out.Done(summary{}))
}

func wrapOut(err error) error {
	if err == nil {
		return nil
	}
	return &outError{err}
}

// typeName turns the driver's name of a type into ours.
func typeName(c *sql.ColumnType) string {
	name := strings.ToLower(c.DatabaseTypeName())
	if of, ok := strings.CutPrefix(name, "unsigned "); ok {
		return of + " unsigned"
	}
	if prec, scale, ok := c.DecimalSize(); ok && name == "decimal" {
		return fmt.Sprintf("decimal(%d,%d)", prec, scale)
	}
	return name
}

// killer returns a context for a statement that outlives ctx a little: when
// ctx ends, the statement is ended with KILL QUERY from another connection,
// so that this session stays; only when that does not help is it cut.
func (t *wire) killer(ctx context.Context) (hard context.Context, stop func()) {
	hard, cut := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		grace, cancel := context.WithTimeout(hard, killGrace)
		defer cancel()
		if _, err := t.pool.ExecContext(grace, "KILL QUERY "+strconv.FormatUint(t.id, 10)); err != nil {
			cut()
			return
		}
		select {
		case <-done:
		case <-grace.Done():
			cut()
		}
	}()
	return hard, func() {
		close(done)
		<-ended
		cut()
	}
}

// position is what sqlerr.Error puts behind its message.
var position = regexp.MustCompile(`^(?s)(.*) \(line (\d+), column (\d+)\)(?:; (.*))?$`)

// fromServer turns a server's error into ours.
func fromServer(e *driver.MySQLError) *sqlerr.Error {
	own := &sqlerr.Error{Code: e.Number, State: string(e.SQLState[:]), Message: e.Message}
	if m := position.FindStringSubmatch(e.Message); m != nil {
		own.Message, own.Hint = m[1], m[4]
		own.Line, _ = strconv.Atoi(m[2])
		own.Col, _ = strconv.Atoi(m[3])
	}
	return own
}

// infile returns the file that a LOAD DATA LOCAL INFILE names.
func infile(text string) (path string, ok bool) {
	w := words(text, 6)
	for i := 0; i+1 < len(w); i++ {
		if w[0] == "load" && w[i] == "local" && w[i+1] == "infile" {
			return firstString(text)
		}
	}
	return "", false
}

// firstString returns the first string literal of text.
func firstString(text string) (s string, ok bool) {
	i := strings.IndexAny(text, `'"`)
	if i < 0 {
		return "", false
	}
	var b strings.Builder
	for q, j := text[i], i+1; j < len(text); j++ {
		switch {
		case text[j] == '\\' && j+1 < len(text):
			j++
			b.WriteByte(text[j])
		case text[j] == q && j+1 < len(text) && text[j+1] == q:
			j++
			b.WriteByte(q)
		case text[j] == q:
			return b.String(), true
		default:
			b.WriteByte(text[j])
		}
	}
	return "", false
}

// Second implements target.
func (t *wire) Second(ctx context.Context) (target, error) {
	other := &wire{pool: t.pool, cfg: t.cfg}
	other.setDB(t.DB())
	if err := other.connect(ctx); err != nil {
		return nil, err
	}
	return other, nil
}

// About implements target.
func (t *wire) About() string { return "mysql://" + t.cfg.User + "@" + t.cfg.Addr }

// Close implements target.
func (t *wire) Close() error {
	var err error
	if t.conn != nil {
		err = t.conn.Close()
		t.conn = nil
	}
	if t.own {
		err = errors.Join(err, t.pool.Close())
	}
	return err
}
