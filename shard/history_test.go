package shard_test

import (
	"context"
	"fmt"
	"io"
	"math/rand"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/wlog"
	"github.com/weirdb/weir/wlog/disk"
	"github.com/weirdb/weir/zset"
)

// A history is the log that an engine wrote while it ran random SQL. What no
// single session makes is put in afterwards, without moving an index:
// statements of several sessions in one entry, and backfills in many small
// steps amid the writes. For these the SQL has entries to be replaced:
// statements that change nothing, see idle.

// memFS is a disk.FS in memory.
type memFS struct {
	mu    sync.Mutex
	files map[string]*memFile
}

type memFile struct {
	mu   sync.Mutex
	data []byte
}

func (fs *memFS) ReadDir(dir string) ([]string, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var out []string
	for name := range fs.files {
		if filepath.Dir(name) == dir {
			out = append(out, filepath.Base(name))
		}
	}
	return out, nil
}

func (fs *memFS) Open(name string, create bool) (disk.File, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f := fs.files[name]
	switch {
	case create:
		f = &memFile{}
		fs.files[name] = f
	case f == nil:
		return nil, fmt.Errorf("%s is not there", name)
	}
	return f, nil
}

func (fs *memFS) Rename(from, to string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.files[to] = fs.files[from]
	delete(fs.files, from)
	return nil
}

func (fs *memFS) Remove(name string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.files, name)
	return nil
}

func (fs *memFS) SyncDir(string) error           { return nil }
func (fs *memFS) Lock(string) (io.Closer, error) { return &memFile{}, nil }
func (f *memFile) Close() error                  { return nil }
func (f *memFile) Sync() error                   { return nil }
func (f *memFile) Allocate(size int64) error     { return f.Truncate(size) }
func (f *memFile) Size() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.data)), nil
}
func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := int(off) + len(p) - len(f.data); n > 0 {
		f.data = append(f.data, make([]byte, n)...)
	}
	return copy(f.data[off:], p), nil
}

func (f *memFile) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	data := make([]byte, size)
	copy(data, f.data)
	f.data = data
	return nil
}

// recorder is a machine that only remembers its entries.
type recorder struct{ entries [][]byte }

func (r *recorder) Open() (uint64, error)  { return 0, nil }
func (r *recorder) Flush() (uint64, error) { return 0, nil }
func (r *recorder) Pin() (wlog.Snapshot, error) {
	return nil, fmt.Errorf("nothing to pin")
}

func (r *recorder) Apply(entries []wlog.Entry) ([]any, error) {
	for _, e := range entries {
		r.entries = append(r.entries, append([]byte(nil), e.Data...))
	}
	return make([]any, len(entries)), nil
}

// silent is a Sink.
type silent struct{}

func (silent) Columns([]engine.Column) error   { return nil }
func (silent) Rows(*zset.Batch) error          { return nil }
func (silent) Done(engine.Summary, bool) error { return nil }

// story runs SQL that it makes up, in two sessions.
type story struct {
	*rand.Rand
	t        testing.TB
	sessions []engine.Session
	inTxn    []bool
	views    []string
	made     int
	sql      []string // what was run, for failures
}

// run runs a statement; users' errors are part of the story.
func (s *story) run(session int, format string, args ...any) {
	sql := fmt.Sprintf(format, args...)
	s.sql = append(s.sql, sql)
	err := s.sessions[session].Query(context.Background(), sql, silent{})
	if e := sqlerr.From(err); e != nil && (e.Code == sqlerr.ErrUnknown || e.Code == sqlerr.ErrViewInvalid || e.Code == sqlerr.ErrParse) {
		s.t.Fatalf("%s\n%v", sql, err)
	}
}

// idle makes an entry that changes nothing: a point update of a row that is
// not there. full marks those that shall fill views to the end.
func (s *story) idle(full bool) {
	key := 1
	if full {
		key = 2
	}
	s.run(0, "UPDATE idle SET v = v + 1 WHERE id = %d", key)
}

func (s *story) pick(list ...string) string { return list[s.Intn(len(list))] }

func (s *story) text() string {
	return s.pick("NULL", "''", "'a'", "'A'", "'b'", "'b '", "'c'", "'d'", "'e'", "'E'")
}
func (s *story) num() string {
	if s.Intn(8) == 0 {
		return "NULL"
	}
	return fmt.Sprint(s.Intn(9))
}
func (s *story) dec() string { return s.pick("NULL", "1.5", "1.50", "-2", "0.25", "7") }
func (s *story) date() string {
	return s.pick("NULL", "'2024-01-01'", "'2024-02-29 12:00:00'", "'1999-12-31 23:59:59'")
}
func (s *story) float() string { return s.pick("NULL", "0.1", "0.2", "1e3", "-0.5", "3") }

// row is a row of literals for a table.
func (s *story) row(table string) string {
	switch table {
	case "a":
		return fmt.Sprintf("(%s, %s, %s, %s, %s)", s.pick("0", "NULL", "1", "3", "5", "8"), s.text(), s.num(), s.dec(), s.date())
	case "b":
		return fmt.Sprintf("(%s, %s, %s)", s.text(), s.num(), s.float())
	}
	return fmt.Sprintf("(%s, %d, %d)", s.pick("'a'", "'A'", "'b'", "'c'"), s.Intn(6), s.Intn(20))
}

func (s *story) rows(table string) string {
	out := []string{s.row(table)}
	for range s.Intn(5) {
		out = append(out, s.row(table))
	}
	return strings.Join(out, ", ")
}

// change is one statement that changes rows.
func (s *story) change(session int) {
	t := s.pick("a", "a", "b", "c")
	up := map[string]string{"a": s.pick("n = n + 1", "s = VALUES(s)", "id = id + 10"), "b": "n = 1", "c": s.pick("x = x + VALUES(x)", "m = m + 1", "k = UPPER(k)")}[t]
	set := map[string]string{"a": s.pick("n = n * 2", "s = "+s.text(), "id = id + 1", "d = d + n", "n = NULL", "t = "+s.date()), "b": s.pick("f = f + 1", "n = "+s.num(), "s = "+s.text()), "c": s.pick("x = x - 1", "m = m + 1", "k = 'C'")}[t]
	where := map[string]string{"a": s.pick("id = "+s.num(), "n > "+s.num(), "s = "+s.text(), "d < 2", "id IN (1, 3, 1)"), "b": s.pick("n = "+s.num(), "s = "+s.text(), "f > 0"), "c": s.pick("k = 'a' AND m = 2", "x > 10", "k = 'B'")}[t]
	switch s.Intn(12) {
	case 0:
		s.run(session, "INSERT IGNORE INTO %s VALUES %s", t, s.rows(t))
	case 1:
		s.run(session, "REPLACE INTO %s VALUES %s", t, s.rows(t))
	case 2, 3:
		s.run(session, "INSERT INTO %s VALUES %s ON DUPLICATE KEY UPDATE %s", t, s.rows(t), up)
	case 4:
		s.run(session, "INSERT INTO b SELECT s, n, n / 2 FROM a WHERE %s", s.pick("id < 4", "n IS NOT NULL", "s = 'a'"))
	case 5, 6:
		s.run(session, "UPDATE %s SET %s WHERE %s", t, set, where)
	case 7, 8:
		s.run(session, "DELETE FROM %s WHERE %s", t, where)
	case 9:
		if s.Intn(5) == 0 && !s.inTxn[session] {
			s.run(session, "TRUNCATE TABLE %s", t)
		}
	default:
		s.run(session, "INSERT INTO %s VALUES %s", t, s.rows(t))
	}
}

// query is a SELECT for a view, over tables and other views; its first column
// is an integer k.
func (s *story) query() string {
	n := s.num()
	if n == "NULL" {
		n = "3"
	}
	list := []string{
		"SELECT n AS k, id, s, d * 2 AS d2 FROM a WHERE n > " + n,
		"SELECT COUNT(*) AS k, s, SUM(n) AS sn, AVG(d) AS ad, MIN(d) AS lo, MAX(t) AS hi FROM a GROUP BY s",
		"SELECT COUNT(DISTINCT s) AS k, SUM(f) AS sf, MAX(n) AS mx FROM b",
		"SELECT a.id AS k, b.n, b.f FROM a JOIN b ON a.n = b.n",
		"SELECT b.n AS k, a.s, a.t FROM b JOIN a ON b.n = a.id",
		"SELECT a.id AS k, c.x, c.k AS ck FROM a LEFT JOIN c ON a.n = c.m AND c.x > " + n,
		"SELECT a.n AS k, b.s FROM b RIGHT JOIN a ON a.s = b.s",
		"SELECT x.id AS k, y.id AS other FROM a AS x JOIN a AS y ON x.n = y.n AND x.id < y.id",
		"SELECT a.id AS k, c.m FROM a CROSS JOIN c WHERE a.n < c.x",
		"SELECT DISTINCT n AS k, s FROM b",
		"SELECT n AS k, id, s FROM a ORDER BY n DESC, id LIMIT 3",
		"SELECT n AS k, s, f FROM b ORDER BY f LIMIT 2 OFFSET 1",
		"SELECT id AS k, s FROM a WHERE n IN (SELECT n FROM b WHERE f > 0)",
		"SELECT id AS k FROM a WHERE n NOT IN (SELECT n FROM b)",
		"SELECT m AS k, x FROM c WHERE NOT EXISTS (SELECT 1 FROM a WHERE a.id = c.m)",
		"SELECT n AS k FROM a UNION SELECT n FROM b",
		"SELECT n AS k, s FROM a UNION ALL SELECT m, k FROM c",
		"SELECT id AS k, n * 4611686018427387904 AS big FROM a",
		"SELECT SUM(n * 4611686018427387904) AS k, s FROM b GROUP BY s",
		"SELECT id AS k, (SELECT n FROM b WHERE b.s = a.s) AS one FROM a",
		"SELECT n AS k, COUNT(*) AS c, SUM(f) AS sf FROM b WHERE s IS NOT NULL GROUP BY n HAVING COUNT(*) > 1",
		"SELECT a.id AS k, COUNT(b.n) AS votes FROM a LEFT JOIN b ON b.n = a.id GROUP BY a.id",
		"SELECT id AS k, n FROM a WHERE n > (SELECT AVG(n) FROM b)",
	}
	if len(s.views) > 0 {
		v := s.views[s.Intn(len(s.views))]
		list = append(list,
			"SELECT k, COUNT(*) AS c FROM "+v+" GROUP BY k",
			"SELECT a.id AS k, v.k AS other FROM a JOIN "+v+" AS v ON v.k = a.id",
			"SELECT v.k AS k, w.k AS other FROM "+v+" AS v LEFT JOIN "+v+" AS w ON v.k = w.k + 1",
			"SELECT DISTINCT k FROM "+v+" WHERE k > "+n)
		for range 4 { // more often than their number
			list = append(list, list[len(list)-4:]...)
		}
	}
	return list[s.Intn(len(list))]
}

// view makes a view and gives its backfill room.
func (s *story) view() {
	s.made++
	name := fmt.Sprintf("v%d", s.made)
	s.run(0, "CREATE MATERIALIZED VIEW %s AS %s", name, s.query())
	s.views = append(s.views, name)
	for range s.Intn(10) {
		if s.Intn(2) == 0 {
			s.idle(false)
		} else {
			s.change(s.Intn(2))
		}
	}
	for range 5 {
		s.idle(true)
	}
}

// act does the next thing.
func (s *story) act() {
	session := s.Intn(2)
	switch n := s.Intn(40); {
	case n < 5 && len(s.views) < 7:
		s.view()
	case n == 5 && len(s.views) > 0:
		at := s.Intn(len(s.views))
		sql := "DROP MATERIALIZED VIEW " + s.views[at]
		s.sql = append(s.sql, sql)
		if s.sessions[0].Query(context.Background(), sql, silent{}) == nil {
			s.views = append(s.views[:at], s.views[at+1:]...)
		}
	case n == 6:
		s.run(0, "%s", s.pick("CREATE UNIQUE INDEX extra ON b (f, s)", "CREATE UNIQUE INDEX extra ON c (x)", "CREATE INDEX extra ON b (n, f)", "DROP INDEX extra ON b", "DROP INDEX extra ON c"))
	case n < 10:
		verb := "BEGIN"
		if s.inTxn[session] {
			verb = s.pick("COMMIT", "COMMIT", "ROLLBACK")
		}
		s.inTxn[session] = !s.inTxn[session]
		s.run(session, "%s", verb)
	default:
		s.change(session)
	}
}

// record makes a history of about n statements. A large one has steps of
// thousands of rows.
func record(t testing.TB, seed int64, n int, large bool) [][]byte {
	t.Helper()
	fs := &memFS{files: map[string]*memFile{}}
	dir := t.TempDir()
	at := time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)
	e, err := engine.Open(engine.Options{Dir: dir, Disk: fs, Lanes: 2, Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	s := &story{Rand: rand.New(rand.NewSource(seed)), t: t, inTxn: make([]bool, 2)}
	for range 2 {
		c, err := e.NewSession(engine.SessionOptions{User: "root", Host: "localhost", Door: "embedded"})
		if err != nil {
			t.Fatal(err)
		}
		s.sessions = append(s.sessions, c)
	}
	s.run(0, "CREATE DATABASE d")
	s.run(0, "USE d")
	s.run(1, "USE d")
	s.run(0, "CREATE TABLE idle (id INT PRIMARY KEY, v INT)")
	s.run(0, "CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY, s VARCHAR(10), n BIGINT, d DECIMAL(10,2), t DATETIME, UNIQUE KEY u (s), KEY kn (n))")
	s.run(0, "CREATE TABLE b (s VARCHAR(10), n BIGINT, f DOUBLE)")
	s.run(0, "CREATE TABLE c (k VARCHAR(5), m INT, x BIGINT NOT NULL, PRIMARY KEY (k, m), KEY x (x))")
	for range 5 {
		s.change(0)
	}
	if large {
		s.view()
		s.run(0, "INSERT INTO b VALUES %s, %s, %s", s.rows("b"), s.rows("b"), s.rows("b"))
		s.run(0, "INSERT IGNORE INTO c VALUES ('z', 0, 1), ('z', 1, 2), ('z', 2, 3), ('z', 3, 4), ('z', 4, 5), ('z', 5, 6)")
		for range 6 {
			s.run(0, "INSERT INTO b SELECT x.s, x.n + 10 * y.m, x.f FROM b AS x JOIN c AS y ON y.x < 12 LIMIT 2500")
		}
	}
	for range n {
		s.act()
	}
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	rec := &recorder{}
	l, err := disk.Open(disk.Options{Dir: dir, FS: fs}, rec)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return rework(t, s.Rand, rec.entries)
}

// rework spreads the backfills of a history over its idle entries and puts
// some neighbouring writes into one entry.
func rework(t testing.TB, r *rand.Rand, entries [][]byte) [][]byte {
	idle := uint64(0) // the table's id
	var filling uint64
	var before *shard.Write
	out := make([][]byte, len(entries))
	for i, data := range entries {
		e, err := shard.DecodeEntry(data)
		if err != nil {
			t.Fatal(err)
		}
		if d, ok := e.Body.(*shard.DDL); ok && idle == 0 && strings.HasSuffix(fmt.Sprintf("%T", d.Change), "CreateTable") {
			idle = 1 // the first relation that is made
		}
		w, _ := e.Body.(*shard.Write)
		switch {
		case w != nil && len(w.Stmts) == 1 && len(w.Stmts[0].Ops) == 1 && w.Stmts[0].Ops[0].Table == idle:
			rows := uint64(1 + r.Intn(7))
			if w.Stmts[0].Ops[0].Rows.Cols[0].I[0] == 2 {
				rows = 1 << 20
			}
			e.Body, before = &shard.Advance{View: filling, Rows: rows}, nil
		case w != nil && before != nil && r.Intn(8) == 0:
			w.Stmts = append(append([]shard.Stmt(nil), before.Stmts...), w.Stmts...)
			last, err := shard.DecodeEntry(out[i-1])
			if err != nil {
				t.Fatal(err)
			}
			last.Body = &shard.Clock{}
			out[i-1] = shard.AppendEntry(nil, last)
			before = w
		case w != nil:
			before = w
		default:
			if a, ok := e.Body.(*shard.Advance); ok {
				filling, e.Body = a.View, &shard.Clock{}
			}
			before = nil
		}
		out[i] = shard.AppendEntry(nil, e)
	}
	return out
}
