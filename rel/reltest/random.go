package reltest

import (
	"math"
	"math/rand"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Types is a choice of column types, one for each way of lying in memory and
// of being compared.
var Types = []types.Type{
	types.TypeInt,
	types.TypeInt.WithNull(true),
	types.TypeUint.WithNull(true),
	{Kind: types.Int8, Nullable: true},
	types.TypeFloat.WithNull(true),
	types.NewDecimal(10, 2).WithNull(true),
	types.NewDecimal(30, 5),
	types.NewDecimal(60, 10).WithNull(true),
	types.TypeText.WithNull(true),
	types.TypeText,
	types.TypeBytes.WithNull(true),
	types.TypeDate.WithNull(true),
	types.NewDatetime(6),
}

// RandomTypes returns n of Types.
func RandomTypes(r *rand.Rand, n int) []types.Type {
	ts := make([]types.Type, n)
	for i := range ts {
		ts[i] = Types[r.Intn(len(Types))]
	}
	return ts
}

var texts = []string{"", "a", "A", "b", "B", "aB", "Ab", "a ", "z", "zebra", "Zebra", "\x00", "a\x00b"}

// RandomValue returns a value of type t out of few, so that equal ones are
// frequent, with the edges of the type among them.
func RandomValue(r *rand.Rand, t types.Type) types.Value {
	if t.Nullable && r.Intn(6) == 0 {
		return types.NullValue(t)
	}
	v := types.Value{Type: t}
	small := int64(r.Intn(9) - 4)
	switch t.Phys() {
	case types.PhysFloat:
		v.F = []float64{0, math.Copysign(0, -1), 0.1, -0.1, 1.5, 1e10, -1e10, 3, 1e-300}[r.Intn(9)]
	case types.PhysBytes:
		v.S = texts[r.Intn(len(texts))]
	default:
		if t.Kind == types.Decimal {
			v.D = types.DecFromInt64(small)
			if r.Intn(8) == 0 {
				v.D = types.MaxDec(int(t.Prec))
			}
			return v
		}
		v.I = small
		switch {
		case t.Kind == types.Uint64:
			v.I = int64(r.Intn(5))
			if r.Intn(8) == 0 {
				v.I = -1
			}
		case t.Kind == types.Int64 && r.Intn(20) == 0:
			v.I = []int64{math.MaxInt64, math.MinInt64}[r.Intn(2)]
		}
	}
	return v
}

// RandomBatch returns n rows of types ts with weights of 1, or of 1 to 3 where
// weighted.
func RandomBatch(r *rand.Rand, ts []types.Type, n int, weighted bool) *zset.Batch {
	b := zset.NewBatch(ts, n)
	row := make([]types.Value, len(ts))
	for range n {
		for c, t := range ts {
			row[c] = RandomValue(r, t)
		}
		w := int64(1)
		if weighted {
			w += int64(r.Intn(3))
		}
		b.AppendValues(row, w)
	}
	return b
}
