package expr

import (
	"strings"

	"github.com/weirdb/weir/expr/scalar"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

func dateFns() []def {
	part := func(fn Fn, names string, row intRow, sig, doc string) def {
		return def{fn: fn, names: names, args: "t", ret: retInt, compile: rowsInt(row), group: "dates", sig: sig, doc: doc}
	}
	civil := func(fn Fn, names string, of func(year, month, day int) int, sig, doc string) def {
		return part(fn, names, func(_ *frame, a []operand, i int) (int64, bool) {
			return int64(of(types.CivilFromDays(a[0].day(i)))), true
		}, sig, doc)
	}
	clock := func(fn Fn, names string, unit, modulo int64, sig, doc string) def {
		return part(fn, names, func(_ *frame, a []operand, i int) (int64, bool) {
			return types.TimeOf(a[0].moment(i)) / unit % modulo, true
		}, sig, doc)
	}
	week := func(fn Fn, names, args string, row intRow, sig, doc string) def {
		d := part(fn, names, row, sig, doc)
		d.args = args
		return d
	}
	name := func(fn Fn, names string, of func(days int64) string, sig, doc string) def {
		return def{fn: fn, names: names, args: "t", ret: returns(types.NewString(9)), group: "dates", sig: sig, doc: doc,
			compile: rowsText(func(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
				return append(dst, of(a[0].day(i))...), true
			})}
	}
	shift := func(fn Fn, names, sig, doc string) def {
		return def{fn: fn, names: names, args: "tak", nulls: true, resolve: resolveDateAdd, check: checkDateAdd,
			compile: compileDateAdd, group: "dates", sig: sig, doc: doc}
	}
	return []def{
		{fn: FnNow, names: "now current_timestamp localtime localtimestamp sysdate utc_timestamp", args: "?i", volatile: Stable,
			resolve: resolveNow, check: checkTime, compile: compileNow, group: "dates", sig: "NOW([digits])",
			doc: "The statement's time, UTC; refused in a view."},
		{fn: FnCurdate, names: "curdate current_date utc_date", args: "", volatile: Stable, ret: returns(types.TypeDate), compile: compileNow,
			group: "dates", sig: "CURDATE()", doc: "The statement's date, UTC."},
		{fn: FnDate, names: "date", args: "t", ret: returns(types.TypeDate),
			compile: rowsInt(func(_ *frame, a []operand, i int) (int64, bool) { return a[0].day(i), true }),
			group:   "dates", sig: "DATE(t)", doc: "The date of t."},
		civil(FnYear, "year", func(year, _, _ int) int { return year }, "YEAR(t)", "The year."),
		civil(FnMonth, "month", func(_, month, _ int) int { return month }, "MONTH(t)", "The month, 1 to 12."),
		civil(FnDay, "day dayofmonth", func(_, _, day int) int { return day }, "DAY(t)", "The day of the month."),
		clock(FnHour, "hour", types.Hour, 24, "HOUR(t)", "The hour, 0 to 23."),
		clock(FnMinute, "minute", types.Minute, 60, "MINUTE(t)", "The minute."),
		clock(FnSecond, "second", types.Second, 60, "SECOND(t)", "The second."),
		clock(FnMicrosecond, "microsecond", 1, types.Second, "MICROSECOND(t)", "The microseconds of the second."),
		civil(FnQuarter, "quarter", func(_, month, _ int) int { return (month + 2) / 3 }, "QUARTER(t)", "The quarter, 1 to 4."),
		part(FnDayOfWeek, "dayofweek", func(_ *frame, a []operand, i int) (int64, bool) {
			return int64((types.Weekday(a[0].day(i))+1)%7 + 1), true
		}, "DAYOFWEEK(t)", "1 for Sunday to 7 for Saturday."),
		part(FnWeekday, "weekday", func(_ *frame, a []operand, i int) (int64, bool) {
			return int64(types.Weekday(a[0].day(i))), true
		}, "WEEKDAY(t)", "0 for Monday to 6 for Sunday."),
		part(FnDayOfYear, "dayofyear", func(_ *frame, a []operand, i int) (int64, bool) {
			return int64(types.DayOfYear(a[0].day(i))), true
		}, "DAYOFYEAR(t)", "The day of the year, 1 to 366."),
		week(FnWeek, "week", "t?i", func(_ *frame, a []operand, i int) (int64, bool) {
			_, w := types.Week(a[0].day(i), weekMode(a, i))
			return int64(w), true
		}, "WEEK(t [, mode])", "The week of the year; mode 0 to 7 says when weeks begin."),
		week(FnWeekOfYear, "weekofyear", "t", func(_ *frame, a []operand, i int) (int64, bool) {
			_, w := types.Week(a[0].day(i), 3)
			return int64(w), true
		}, "WEEKOFYEAR(t)", "The ISO week, WEEK(t, 3)."),
		week(FnYearWeek, "yearweek", "t?i", func(_ *frame, a []operand, i int) (int64, bool) {
			y, w := types.Week(a[0].day(i), weekMode(a, i)|2)
			return int64(y*100 + w), true
		}, "YEARWEEK(t [, mode])", "Year and week as one number, 202401."),
		name(FnDayName, "dayname", func(days int64) string { return scalar.DayName(types.Weekday(days)) }, "DAYNAME(t)", "The English name of the day."),
		name(FnMonthName, "monthname", func(days int64) string {
			_, month, _ := types.CivilFromDays(days)
			return scalar.MonthName(month)
		}, "MONTHNAME(t)", "The English name of the month."),
		{fn: FnLastDay, names: "last_day", args: "t", ret: returns(types.TypeDate),
			compile: rowsInt(func(_ *frame, a []operand, i int) (int64, bool) { return types.LastDay(a[0].day(i)), true }),
			group:   "dates", sig: "LAST_DAY(t)", doc: "The last day of the month."},
		shift(FnDateAdd, "date_add", "DATE_ADD(t, INTERVAL n unit)", "t and an interval, also ADDDATE, TIMESTAMPADD(unit, n, t) and t + INTERVAL n unit."),
		shift(FnDateSub, "date_sub", "DATE_SUB(t, INTERVAL n unit)", "t less an interval, also SUBDATE and t - INTERVAL n unit."),
		{fn: FnDateDiff, names: "datediff", args: "tt", ret: retInt,
			compile: rowsInt(func(_ *frame, a []operand, i int) (int64, bool) { return a[0].day(i) - a[1].day(i), true }),
			group:   "dates", sig: "DATEDIFF(a, b)", doc: "The days from b to a."},
		{fn: FnTimestampDiff, names: "timestampdiff", args: "ktt", resolve: resolveUnit, check: checkUnit, compile: compileTimestampDiff,
			group: "dates", sig: "TIMESTAMPDIFF(unit, a, b)", doc: "The whole units from a to b."},
		{fn: FnExtract, names: "extract", args: "kt", resolve: resolveUnit, check: checkUnit, compile: compileExtract,
			group: "dates", sig: "EXTRACT(unit FROM t)", doc: "A part of t, as a number."},
		{fn: FnDateFormat, names: "date_format", args: "ts", ret: returns(types.TypeText),
			compile: rowsText(func(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
				return scalar.AppendFormat(dst, a[0].moment(i), a[1].bytes(i)), true
			}),
			group: "dates", sig: "DATE_FORMAT(t, format)", doc: "t written as the format says: %Y-%m-%d %H:%i:%s."},
		{fn: FnStrToDate, names: "str_to_date", args: "ss", nulls: true, resolve: resolveStrToDate, check: checkTime, compile: compileStrToDate,
			group: "dates", sig: "STR_TO_DATE(s, format)", doc: "The date or time that s writes in the format; NULL when it does not."},
		{fn: FnUnixTimestamp, names: "unix_timestamp", args: "t", resolve: resolveUnixTimestamp, check: checkUnix, compile: compileUnixTimestamp,
			group: "dates", sig: "UNIX_TIMESTAMP([t])", doc: "Seconds since 1970-01-01 00:00:00 UTC."},
		{fn: FnFromUnixtime, names: "from_unixtime", args: "n", nulls: true, resolve: resolveFromUnixtime, check: checkTime, compile: compileFromUnixtime,
			group: "dates", sig: "FROM_UNIXTIME(n [, format])", doc: "The time n seconds after 1970-01-01 00:00:00 UTC."},
		part(FnToDays, "to_days", func(_ *frame, a []operand, i int) (int64, bool) { return a[0].day(i) - types.MinDate, true }, "TO_DAYS(t)", "Days since year 0."),
		part(FnToSeconds, "to_seconds", func(_ *frame, a []operand, i int) (int64, bool) {
			return (a[0].moment(i) - types.MinDatetime) / types.Second, true
		}, "TO_SECONDS(t)", "Seconds since year 0."),
		{fn: FnFromDays, names: "from_days", args: "i", ret: returns(types.TypeDate), nulls: true, compile: rowsInt(fromDays),
			group: "dates", sig: "FROM_DAYS(n)", doc: "The date n days after the beginning of year 0."},
		{fn: FnMakeDate, names: "makedate", args: "ii", ret: returns(types.TypeDate), nulls: true, compile: rowsInt(makeDate),
			group: "dates", sig: "MAKEDATE(year, day)", doc: "The date of a day of the year."},
		{fn: FnTumble, names: "tumble", args: "tk", resolve: resolveTumble, check: checkTumble, compile: compileTumble,
			group: "dates", sig: "TUMBLE(t, '1 minute')", doc: "The start of the window of that length that t is in, counted from 1970-01-01: for GROUP BY."},
	}
}

// day returns the date of a date or time.
func (o operand) day(i int) int64 {
	if o.Type.Kind == types.Date {
		return o.int(i)
	}
	return types.DateOf(o.int(i))
}

// moment returns the microseconds of a date or time.
func (o operand) moment(i int) int64 {
	if o.Type.Kind == types.Date {
		return o.int(i) * types.Day
	}
	return o.int(i)
}

func weekMode(a []operand, i int) int {
	if len(a) < 2 {
		return 0
	}
	return int(a[1].int(i) & 7)
}

// rewriteDate resolves date functions that are others with arguments moved.
func rewriteDate(name string, args []Expr) (Expr, error, bool) {
	day := func() Expr { return &Const{types.TextValue("DAY")} }
	to := ""
	switch n := len(args); {
	case name == "adddate" && n == 2, name == "subdate" && n == 2:
		args = []Expr{args[0], args[1], day()}
		fallthrough
	case name == "adddate" && n == 3, name == "subdate" && n == 3:
		to = "date_add"
		if name == "subdate" {
			to = "date_sub"
		}
	case name == "timestampadd" && n == 3:
		to, args = "date_add", []Expr{args[2], args[1], args[0]}
	case name == "unix_timestamp" && n == 0:
		now, err := Resolve("now", nil)
		if err != nil {
			return nil, err, true
		}
		to, args = name, []Expr{now}
	case name == "from_unixtime" && n == 2:
		t, err := Resolve(name, args[:1])
		if err != nil {
			return nil, err, true
		}
		to, args = "date_format", []Expr{t, args[1]}
	case (name == "date_add" || name == "date_sub") && n == 3 && args[0].Type().Kind.IsText():
		if _, ok := foldConst(args[0]).(*Const); ok {
			return nil, nil, false
		}
		e, err := shiftText(name, args)
		return e, err, true
	case name == "adddate" || name == "subdate" || name == "timestampadd":
		return nil, sqlerr.New(sqlerr.ErrWrongParamCountFn, "Incorrect parameter count in the call to native function '%s'", strings.ToUpper(name)), true
	default:
		return nil, nil, false
	}
	e, err := Resolve(to, args)
	return e, err, true
}

// shiftText is date_add or date_sub of a text that is no constant: a text
// again, with a clock and a fraction only where there are some.
func shiftText(name string, args []Expr) (Expr, error) {
	var failed error
	call := func(fn string, args ...Expr) Expr {
		if failed != nil {
			return nil
		}
		e, err := Resolve(fn, args)
		failed = err
		return e
	}
	zero := &Const{types.IntValue(0)}
	t := Cast(args[0], types.NewDatetime(6))
	shifted := call(name, t, args[1], args[2])
	plain := call("=", call("microsecond", shifted), zero)
	noClock := call("=", call("locate", &Const{types.TextValue(":")}, args[0]), zero)
	isDate := call("=", t, Cast(t, types.TypeDate))
	if failed != nil {
		return nil, failed
	}
	as := func(t types.Type) Expr { return Cast(Cast(shifted, t), types.TypeText) }
	branches := []Expr{plain, as(types.NewDatetime(0)), as(types.NewDatetime(6))}
	if u, err := unitOf(args[2]); err == nil && u.Dates() {
		branches = append([]Expr{call("and", noClock, isDate), as(types.TypeDate)}, branches...)
	}
	e := call("case", branches...)
	return e, failed
}

func checkTime(c *Call, _ []types.Type) bool { return c.T.Kind.IsTime() }

func resolveNow(d *def, args []Expr) (*Call, error) {
	fsp := int64(0)
	if len(args) == 1 {
		k, ok := Fold(args[0]).(*Const)
		if !ok || k.V.IsNull || !k.V.Type.Kind.IsInt() || k.V.I < 0 || k.V.I > 6 {
			return nil, sqlerr.New(sqlerr.ErrTooBigPrecision, "Too-big precision specified for 'now'. Maximum is 6.")
		}
		fsp = k.V.I
	}
	return &Call{Fn: d.fn, T: types.NewDatetime(int(fsp))}, nil
}

func compileNow(c *compiler, e *Call) *node {
	slot, t := c.vec(), e.T
	unit := pow10(6 - min(t.FSP(), 6))
	return &node{eval: func(f *frame, sel []int32, n int) *zset.Vec {
		v := f.out(slot, t, n)
		x := f.cx.Now
		if t.Kind == types.Date {
			x = types.DateOf(x)
		} else {
			x -= (x%unit + unit) % unit
		}
		fill(v.I, x)
		return v
	}}
}

// unitOf reads the constant unit argument.
func unitOf(e Expr) (scalar.Unit, error) {
	c, ok := e.(*Const)
	if ok {
		if u, ok := scalar.UnitByName(c.V.S); ok {
			return u, nil
		}
	}
	return scalar.Unit{}, sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to INTERVAL: unknown unit %s", String(e)).
		WithHint("units are MICROSECOND, SECOND, MINUTE, HOUR, DAY, WEEK, MONTH, QUARTER, YEAR and compounds like DAY_HOUR")
}

// resolveDateAdd takes a time, a number of units and the unit.
func resolveDateAdd(d *def, args []Expr) (*Call, error) {
	unit, err := d.coerce('k', args[2])
	if err != nil {
		return nil, err
	}
	u, err := unitOf(unit)
	if err != nil {
		return nil, err
	}
	t := shiftable(args[0], u)
	n := args[1]
	switch {
	case u.Compound():
		n, err = d.coerce('s', n)
	case u.Name == "SECOND" && !n.Type().Kind.IsInt():
		n = Cast(n, types.NewDecimal(24, 6))
	default:
		n = Cast(n, types.TypeInt)
	}
	if err != nil {
		return nil, err
	}
	out := t.Type()
	fsp := out.FSP()
	if u.Fraction() || n.Type().Kind == types.Decimal {
		fsp = 6
	}
	switch {
	case out.Kind == types.Date && !u.Dates():
		out = types.NewDatetime(fsp)
	case out.Kind != types.Date:
		out = types.NewDatetime(fsp)
	}
	return d.typed([]Expr{t, n, unit}, out.WithNull(false)), nil
}

// shiftable brings the first argument to a time: text without a clock is a
// DATE, other text a DATETIME.
func shiftable(e Expr, u scalar.Unit) Expr {
	t := e.Type()
	if t.Kind.IsTime() {
		return e
	}
	c, ok := foldConst(e).(*Const)
	if !ok || c.V.IsNull || !t.Kind.IsText() {
		fsp := 0
		if u.Fraction() {
			fsp = 6
		}
		return Cast(e, types.NewDatetime(fsp))
	}
	us, st := types.ParseDatetime(c.V.S, 6)
	switch {
	case st == types.Incorrect:
		return Cast(e, types.NewDatetime(0))
	case !strings.Contains(c.V.S, ":") && types.TimeOf(us) == 0:
		return Cast(e, types.TypeDate)
	}
	return Cast(e, types.NewDatetime(digitsOf(c.V.S)))
}

// digitsOf counts the fractional digits that a time's text ends with.
func digitsOf(s string) int {
	_, fraction, _ := strings.Cut(s, ".")
	return min(6, len(fraction))
}

func checkDateAdd(c *Call, ts []types.Type) bool {
	u, err := unitOf(c.Args[2])
	if err != nil || !c.T.Kind.IsTime() || c.T.Kind == types.Date && !u.Dates() {
		return false
	}
	if u.Compound() {
		return ts[1].Kind.IsText()
	}
	return ts[1].Kind.IsInt() || u.Name == "SECOND" && ts[1].Kind == types.Decimal && ts[1].Scale == 6
}

func compileDateAdd(c *compiler, e *Call) *node {
	u, _ := unitOf(e.Args[2])
	sign := int64(1)
	if e.Fn == FnDateSub {
		sign = -1
	}
	fraction := e.Args[1].Type().Kind == types.Decimal
	asDate := e.T.Kind == types.Date
	return c.intRows(e, func(f *frame, a []operand, i int) (int64, bool) {
		var iv scalar.Interval
		ok := true
		switch {
		case u.Compound():
			if iv, ok = u.Read(a[1].bytes(i)); !ok {
				return 0, false
			}
		case fraction:
			iv.Micros, ok = a[1].dec(i).Int64(0)
		default:
			iv, ok = u.Times(a[1].int(i))
		}
		us := int64(0)
		if ok {
			us, ok = scalar.AddInterval(a[0].moment(i), iv, sign)
		}
		if !ok {
			f.warn(i, errDatetimeOverflow, "Datetime function: datetime field overflow")
			return 0, false
		}
		if asDate {
			return types.DateOf(us), true
		}
		return us, true
	}, false)
}

// resolveUnit is for functions whose first argument is a unit.
func resolveUnit(d *def, args []Expr) (*Call, error) {
	args, err := d.coerceAll(args)
	if err != nil {
		return nil, err
	}
	u, err := unitOf(args[0])
	if err != nil {
		return nil, err
	}
	if d.fn == FnTimestampDiff && u.Compound() {
		return nil, sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to TIMESTAMPDIFF: %s is a compound unit", u.Name)
	}
	return d.typed(args, types.TypeInt), nil
}

func checkUnit(c *Call, _ []types.Type) bool {
	u, err := unitOf(c.Args[0])
	return err == nil && c.T.Kind == types.Int64 && !(c.Fn == FnTimestampDiff && u.Compound())
}

func compileTimestampDiff(c *compiler, e *Call) *node {
	u, _ := unitOf(e.Args[0])
	return c.intRows(e, func(_ *frame, a []operand, i int) (int64, bool) {
		return scalar.Diff(u, a[1].moment(i), a[2].moment(i)), true
	}, false)
}

func compileExtract(c *compiler, e *Call) *node {
	u, _ := unitOf(e.Args[0])
	return c.intRows(e, func(_ *frame, a []operand, i int) (int64, bool) {
		return scalar.Extract(u, a[1].moment(i)), true
	}, false)
}

func resolveStrToDate(d *def, args []Expr) (*Call, error) {
	args, err := d.coerceAll(args)
	if err != nil {
		return nil, err
	}
	t := types.NewDatetime(6)
	if k, ok := foldConst(args[1]).(*Const); ok && !k.V.IsNull {
		switch clock, micros := scalar.HasTime(k.V.S); {
		case !clock:
			t = types.TypeDate
		case !micros:
			t = types.NewDatetime(0)
		}
	}
	return d.typed(args, t), nil
}

func compileStrToDate(c *compiler, e *Call) *node {
	asDate := e.T.Kind == types.Date
	return c.intRows(e, func(f *frame, a []operand, i int) (int64, bool) {
		us, ok := scalar.ParseFormat(a[0].bytes(i), a[1].bytes(i))
		if !ok {
			f.warn(i, errWrongValueForType, "Incorrect datetime value: '%s' for function str_to_date", a[0].bytes(i))
			return 0, false
		}
		if asDate {
			return types.DateOf(us), true
		}
		return us, true
	}, false)
}

const errWrongValueForType = 1411

func resolveUnixTimestamp(d *def, args []Expr) (*Call, error) {
	t := asTime(args[0])
	if k, ok := foldConst(args[0]).(*Const); ok && k.V.Type.Kind.IsText() {
		t = Cast(args[0], types.NewDatetime(digitsOf(k.V.S)))
	}
	out := types.TypeInt
	if tt := t.Type(); tt.Kind != types.Date && tt.FSP() > 0 {
		out = types.NewDecimal(12+tt.FSP(), tt.FSP())
	}
	return d.typed([]Expr{t}, out), nil
}

func checkUnix(c *Call, _ []types.Type) bool {
	return c.T.Kind == types.Int64 || c.T.Kind == types.Decimal && c.T.Scale <= 6 && c.T.Phys() == types.PhysInt
}

// compileUnixTimestamp gives 0 before 1970, as MySQL does.
func compileUnixTimestamp(c *compiler, e *Call) *node {
	unit := types.Second / pow10(int(e.T.Scale))
	return c.intRows(e, func(_ *frame, a []operand, i int) (int64, bool) {
		if us := a[0].moment(i); us > 0 && us/types.Second <= maxUnix {
			return us / unit, true
		}
		return 0, true
	}, false)
}

func resolveFromUnixtime(d *def, args []Expr) (*Call, error) {
	n := number(args[0])
	fsp := 6
	switch t := n.Type(); {
	case t.Kind.IsInt():
		fsp = 0
	case t.Kind == types.Decimal:
		fsp = min(6, int(t.Scale))
	}
	return d.typed([]Expr{n}, types.NewDatetime(fsp)), nil
}

// maxUnix is the last second that FROM_UNIXTIME takes, 3001-01-18 23:59:59.
const maxUnix = 32536771199

func compileFromUnixtime(c *compiler, e *Call) *node {
	read := toDecimal(e.Args[0].Type(), types.NewDecimal(types.MaxPrec, 6))
	fsp := e.T.FSP()
	return c.intRows(e, func(_ *frame, a []operand, i int) (int64, bool) {
		d, st := read(a[0], i)
		us, ok := d.Int64(0)
		if st != types.OK || !ok || us < 0 || us/types.Second > maxUnix {
			return 0, false
		}
		return types.RoundMicros(us, fsp), true
	}, false)
}

func fromDays(_ *frame, a []operand, i int) (int64, bool) {
	n := a[0].int(i)
	if n < 366 || n > types.MaxDate-types.MinDate { // in the year 0 there are no days
		return 0, false
	}
	return n + types.MinDate, true
}

func makeDate(_ *frame, a []operand, i int) (int64, bool) {
	year, day := a[0].int(i), a[1].int(i)
	if year < 0 || year > 9999 || day < 1 || day > types.MaxDate-types.MinDate {
		return 0, false
	}
	if year < 70 {
		year += 2000
	} else if year < 100 {
		year += 1900
	}
	days := types.DaysFromCivil(int(year), 1, 1) + day - 1
	return days, days <= types.MaxDate
}

func resolveTumble(d *def, args []Expr) (*Call, error) {
	args, err := d.coerceAll(args)
	if err != nil {
		return nil, err
	}
	if _, ok := scalar.ParseInterval(args[1].(*Const).V.S); !ok {
		return nil, sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to TUMBLE: %s is no interval", String(args[1])).
			WithHint("write a number and a unit: '1 minute', '15 seconds', '1 month'")
	}
	t := args[0].Type().WithNull(false)
	if t.Kind == types.Date {
		t = types.NewDatetime(0)
	}
	return d.typed(args, t), nil
}

func checkTumble(c *Call, _ []types.Type) bool {
	_, ok := scalar.ParseInterval(c.Args[1].(*Const).V.S)
	return ok && c.T.Kind.IsTime() && c.T.Kind != types.Date
}

func compileTumble(c *compiler, e *Call) *node {
	iv, _ := scalar.ParseInterval(e.Args[1].(*Const).V.S)
	return c.intRows(e, func(_ *frame, a []operand, i int) (int64, bool) { return scalar.Tumble(a[0].moment(i), iv), true }, false)
}
