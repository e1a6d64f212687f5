package parse

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weirdb/weir/types"
)

// InsertRows is an INSERT or REPLACE of nothing but literal rows, which is
// what loads data: the grammar, at a microsecond a value, is left out for it.
// Whatever its user finds wrong with it is for the grammar's form, Tree.
type InsertRows struct {
	Text
	Table           Name
	Cols            []string // nil: all columns in their order
	Replace, Ignore bool
	Width           int    // cells a row
	Cells           []Cell // the values row by row
}

// Cell is one literal of InsertRows.
type Cell struct {
	Kind types.Kind // Null, Int64, Uint64, Decimal, Float64, String or Bytes
	I    int64      // Int64; Uint64 as bits
	F    float64
	S    string // String and Bytes: the content; Decimal: the number as written
}

func (*InsertRows) stmt() {}

// Tree parses the statement by the ordinary grammar.
func (s *InsertRows) Tree() (*Tree, error) { return parseTree(s.Text, s.SQL) }

// insertRows reads an INSERT of literals; false when it is anything else,
// also when it is wrong.
func (c *cursor) insertRows() (*InsertRows, bool) {
	s := &InsertRows{Text: *c.text, Replace: c.accept("REPLACE")}
	if !s.Replace {
		c.accept("INSERT")
		s.Ignore = c.accept("IGNORE")
	}
	c.accept("INTO")
	var err error
	if s.Table, err = c.name(); err != nil {
		return nil, false
	}
	if c.accept("(") {
		for {
			name, err := c.ident()
			if err != nil {
				return nil, false
			}
			s.Cols = append(s.Cols, name)
			if c.accept(")") {
				break
			}
			if !c.accept(",") {
				return nil, false
			}
		}
	}
	if !c.accept("VALUES") || !c.rows(s) {
		return nil, false
	}
	return s, true
}

// rows reads (..), (..) to the end of the statement.
func (c *cursor) rows(s *InsertRows) bool {
	in := c.sc
	for {
		if !in.byte('(') {
			return false
		}
		n := len(s.Cells)
		for {
			cell, ok := in.cell()
			if !ok {
				return false
			}
			s.Cells = append(s.Cells, cell)
			if in.byte(',') {
				continue
			}
			if !in.byte(')') {
				return false
			}
			break
		}
		if s.Width == 0 {
			s.Width = len(s.Cells)
			s.Cells = append(make([]Cell, 0, s.Width*(1+len(in.s)/max(in.pos-n, 1))), s.Cells...)
		}
		if len(s.Cells)-n != s.Width {
			return false
		}
		if in.byte(',') {
			continue
		}
		return in.skipSpace() == nil && in.pos == len(in.s) && !in.bang
	}
}

// byte moves behind white space and c if it comes next.
func (sc *scanner) byte(c byte) bool {
	if sc.pos >= len(sc.s) || sc.s[sc.pos] != c {
		if sc.skipSpace() != nil || sc.pos >= len(sc.s) || sc.s[sc.pos] != c {
			return false
		}
	}
	sc.pos++
	return true
}

// cell reads one literal.
func (sc *scanner) cell() (Cell, bool) {
	if sc.skipSpace() != nil || sc.pos >= len(sc.s) {
		return Cell{}, false
	}
	switch c := sc.s[sc.pos]; {
	case c == '\'' || c == '"':
		return sc.textCell(types.String)
	case c >= '0' && c <= '9', c == '-', c == '+', c == '.':
		return sc.numberCell()
	}
	t, err := sc.next()
	if err != nil || t.kind != tokWord {
		return Cell{}, false
	}
	switch word := sc.s[t.pos:t.end]; {
	case strings.EqualFold(word, "NULL"):
		return Cell{Kind: types.Null}, true
	case strings.EqualFold(word, "TRUE"):
		return Cell{Kind: types.Int64, I: 1}, true
	case strings.EqualFold(word, "FALSE"):
		return Cell{Kind: types.Int64}, true
	case strings.EqualFold(word, "_binary") && sc.skipSpace() == nil && sc.pos < len(sc.s) && (sc.s[sc.pos] == '\'' || sc.s[sc.pos] == '"'):
		return sc.textCell(types.Bytes)
	}
	return Cell{}, false
}

// textCell reads a quoted string. What stands in it without escapes is not
// copied.
func (sc *scanner) textCell(kind types.Kind) (Cell, bool) {
	t, err := sc.quoted(tokString, sc.s[sc.pos])
	if err != nil {
		return Cell{}, false
	}
	s := sc.s[t.pos+1 : t.end-1]
	q := sc.s[t.pos]
	if strings.IndexByte(s, '\\') >= 0 || strings.IndexByte(s, q) >= 0 {
		s = unescape(s, q)
	}
	if kind == types.String && !utf8.ValidString(s) {
		return Cell{}, false
	}
	return Cell{Kind: kind, S: s}, true
}

// unescape replaces doubled quotes and MySQL's backslash escapes; \% and \_
// keep their backslash.
func unescape(s string, q byte) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == q {
			i++
		} else if c == '\\' && i+1 < len(s) {
			i++
			switch c = s[i]; c {
			case '0':
				c = 0
			case 'b':
				c = '\b'
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'Z':
				c = 26
			case '%', '_':
				out = append(out, '\\')
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// numberCell reads a number with an optional sign.
func (sc *scanner) numberCell() (Cell, bool) {
	start := sc.pos
	end := start
	if sc.s[end] == '-' || sc.s[end] == '+' {
		end++
	}
	digits, point, exponent := 0, false, false
	for ; end < len(sc.s); end++ {
		switch c := sc.s[end]; {
		case c >= '0' && c <= '9':
			digits++
			continue
		case c == '.' && !point && !exponent:
			point = true
			continue
		case (c == 'e' || c == 'E') && !exponent && digits > 0:
			exponent = true
			if end+1 < len(sc.s) && (sc.s[end+1] == '-' || sc.s[end+1] == '+') {
				end++
			}
			continue
		}
		break
	}
	if digits == 0 || end < len(sc.s) && (isWordByte(sc.s[end]) || sc.s[end] == '.') {
		return Cell{}, false
	}
	sc.pos = end
	text := strings.TrimPrefix(sc.s[start:end], "+")
	switch {
	case exponent:
		f, err := strconv.ParseFloat(text, 64)
		return Cell{Kind: types.Float64, F: f}, err == nil
	case point:
		return Cell{Kind: types.Decimal, S: text}, true
	}
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return Cell{Kind: types.Int64, I: i}, true
	}
	if u, err := strconv.ParseUint(text, 10, 64); err == nil {
		return Cell{Kind: types.Uint64, I: int64(u)}, true
	}
	return Cell{Kind: types.Decimal, S: text}, true
}
