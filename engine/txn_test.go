package engine_test

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirdb/weir/sqlerr"
)

// TestSnapshot checks that a transaction reads the state it began with and
// its own writes, also through views, and that nobody sees them before the
// commit.
func TestSnapshot(t *testing.T) {
	e, a := fresh(t)
	b := connect(t, e, "d")
	a.do(`CREATE TABLE t (id INT PRIMARY KEY, g INT, n INT, KEY by_g (g));
		CREATE TABLE bag (x INT);
		INSERT INTO t VALUES (1, 1, 10), (2, 1, 20), (3, 2, 30);
		CREATE MATERIALIZED VIEW sums AS SELECT g, SUM(n) AS s FROM t GROUP BY g;
		CREATE MATERIALIZED VIEW best AS SELECT g, s FROM sums ORDER BY s DESC LIMIT 1;
		CREATE MATERIALIZED VIEW bags AS SELECT COUNT(*) AS n FROM bag`)
	a.do("BEGIN")
	a.rows("SELECT COUNT(*) FROM t", "3")
	b.do("INSERT INTO t VALUES (4, 3, 40); INSERT INTO bag VALUES (1), (1)")
	a.rows("SELECT COUNT(*) FROM t", "3")
	a.rows("SELECT * FROM bags", "0")
	a.bag("SELECT * FROM sums", "1|30", "2|30")

	a.do("UPDATE t SET n = n + 5 WHERE g = 1; DELETE FROM t WHERE id = 3; INSERT INTO t VALUES (5, 9, 90); INSERT INTO bag VALUES (7); UPDATE bag SET x = 8")
	a.bag("SELECT * FROM t", "1|1|15", "2|1|25", "5|9|90")
	a.rows("SELECT id FROM t WHERE g = 1 ORDER BY id", "1", "2")
	a.rows("SELECT n FROM t WHERE id = 2", "25")
	a.rows("SELECT n FROM t WHERE id = 3")
	a.bag("SELECT * FROM sums", "1|40", "9|90")
	a.rows("SELECT * FROM best", "9|90")
	a.rows("SELECT x FROM bag", "8")
	a.rows("SELECT * FROM bags", "1")
	a.rows("SELECT t.id, s FROM t JOIN sums ON t.g = sums.g WHERE t.id = 1", "1|40")
	b.bag("SELECT * FROM sums", "1|30", "2|30", "3|40")
	b.rows("SELECT * FROM bags", "2")

	a.do("COMMIT")
	for _, c := range []*client{a, b} {
		c.bag("SELECT * FROM t", "1|1|15", "2|1|25", "4|3|40", "5|9|90")
		c.bag("SELECT * FROM sums", "1|40", "3|40", "9|90")
		c.bag("SELECT x FROM bag", "1", "1", "8")
		c.rows("SELECT * FROM bags", "3")
	}
}

// TestFirstCommitterWins runs pairs of transactions over the same rows.
func TestFirstCommitterWins(t *testing.T) {
	for _, tc := range []struct {
		what, first, second string
		code                uint16 // of the second's COMMIT; 0: both commit
	}{
		{"two updates of a row", "UPDATE t SET n = 11 WHERE id = 1", "UPDATE t SET n = 12 WHERE id = 1", 1213},
		{"update and delete", "UPDATE t SET n = 11 WHERE id = 1", "DELETE FROM t WHERE id = 1", 1213},
		{"delete and update", "DELETE FROM t WHERE id = 1", "UPDATE t SET n = 12 WHERE id = 1", 1213},
		{"two deletes", "DELETE FROM t WHERE id = 1", "DELETE FROM t WHERE id = 1", 1213},
		{"two inserts of a key", "INSERT INTO t VALUES (9, 9, 9)", "INSERT INTO t VALUES (9, 8, 8)", 1213},
		{"two inserts of a unique key", "INSERT INTO t VALUES (8, 9, 9)", "INSERT INTO t VALUES (9, 9, 9)", 1213},
		{"an update to a unique key that came", "INSERT INTO t VALUES (8, 9, 9)", "UPDATE t SET u = 9 WHERE id = 1", 1213},
		{"different rows", "UPDATE t SET n = 11 WHERE id = 1", "UPDATE t SET n = 12 WHERE id = 2", 0},
		{"a row that only the first wrote", "UPDATE t SET n = 11 WHERE id = 1", "INSERT INTO t SELECT id + 10, u + 10, n FROM t WHERE id = 1", 0},
		{"a table that went", "DROP TABLE s", "INSERT INTO s VALUES (1)", 1213},
		{"an emptied table", "TRUNCATE TABLE t", "UPDATE t SET n = 5 WHERE id = 1", 1213},
	} {
		e, a := fresh(t)
		b := connect(t, e, "d")
		a.do(`CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE, n INT); CREATE TABLE s (x INT);
			INSERT INTO t VALUES (1, 1, 1), (2, 2, 2)`)
		b.do("BEGIN; " + tc.second)
		a.do("BEGIN; " + tc.first + "; COMMIT")
		before := a.do("SELECT * FROM t").sorted()
		_, err := b.try("COMMIT")
		if tc.code == 0 {
			if err != nil {
				t.Errorf("%s: COMMIT fails with %v", tc.what, err)
			}
			continue
		}
		b.wantError(err, tc.code, tc.what+": COMMIT")
		if b.Status().InTxn {
			t.Errorf("%s: the transaction is still open after it lost", tc.what)
		}
		if after := a.do("SELECT * FROM t").sorted(); !slices.Equal(before, after) {
			t.Errorf("%s: the lost transaction left %v, before it %v", tc.what, after, before)
		}
	}
}

// TestForUpdate checks that a commit depends on the rows that a SELECT .. FOR
// UPDATE has read, also those that it does not write, and on no others.
func TestForUpdate(t *testing.T) {
	for _, tc := range []struct {
		read, meanwhile string
		lost            bool
	}{
		{"SELECT * FROM t WHERE id = 1 FOR UPDATE", "UPDATE t SET n = 7 WHERE id = 1", true},
		{"SELECT * FROM t WHERE id = 1 FOR SHARE", "UPDATE t SET n = 7 WHERE id = 1", true},
		{"SELECT * FROM t WHERE id = 1", "UPDATE t SET n = 7 WHERE id = 1", false},
		{"SELECT n FROM t WHERE u < 2 FOR UPDATE", "DELETE FROM t WHERE id = 1", true},
		{"SELECT n FROM t WHERE id = 2 FOR UPDATE", "UPDATE t SET n = 7 WHERE id = 1", false},
		{"SELECT COUNT(*) FROM t FOR UPDATE", "UPDATE t SET n = 7 WHERE id = 1", true},
		{"SELECT t.n FROM t JOIN bag ON t.id = bag.x WHERE bag.x = 1 FOR UPDATE", "UPDATE bag SET x = 5 WHERE x = 1", true},
		{"SELECT x FROM bag WHERE x = 1 FOR UPDATE", "INSERT INTO bag VALUES (1)", false},
		{"SELECT 1 FOR UPDATE", "DELETE FROM t WHERE id < 3", false},
		{"SELECT * FROM t WHERE id = 3 FOR UPDATE", "UPDATE t SET n = n WHERE id = 3", false},
	} {
		e, a := fresh(t)
		b := connect(t, e, "d")
		a.do(`CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE, n INT); CREATE TABLE bag (x INT);
			CREATE MATERIALIZED VIEW v AS SELECT SUM(n) AS s FROM t;
			INSERT INTO t VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3); INSERT INTO bag VALUES (1), (2)`)
		a.do("BEGIN; " + tc.read + "; UPDATE t SET n = 30 WHERE id = 3")
		b.do(tc.meanwhile)
		_, err := a.try("COMMIT")
		if tc.lost {
			a.wantError(err, 1213, tc.read+"; COMMIT after "+tc.meanwhile)
		} else if err != nil {
			t.Errorf("%s; COMMIT after %s: %v", tc.read, tc.meanwhile, err)
		}
		want := map[bool]string{true: "3", false: "30"}[tc.lost]
		b.rows("SELECT n FROM t WHERE id = 3", want)
		a.do("BEGIN")
		a.fails(1235, "SELECT * FROM v FOR UPDATE", "'v'", "tables")
		a.do("SELECT * FROM t FOR UPDATE; COMMIT; SELECT * FROM v FOR UPDATE")
	}
}

// TestStatementsInATransaction checks that a failing statement undoes itself
// only, and what the summary says.
func TestStatementsInATransaction(t *testing.T) {
	_, c := fresh(t)
	c.do("CREATE TABLE t (id INT PRIMARY KEY, u INT UNIQUE)")
	c.do("BEGIN; INSERT INTO t VALUES (1, 1)")
	c.fails(1062, "INSERT INTO t VALUES (2, 2), (3, 1)", "'1'", "t.u")
	c.fails(1062, "INSERT INTO t VALUES (2, 2), (1, 3)", "'1'", "PRIMARY")
	c.rows("SELECT * FROM t", "1|1")
	if n := c.do("INSERT IGNORE INTO t VALUES (1, 5), (2, 1), (3, 3)").sum.Affected; n != 1 {
		t.Errorf("INSERT IGNORE affected %d rows, want 1", n)
	}
	if n := c.do("REPLACE INTO t VALUES (4, 3), (5, 5)").sum.Affected; n != 3 {
		t.Errorf("REPLACE affected %d rows, want 3", n)
	}
	if n := c.do("INSERT INTO t VALUES (1, 9), (6, 6) ON DUPLICATE KEY UPDATE u = u + 10").sum.Affected; n != 3 {
		t.Errorf("ON DUPLICATE KEY UPDATE affected %d rows, want 3", n)
	}
	c.bag("SELECT * FROM t", "1|11", "4|3", "5|5", "6|6")
	// Keys that pass from row to row.
	c.do("UPDATE t SET u = 11 - u + 3 WHERE u IN (3, 11); UPDATE t SET id = id + 1")
	c.do("COMMIT")
	c.bag("SELECT * FROM t", "2|3", "5|11", "6|5", "7|6")
	c.do("BEGIN; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (9, 3); COMMIT")
	c.bag("SELECT * FROM t", "5|11", "6|5", "7|6", "9|3")
}

// TestTransactionBoundaries checks what opens and ends transactions.
func TestTransactionBoundaries(t *testing.T) {
	e, c := fresh(t)
	other := connect(t, e, "d")
	c.do("CREATE TABLE t (a INT)")
	c.do("BEGIN; INSERT INTO t VALUES (1); BEGIN; INSERT INTO t VALUES (2); ROLLBACK")
	other.rows("SELECT a FROM t", "1") // BEGIN commits
	c.do("START TRANSACTION; INSERT INTO t VALUES (3); CREATE TABLE s (b INT)")
	other.bag("SELECT a FROM t", "1", "3") // DDL commits
	c.do("SET autocommit = 0; INSERT INTO t VALUES (4)")
	other.bag("SELECT a FROM t", "1", "3")
	if st := c.Status(); !st.InTxn || st.Autocommit {
		t.Errorf("after SET autocommit = 0 and a write the status is %+v", st)
	}
	c.do("ROLLBACK; INSERT INTO t VALUES (5); COMMIT; INSERT INTO t VALUES (6); SET autocommit = 1")
	other.bag("SELECT a FROM t", "1", "3", "5", "6") // turning it on commits
	c.do("BEGIN; INSERT INTO t VALUES (7)")
	c.Close()
	other.bag("SELECT a FROM t", "1", "3", "5", "6") // a lost session rolls back
	again := connect(t, e, "d")
	again.do("BEGIN; DELETE FROM t; COMMIT AND CHAIN; INSERT INTO t VALUES (8); ROLLBACK")
	other.rows("SELECT a FROM t")
	again.do("START TRANSACTION READ ONLY")
	if _, err := again.try("INSERT INTO t VALUES (9)"); err == nil {
		t.Error("a READ ONLY transaction writes")
	}
}

// TestAutoIncrement checks the values given, in and outside transactions.
func TestAutoIncrement(t *testing.T) {
	e, c := fresh(t)
	other := connect(t, e, "d")
	c.do("CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, s VARCHAR(5))")
	if id := c.do("INSERT INTO t (s) VALUES ('a'), ('b')").sum.LastInsertID; id != 1 {
		t.Errorf("the first id is %d, want 1", id)
	}
	c.rows("SELECT LAST_INSERT_ID()", "1")
	c.do("INSERT INTO t VALUES (10, 'c'), (NULL, 'd'), (0, 'e')")
	c.bag("SELECT * FROM t", "1|a", "2|b", "10|c", "11|d", "12|e")
	c.do("BEGIN")
	if id := c.do("INSERT INTO t (s) VALUES ('f')").sum.LastInsertID; id != 13 {
		t.Errorf("the id in the transaction is %d, want 13", id)
	}
	other.do("INSERT INTO t (s) VALUES ('g')")
	other.rows("SELECT LAST_INSERT_ID()", "14")
	c.do("INSERT INTO t (s) VALUES ('h')")
	c.rows("SELECT id FROM t WHERE s IN ('f', 'h') ORDER BY id", "13", "15")
	c.do("ROLLBACK")
	c.do("INSERT INTO t (s) VALUES ('i')") // ids of the lost transaction stay lost
	c.bag("SELECT * FROM t WHERE id > 12", "14|g", "16|i")
	c.do("BEGIN; INSERT INTO t VALUES (17, 'k'), (30, 'l'); INSERT INTO t (s) VALUES ('m'), ('n')")
	c.bag("SELECT * FROM t WHERE id > 16", "17|k", "30|l", "31|m", "32|n")
	other.do("INSERT INTO t (s) VALUES ('o')")
	c.do("INSERT INTO t (s) VALUES ('p'); COMMIT")
	c.bag("SELECT * FROM t WHERE id > 31", "32|n", "33|o", "34|p")
	c.do("TRUNCATE TABLE t; INSERT INTO t (s) VALUES ('j')")
	c.rows("SELECT * FROM t", "1|j")

	c.do("CREATE TABLE tiny (id TINYINT PRIMARY KEY AUTO_INCREMENT, n INT)")
	c.do("INSERT INTO tiny VALUES (126, 0); INSERT INTO tiny (n) VALUES (1)")
	_, err := c.try("INSERT INTO tiny (n) VALUES (2)")
	if e := sqlerr.From(err); e == nil || e.Code != 1062 && e.Code != 1467 && e.Code != 1264 {
		t.Errorf("an id beyond TINYINT gives %v", err)
	}
	c.bag("SELECT * FROM tiny", "126|0", "127|1")
	c.do("CREATE TABLE wide (id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, n INT)")
	c.do("INSERT INTO wide VALUES (18446744073709551614, 0)")
	_, err = c.try("INSERT INTO wide (n) VALUES (1), (2), (3)")
	if e := sqlerr.From(err); e == nil || e.Code != 1062 && e.Code != 1467 {
		t.Errorf("ids beyond BIGINT UNSIGNED give %v", err)
	}
	c.rows("SELECT COUNT(*) FROM wide", "1")
	c.do("INSERT INTO wide VALUES (18446744073709551615, 1); BEGIN")
	c.fails(1467, "INSERT INTO wide (n) VALUES (1)")
	c.do("ROLLBACK")
	c.fails(1467, "INSERT INTO wide (n) VALUES (1)")
	c.do("DELETE FROM wide; BEGIN; INSERT INTO wide VALUES (18446744073709551615, 1)")
	c.fails(1467, "INSERT INTO wide (n) VALUES (1), (2)")
	c.do("COMMIT")
}

// TestUniqueKeys checks unique keys under collations, with NULLs, over
// several columns and when they are made late.
func TestUniqueKeys(t *testing.T) {
	_, c := fresh(t)
	c.do("CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9), b INT, UNIQUE KEY ab (a, b))")
	c.do("INSERT INTO t VALUES (1, 'x', 1), (2, 'x', 2), (3, NULL, 1), (4, NULL, 1), (5, 'x', NULL), (6, 'x', NULL)")
	c.fails(1062, "INSERT INTO t VALUES (7, 'X', 1)", "'X-1'", "t.ab")
	c.fails(1062, "UPDATE t SET b = 1 WHERE id = 2", "'x-1'")
	c.fails(1062, "INSERT INTO t VALUES (7, 'q', 1), (8, 'Q', 1)", "row 2")
	c.do("REPLACE INTO t VALUES (7, 'X', 2)")
	c.bag("SELECT id, a FROM t WHERE a = 'x' AND b = 2", "7|X")
	c.do("CREATE TABLE late (a INT, b INT); INSERT INTO late VALUES (1, 1), (2, 2), (1, NULL)")
	c.fails(1062, "CREATE UNIQUE INDEX ua ON late (a)", "'1'", "late.ua")
	c.do("CREATE UNIQUE INDEX ub ON late (b)")
	c.fails(1062, "INSERT INTO late VALUES (9, 2)", "'2'", "late.ub")
	c.do("DROP INDEX ub ON late; INSERT INTO late VALUES (9, 2)")
	c.rows("SELECT COUNT(*) FROM late WHERE b = 2", "2")
}

// TestTransfers moves money in concurrent transactions: sums hold at every
// moment, in tables and views, and no update is lost.
func TestTransfers(t *testing.T) {
	e, c := fresh(t)
	const accounts, workers = 5, 6
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	c.do(`CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL, moves INT NOT NULL);
		CREATE TABLE journal (account INT, amount INT, KEY (account));
		CREATE MATERIALIZED VIEW total AS SELECT SUM(balance) AS s FROM account;
		CREATE MATERIALIZED VIEW booked AS SELECT account, SUM(amount) AS s, COUNT(*) AS n FROM journal GROUP BY account`)
	for i := range accounts {
		c.do("INSERT INTO account VALUES (%d, 100, 0)", i)
	}
	var moved [workers]int
	var wg sync.WaitGroup
	for w := range workers {
		s := connect(t, e, "d")
		rng := rand.New(rand.NewSource(int64(w)))
		wg.Go(func() {
			for moved[w] < rounds {
				a, b, sum := rng.Intn(accounts), rng.Intn(accounts), rng.Intn(20)
				sql := fmt.Sprintf(`BEGIN;
					UPDATE account SET balance = balance - %[3]d, moves = moves + 1 WHERE id = %[1]d;
					UPDATE account SET balance = balance + %[3]d, moves = moves + 1 WHERE id = %[2]d;
					INSERT INTO journal VALUES (%[1]d, -%[3]d), (%[2]d, %[3]d);
					COMMIT`, a, b, sum)
				_, err := s.try(sql)
				switch e := sqlerr.From(err); {
				case e == nil:
					moved[w]++
				case e.Code == sqlerr.ErrDeadlock:
				default:
					t.Error(err)
					return
				}
				for _, q := range []string{"SELECT s FROM total", "SELECT SUM(balance) FROM account"} {
					r, err := s.try(q)
					if err != nil || r.lines()[0] != "500" {
						t.Errorf("%s says %v (%v), want 500", q, r.lines(), err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	c.rows("SELECT SUM(moves) FROM account", fmt.Sprint(2*workers*rounds))
	c.rows("SELECT SUM(n), SUM(s) FROM booked", fmt.Sprintf("%d|0", 2*workers*rounds))
	c.rows("SELECT a.id FROM account a LEFT JOIN booked b ON b.account = a.id WHERE a.balance <> 100 + COALESCE(b.s, 0)")
}

// TestCounters adds to rows from many sessions without transactions, by key
// and by condition: no addition is lost and none is refused.
func TestCounters(t *testing.T) {
	e, c := fresh(t)
	c.do("CREATE TABLE hits (id INT PRIMARY KEY, n INT); INSERT INTO hits VALUES (1, 0), (2, 0); CREATE MATERIALIZED VIEW v AS SELECT SUM(n) AS s FROM hits")
	forms := []string{
		"UPDATE hits SET n = n + 1 WHERE id = 1",
		"UPDATE hits SET n = n + 1 WHERE id + 0 = 1",
		"INSERT INTO hits VALUES (1, 1) ON DUPLICATE KEY UPDATE n = n + VALUES(n)",
		"UPDATE hits SET n = n + 1 WHERE id IN (SELECT MIN(h.id) FROM (SELECT id FROM hits) h)",
	}
	const each = 40
	var wg sync.WaitGroup
	for _, sql := range slices.Repeat(forms, 2) {
		s := connect(t, e, "d")
		wg.Go(func() {
			for range each {
				if _, err := s.try(sql); err != nil {
					t.Errorf("%s: %v", strings.TrimSpace(sql), err)
					return
				}
			}
		})
	}
	wg.Wait()
	c.rows("SELECT n FROM hits ORDER BY id", fmt.Sprint(2*len(forms)*each), "0")
	c.rows("SELECT s FROM v", fmt.Sprint(2*len(forms)*each))
}
