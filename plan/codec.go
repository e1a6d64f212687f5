package plan

import (
	"crypto/sha256"
	"fmt"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/internal/wire"
	"github.com/weirdb/weir/types"
)

// The binary form of a plan, version 1. It is written into the log, the
// catalog and fragments; numbers are never reused.
//
//	node    kind, fields, 0
//	field   number (ascending within a node), value; zero values are left out
//
// Numbers and counts are uvarints, signed numbers zigzag varints, strings a
// length and bytes, lists a count and the items. Types are in types' form,
// expressions in expr's. plan_v1 in testdata holds every node and field.
const (
	kindScan      = 1
	kindValues    = 2
	kindFilter    = 3
	kindProject   = 4
	kindJoin      = 5
	kindAggregate = 6
	kindDistinct  = 7
	kindUnion     = 8
	kindTop       = 9
	kindExchange  = 10
)

// Append appends the binary form of n to dst.
func Append(dst []byte, n Node) []byte {
	e := encoder{Writer: wire.Writer{Buf: dst}, names: true}
	e.node(n)
	return e.Buf
}

// Fingerprint returns a hash of what n computes: equal plans have equal
// fingerprints, whatever their columns are called.
func Fingerprint(n Node) [32]byte {
	var e encoder
	e.node(n)
	return sha256.Sum256(e.Buf)
}

// encoder appends; without names it leaves out what only people read.
type encoder struct {
	wire.Writer
	names bool
}

// name writes what only people read.
func (e *encoder) name(f uint64, s string) {
	if e.names {
		e.StringField(f, s)
	}
}

func (e *encoder) expr(x expr.Expr) {
	x = expr.Transform(x, func(x expr.Expr) expr.Expr {
		if c, ok := x.(*expr.Col); ok && !e.names && c.Name != "" {
			return &expr.Col{Index: c.Index, T: c.T}
		}
		return x
	})
	e.Buf = expr.Append(e.Buf, x)
}

func (e *encoder) exprField(f uint64, x expr.Expr) {
	if e.Field(f, x != nil) {
		e.expr(x)
	}
}

func (e *encoder) exprs(xs []expr.Expr) {
	e.Uint(uint64(len(xs)))
	for _, x := range xs {
		e.expr(x)
	}
}

func (e *encoder) exprsField(f uint64, xs []expr.Expr) {
	if e.Field(f, len(xs) > 0) {
		e.exprs(xs)
	}
}

func (e *encoder) exprListsField(f uint64, rows [][]expr.Expr) {
	if !e.Field(f, len(rows) > 0) {
		return
	}
	e.Uint(uint64(len(rows)))
	for _, row := range rows {
		e.exprs(row)
	}
}

// schemaField writes columns: 1 name, 2 type, 3 table, 4 database.
func (e *encoder) schemaField(f uint64, s Schema) {
	if !e.Field(f, len(s) > 0) {
		return
	}
	e.Uint(uint64(len(s)))
	for _, c := range s {
		e.name(1, c.Name)
		e.Uint(2)
		e.Buf = types.AppendType(e.Buf, c.Type)
		e.name(3, c.Table)
		e.name(4, c.DB)
		e.End()
	}
}

func (e *encoder) nodeField(f uint64, n Node) {
	e.Uint(f)
	e.node(n)
}

func (e *encoder) node(n Node) {
	switch n := n.(type) {
	case *Scan:
		e.Uint(kindScan)
		e.UintField(1, n.Table)
		e.name(2, n.Name)
		e.IntsField(3, n.Cols)
		e.access(4, n.Access)
		e.schemaField(5, n.Sch)
	case *Values:
		e.Uint(kindValues)
		e.exprListsField(1, n.Rows)
		e.schemaField(2, n.Sch)
		e.UintField(3, uint64(len(n.Rows)))
	case *Filter:
		e.Uint(kindFilter)
		e.nodeField(1, n.In)
		e.exprsField(2, n.Preds)
	case *Project:
		e.Uint(kindProject)
		e.nodeField(1, n.In)
		e.exprsField(2, n.Exprs)
		e.schemaField(3, n.Sch)
	case *Join:
		e.Uint(kindJoin)
		e.UintField(1, uint64(n.Kind))
		e.nodeField(2, n.L)
		e.nodeField(3, n.R)
		e.IntsField(4, n.LKeys)
		e.IntsField(5, n.RKeys)
		e.exprsField(6, n.On)
		e.schemaField(7, n.Sch)
	case *Aggregate:
		e.Uint(kindAggregate)
		e.nodeField(1, n.In)
		e.IntsField(2, n.Groups)
		e.aggsField(3, n.Aggs)
		e.schemaField(4, n.Sch)
	case *Distinct:
		e.Uint(kindDistinct)
		e.nodeField(1, n.In)
	case *Union:
		e.Uint(kindUnion)
		e.Uint(1)
		e.Uint(uint64(len(n.Ins)))
		for _, in := range n.Ins {
			e.node(in)
		}
		e.schemaField(2, n.Sch)
	case *Top:
		e.Uint(kindTop)
		e.top(n)
	case *Exchange:
		e.Uint(kindExchange)
		e.nodeField(1, n.In)
		e.IntsField(2, n.Keys)
	}
	e.End()
}

// access: 1 index, 2 Eq, 3 Lo, 4 Hi, 5 LoOpen, 6 HiOpen, 7 In.
func (e *encoder) access(f uint64, a *Access) {
	if !e.Field(f, a != nil) {
		return
	}
	e.UintField(1, uint64(a.Index))
	e.exprsField(2, a.Eq)
	e.exprField(3, a.Lo)
	e.exprField(4, a.Hi)
	e.BoolField(5, a.LoOpen)
	e.BoolField(6, a.HiOpen)
	e.exprListsField(7, a.In)
	e.End()
}

// aggsField writes aggregates: 1 function, 2 argument, 3 distinct, 4 type, 5 name.
func (e *encoder) aggsField(f uint64, aggs []Agg) {
	if !e.Field(f, len(aggs) > 0) {
		return
	}
	e.Uint(uint64(len(aggs)))
	for _, a := range aggs {
		e.UintField(1, uint64(a.Func))
		if a.Func != CountStar {
			e.UintField(2, uint64(a.Arg))
		}
		e.BoolField(3, a.Distinct)
		e.Uint(4)
		e.Buf = types.AppendType(e.Buf, a.Type)
		e.name(5, a.Name)
		e.End()
	}
}

// top: order terms are twice the column, plus one for descending.
func (e *encoder) top(n *Top) {
	e.nodeField(1, n.In)
	e.IntsField(2, n.Groups)
	order := make([]int, len(n.Order))
	for i, o := range n.Order {
		order[i] = o.Col * 2
		if o.Desc {
			order[i]++
		}
	}
	e.IntsField(3, order)
	e.UintField(4, uint64(n.Limit)+1) // NoLimit is left out
	e.UintField(5, uint64(n.Offset))
	e.exprField(6, n.LimitParam)
	e.exprField(7, n.OffsetParam)
}

// Decode reads a plan from the front of b and returns the rest. The plan has
// passed Validate; any other bytes are an error.
func Decode(b []byte) (n Node, rest []byte, err error) {
	d := decoder{r: wire.NewReader(b)}
	n = d.node(0)
	if err := d.r.Err(); err != nil {
		return nil, nil, fmt.Errorf("plan: %w", err)
	}
	if err := Validate(n); err != nil {
		return nil, nil, err
	}
	return n, d.r.Rest(), nil
}
