package console

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// golden compares got with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\ngot:\n%s\nwant:\n%s", name, got, want)
	}
}

func values(texts ...string) []cell {
	out := make([]cell, len(texts))
	for i, s := range texts {
		out[i] = cell{text: s, null: s == "NULL"}
		if out[i].null {
			out[i].text = ""
		}
	}
	return out
}

var sample = struct {
	cols []column
	rows [][]cell
}{
	cols: []column{
		{"id", "bigint unsigned"}, {"name", "varchar(20)"}, {"price", "decimal(10,2)"}, {"big", "decimal(40,1)"},
		{"f", "double"}, {"raw", "varbinary(8)"}, {"at", "datetime(3)"}, {"id", "int"},
	},
	rows: [][]cell{
		values("18446744073709551615", "plain", "1.50", "123456789012345678901234567890.5", "1.5e100", "abc", "2024-02-29 13:05:09.250", "1"),
		values("2", "日本語", "-10.00", "0.0", "NaN", "\x00\xff", "NULL", "-2"),
		values("3", "é \U0001f44d\U0001f3fd|", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"),
		values("4", "", "0.00", "1.0", "-0.5", "", "1970-01-01 00:00:00.000", "0"),
		values("5", "say \"a\",\nb\tc\\ <\x1b[2J>\xfe", "3.00", "1.0", "3", "x\ny", "1970-01-01 00:00:00.000", "0"),
	},
}

func TestFormats(t *testing.T) {
	for _, format := range Formats {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			w := bufio.NewWriter(&out)
			p := newPrinter(format, w, new(int))
			for _, rows := range [][][]cell{sample.rows, sample.rows[:1], nil} {
				p.begin(sample.cols)
				for _, r := range rows {
					p.row(r)
				}
				p.end(len(rows))
			}
			w.Flush()
			golden(t, format+".golden", out.String())
			if format == "json" {
				checkJSON(t, out.Bytes())
			}
		})
	}
}

// checkJSON reads the answer as any program would.
func checkJSON(t *testing.T, text []byte) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var sets [3][]map[string]any
	for i := range sets {
		if err := dec.Decode(&sets[i]); err != nil {
			t.Fatal(err)
		}
	}
	if len(sets[0]) != len(sample.rows) || len(sets[1]) != 1 || len(sets[2]) != 0 {
		t.Errorf("the sets have %d, %d and %d rows", len(sets[0]), len(sets[1]), len(sets[2]))
	}
	first := sets[0][0]
	for name, want := range map[string]any{
		"id": json.Number("18446744073709551615"), "id_2": json.Number("1"), "price": json.Number("1.50"),
		"big": "123456789012345678901234567890.5", "raw": "YWJj",
	} {
		if first[name] != want {
			t.Errorf("%s is %#v, not %#v", name, first[name], want)
		}
	}
	if sets[0][1]["f"] != nil {
		t.Errorf("NaN is %#v", sets[0][1]["f"])
	}
}

// TestTableOfManyRows checks that a table does not hold its rows.
func TestTableOfManyRows(t *testing.T) {
	var out bytes.Buffer
	p := &table{w: bufio.NewWriter(&out)}
	p.begin([]column{{"n", "int"}})
	for i := range 3 * measured {
		p.row(values(strings.Repeat("1", 1+i/measured)))
		if len(p.held) >= measured {
			t.Fatalf("row %d: %d rows are held", i, len(p.held))
		}
	}
	p.end(3 * measured)
	p.w.Flush()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3*measured+4 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, want := range map[int]string{0: "+---+", 1: "| n |", 3: "| 1 |", 3 + measured: "| 11 |", len(lines) - 1: "+---+"} {
		if lines[i] != want {
			t.Errorf("line %d is %q, not %q", i, lines[i], want)
		}
	}
}

func TestDisplayWidth(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "abc": 3, "é": 1, "e\u0301": 1, "日本": 4, "ｆ": 2, "한글": 4, "👍": 2, "👍🏽": 2, "👩\u200d👩\u200d👧": 2, "±": 1,
	} {
		if got := displayWidth(s); got != want {
			t.Errorf("%q is %d wide, not %d", s, got, want)
		}
	}
}
