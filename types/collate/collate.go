// Package collate registers the full implementations of the collations of
// package types, with the tables of Vitess (12 MB in a binary). A program
// that compares text imports it for its effect; without it only ASCII orders
// as MySQL has it.
package collate

import (
	"encoding/binary"
	"sync"
	"unicode/utf8"

	"vitess.io/vitess/go/mysql/collations"
	"vitess.io/vitess/go/mysql/collations/colldata"

	"github.com/weirdb/weir/types"
)

func init() {
	types.RegisterCollation(types.Coll0900AiCi, uca{table(types.Coll0900AiCi)})
	types.RegisterCollation(types.CollGeneralCi, generalCi{table(types.CollGeneralCi)})
}

func table(c types.Collation) colldata.Collation { return colldata.Lookup(collations.ID(c)) }

// scratch holds weights of one string on their way into the packed form.
var scratch = sync.Pool{New: func() any { return new([]byte) }}

// uca is utf8mb4_0900_ai_ci.
type uca struct{ colldata.Collation }

// AppendSortKey implements types.Collator.
func (c uca) AppendSortKey(dst, s []byte) []byte {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	for len(s) > 0 {
		n := validPrefix(s)
		*buf = c.WeightString((*buf)[:0], s[:n], 0)
		dst = types.AppendWeights(dst, *buf)
		if s = s[n:]; len(s) > 0 {
			dst = types.AppendBadByte(dst, s[0])
			s = s[1:]
		}
	}
	return dst
}

// generalCi is utf8mb4_general_ci: one weight a character, a code point of the
// basic plane.
type generalCi struct{ colldata.Collation }

// AppendSortKey implements types.Collator.
func (c generalCi) AppendSortKey(dst, s []byte) []byte {
	buf := scratch.Get().(*[]byte)
	defer scratch.Put(buf)
	weights := (*buf)[:0]
	for len(s) > 0 {
		n := validPrefix(s)
		at := len(weights)
		weights = c.WeightString(weights, s[:n], 0)
		weights = inUTF8(weights, at)
		if s = s[n:]; len(s) > 0 {
			weights = types.AppendBadByte(weights, s[0])
			s = s[1:]
		}
	}
	dst = types.AppendPadSpace(dst, weights)
	*buf = weights
	return dst
}

// inUTF8 turns the 16-bit code points behind at into UTF-8.
func inUTF8(b []byte, at int) []byte {
	var small [64]byte
	pairs := append(small[:0], b[at:]...)
	b = b[:at]
	for ; len(pairs) >= 2; pairs = pairs[2:] {
		b = utf8.AppendRune(b, rune(binary.BigEndian.Uint16(pairs)))
	}
	return b
}

// validPrefix returns the length of the longest prefix of s in UTF-8.
func validPrefix(s []byte) int {
	if utf8.Valid(s) {
		return len(s)
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRune(s[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(s)
}
