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

// DaysFromCivil returns the days of a valid date.
func DaysFromCivil(year, month, day int) int64 { panic("skeleton") }

// CivilFromDays is the inverse of DaysFromCivil.
func CivilFromDays(days int64) (year, month, day int) { panic("skeleton") }

// CivilFromMicros takes a DATETIME apart.
func CivilFromMicros(us int64) Civil { panic("skeleton") }

// Micros puts a DATETIME together; ok is false when a field is out of its range.
func (c Civil) Micros() (us int64, ok bool) { panic("skeleton") }

// ValidDate tells whether the date exists, in years 0 to 9999.
func ValidDate(year, month, day int) bool { panic("skeleton") }

// DaysInMonth returns 28 to 31.
func DaysInMonth(year, month int) int { panic("skeleton") }

// DateOf returns the day of a DATETIME; TimeOf the microseconds of that day.
func DateOf(us int64) int64 { panic("skeleton") }

// TimeOf returns the microseconds since the midnight before us.
func TimeOf(us int64) int64 { panic("skeleton") }

// ParseDate reads a date as MySQL does: 2024-1-2, 24/1/2, 20240102, 240102,
// also with a time behind it (Noted when that is not midnight). Incorrect
// comes without a value.
func ParseDate(s string) (days int64, st Status) { panic("skeleton") }

// ParseDatetime reads a date with an optional time: 2024-1-2 3:4:5.123456,
// 2024-01-02T03:04:05, 20240102030405, with an optional offset +05:30, and
// rounds to fsp fractional digits (not Noted, as in MySQL). Truncated when
// more text follows; Incorrect comes without a value.
func ParseDatetime(s string, fsp int) (us int64, st Status) { panic("skeleton") }

// ParseDatetimeInt reads the numbers 20240102030405, 240102030405, 20240102
// and 240102.
func ParseDatetimeInt(n int64) (us int64, st Status) { panic("skeleton") }

// RoundMicros rounds us to fsp fractional digits, half up.
func RoundMicros(us int64, fsp int) int64 { panic("skeleton") }

// AppendDate appends 2024-01-02.
func AppendDate(dst []byte, days int64) []byte { panic("skeleton") }

// AppendDatetime appends 2024-01-02 03:04:05 with fsp fractional digits, cut.
func AppendDatetime(dst []byte, us int64, fsp int) []byte { panic("skeleton") }

// Weekday returns 0 for Monday to 6 for Sunday.
func Weekday(days int64) int { panic("skeleton") }

// DayOfYear returns 1 to 366.
func DayOfYear(days int64) int { panic("skeleton") }

// Week returns MySQL's WEEK(d, mode) and the year it belongs to, as YEARWEEK
// has it; mode is 0 to 7. In the modes that count from 0, week 0 belongs to
// the year of the date.
func Week(days int64, mode int) (year, week int) { panic("skeleton") }

// LastDay returns the last day of the month of days.
func LastDay(days int64) int64 { panic("skeleton") }

// AddMonths adds n months, cutting the day to the month's last. ok is false
// outside the range of DATE.
func AddMonths(days int64, n int64) (r int64, ok bool) { panic("skeleton") }

// DateNumber returns the number MySQL has for a DATE in numeric context: 20240102.
func DateNumber(days int64) int64 { panic("skeleton") }

// DatetimeNumber returns 20240102030405 and the microseconds.
func DatetimeNumber(us int64) (n int64, micro int) { panic("skeleton") }
