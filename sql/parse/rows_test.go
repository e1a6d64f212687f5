package parse

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/opcode"

	"github.com/weirdb/weir/types"
)

// literalOf renders an element of the grammar's VALUES list like cellText.
func literalOf(e ast.ExprNode) string {
	sign := ""
	if u, ok := e.(*ast.UnaryOperationExpr); ok {
		if e = u.V; u.Op == opcode.Minus {
			sign = "-"
		}
	}
	l, ok := e.(*Literal)
	if !ok {
		return "?"
	}
	switch v := l.Val.(type) {
	case bool:
		return map[bool]string{true: "1", false: "0"}[v]
	case string:
		if l.Charset == "binary" {
			return fmt.Sprintf("bytes %q", v)
		}
		return fmt.Sprintf("%q", v)
	case float64:
		return fmt.Sprintf("%s%g", sign, v)
	case nil:
		return "NULL"
	}
	if s := fmt.Sprint(l.Val); sign != "" && s == "0" {
		return "0"
	} else {
		return sign + s
	}
}

func cellText(c Cell) string {
	switch c.Kind {
	case types.Null:
		return "NULL"
	case types.Int64:
		return fmt.Sprint(c.I)
	case types.Uint64:
		return fmt.Sprint(uint64(c.I))
	case types.Float64:
		return fmt.Sprintf("%g", c.F)
	case types.String:
		return fmt.Sprintf("%q", c.S)
	case types.Bytes:
		return fmt.Sprintf("bytes %q", c.S)
	}
	return c.S
}

// TestRowsAsGrammar makes random literal rows and compares the short way with
// the grammar.
func TestRowsAsGrammar(t *testing.T) {
	const seed = 7
	rng := rand.New(rand.NewSource(seed))
	pieces := []string{"a", "ü", "''", `\'`, `\"`, `\\`, `\n`, `\0`, `\Z`, `\%`, `\_`, `\x`, " ", ",", "(", ")", ";", "--", "/*", "\x00", "`"}
	literal := func() string {
		switch rng.Intn(9) {
		case 0:
			return []string{"NULL", "null", "TRUE", "False", "+5", "-0", "00012"}[rng.Intn(7)]
		case 1:
			return fmt.Sprint(rng.Int63() - rng.Int63())
		case 2:
			return fmt.Sprint(rng.Uint64())
		case 3:
			return fmt.Sprintf("%d.%d", rng.Intn(1000)-500, rng.Intn(1000))
		case 4:
			return []string{"1e3", "1.5E-2", "-2e+1", ".5", "5.", "123456789012345678901234567890", "-.25"}[rng.Intn(7)]
		case 5:
			return "_binary'\xff" + fmt.Sprint(rng.Intn(9)) + "'"
		case 6:
			return `"it's` + pieces[rng.Intn(3)] + `"`
		}
		var s strings.Builder
		for range rng.Intn(6) {
			s.WriteString(pieces[rng.Intn(len(pieces))])
		}
		return "'" + s.String() + "'"
	}
	for range 3000 {
		width := 1 + rng.Intn(3)
		var rows []string
		for range 1 + rng.Intn(3) {
			var cells []string
			for range width {
				cells = append(cells, literal())
			}
			rows = append(rows, "("+strings.Join(cells, []string{",", " , ", "/* c */,"}[rng.Intn(3)])+")")
		}
		sql := "INSERT INTO t VALUES " + strings.Join(rows, ",\n")
		s, err := Parse(sql)
		if err != nil {
			t.Fatalf("seed %d: %q: %v", seed, sql, err)
		}
		fast, ok := s.(*InsertRows)
		if !ok {
			t.Fatalf("seed %d: %q went through the grammar", seed, sql)
		}
		tree, err := fast.Tree()
		if err != nil {
			t.Fatalf("seed %d: %q: the grammar says %v", seed, sql, err)
		}
		var want, got []string
		for _, row := range tree.Node.(*ast.InsertStmt).Lists {
			for _, e := range row {
				want = append(want, literalOf(e))
			}
		}
		for _, c := range fast.Cells {
			got = append(got, cellText(c))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Fatalf("seed %d: %q:\ngot  %q\nwant %q", seed, sql, got, want)
		}
	}
}

func TestRowsHead(t *testing.T) {
	for sql, want := range map[string]string{
		"insert into t values (1)":                               "t [] 1 false false",
		"insert t values (1,2),(3,4)":                            "t [] 2 false false",
		"INSERT IGNORE INTO `d`.`t t` (a, `b`) VALUES(1,2)":      "t t [a b] 2 false true",
		"replace into t (a) values (-1) -- end":                  "t [a] 1 true false",
		"insert into t values (1) on duplicate key update a = 1": "",
		"insert into t values (1), (1, 2)":                       "",
		"insert into t values (1 + 1)":                           "",
		"insert into t values ('a' 'b')":                         "",
		"insert into t values (x'00')":                           "",
		"insert into t values (?)":                               "",
		"insert into t values (default)":                         "",
		"insert into t values (now())":                           "",
		"insert into t values ()":                                "",
		"insert into t select 1":                                 "",
		"insert into t set a = 1":                                "",
		"insert low_priority into t values (1)":                  "",
		"insert into t values ('\xff')":                          "",
	} {
		s, err := Parse(sql)
		if err != nil {
			if want != "" {
				t.Errorf("%q: %v", sql, err)
			}
			continue
		}
		got := ""
		if r, ok := s.(*InsertRows); ok {
			got = fmt.Sprintf("%s %v %d %t %t", r.Table.Name, r.Cols, r.Width, r.Replace, r.Ignore)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", sql, got, want)
		}
	}
}
