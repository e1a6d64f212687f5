package console

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// endless is a query that nobody waits for: 10^18 rows.
const endless = "SELECT COUNT(*) FROM t a, t b, t c, t d, t e, t f WHERE a.id + b.id + c.id + d.id + e.id + f.id = -1"

func fillT(t *testing.T, target target) {
	t.Helper()
	values := strings.TrimSuffix(strings.Repeat("(NULL),", 1000), ",")
	for _, sql := range []string{
		"CREATE DATABASE IF NOT EXISTS test", "USE test", "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY)",
		"INSERT INTO t VALUES " + values,
	} {
		if err := target.Exec(context.Background(), sql, &collector{}); err != nil {
			t.Fatal(err)
		}
	}
}

// running waits until the process list has a statement that begins so.
func running(t *testing.T, target target, begins string) {
	t.Helper()
	other, err := target.Second(context.Background())
	if err != nil {
		t.Error(err)
		return
	}
	defer other.Close()
	for {
		var c collector
		if err := other.Exec(context.Background(), "SHOW FULL PROCESSLIST", &c); err != nil {
			t.Error(err)
			return
		}
		for i := range c.rows {
			if strings.HasPrefix(c.at(i, "Info"), begins) {
				return
			}
		}
	}
}

func TestCtrlCEndsTheStatementOnly(t *testing.T) {
	for _, kind := range targets {
		t.Run(kind.name, func(t *testing.T) {
			o := Options{URL: kind.url(t), Format: "csv"}
			target, err := connect(context.Background(), &o)
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			fillT(t, target)
			var out, errs bytes.Buffer
			o.Out, o.Err = &out, &errs
			s := newShell(&o, target, &typist{lines: []string{endless + ";", "select 7 a;", `\watch 1ms`}})
			interrupts := make(chan os.Signal, 1)
			s.interrupts = interrupts
			s.after = func(time.Duration) <-chan time.Time {
				interrupts <- os.Interrupt // while \watch waits
				return nil
			}
			go func() {
				running(t, target, "SELECT COUNT(*) FROM t a")
				interrupts <- os.Interrupt
			}()
			if code := s.run(context.Background()); code != ExitOK {
				t.Errorf("exit code %d", code)
			}
			if want := "ERROR 1317 (70100): Query execution was interrupted\n"; !strings.HasSuffix(errs.String(), want) {
				t.Errorf("stderr:\n%s", errs.String())
			}
			if want := "a\n7\n\na\n7\n"; out.String() != want {
				t.Errorf("stdout:\n%s", out.String())
			}
			if target.DB() != "test" {
				t.Errorf("the database is %q", target.DB())
			}
		})
	}
}

// TestLostConnection ends the session's connection from the server: the
// statement fails, the next one connects again to the same database.
func TestLostConnection(t *testing.T) {
	o := Options{URL: mysqlURL(t)}
	target, err := connect(context.Background(), &o)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	fillT(t, target)
	other, err := target.Second(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	go func() {
		running(t, other, "SELECT COUNT(*) FROM t a")
		var c collector
		if err := other.Exec(context.Background(), "SHOW FULL PROCESSLIST", &c); err != nil {
			t.Error(err)
		}
		for i := range c.rows {
			if strings.HasPrefix(c.at(i, "Info"), "SELECT COUNT(*) FROM t a") {
				if err := other.Exec(context.Background(), "KILL "+c.at(i, "Id"), &collector{}); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	if err := target.Exec(context.Background(), endless, &collector{}); err == nil {
		t.Fatal("the statement outlived its connection")
	}
	var c collector
	err = target.Exec(context.Background(), "SELECT COUNT(*) n FROM t", &c)
	if err != nil { // it was the first to notice
		c = collector{}
		err = target.Exec(context.Background(), "SELECT COUNT(*) n FROM t", &c)
	}
	if err != nil || c.at(0, "n") != "1000" {
		t.Errorf("after the loss: %v, %v", c.rows, err)
	}
}

func TestProgress(t *testing.T) {
	var out bytes.Buffer
	w := &locked{mu: &sync.Mutex{}, w: &out}
	ticks := make(chan time.Time)
	start := time.Unix(100, 0)
	asked := 0
	p := newProgress(w, start, ticks, func() string {
		asked++
		return "4 of about 9 rows read"
	})
	for _, ms := range []int{0, 999, 1000, 1200, 1400, 1600, 1800, 61000} {
		ticks <- start.Add(time.Duration(ms) * time.Millisecond)
	}
	p.stop()
	p.stop()
	got := strings.Split(strings.ReplaceAll(out.String(), "\x1b[K", "$"), "\r")
	want := []string{"",
		"⠋ 1.0 s  4 of about 9 rows read  (Ctrl-C ends it)$", "⠙ 1.2 s  4 of about 9 rows read  (Ctrl-C ends it)$",
		"⠹ 1.4 s  4 of about 9 rows read  (Ctrl-C ends it)$", "⠸ 1.6 s  4 of about 9 rows read  (Ctrl-C ends it)$",
		"⠼ 1.8 s  4 of about 9 rows read  (Ctrl-C ends it)$", "⠴ 1 min 1 s  4 of about 9 rows read  (Ctrl-C ends it)$", "$"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	quick := newProgress(io.Discard, start, ticks, nil)
	quick.stop()
	var none *progress
	none.stop()
}

func TestCreatedView(t *testing.T) {
	for _, c := range []struct {
		sql, db, view string
	}{
		{"create materialized view v as select 1", "", "v"},
		{"CREATE /* x */ MATERIALIZED VIEW IF NOT EXISTS `a b` (PRIMARY KEY (x)) AS SELECT 1", "", "a b"},
		{"create materialized view d.v as select 1", "d", "v"},
		{"create materialized view `d`.`v` as select 1", "d", "v"},
		{"create table v (a int)", "", ""},
		{"create view v as select 1", "", ""},
		{"", "", ""},
	} {
		db, view, ok := createdView(c.sql)
		if db != c.db || view != c.view || ok != (c.view != "") {
			t.Errorf("%q makes %q.%q, %v", c.sql, db, view, ok)
		}
	}
}

// TestViewDetail reads the progress of a view, which is empty when it is
// complete.
func TestViewDetail(t *testing.T) {
	target, err := connect(context.Background(), &Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	fillT(t, target)
	if err := target.Exec(context.Background(), "CREATE MATERIALIZED VIEW v AS SELECT COUNT(*) n FROM t", &collector{}); err != nil {
		t.Fatal(err)
	}
	for _, db := range []string{"", "test"} {
		var c collector
		if err := target.Exec(context.Background(), "SHOW MATERIALIZED VIEWS FROM test", &c); err != nil || c.at(0, "View") != "v" {
			t.Fatalf("%v, %v", c.rows, err)
		}
		if got := viewDetail(target, db, "V"); got != c.at(0, "Detail") {
			t.Errorf("detail %q", got)
		}
	}
}

func TestInterval(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1": time.Second, "0.5": 500 * time.Millisecond, "2s": 2 * time.Second, "250ms": 250 * time.Millisecond, "1m": time.Minute,
		"0": 0, "-1": 0, "1x": 0,
	} {
		if got, err := interval(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}
