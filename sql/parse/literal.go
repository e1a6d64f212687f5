package parse

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/format"
)

// Literal is a constant in the tree. Val is nil (NULL), bool, int64, uint64,
// float64, Decimal, string (characters in Charset) or Binary.
type Literal struct {
	ast.TexprNode
	Val        any
	Charset    string // of a string: "utf8mb4", or what an introducer such as _binary said
	Collate    string
	projection int
}

// Decimal is the text of an exact number as written: 1.50, 99999999999999999999.
type Decimal string

// Binary is the bytes of a literal such as x'4D' or b'1001101'.
type Binary string

// Param is a ? placeholder; N counts from 0 in the order of the text.
type Param struct {
	Literal
	Offset, N int
}

// The grammar makes its leaves through these hooks.
func init() {
	ast.NewValueExpr = newLiteral
	ast.NewParamMarkerExpr = func(offset int) ast.ParamMarkerExpr { return &Param{Offset: offset} }
	ast.NewDecimal = func(s string) (any, error) { return Decimal(s), nil }
	ast.NewHexLiteral = func(s string) (any, error) { return parseHex(s) }
	ast.NewBitLiteral = func(s string) (any, error) { return parseBits(s) }
}

func newLiteral(v any, charset, collate string) ast.ValueExpr {
	if l, ok := v.(*Literal); ok {
		return l
	}
	if i, ok := v.(int); ok {
		v = int64(i)
	}
	return &Literal{Val: v, Charset: charset, Collate: collate, projection: -1}
}

func parseHex(s string) (Binary, error) {
	digits := strings.Trim(s[1:], "'") // x'..' or 0x..
	if s[0] == '0' {
		digits = s[2:]
		if len(digits)%2 == 1 {
			digits = "0" + digits
		}
	}
	b, err := hex.DecodeString(digits)
	return Binary(b), err
}

func parseBits(s string) (Binary, error) {
	digits := strings.Trim(s[1:], "'") // b'..' or 0b..
	if s[0] == '0' {
		digits = s[2:]
	}
	digits = strings.Repeat("0", (8-len(digits)%8)%8) + digits
	out := make([]byte, 0, len(digits)/8)
	for ; digits != ""; digits = digits[8:] {
		b, err := strconv.ParseUint(digits[:8], 2, 8)
		if err != nil {
			return "", err
		}
		out = append(out, byte(b))
	}
	return Binary(out), nil
}

// GetValue implements ast.ValueExpr.
func (n *Literal) GetValue() any { return n.Val }

// SetValue implements ast.ValueExpr.
func (n *Literal) SetValue(v any) { n.Val = v }

// GetString implements ast.ValueExpr: the characters of a string, else "".
func (n *Literal) GetString() string {
	switch v := n.Val.(type) {
	case string:
		return v
	case Binary:
		return string(v)
	}
	return ""
}

// GetDatumString implements ast.ValueExpr.
func (n *Literal) GetDatumString() string { return n.GetString() }

// GetProjectionOffset implements ast.ValueExpr: of 'a' 'b', the length of the
// first part, which names the column; otherwise -1.
func (n *Literal) GetProjectionOffset() int { return n.projection }

// SetProjectionOffset implements ast.ValueExpr.
func (n *Literal) SetProjectionOffset(o int) { n.projection = o }

// Restore implements ast.Node.
func (n *Literal) Restore(ctx *format.RestoreCtx) error {
	if s, ok := n.Val.(string); ok {
		ctx.WriteString(s)
		return nil
	}
	ctx.WritePlain(n.text())
	return nil
}

func (n *Literal) text() string {
	switch v := n.Val.(type) {
	case nil:
		return "NULL"
	case bool:
		return strings.ToUpper(strconv.FormatBool(v))
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'e', -1, 64)
	case string:
		return strconv.Quote(v)
	case Decimal:
		return string(v)
	case Binary:
		return "x'" + hex.EncodeToString([]byte(v)) + "'"
	}
	return fmt.Sprint(n.Val)
}

// Format implements ast.ExprNode.
func (n *Literal) Format(w io.Writer) { _, _ = io.WriteString(w, n.text()) }

// Accept implements ast.Node.
func (n *Literal) Accept(v ast.Visitor) (ast.Node, bool) {
	node, _ := v.Enter(n)
	return v.Leave(node)
}

// SetOrder implements ast.ParamMarkerExpr.
func (n *Param) SetOrder(order int) { n.N = order }

// Restore implements ast.Node.
func (n *Param) Restore(ctx *format.RestoreCtx) error {
	ctx.WritePlain("?")
	return nil
}

// Format implements ast.ExprNode.
func (n *Param) Format(w io.Writer) { _, _ = io.WriteString(w, "?") }

// Accept implements ast.Node.
func (n *Param) Accept(v ast.Visitor) (ast.Node, bool) {
	node, _ := v.Enter(n)
	return v.Leave(node)
}

// paramFinder collects the placeholders of a tree.
type paramFinder struct{ found []*Param }

// Enter implements ast.Visitor.
func (f *paramFinder) Enter(n ast.Node) (ast.Node, bool) {
	if p, ok := n.(*Param); ok {
		f.found = append(f.found, p)
	}
	return n, false
}

// Leave implements ast.Visitor.
func (f *paramFinder) Leave(n ast.Node) (ast.Node, bool) { return n, true }

// numberParams numbers the placeholders of a tree in the order of the text
// and returns how many there are.
func numberParams(n ast.Node) int {
	var f paramFinder
	n.Accept(&f)
	slices.SortFunc(f.found, func(a, b *Param) int { return a.Offset - b.Offset })
	for i, p := range f.found {
		p.SetOrder(i)
	}
	return len(f.found)
}
