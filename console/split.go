package console

import (
	"strings"
)

// item is what the splitter cuts out of its input: a statement or a backslash
// command.
type item struct {
	text     string // a statement without its end, or a command with its backslash
	line     int    // 1-based line of its first character
	command  bool
	vertical bool // it ended in \G
}

// splitter cuts lines into statements at ; \g and \G, and knows strings,
// quoted names and comments. It looks at each byte once, however long a
// statement is. The zero splitter is ready.
//
// A line that begins with a backslash where a statement could begin is a
// command. So are the bare words exit, quit and help; and USE needs no
// semicolon, as with MySQL's client.
type splitter struct {
	buf  []byte // the statement so far, from its first character that is no comment
	line int    // lines taken
	from int    // line of buf's beginning
	in   byte   // quote, '*' for a comment that is dropped, '!' for one that is kept; 0 outside
}

// add takes a line, without or with its line end, and returns what it
// completes.
func (s *splitter) add(line string) []item {
	s.line++
	line = strings.TrimRight(line, "\r\n")
	if s.empty() {
		if it, ok := s.word(line); ok {
			return []item{it}
		}
	}
	var out []item
	for i := 0; i < len(line); {
		if s.empty() && line[i] == '\\' {
			if rest := strings.TrimSpace(line[i:]); rest != `\g` && rest != `\G` {
				return append(out, item{text: rest, line: s.line, command: true})
			}
			break
		}
		n, end := s.scan(line[i:])
		if end {
			out = s.cut(out, n == 2 && line[i+1] == 'G')
		}
		i += n
	}
	if len(s.buf) > 0 {
		s.buf = append(s.buf, '\n')
	}
	return out
}

// empty tells whether a statement could begin here.
func (s *splitter) empty() bool { return s.in == 0 && len(s.buf) == 0 }

// word recognises lines that are whole without a semicolon.
func (s *splitter) word(line string) (item, bool) {
	text := strings.TrimSpace(strings.TrimRight(strings.TrimSpace(line), ";"))
	switch strings.ToLower(text) {
	case "exit", "quit":
		return item{text: `\q`, line: s.line, command: true}, true
	case "help", "?":
		return item{text: `\?`, line: s.line, command: true}, true
	}
	f := strings.Fields(text)
	if len(f) == 2 && strings.EqualFold(f[0], "use") && !strings.ContainsAny(text, ";\\'#") {
		return item{text: text, line: s.line}, true
	}
	return item{}, false
}

// scan takes what stands at the beginning of rest, which is not empty: a byte
// or a mark of several. It returns its length and whether it ends a statement.
func (s *splitter) scan(rest string) (n int, end bool) {
	switch s.in {
	case 0:
		return s.outside(rest)
	case '*', '!':
		return s.comment(rest), false
	}
	switch {
	case rest[0] == '\\' && s.in != '`' && len(rest) > 1:
		return s.keep(rest[:2]), false
	case rest[0] == s.in:
		s.in = 0 // a doubled quote opens again at once
	}
	return s.keep(rest[:1]), false
}

// comment goes on in a comment of /* and */.
func (s *splitter) comment(rest string) int {
	n, kept := 1, s.in == '!'
	if strings.HasPrefix(rest, "*/") {
		n, s.in = 2, 0
	}
	if kept || len(s.buf) > 0 {
		s.keep(rest[:n])
	}
	return n
}

func (s *splitter) outside(rest string) (n int, end bool) {
	c := rest[0]
	switch {
	case c == ';':
		return 1, true
	case strings.HasPrefix(rest, `\g`), strings.HasPrefix(rest, `\G`):
		return 2, true
	case isLineComment(rest):
		if len(s.buf) > 0 {
			s.keep(rest)
		}
		return len(rest), false
	case strings.HasPrefix(rest, "/*!"), strings.HasPrefix(rest, "/*+"):
		s.in = '!'
		return s.keep(rest[:3]), false
	case strings.HasPrefix(rest, "/*"):
		s.in = '*'
		if len(s.buf) > 0 {
			s.keep(rest[:2])
		}
		return 2, false
	case c == '\'' || c == '"' || c == '`':
		s.in = c
	case c <= ' ' && len(s.buf) == 0:
		return 1, false
	}
	return s.keep(rest[:1]), false
}

// isLineComment tells whether a comment to the end of the line begins here.
func isLineComment(rest string) bool {
	return strings.HasPrefix(rest, "#") || strings.HasPrefix(rest, "--") && (len(rest) == 2 || rest[2] <= ' ')
}

// keep appends text to the statement and returns its length.
func (s *splitter) keep(text string) int {
	if len(s.buf) == 0 {
		s.from = s.line
	}
	s.buf = append(s.buf, text...)
	return len(text)
}

// cut ends the statement so far. One without anything in it is dropped.
func (s *splitter) cut(out []item, vertical bool) []item {
	if text := strings.TrimSpace(string(s.buf)); text != "" {
		out = append(out, item{text: text, line: s.from, vertical: vertical})
	}
	s.buf = s.buf[:0]
	return out
}

// end returns the last statement, which needs no semicolon.
func (s *splitter) end() []item {
	out := s.cut(nil, false)
	s.in = 0
	return out
}

// drop forgets the statement begun.
func (s *splitter) drop() { s.buf, s.in = s.buf[:0], 0 }

// prompt shows what the next line goes on with: a statement, a quote or a
// comment. It is empty where a statement could begin.
func (s *splitter) prompt() string {
	switch {
	case s.in == '*' || s.in == '!':
		return "/*> "
	case s.in != 0:
		return string(rune(s.in)) + "> "
	case len(s.buf) > 0:
		return "-> "
	}
	return ""
}

// oneLine writes a statement on one line, for the history: comments to the
// end of a line go, a line end within a string becomes \n.
func oneLine(text string) string {
	var s splitter
	var out strings.Builder
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			switch s.in {
			case '\'', '"':
				out.WriteString(`\n`)
			default:
				out.WriteByte(' ')
			}
		}
		for at := 0; at < len(line); {
			if s.in == 0 && isLineComment(line[at:]) {
				break
			}
			n, _ := s.scan(line[at:])
			out.WriteString(line[at : at+n])
			at += n
		}
	}
	return strings.TrimSpace(out.String())
}
