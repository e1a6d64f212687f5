package demo_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/weirdb/weir/demo"
	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/zset"
)

// TestDemo streams for two seconds, by itself: the views are shown at least
// once, the table keeps its bound, and the views agree with their queries.
func TestDemo(t *testing.T) {
	e, err := engine.Open(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	var out strings.Builder
	o := demo.Options{Node: e, Rate: 2000, Keep: 1500, For: 2500 * time.Millisecond, Out: &out}
	if err := demo.Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rows/s into 6 views", "totals", "busiest", "worst_delays", "reach", "per_minute"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not shown:\n%s", want, out.String())
		}
	}
	s, err := e.NewSession(engine.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for view, query := range map[string]string{
		"SELECT * FROM demo.totals":                     "SELECT COUNT(*), COUNT(DISTINCT origin), SUM(distance) FROM demo.flights",
		"SELECT SUM(flights) FROM demo.by_airport":      "SELECT COUNT(*) FROM demo.flights",
		"SELECT SUM(flights) FROM demo.per_minute":      "SELECT COUNT(*) FROM demo.flights",
		"SELECT MAX(delay) FROM demo.worst_delays":      "SELECT MAX(delay) FROM demo.flights",
		"SELECT SUM(flights), COUNT(*) FROM demo.reach": "SELECT COUNT(*), COUNT(DISTINCT state) FROM demo.flights JOIN demo.airports ON iata = origin",
	} {
		if a, b := answer(t, s, view), answer(t, s, query); a != b {
			t.Errorf("%s: %s, but %s: %s", view, a, query, b)
		}
	}
}

// lines is a Sink that keeps rows as text.
type lines struct{ strings.Builder }

func (l *lines) Columns([]engine.Column) error   { return nil }
func (l *lines) Done(engine.Summary, bool) error { return nil }
func (l *lines) Rows(b *zset.Batch) error {
	for i := range b.N {
		for _, v := range b.Row(i) {
			l.WriteString(v.String() + "|")
		}
	}
	return nil
}

func answer(t *testing.T, s engine.Session, sql string) string {
	t.Helper()
	var l lines
	if err := s.Query(context.Background(), sql, &l); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return l.String()
}
