// Package scalar holds what SQL functions compute from single values: matching
// and cutting text, formatting and reading dates, counting in other bases. It
// knows nothing of vectors, NULL or types; package expr applies it to columns.
package scalar

import (
	"bytes"
	"unicode/utf8"

	"github.com/weirdb/weir/types"
)

// lower maps ASCII letters to lower case.
var lower = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if i >= 'A' && i <= 'Z' {
			t[i] = byte(i) + 'a' - 'A'
		}
	}
	return t
}()

var same = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
	}
	return t
}()

// ignoresCase tells whether ASCII letters of either case are equal under c.
func ignoresCase(c types.Collation) bool {
	return c == types.Coll0900AiCi || c == types.CollGeneralCi
}

// folding returns the byte table under which ASCII characters equal under c
// are the same byte.
func folding(c types.Collation) *[256]byte {
	if ignoresCase(c) {
		return &lower
	}
	return &same
}

// IsASCII tells whether every byte of s is below 128.
func IsASCII(s []byte) bool {
	for _, b := range s {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Pattern is a compiled LIKE pattern under one collation. It is immutable.
// Characters are compared one by one, as MySQL does, not as whole strings: a
// letter and a combining mark never equal one composed letter.
type Pattern struct {
	coll    types.Collation
	table   *[256]byte
	kind    patternKind
	literal []byte // folded, for all kinds but general
	items   []item
}

type patternKind uint8

const (
	general  patternKind = iota
	exact                // literal
	prefix               // literal%
	suffix               // %literal
	contains             // %literal%
)

// item is one character of a pattern.
type item struct {
	wild wildness
	char []byte // the character's bytes
	key  []byte // its weight string
}

type wildness uint8

const (
	literal wildness = iota
	one              // _
	many             // %
)

// NewPattern compiles pattern; escape is one character, or empty for none.
func NewPattern(pattern, escape []byte, c types.Collation) *Pattern {
	p := &Pattern{coll: c, table: folding(c)}
	for len(pattern) > 0 {
		size := p.size(pattern)
		char := pattern[:size]
		switch {
		case len(escape) > 0 && bytes.Equal(char, escape) && len(pattern) > size:
			pattern = pattern[size:]
			size = p.size(pattern)
			p.literalChar(pattern[:size])
		case char[0] == '%':
			if n := len(p.items); n == 0 || p.items[n-1].wild != many {
				p.items = append(p.items, item{wild: many})
			}
		case char[0] == '_':
			p.items = append(p.items, item{wild: one})
		default:
			p.literalChar(char)
		}
		pattern = pattern[size:]
	}
	p.classify()
	return p
}

func (p *Pattern) literalChar(char []byte) {
	char = bytes.Clone(char)
	p.items = append(p.items, item{char: char, key: weight(nil, char, p.coll)})
}

// classify finds the shapes that need no general matching.
func (p *Pattern) classify() {
	items := p.items
	head := len(items) > 0 && items[0].wild == many
	if head {
		items = items[1:]
	}
	tail := len(items) > 0 && items[len(items)-1].wild == many
	if tail {
		items = items[:len(items)-1]
	}
	var lit []byte
	for _, it := range items {
		if it.wild != literal || len(it.char) > 1 || it.char[0] >= utf8.RuneSelf && !p.bytewise() {
			return
		}
		lit = append(lit, p.table[it.char[0]])
	}
	p.literal = lit
	switch {
	case head && tail:
		p.kind = contains
	case head && len(lit) == 0:
		p.kind = contains
	case head:
		p.kind = suffix
	case tail:
		p.kind = prefix
	default:
		p.kind = exact
	}
}

// bytewise tells whether a character is a byte.
func (p *Pattern) bytewise() bool { return p.coll == types.CollBinary }

func (p *Pattern) size(s []byte) int {
	if s[0] < utf8.RuneSelf || p.bytewise() {
		return 1
	}
	_, n := utf8.DecodeRune(s)
	return n
}

// Match tells whether s matches the whole pattern. scratch is memory for the
// weights of one character, kept between calls by who calls.
func (p *Pattern) Match(s []byte, scratch *[]byte) bool {
	switch p.kind {
	case prefix:
		return p.hasPrefix(s, scratch)
	case exact:
		if len(s) == len(p.literal) {
			return p.hasPrefix(s, scratch)
		}
		return !p.bytewise() && !IsASCII(s) && p.match(s, scratch)
	}
	if p.kind == general || !p.bytewise() && !IsASCII(s) {
		return p.match(s, scratch)
	}
	if p.kind == suffix {
		return len(s) >= len(p.literal) && p.equal(s[len(s)-len(p.literal):])
	}
	return p.index(s) >= 0
}

// hasPrefix compares the beginning of s with the literal of a prefix pattern,
// or of an exact one as long as s.
func (p *Pattern) hasPrefix(s []byte, scratch *[]byte) bool {
	for i, x := range p.literal {
		if i >= len(s) {
			return false
		}
		if s[i] >= utf8.RuneSelf && !p.bytewise() {
			return p.match(s, scratch)
		}
		if p.table[s[i]] != x {
			return false
		}
	}
	return p.kind == prefix || len(s) == len(p.literal)
}

// equal compares bytes as long as the literal.
func (p *Pattern) equal(s []byte) bool {
	for i, x := range p.literal {
		if p.table[s[i]] != x {
			return false
		}
	}
	return true
}

// index finds the literal in ASCII text.
func (p *Pattern) index(s []byte) int {
	if p.table == &same {
		return bytes.Index(s, p.literal)
	}
	for i := 0; i+len(p.literal) <= len(s); i++ {
		if p.equal(s[i : i+len(p.literal)]) {
			return i
		}
	}
	return -1
}

// match is the general case: on a mismatch the last % takes one character
// more.
func (p *Pattern) match(s []byte, scratch *[]byte) bool {
	k, at := 0, 0
	star, starAt := -1, 0
	for at < len(s) {
		if k < len(p.items) {
			it := &p.items[k]
			if it.wild == many {
				star, starAt = k, at
				k++
				continue
			}
			size := p.size(s[at:])
			if it.wild == one || p.equalChar(it, s[at:at+size], scratch) {
				k++
				at += size
				continue
			}
		}
		if star < 0 {
			return false
		}
		starAt += p.size(s[starAt:])
		k, at = star+1, starAt
	}
	for k < len(p.items) && p.items[k].wild == many {
		k++
	}
	return k == len(p.items)
}

func (p *Pattern) equalChar(it *item, char []byte, scratch *[]byte) bool {
	if len(char) == 1 && len(it.char) == 1 {
		return p.table[char[0]] == p.table[it.char[0]]
	}
	if bytes.Equal(char, it.char) {
		return true
	}
	if !ignoresCase(p.coll) {
		return false
	}
	*scratch = weight((*scratch)[:0], char, p.coll)
	return bytes.Equal(*scratch, it.key)
}

// weight appends the weight string of one character. A space at the end would
// weigh nothing under a PAD SPACE collation, so it stands for itself.
func weight(dst, char []byte, c types.Collation) []byte {
	if c == types.CollBinary || len(char) == 1 && char[0] == ' ' {
		return append(dst, char...)
	}
	return c.AppendSortKey(dst, char)
}

// Index returns where sub first stands in s under the collation, in bytes, at
// or behind from; -1 when nowhere.
func Index(s, sub []byte, from int, c types.Collation) int {
	if from > len(s) {
		return -1
	}
	if !ignoresCase(c) {
		if i := bytes.Index(s[from:], sub); i >= 0 {
			return from + i
		}
		return -1
	}
	p := Pattern{coll: c, table: folding(c)}
	if IsASCII(sub) && IsASCII(s[from:]) {
		for i := from; i+len(sub) <= len(s); i++ {
			if equalFolded(s[i:i+len(sub)], sub) {
				return i
			}
		}
		return -1
	}
	var scratch []byte
	for i := from; ; i += p.size(s[i:]) {
		if p.startsWith(s[i:], sub, &scratch) {
			return i
		}
		if i >= len(s) {
			return -1
		}
	}
}

func equalFolded(a, b []byte) bool {
	for i := range a {
		if lower[a[i]] != lower[b[i]] {
			return false
		}
	}
	return true
}

// startsWith compares character by character.
func (p *Pattern) startsWith(s, sub []byte, scratch *[]byte) bool {
	for len(sub) > 0 {
		if len(s) == 0 {
			return false
		}
		n, m := p.size(s), p.size(sub)
		it := item{char: sub[:m]}
		if m > 1 || n > 1 {
			it.key = weight(nil, sub[:m], p.coll)
		}
		if !p.equalChar(&it, s[:n], scratch) {
			return false
		}
		s, sub = s[n:], sub[m:]
	}
	return true
}

// First returns the folded byte with which every match begins, for a quick
// look; ok is false when there is none.
func (p *Pattern) First() (b byte, table *[256]byte, ok bool) {
	if p.kind != prefix && p.kind != exact || len(p.literal) == 0 {
		return 0, nil, false
	}
	return p.literal[0], p.table, true
}
