package console

import (
	"context"
	"sort"
	"strings"
	"sync"
	"time"
)

// names are what completion offers besides keywords. Safe for concurrent use.
type names struct {
	mu        sync.Mutex
	databases []string
	relations []string
	columns   map[string][]string // by relation, in lower case
	running   bool
	again     bool // asked for while it was running
	loads     sync.WaitGroup
}

// nameLimit bounds the relations whose columns are asked for, loadTime how
// long that may take.
const (
	nameLimit = 300
	loadTime  = 10 * time.Second
)

// reload asks for all names again, beside the user's session, until ctx ends.
func (n *names) reload(ctx context.Context, t target) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.again = true
	if n.running {
		return
	}
	n.running = true
	n.loads.Go(func() {
		for n.next() {
			n.load(ctx, t)
		}
	})
}

// next tells whether the names are to be asked for once more.
func (n *names) next() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running, n.again = n.again, false
	return n.running
}

// wait returns when no reload is running.
func (n *names) wait() { n.loads.Wait() }

func (n *names) load(ctx context.Context, t target) {
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	other, err := t.Second(ctx)
	if err != nil {
		return // no completion is no harm
	}
	defer other.Close()
	n.ask(ctx, other)
}

// ask asks t for all names.
func (n *names) ask(ctx context.Context, t target) {
	databases := firstColumn(ctx, t, "SHOW DATABASES")
	var relations []string
	columns := map[string][]string{}
	if t.DB() != "" {
		relations = firstColumn(ctx, t, "SHOW TABLES")
		for i, r := range relations {
			if i == nameLimit {
				break
			}
			columns[strings.ToLower(r)] = firstColumn(ctx, t, "SHOW COLUMNS FROM "+quoteName(r))
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.databases, n.relations, n.columns = databases, relations, columns
}

func firstColumn(ctx context.Context, t target, sql string) []string {
	var c collector
	if err := t.Exec(ctx, sql, &c); err != nil {
		return nil
	}
	var out []string
	for _, r := range c.rows {
		out = append(out, r[0].text)
	}
	return out
}

// changesNames tells whether a statement may change what there is.
func changesNames(sql string) bool {
	w := words(sql, 1)
	return len(w) == 1 && known(w[0], []string{"create", "drop", "alter", "rename", "use"})
}

// completer implements readline.AutoCompleter.
type completer struct {
	names   *names
	pending func() string // the lines before, of the same statement
}

// Do implements readline.AutoCompleter: it returns what may follow the word
// before pos, and that word's length.
func (c *completer) Do(line []rune, pos int) (rest [][]rune, length int) {
	before := string(line[:pos])
	at := len(before)
	for at > 0 && isWord(before[at-1]) {
		at--
	}
	word := before[at:]
	if strings.HasPrefix(before, `\`) && !strings.Contains(before, " ") {
		at, word = 0, before
	}
	for _, name := range c.candidates(c.pending()+before[:at], word, string(line)) {
		rest = append(rest, []rune(name)[len([]rune(word)):])
	}
	return rest, len([]rune(word))
}

// candidates returns the names that begin with word, in order, each once.
// before is the statement up to word, line the whole line.
func (c *completer) candidates(before, word, line string) []string {
	n := c.names
	n.mu.Lock()
	defer n.mu.Unlock()
	var from [][]string
	switch prev := lastWord(before); {
	case strings.HasPrefix(word, `\`):
		from = [][]string{backslashes}
	case strings.HasSuffix(before, "."):
		from = n.behind(strings.TrimSuffix(before, "."), c.pending()+line)
	case prev == "use":
		from = [][]string{n.databases}
	case prev == `\format`:
		from = [][]string{Formats}
	case known(prev, beforeRelation):
		from = [][]string{n.relations, n.databases}
	case word == "":
	default:
		from = [][]string{keywordsLike(word), n.relations, n.databases}
		for _, cols := range n.columns {
			from = append(from, cols)
		}
	}
	return matching(from, word)
}

// beforeRelation are the words that the name of a table or view follows.
var beforeRelation = []string{"from", "join", "into", "update", "table", "view", "describe", "desc", `\d`}

// behind returns what may follow a name and a dot: the columns of a relation,
// also under an alias that the statement gives it.
func (n *names) behind(before, statement string) [][]string {
	name := strings.ToLower(lastWord(before))
	if cols, ok := n.columns[name]; ok {
		return [][]string{cols}
	}
	f := strings.FieldsFunc(strings.ToLower(statement), func(r rune) bool { return r < 0x80 && !isWord(byte(r)) })
	for i := range f {
		cols, ok := n.columns[f[i]]
		if ok && (i+1 < len(f) && f[i+1] == name || i+2 < len(f) && f[i+1] == "as" && f[i+2] == name) {
			return [][]string{cols}
		}
	}
	return nil
}

// lastWord returns the word before blanks at the end of s, in lower case.
func lastWord(s string) string {
	f := strings.Fields(s)
	if len(f) == 0 {
		return ""
	}
	last := strings.ToLower(f[len(f)-1])
	at := len(last)
	for at > 0 && (isWord(last[at-1]) || last[at-1] == '\\') {
		at--
	}
	return last[at:]
}

func matching(from [][]string, word string) []string {
	seen := map[string]bool{}
	var out []string
	for _, list := range from {
		for _, name := range list {
			if len(name) >= len(word) && strings.EqualFold(name[:len(word)], word) && !seen[name] {
				seen[name] = true
				out = append(out, name)
			}
		}
	}
	sort.Strings(out)
	return out
}

// keywordsLike returns the keywords, in lower case when word is.
func keywordsLike(word string) []string {
	if word != strings.ToLower(word) {
		return keywords
	}
	out := make([]string, len(keywords))
	for i, k := range keywords {
		out[i] = strings.ToLower(k)
	}
	return out
}

var keywords = strings.Fields(`
ALL ALTER ANALYZE AND AS ASC AUTO_INCREMENT AVG BEGIN BETWEEN BIGINT BLOB BOOLEAN BY CASE CAST CHAR COALESCE COLLATE
COLUMNS COMMIT CONCAT COUNT CREATE CROSS CURRENT_DATE CURRENT_TIMESTAMP DATABASE DATABASES DATA DATE DATETIME DECIMAL DEFAULT
DELETE DESC DESCRIBE DISTINCT DOUBLE DROP DUPLICATE ELSE END EXISTS EXPLAIN FALSE FIELDS FLOAT FROM FULL GROUP HAVING
HOUR IF IFNULL IGNORE IN INDEX INFILE INNER INSERT INT INTEGER INTERVAL INTO IS JOIN KEY KILL LEFT LIKE LIMIT LINES LOAD LOCAL
MATERIALIZED MAX MIN MINUTE MONTH NOT NOW NULL NULLIF OFFSET ON OR ORDER OUTER PRIMARY PROCESSLIST QUERY REPLACE RIGHT
ROLLBACK ROUND SELECT SESSION SET SHOW SMALLINT START STATUS SUBSTRING SUM TABLE TABLES TERMINATED TEXT THEN TIMESTAMP TINYINT
TRANSACTION TRUE TRUNCATE UNION UNIQUE UNSIGNED UPDATE USE USING VALUES VARBINARY VARCHAR VARIABLES VIEW VIEWS WARNINGS WHEN
WHERE WITH YEAR`)
