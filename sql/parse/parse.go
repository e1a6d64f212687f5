// Package parse turns SQL text into statements.
//
// The grammar is MySQL 8's, by TiDB's parser, plus a few words of our own. A
// small front (front.go) splits the text into statements, refuses what could
// hurt the parser (NUL bytes, invalid UTF-8 in names, nesting without end), recognises
// our own statements and blanks our own words with as many spaces, so that
// every position in an error is a position in the user's text.
//
// Only this package and sql/bind know the parser's tree. A statement is
// immutable once returned and may be bound many times, also concurrently.
package parse

import (
	"strings"
	"sync"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// Stmt is a parsed statement: *Tree, *InsertRows, *CreateView, *DropViews,
// *ShowViews, *ShowCreateView or *ExplainView.
type Stmt interface {
	// Source is the statement's place in the text that was parsed.
	Source() *Text
	stmt()
}

// Text is the place of a statement in the text that was given to ParseAll.
type Text struct {
	Full   string // the whole text
	Offset int    // where the statement begins, in bytes
	SQL    string // the statement, without the semicolon and outer white space
}

// Source implements Stmt.
func (t *Text) Source() *Text { return t }

// Position returns the line and the column (in characters), both from 1, of
// the byte at offset off of the statement, counted in the whole text.
func (t *Text) Position(off int) (line, col int) {
	return position(t.Full, t.Offset+off)
}

// Name is the name of a table or view; DB is empty when it was not given.
// Offset is its place in the statement.
type Name struct {
	DB, Name string
	Offset   int
}

// Tree is a statement of the ordinary grammar.
type Tree struct {
	Text
	Node ast.StmtNode
	// Params is the number of ? placeholders; their literal nodes are *Param
	// with N counted in the order of the text.
	Params int
	// Types has the columns of a CREATE TABLE that were declared with a type
	// name of our own, by lower-case column name; Node has a stand-in there.
	Types map[string]types.Type
}

// CreateView is CREATE MATERIALIZED VIEW.
type CreateView struct {
	Text
	View        Name
	IfNotExists bool
	Cols        []string // names given to the columns; nil: those of the SELECT
	Select      *Tree    // its offsets are those of the whole statement
	SelectText  string   // the SELECT as written
}

// DropViews is DROP MATERIALIZED VIEW.
type DropViews struct {
	Text
	Views    []Name
	IfExists bool
}

// ShowViews is SHOW MATERIALIZED VIEWS.
type ShowViews struct {
	Text
	DB   string // empty: the current database
	Like *string
}

// ShowCreateView is SHOW CREATE MATERIALIZED VIEW.
type ShowCreateView struct {
	Text
	View Name
}

// ExplainView is EXPLAIN VIEW: the circuit of a view.
type ExplainView struct {
	Text
	View Name
}

func (*Tree) stmt()           {}
func (*CreateView) stmt()     {}
func (*DropViews) stmt()      {}
func (*ShowViews) stmt()      {}
func (*ShowCreateView) stmt() {}
func (*ExplainView) stmt()    {}

// ParseAll parses the statements of sql, which are separated by semicolons.
// Empty statements are left out. On an error (always a *sqlerr.Error, with a
// position) the statements before the faulty one are returned with it, so
// that they can run first, as in MySQL.
func ParseAll(sql string) ([]Stmt, error) {
	var out []Stmt
	for rest := 0; ; {
		f, err := split(sql, rest)
		if err != nil {
			return out, err
		}
		if f.sql != "" {
			s, err := f.parse()
			if err != nil {
				return out, err
			}
			out = append(out, s)
		}
		if f.next < 0 {
			return out, nil
		}
		rest = f.next
	}
}

// Parse parses exactly one statement; a trailing semicolon is allowed. No
// statement is errno 1065, a second one 1064.
func Parse(sql string) (Stmt, error) {
	f, err := split(sql, 0)
	if err != nil {
		return nil, err
	}
	if f.sql == "" && f.next < 0 {
		return nil, sqlerr.New(sqlerr.ErrEmptyQuery, "Query was empty")
	}
	if f.sql == "" {
		return nil, syntaxError(sql, f.next-1, "")
	}
	for next := f.next; next >= 0; {
		more, err := split(sql, next)
		if err != nil {
			return nil, err
		}
		if more.sql != "" {
			return nil, syntaxError(sql, more.offset, "one statement at a time is expected here")
		}
		next = more.next
	}
	return f.parse()
}

// parsers holds idle parsers: one costs some 100 kB and 30 us to make.
var parsers = sync.Pool{New: func() any { return parser.New() }}

// parseTree hands sql, a blanked form of text.SQL of equal length, to the
// ordinary grammar.
func parseTree(text Text, sql string) (*Tree, error) {
	p := parsers.Get().(*parser.Parser)
	nodes, _, err := p.ParseSQL(sql)
	if err != nil {
		parsers.Put(p)
		return nil, convertError(&text, sql, err)
	}
	if len(nodes) != 1 {
		parsers.Put(p)
		return nil, syntaxError(text.Full, text.Offset+len(sql), "")
	}
	t := &Tree{Text: text, Node: nodes[0]}
	p.Reset()
	parsers.Put(p)
	t.Params = numberParams(t.Node)
	return t, nil
}

// Find returns the offset in the statement of the first name, bare or quoted,
// that is word in any case; 0 when there is none.
func (t *Text) Find(word string) int {
	c := cursor{text: t, sc: scanner{s: t.Full[:t.Offset+len(t.SQL)], pos: t.Offset}}
	for tok := c.advance(); tok.kind != tokEnd; tok = c.advance() {
		s := c.str(tok)
		if tok.kind == tokQuoted {
			s = strings.ReplaceAll(s[1:len(s)-1], "``", "`")
		}
		if (tok.kind == tokWord || tok.kind == tokQuoted) && strings.EqualFold(s, word) {
			return tok.pos - t.Offset
		}
	}
	return 0
}
