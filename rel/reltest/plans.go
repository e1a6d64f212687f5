package reltest

import (
	"math/rand"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
)

// Relation is a relation that random plans scan.
type Relation struct {
	ID    uint64
	Types []types.Type
}

// Plans makes random plans over some relations: every node, nested, with
// expressions of which some fail for some rows.
type Plans struct {
	R    *rand.Rand
	Rels []Relation
	// NoErrors leaves out what can fail.
	NoErrors bool
}

// Plan returns a plan of at most depth nodes above a Scan or Values.
func (p *Plans) Plan(depth int) plan.Node {
	if depth <= 0 {
		if p.R.Intn(8) == 0 {
			return p.Values()
		}
		return p.Scan()
	}
	in := p.Plan(depth - 1)
	switch p.R.Intn(9) {
	case 0:
		return p.Filter(in)
	case 1:
		return p.Project(in)
	case 2, 3:
		return p.Join(in, p.Plan(p.R.Intn(2)))
	case 4, 5:
		return p.Aggregate(in)
	case 6:
		return &plan.Distinct{In: in}
	case 7:
		return &plan.Union{Ins: []plan.Node{in, p.Filter(in)}, Sch: in.Schema()}
	}
	return p.Top(in)
}

// Scan returns a Scan of some columns of a relation.
func (p *Plans) Scan() plan.Node {
	rel := p.Rels[p.R.Intn(len(p.Rels))]
	s := &plan.Scan{Table: rel.ID, Name: "t"}
	for range 1 + p.R.Intn(3) {
		c := p.R.Intn(len(rel.Types))
		s.Cols = append(s.Cols, c)
		s.Sch = append(s.Sch, plan.Column{Type: rel.Types[c]})
	}
	return s
}

// Values returns a few literal rows.
func (p *Plans) Values() plan.Node {
	v := &plan.Values{}
	for _, t := range RandomTypes(p.R, 1+p.R.Intn(3)) {
		v.Sch = append(v.Sch, plan.Column{Type: t})
	}
	for range p.R.Intn(4) {
		var row []expr.Expr
		for _, c := range v.Sch {
			row = append(row, p.constant(c.Type))
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// Filter returns a Filter of one or two predicates.
func (p *Plans) Filter(in plan.Node) plan.Node {
	return &plan.Filter{In: in, Preds: p.predicates(in.Schema())}
}

// Project returns a Project of columns and computed values.
func (p *Plans) Project(in plan.Node) plan.Node {
	n := &plan.Project{In: in}
	for range 1 + p.R.Intn(4) {
		e := p.value(in.Schema())
		n.Exprs = append(n.Exprs, e)
		n.Sch = append(n.Sch, plan.Column{Type: e.Type()})
	}
	return n
}

// Join returns a join on columns of equal types, or a cross join.
func (p *Plans) Join(l, r plan.Node) plan.Node {
	kinds := []plan.JoinKind{plan.InnerJoin, plan.LeftJoin, plan.SemiJoin, plan.AntiJoin, plan.NullAntiJoin}
	j := &plan.Join{Kind: kinds[p.R.Intn(len(kinds))], L: l, R: r}
	ls, rs := l.Schema(), r.Schema()
	for range 1 + p.R.Intn(2) {
		a, b := p.R.Intn(len(ls)), p.R.Intn(len(rs))
		if ls[a].Type.WithNull(true) == rs[b].Type.WithNull(true) {
			j.LKeys, j.RKeys = append(j.LKeys, a), append(j.RKeys, b)
		}
	}
	both := append(append(plan.Schema(nil), ls...), rs...)
	if p.R.Intn(3) == 0 {
		j.On = p.predicates(both)
	}
	switch j.Kind {
	case plan.InnerJoin:
		j.Sch = both
	case plan.LeftJoin:
		for i := range rs {
			both[len(ls)+i].Type.Nullable = true
		}
		j.Sch = both
	default:
		j.Sch = ls
	}
	return j
}

// Aggregate returns an Aggregate with every function, DISTINCT too.
func (p *Plans) Aggregate(in plan.Node) plan.Node {
	sch := in.Schema()
	n := &plan.Aggregate{In: in}
	for range p.R.Intn(3) {
		c := p.R.Intn(len(sch))
		n.Groups = append(n.Groups, c)
		n.Sch = append(n.Sch, sch[c])
	}
	for range 1 + p.R.Intn(3) {
		g, ok := p.aggregate(sch)
		if ok {
			n.Aggs = append(n.Aggs, g)
			n.Sch = append(n.Sch, plan.Column{Type: g.Type})
		}
	}
	if len(n.Sch) == 0 {
		n.Aggs = []plan.Agg{{Func: plan.CountStar, Type: types.TypeInt, Name: "x"}}
		n.Sch = plan.Schema{{Type: types.TypeInt}}
	}
	return n
}

func (p *Plans) aggregate(sch plan.Schema) (plan.Agg, bool) {
	g := plan.Agg{Func: plan.AggFunc(1 + p.R.Intn(9)), Arg: p.R.Intn(len(sch)), Distinct: p.R.Intn(4) == 0, Name: "x"}
	t := sch[g.Arg].Type
	switch g.Func {
	case plan.CountStar:
		g.Type, g.Distinct, g.Arg = types.TypeInt, false, 0
	case plan.Count:
		g.Type = types.TypeInt
	case plan.Sum, plan.Sum0, plan.Avg:
		g.Type = types.TypeFloat
		if t.Kind.IsInt() || t.Kind == types.Decimal {
			g.Type = types.NewDecimal(65, int(t.Scale))
			if !p.NoErrors && p.R.Intn(4) == 0 {
				g.Type.Prec = 20
			}
		} else if !t.Kind.IsFloat() {
			return g, false
		}
		g.Type.Nullable = g.Func != plan.Sum0
	case plan.Single:
		if p.NoErrors {
			return g, false
		}
		g.Type, g.Distinct = t.WithNull(true), false
	default:
		g.Type, g.Distinct = t.WithNull(true), false
	}
	return g, true
}

// Top returns a Top with bounds, or one that only sorts.
func (p *Plans) Top(in plan.Node) plan.Node {
	sch := in.Schema()
	t := &plan.Top{In: in, Limit: int64(p.R.Intn(12)), Offset: int64(p.R.Intn(4))}
	if p.R.Intn(5) == 0 {
		t.Limit, t.Offset = plan.NoLimit, 0
	}
	if p.R.Intn(4) == 0 {
		t.Groups = []int{p.R.Intn(len(sch))}
	}
	for range p.R.Intn(3) {
		t.Order = append(t.Order, plan.Order{Col: p.R.Intn(len(sch)), Desc: p.R.Intn(2) == 0})
	}
	return t
}

func (p *Plans) constant(t types.Type) expr.Expr {
	return &expr.Const{V: RandomValue(p.R, t)}
}

func (p *Plans) predicates(sch plan.Schema) []expr.Expr {
	out := []expr.Expr{p.predicate(sch)}
	if p.R.Intn(3) == 0 {
		out = append(out, p.predicate(sch))
	}
	return out
}

func (p *Plans) predicate(sch plan.Schema) expr.Expr {
	switch p.R.Intn(6) {
	case 0:
		return call("not", p.predicate(sch))
	case 1:
		return call("or", p.predicate(sch), p.predicate(sch))
	case 2:
		return call("is_null", p.column(sch))
	}
	c := p.column(sch)
	ops := []string{"=", "<", "<=", "<>", "<=>"}
	return call(ops[p.R.Intn(len(ops))], c, p.constant(c.Type().WithNull(false)))
}

func (p *Plans) column(sch plan.Schema) expr.Expr {
	i := p.R.Intn(len(sch))
	return &expr.Col{Index: i, T: sch[i].Type}
}

// value returns a column or something computed of it.
func (p *Plans) value(sch plan.Schema) expr.Expr {
	c := p.column(sch)
	t := c.Type()
	switch p.R.Intn(5) {
	case 0:
		return call("ifnull", c, p.constant(t.WithNull(false)))
	case 1:
		if t.Kind == types.Int64 && !p.NoErrors {
			return call("+", c, &expr.Const{V: types.IntValue(int64(p.R.Intn(3)))})
		}
	case 2:
		return call("if", p.predicate(sch), c, p.constant(t))
	}
	return c
}

// call resolves a function that is known to be there.
func call(name string, args ...expr.Expr) expr.Expr {
	e, err := expr.Resolve(name, args)
	if err != nil {
		panic(err)
	}
	return e
}

// PlusOne returns a Project of n's column c plus 1, which fails for the
// greatest BIGINT.
func PlusOne(n plan.Node, c int) plan.Node {
	e := call("+", &expr.Col{Index: c, T: n.Schema()[c].Type}, &expr.Const{V: types.IntValue(1)})
	return &plan.Project{In: n, Exprs: []expr.Expr{e}, Sch: plan.Schema{{Type: e.Type()}}}
}
