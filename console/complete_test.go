package console

import (
	"context"
	"reflect"
	"strings"
	"testing"
)

func TestCompletion(t *testing.T) {
	n := &names{
		databases: []string{"demo", "test"},
		relations: []string{"flights", "routes", "Umsatz"},
		columns:   map[string][]string{"flights": {"id", "origin", "delay"}, "routes": {"origin", "miles"}, "umsatz": {"größe"}},
	}
	for _, c := range []struct {
		pending, line string // the | is where the user is
		want          string
	}{
		{"", "sel|", "select"},
		{"", "SEL|", "SELECT"},
		{"", "select de|", "decimal default delay delete demo desc describe"},
		{"", "select ori| from x", "origin"},
		{"", "select * from |", "Umsatz demo flights routes test"},
		{"", "select * from f|", "flights"},
		{"", "select * from u|", "Umsatz"},
		{"", "select flights.|", "delay id origin"},
		{"", "select f.o| from flights f", "origin"},
		{"", "select r.| from flights f join routes AS r", "miles origin"},
		{"select * from flights f\n", "where f.d|", "delay"},
		{"", "select x.| from flights f", ""},
		{"", "select gr|", "group größe"},
		{"", "use |", "demo test"},
		{"", `\|`, `\? \d \format \q \timing \watch`},
		{"", `\f|`, `\format`},
		{"", `\format j|`, "json"},
		{"", `\d r|`, "routes"},
		{"", "|", ""},
		{"", "select 1 |", ""},
		{"", "select zzz|", ""},
	} {
		pos := strings.Index(c.line, "|")
		line := c.line[:pos] + c.line[pos+1:]
		completer := &completer{names: n, pending: func() string { return c.pending }}
		rest, length := completer.Do([]rune(line), len([]rune(c.line[:pos])))
		typed := []rune(c.line[:pos])
		word := string(typed[len(typed)-length:])
		var got []string
		for _, r := range rest {
			got = append(got, word+string(r))
		}
		// What is typed stays as it is; the comparison is with the names.
		if !strings.EqualFold(strings.Join(got, " "), c.want) {
			t.Errorf("%s%s: %q, not %q", c.pending, c.line, got, c.want)
		}
	}
}

func TestNamesAreLoaded(t *testing.T) {
	for _, kind := range targets {
		t.Run(kind.name, func(t *testing.T) {
			o := Options{URL: kind.url(t)}
			target, err := connect(context.Background(), &o)
			if err != nil {
				t.Fatal(err)
			}
			defer target.Close()
			for _, sql := range []string{
				"CREATE DATABASE IF NOT EXISTS test", "USE test", "CREATE TABLE `a b` (x INT, y INT)",
				"CREATE MATERIALIZED VIEW v AS SELECT x, COUNT(*) n FROM `a b` GROUP BY x",
			} {
				if err := target.Exec(context.Background(), sql, &collector{}); err != nil {
					t.Fatal(err)
				}
			}
			n := &names{}
			n.reload(context.Background(), target)
			n.reload(context.Background(), target)
			n.wait()
			if !known("test", n.databases) || !reflect.DeepEqual(n.relations, []string{"a b", "v"}) ||
				!reflect.DeepEqual(n.columns, map[string][]string{"a b": {"x", "y"}, "v": {"x", "n"}}) {
				t.Errorf("%v\n%v\n%v", n.databases, n.relations, n.columns)
			}
		})
	}
}
