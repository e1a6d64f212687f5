package types

import (
	"math"
	"strings"
	"testing"
)

var (
	typeInt32  = Type{Kind: Int32}
	typeUint8  = Type{Kind: Uint8}
	typeFloat4 = Type{Kind: Float32}
)

// TestConvertValue: where MariaDB was asked, its answers agree.
func TestConvertValue(t *testing.T) {
	nines := strings.Repeat("9", 65)
	tests := []struct {
		v    Value
		to   Type
		want string
		st   Status
	}{
		{TextValue("12abc"), typeInt32, "12", Truncated},
		{TextValue("abc"), typeInt32, "0", Incorrect},
		{TextValue(""), typeInt32, "0", Incorrect},
		{TextValue(" 2.5 "), typeInt32, "3", OK},
		{TextValue("-2.5"), typeInt32, "-3", OK},
		{TextValue("1.5e3x"), TypeUint, "1500", Truncated},
		{TextValue("18446744073709551616"), TypeUint, "18446744073709551615", OutOfRange},
		{TextValue("-1"), TypeUint, "0", OutOfRange},
		{TextValue("1e99999"), TypeInt, "9223372036854775807", OutOfRange},
		{IntValue(1 << 40), typeInt32, "2147483647", OutOfRange},
		{IntValue(-1 << 40), typeInt32, "-2147483648", OutOfRange},
		{IntValue(-1), typeUint8, "0", OutOfRange},
		{IntValue(256), typeUint8, "255", OutOfRange},
		{UintValue(1 << 63), TypeInt, "9223372036854775807", OutOfRange},
		{UintValue(7), TypeInt, "7", OK},
		{FloatValue(2.5), TypeInt, "2", OK},
		{FloatValue(3.5), TypeInt, "4", OK},
		{FloatValue(-0.4), TypeUint, "0", OK},
		{FloatValue(1e30), TypeInt, "9223372036854775807", OutOfRange},
		{FloatValue(-1e30), TypeInt, "-9223372036854775808", OutOfRange},
		{FloatValue(1.5e19), TypeUint, "15000000000000000000", OK},
		{FloatValue(math.NaN()), TypeInt, "0", OutOfRange},
		{dec("2.5"), TypeInt, "3", OK},
		{dec("-2.5"), TypeInt, "-3", OK},
		{dec(nines), TypeInt, "9223372036854775807", OutOfRange},
		{dec("-" + nines), TypeInt, "-9223372036854775808", OutOfRange},
		{dec("-0.4"), TypeUint, "0", OK},
		{moment("2024-1-2", TypeDate), TypeInt, "20240102", OK},
		{moment("2024-1-2 3:4:5.6", NewDatetime(1)), TypeInt, "20240102030406", OK},

		{IntValue(3), TypeFloat, "3", OK},
		{UintValue(math.MaxUint64), TypeFloat, "1.8446744073709552e19", OK},
		{dec("0.1"), TypeFloat, "0.1", OK},
		{TextValue("1e400"), TypeFloat, "1.7976931348623157e308", OutOfRange},
		{TextValue("-.5e1x"), TypeFloat, "-5", Truncated},
		{FloatValue(0.1), typeFloat4, "0.1", OK},
		{FloatValue(-1e39), typeFloat4, "-3.40282e38", OutOfRange},

		{TextValue("1.005"), NewDecimal(5, 2), "1.01", Noted},
		{TextValue("  12.345 "), NewDecimal(5, 2), "12.35", Noted},
		{TextValue("12.3400"), NewDecimal(5, 2), "12.34", OK},
		{TextValue("-0.005"), NewDecimal(5, 2), "-0.01", Noted},
		{TextValue("1e5"), NewDecimal(5, 2), "999.99", OutOfRange},
		{TextValue("999.999"), NewDecimal(5, 2), "999.99", OutOfRange},
		{TextValue("1.5x"), NewDecimal(5, 2), "1.50", Truncated},
		{TextValue("x"), NewDecimal(5, 2), "0.00", Incorrect},
		{TextValue("1e-100"), NewDecimal(5, 2), "0.00", Noted},
		{TextValue("0e100"), NewDecimal(5, 2), "0.00", OK},
		{IntValue(-100000), NewDecimal(5, 2), "-999.99", OutOfRange},
		{UintValue(math.MaxUint64), NewDecimal(22, 2), "18446744073709551615.00", OK},
		{FloatValue(1.0 / 3), NewDecimal(5, 2), "0.33", Noted},
		{FloatValue(0.25), NewDecimal(5, 2), "0.25", OK},
		{FloatValue(1e60), NewDecimal(5, 2), "999.99", OutOfRange},
		{FloatValue(math.Inf(-1)), NewDecimal(5, 2), "-999.99", OutOfRange},
		{dec("1.245"), NewDecimal(5, 2), "1.25", Noted},
		{dec("1.240"), NewDecimal(5, 2), "1.24", OK},
		{moment("2024-1-2 3:4:5.67", NewDatetime(2)), NewDecimal(20, 3), "20240102030405.670", OK},

		{TextValue("abcdef"), NewString(3), "abc", TooLong},
		{TextValue("ab   "), NewString(3), "ab ", Noted},
		{TextValue("äöü"), NewString(3), "äöü", OK},
		{TextValue("äöüß"), NewString(3), "äöü", TooLong},
		{TextValue("äöü"), Type{Kind: Bytes, Len: 3}, "ä\xc3", TooLong},
		{TextValue("a\xff"), NewString(3), "a", Incorrect},
		{TextValue("\ufffd"), NewString(3), "\ufffd", OK},
		{BytesValue([]byte{0xff}), TypeText, "", Incorrect},
		{BytesValue([]byte("xyz")), NewString(0), "xyz", OK},
		{FloatValue(1e20), NewString(3), "1e2", TooLong},
		{IntValue(-12), NewString(3), "-12", OK},
		{dec("2.50"), NewString(4), "2.50", OK},
		{moment("2024-1-2", TypeDate), NewString(0), "2024-01-02", OK},

		{TextValue("2024-1-2 10:00:00"), TypeDate, "2024-01-02", Noted},
		{TextValue("x"), TypeDate, "NULL", Incorrect},
		{IntValue(20240102), TypeDate, "2024-01-02", OK},
		{IntValue(20240102030405), TypeDate, "2024-01-02", Noted},
		{IntValue(1), TypeDate, "NULL", Incorrect},
		{UintValue(math.MaxUint64), TypeDate, "NULL", Incorrect},
		{moment("2024-1-2 3:4:5", NewDatetime(0)), TypeDate, "2024-01-02", Noted},
		{moment("2024-1-2", TypeDate), NewDatetime(2), "2024-01-02 00:00:00.00", OK},
		{moment("2024-1-2 3:4:5.678", NewDatetime(3)), NewDatetime(1), "2024-01-02 03:04:05.7", OK},
		{moment("9999-12-31 23:59:59.9", NewDatetime(1)), NewDatetime(0), "NULL", Incorrect},
		{TextValue("2024-1-2x"), NewDatetime(0), "2024-01-02 00:00:00", Truncated},
		{TextValue("12:13:14"), NewDatetime(0), "NULL", Incorrect},
		{dec("20240102030405.678"), NewDatetime(2), "2024-01-02 03:04:05.68", OK},
		{FloatValue(20240102), NewDatetime(0), "2024-01-02 00:00:00", OK},
		{FloatValue(1e30), NewDatetime(0), "NULL", Incorrect},
		{TextValue("1970-01-01 00:00:00"), NewTimestamp(0), "NULL", Incorrect},
		{TextValue("1970-01-01 00:00:01"), NewTimestamp(0), "1970-01-01 00:00:01", OK},
		{TextValue("2038-01-19 03:14:07.999999"), NewTimestamp(6), "2038-01-19 03:14:07.999999", OK},
		{TextValue("2038-01-19 03:14:08"), NewTimestamp(0), "NULL", Incorrect},

		{NullValue(TypeInt), TypeText, "NULL", OK},
		{NullValue(TypeNull), TypeInt, "NULL", OK},
		{IntValue(5), TypeNull, "5", OK},
	}
	for _, tt := range tests {
		got, st := ConvertValue(tt.v, tt.to)
		if got.String() != tt.want || st != tt.st {
			t.Errorf("%s %s to %s: %q status %d, want %q %d", tt.v.Type, tt.v, tt.to, got.String(), st, tt.want, tt.st)
		}
		if got.Type != tt.to && tt.to.Kind != Null {
			t.Errorf("%s to %s gave a %s", tt.v, tt.to, got.Type)
		}
	}
}

func TestNumericPrefix(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "12": "12", " \t-1.5e3z": "-1.5e3", "+.5": "+.5", "5.": "5.", "1e": "1", "1e+": "1", "1e+2": "1e+2",
		".": "", "-": "", "e5": "", "0x10": "0", "1.2.3": "1.2", "--1": "",
	} {
		start, end := NumericPrefix(s)
		if got := s[start:end]; got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func FuzzConvertText(f *testing.F) {
	for _, s := range []string{"12abc", "-1.5e3", "2024-1-2 3:4:5.6", "99999999999999999999999", "\xff", " .e+"} {
		f.Add(s)
	}
	targets := []Type{
		TypeInt, TypeUint, typeInt32, typeUint8, TypeFloat, typeFloat4, NewDecimal(5, 2), NewDecimal(65, 30),
		NewDecimal(38, 0), NewString(3), TypeText, TypeBytes, TypeDate, NewDatetime(3), NewTimestamp(0),
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, to := range targets {
			v, st := ConvertValue(TextValue(s), to)
			again, st2 := ConvertValue(v, to)
			if st2 != OK || again != v {
				t.Errorf("%q as %s is %s (status %d), that again is %s (%d)", s, to, v, st, again, st2)
			}
		}
	})
}
