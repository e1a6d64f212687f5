package catalog

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	name = "testdata/" + name
	if *rewrite {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// article is table db.article(id BIGINT key, title VARCHAR(16), author BIGINT).
func article(db string) *Table {
	return &Table{
		DB: db, Name: "article",
		Columns: []Column{
			{Name: "id", Type: types.TypeInt, AutoIncrement: true},
			{Name: "title", Type: types.NewString(16).WithNull(true)},
			{Name: "author", Type: types.TypeInt.WithNull(true)},
		},
		Key:     []int{0},
		Indexes: []Index{{Name: "by_author", Cols: []int{2}}},
	}
}

// titles is a view of the titles of a relation with id in.
func titles(db, name string, in uint64) *View {
	sch := plan.Schema{{Name: "title", Type: types.NewString(16).WithNull(true)}}
	return &View{
		DB: db, Name: name, Text: "SELECT title FROM article",
		Plan:    &plan.Distinct{In: &plan.Scan{Table: in, Name: "article", Cols: []int{1}, Sch: sch}},
		Columns: []Column{{Name: "title", Type: sch[0].Type}, {Name: "again", Type: sch[0].Type}}[:1],
		Key:     []int{0}, Unique: true,
	}
}

// over is a view of all of a view with one column.
func over(db, name string, in uint64) *View {
	v := titles(db, name, in)
	v.Plan.(*plan.Distinct).In.(*plan.Scan).Cols = []int{0}
	return v
}

// naming is a view of table in that names another, which its plan leaves out.
func naming(db string, in, other uint64) *View {
	v := titles(db, "titles", in)
	v.Names = []uint64{other}
	return v
}

// story applies changes and writes down what came of them.
type story struct {
	c   *Catalog
	out strings.Builder
}

func (s *story) apply(ch Change) error {
	decoded, err := DecodeChange(AppendChange(nil, ch))
	if err != nil {
		return err
	}
	before := s.c.Append(nil)
	next, err := s.c.Apply(decoded)
	var e *sqlerr.Error
	switch {
	case err == nil:
		fmt.Fprintf(&s.out, "%T ok\n", ch)
	case errors.As(err, &e):
		fmt.Fprintf(&s.out, "%T %d %s: %s\n", ch, e.Code, e.State, e)
	default:
		return err
	}
	if string(s.c.Append(nil)) != string(before) {
		return fmt.Errorf("%T changed the catalog that it was applied to", ch)
	}
	if next != nil {
		s.c = next
	}
	return nil
}

func (s *story) show() {
	fmt.Fprintf(&s.out, "version %d\n", s.c.Version())
	for _, db := range s.c.Databases() {
		fmt.Fprintf(&s.out, "  %s (collation %d)\n", db.Name, db.Coll)
		for _, t := range s.c.Tables(db.Name) {
			fmt.Fprintf(&s.out, "    table %d %s version %d", t.ID, t.Name, t.Version)
			for _, x := range t.Indexes {
				fmt.Fprintf(&s.out, ", index %d %s %v", x.ID, x.Name, x.Cols)
			}
			s.dependents(t.ID)
		}
		for _, v := range s.c.Views(db.Name) {
			fmt.Fprintf(&s.out, "    view %d %s of %v ready %v", v.ID, v.Name, v.Inputs, v.Ready)
			s.dependents(v.ID)
		}
	}
}

func (s *story) dependents(id uint64) {
	for _, v := range s.c.Dependents(id) {
		fmt.Fprintf(&s.out, ", read by %s", v.Name)
	}
	s.out.WriteString("\n")
}

// TestStory tells what changes do; testdata/story.txt is to be read.
func TestStory(t *testing.T) {
	long := strings.Repeat("x", 65)
	s := &story{c: New()}
	noKey := &Table{DB: "shop", Name: "log", Columns: []Column{{Name: "line", Type: types.TypeText}}}
	changes := []Change{
		&CreateTable{Table: article("shop")},
		&CreateDatabase{Name: "shop"},
		&CreateDatabase{Name: "Shop", Coll: types.CollUtf8mb4Bin},
		&CreateDatabase{Name: "shop"},
		&CreateDatabase{Name: long},
		&CreateDatabase{Name: ""},
		&CreateTable{Table: article("shop")},
		&CreateTable{Table: article("shop")},
		&CreateTable{Table: article("shp")},
		&CreateTable{Table: noKey},
		&CreateView{View: titles("shop", "titles", 1)},
		&CreateView{View: over("Shop", "above", 3)},
		&CreateView{View: titles("shop", "article", 1)},
		&CreateView{View: titles("shop", "ghost", 77)},
		&CreateView{View: titles("shop", "stale", 2)},
		&ViewReady{ID: 3},
		&ViewReady{ID: 1},
		nil,
		&DropTable{Names: []Name{{"shop", "article"}}},
		&DropTable{Names: []Name{{"shop", "log"}, {"shop", "lag"}, {"shop", "lug"}}},
		&DropTable{Names: []Name{{"shop", "titles"}}},
		&DropView{Names: []Name{{"shop", "log"}}},
		&DropView{Names: []Name{{"shop", "titles"}}},
		&DropView{Names: []Name{{"shop", "nothing"}}},
		&DropDatabase{Name: "shop"},
		&DropDatabase{Name: "nowhere"},
		&TruncateTable{Name: Name{"shop", "article"}},
		&TruncateTable{Name: Name{"shop", "artcle"}},
		&TruncateTable{Name: Name{"shop", "titles"}},
		&CreateIndex{Table: Name{"shop", "article"}, Index: Index{Name: "by_title", Cols: []int{1, 2}}},
		&CreateIndex{Table: Name{"shop", "article"}, Index: Index{Name: "BY_TITLE", Cols: []int{1}}},
		&CreateIndex{Table: Name{"shop", "article"}, Index: Index{Name: "primary", Cols: []int{1}}},
		&CreateIndex{Table: Name{"shop", "article"}, Index: Index{Name: "far", Cols: []int{7}}},
		&CreateIndex{Table: Name{"shop", "article"}, Index: Index{Name: "twice", Cols: []int{1, 1}}},
		&DropIndex{Table: Name{"shop", "article"}, Index: "By_Title"},
		&DropIndex{Table: Name{"shop", "article"}, Index: "by_title"},
		&CreateIndex{Table: Name{"shop", "article"}, Index: Index{Name: "by_title", Cols: []int{1}, Unique: true}},
		nil,
		&DropView{Names: []Name{{"shop", "titles"}, {"Shop", "above"}}},
		&DropTable{Names: []Name{{"shop", "article"}, {"shop", "article"}}},
		&CreateTable{Table: article("shop")},
		nil,
		&CreateView{View: naming("Shop", 5, 2)},
		&DropTable{Names: []Name{{"shop", "log"}}},
		&CreateView{View: naming("shop", 5, 99)},
		&DropView{Names: []Name{{"Shop", "titles"}}},
		&CreateView{View: titles("Shop", "titles", 5)},
		&DropDatabase{Name: "Shop"},
		&DropDatabase{Name: "shop"},
		nil,
	}
	for i, ch := range changes {
		if ch == nil {
			s.show()
		} else if err := s.apply(ch); err != nil {
			t.Fatalf("change %d: %v", i, err)
		}
	}
	golden(t, "story.txt", s.out.String())
}

func TestTablesAreChecked(t *testing.T) {
	c, _ := New().Apply(&CreateDatabase{Name: "d"})
	col := func(name string) Column { return Column{Name: name, Type: types.TypeInt} }
	for name, test := range map[string]struct {
		t    Table
		code uint16
	}{
		"no columns":        {Table{}, 1113},
		"same name":         {Table{Columns: []Column{col("a"), col("A")}}, 1060},
		"empty name":        {Table{Columns: []Column{col("")}}, 1166},
		"name with a blank": {Table{Columns: []Column{col("a ")}}, 1166},
		"long name":         {Table{Columns: []Column{col(strings.Repeat("é", 65))}}, 1059},
		"key past the end":  {Table{Columns: []Column{col("a")}, Key: []int{1}}, 1072},
		"key column twice":  {Table{Columns: []Column{col("a")}, Key: []int{0, 0}}, 1060},
		"nullable key":      {Table{Columns: []Column{{Name: "a", Type: types.TypeInt.WithNull(true)}}, Key: []int{0}}, 1171},
		"same index":        {Table{Columns: []Column{col("a")}, Indexes: []Index{{Name: "x", Cols: []int{0}}, {Name: "X", Cols: []int{0}}}}, 1061},
		"index of nothing":  {Table{Columns: []Column{col("a")}, Indexes: []Index{{Name: "x"}}}, 1072},
	} {
		test.t.DB, test.t.Name = "d", "t"
		_, err := c.Apply(&CreateTable{Table: &test.t})
		if e := sqlerr.From(err); e == nil || e.Code != test.code {
			t.Errorf("%s: error %v, want %d", name, err, test.code)
		}
	}
}

func TestRelations(t *testing.T) {
	c := New()
	for _, ch := range []Change{
		&CreateDatabase{Name: "d"}, &CreateTable{Table: article("d")},
		&CreateTable{Table: &Table{DB: "d", Name: "log", Columns: []Column{{Name: "line", Type: types.TypeText}}}},
		&CreateView{View: titles("d", "titles", 1)},
	} {
		var err error
		if c, err = c.Apply(ch); err != nil {
			t.Fatal(err)
		}
	}
	table, _ := c.Table("d", "article")
	info, ok := c.Info(table.ID)
	if !ok || !info.Unique || len(info.Key) != 1 || info.Key[0].Col != 0 || len(info.Types) != 3 ||
		len(info.Indexes) != 1 || info.Indexes[0].ID != 1 || info.Indexes[0].Name != "by_author" {
		t.Errorf("table: %+v", info)
	}
	log, _ := c.Table("d", "log")
	if info := log.Info(); log.RowID() != 1 || len(info.Types) != 2 || info.Types[1] != types.TypeUint || info.Key[0].Col != 1 {
		t.Errorf("table without key: %+v", info)
	}
	view, _ := c.View("d", "titles")
	if info := view.Info(); !info.Unique || len(info.Key) != 1 || len(info.Types) != 1 {
		t.Errorf("view: %+v", info)
	}
	if table.Column("TITLE") != 1 || table.Column("titel") != -1 || view.Column("Title") != 0 {
		t.Error("columns are not found by name")
	}
	if _, ok := c.Table("d", "titles"); ok {
		t.Error("a view is a table")
	}
	if _, ok := c.Table("D", "article"); ok {
		t.Error("databases have no case")
	}
	if _, ok := c.Info(99); ok {
		t.Error("relation 99 exists")
	}
	if r, ok := c.Lookup("d", "titles"); !ok || r != Relation(view) {
		t.Error("Lookup does not find the view")
	}
	for i, r := range c.Relations() {
		if id, _, _ := r.Ident(); id != uint64(i+1) {
			t.Errorf("relation %d has id %d", i, id)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"article", "author", "authors", "vote", "v"}
	for name, want := range map[string]string{
		"artcle": "article", "ARTICLES": "article", "autor": "author", "authro": "author", "vtoe": "vote",
		"customer": "", "x": "", "": "", "article": "article",
	} {
		if got := Nearest(name, names); got != want {
			t.Errorf("nearest to %q is %q, want %q", name, got, want)
		}
	}
}

// sample holds every field of every object.
func sample(t *testing.T) *Catalog {
	table := article("d")
	word := types.TextValue("it's")
	table.Columns = append(table.Columns,
		Column{Name: "made", Type: types.NewDatetime(3), DefaultNow: true, OnUpdateNow: true, Comment: "when"},
		Column{Name: "word", Type: types.NewString(9), Default: &word})
	table.Comment = "of the day"
	view := titles("d", "titles", 1)
	scan := view.Plan.(*plan.Distinct).In
	pred, err := expr.Resolve("=", []expr.Expr{&expr.Col{Name: "title", T: scan.Schema()[0].Type}, &expr.Const{V: types.TextValue("x")}})
	if err != nil {
		t.Fatal(err)
	}
	view.Plan = &plan.Filter{In: view.Plan, Preds: []expr.Expr{pred}}
	c := New()
	for _, ch := range []Change{
		&CreateDatabase{Name: "d"}, &CreateDatabase{Name: "empty", Coll: types.CollBinary},
		&CreateTable{Table: table}, &CreateView{View: view}, &CreateView{View: over("d", "above", 2)}, &ViewReady{ID: 2},
		&DropIndex{Table: Name{"d", "article"}, Index: "by_author"},
		&CreateIndex{Table: Name{"d", "article"}, Index: Index{Name: "u", Cols: []int{1, 0}, Unique: true}},
	} {
		next, err := c.Apply(ch)
		if err != nil {
			t.Fatal(err)
		}
		c = next
	}
	return c
}

func TestCatalogFormat(t *testing.T) {
	c := sample(t)
	buf := c.Append(nil)
	golden(t, "catalog_v1.hex", hex.Dump(buf))
	d, err := Decode(buf)
	if err != nil {
		t.Fatal(err)
	}
	a, b := &story{c: c}, &story{c: d}
	a.show()
	b.show()
	if a.out.String() != b.out.String() || string(d.Append(nil)) != string(buf) {
		t.Errorf("decoded\n%s\nof\n%s", b.out.String(), a.out.String())
	}
	// What comes next has the same ids.
	next := &CreateIndex{Table: Name{"d", "article"}, Index: Index{Name: "later", Cols: []int{1}}}
	x, _ := c.Apply(next)
	y, err := d.Apply(next)
	if err != nil || string(x.Append(nil)) != string(y.Append(nil)) {
		t.Errorf("the decoded catalog goes on differently: %v", err)
	}
}

func TestChangeFormat(t *testing.T) {
	var all strings.Builder
	name := Name{"d", "t"}
	for _, ch := range []Change{
		&CreateDatabase{Name: "d", Coll: types.Coll0900AiCi}, &DropDatabase{Name: "d"}, &CreateTable{Table: article("d")},
		&DropTable{Names: []Name{name, {"d", "u"}}}, &TruncateTable{Name: name}, &CreateView{View: titles("d", "v", 1)},
		&ViewReady{ID: 7}, &DropView{Names: []Name{name}}, &CreateIndex{Table: name, Index: Index{Name: "x", Cols: []int{0, 2}, Unique: true}},
		&DropIndex{Table: name, Index: "x"},
	} {
		buf := AppendChange(nil, ch)
		fmt.Fprintf(&all, "%T\n%s", ch, hex.Dump(buf))
		back, err := DecodeChange(buf)
		if err != nil || fmt.Sprintf("%T", back) != fmt.Sprintf("%T", ch) || string(AppendChange(nil, back)) != string(buf) {
			t.Errorf("%T: decoded %T, error %v", ch, back, err)
		}
		for cut := range buf {
			if _, err := DecodeChange(buf[:cut]); err == nil {
				t.Errorf("%T: the first %d bytes were taken for a change", ch, cut)
			}
		}
		if _, err := DecodeChange(append(buf, 0)); err == nil {
			t.Errorf("%T: a byte too many was taken", ch)
		}
	}
	golden(t, "changes_v1.txt", all.String())
}

func TestHostileBytes(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	c := sample(t)
	catalog := c.Append(nil)
	view := AppendChange(nil, &CreateView{View: titles("d", "v", 1)})
	for range 20_000 {
		bad := slices.Clone(catalog)
		bad[r.Intn(len(bad))] = byte(r.Intn(256))
		if d, err := Decode(bad); err == nil {
			d.Append(nil)
		}
		bad = slices.Clone(view)
		bad[r.Intn(len(bad))] = byte(r.Intn(256))
		if ch, err := DecodeChange(bad); err == nil {
			c.Apply(ch)
		}
	}
	empty := New().Append(nil)
	for name, bad := range map[string][]byte{
		"nothing": nil, "id of a table again": {2, 9, 4, 0, 4, 0, 0}, "next id is taken": append(catalog[:3:3], catalog[4:]...),
	} {
		if _, err := Decode(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if c, err := Decode(empty); err != nil || len(c.Relations()) > 0 {
		t.Errorf("the empty catalog: error %v", err)
	}
}
