package plan

import (
	"slices"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
)

// ChooseAccess gives Scans the narrowest key prefix or range that the filters
// above them allow, and names an index in Scans that a join can look up by it
// only. For pull: a circuit sees every change.
//
// A predicate becomes part of an Access only where the order of the key is the
// order in which the predicate compares: a bare column against a constant of
// its own kind and collation.
func ChooseAccess(n Node, rels Rels) Node {
	return Transform(n, func(n Node) Node {
		switch n := n.(type) {
		case *Filter:
			if s, ok := n.In.(*Scan); ok && s.Access == nil {
				return narrow(n, s, rels)
			}
		case *Join:
			return nameIndex(n, rels)
		}
		return n
	})
}

// bounds are the predicates of a Filter that bound one column.
type bounds struct {
	eq, lo, hi, in *term
}

// term is a predicate that compares a column with what has none.
type term struct {
	pred int // position in the Filter
	fn   expr.Fn
	with []expr.Expr // one, or the list of IN
}

// path is a way to read a relation by bounds of its key columns.
type path struct {
	access Access
	used   []int // predicates that the path makes superfluous
	eqs    int
	unique bool // at most one row
	own    bool // the relation's own key
}

func narrow(f *Filter, s *Scan, rels Rels) Node {
	info, ok := rels(s.Table)
	if !ok {
		return f
	}
	on := boundsOf(f, s)
	ascending := 0
	var key []int
	for ascending < len(info.Key) && !info.Key[ascending].Desc {
		key = append(key, info.Key[ascending].Col)
		ascending++
	}
	best := pathOver(key, on)
	best.own = true
	best.unique = info.Unique && best.eqs == len(info.Key)
	for _, x := range info.Indexes {
		p := pathOver(x.Cols, on)
		p.access.Index = x.ID
		p.unique = x.Unique && p.eqs == len(x.Cols)
		if p.betterThan(best) {
			best = p
		}
	}
	if !best.narrows() {
		return f
	}
	scan := *s
	scan.Access = &best.access
	var rest []expr.Expr
	for i, p := range f.Preds {
		if !slices.Contains(best.used, i) {
			rest = append(rest, p)
		}
	}
	if len(rest) == 0 {
		return &scan
	}
	return &Filter{In: &scan, Preds: rest}
}

func (p path) narrows() bool {
	a := p.access
	return p.eqs > 0 || a.In != nil || a.Lo != nil || a.Hi != nil
}

// betterThan prefers a single row, then more columns that are equal, then a
// list, then a range; at equal rank the relation's own key.
func (p path) betterThan(q path) bool {
	rank := func(p path) []int {
		r := []int{0, p.eqs, 0, 0}
		if p.unique {
			r[0] = 1
		}
		if p.access.In != nil {
			r[2] = 1
		}
		for _, b := range []expr.Expr{p.access.Lo, p.access.Hi} {
			if b != nil {
				r[3]++
			}
		}
		return r
	}
	return slices.Compare(rank(p), rank(q)) > 0
}

// pathOver goes along the columns of a key as long as they are bounded.
func pathOver(key []int, on map[int]*bounds) path {
	var p path
	for _, col := range key {
		b := on[col]
		if b == nil {
			break
		}
		if b.eq != nil {
			p.access.Eq = append(p.access.Eq, b.eq.with[0])
			p.used = append(p.used, b.eq.pred)
			p.eqs++
			continue
		}
		if b.in != nil {
			for _, e := range b.in.with {
				p.access.In = append(p.access.In, append(slices.Clone(p.access.Eq), e))
			}
			p.access.Eq = nil
			p.used = append(p.used, b.in.pred)
			break
		}
		p.bound(b)
		break
	}
	return p
}

// bound takes a range of the column behind the prefix.
func (p *path) bound(b *bounds) {
	if b.lo != nil {
		p.access.Lo, p.access.LoOpen = b.lo.with[0], b.lo.fn == expr.FnGt
		p.used = append(p.used, b.lo.pred)
	}
	if b.hi != nil {
		p.access.Hi, p.access.HiOpen = b.hi.with[0], b.hi.fn == expr.FnLt
		p.used = append(p.used, b.hi.pred)
	}
}

// boundsOf sorts the predicates of f by the relation's column that they bound.
// Of several of one kind the first counts; the others stay filters.
func boundsOf(f *Filter, s *Scan) map[int]*bounds {
	on := map[int]*bounds{}
	for i, p := range f.Preds {
		col, t, ok := termOf(p, s.Sch)
		if !ok {
			continue
		}
		t.pred = i
		rel := s.Cols[col]
		b := on[rel]
		if b == nil {
			b = &bounds{}
			on[rel] = b
		}
		slot := &b.eq
		switch t.fn {
		case expr.FnGt, expr.FnGe:
			slot = &b.lo
		case expr.FnLt, expr.FnLe:
			slot = &b.hi
		case expr.FnIn:
			slot = &b.in
		}
		if *slot == nil {
			*slot = t
		}
	}
	return on
}

// termOf takes a predicate apart that compares a bare column of sch with what
// has no columns, as the key of the column does.
func termOf(p expr.Expr, sch Schema) (col int, t *term, ok bool) {
	call, isCall := p.(*expr.Call)
	if !isCall {
		return 0, nil, false
	}
	args, fn := call.Args, call.Fn
	switch fn {
	case expr.FnEq, expr.FnLt, expr.FnLe, expr.FnGt, expr.FnGe:
		if _, ok := args[0].(*expr.Col); !ok {
			args, fn = []expr.Expr{args[1], args[0]}, mirrored(fn)
		}
	case expr.FnIn:
	default:
		return 0, nil, false
	}
	c, isCol := args[0].(*expr.Col)
	if !isCol {
		return 0, nil, false
	}
	with := make([]expr.Expr, 0, len(args)-1)
	for _, e := range args[1:] {
		e = expr.Fold(e)
		if fn == expr.FnIn && isNull(e) {
			continue // equals nothing
		}
		if !boundable(e, sch[c.Index].Type) {
			return 0, nil, false
		}
		if !slices.ContainsFunc(with, func(x expr.Expr) bool { return expr.Equal(x, e) }) {
			with = append(with, e)
		}
	}
	if len(with) == 0 {
		return 0, nil, false
	}
	if fn == expr.FnIn && len(with) == 1 {
		fn = expr.FnEq
	}
	return c.Index, &term{fn: fn, with: with}, true
}

func mirrored(fn expr.Fn) expr.Fn {
	switch fn {
	case expr.FnLt:
		return expr.FnGt
	case expr.FnLe:
		return expr.FnGe
	case expr.FnGt:
		return expr.FnLt
	case expr.FnGe:
		return expr.FnLe
	}
	return fn
}

func isNull(e expr.Expr) bool {
	c, ok := e.(*expr.Const)
	return ok && c.V.IsNull
}

// boundable tells whether e can bound a key column of type t: it is the same
// for all rows, cannot fail, and its key is made as the column's is.
func boundable(e expr.Expr, t types.Type) bool {
	return len(expr.Columns(e)) == 0 && expr.Volatility(e) != expr.Changing &&
		!expr.Fallible(e) && sameKeys(t, e.Type())
}

// sameKeys tells whether values of a and b that compare equal have equal
// normalised keys, and the order of keys is that of the comparison.
func sameKeys(a, b types.Type) bool {
	switch {
	case a.Kind.IsInt():
		return b.Kind.IsInt() && a.Kind.IsUnsigned() == b.Kind.IsUnsigned()
	case a.Kind == types.Datetime || a.Kind == types.Timestamp:
		return b.Kind == types.Datetime || b.Kind == types.Timestamp
	case a.Kind.IsFloat():
		return b.Kind.IsFloat()
	case a.Kind == types.String:
		return b.Kind == types.String && a.Coll == b.Coll
	}
	return a.Kind == b.Kind && a.Kind != types.Null
}

// nameIndex lets a join look its right side up: where that is a relation whose
// own key does not begin with the join key but an index does, the Scan reads
// by that index.
func nameIndex(n *Join, rels Rels) Node {
	s, ok := n.R.(*Scan)
	if !ok || s.Access != nil || len(n.RKeys) == 0 {
		return n
	}
	info, ok := rels(s.Table)
	if !ok {
		return n
	}
	var key []int
	for _, k := range info.Key {
		key = append(key, k.Col)
	}
	want := make([]int, len(n.RKeys))
	for i, c := range n.RKeys {
		want[i] = s.Cols[c]
	}
	if beginsWith(key, want) {
		return n
	}
	for _, x := range info.Indexes {
		if beginsWith(x.Cols, want) {
			scan := *s
			scan.Access = &Access{Index: x.ID}
			return WithChildren(n, []Node{n.L, &scan})
		}
	}
	return n
}

// beginsWith tells whether the first columns of key are those of want, in any
// order.
func beginsWith(key, want []int) bool {
	return len(want) <= len(key) && subset(key[:len(want)], want)
}
