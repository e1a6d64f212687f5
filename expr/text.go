package expr

import (
	"encoding/binary"
	"math"
	"regexp"
	"strings"

	"github.com/weirdb/weir/expr/scalar"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

func textFns() []def {
	text := func(fn Fn, names, args string, row textRow, sig, doc string) def {
		return def{fn: fn, names: names, args: args, ret: retText, compile: rowsText(row), group: "strings", sig: sig, doc: doc}
	}
	count := func(fn Fn, names, args string, row intRow, sig, doc string) def {
		return def{fn: fn, names: names, args: args, ret: retInt, compile: rowsInt(row), group: "strings", sig: sig, doc: doc}
	}
	nullable := func(d def) def {
		d.nulls = true
		return d
	}
	searches := func(d def) def {
		d.resolve = resolveSearch
		return d
	}
	return []def{
		text(FnConcat, "concat", "s*", concat, "CONCAT(s, ...)", "The arguments one after another; NULL when one is NULL."),
		{fn: FnConcatWs, names: "concat_ws", args: "ss*", ret: retText, compile: lenientText(concatWs),
			group: "strings", sig: "CONCAT_WS(separator, s, ...)", doc: "The arguments that are not NULL with the separator between them."},
		count(FnLength, "length octet_length", "s", length, "LENGTH(s)", "The number of bytes."),
		count(FnBitLength, "bit_length", "s", bitLength, "BIT_LENGTH(s)", "The number of bits."),
		count(FnCharLength, "char_length character_length", "s", charLength, "CHAR_LENGTH(s)", "The number of characters."),
		text(FnUpper, "upper ucase", "s", upper, "UPPER(s)", "s in upper case."),
		text(FnLower, "lower lcase", "s", lower, "LOWER(s)", "s in lower case."),
		text(FnSubstring, "substring substr mid", "si?i", substring, "SUBSTRING(s, pos [, n])",
			"n characters of s from position pos, which counts from 1, or from the end when negative."),
		text(FnLeft, "left", "si", left, "LEFT(s, n)", "The first n characters."),
		text(FnRight, "right", "si", right, "RIGHT(s, n)", "The last n characters."),
		text(FnTrim, "trim", "s?sk", trim, "TRIM([BOTH|LEADING|TRAILING] [rem FROM] s)", "s without rem (a space) at its ends."),
		text(FnLtrim, "ltrim", "s", ltrim, "LTRIM(s)", "s without leading spaces."),
		text(FnRtrim, "rtrim", "s", rtrim, "RTRIM(s)", "s without trailing spaces."),
		text(FnReplace, "replace", "sss", replace, "REPLACE(s, from, to)", "s with each from replaced by to; case counts."),
		searches(count(FnLocate, "locate", "ss?i", locate, "LOCATE(sub, s [, pos])",
			"The position of sub in s at or behind pos, 0 when there is none; also POSITION(sub IN s), INSTR(s, sub).")),
		nullable(text(FnLpad, "lpad", "sis", lpad, "LPAD(s, n, pad)", "s filled up on the left, or cut, to n characters.")),
		nullable(text(FnRpad, "rpad", "sis", rpad, "RPAD(s, n, pad)", "s filled up on the right, or cut, to n characters.")),
		nullable(text(FnRepeat, "repeat", "si", repeat, "REPEAT(s, n)", "s n times.")),
		text(FnReverse, "reverse", "s", reverse, "REVERSE(s)", "The characters from last to first."),
		nullable(text(FnSpace, "space", "i", space, "SPACE(n)", "n spaces.")),
		count(FnASCII, "ascii", "s", ascii, "ASCII(s)", "The first byte, 0 for an empty string."),
		count(FnOrd, "ord", "s", ord, "ORD(s)", "The code of the first character: its bytes as a number."),
		{fn: FnChar, names: "char", args: "u*", ret: returns(types.TypeBytes), compile: lenientText(char),
			group: "strings", sig: "CHAR(n, ...)", doc: "The bytes with these codes, as a binary string; NULLs are left out."},
		{fn: FnStrcmp, names: "strcmp", args: "ss", resolve: resolveStrcmp, check: checkTruth, compile: compileStrcmp,
			group: "strings", sig: "STRCMP(a, b)", doc: "-1, 0 or 1 as a sorts before, with or behind b."},
		{fn: FnField, names: "field", args: "aa*", resolve: resolveField, check: checkField, compile: compileField,
			group: "strings", sig: "FIELD(x, a, b, ...)", doc: "The position of x among the further arguments, 0 when it is not there."},
		searches(count(FnFindInSet, "find_in_set", "ss", findInSet, "FIND_IN_SET(s, list)", "The position of s in a list separated by commas, or 0.")),
		{fn: FnElt, names: "elt", args: "is*", ret: retText, nulls: true, compile: lenientText(elt),
			group: "strings", sig: "ELT(n, a, b, ...)", doc: "The nth of the further arguments, NULL when there is none."},
		text(FnInsert, "insert", "siis", insert, "INSERT(s, pos, n, new)", "s with n characters from pos replaced by new."),
		text(FnFormat, "format", "ni?s", format, "FORMAT(x, d)", "x rounded to d digits with commas between thousands."),
		text(FnSubstringIndex, "substring_index", "ssi", substringIndex, "SUBSTRING_INDEX(s, delim, n)",
			"What stands before the nth delim, or behind the nth from the end when n is negative."),
		{fn: FnQuote, names: "quote", args: "s", ret: retText, compile: lenientText(quote),
			group: "strings", sig: "QUOTE(s)", doc: "s as an SQL literal, the word NULL for NULL."},
		text(FnSoundex, "soundex", "s", soundex, "SOUNDEX(s)", "How s sounds, of ASCII letters."),
	}
}

// rewriteText resolves text functions that are others with arguments moved.
func rewriteText(name string, args []Expr) (Expr, error, bool) {
	switch {
	case name == "instr" && len(args) == 2:
		args = []Expr{args[1], args[0]}
	case name == "position" && len(args) == 2:
	case (name == "bin" || name == "oct") && len(args) == 1 && !args[0].Type().Kind.IsInt():
		// They read a number as it is written, so 1.9 is 1.
		base := map[string]int64{"bin": 2, "oct": 8}[name]
		e, err := Resolve("conv", []Expr{args[0], &Const{types.IntValue(10)}, &Const{types.IntValue(base)}})
		return e, err, true
	case name == "instr" || name == "position":
		return nil, sqlerr.New(sqlerr.ErrWrongParamCountFn, "Incorrect parameter count in the call to native function '%s'", strings.ToUpper(name)), true
	default:
		return nil, nil, false
	}
	e, err := Resolve("locate", args)
	return e, err, true
}

// multibyte tells whether an argument is made of characters.
func (o operand) multibyte() bool { return o.Type.Kind == types.String }

func concat(f *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	start := len(dst)
	for _, o := range a {
		if dst = append(dst, o.bytes(i)...); len(dst)-start > maxText {
			break
		}
	}
	return f.packet(i, "concat", dst, start)
}

// packet gives NULL with a warning when what was appended since start is too
// long.
func (f *frame) packet(i int, name string, dst []byte, start int) ([]byte, bool) {
	if len(dst)-start > maxText {
		f.tooLong(i, name)
		return dst, false
	}
	return dst, true
}

func concatWs(f *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	if a[0].null(i) {
		return dst, false
	}
	start, first := len(dst), true
	for _, o := range a[1:] {
		if o.null(i) {
			continue
		}
		if !first {
			dst = append(dst, a[0].bytes(i)...)
		}
		first = false
		dst = append(dst, o.bytes(i)...)
	}
	return f.packet(i, "concat_ws", dst, start)
}

func length(_ *frame, a []operand, i int) (int64, bool) { return int64(len(a[0].bytes(i))), true }
func bitLength(_ *frame, a []operand, i int) (int64, bool) {
	return 8 * int64(len(a[0].bytes(i))), true
}

func charLength(_ *frame, a []operand, i int) (int64, bool) {
	return int64(scalar.Chars(a[0].bytes(i), a[0].multibyte())), true
}

func upper(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	if !a[0].multibyte() {
		return append(dst, a[0].bytes(i)...), true
	}
	return scalar.AppendMapped(dst, a[0].bytes(i), true), true
}

func lower(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	if !a[0].multibyte() {
		return append(dst, a[0].bytes(i)...), true
	}
	return scalar.AppendMapped(dst, a[0].bytes(i), false), true
}

func substring(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	n := int64(math.MaxInt64)
	if len(a) > 2 {
		n = a[2].int(i)
	}
	return append(dst, scalar.Substring(a[0].bytes(i), a[1].int(i), n, a[0].multibyte())...), true
}

func left(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	return append(dst, scalar.Substring(a[0].bytes(i), 1, a[1].int(i), a[0].multibyte())...), true
}

func right(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	return append(dst, scalar.Right(a[0].bytes(i), a[1].int(i), a[0].multibyte())...), true
}

var oneSpace = []byte(" ")

func trim(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	rem, leading, trailing := oneSpace, true, true
	if len(a) > 1 {
		rem = a[1].bytes(i)
	}
	if len(a) > 2 {
		mode := a[2].bytes(i)
		leading = !strings.EqualFold(str(mode), "trailing")
		trailing = !strings.EqualFold(str(mode), "leading")
	}
	return append(dst, scalar.Trim(a[0].bytes(i), rem, leading, trailing)...), true
}

func ltrim(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	return append(dst, scalar.Trim(a[0].bytes(i), oneSpace, true, false)...), true
}

func rtrim(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	return append(dst, scalar.Trim(a[0].bytes(i), oneSpace, false, true)...), true
}

func replace(f *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	s, from, to := a[0].bytes(i), a[1].bytes(i), a[2].bytes(i)
	if len(from) > 0 && len(s)/len(from)*max(0, len(to)-len(from)) > maxText {
		f.tooLong(i, "replace")
		return dst, false
	}
	return scalar.AppendReplaced(dst, s, from, to), true
}

func locate(_ *frame, a []operand, i int) (int64, bool) {
	sub, s, multibyte := a[0].bytes(i), a[1].bytes(i), a[0].multibyte() && a[1].multibyte()
	pos := int64(1)
	if len(a) > 2 {
		pos = a[2].int(i)
	}
	if pos < 1 || pos > int64(len(s))+1 {
		return 0, true
	}
	from := scalar.Offset(s, int(pos-1), multibyte)
	if int64(scalar.Chars(s[:from], multibyte)) != pos-1 {
		return 0, true
	}
	coll := types.CollBinary
	if multibyte {
		coll = a[1].Type.Coll
	}
	at := scalar.Index(s, sub, from, coll)
	if at < 0 {
		return 0, true
	}
	return int64(scalar.Chars(s[:at], multibyte)) + 1, true
}

func lpad(f *frame, a []operand, i int, dst []byte) ([]byte, bool) { return pad(f, a, i, dst, true) }
func rpad(f *frame, a []operand, i int, dst []byte) ([]byte, bool) { return pad(f, a, i, dst, false) }

func pad(f *frame, a []operand, i int, dst []byte, before bool) ([]byte, bool) {
	s, n, fill, multibyte := a[0].bytes(i), a[1].int(i), a[2].bytes(i), a[0].multibyte()
	have := int64(scalar.Chars(s, multibyte))
	switch {
	case n < 0:
		return dst, false
	case n <= have:
		return append(dst, s[:scalar.Offset(s, int(n), multibyte)]...), true
	case n > maxText:
		f.tooLong(i, "lpad")
		return dst, false
	case len(fill) == 0:
		return dst, true
	}
	if !before {
		dst = append(dst, s...)
	}
	chars := int64(scalar.Chars(fill, multibyte))
	need := n - have
	if len(fill)*int(need/chars+1) > maxText {
		f.tooLong(i, "lpad")
		return dst, false
	}
	for ; need >= chars; need -= chars {
		dst = append(dst, fill...)
	}
	dst = append(dst, fill[:scalar.Offset(fill, int(need), multibyte)]...)
	if before {
		dst = append(dst, s...)
	}
	return dst, true
}

func repeat(f *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	s, n := a[0].bytes(i), a[1].int(i)
	if len(s) == 0 || n <= 0 {
		return dst, true
	}
	if n > int64(maxText/len(s)) {
		f.tooLong(i, "repeat")
		return dst, false
	}
	for range n {
		dst = append(dst, s...)
	}
	return dst, true
}

func reverse(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	return scalar.AppendReversed(dst, a[0].bytes(i), a[0].multibyte()), true
}

func space(f *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	n := a[0].int(i)
	if n > maxText {
		f.tooLong(i, "space")
		return dst, false
	}
	for range n {
		dst = append(dst, ' ')
	}
	return dst, true
}

func ascii(_ *frame, a []operand, i int) (int64, bool) {
	s := a[0].bytes(i)
	if len(s) == 0 {
		return 0, true
	}
	return int64(s[0]), true
}

func ord(_ *frame, a []operand, i int) (int64, bool) {
	s := a[0].bytes(i)
	x := int64(0)
	for _, c := range s[:scalar.Offset(s, 1, a[0].multibyte())] {
		x = x<<8 | int64(c)
	}
	return x, true
}

func char(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	for _, o := range a {
		if o.null(i) {
			continue
		}
		var buf [4]byte
		binary.BigEndian.PutUint32(buf[:], uint32(o.int(i)))
		k := 0
		for k < 3 && buf[k] == 0 {
			k++
		}
		dst = append(dst, buf[k:]...)
	}
	return dst, true
}

// resolveSearch makes the strings of a search compare under one collation.
func resolveSearch(d *def, args []Expr) (*Call, error) {
	args, err := d.coerceAll(args)
	if err == nil {
		args, err = alike(args)
	}
	if err != nil {
		return nil, err
	}
	return d.typed(args, d.ret(args)), nil
}

func resolveStrcmp(d *def, args []Expr) (*Call, error) { return resolveMatch(d, args) }

func compileStrcmp(c *compiler, e *Call) *node {
	cmp := comparator(e.Args[0].Type(), e.Args[1].Type())
	return c.intRows(e, func(_ *frame, a []operand, i int) (int64, bool) { return int64(cmp(a[0], a[1], i)), true }, false)
}

// resolveField compares as strings when all are, else as numbers.
func resolveField(d *def, args []Expr) (*Call, error) {
	out := make([]Expr, len(args))
	texts := true
	for _, a := range args {
		k := a.Type().Kind
		texts = texts && (k.IsText() || k == types.Null)
	}
	t := types.TypeFloat
	if texts {
		var err error
		if t, err = textType(args...); err != nil {
			return nil, err
		}
	}
	for i, a := range args {
		out[i] = Cast(a, t)
	}
	return &Call{Fn: d.fn, Args: out, T: types.TypeInt}, nil
}

func checkField(c *Call, ts []types.Type) bool {
	for _, t := range ts {
		if !sameButNull(t, ts[0]) {
			return false
		}
	}
	return c.T.Kind == types.Int64
}

func compileField(c *compiler, e *Call) *node {
	cmp := comparator(e.Args[0].Type(), e.Args[0].Type())
	return c.intRows(e, func(_ *frame, a []operand, i int) (int64, bool) {
		if a[0].null(i) {
			return 0, true
		}
		for k := 1; k < len(a); k++ {
			if !a[k].null(i) && cmp(a[0], a[k], i) == 0 {
				return int64(k), true
			}
		}
		return 0, true
	}, true)
}

func findInSet(_ *frame, a []operand, i int) (int64, bool) {
	s, list := a[0].bytes(i), a[1].bytes(i)
	coll := types.CollBinary
	if a[0].multibyte() && a[1].multibyte() {
		coll = a[1].Type.Coll
	}
	if len(list) == 0 {
		return 0, true
	}
	for k := int64(1); ; k++ {
		item, rest, more := cutByte(list, ',')
		if coll.Compare(s, item) == 0 {
			return k, true
		}
		if !more {
			return 0, true
		}
		list = rest
	}
}

func cutByte(s []byte, sep byte) (before, after []byte, found bool) {
	for i, c := range s {
		if c == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, nil, false
}

func elt(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	if a[0].null(i) {
		return dst, false
	}
	k := a[0].int(i)
	if k < 1 || k >= int64(len(a)) || a[k].null(i) {
		return dst, false
	}
	return append(dst, a[k].bytes(i)...), true
}

func insert(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	s, pos, n, multibyte := a[0].bytes(i), a[1].int(i), a[2].int(i), a[0].multibyte()
	if pos < 1 || pos > int64(scalar.Chars(s, multibyte)) {
		return append(dst, s...), true
	}
	head := scalar.Offset(s, int(pos-1), multibyte)
	tail := len(s)
	if n >= 0 && n < int64(len(s)) {
		tail = head + scalar.Offset(s[head:], int(n), multibyte)
	}
	dst = append(dst, s[:head]...)
	dst = append(dst, a[3].bytes(i)...)
	return append(dst, s[tail:]...), true
}

func format(f *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	digits := int(max(0, min(a[1].int(i), types.MaxScale)))
	var number []byte
	switch t := a[0].Type; {
	case t.Kind == types.Decimal:
		d, ok := a[0].dec(i).Rescale(int(t.Scale), digits)
		if !ok {
			return dst, false
		}
		number = d.AppendText(nil, digits)
	case t.Kind.IsFloat():
		number = appendFixed(nil, a[0].float(i), digits)
	case t.Kind.IsUnsigned():
		d, _ := types.DecFromUint64(uint64(a[0].int(i))).Rescale(0, digits)
		number = d.AppendText(nil, digits)
	default:
		d, _ := types.DecFromInt64(a[0].int(i)).Rescale(0, digits)
		number = d.AppendText(nil, digits)
	}
	return scalar.AppendGrouped(dst, number), true
}

func substringIndex(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	return append(dst, scalar.SubstringIndex(a[0].bytes(i), a[1].bytes(i), a[2].int(i))...), true
}

func quote(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	if a[0].null(i) {
		return append(dst, "NULL"...), true
	}
	return scalar.AppendQuoted(dst, a[0].bytes(i)), true
}

func soundex(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	return scalar.AppendSoundex(dst, a[0].bytes(i)), true
}

// compileLike makes the pattern once when it is constant, else once for as
// long as it stays the same.
func compileLike(c *compiler, e *Call) *node {
	text, pattern := c.node(e.Args[0]), c.node(e.Args[1])
	escape := []byte{'\\'}
	if len(e.Args) > 2 {
		escape = []byte(e.Args[2].(*Const).V.S)
	}
	slot, buf, coll := c.vec(), c.buffer(), e.Args[0].Type().Coll
	if pattern.fixed != nil && !pattern.fixed.IsNull(0) {
		return c.likeConstant(text, scalar.NewPattern(pattern.fixed.Bytes(0), escape, coll))
	}
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		s, p := text.operand(f, sel, n), pattern.operand(f, sel, n)
		v := f.out(slot, types.TypeInt, n)
		if f.join(slot, v, n, s, p) {
			return v
		}
		var last []byte
		var made *scalar.Pattern
		f.rows(v, sel, n, func(i int) {
			if now := p.bytes(i); made == nil || str(now) != str(last) {
				made, last = scalar.NewPattern(now, escape, coll), now
			}
			v.I[i] = int64(b2i(made.Match(s.bytes(i), &f.buffers[buf])))
		})
		return v
	}}
}

func (c *compiler) likeConstant(text *node, p *scalar.Pattern) *node {
	slot, buf := c.vec(), c.buffer()
	first, table, quick := p.First()
	return &node{
		eval: func(f *frame, sel []int32, n int) *zset.Vec {
			s := text.operand(f, sel, n)
			v := f.out(slot, types.TypeInt, n)
			if f.join(slot, v, n, s) {
				return v
			}
			f.rows(v, sel, n, func(i int) { v.I[i] = int64(b2i(p.Match(s.bytes(i), &f.buffers[buf]))) })
			return v
		},
		filter: func(f *frame, sel []int32, n int, dst []int32) []int32 {
			s := text.operand(f, sel, n)
			if s.mask == 0 || !quick {
				k := 0
				each(sel, n, func(i int) {
					dst[k] = int32(i)
					k += b2i(!s.null(i) && p.Match(s.bytes(i), &f.buffers[buf]))
				})
				return dst[:k]
			}
			// Most rows are decided by their first byte.
			k, off, data := 0, s.Off, s.Data
			at := func(i int32) {
				lo, hi := off[i], off[i+1]
				if lo == hi {
					return
				}
				if b := data[lo]; table[b] == first || b >= 0x80 {
					dst[k] = i
					k += b2i(p.Match(data[lo:hi], &f.buffers[buf]))
				}
			}
			if sel == nil {
				for i := range int32(n) {
					at(i)
				}
			} else {
				for _, i := range sel {
					at(i)
				}
			}
			return dropNulls(s.Valid, dst[:k])
		},
	}
}

// compileRegexp matches RE2 expressions, which take linear time. Under a
// collation that ignores case they ignore case too unless 'c' says otherwise.
func compileRegexp(c *compiler, e *Call) *node {
	flags := "i"
	if coll := e.Args[0].Type().Coll; coll != types.Coll0900AiCi && coll != types.CollGeneralCi {
		flags = ""
	}
	if len(e.Args) > 2 {
		for _, m := range e.Args[2].(*Const).V.S {
			switch m {
			case 'c':
				flags = strings.ReplaceAll(flags, "i", "")
			case 'i':
				flags += "i"
			case 'm':
				flags += "m"
			case 'n':
				flags += "s"
			}
		}
	}
	if flags != "" {
		flags = "(?" + flags + ")"
	}
	text, pattern, slot, state := c.node(e.Args[0]), c.node(e.Args[1]), c.vec(), c.state()
	type compiled struct {
		source string
		re     *regexp.Regexp
		err    error
	}
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		s, p := text.operand(f, sel, n), pattern.operand(f, sel, n)
		v := f.out(slot, types.TypeInt, n)
		if f.join(slot, v, n, s, p) {
			return v
		}
		last, _ := f.states[state].(*compiled)
		f.rows(v, sel, n, func(i int) {
			if now := p.bytes(i); last == nil || last.source != str(now) {
				last = &compiled{source: string(now)}
				last.re, last.err = regexp.Compile(flags + last.source)
			}
			if last.err != nil {
				f.fail(i, sqlerr.New(errInvalidRegexp, "Illegal argument to a regular expression: %s", last.err).
					WithHint("the syntax is Go's RE2"))
				return
			}
			v.I[i] = int64(b2i(last.re.Match(s.bytes(i))))
		})
		f.states[state] = last
		return v
	}}
}
