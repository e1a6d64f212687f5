package scalar

import (
	"math"
	"strconv"
	"strings"

	"github.com/weirdb/weir/types"
)

var (
	dayNames   = [7]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	monthNames = [12]string{"January", "February", "March", "April", "May", "June", "July",
		"August", "September", "October", "November", "December"}
)

// DayName is the English name of a day (0 is Monday); MonthName of a month (1
// is January).
func DayName(weekday int) string { return dayNames[weekday] }

// MonthName returns the English name of month 1 to 12.
func MonthName(month int) string { return monthNames[month-1] }

// Interval is a span of time: months, whose length varies, and microseconds.
type Interval struct{ Months, Micros int64 }

// Unit is an INTERVAL unit. A plain one counts Months or Micros; a compound one
// like DAY_HOUR reads several numbers, from Fields.
type Unit struct {
	Name   string
	Months int64  // months in one, 0 for fixed lengths
	Micros int64  // microseconds in one
	fields string // of a compound: the letters y M d h m s f from first to last
}

// Compound tells whether the unit reads text like '1 10:30'.
func (u Unit) Compound() bool { return u.fields != "" }

// Dates tells whether adding the unit to a DATE gives a DATE.
func (u Unit) Dates() bool {
	return u.fields == "yM" || u.fields == "" && (u.Months > 0 || u.Micros%types.Day == 0)
}

// Fraction tells whether the unit has microseconds.
func (u Unit) Fraction() bool { return u.Micros == 1 || strings.HasSuffix(u.fields, "f") }

var units = map[string]Unit{
	"MICROSECOND": {Micros: 1}, "SECOND": {Micros: types.Second}, "MINUTE": {Micros: types.Minute},
	"HOUR": {Micros: types.Hour}, "DAY": {Micros: types.Day}, "WEEK": {Micros: 7 * types.Day},
	"MONTH": {Months: 1}, "QUARTER": {Months: 3}, "YEAR": {Months: 12},
	"SECOND_MICROSECOND": {fields: "sf"}, "MINUTE_MICROSECOND": {fields: "msf"}, "MINUTE_SECOND": {fields: "ms"},
	"HOUR_MICROSECOND": {fields: "hmsf"}, "HOUR_SECOND": {fields: "hms"}, "HOUR_MINUTE": {fields: "hm"},
	"DAY_MICROSECOND": {fields: "dhmsf"}, "DAY_SECOND": {fields: "dhms"}, "DAY_MINUTE": {fields: "dhm"},
	"DAY_HOUR": {fields: "dh"}, "YEAR_MONTH": {fields: "yM"},
}

// UnitByName finds a unit by MySQL's name in any case, also with the prefix
// SQL_TSI_.
func UnitByName(name string) (Unit, bool) {
	name = strings.TrimPrefix(strings.ToUpper(name), "SQL_TSI_")
	u, ok := units[name]
	u.Name = name
	return u, ok
}

// Times returns n of a plain unit; ok is false when that overflows.
func (u Unit) Times(n int64) (iv Interval, ok bool) {
	if u.Months > 0 {
		iv.Months = n * u.Months
		return iv, iv.Months/u.Months == n
	}
	iv.Micros = n * u.Micros
	return iv, iv.Micros/u.Micros == n
}

// Read reads text for a compound unit, like '1 10:30' for DAY_MINUTE. Numbers
// are what is not a digit apart; when fewer stand there, they are the last.
func (u Unit) Read(s []byte) (iv Interval, ok bool) {
	negative := false
	var nums [6]int64
	var width int // digits of the last number
	n := 0
	for i := 0; i < len(s); {
		if s[i] < '0' || s[i] > '9' {
			negative = negative || s[i] == '-' && n == 0
			i++
			continue
		}
		if n == len(u.fields) {
			return iv, false
		}
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			if nums[n] > math.MaxInt64/100 {
				return iv, false
			}
			nums[n] = nums[n]*10 + int64(s[i]-'0')
			i++
		}
		width = i - start
		n++
	}
	for k := range n {
		field := u.fields[len(u.fields)-n+k]
		x := nums[k]
		if field == 'f' {
			for w := width; w < 6; w++ {
				x *= 10
			}
		}
		if !iv.add(field, x) {
			return iv, false
		}
	}
	if negative {
		iv.Months, iv.Micros = -iv.Months, -iv.Micros
	}
	return iv, true
}

func (iv *Interval) add(field byte, x int64) bool {
	unit := map[byte]string{'y': "YEAR", 'M': "MONTH", 'd': "DAY", 'h': "HOUR", 'm': "MINUTE", 's': "SECOND", 'f': "MICROSECOND"}
	more, ok := units[unit[field]].Times(x)
	if !ok || iv.Micros > math.MaxInt64-more.Micros || iv.Months > math.MaxInt64-more.Months {
		return false
	}
	iv.Months += more.Months
	iv.Micros += more.Micros
	return true
}

// ParseInterval reads '1 minute', '15 seconds', '2 weeks' or 'hour': a positive
// number and a plain unit.
func ParseInterval(s string) (Interval, bool) {
	fields := strings.Fields(s)
	n, word := int64(1), ""
	switch len(fields) {
	case 1:
		word = fields[0]
	case 2:
		word = fields[1]
		var err error
		if n, err = strconv.ParseInt(fields[0], 10, 64); err != nil {
			return Interval{}, false
		}
	default:
		return Interval{}, false
	}
	word = strings.ToUpper(word)
	u, ok := units[word]
	if !ok {
		u, ok = units[strings.TrimSuffix(word, "S")]
	}
	if !ok || u.Compound() || n <= 0 {
		return Interval{}, false
	}
	return u.Times(n)
}

// AddInterval adds iv, times sign, to a DATETIME; ok is false out of its range.
func AddInterval(us int64, iv Interval, sign int64) (int64, bool) {
	if iv.Months != 0 {
		if iv.Months > 120_000 || iv.Months < -120_000 {
			return 0, false
		}
		day, ok := types.AddMonths(types.DateOf(us), sign*iv.Months)
		if !ok {
			return 0, false
		}
		us = day*types.Day + types.TimeOf(us)
	}
	if iv.Micros > types.MaxDatetime-types.MinDatetime || iv.Micros < types.MinDatetime-types.MaxDatetime {
		return 0, false
	}
	us += sign * iv.Micros
	return us, us >= types.MinDatetime && us <= types.MaxDatetime
}

// Tumble returns the start of the window of length iv that us is in. Windows
// are counted from 1970-01-01 00:00:00.
func Tumble(us int64, iv Interval) int64 {
	if iv.Months > 0 {
		c := types.CivilFromMicros(us)
		months := floorDiv(int64((c.Year-1970)*12+c.Month-1), iv.Months) * iv.Months
		year := floorDiv(months, 12)
		return types.DaysFromCivil(int(year)+1970, int(months-year*12)+1, 1) * types.Day
	}
	return floorDiv(us, iv.Micros) * iv.Micros
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Diff counts whole units from a to b; u is plain.
func Diff(u Unit, a, b int64) int64 {
	if u.Months == 0 {
		return (b - a) / u.Micros
	}
	if b < a {
		return -Diff(u, b, a)
	}
	x, y := types.CivilFromMicros(a), types.CivilFromMicros(b)
	months := int64((y.Year-x.Year)*12 + y.Month - x.Month)
	if y.Day < x.Day || y.Day == x.Day && types.TimeOf(b) < types.TimeOf(a) {
		months--
	}
	return months / u.Months
}

// AppendFormat appends us as DATE_FORMAT does.
func AppendFormat(dst []byte, us int64, format []byte) []byte {
	c := types.CivilFromMicros(us)
	days := types.DateOf(us)
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			dst = append(dst, format[i])
			continue
		}
		i++
		dst = appendSpec(dst, format[i], c, days)
	}
	return dst
}

func appendSpec(dst []byte, spec byte, c types.Civil, days int64) []byte {
	hour12 := (c.Hour+11)%12 + 1
	half := "AM"
	if c.Hour >= 12 {
		half = "PM"
	}
	switch spec {
	case 'a':
		return append(dst, dayNames[types.Weekday(days)][:3]...)
	case 'b':
		return append(dst, monthNames[c.Month-1][:3]...)
	case 'c':
		return strconv.AppendInt(dst, int64(c.Month), 10)
	case 'D':
		return append(strconv.AppendInt(dst, int64(c.Day), 10), ordinal(c.Day)...)
	case 'd':
		return appendPadded(dst, c.Day, 2)
	case 'e':
		return strconv.AppendInt(dst, int64(c.Day), 10)
	case 'f':
		return appendPadded(dst, c.Micro, 6)
	case 'H':
		return appendPadded(dst, c.Hour, 2)
	case 'h', 'I':
		return appendPadded(dst, hour12, 2)
	case 'i':
		return appendPadded(dst, c.Minute, 2)
	case 'j':
		return appendPadded(dst, types.DayOfYear(days), 3)
	case 'k':
		return strconv.AppendInt(dst, int64(c.Hour), 10)
	case 'l':
		return strconv.AppendInt(dst, int64(hour12), 10)
	case 'M':
		return append(dst, monthNames[c.Month-1]...)
	case 'm':
		return appendPadded(dst, c.Month, 2)
	case 'p':
		return append(dst, half...)
	case 'r':
		dst = appendClock(dst, hour12, c)
		return append(append(dst, ' '), half...)
	case 'S', 's':
		return appendPadded(dst, c.Second, 2)
	case 'T':
		return appendClock(dst, c.Hour, c)
	case 'W':
		return append(dst, dayNames[types.Weekday(days)]...)
	case 'w':
		return strconv.AppendInt(dst, int64((types.Weekday(days)+1)%7), 10)
	case 'Y':
		return appendPadded(dst, c.Year, 4)
	case 'y':
		return appendPadded(dst, c.Year%100, 2)
	case 'U', 'u', 'V', 'v', 'X', 'x':
		return appendWeek(dst, spec, days)
	}
	return append(dst, spec)
}

// appendWeek writes week numbers: U and u count from 0, V and v from 1; X and
// x are the years that V and v belong to. Capitals have weeks from Sunday.
func appendWeek(dst []byte, spec byte, days int64) []byte {
	mode := map[byte]int{'U': 0, 'u': 1, 'V': 2, 'X': 2, 'v': 3, 'x': 3}[spec]
	year, week := types.Week(days, mode)
	if spec == 'X' || spec == 'x' {
		return appendPadded(dst, year, 4)
	}
	return appendPadded(dst, week, 2)
}

func appendClock(dst []byte, hour int, c types.Civil) []byte {
	dst = append(appendPadded(dst, hour, 2), ':')
	dst = append(appendPadded(dst, c.Minute, 2), ':')
	return appendPadded(dst, c.Second, 2)
}

// appendPadded appends x, not negative, with zeros up to width digits.
func appendPadded(dst []byte, x, width int) []byte {
	if width == 2 && x < 100 {
		return append(dst, byte('0'+x/10), byte('0'+x%10))
	}
	p := 1
	for range width - 1 {
		p *= 10
	}
	for ; p > 1 && x < p; p /= 10 {
		dst = append(dst, '0')
	}
	return strconv.AppendInt(dst, int64(x), 10)
}

func ordinal(n int) string {
	if n >= 11 && n <= 13 {
		return "th"
	}
	switch n % 10 {
	case 1:
		return "st"
	case 2:
		return "nd"
	case 3:
		return "rd"
	}
	return "th"
}

// HasTime tells whether a STR_TO_DATE format reads a time of day, and whether
// it reads microseconds.
func HasTime(format string) (clock, micros bool) {
	for i := 0; i+1 < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		i++
		clock = clock || strings.IndexByte("HhIiklprSsTf", format[i]) >= 0
		micros = micros || format[i] == 'f'
	}
	return clock, micros
}

// ParseFormat reads s as STR_TO_DATE does; ok is false when it does not match
// or is no date.
func ParseFormat(s, format []byte) (us int64, ok bool) {
	p := &reader{s: s, c: types.Civil{Day: 0}, half: -1, yearDay: -1}
	for i := 0; i < len(format); i++ {
		f := format[i]
		p.blanks()
		switch {
		case len(p.s) == 0:
			return p.date() // what the format still asks for is 0
		case f == ' ':
			continue
		case f != '%' || i+1 == len(format):
			ok = p.literal(f)
		default:
			i++
			ok = p.spec(format[i])
		}
		if !ok {
			return 0, false
		}
	}
	return p.date()
}

// reader is the state of ParseFormat.
type reader struct {
	s       []byte
	c       types.Civil
	half    int // 0 AM, 1 PM, -1 unknown
	yearDay int
}

func (p *reader) blanks() {
	for len(p.s) > 0 && p.s[0] == ' ' {
		p.s = p.s[1:]
	}
}

func (p *reader) literal(c byte) bool {
	if len(p.s) == 0 || p.s[0] != c {
		return false
	}
	p.s = p.s[1:]
	return true
}

// number reads at most width digits.
func (p *reader) number(into *int, width int) bool {
	x, n := 0, 0
	for n < width && n < len(p.s) && p.s[n] >= '0' && p.s[n] <= '9' {
		x = x*10 + int(p.s[n]-'0')
		n++
	}
	p.s = p.s[n:]
	*into = x
	return n > 0
}

// name reads one of names, whole or its first short letters.
func (p *reader) name(names []string, short int, into *int) bool {
	for k, name := range names {
		if short > 0 {
			name = name[:short]
		}
		if len(p.s) >= len(name) && strings.EqualFold(string(p.s[:len(name)]), name) {
			p.s = p.s[len(name):]
			*into = k
			return true
		}
	}
	return false
}

func (p *reader) spec(f byte) bool {
	var ignored int
	switch f {
	case 'Y':
		return p.number(&p.c.Year, 4)
	case 'y':
		ok := p.number(&p.c.Year, 2)
		p.c.Year += 2000
		if p.c.Year >= 2070 {
			p.c.Year -= 100
		}
		return ok
	case 'm', 'c':
		return p.number(&p.c.Month, 2)
	case 'd', 'e':
		return p.number(&p.c.Day, 2)
	case 'D':
		ok := p.number(&p.c.Day, 2)
		if len(p.s) < 2 {
			return false
		}
		p.s = p.s[2:]
		return ok
	case 'j':
		return p.number(&p.yearDay, 3)
	case 'H', 'k':
		return p.number(&p.c.Hour, 2)
	case 'h', 'I', 'l':
		return p.hour12()
	case 'i':
		return p.number(&p.c.Minute, 2)
	case 'S', 's':
		return p.number(&p.c.Second, 2)
	case 'f':
		before := len(p.s)
		ok := p.number(&p.c.Micro, 6)
		for n := before - len(p.s); n < 6; n++ {
			p.c.Micro *= 10
		}
		return ok
	case 'p':
		return p.name([]string{"AM", "PM"}, 0, &p.half)
	case 'T':
		return p.spec('H') && p.literal(':') && p.spec('i') && p.literal(':') && p.spec('S')
	case 'r':
		ok := p.hour12() && p.literal(':') && p.spec('i') && p.literal(':') && p.spec('S')
		p.blanks()
		return ok && p.spec('p')
	case 'M', 'b':
		short := 0
		if f == 'b' {
			short = 3
		}
		ok := p.name(monthNames[:], short, &p.c.Month)
		p.c.Month++
		return ok
	case 'W':
		return p.name(dayNames[:], 0, &ignored)
	case 'a':
		return p.name(dayNames[:], 3, &ignored)
	case '%':
		return p.literal('%')
	}
	return false
}

// hour12 reads an hour of 1 to 12; AM is meant until %p says otherwise.
func (p *reader) hour12() bool {
	if !p.number(&p.c.Hour, 2) || p.c.Hour < 1 || p.c.Hour > 12 {
		return false
	}
	p.c.Hour %= 12
	if p.half < 0 {
		p.half = 0
	}
	return true
}

func (p *reader) date() (int64, bool) {
	if p.half == 1 {
		p.c.Hour += 12
	}
	if p.yearDay >= 0 {
		if p.yearDay < 1 || p.yearDay > 366 || p.c.Year < 0 || p.c.Year > 9999 {
			return 0, false
		}
		year, month, day := types.CivilFromDays(types.DaysFromCivil(p.c.Year, 1, 1) + int64(p.yearDay) - 1)
		if year != p.c.Year {
			return 0, false
		}
		p.c.Month, p.c.Day = month, day
	}
	return p.c.Micros()
}

// Extract returns the part u of a DATETIME, as EXTRACT does: compounds run
// their parts together, DAY_MINUTE of the 2nd at 10:30 is 21030.
func Extract(u Unit, us int64) int64 {
	c := types.CivilFromMicros(us)
	if !u.Compound() {
		switch u.Name {
		case "QUARTER":
			return int64(c.Month+2) / 3
		case "WEEK":
			_, week := types.Week(types.DateOf(us), 0)
			return int64(week)
		}
		return field(c, map[string]byte{"YEAR": 'y', "MONTH": 'M', "DAY": 'd', "HOUR": 'h',
			"MINUTE": 'm', "SECOND": 's', "MICROSECOND": 'f'}[u.Name])
	}
	x := int64(0)
	for i := range len(u.fields) {
		base := int64(100)
		if u.fields[i] == 'f' {
			base = 1_000_000
		}
		x = x*base + field(c, u.fields[i])
	}
	return x
}

func field(c types.Civil, f byte) int64 {
	switch f {
	case 'y':
		return int64(c.Year)
	case 'M':
		return int64(c.Month)
	case 'd':
		return int64(c.Day)
	case 'h':
		return int64(c.Hour)
	case 'm':
		return int64(c.Minute)
	case 's':
		return int64(c.Second)
	}
	return int64(c.Micro)
}
