package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// exec runs a prepared statement.
func exec(st engine.Stmt, params ...types.Value) (*result, error) {
	r := &result{}
	return r, st.Execute(context.Background(), params, r)
}

func (c *client) prepare(sql string) engine.Stmt {
	c.t.Helper()
	st, err := c.Prepare(context.Background(), sql)
	if err != nil {
		c.t.Fatalf("prepare %s: %v", sql, err)
	}
	return st
}

// TestPrepared checks parameters: their number, types, NULL and ranges.
func TestPrepared(t *testing.T) {
	_, c := fresh(t)
	c.do("CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(5), d DECIMAL(6,2), u BIGINT UNSIGNED)")
	ins := c.prepare("INSERT INTO t VALUES (?, ?, ?, ?)")
	if n := len(ins.Params()); n != 4 {
		t.Errorf("%d parameters, want 4", n)
	}
	for i := range 3 {
		if _, err := exec(ins, types.IntValue(int64(i)), types.TextValue(fmt.Sprint("s", i)), types.FloatValue(1.25), types.UintValue(1<<63)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := exec(ins, types.TextValue("7"), types.NullValue(types.TypeNull), types.TextValue("2.5"), types.IntValue(3)); err != nil {
		t.Fatal(err)
	}
	c.bag("SELECT * FROM t", "0|s0|1.25|9223372036854775808", "1|s1|1.25|9223372036854775808", "2|s2|1.25|9223372036854775808", "7|NULL|2.50|3")

	_, err := exec(ins, types.IntValue(9))
	c.wantError(err, sqlerr.ErrWrongArguments, "one argument of four", "4", "1")
	_, err = exec(ins, types.IntValue(1), types.TextValue(""), types.IntValue(0), types.IntValue(0))
	c.wantError(err, 1062, "a key that is there")
	_, err = exec(ins, types.IntValue(8), types.TextValue("too long"), types.IntValue(0), types.IntValue(0))
	c.wantError(err, 1406, "a long string", "'s'")
	_, err = exec(ins, types.IntValue(8), types.TextValue(""), types.IntValue(0), types.IntValue(-1))
	c.wantError(err, 1264, "a negative number", "'u'")

	sel := c.prepare("SELECT s FROM t WHERE id = ? OR s = ? ORDER BY id LIMIT ?")
	if cols := sel.Columns(); len(cols) != 1 || cols[0].Name != "s" || cols[0].Table != "t" {
		t.Errorf("columns are %+v", cols)
	}
	for _, tc := range []struct {
		id    types.Value
		s     string
		limit int64
		want  string
	}{
		{types.IntValue(1), "none", 5, "s1"}, {types.TextValue("1"), "S2", 5, "s1,s2"},
		{types.NullValue(types.TypeNull), "s0", 5, "s0"}, {types.FloatValue(1.5), "x", 5, ""},
		{types.IntValue(1), "s2", 1, "s1"}, {types.IntValue(1), "s2", 0, ""},
	} {
		r, err := exec(sel, tc.id, types.TextValue(tc.s), types.IntValue(tc.limit))
		if got := strings.Join(r.lines(), ","); err != nil || got != tc.want {
			t.Errorf("id %v, s %q, limit %d: %q (%v), want %q", tc.id, tc.s, tc.limit, got, err, tc.want)
		}
	}
	_, err = c.Prepare(context.Background(), "SELECT nope FROM t WHERE id = ?")
	c.wantError(err, 1054, "prepare with an unknown column", "nope")
	_, err = c.Prepare(context.Background(), "SELECT 1; SELECT 2")
	c.wantError(err, 1064, "prepare two statements")
	c.fails(sqlerr.ErrWrongArguments, "SELECT * FROM t WHERE id = ?")

	c.do("PREPARE p FROM 'SELECT s FROM t WHERE id = ?'; SET @id = 2")
	c.rows("EXECUTE p USING @id", "s2")
	c.fails(1210, "EXECUTE p")
	c.do("DEALLOCATE PREPARE p")
	c.fails(1243, "EXECUTE p USING @id", "p")
	for _, inner := range []string{"EXECUTE p", "DEALLOCATE PREPARE p", "PREPARE q FROM \"EXECUTE p\""} {
		c.fails(1295, "PREPARE p FROM '"+inner+"'")
	}
}

// TestPlansAfterDDL runs cached and prepared statements over tables that
// change their shape, come and go.
func TestPlansAfterDDL(t *testing.T) {
	e, c := fresh(t)
	other := connect(t, e, "d")
	c.do("CREATE TABLE t (id INT PRIMARY KEY, a INT)")
	sel, ins := c.prepare("SELECT * FROM t WHERE a = ?"), c.prepare("INSERT INTO t VALUES (?, ?)")
	upd := c.prepare("UPDATE t SET a = a + ? WHERE id = ?")
	insert := func(id, a int64) error {
		_, err := exec(ins, types.IntValue(id), types.IntValue(a))
		return err
	}
	if err := insert(1, 5); err != nil {
		t.Fatal(err)
	}
	find := func(want string) {
		t.Helper()
		r, err := exec(sel, types.IntValue(5))
		if got := strings.Join(r.lines(), ","); err != nil || got != want {
			t.Errorf("WHERE a = 5 finds %q (%v), want %q", got, err, want)
		}
		c.rows("SELECT * FROM t WHERE a = 5", strings.Split(want, ",")...)
	}
	find("1|5")
	other.do("CREATE INDEX by_a ON t (a)")
	find("1|5")
	other.do("DROP INDEX by_a ON t")
	find("1|5")
	other.do("DROP TABLE t")
	_, err := exec(sel, types.IntValue(5))
	c.wantError(err, 1146, "select from a table that went", "d.t")
	c.wantError(insert(2, 5), 1146, "insert into a table that went", "d.t")
	c.fails(1146, "SELECT * FROM t WHERE a = 5")
	other.do("CREATE TABLE t (a BIGINT, id VARCHAR(9), extra INT DEFAULT 3)")
	c.wantError(insert(2, 5), 1136, "insert of two values into three columns")
	other.do("INSERT INTO t VALUES (5, 'x', 1)")
	find("5|x|1")
	if len(sel.Columns()) != 3 {
		t.Errorf("the statement now has %d columns, want 3", len(sel.Columns()))
	}
	other.do("DROP TABLE t; CREATE TABLE base (id INT PRIMARY KEY, a INT); INSERT INTO base VALUES (1, 5); CREATE MATERIALIZED VIEW t AS SELECT a, id FROM base")
	find("5|1")
	_, err = exec(upd, types.IntValue(1), types.IntValue(1))
	c.wantError(err, 1288, "update of what is a view now")
	c.do("USE d; CREATE DATABASE d2; USE d2; CREATE TABLE t (id INT PRIMARY KEY, a INT)")
	c.rows("SELECT * FROM t WHERE a = 5") // the same text, another database
}

// slow is a Sink that waits in its first batch of rows until let go.
type slow struct {
	result
	reached chan struct{}
	goOn    chan struct{}
	once    sync.Once
}

func (s *slow) Rows(b *zset.Batch) error {
	s.once.Do(func() {
		close(s.reached)
		<-s.goOn
	})
	return s.result.Rows(b)
}

// TestKill ends a statement, then a session, from another session.
func TestKill(t *testing.T) {
	e, c := fresh(t)
	c.do("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)")
	closed := make(chan struct{})
	victim, err := e.NewSession(engine.SessionOptions{DB: "d", Closed: func() { close(closed) }})
	if err != nil {
		t.Fatal(err)
	}
	const long = "SELECT COUNT(*) FROM t a, t b, t c, t d, t e, t f, t g, t h, t i WHERE a.a + b.a + c.a + d.a = -1"
	for _, kill := range []string{"KILL QUERY %d", "KILL %d"} {
		done := make(chan error, 1)
		go func() { done <- victim.Query(context.Background(), long, &result{}) }()
		for {
			list := strings.Join(c.do("SHOW FULL PROCESSLIST").lines(), "\n")
			if strings.Contains(list, long) {
				break
			}
		}
		c.do(kill, victim.ID())
		select {
		case err := <-done:
			c.wantError(err, 1317, "the killed statement", "interrupted")
		case <-time.After(20 * time.Second):
			t.Fatal("KILL does not end a long join")
		}
	}
	<-closed
	err = victim.Query(context.Background(), "SELECT 1", &result{})
	c.wantError(err, 1317, "a statement of a killed session")
	victim.Close()
	c.fails(sqlerr.ErrNoSuchThread, fmt.Sprintf("KILL %d", victim.ID()))
	c.fails(sqlerr.ErrNoSuchThread, fmt.Sprintf("KILL %d", 1<<32+uint64(c.ID())))
	c.do("SET max_execution_time = 50")
	c.fails(3024, long)
}

// TestCanceledContext ends a statement by its context, as a door does when
// its client has gone, and leaves the session usable.
func TestCanceledContext(t *testing.T) {
	_, c := fresh(t)
	c.do("CREATE TABLE t (a INT)")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Query(ctx, "INSERT INTO t VALUES (1)", &result{}); err == nil {
		t.Error("a statement runs under a canceled context")
	}
	c.rows("SELECT COUNT(*) FROM t", "0")
	broken := errors.New("the client has gone")
	if err := c.Query(context.Background(), "SELECT 1", &failingSink{broken}); !errors.Is(err, broken) {
		t.Errorf("the Sink's error comes back as %v", err)
	}
	c.rows("SELECT 1", "1")
}

type failingSink struct{ err error }

func (s *failingSink) Columns([]engine.Column) error     { return nil }
func (s *failingSink) Rows(*zset.Batch) error            { return s.err }
func (s *failingSink) Done(engine.Summary, bool) error   { return nil }
func (s *slow) Done(sum engine.Summary, more bool) error { return s.result.Done(sum, more) }

// TestSlowReader holds a result open while others write, and drop what it
// reads: it gets the rows of its snapshot.
func TestSlowReader(t *testing.T) {
	e, c := fresh(t)
	c.do("CREATE TABLE t (a INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)")
	reader := connect(t, e, "d")
	out := &slow{reached: make(chan struct{}), goOn: make(chan struct{})}
	done := make(chan error)
	go func() { done <- reader.Query(context.Background(), "SELECT a FROM t ORDER BY a", out) }()
	<-out.reached
	for i := range 200 {
		c.do("INSERT INTO t VALUES (%d)", 10+i)
	}
	c.do("DELETE FROM t; DROP TABLE t")
	close(out.goOn)
	if err := <-done; err != nil || strings.Join(out.lines(), ",") != "1,2,3" {
		t.Errorf("the slow reader gets %v (%v), want 1,2,3", out.lines(), err)
	}
}

// TestManySessions runs everything at once: writers, transactions, readers
// that hold views against their queries, and DDL. Run it with -race.
func TestManySessions(t *testing.T) {
	e, c := fresh(t)
	c.do(`CREATE TABLE t (id INT PRIMARY KEY, g INT, n INT, KEY by_g (g)); CREATE TABLE log (g INT, s VARCHAR(20));
		CREATE MATERIALIZED VIEW sums AS SELECT g, COUNT(*) AS c, SUM(n) AS s FROM t GROUP BY g;
		CREATE MATERIALIZED VIEW joined AS SELECT l.s, t.n FROM log l LEFT JOIN t ON l.g = t.g;
		CREATE MATERIALIZED VIEW top AS SELECT g, s FROM sums ORDER BY s DESC LIMIT 3`)
	rounds := 80
	if testing.Short() {
		rounds = 25
	}
	queries := map[string]string{
		"sums":   "SELECT g, COUNT(*) AS c, SUM(n) AS s FROM t GROUP BY g",
		"joined": "SELECT l.s, t.n FROM log l LEFT JOIN t ON l.g = t.g",
		"top":    "SELECT g, SUM(n) AS s FROM t GROUP BY g ORDER BY s DESC LIMIT 3",
	}
	var wg sync.WaitGroup
	run := func(work func(s *client, rng *rand.Rand, i int) error) {
		s, rng := connect(t, e, "d"), rand.New(rand.NewSource(int64(len(queries))))
		wg.Go(func() {
			for i := range rounds {
				if err := work(s, rng, i); err != nil {
					if e := sqlerr.From(err); e.Code != sqlerr.ErrDeadlock && e.Code != sqlerr.ErrDupEntry {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for w := range 3 {
		run(func(s *client, rng *rand.Rand, i int) error {
			_, err := s.try(fmt.Sprintf("INSERT INTO t VALUES (%d, %d, %d); UPDATE t SET n = n + 1 WHERE g = %d; DELETE FROM t WHERE id %% 7 = %d",
				w*1000+i, rng.Intn(5), rng.Intn(9), rng.Intn(5), rng.Intn(7)))
			return err
		})
		run(func(s *client, rng *rand.Rand, i int) error {
			_, err := s.try(fmt.Sprintf("BEGIN; INSERT INTO log VALUES (%d, 'w%d'); REPLACE INTO t VALUES (%d, 1, 1); %s",
				rng.Intn(5), w, rng.Intn(50), []string{"COMMIT", "ROLLBACK"}[rng.Intn(2)]))
			return err
		})
		run(func(s *client, rng *rand.Rand, i int) error {
			if _, err := s.try("BEGIN"); err != nil {
				return err
			}
			for v, q := range queries {
				if b := compare(s, v, q); b != nil {
					t.Errorf("view %s: %s", v, b.text)
				}
			}
			_, err := s.try("COMMIT")
			return err
		})
	}
	run(func(s *client, rng *rand.Rand, i int) error {
		name := fmt.Sprintf("extra%d", i)
		_, err := s.try(fmt.Sprintf(`CREATE MATERIALIZED VIEW %[1]s AS SELECT g, MAX(n) AS m FROM t GROUP BY g;
			CREATE INDEX %[1]s ON t (n); BEGIN`, name))
		if err != nil {
			return err
		}
		if b := compare(s, name, "SELECT g, MAX(n) AS m FROM t GROUP BY g"); b != nil {
			t.Errorf("view %s: %s", name, b.text)
		}
		_, err = s.try(fmt.Sprintf("COMMIT; DROP MATERIALIZED VIEW %[1]s; DROP INDEX %[1]s ON t; SHOW MATERIALIZED VIEWS; EXPLAIN VIEW sums; SHOW PROCESSLIST", name))
		return err
	})
	wg.Wait()
	for v, q := range queries {
		if b := compare(c, v, q); b != nil {
			t.Errorf("view %s at the end: %s", v, b.text)
		}
	}
}

// TestTruncate empties a table of many batches, with what is made of it.
func TestTruncate(t *testing.T) {
	_, c := fresh(t)
	c.do(`CREATE TABLE n (i INT); INSERT INTO n VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
		CREATE TABLE t (id INT PRIMARY KEY, g INT, s VARCHAR(9), KEY by_g (g), UNIQUE KEY by_s (s));
		CREATE MATERIALIZED VIEW sums AS SELECT g, COUNT(*) AS c FROM t GROUP BY g;
		CREATE MATERIALIZED VIEW best AS SELECT MAX(c) AS c FROM sums`)
	const fill = "INSERT INTO t SELECT a.i + 10 * b.i + 100 * c.i + 1000 * d.i, a.i, a.i + 10 * b.i + 100 * c.i + 1000 * d.i FROM n a, n b, n c, n d"
	for range 2 {
		c.do(fill)
		c.rows("SELECT * FROM best", "1000")
		c.do("TRUNCATE TABLE t")
		c.rows("SELECT * FROM t")
		c.rows("SELECT id FROM t WHERE g = 3")
		c.rows("SELECT * FROM sums")
		c.rows("SELECT * FROM best", "NULL")
	}
}
