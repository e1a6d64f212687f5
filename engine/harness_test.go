package engine_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// result is a Sink that keeps the last result set and summary.
type result struct {
	cols []engine.Column
	rows [][]types.Value
	sum  engine.Summary
}

func (r *result) Columns(cols []engine.Column) error {
	r.cols, r.rows = cols, nil
	return nil
}

func (r *result) Rows(b *zset.Batch) error {
	for i := range b.N {
		for range b.Weight(i) {
			row := b.Row(i)
			for c := range row {
				row[c].S = strings.Clone(row[c].S)
			}
			r.rows = append(r.rows, row)
		}
	}
	return nil
}

func (r *result) Done(s engine.Summary, _ bool) error {
	r.sum = s
	return nil
}

// text renders a row: cells between bars.
func text(row []types.Value) string {
	cells := make([]string, len(row))
	for i, v := range row {
		cells[i] = "NULL"
		if !v.IsNull {
			cells[i] = v.String()
		}
	}
	return strings.Join(cells, "|")
}

// lines renders the rows in order.
func (r *result) lines() []string {
	out := make([]string, len(r.rows))
	for i, row := range r.rows {
		out[i] = text(row)
	}
	return out
}

// sorted renders the rows as a bag.
func (r *result) sorted() []string {
	out := r.lines()
	slices.Sort(out)
	return out
}

// open opens an engine that is closed with the test.
func open(t testing.TB, o engine.Options) *engine.Engine {
	t.Helper()
	e, err := engine.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close(context.Background()) })
	return e
}

// client is a session in a test: what fails unexpectedly ends the test.
type client struct {
	t testing.TB
	engine.Session
}

func connect(t testing.TB, e *engine.Engine, db string) *client {
	t.Helper()
	s, err := e.NewSession(engine.SessionOptions{User: "root", Host: "localhost", Door: "embedded", MultiStatements: true, DB: db})
	if err != nil {
		t.Fatal(err)
	}
	return &client{t: t, Session: s}
}

// fresh opens an engine in memory with database d and one client in it.
func fresh(t testing.TB) (*engine.Engine, *client) {
	t.Helper()
	e := open(t, engine.Options{Lanes: 3})
	c := connect(t, e, "")
	c.do("CREATE DATABASE d; USE d")
	return e, c
}

// try runs SQL and returns its outcome.
func (c *client) try(sql string) (*result, error) {
	r := &result{}
	return r, c.Query(context.Background(), sql, r)
}

// do runs SQL that must succeed.
func (c *client) do(sql string, args ...any) *result {
	c.t.Helper()
	if len(args) > 0 {
		sql = fmt.Sprintf(sql, args...)
	}
	r, err := c.try(sql)
	if err != nil {
		c.t.Fatalf("%s\n%v", sql, err)
	}
	return r
}

// fails runs SQL that must fail with errno code and a text that holds all of
// parts.
func (c *client) fails(code uint16, sql string, parts ...string) *sqlerr.Error {
	c.t.Helper()
	_, err := c.try(sql)
	return c.wantError(err, code, sql, parts...)
}

func (c *client) wantError(err error, code uint16, sql string, parts ...string) *sqlerr.Error {
	c.t.Helper()
	if err == nil {
		c.t.Errorf("%s\nsucceeded, want errno %d", sql, code)
		return sqlerr.New(0, "")
	}
	e, ok := err.(*sqlerr.Error)
	if !ok {
		c.t.Fatalf("%s\nfailed with %T %v, want an *sqlerr.Error", sql, err, err)
	}
	full := fmt.Sprintf("%d %s (row %d)", e.Code, e.Error(), e.Row)
	if e.Code != code {
		c.t.Errorf("%s\nfailed with %s, want errno %d", sql, full, code)
	}
	for _, p := range parts {
		if !strings.Contains(full, p) {
			c.t.Errorf("%s\nfailed with %s, want it to say %q", sql, full, p)
		}
	}
	return e
}

// rows checks the rows of a query, in order.
func (c *client) rows(sql string, want ...string) {
	c.t.Helper()
	if got := c.do(sql).lines(); !slices.Equal(got, want) {
		c.t.Errorf("%s\nsays\n  %s\nwant\n  %s", sql, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// bag checks the rows of a query in any order.
func (c *client) bag(sql string, want ...string) {
	c.t.Helper()
	slices.Sort(want)
	if got := c.do(sql).sorted(); !slices.Equal(got, want) {
		c.t.Errorf("%s\nsays\n  %s\nwant\n  %s", sql, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
