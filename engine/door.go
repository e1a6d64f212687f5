// Package engine is the node as the doors see it: sessions that run SQL. It
// joins the binder, the runners and the shard, and holds what no floor below
// may know: sessions, the plan cache, transactions, the batcher.
//
// A door needs three things of it: a Node opens Sessions, a Session runs
// statements, a Sink takes what they answer. They are interfaces so that a
// door is tested without a database behind it; *Engine is the Node.
package engine

import (
	"context"
	"io"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Node is what a door serves. Safe for concurrent use.
type Node interface {
	// NewSession opens a session; errors are *sqlerr.Error.
	NewSession(o SessionOptions) (Session, error)
	// Kill ends the running statement of session id (errno 1317 there) and,
	// unless queryOnly, closes the session. Unknown ids are errno 1094.
	Kill(id uint32, queryOnly bool) error
	// Ready is nil when statements can be served, else why not.
	Ready() error
	// Version is the server version string that clients see, beginning with
	// a MySQL version number: "8.0.36-Weir-0.1.0".
	Version() string
}

// SessionOptions say who opens a session.
type SessionOptions struct {
	User, Host string // for SHOW PROCESSLIST
	DB         string // the first database; may be empty
	Door       string // "mysql", "http", "embedded"
	// FoundRows makes Summary.Affected count matched rows, as a client asks
	// with CLIENT_FOUND_ROWS.
	FoundRows bool
	// MultiStatements allows several statements in one Query.
	MultiStatements bool
	// Closed, when not nil, is called when Kill closes the session, so that
	// the door ends its connection.
	Closed func()
}

// Session is one client's conversation: its database, variables, prepared
// statements and open transaction. A Session runs one call at a time; only ID
// and the Node's Kill may be used beside a running call.
type Session interface {
	ID() uint32
	// Query runs the statements of sql in order, until one fails. Its error
	// is an *sqlerr.Error, the context's error, or the Sink's.
	Query(ctx context.Context, sql string, out Sink) error
	// Prepare readies one statement with ? placeholders.
	Prepare(ctx context.Context, sql string) (Stmt, error)
	// Use changes the database; errno 1049 when there is none of that name.
	Use(ctx context.Context, db string) error
	// SetMultiStatements is COM_SET_OPTION.
	SetMultiStatements(on bool)
	// Reset brings the session to its first state: rolls back, drops prepared
	// statements and variables (COM_RESET_CONNECTION). o replaces the options
	// (COM_CHANGE_USER); the ID stays.
	Reset(o SessionOptions) error
	// Status returns what a door reports between statements.
	Status() Summary
	// Close rolls back and forgets the session. Idempotent.
	Close()
}

// Stmt is a prepared statement of a Session and runs under its rules. A
// schema change in between is bound again by itself.
type Stmt interface {
	// Params returns the types inferred for the placeholders, in order; a
	// type of kind types.Null could be anything.
	Params() []types.Type
	// Columns describes the result set; nil when there is none.
	Columns() []Column
	// Execute runs the statement. params are one per placeholder, else errno
	// 1210; they are copied where needed and not kept.
	Execute(ctx context.Context, params []types.Value, out Sink) error
	// Close forgets it. Idempotent.
	Close()
}

// Column describes a column of a result set to a door.
type Column struct {
	Name, OrgName string
	Table, DB     string
	Type          types.Type
	PrimaryKey    bool
	AutoIncrement bool
}

// Summary ends a statement.
type Summary struct {
	Affected     uint64
	LastInsertID uint64
	Warnings     int
	Info         string // e.g. "Records: 3  Duplicates: 0  Warnings: 0"
	InTxn        bool
	Autocommit   bool
	DB           string // the session's database after the statement
}

// Sink receives the outcome of the statements of one Query or Execute. Calls
// come in the order: per statement either Columns, Rows*, Done (a result set)
// or Done alone. A statement that fails ends the call: its error is returned
// by Query, and neither Done nor anything further is called.
// An error from a Sink ends the statement and is returned as it is.
type Sink interface {
	Columns(cols []Column) error
	// Rows passes rows in order; b is borrowed until Rows returns and every
	// weight w means the row stands w times.
	Rows(b *zset.Batch) error
	// Done ends a statement; more says that another statement follows.
	Done(s Summary, more bool) error
}

// Infile is a Sink that can deliver the client's files, for LOAD DATA LOCAL
// INFILE. The engine reads to the end or closes.
type Infile interface {
	Sink
	OpenInfile(name string) (io.ReadCloser, error)
}
