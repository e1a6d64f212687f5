package types

import (
	"math"
	"strconv"
	"testing"
)

func TestTypeNames(t *testing.T) {
	tests := []struct {
		t    Type
		want string
	}{
		{TypeNull, "null"}, {Type{Kind: Int8, Width: 1}, "tinyint(1)"}, {Type{Kind: Int8}, "tinyint"},
		{Type{Kind: Uint16}, "smallint unsigned"}, {Type{Kind: Int24}, "mediumint"}, {Type{Kind: Uint32}, "int unsigned"},
		{TypeInt, "bigint"}, {TypeUint, "bigint unsigned"}, {Type{Kind: Float32}, "float"}, {TypeFloat, "double"},
		{NewDecimal(10, 2), "decimal(10,2)"}, {NewString(20), "varchar(20)"}, {TypeText, "text"},
		{Type{Kind: Bytes, Len: 4_000_000_000}, "varbinary(4000000000)"}, {TypeBytes, "blob"}, {TypeDate, "date"},
		{NewDatetime(0), "datetime"}, {NewDatetime(6), "datetime(6)"}, {NewTimestamp(3), "timestamp(3)"},
		{Type{Kind: 99}, "kind 99"},
	}
	for _, tt := range tests {
		if got := tt.t.String(); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.t, got, tt.want)
		}
	}
}

func TestIntRange(t *testing.T) {
	tests := []struct {
		k  Kind
		lo int64
		hi uint64
	}{
		{Int8, -128, 127}, {Uint8, 0, 255}, {Int16, -32768, 32767}, {Uint16, 0, 65535},
		{Int24, -8388608, 8388607}, {Uint24, 0, 16777215}, {Int32, math.MinInt32, math.MaxInt32},
		{Uint32, 0, math.MaxUint32}, {Int64, math.MinInt64, math.MaxInt64}, {Uint64, 0, math.MaxUint64},
	}
	for _, tt := range tests {
		if lo, hi := tt.k.IntRange(); lo != tt.lo || hi != tt.hi {
			t.Errorf("%v: %d to %d", Type{Kind: tt.k}, lo, hi)
		}
	}
}

// TestFloatText holds what MySQL and MariaDB print.
func TestFloatText(t *testing.T) {
	tests := []struct {
		f    float64
		k    Kind
		want string
	}{
		{0, Float64, "0"}, {math.Copysign(0, -1), Float64, "0"}, {1, Float64, "1"}, {-1.5, Float64, "-1.5"},
		{1e14, Float64, "100000000000000"}, {1e15, Float64, "1e15"}, {1e22, Float64, "1e22"}, {1e300, Float64, "1e300"},
		{1e-14, Float64, "0.00000000000001"}, {1e-15, Float64, "0.000000000000001"}, {1e-16, Float64, "1e-16"},
		{1.5e-15, Float64, "0.0000000000000015"}, {-1e-5, Float64, "-0.00001"},
		{123456789012345, Float64, "123456789012345"}, {1234567890123456, Float64, "1.234567890123456e15"},
		{0.30000000000000004, Float64, "0.30000000000000004"}, {1.7976931348623157e308, Float64, "1.7976931348623157e308"},
		{5e-324, Float64, "5e-324"}, {100, Float64, "100"}, {12.25, Float64, "12.25"},
		{16777216, Float32, "16777200"}, {123456789, Float32, "123457000"}, {float64(float32(0.1)), Float32, "0.1"},
		{3.40282e38, Float32, "3.40282e38"}, {1e15, Float32, "1e15"}, {1e14, Float32, "100000000000000"},
		{123456.7, Float32, "123457"}, {1234567.8, Float32, "1234570"}, {1e-20, Float32, "1e-20"},
		{0.00001234567, Float32, "0.0000123457"},
	}
	for _, tt := range tests {
		if got := string(AppendFloat(nil, tt.f, tt.k)); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.f, got, tt.want)
		}
	}
	r := seeded(t, 6)
	for range 20000 {
		f := math.Float64frombits(r.Uint64())
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		text := string(AppendFloat(nil, f, Float64))
		if back, err := strconv.ParseFloat(text, 64); back != f || err != nil {
			t.Fatalf("%v prints as %s", f, text)
		}
	}
}

func dec(s string) Value {
	d, prec, scale, err := ParseDec(s)
	if err != nil {
		panic(err)
	}
	return Value{Type: NewDecimal(prec, scale), D: d}
}

func moment(s string, to Type) Value {
	v, st := ConvertValue(TextValue(s), to)
	if st != OK {
		panic(s)
	}
	return v
}

func TestValueText(t *testing.T) {
	tests := []struct {
		v         Value
		text, sql string
	}{
		{NullValue(TypeInt), "NULL", "NULL"},
		{IntValue(-5), "-5", "-5"},
		{UintValue(math.MaxUint64), "18446744073709551615", "18446744073709551615"},
		{FloatValue(0.1), "0.1", "1e-01"},
		{FloatValue(1e20), "1e20", "1e20"},
		{dec("-0.050"), "-0.050", "-0.050"},
		{TextValue("it's \\ \x00\n"), "it's \\ \x00\n", `'it''s \\ \0\n'`},
		{BytesValue([]byte{0, 0xab}), "\x00\xab", "X'00AB'"},
		{moment("2024-1-2", TypeDate), "2024-01-02", "DATE'2024-01-02'"},
		{moment("2024-1-2 3:4:5.678", NewDatetime(3)), "2024-01-02 03:04:05.678", "TIMESTAMP'2024-01-02 03:04:05.678'"},
	}
	for _, tt := range tests {
		if got := tt.v.String(); got != tt.text {
			t.Errorf("%+v: %q, want %q", tt.v, got, tt.text)
		}
		if got := tt.v.SQL(); got != tt.sql {
			t.Errorf("%+v: %s, want %s", tt.v, got, tt.sql)
		}
	}
}

func TestValueCompare(t *testing.T) {
	groups := [][]Value{
		{NullValue(TypeInt), IntValue(math.MinInt64), IntValue(-1), IntValue(0), UintValue(1), UintValue(1 << 63), UintValue(math.MaxUint64)},
		{FloatValue(math.Inf(-1)), FloatValue(-1), FloatValue(0), FloatValue(1e300)},
		{dec("-1.50"), dec("-1.4999"), dec("0.00"), dec("1"), dec("1.001")},
		{TextValue(""), TextValue("a"), TextValue("B")},
		{BytesValue([]byte("B")), BytesValue([]byte("a"))},
		{moment("2024-1-1", TypeDate), moment("2024-1-2", TypeDate)},
	}
	for _, g := range groups {
		for i, v := range g {
			for j, w := range g {
				if got, want := v.Compare(w), min(max(i-j, -1), 1); got != want {
					t.Errorf("%s and %s compare as %d", v, w, got)
				}
			}
		}
	}
	if dec("1.50").Compare(dec("1.5")) != 0 || TextValue("A").Compare(TextValue("a")) != 0 {
		t.Error("equal values differ")
	}
}
