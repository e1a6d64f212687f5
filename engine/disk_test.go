package engine_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/wlog/disk"
	"github.com/weirdb/weir/wlog/wlogtest"
)

// closeNow closes an engine before the end of its test.
func closeNow(t *testing.T, e *engine.Engine) {
	t.Helper()
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestDiskFull fills the disk under the log: writes fail with errno 1021 and
// change nothing, reads go on, and writes do again when there is room. What
// was acknowledged is there after a restart, and nothing else.
func TestDiskFull(t *testing.T) {
	for _, sparse := range []bool{false, true} {
		d := wlogtest.NewDisk()
		o := engine.Options{Dir: t.TempDir(), Disk: d, Lanes: 2}
		e, err := engine.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		c := connect(t, e, "")
		c.do(`CREATE DATABASE d; USE d; CREATE TABLE t (id INT PRIMARY KEY, s MEDIUMTEXT);
			CREATE MATERIALIZED VIEW v AS SELECT COUNT(*) AS n, MAX(id) AS m FROM t`)
		// What is reserved for the first segment can be filled, no more.
		d.SetRoom(max(d.Used(), 10<<20), sparse)
		acked := 0
		var full error
		for acked < 100 {
			if _, full = c.try(fmt.Sprintf("INSERT INTO t VALUES (%d, REPEAT('x', 2000000))", acked)); full != nil {
				break
			}
			acked++
		}
		c.wantError(full, 1021, "the write that finds no room", "nothing was changed")
		c.rows("SELECT * FROM v", fmt.Sprintf("%d|%d", acked, acked-1))
		c.fails(1021, "UPDATE t SET s = REPEAT('y', 3000000)")
		c.do("BEGIN; UPDATE t SET s = REPEAT('y', 3000000) WHERE id < 3")
		c.fails(1021, "COMMIT")
		c.rows("SELECT COUNT(*) FROM t WHERE s LIKE 'y%'", "0")
		if err := e.Ready(); err != nil {
			t.Errorf("the server is not ready any more: %v", err)
		}

		d.SetRoom(-1, sparse)
		c.do("INSERT INTO t VALUES (-1, 'room again')")
		c.rows("SELECT * FROM v", fmt.Sprintf("%d|%d", acked+1, acked-1))
		closeNow(t, e)
		again := connect(t, open(t, o), "d")
		again.rows("SELECT * FROM v", fmt.Sprintf("%d|%d", acked+1, acked-1))
		again.rows("SELECT COUNT(*), MAX(id) FROM t", fmt.Sprintf("%d|%d", acked+1, acked-1))
	}
}

// TestFailedSync checks that after a failed fsync no write is acknowledged
// until the server is started again, and that reads still work.
func TestFailedSync(t *testing.T) {
	d := wlogtest.NewDisk()
	o := engine.Options{Dir: t.TempDir(), Disk: d}
	e := open(t, o)
	c := connect(t, e, "")
	c.do("CREATE DATABASE d; USE d; CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
	d.FailSync(errors.New("the controller is on fire"))
	if _, err := c.try("INSERT INTO t VALUES (2)"); err == nil || !strings.Contains(err.Error(), "on fire") {
		t.Errorf("a write without fsync ends with %v", err)
	}
	d.FailSync(nil)
	if _, err := c.try("INSERT INTO t VALUES (3)"); err == nil {
		t.Error("a write after a failed fsync is acknowledged")
	}
	if e.Ready() == nil {
		t.Error("the server says it is ready though it takes no writes")
	}
	c.rows("SELECT a FROM t", "1")
	_ = e.Close(context.Background())
	again := connect(t, open(t, o), "d")
	if got := again.do("SELECT a FROM t").sorted(); !slices.Contains(got, "1") || slices.Contains(got, "3") {
		t.Errorf("after a restart the table holds %v", got)
	}
	again.do("INSERT INTO t VALUES (4)")
}

// TestDamagedLog flips bits of records that were durable: the directory is
// refused, with the file, the record and the byte, and left as it is.
func TestDamagedLog(t *testing.T) {
	dir := t.TempDir()
	e := open(t, engine.Options{Dir: dir})
	c := connect(t, e, "")
	c.do("CREATE DATABASE d; USE d; CREATE TABLE t (a INT, s VARCHAR(50))")
	for i := range 50 {
		c.do("INSERT INTO t VALUES (%d, 'row number %d')", i, i)
	}
	closeNow(t, e)
	files, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil || len(files) != 1 {
		t.Fatalf("segments are %v (%v)", files, err)
	}
	good, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewSource(1))
	for range 20 {
		bad := slices.Clone(good)
		at := strings.Index(string(good), fmt.Sprintf("row number %d", 10+rng.Intn(35))) + rng.Intn(13)
		bad[at] ^= 1 << rng.Intn(8)
		if err := os.WriteFile(files[0], bad, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := engine.Open(engine.Options{Dir: dir})
		var damage *disk.DamageError
		if !errors.As(err, &damage) {
			t.Fatalf("with byte %d of the log changed, Open says %v", at, err)
		}
		if damage.File != files[0] && filepath.Base(damage.File) != filepath.Base(files[0]) || damage.Record < 2 || damage.Offset > int64(at) || damage.Offset < int64(at)-4096 {
			t.Errorf("byte %d is changed, Open says %v", at, err)
		}
		if now, _ := os.ReadFile(files[0]); string(now) != string(bad) {
			t.Fatal("the damaged log was changed")
		}
	}
	// With the right bytes back, all is there.
	if err := os.WriteFile(files[0], good, 0o600); err != nil {
		t.Fatal(err)
	}
	connect(t, open(t, engine.Options{Dir: dir}), "d").rows("SELECT COUNT(*), SUM(a) FROM t", "50|1225")
}

// TestForeignEntry refuses a log whose records are sound but whose entries
// are not of this release, naming the entry.
func TestForeignEntry(t *testing.T) {
	dir := t.TempDir()
	m := &wlogtest.Machine{}
	l, err := disk.Open(disk.Options{Dir: dir}, m)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Propose(context.Background(), []byte{99, 1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = engine.Open(engine.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "entry 1") || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("Open says %v", err)
	}
}

// TestForeignDirectory refuses what is not Weir's, and a second engine on one
// directory.
func TestForeignDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Open(engine.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "notes.txt") || !strings.Contains(err.Error(), dir) {
		t.Errorf("a directory with other files: %v", err)
	}
	own := filepath.Join(t.TempDir(), "a", "b")
	e := open(t, engine.Options{Dir: own})
	if _, err := engine.Open(engine.Options{Dir: own}); err == nil || !strings.Contains(err.Error(), "in use by process") {
		t.Errorf("a second engine on one directory: %v", err)
	}
	connect(t, e, "").do("CREATE DATABASE d")
	closeNow(t, e)
	connect(t, open(t, engine.Options{Dir: own}), "d")
}

// TestRestart goes on where the log ended, again and again: every kind of
// object, counters, and views cut off in their backfill.
func TestRestart(t *testing.T) {
	o := engine.Options{Dir: t.TempDir(), Lanes: 2}
	e, err := engine.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	c := connect(t, e, "")
	c.do(`CREATE DATABASE d; USE d;
		CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, s VARCHAR(20) DEFAULT 'none', at DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3), UNIQUE KEY u (s));
		CREATE TABLE bag (x DECIMAL(30,5));
		CREATE MATERIALIZED VIEW v AS SELECT s, COUNT(*) AS n FROM t GROUP BY s;
		CREATE MATERIALIZED VIEW w AS SELECT SUM(n) AS n FROM v;
		CREATE MATERIALIZED VIEW bad AS SELECT id + 9223372036854775800 AS x FROM t;
		INSERT INTO t (s) VALUES ('a'), ('b'), ('c');
		INSERT INTO bag VALUES (1.5), (1.5), (NULL), (12345678901234567890.12345);
		DELETE FROM t WHERE s = 'b'; UPDATE bag SET x = 2 WHERE x = 1.5 LIMIT 1`)
	dump := func(c *client) string {
		var b strings.Builder
		for _, q := range []string{"SELECT * FROM t", "SELECT * FROM bag", "SELECT * FROM v", "SELECT * FROM w", "SELECT * FROM bad", "SHOW CREATE TABLE t", "SHOW CREATE VIEW v", "SHOW TABLES"} {
			r, err := c.try(q)
			fmt.Fprintln(&b, q, r.sorted(), err)
		}
		return b.String()
	}
	for round := range 4 {
		before := dump(c)
		closeNow(t, e)
		if e, err = engine.Open(o); err != nil {
			t.Fatal(err)
		}
		c = connect(t, e, "d")
		if after := dump(c); after != before {
			t.Fatalf("round %d: after a restart\n%s\nbefore it\n%s", round, after, before)
		}
		// The duplicate of the round before has used an id up, as in MySQL.
		if id := c.do("INSERT INTO t (s) VALUES ('r%d')", round).sum.LastInsertID; id != uint64(4+2*round) {
			t.Errorf("round %d: the next id is %d, want %d", round, id, 4+2*round)
		}
		c.fails(sqlerr.ErrDupEntry, "INSERT INTO t (s) VALUES ('A')")
		c.do("INSERT INTO t (id, s) VALUES (-5, 'x'); DELETE FROM t WHERE id = -5")
	}
	closeNow(t, e)
}
