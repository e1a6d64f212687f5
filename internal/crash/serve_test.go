package crash

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// refused runs a server that must not get ready, and returns what it says.
func refused(t *testing.T, env []string, args ...string) string {
	t.Helper()
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(name, append([]string{"serve"}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() <= 0 {
		t.Errorf("weir serve %v ended with %v, want an exit code that is not 0; it says\n%s", args, err, out)
	}
	if strings.Contains(string(out), "weir: ready") {
		t.Errorf("weir serve %v got ready", args)
	}
	return string(out)
}

func wantText(t *testing.T, got string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(got, p) {
			t.Errorf("it says\n%s\nwithout %q", got, p)
		}
	}
}

// TestReady checks the one line on stdout, and that both doors it names are
// open by then.
func TestReady(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	s := start(t, dir)
	if s.data != dir {
		t.Errorf("the ready line names data %q, want %q", s.data, dir)
	}
	var one int
	if err := s.db(t, "").QueryRow("SELECT 1").Scan(&one); err != nil || one != 1 {
		t.Errorf("SELECT 1 over MySQL is %d (%v)", one, err)
	}
	resp, err := http.Get("http://" + s.http + "/health")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("/health answers %d %s", resp.StatusCode, body)
	}
	s.stop(t)
	if s.out.Scan() {
		t.Errorf("after the ready line stdout has %q", s.out.Text())
	}
}

// TestMemory checks that a server without a directory says what that means.
func TestMemory(t *testing.T) {
	s := start(t, "")
	if s.data != "memory" {
		t.Errorf("the ready line names data %q, want memory", s.data)
	}
	s.stop(t)
	wantText(t, s.stderr.String(), "everything is kept in memory")
}

// TestTerm ends servers under load by SIGTERM: they exit with 0 and keep all
// that they have acknowledged.
func TestTerm(t *testing.T) {
	dir := t.TempDir()
	var acked atomic.Int64
	for range 3 {
		s := start(t, dir)
		db := s.db(t, "")
		if _, err := db.Exec("CREATE DATABASE IF NOT EXISTS d; CREATE TABLE IF NOT EXISTS d.t (n INT)"); err != nil {
			t.Fatal(err)
		}
		before := acked.Load()
		loaded := make(chan struct{})
		var once sync.Once
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					if _, err := db.Exec("INSERT INTO d.t VALUES (1)"); err != nil {
						return
					}
					if acked.Add(1) > before+100 {
						once.Do(func() { close(loaded) })
					}
				}
			})
		}
		<-loaded
		s.stop(t)
		wg.Wait()
	}
	s := start(t, dir)
	var n int64
	if err := s.db(t, "").QueryRow("SELECT COUNT(*) FROM d.t").Scan(&n); err != nil || n < acked.Load() {
		t.Errorf("%d of %d acknowledged rows are there (%v)", n, acked.Load(), err)
	}
	s.stop(t)
}

// TestTermIdle checks that idle connections do not keep a server from ending.
func TestTermIdle(t *testing.T) {
	s := start(t, "")
	conn, err := s.db(t, "").Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(context.Background(), "CREATE DATABASE d; USE d; CREATE TABLE t (a INT); BEGIN; INSERT INTO t VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	s.stop(t)
}

func TestSecondServer(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	out := refused(t, nil, "--data", dir, "--mysql", "127.0.0.1:0", "--http", "127.0.0.1:0")
	wantText(t, out, dir, "in use by", fmt.Sprint(s.cmd.Process.Pid))
	if _, err := s.db(t, "").Exec("CREATE DATABASE still_works"); err != nil {
		t.Errorf("the first server is disturbed: %v", err)
	}
	s.stop(t)
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	wantText(t, refused(t, nil, "--mysql", l.Addr().String(), "--http", "127.0.0.1:0"), "MySQL", l.Addr().String(), "in use")
	wantText(t, refused(t, nil, "--mysql", "127.0.0.1:0", "--http", l.Addr().String()), "HTTP", l.Addr().String(), "in use")
}

func TestForeignDirectory(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "holiday.jpg")
	if err := os.WriteFile(file, []byte("beach"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := refused(t, nil, "--data", dir, "--mysql", "127.0.0.1:0", "--http", "127.0.0.1:0")
	wantText(t, out, dir, "no Weir directory", "holiday.jpg")
	if text, err := os.ReadFile(file); err != nil || string(text) != "beach" {
		t.Errorf("the file there is now %q (%v)", text, err)
	}
	wantText(t, refused(t, nil, "--data", file, "--mysql", "127.0.0.1:0", "--http", "127.0.0.1:0"), "holiday.jpg", "directory")
}

// TestConfig checks where settings come from: a flag wins over the variable,
// that over the file.
func TestConfig(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "weir.toml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inFile, inEnv, inFlag := filepath.Join(dir, "file"), filepath.Join(dir, "env"), filepath.Join(dir, "flag")
	write(fmt.Sprintf("data = %q\nmysql = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\npassword = \"from file\"\n", inFile))
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		what, want string
		env        []string
		args       []string
	}{
		{"the file", inFile, nil, []string{"--config", config}},
		{"the file named by WEIR_CONFIG", inFile, []string{"WEIR_CONFIG=" + config}, nil},
		{"the variable", inEnv, []string{"WEIR_DATA=" + inEnv}, []string{"--config=" + config}},
		{"the flag", inFlag, []string{"WEIR_DATA=" + inEnv}, []string{"--config", config, "--data", inFlag}},
	} {
		s := &server{cmd: exec.Command(name, append([]string{"serve"}, tc.args...)...)}
		s.cmd.Env = append(os.Environ(), tc.env...)
		s.begin(t)
		s.ready(t)
		if s.data != tc.want {
			t.Errorf("data comes from %s: it is %s, want %s", tc.what, s.data, tc.want)
		}
		db, err := sql.Open("mysql", "root:from file@tcp("+s.mysql+")/")
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Ping(); err != nil {
			t.Errorf("the password of the file: %v", err)
		}
		db.Close()
		if err := s.db(t, "").Ping(); err == nil {
			t.Error("root comes in without the password of the file")
		}
		s.stop(t)
	}

	write("dta = \"x\"\n")
	wantText(t, refused(t, nil, "--config", config), config, `unknown key "dta"`, `did you mean "data"?`)
	write("data = \n")
	wantText(t, refused(t, nil, "--config", config), config)
	wantText(t, refused(t, nil, "--config", filepath.Join(dir, "none.toml")), "none.toml")
	wantText(t, refused(t, []string{"WEIR_DTA=x"}), "unknown variable WEIR_DTA", "did you mean WEIR_DATA?")
	wantText(t, refused(t, nil, "--dta", "x"), "unknown flag --dta", "did you mean", "--data")
	wantText(t, refused(t, nil, "--memory", "lots"), "memory", "lots", "4GiB")
	wantText(t, refused(t, nil, "--mysql", "nowhere"), "MySQL", "nowhere")
}
