package plan

import (
	"slices"

	"github.com/weirdb/weir/expr"
)

// maxKeys is how many unique keys of a node are followed upwards.
const maxKeys = 8

// UniqueKey returns columns of n's output that identify a row, ascending: no
// two rows share their values, and every row has weight 1. An empty key with
// ok says that there is at most one row. Of several keys it is the one with
// the fewest columns. Only primary and view keys count, not unique indexes:
// those can be dropped while a view stands on them.
func UniqueKey(n Node, rels Rels) (cols []int, ok bool) {
	keys := uniqueKeys(n, rels)
	if len(keys) == 0 {
		return nil, false
	}
	return slices.MinFunc(keys, func(a, b []int) int { return len(a) - len(b) }), true
}

// StoreKey returns the columns by which the view of n is stored, and whether
// they are unique: n's unique key in select-list order where it has one, else
// all columns. A view of at most one row is stored by its first column.
func StoreKey(n Node, rels Rels) (cols []int, unique bool) {
	if cols, ok := UniqueKey(n, rels); ok {
		if len(cols) == 0 {
			cols = []int{0}
		}
		return cols, true
	}
	return upTo(len(n.Schema())), false
}

// upTo returns 0 to n-1.
func upTo(n int) []int {
	cols := make([]int, n)
	for i := range cols {
		cols[i] = i
	}
	return cols
}

// uniqueKeys returns the unique keys of n that are known, each ascending.
func uniqueKeys(n Node, rels Rels) [][]int {
	switch n := n.(type) {
	case *Scan:
		return scanKeys(n, rels)
	case *Values:
		if len(n.Rows) <= 1 {
			return [][]int{{}}
		}
		return nil
	case *Filter:
		return uniqueKeys(n.In, rels)
	case *Project:
		return mapKeys(uniqueKeys(n.In, rels), n.outputOf)
	case *Join:
		return joinKeys(n, rels)
	case *Aggregate:
		keys := mapKeys(uniqueKeys(n.In, rels), func(col int) int { return slices.Index(n.Groups, col) })
		return append(keys, upTo(len(n.Groups)))
	case *Distinct:
		return append(uniqueKeys(n.In, rels), upTo(len(n.Schema())))
	case *Union:
		if len(n.Ins) == 1 {
			return uniqueKeys(n.Ins[0], rels)
		}
		return nil
	case *Top:
		return uniqueKeys(n.In, rels)
	case *Exchange:
		return uniqueKeys(n.In, rels)
	}
	return nil
}

func scanKeys(n *Scan, rels Rels) [][]int {
	info, ok := rels(n.Table)
	if !ok || !info.Unique {
		return nil
	}
	key := make([]int, len(info.Key))
	for i, k := range info.Key {
		key[i] = k.Col
	}
	return mapKeys([][]int{key}, func(col int) int { return slices.Index(n.Cols, col) })
}

// outputOf returns the output column that is column col of the input as it
// is, or -1.
func (n *Project) outputOf(col int) int {
	return slices.IndexFunc(n.Exprs, func(e expr.Expr) bool {
		c, ok := e.(*expr.Col)
		return ok && c.Index == col
	})
}

// mapKeys maps the columns of keys and leaves out keys of which one has no
// place in the output.
func mapKeys(keys [][]int, to func(col int) int) [][]int {
	var out [][]int
	for _, key := range keys {
		mapped := make([]int, 0, len(key))
		for _, col := range key {
			if at := to(col); at >= 0 {
				mapped = append(mapped, at)
			}
		}
		if len(mapped) == len(key) {
			slices.Sort(mapped)
			out = append(out, mapped)
		}
	}
	return out
}

// joinKeys: a row of a side that meets at most one row of the other keeps its
// key; otherwise a pair of keys identifies a pair of rows.
func joinKeys(n *Join, rels Rels) [][]int {
	left := uniqueKeys(n.L, rels)
	if n.Kind != InnerJoin && n.Kind != LeftJoin {
		return left
	}
	right := mapKeys(uniqueKeys(n.R, rels), func(col int) int { return col + len(n.L.Schema()) })
	var keys [][]int
	if coversKey(n.RKeys, uniqueKeys(n.R, rels)) {
		keys = append(keys, left...)
	}
	if n.Kind == InnerJoin && coversKey(n.LKeys, left) {
		keys = append(keys, right...)
	}
	for _, l := range left {
		for _, r := range right {
			if len(keys) < maxKeys {
				keys = append(keys, slices.Concat(l, r))
			}
		}
	}
	return keys
}

// coversKey tells whether cols hold a whole unique key.
func coversKey(cols []int, keys [][]int) bool {
	return slices.ContainsFunc(keys, func(key []int) bool { return subset(key, cols) })
}

func subset(some, of []int) bool {
	for _, x := range some {
		if !slices.Contains(of, x) {
			return false
		}
	}
	return true
}
