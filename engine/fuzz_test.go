package engine_test

import (
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/sqltest"
)

// corpus returns the SQL of the scripts of sqltest.
func corpus(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../sqltest/testdata/*.slt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in ../sqltest/testdata (%v)", err)
	}
	var out []string
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := sqltest.Parse(name, f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range s.Records {
			switch r := r.(type) {
			case *sqltest.Statement:
				out = append(out, r.SQL)
			case *sqltest.Query:
				out = append(out, r.SQL)
			}
		}
	}
	return out
}

var token = regexp.MustCompile("'[^']*'|`[^`]*`|[A-Za-z_@]+|[0-9.]+(?:[eE][0-9]+)?|[<>=!]+|\\s+|.")

// mangle makes a statement of the parts of others.
func mangle(rng *rand.Rand, all []string) string {
	words := token.FindAllString(all[rng.Intn(len(all))], -1)
	other := token.FindAllString(all[rng.Intn(len(all))], -1)
	if len(words) == 0 || len(other) == 0 {
		return ""
	}
	for range 1 + rng.Intn(3) {
		at, from := rng.Intn(len(words)), rng.Intn(len(other))
		switch rng.Intn(6) {
		case 0:
			words = append(words[:at:at], words[at+1:]...)
		case 1:
			words[at] = other[from]
		case 2:
			to := min(from+rng.Intn(8), len(other))
			words = append(words[:at:at], append(append([]string{" "}, other[from:to]...), append([]string{" "}, words[at:]...)...)...)
		case 3:
			i := rng.Intn(len(words))
			words[at], words[i] = words[i], words[at]
		case 4:
			words[at] = []string{"NULL", "-1", "18446744073709551615", "1e308", "''", "'\xff\x00'", "?", "@x", "(SELECT 1)", "*", "0.00000000000000000001", "DATE '0000-00-00'", "9999999999999999999999999999999999999999999999999999999999999999999"}[rng.Intn(13)]
		default:
			words = append(words, append([]string{" "}, other[from:]...)...)
		}
		if len(words) == 0 {
			return ""
		}
	}
	return strings.Join(words, "")
}

// asView makes a view of a query that works, and holds it against the query.
func asView(t *testing.T, c *client, sql string) {
	t.Helper()
	if !strings.HasPrefix(strings.ToUpper(sql), "SELECT") {
		return
	}
	_, err := c.try("CREATE MATERIALIZED VIEW mangled AS " + sql)
	if e := sqlerr.From(err); e != nil {
		if e.Code == sqlerr.ErrUnknown || strings.Contains(e.Message, "internal error") {
			t.Errorf("as a view %q\nfails with %d %s", sql, e.Code, e.Error())
		}
		return
	}
	if b := compare(c, "mangled", sql); b != nil && !strings.Contains(b.text, "Name_exp_") {
		t.Errorf("%q\n%s", sql, b.text)
	}
	c.do("DROP MATERIALIZED VIEW mangled")
}

// TestMangled runs statements put together from the pieces of right ones:
// none may meet a bug, each ends soon, and those that answer do so as views
// too.
func TestMangled(t *testing.T) {
	all := corpus(t)
	seed, until := int64(1), time.Now().Add(1500*time.Millisecond)
	if os.Getenv("WEIR_SOAK") != "" {
		seed, until = time.Now().UnixNano(), time.Now().Add(time.Minute)
	}
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewSource(seed))
	ran, worked := 0, 0
	for time.Now().Before(until) && !t.Failed() {
		_, c := fresh(t)
		c.do("SET max_execution_time = 500")
		base := rng.Intn(len(all))
		for i := range 300 {
			sql := mangle(rng, all)
			if i < 60 { // right ones first, so that there is something to meet
				sql = all[(base+i)%len(all)]
			}
			start := time.Now()
			_, err := c.try(sql)
			ran++
			if e := sqlerr.From(err); e == nil {
				worked++
				asView(t, c, sql)
			} else if e.Code == sqlerr.ErrUnknown || strings.Contains(e.Message, "internal error") || e.Code == 0 {
				t.Errorf("%q\nfails with %d %s", sql, e.Code, e.Error())
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("%q takes %v", sql, d)
			}
		}
	}
	t.Logf("%d statements, %d of them worked", ran, worked)
}
