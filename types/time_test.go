package types

import (
	"testing"
	"time"
)

func day(t *testing.T, s string) int64 {
	t.Helper()
	d, st := ParseDate(s)
	if st != OK {
		t.Fatalf("%s: status %d", s, st)
	}
	return d
}

// TestCalendar walks every day of the range beside package time.
func TestCalendar(t *testing.T) {
	if got := DaysFromCivil(0, 1, 1); got != MinDate {
		t.Errorf("the first day is %d", got)
	}
	if got := DaysFromCivil(9999, 12, 31); got != MaxDate {
		t.Errorf("the last day is %d", got)
	}
	at := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	for d := MinDate; d <= MaxDate; d++ {
		y, m, dd := CivilFromDays(d)
		wy, wm, wd := at.Date()
		if y != wy || m != int(wm) || dd != wd || DaysFromCivil(y, m, dd) != d {
			t.Fatalf("day %d is %d-%d-%d, want %d-%d-%d", d, y, m, dd, wy, wm, wd)
		}
		if d%7 == 0 || dd >= 28 || m == 1 || m == 12 {
			checkDay(t, d, at)
		}
		at = at.AddDate(0, 0, 1)
	}
}

func checkDay(t *testing.T, d int64, at time.Time) {
	t.Helper()
	if got, want := Weekday(d), (int(at.Weekday())+6)%7; got != want {
		t.Fatalf("weekday of %v is %d", at, got)
	}
	if got := DayOfYear(d); got != at.YearDay() {
		t.Fatalf("day of year of %v is %d", at, got)
	}
	y, w := Week(d, 3)
	if wy, ww := at.ISOWeek(); y != wy || w != ww {
		t.Fatalf("ISO week of %v is %d-%d, want %d-%d", at, y, w, wy, ww)
	}
	if got, want := LastDay(d), time.Date(at.Year(), at.Month()+1, 0, 0, 0, 0, 0, time.UTC).Unix()/86400; got != want {
		t.Fatalf("last day of the month of %v is %d, want %d", at, got, want)
	}
}

// TestWeekModes holds values of MySQL 8.
func TestWeekModes(t *testing.T) {
	tests := []struct {
		date  string
		weeks [8]int
		years [8]int // of mode|2
	}{
		{"2008-02-20", [8]int{7, 8, 7, 8, 8, 7, 8, 7}, [8]int{2008, 2008, 2008, 2008, 2008, 2008, 2008, 2008}},
		{"2000-01-01", [8]int{0, 0, 52, 52, 0, 0, 52, 52}, [8]int{1999, 1999, 1999, 1999, 1999, 1999, 1999, 1999}},
		{"2008-12-31", [8]int{52, 53, 52, 1, 53, 52, 53, 52}, [8]int{2008, 2009, 2008, 2009, 2008, 2008, 2008, 2008}},
		{"1987-01-01", [8]int{0, 1, 52, 1, 0, 0, 53, 52}, [8]int{1986, 1987, 1986, 1987, 1986, 1986, 1986, 1986}},
		{"2012-01-01", [8]int{1, 0, 1, 52, 1, 0, 1, 52}, [8]int{2012, 2011, 2012, 2011, 2012, 2011, 2012, 2011}},
	}
	for _, tt := range tests {
		for mode := range 8 {
			if _, w := Week(day(t, tt.date), mode); w != tt.weeks[mode] {
				t.Errorf("WEEK(%s, %d) = %d, want %d", tt.date, mode, w, tt.weeks[mode])
			}
			if y, _ := Week(day(t, tt.date), mode|2); y != tt.years[mode] {
				t.Errorf("YEARWEEK(%s, %d) is of %d, want %d", tt.date, mode, y, tt.years[mode])
			}
		}
	}
}

func TestParseDatetime(t *testing.T) {
	tests := []struct {
		in   string
		fsp  int
		want string
		st   Status
	}{
		{"2024-01-02 03:04:05", 0, "2024-01-02 03:04:05", OK},
		{"2024-1-2 3:4:5.123456", 6, "2024-01-02 03:04:05.123456", OK},
		{"2024-1-2 3:4:5.1234567", 6, "2024-01-02 03:04:05.123457", OK},
		{"2024-1-2 3:4:5.9999995", 6, "2024-01-02 03:04:06.000000", OK},
		{"2024-12-31 23:59:59.5", 0, "2025-01-01 00:00:00", OK},
		{"2024-12-31 23:59:59.4", 0, "2024-12-31 23:59:59", OK},
		{"2024-12-31 23:59:59.15", 1, "2024-12-31 23:59:59.2", OK},
		{"2024-01-02T03:04:05.5", 3, "2024-01-02 03:04:05.500", OK},
		{"  2024-01-02\t03:04  ", 0, "2024-01-02 03:04:00", OK},
		{"2024-01-02 03", 0, "2024-01-02 03:00:00", OK},
		{"2024-01-02", 0, "2024-01-02 00:00:00", OK},
		{"24-01-02", 0, "2024-01-02 00:00:00", OK},
		{"70/1/2", 0, "1970-01-02 00:00:00", OK},
		{"69!1@2", 0, "2069-01-02 00:00:00", OK},
		{"2024.01.02 03.04.05.06", 2, "2024-01-02 03:04:05.06", OK},
		{"20240102", 0, "2024-01-02 00:00:00", OK},
		{"240102", 0, "2024-01-02 00:00:00", OK},
		{"20240102030405", 0, "2024-01-02 03:04:05", OK},
		{"20240102030405.678", 3, "2024-01-02 03:04:05.678", OK},
		{"240102030405", 0, "2024-01-02 03:04:05", OK},
		{"20240102T030405", 0, "2024-01-02 03:04:05", OK},
		{"20240102 030405", 0, "2024-01-02 03:04:05", OK},
		{"0001-01-01", 0, "0001-01-01 00:00:00", OK},
		{"9999-12-31 23:59:59.999999", 6, "9999-12-31 23:59:59.999999", OK},
		{"2024-01-02 03:04:05+05:30", 0, "2024-01-01 21:34:05", OK},
		{"2024-01-02 03:04:05.5-01:00", 1, "2024-01-02 04:04:05.5", OK},
		{"2024-01-02 03:04:05 x", 0, "2024-01-02 03:04:05", Truncated},
		{"2024-01-02x", 0, "2024-01-02 00:00:00", Truncated},
		{"2024-01-02-", 0, "2024-01-02 00:00:00", Truncated},
		{"2024-01-02 03:04:05+15:00", 0, "2024-01-02 03:04:05", Truncated},
		{"2024-01-02T", 0, "2024-01-02 00:00:00", Truncated},
		{"9999-12-31 23:59:59.9999999", 6, "", Incorrect},
		{"9999-12-31 23:59:59.9", 0, "", Incorrect},
		{"2024-01", 0, "", Incorrect},
		{"2024", 0, "", Incorrect},
		{"2024-02-30", 0, "", Incorrect},
		{"2023-02-29", 0, "", Incorrect},
		{"2024-13-01", 0, "", Incorrect},
		{"2024-00-01", 0, "", Incorrect},
		{"0000-00-00", 0, "", Incorrect},
		{"2024-01-02 24:00:00", 0, "", Incorrect},
		{"2024-01-02 03:60:00", 0, "", Incorrect},
		{"2024-01-02 03:04:60", 0, "", Incorrect},
		{"", 0, "", Incorrect},
		{"x", 0, "", Incorrect},
		{"-2024-01-02", 0, "", Incorrect},
		{"\x00\xff", 0, "", Incorrect},
	}
	for _, tt := range tests {
		us, st := ParseDatetime(tt.in, tt.fsp)
		got := ""
		if st != Incorrect {
			got = string(AppendDatetime(nil, us, tt.fsp))
		}
		if got != tt.want || st != tt.st {
			t.Errorf("%q: %q status %d, want %q %d", tt.in, got, st, tt.want, tt.st)
		}
	}
}

func TestParseDate(t *testing.T) {
	tests := []struct {
		in, want string
		st       Status
	}{
		{"2024-01-02", "2024-01-02", OK},
		{"2024-1-2 00:00:00", "2024-01-02", OK},
		{"2024-1-2 10:00:00", "2024-01-02", Noted},
		{"2024-1-2 and more", "2024-01-02", Truncated},
		{"0000-01-01", "0000-01-01", OK},
		{"10000-01-01", "", Incorrect},
		{"today", "", Incorrect},
	}
	for _, tt := range tests {
		d, st := ParseDate(tt.in)
		got := ""
		if st != Incorrect {
			got = string(AppendDate(nil, d))
		}
		if got != tt.want || st != tt.st {
			t.Errorf("%q: %q status %d, want %q %d", tt.in, got, st, tt.want, tt.st)
		}
	}
}

func TestParseDatetimeInt(t *testing.T) {
	tests := []struct {
		in   int64
		want string
	}{
		{20240102030405, "2024-01-02 03:04:05"}, {240102030405, "2024-01-02 03:04:05"},
		{20240102, "2024-01-02 00:00:00"}, {240102, "2024-01-02 00:00:00"}, {700101, "1970-01-01 00:00:00"},
		{691231, "2069-12-31 00:00:00"}, {101, "2000-01-01 00:00:00"}, {99991231235959, "9999-12-31 23:59:59"},
		{0, ""}, {-1, ""}, {100, ""}, {691232, ""}, {9991231, ""}, {20240230, ""}, {99991231235960, ""}, {1 << 62, ""},
	}
	for _, tt := range tests {
		us, st := ParseDatetimeInt(tt.in)
		got := ""
		if st == OK {
			got = string(AppendDatetime(nil, us, 0))
		}
		if got != tt.want {
			t.Errorf("%d: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestDatetimeParts(t *testing.T) {
	r := seeded(t, 5)
	for range 20000 {
		us := MinDatetime + r.Int63n(MaxDatetime-MinDatetime+1)
		c := CivilFromMicros(us)
		want := time.UnixMicro(us).UTC()
		if got := time.Date(c.Year, time.Month(c.Month), c.Day, c.Hour, c.Minute, c.Second, c.Micro*1000, time.UTC); !got.Equal(want) {
			t.Fatalf("%d is %v, want %v", us, c, want)
		}
		if back, ok := c.Micros(); !ok || back != us {
			t.Fatalf("%v: %d %v", c, back, ok)
		}
		if DateOf(us)*Day+TimeOf(us) != us || TimeOf(us) < 0 || TimeOf(us) >= Day {
			t.Fatalf("%d is day %d and %d", us, DateOf(us), TimeOf(us))
		}
		text := string(AppendDatetime(nil, us, 6))
		if text != want.Format("2006-01-02 15:04:05.000000") {
			t.Fatalf("%v prints as %s", want, text)
		}
		if back, st := ParseDatetime(text, 6); back != us || st != OK {
			t.Fatalf("%s reads as %d, status %d", text, back, st)
		}
		n, micro := DatetimeNumber(us)
		if back, st := ParseDatetimeInt(n); c.Year >= 1000 && (st != OK || back+int64(micro) != us) {
			t.Fatalf("%s is the number %d", text, n)
		}
		fsp := r.Intn(7)
		if got := RoundMicros(us, fsp); got%microUnit(fsp) != 0 || got-us > microUnit(fsp)/2 || us-got > microUnit(fsp)/2 {
			t.Fatalf("%d rounds to %d at %d", us, got, fsp)
		}
	}
}

func TestAddMonths(t *testing.T) {
	tests := []struct {
		date string
		n    int64
		want string
	}{
		{"2024-01-31", 1, "2024-02-29"}, {"2024-02-29", 12, "2025-02-28"}, {"2024-03-31", -1, "2024-02-29"},
		{"2024-01-15", -13, "2022-12-15"}, {"2024-12-31", 0, "2024-12-31"}, {"0000-01-01", -1, ""},
		{"9999-12-01", 1, ""}, {"2024-01-01", 1 << 62, ""}, {"2024-01-01", -1 << 63, ""},
	}
	for _, tt := range tests {
		d, ok := AddMonths(day(t, tt.date), tt.n)
		got := ""
		if ok {
			got = string(AppendDate(nil, d))
		}
		if got != tt.want {
			t.Errorf("%s + %d months: %q, want %q", tt.date, tt.n, got, tt.want)
		}
	}
}

func FuzzParseDatetime(f *testing.F) {
	for _, s := range []string{"2024-1-2 3:4:5.1", "20240102T030405+01:00", "24-1-2", "....", "2024-01-02 "} {
		f.Add(s, 3)
	}
	f.Fuzz(func(t *testing.T, s string, fsp int) {
		fsp &= 7
		us, st := ParseDatetime(s, fsp)
		if st == Incorrect {
			return
		}
		text := string(AppendDatetime(nil, us, min(fsp, 6)))
		if back, st := ParseDatetime(text, min(fsp, 6)); back != us || st != OK {
			t.Errorf("%q reads as %s, that as %d (status %d)", s, text, back, st)
		}
	})
}
