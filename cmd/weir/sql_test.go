package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSQL(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "script.sql")
	if err := os.WriteFile(file, []byte("select 1 a;\n\nselect b;\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, stdin string
		args        []string
		code        int
		out, errs   string // what is printed, what is said among other things
	}{
		{"a statement", "", []string{"-e", "select 1 a"}, 0, "+---+\n| a |\n+---+\n| 1 |\n+---+\n1 row\n", ""},
		{"several, as CSV", "", []string{"-e", "select 1 a, 'x,y' b; select 2 c", "--format", "csv"}, 0, "a,b\n1,\"x,y\"\n\nc\n2\n", ""},
		{"twice -e, as JSON", "", []string{"-e", "select 1 a", "-e", "select null b", "--format=json"}, 0, "[\n{\"a\":1}\n]\n[\n{\"b\":null}\n]\n", ""},
		{"stdin", "create table t (a int);\ninsert into t values (1), (2);\nselect sum(a) s from t\\G", nil, 0,
			"OK\nOK, 2 rows affected\n" + strings.Repeat("*", 27) + " 1. row " + strings.Repeat("*", 27) + "\ns: 3\n1 row\n", ""},
		{"a database in memory", "select database() d", []string{"--db", "shop", "--format", "csv"}, 0, "d\nshop\n", ""},
		{"a file with an error", "", []string{file, "--format", "csv"}, 1, "a\n1\n", file + ":3: ERROR 1054 (42S22): Unknown column 'b'"},
		{"an error", "", []string{"-e", "selec 1; select 2"}, 1, "", "-e:1: ERROR 1064 (42000): "},
		{"no such format", "", []string{"-e", "select 1", "--format", "xml"}, 2, "", "xml"},
		{"no such flag", "", []string{"--frmat", "csv"}, 2, "", "--frmat"},
		{"no such file", "", []string{filepath.Join(dir, "none.sql")}, 2, "", "none.sql"},
		{"url and data", "", []string{"--url", "http://127.0.0.1:1", "--data", dir}, 2, "", "exclude each other"},
		{"nobody there", "", []string{"--url", "http://127.0.0.1:1", "-e", "select 1"}, 3, "", "cannot connect"},
		{"not a directory of Weir's", "", []string{"--data", file, "-e", "select 1"}, 3, "", "cannot connect"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, code := weir(t, c.stdin, append([]string{"sql"}, c.args...)...)
			if code != c.code || out != c.out || !strings.Contains(errs, c.errs) || c.errs == "" && errs != "" {
				t.Errorf("exit code %d, stdout:\n%s\nstderr:\n%s", code, out, errs)
			}
		})
	}
}

func TestSQLKeepsItsDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if _, errs, code := weir(t, "", "sql", "--data", dir, "-e", "create database d; create table d.t (a int); insert into d.t values (7)"); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	out, errs, code := weir(t, "select a from t", "sql", "--data", dir, "--db", "d", "--format", "csv")
	if code != 0 || out != "a\n7\n" {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
}

// TestSQLLeavesTheServersSettingsAlone has a server's configuration around.
func TestSQLLeavesTheServersSettingsAlone(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "weir.toml")
	if err := os.WriteFile(file, []byte("data = '"+filepath.Join(dir, "data")+"'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("WEIR_CONFIG", file)
	t.Setenv("WEIR_DATA", filepath.Join(dir, "data"))
	if _, errs, code := weir(t, "", "sql", "-e", "create table t (a int)"); code != 0 {
		t.Errorf("exit code %d: %s", code, errs)
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); !os.IsNotExist(err) {
		t.Errorf("the server's directory was touched: %v", err)
	}
}
