package console

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// splitAll cuts a whole text and shows each item as "line: text", with \G and
// commands marked.
func splitAll(text string) []string {
	var s splitter
	var out []string
	show := func(items []item) {
		for _, it := range items {
			kind := ""
			if it.command {
				kind = "command "
			}
			if it.vertical {
				kind = "vertical "
			}
			out = append(out, fmt.Sprintf("%d: %s%s", it.line, kind, it.text))
		}
	}
	for _, line := range strings.SplitAfter(text, "\n") {
		show(s.add(line))
	}
	show(s.end())
	return out
}

func TestSplitter(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"blanks and semicolons", " ;; \n ; \n", nil},
		{"two on a line", "select 1; select 2;", []string{"1: select 1", "1: select 2"}},
		{"over lines", "select\n  1\n;\nselect 2;", []string{"1: select\n  1", "4: select 2"}},
		{"the last without a semicolon", "select 1;\nselect 2", []string{"1: select 1", "2: select 2"}},
		{"line ends of another system", "select 1;\r\nselect\r\n2;\r\n", []string{"1: select 1", "2: select\n2"}},
		{"semicolons in strings", `select ';', ";", ` + "`;`" + `; select 2;`, []string{`1: select ';', ";", ` + "`;`", "1: select 2"}},
		{"doubled quotes", `select 'it''s;', "a"";", ` + "`b``;`;", []string{`1: select 'it''s;', "a"";", ` + "`b``;`"}},
		{"escaped quotes", `select 'it\';', '\\'; select 2;`, []string{`1: select 'it\';', '\\'`, "1: select 2"}},
		{"no escapes in names", "select `a\\`; select 2;", []string{"1: select `a\\`", "1: select 2"}},
		{"strings over lines", "select 'a\nb;\nc'; select 2;", []string{"1: select 'a\nb;\nc'", "3: select 2"}},
		{"comments before", "-- one;\n# two;\n/* three; */ select 1;", []string{"3: select 1"}},
		{"comments within", "select /* ; */ 1 -- ;\n, 2 # ;\n;", []string{"1: select /* ; */ 1 -- ;\n, 2 # ;"}},
		{"a comment over lines", "/* a\n ; \n b */\nselect 1;", []string{"4: select 1"}},
		{"quotes in comments", "-- don't\nselect 1; /* can't */ select 2;", []string{"2: select 1", "2: select 2"}},
		{"minus minus", "select 1--1; select 2;", []string{"1: select 1--1", "1: select 2"}},
		{"a hint is kept", "/*!40101 SET x = ';' */; select 1;", []string{"1: /*!40101 SET x = ';' */", "1: select 1"}},
		{"only comments", "-- a\n/* b */;\n# c", nil},
		{"vertical", `select 1\G select 2\g select 3`, []string{"1: vertical select 1", "1: select 2", "1: select 3"}},
		{"vertical of nothing", `\G`, nil},
		{"commands", "\\d t\nselect 1;\n  \\watch 1s select ';';\n", []string{"1: command \\d t", "2: select 1", "3: command \\watch 1s select ';';"}},
		{"a command behind a statement", `select 1; \q`, []string{"1: select 1", `1: command \q`}},
		{"a backslash within a statement", "select 1\n\\d;\n", []string{"1: select 1\n\\d"}},
		{"words", "exit\n", []string{`1: command \q`}},
		{"words with a semicolon", "QUIT ;\nhelp\n", []string{`1: command \q`, `2: command \?`}},
		{"no word within a statement", "select\nexit\n;", []string{"1: select\nexit"}},
		{"use", "use db\nUSE `other`;\nuse a; select 1;\n", []string{"1: use db", "2: USE `other`", "3: use a", "3: select 1"}},
		{"an open string", "select 'a;\n", []string{"1: select 'a;"}},
		{"characters of several bytes", "select '日本;', 'é'; select 2;", []string{"1: select '日本;', 'é'", "1: select 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := splitAll(c.text); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestSplitterFindsEverything glues statements together at random and has
// them cut apart again.
func TestSplitterFindsEverything(t *testing.T) {
	const seed = 7
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, seed))
	parts := []string{"select", "1", "';'", `'\''`, `"--"`, "`#`", "/* ; */", "'a\nb'", "-- c;\n", "#d'\n", "\n", "x", "é"}
	for range 300 {
		var text strings.Builder
		var want []string
		for range 1 + r.IntN(5) {
			stmt := "select"
			for range r.IntN(8) {
				stmt += " " + parts[r.IntN(len(parts))]
			}
			line := 1 + strings.Count(text.String(), "\n")
			text.WriteString(stmt + "\n;")
			want = append(want, fmt.Sprintf("%d: %s", line, strings.TrimSpace(stmt)))
		}
		if got := splitAll(text.String()); !reflect.DeepEqual(got, want) {
			t.Fatalf("text %q\ngot  %q\nwant %q", text.String(), got, want)
		}
	}
}

func TestPrompt(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "select 1;": "", "select": "-> ", "select 'a": "'> ", "select \"": "\"> ", "select `": "`> ",
		"/* a": "/*> ", "select /* a": "/*> ", "-- a": "",
	} {
		var s splitter
		s.add(text)
		if got := s.prompt(); got != want {
			t.Errorf("after %q the prompt is %q, not %q", text, got, want)
		}
		s.drop()
		if !s.empty() {
			t.Errorf("after %q nothing is dropped", text)
		}
	}
}

func TestOneLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"select 1", "select 1"},
		{"select\n  1,\n2", "select   1, 2"},
		{"select 'a\nb'", `select 'a\nb'`},
		{"select 1 -- one\n, 2", "select 1  , 2"},
		{"select 1 #\n, '#' #x", "select 1  , '#'"},
		{"select /* a\nb */ 1", "select /* a b */ 1"},
	} {
		if got := oneLine(c.text); got != c.want {
			t.Errorf("%q became %q, not %q", c.text, got, c.want)
		}
	}
}
