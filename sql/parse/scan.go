package parse

import (
	"strings"
	"unicode/utf8"

	"github.com/weirdb/weir/sqlerr"
)

// tokenKind classifies what the front's scanner sees: enough to find words
// and the ends of statements, no more.
type tokenKind uint8

const (
	tokEnd    tokenKind = iota
	tokWord             // a bare name or keyword
	tokQuoted           // `a name`
	tokString           // 'text' or "text"
	tokNumber
	tokPunct // one byte
)

type token struct {
	kind     tokenKind
	pos, end int // in bytes of the whole text
}

// scanner reads tokens and skips white space and comments. The content of
// /*! .. */ is code.
type scanner struct {
	s   string
	pos int
	// bang is set inside /*! .. */.
	bang bool
}

// next returns the next token; its error is a syntax error.
func (sc *scanner) next() (token, error) {
	if err := sc.skipSpace(); err != nil {
		return token{}, err
	}
	if sc.pos >= len(sc.s) {
		return token{tokEnd, len(sc.s), len(sc.s)}, nil
	}
	start := sc.pos
	switch c := sc.s[start]; {
	case c == '\'' || c == '"':
		return sc.quoted(tokString, c)
	case c == '`':
		return sc.quoted(tokQuoted, c)
	case isWordByte(c):
		end := start
		for end < len(sc.s) && isWordByte(sc.s[end]) {
			end++
		}
		sc.pos = end
		if !utf8.ValidString(sc.s[start:end]) {
			return token{}, syntaxError(sc.s, start, "names are UTF-8")
		}
		kind := tokWord
		if c >= '0' && c <= '9' {
			kind = tokNumber
		}
		return token{kind, start, end}, nil
	case c == 0:
		return token{}, syntaxError(sc.s, start, "a NUL byte may stand in strings only")
	}
	sc.pos++
	return token{tokPunct, start, sc.pos}, nil
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$' || c >= 0x80
}

// skipSpace moves behind white space and comments.
func (sc *scanner) skipSpace() error {
	for sc.pos < len(sc.s) {
		rest := sc.s[sc.pos:]
		switch c := rest[0]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			sc.pos++
		case c == '#', c == '-' && isLineComment(rest):
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				sc.pos += n + 1
			} else {
				sc.pos = len(sc.s)
			}
		case sc.bang && strings.HasPrefix(rest, "*/"):
			sc.bang = false
			sc.pos += 2
		case strings.HasPrefix(rest, "/*!"):
			sc.bang = true
			sc.pos += 3
			for n := 0; n < 6 && sc.pos < len(sc.s) && sc.s[sc.pos] >= '0' && sc.s[sc.pos] <= '9'; n++ {
				sc.pos++
			}
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return syntaxError(sc.s, sc.pos, "the comment has no end")
			}
			sc.pos += n + 4
		default:
			return nil
		}
	}
	return nil
}

// isLineComment tells whether s, which begins with -, begins with "-- ".
func isLineComment(s string) bool {
	return strings.HasPrefix(s, "--") && (len(s) == 2 || s[2] <= ' ')
}

// quoted reads to the closing quote, which doubled (or, in strings, behind a
// backslash) stands for itself.
func (sc *scanner) quoted(kind tokenKind, q byte) (token, error) {
	start := sc.pos
	for i := start + 1; i < len(sc.s); i++ {
		switch c := sc.s[i]; {
		case c == '\\' && kind == tokString:
			i++
		case c == q && i+1 < len(sc.s) && sc.s[i+1] == q:
			i++
		case c == q:
			sc.pos = i + 1
			if kind == tokQuoted && (!utf8.ValidString(sc.s[start:sc.pos]) || strings.IndexByte(sc.s[start:sc.pos], 0) >= 0) {
				return token{}, syntaxError(sc.s, start, "names are UTF-8 without NUL bytes")
			}
			return token{kind, start, sc.pos}, nil
		}
	}
	return token{}, syntaxError(sc.s, start, "the quote is not closed")
}

// The nesting that is let through: the parser, the visitors of its tree and
// the binder recurse, and a stack that overflows ends the process. maxSpine
// bounds the tokens since the last comma, summed over the open parentheses,
// which no path of a tree exceeds.
const (
	maxParens = 1000
	maxSpine  = 40000

	errTooDeep = 1436 // MySQL's ER_STACK_OVERRUN_NEED_MORE
)

// maxCopied bounds the bytes that the grammar copies to put adjacent strings
// ('a' 'b' is 'ab') together: each one copies all before it.
const maxCopied = 256 << 20

// depth follows the nesting of a statement.
type depth struct {
	levels []int // tokens since the last comma, per open parenthesis
	total  int
	run    int // bytes of the adjacent strings up to here
	copied int
}

func (d *depth) see(s string, t token) error {
	if len(d.levels) == 0 {
		d.levels = append(d.levels, 0)
	}
	top := len(d.levels) - 1
	if t.kind == tokPunct {
		switch s[t.pos] {
		case '(':
			d.levels = append(d.levels, 0)
		case ')':
			if top > 0 {
				d.total -= d.levels[top]
				d.levels = d.levels[:top]
			}
		case ',':
			d.total -= d.levels[top]
			d.levels[top] = 0
		default:
			d.levels[top]++
			d.total++
		}
	} else {
		d.levels[top]++
		d.total++
	}
	if t.kind != tokString {
		d.run = 0
	} else if d.run += t.end - t.pos; d.run > t.end-t.pos {
		d.copied += d.run
	}
	if d.copied > maxCopied {
		line, col := position(s, t.pos)
		return sqlerr.New(errTooDeep, "The statement puts too many adjacent strings together").At(line, col)
	}
	if len(d.levels) > maxParens || d.total > maxSpine {
		line, col := position(s, t.pos)
		return sqlerr.New(errTooDeep, "The statement is nested too deeply").At(line, col).
			WithHint("at most %d open parentheses and %d words without a comma", maxParens, maxSpine)
	}
	return nil
}

// piece is one statement cut out of a text.
type piece struct {
	full   string
	offset int
	sql    string
	next   int // where the next statement begins, -1 at the end of the text
	words  [3]string
}

// split cuts the statement that begins at from.
func split(full string, from int) (piece, error) {
	sc := scanner{s: full, pos: from}
	p := piece{full: full, offset: -1, next: -1}
	var d depth
	end, n := len(full), 0
	for {
		t, err := sc.next()
		if err != nil {
			return p, err
		}
		if t.kind == tokEnd {
			break
		}
		if t.kind == tokPunct && full[t.pos] == ';' && !sc.bang {
			end, p.next = t.pos, t.end
			break
		}
		if p.offset < 0 {
			p.offset = t.pos
			if sc.bang {
				p.offset = strings.LastIndex(full[:t.pos], "/*!")
			}
		}
		if n < len(p.words) {
			if t.kind == tokWord {
				p.words[n] = strings.ToUpper(full[t.pos:t.end])
			}
			n++
		}
		if err := d.see(full, t); err != nil {
			return p, err
		}
	}
	if p.offset < 0 {
		p.offset = end
		return p, nil
	}
	if sc.bang {
		return p, syntaxError(full, len(full), "the comment has no end")
	}
	p.sql = strings.TrimRight(full[p.offset:end], " \t\r\n\f\v")
	return p, nil
}

// position returns line and column of a byte offset, from 1.
func position(s string, off int) (line, col int) {
	off = max(0, min(off, len(s)))
	before := s[:off]
	line = strings.Count(before, "\n") + 1
	return line, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}
