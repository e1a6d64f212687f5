package plan

import "github.com/weirdb/weir/types"

// Append appends the binary form of n to dst.
func Append(dst []byte, n Node) []byte { panic("plan: Append") }

// Decode reads a plan from the front of b and returns the rest. The plan has
// passed Validate; any other bytes are an error.
func Decode(b []byte) (n Node, rest []byte, err error) { panic("plan: Decode") }

// Fingerprint returns a hash of what n computes: equal plans have equal
// fingerprints, whatever their columns are called.
func Fingerprint(n Node) [32]byte { panic("plan: Fingerprint") }

// Validate checks that n is well formed: every column position exists, every
// expression, key and schema has the types of what it reads. Runners rely on
// it.
func Validate(n Node) error { panic("plan: Validate") }

// Explain renders n as indented text, one line a node.
func Explain(n Node) string { panic("plan: Explain") }

// Optimise rewrites n by rules that keep its answer and its output columns.
// It serves both runners.
func Optimise(n Node, rels Rels) Node { panic("plan: Optimise") }

// ChooseAccess gives Scans the narrowest key prefix or range that the filters above
// them allow. For pull only: a circuit sees every change.
func ChooseAccess(n Node, rels Rels) Node { panic("plan: ChooseAccess") }

// Distribute inserts the Exchanges that a circuit needs, so that every
// operator finds in its own lane all the rows it must see together.
func Distribute(n Node, rels Rels) Node { panic("plan: Distribute") }

// UniqueKey returns columns of n's output that identify a row: no two rows
// share their values, and every row has weight 1. An empty key with ok says
// that there is at most one row.
func UniqueKey(n Node, rels Rels) (cols []int, ok bool) { panic("plan: UniqueKey") }

// StoreKey returns the columns by which the view of n is stored: its unique
// key in select-list order where it has one, else all columns.
func StoreKey(n Node, rels Rels) (cols []int, unique bool) { panic("plan: StoreKey") }

// AggType returns the type of an aggregate over an argument of type arg, and
// the type that the argument is to be cast to first, by MySQL's rules.
func AggType(f AggFunc, arg types.Type) (result, castTo types.Type) { panic("plan: AggType") }

// Walk calls f for n and, while f returns true, for the nodes below, parents
// first and children in order.
func Walk(n Node, f func(Node) bool) { panic("plan: Walk") }

// WithChildren returns n with its children replaced; n itself when they are
// the same. The number of children must be the same.
func WithChildren(n Node, kids []Node) Node { panic("plan: WithChildren") }

// Transform rebuilds n bottom up: f gets every node with its children already
// transformed, and returns what takes its place.
func Transform(n Node, f func(Node) Node) Node { panic("plan: Transform") }

// Tables returns the ids of the relations that n scans, ascending, each once.
func Tables(n Node) []uint64 { panic("plan: Tables") }
