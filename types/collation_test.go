package types

import (
	"bytes"
	"strings"
	"testing"
)

func TestCollationNames(t *testing.T) {
	for _, c := range Collations() {
		got, ok := CollationByName(strings.ToUpper(c.Name()))
		if !ok || got != c || c.Name() == "" {
			t.Errorf("%d: found %d %v by its name %q", c, got, ok, c.Name())
		}
	}
	if _, ok := CollationByName("latin1_swedish_ci"); ok {
		t.Error("an unknown name was found")
	}
	if Collation(7).Name() != "" {
		t.Error("an unknown id has a name")
	}
	if CollBinary.Charset() != "binary" || Coll0900Bin.Charset() != "utf8mb4" {
		t.Error("wrong character sets")
	}
}

// TestOrder gives strings in ascending order, equal ones joined by a bar.
func TestOrder(t *testing.T) {
	tests := []struct {
		c     Collation
		order []string
	}{
		{Coll0900AiCi, []string{"|\x00|\x01", "\t", " ", "  ", "_", "-", "!", "$", "0", "9", "a|A|\x01a", "a ", "ab|AB|aB", "b", "z|Z"}},
		{CollGeneralCi, []string{"\t", "| |  ", "a\t|A\t ", "a \t", "a|A|a  ", "a b|A B", "a!", "ab|AB", "b", "_", "{"}},
		{CollUtf8mb4Bin, []string{"\t", "| |  ", "A|A ", "a\x01", "a  \x01", "a|a ", "a  b", "a b", "a!", "b", "é", "世", "😀"}},
		{Coll0900Bin, []string{"", "\t", " ", "A", "A ", "a", "a\x01", "b", "é"}},
		{CollBinary, []string{"", "\x00", "\x00\x00", "\xff"}},
	}
	for _, tt := range tests {
		for i, as := range tt.order {
			for j, bs := range tt.order {
				want := min(max(i-j, -1), 1)
				for _, a := range strings.Split(as, "|") {
					for _, b := range strings.Split(bs, "|") {
						x, y := tt.c.AppendSortKey(nil, []byte(a)), tt.c.AppendSortKey(nil, []byte(b))
						if got := bytes.Compare(x, y); got != want {
							t.Errorf("%s: keys order %q and %q %d, want %d", tt.c.Name(), a, b, got, want)
						}
						if got := tt.c.Compare([]byte(a), []byte(b)); got != want {
							t.Errorf("%s: Compare(%q, %q) = %d, want %d", tt.c.Name(), a, b, got, want)
						}
					}
				}
			}
		}
	}
}

// TestUnregistered: without package collate other characters order by code
// point, above ASCII, and bytes that are not UTF-8 above all.
func TestUnregistered(t *testing.T) {
	order := []string{"a", "ab", "z", "é", "é1", "世", "😀", "\xff"}
	for _, c := range []Collation{Coll0900AiCi, CollGeneralCi} {
		for i := 1; i < len(order); i++ {
			if got := c.Compare([]byte(order[i-1]), []byte(order[i])); got != -1 {
				t.Errorf("%s: Compare(%q, %q) = %d", c.Name(), order[i-1], order[i], got)
			}
		}
	}
}

func TestASCIICodesNeedNoEscape(t *testing.T) {
	for c, w := range asciiCode {
		if w == 1 || w >= codePoint-2 {
			t.Errorf("%q has the code %d", rune(c), w)
		}
	}
	for i := 1; i < len(uca); i++ {
		if uca[i-1].weight >= uca[i].weight {
			t.Errorf("weights of %q and %q are not in order", uca[i-1].char, uca[i].char)
		}
	}
}

func TestASCII(t *testing.T) {
	s := bytes.Repeat([]byte{'a'}, 40)
	if !ASCII(nil) || !ASCII(s) {
		t.Error("ASCII is not ASCII")
	}
	for i := range s {
		s[i] = 0x80
		if ASCII(s) || !ASCII(s[:i]) {
			t.Errorf("a high byte at %d", i)
		}
		s[i] = 'a'
	}
}
