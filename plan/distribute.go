package plan

import (
	"math"
	"slices"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
)

// Distribute inserts the Exchanges that a circuit needs, so that every
// operator finds in its own lane all the rows that it must see together, and
// takes out sorts without a limit, which mean nothing in a view.
//
// It tracks how each node's rows lie in the lanes and leaves out what is
// superfluous: a relation lies by the slot of its stored key, rows that lie by
// some of the group columns lie right for the groups. A global aggregate is
// done per lane first where its parts can be added up, and a Top per lane
// before the last one.
//
// A global Aggregate above Exchange{} stands in lane 0 only; one that is the
// part per lane may stand in every lane, also without rows there.
func Distribute(n Node, rels Rels) Node {
	d := distributor{rels: rels}
	n, _ = d.node(n)
	return n
}

type distributor struct{ rels Rels }

// placement is how the rows of a node lie in the lanes.
type placement struct {
	// one says that all rows are in lane 0.
	one bool
	// by, when not nil, says that the lane is that of the slot of the key over
	// these columns: by[i] are the output columns that hold part i of it.
	by [][]int
}

var (
	anywhere = placement{}
	lane0    = placement{one: true}
)

// byCols is the placement after an Exchange.
func byCols(cols []int) placement {
	p := placement{by: make([][]int, len(cols))}
	for i, c := range cols {
		p.by[i] = []int{c}
	}
	return p
}

// moved gives the placement after columns have moved; to returns the new
// places of a column. The placement is lost when a part has none.
func (p placement) moved(to func(col int) []int) placement {
	if p.by == nil {
		return p
	}
	out := placement{by: make([][]int, len(p.by))}
	for i, cols := range p.by {
		for _, c := range cols {
			out.by[i] = append(out.by[i], to(c)...)
		}
		if len(out.by[i]) == 0 {
			return anywhere
		}
	}
	return out
}

// within returns, for each part of the placement, the position in cols of a
// column that holds it; ok is false when a part is none of cols.
func (p placement) within(cols []int) (at []int, ok bool) {
	if p.by == nil {
		return nil, false
	}
	for _, part := range p.by {
		i := slices.IndexFunc(cols, func(c int) bool { return slices.Contains(part, c) })
		if i < 0 {
			return nil, false
		}
		at = append(at, i)
	}
	return at, true
}

// together tells whether rows with equal cols are in one lane.
func (p placement) together(cols []int) bool {
	_, ok := p.within(cols)
	return p.one || ok
}

// node distributes n.
func (d distributor) node(n Node) (Node, placement) {
	switch n := n.(type) {
	case *Scan:
		return n, d.scan(n)
	case *Values:
		return n, lane0
	case *Filter:
		in, p := d.node(n.In)
		return WithChildren(n, []Node{in}), p
	case *Project:
		in, p := d.node(n.In)
		return WithChildren(n, []Node{in}), p.moved(n.outputsOf)
	case *Join:
		return d.join(n)
	case *Aggregate:
		return d.aggregate(n)
	case *Distinct:
		in, p := d.node(n.In)
		in, p = exchange(in, p, upTo(len(n.Schema())))
		return WithChildren(n, []Node{in}), p
	case *Union:
		return d.union(n)
	case *Top:
		return d.top(n)
	case *Exchange:
		in, _ := d.node(n.In)
		if len(n.Keys) == 0 {
			return WithChildren(n, []Node{in}), lane0
		}
		return WithChildren(n, []Node{in}), byCols(n.Keys)
	}
	return n, anywhere
}

// exchange brings rows with equal cols together. No cols gather all rows.
func exchange(in Node, p placement, cols []int) (Node, placement) {
	switch {
	case p.together(cols):
		return in, p
	case len(cols) == 0:
		return &Exchange{In: in}, lane0
	}
	return &Exchange{In: in, Keys: cols}, byCols(cols)
}

func (d distributor) scan(n *Scan) placement {
	info, ok := d.rels(n.Table)
	if !ok || len(info.Key) == 0 {
		return anywhere
	}
	p := placement{by: make([][]int, len(info.Key))}
	for i, k := range info.Key {
		at := slices.Index(n.Cols, k.Col)
		if at < 0 || k.Desc {
			return anywhere
		}
		p.by[i] = []int{at}
	}
	return p
}

// outputsOf returns all output columns that are column col of the input.
func (n *Project) outputsOf(col int) (out []int) {
	for i, e := range n.Exprs {
		if c, ok := e.(*expr.Col); ok && c.Index == col {
			out = append(out, i)
		}
	}
	return out
}

// join brings rows with equal keys together, by as many parts of the key as
// one of the sides lies by already. Joins that must see all of R gather.
func (d distributor) join(n *Join) (Node, placement) {
	l, lp := d.node(n.L)
	r, rp := d.node(n.R)
	parts := upTo(len(n.LKeys))
	switch {
	case len(n.LKeys) == 0 || n.Kind == NullAntiJoin || lp.one && rp.one:
		parts = nil
	default:
		if at, ok := lp.within(n.LKeys); ok {
			parts = at
		} else if at, ok := rp.within(n.RKeys); ok {
			parts = at
		}
	}
	l, lp = place(l, lp, n.LKeys, parts)
	r, _ = place(r, rp, n.RKeys, parts)
	n = WithChildren(n, []Node{l, r}).(*Join)
	if lp.one {
		return n, lane0
	}
	width := len(l.Schema())
	p := placement{by: make([][]int, len(parts))}
	for i, k := range parts {
		p.by[i] = []int{n.LKeys[k]}
		if n.Kind == InnerJoin {
			p.by[i] = append(p.by[i], width+n.RKeys[k])
		}
	}
	return n, p
}

// place lays rows by exactly the given parts of a key; no parts gather.
func place(in Node, p placement, key, parts []int) (Node, placement) {
	if len(parts) == 0 {
		return exchange(in, p, nil)
	}
	if at, ok := p.within(key); ok && slices.Equal(at, parts) {
		return in, p
	}
	cols := make([]int, len(parts))
	for i, k := range parts {
		cols[i] = key[k]
	}
	return &Exchange{In: in, Keys: cols}, byCols(cols)
}

func (d distributor) union(n *Union) (Node, placement) {
	ins := make([]Node, len(n.Ins))
	common := anywhere
	for i, in := range n.Ins {
		var p placement
		ins[i], p = d.node(in)
		switch {
		case i == 0:
			common = p
		case common.one && p.one:
		default:
			common = intersect(common, p)
		}
	}
	return WithChildren(n, ins), common
}

// intersect is the placement of rows of which some lie by p and some by q.
func intersect(p, q placement) placement {
	if p.by == nil || len(p.by) != len(q.by) {
		return anywhere
	}
	out := placement{by: make([][]int, len(p.by))}
	for i := range p.by {
		for _, c := range p.by[i] {
			if slices.Contains(q.by[i], c) {
				out.by[i] = append(out.by[i], c)
			}
		}
		if len(out.by[i]) == 0 {
			return anywhere
		}
	}
	return out
}

func (d distributor) top(n *Top) (Node, placement) {
	in, p := d.node(n.In)
	if n.Limit == NoLimit && n.Offset == 0 && n.LimitParam == nil && n.OffsetParam == nil {
		return in, p
	}
	if len(n.Groups) > 0 || p.one {
		in, p = exchange(in, p, n.Groups)
		return WithChildren(n, []Node{in}), p
	}
	if n.Limit != NoLimit && n.LimitParam == nil && n.OffsetParam == nil {
		first := *n
		first.In, first.Offset, first.Limit = in, 0, n.Limit+n.Offset
		if n.Limit > math.MaxInt64-n.Offset {
			first.Limit = math.MaxInt64
		}
		in = &first
	}
	return WithChildren(n, []Node{&Exchange{In: in}}), lane0
}

func (d distributor) aggregate(n *Aggregate) (Node, placement) {
	in, p := d.node(n.In)
	if len(n.Groups) > 0 || p.one {
		in, p = exchange(in, p, n.Groups)
		return WithChildren(n, []Node{in}), p.moved(func(col int) (out []int) {
			for i, g := range n.Groups {
				if g == col {
					out = append(out, i)
				}
			}
			return out
		})
	}
	if arg, ok := distinctArg(n); ok && splits(n) {
		if arg >= 0 { // each value in one lane, so that lanes count different ones
			in, _ = exchange(in, p, []int{arg})
		}
		return split(n, in), lane0
	}
	return WithChildren(n, []Node{&Exchange{In: in}}), lane0
}

// distinctArg returns the column over which n's aggregates are DISTINCT, -1
// when none is; ok is false when there are several.
func distinctArg(n *Aggregate) (arg int, ok bool) {
	arg = -1
	for _, a := range n.Aggs {
		if !a.Distinct || a.Func == Min || a.Func == Max || a.Func == First {
			continue
		}
		if arg >= 0 && a.Arg != arg {
			return 0, false
		}
		arg = a.Arg
	}
	return arg, true
}

// splits tells whether the aggregates of n can be added up from those of parts
// of its input: exact sums and counts, smallest and greatest values.
func splits(n *Aggregate) bool {
	in := n.In.Schema()
	for _, a := range n.Aggs {
		switch a.Func {
		case CountStar, Count, Min, Max:
		case First:
			return false // the NULL of a lane without rows would come first
		case Sum, Sum0:
			if in[a.Arg].Type.Kind.IsFloat() {
				return false
			}
		case Avg:
			// The sum must not overflow where the average does not, nor its
			// quotient be rounded twice.
			t := in[a.Arg].Type
			usual, _ := AggType(Avg, t)
			if t.Kind.IsFloat() || digits(t)+22 > types.MaxPrec-4 || !sameType(a.Type, usual) {
				return false
			}
		case Single:
			return false
		default:
			return false
		}
	}
	return true
}

// split makes n, which has no groups, of an Aggregate per lane, one over their
// results, and a Project that divides the sums of averages.
func split(n *Aggregate, in Node) Node {
	part := &Aggregate{In: in}
	final := &Aggregate{}
	var exprs []func() expr.Expr
	// add enters one part and its total, and returns the total's column.
	add := func(a Agg, total AggFunc, t types.Type) int {
		at := len(part.Aggs)
		part.Aggs = append(part.Aggs, a)
		part.Sch = append(part.Sch, Column{Name: a.Name, Type: a.Type})
		final.Aggs = append(final.Aggs, Agg{Func: total, Arg: at, Type: t, Name: a.Name})
		final.Sch = append(final.Sch, Column{Name: a.Name, Type: t})
		return at
	}
	for i, a := range n.Aggs {
		var at int
		switch a.Func {
		case CountStar, Count:
			at = add(a, Sum0, a.Type)
		case Avg:
			exprs = append(exprs, addAverage(add, a, n.In.Schema()[a.Arg].Type, n.Sch[i], final))
			continue
		default:
			at = add(a, a.Func, a.Type)
		}
		exprs = append(exprs, func() expr.Expr { return final.Sch.column(at) })
	}
	final.In = &Exchange{In: part}
	p := &Project{In: final, Sch: n.Sch}
	for _, e := range exprs {
		p.Exprs = append(p.Exprs, e())
	}
	if p.isIdentity() {
		final.Sch = n.Sch
		return final
	}
	return p
}

// addAverage enters the sum and the count of an average and returns what
// divides them.
func addAverage(add func(Agg, AggFunc, types.Type) int, a Agg, arg types.Type, out Column, final *Aggregate) func() expr.Expr {
	sumType, _ := AggType(Sum, arg)
	sum := add(Agg{Func: Sum, Arg: a.Arg, Distinct: a.Distinct, Type: sumType, Name: "sum of " + a.Name}, Sum, sumType)
	count := add(Agg{Func: Count, Arg: a.Arg, Distinct: a.Distinct, Type: types.TypeInt, Name: "count of " + a.Name}, Sum0, types.TypeInt)
	return func() expr.Expr {
		q, err := expr.Resolve("/", []expr.Expr{final.Sch.column(sum), final.Sch.column(count)})
		if err != nil {
			panic("plan: a sum cannot be divided: " + err.Error())
		}
		return expr.Cast(q, out.Type)
	}
}
