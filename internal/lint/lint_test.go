// Package lint holds the tests that keep the house in order: what a package
// may import, what code on the step's path may touch, and that every exported
// name is documented.
package lint

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

const module = "github.com/weirdb/weir"

// floors lists the packages from the ground up; within a floor the order is
// as written. A package imports only what stands before it.
var floors = [][]string{
	{"internal/invariant", "internal/wire", "types", "types/collate", "zset", "sqlerr"},
	{"expr/scalar", "expr", "plan", "catalog", "sql/parse", "sql/bind"},
	{"mem", "arrange", "wlog", "wlog/memory", "wlog/disk", "wlog/wlogtest"},
	{"rel", "rel/reltest", "pull", "push", "push/pushtest"},
	{"shard"},
	{"engine", "engine/enginetest"},
	{"server/servertest", "server/servertest", "server/mysql", "server/http", "console"},
	{"sqltest", "sqltest/cmd/slt", "bench", "demo"},
	{"internal/lint", "internal/crash", "internal/clients", "cmd/weir", "."},
}

// forbidden are imports that are wrong although their floor allows them.
var forbidden = map[string][]string{
	"pull":         {"push"},
	"push":         {"pull", "sql/parse", "sql/bind", "catalog"},
	"rel":          {"sql/parse", "sql/bind", "catalog", "wlog"},
	"shard":        {"pull", "sql/parse", "sql/bind"},
	"server/mysql": {"shard", "pull", "push", "catalog", "plan", "expr", "arrange", "wlog", "sql/parse", "sql/bind"},
	"server/http":  {"shard", "pull", "push", "catalog", "plan", "expr", "arrange", "wlog", "sql/parse", "sql/bind"},
}

// onePlace are libraries that exactly one package of ours may import.
var onePlace = map[string]string{
	"vitess.io/vitess":                    "types/collate",
	"github.com/alecthomas/kong":          "cmd/weir",
	"github.com/pelletier/go-toml/v2":     "cmd/weir",
	"github.com/ergochat/readline":        "console",
	"github.com/cockroachdb/apd/v3":       "",
	"github.com/prometheus/client_golang": "engine",
}

// onStep are the packages whose code runs inside a step: no clock, no random
// source, no environment.
var onStep = []string{"types", "zset", "expr", "plan", "catalog", "arrange", "rel", "push", "shard"}

var notOnStep = []string{"math/rand", "math/rand/v2", "crypto/rand", "os", "os/exec", "net", "time"}

type pkg struct {
	ImportPath string
	Imports    []string
	Dir        string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Dir", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func short(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

func TestFloors(t *testing.T) {
	rank := map[string]int{}
	for _, floor := range floors {
		for _, name := range floor {
			rank[name] = len(rank)
		}
	}
	for _, p := range packages(t) {
		name := short(p.ImportPath)
		if _, ok := rank[name]; !ok {
			t.Errorf("package %s stands on no floor: add it to floors in internal/lint and to doc.go", name)
			continue
		}
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, module) {
				continue
			}
			if to := short(imp); rank[to] >= rank[name] {
				t.Errorf("forbidden import: %s -> %s (imports go downwards only)", name, to)
			}
			for _, bad := range forbidden[name] {
				if short(imp) == bad {
					t.Errorf("forbidden import: %s -> %s", name, bad)
				}
			}
		}
	}
}

func TestLibrariesHaveOnePlace(t *testing.T) {
	for _, p := range packages(t) {
		for _, imp := range p.Imports {
			for lib, owner := range onePlace {
				if (imp == lib || strings.HasPrefix(imp, lib+"/")) && short(p.ImportPath) != owner {
					t.Errorf("%s imports %s, which belongs to %q alone", short(p.ImportPath), imp, owner)
				}
			}
		}
	}
}

func TestNothingUncertainOnTheStep(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range onStep {
			if short(p.ImportPath) != name {
				continue
			}
			for _, imp := range p.Imports {
				for _, bad := range notOnStep {
					if imp == bad {
						t.Errorf("%s imports %s: a step must not depend on it", name, imp)
					}
				}
			}
		}
	}
}

// TestExportedNamesHaveDocs asks for a comment on every exported name.
func TestExportedNamesHaveDocs(t *testing.T) {
	var missing []string
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || (d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			if d != nil && d.IsDir() && d.Name() != "../.." {
				return fs.SkipDir
			}
			return err
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			missing = append(missing, undocumented(t, path)...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(missing)
	for _, m := range missing {
		t.Error(m)
	}
}

func undocumented(t *testing.T, path string) []string {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	if f.Name.Name == "main" {
		return nil
	}
	var out []string
	miss := func(n ast.Node, name string) {
		out = append(out, fmt.Sprintf("%s: exported %s has no doc", fset.Position(n.Pos()), name))
	}
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
				miss(d, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
						miss(s, s.Name.Name)
					}
				case *ast.ValueSpec:
					if s.Names[0].IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						miss(s, s.Names[0].Name)
					}
				}
			}
		}
	}
	return out
}

// exportedReceiver tells whether a method can be reached from outside;
// functions always can.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}
