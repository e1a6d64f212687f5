package types

// Collator gives weight strings of one collation. Safe for concurrent use.
type Collator interface {
	// AppendSortKey appends the weight string of s: two strings are equal
	// under the collation iff their weight strings are equal bytes, and they
	// order as their weight strings do in memcmp.
	AppendSortKey(dst, s []byte) []byte
}

// RegisterCollation gives c's full implementation, used for strings that are
// not all ASCII. It is called in init only (package types/collate does).
func RegisterCollation(c Collation, full Collator) { panic("skeleton") }

// CollationByName finds a collation by MySQL's name, in any case.
func CollationByName(name string) (c Collation, ok bool) { panic("skeleton") }

// Collations returns every collation of this release by id.
func Collations() []Collation { panic("skeleton") }

// Name returns MySQL's name of c.
func (c Collation) Name() string { panic("skeleton") }

// Charset returns "utf8mb4" or "binary".
func (c Collation) Charset() string { panic("skeleton") }

// Binary tells whether strings are equal iff their bytes are, and order as
// bytes do: the weight string is the string.
func (c Collation) Binary() bool { return c == CollBinary || c == Coll0900Bin }

// PadSpace tells whether strings compare as if padded with spaces for ever.
func (c Collation) PadSpace() bool { return c == CollUtf8mb4Bin || c == CollGeneralCi }

// AppendSortKey appends the weight string of s under c; see Collator.
func (c Collation) AppendSortKey(dst, s []byte) []byte { panic("skeleton") }

// Compare orders a and b under c: -1, 0 or 1.
func (c Collation) Compare(a, b []byte) int { panic("skeleton") }
