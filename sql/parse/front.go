package parse

import (
	"strings"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// parse makes a statement of the piece: one of our own by its first words,
// otherwise one of the ordinary grammar.
func (p piece) parse() (Stmt, error) {
	text := Text{Full: p.full, Offset: p.offset, SQL: p.sql}
	c := cursor{text: &text, sc: scanner{s: p.full[:p.offset+len(p.sql)], pos: p.offset}}
	switch {
	case p.words == [3]string{"CREATE", "MATERIALIZED", "VIEW"}:
		return c.createView()
	case p.words == [3]string{"CREATE", "OR", "REPLACE"} && c.words("CREATE", "OR", "REPLACE", "MATERIALIZED"):
		return nil, c.refuse("CREATE OR REPLACE MATERIALIZED VIEW", "DROP it and CREATE it again")
	case p.words == [3]string{"DROP", "MATERIALIZED", "VIEW"}:
		return c.dropViews()
	case p.words == [3]string{"SHOW", "MATERIALIZED", "VIEWS"}:
		return c.showViews()
	case p.words == [3]string{"SHOW", "CREATE", "MATERIALIZED"}:
		return c.showCreateView()
	case p.words[0] == "EXPLAIN" && p.words[1] == "VIEW":
		return c.explainView()
	case p.words[0] == "CREATE" && (p.words[1] == "TABLE" || p.words[1] == "TEMPORARY"):
		return c.createTable()
	case p.words[0] == "INSERT" || p.words[0] == "REPLACE":
		if s, ok := c.insertRows(); ok {
			return s, nil
		}
	}
	return parseTree(text, p.sql)
}

// cursor walks the tokens of one statement.
type cursor struct {
	text *Text
	sc   scanner
	tok  token
	err  error // the first scanner error; the text then ends
}

func (c *cursor) advance() token {
	t, err := c.sc.next()
	if err != nil && c.err == nil {
		c.err, t = err, token{tokEnd, len(c.sc.s), len(c.sc.s)}
	}
	c.tok = t
	return t
}

// peek returns the token that advance would, without moving.
func (c *cursor) peek() token {
	ahead := *c
	return ahead.advance()
}

func (c *cursor) str(t token) string { return c.sc.s[t.pos:t.end] }

func (c *cursor) is(t token, word string) bool {
	return (t.kind == tokWord || t.kind == tokPunct) && strings.EqualFold(c.str(t), word)
}

// accept moves behind word if it comes next.
func (c *cursor) accept(word string) bool {
	if !c.is(c.peek(), word) {
		return false
	}
	c.advance()
	return true
}

// words moves behind the words if all of them come next in this order.
func (c *cursor) words(words ...string) bool {
	ahead := *c
	for _, w := range words {
		if !ahead.accept(w) {
			return false
		}
	}
	*c = ahead
	return true
}

func (c *cursor) expect(words ...string) error {
	for _, w := range words {
		if !c.accept(w) {
			return c.fault("expected " + w)
		}
	}
	return nil
}

// fault is a syntax error at the next token.
func (c *cursor) fault(hint string) error {
	t := c.peek()
	if c.err != nil {
		return c.err
	}
	return syntaxError(c.sc.s, t.pos, hint)
}

func (c *cursor) refuse(what, hint string) error {
	line, col := position(c.sc.s, c.tok.pos)
	return sqlerr.NotSupported("%s", what).At(line, col).WithHint("%s", hint)
}

// ident reads one name, bare or quoted.
func (c *cursor) ident() (string, error) {
	t := c.peek()
	switch t.kind {
	case tokWord:
		c.advance()
		return c.str(t), nil
	case tokQuoted:
		c.advance()
		s := c.str(t)
		if s = strings.ReplaceAll(s[1:len(s)-1], "``", "`"); s != "" {
			return s, nil
		}
	}
	return "", c.fault("expected a name")
}

// name reads [db.]name.
func (c *cursor) name() (Name, error) {
	n := Name{Offset: c.peek().pos - c.text.Offset}
	var err error
	if n.Name, err = c.ident(); err == nil && c.accept(".") {
		n.DB = n.Name
		n.Name, err = c.ident()
	}
	return n, err
}

// end checks that nothing follows.
func (c *cursor) end() error {
	if c.peek().kind != tokEnd || c.err != nil {
		return c.fault("")
	}
	return nil
}

func (c *cursor) createView() (Stmt, error) {
	c.words("CREATE", "MATERIALIZED", "VIEW")
	v := &CreateView{Text: *c.text, IfNotExists: c.words("IF", "NOT", "EXISTS")}
	var err error
	if v.View, err = c.name(); err != nil {
		return nil, err
	}
	if c.accept("(") {
		if v.Cols, err = c.columnNames(); err != nil {
			return nil, err
		}
	}
	if c.accept("WITH") {
		return nil, c.refuse("WITH (..) of a materialized view", "every view is kept in step with its tables")
	}
	if err := c.expect("AS"); err != nil {
		return nil, err
	}
	t := c.peek()
	if c.err != nil {
		return nil, c.err
	}
	if !c.is(t, "SELECT") && !c.is(t, "WITH") && !c.is(t, "(") && !c.is(t, "VALUES") && !c.is(t, "TABLE") {
		return nil, c.fault("expected SELECT")
	}
	begin := t.pos - c.text.Offset
	v.SelectText = c.text.SQL[begin:]
	v.Select, err = parseTree(*c.text, strings.Repeat(" ", begin)+v.SelectText)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// columnNames reads the list behind the name of a view up to its ")".
func (c *cursor) columnNames() ([]string, error) {
	var cols []string
	for {
		if c.words("PRIMARY", "KEY") {
			return nil, c.refuse("PRIMARY KEY of a materialized view", "its key comes from the query")
		}
		name, err := c.ident()
		if err != nil {
			return nil, err
		}
		cols = append(cols, name)
		if c.accept(")") {
			return cols, nil
		}
		if err := c.expect(","); err != nil {
			return nil, err
		}
	}
}

func (c *cursor) dropViews() (Stmt, error) {
	c.words("DROP", "MATERIALIZED", "VIEW")
	d := &DropViews{Text: *c.text, IfExists: c.words("IF", "EXISTS")}
	for {
		n, err := c.name()
		if err != nil {
			return nil, err
		}
		d.Views = append(d.Views, n)
		if !c.accept(",") {
			break
		}
	}
	if !c.accept("RESTRICT") && c.accept("CASCADE") {
		return nil, c.refuse("DROP .. CASCADE", "drop the views above it first")
	}
	return d, c.end()
}

func (c *cursor) showViews() (Stmt, error) {
	c.words("SHOW", "MATERIALIZED", "VIEWS")
	s := &ShowViews{Text: *c.text}
	if c.accept("FROM") || c.accept("IN") {
		db, err := c.ident()
		if err != nil {
			return nil, err
		}
		s.DB = db
	}
	if c.accept("LIKE") {
		t := c.peek()
		if t.kind != tokString {
			return nil, c.fault("expected a pattern in quotes")
		}
		c.advance()
		like := unquote(c.str(t))
		s.Like = &like
	}
	return s, c.end()
}

// unquote returns the characters of a quoted string without escapes other
// than doubled quotes; \% and \_ stay as LIKE wants them.
func unquote(s string) string {
	q := s[:1]
	return strings.ReplaceAll(s[1:len(s)-1], q+q, q)
}

func (c *cursor) showCreateView() (Stmt, error) {
	c.words("SHOW", "CREATE", "MATERIALIZED")
	if err := c.expect("VIEW"); err != nil {
		return nil, err
	}
	n, err := c.name()
	if err != nil {
		return nil, err
	}
	return &ShowCreateView{Text: *c.text, View: n}, c.end()
}

func (c *cursor) explainView() (Stmt, error) {
	c.words("EXPLAIN", "VIEW")
	n, err := c.name()
	if err != nil {
		return nil, err
	}
	return &ExplainView{Text: *c.text, View: n}, c.end()
}

// ownTypes are our own names of column types, next to MySQL's.
var ownTypes = map[string]types.Type{
	"STRING":  types.TypeText,
	"BYTES":   types.TypeBytes,
	"UINT8":   {Kind: types.Uint8},
	"UINT16":  {Kind: types.Uint16},
	"UINT32":  {Kind: types.Uint32},
	"UINT64":  {Kind: types.Uint64},
	"INT16":   {Kind: types.Int16},
	"INT32":   {Kind: types.Int32},
	"INT64":   {Kind: types.Int64},
	"FLOAT32": {Kind: types.Float32},
	"FLOAT64": {Kind: types.Float64},
}

// notColumns begin an element of a table that is no column.
var notColumns = map[string]bool{"KEY": true, "INDEX": true, "UNIQUE": true, "PRIMARY": true, "CONSTRAINT": true,
	"FULLTEXT": true, "SPATIAL": true, "FOREIGN": true, "CHECK": true, "LIKE": true}

// createTable finds the columns that are declared with a type of our own,
// puts a stand-in of the same length there (strings keep one that takes
// CHARACTER SET) and parses the rest as usual.
func (c *cursor) createTable() (Stmt, error) {
	var own map[string]types.Type
	sql := []byte(c.text.SQL)
	depth, column := 0, ""
	start := false // the next token begins an element of the list
	for t := c.advance(); t.kind != tokEnd; t = c.advance() {
		switch {
		case c.is(t, "("):
			depth++
			start = depth == 1
			continue
		case c.is(t, ")"):
			depth--
		case c.is(t, ",") && depth == 1:
			start = true
			continue
		case start:
			column = ""
			if t.kind == tokQuoted || !notColumns[strings.ToUpper(c.str(t))] {
				column = strings.ToLower(strings.Trim(c.str(t), "`"))
			}
			start = false
			continue
		case column != "" && t.kind == tokWord:
			if typ, ok := ownTypes[strings.ToUpper(c.str(t))]; ok && depth == 1 {
				if own == nil {
					own = map[string]types.Type{}
				}
				own[column] = typ
				standIn(sql[t.pos-c.text.Offset:t.end-c.text.Offset], typ)
			}
		}
		column = ""
	}
	tree, err := parseTree(*c.text, string(sql))
	if err != nil {
		return nil, err
	}
	tree.Types = own
	return tree, nil
}

// standIn overwrites a type name with one of MySQL's, padded with spaces.
func standIn(word []byte, t types.Type) {
	name := "INT"
	if t.Kind == types.String {
		name = "TEXT"
	}
	for i := range word {
		word[i] = ' '
	}
	copy(word, name)
}
