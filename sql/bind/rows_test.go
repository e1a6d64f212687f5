package bind

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"

	_ "github.com/weirdb/weir/types/collate"
)

// TestRowsAsValues binds random literal rows the short way and the general
// way: what the short way takes is what the general way evaluates to, without
// an error or a warning.
func TestRowsAsValues(t *testing.T) {
	w := newWorld(t)
	types := []string{"TINYINT", "SMALLINT UNSIGNED", "INT", "BIGINT", "BIGINT UNSIGNED", "FLOAT", "DOUBLE", "DECIMAL(6,2)", "DECIMAL(30,10)",
		"VARCHAR(4)", "VARCHAR(4) NOT NULL", "TEXT", "BINARY(4)", "VARBINARY(3)", "BLOB", "DATE", "DATETIME", "DATETIME(3)", "INT NOT NULL DEFAULT 5"}
	var cols []string
	for i, ty := range types {
		cols = append(cols, fmt.Sprintf("c%d %s", i, ty))
	}
	w.run(t, "CREATE TABLE r (id INT AUTO_INCREMENT PRIMARY KEY, "+strings.Join(cols, ", ")+")")
	literals := []string{"NULL", "TRUE", "0", "1", "-1", "127", "128", "-129", "65536", "2147483648", "18446744073709551615", "-9223372036854775808",
		"1.5", "1.25", "-12.345", "99999.99", "1e2", "1.5e300", "'1'", "' 7'", "'7x'", "'abcd'", "'abcde'", "'üüüü'", "''", "'2024-02-29'",
		"'2024-02-30'", "'2024-1-2 3:4:5.678'", "20240229", "_binary'\xff\x00'", "_binary'abcde'", "'12345678901234567890.5'"}
	const seed = 11
	rng := rand.New(rand.NewSource(seed))
	short := 0
	for range 8000 {
		c := rng.Intn(len(types))
		sql := fmt.Sprintf("INSERT INTO r (c%d, c%d) VALUES (%s, 'x')", c, 10-c/10, literals[rng.Intn(len(literals))])
		s, err := parse.Parse(sql)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Bind(s, w.env())
		if err != nil || b.(*Insert).Rows == nil {
			continue
		}
		short++
		tree, err := s.(*parse.InsertRows).Tree()
		if err != nil {
			t.Fatal(err)
		}
		g, err := Bind(tree, w.env())
		if err != nil {
			t.Fatalf("seed %d: %s: the general way says %v", seed, sql, err)
		}
		in := b.(*Insert)
		for i, e := range g.(*Insert).Source.(*plan.Values).Rows[0] {
			cx := expr.NewCtx()
			want, err := expr.Value(cx, e)
			if err != nil || cx.WarningCount > 0 {
				t.Fatalf("seed %d: %s: column %d: the general way says %v, %v", seed, sql, i, err, cx.Warnings)
			}
			if f := in.Fill[i]; f != nil {
				if expr.String(f) != expr.String(e) {
					t.Fatalf("seed %d: %s: column %d is filled by %s, not %s", seed, sql, i, expr.String(f), expr.String(e))
				}
			} else if got := in.Rows.Cols[i].Value(0); got.SQL() != want.SQL() || got.Type != want.Type {
				t.Fatalf("seed %d: %s: column %d is %s %v, want %s %v", seed, sql, i, got.SQL(), got.Type, want.SQL(), want.Type)
			}
		}
	}
	if short < 2000 {
		t.Errorf("the short way took %d statements only", short)
	}
}
