package bind

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

var rewrite = flag.Bool("rewrite", false, "write what was got into the testdata")

// world is the catalog that a script works on.
type world struct {
	cat *catalog.Catalog
	db  string
}

func newWorld(t testing.TB) *world {
	w := &world{cat: catalog.New(), db: "d"}
	w.run(t, "CREATE DATABASE d; CREATE DATABASE other")
	return w
}

func (w *world) env() *Env {
	return &Env{
		Catalog: w.cat, DB: w.db,
		SysVar: func(name string, global bool) (types.Value, bool) {
			switch name {
			case "version_comment":
				return types.TextValue("Weir"), true
			case "autocommit":
				return types.IntValue(1), true
			}
			return types.Value{}, false
		},
		UserVar: func(name string) types.Value {
			if name == "seven" {
				return types.IntValue(7)
			}
			return types.NullValue(types.TypeNull)
		},
		Session: func(name string) (types.Value, bool) {
			if name == "database" {
				return types.TextValue(w.db), true
			}
			return types.Value{}, false
		},
		SysVarNames: []string{"autocommit", "version_comment"},
	}
}

// run applies DDL.
func (w *world) run(t testing.TB, sql string) {
	t.Helper()
	stmts, err := parse.ParseAll(sql)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stmts {
		b, err := Bind(s, w.env())
		if err != nil {
			t.Fatalf("%s: %v", s.Source().SQL, err)
		}
		if err := w.apply(b); err != nil {
			t.Fatalf("%s: %v", s.Source().SQL, err)
		}
	}
}

// apply changes the catalog as a bound statement says; a view is ready at once.
func (w *world) apply(s Stmt) error {
	d, ok := s.(*DDL)
	if !ok || d.Change == nil {
		return nil
	}
	if v, ok := d.Change.(*catalog.CreateView); ok {
		v.View.Key, v.View.Unique = plan.StoreKey(v.View.Plan, w.cat.Info)
	}
	c, err := w.cat.Apply(d.Change)
	if err != nil {
		return err
	}
	if v, ok := d.Change.(*catalog.CreateView); ok {
		rel, _ := c.Lookup(v.View.DB, v.View.Name)
		id, _, _ := rel.Ident()
		if c, err = c.Apply(&catalog.ViewReady{ID: id}); err != nil {
			return err
		}
	}
	w.cat = c
	return nil
}

// answer binds one statement, applies it and describes the outcome.
func (w *world) answer(sql string) string {
	s, err := parse.Parse(sql)
	if err == nil {
		var b Stmt
		if b, err = Bind(s, w.env()); err == nil {
			out := describe(b)
			if u, ok := b.(*Use); ok {
				w.db = u.DB
			}
			if err = w.apply(b); err == nil {
				return out
			}
		}
	}
	e := sqlerr.From(err)
	return fmt.Sprintf("error %d: %s", e.Code, e)
}

func typeText(t types.Type) string {
	s := "null"
	if t.Kind != types.Null {
		s = t.String()
	}
	if !t.Nullable {
		s += " not null"
	}
	return s
}

func describeColumns(cols []plan.Column) string {
	var out []string
	for _, c := range cols {
		out = append(out, fmt.Sprintf("%s %s", c.Name, typeText(c.Type)))
	}
	return strings.Join(out, ", ")
}

func describeCommon(c Common) string {
	out := ""
	if len(c.Params) > 0 {
		var ts []string
		for _, t := range c.Params {
			ts = append(ts, typeText(t))
		}
		out += "params: " + strings.Join(ts, ", ") + "\n"
	}
	if len(c.Depends) > 0 {
		out += "depends: " + strings.Join(c.Depends, ", ") + "\n"
	}
	return out
}

func describePlan(n plan.Node) string {
	if err := plan.Validate(n); err != nil {
		return "INVALID PLAN: " + err.Error() + "\n" + plan.Explain(n)
	}
	return plan.Explain(n)
}

func describeExprs(es []expr.Expr) string {
	var out []string
	for _, e := range es {
		out = append(out, expr.String(e))
	}
	return strings.Join(out, ", ")
}

func describeSets(sets []Set) string {
	out := ""
	for _, s := range sets {
		out += fmt.Sprintf("set #%d %s", s.Col, []string{"expr", "const", "add"}[s.Kind])
		if s.Delta != nil {
			out += " " + expr.String(s.Delta)
		}
		out += ": " + expr.String(s.New) + "\n"
	}
	return out
}

// describe renders a bound statement.
func describe(s Stmt) string {
	switch s := s.(type) {
	case *Query:
		lock := []string{"", "lock: share\n", "lock: update\n"}[s.Lock]
		return "columns: " + describeColumns(s.Cols) + "\n" + describeCommon(s.Common) + lock + describePlan(s.Node)
	case *Insert:
		mode := []string{"insert", "insert ignore", "replace", "upsert"}[s.Mode]
		return fmt.Sprintf("%s %s autoinc=%d literal=%t\n", mode, s.Table.Name, s.AutoInc, s.Literal) + describeCommon(s.Common) +
			describeSets(s.OnDup) + describeRows(s)
	case *Update:
		out := "update " + s.Table.Name + "\n" + describeCommon(s.Common) + describeSets(s.Sets)
		if s.Point != nil {
			out += "point: " + describeExprs(s.Point) + "\n"
		}
		return out + describePlan(s.Source)
	case *Delete:
		out := "delete " + s.Table.Name + "\n" + describeCommon(s.Common)
		if s.Point != nil {
			out += "point: " + describeExprs(s.Point) + "\n"
		}
		return out + describePlan(s.Source)
	case *LoadData:
		return fmt.Sprintf("load %q into %s local=%t mode=%d fields=%d\nrow: %s\nformat: %+v\n", s.Path, s.Table.Name, s.Local, s.Mode, s.Fields,
			describeExprs(s.Row), s.Format)
	case *DDL:
		return describeDDL(s)
	case *Show:
		return fmt.Sprintf("show %d db=%s full=%t global=%t count=%t limit=%d\ncolumns: %s\nwhere: %s\n", s.Kind, s.DB, s.Full, s.Global, s.Count, s.Limit,
			describeColumns(s.Cols), describeExprs(s.Preds))
	case *SetVariables:
		out := describeCommon(s.Common)
		for _, v := range s.Vars {
			val := "DEFAULT"
			if v.Value != nil {
				val = expr.String(v.Value)
			}
			out += strings.TrimSpace(fmt.Sprintf("%s %s = %s %s", []string{"session", "global", "user"}[v.Scope], v.Name, val, v.Collation)) + "\n"
		}
		return out
	case *Explain:
		return fmt.Sprintf("explain format=%q analyze=%t\n", s.Format, s.Analyze) + describe(s.Stmt)
	case *ExplainView:
		return "explain view " + s.View.Name + "\n"
	case *Execute:
		return "execute " + s.Name + " " + describeExprs(s.Args) + "\n"
	case *Prepare:
		return fmt.Sprintf("prepare %s: %q\n", s.Name, s.SQL)
	}
	return fmt.Sprintf("%T %+v\n", s, s)
}

// describeRows renders what an Insert puts in.
func describeRows(s *Insert) string {
	if s.Rows == nil {
		return describePlan(s.Source)
	}
	out := ""
	for i := range s.Rows.N {
		cells := make([]string, len(s.Rows.Cols))
		for j := range cells {
			if s.Fill[j] != nil {
				cells[j] = expr.String(s.Fill[j])
			} else {
				cells[j] = s.Rows.Cols[j].Value(i).SQL()
			}
		}
		out += "row " + strings.Join(cells, ", ") + "\n"
	}
	return out
}

func describeDDL(d *DDL) string {
	out := ""
	for _, n := range d.Notes {
		out += fmt.Sprintf("note %d: %s\n", n.Code, n.Message)
	}
	switch ch := d.Change.(type) {
	case nil:
		return out + "nothing to do\n"
	case *catalog.CreateTable:
		return out + ch.Table.SQL() + "\n"
	case *catalog.CreateView:
		var cols []plan.Column
		for _, c := range ch.View.Columns {
			cols = append(cols, plan.Column{Name: c.Name, Type: c.Type})
		}
		return out + "view " + ch.View.Name + ": " + describeColumns(cols) + "\n" + describePlan(ch.View.Plan)
	case *catalog.CreateIndex:
		return out + fmt.Sprintf("create index %+v on %v\n", ch.Index, ch.Table)
	}
	return out + strings.TrimPrefix(fmt.Sprintf("%T %+v\n", d.Change, d.Change), "*catalog.")
}

// TestScripts runs testdata/*.txt: a statement, a line of four dashes, and
// what it binds to up to an empty line. Statements change the catalog for
// those after them.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) { runScript(t, f) })
	}
}

func runScript(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	var out strings.Builder
	for _, block := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		head, want, _ := strings.Cut(block+"\n", "\n----\n")
		head = strings.TrimRight(head, "\n")
		sql := head
		for strings.HasPrefix(sql, "#") {
			_, sql, _ = strings.Cut(sql, "\n")
		}
		if strings.TrimSpace(sql) == "" {
			out.WriteString(head + "\n\n")
			continue
		}
		got := strings.TrimRight(w.answer(sql), "\n") + "\n"
		fmt.Fprintf(&out, "%s\n----\n%s\n", head, got)
		if got != strings.TrimRight(want, "\n")+"\n" && !*rewrite {
			t.Errorf("%s\ngot:\n%swant:\n%s", sql, got, want)
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(strings.TrimRight(out.String(), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkBindPointSelect(b *testing.B) {
	w := newWorld(b)
	w.run(b, "CREATE TABLE t (id INT PRIMARY KEY, title VARCHAR(50), n BIGINT)")
	benchBind(b, w, "SELECT id, title, n FROM t WHERE id = ?")
}

func BenchmarkBindInsert1000Rows(b *testing.B) {
	w := newWorld(b)
	w.run(b, "CREATE TABLE t (id INT PRIMARY KEY, title VARCHAR(50), n DECIMAL(8,2))")
	benchBind(b, w, "INSERT INTO t VALUES (1, 'abc', 2.5)"+strings.Repeat(", (1, 'abc', 2.50)", 999))
}

func benchBind(b *testing.B, w *world, sql string) {
	s, err := parse.Parse(sql)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Bind(s, w.env()); err != nil {
			b.Fatal(err)
		}
	}
}
