package console

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/weirdb/weir/sqlerr"
)

// target is a session somewhere that runs statements. A target runs one call
// at a time.
type target interface {
	// Exec runs one statement, without its semicolon, and tells out. Its
	// error is an *sqlerr.Error where the database refused, errLost where the
	// connection broke, or out's own. When ctx ends, the statement is ended
	// where it runs, and the error is errno 1317.
	Exec(ctx context.Context, sql string, out sink) error
	// DB is the session's database; may be empty. It may be called beside a
	// running Exec.
	DB() string
	// Second opens another session of the same kind and database, for
	// looking around; it may be called beside a running Exec.
	Second(ctx context.Context) (target, error)
	// About says in a line what the user is talking to.
	About() string
	// Close ends the session, and an embedded engine with it.
	Close() error
}

// sink takes the outcome of one statement: Columns, Row.., Done for a result
// set, Done alone otherwise; neither after an error.
type sink interface {
	Columns(cols []column) error
	// Row passes one row; cells are borrowed until it returns.
	Row(cells []cell) error
	Done(s summary) error
}

// column is a column of a result set. typ is the name of its SQL type, such
// as "bigint unsigned", "decimal(10,2)", "varbinary".
type column struct {
	name, typ string
}

// cell is one value as text; of binary columns, the bytes.
type cell struct {
	text string
	null bool
}

// summary ends a statement.
type summary struct {
	affected     uint64
	lastInsertID uint64
	warnings     int
	info         string
}

// lost is an error of the connection rather than the statement.
type lost struct{ err error }

// Error implements error.
func (e *lost) Error() string { return fmt.Sprintf("the connection is lost: %v", e.err) }

// Unwrap returns the cause.
func (e *lost) Unwrap() error { return e.err }

var errInterrupted = sqlerr.New(sqlerr.ErrQueryInterrupted, "Query execution was interrupted")

// current is the database of a session. Safe for concurrent use.
type current struct {
	mu sync.Mutex
	db string
}

// DB returns the database.
func (c *current) DB() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.db
}

func (c *current) setDB(db string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.db = db
}

// connect opens the target that o names.
func connect(ctx context.Context, o *Options) (target, error) {
	if o.URL == "" {
		return openEmbedded(ctx, o.Data, o.DB)
	}
	u, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	db := o.DB
	if db == "" {
		db = strings.Trim(u.Path, "/")
	}
	if u.Scheme == "mysql" {
		return openMySQL(ctx, u, db)
	}
	return openHTTP(ctx, u, db)
}

// parseURL reads a server's URL and fills in the port of its door.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	port := map[string]string{"http": "5440", "https": "443", "mysql": "3307"}[u.Scheme]
	switch {
	case port == "":
		return nil, fmt.Errorf("--url %s: it should begin with http://, https:// or mysql://", u.Redacted())
	case u.Hostname() == "":
		return nil, fmt.Errorf("--url %s: it names no host", u.Redacted())
	case u.Port() == "":
		u.Host += ":" + port
	}
	return u, nil
}

// words returns the first n words of a statement in lower case, fewer where
// there are fewer.
func words(sql string, n int) []string {
	var out []string
	for len(out) < n {
		sql = skipBlank(sql)
		end := 0
		for end < len(sql) && isWord(sql[end]) {
			end++
		}
		if end == 0 {
			break
		}
		out = append(out, strings.ToLower(sql[:end]))
		sql = sql[end:]
	}
	return out
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// skipBlank returns s behind blanks and comments.
func skipBlank(s string) string {
	for s != "" {
		switch {
		case s[0] <= ' ':
			s = s[1:]
		case strings.HasPrefix(s, "/*") && !strings.HasPrefix(s, "/*!"):
			_, s, _ = strings.Cut(s[2:], "*/")
		case isLineComment(s):
			_, s, _ = strings.Cut(s, "\n")
		default:
			return s
		}
	}
	return s
}

// usedDB returns the database that a USE statement names.
func usedDB(sql string) (db string, ok bool) {
	if w := words(sql, 1); len(w) == 0 || w[0] != "use" {
		return "", false
	}
	name := strings.TrimSpace(skipBlank(sql)[len("use"):])
	if len(name) > 1 && name[0] == '`' && name[len(name)-1] == '`' {
		name = strings.ReplaceAll(name[1:len(name)-1], "``", "`")
	}
	return name, name != ""
}

// quoteName quotes an identifier.
func quoteName(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
