package engine_test

import (
	"context"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// step is one statement of a history, by session "" or "b". check names a
// view to compare instead.
type step struct {
	conn, sql string
}

// sameAs stands between two queries of a step that must say the same.
const sameAs = "\n-- says the same as\n"

// breach is a history after which a view and its query differ.
type breach struct {
	view, query string
	conn        string
	text        string // what differs
}

// history makes a random database with statements that change it.
func history(rng *rand.Rand) []step {
	g := &gen{Rand: rng, risky: rng.Intn(3) == 0}
	var steps []step
	add := func(conn, sql string) { steps = append(steps, step{conn, sql}) }
	for i := range 1 + g.Intn(3) {
		add("", g.table(fmt.Sprintf("t%d", i+1)).def)
	}
	for range g.Intn(4) {
		add("", g.change(pick(g, g.tables...)))
	}
	inTxn := map[string]bool{}
	for range 12 + g.Intn(25) {
		conn := pick(g, "", "", "b")
		switch {
		case g.chance(12) && len(g.views) < 5 && !inTxn[""]:
			g.alias, g.reads = 0, map[string]bool{}
			q, cols := g.query(2)
			v := &genView{name: fmt.Sprintf("v%d", len(g.views)+1), query: q, cols: cols, made: true, over: g.reads}
			g.views = append(g.views, v)
			add("", "CREATE MATERIALIZED VIEW "+v.name+" AS "+q)
		case g.chance(8):
			verb := "BEGIN"
			if inTxn[conn] {
				verb = pick(g, "COMMIT", "COMMIT", "ROLLBACK")
			}
			inTxn[conn] = !inTxn[conn]
			add(conn, verb)
		case g.chance(3) && !inTxn[conn]:
			t := pick(g, g.tables...)
			add(conn, pick(g, "CREATE INDEX extra ON "+t.name+" ("+t.cols[0].name+")", "DROP INDEX extra ON "+t.name))
		case g.chance(2) && len(g.views) > 0 && !inTxn[conn]:
			v := pick(g, g.views...)
			v.made = slices.ContainsFunc(g.views, func(o *genView) bool { return o.made && o.over[v.name] })
			add(conn, "DROP MATERIALIZED VIEW "+v.name) // refused when others read it
		case g.chance(25):
			add(conn, g.probe())
		default:
			sql := g.change(pick(g, g.tables...))
			if strings.HasPrefix(sql, "TRUNCATE") {
				inTxn[conn] = false // it commits
			}
			add(conn, sql)
		}
	}
	for _, conn := range []string{"", "b"} {
		add(conn, "COMMIT")
	}
	return steps
}

// replay runs a history and compares every view with its query after each
// step, in both sessions. It returns the first breach, nil when there is none.
func replay(t testing.TB, steps []step, o engine.Options) *breach {
	e, err := engine.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	first := connect(t, e, "")
	first.do("CREATE DATABASE d; USE d")
	conns := map[string]*client{"": first, "b": connect(t, e, "d")}
	views := map[string]string{}
	var order []string
	for _, s := range steps {
		c := conns[s.conn]
		if one, other, ok := strings.Cut(s.sql, sameAs); ok {
			// A condition that can be pushed down may spare a row that fails.
			b := compareQueries(c, one, other)
			if _, err := c.try(other); b != nil && err == nil {
				b.conn = s.conn
				return b
			}
			continue
		}
		_, err := c.try(s.sql)
		if e := sqlerr.From(err); e != nil {
			if e.Code == sqlerr.ErrUnknown || strings.Contains(e.Message, "internal error") {
				return &breach{text: e.Error()}
			}
			continue
		}
		if rest, ok := strings.CutPrefix(s.sql, "CREATE MATERIALIZED VIEW "); ok {
			name, query, _ := strings.Cut(rest, " AS ")
			views[name] = query
			order = append(order, name)
		}
		if name, ok := strings.CutPrefix(s.sql, "DROP MATERIALIZED VIEW "); ok {
			order = slices.DeleteFunc(order, func(n string) bool { return n == name })
		}
		for _, name := range order {
			for _, conn := range []string{"", "b"} {
				if conn != s.conn && !conns[conn].Status().InTxn {
					continue // the same root says the same
				}
				if b := compare(conns[conn], name, views[name]); b != nil {
					b.conn = conn
					return b
				}
			}
		}
	}
	return nil
}

// compare holds a view against its query: equal rows and types, or both fail.
func compare(c *client, view, query string) *breach {
	return compareQueries(c, "SELECT * FROM "+view, query)
}

func compareQueries(c *client, one, query string) *breach {
	got, gotErr := c.try(one)
	want, wantErr := c.try(query)
	b := &breach{view: one, query: query}
	if e := sqlerr.From(gotErr); e != nil && e.Code == sqlerr.ErrNoSuchTable && c.Status().InTxn {
		return nil // the transaction began before the view was made
	}
	for _, err := range []error{gotErr, wantErr} {
		if e := sqlerr.From(err); e != nil && (e.Code == sqlerr.ErrUnknown || e.Code == sqlerr.ErrViewInvalid) {
			b.text = e.Error()
			return b
		}
	}
	switch {
	case gotErr == nil && wantErr == nil:
		a, w := got.sorted(), want.sorted()
		if slices.Equal(a, w) {
			return columnsDiffer(b, got, want)
		}
		b.text = fmt.Sprintf("it says\n  %s\nthe query says\n  %s", strings.Join(a, "\n  "), strings.Join(w, "\n  "))
	case gotErr != nil && wantErr != nil:
		return nil
	case gotErr != nil:
		b.text = fmt.Sprintf("it fails with %v\nthe query says\n  %s", gotErr, strings.Join(want.sorted(), "\n  "))
	default:
		b.text = fmt.Sprintf("it says\n  %s\nthe query fails with %v", strings.Join(got.sorted(), "\n  "), wantErr)
	}
	return b
}

func columnsDiffer(b *breach, got, want *result) *breach {
	for i, g := range got.cols {
		w := want.cols[i]
		if w.Type.Kind == types.Null {
			continue // a stored column needs a type
		}
		if g.Name != w.Name || g.Type.WithNull(true) != w.Type.WithNull(true) {
			b.text = fmt.Sprintf("column %s %v of the view is %s %v in the query", g.Name, g.Type, w.Name, w.Type)
			return b
		}
	}
	return nil
}

// TestLaw holds the law at the level of SQL: after every step of a random
// history, also inside transactions, SELECT * FROM view says what the view's
// query says.
//
// WEIR_SOAK=1 runs it for a minute (or so many seconds); WEIR_SEED repeats
// one history.
func TestLaw(t *testing.T) {
	seed, rounds := int64(1), 120
	var until time.Time
	if s := os.Getenv("WEIR_SOAK"); s != "" {
		n, _ := strconv.Atoi(s)
		until = time.Now().Add(max(time.Duration(n), 60) * time.Second)
		seed = time.Now().UnixNano()
	} else if testing.Short() {
		rounds = 25
	}
	if s := os.Getenv("WEIR_SEED"); s != "" {
		seed, _ = strconv.ParseInt(s, 10, 64)
		rounds = 1
	}
	for n := int64(0); n < int64(rounds) || time.Now().Before(until); n++ {
		steps := history(rand.New(rand.NewSource(seed + n)))
		o := engine.Options{Lanes: 1 + int((seed+n)%3)}
		if b := replay(t, steps, o); b != nil {
			short := shrink(t, steps, o)
			t.Fatalf("seed %d, %d lanes; the history, shrunk:\n\n%s", seed+n, o.Lanes, script(short, replay(t, short, o)))
		}
	}
}

// shrink leaves out steps, and rows of INSERTs, as long as a breach stays.
func shrink(t testing.TB, steps []step, o engine.Options) []step {
	var single []step
	for _, s := range steps {
		single = append(single, splitRows(s)...)
	}
	if replay(t, single, o) != nil {
		steps = single
	}
	for size := len(steps) / 2; size > 0; {
		cut := false
		for lo := 0; lo+size <= len(steps); {
			less := slices.Delete(slices.Clone(steps), lo, lo+size)
			if replay(t, less, o) != nil {
				steps, cut = less, true
				continue
			}
			lo += size
		}
		if !cut || size > 1 {
			size /= 2
		}
	}
	return steps
}

// splitRows makes one INSERT a row of one with many.
func splitRows(s step) []step {
	head, rows, ok := strings.Cut(s.sql, " VALUES (")
	if !ok || strings.Contains(rows, "DUPLICATE") {
		return []step{s}
	}
	var out []step
	for _, row := range strings.Split(strings.TrimSuffix(rows, ")"), "), (") {
		out = append(out, step{s.conn, head + " VALUES (" + row + ")"})
	}
	return out
}

// script writes a history as an .slt that fails.
func script(steps []step, b *breach) string {
	var w strings.Builder
	for _, s := range steps {
		if strings.Contains(s.sql, sameAs) {
			continue
		}
		if s.conn != "" {
			fmt.Fprintf(&w, "connection %s\n", s.conn)
		}
		fmt.Fprintf(&w, "statement ok\n%s\n\n", s.sql)
	}
	if b == nil {
		return w.String()
	}
	if b.conn != "" {
		fmt.Fprintf(&w, "connection %s\n", b.conn)
	}
	fmt.Fprintf(&w, "query T rowsort\n%s\n----\n\n# its query: %s\n# %s\n", b.view, b.query, strings.ReplaceAll(b.text, "\n", "\n# "))
	return w.String()
}

// TestGroupColumnsFollowTheirRow: a view that groups by a table's key and
// other columns of its rows is stored by the key alone, and shows the row as
// it is however many rows of the group one step changes.
func TestGroupColumnsFollowTheirRow(t *testing.T) {
	const query = `SELECT a.title, a.id, COUNT(v.user) AS votes, a.note
		FROM article a LEFT JOIN vote v ON v.article_id = a.id GROUP BY a.title, a.id, a.note`
	for seed := range int64(6) {
		rng := rand.New(rand.NewSource(seed))
		_, c := fresh(t)
		c.do(`CREATE TABLE article (id BIGINT PRIMARY KEY, title VARCHAR(20) NOT NULL, note INT);
			CREATE TABLE vote (article_id BIGINT, user BIGINT);
			CREATE MATERIALIZED VIEW v AS ` + query)
		for range 40 {
			c.do("BEGIN")
			for range 1 + rng.Intn(4) {
				id := rng.Intn(4)
				switch rng.Intn(6) {
				case 0:
					c.do("INSERT IGNORE INTO article VALUES (%d, 'title %d', NULL)", id, rng.Intn(3))
				case 1:
					c.do("UPDATE article SET title = 'Title %d', note = %d WHERE id = %d", rng.Intn(3), rng.Intn(2), id)
				case 2:
					c.do("DELETE FROM article WHERE id = %d", id)
				case 3:
					c.do("DELETE FROM vote WHERE article_id = %d AND user < 3", id)
				default:
					c.do("INSERT INTO vote VALUES (%d, %d), (NULL, 1)", id, rng.Intn(6))
				}
			}
			c.do("COMMIT")
			if kept, asked := c.do("SELECT * FROM v").sorted(), c.do(query).sorted(); !slices.Equal(kept, asked) {
				t.Fatalf("seed %d: the view has\n%s\nits query\n%s", seed, strings.Join(kept, "\n"), strings.Join(asked, "\n"))
			}
		}
	}
}
