package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestVersion(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		if out, errs, code := weir(t, "", arg); code != 0 || out != "weir "+version+"\n" {
			t.Errorf("%s: exit code %d: %s%s", arg, code, out, errs)
		}
	}
}

func TestFaultyDemo(t *testing.T) {
	for _, arg := range []string{"--rate=0", "--rate=-5", "--for=-3s"} {
		if _, errs, code := weir(t, "", "demo", arg); code != 2 || !strings.Contains(errs, strings.TrimPrefix(arg[6:], "=")+" is no ") {
			t.Errorf("%s: exit code %d: %s", arg, code, errs)
		}
	}
}

// TestFaultySettings wants each fault told with its place.
func TestFaultySettings(t *testing.T) {
	dir := t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		name, file string // what the config file says; none when empty
		args       []string
		code       int
		errs       string
	}{
		{"unknown key", "lane = 3\n", nil, 2, `weir.toml: unknown key "lane"; did you mean "lanes"?`},
		{"no TOML", "lanes = 2\ndata = \n", nil, 2, "weir.toml: line 2, column 8: "},
		{"a word for a number", `lanes = "two"`, nil, 2, `weir.toml: lanes: "two" is no integer`},
		{"no size", `memory = "lots"`, nil, 2, `weir.toml: memory: "lots" is no size`},
		{"no file", "", []string{"--config", filepath.Join(dir, "none")}, 2, "weir: config file " + filepath.Join(dir, "none") + ": no such file"},
		{"unknown flag", "", []string{"--dta", "x"}, 2, "unknown flag --dta, did you mean \"--data\"?\nweir: `weir serve --help`"},
		{"negative lanes", "", []string{"--lanes=-1"}, 2, "-1 is no number of lanes"},
		{"a port that is taken", "", []string{"--mysql", taken.Addr().String()}, 1, "name another one by --mysql"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"serve"}, c.args...)
			if c.file != "" {
				file := filepath.Join(dir, "weir.toml")
				if err := os.WriteFile(file, []byte(c.file), 0o644); err != nil {
					t.Fatal(err)
				}
				args = append(args, "--config", file)
			}
			_, errs, code := weir(t, "", args...)
			if code != c.code || !strings.Contains(errs, c.errs) || strings.Contains(errs, "--data:") {
				t.Errorf("exit code %d, stderr: %s", code, errs)
			}
		})
	}
}
