package plan

import (
	"strings"
	"testing"

	"github.com/weirdb/weir/expr"
	_ "github.com/weirdb/weir/types/collate"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// The relations of the tests of rules:
//
//	1 t(id BIGINT key, a BIGINT NULL, b BIGINT, s VARCHAR NULL, d DECIMAL(10,2), f DOUBLE); index 1 (a, b), index 2 (s)
//	2 u(id BIGINT key, tid BIGINT NULL, n INT, s VARCHAR); index 1 (n)
//	3 v(k BIGINT, x BIGINT): a view stored by (k, x), rows may repeat
//	4 w(p BIGINT, q BIGINT) with key (p, q)
var testRels = map[uint64]struct {
	name string
	cols Schema
	info RelInfo
}{
	1: {"t", Schema{notNull("id"), null("a"), notNull("b"), text("s"), decimal("d"), float("f")},
		RelInfo{Key: zset.Cols(0), Unique: true, Indexes: []IndexInfo{{ID: 1, Cols: []int{1, 2}}, {ID: 2, Cols: []int{3}}}}},
	2: {"u", Schema{notNull("id"), null("tid"), {Name: "n", Type: types.Type{Kind: types.Int32}}, text("s")},
		RelInfo{Key: zset.Cols(0), Unique: true, Indexes: []IndexInfo{{ID: 1, Cols: []int{2}}}}},
	3: {"v", Schema{notNull("k"), notNull("x")}, RelInfo{Key: zset.Cols(0, 1)}},
	4: {"w", Schema{notNull("p"), notNull("q")}, RelInfo{Key: zset.Cols(0, 1), Unique: true}},
}

func notNull(name string) Column { return Column{Name: name, Type: types.TypeInt} }
func null(name string) Column    { return Column{Name: name, Type: types.TypeInt.WithNull(true)} }
func decimal(name string) Column { return Column{Name: name, Type: types.NewDecimal(10, 2)} }
func float(name string) Column   { return Column{Name: name, Type: types.TypeFloat} }
func text(name string) Column {
	return Column{Name: name, Type: types.NewString(20).WithNull(true)}
}

func rels(id uint64) (RelInfo, bool) {
	r, ok := testRels[id]
	for _, c := range r.cols {
		r.info.Types = append(r.info.Types, c.Type)
	}
	return r.info, ok
}

// scan reads all columns of a relation of testRels.
func scan(id uint64) Node {
	r := testRels[id]
	return &Scan{Table: id, Name: r.name, Cols: upTo(len(r.cols)), Sch: r.cols}
}

// x parses a prefix expression over the columns of n: "= a 5", "and > a 1 = s 'x'".
func x(n Node, s string) expr.Expr {
	words := strings.Fields(s)
	p := exprParser{sch: n.Schema(), words: words}
	return p.next()
}

type exprParser struct {
	sch   Schema
	words []string
}

var arity = map[string]int{
	"=": 2, "<": 2, "<=": 2, ">": 2, ">=": 2, "+": 2, "and": 2, "or": 2, "not": 1, "is_null": 1, "in2": 3,
	"ifnull": 2, "length": 1, "rand": 0, "<=>": 2, "is_true": 1,
}

func (p *exprParser) next() expr.Expr {
	word := p.words[0]
	p.words = p.words[1:]
	if n, ok := arity[word]; ok {
		args := make([]expr.Expr, n)
		for i := range args {
			args[i] = p.next()
		}
		e, err := expr.Resolve(strings.TrimSuffix(word, "2"), args)
		if err != nil {
			panic(err)
		}
		return e
	}
	switch {
	case word == "null":
		return &expr.Const{V: types.NullValue(types.TypeNull)}
	case word == "?":
		return &expr.Param{T: types.TypeInt.WithNull(true)}
	case word[0] == '\'':
		return &expr.Const{V: types.TextValue(strings.Trim(word, "'"))}
	case strings.Contains(word, ".") && word[0] >= '0' && word[0] <= '9':
		d, prec, scale, err := types.ParseDec(word)
		if err != nil {
			panic(err)
		}
		return &expr.Const{V: types.Value{Type: types.NewDecimal(prec, scale), D: d}}
	case word[0] >= '0' && word[0] <= '9':
		i := int64(0)
		for _, c := range word {
			i = i*10 + int64(c-'0')
		}
		return &expr.Const{V: types.IntValue(i)}
	case word[0] == '#':
		return p.sch.column(int(word[1] - '0'))
	}
	for i, c := range p.sch {
		if c.Name == word {
			return p.sch.column(i)
		}
	}
	panic("no column " + word)
}

func filter(in Node, preds ...string) Node {
	f := &Filter{In: in}
	for _, p := range preds {
		f.Preds = append(f.Preds, x(in, p))
	}
	return f
}

// project computes "name := expression" or columns by name.
func project(in Node, items ...string) Node {
	p := &Project{In: in}
	for _, item := range items {
		name, e, named := strings.Cut(item, " := ")
		if !named {
			e = name
		}
		p.Exprs = append(p.Exprs, x(in, e))
		p.Sch = append(p.Sch, Column{Name: name, Type: p.Exprs[len(p.Exprs)-1].Type()})
	}
	return p
}

func cols(n Node, names string) []int {
	var out []int
	for _, name := range strings.Fields(names) {
		out = append(out, x(n, name).(*expr.Col).Index)
	}
	return out
}

// join joins on "left right" column pairs, with conditions over both sides.
func join(kind JoinKind, l, r Node, keys string, on ...string) Node {
	j := &Join{Kind: kind, L: l, R: r, Sch: joinSchema(kind, l.Schema(), r.Schema())}
	pairs := strings.Fields(keys)
	for i := 0; i < len(pairs); i += 2 {
		j.LKeys = append(j.LKeys, cols(l, pairs[i])...)
		j.RKeys = append(j.RKeys, cols(r, pairs[i+1])...)
	}
	both := &Values{Sch: append(append(Schema{}, l.Schema()...), r.Schema()...)}
	for _, e := range on {
		j.On = append(j.On, x(both, e))
	}
	return j
}

var aggFuncs = map[string]AggFunc{
	"count": Count, "sum": Sum, "avg": Avg, "min": Min, "max": Max, "first": First, "single": Single,
}

// aggregate groups by columns and computes "sum a", "count *", "count distinct a".
func aggregate(in Node, groups string, aggs ...string) Node {
	n := &Aggregate{In: in, Groups: cols(in, groups)}
	n.Sch = in.Schema().pick(n.Groups)
	for _, s := range aggs {
		words := strings.Fields(s)
		a := Agg{Func: aggFuncs[words[0]], Name: s}
		arg := words[len(words)-1]
		if arg == "*" {
			a.Func, a.Type = CountStar, types.TypeInt
		} else {
			a.Arg, a.Distinct = cols(in, arg)[0], len(words) == 3
			a.Type, _ = AggType(a.Func, in.Schema()[a.Arg].Type)
		}
		n.Aggs = append(n.Aggs, a)
		n.Sch = append(n.Sch, Column{Name: s, Type: a.Type})
	}
	return n
}

// top orders by "a" or "-a" columns.
func top(in Node, limit, offset int64, order string) *Top {
	t := &Top{In: in, Limit: limit, Offset: offset}
	for _, word := range strings.Fields(order) {
		name := strings.TrimPrefix(word, "-")
		t.Order = append(t.Order, Order{Col: cols(in, name)[0], Desc: name != word})
	}
	return t
}

func union2(a, b Node) Node { return &Union{Ins: []Node{a, b}, Sch: a.Schema()} }

// wantPlan compares what Explain says of n with lines, whose common
// indentation does not count.
func wantPlan(t *testing.T, n Node, want string) {
	t.Helper()
	if err := Validate(n); err != nil {
		t.Errorf("%v", err)
	}
	if got := Explain(n); got != dedent(want) {
		t.Errorf("got\n%swant\n%s", got, dedent(want))
	}
}

func dedent(s string) string {
	lines := strings.Split(strings.Trim(s, "\n\t "), "\n")
	for i, l := range lines {
		tabs := len(l) - len(strings.TrimLeft(l, "\t"))
		if i == 0 {
			tabs = 0
		}
		lines[i] = l[min(tabs, 3):]
	}
	return strings.Join(lines, "\n") + "\n"
}
