// Package servertest is a small engine.Node for the tests of doors: tables in
// memory, a few statements that look like SQL, and some that make trouble.
//
//	SELECT item, ..              item: ? 1 1.5 'text' NULL DATABASE() USER() CONNECTION_ID() @@variable
//	SELECT * FROM t [WHERE column = item] [LIMIT n]
//	INSERT INTO t VALUES (item, ..)
//	USE db | BEGIN | COMMIT | ROLLBACK | SET .. | SHOW DATABASES | SHOW TABLES
//	LOAD DATA LOCAL INFILE 'name' INTO TABLE t    counts the lines
//	LOAD SOME                    opens a file, reads ten bytes and fails with errno 1366
//	STREAM n                     n rows of (n BIGINT, s VARCHAR)
//	REPEAT w                     one row of weight w
//	STREAM n FAIL                the same and then errno 1690
//	FAIL code text               fails
//	WARN                         has three warnings
//	WAIT                         waits until it is killed or its context ends
//	PANIC                        panics
//
// Names of databases are "test" and "other"; every other is errno 1049. The
// statements of one Query stand between semicolons.
package servertest

import (
	"sync"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// Version is what Node.Version says.
const Version = "8.0.36-Weir-test"

// Node is an engine.Node. Make it with New.
type Node struct {
	// Started receives the session id of each WAIT that begins, Ended the
	// error of each that ends. Sends wait for room.
	Started chan uint32
	Ended   chan error

	mu       sync.Mutex
	notReady error
	refusal  error
	lastID   uint32
	sessions map[uint32]*session
	tables   map[string]*table
}

// table is one table; rows are appended under Node.mu and never changed.
type table struct {
	cols []engine.Column
	rows [][]types.Value
}

// New returns a Node without tables.
func New() *Node {
	return &Node{
		Started:  make(chan uint32, 64),
		Ended:    make(chan error, 64),
		sessions: map[uint32]*session{},
		tables:   map[string]*table{},
	}
}

// AddTable makes a table. Its columns need a name and a type; the rest is
// filled in.
func (n *Node) AddTable(name string, cols ...engine.Column) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range cols {
		cols[i].OrgName, cols[i].Table, cols[i].DB = cols[i].Name, name, "test"
	}
	n.tables[name] = &table{cols: cols}
}

// AddRow appends a row, whose values are of the columns' types.
func (n *Node) AddRow(name string, row ...types.Value) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.tables[name]
	t.rows = append(t.rows, row)
}

// SetReady says what Ready answers.
func (n *Node) SetReady(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.notReady = err
}

// RefuseSessions makes NewSession fail with err.
func (n *Node) RefuseSessions(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refusal = err
}

// Sessions returns how many sessions are open.
func (n *Node) Sessions() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.sessions)
}

// NewSession implements engine.Node.
func (n *Node) NewSession(o engine.SessionOptions) (engine.Session, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refusal != nil {
		return nil, n.refusal
	}
	n.lastID++
	s := &session{node: n, id: n.lastID, killed: make(chan struct{})}
	if err := s.start(o); err != nil {
		return nil, err
	}
	n.sessions[s.id] = s
	return s, nil
}

// Kill implements engine.Node.
func (n *Node) Kill(id uint32, queryOnly bool) error {
	n.mu.Lock()
	s := n.sessions[id]
	if s == nil {
		n.mu.Unlock()
		return sqlerr.New(sqlerr.ErrNoSuchThread, "Unknown thread id: %d", id)
	}
	close(s.killed)
	s.killed = make(chan struct{})
	closed := s.o.Closed
	n.mu.Unlock()
	if !queryOnly && closed != nil {
		closed()
	}
	return nil
}

// Ready implements engine.Node.
func (n *Node) Ready() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.notReady
}

// Version implements engine.Node.
func (n *Node) Version() string { return Version }

// snapshot returns a table and its rows as they are.
func (n *Node) snapshot(name string) (*table, [][]types.Value, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := n.tables[name]
	if t == nil {
		return nil, nil, sqlerr.New(sqlerr.ErrNoSuchTable, "Table 'test.%s' doesn't exist", name)
	}
	return t, t.rows, nil
}

// insert converts a row and appends it.
func (n *Node) insert(name string, row []types.Value) (id int, err error) {
	t, _, err := n.snapshot(name)
	if err != nil {
		return 0, err
	}
	if len(row) != len(t.cols) {
		return 0, sqlerr.New(sqlerr.ErrWrongValueCount, "Column count doesn't match value count at row 1")
	}
	out := make([]types.Value, len(row))
	for i, v := range row {
		if v.IsNull {
			out[i] = types.NullValue(t.cols[i].Type)
			continue
		}
		to, st := types.ConvertValue(v, t.cols[i].Type)
		if st != types.OK {
			return 0, sqlerr.New(sqlerr.ErrWrongValueForField, "Incorrect value for column '%s' at row 1", t.cols[i].Name)
		}
		out[i] = to
	}
	n.AddRow(name, out...)
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(t.rows), nil
}
