package sqltest

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/expr"
)

//go:generate go test -run TestManualFunctions -rewrite

const manual = "../docs/sql.md"

var rewrite = flag.Bool("rewrite", false, "write the table of functions into docs/sql.md")

func readManual(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// functionTable renders what the registry knows, a table for each group.
func functionTable() string {
	var groups []string
	lines := map[string][]string{}
	for _, f := range expr.Functions() {
		if lines[f.Group] == nil {
			groups = append(groups, f.Group)
		}
		also := ""
		if len(f.Aliases) > 0 {
			also = " Also " + strings.Join(f.Aliases, ", ") + "."
		}
		lines[f.Group] = append(lines[f.Group], fmt.Sprintf("| `%s` | %s%s |\n", bars(f.Signature), bars(f.Doc), also))
	}
	var b strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&b, "\n### %s%s\n\n| function | |\n|---|---|\n%s", strings.ToUpper(g[:1]), g[1:], strings.Join(lines[g], ""))
	}
	return b.String() + "\n"
}

// bars keeps | from ending a cell.
func bars(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

// TestManualFunctions keeps the table of functions in step with the registry.
func TestManualFunctions(t *testing.T) {
	const begin, end = "<!-- functions -->\n", "<!-- end of functions -->"
	text := readManual(t)
	before, rest, ok1 := strings.Cut(text, begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has lost its marks %q and %q", manual, begin, end)
	}
	want := functionTable()
	if got == want {
		return
	}
	if !*rewrite {
		t.Fatalf("the functions in %s are out of step: go generate ./sqltest", manual)
	}
	if err := os.WriteFile(manual, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

var sqlBlock = regexp.MustCompile("(?s)```sql\n(.*?)```")

// TestManualExamples runs every SQL block of the manual, in order, on one
// connection.
func TestManualExamples(t *testing.T) {
	text := readManual(t)
	db, err := openDatabase(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.close() }()
	blocks := sqlBlock.FindAllStringSubmatchIndex(text, -1)
	if len(blocks) == 0 {
		t.Fatal("no examples")
	}
	for _, at := range blocks {
		line := 1 + strings.Count(text[:at[2]], "\n")
		if _, err := db.run("", text[at[2]:at[3]]); err != nil {
			t.Errorf("%s: the example at line %d fails: %v", manual, line, err)
		}
	}
}
