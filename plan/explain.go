package plan

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/weirdb/weir/expr"
)

// Explain renders n as indented text, one line a node, inputs below. Columns
// have their names; a name that its node has twice has its position too.
func Explain(n Node) string {
	var b strings.Builder
	explain(&b, n, 0)
	return b.String()
}

func explain(b *strings.Builder, n Node, depth int) {
	b.WriteString(strings.Repeat("  ", depth))
	b.WriteString(line(n))
	b.WriteByte('\n')
	for _, kid := range n.Children() {
		explain(b, kid, depth+1)
	}
}

// line renders n itself.
func line(n Node) string {
	switch n := n.(type) {
	case *Scan:
		return "Scan " + n.Name + "(" + strings.Join(n.Sch.names(), ", ") + ")" + n.Access.text()
	case *Values:
		return n.line()
	case *Filter:
		return "Filter " + exprList(n.Preds, n.In.Schema(), " and ")
	case *Project:
		return "Project " + n.list()
	case *Join:
		return n.line()
	case *Aggregate:
		return n.line()
	case *Distinct:
		return "Distinct"
	case *Union:
		return "Union"
	case *Top:
		return n.line()
	case *Exchange:
		if len(n.Keys) == 0 {
			return "Exchange to one lane"
		}
		return "Exchange by " + colList(n.In.Schema(), n.Keys)
	}
	return fmt.Sprintf("%T", n)
}

// names returns the names of the columns, told apart where two are alike.
func (s Schema) names() []string {
	seen := map[string]int{}
	for _, c := range s {
		seen[c.Name]++
	}
	out := make([]string, len(s))
	for i, c := range s {
		out[i] = c.Name
		if seen[c.Name] > 1 || c.Name == "" {
			out[i] += "#" + strconv.Itoa(i)
		}
	}
	return out
}

func colList(s Schema, cols []int) string {
	names, out := s.names(), make([]string, len(cols))
	for i, c := range cols {
		out[i] = names[c]
	}
	return strings.Join(out, ", ")
}

// text renders e with the names that s has for its columns.
func (s Schema) text(e expr.Expr) string {
	names := s.names()
	return expr.String(expr.MapCols(e, func(col int) expr.Expr {
		return &expr.Col{Index: col, Name: names[col], T: s[col].Type}
	}))
}

func exprList(es []expr.Expr, s Schema, sep string) string {
	out := make([]string, len(es))
	for i, e := range es {
		out[i] = s.text(e)
	}
	return strings.Join(out, sep)
}

func (n *Project) list() string {
	in := n.In.Schema()
	out := make([]string, len(n.Exprs))
	for i, e := range n.Exprs {
		out[i] = in.text(e)
		name := n.Sch[i].Name
		c, bare := e.(*expr.Col)
		if name != "" && name != out[i] && !(bare && in[c.Index].Name == name) {
			out[i] += " as " + name
		}
	}
	return strings.Join(out, ", ")
}

// shownRows is how many rows of a Values are printed.
const shownRows = 3

func (n *Values) line() string {
	var rows []string
	for i, row := range n.Rows {
		if i == shownRows {
			rows = append(rows, fmt.Sprintf(".. %d rows", len(n.Rows)))
			break
		}
		rows = append(rows, "("+exprList(row, nil, ", ")+")")
	}
	if rows == nil {
		rows = []string{"none"}
	}
	return "Values " + strings.Join(rows, ", ")
}

// String names the kind as EXPLAIN shows it.
func (k JoinKind) String() string {
	switch k {
	case InnerJoin:
		return "Join"
	case LeftJoin:
		return "LeftJoin"
	case SemiJoin:
		return "SemiJoin"
	case AntiJoin:
		return "AntiJoin"
	case NullAntiJoin:
		return "NullAntiJoin"
	}
	return fmt.Sprintf("JoinKind(%d)", uint8(k))
}

func (n *Join) line() string {
	l, r := n.L.Schema(), n.R.Schema()
	var terms []string
	for i := range n.LKeys {
		terms = append(terms, l.names()[n.LKeys[i]]+" = "+r.names()[n.RKeys[i]])
	}
	both := append(append(Schema{}, l...), r...)
	for _, e := range n.On {
		terms = append(terms, both.text(e))
	}
	name := n.Kind.String()
	if n.Kind == InnerJoin && len(n.LKeys) == 0 {
		name = "CrossJoin"
	}
	if len(terms) == 0 {
		return name
	}
	return name + " on " + strings.Join(terms, " and ")
}

// String names the function as EXPLAIN shows it.
func (f AggFunc) String() string {
	switch f {
	case CountStar, Count:
		return "count"
	case Sum:
		return "sum"
	case Avg:
		return "avg"
	case Min:
		return "min"
	case Max:
		return "max"
	case First:
		return "first"
	case Sum0:
		return "sum0"
	case Single:
		return "single"
	case Same:
		return "same"
	}
	return fmt.Sprintf("aggregate(%d)", uint8(f))
}

func (n *Aggregate) line() string {
	in := n.In.Schema()
	var b strings.Builder
	b.WriteString("Aggregate")
	if len(n.Groups) > 0 {
		b.WriteString(" by " + colList(in, n.Groups))
	}
	for i, a := range n.Aggs {
		if i == 0 {
			b.WriteString(": ")
		} else {
			b.WriteString(", ")
		}
		arg := "*"
		if a.Func != CountStar {
			arg = colList(in, []int{a.Arg})
		}
		if a.Distinct {
			arg = "distinct " + arg
		}
		call := a.Func.String() + "(" + arg + ")"
		b.WriteString(call)
		if a.Name != "" && !strings.EqualFold(a.Name, call) {
			b.WriteString(" as " + a.Name)
		}
	}
	return b.String()
}

func (n *Top) line() string {
	in := n.In.Schema()
	s := "Top"
	if len(n.Groups) > 0 {
		s += " per " + colList(in, n.Groups)
	}
	for i, o := range n.Order {
		if i == 0 {
			s += " by "
		} else {
			s += ", "
		}
		s += colList(in, []int{o.Col})
		if o.Desc {
			s += " desc"
		}
	}
	switch {
	case n.LimitParam != nil:
		s += " limit " + expr.String(n.LimitParam)
	case n.Limit != NoLimit:
		s += " limit " + strconv.FormatInt(n.Limit, 10)
	}
	switch {
	case n.OffsetParam != nil:
		s += " offset " + expr.String(n.OffsetParam)
	case n.Offset != 0:
		s += " offset " + strconv.FormatInt(n.Offset, 10)
	}
	return s
}

// text renders how a Scan is narrowed: " [key = (5), next > 3]".
func (a *Access) text() string {
	if a == nil {
		return ""
	}
	var terms []string
	if len(a.In) > 0 {
		var keys []string
		for _, key := range a.In {
			keys = append(keys, "("+exprList(key, nil, ", ")+")")
		}
		terms = append(terms, "in "+strings.Join(keys, ", "))
	} else if len(a.Eq) > 0 {
		terms = append(terms, "= ("+exprList(a.Eq, nil, ", ")+")")
	}
	if a.Lo != nil {
		terms = append(terms, bound("> ", a.LoOpen)+expr.String(a.Lo))
	}
	if a.Hi != nil {
		terms = append(terms, bound("< ", a.HiOpen)+expr.String(a.Hi))
	}
	name := "key"
	if a.Index != 0 {
		name = fmt.Sprintf("index %d", a.Index)
	}
	return " [" + strings.TrimSpace(name+" "+strings.Join(terms, ", ")) + "]"
}

func bound(op string, open bool) string {
	if open {
		return op
	}
	return strings.TrimSpace(op) + "= "
}
