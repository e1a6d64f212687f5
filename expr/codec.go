package expr

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weirdb/weir/types"
)

// The binary form of an expression, numbers as uvarints:
//
//	1 column    index, length and bytes of the name, type
//	2 constant  value
//	3 parameter number, type
//	4 call      function, type, number of arguments, the arguments
//
// Types and values are as in package types.
const (
	tagCol   = 1
	tagConst = 2
	tagParam = 3
	tagCall  = 4
)

// maxDepth bounds the nesting that Decode accepts.
const maxDepth = 10_000

// maxIndex bounds column positions and parameter numbers.
const maxIndex = 1 << 20

var errCut = errors.New("expr: expression is cut short")

// Append appends the binary form of e to dst. The form is deterministic and
// stays readable by every later release; a golden file keeps it so.
func Append(dst []byte, e Expr) []byte {
	switch e := e.(type) {
	case *Col:
		dst = binary.AppendUvarint(append(dst, tagCol), uint64(e.Index))
		dst = binary.AppendUvarint(dst, uint64(len(e.Name)))
		return types.AppendType(append(dst, e.Name...), e.T)
	case *Const:
		return types.AppendValue(append(dst, tagConst), e.V)
	case *Param:
		dst = binary.AppendUvarint(append(dst, tagParam), uint64(e.N))
		return types.AppendType(dst, e.T)
	case *Call:
		dst = binary.AppendUvarint(append(dst, tagCall), uint64(e.Fn))
		dst = types.AppendType(dst, e.T)
		dst = binary.AppendUvarint(dst, uint64(len(e.Args)))
		for _, a := range e.Args {
			dst = Append(dst, a)
		}
		return dst
	}
	panic("expr: unknown node")
}

// Decode reads one expression and returns what follows it. Bytes that no
// Append wrote are an error, never a panic, and what it returns always
// compiles: argument counts and physical classes have been checked. Column
// positions and types are the caller's to check against its input.
func Decode(b []byte) (Expr, []byte, error) { return decode(b, 0) }

func decode(b []byte, depth int) (Expr, []byte, error) {
	if len(b) == 0 {
		return nil, nil, errCut
	}
	if depth > maxDepth {
		return nil, nil, errors.New("expr: expression is nested too deeply")
	}
	tag, b := b[0], b[1:]
	switch tag {
	case tagCol:
		return decodeCol(b)
	case tagConst:
		v, rest, err := types.DecodeValue(b)
		if err != nil {
			return nil, nil, err
		}
		return &Const{v}, rest, nil
	case tagParam:
		n, b, err := decodeUint(b, maxIndex)
		if err != nil {
			return nil, nil, err
		}
		t, rest, err := types.DecodeType(b)
		if err != nil {
			return nil, nil, err
		}
		return &Param{N: int(n), T: t}, rest, nil
	case tagCall:
		return decodeCall(b, depth)
	}
	return nil, nil, fmt.Errorf("expr: unknown node %d", tag)
}

func decodeUint(b []byte, most uint64) (uint64, []byte, error) {
	x, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errCut
	}
	if x > most {
		return 0, nil, fmt.Errorf("expr: number %d is out of range", x)
	}
	return x, b[n:], nil
}

func decodeCol(b []byte) (Expr, []byte, error) {
	index, b, err := decodeUint(b, maxIndex)
	if err != nil {
		return nil, nil, err
	}
	n, b, err := decodeUint(b, maxIndex)
	if err != nil {
		return nil, nil, err
	}
	if uint64(len(b)) < n {
		return nil, nil, errCut
	}
	name, b := string(b[:n]), b[n:]
	t, rest, err := types.DecodeType(b)
	if err != nil {
		return nil, nil, err
	}
	return &Col{Index: int(index), Name: name, T: t}, rest, nil
}

func decodeCall(b []byte, depth int) (Expr, []byte, error) {
	fn, b, err := decodeUint(b, uint64(len(defs)-1))
	if err != nil {
		return nil, nil, err
	}
	if defs[fn] == nil {
		return nil, nil, fmt.Errorf("expr: unknown function %d", fn)
	}
	t, b, err := types.DecodeType(b)
	if err != nil {
		return nil, nil, err
	}
	n, b, err := decodeUint(b, uint64(len(b))) // an argument takes a byte at least
	if err != nil {
		return nil, nil, err
	}
	c := &Call{Fn: Fn(fn), T: t, Args: make([]Expr, 0, min(n, 64))}
	for range n {
		var a Expr
		if a, b, err = decode(b, depth+1); err != nil {
			return nil, nil, err
		}
		c.Args = append(c.Args, a)
	}
	if !wellTyped(c) {
		return nil, nil, fmt.Errorf("expr: function %d (%s) has arguments it does not take", fn, defs[fn].name())
	}
	return c, b, nil
}

// wellTyped tells whether the kernels of c's function take its arguments and
// give its type.
func wellTyped(c *Call) bool {
	d := defOf(c.Fn)
	if least, most := d.counts(); len(c.Args) < least || most >= 0 && len(c.Args) > most {
		return false
	}
	ts := make([]types.Type, len(c.Args))
	for i, a := range c.Args {
		ts[i] = a.Type()
		if !accepts(d.class(i), a) {
			return false
		}
	}
	if !validShape(c.T) {
		return false
	}
	if d.ret != nil {
		return d.ret(c.Args).Kind == c.T.Kind
	}
	if d.check == nil {
		return false
	}
	return d.check(c, ts)
}

// validShape tells whether t's digits make sense.
func validShape(t types.Type) bool {
	return t.Kind != types.Decimal || t.Prec >= 1 && t.Prec <= types.MaxPrec && t.Scale <= min(t.Prec, types.MaxScale)
}

// accepts tells whether a kernel can read e as an argument of the class.
func accepts(class byte, e Expr) bool {
	t := e.Type()
	switch class {
	case 's':
		return t.Kind.IsText()
	case 'i', 'u', 'b':
		return t.Kind.IsInt()
	case 'h':
		return t.Kind.IsInt() || t.Kind.IsText()
	case 'f':
		return t.Kind.IsFloat()
	case 'n':
		return t.Kind.IsNumeric() && validShape(t)
	case 't':
		return t.Kind.IsTime()
	case 'k':
		c, ok := e.(*Const)
		return ok && !c.V.IsNull && t.Kind.IsText()
	}
	return validShape(t)
}

func checkArith(c *Call, ts []types.Type) bool {
	a, b, t := ts[0].Kind, ts[1].Kind, c.T.Kind
	whole := t == types.Int64 || t == types.Uint64
	switch {
	case c.Fn == FnIntDiv:
		return whole && (a.IsInt() && b.IsInt() || a == types.Decimal && b == types.Decimal)
	case a.IsFloat():
		return b.IsFloat() && t == types.Float64
	case a == types.Decimal:
		return b == types.Decimal && t == types.Decimal
	}
	return a.IsInt() && b.IsInt() && whole && c.Fn != FnDiv && c.Fn != FnQuotient
}

// checkNumber is for functions of one number whose result is of its family.
func checkNumber(c *Call, ts []types.Type) bool {
	switch a, t := ts[0].Kind, c.T.Kind; {
	case a.IsFloat():
		return t == types.Float64
	case a == types.Decimal:
		return t == types.Decimal || t.IsInt()
	default:
		return t.IsInt()
	}
}

func checkCompare(c *Call, ts []types.Type) bool {
	a, b := ts[0], ts[1]
	return c.T.Kind == types.Int64 && (plainInts(a, b) || a.Kind.IsFloat() && b.Kind.IsFloat() ||
		a.Kind == types.Decimal && b.Kind == types.Decimal || a.Kind.IsText() && b.Kind.IsText() && a.Coll == b.Coll)
}

// checkTruth is for functions that give 0 or 1 and take what their classes say.
func checkTruth(c *Call, _ []types.Type) bool { return c.T.Kind == types.Int64 }

// checkSame is for functions whose arguments have the type of the result.
func checkSame(c *Call, ts []types.Type) bool {
	for _, t := range ts {
		if !sameButNull(t, c.T) {
			return false
		}
	}
	return true
}

func checkCase(c *Call, ts []types.Type) bool {
	for i, t := range ts {
		if cond := i%2 == 0 && i+1 < len(ts); cond && !t.Kind.IsInt() || !cond && !sameButNull(t, c.T) {
			return false
		}
	}
	return true
}

func checkFirst(c *Call, ts []types.Type) bool { return sameButNull(ts[0], c.T) }

func checkCast(c *Call, ts []types.Type) bool { return c.T.Kind != types.Null }

func checkText(c *Call, ts []types.Type) bool { return c.T.Kind.IsText() }

func sameButNull(a, b types.Type) bool { return a.WithNull(false) == b.WithNull(false) }
