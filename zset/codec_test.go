package zset

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/weirdb/weir/types"
)

func TestCodecRoundTrip(t *testing.T) {
	r := seeded(t, 21)
	for range 400 {
		ts := randTypes(r)
		rows := randRows(r, ts, r.Intn(80), r.Intn(2) == 0)
		b := batchOf(ts, rows)
		enc := AppendBatch(nil, b)
		got, rest, err := DecodeBatch(append(enc, 7))
		if err != nil || len(rest) != 1 {
			t.Fatalf("%d bytes left, %v", len(rest), err)
		}
		expectRows(t, got, rows)
		if again := AppendBatch(nil, got); !bytes.Equal(again, enc) {
			t.Fatal("equal batches have different encodings")
		}
		if len(rows) > 2 { // a view begins in the middle of bytes and bitmap
			part, _, err := DecodeBatch(AppendBatch(nil, b.Slice(1, len(rows)-1)))
			if err != nil {
				t.Fatal(err)
			}
			expectRows(t, part, rows[1:len(rows)-1])
		}
		for n := range enc {
			if _, _, err := DecodeBatch(enc[:n]); err == nil {
				t.Fatalf("%d of %d bytes decode", n, len(enc))
			}
		}
	}
}

func TestCodecEdges(t *testing.T) {
	empty := &Batch{N: 3}
	got, _, err := DecodeBatch(AppendBatch(nil, empty))
	if err != nil || got.N != 3 || got.WeightSum() != 3 {
		t.Errorf("rows without columns: %v, %v", got, err)
	}
	ones := batchOf([]types.Type{types.TypeInt}, []row{{[]types.Value{types.IntValue(1)}, 2}})
	ones.W[0] = 1
	plain := batchOf([]types.Type{types.TypeInt}, []row{{[]types.Value{types.IntValue(1)}, 1}})
	if !bytes.Equal(AppendBatch(nil, ones), AppendBatch(nil, plain)) {
		t.Error("weights of 1 encode in two ways")
	}
}

// TestCodecGolden: batches lie in logs, so their bytes must be readable for ever.
func TestCodecGolden(t *testing.T) {
	null := func(ty types.Type) types.Value { return types.NullValue(ty) }
	dec := func(i int64) types.Dec { return types.DecFromInt64(i) }
	small, mid, big := types.NewDecimal(10, 2), types.NewDecimal(30, 5), types.NewDecimal(65, 0).WithNull(true)
	ts := []types.Type{types.TypeInt, types.TypeUint, types.TypeFloat, small, mid, big, types.TypeText.WithNull(true), types.TypeDate}
	rows := []row{
		{[]types.Value{types.IntValue(-1), types.UintValue(math.MaxUint64), types.FloatValue(1.5), {Type: small, D: dec(125)}, {Type: mid, D: dec(-7)}, {Type: big, D: types.MaxDec(65)}, types.TextValue("grüße"), {Type: types.TypeDate, I: 19724}}, 1},
		{[]types.Value{types.IntValue(70000), types.UintValue(0), types.FloatValue(0), {Type: small}, {Type: mid, D: types.MaxDec(30)}, null(big), null(types.TypeText), {Type: types.TypeDate, I: -1}}, -2},
	}
	var s strings.Builder
	for n := range 3 {
		fmt.Fprintf(&s, "%d rows\n%x\n", n, AppendBatch(nil, batchOf(ts, rows[:n])))
	}
	const path = "testdata/codec.txt"
	if *rewrite {
		if err := os.WriteFile(path, []byte(s.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if s.String() != string(want) {
		t.Errorf("%s differs; a format never changes:\n%s", path, s.String())
	}
}

// TestCodecHostile feeds damaged bytes: an error or a sound batch, no panic.
func TestCodecHostile(t *testing.T) {
	r := seeded(t, 22)
	for range 30000 {
		ts := randTypes(r)
		enc := AppendBatch(nil, batchOf(ts, randRows(r, ts, r.Intn(6), r.Intn(2) == 0)))
		for range 1 + r.Intn(3) {
			enc[r.Intn(len(enc))] = byte(r.Intn(256))
		}
		checkDecode(t, enc)
	}
}

func checkDecode(t *testing.T, enc []byte) {
	t.Helper()
	b, _, err := DecodeBatch(enc)
	if err != nil {
		return
	}
	if len(b.Cols) == 0 {
		return
	}
	for c := range b.Cols {
		if v := &b.Cols[c]; v.Len() != b.N || v.Valid != nil && !v.nullsAreZero(b.N) {
			t.Fatalf("%x decodes into an unsound column", enc)
		}
	}
	_ = b.String()
	var keys Keys
	Normalise(&keys, b, Cols(0))
	again, _, err := DecodeBatch(AppendBatch(nil, b))
	if err != nil || !bytes.Equal(AppendBatch(nil, again), AppendBatch(nil, b)) {
		t.Fatalf("%x does not encode and decode again: %v", enc, err)
	}
}

// TestCodecClaims: a short message that claims much costs little.
func TestCodecClaims(t *testing.T) {
	column := append([]byte{byte(types.Int64), 0, 0}, 8, 0)
	for _, enc := range [][]byte{
		append([]byte{1, 0xff, 0xff, 0xff, 0xff, 7, 1, 0}, column...),                                                // 2^31-1 rows
		append([]byte{1, 1, 0xff, 0xff, 0xff, 0xff, 7, 0}, column...),                                                // as many columns
		append([]byte{1, 0xff, 0xff, 0xff, 0xff, 7, 1, 1, 0, 2}, column...),                                          // a run of width 0
		{1, 2, 1, 0, byte(types.String), 0, 0, 8, 0, 255, 255, 255, 255, 255, 255, 255, 127, 0, 0, 0, 0, 0, 0, 0, 0}, // a long string
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, _, err := DecodeBatch(enc); err == nil {
			t.Errorf("%x decodes", enc)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<16 {
			t.Errorf("%x made the decoder allocate %d bytes", enc, got)
		}
	}
}

func FuzzDecodeBatch(f *testing.F) {
	ts := []types.Type{types.TypeInt, types.TypeText.WithNull(true), types.NewDecimal(30, 2)}
	for n := range 3 {
		b := NewBatch(ts, n)
		for i := range n {
			b.AppendValues([]types.Value{types.IntValue(int64(i)), types.NullValue(types.TypeText), {Type: ts[2]}}, int64(i))
		}
		f.Add(AppendBatch(nil, b))
	}
	f.Fuzz(func(t *testing.T, enc []byte) { checkDecode(t, enc) })
}
