package sqltest

import (
	"context"
	"fmt"
	"math"
	"strconv"
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

// format renders a value as the column type letter asks, the way the first
// runner of this format does: I as an integer without its fraction, R with
// three decimals, T as text; the number that a text begins with is its value
// as I and R. NULL and empty strings have words.
func format(v types.Value, letter byte) string {
	if v.IsNull {
		return "NULL"
	}
	k := v.Type.Kind
	switch {
	case letter == 'I' && (k.IsFloat() || k == types.Decimal || k.IsText()):
		if f, _ := types.ConvertValue(v, types.TypeFloat); math.Abs(f.F) < 1<<53 {
			return strconv.FormatInt(int64(f.F), 10)
		}
	case letter == 'R' && (k.IsNumeric() || k.IsText()):
		f, _ := types.ConvertValue(v, types.TypeFloat)
		return fmt.Sprintf("%.3f", f.F+0) // -0 is 0
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
