package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/weirdb/weir/sqlerr"
)

// TestViewErrorsAreData follows a view through rows that its query fails on:
// no write fails because of it, reading it does, and mending or deleting the
// row heals it.
func TestViewErrorsAreData(t *testing.T) {
	_, c := fresh(t)
	c.do(`CREATE TABLE t (id INT PRIMARY KEY, n BIGINT);
		CREATE MATERIALIZED VIEW double_n AS SELECT id, n * 2 AS d FROM t;
		CREATE MATERIALIZED VIEW big AS SELECT d FROM double_n WHERE d > 10;
		CREATE MATERIALIZED VIEW total AS SELECT COUNT(*) AS n, SUM(d) AS s FROM big;
		CREATE MATERIALIZED VIEW other AS SELECT COUNT(*) AS n FROM t`)
	c.do("INSERT INTO t VALUES (1, 10), (2, 20)")
	c.rows("SELECT * FROM total", "2|60")

	if n := c.do("INSERT INTO t VALUES (3, 5000000000000000000), (4, 30), (5, 6000000000000000000)").sum.Affected; n != 3 {
		t.Errorf("%d rows inserted, want 3", n)
	}
	c.fails(1690, "SELECT * FROM double_n", "d.double_n", "BIGINT", "out of range", "n * 2", "5000000000000000000", "1 more", "weir_view_errors")
	c.fails(1690, "SELECT id FROM double_n WHERE id = 1")
	// Views above inherit the error, others go on.
	c.fails(1690, "SELECT * FROM big", "d.double_n")
	c.fails(1690, "SELECT * FROM total", "d.double_n")
	c.rows("SELECT * FROM other", "5")
	// Prepared before, executed now.
	c.fails(1690, "INSERT INTO t SELECT id + 10, d FROM double_n")
	shown := c.do("SHOW MATERIALIZED VIEWS LIKE 'double_n'").lines()
	if len(shown) != 1 || !strings.Contains(shown[0], "|2|t|") {
		t.Errorf("SHOW MATERIALIZED VIEWS says %q, want 2 errors", shown)
	}

	c.do("SET weir_view_errors = 'skip'")
	c.bag("SELECT * FROM double_n", "1|20", "2|40", "4|60")
	c.rows("SELECT * FROM total", "3|120")
	c.do("SET weir_view_errors = DEFAULT")
	c.fails(1690, "SELECT * FROM total")
	c.fails(1231, "SET weir_view_errors = 'sometimes'", "sometimes")

	c.do("DELETE FROM t WHERE id = 3")
	c.fails(1690, "SELECT * FROM double_n", "6000000000000000000")
	c.do("UPDATE t SET n = 1 WHERE id = 5")
	c.bag("SELECT * FROM double_n", "1|20", "2|40", "4|60", "5|2")
	c.rows("SELECT * FROM total", "3|120")
}

// TestViewErrorsInATransaction checks that a transaction sees the errors that
// it makes and mends, and others do not.
func TestViewErrorsInATransaction(t *testing.T) {
	e, c := fresh(t)
	other := connect(t, e, "d")
	c.do(`CREATE TABLE t (id INT PRIMARY KEY, n BIGINT);
		INSERT INTO t VALUES (1, 1), (2, 9000000000000000000);
		CREATE MATERIALIZED VIEW v AS SELECT id, n * 2 AS d FROM t;
		CREATE MATERIALIZED VIEW w AS SELECT SUM(d) AS s FROM v`)
	c.fails(1690, "SELECT * FROM w")
	c.do("BEGIN; UPDATE t SET n = 2 WHERE id = 2")
	c.rows("SELECT * FROM v ORDER BY id", "1|2", "2|4")
	c.rows("SELECT * FROM w", "6")
	other.fails(1690, "SELECT * FROM w")
	c.do("UPDATE t SET n = 9000000000000000000 WHERE id = 1")
	c.fails(1690, "SELECT * FROM w")
	c.do("ROLLBACK")
	c.fails(1690, "SELECT * FROM w")
	c.do("DELETE FROM t WHERE id = 2")
	other.rows("SELECT * FROM w", "2")
}

// TestViewErrorsOfManyKinds makes each kind of error that a row can cause.
func TestViewErrorsOfManyKinds(t *testing.T) {
	for _, tc := range []struct {
		query, bad string
		code       uint16
	}{
		{"SELECT a + 9223372036854775807 AS x FROM t", "(1, 1, 'x')", 1690},
		{"SELECT SUM(a) AS s, b FROM (SELECT a + 9223372036854775807 AS a, b FROM t) q GROUP BY b", "(1, 1, 'x')", 1690},
		{"SELECT b, (SELECT u.a FROM t u WHERE u.b = t.b) AS one FROM t", "(1, 1, 'x'), (2, 1, 'y')", 1242},
		{"SELECT EXP(a * 1000) AS x FROM t", "(1, 1, 'x')", 1690},
		{"SELECT t.a FROM t JOIN t u ON t.b = u.b AND t.a + 9223372036854775807 > 0", "(1, 1, 'x')", 1690},
		{"SELECT t.a, u.a AS c FROM t LEFT JOIN t u ON t.b = u.b AND t.a + 9223372036854775807 > 0", "(1, 1, 'x')", 1690},
		{"SELECT a FROM t WHERE a * 9223372036854775807 * 2 > 1 OR b = 7", "(1, 1, 'x')", 1690},
	} {
		_, c := fresh(t)
		c.do("CREATE TABLE t (a BIGINT, b BIGINT, s VARCHAR(5))")
		if _, err := c.try("CREATE MATERIALIZED VIEW v AS " + tc.query); err != nil {
			t.Errorf("%s: %v", tc.query, err)
			continue
		}
		c.do("INSERT INTO t VALUES (0, 0, 'ok')")
		good := c.do("SELECT * FROM v").sorted()
		c.do("INSERT INTO t VALUES " + tc.bad)
		c.fails(tc.code, "SELECT * FROM v")
		c.fails(tc.code, tc.query)
		c.do("DELETE FROM t WHERE a > 0")
		c.bag("SELECT * FROM v", good...)
		// A view made over such rows is no worse off.
		c.do("INSERT INTO t VALUES " + tc.bad)
		c.do("CREATE MATERIALIZED VIEW later AS " + tc.query)
		c.fails(tc.code, "SELECT * FROM later")
		c.do("DELETE FROM t WHERE a > 0")
		c.bag("SELECT * FROM later", good...)
	}
}

// TestNullAndWarning keeps what MySQL answers with NULL from being an error.
func TestNullAndWarning(t *testing.T) {
	_, c := fresh(t)
	c.do(`CREATE TABLE t (a INT, b INT, s VARCHAR(10));
		CREATE MATERIALIZED VIEW v AS SELECT a / b AS q, a % b AS r, s + 1 AS n, DATE(s) AS d FROM t;
		INSERT INTO t VALUES (1, 0, 'x'), (4, 2, '2024-01-01')`)
	c.bag("SELECT * FROM v", "NULL|NULL|1|NULL", "2.0000|0|2025|2024-01-01")
}

// TestGuardedFallible checks that what a condition guards is not evaluated
// for the rows that it leaves out.
func TestGuardedFallible(t *testing.T) {
	_, c := fresh(t)
	c.do(`CREATE TABLE t (id INT PRIMARY KEY, n BIGINT);
		INSERT INTO t VALUES (1, 1), (2, 9223372036854775807)`)
	for i, q := range []string{
		"SELECT n + 1 AS x FROM t WHERE n < 100",
		"SELECT CASE WHEN n < 100 THEN n + 1 ELSE -1 END AS x FROM t",
		"SELECT IF(n < 100, n + 1, -1) AS x FROM t",
		"SELECT id FROM t WHERE n < 100 AND n + 1 > 0",
		"SELECT id FROM t WHERE n > 100 OR n + 1 > 0",
		"SELECT COALESCE(id, n + 1) AS x FROM t",
		"SELECT x FROM (SELECT n + 1 AS x FROM (SELECT * FROM t WHERE n < 100) q) r",
	} {
		name := string(rune('a' + i))
		if _, err := c.try("CREATE MATERIALIZED VIEW " + name + " AS " + q); err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		if _, err := c.try("SELECT * FROM " + name); err != nil {
			t.Errorf("the view of %s: %v", q, sqlerr.From(err).Message)
		}
		if _, err := c.try(q); err != nil {
			t.Errorf("%s: %v", q, sqlerr.From(err).Message)
		}
	}
}

// TestLoadDataRowNumbers wants one count of rows in all warnings, which
// leaves out the lines that are ignored.
func TestLoadDataRowNumbers(t *testing.T) {
	_, c := fresh(t)
	c.do("CREATE TABLE t (id INT, s VARCHAR(5))")
	file := &infile{text: "id,s\n\n1,a\nx,b\n3\n4,d,e\n"}
	if err := c.Query(context.Background(), "LOAD DATA LOCAL INFILE 'f' INTO TABLE t FIELDS TERMINATED BY ',' IGNORE 2 LINES", file); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(c.do("SHOW WARNINGS").sorted(), "\n")
	want := "Warning|1261|Row 3 doesn't contain data for all columns\n" +
		"Warning|1262|Row 4 was truncated; it contained more data than there were input columns\n" +
		"Warning|1366|Incorrect integer value: 'x' for column 'id' at row 2"
	if got != want {
		t.Errorf("warnings:\n%s\nwant:\n%s", got, want)
	}
}
