package push_test

import (
	"fmt"
	"math"
	"math/rand"
	"runtime/debug"
	"strings"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
)

// stack returns the innermost of our own frames.
func stack() string {
	var own []string
	for _, line := range strings.Split(string(debug.Stack()), "\n") {
		if strings.Contains(line, ".go:") && !strings.Contains(line, "_test.go") && !strings.Contains(line, "/runtime/") {
			own = append(own, line)
		}
	}
	return strings.Join(own[:min(len(own), 8)], "\n")
}

// The column types of random relations. One type of a kind, so that columns
// of different relations can be joined.
var (
	tInt   = types.TypeInt
	tUint  = types.TypeUint
	tFloat = types.TypeFloat
	tDec   = types.NewDecimal(10, 2)
	tText  = types.NewString(20)
	tBin   = types.Type{Kind: types.String, Coll: types.Coll0900Bin, Len: 20}
	tDate  = types.TypeDate

	columnTypes = []types.Type{tInt, tInt, tUint, tFloat, tDec, tText, tText, tBin, tDate}
)

var (
	someTexts  = []string{"a", "A", "b", "B", "ab", "Ab", "", "ä", "zebra"}
	someFloats = []float64{0, math.Copysign(0, -1), 1.5, -2.25, 1e308, 3}
)

func randomValue(r *rand.Rand, t types.Type, domain int) types.Value {
	if t.Nullable && r.Intn(6) == 0 {
		return types.NullValue(t)
	}
	v := types.Value{Type: t}
	switch t.Kind {
	case types.Int64:
		v.I = int64(r.Intn(domain)) - 2
		if r.Intn(50) == 0 {
			v.I = math.MaxInt64
		}
	case types.Uint64:
		v.I = int64(r.Intn(domain))
		if r.Intn(50) == 0 {
			v.I = -1
		}
	case types.Date:
		v.I = 19000 + int64(r.Intn(min(domain, 40)))
	case types.Float64:
		v.F = someFloats[r.Intn(len(someFloats))]
	case types.Decimal:
		v.D = types.DecFromInt64(int64(r.Intn(7)-3) * 25)
	case types.String:
		v.S = someTexts[r.Intn(len(someTexts))]
		if domain > 100 && r.Intn(2) == 0 {
			v.S = fmt.Sprintf("%s%d", v.S, r.Intn(domain))
		}
	default:
		panic("no values of type " + t.String())
	}
	return v
}

func randomRelations(r *rand.Rand) []*relation {
	var rels []*relation
	for i := range 2 + r.Intn(2) {
		rel := &relation{id: uint64(i + 1), name: string(rune('a' + i)), bag: r.Intn(4) == 0}
		switch r.Intn(4) {
		case 0:
			rel.types = append(rel.types, tText)
		case 1:
			rel.types = append(rel.types, tInt, tText)
		default:
			rel.types = append(rel.types, tInt)
		}
		for k := range rel.types {
			rel.key = append(rel.key, k)
		}
		for range 1 + r.Intn(4) {
			t := columnTypes[r.Intn(len(columnTypes))]
			rel.types = append(rel.types, t.WithNull(r.Intn(3) > 0))
		}
		if rel.bag {
			rel.key = rel.key[:0]
			for k := range rel.types {
				rel.key = append(rel.key, k)
			}
		}
		rels = append(rels, rel)
	}
	return rels
}

// planner makes random plans.
type planner struct {
	*rand.Rand
	rels  []*relation
	small bool // joins without keys are affordable
}

var kinds = []string{"filter", "project", "join", "aggregate", "distinct", "union", "top"}

func (p *planner) node(depth int) plan.Node {
	if depth == 0 {
		return p.scan()
	}
	return p.op(kinds[p.Intn(len(kinds))], depth)
}

// op makes a node of a kind over random inputs.
func (p *planner) op(kind string, depth int) plan.Node {
	below := func() plan.Node { return p.node(p.Intn(depth)) }
	switch kind {
	case "filter":
		return p.filter(below())
	case "project":
		return p.project(below())
	case "join":
		return p.join(plan.JoinKind(1+p.Intn(5)), below(), below())
	case "inner", "left", "semi", "anti", "nullanti":
		k := map[string]plan.JoinKind{"inner": plan.InnerJoin, "left": plan.LeftJoin, "semi": plan.SemiJoin,
			"anti": plan.AntiJoin, "nullanti": plan.NullAntiJoin}[kind]
		return p.join(k, below(), below())
	case "aggregate":
		return p.aggregate(below())
	case "distinct":
		return &plan.Distinct{In: below()}
	case "union":
		return p.union(below())
	case "top":
		return p.top(below())
	}
	panic(kind)
}

func (p *planner) scan() plan.Node {
	r := p.rels[p.Intn(len(p.rels))]
	cols := p.Perm(len(r.types))
	if p.Intn(2) == 0 {
		cols = cols[:1+p.Intn(len(cols))]
	}
	s := &plan.Scan{Table: r.id, Name: r.name, Cols: cols}
	for _, c := range cols {
		s.Sch = append(s.Sch, r.schema()[c])
	}
	return s
}

func col(s plan.Schema, i int) expr.Expr { return &expr.Col{Index: i, Name: s[i].Name, T: s[i].Type} }

func call(name string, args ...expr.Expr) expr.Expr {
	e, err := expr.Resolve(name, args)
	if err != nil {
		panic(err)
	}
	return e
}

func literal(i int64) expr.Expr { return &expr.Const{V: types.IntValue(i)} }

// known tells whether randomValue makes values of t.
func known(t types.Type) bool {
	switch t.Kind {
	case types.Int64, types.Uint64, types.Date, types.Float64, types.String:
		return true
	case types.Decimal:
		return t.Prec == 10
	}
	return false
}

func (p *planner) predicate(s plan.Schema) expr.Expr {
	i := p.Intn(len(s))
	t := s[i].Type
	switch {
	case p.Intn(5) == 0 || !known(t):
		return call("not", call("is_null", col(s, i)))
	case t.Kind == types.Int64 && p.Intn(3) == 0:
		return call(">", call("+", col(s, i), literal(3)), literal(4))
	}
	op := []string{"<", ">=", "=", "<>"}[p.Intn(4)]
	return call(op, col(s, i), &expr.Const{V: randomValue(p.Rand, t.WithNull(false), 12)})
}

func (p *planner) filter(in plan.Node) plan.Node {
	f := &plan.Filter{In: in}
	for range 1 + p.Intn(2) {
		f.Preds = append(f.Preds, p.predicate(in.Schema()))
	}
	return f
}

func (p *planner) project(in plan.Node) plan.Node {
	s := in.Schema()
	n := &plan.Project{In: in}
	for k := range 1 + p.Intn(4) {
		i := p.Intn(len(s))
		e := col(s, i)
		switch {
		case s[i].Type.Kind == types.Int64 && p.Intn(3) == 0:
			e = call("+", e, literal(1))
		case p.Intn(8) == 0:
			e = call("is_null", e)
		}
		n.Exprs = append(n.Exprs, e)
		n.Sch = append(n.Sch, plan.Column{Name: fmt.Sprintf("p%d", k), Type: e.Type()})
	}
	return n
}

func (p *planner) join(kind plan.JoinKind, l, r plan.Node) plan.Node {
	ls, rs := l.Schema(), r.Schema()
	n := &plan.Join{Kind: kind, L: l, R: r}
	for range 1 + p.Intn(2) {
		var pairs [][2]int
		for i := range ls {
			for k := range rs {
				if ls[i].Type.WithNull(true) == rs[k].Type.WithNull(true) {
					pairs = append(pairs, [2]int{i, k})
				}
			}
		}
		if len(pairs) > 0 && p.Intn(8) > 0 {
			k := pairs[p.Intn(len(pairs))]
			n.LKeys, n.RKeys = append(n.LKeys, k[0]), append(n.RKeys, k[1])
		}
	}
	if len(n.LKeys) == 0 && !p.small || kind == plan.NullAntiJoin && len(n.LKeys) == 0 {
		return p.filter(l)
	}
	if p.Intn(3) == 0 {
		n.On = append(n.On, p.residual(ls, rs, kind != plan.NullAntiJoin))
	}
	n.Sch = append(n.Sch, ls...)
	if kind == plan.InnerJoin || kind == plan.LeftJoin {
		for _, c := range rs {
			c.Type.Nullable = c.Type.Nullable || kind == plan.LeftJoin
			n.Sch = append(n.Sch, c)
		}
	}
	return n
}

// residual compares a column of each side, or adds integers of both.
func (p *planner) residual(ls, rs plan.Schema, mayFail bool) expr.Expr {
	both := append(append(plan.Schema(nil), ls...), rs...)
	i, k := p.Intn(len(ls)), len(ls)+p.Intn(len(rs))
	if both[i].Type.WithNull(true) != both[k].Type.WithNull(true) {
		return call("is_null", col(both, k))
	}
	if both[i].Type.Kind == types.Int64 && mayFail && p.Intn(4) == 0 {
		return call("<", call("+", col(both, i), col(both, k)), literal(6))
	}
	return call([]string{"<", ">=", "<>"}[p.Intn(3)], col(both, i), col(both, k))
}

func (p *planner) aggregate(in plan.Node) plan.Node {
	s := in.Schema()
	pr := &plan.Project{In: in}
	n := &plan.Aggregate{In: pr}
	add := func(e expr.Expr, name string) int {
		pr.Exprs = append(pr.Exprs, e)
		pr.Sch = append(pr.Sch, plan.Column{Name: name, Type: e.Type()})
		return len(pr.Sch) - 1
	}
	for range p.Intn(3) {
		i := p.Intn(len(s))
		n.Groups = append(n.Groups, add(col(s, i), s[i].Name))
		n.Sch = append(n.Sch, s[i])
	}
	for range 1 + p.Intn(3) {
		a := p.agg(s, add)
		n.Aggs = append(n.Aggs, a)
		n.Sch = append(n.Sch, plan.Column{Name: a.Name, Type: a.Type})
	}
	if len(pr.Exprs) == 0 {
		add(literal(1), "one")
	}
	return n
}

func (p *planner) agg(s plan.Schema, add func(expr.Expr, string) int) plan.Agg {
	funcs := []plan.AggFunc{plan.CountStar, plan.Count, plan.Sum, plan.Avg, plan.Min, plan.Max, plan.First}
	f := funcs[p.Intn(len(funcs))]
	if p.Intn(30) == 0 {
		f = plan.Single
	}
	i := p.Intn(len(s))
	t := s[i].Type
	if (f == plan.Sum || f == plan.Avg) && !t.Kind.IsNumeric() {
		f = plan.Max
	}
	a := plan.Agg{Func: f, Name: fmt.Sprintf("f%d_%d", f, i)}
	result, cast := plan.AggType(f, t)
	a.Type = result
	if f == plan.CountStar {
		return a
	}
	e := col(s, i)
	if cast.WithNull(true) != t.WithNull(true) {
		e = expr.Cast(e, cast)
	}
	a.Arg = add(e, s[i].Name)
	if f != plan.First && f != plan.Single {
		a.Distinct = p.Intn(3) == 0
	}
	return a
}

// union puts an input beside a part of itself.
func (p *planner) union(in plan.Node) plan.Node {
	n := &plan.Union{Ins: []plan.Node{in, p.filter(in)}, Sch: in.Schema()}
	if p.Intn(3) == 0 {
		n.Ins = append(n.Ins, in)
	}
	return n
}

func (p *planner) top(in plan.Node) plan.Node {
	n := &plan.Top{In: in, Limit: int64(p.Intn(5)), Offset: int64(max(0, p.Intn(5)-2))}
	if p.Intn(2) == 0 {
		n.Groups = append(n.Groups, p.Intn(len(in.Schema())))
	}
	for range p.Intn(3) {
		n.Order = append(n.Order, plan.Order{Col: p.Intn(len(in.Schema())), Desc: p.Intn(2) == 0})
	}
	if p.Intn(8) == 0 {
		n.Limit, n.Offset = plan.NoLimit, 0
	}
	return n
}
