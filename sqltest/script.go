// Package sqltest runs SQL scripts in the sqllogictest format (.slt) against
// a Weir engine, every query both ways: as a pull query, and as a
// materialized view made before the data came, in the middle of it, and after
// it. A view that differs from its query is a failure.
//
// README.md describes the format for those who write scripts or bring their
// own.
package sqltest

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Record is one record of a script: *Statement, *Query or *Directive.
type Record interface {
	// Line is the record's place in the file, from 1.
	Line() int
	// skipped tells whether skipif and onlyif leave the record out for db.
	skipped(db string) bool
}

// head is what every record has.
type head struct {
	line  int
	conds []cond
}

// cond is a skipif or onlyif line.
type cond struct {
	only bool
	db   string
}

// Line implements Record.
func (h *head) Line() int { return h.line }

func (h *head) skipped(db string) bool {
	for _, c := range h.conds {
		if c.only != (c.db == db) {
			return true
		}
	}
	return false
}

// Statement is `statement ok`, `statement error [pattern]` or
// `statement count N`.
type Statement struct {
	head
	SQL     string
	WantErr bool
	Pattern string // of the error's text, a substring or /regexp/
	Count   int64  // rows affected, -1: any
	Conn    string // name of the connection, "" for the first
}

// SortMode is how results are compared.
type SortMode string

// The sort modes.
const (
	NoSort    SortMode = "nosort"
	RowSort   SortMode = "rowsort"
	ValueSort SortMode = "valuesort"
)

// Query is `query <types> [sort] [label]` with its expected values, one a
// line in row order, or `N values hashing to <md5>`; or `query error`.
type Query struct {
	head
	SQL     string
	Types   string // a letter a column: I integer, R real, T text
	Sort    SortMode
	Label   string
	Want    []string
	Hash    string // md5 of the values, when they are many
	Count   int    // of hashed values
	WantErr bool
	Pattern string
	Conn    string
	// NoView says that a line `noview <why>` before the query keeps it from
	// being run as a view.
	NoView bool
}

// Directive is any other record: halt, restart, hash-threshold, check.
type Directive struct {
	head
	Name string
	Args []string
}

// Script is a parsed file.
type Script struct {
	Name    string
	Records []Record
}

// Parse reads a script; name is for messages.
func Parse(name string, r io.Reader) (*Script, error) {
	p := &parser{sc: bufio.NewScanner(r), script: &Script{Name: name}}
	p.sc.Buffer(make([]byte, 1<<20), 64<<20)
	for p.next() {
		if err := p.record(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, p.line, err)
		}
	}
	return p.script, p.sc.Err()
}

type parser struct {
	sc     *bufio.Scanner
	script *Script
	line   int
	text   string
	conds  []cond
	conn   string
	noview bool
}

func (p *parser) next() bool {
	if !p.sc.Scan() {
		return false
	}
	p.line++
	p.text = strings.TrimRight(p.sc.Text(), "\r")
	return true
}

// record reads the record that begins at the present line.
func (p *parser) record() error {
	text := strings.TrimSpace(p.text)
	if text == "" || strings.HasPrefix(text, "#") {
		return nil
	}
	words := strings.Fields(text)
	switch words[0] {
	case "skipif", "onlyif":
		if len(words) < 2 {
			return fmt.Errorf("%s needs a database name", words[0])
		}
		p.conds = append(p.conds, cond{only: words[0] == "onlyif", db: words[1]})
		return nil
	case "connection":
		if len(words) != 2 {
			return fmt.Errorf("connection needs a name")
		}
		p.conn = words[1]
		return nil
	case "noview":
		p.noview = true
		return nil
	}
	h := head{line: p.line, conds: p.conds}
	p.conds = nil
	defer func() { p.conn, p.noview = "", false }()
	switch words[0] {
	case "statement":
		return p.statement(h, words[1:])
	case "query":
		return p.query(h, words[1:])
	case "halt", "restart", "hash-threshold", "check", "rewrite-ok":
		p.script.Records = append(p.script.Records, &Directive{head: h, Name: words[0], Args: words[1:]})
		return nil
	}
	return fmt.Errorf("unknown record %q", words[0])
}

func (p *parser) statement(h head, args []string) error {
	s := &Statement{head: h, Count: -1, Conn: p.conn}
	if len(args) == 0 {
		return fmt.Errorf("statement needs ok, error or count")
	}
	switch args[0] {
	case "ok":
	case "error":
		s.WantErr = true
		s.Pattern = strings.Join(args[1:], " ")
	case "count":
		if len(args) != 2 {
			return fmt.Errorf("statement count needs a number")
		}
		n, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		s.Count = n
	default:
		return fmt.Errorf("statement %q: want ok, error or count", args[0])
	}
	s.SQL = p.body()
	p.script.Records = append(p.script.Records, s)
	return nil
}

// body reads SQL up to an empty line or the ---- of a query.
func (p *parser) body() string {
	var lines []string
	for p.next() {
		if strings.TrimSpace(p.text) == "" || strings.TrimSpace(p.text) == "----" {
			break
		}
		lines = append(lines, p.text)
	}
	return strings.Join(lines, "\n")
}

func (p *parser) query(h head, args []string) error {
	q := &Query{head: h, Sort: NoSort, Conn: p.conn, NoView: p.noview}
	if len(args) == 0 {
		return fmt.Errorf("query needs column types")
	}
	if args[0] == "error" {
		q.WantErr, q.Pattern = true, strings.Join(args[1:], " ")
	} else {
		q.Types = args[0]
		for _, a := range args[1:] {
			switch SortMode(a) {
			case NoSort, RowSort, ValueSort:
				q.Sort = SortMode(a)
			default:
				q.Label = a
			}
		}
	}
	q.SQL = p.body()
	if strings.TrimSpace(p.text) == "----" {
		for p.next() && p.text != "" {
			q.Want = append(q.Want, p.text)
		}
	}
	q.hashed()
	p.script.Records = append(p.script.Records, q)
	return nil
}

// hashed recognises `N values hashing to H`.
func (q *Query) hashed() {
	if len(q.Want) != 1 {
		return
	}
	f := strings.Fields(q.Want[0])
	if len(f) == 5 && f[1] == "values" && f[2] == "hashing" && f[3] == "to" {
		if n, err := strconv.Atoi(f[0]); err == nil {
			q.Count, q.Hash, q.Want = n, f[4], nil
		}
	}
}
