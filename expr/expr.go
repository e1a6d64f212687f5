// Package expr is Weir's scalar expressions: a typed tree, the registry of
// functions with MySQL's coercions, and a compiler from trees to closures
// over batches.
//
// Invariants:
//  1. A tree is immutable once made. Resolve and the other constructors have
//     put in every coercion, so evaluation never looks at types again.
//  2. Evaluation never aborts a batch. A row whose expression fails (overflow,
//     a bad cast in strict mode) is marked in Ctx.Errs with the first error
//     met in evaluation order, and its value is undefined.
//  3. AND, OR, CASE, IF, IFNULL and COALESCE evaluate their later arguments
//     only for the rows that reach them, so an error in a branch not taken is
//     no error.
//  4. A Program is immutable and may be shared; a Ctx belongs to one goroutine
//     at a time.
//
// The way of an expression: registry.go finds the function, operators.go,
// logic.go, cast.go and typing.go coerce its arguments and type it; program.go
// compiles the tree to nodes and runs them; arith.go, compare.go, convert.go and
// the files of functions hold the kernels, rows.go adapts functions of one row.
package expr

import (
	"github.com/weirdb/weir/types"
)

// Expr is a node of an expression tree: *Col, *Const, *Param or *Call.
type Expr interface {
	// Type is the static type of the value; Nullable says NULL may come.
	Type() types.Type
	expr()
}

// Col reads column Index of the input batch.
type Col struct {
	Index int
	Name  string // for EXPLAIN and error texts only; not part of equality
	T     types.Type
}

// Const is a literal.
type Const struct{ V types.Value }

// Param is the Nth placeholder of a prepared statement, from 0. Its type is
// what the binder inferred; the value given at execution is cast to it.
type Param struct {
	N int
	T types.Type
}

// Call applies a function of the registry. Args have the types the function's
// kernel expects; T is the result's.
type Call struct {
	Fn   Fn
	Args []Expr
	T    types.Type
}

// Fn numbers a function for ever: it is what the codec writes. The numbers
// are declared in registry.go.
type Fn uint16

// Type implements Expr.
func (e *Col) Type() types.Type { return e.T }

// Type implements Expr.
func (e *Const) Type() types.Type { return e.V.Type }

// Type implements Expr.
func (e *Param) Type() types.Type { return e.T }

// Type implements Expr.
func (e *Call) Type() types.Type { return e.T }

func (*Col) expr()   {}
func (*Const) expr() {}
func (*Param) expr() {}
func (*Call) expr()  {}
