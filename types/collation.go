package types

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"
)

// Weight strings are part of the format: they are in keys, so they decide
// where rows lie. Each collation has its own form:
//
//	binary, utf8mb4_0900_bin  the string
//	utf8mb4_bin               the string, padded (AppendPadSpace)
//	utf8mb4_general_ci        the weights, each a code point, in UTF-8, padded
//	utf8mb4_0900_ai_ci        the primary weights of UCA 9.0.0, packed so that
//	                          an ASCII character takes a byte (AppendWeights)
//
// A byte that is not UTF-8 weighs FE and itself, above every character.

// Collator gives weight strings of one collation. Safe for concurrent use.
type Collator interface {
	// AppendSortKey appends the weight string of s: two strings are equal
	// under the collation iff their weight strings are equal bytes, and they
	// order as their weight strings do in memcmp.
	AppendSortKey(dst, s []byte) []byte
}

// full holds what RegisterCollation was given; it does not change after init.
var full = map[Collation]Collator{}

// RegisterCollation gives c's full implementation, used for strings that are
// not all ASCII. It is called in init only (package types/collate does). A
// collation without one orders other characters by code point, above ASCII.
func RegisterCollation(c Collation, impl Collator) { full[c] = impl }

var collationNames = map[Collation]string{
	CollGeneralCi:  "utf8mb4_general_ci",
	CollUtf8mb4Bin: "utf8mb4_bin",
	CollBinary:     "binary",
	Coll0900AiCi:   "utf8mb4_0900_ai_ci",
	Coll0900Bin:    "utf8mb4_0900_bin",
}

// CollationByName finds a collation by MySQL's name, in any case.
func CollationByName(name string) (c Collation, ok bool) {
	for _, c := range Collations() {
		if strings.EqualFold(c.Name(), name) {
			return c, true
		}
	}
	return 0, false
}

// Collations returns every collation of this release by id.
func Collations() []Collation {
	all := make([]Collation, 0, len(collationNames))
	for c := range collationNames {
		all = append(all, c)
	}
	slices.Sort(all)
	return all
}

// Name returns MySQL's name of c, "" when there is none of that id.
func (c Collation) Name() string { return collationNames[c] }

// Charset returns "utf8mb4" or "binary".
func (c Collation) Charset() string {
	if c == CollBinary {
		return "binary"
	}
	return "utf8mb4"
}

// Binary tells whether strings are equal iff their bytes are, and order as
// bytes do: the weight string is the string.
func (c Collation) Binary() bool { return c == CollBinary || c == Coll0900Bin }

// PadSpace tells whether strings compare as if padded with spaces for ever.
func (c Collation) PadSpace() bool { return c == CollUtf8mb4Bin || c == CollGeneralCi }

// AppendSortKey appends the weight string of s under c; see Collator. A
// collation without a name is binary.
func (c Collation) AppendSortKey(dst, s []byte) []byte {
	switch c {
	case Coll0900AiCi:
		if ASCII(s) {
			return appendASCIIWeights(dst, s)
		}
		if impl := full[c]; impl != nil {
			return impl.AppendSortKey(dst, s)
		}
		return appendCodePoints(dst, s)
	case CollUtf8mb4Bin:
		return AppendPadSpace(dst, s)
	case CollGeneralCi:
		if impl := full[c]; impl != nil && !ASCII(s) {
			return impl.AppendSortKey(dst, s)
		}
		at := len(dst)
		dst = AppendPadSpace(dst, s)
		upperASCII(dst[at:])
		return dst
	}
	return append(dst, s...)
}

// Compare orders a and b under c: -1, 0 or 1.
func (c Collation) Compare(a, b []byte) int {
	switch {
	case c == Coll0900AiCi && ASCII(a) && ASCII(b):
		return compareWeights(a, b)
	case c == CollUtf8mb4Bin:
		return comparePadded(a, b, &sameByte)
	case c == CollGeneralCi && ASCII(a) && ASCII(b):
		return comparePadded(a, b, &upperByte)
	case c == Coll0900AiCi || c == CollGeneralCi:
		return c.compareKeys(a, b)
	}
	return bytes.Compare(a, b)
}

func (c Collation) compareKeys(a, b []byte) int {
	x := c.AppendSortKey(make([]byte, 0, 2*(len(a)+len(b))+16), a)
	n := len(x)
	x = c.AppendSortKey(x, b)
	return bytes.Compare(x[:n], x[n:])
}

// compareWeights compares ASCII strings under utf8mb4_0900_ai_ci.
func compareWeights(a, b []byte) int {
	i, j := 0, 0
	for {
		var x, y byte
		for x == 0 && i < len(a) {
			x = asciiCode[a[i]]
			i++
		}
		for y == 0 && j < len(b) {
			y = asciiCode[b[j]]
			j++
		}
		if x != y || x == 0 {
			return cmp.Compare(x, y)
		}
	}
}

// comparePadded compares bytes, mapped by fold, as if the shorter string went
// on with spaces.
func comparePadded(a, b []byte, fold *[256]byte) int {
	for i := range max(len(a), len(b)) {
		x, y := byte(' '), byte(' ')
		if i < len(a) {
			x = fold[a[i]]
		}
		if i < len(b) {
			y = fold[b[i]]
		}
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return 0
}

var sameByte, upperByte = func() (same, upper [256]byte) {
	for i := range same {
		same[i], upper[i] = byte(i), byte(i)
	}
	upperASCII(upper[:])
	return same, upper
}()

// ASCII tells whether every byte of s is below 0x80.
func ASCII(s []byte) bool {
	const high = 0x8080808080808080
	for len(s) >= 8 {
		if binary.LittleEndian.Uint64(s)&high != 0 {
			return false
		}
		s = s[8:]
	}
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func upperASCII(s []byte) {
	for i, c := range s {
		if c >= 'a' && c <= 'z' {
			s[i] = c - 'a' + 'A'
		}
	}
}

// The bytes behind a space in a padded weight string.
const (
	padBelow = 2 // the run of spaces ends before a byte below the space
	padEnd   = 3 // the string has ended
	padAbove = 4 // the run ends before a byte above the space
)

// AppendPadSpace appends the weight string of weights s, in which a space is
// the byte 20, under PAD SPACE: without trailing spaces, with a byte behind
// each space and a last space with 03, so that memcmp orders strings as if
// each went on with spaces for ever: 'a\t' < 'a' = 'a ' < 'a b'.
func AppendPadSpace(dst, s []byte) []byte {
	s = bytes.TrimRight(s, " ")
	for {
		i := bytes.IndexByte(s, ' ')
		if i < 0 {
			break
		}
		dst = append(dst, s[:i]...)
		run := i
		for s[run] == ' ' {
			run++
		}
		next := byte(padAbove)
		if s[run] < ' ' {
			next = padBelow
		}
		for ; i < run; i++ {
			dst = append(dst, ' ', next)
		}
		s = s[run:]
	}
	return append(append(dst, s...), ' ', padEnd)
}

// primary is an ASCII character and its primary weight.
type primary struct {
	char   byte
	weight uint16
}

// uca holds the primary weights of the ASCII characters in the DUCET of UCA
// 9.0.0, which utf8mb4_0900_ai_ci orders by, in order; control characters
// other than \t to \r have none. Letters are given in upper case.
var uca = [...]primary{
	{'\t', 0x0201}, {'\n', 0x0202}, {'\v', 0x0203}, {'\f', 0x0204}, {'\r', 0x0205},
	{' ', 0x0209}, {'_', 0x020b}, {'-', 0x020d}, {',', 0x0222}, {';', 0x0234}, {':', 0x0239},
	{'!', 0x0260}, {'?', 0x0266}, {'.', 0x0277}, {'\'', 0x0305}, {'"', 0x030c}, {'(', 0x0317},
	{')', 0x0318}, {'[', 0x0319}, {']', 0x031a}, {'{', 0x031b}, {'}', 0x031c}, {'@', 0x038e},
	{'*', 0x038f}, {'/', 0x0394}, {'\\', 0x0395}, {'&', 0x0396}, {'#', 0x0398}, {'%', 0x0399},
	{'`', 0x0482}, {'^', 0x0485}, {'+', 0x0616}, {'<', 0x061a}, {'=', 0x061b}, {'>', 0x061c},
	{'|', 0x061e}, {'~', 0x0620}, {'$', 0x1c12},
	{'0', 0x1c3d}, {'1', 0x1c3e}, {'2', 0x1c3f}, {'3', 0x1c40}, {'4', 0x1c41}, {'5', 0x1c42},
	{'6', 0x1c43}, {'7', 0x1c44}, {'8', 0x1c45}, {'9', 0x1c46},
	{'A', 0x1c47}, {'B', 0x1c60}, {'C', 0x1c7a}, {'D', 0x1c8f}, {'E', 0x1caa}, {'F', 0x1ce5},
	{'G', 0x1cf4}, {'H', 0x1d18}, {'I', 0x1d32}, {'J', 0x1d4c}, {'K', 0x1d65}, {'L', 0x1d77},
	{'M', 0x1daa}, {'N', 0x1db9}, {'O', 0x1ddd}, {'P', 0x1e0c}, {'Q', 0x1e21}, {'R', 0x1e33},
	{'S', 0x1e71}, {'T', 0x1e95}, {'U', 0x1eb5}, {'V', 0x1ee3}, {'W', 0x1ef5}, {'X', 0x1eff},
	{'Y', 0x1f0b}, {'Z', 0x1f21},
}

// The packed form of a weight: the k-th of uca is the byte 2k+3; one that lies
// between two of uca is the even byte between theirs and two bytes of weight.
// No byte below 2 comes of ASCII, which keys need not escape therefore.
const firstCode = 3

// Codes above every packed weight.
const (
	codePoint = 0xfd // an unregistered collation: a code point in UTF-8 follows
	codeByte  = 0xfe // a byte that is not UTF-8 follows
)

// asciiCode is the packed weight of an ASCII character, 0 for none.
var asciiCode = func() (t [utf8.RuneSelf]byte) {
	for k, u := range uca {
		t[u.char] = byte(firstCode + 2*k)
		if u.char >= 'A' && u.char <= 'Z' {
			t[u.char-'A'+'a'] = t[u.char]
		}
	}
	return t
}()

func appendASCIIWeights(dst, s []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(s))[:n+len(s)]
	for _, c := range s {
		w := asciiCode[c&(utf8.RuneSelf-1)]
		dst[n] = w
		if w != 0 {
			n++
		}
	}
	return dst[:n]
}

// AppendWeights packs primary weights of UCA 9.0.0, two bytes each, big-endian.
func AppendWeights(dst, weights []byte) []byte {
	for ; len(weights) >= 2; weights = weights[2:] {
		w := binary.BigEndian.Uint16(weights)
		k, found := slices.BinarySearchFunc(uca[:], w, func(u primary, w uint16) int {
			return cmp.Compare(u.weight, w)
		})
		if found {
			dst = append(dst, byte(firstCode+2*k))
		} else {
			dst = append(dst, byte(firstCode+2*k-1), byte(w>>8), byte(w))
		}
	}
	return dst
}

// appendCodePoints stands in for utf8mb4_0900_ai_ci where it is not registered.
func appendCodePoints(dst, s []byte) []byte {
	for len(s) > 0 {
		r, n := utf8.DecodeRune(s)
		switch {
		case r < utf8.RuneSelf:
			dst = appendASCIIWeights(dst, s[:1])
		case r == utf8.RuneError && n == 1:
			dst = append(dst, codeByte, s[0])
		default:
			dst = append(append(dst, codePoint), s[:n]...)
		}
		s = s[n:]
	}
	return dst
}

// AppendBadByte appends the weight of a byte that is not UTF-8.
func AppendBadByte(dst []byte, c byte) []byte { return append(dst, codeByte, c) }
