package parse

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/sqlerr"
)

// describe shows what a statement was understood as.
func describe(s Stmt) string {
	switch s := s.(type) {
	case *Tree:
		return fmt.Sprintf("%s params=%d", strings.TrimPrefix(fmt.Sprintf("%T", s.Node), "*ast."), s.Params)
	case *CreateView:
		return fmt.Sprintf("create view %s.%s cols=%v ifnotexists=%t as %q", s.View.DB, s.View.Name, s.Cols, s.IfNotExists, s.SelectText)
	case *DropViews:
		return fmt.Sprintf("drop views %v ifexists=%t", s.Views, s.IfExists)
	case *ShowViews:
		if s.Like != nil {
			return fmt.Sprintf("show views db=%q like %q", s.DB, *s.Like)
		}
		return fmt.Sprintf("show views db=%q", s.DB)
	case *ShowCreateView:
		return fmt.Sprintf("show create view %s.%s", s.View.DB, s.View.Name)
	case *ExplainView:
		return fmt.Sprintf("explain view %s.%s", s.View.DB, s.View.Name)
	}
	return fmt.Sprintf("%T", s)
}

func TestParseAll(t *testing.T) {
	for _, c := range []struct {
		sql  string
		want []string
	}{
		{"", nil},
		{" ; ;\n-- nothing\n; /* or */ # else", nil},
		{"select 1", []string{"SelectStmt params=0"}},
		{"select 1; select 'a;b', \"c;\\\"d\", `e;f` from t;", []string{"SelectStmt params=0", "SelectStmt params=0"}},
		{"select a /* ; */ -- ;\n from t # ;\n where b = ?", []string{"SelectStmt params=1"}},
		{"select ?, (select ? from t limit ?, ?)", []string{"SelectStmt params=4"}},
		{"/*!40101 SET NAMES utf8 */;", []string{"SetStmt params=0"}},
		{"/*! select 1; */", []string{"SelectStmt params=0"}},
		{"create materialized view v as select a from t", []string{`create view .v cols=[] ifnotexists=false as "select a from t"`}},
		{"CREATE MATERIALIZED VIEW IF NOT EXISTS `my db`.`v``w` (a, `b c`) AS\n(SELECT 1, 2)",
			[]string{"create view my db.v`w cols=[a b c] ifnotexists=true as \"(SELECT 1, 2)\""}},
		{"create materialized view v as with x as (select 1) select * from x", []string{`create view .v cols=[] ifnotexists=false as "with x as (select 1) select * from x"`}},
		{"drop materialized view a, db.b", []string{"drop views [{ a 23} {db b 26}] ifexists=false"}},
		{"drop materialized view if exists a restrict", []string{"drop views [{ a 33}] ifexists=true"}},
		{"show materialized views", []string{`show views db=""`}},
		{"show materialized views in d like 'it''s%'", []string{`show views db="d" like "it's%"`}},
		{"show create materialized view d.v", []string{"show create view d.v"}},
		{"explain view v", []string{"explain view .v"}},
		{"explain select 1", []string{"ExplainStmt params=0"}},
		{"show create view v", []string{"ShowStmt params=0"}},
		{"insert into t values (x'00ff', b'101', 0x1, _binary'\xff\x00', 'a\x00b', 1.5, 1e3, 99999999999999999999)", []string{"InsertStmt params=0"}},
	} {
		got, err := ParseAll(c.sql)
		if err != nil {
			t.Errorf("%q: %v", c.sql, err)
			continue
		}
		if len(got) != len(c.want) {
			t.Errorf("%q: %d statements, want %d", c.sql, len(got), len(c.want))
			continue
		}
		for i, s := range got {
			if d := describe(s); d != c.want[i] {
				t.Errorf("%q: statement %d is\n  %s, want\n  %s", c.sql, i+1, d, c.want[i])
			}
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		sql       string
		code      uint16
		line, col int
		near      string
		hint      string // "-" for none
	}{
		{"selct 1", 1064, 1, 1, "near 'selct 1' at line 1", `"SELECT"`},
		{"select a frm t where", 1064, 1, 14, "near 't where'", ""},
		{"select a\n  from t\n wher b", 1064, 3, 7, "near 'b' at line 3", ""},
		{"select 1;\nselect 2;\n  selec 3", 1064, 3, 3, "near 'selec 3' at line 3", `"SELECT"`},
		{"select 'abc", 1064, 1, 8, "near ''abc'", "not closed"},
		{"select /* x", 1064, 1, 8, "near '/* x'", "no end"},
		{"select \x00", 1064, 1, 8, "", "NUL"},
		{"select a\xff", 1064, 1, 8, "", "UTF-8"},
		{"select `a\xff`", 1064, 1, 8, "", "UTF-8"},
		{"select x'4'", 1064, 1, 8, "near 'x'4''", ""},
		{"select 1 +", 1064, 1, 11, "near '' at line 1", ""},
		{"select 'ü', 1 +* 2", 1064, 1, 16, "near '* 2'", ""},
		{"create materialized view as select 1", 1064, 1, 29, "near 'select 1'", "AS"},
		{"create materialized view v select 1", 1064, 1, 28, "near 'select 1'", "AS"},
		{"create materialized view v as\n select a,\n b frm t", 1064, 3, 8, "near 't' at line 3", ""},
		{"create materialized view v as insert into t values (1)", 1064, 1, 31, "near 'insert", "SELECT"},
		{"create materialized view v (primary key (a)) as select a from t", 1235, 1, 37, "", ""},
		{"create or replace materialized view v as select 1", 1235, 1, 19, "", ""},
		{"drop materialized view v cascade", 1235, 1, 26, "", ""},
		{"drop materialized view v w", 1064, 1, 26, "near 'w'", ""},
		{"show materialized views like x", 1064, 1, 30, "near 'x'", ""},
		{"create table t (a varchar)", 1064, 1, 26, "near ')'", ""},
		{"create table t (a innt)", 1064, 1, 19, "near 'innt)'", `did you mean "INT"?`},
		{"create table t (a vachar(3))", 1064, 1, 19, "near 'vachar(3))'", `did you mean "VARCHAR"?`},
		{"create table t (a int primry key)", 1064, 1, 23, "near 'primry key)'", `did you mean "PRIMARY"?`},
		{"from e", 1064, 1, 1, "near 'from e'", "-"},
		{"select " + strings.Repeat("(", 1200) + "1", 1436, 1, 1007, "", "nest"},
		{"select" + strings.Repeat(" 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", 30000), 1436, 1, 167084, "adjacent strings", ""},
		{"select " + strings.Repeat("-", 60000) + "1", 1436, 1, 40007, "", ""},
	} {
		_, err := ParseAll(c.sql)
		e, ok := err.(*sqlerr.Error)
		name := c.sql[:min(len(c.sql), 60)]
		if !ok {
			t.Errorf("%q: error %v (%T)", name, err, err)
			continue
		}
		if e.Code != c.code || e.Line != c.line || e.Col != c.col || !strings.Contains(e.Message, c.near) {
			t.Errorf("%q: %d at %d:%d %q, want %d at %d:%d with %q", name, e.Code, e.Line, e.Col, e.Message, c.code, c.line, c.col, c.near)
		}
		if c.hint == "-" && e.Hint != "" {
			t.Errorf("%q: hint %q, want none", name, e.Hint)
		} else if c.hint != "" && c.hint != "-" && !strings.Contains(e.Hint+e.Message, c.hint) {
			t.Errorf("%q: hint %q, want %q in it", name, e.Hint, c.hint)
		}
	}
}

// TestStatementsBeforeAFault checks that they are returned, to run first.
func TestStatementsBeforeAFault(t *testing.T) {
	got, err := ParseAll("select 1; select 2; selct 3; select 4")
	if err == nil || len(got) != 2 {
		t.Fatalf("%d statements, error %v; want 2 and one", len(got), err)
	}
	if s := got[1].Source(); s.SQL != "select 2" || s.Offset != 10 {
		t.Errorf("second statement %q at %d", s.SQL, s.Offset)
	}
}

func TestParseOne(t *testing.T) {
	for sql, code := range map[string]uint16{
		"select 1": 0, "select 1;": 0, "select 1 ; -- end": 0, "": 1065, " -- nothing": 1065, ";": 1064, "select 1; select 2": 1064,
	} {
		_, err := Parse(sql)
		if got := sqlerr.From(err); code == 0 != (err == nil) || err != nil && got.Code != code {
			t.Errorf("%q: %v, want %d", sql, err, code)
		}
	}
}

// TestPositions checks that nodes of a view's query know their place in the
// whole text, behind another statement and blanked words.
func TestPositions(t *testing.T) {
	stmts, err := ParseAll("select 1;\ncreate materialized view v as select ä.x,\n  y from ä")
	if err != nil {
		t.Fatal(err)
	}
	sel := stmts[1].(*CreateView).Select
	for i, want := range [][2]int{{2, 38}, {3, 3}} {
		n := sel.Node.(*ast.SelectStmt).Fields.Fields[i].Expr
		if line, col := sel.Position(n.OriginTextPosition()); line != want[0] || col != want[1] {
			t.Errorf("field %d is at %d:%d, want %d:%d", i, line, col, want[0], want[1])
		}
	}
	if off := sel.Find("Y"); sel.SQL[off] != 'y' {
		t.Errorf("Find(Y) is at %q", sel.SQL[off:])
	}
}

func TestOwnTypes(t *testing.T) {
	s, err := Parse("create table t (a string not null, `uint64` uint64, int16 int16 comment 'string', key string (a), constraint u unique (int16))")
	if err != nil {
		t.Fatal(err)
	}
	tree := s.(*Tree)
	want := map[string]string{"a": "text", "uint64": "bigint unsigned", "int16": "smallint"}
	if len(tree.Types) != len(want) {
		t.Errorf("types of our own: %v", tree.Types)
	}
	for col, name := range want {
		if got := tree.Types[col].String(); got != name {
			t.Errorf("%s is %s, want %s", col, got, name)
		}
	}
	if n := len(tree.Node.(*ast.CreateTableStmt).Constraints); n != 2 {
		t.Errorf("%d constraints", n)
	}
}

func TestLiterals(t *testing.T) {
	s, err := Parse("select 1, -2, 18446744073709551615, 18446744073709551616, 1.50, 1e2, 'a' 'b', x'4D', 0x4d1, b'101', true, null, _binary'x'")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range s.(*Tree).Node.(*ast.SelectStmt).Fields.Fields {
		e := f.Expr
		if u, ok := e.(*ast.UnaryOperationExpr); ok {
			e = u.V
		}
		l := e.(*Literal)
		got = append(got, fmt.Sprintf("%T:%v", l.Val, l.Val))
	}
	want := "int64:1 int64:2 uint64:18446744073709551615 parse.Decimal:18446744073709551616 parse.Decimal:1.50 float64:100 string:ab " +
		"parse.Binary:M parse.Binary:\x04\xd1 parse.Binary:\x05 bool:true <nil>:<nil> string:x"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

// TestLongStatements checks that length alone is no fault.
func TestLongStatements(t *testing.T) {
	rows := strings.Repeat("(1, 'a', NULL),", 5000)
	for _, sql := range []string{
		"insert into t values " + rows + "(1, 'b', 2)",
		"select * from t where a = 0" + strings.Repeat(" or a = 1", 8000),
		"select 1" + strings.Repeat(" union all select 1", 2000),
		"select '" + strings.Repeat("x", 1<<20) + "'",
	} {
		if _, err := Parse(sql); err != nil {
			t.Errorf("%.40q..: %v", sql, err)
		}
	}
}

func TestConcurrent(t *testing.T) {
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 50 {
				sql := fmt.Sprintf("select %d from t%d where a in (%d, ?)", g, g, i)
				s, err := Parse(sql)
				if err != nil || s.(*Tree).Params != 1 || s.Source().SQL != sql {
					t.Errorf("%q: %v", sql, err)
				}
				if _, err := Parse("select from"); err == nil {
					t.Error("no error")
				}
			}
		})
	}
	wg.Wait()
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"select 1", "select a.b, count(*) c from t a left join u using (x) where y like 'z%' group by 1 having c > 2 order by 1 desc limit 3",
		"create materialized view v (a) as select 1;drop materialized view if exists v", "insert into t values (1,'a',x'00',_binary'\xff',null)",
		"create table t (a string, b uint64, primary key (a), key k (b)) engine=innodb", "/*!40101 set names 'x' */", "select 'a' 'b', `c``d`, \"e\"\"f\"",
		"explain view v", "show materialized views like '%'", "select ((((1))))", "-- c\nselect 1 # d\n;", "select \x00", "select 'a\x00b'", "load data local infile 'f' into table t",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		stmts, err := ParseAll(sql)
		if err != nil {
			if _, ok := err.(*sqlerr.Error); !ok {
				t.Fatalf("error of type %T: %v", err, err)
			}
		}
		for _, s := range stmts {
			src := s.Source()
			if src.Full != sql || sql[src.Offset:src.Offset+len(src.SQL)] != src.SQL || src.SQL == "" {
				t.Fatalf("statement %q is not at %d", src.SQL, src.Offset)
			}
		}
	})
}

func BenchmarkPointSelect(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("SELECT id, title, vcount FROM articlewithvotecount WHERE id = 12345"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInsert1000Rows(b *testing.B) {
	sql := "INSERT INTO t VALUES (1, 'abc', 2.5)" + strings.Repeat(", (1, 'abc', 2.5)", 999)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(sql); err != nil {
			b.Fatal(err)
		}
	}
}
