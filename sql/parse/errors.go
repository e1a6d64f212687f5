package parse

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pingcap/errors"
	"github.com/pingcap/tidb/pkg/parser/terror"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/sqlerr"
)

// nearLength is how much of the text MySQL shows in a syntax error.
const nearLength = 80

// syntaxError is errno 1064 at byte off of the whole text s.
func syntaxError(s string, off int, hint string) *sqlerr.Error {
	off = max(0, min(off, len(s)))
	line, col := position(s, off)
	near := strings.ToValidUTF8(s[off:], "\uFFFD")
	if len(near) > nearLength {
		cut := nearLength
		for !utf8.RuneStart(near[cut]) {
			cut--
		}
		near = near[:cut]
	}
	e := sqlerr.New(sqlerr.ErrParse,
		"You have an error in your SQL syntax; check the manual for the right syntax to use near '%s' at line %d", near, line)
	e = e.At(line, col)
	if hint != "" {
		e = e.WithHint("%s", hint)
	}
	return e
}

// convertError gives an error of the grammar MySQL's number, text and place.
// sql is what was parsed: text.SQL with our own words blanked.
func convertError(text *Text, sql string, err error) error {
	if te, ok := errors.Cause(err).(*terror.Error); ok {
		me := terror.ToSQLError(te)
		if me.Code != sqlerr.ErrParse && me.Code != sqlerr.ErrSyntax {
			return sqlerr.New(me.Code, "%s", me.Message).At(text.Position(text.Find(quotedWord(me.Message))))
		}
	}
	off, detail := faultOffset(sql, err.Error())
	hint := detail
	if hint == "" {
		hint = keywordHint(sql, off)
	}
	return syntaxError(text.Full, text.Offset+off, hint)
}

// quotedWord returns what a message puts in quotes first.
func quotedWord(msg string) string {
	_, rest, _ := strings.Cut(msg, "'")
	word, _, _ := strings.Cut(rest, "'")
	return word
}

// faultOffset finds the place of a grammar error, which reads
//
//	line 1 column 5 near "the rest of the text"detail (total length 9)
//
// where the rest is cut at 2048 bytes and its whole length appended.
func faultOffset(sql, msg string) (off int, detail string) {
	_, tail, ok := strings.Cut(msg, ` near "`)
	if !ok {
		return 0, msg
	}
	if i := strings.LastIndex(tail, "(total length "); i >= 0 {
		var n int
		if _, err := fmt.Sscanf(tail[i:], "(total length %d)", &n); err == nil && n <= len(sql) && n > 2048 {
			rest := strings.TrimPrefix(tail[:i], sql[len(sql)-n:len(sql)-n+2048])
			return len(sql) - n, strings.TrimSpace(strings.TrimPrefix(rest, `"`))
		}
	}
	for n := min(len(sql), len(tail)); n >= 0; n-- {
		rest := sql[len(sql)-n:]
		if len(tail) > n && tail[n] == '"' && strings.HasPrefix(tail, rest) {
			return len(sql) - n, strings.TrimSpace(tail[n+1:])
		}
	}
	return 0, ""
}

// keywordHint suggests the keyword that the word at byte off of sql may have
// been meant to be; a keyword is not a slip of another one.
func keywordHint(sql string, off int) string {
	s := sql[off:]
	sc := scanner{s: s}
	t, err := sc.next()
	if err != nil || t.kind != tokWord || t.end-t.pos > 20 {
		return ""
	}
	words := clauseWords
	switch {
	case off == 0:
		words = statementWords
	case createsTable.MatchString(sql):
		words = typeWords
	}
	word := strings.ToUpper(s[t.pos:t.end])
	if slices.Contains(statementWords, word) || slices.Contains(clauseWords, word) {
		return ""
	}
	if w := catalog.Nearest(word, words); w != "" && w != word {
		return "did you mean " + strconv.Quote(w) + "?"
	}
	return ""
}

var (
	statementWords = []string{"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "DROP", "TRUNCATE", "SHOW", "DESCRIBE",
		"EXPLAIN", "SET", "USE", "BEGIN", "START", "COMMIT", "ROLLBACK", "LOAD", "KILL", "PREPARE", "EXECUTE", "DEALLOCATE", "WITH"}
	clauseWords = []string{"FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "JOIN", "INNER", "LEFT", "RIGHT", "CROSS", "USING",
		"VALUES", "INTO", "TABLE", "MATERIALIZED", "DATABASE", "INDEX", "UNIQUE", "PRIMARY", "UNION", "DISTINCT", "BETWEEN", "INTERVAL"}
	typeWords = []string{"TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "BIGINT", "UNSIGNED", "BOOLEAN", "DECIMAL", "FLOAT", "DOUBLE", "CHAR",
		"VARCHAR", "TEXT", "STRING", "BINARY", "VARBINARY", "BLOB", "DATE", "DATETIME", "TIMESTAMP", "NOT", "NULL", "DEFAULT", "AUTO_INCREMENT",
		"PRIMARY", "KEY", "UNIQUE", "INDEX", "COLLATE"}
	createsTable = regexp.MustCompile(`(?i)^\s*create\s+table\b`)
)
