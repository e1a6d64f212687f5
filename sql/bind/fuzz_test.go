package bind

import (
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
)

// corpus returns the statements of the scripts.
func corpus(t testing.TB) []string {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(text), "\n\n") {
			sql, _, _ := strings.Cut(block, "\n----\n")
			if !strings.HasPrefix(sql, "#") {
				out = append(out, sql)
			}
		}
	}
	return out
}

// fuzzWorld has every table that some script makes under a name of its own.
func fuzzWorld(t testing.TB) *world {
	w := newWorld(t)
	for _, sql := range corpus(t) {
		if strings.HasPrefix(sql, "CREATE TABLE") || strings.HasPrefix(sql, "CREATE MATERIALIZED") {
			w.answer(sql)
		}
	}
	return w
}

// bindAny binds what parses; every plan that comes out is well formed.
func bindAny(t testing.TB, w *world, sql string) {
	stmts, _ := parse.ParseAll(sql)
	for _, s := range stmts {
		b, err := Bind(s, w.env())
		if err != nil {
			if _, ok := err.(*sqlerr.Error); !ok {
				t.Fatalf("%s: error of type %T: %v", sql, err, err)
			}
			continue
		}
		if n := sourceOf(b); n != nil {
			if err := plan.Validate(n); err != nil {
				t.Fatalf("%s:\n%v\n%s", sql, err, plan.Explain(n))
			}
		}
	}
}

// TestRandomStatements crosses the statements of the scripts with each other
// word by word. Nothing may panic.
func TestRandomStatements(t *testing.T) {
	w := fuzzWorld(t)
	all := corpus(t)
	const seed = 20240229
	rng := rand.New(rand.NewSource(seed))
	for range 6000 {
		words := strings.Fields(all[rng.Intn(len(all))])
		for range 1 + rng.Intn(3) {
			other := strings.Fields(all[rng.Intn(len(all))])
			i, j := rng.Intn(len(words)), rng.Intn(len(other))
			switch rng.Intn(4) {
			case 0:
				words[i] = other[j]
			case 1:
				words = append(words[:i:i], other[j:]...)
			case 2:
				words = append(words[:i:i], append(append([]string{}, other[j:min(j+1+rng.Intn(4), len(other))]...), words[i:]...)...)
			case 3:
				if len(words) > 1 {
					words = append(words[:i:i], words[i+1:]...)
				}
			}
			if len(words) == 0 {
				words = []string{"SELECT"}
			}
		}
		sql := strings.Join(words, " ")
		func() {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("seed %d: %s\npanic: %v", seed, sql, r)
					panic(r)
				}
			}()
			bindAny(t, w, sql)
		}()
	}
}

// TestDeepStatements checks what nests or grows without end.
func TestDeepStatements(t *testing.T) {
	w := newWorld(t)
	w.run(t, "CREATE TABLE t (id INT PRIMARY KEY, a INT)")
	nested := "SELECT 1 AS n"
	for range 900 {
		nested = "SELECT n FROM (" + nested + ") x"
	}
	doubling := "WITH c0 AS (SELECT 1 AS n)"
	for i := 1; i < 40; i++ {
		n := string(rune('a'+i%26)) + strings.Repeat("x", i)
		prev := "c0"
		if i > 1 {
			prev = string(rune('a'+(i-1)%26)) + strings.Repeat("x", i-1)
		}
		doubling += ", " + n + " AS (SELECT p.n FROM " + prev + " p JOIN " + prev + " q ON p.n = q.n)"
	}
	doubling += " SELECT * FROM " + string(rune('a'+39%26)) + strings.Repeat("x", 39)
	for _, sql := range []string{
		"SELECT " + strings.Repeat("(", 900) + "1" + strings.Repeat(")", 900),
		"SELECT " + strings.Repeat("- ", 30000) + "1",
		"SELECT " + strings.Repeat("NOT ", 30000) + "1",
		"SELECT 1" + strings.Repeat(" + 1", 15000),
		"SELECT id FROM t WHERE a = 1" + strings.Repeat(" OR a = 1", 8000),
		"SELECT id FROM t WHERE a = 1" + strings.Repeat(" AND a = 1", 8000),
		"SELECT " + strings.Repeat("CASE WHEN 1 THEN ", 5000) + "1" + strings.Repeat(" END", 5000),
		"SELECT 1" + strings.Repeat(" UNION SELECT 1", 2500),
		nested, doubling,
	} {
		bindAny(t, w, sql)
	}
}

func FuzzBind(f *testing.F) {
	for _, sql := range corpus(f) {
		f.Add(sql)
	}
	w := fuzzWorld(f)
	f.Fuzz(func(t *testing.T, sql string) { bindAny(t, w, sql) })
}
