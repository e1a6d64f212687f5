package reltest

import (
	"math/big"
	"strings"

	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// Aggregate computes one aggregate over the argument values of a group and
// their weights, the slow way: with rational numbers and a set of texts.
func Aggregate(g plan.Agg, vals []types.Value, w []int64) (types.Value, *sqlerr.Error) {
	var rows, count int64
	sum := new(big.Rat)
	seen := map[string]bool{}
	numeric := g.Func == plan.Sum || g.Func == plan.Sum0 || g.Func == plan.Avg
	for i, v := range vals {
		rows += w[i]
		if v.IsNull {
			continue
		}
		by := w[i]
		if g.Distinct {
			if seen[KeyText(v)] {
				continue
			}
			seen[KeyText(v)] = true
			by = 1
		}
		count += by
		if numeric {
			sum.Add(sum, new(big.Rat).Mul(rational(v), new(big.Rat).SetInt64(by)))
		}
	}
	switch {
	case g.Func == plan.CountStar:
		return types.IntValue(rows), nil
	case g.Func == plan.Count:
		return types.IntValue(count), nil
	case numeric && count == 0 && g.Func != plan.Sum0:
		return types.NullValue(g.Type), nil
	case numeric:
		return number(g, sum, count)
	case g.Func == plan.Single && rows > 1:
		return types.NullValue(g.Type), sqlerr.New(sqlerr.ErrSubqueryNo1Row, "more than one row")
	}
	return extreme(g, vals), nil
}

func number(g plan.Agg, sum *big.Rat, count int64) (types.Value, *sqlerr.Error) {
	out := types.Value{Type: g.Type}
	if g.Type.Kind.IsFloat() {
		out.F, _ = sum.Float64()
		if g.Func == plan.Avg {
			out.F /= float64(count)
		}
		return out, nil
	}
	if g.Func == plan.Avg {
		sum = new(big.Rat).Quo(sum, new(big.Rat).SetInt64(count))
	}
	if g.Type.Kind.IsInt() {
		out.I = sum.Num().Int64()
		return out, nil
	}
	s := sum.FloatString(int(g.Type.Scale)) // half away from zero
	digits := strings.TrimLeft(strings.ReplaceAll(s, ".", ""), "-0")
	if len(digits) > int(g.Type.Prec) {
		return types.NullValue(g.Type), sqlerr.New(sqlerr.ErrNumericOutOfRange, "%s is out of range", s)
	}
	d, _, scale, err := types.ParseDec(s)
	if err != nil {
		panic(err)
	}
	out.D, _ = d.Rescale(scale, int(g.Type.Scale))
	return out, nil
}

// extreme is MIN, MAX, First and Single.
func extreme(g plan.Agg, vals []types.Value) types.Value {
	best, bestText, found := types.NullValue(g.Type), "", false
	for _, v := range vals {
		text := CanonicalText(v)
		if g.Func == plan.Min || g.Func == plan.Max {
			if v.IsNull {
				continue
			}
			text = KeyText(v) + text
		}
		if !found || text < bestText && g.Func != plan.Max || text > bestText && g.Func == plan.Max {
			best, bestText, found = v, text, true
		}
	}
	return best
}

// rational returns a number exactly.
func rational(v types.Value) *big.Rat {
	switch {
	case v.Type.Kind.IsFloat():
		return new(big.Rat).SetFloat64(v.F)
	case v.Type.Kind == types.Decimal:
		x, ok := new(big.Rat).SetString(v.D.Text(int(v.Type.Scale)))
		if !ok {
			panic("not a number: " + v.D.Text(int(v.Type.Scale)))
		}
		return x
	case v.Type.Kind.IsUnsigned():
		return new(big.Rat).SetInt(new(big.Int).SetUint64(uint64(v.I)))
	}
	return new(big.Rat).SetInt64(v.I)
}

// KeyText returns the normalised key of one value, which orders and equals as
// the value does.
func KeyText(v types.Value) string {
	return string(zset.NormaliseValues([]types.Value{v}, zset.Cols(0), false).Bytes)
}

// CanonicalText returns the canonical bytes of one value.
func CanonicalText(v types.Value) string {
	b := zset.NewBatch([]types.Type{v.Type.WithNull(true)}, 1)
	b.AppendValues([]types.Value{v}, 1)
	return string(b.AppendCanonical(nil, 0, nil))
}
