package servertest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// batchRows is how many rows go into a batch.
const batchRows = 1000

// session implements engine.Session.
type session struct {
	node   *Node
	id     uint32
	o      engine.SessionOptions
	db     string
	inTxn  bool
	manual bool          // autocommit is off
	killed chan struct{} // guarded by node.mu; closed and replaced by Kill
}

// start brings the session to its first state.
func (s *session) start(o engine.SessionOptions) error {
	if o.DB != "" && !knownDB(o.DB) {
		return errBadDB(o.DB)
	}
	s.o, s.db, s.inTxn, s.manual = o, o.DB, false, false
	return nil
}

func knownDB(db string) bool { return db == "test" || db == "other" }

func errBadDB(db string) error { return sqlerr.New(sqlerr.ErrBadDB, "Unknown database '%s'", db) }

// ID implements engine.Session.
func (s *session) ID() uint32 { return s.id }

// SetMultiStatements implements engine.Session.
func (s *session) SetMultiStatements(on bool) { s.o.MultiStatements = on }

// Reset implements engine.Session.
func (s *session) Reset(o engine.SessionOptions) error { return s.start(o) }

// Use implements engine.Session.
func (s *session) Use(_ context.Context, db string) error {
	if !knownDB(db) {
		return errBadDB(db)
	}
	s.db = db
	return nil
}

// Status implements engine.Session.
func (s *session) Status() engine.Summary {
	return engine.Summary{InTxn: s.inTxn, Autocommit: !s.manual, DB: s.db}
}

// Close implements engine.Session.
func (s *session) Close() {
	s.node.mu.Lock()
	defer s.node.mu.Unlock()
	delete(s.node.sessions, s.id)
}

// Query implements engine.Session.
func (s *session) Query(ctx context.Context, sql string, out engine.Sink) error {
	parts := split(sql)
	switch {
	case len(parts) == 0:
		return sqlerr.New(sqlerr.ErrEmptyQuery, "Query was empty")
	case len(parts) > 1 && !s.o.MultiStatements:
		return sqlerr.New(sqlerr.ErrParse, "You have an error in your SQL syntax near '%s'", parts[1]).At(1, 1+len(parts[0]))
	}
	for i, part := range parts {
		if err := s.run(ctx, part, nil, out, i < len(parts)-1); err != nil {
			return err
		}
	}
	return nil
}

func split(sql string) []string {
	var parts []string
	for _, part := range strings.Split(sql, ";") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// Prepare implements engine.Session.
func (s *session) Prepare(_ context.Context, sql string) (engine.Stmt, error) {
	parts := split(sql)
	if len(parts) != 1 {
		return nil, sqlerr.New(sqlerr.ErrParse, "You have an error in your SQL syntax")
	}
	st := &stmt{s: s, sql: parts[0], params: strings.Count(parts[0], "?")}
	var sink columnSink
	if m := selectFrom.FindStringSubmatch(st.sql); m != nil {
		t, _, err := s.node.snapshot(m[1])
		if err != nil {
			return nil, err
		}
		st.cols = t.cols
	} else if word(st.sql) == "SELECT" || word(st.sql) == "STREAM" {
		err := s.run(context.Background(), st.sql, make([]types.Value, st.params), &sink, false)
		if err != nil && sink.cols == nil {
			return nil, err
		}
		st.cols = sink.cols
	}
	return st, nil
}

// columnSink keeps the columns of a result.
type columnSink struct{ cols []engine.Column }

// Columns implements engine.Sink.
func (c *columnSink) Columns(cols []engine.Column) error { c.cols = cols; return nil }

// Rows implements engine.Sink.
func (c *columnSink) Rows(*zset.Batch) error { return nil }

// Done implements engine.Sink.
func (c *columnSink) Done(engine.Summary, bool) error { return nil }

// stmt implements engine.Stmt.
type stmt struct {
	s      *session
	sql    string
	params int
	cols   []engine.Column
}

// Params implements engine.Stmt.
func (st *stmt) Params() []types.Type { return make([]types.Type, st.params) }

// Columns implements engine.Stmt.
func (st *stmt) Columns() []engine.Column { return st.cols }

// Execute implements engine.Stmt.
func (st *stmt) Execute(ctx context.Context, params []types.Value, out engine.Sink) error {
	if len(params) != st.params {
		return sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to EXECUTE")
	}
	return st.s.run(ctx, st.sql, params, out, false)
}

// Close implements engine.Stmt.
func (st *stmt) Close() {}

var (
	selectFrom = regexp.MustCompile("(?is)^SELECT \\* FROM `?(\\w+)`?(?: WHERE (\\w+) = (\\S+))?(?: LIMIT (\\d+))?$")
	insertInto = regexp.MustCompile(`(?is)^INSERT INTO (\w+) VALUES \((.*)\)$`)
	loadLocal  = regexp.MustCompile(`(?is)^LOAD DATA LOCAL INFILE '([^']*)' INTO TABLE (\w+)`)
)

// word is the first word of a statement.
func word(sql string) string {
	return strings.ToUpper(strings.Fields(sql)[0])
}

// needsWord are the statements that say nothing without a second word.
var needsWord = map[string]bool{"SELECT": true, "USE": true, "SHOW": true, "FAIL": true, "STREAM": true, "REPEAT": true}

// run runs one statement. more says that another follows.
func (s *session) run(ctx context.Context, sql string, params []types.Value, out engine.Sink, more bool) error {
	args := strings.Fields(sql)[1:]
	sum := engine.Summary{}
	first := word(sql)
	if needsWord[first] && len(args) == 0 {
		return syntaxError(sql)
	}
	switch first {
	case "SELECT":
		return s.runSelect(sql, params, out, more)
	case "INSERT":
		m := insertInto.FindStringSubmatch(sql)
		if m == nil {
			return syntaxError(sql)
		}
		row, _, err := s.items(m[2], params)
		if err != nil {
			return err
		}
		id, err := s.node.insert(m[1], row)
		if err != nil {
			return err
		}
		sum.Affected, sum.LastInsertID = 1, uint64(id)
	case "USE":
		if err := s.Use(ctx, strings.Trim(args[0], "`")); err != nil {
			return err
		}
	case "BEGIN", "START", "COMMIT", "ROLLBACK":
		s.inTxn = first == "BEGIN" || first == "START"
	case "SET":
		if strings.EqualFold(strings.Join(args, ""), "autocommit=0") {
			s.manual = true
		}
	case "SHOW":
		return s.runShow(strings.ToUpper(args[0]), out, more)
	case "LOAD":
		if err := s.load(sql, out, &sum); err != nil {
			return err
		}
	case "STREAM", "REPEAT":
		return s.runStream(first, args, out, more)
	case "FAIL":
		code, _ := strconv.Atoi(args[0])
		return sqlerr.New(uint16(code), "%s", strings.Join(args[1:], " ")).At(1, 8).WithHint("do not ask to fail")
	case "WARN":
		sum.Warnings = 3
	case "WAIT":
		return s.wait(ctx)
	case "PANIC":
		panic("asked to")
	default:
		return syntaxError(sql)
	}
	return s.done(sum, out, more)
}

func syntaxError(sql string) error {
	return sqlerr.New(sqlerr.ErrParse, "You have an error in your SQL syntax near '%s'", sql).At(1, 1)
}

func (s *session) done(sum engine.Summary, out engine.Sink, more bool) error {
	sum.InTxn, sum.Autocommit, sum.DB = s.inTxn, !s.manual, s.db
	return out.Done(sum, more)
}

// answer passes rows of values on in batches.
func (s *session) answer(cols []engine.Column, rows [][]types.Value, out engine.Sink, more bool) error {
	if err := out.Columns(cols); err != nil {
		return err
	}
	ts := make([]types.Type, len(cols))
	for i := range cols {
		ts[i] = cols[i].Type
	}
	for len(rows) > 0 {
		n := min(len(rows), batchRows)
		b := zset.NewBatch(ts, n)
		for _, row := range rows[:n] {
			b.AppendValues(row, 1)
		}
		if err := out.Rows(b); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return s.done(engine.Summary{}, out, more)
}

func (s *session) runSelect(sql string, params []types.Value, out engine.Sink, more bool) error {
	m := selectFrom.FindStringSubmatch(sql)
	if m == nil {
		row, names, err := s.items(sql[len("SELECT "):], params)
		if err != nil {
			return err
		}
		cols := make([]engine.Column, len(row))
		for i, v := range row {
			cols[i] = engine.Column{Name: names[i], Type: v.Type}
		}
		return s.answer(cols, [][]types.Value{row}, out, more)
	}
	t, rows, err := s.node.snapshot(m[1])
	if err != nil {
		return err
	}
	if m[2] != "" {
		if rows, err = s.filter(t, rows, m[2], m[3], params); err != nil {
			return err
		}
	}
	if m[4] != "" {
		n, _ := strconv.Atoi(m[4])
		rows = rows[:min(n, len(rows))]
	}
	return s.answer(t.cols, rows, out, more)
}

// filter keeps the rows in which a column has a value.
func (s *session) filter(t *table, rows [][]types.Value, name, item string, params []types.Value) ([][]types.Value, error) {
	want, _, err := s.items(item, params)
	if err != nil {
		return nil, err
	}
	for c := range t.cols {
		if t.cols[c].Name != name {
			continue
		}
		v, _ := types.ConvertValue(want[0], t.cols[c].Type)
		var kept [][]types.Value
		for _, row := range rows {
			if !row[c].IsNull && row[c].Compare(v) == 0 {
				kept = append(kept, row)
			}
		}
		return kept, nil
	}
	return nil, sqlerr.New(sqlerr.ErrBadField, "Unknown column '%s' in 'where clause'", name)
}

// items evaluates a list. Texts must not hold commas.
func (s *session) items(list string, params []types.Value) (row []types.Value, names []string, err error) {
	for _, item := range strings.Split(list, ",") {
		item = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.ToLower(item)), "limit 1"))
		var v types.Value
		switch {
		case item == "?":
			if len(params) == 0 {
				return nil, nil, syntaxError(list)
			}
			v, params = params[0], params[1:]
		case item == "null":
			v = types.NullValue(types.TypeNull)
		case item == "database()":
			v = types.TextValue(s.db)
		case item == "user()":
			v = types.TextValue(s.o.User + "@" + s.o.Host)
		case item == "connection_id()":
			v = types.UintValue(uint64(s.id))
		case strings.HasPrefix(item, "@@"):
			v = types.TextValue("Weir")
		case strings.HasPrefix(item, "'") && strings.HasSuffix(item, "'") && len(item) > 1:
			v = types.TextValue(item[1 : len(item)-1])
		default:
			if v, err = number(item); err != nil {
				return nil, nil, err
			}
		}
		row, names = append(row, v), append(names, item)
	}
	return row, names, nil
}

func number(item string) (types.Value, error) {
	if i, err := strconv.ParseInt(item, 10, 64); err == nil {
		return types.IntValue(i), nil
	}
	d, prec, scale, err := types.ParseDec(item)
	if err != nil {
		return types.Value{}, syntaxError(item)
	}
	return types.Value{Type: types.NewDecimal(prec, scale), D: d}, nil
}

func (s *session) runShow(what string, out engine.Sink, more bool) error {
	names := []string{"other", "test"}
	if what == "TABLES" {
		names = nil
		s.node.mu.Lock()
		for name := range s.node.tables {
			names = append(names, name)
		}
		s.node.mu.Unlock()
		sort.Strings(names)
	}
	var rows [][]types.Value
	for _, name := range names {
		rows = append(rows, []types.Value{types.TextValue(name)})
	}
	return s.answer([]engine.Column{{Name: "Name", Type: types.NewString(64)}}, rows, out, more)
}

func (s *session) runStream(first string, args []string, out engine.Sink, more bool) error {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return syntaxError(args[0])
	}
	ts := []types.Type{types.TypeInt, types.NewString(20)}
	if err := out.Columns([]engine.Column{{Name: "n", Type: ts[0]}, {Name: "s", Type: ts[1]}}); err != nil {
		return err
	}
	b := zset.NewBatch(ts, batchRows)
	row := func(i int, w int64) {
		b.AppendValues([]types.Value{types.IntValue(int64(i)), types.TextValue(fmt.Sprint("row ", i))}, w)
	}
	if first == "REPEAT" {
		row(0, int64(n))
		n = 0
	}
	for i := 0; i < n; i++ {
		if row(i, 1); b.N < batchRows {
			continue
		}
		if err := out.Rows(b); err != nil {
			return err
		}
		b.Reset()
	}
	if err := out.Rows(b); err != nil {
		return err
	}
	if len(args) > 1 {
		return sqlerr.New(sqlerr.ErrNumericOutOfRange, "BIGINT value is out of range in 'n'")
	}
	return s.done(engine.Summary{}, out, more)
}

// wait waits for its end.
func (s *session) wait(ctx context.Context) (err error) {
	s.node.mu.Lock()
	killed := s.killed
	s.node.mu.Unlock()
	s.node.Started <- s.id
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case <-killed:
		err = sqlerr.New(sqlerr.ErrQueryInterrupted, "Query execution was interrupted")
	}
	s.node.Ended <- err
	return err
}

// load reads the client's file.
func (s *session) load(sql string, out engine.Sink, sum *engine.Summary) error {
	in, ok := out.(engine.Infile)
	if !ok {
		return sqlerr.NotSupported("LOAD DATA LOCAL here")
	}
	name := "some"
	m := loadLocal.FindStringSubmatch(sql)
	if m != nil {
		name = m[1]
	}
	f, err := in.OpenInfile(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if m == nil {
		if _, err := io.ReadFull(f, make([]byte, 10)); err != nil {
			return err
		}
		return sqlerr.New(sqlerr.ErrWrongValueForField, "Incorrect value").AtRow(1)
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		sum.Affected++
	}
	sum.Info = fmt.Sprintf("Records: %d  Deleted: 0  Skipped: 0  Warnings: 0", sum.Affected)
	return lines.Err()
}
