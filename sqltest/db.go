package sqltest

import (
	"context"
	"fmt"
	"strings"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// database is the engine under test with the connections of a script.
type database struct {
	opt   engine.Options
	e     *engine.Engine
	conns map[string]engine.Session
}

func openDatabase(o engine.Options) (*database, error) {
	d := &database{opt: o}
	return d, d.open()
}

func (d *database) open() (err error) {
	d.conns = map[string]engine.Session{}
	d.e, err = engine.Open(d.opt)
	return err
}

func (d *database) close() error { return d.e.Close(context.Background()) }

// restart closes the engine and opens it again, which replays its log.
func (d *database) restart() error {
	if d.opt.Dir == "" {
		return fmt.Errorf("restart needs a data directory")
	}
	if err := d.close(); err != nil {
		return err
	}
	return d.open()
}

// session returns the named connection; a new one works in database test.
func (d *database) session(name string) (engine.Session, error) {
	if s := d.conns[name]; s != nil {
		return s, nil
	}
	s, err := d.e.NewSession(engine.SessionOptions{User: "root", Host: "localhost", Door: "embedded", MultiStatements: true})
	if err != nil {
		return nil, err
	}
	if err := s.Query(context.Background(), "CREATE DATABASE IF NOT EXISTS test; USE test", &result{}); err != nil {
		return nil, err
	}
	d.conns[name] = s
	return s, nil
}

// run runs SQL and returns what came out.
func (d *database) run(conn, sql string) (*result, error) {
	s, err := d.session(conn)
	if err != nil {
		return nil, err
	}
	r := &result{}
	return r, s.Query(context.Background(), sql, r)
}

// result is a Sink that keeps the last result set as text.
type result struct {
	cols     []engine.Column
	rows     [][]types.Value
	affected uint64
}

// Columns implements engine.Sink.
func (r *result) Columns(cols []engine.Column) error {
	r.cols, r.rows = cols, nil
	return nil
}

// Rows implements engine.Sink.
func (r *result) Rows(b *zset.Batch) error {
	for i := range b.N {
		row := b.Row(i)
		for range b.Weight(i) {
			r.rows = append(r.rows, row)
		}
	}
	return nil
}

// Done implements engine.Sink.
func (r *result) Done(s engine.Summary, _ bool) error {
	r.affected = s.Affected
	return nil
}

// format renders a value as the column type letter asks: I as an integer, R
// with three decimals, T as text. NULL and empty strings have words.
func format(v types.Value, letter byte) string {
	if v.IsNull {
		return "NULL"
	}
	switch letter {
	case 'I':
		if n, st := types.ConvertValue(v, types.TypeInt); st == types.OK {
			return n.String()
		}
	case 'R':
		if f, st := types.ConvertValue(v, types.TypeFloat); st == types.OK {
			return fmt.Sprintf("%.3f", f.F)
		}
	}
	text := v.String()
	if text == "" {
		return "(empty)"
	}
	return strings.Map(printable, text)
}

// printable shows what a text file cannot hold as @, as the format asks.
func printable(r rune) rune {
	if r < ' ' || r == 0x7f {
		return '@'
	}
	return r
}
