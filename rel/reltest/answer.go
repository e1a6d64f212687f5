package reltest

import (
	"fmt"
	"sort"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Row is a row of an answer and its weight.
type Row struct {
	Vals []types.Value
	W    int64
}

// Text renders the row exactly: two rows have equal texts iff they have equal
// canonical bytes.
func (r Row) Text() string {
	s := ""
	for _, v := range r.Vals {
		s += cellText(v) + " | "
	}
	return s
}

func cellText(v types.Value) string {
	switch {
	case v.IsNull:
		return "NULL"
	case v.Type.Kind == types.Decimal:
		return v.D.Text(int(v.Type.Scale))
	case v.Type.Phys() == types.PhysFloat:
		return fmt.Sprint(v.F)
	case v.Type.Phys() == types.PhysBytes:
		return fmt.Sprintf("%q", v.S)
	}
	return fmt.Sprint(v.I)
}

// Rows returns the rows of b.
func Rows(b *zset.Batch) []Row {
	var rows []Row
	for i := range b.N {
		rows = append(rows, Row{b.Row(i), b.Weight(i)})
	}
	return rows
}

// Texts returns the text of every row, as often as its weight says.
func Texts(rows []Row) []string {
	var out []string
	for _, r := range rows {
		for range r.W {
			out = append(out, r.Text())
		}
	}
	return out
}

// Reference answers plans the slow, obvious way: row by row, with nested
// loops and maps. It is what the runners are tested against.
type Reference struct {
	// Table returns the rows of a relation, all stored columns.
	Table func(id uint64) []Row
	// Key returns the columns of an index, for Access.
	Key    func(id uint64, index uint32) []zset.KeyCol
	Params []types.Value
}

// Answer returns the rows of n, in order where n is a Top or a Project of one.
func (f *Reference) Answer(n plan.Node) ([]Row, error) {
	switch n := n.(type) {
	case *plan.Scan:
		return f.scan(n)
	case *plan.Values:
		var rows []Row
		for _, es := range n.Rows {
			vals, err := f.eval(es, nil)
			if err != nil {
				return nil, err
			}
			rows = append(rows, Row{vals, 1})
		}
		return rows, nil
	case *plan.Filter:
		return f.each(n.In, func(r Row) ([]Row, error) {
			ok, err := f.holds(n.Preds, r.Vals)
			if !ok {
				return nil, err
			}
			return []Row{r}, nil
		})
	case *plan.Project:
		return f.each(n.In, func(r Row) ([]Row, error) {
			vals, err := f.eval(n.Exprs, r.Vals)
			return []Row{{vals, r.W}}, err
		})
	case *plan.Join:
		return f.join(n)
	case *plan.Aggregate:
		return f.aggregate(n)
	case *plan.Distinct:
		return f.distinct(n)
	case *plan.Union:
		var all []Row
		for _, in := range n.Ins {
			rows, err := f.Answer(in)
			if err != nil {
				return nil, err
			}
			all = append(all, rows...)
		}
		return all, nil
	case *plan.Top:
		return f.top(n)
	case *plan.Exchange:
		return f.Answer(n.In)
	}
	panic(fmt.Sprintf("reltest: no answer for %T", n))
}

func (f *Reference) each(in plan.Node, do func(Row) ([]Row, error)) ([]Row, error) {
	rows, err := f.Answer(in)
	if err != nil {
		return nil, err
	}
	var out []Row
	for _, r := range rows {
		more, err := do(r)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// eval evaluates expressions over one row.
func (f *Reference) eval(es []expr.Expr, vals []types.Value) ([]types.Value, error) {
	ts := make([]types.Type, len(vals))
	for i, v := range vals {
		ts[i] = v.Type.WithNull(true)
	}
	b := zset.NewBatch(ts, 1)
	b.AppendValues(vals, 1)
	cx := expr.NewCtx()
	cx.Params = f.Params
	var out []types.Value
	for _, e := range es {
		v := expr.Compile(e).Eval(cx, b, nil)
		if cx.Errs.Any() {
			return nil, cx.Errs.First()
		}
		out = append(out, v.Value(0))
	}
	return out, nil
}

// holds evaluates predicates one after another until one is not true.
func (f *Reference) holds(preds []expr.Expr, vals []types.Value) (bool, error) {
	for _, p := range preds {
		v, err := f.eval([]expr.Expr{p}, vals)
		if err != nil || v[0].IsNull || v[0].I == 0 {
			return false, err
		}
	}
	return true, nil
}

func (f *Reference) scan(n *plan.Scan) ([]Row, error) {
	var out []Row
	for _, r := range f.Table(n.Table) {
		ok, err := f.within(n, r)
		if err != nil {
			return nil, err
		}
		if ok {
			vals := make([]types.Value, len(n.Cols))
			for i, c := range n.Cols {
				vals[i] = r.Vals[c]
			}
			out = append(out, Row{vals, r.W})
		}
	}
	return out, nil
}

// within tells whether a stored row is within the scan's Access.
func (f *Reference) within(n *plan.Scan, r Row) (bool, error) {
	a := n.Access
	if a == nil {
		return true, nil
	}
	key := f.Key(n.Table, a.Index)
	if a.In != nil {
		for _, tuple := range a.In {
			if ok, err := f.equals(tuple, key, r); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}
	if ok, err := f.equals(a.Eq, key, r); !ok || err != nil {
		return false, err
	}
	for _, bound := range []struct {
		e    expr.Expr
		sign int
		open bool
	}{{a.Lo, 1, a.LoOpen}, {a.Hi, -1, a.HiOpen}} {
		if bound.e == nil {
			continue
		}
		v, err := f.eval([]expr.Expr{bound.e}, nil)
		if err != nil {
			return false, err
		}
		have := r.Vals[key[len(a.Eq)].Col]
		if v[0].IsNull || have.IsNull {
			return false, nil
		}
		c := bound.sign * compareText(KeyText(have), KeyText(v[0]))
		if c < 0 || c == 0 && bound.open {
			return false, nil
		}
	}
	return true, nil
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (f *Reference) equals(tuple []expr.Expr, key []zset.KeyCol, r Row) (bool, error) {
	vals, err := f.eval(tuple, nil)
	if err != nil {
		return false, err
	}
	for i, v := range vals {
		if !equalValues(v, r.Vals[key[i].Col]) {
			return false, nil
		}
	}
	return true, nil
}

// equalValues is SQL's =, with unknown as false.
func equalValues(a, b types.Value) bool {
	return !a.IsNull && !b.IsNull && KeyText(a) == KeyText(b)
}

func (f *Reference) join(n *plan.Join) ([]Row, error) {
	ls, err := f.Answer(n.L)
	if err != nil {
		return nil, err
	}
	rs, err := f.Answer(n.R)
	if err != nil {
		return nil, err
	}
	var out []Row
	for _, l := range ls {
		matches := 0
		for _, r := range rs {
			match := true
			for k := range n.LKeys {
				match = match && equalValues(l.Vals[n.LKeys[k]], r.Vals[n.RKeys[k]])
			}
			if n.Kind == plan.NullAntiJoin && (anyNull(l, n.LKeys) || anyNull(r, n.RKeys)) {
				match = true // it may be equal
			}
			if !match {
				continue
			}
			both := append(append([]types.Value(nil), l.Vals...), r.Vals...)
			ok, err := f.holds(n.On, both)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			matches++
			if n.Kind == plan.InnerJoin || n.Kind == plan.LeftJoin {
				out = append(out, Row{both, l.W * r.W})
			}
		}
		switch {
		case n.Kind == plan.SemiJoin && matches > 0,
			(n.Kind == plan.AntiJoin || n.Kind == plan.NullAntiJoin) && matches == 0:
			out = append(out, l)
		case n.Kind == plan.LeftJoin && matches == 0:
			both := append([]types.Value(nil), l.Vals...)
			for _, c := range n.R.Schema() {
				both = append(both, types.NullValue(c.Type))
			}
			out = append(out, Row{both, l.W})
		}
	}
	return out, nil
}

func anyNull(r Row, cols []int) bool {
	for _, c := range cols {
		if r.Vals[c].IsNull {
			return true
		}
	}
	return false
}

// keyText returns the normalised key of some columns of a row.
func keyText(r Row, cols []int) string {
	s := ""
	for _, c := range cols {
		s += KeyText(r.Vals[c])
	}
	return s
}

func canonicalText(r Row) string {
	s := ""
	for _, v := range r.Vals {
		s += CanonicalText(v)
	}
	return s
}

func (f *Reference) aggregate(n *plan.Aggregate) ([]Row, error) {
	rows, err := f.Answer(n.In)
	if err != nil {
		return nil, err
	}
	groups := map[string][]Row{}
	var names []string
	if len(n.Groups) == 0 {
		groups[""], names = nil, []string{""}
	}
	for _, r := range rows {
		name := keyText(r, n.Groups)
		if _, ok := groups[name]; !ok {
			names = append(names, name)
		}
		groups[name] = append(groups[name], r)
	}
	var out []Row
	for _, name := range names {
		var vals []types.Value
		column := func(c int) (vals []types.Value, w []int64) {
			for _, r := range groups[name] {
				v := types.IntValue(1) // for COUNT(*), whose argument is none
				if c >= 0 {
					v = r.Vals[c]
				}
				vals, w = append(vals, v), append(w, r.W)
			}
			return vals, w
		}
		for _, c := range n.Groups {
			args, w := column(c)
			v, _ := Aggregate(plan.Agg{Func: plan.First, Type: args[0].Type}, args, w)
			vals = append(vals, v)
		}
		for _, g := range n.Aggs {
			arg := g.Arg
			if g.Func == plan.CountStar {
				arg = -1
			}
			args, w := column(arg)
			v, err := Aggregate(g, args, w)
			if err != nil {
				return nil, err
			}
			vals = append(vals, v)
		}
		out = append(out, Row{vals, 1})
	}
	return out, nil
}

func (f *Reference) distinct(n *plan.Distinct) ([]Row, error) {
	rows, err := f.Answer(n.In)
	if err != nil {
		return nil, err
	}
	cols := make([]int, len(n.Schema()))
	for i := range cols {
		cols[i] = i
	}
	best := map[string]Row{}
	var names []string
	for _, r := range rows {
		name := keyText(r, cols)
		had, ok := best[name]
		if !ok {
			names = append(names, name)
		}
		if !ok || canonicalText(r) < canonicalText(had) {
			best[name] = Row{r.Vals, 1}
		}
	}
	var out []Row
	for _, name := range names {
		out = append(out, best[name])
	}
	return out, nil
}

func (f *Reference) top(n *plan.Top) ([]Row, error) {
	rows, err := f.Answer(n.In)
	if err != nil {
		return nil, err
	}
	limit, offset := n.Limit, n.Offset
	for _, p := range []struct {
		e  expr.Expr
		to *int64
	}{{n.LimitParam, &limit}, {n.OffsetParam, &offset}} {
		if p.e != nil {
			v, err := f.eval([]expr.Expr{p.e}, nil)
			if err != nil {
				return nil, err
			}
			*p.to = v[0].I
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return topBefore(n, rows[i], rows[j]) })
	seen := map[string]int64{}
	var out []Row
	for _, r := range rows {
		group := keyText(r, n.Groups)
		kept := Row{r.Vals, 0}
		for range r.W {
			if at := seen[group]; at >= offset && (limit == plan.NoLimit || at < offset+limit) {
				kept.W++
			}
			seen[group]++
		}
		if kept.W > 0 {
			out = append(out, kept)
		}
	}
	return out, nil
}

// topBefore is the order of a Top: groups, its order, canonical bytes.
func topBefore(n *plan.Top, a, b Row) bool {
	if c := compareText(keyText(a, n.Groups), keyText(b, n.Groups)); c != 0 {
		return c < 0
	}
	for _, o := range n.Order {
		c := compareText(KeyText(a.Vals[o.Col]), KeyText(b.Vals[o.Col]))
		if o.Desc {
			c = -c
		}
		if c != 0 {
			return c < 0
		}
	}
	return canonicalText(a) < canonicalText(b)
}
