package engine_test

import (
	"strings"
	"testing"

	"github.com/weirdb/weir/sqlerr"
)

// wrongSchema is what the statements of TestWrongInput meet.
const wrongSchema = `
CREATE TABLE customer (id INT PRIMARY KEY, name VARCHAR(5) NOT NULL, age TINYINT UNSIGNED, balance DECIMAL(6,2), born DATE, UNIQUE KEY by_name (name));
CREATE TABLE plain (a INT, b DOUBLE);
INSERT INTO customer VALUES (1, 'ann', 30, 1.5, '1990-01-01'), (2, 'bob', 40, 2.5, NULL);
CREATE MATERIALIZED VIEW ages AS SELECT age, COUNT(*) AS n FROM customer GROUP BY age;
CREATE MATERIALIZED VIEW older AS SELECT * FROM ages WHERE age > 35;
`

// TestWrongInput says for each kind of wrong statement what the user reads.
func TestWrongInput(t *testing.T) {
	_, c := fresh(t)
	c.do(wrongSchema)
	for _, tc := range []struct {
		code  uint16
		sql   string
		parts []string
	}{
		// Syntax: line, column and the word.
		{1064, "SELEC 1", []string{"SELEC", "line 1, column 1"}},
		{1064, "SELECT *\nFROM customer\nWHERE id = = 1", []string{"= 1", "line 3, column 12"}},
		{1064, "SELECT 'abc", []string{"line 1"}},
		{1064, "CREATE MATERIALIZED VIEW v", []string{"line 1"}},
		{1064, "INSERT INTO customer VALUES (1,", []string{"line 1"}},
		{1065, "", nil},
		{1065, "  -- nothing\n", nil},

		// Unknown names, with the nearest one.
		{1146, "SELECT * FROM custmer", []string{"d.custmer", "customer", "column 15"}},
		{1146, "INSERT INTO custmer VALUES (1)", []string{"d.custmer", "customer"}},
		{1146, "UPDATE custmer SET id = 1", []string{"customer"}},
		{1146, "DELETE FROM custmer", []string{"customer"}},
		{1146, "TRUNCATE TABLE custmer", []string{"custmer"}},
		{1054, "SELECT nam FROM customer", []string{"nam", "field list", `"name"`, "column 8"}},
		{1054, "SELECT * FROM customer WHERE agee = 1", []string{"agee", `"age"`}},
		{1054, "SELECT * FROM customer ORDER BY nope_nope", []string{"nope_nope"}},
		{1054, "UPDATE customer SET nme = 'x'", []string{"nme", `"name"`}},
		{1054, "INSERT INTO customer (id, nme) VALUES (1, 'x')", []string{"nme", `"name"`}},
		{1054, "SELECT x.id FROM customer c", []string{"x.id"}},
		{1305, "SELECT cuont(1)", []string{"cuont", "COUNT"}},
		{1049, "USE dd", []string{"'dd'"}},
		{1049, "SELECT * FROM dd.customer", []string{"dd"}},
		{1193, "SET autocomit = 1", []string{"autocomit", "autocommit"}},
		{1052, "SELECT id FROM customer a JOIN customer b ON a.id = b.id", []string{"id", "ambiguous"}},
		{1066, "SELECT 1 FROM customer a JOIN plain a ON 1 = 1", []string{"'a'"}},

		// Types and ranges in strict mode: the column and the row.
		{1406, "INSERT INTO customer VALUES (3, 'ok', 1, 1, NULL), (4, 'too long', 1, 1, NULL)", []string{"name", "row 2"}},
		{1264, "INSERT INTO customer VALUES (3, 'c', 256, 1, NULL)", []string{"age", "row 1"}},
		{1264, "INSERT INTO customer VALUES (3, 'c', -1, 1, NULL)", []string{"age", "row 1"}},
		{1264, "INSERT INTO customer VALUES (3, 'c', 1, 10000, NULL)", []string{"balance", "row 1"}},
		{1264, "INSERT INTO customer VALUES (99999999999, 'c', 1, 1, NULL)", []string{"id", "row 1"}},
		{1366, "INSERT INTO customer VALUES (3, 'c', 'many', 1, NULL)", []string{"age", "many", "row 1"}},
		{1292, "INSERT INTO customer VALUES (3, 'c', 1, 1, '2023-02-30')", []string{"born", "2023-02-30", "row 1"}},
		{1048, "INSERT INTO customer VALUES (3, NULL, 1, 1, NULL)", []string{"name"}},
		{1364, "INSERT INTO customer (id) VALUES (3)", []string{"name"}},
		{1136, "INSERT INTO customer VALUES (3, 'c')", []string{"row 1"}},
		{1136, "INSERT INTO plain VALUES (1, 2), (3)", []string{"row 2"}},
		{1264, "UPDATE customer SET age = age + 250 WHERE id = 2", []string{"age"}},
		{1264, "UPDATE customer SET age = age + 250", []string{"age"}},
		{1690, "SELECT 9223372036854775807 + 1", []string{"BIGINT", "9223372036854775807 + 1"}},
		{1690, "SELECT age - 50 FROM customer", []string{"UNSIGNED"}},
		{1365, "INSERT INTO plain VALUES (1 / 0, 1)", nil},

		// Keys.
		{1062, "INSERT INTO customer VALUES (1, 'new', 1, 1, NULL)", []string{"'1'", "customer.PRIMARY"}},
		{1062, "INSERT INTO customer VALUES (9, 'ann', 1, 1, NULL)", []string{"'ann'", "customer.by_name"}},
		{1062, "INSERT INTO customer VALUES (9, 'ANN', 1, 1, NULL)", []string{"'ANN'", "customer.by_name"}},
		{1062, "UPDATE customer SET id = 2 WHERE id = 1", []string{"'2'", "customer.PRIMARY"}},
		{1062, "UPDATE customer SET name = 'same'", []string{"'same'", "customer.by_name"}},
		{1235, "CREATE INDEX u ON customer ((1))", []string{"expression"}},

		// DDL.
		{1050, "CREATE TABLE customer (a INT)", []string{"customer"}},
		{1050, "CREATE MATERIALIZED VIEW ages AS SELECT 1", []string{"ages"}},
		{1050, "CREATE MATERIALIZED VIEW customer AS SELECT 1", []string{"customer"}},
		{1007, "CREATE DATABASE d", []string{"'d'"}},
		{1008, "DROP DATABASE nope", []string{"nope"}},
		{1051, "DROP TABLE nope", []string{"nope"}},
		{1146, "CREATE MATERIALIZED VIEW v AS SELECT * FROM custmer", []string{"custmer", "customer"}},
		{1146, "CREATE MATERIALIZED VIEW v AS SELECT * FROM v", []string{"v"}}, // a cycle cannot be written
		{3730, "DROP TABLE customer", []string{"customer", "ages"}},
		{3730, "DROP MATERIALIZED VIEW ages", []string{"ages", "older"}},
		{1060, "CREATE TABLE t (a INT, A INT)", []string{"'A'"}},
		{1060, "CREATE MATERIALIZED VIEW v AS SELECT id, id FROM customer", []string{"'id'", "AS"}},
		{1072, "CREATE TABLE t (a INT, PRIMARY KEY (b))", []string{"'b'"}},
		{1068, "CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY)", nil},
		{1091, "DROP INDEX nope ON customer", []string{"nope"}},
		{1061, "CREATE INDEX by_name ON customer (id)", []string{"by_name"}},
		{1067, "CREATE TABLE t (a INT DEFAULT 'x')", []string{"'a'"}},
		{1075, "CREATE TABLE t (a INT AUTO_INCREMENT, b INT)", nil},
		{1063, "CREATE TABLE t (a VARCHAR(9) PRIMARY KEY AUTO_INCREMENT)", []string{"'a'"}},
		{1353, "CREATE MATERIALIZED VIEW v (a, b) AS SELECT 1", nil},

		// Writing to a view.
		{1288, "INSERT INTO ages VALUES (1, 2)", []string{"ages", "INSERT"}},
		{1288, "UPDATE ages SET n = 1", []string{"ages", "UPDATE"}},
		{1288, "DELETE FROM ages", []string{"ages", "DELETE"}},
		{1347, "DROP TABLE ages", []string{"ages"}},

		// Queries.
		{1111, "SELECT id FROM customer WHERE COUNT(*) > 1", nil},
		{1055, "SELECT name, COUNT(*) FROM customer GROUP BY age", []string{"name"}},
		{1140, "SELECT name, COUNT(*) FROM customer", []string{"name"}},
		{1222, "SELECT 1 UNION SELECT 1, 2", nil},
		{1242, "SELECT (SELECT id FROM customer)", nil},
		{1241, "SELECT 1 = (SELECT 1, 2)", nil},
		{1248, "SELECT * FROM (SELECT 1)", nil},
		{1582, "SELECT ABS(1, 2)", []string{"ABS"}},
		{1235, "SELECT ROW_NUMBER() OVER () FROM customer", nil},
	} {
		e := c.fails(tc.code, tc.sql, tc.parts...)
		if len(e.State) != 5 && e.Code != 0 {
			t.Errorf("%s\nhas SQLSTATE %q", tc.sql, e.State)
		}
	}
	// Nothing of all this had an effect.
	c.bag("SELECT id, name, age, balance FROM customer", "1|ann|30|1.50", "2|bob|40|2.50")
	c.bag("SELECT * FROM ages", "30|1", "40|1")
	c.bag("SELECT * FROM plain")
	c.bag("SHOW TABLES", "ages", "customer", "older", "plain")
}

// TestSecondDrop drops everything twice.
func TestSecondDrop(t *testing.T) {
	_, c := fresh(t)
	c.do(wrongSchema)
	for _, name := range []string{"older", "ages"} {
		c.do("DROP MATERIALIZED VIEW " + name)
		c.fails(sqlerr.ErrBadTable, "DROP MATERIALIZED VIEW "+name, name)
		c.do("DROP MATERIALIZED VIEW IF EXISTS " + name)
	}
	c.do("DROP TABLE customer, plain")
	c.fails(sqlerr.ErrBadTable, "DROP TABLE customer, plain", "customer", "plain")
	if n := c.do("DROP TABLE IF EXISTS customer").sum.Warnings; n != 1 {
		t.Errorf("DROP TABLE IF EXISTS of nothing has %d warnings, want 1", n)
	}
	c.do("DROP DATABASE d")
	c.fails(1008, "DROP DATABASE d", "'d'")
	c.fails(1046, "SELECT * FROM customer")
}

// TestLongNames keeps names within MySQL's limits.
func TestLongNames(t *testing.T) {
	_, c := fresh(t)
	long := strings.Repeat("x", 65)
	for _, sql := range []string{"CREATE TABLE %s (a INT)", "CREATE TABLE t (%s INT)", "CREATE DATABASE %s", "CREATE MATERIALIZED VIEW %s AS SELECT 1"} {
		c.fails(1059, strings.Replace(sql, "%s", long, 1), long)
	}
}
