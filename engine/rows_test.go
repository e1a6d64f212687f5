package engine_test

import (
	"slices"
	"testing"
)

// TestInsertLiteralRows puts rows in that are made without the grammar and
// without a plan, with every kind of column that they leave out.
func TestInsertLiteralRows(t *testing.T) {
	_, c := fresh(t)
	c.do(`CREATE TABLE r (id INT AUTO_INCREMENT PRIMARY KEY, n INT, s VARCHAR(5) DEFAULT 'dflt', d DECIMAL(6,2) DEFAULT 1.50,
		at DATETIME DEFAULT CURRENT_TIMESTAMP, x INT NOT NULL DEFAULT 7)`)
	c.do("INSERT INTO r (n, s) VALUES (1, 'a''b'), (NULL, NULL), (-3, 'ü\\n')")
	c.do("INSERT INTO r (id, n, d) VALUES (10, 4, 2.5), (0, 5, -0.25)")
	c.do("REPLACE INTO r (id, n) VALUES (10, 40)")
	c.do("INSERT IGNORE INTO r (id, n) VALUES (10, 50), (12, 60)")
	got := c.do("SELECT id, n, s, d, at IS NOT NULL, x FROM r ORDER BY id").lines()
	want := []string{"1|1|a'b|1.50|1|7", "2|NULL|NULL|1.50|1|7", "3|-3|ü\n|1.50|1|7", "10|40|dflt|1.50|1|7", "11|5|dflt|-0.25|1|7", "12|60|dflt|1.50|1|7"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	// What does not fit is told with its row, by the general way.
	c.fails(1406, "INSERT INTO r (s) VALUES ('abc'), ('abcdef')", "column 's' at row 2")
	c.fails(1264, "INSERT INTO r (n) VALUES (1), (2), (99999999999)", "column 'n' at row 3")
	c.fails(1048, "INSERT INTO r (x) VALUES (NULL)", "Column 'x' cannot be null")
	c.fails(1062, "INSERT INTO r (id) VALUES (10)")
}
