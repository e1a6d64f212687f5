package scalar

import (
	"math/rand"
	"testing"

	"github.com/weirdb/weir/types"
)

func TestParseInterval(t *testing.T) {
	good := map[string]Interval{
		"1 minute": {Micros: types.Minute}, "15 Seconds": {Micros: 15 * types.Second}, "hour": {Micros: types.Hour},
		"2 weeks": {Micros: 14 * types.Day}, "1 month": {Months: 1}, "2 years": {Months: 24}, "250000 microseconds": {Micros: 250000},
	}
	for s, want := range good {
		if got, ok := ParseInterval(s); !ok || got != want {
			t.Errorf("%q = %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "0 minutes", "-1 day", "1 fortnight", "1.5 hours", "1 day_hour", "1 2 days", "9223372036854775807 years"} {
		if got, ok := ParseInterval(s); ok {
			t.Errorf("%q is taken as %v", s, got)
		}
	}
}

// TestTumble: the start of a window is at or before its rows, less than a
// window away, and is its own start.
func TestTumble(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 5000 {
		us := types.MinDatetime/2 + r.Int63n(types.MaxDatetime)
		for _, s := range []string{"1 second", "7 minutes", "1 day", "1 week", "1 month", "5 months"} {
			iv, _ := ParseInterval(s)
			start := Tumble(us, iv)
			next, ok := AddInterval(start, iv, 1)
			if start > us || ok && next <= us || Tumble(start, iv) != start {
				t.Fatalf("Tumble(%d, %s) = %d, next %d", us, s, start, next)
			}
		}
	}
}

// TestDiffUndoesAdd: n units added are n units of difference, where the day
// of the month is kept.
func TestDiffUndoesAdd(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 5000 {
		us := types.DaysFromCivil(1950+r.Intn(100), 1+r.Intn(12), 1+r.Intn(28))*types.Day + r.Int63n(types.Day)
		for _, name := range []string{"MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"} {
			u, _ := UnitByName(name)
			n := r.Int63n(200) - 100
			iv, _ := u.Times(n)
			if later, ok := AddInterval(us, iv, 1); !ok || Diff(u, us, later) != n {
				t.Fatalf("%d %s from %d: %d", n, name, us, Diff(u, us, later))
			}
		}
	}
}

// TestFormatReads: what AppendFormat writes, ParseFormat reads.
func TestFormatReads(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	formats := []string{"%Y-%m-%d %H:%i:%s.%f", "%M %e, %Y %r.%f", "%W %d %b %Y %T.%f", "%Y %j %k:%i:%S.%f", "%d/%c/%Y %l:%i:%s %p %f"}
	for range 3000 {
		us := types.DaysFromCivil(1000, 1, 1)*types.Day + r.Int63n(8000*365*types.Day)
		for _, f := range formats {
			text := AppendFormat(nil, us, []byte(f))
			if got, ok := ParseFormat(text, []byte(f)); !ok || got != us {
				t.Fatalf("%s of %d is %q and reads as %d, %v", f, us, text, got, ok)
			}
		}
	}
}

func TestReadCompound(t *testing.T) {
	cases := []struct {
		unit, text string
		want       Interval
		ok         bool
	}{
		{"DAY_HOUR", "1 2", Interval{Micros: 26 * types.Hour}, true},
		{"DAY_SECOND", "-1 00:00:01", Interval{Micros: -types.Day - types.Second}, true},
		{"MINUTE_SECOND", "5", Interval{Micros: 5 * types.Second}, true},
		{"SECOND_MICROSECOND", "1.5", Interval{Micros: types.Second + 500000}, true},
		{"YEAR_MONTH", "1-2", Interval{Months: 14}, true},
		{"YEAR_MONTH", "1-2-3", Interval{}, false},
		{"DAY_HOUR", "99999999999999999999", Interval{}, false},
	}
	for _, c := range cases {
		u, _ := UnitByName(c.unit)
		if got, ok := u.Read([]byte(c.text)); ok != c.ok || ok && got != c.want {
			t.Errorf("%s of %q = %v, %v", c.unit, c.text, got, ok)
		}
	}
}
