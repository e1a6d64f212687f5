// Package demo streams real flights into a table and shows the views that
// follow. It is what `weir demo` runs, and an example of how a program uses
// an embedded Weir.
package demo

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/testdata/flights"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Options say how the demo runs.
type Options struct {
	Node engine.Node
	// Rate is how many flights a second are inserted; 0 is 1,000.
	Rate int
	// Keep is how many flights the table holds before the oldest are deleted
	// again; 0 is 100,000.
	Keep int
	// For ends the demo by itself; 0 runs until ctx ends.
	For time.Duration
	Out io.Writer
	// Screen redraws in place; otherwise each second is some plain lines.
	Screen bool
	// Hints are lines on how to look in, shown at the head.
	Hints []string
}

// setup makes the tables and the views.
const setup = `
CREATE DATABASE IF NOT EXISTS demo;
USE demo;
CREATE TABLE airports (iata VARCHAR(3) PRIMARY KEY, name VARCHAR(80), city VARCHAR(40), state VARCHAR(2));
CREATE TABLE flights (id BIGINT AUTO_INCREMENT PRIMARY KEY, at DATETIME(3) NOT NULL, origin VARCHAR(3) NOT NULL,
  destination VARCHAR(3) NOT NULL, delay INT NOT NULL, distance INT NOT NULL);
CREATE MATERIALIZED VIEW by_airport AS
  SELECT a.iata, a.city, COUNT(*) AS flights, AVG(f.delay) AS avg_delay, MAX(f.delay) AS max_delay
  FROM flights f JOIN airports a ON a.iata = f.origin GROUP BY a.iata, a.city;
CREATE MATERIALIZED VIEW busiest AS
  SELECT city, iata, flights, avg_delay FROM by_airport ORDER BY flights DESC, iata LIMIT 5;
CREATE MATERIALIZED VIEW worst_delays AS
  SELECT delay, origin, destination, at, id FROM flights ORDER BY delay DESC, id LIMIT 5;
CREATE MATERIALIZED VIEW reach AS
  SELECT a.state, COUNT(DISTINCT f.destination) AS destinations, COUNT(*) AS flights
  FROM flights f JOIN airports a ON a.iata = f.origin GROUP BY a.state;
CREATE MATERIALIZED VIEW per_minute AS
  SELECT TUMBLE(at, '1 minute') AS minute, COUNT(*) AS flights, AVG(delay) AS avg_delay, SUM(distance) AS miles
  FROM flights GROUP BY TUMBLE(at, '1 minute');
CREATE MATERIALIZED VIEW totals AS
  SELECT COUNT(*) AS flights, COUNT(DISTINCT origin) AS airports, SUM(distance) AS miles FROM flights;
`

// panels are the queries that the screen shows.
var panels = []struct{ title, sql string }{
	{"totals", "SELECT * FROM totals"},
	{"busiest: a view over the view by_airport (a join with GROUP BY)", "SELECT * FROM busiest ORDER BY flights DESC, iata"},
	{"worst_delays: top 5", "SELECT delay, origin, destination, at FROM worst_delays ORDER BY delay DESC, id"},
	{"reach: COUNT(DISTINCT destination) by state", "SELECT * FROM reach ORDER BY destinations DESC, flights DESC, state LIMIT 5"},
	{"per_minute: TUMBLE(at, '1 minute')", "SELECT * FROM per_minute ORDER BY minute DESC LIMIT 4"},
}

// beat is how often rows are inserted.
const beat = 20 * time.Millisecond

// Run sets the demo up and streams until ctx ends or Options.For is over.
func Run(ctx context.Context, o Options) error {
	if o.Rate <= 0 {
		o.Rate = 1000
	}
	if o.Keep <= 0 {
		o.Keep = 100_000
	}
	if o.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.For)
		defer cancel()
	}
	d := &demo{o: o}
	defer d.close()
	err := d.open(ctx)
	if err == nil {
		err = d.stream(ctx)
	}
	if ctx.Err() != nil {
		return nil // its time was over
	}
	return err
}

// close ends the sessions that were opened.
func (d *demo) close() {
	for _, s := range []engine.Session{d.write, d.read} {
		if s != nil {
			s.Close()
		}
	}
}

// demo is one run.
type demo struct {
	o           Options
	write, read engine.Session
	insert      map[int]engine.Stmt // by number of rows
	remove      engine.Stmt
	rows        [][]string
	sent        int
	latency     []time.Duration // of the inserts since the last picture
	drawn       int             // sent at the last picture
	began       time.Time
}

func (d *demo) open(ctx context.Context) (err error) {
	so := engine.SessionOptions{User: "root", Host: "localhost", Door: "embedded", MultiStatements: true}
	if d.write, err = d.o.Node.NewSession(so); err != nil {
		return err
	}
	if d.read, err = d.o.Node.NewSession(so); err != nil {
		return err
	}
	if err := d.write.Query(ctx, setup, &capture{}); err != nil {
		return err
	}
	if err := d.read.Use(ctx, "demo"); err != nil {
		return err
	}
	if d.rows, err = readCSV(flights.Flights); err != nil {
		return err
	}
	d.insert = map[int]engine.Stmt{}
	if d.remove, err = d.write.Prepare(ctx, "DELETE FROM flights WHERE id <= ?"); err != nil {
		return err
	}
	return d.loadAirports(ctx)
}

func readCSV(text string) ([][]string, error) {
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	return all[1:], nil
}

func (d *demo) loadAirports(ctx context.Context) error {
	rows, err := readCSV(flights.Airports)
	if err != nil {
		return err
	}
	st, err := d.write.Prepare(ctx, "INSERT INTO airports VALUES "+tuples(len(rows), 4))
	if err != nil {
		return err
	}
	defer st.Close()
	var params []types.Value
	for _, r := range rows {
		for _, cell := range r {
			params = append(params, types.TextValue(cell))
		}
	}
	return st.Execute(ctx, params, &capture{})
}

// tuples returns n tuples of k placeholders.
func tuples(n, k int) string {
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", k), ",") + ")"
	return strings.TrimSuffix(strings.Repeat(one+",", n), ",")
}

// stream inserts at the rate asked for, and draws once a second.
func (d *demo) stream(ctx context.Context) error {
	d.began = time.Now()
	next := d.began.Add(time.Second)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			due := int(now.Sub(d.began).Seconds()*float64(d.o.Rate)) - d.sent
			for due > 0 {
				n := min(due, max(d.o.Rate/50, 1))
				if err := d.send(ctx, n); err != nil {
					return err
				}
				due -= n
			}
			if now.After(next) {
				if err := d.draw(ctx); err != nil {
					return err
				}
				next = next.Add(time.Second)
			}
		}
	}
}

// send inserts the next n flights, with the present time as theirs, and
// deletes those beyond Keep.
func (d *demo) send(ctx context.Context, n int) error {
	st := d.insert[n]
	if st == nil {
		var err error
		if st, err = d.write.Prepare(ctx, "INSERT INTO flights (at, origin, destination, delay, distance) VALUES "+tuples(n, 5)); err != nil {
			return err
		}
		d.insert[n] = st
	}
	now := time.Now().UTC().UnixMicro()
	params := make([]types.Value, 0, 5*n)
	for range n {
		r := d.rows[d.sent%len(d.rows)]
		d.sent++
		at := types.Value{Type: types.NewDatetime(6), I: now}
		params = append(params, at, types.TextValue(r[1]), types.TextValue(r[2]), types.TextValue(r[3]), types.TextValue(r[4]))
	}
	start := time.Now()
	if err := st.Execute(ctx, params, &capture{}); err != nil {
		return err
	}
	d.latency = append(d.latency, time.Since(start))
	if old := d.sent - d.o.Keep; old > 0 && d.sent%1000 < n {
		return d.remove.Execute(ctx, []types.Value{types.IntValue(int64(old))}, &capture{})
	}
	return nil
}

// draw shows the views.
func (d *demo) draw(ctx context.Context) error {
	var b strings.Builder
	slices.Sort(d.latency)
	rate := d.sent - d.drawn
	fmt.Fprintf(&b, "weir demo  %4.0fs  %d flights  %d rows/s into 6 views  a write is acknowledged with all views right after p50 %s, p99 %s\n",
		time.Since(d.began).Seconds(), d.sent, rate, d.quantile(0.50), d.quantile(0.99))
	for _, p := range panels {
		c := &capture{}
		if err := d.read.Query(ctx, p.sql, c); err != nil {
			return err
		}
		if d.o.Screen {
			fmt.Fprintf(&b, "\n%s\n%s", p.title, c.table())
		} else {
			fmt.Fprintf(&b, "  %-12s %s\n", strings.SplitN(p.title, ":", 2)[0], c.line())
		}
	}
	if d.o.Screen {
		b.WriteString("\n" + strings.Join(d.o.Hints, "\n") + "\n")
	}
	d.latency, d.drawn = d.latency[:0], d.sent
	text := b.String()
	if d.o.Screen {
		// Home, each line cleared to its end, then all below.
		text = "\x1b[H" + strings.ReplaceAll(text, "\n", "\x1b[K\n") + "\x1b[J"
	}
	_, err := io.WriteString(d.o.Out, text)
	return err
}

// quantile returns a quantile of the sorted latencies.
func (d *demo) quantile(q float64) time.Duration {
	if len(d.latency) == 0 {
		return 0
	}
	return d.latency[int(q*float64(len(d.latency)-1))].Round(10 * time.Microsecond)
}

// capture is a Sink that keeps the last result as text.
type capture struct {
	heads []string
	rows  [][]string
}

// Columns implements engine.Sink.
func (c *capture) Columns(cols []engine.Column) error {
	c.heads, c.rows = nil, nil
	for _, col := range cols {
		c.heads = append(c.heads, col.Name)
	}
	return nil
}

// Rows implements engine.Sink.
func (c *capture) Rows(b *zset.Batch) error {
	for i := range b.N {
		var cells []string
		for _, v := range b.Row(i) {
			cells = append(cells, v.String())
		}
		for range b.Weight(i) {
			c.rows = append(c.rows, cells)
		}
	}
	return nil
}

// Done implements engine.Sink.
func (c *capture) Done(engine.Summary, bool) error { return nil }

// table aligns the rows under their heads.
func (c *capture) table() string {
	width := make([]int, len(c.heads))
	for _, r := range append([][]string{c.heads}, c.rows...) {
		for i, cell := range r {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	for _, r := range append([][]string{c.heads}, c.rows...) {
		b.WriteString("  ")
		for i, cell := range r {
			b.WriteString(cell + strings.Repeat(" ", width[i]-len([]rune(cell))+2))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// line joins the rows into one line.
func (c *capture) line() string {
	parts := make([]string, len(c.rows))
	for i, r := range c.rows {
		parts[i] = strings.Join(r, " ")
	}
	return strings.Join(parts, " | ")
}
