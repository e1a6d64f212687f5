package collate

import (
	"bytes"
	"fmt"
	"math/rand"
	"strings"
	"testing"
	"unicode/utf8"

	"vitess.io/vitess/go/mysql/collations/colldata"

	"github.com/weirdb/weir/types"
)

func key(c types.Collation, s string) []byte { return c.AppendSortKey(nil, []byte(s)) }

// fullKey is the key of the registered implementation, past the ASCII path.
func fullKey(c types.Collation, s string) []byte {
	var impl types.Collator = uca{table(c)}
	if c == types.CollGeneralCi {
		impl = generalCi{table(c)}
	}
	return impl.AppendSortKey(nil, []byte(s))
}

func TestASCIIPathGivesTheFullKey(t *testing.T) {
	check := func(s string) {
		for _, c := range []types.Collation{types.Coll0900AiCi, types.CollGeneralCi} {
			if got, want := key(c, s), fullKey(c, s); !bytes.Equal(got, want) {
				t.Fatalf("%s %q: %x, the full implementation has %x", c.Name(), s, got, want)
			}
		}
	}
	check("")
	for a := range 128 {
		check(string(rune(a)))
		for b := range 128 {
			check(string([]byte{byte(a), byte(b)}))
		}
	}
	t.Log("seed 1")
	r := rand.New(rand.NewSource(1))
	for range 20000 {
		s := make([]byte, r.Intn(20))
		for i := range s {
			s[i] = byte(r.Intn(128))
			if r.Intn(4) == 0 {
				s[i] = ' '
			}
		}
		check(string(s))
	}
}

var alphabet = []rune("abcABCzZ012 _-.,~\t\n\x01\x7f" + "éÉèßẞæœøØñçÿžŽ" + "αβΑΒςσ" + "жЖё" + "世界中文" + "가각한글" + "😀🎉" + "ﬁ½²" + "\u0300\u200b\u00a0\ufffd\U0010ffff")

func randText(r *rand.Rand) string {
	var s strings.Builder
	for range r.Intn(7) {
		if r.Intn(5) == 0 {
			s.WriteRune(' ')
		}
		s.WriteRune(alphabet[r.Intn(len(alphabet))])
	}
	return s.String()
}

// TestOrderIsVitess compares with Vitess' Collate, which for PAD SPACE gets
// both strings padded to one length.
func TestOrderIsVitess(t *testing.T) {
	t.Log("seed 2")
	r := rand.New(rand.NewSource(2))
	for range 100000 {
		a, b := randText(r), randText(r)
		if r.Intn(3) == 0 {
			b = a + b
		}
		for _, c := range []types.Collation{types.Coll0900AiCi, types.CollGeneralCi, types.CollUtf8mb4Bin, types.Coll0900Bin} {
			x, y := a, b
			if c.PadSpace() {
				n := max(utf8.RuneCountInString(x), utf8.RuneCountInString(y))
				x += strings.Repeat(" ", n-utf8.RuneCountInString(x))
				y += strings.Repeat(" ", n-utf8.RuneCountInString(y))
			}
			want := sign(colldata.Lookup(table(c).ID()).Collate([]byte(x), []byte(y), false))
			if got := bytes.Compare(key(c, a), key(c, b)); got != want {
				t.Fatalf("%s: keys order %q and %q %d, want %d", c.Name(), a, b, got, want)
			}
			if got := c.Compare([]byte(a), []byte(b)); got != want {
				t.Fatalf("%s: Compare(%q, %q) = %d, want %d", c.Name(), a, b, got, want)
			}
		}
	}
}

func sign(n int) int { return min(max(n, -1), 1) }

func TestBytesThatAreNotUTF8(t *testing.T) {
	for _, c := range []types.Collation{types.Coll0900AiCi, types.CollGeneralCi, types.CollUtf8mb4Bin, types.Coll0900Bin} {
		for _, s := range []string{"a\xffb", "a\xfeb", "ab", "a", "a\xff", "\xff\xff", "\xff", "\xed\xa0\x80", "\xc3"} {
			for _, u := range []string{"a\xffb", "a\xfeb", "ab", "a", "a\xff", "\xff\xff", "\xff", "\xed\xa0\x80", "\xc3"} {
				if got := bytes.Equal(key(c, s), key(c, u)); got != (s == u) {
					t.Errorf("%s: %q = %q is %v", c.Name(), s, u, got)
				}
			}
		}
	}
	if a, b := key(types.Coll0900AiCi, "A\xffB"), key(types.Coll0900AiCi, "a\xffb"); !bytes.Equal(a, b) {
		t.Error("letters around a bad byte must fold")
	}
}

// TestKeysAreForEver: weight strings decide where rows lie.
func TestKeysAreForEver(t *testing.T) {
	tests := []struct {
		c    types.Collation
		s    string
		want string
	}{
		{types.Coll0900AiCi, "Weir 1", "8f6b73850d51"},
		{types.Coll0900AiCi, "café", "67636d6b"},
		{types.Coll0900AiCi, "世😀", "96fb4096ce164c15fb"},
		{types.CollGeneralCi, "Éa b ", "45412004422003"},
		{types.CollGeneralCi, "a \t", "412002092003"},
		{types.CollUtf8mb4Bin, "é ", "c3a92003"},
		{types.Coll0900Bin, "é ", "c3a920"},
		{types.CollBinary, "\x00\xff", "00ff"},
	}
	for _, tt := range tests {
		if got := fmt.Sprintf("%x", key(tt.c, tt.s)); got != tt.want {
			t.Errorf("%s %q: %s, want %s", tt.c.Name(), tt.s, got, tt.want)
		}
	}
}

func BenchmarkSortKey(b *testing.B) {
	for _, s := range []string{"hello world1", "größeres Öl"} {
		b.Run(s, func(b *testing.B) {
			var dst []byte
			for b.Loop() {
				dst = types.Coll0900AiCi.AppendSortKey(dst[:0], []byte(s))
			}
		})
	}
}
