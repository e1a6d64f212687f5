package console

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirdb/weir/engine"
	httpdoor "github.com/weirdb/weir/server/http"
	mysqldoor "github.com/weirdb/weir/server/mysql"
)

// typist is a user who types lines without looking.
type typist struct {
	lines      []string
	prompts    []string
	remembered []string
}

func (u *typist) line(prompt string) (string, error) {
	u.prompts = append(u.prompts, prompt)
	if len(u.lines) == 0 {
		return "", io.EOF
	}
	next := u.lines[0]
	u.lines = u.lines[1:]
	if next == "^C" {
		return "", errCtrlC
	}
	return next, nil
}

func (u *typist) remember(s string) { u.remembered = append(u.remembered, s) }

func (u *typist) name() string { return "" }

func (u *typist) Close() error { return nil }

// node opens an engine in memory.
func node(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Open(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

// httpURL serves an engine over HTTP.
func httpURL(t *testing.T) string {
	t.Helper()
	srv := httptest.NewServer(httpdoor.New(httpdoor.Options{Node: node(t)}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// mysqlURL serves an engine over the MySQL protocol.
func mysqlURL(t *testing.T) string {
	t.Helper()
	srv, err := mysqldoor.New(mysqldoor.Options{Node: node(t), Users: map[string]mysqldoor.Password{"root": mysqldoor.NewPassword("s3cret@")}})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	t.Cleanup(func() {
		if err := srv.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return "mysql://root:s3cret%40@" + ln.Addr().String()
}

// targets are the three ways to a database; each call has one of its own.
var targets = []struct {
	name string
	url  func(*testing.T) string
}{
	{"embedded", func(*testing.T) string { return "" }},
	{"http", httpURL},
	{"mysql", mysqlURL},
}

// script runs text as a script and returns what it prints and the exit code.
func script(t *testing.T, o Options, text string) (out, errs string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	o.In, o.Out, o.Err = strings.NewReader(text), &stdout, &stderr
	code = Run(context.Background(), o)
	return stdout.String(), stderr.String(), code
}

const everyday = `CREATE DATABASE shop;
USE shop
CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(20), price DECIMAL(10,2),
  big DECIMAL(40,1), f DOUBLE, raw VARBINARY(8), at DATETIME(3), d DATE); -- ; no end
INSERT INTO t VALUES
  (18446744073709551615, '日本;語', 1.5, 12345678901234567890123456789.5, 1.5, x'00FF', '2024-02-29 13:05:09.25', '2024-02-29'),
  (2, '', -10, NULL, NULL, '', NULL, NULL),
  (3, NULL, NULL, NULL, NULL, 'abc', NULL, NULL);
CREATE MATERIALIZED VIEW v AS SELECT COUNT(*) n, SUM(price) s FROM t;
SELECT * FROM t ORDER BY id;
SELECT * FROM v;
UPDATE t SET price = 1 WHERE id = 2;
DELETE FROM t WHERE id = 3;
SELECT * FROM v\G
SELECT id FROM t WHERE id = 7;
SHOW TABLES;
`

// TestTargetsAnswerAlike runs one script everywhere, in every format.
func TestTargetsAnswerAlike(t *testing.T) {
	for _, target := range targets {
		for _, format := range Formats {
			t.Run(target.name+"/"+format, func(t *testing.T) {
				out, errs, code := script(t, Options{URL: target.url(t), Format: format}, everyday)
				if code != ExitOK || errs != "" {
					t.Errorf("exit code %d, stderr:\n%s", code, errs)
				}
				golden(t, "everyday."+format+".golden", out)
			})
		}
	}
}

func TestScriptErrors(t *testing.T) {
	const before = "CREATE DATABASE IF NOT EXISTS test; USE test;\nCREATE TABLE t (id INT PRIMARY KEY);\n"
	for _, c := range []struct{ name, text, want string }{
		{"a column", before + "SELECT 1;\n\nSELECT id,\n  nam FROM t;\nSELECT 2;",
			"stdin:6: ERROR 1054 (42S22): Unknown column 'nam' in 'field list'\n    nam FROM t\n    ^\n"},
		{"a duplicate", before + "INSERT INTO t VALUES (1);\nINSERT INTO t VALUES (1);\nSELECT 2;",
			"stdin:4: ERROR 1062 (23000): Duplicate entry '1' for key 't.PRIMARY'\n  INSERT INTO t VALUES (1)\n"},
		{"the last without a semicolon", before + "SELECT 1;\nINSERT INTO t\nVALUES (1), (1)\n",
			"stdin:4: ERROR 1062 (23000): Duplicate entry '1' for key 't.PRIMARY'\n  INSERT INTO t\n"},
		{"a command", before + "\\format xml\nSELECT 2;", "stdin:3: there is no format \"xml\"; there are table, vertical, csv, json\n"},
		{"no command", before + "\\frmat\nSELECT 2;", "stdin:3: there is no command \\frmat; \\? lists them\n"},
	} {
		for _, target := range targets {
			t.Run(c.name+"/"+target.name, func(t *testing.T) {
				out, errs, code := script(t, Options{URL: target.url(t), Format: "csv"}, c.text)
				if code != ExitFailed || errs != c.want {
					t.Errorf("exit code %d, stderr:\n%s\nwant:\n%s", code, errs, c.want)
				}
				if strings.Contains(out, "2\n2\n") {
					t.Errorf("the script went on:\n%s", out)
				}
			})
		}
	}
}

func TestExecuteAndFile(t *testing.T) {
	out, errs, code := script(t, Options{Execute: []string{"select 1 a; select 2 b -- two", "select 3 c"}, Format: "csv"}, "select 4;")
	if want := "a\n1\n\nb\n2\n\nc\n3\n"; code != ExitOK || errs != "" || out != want {
		t.Errorf("-e: exit code %d\n%s\n%s", code, out, errs)
	}
	file := filepath.Join(t.TempDir(), "script.sql")
	if err := os.WriteFile(file, []byte("select 1 a;\nselect x;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, errs, code = script(t, Options{File: file, Format: "csv"}, "select 4;")
	if code != ExitFailed || out != "a\n1\n" || !strings.HasPrefix(errs, file+":2: ERROR 1054 (42S22): ") {
		t.Errorf("a file: exit code %d\n%s\n%s", code, out, errs)
	}
}

func TestLoadDataLocal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "it's.csv")
	if err := os.WriteFile(file, []byte("1,a\n2,\"b,c\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	quoted := strings.ReplaceAll(file, "'", "''")
	text := "CREATE DATABASE IF NOT EXISTS test; USE test;\nCREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(9));\n" +
		"LOAD DATA LOCAL INFILE '" + quoted + "' INTO TABLE t FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"';\nSELECT * FROM t ORDER BY id;\n" +
		"LOAD DATA LOCAL INFILE '/nowhere.csv' INTO TABLE t;"
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			out, errs, code := script(t, Options{URL: target.url(t), Format: "csv"}, text)
			if target.name == "http" {
				if code != ExitFailed || !strings.Contains(errs, "stdin:3: ERROR 1235") {
					t.Errorf("exit code %d, stderr:\n%s", code, errs)
				}
				return
			}
			if want := "id,s\n1,a\n2,\"b,c\"\n"; out != want {
				t.Errorf("got:\n%s\nstderr:\n%s", out, errs)
			}
			if !strings.Contains(errs, "stdin:5: ERROR 1017 (HY000): Can't read file '/nowhere.csv'") {
				t.Errorf("stderr:\n%s", errs)
			}
		})
	}
}

func TestTransactions(t *testing.T) {
	const text = "CREATE DATABASE IF NOT EXISTS test; USE test; CREATE TABLE t (id INT PRIMARY KEY);\n" +
		"BEGIN; INSERT INTO t VALUES (1); SELECT COUNT(*) n FROM t; ROLLBACK; SELECT COUNT(*) n FROM t;"
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			out, errs, code := script(t, Options{URL: target.url(t), Format: "csv"}, text)
			if target.name == "http" {
				want := "stdin:2: ERROR 1235 (42000): Weir does not support a transaction over HTTP, where each statement has a session of its own; connect with --url mysql://..\n  BEGIN\n"
				if code != ExitFailed || errs != want {
					t.Errorf("exit code %d, stderr:\n%s", code, errs)
				}
				return
			}
			if code != ExitOK || out != "n\n1\n\nn\n0\n" {
				t.Errorf("exit code %d:\n%s\n%s", code, out, errs)
			}
		})
	}
}

// session types lines at a shell of its own and returns what it shows.
func session(t *testing.T, o Options, typed ...string) (u *typist, shown string) {
	t.Helper()
	u = &typist{lines: typed}
	var screen bytes.Buffer
	var mu sync.Mutex
	o.Out, o.Err = &locked{mu: &mu, w: &screen}, &locked{mu: &mu, w: &screen}
	if o.Format == "" {
		o.Format = Formats[0]
	}
	target, err := connect(context.Background(), &o)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	s := newShell(&o, target, u)
	s.now = func() time.Time { return time.Unix(0, 0) }
	s.after = func(time.Duration) <-chan time.Time {
		c := make(chan time.Time, 1)
		c <- time.Time{}
		return c
	}
	if code := s.run(context.Background()); code != ExitOK {
		t.Errorf("exit code %d", code)
	}
	return u, screen.String()
}

type locked struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func TestSession(t *testing.T) {
	for _, target := range targets {
		t.Run(target.name, func(t *testing.T) {
			u, shown := session(t, Options{URL: target.url(t)},
				"create database if not exists test;", "use test", "create table t (id int primary key, s varchar(9));",
				"insert into t", "values (1, 'a'),", "(2, 'b;", "c');", "insert into t values (1, 'again');",
				"selct 1;", "select id from", "^C", "select * from t order by id;", `select * from t where id = 1\G`,
				`\d`, `\d t`, `\d nothing`, `\format json`, "select id from t order by id;", `\format`, `\format table`,
				`\timing off`, "select 1;", `\watch 5ms c=2`, `\watch 2s c=1 select id from t where id = 2;`, `\watch x=1`,
				`\nothing`, `\?`, "exit", "select 'never';")
			shown = strings.ReplaceAll(shown, u.about(t, shown), "ABOUT")
			golden(t, "session."+target.name+".golden", strings.Join(u.prompts, "\n")+"\n\n"+shown)
			history := strings.Join(u.remembered, "\n")
			if want := `insert into t values (1, 'a'), (2, 'b;\nc');`; !strings.Contains(history, want) {
				t.Errorf("the history has no %q:\n%s", want, history)
			}
		})
	}
}

// about returns what differs in the first line from run to run.
func (u *typist) about(t *testing.T, shown string) string {
	t.Helper()
	line, _, _ := strings.Cut(shown, ". End statements")
	_, about, ok := strings.Cut(line, "Weir: ")
	if !ok {
		t.Fatalf("no greeting:\n%s", shown)
	}
	return about
}

func TestWarningsAreShown(t *testing.T) {
	for _, target := range targets {
		if target.name == "http" {
			continue // the session that knows them is gone
		}
		t.Run(target.name, func(t *testing.T) {
			_, shown := session(t, Options{URL: target.url(t)}, "create database if not exists test;", "use test",
				"create table t (id tinyint);", "insert ignore into t values (1000);")
			if want := "OK, 1 row affected, 1 warning (0.00 ms)"; !strings.Contains(shown, want) || !strings.Contains(shown, "Warning 1264: ") {
				t.Errorf("not found: %q\n%s", want, shown)
			}
		})
	}
}

// notWeir serves something else.
func notWeir(t *testing.T) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "nothing here", http.StatusNotFound)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// guarded serves whoever knows the password, and returns a URL with a wrong
// one.
func guarded(t *testing.T) string {
	srv := httptest.NewServer(httpdoor.New(httpdoor.Options{Node: node(t), Authorize: func(user, password string) bool {
		return user == "root" && password == "right"
	}}))
	t.Cleanup(srv.Close)
	return strings.Replace(srv.URL, "http://", "http://root:wrong@", 1)
}

func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := ln.Addr().String()
	ln.Close()
	for _, c := range []struct {
		name string
		o    Options
		want int
		errs string
	}{
		{"nothing to do", Options{}, ExitOK, ""},
		{"url and data", Options{URL: "http://x", Data: dir}, ExitUsage, "exclude each other"},
		{"-e and a file", Options{Execute: []string{"select 1"}, File: "x"}, ExitUsage, "exclude each other"},
		{"no such format", Options{Format: "xml"}, ExitUsage, `no format "xml"`},
		{"no such file", Options{File: filepath.Join(dir, "none.sql")}, ExitUsage, "none.sql"},
		{"no such scheme", Options{URL: "ftp://x"}, ExitUsage, "it should begin with http://"},
		{"no host", Options{URL: "mysql://"}, ExitUsage, "names no host"},
		{"no http server", Options{URL: "http://" + nobody}, ExitNoConnect, "cannot connect"},
		{"no mysql server", Options{URL: "mysql://" + nobody}, ExitNoConnect, "cannot connect"},
		{"another server at mysql", Options{URL: "mysql://" + hangsUp(t)}, ExitNoConnect, "does not answer as a MySQL server does"},
		{"no such database at mysql", Options{URL: mysqlURL(t), DB: "none"}, ExitNoConnect, "Unknown database 'none'"},
		{"no such database at http", Options{URL: httpURL(t), DB: "none"}, ExitNoConnect, "Unknown database 'none'"},
		{"no Weir at http", Options{URL: notWeir(t)}, ExitNoConnect, "404 Not Found: nothing here"},
		{"wrong password at http", Options{URL: guarded(t)}, ExitNoConnect, "Access denied for user 'root'"},
		{"right password at http", Options{URL: strings.Replace(guarded(t), "wrong", "right", 1)}, ExitOK, ""},
		{"wrong password", Options{URL: strings.Replace(mysqlURL(t), "s3cret", "wrong", 1)}, ExitNoConnect, "Access denied"},
		{"no database in the directory", Options{Data: dir, DB: "none"}, ExitNoConnect, "Unknown database 'none'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, errs, code := script(t, c.o, "")
			if code != c.want || !strings.Contains(errs, c.errs) || strings.Contains(errs, "wrong") {
				t.Errorf("exit code %d, stderr: %s", code, errs)
			}
		})
	}
}

func TestDataDirectoryKeeps(t *testing.T) {
	o := Options{Data: t.TempDir(), Format: "csv"}
	if _, errs, code := script(t, o, "create database d; use d; create table t (a int); insert into t values (7);"); code != ExitOK {
		t.Fatal(errs)
	}
	o.DB = "d"
	if out, errs, code := script(t, o, "select * from t"); code != ExitOK || out != "a\n7\n" {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

// hangsUp returns the address of a server that closes every connection.
func hangsUp(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	return ln.Addr().String()
}
