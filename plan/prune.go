package plan

import (
	"slices"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
)

// Prune takes out columns that nobody reads: Scans read fewer, and the inputs
// of what keeps or moves rows (joins, aggregates, tops) carry only what is
// needed. The output columns of n stay.
func Prune(n Node) Node {
	out, _ := prune(n, upTo(len(n.Schema())))
	return out
}

// places gives the new position of each old column, -1 for one that is gone.
type places []int

func (p places) of(cols []int) []int {
	if cols == nil {
		return nil
	}
	out := make([]int, len(cols))
	for i, c := range cols {
		out[i] = p[c]
	}
	return out
}

// exprs moves the columns of es to their places in sch.
func (p places) exprs(es []expr.Expr, sch Schema) []expr.Expr {
	return mapAll(es, func(e expr.Expr) expr.Expr { return remap(e, sch, func(c int) int { return p[c] }) })
}

// kept are the places when the columns keep, of width, are left.
func kept(keep []int, width int) places {
	p := make(places, width)
	for i := range p {
		p[i] = slices.Index(keep, i)
	}
	return p
}

// union returns the columns of all sets, ascending.
func union(sets ...[]int) []int {
	all := slices.Concat(sets...)
	slices.Sort(all)
	return slices.Compact(all)
}

// reads returns the columns that es read.
func reads(es []expr.Expr) []int {
	var cols []int
	for _, e := range es {
		cols = append(cols, expr.Columns(e)...)
	}
	return cols
}

// prune returns a node that puts out at least the columns need (ascending) of
// n, in their order, and the places of n's columns in it.
func prune(n Node, need []int) (Node, places) {
	switch n := n.(type) {
	case *Scan:
		return n.prune(need)
	case *Values:
		return n.prune(need)
	case *Filter:
		in, at := prune(n.In, union(need, reads(n.Preds)))
		return &Filter{In: in, Preds: at.exprs(n.Preds, in.Schema())}, at
	case *Project:
		return n.prune(need)
	case *Join:
		return n.prune(need)
	case *Aggregate:
		return n.prune(need)
	case *Distinct:
		all := upTo(len(n.Schema()))
		in, at := narrowed(n.In, all)
		return &Distinct{In: in}, at
	case *Union:
		if len(need) == 0 && len(n.Sch) > 0 {
			need = []int{0}
		}
		ins := make([]Node, len(n.Ins))
		for i := range n.Ins {
			ins[i], _ = narrowed(n.Ins[i], need)
		}
		return &Union{Ins: ins, Sch: n.Sch.pick(need)}, kept(need, len(n.Sch))
	case *Top:
		need = union(need, n.Groups)
		for _, o := range n.Order {
			need = union(need, []int{o.Col})
		}
		in, at := narrowed(n.In, need)
		c := *n
		c.In, c.Groups, c.Order = in, at.of(n.Groups), slices.Clone(n.Order)
		for i, o := range n.Order {
			c.Order[i].Col = at[o.Col]
		}
		return &c, at
	case *Exchange:
		in, at := narrowed(n.In, union(need, n.Keys))
		return &Exchange{In: in, Keys: at.of(n.Keys)}, at
	}
	return n, kept(upTo(len(n.Schema())), len(n.Schema()))
}

// narrowed prunes n to exactly the columns need, or one when there are none.
func narrowed(n Node, need []int) (Node, places) {
	in, at := prune(n, need)
	cols := at.of(need)
	if len(cols) == 0 {
		cols = []int{0}
	}
	if len(cols) >= len(in.Schema()) {
		return in, at
	}
	out := make(places, len(at))
	for i := range out {
		out[i] = slices.Index(cols, at[i])
	}
	return projectCols(in, cols), out
}

// prune keeps one column when none is needed, so that rows can be counted.
func (n *Scan) prune(need []int) (Node, places) {
	if len(need) == 0 && len(n.Sch) > 0 {
		narrow := slices.IndexFunc(n.Sch, func(c Column) bool { return c.Type.Phys() == types.PhysInt })
		need = []int{max(narrow, 0)}
	}
	c := *n
	c.Cols, c.Sch = make([]int, len(need)), n.Sch.pick(need)
	for i, col := range need {
		c.Cols[i] = n.Cols[col]
	}
	return &c, kept(need, len(n.Sch))
}

func (n *Values) prune(need []int) (Node, places) {
	if len(need) == 0 && len(n.Sch) > 0 {
		need = []int{0}
	}
	rows := make([][]expr.Expr, len(n.Rows))
	for i, row := range n.Rows {
		for _, c := range need {
			rows[i] = append(rows[i], row[c])
		}
	}
	return &Values{Rows: rows, Sch: n.Sch.pick(need)}, kept(need, len(n.Sch))
}

func (n *Project) prune(need []int) (Node, places) {
	if len(need) == 0 && len(n.Exprs) > 0 {
		cheap := slices.IndexFunc(n.Exprs, func(e expr.Expr) bool {
			_, call := e.(*expr.Call)
			return !call
		})
		need = []int{max(cheap, 0)}
	}
	exprs := make([]expr.Expr, len(need))
	for i, c := range need {
		exprs[i] = n.Exprs[c]
	}
	in, at := prune(n.In, union(reads(exprs)))
	return &Project{In: in, Exprs: at.exprs(exprs, in.Schema()), Sch: n.Sch.pick(need)}, kept(need, len(n.Sch))
}

func (n *Join) prune(need []int) (Node, places) {
	width := len(n.L.Schema())
	var left, right []int
	for _, c := range slices.Concat(need, reads(n.On)) {
		if c < width {
			left = append(left, c)
		} else {
			right = append(right, c-width)
		}
	}
	l, lat := narrowed(n.L, union(left, n.LKeys))
	r, rat := narrowed(n.R, union(right, n.RKeys))
	ls, rs := l.Schema(), r.Schema()
	at := slices.Clone(lat)
	for _, p := range rat {
		if p >= 0 {
			p += len(ls)
		}
		at = append(at, p)
	}
	c := *n
	c.L, c.R = l, r
	c.LKeys, c.RKeys = lat.of(n.LKeys), rat.of(n.RKeys)
	c.On = at.exprs(n.On, append(slices.Clone(ls), rs...))
	at = at[:len(n.Sch)]
	c.Sch = make(Schema, len(joinSchema(n.Kind, ls, rs)))
	for old, p := range at {
		if p >= 0 {
			c.Sch[p] = n.Sch[old]
		}
	}
	return &c, at
}

// prune drops aggregates; the group columns stay.
func (n *Aggregate) prune(need []int) (Node, places) {
	keep := union(upTo(len(n.Groups)), need)
	if len(keep) == 0 {
		keep = []int{0}
	}
	var aggs []Agg
	input := slices.Clone(n.Groups)
	for _, c := range keep[len(n.Groups):] {
		a := n.Aggs[c-len(n.Groups)]
		aggs = append(aggs, a)
		if a.Func != CountStar {
			input = append(input, a.Arg)
		}
	}
	in, at := narrowed(n.In, union(input))
	for i := range aggs {
		if aggs[i].Func != CountStar {
			aggs[i].Arg = at[aggs[i].Arg]
		}
	}
	return &Aggregate{In: in, Groups: at.of(n.Groups), Aggs: aggs, Sch: n.Sch.pick(keep)}, kept(keep, len(n.Sch))
}
