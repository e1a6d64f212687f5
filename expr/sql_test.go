package expr

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/weirdb/weir/types"
)

// sqlParser reads the SQL expressions of these tests, so that tables of cases
// read as SQL. Names that are not called are columns of cols.
type sqlParser struct {
	toks []string
	cols map[string]*Col
}

// parse reads src or fails the test; an error of Resolve is returned.
func parse(t testing.TB, src string, cols ...*Col) (Expr, error) {
	t.Helper()
	p := &sqlParser{toks: tokens(src), cols: map[string]*Col{}}
	for _, c := range cols {
		p.cols[c.Name] = c
	}
	var err error
	var e Expr
	func() {
		defer func() {
			switch r := recover().(type) {
			case nil:
			case resolveError:
				err = r.error
			default:
				panic(r)
			}
		}()
		e = p.expr(0)
	}()
	if err == nil && len(p.toks) > 0 {
		t.Fatalf("%s: left over: %q", src, p.toks)
	}
	return e, err
}

// must is parse without errors.
func must(t testing.TB, src string, cols ...*Col) Expr {
	t.Helper()
	e, err := parse(t, src, cols...)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return e
}

type resolveError struct{ error }

func tokens(s string) []string {
	var out []string
	for i := 0; i < len(s); {
		start := i
		switch c := s[i]; {
		case c == ' ':
			i++
			continue
		case c == '\'':
			for i++; s[i] != '\'' || i+1 < len(s) && s[i+1] == '\''; i++ {
				if s[i] == '\'' {
					i++
				}
			}
			i++
		case word(c):
			for i < len(s) && (word(s[i]) || s[i] == '.' || (s[i] == '-' || s[i] == '+') && (s[i-1] == 'e' || s[i-1] == 'E') && s[start] <= '9') {
				i++
			}
		default:
			i++
			for _, op := range []string{"<=>", "<=", ">=", "<>", "!=", "<<", ">>"} {
				if strings.HasPrefix(s[start:], op) {
					i = start + len(op)
					break
				}
			}
		}
		out = append(out, s[start:i])
	}
	return out
}

func word(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func (p *sqlParser) peek() string {
	if len(p.toks) == 0 {
		return ""
	}
	return strings.ToLower(p.toks[0])
}

func (p *sqlParser) take() string {
	t := p.toks[0]
	p.toks = p.toks[1:]
	return t
}

func (p *sqlParser) accept(s string) bool {
	if p.peek() == s {
		p.take()
		return true
	}
	return false
}

func (p *sqlParser) want(s string) {
	if !p.accept(s) {
		panic(fmt.Sprintf("want %q before %q", s, p.toks))
	}
}

func call(name string, args ...Expr) Expr {
	e, err := Resolve(name, args)
	if err != nil {
		panic(resolveError{err})
	}
	return e
}

var binding = map[string]int{"or": 1, "xor": 2, "and": 3, "=": 5, "<=>": 5, "<": 5, "<=": 5, ">": 5, ">=": 5, "<>": 5, "!=": 5,
	"|": 6, "&": 7, "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "div": 10, "%": 10, "mod": 10, "^": 11}

func (p *sqlParser) expr(min int) Expr {
	var e Expr
	switch {
	case min <= 4 && p.accept("not"):
		e = call("not", p.expr(4))
	case p.accept("-"):
		e = p.negative()
	case p.accept("~"):
		e = call("~", p.expr(12))
	default:
		e = p.primary()
	}
	for {
		op := p.peek()
		if power, ok := binding[op]; ok && power >= min && power > 0 {
			p.take()
			if (op == "+" || op == "-") && p.accept("interval") {
				n := p.expr(12)
				name := map[string]string{"+": "date_add", "-": "date_sub"}[op]
				e = call(name, e, n, &Const{types.TextValue(p.take())})
				continue
			}
			e = call(op, e, p.expr(power+1))
			continue
		}
		if min > 5 {
			return e
		}
		not := false
		switch {
		case p.accept("is"):
			not = p.accept("not")
			e = call("is_"+strings.ToLower(p.take()), e)
		case op == "not" && len(p.toks) > 1 || op == "in" || op == "like" || op == "between" || op == "regexp":
			not = p.accept("not")
			e = p.predicate(e)
		default:
			return e
		}
		if not {
			e = call("not", e)
		}
	}
}

func (p *sqlParser) negative() Expr {
	e := p.expr(12)
	c, ok := e.(*Const)
	if !ok || c.V.IsNull || !c.V.Type.Kind.IsNumeric() {
		return call("neg", e)
	}
	v := c.V
	v.I, v.F, v.D = -v.I, -v.F, v.D.Neg()
	return &Const{v}
}

func (p *sqlParser) predicate(e Expr) Expr {
	switch op := strings.ToLower(p.take()); op {
	case "in":
		p.want("(")
		return call("in", append([]Expr{e}, p.list()...)...)
	case "between":
		lo := p.expr(6)
		p.want("and")
		return call("between", e, lo, p.expr(6))
	case "regexp":
		return call("regexp_like", e, p.expr(6))
	default:
		args := []Expr{e, p.expr(6)}
		if p.accept("escape") {
			args = append(args, p.primary())
		}
		return call("like", args...)
	}
}

// list reads expressions to the closing bracket.
func (p *sqlParser) list() []Expr {
	var out []Expr
	for !p.accept(")") {
		if len(out) > 0 {
			p.want(",")
		}
		if p.accept("interval") {
			out = append(out, p.expr(0), &Const{types.TextValue(p.take())})
			continue
		}
		out = append(out, p.expr(0))
	}
	return out
}

func (p *sqlParser) primary() Expr {
	t := p.take()
	switch low := strings.ToLower(t); {
	case t == "(":
		e := p.expr(0)
		p.want(")")
		return e
	case t[0] == '\'':
		return &Const{types.TextValue(strings.ReplaceAll(t[1:len(t)-1], "''", "'"))}
	case t[0] >= '0' && t[0] <= '9':
		return numberLiteral(t)
	case low == "null":
		return &Const{types.NullValue(types.TypeNull)}
	case low == "true", low == "false":
		return &Const{types.IntValue(int64(b2i(low == "true")))}
	case low == "case":
		return p.caseExpr()
	case low == "cast":
		p.want("(")
		e := p.expr(0)
		p.want("as")
		e = Cast(e, p.typeName())
		p.want(")")
		return e
	case (low == "date" || low == "timestamp") && strings.HasPrefix(p.peek(), "'"):
		e := p.primary()
		if low == "date" {
			return Fold(Cast(e, types.TypeDate))
		}
		fsp := 0
		if s := e.(*Const).V.S; strings.Contains(s, ".") {
			fsp = len(s) - strings.Index(s, ".") - 1
		}
		return Fold(Cast(e, types.NewDatetime(fsp)))
	case (low == "timestampdiff" || low == "timestampadd" || low == "extract") && p.peek() == "(":
		p.want("(")
		unit := &Const{types.TextValue(p.take())}
		if !p.accept(",") {
			p.want("from")
		}
		return call(low, append([]Expr{unit}, p.list()...)...)
	case p.accept("("):
		return call(low, p.list()...)
	case p.cols[t] != nil && p.cols[t].Index < 0:
		return &Param{T: types.TypeNull} // a placeholder of unknown type
	case p.cols[t] != nil:
		return p.cols[t]
	default:
		panic("unknown name " + t)
	}
}

func (p *sqlParser) caseExpr() Expr {
	var args []Expr
	for p.accept("when") {
		args = append(args, p.expr(0))
		p.want("then")
		args = append(args, p.expr(0))
	}
	if p.accept("else") {
		args = append(args, p.expr(0))
	}
	p.want("end")
	return call("case", args...)
}

func (p *sqlParser) typeName() types.Type {
	name := strings.ToLower(p.take())
	var nums []int
	if p.accept("(") {
		for !p.accept(")") {
			p.accept(",")
			n, _ := strconv.Atoi(p.take())
			nums = append(nums, n)
		}
	}
	nums = append(nums, 0, 0)
	switch name {
	case "signed":
		return types.TypeInt
	case "unsigned":
		return types.TypeUint
	case "double":
		return types.TypeFloat
	case "float":
		return types.Type{Kind: types.Float32}
	case "char":
		return types.NewString(nums[0])
	case "binary":
		return types.Type{Kind: types.Bytes, Coll: types.CollBinary, Len: uint32(nums[0])}
	case "decimal":
		if nums[0] == 0 {
			nums[0] = 10
		}
		return types.NewDecimal(nums[0], nums[1])
	case "date":
		return types.TypeDate
	case "datetime":
		return types.NewDatetime(nums[0])
	}
	panic("unknown type " + name)
}

// numberLiteral is a number literal of the type that MySQL gives it.
func numberLiteral(s string) Expr {
	if strings.ContainsAny(s, "eE") {
		f, _ := strconv.ParseFloat(s, 64)
		return &Const{types.FloatValue(f)}
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return &Const{types.IntValue(i)}
	}
	if u, err := strconv.ParseUint(s, 10, 64); err == nil {
		return &Const{types.UintValue(u)}
	}
	d, prec, scale, err := types.ParseDec(s)
	if err != nil {
		panic(err)
	}
	return &Const{types.Value{Type: types.NewDecimal(prec, scale), D: d}}
}

// show renders a value as a client sees it.
func show(v types.Value) string {
	if v.IsNull {
		return "NULL"
	}
	return string(types.AppendValueText(nil, v))
}
