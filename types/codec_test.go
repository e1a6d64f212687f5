package types

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"os"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func codecTypes() []Type {
	return []Type{
		TypeNull, TypeInt, TypeUint, TypeFloat, TypeText, TypeBytes, TypeDate,
		{Kind: Int8, Width: 1, Nullable: true}, {Kind: Uint24}, {Kind: Float32, Nullable: true},
		NewDecimal(10, 2), NewDecimal(65, 30).WithNull(true), NewString(20), {Kind: String, Coll: CollGeneralCi, Len: 1 << 31},
		{Kind: Bytes, Coll: CollBinary, Len: 16}, NewDatetime(6), NewTimestamp(0).WithNull(true),
	}
}

func codecValues() []Value {
	return []Value{
		NullValue(TypeText), IntValue(0), IntValue(-1), IntValue(math.MinInt64), UintValue(math.MaxUint64),
		FloatValue(-1.5), FloatValue(math.Inf(1)), dec("0"), dec("-1"), dec("1.27"), dec("1.28"), dec("-1.28"), dec("-1.29"),
		dec(strings.Repeat("9", 65)), dec("-" + strings.Repeat("9", 65)), TextValue(""), TextValue("grüße"),
		BytesValue([]byte{0, 255}), moment("2024-1-2", TypeDate), moment("2024-1-2 3:4:5.678", NewDatetime(3)),
	}
}

// TestCodecGolden: bytes once written must be readable for ever.
func TestCodecGolden(t *testing.T) {
	var b strings.Builder
	for _, ty := range codecTypes() {
		fmt.Fprintf(&b, "%-24s nullable=%-5v %x\n", ty, ty.Nullable, AppendType(nil, ty))
	}
	for _, v := range codecValues() {
		fmt.Fprintf(&b, "%-24s %x\n", v.SQL(), AppendValue(nil, v))
	}
	golden(t, "testdata/codec.txt", b.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; a format never changes:\n%s", path, got)
	}
}

func TestCodecRoundTrip(t *testing.T) {
	for _, ty := range codecTypes() {
		enc := AppendType(nil, ty)
		got, rest, err := DecodeType(append(enc, 7))
		if err != nil || got != ty || len(rest) != 1 {
			t.Errorf("%s: %s, %d bytes left, %v", ty, got, len(rest), err)
		}
		for n := range enc {
			if _, _, err := DecodeType(enc[:n]); err == nil {
				t.Errorf("%s cut to %d bytes decodes", ty, n)
			}
		}
	}
	r := seeded(t, 7)
	values := codecValues()
	for range 2000 {
		d := randDec(r)
		values = append(values, Value{Type: NewDecimal(65, 2), D: d}, IntValue(int64(r.Uint64())>>r.Intn(64)))
	}
	for _, v := range values {
		enc := AppendValue(nil, v)
		got, rest, err := DecodeValue(append(enc, 7))
		if err != nil || got != v || len(rest) != 1 {
			t.Fatalf("%s: %s, %d bytes left, %v", v, got, len(rest), err)
		}
		for n := range enc {
			if _, _, err := DecodeValue(enc[:n]); err == nil {
				t.Fatalf("%s cut to %d bytes decodes", v, n)
			}
		}
	}
}

// TestCodecHostile feeds damaged bytes: an error or a sound value, no panic.
func TestCodecHostile(t *testing.T) {
	r := seeded(t, 8)
	values := codecValues()
	for range 50000 {
		enc := AppendValue(nil, values[r.Intn(len(values))])
		for range 1 + r.Intn(3) {
			enc[r.Intn(len(enc))] = byte(r.Intn(256))
		}
		checkHostile(t, enc)
	}
	for range 20000 {
		enc := make([]byte, r.Intn(40))
		_, _ = rand.New(rand.NewSource(r.Int63())).Read(enc)
		checkHostile(t, enc)
	}
}

func checkHostile(t *testing.T, enc []byte) {
	t.Helper()
	v, rest, err := DecodeValue(enc)
	if err != nil {
		return
	}
	again, _, err := DecodeValue(AppendValue(nil, v))
	if err != nil || !bytes.Equal(AppendValue(nil, again), AppendValue(nil, v)) {
		t.Fatalf("%s decodes as %s, that again as %s, %v", hex.EncodeToString(enc), v, again, err)
	}
	if len(rest) > len(enc) {
		t.Fatal("more is left than was given")
	}
	_ = v.SQL()
}
