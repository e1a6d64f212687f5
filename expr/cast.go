package expr

import (
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Cast is an explicit CAST: what does not fit is adjusted with a warning, what
// cannot be read as t is NULL (dates) or 0 (numbers) with a warning. A cast to
// the type that e has returns e, unless it rounds (see Unrounded); a NULL or a
// parameter of unknown type takes type t. t's nullability does not count.
func Cast(e Expr, t types.Type) Expr {
	if t.Kind.IsNumeric() {
		if u := Unrounded(e); u != e {
			return newCast(u, t)
		}
	}
	return implicit(e, t)
}

// implicit is the cast that brings branches to one type: it lets a quotient
// of that type be, whose digits may still be asked for.
func implicit(e Expr, t types.Type) Expr {
	from := e.Type()
	if sameButNull(from, t) {
		return e
	}
	switch x := e.(type) {
	case *Param:
		if from.Kind == types.Null {
			return &Param{N: x.N, T: t.WithNull(true)}
		}
	case *Const:
		if x.V.IsNull {
			return &Const{types.NullValue(t)}
		}
	}
	if t.Kind.IsFloat() || t.Kind == types.Decimal && t.Scale > from.Scale {
		e = Unrounded(e)
	}
	return newCast(e, t)
}

func newCast(e Expr, t types.Type) Expr {
	from := e.Type()
	nulls := t.Kind.IsTime() && !from.Kind.IsTime()
	return &Call{Fn: FnCast, Args: []Expr{e}, T: t.WithNull(from.Nullable || nulls)}
}

// Assign converts e to t as INSERT and UPDATE store into the column named col:
// in a strict Ctx what does not fit is an error (1264, 1406, 1366, 1292, 1265,
// 1048), else it is adjusted with a warning. A warning inside e is an error
// too when strict (1365 for a division by zero). An e that already has the
// type of the column, or a narrower one, and its nullability is returned as it
// is or cast.
func Assign(e Expr, t types.Type, col string) Expr {
	from := e.Type()
	if p, ok := e.(*Param); ok && from.Kind == types.Null {
		e = &Param{N: p.N, T: assignedParam(t)}
		from = e.Type()
	}
	if !from.Nullable || t.Nullable {
		switch e.(type) {
		case *Col, *Const:
			if from.WithNull(t.Nullable) == t {
				return e
			}
		}
	}
	if t.Kind.IsNumeric() {
		e = Unrounded(e)
	}
	return &Call{Fn: FnAssign, Args: []Expr{e, &Const{types.TextValue(col)}}, T: t}
}

// assignedParam is the type of a parameter stored into a column of type t:
// wide enough that what does not fit is seen by Assign.
func assignedParam(t types.Type) types.Type {
	switch {
	case t.Kind.IsInt():
		w := types.TypeInt
		if t.Kind.IsUnsigned() {
			w = types.TypeUint
		}
		return w.WithNull(true)
	case t.Kind.IsText():
		t.Len = 0
	}
	return t.WithNull(true)
}

func castFns() []def {
	return []def{
		{fn: FnCast, names: "cast convert", args: "a", resolve: resolveCast, check: checkCast, compile: compileCast,
			group: "casts", sig: "CAST(x AS type)", doc: "Converts to SIGNED, UNSIGNED, CHAR[(n)], BINARY[(n)], DECIMAL[(p, s)], DOUBLE, FLOAT, DATE or DATETIME[(n)]."},
		{fn: FnAssign, names: "assign", args: "ak", fails: true, resolve: resolveCast, check: checkCast, compile: compileAssign},
		{fn: FnCollate, names: "collate", args: "sk", resolve: resolveCollate, check: checkText, compile: compileRetype},
	}
}

// resolveCast refuses a cast by name: the target is no argument.
func resolveCast(d *def, args []Expr) (*Call, error) {
	return nil, sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to %s", d.name())
}

func resolveCollate(d *def, args []Expr) (*Call, error) {
	args, err := d.coerceAll(args)
	if err != nil {
		return nil, err
	}
	name := args[1].(*Const).V.S
	coll, ok := types.CollationByName(name)
	if !ok {
		return nil, sqlerr.New(sqlerr.ErrUnknownCollation, "Unknown collation: '%s'", name)
	}
	t := args[0].Type()
	t.Coll = coll
	t.Kind = types.String
	if coll == types.CollBinary {
		t.Kind = types.Bytes
	}
	return d.typed(args, t), nil
}

// compileRetype gives the first argument's vector another type of one layout.
func compileRetype(c *compiler, e *Call) *node { return c.retype(c.node(e.Args[0]), e.T) }

func (c *compiler) retype(arg *node, t types.Type) *node {
	slot := c.vec()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		out := &f.vecs[slot]
		*out = *arg.get(f, sel, n)
		out.Type = t
		return out
	}}
}

// sameLayout tells whether every value of from lies in memory as it does in to
// and is one of to's.
func sameLayout(from, to types.Type) bool {
	switch {
	case from.Kind.IsInt() && to.Kind.IsInt():
		flo, fhi := from.Kind.IntRange()
		tlo, thi := to.Kind.IntRange()
		return flo >= tlo && fhi <= thi
	case from.Kind == types.Decimal && to.Kind == types.Decimal:
		return from.Scale == to.Scale && from.Prec <= to.Prec && from.Phys() == to.Phys()
	case from.Kind.IsText() && to.Kind.IsText():
		// Bytes of one length are padded, and n bytes may be n characters.
		fits := to.Len == 0 || from.Len > 0 && from.Len <= to.Len
		return fits && (from.Kind == to.Kind || to.Kind == types.String || to.Len == 0)
	case from.Kind.IsFloat() && to.Kind.IsFloat():
		return from.Kind == to.Kind || to.Kind == types.Float64
	case from.Kind.IsTime() && to.Kind.IsTime():
		if from.Kind == types.Date || to.Kind == types.Date {
			return from.Kind == to.Kind
		}
		return from.Prec <= to.Prec && (from.Kind == to.Kind || to.Kind == types.Datetime)
	}
	return false
}

func compileCast(c *compiler, e *Call) *node {
	from, to := e.Args[0].Type(), e.T
	arg := c.node(e.Args[0])
	wraps := from.Kind.IsInt() && (to.Kind == types.Int64 || to.Kind == types.Uint64)
	if wraps || sameLayout(from, to) {
		return c.retype(arg, to)
	}
	return c.convert(arg, from, to, conversion{report: func(f *frame, i int, a operand, st types.Status) bool {
		return castReport(f, i, a, to, st)
	}})
}

// castReport warns of what a cast lost and tells whether the row is NULL.
func castReport(f *frame, i int, a operand, to types.Type, st types.Status) (null bool) {
	null = to.Kind.IsTime() && (st == types.Incorrect || st == types.OutOfRange)
	if st == types.OK || st == types.Noted {
		return null
	}
	if f.muted() {
		f.cx.WarningCount++
		return null
	}
	text := a.value(i).String()
	switch {
	case to.Kind.IsTime() && null:
		f.warn(i, sqlerr.ErrTruncatedWrongValue, "Incorrect datetime value: '%s'", text)
	case to.Kind == types.Decimal && st == types.OutOfRange && !a.Type.Kind.IsText():
		f.warn(i, sqlerr.ErrDataOutOfRange, "Out of range value for column '%s' at row %d", "cast", f.cx.RowBase+i+1)
	default:
		f.warn(i, sqlerr.ErrTruncatedWrongValue, "Truncated incorrect %s value: '%s'", castWord(to), text)
	}
	return null
}

func castWord(t types.Type) string {
	switch {
	case t.Kind.IsInt():
		return "INTEGER"
	case t.Kind.IsFloat():
		return "DOUBLE"
	case t.Kind == types.Decimal:
		return "DECIMAL"
	case t.Kind == types.Date:
		return "date"
	case t.Kind.IsTime():
		return "datetime"
	case t.Kind == types.Bytes:
		return "BINARY"
	}
	return "CHAR"
}

func compileAssign(c *compiler, e *Call) *node {
	from, to := e.Args[0].Type(), e.T
	col := e.Args[1].(*Const).V.S
	inner := c.node(e.Args[0])
	arg := &node{t: inner.t, scalar: inner.scalar, eval: func(f *frame, sel []int32, n int) *zset.Vec {
		outer := f.cx.assigning
		f.cx.assigning = f.cx.Strict
		v := inner.get(f, sel, n)
		f.cx.assigning = outer
		return v
	}}
	var out *node
	if sameLayout(from, to) {
		out = c.retype(arg, to)
	} else {
		out = c.convert(arg, from, to, conversion{assign: true, report: func(f *frame, i int, a operand, st types.Status) bool {
			return assignReport(f, i, a, to, col, st)
		}})
	}
	if to.Nullable || !from.Nullable && !to.Kind.IsTime() {
		return out
	}
	out.t, out.scalar = to, inner.scalar
	return c.notNull(out, to, col)
}

// assignReport makes an error, or a warning when not strict, of what an
// assignment lost and tells whether the row is NULL.
func assignReport(f *frame, i int, a operand, to types.Type, col string, st types.Status) (null bool) {
	var err *sqlerr.Error
	row := f.cx.RowBase + i + 1
	null = to.Kind.IsTime() && (st == types.Incorrect || st == types.OutOfRange)
	switch {
	case st == types.OK, st == types.Noted:
		return false
	case st == types.TooLong:
		err = sqlerr.New(sqlerr.ErrDataTooLong, "Data too long for column '%s' at row %d", col, row)
	case st == types.OutOfRange && !to.Kind.IsTime():
		err = sqlerr.New(sqlerr.ErrDataOutOfRange, "Out of range value for column '%s' at row %d", col, row)
	default:
		switch text := a.value(i).String(); {
		case to.Kind.IsTime():
			err = sqlerr.New(sqlerr.ErrTruncatedWrongValue, "Incorrect %s value: '%s' for column '%s' at row %d", castWord(to), text, col, row)
		case st == types.Incorrect && !to.Kind.IsFloat():
			word := "integer"
			if to.Kind == types.Decimal {
				word = "decimal"
			} else if to.Kind.IsText() {
				word = "string"
			}
			err = sqlerr.New(sqlerr.ErrWrongValueForField, "Incorrect %s value: '%s' for column '%s' at row %d", word, text, col, row)
		default:
			err = sqlerr.New(sqlerr.ErrDataTruncated, "Data truncated for column '%s' at row %d", col, row)
		}
	}
	err = err.AtRow(row)
	if f.cx.Strict {
		f.fail(i, err)
	} else {
		f.warning(err)
	}
	return null
}

// notNull refuses NULL. When not strict it stands for 0 or an empty string;
// there is no such date, so that stays an error.
func (c *compiler) notNull(arg *node, t types.Type, col string) *node {
	slot := c.vec()
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		in := arg.get(f, sel, n)
		if in.Valid == nil {
			return in
		}
		each(sel, n, func(i int) {
			if !in.IsNull(i) {
				return
			}
			err := sqlerr.New(sqlerr.ErrBadNull, "Column '%s' cannot be null", col).AtRow(f.cx.RowBase + i + 1)
			if f.cx.Strict || t.Kind.IsTime() {
				f.fail(i, err)
			} else {
				f.warning(err)
			}
		})
		zeroNulls(in, n)
		out := &f.vecs[slot]
		*out = *in
		out.Type, out.Valid = t, nil
		return out
	}}
}
