package types

// Civil time, without zones: DATE is days since 1970-01-01, DATETIME and
// TIMESTAMP are microseconds since 1970-01-01 00:00:00, in the proleptic
// Gregorian calendar. Days are called d or days, microseconds us.

// Units in microseconds.
const (
	Second int64 = 1_000_000
	Minute       = 60 * Second
	Hour         = 60 * Minute
	Day          = 24 * Hour
)

// The range of DATE and DATETIME: 0000-01-01 to the last microsecond of
// 9999-12-31. TIMESTAMP ends in 2038 as MySQL's does.
const (
	MinDate      int64 = -719528
	MaxDate      int64 = 2932896
	MinDatetime        = MinDate * Day
	MaxDatetime        = (MaxDate+1)*Day - 1
	MinTimestamp       = Second
	MaxTimestamp       = (1<<31)*Second - 1
)

// Civil is a moment taken apart.
type Civil struct{ Year, Month, Day, Hour, Minute, Second, Micro int }

// daysPerEra is the days of 400 years, after which the calendar repeats.
const daysPerEra = 146097

// DaysFromCivil returns the days of a valid date. Years are counted from
// March, so that the leap day is a year's last and months follow a line.
func DaysFromCivil(year, month, day int) int64 {
	y, m := int64(year), int64(month)-3
	if m < 0 {
		y, m = y-1, m+12
	}
	era := floorDiv(y, 400)
	yearOfEra := y - era*400
	dayOfYear := (153*m+2)/5 + int64(day) - 1
	return era*daysPerEra + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719468
}

// CivilFromDays is the inverse of DaysFromCivil.
func CivilFromDays(days int64) (year, month, day int) {
	z := days + 719468
	era := floorDiv(z, daysPerEra)
	d := z - era*daysPerEra
	yearOfEra := (d - d/1460 + d/36524 - d/146096) / 365
	d -= yearOfEra*365 + yearOfEra/4 - yearOfEra/100
	m := (5*d + 2) / 153
	day = int(d - (153*m+2)/5 + 1)
	y := era*400 + yearOfEra
	if m += 3; m > 12 {
		m, y = m-12, y+1
	}
	return int(y), int(m), day
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// CivilFromMicros takes a DATETIME apart.
func CivilFromMicros(us int64) Civil {
	var c Civil
	c.Year, c.Month, c.Day = CivilFromDays(DateOf(us))
	t := TimeOf(us)
	c.Hour, t = int(t/Hour), t%Hour
	c.Minute, t = int(t/Minute), t%Minute
	c.Second, c.Micro = int(t/Second), int(t%Second)
	return c
}

// Micros puts a DATETIME together; ok is false when a field is out of its range.
func (c Civil) Micros() (us int64, ok bool) {
	if !ValidDate(c.Year, c.Month, c.Day) || uint(c.Hour) > 23 || uint(c.Minute) > 59 ||
		uint(c.Second) > 59 || uint(c.Micro) > 999_999 {
		return 0, false
	}
	return DaysFromCivil(c.Year, c.Month, c.Day)*Day + int64(c.Hour)*Hour + int64(c.Minute)*Minute +
		int64(c.Second)*Second + int64(c.Micro), true
}

// ValidDate tells whether the date exists, in years 0 to 9999.
func ValidDate(year, month, day int) bool {
	return uint(year) <= 9999 && month >= 1 && month <= 12 && day >= 1 && day <= DaysInMonth(year, month)
}

// DaysInMonth returns 28 to 31.
func DaysInMonth(year, month int) int {
	switch month {
	case 2:
		if leap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// DateOf returns the day of a DATETIME.
func DateOf(us int64) int64 { return floorDiv(us, Day) }

// TimeOf returns the microseconds since the midnight before us.
func TimeOf(us int64) int64 { return us - floorDiv(us, Day)*Day }

// RoundMicros rounds us to fsp fractional digits, a half towards later.
func RoundMicros(us int64, fsp int) int64 {
	unit := microUnit(fsp)
	return floorDiv(us+unit/2, unit) * unit
}

// microUnit returns the microseconds of the last of fsp fractional digits.
func microUnit(fsp int) int64 {
	if fsp >= 6 {
		return 1
	}
	return int64(pow10u[6-fsp])
}

// AppendDate appends 2024-01-02.
func AppendDate(dst []byte, days int64) []byte {
	y, m, d := CivilFromDays(days)
	dst = append(dst, byte('0'+y/1000%10), byte('0'+y/100%10))
	dst = append(append2(dst, y%100), '-')
	dst = append(append2(dst, m), '-')
	return append2(dst, d)
}

// AppendDatetime appends 2024-01-02 03:04:05 with fsp fractional digits, cut.
func AppendDatetime(dst []byte, us int64, fsp int) []byte {
	dst = append(AppendDate(dst, DateOf(us)), ' ')
	t := TimeOf(us)
	dst = append(append2(dst, int(t/Hour)), ':')
	dst = append(append2(dst, int(t/Minute%60)), ':')
	dst = append2(dst, int(t/Second%60))
	if fsp == 0 {
		return dst
	}
	dst = append(dst, '.')
	for f, unit := t%Second, Second/10; fsp > 0; fsp-- {
		dst = append(dst, byte('0'+f/unit%10))
		unit = max(unit/10, 1)
	}
	return dst
}

func append2(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// Weekday returns 0 for Monday to 6 for Sunday.
func Weekday(days int64) int {
	d := days + 3 // 1970-01-01 was a Thursday
	return int(d - floorDiv(d, 7)*7)
}

// DayOfYear returns 1 to 366.
func DayOfYear(days int64) int {
	y, _, _ := CivilFromDays(days)
	return int(days-DaysFromCivil(y, 1, 1)) + 1
}

// The bits of a WEEK mode once sundays has been applied.
const (
	weekMonday   = 1 // weeks begin on Monday, not on Sunday
	weekOfYear   = 2 // a day before week 1 belongs to the last year's weeks, not to week 0
	weekFirstDay = 4 // week 1 begins with the year's first Sunday (Monday), else it has four days of the year
)

// Week returns MySQL's WEEK(d, mode) and the year it belongs to; mode is 0 to
// 7. YEARWEEK(d, mode) is that of mode|2: in the other modes the days before
// week 1 are week 0 of their own year.
func Week(days int64, mode int) (year, week int) {
	if mode&weekMonday == 0 {
		mode ^= weekFirstDay // the bit is the other way round for weeks from Sunday
	}
	year, _, _ = CivilFromDays(days)
	start := firstWeek(year, mode)
	switch {
	case days < start && mode&weekOfYear == 0:
		return year, 0
	case days < start:
		year--
		start = firstWeek(year, mode)
	case mode&weekOfYear != 0 && days >= firstWeek(year+1, mode):
		return year + 1, 1
	}
	return year, int(days-start)/7 + 1
}

// firstWeek returns the day on which week 1 of a year begins.
func firstWeek(year, mode int) int64 {
	first := DaysFromCivil(year, 1, 1)
	into := Weekday(first) // days since the week of January 1 began
	if mode&weekMonday == 0 {
		into = (into + 1) % 7
	}
	if into == 0 || mode&weekFirstDay == 0 && into < 4 {
		return first - int64(into)
	}
	return first + int64(7-into)
}

// LastDay returns the last day of the month of days.
func LastDay(days int64) int64 {
	y, m, d := CivilFromDays(days)
	return days + int64(DaysInMonth(y, m)-d)
}

// AddMonths adds n months, cutting the day to the month's last. ok is false
// outside the range of DATE.
func AddMonths(days int64, n int64) (r int64, ok bool) {
	const most = 12 * 10_000
	if n > most || n < -most {
		return 0, false
	}
	y, m, d := CivilFromDays(days)
	months := int64(y)*12 + int64(m-1) + n
	y, m = int(floorDiv(months, 12)), int(months-floorDiv(months, 12)*12)+1
	if y < 0 || y > 9999 {
		return 0, false
	}
	return DaysFromCivil(y, m, min(d, DaysInMonth(y, m))), true
}

// DateNumber returns the number MySQL has for a DATE in numeric context: 20240102.
func DateNumber(days int64) int64 {
	y, m, d := CivilFromDays(days)
	return int64(y)*10000 + int64(m)*100 + int64(d)
}

// DatetimeNumber returns 20240102030405 and the microseconds.
func DatetimeNumber(us int64) (n int64, micro int) {
	c := CivilFromMicros(us)
	return DateNumber(DateOf(us))*1_000_000 + int64(c.Hour*10000+c.Minute*100+c.Second), c.Micro
}
