package engine

import (
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// TestFieldReader: the same fields come out however the file is cut into
// reads.
func TestFieldReader(t *testing.T) {
	plain := bind.LoadFormat{FieldsTerminated: "\t", LinesTerminated: "\n", Escaped: '\\'}
	csv := bind.LoadFormat{FieldsTerminated: ",", LinesTerminated: "\r\n", Enclosed: '"', Escaped: '\\'}
	quoted := bind.LoadFormat{FieldsTerminated: "||", LinesTerminated: "\r\n", Enclosed: '"'}
	wide := bind.LoadFormat{FieldsTerminated: "||", LinesTerminated: ";"}
	for _, test := range []struct {
		f    bind.LoadFormat
		text string
		want []string // fields, NULL for a null, / behind the last of a line
	}{
		{plain, "1\tab\n2\t\n", []string{"1", "ab", "/", "2", "", "/"}},
		{plain, "a\\tb\\\\c\t\\N\nx\\N\t\\Ny", []string{"a\tb\\c", "NULL", "/", "xN", "Ny", "/"}},
		{csv, "1,\"a,\"\"b\"\"\",NULL\r\n2,c\rd,\"NULL\"\r\n", []string{"1", "a,\"b\"", "NULL", "/", "2", "c\rd", "NULL text", "/"}},
		{wide, "a|b||c\\;d||\\N;", []string{"a|b", "c\\", "/", "d", "\\N", "/"}},
		{quoted, "\"a\"|b\"||\"c\"\rd\"\r\n\"e\"", []string{"a\"|b", "c\"\rd", "/", "e", "/"}},
		{plain, strings.Repeat("long", 1000) + "\tend", []string{strings.Repeat("long", 1000), "end", "/"}},
	} {
		for name, file := range map[string]io.Reader{
			"whole": strings.NewReader(test.text), "by bytes": iotest.OneByteReader(strings.NewReader(test.text)),
		} {
			if got := fieldsOf(t, file, test.f); !slices.Equal(got, test.want) {
				t.Errorf("%s: %q are the fields %q, want %q", name, test.text, got, test.want)
			}
		}
	}
}

func fieldsOf(t *testing.T, file io.Reader, f bind.LoadFormat) []string {
	t.Helper()
	r := newFieldReader(file, f)
	var out []string
	for more := false; ; {
		null, next, err := r.field(!more)
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		more = next
		switch {
		case null:
			out = append(out, "NULL")
		case string(r.buf) == "NULL":
			out = append(out, "NULL text")
		default:
			out = append(out, string(r.buf))
		}
		if !more {
			out = append(out, "/")
		}
	}
}

// TestStorable refuses rows that no entry of the log has room for while they
// are still being read.
func TestStorable(t *testing.T) {
	rows := zset.NewBatch([]types.Type{types.TypeInt, types.TypeText}, 0)
	rows.AppendValues([]types.Value{types.IntValue(1), types.TextValue("one")}, 1)
	if err := storable(rows); err != nil {
		t.Errorf("a short row: %v", err)
	}
	rows.Cols[1].Off[1] = 8*maxStatement + 1 // as if it were so long
	if e := sqlerr.From(storable(rows)); e == nil || e.Code != sqlerr.ErrNetPacketTooLarge {
		t.Errorf("a row of more than the log takes: %v", e)
	}
}
