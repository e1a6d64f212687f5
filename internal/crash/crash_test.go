// Package crash holds the tests that run the real server as a process of its
// own and kill it.
package crash

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// binary builds the server once for the package.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "weir-crash")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "weir")
	out, err := exec.Command("go", "build", "-o", name, "../../cmd/weir").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %v\n%s", err, out)
	}
	return name, nil
})

func TestMain(m *testing.M) {
	_ = mysql.SetLogger(log.New(io.Discard, "", 0)) // it tells of every killed connection
	code := m.Run()
	if name, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(name))
	}
	os.Exit(code)
}

// server is one server process.
type server struct {
	cmd    *exec.Cmd
	out    *bufio.Scanner
	stderr bytes.Buffer // read it when the process has ended

	mysql, http, data string // of the ready line
}

var readyLine = regexp.MustCompile(`^weir: ready mysql=(\S+) http=(\S+) data=(.*)$`)

// launch runs a server on dir ("" in memory) with more arguments.
func launch(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	name, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	all := []string{"serve", "--mysql", "127.0.0.1:0", "--http", "127.0.0.1:0"}
	if dir != "" {
		all = append(all, "--data", dir)
	}
	s := &server{cmd: exec.Command(name, append(all, args...)...)}
	s.begin(t)
	return s
}

// begin starts the process.
func (s *server) begin(t *testing.T) {
	t.Helper()
	s.cmd.Stderr = &s.stderr
	pipe, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.out = bufio.NewScanner(pipe)
	t.Cleanup(s.kill)
}

// start runs a server and waits until it is ready.
func start(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	s := launch(t, dir, args...)
	s.ready(t)
	return s
}

// ready waits for the line that says where the server listens.
func (s *server) ready(t *testing.T) {
	t.Helper()
	if !s.out.Scan() {
		_ = s.cmd.Wait()
		t.Fatalf("the server did not get ready: %s", s.stderr.String())
	}
	m := readyLine.FindStringSubmatch(s.out.Text())
	if m == nil {
		t.Fatalf("ready line is %q", s.out.Text())
	}
	s.mysql, s.http, s.data = m[1], m[2], m[3]
}

// kill ends the server as a power cut would, but for the disk's cache.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// stop ends it in good order.
func (s *server) stop(t *testing.T) {
	t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM the server ended with %v", err)
	}
}

func (s *server) db(t *testing.T, name string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", "root@tcp("+s.mysql+")/"+name+"?multiStatements=true")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

const schema = `
CREATE DATABASE bank; USE bank;
CREATE TABLE account (id INT PRIMARY KEY, owner VARCHAR(20), balance BIGINT NOT NULL);
CREATE TABLE entry (worker INT, n INT, account INT, amount BIGINT, note VARCHAR(30), PRIMARY KEY (worker, n));
CREATE TABLE plain (worker INT, n INT);
CREATE MATERIALIZED VIEW by_account AS SELECT account, COUNT(*) AS n, SUM(amount) AS total, MAX(note) AS last FROM entry GROUP BY account;
CREATE MATERIALIZED VIEW owners AS SELECT a.id, a.owner, COUNT(e.n) AS entries FROM account a LEFT JOIN entry e ON e.account = a.id GROUP BY a.id, a.owner;
CREATE MATERIALIZED VIEW top AS SELECT account, total FROM by_account ORDER BY total DESC, account LIMIT 3;
CREATE MATERIALIZED VIEW workers AS SELECT worker, COUNT(DISTINCT n) AS n FROM plain GROUP BY worker;
INSERT INTO account VALUES (0,'a',0),(1,'b',0),(2,'c',0),(3,'d',0),(4,'e',0),(5,'f',0),(6,'g',0);
`

// views are the views with the queries they must equal.
var views = map[string]string{
	"by_account": "SELECT account, COUNT(*) AS n, SUM(amount) AS total, MAX(note) AS last FROM entry GROUP BY account ORDER BY 1",
	"owners":     "SELECT a.id, a.owner, COUNT(e.n) AS entries FROM account a LEFT JOIN entry e ON e.account = a.id GROUP BY a.id, a.owner ORDER BY 1",
	"top":        "SELECT account, SUM(amount) AS total FROM entry GROUP BY account ORDER BY total DESC, account LIMIT 3",
	"workers":    "SELECT worker, COUNT(DISTINCT n) AS n FROM plain GROUP BY worker ORDER BY 1",
}

// ledger is what the clients know to be acknowledged.
type ledger struct {
	mu    sync.Mutex
	acked map[[2]int]int // worker, n -> amount
	tried map[[2]int]bool
	plain map[int]int // worker -> rows acknowledged in plain
	next  map[int]int
}

// work writes until the server dies.
func (l *ledger) work(ctx context.Context, db *sql.DB, worker int, rng *rand.Rand) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		l.mu.Lock()
		n := l.next[worker]
		l.next[worker]++
		l.mu.Unlock()
		account, amount := rng.Intn(7), rng.Intn(100)-30
		key := [2]int{worker, n}
		l.mu.Lock()
		l.tried[key] = true
		l.mu.Unlock()
		_, err := conn.ExecContext(ctx, "INSERT INTO entry VALUES (?, ?, ?, ?, ?)", worker, n, account, amount, fmt.Sprintf("note %d", n%17))
		if err != nil {
			return
		}
		l.mu.Lock()
		l.acked[key] = amount
		l.mu.Unlock()
		if _, err := conn.ExecContext(ctx, "INSERT INTO plain VALUES (?, ?)", worker, n); err != nil {
			return
		}
		l.mu.Lock()
		l.plain[worker]++
		l.mu.Unlock()
		if n%5 == 4 { // transfers, whole or not at all
			if transfer(ctx, conn, rng) != nil {
				return
			}
		}
	}
}

// transfer moves money between two accounts in a transaction; losing a race
// (errno 1213) is no fault.
func transfer(ctx context.Context, conn *sql.Conn, rng *rand.Rand) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	a, b, sum := rng.Intn(7), rng.Intn(7), rng.Intn(50)
	for _, m := range [][2]int{{a, -sum}, {b, sum}} {
		if _, err := tx.ExecContext(ctx, "UPDATE account SET balance = balance + ? WHERE id = ?", m[1], m[0]); err != nil {
			_ = tx.Rollback()
			return err
		}
	}
	if err := tx.Commit(); err != nil && !strings.Contains(err.Error(), "1213") {
		return err
	}
	return nil
}

// build makes and drops a view over the rows there are, so that kills meet
// backfills too.
func build(ctx context.Context, db *sql.DB) {
	for {
		for _, q := range []string{"CREATE MATERIALIZED VIEW brief AS " + briefQuery, "DROP MATERIALIZED VIEW brief"} {
			if _, err := db.ExecContext(ctx, q); err != nil && !strings.Contains(err.Error(), "1050") {
				return
			}
		}
	}
}

const briefQuery = "SELECT note, COUNT(*) AS n, AVG(amount) AS mean FROM entry GROUP BY note"

// checkBrief holds the view that comes and goes against its query, once the
// server has finished it.
func checkBrief(t *testing.T, db *sql.DB, round int) {
	t.Helper()
	for {
		rows := text(t, db, "SHOW MATERIALIZED VIEWS LIKE 'brief'")
		if rows == "" {
			return
		}
		if strings.Contains(rows, "ready") {
			break
		}
	}
	a, b := text(t, db, "SELECT * FROM brief ORDER BY 1"), text(t, db, briefQuery+" ORDER BY 1")
	if a != b {
		t.Errorf("round %d: view brief holds\n%s\nits query says\n%s", round, a, b)
	}
}

// TestKill kills the server at random moments under load: every acknowledged
// row is there afterwards, transactions are whole, and no view differs from
// its query.
func TestKill(t *testing.T) {
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewSource(seed))
	dir := t.TempDir()
	s := start(t, dir)
	if _, err := s.db(t, "").Exec(schema); err != nil {
		t.Fatal(err)
	}
	l := &ledger{acked: map[[2]int]int{}, tried: map[[2]int]bool{}, plain: map[int]int{}, next: map[int]int{}}
	for round := range rounds {
		db := s.db(t, "bank")
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		for w := range 6 {
			r := rand.New(rand.NewSource(rng.Int63()))
			wg.Go(func() { l.work(ctx, db, w, r) })
		}
		wg.Go(func() { build(ctx, db) })
		time.Sleep(time.Duration(20+rng.Intn(150)) * time.Millisecond) // the moment is the random input
		s.kill()
		cancel()
		wg.Wait()
		if round%5 == 4 { // killed again while it reads its log
			s = launch(t, dir)
			time.Sleep(time.Duration(rng.Intn(20)) * time.Millisecond)
			s.kill()
		}
		s = start(t, dir)
		l.check(t, s.db(t, "bank"), round)
		checkBrief(t, s.db(t, "bank"), round)
		if t.Failed() {
			break
		}
	}
	t.Logf("%d rows acknowledged over %d kills", len(l.acked), rounds)
	if len(l.acked) == 0 {
		t.Error("no row was ever acknowledged")
	}
	s.stop(t)
}

// check holds the database against the ledger.
func (l *ledger) check(t *testing.T, db *sql.DB, round int) {
	t.Helper()
	rows, err := db.Query("SELECT worker, n, amount FROM entry")
	if err != nil {
		t.Fatal(err)
	}
	got := map[[2]int]int{}
	for rows.Next() {
		var w, n, amount int
		if err := rows.Scan(&w, &n, &amount); err != nil {
			t.Fatal(err)
		}
		got[[2]int{w, n}] = amount
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for k, amount := range l.acked {
		if have, ok := got[k]; !ok || have != amount {
			t.Errorf("round %d: acknowledged row %v is lost", round, k)
		}
	}
	for k := range got {
		if !l.tried[k] {
			t.Errorf("round %d: row %v was never written", round, k)
		}
	}
	var sum int
	if err := db.QueryRow("SELECT SUM(balance) FROM account").Scan(&sum); err != nil || sum != 0 {
		t.Errorf("round %d: the balances add up to %d (%v), half a transfer is there", round, sum, err)
	}
	for w, n := range l.plain {
		var have int
		if err := db.QueryRow("SELECT COUNT(*) FROM plain WHERE worker = ?", w).Scan(&have); err != nil || have < n {
			t.Errorf("round %d: %d of at least %d acknowledged rows without a key are there (%v)", round, have, n, err)
		}
	}
	for v, q := range views {
		order := " ORDER BY 1"
		if v == "top" {
			order = " ORDER BY total DESC, account"
		}
		a, b := text(t, db, "SELECT * FROM "+v+order), text(t, db, q)
		if a != b {
			t.Errorf("round %d: view %s holds\n%s\nits query says\n%s", round, v, a, b)
		}
	}
}

// text renders a result, a row a line.
func text(t *testing.T, db *sql.DB, q string) string {
	t.Helper()
	rows, err := db.Query(q)
	if err != nil {
		t.Fatalf("%s: %v", q, err)
	}
	defer rows.Close()
	cols, _ := rows.Columns()
	var b strings.Builder
	for rows.Next() {
		cells := make([]sql.NullString, len(cols))
		ptrs := make([]any, len(cols))
		for i := range cells {
			ptrs[i] = &cells[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			t.Fatal(err)
		}
		for _, c := range cells {
			fmt.Fprintf(&b, "%v %s|", c.Valid, c.String)
		}
		b.WriteString("\n")
	}
	return b.String()
}
