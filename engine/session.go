package engine

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// session implements Session. Its fields belong to the goroutine that runs a
// call, except what mu guards; opt and db are written under mu too, so that
// SHOW PROCESSLIST of another session may read them there.
type session struct {
	e    *Engine
	id   uint32
	opt  SessionOptions
	db   string
	vars *variables
	user map[string]types.Value // @name
	txn  *shard.Txn             // nil outside a transaction
	// readOnly says that the transaction refuses writes.
	readOnly bool
	prepared map[string]*stmt // by PREPARE
	warnings []*sqlerr.Error
	warned   int   // warnings in all, those not kept too
	rowCount int64 // ROW_COUNT() of the last statement
	found    int64 // FOUND_ROWS()
	lastID   uint64
	// failing is how SHOW ERRORS knows the last statement's error.
	failing *sqlerr.Error
	// at is when the clock was last read: as a statement began, or the one
	// before it in the same Query ended.
	at   time.Time
	idle *execution // of the last statement, to be used again

	mu      sync.Mutex // guards what follows
	ctx     context.Context
	parent  context.Context         // of ctx; nil when it cannot be compared
	cancel  context.CancelCauseFunc // of ctx
	info    string                  // the statement under way
	since   time.Time
	command string
	closed  bool
}

// errKilled is the cause of a context that KILL ended.
var errKilled = sqlerr.New(sqlerr.ErrQueryInterrupted, "Query execution was interrupted")

func newSession(e *Engine, id uint32) *session { return &session{e: e, id: id} }

// begin sets the session to its first state.
func (s *session) begin(o SessionOptions) error {
	s.vars = newVariables(s.e.globals)
	s.user, s.prepared = nil, nil
	s.txn, s.readOnly = nil, false
	s.warnings, s.warned, s.rowCount, s.found, s.lastID, s.failing = nil, 0, 0, 0, 0, nil
	s.mu.Lock()
	s.opt, s.db = o, ""
	s.command, s.since = "Sleep", s.e.opt.Now()
	s.mu.Unlock()
	if o.DB == "" {
		return nil
	}
	return s.Use(context.Background(), o.DB)
}

// ID implements Session.
func (s *session) ID() uint32 { return s.id }

// SetMultiStatements implements Session.
func (s *session) SetMultiStatements(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opt.MultiStatements = on
}

// Reset implements Session.
func (s *session) Reset(o SessionOptions) error { return s.begin(o) }

// Use implements Session.
func (s *session) Use(_ context.Context, db string) error {
	cat := s.e.machine.Root().Catalog
	if _, ok := cat.Database(db); !ok && !virtualDB(db) {
		err := sqlerr.New(sqlerr.ErrBadDB, "Unknown database '%s'", db)
		if near := cat.NearestDatabase(db); near != "" {
			err = err.WithHint("did you mean %q?", near)
		}
		return err
	}
	s.setDB(db)
	return nil
}

func (s *session) setDB(db string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.db = db
}

// Status implements Session.
func (s *session) Status() Summary {
	return Summary{Warnings: s.warned, InTxn: s.txn != nil, Autocommit: s.autocommit(), DB: s.db}
}

// Close implements Session.
func (s *session) Close() {
	s.txn = nil
	s.mu.Lock()
	s.closed = true
	if s.cancel != nil {
		s.cancel(nil)
	}
	s.mu.Unlock()
	s.e.forget(s)
}

// kill ends the statement under way and, with close, the session.
func (s *session) kill(close bool) {
	s.mu.Lock()
	closed := s.opt.Closed
	if close {
		s.closed = true
	}
	if s.cancel != nil && (close || s.command != "Sleep") {
		s.cancel(errKilled)
	}
	s.mu.Unlock()
	if close && closed != nil {
		closed()
	}
}

// enter marks a statement as running and returns its context, which KILL
// ends. It is one for all statements under the same parent until then.
func (s *session) enter(parent context.Context, info string) context.Context {
	s.at = s.e.opt.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil || s.parent != parent || s.ctx.Err() != nil {
		if s.cancel != nil {
			s.cancel(nil)
		}
		s.ctx, s.cancel = context.WithCancelCause(parent)
		s.parent = nil
		if reflect.TypeOf(parent).Comparable() {
			s.parent = parent
		}
	}
	if s.closed {
		s.cancel(errKilled)
	}
	s.info, s.since, s.command = info, s.at, "Query"
	return s.ctx
}

// leave marks the statement that entered as ended.
func (s *session) leave() {
	s.mu.Lock()
	s.info, s.since, s.command = "", s.at, "Sleep"
	s.mu.Unlock()
}

// Query implements Session.
func (s *session) Query(ctx context.Context, sql string, out Sink) error {
	ctx = s.enter(ctx, sql)
	defer s.leave()
	if c := s.e.plans.get(s.cacheKey(sql), s.e.machine.Root().Catalog); c != nil {
		return s.run(ctx, c, nil, out, false)
	}
	stmts, perr := parse.ParseAll(sql)
	if len(stmts) > 1 && !s.opt.MultiStatements {
		first := stmts[1].Source()
		line, col := first.Position(0)
		return s.report(sqlerr.New(sqlerr.ErrParse, "You have an error in your SQL syntax; one statement is allowed at a time here").At(line, col))
	}
	if len(stmts) == 0 && perr == nil {
		return s.report(sqlerr.New(sqlerr.ErrEmptyQuery, "Query was empty"))
	}
	for i, p := range stmts {
		more := i < len(stmts)-1 || perr != nil
		if err := s.runParsed(ctx, p, out, more, len(stmts) == 1); err != nil {
			return err
		}
	}
	if perr != nil {
		return s.report(perr)
	}
	return nil
}

// runParsed compiles and runs one statement of a Query.
func (s *session) runParsed(ctx context.Context, p parse.Stmt, out Sink, more, alone bool) error {
	c, err := s.compile(p, s.e.machine.Root().Catalog, nil)
	if err != nil {
		return s.report(err)
	}
	if n := len(c.params); n > 0 {
		return s.report(sqlerr.New(sqlerr.ErrWrongArguments, "the statement has %d parameter(s) but no arguments were given", n).
			WithHint("prepare it, or write the values into the text"))
	}
	if alone {
		s.e.plans.put(s.cacheKey(p.Source().SQL), c)
	}
	return s.run(ctx, c, nil, out, more)
}

// run runs a compiled statement and tells out. Here and in compile a bug's
// panic is caught.
func (s *session) run(ctx context.Context, c *compiled, params []types.Value, out Sink, more bool) (err error) {
	x := s.execution(c)
	x.params, x.out, x.more = params, out, more
	defer func() {
		if r := recover(); r != nil {
			err = s.bug(r, c.text)
		}
		err = s.report(err)
		start := s.at
		s.at = s.e.opt.Now()
		s.e.metrics.statement(c.verb, s.at.Sub(start), err)
	}()
	if !c.diagnostic {
		s.warnings, s.warned, s.failing = s.warnings[:0], 0, nil
	}
	err = x.run(ctx)
	x.end()
	return err
}

// bug turns a panic into the error of the statement, and logs it.
func (s *session) bug(panicked any, sql string) error {
	s.e.opt.Logger.Error("a statement met a bug", "panic", panicked, "statement", excerpt(sql), "stack", string(debug.Stack()))
	return sqlerr.New(sqlerr.ErrUnknown, "internal error: %v", panicked).WithHint("the statement had no effect; please report it")
}

// excerpt is as much of a statement as a log line has room for.
func excerpt(sql string) string {
	const room = 1000
	if len(sql) <= room {
		return sql
	}
	return strings.ToValidUTF8(sql[:room], "") + " .."
}

// report turns an error into what the client reads, and remembers it for
// SHOW WARNINGS.
func (s *session) report(err error) error {
	if err == nil {
		return nil
	}
	var u *sqlerr.Error
	switch {
	case errors.As(err, &u):
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		u = errKilled
	default:
		return err // the Sink's own
	}
	s.failing, s.rowCount = u, -1
	return u
}

// warn records a warning.
func (s *session) warn(list ...*sqlerr.Error) {
	for _, w := range list {
		s.warned++
		if len(s.warnings) < 64 {
			s.warnings = append(s.warnings, w)
		}
	}
}

func (s *session) autocommit() bool { return s.vars.bool("autocommit") }

// cacheKey is what a compiled statement is kept under.
func (s *session) cacheKey(sql string) planKey { return planKey{db: s.db, sql: sql} }

// bindEnv is the binder's view of the session.
func (s *session) bindEnv() *bind.Env {
	return &bind.Env{
		Catalog:     s.e.machine.Root().Catalog,
		DB:          s.db,
		SysVar:      s.vars.lookup,
		UserVar:     s.userVar,
		Session:     s.function,
		SysVarNames: s.vars.names(),
	}
}

func (s *session) userVar(name string) types.Value {
	if v, ok := s.user[name]; ok {
		return v
	}
	return types.NullValue(types.TypeNull)
}

// function answers the functions of the session.
func (s *session) function(name string) (types.Value, bool) {
	switch name {
	case "database", "schema":
		if s.db == "" {
			return types.NullValue(types.TypeText), true
		}
		return types.TextValue(s.db), true
	case "user", "session_user", "system_user", "current_user":
		return types.TextValue(s.account()), true
	case "version":
		return types.TextValue(ServerVersion), true
	case "connection_id":
		return types.UintValue(uint64(s.id)), true
	case "last_insert_id":
		return types.UintValue(s.lastID), true
	case "row_count":
		return types.IntValue(s.rowCount), true
	case "found_rows":
		return types.IntValue(s.found), true
	}
	return types.Value{}, false
}

func (s *session) account() string {
	user, host := s.opt.User, s.opt.Host
	if user == "" {
		user = "root"
	}
	if host == "" {
		host = "localhost"
	}
	return fmt.Sprintf("%s@%s", user, host)
}

// stmt implements Stmt.
type stmt struct {
	s    *session
	text parse.Stmt
	c    *compiled
	sql  string
}

// Prepare implements Session.
func (s *session) Prepare(_ context.Context, sql string) (Stmt, error) {
	st, err := s.prepare(sql)
	if err != nil {
		return nil, s.report(err)
	}
	return st, nil
}

func (s *session) prepare(sql string) (*stmt, error) {
	p, err := parse.Parse(sql)
	if err != nil {
		return nil, err
	}
	st := &stmt{s: s, text: p, sql: sql}
	return st, st.bind()
}

// bind compiles the statement against the present catalog, unless it is.
func (st *stmt) bind() (err error) {
	root := st.s.e.machine.Root()
	if st.c != nil && st.c.cat == root.Catalog && st.c.cacheable() {
		return nil
	}
	key := st.s.cacheKey(st.text.Source().SQL)
	c := st.s.e.plans.get(key, root.Catalog)
	if c == nil {
		if c, err = st.s.compile(st.text, root.Catalog, nil); err != nil {
			return err // st.c stays what the client was told of
		}
		st.s.e.plans.put(key, c)
	}
	st.c = c
	return nil
}

// Params implements Stmt.
func (st *stmt) Params() []types.Type { return st.c.params }

// Columns implements Stmt.
func (st *stmt) Columns() []Column { return st.c.columns }

// Execute implements Stmt.
func (st *stmt) Execute(ctx context.Context, params []types.Value, out Sink) error {
	ctx = st.s.enter(ctx, st.sql)
	defer st.s.leave()
	if err := st.bind(); err != nil {
		return st.s.report(err)
	}
	if len(params) != len(st.c.params) {
		return st.s.report(sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to EXECUTE: the statement has %d parameter(s), %d argument(s) were given", len(st.c.params), len(params)))
	}
	c, err := st.s.fit(st.c, st.text, params)
	if err != nil {
		return st.s.report(err)
	}
	return st.s.run(ctx, c, params, out, false)
}

// Close implements Stmt.
func (st *stmt) Close() {}
