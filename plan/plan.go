// Package plan is the one relational plan that SQL is bound to, and that both
// runners read: pull answers it once over a snapshot, push builds a circuit
// that answers it for ever.
//
// A plan is an immutable tree of Nodes. It names tables by id and carries the
// schema it was bound against, never a catalog object. Keys of joins, groups
// and orders are column positions: the binder puts a Project below a node
// whose key is an expression.
//
// The law: for every plan without Params, the sum of what its circuit put out
// equals what pull says over the snapshot, after every step; or both fail.
package plan

import (
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
)

// Column is a column of a node's output.
type Column struct {
	Name string
	Type types.Type
	// Table and DB say where the column comes from, for clients; may be empty.
	Table, DB string
}

// Schema is the output columns of a node, in order.
type Schema []Column

// Node is one of the node types of this file; runners switch over all of them.
type Node interface {
	Schema() Schema
	Children() []Node
	node()
}

// Scan reads a table or view. Its output is the columns Cols of the relation,
// in that order. Access, when set, bounds what is read (pull only).
type Scan struct {
	Table  uint64 // catalog id
	Name   string // for EXPLAIN only
	Cols   []int
	Access *Access
	Sch    Schema
}

// Access narrows a Scan to a key prefix and a range of the next key column of
// one index. Expressions hold no columns, only constants and parameters, and
// have types whose normalised keys are made as those of the key columns are:
// the same kind and collation, but any width of an integer of the same sign,
// any digits of a decimal or moment. A NULL in Eq or a bound matches nothing,
// and a range holds no NULL of its column. Filters that Access makes
// superfluous have been removed. An Access that only names an index says by
// which index a join may look the Scan up.
type Access struct {
	Index          uint32 // 0 is the relation's own key, else a catalog index id
	Eq             []expr.Expr
	Lo, Hi         expr.Expr // nil: open
	LoOpen, HiOpen bool      // the bound itself is excluded
	// In, when set, replaces Eq: a list of key prefixes, each read once.
	In [][]expr.Expr
}

// Values puts out literal rows. Rows hold no columns.
type Values struct {
	Rows [][]expr.Expr
	Sch  Schema
}

// Filter keeps the rows for which every predicate is true; they are evaluated
// in order, each for the rows that the ones before kept.
type Filter struct {
	In    Node
	Preds []expr.Expr
}

// Project computes one output column per expression.
type Project struct {
	In    Node
	Exprs []expr.Expr
	Sch   Schema
}

// JoinKind is how unmatched rows are treated. A RIGHT JOIN is bound as a left
// one with its sides exchanged.
type JoinKind uint8

// The join kinds; numbers are in the codec.
const (
	InnerJoin JoinKind = 1
	LeftJoin  JoinKind = 2
	SemiJoin  JoinKind = 3 // rows of L with a match, once; output is L's columns
	AntiJoin  JoinKind = 4 // rows of L without a match; output is L's columns
	// NullAntiJoin is NOT IN: like AntiJoin, but a NULL key on either side
	// makes the row unknown, so it is left out unless R is empty.
	NullAntiJoin JoinKind = 5
)

// Join matches rows of L and R whose keys are equal (NULL equals nothing) and
// for which every residual predicate On, over L's columns followed by R's, is
// true. LKeys[i] and RKeys[i] have the same type but for nullability. No keys
// is a cross join. Columns of R are nullable in the output of a LeftJoin.
type Join struct {
	Kind         JoinKind
	L, R         Node
	LKeys, RKeys []int
	On           []expr.Expr
	Sch          Schema
}

// AggFunc is an aggregate function.
type AggFunc uint8

// The aggregate functions; numbers are in the codec.
const (
	CountStar AggFunc = 1
	Count     AggFunc = 2 // rows whose argument is not NULL
	Sum       AggFunc = 3 // NULL over no values
	Avg       AggFunc = 4
	Min       AggFunc = 5 // smallest by normalised key, then by canonical bytes
	Max       AggFunc = 6
	// First is the value with the smallest canonical bytes: the group's
	// representative where a collation holds different bytes equal.
	First AggFunc = 7
	// Sum0 is Sum that is 0 over no values: it totals partial counts.
	Sum0 AggFunc = 8
	// Single is the only value; two rows are error 1242. NULL over none.
	Single AggFunc = 9
	// Same is the value that all rows of a group share, because the group's
	// columns determine it. The rule GroupByKey makes it.
	Same AggFunc = 10
)

// Agg is one aggregate of an Aggregate node over column Arg of its input
// (ignored by CountStar). The argument has been cast to what Type asks for:
// integers and decimals sum exactly as decimals, floats as DOUBLE.
type Agg struct {
	Func     AggFunc
	Arg      int
	Distinct bool
	Type     types.Type
	Name     string
}

// Aggregate groups by columns and puts out the group columns followed by the
// aggregates. Equality of groups is by normalised key; a group column whose
// collation holds different bytes equal puts out the smallest bytes seen.
// Without group columns there is exactly one output row, also over no input.
type Aggregate struct {
	In     Node
	Groups []int
	Aggs   []Agg
	Sch    Schema
}

// Distinct puts out each row once. Equality is by normalised key over all
// columns; the representative is the row with the smallest canonical bytes.
type Distinct struct{ In Node }

// Union is UNION ALL of inputs with equal types.
type Union struct {
	Ins []Node
	Sch Schema
}

// Order is one ORDER BY term. NULL sorts first ascending, last descending.
type Order struct {
	Col  int
	Desc bool
}

// NoLimit is the Limit of a Top that only sorts.
const NoLimit int64 = -1

// Top sorts by Order, ties by the canonical bytes of the whole row, and keeps
// Limit rows after Offset per group of equal Groups columns (one group where
// empty). A view ignores an order without a limit. LimitParam and OffsetParam
// are the expressions of `LIMIT ?`; nil when the numbers are known.
type Top struct {
	In            Node
	Groups        []int
	Order         []Order
	Limit, Offset int64

	LimitParam, OffsetParam expr.Expr
}

// Exchange routes each row to the lane of the slot of the normalised key over
// Keys; without keys all rows go to lane 0. pull passes through it.
type Exchange struct {
	In   Node
	Keys []int
}

// Schema implements Node.
func (n *Scan) Schema() Schema { return n.Sch }

// Schema implements Node.
func (n *Values) Schema() Schema { return n.Sch }

// Schema implements Node.
func (n *Filter) Schema() Schema { return n.In.Schema() }

// Schema implements Node.
func (n *Project) Schema() Schema { return n.Sch }

// Schema implements Node.
func (n *Join) Schema() Schema { return n.Sch }

// Schema implements Node.
func (n *Aggregate) Schema() Schema { return n.Sch }

// Schema implements Node.
func (n *Distinct) Schema() Schema { return n.In.Schema() }

// Schema implements Node.
func (n *Union) Schema() Schema { return n.Sch }

// Schema implements Node.
func (n *Top) Schema() Schema { return n.In.Schema() }

// Schema implements Node.
func (n *Exchange) Schema() Schema { return n.In.Schema() }

// Children implements Node.
func (n *Scan) Children() []Node { return nil }

// Children implements Node.
func (n *Values) Children() []Node { return nil }

// Children implements Node.
func (n *Filter) Children() []Node { return []Node{n.In} }

// Children implements Node.
func (n *Project) Children() []Node { return []Node{n.In} }

// Children implements Node.
func (n *Join) Children() []Node { return []Node{n.L, n.R} }

// Children implements Node.
func (n *Aggregate) Children() []Node { return []Node{n.In} }

// Children implements Node.
func (n *Distinct) Children() []Node { return []Node{n.In} }

// Children implements Node.
func (n *Union) Children() []Node { return n.Ins }

// Children implements Node.
func (n *Top) Children() []Node { return []Node{n.In} }

// Children implements Node.
func (n *Exchange) Children() []Node { return []Node{n.In} }

func (*Scan) node()      {}
func (*Values) node()    {}
func (*Filter) node()    {}
func (*Project) node()   {}
func (*Join) node()      {}
func (*Aggregate) node() {}
func (*Distinct) node()  {}
func (*Union) node()     {}
func (*Top) node()       {}
func (*Exchange) node()  {}
