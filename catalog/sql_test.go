package catalog_test

import (
	"flag"
	"os"
	"testing"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/types"
	_ "github.com/weirdb/weir/types/collate"
)

// manyTypes is a table with a column of every type and every clause.
func manyTypes() *catalog.Table {
	t := &catalog.Table{DB: "d", Name: "odd `name`", Comment: "it's a \\ table"}
	add := func(name string, typ types.Type) *catalog.Column {
		t.Columns = append(t.Columns, catalog.Column{Name: name, Type: typ})
		return &t.Columns[len(t.Columns)-1]
	}
	value := func(v types.Value, typ types.Type) *types.Value {
		v.Type = typ
		return &v
	}
	add("id", types.TypeUint).AutoIncrement = true
	for k := types.Int8; k <= types.Uint32; k++ {
		add("n"+string('a'+rune(k)), types.Type{Kind: k, Nullable: k%2 == 0})
	}
	add("yes", types.Type{Kind: types.Int8, Width: 1, Nullable: true})
	add("dec", types.NewDecimal(12, 3)).Default = value(types.Value{D: types.DecFromInt64(-1500)}, types.NewDecimal(12, 3))
	add("f", types.Type{Kind: types.Float32, Nullable: true})
	add("g", types.TypeFloat).Default = value(types.FloatValue(1e30), types.TypeFloat)
	add("word", types.NewString(20)).Default = value(types.TextValue("it's \\ \n"), types.NewString(20))
	add("bin", types.Type{Kind: types.String, Coll: types.CollUtf8mb4Bin, Len: 5, Nullable: true})
	add("long", types.TypeText.WithNull(true))
	add("bytes", types.Type{Kind: types.Bytes, Coll: types.CollBinary, Len: 8, Nullable: true}).Comment = "raw; `x`"
	add("blob", types.TypeBytes.WithNull(true))
	add("day", types.TypeDate).Default = value(types.Value{I: 19723}, types.TypeDate)
	made := add("made", types.NewDatetime(6))
	made.DefaultNow, made.OnUpdateNow = true, true
	add("at", types.NewTimestamp(0).WithNull(true))
	t.Key = []int{0, 13}
	t.Indexes = []catalog.Index{{Name: "u`1", Cols: []int{14, 1}, Unique: true}, {Name: "plain", Cols: []int{2}}}
	return t
}

// TestSQLMakesTheTable: what SHOW CREATE TABLE says is read as the same table.
func TestSQLMakesTheTable(t *testing.T) {
	c, err := catalog.New().Apply(&catalog.CreateDatabase{Name: "d"})
	if err != nil {
		t.Fatal(err)
	}
	want := manyTypes()
	if _, err := c.Apply(&catalog.CreateTable{Table: want}); err != nil {
		t.Fatal(err)
	}
	if flag.Lookup("rewrite").Value.String() == "true" {
		os.WriteFile("testdata/many_types.sql", []byte(want.SQL()+"\n"), 0o644)
	}
	golden, err := os.ReadFile("testdata/many_types.sql")
	if err != nil || want.SQL()+"\n" != string(golden) {
		t.Errorf("testdata/many_types.sql differs from\n%s", want.SQL())
	}
	s, err := parse.Parse(want.SQL())
	if err != nil {
		t.Fatal(err)
	}
	b, err := bind.Bind(s, &bind.Env{Catalog: c, DB: "d"})
	if err != nil {
		t.Fatal(err)
	}
	got := tableOf(t, b)
	for i := range want.Columns {
		if i < len(got.Columns) && describe(want.Columns[i]) != describe(got.Columns[i]) {
			t.Errorf("column %s\n  %s\nread as\n  %s", want.Columns[i].Name, describe(want.Columns[i]), describe(got.Columns[i]))
		}
	}
	if got.SQL() != want.SQL() {
		t.Errorf("read as\n%s\nof\n%s", got.SQL(), want.SQL())
	}
}

func describe(c catalog.Column) string {
	t := catalog.Table{Columns: []catalog.Column{c}}
	return string(catalog.AppendChange(nil, &catalog.CreateTable{Table: &t}))
}

func tableOf(t *testing.T, s bind.Stmt) *catalog.Table {
	t.Helper()
	if ddl, ok := s.(*bind.DDL); ok {
		if ch, ok := ddl.Change.(*catalog.CreateTable); ok {
			return ch.Table
		}
	}
	t.Fatalf("bound to %T", s)
	return nil
}
