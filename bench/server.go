package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// server is a database that listens: a process of ours, or someone's.
type server struct {
	name    string
	network string // "tcp" or "unix"
	addr    string
	pid     int // 0 when the process is not ours to watch
	stop    func()
}

// startWeir runs self as a server with its data under a temporary directory.
func startWeir(ctx context.Context, self string, log io.Writer) (*server, error) {
	dir, err := os.MkdirTemp("", "weir-bench")
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "serve", "--data", dir, "--mysql", "127.0.0.1:0", "--http", "127.0.0.1:0")
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	s := &server{name: "weir", network: "tcp", pid: cmd.Process.Pid, stop: func() {
		end(cmd)
		os.RemoveAll(dir)
	}}
	if s.addr, err = readyAddr(ctx, out); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// readyAddr reads the address of the MySQL protocol from the line that says
// that the server is ready.
func readyAddr(ctx context.Context, out io.Reader) (string, error) {
	type outcome struct {
		addr string
		err  error
	}
	got := make(chan outcome, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadString('\n')
		_, rest, found := strings.Cut(line, "mysql=")
		addr, _, _ := strings.Cut(rest, " ")
		if err == nil && !found {
			err = fmt.Errorf("the server said %q", line)
		}
		got <- outcome{addr, err}
	}()
	select {
	case o := <-got:
		return o.addr, o.err
	case <-ctx.Done():
		return "", ctx.Err()
	case <-time.After(30 * time.Second):
		return "", errors.New("the server was not ready within 30 s")
	}
}

// end asks a process of ours to end and waits for it.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		<-done
	}
}

// connect opens a client in database db.
func (s *server) connect(db string) (*client, error) { return dial(s.network, s.addr, db) }

// do runs statements one by one on a connection of its own.
func (s *server) do(db string, statements ...string) error {
	c, err := s.connect(db)
	if err != nil {
		return err
	}
	defer c.close()
	for _, sql := range statements {
		if _, err := c.query(sql); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// cpu is the processor time that the server has used; 0 when it cannot be
// known.
func (s *server) cpu() time.Duration {
	if s.pid == 0 {
		return 0
	}
	return cpuOf(s.pid)
}

// ownCPU is the processor time that this process has used.
func ownCPU() time.Duration { return cpuOf(os.Getpid()) }

// cpuOf reads a process's time in user and system mode from /proc.
func cpuOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The fields behind the command's name, which may hold anything, begin
	// with the third; user and system time are the 14th and 15th.
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	const tick = time.Second / 100 // USER_HZ
	return time.Duration(user+system) * tick
}

// startMariaDB returns the MariaDB to compare with, or nil when there is to
// be none. One of our own has its data in a temporary directory and listens
// on a Unix socket and a port of 127.0.0.1.
func (r *run) startMariaDB(ctx context.Context) (*server, error) {
	switch r.MariaDB {
	case "off":
		return nil, nil
	case "auto":
	default:
		return &server{name: "mariadb", network: "tcp", addr: r.MariaDB, stop: func() {}}, nil
	}
	daemon, err1 := exec.LookPath("mariadbd")
	install, err2 := exec.LookPath("mariadb-install-db")
	if err := errors.Join(err1, err2); err != nil {
		r.logf("without MariaDB: %v", err)
		return nil, nil
	}
	dir, err := os.MkdirTemp("", "weir-bench-mariadb")
	if err != nil {
		return nil, err
	}
	user := "--user=" + os.Getenv("USER")
	if os.Getuid() == 0 {
		user = "--user=root"
	}
	out, err := exec.CommandContext(ctx, install, "--no-defaults", user, "--datadir="+dir+"/data",
		"--auth-root-authentication-method=normal", "--skip-test-db").CombinedOutput()
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("%s: %w\n%s", install, err, out)
	}
	port, err := freePort()
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	cmd := exec.Command(daemon, "--no-defaults", user, "--datadir="+dir+"/data", "--socket="+dir+"/s",
		"--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", port), "--pid-file="+dir+"/pid",
		"--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=2G", "--innodb-log-file-size=1G",
		"--skip-log-bin", "--performance-schema=OFF", "--skip-name-resolve", "--local-infile=1")
	if err := cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	s := &server{name: "mariadb", network: "tcp", addr: fmt.Sprintf("127.0.0.1:%d", port), pid: cmd.Process.Pid, stop: func() {
		end(cmd)
		os.RemoveAll(dir)
	}}
	return s, s.await(ctx)
}

// await waits until the server lets clients in, and stops it when it never
// does.
func (s *server) await(ctx context.Context) error {
	var err error
	for range 300 {
		var c *client
		if c, err = s.connect(""); err == nil {
			c.close()
			return nil
		}
		select {
		case <-ctx.Done():
			s.stop()
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	s.stop()
	return fmt.Errorf("%s does not let clients in: %w", s.name, err)
}
