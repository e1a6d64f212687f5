// Package shard is the machine: a log of entries, the state they make, and
// the circuits that keep the views. One entry is one step,
//
//	effect = f(state, entry)
//
// and the same entry on the same state has the same effect on every replica
// and after every restart, whatever the hand-over sizes, the number of
// workers and the memory. So nothing here reads a clock, a random source or
// the environment; an Entry brings what it needs.
//
// A step (step.go) goes through these stations:
//  1. decode the entry; apply its statements in order to an overlay per
//     table, each seeing those before it, each whole or not at all;
//  2. turn the overlays into one change per table and stage it in the
//     table's arrangement and indexes;
//  3. feed the changes to the circuits, views in the order of their ids, so
//     that a view comes after what it reads; stage what they put out;
//  4. publish everything with one root pointer, and only then answer.
//
// Readers take a Root, which is immutable, and never wait for a step.
package shard

import (
	"encoding/binary"
	"fmt"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/internal/wire"
	"github.com/weirdb/weir/zset"
)

// Kind numbers the entries for ever. Not all have a use yet: Stage, Commit,
// Abort, Cut, Deliver, Ack, Level, Hash, Prepare and Decide are reserved.
type Kind uint8

// The kinds of entries.
const (
	KindWrite    Kind = 1
	KindStage    Kind = 2
	KindCommit   Kind = 3
	KindAbort    Kind = 4
	KindTruncate Kind = 5
	KindAdvance  Kind = 6
	KindCut      Kind = 7
	KindClock    Kind = 8
	KindDeliver  Kind = 9
	KindAck      Kind = 10
	KindDDL      Kind = 11
	KindLevel    Kind = 12
	KindHash     Kind = 13
	KindPrepare  Kind = 14
	KindDecide   Kind = 15
)

// formatVersion is the first byte of every entry.
const formatVersion = 1

// Header stands before the body of every entry. Schema versions stand beside
// the tables of the body.
type Header struct {
	Level    uint64 // behaviour level; 0 in this release
	Time     int64  // the proposer's clock, microseconds since the epoch
	Producer uint64 // who proposes: an incarnation of a node
	Seq      uint64 // the producer's number of this entry
	Origin   Origin // where a delivery comes from; zero for entries of one's own
}

// Origin names the place in another shard that a delivery comes from.
type Origin struct {
	Shard uint64
	Lane  uint64
	Index uint64
	Epoch uint64
}

// Entry is a decoded log entry.
type Entry struct {
	Header
	Body Body
}

// Body is one of *Write, *Truncate, *Advance, *Clock, *DDL.
type Body interface{ kind() Kind }

// Write changes rows: statements in order, each seeing those before it.
type Write struct{ Stmts []Stmt }

// Stmt is one client's statement or transaction: all of its Ops or none.
type Stmt struct {
	Ops []Op
}

// Action is what an Op does with its rows.
type Action uint8

// The actions; numbers are in the log.
const (
	Insert Action = 1
	Modify Action = 2
	Delete Action = 3
	// Reserve takes the next N AUTO_INCREMENT values; Result.LastID is the
	// first.
	Reserve Action = 4
)

// OnDup says what an Insert does where the primary key or a unique index
// already holds the row's key.
type OnDup uint8

// The ways; numbers are in the log.
const (
	DupFail    OnDup = 1 // errno 1062, the statement has no effect
	DupIgnore  OnDup = 2 // the new row is left out
	DupReplace OnDup = 3 // the old rows go
	DupUpdate  OnDup = 4 // the old row takes Sets
)

// Pre is a precondition on the row that an op finds.
type Pre uint8

// The preconditions; numbers are in the log.
const (
	PreNone Pre = 1 // a missing row is left out
	PreHash Pre = 2 // the row must be there with the hash given, else Result.Conflict
	// PreAbsent, for an Insert: nothing may hold the row's keys, else
	// Result.Conflict.
	PreAbsent Pre = 3
)

// Set assigns a column. Value reads the row found, all its stored columns,
// followed by the op's row.
type Set struct {
	Col   int
	Value expr.Expr
}

// Op is one action on one table.
//
// Rows of an Insert hold the table's declared columns in order. Rows of a
// Modify or Delete begin with the key columns (the hidden row id where there
// is no primary key); what follows is for Sets and Where to read.
type Op struct {
	Table   uint64
	Version uint32 // schema version the op was bound against
	Action  Action
	OnDup   OnDup // Insert only
	Pre     Pre
	Rows    *zset.Batch // nil for Reserve; no key twice for Modify and Delete
	Sets    []Set       // Modify, and Insert with DupUpdate
	Where   []expr.Expr // Modify and Delete: all must be true; read as Sets do
	Hashes  []uint64    // PreHash: the hash of each row found, see RowHash
	Count   CountMode
	N       uint64 // Reserve only
	// KeepZero makes a 0 in the AUTO_INCREMENT column of an Insert a value
	// and no wish for the next number.
	KeepZero bool
	// Lax makes the conversions of Sets adjust and warn where they would
	// fail.
	Lax bool
}

// CountMode says how an op counts into Result.Affected.
type CountMode uint8

// The modes; numbers are in the log.
const (
	CountChanged CountMode = 1 // rows changed
	CountMatched CountMode = 2 // rows found, as clients with CLIENT_FOUND_ROWS want
)

// Truncate empties a table and resets its counter.
type Truncate struct {
	Table   uint64
	Version uint32
}

// Advance loads up to Rows more rows into the circuit of a view under
// construction.
type Advance struct {
	View uint64
	Rows uint64
}

// Clock moves the shard's clock and does nothing else.
type Clock struct{}

// DDL changes the catalog.
type DDL struct{ Change catalog.Change }

func (*Write) kind() Kind    { return KindWrite }
func (*Truncate) kind() Kind { return KindTruncate }
func (*Advance) kind() Kind  { return KindAdvance }
func (*Clock) kind() Kind    { return KindClock }
func (*DDL) kind() Kind      { return KindDDL }

// AppendEntry appends the bytes of e:
//
//	version kind | level time producer seq | origin flag [shard lane index epoch] | body
//
// all numbers varints. docs/format/entry.md draws it.
func AppendEntry(dst []byte, e *Entry) []byte {
	dst = append(dst, formatVersion, byte(e.Body.kind()))
	dst = binary.AppendUvarint(dst, e.Level)
	dst = binary.AppendVarint(dst, e.Time)
	dst = binary.AppendUvarint(dst, e.Producer)
	dst = binary.AppendUvarint(dst, e.Seq)
	dst = wire.AppendBool(dst, e.Origin != Origin{})
	if o := e.Origin; o != (Origin{}) {
		for _, v := range []uint64{o.Shard, o.Lane, o.Index, o.Epoch} {
			dst = binary.AppendUvarint(dst, v)
		}
	}
	switch b := e.Body.(type) {
	case *Write:
		dst = binary.AppendUvarint(dst, uint64(len(b.Stmts)))
		for i := range b.Stmts {
			dst = AppendStmt(dst, &b.Stmts[i])
		}
	case *Truncate:
		dst = binary.AppendUvarint(dst, b.Table)
		dst = binary.AppendUvarint(dst, uint64(b.Version))
	case *Advance:
		dst = binary.AppendUvarint(dst, b.View)
		dst = binary.AppendUvarint(dst, b.Rows)
	case *Clock:
	case *DDL:
		dst = wire.AppendBytes(dst, catalog.AppendChange(nil, b.Change))
	}
	return dst
}

// AppendWriteHead appends what stands before the statements of a Write entry
// of n statements, so that a batcher can put statements that were encoded one
// by one (AppendStmt) behind it.
func AppendWriteHead(dst []byte, h Header, n int) []byte {
	dst = AppendEntry(dst, &Entry{Header: h, Body: &Write{}})
	return binary.AppendUvarint(dst[:len(dst)-1], uint64(n))
}

// AppendStmt appends the bytes of one statement.
func AppendStmt(dst []byte, s *Stmt) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s.Ops)))
	for i := range s.Ops {
		dst = appendOp(dst, &s.Ops[i])
	}
	return dst
}

func appendOp(dst []byte, op *Op) []byte {
	dst = binary.AppendUvarint(dst, op.Table)
	dst = binary.AppendUvarint(dst, uint64(op.Version))
	dst = append(dst, byte(op.Action), byte(op.OnDup), byte(op.Pre), byte(op.Count))
	dst = appendRows(dst, op.Rows)
	dst = binary.AppendUvarint(dst, uint64(len(op.Sets)))
	for _, s := range op.Sets {
		dst = binary.AppendUvarint(dst, uint64(s.Col))
		dst = wire.AppendBytes(dst, expr.Append(nil, s.Value))
	}
	dst = binary.AppendUvarint(dst, uint64(len(op.Where)))
	for _, w := range op.Where {
		dst = wire.AppendBytes(dst, expr.Append(nil, w))
	}
	dst = binary.AppendUvarint(dst, uint64(len(op.Hashes)))
	for _, h := range op.Hashes {
		dst = binary.LittleEndian.AppendUint64(dst, h)
	}
	dst = binary.AppendUvarint(dst, op.N)
	return wire.AppendBool(wire.AppendBool(dst, op.KeepZero), op.Lax)
}

// appendRows appends a length and the rows; Reserve has none.
func appendRows(dst []byte, b *zset.Batch) []byte {
	if b == nil {
		return append(dst, 0)
	}
	return wire.AppendBytes(dst, zset.AppendBatch(nil, b))
}

// DecodeEntry reads an entry. Its batches are copies; nothing keeps data.
func DecodeEntry(data []byte) (*Entry, error) {
	r := wire.NewReader(data)
	if v := r.Byte(); r.Err() == nil && v != formatVersion {
		return nil, fmt.Errorf("entry of format version %d; this release reads version %d", v, formatVersion)
	}
	kind := Kind(r.Byte())
	e := &Entry{Header: Header{Level: r.Uvarint(), Time: r.Varint(), Producer: r.Uvarint(), Seq: r.Uvarint()}}
	if r.Bool() {
		e.Origin = Origin{Shard: r.Uvarint(), Lane: r.Uvarint(), Index: r.Uvarint(), Epoch: r.Uvarint()}
	}
	switch kind {
	case KindWrite:
		w := &Write{Stmts: make([]Stmt, r.Count(1))}
		for i := range w.Stmts {
			decodeStmt(r, &w.Stmts[i])
		}
		e.Body = w
	case KindTruncate:
		e.Body = &Truncate{Table: r.Uvarint(), Version: uint32(r.Uvarint())}
	case KindAdvance:
		e.Body = &Advance{View: r.Uvarint(), Rows: r.Uvarint()}
	case KindClock:
		e.Body = &Clock{}
	case KindDDL:
		ch, err := catalog.DecodeChange(r.Bytes())
		if err != nil && r.Err() == nil {
			r.Fail("catalog change: %v", err)
		}
		e.Body = &DDL{Change: ch}
	default:
		r.Fail("entry of unknown kind %d", kind)
	}
	if r.Err() == nil && r.Left() > 0 {
		r.Fail("%d bytes too many", r.Left())
	}
	return e, r.Err()
}

func decodeStmt(r *wire.Reader, s *Stmt) {
	s.Ops = make([]Op, r.Count(8))
	for i := range s.Ops {
		decodeOp(r, &s.Ops[i])
	}
}

func decodeOp(r *wire.Reader, op *Op) {
	op.Table, op.Version = r.Uvarint(), uint32(r.Uvarint())
	op.Action, op.OnDup = Action(code(r, "action", byte(Reserve))), OnDup(code(r, "way with duplicates", byte(DupUpdate)))
	op.Pre, op.Count = Pre(code(r, "precondition", byte(PreAbsent))), CountMode(code(r, "way to count", byte(CountMatched)))
	if data := r.Bytes(); len(data) > 0 {
		rows, rest, err := zset.DecodeBatch(data)
		if err != nil || len(rest) > 0 {
			r.Fail("rows: %v, %d bytes too many", err, len(rest))
			return
		}
		op.Rows = rows
	}
	op.Sets = make([]Set, r.Count(2))
	for i := range op.Sets {
		op.Sets[i] = Set{Col: int(r.Uvarint()), Value: decodeExpr(r)}
	}
	op.Where = make([]expr.Expr, r.Count(1))
	for i := range op.Where {
		op.Where[i] = decodeExpr(r)
	}
	op.Hashes = make([]uint64, r.Count(8))
	for i := range op.Hashes {
		op.Hashes[i] = r.Uint64()
	}
	op.N, op.KeepZero, op.Lax = r.Uvarint(), r.Bool(), r.Bool()
}

// code reads a byte from 1 to most.
func code(r *wire.Reader, what string, most byte) byte {
	b := r.Byte()
	if r.Err() == nil && (b < 1 || b > most) {
		r.Fail("unknown %s %d", what, b)
	}
	return b
}

func decodeExpr(r *wire.Reader) expr.Expr {
	e, rest, err := expr.Decode(r.Bytes())
	if err != nil {
		r.Fail("expression: %v", err)
	} else if len(rest) > 0 {
		r.Fail("expression: %d bytes too many", len(rest))
	}
	return e
}
