package rel

import (
	"math"
	"math/bits"

	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// counts is COUNT(*) (rows) and COUNT(x).
type counts struct {
	rows bool
	n    []int64
}

func (c *counts) grow(n int)   { c.n = extend(c.n, n) }
func (c *counts) reset()       { c.n = c.n[:0] }
func (c *counts) bytes() int64 { return int64(cap(c.n) * 8) }

func (c *counts) update(groups []int32, v *zset.Vec, w []int64) {
	if c.rows || v.Valid == nil {
		addWeights(c.n, groups, w)
		return
	}
	for i, g := range groups {
		if g >= 0 && !v.IsNull(i) {
			c.n[g] += weight(w, i)
		}
	}
}

func (c *counts) merge(groups []int32, from acc) { addInts(c.n, groups, from.(*counts).n) }

func (c *counts) result(lo, hi int, dst *zset.Vec, _ func(int, *sqlerr.Error)) {
	for _, n := range c.n[lo:hi] {
		dst.AppendInt(n)
	}
}

func (c *counts) load(groups []int32, cols []zset.Vec) { addInts(c.n, groups, cols[0].I) }

func (c *counts) store(lo, hi int, cols []zset.Vec) {
	for _, n := range c.n[lo:hi] {
		cols[0].AppendInt(n)
	}
}

func addWeights(n []int64, groups []int32, w []int64) {
	if w != nil {
		addInts(n, groups, w)
		return
	}
	for _, g := range groups {
		if g >= 0 {
			n[g]++
		}
	}
}

func addInts(n []int64, groups []int32, add []int64) {
	for i, g := range groups {
		if g >= 0 {
			n[g] += add[i]
		}
	}
}

func weight(w []int64, i int) int64 {
	if w == nil {
		return 1
	}
	return w[i]
}

// sumState is the type in which the sum over an argument of type t is stored:
// the words of the exact sum as a decimal's, or a float expansion's bytes.
func sumState(t types.Type) types.Type {
	switch t.Phys() {
	case types.PhysFloat:
		return types.TypeBytes
	case types.PhysInt:
		return types.NewDecimal(38, int(t.Scale))
	}
	return types.NewDecimal(types.MaxPrec, int(t.Scale))
}

func newSum(g plan.Agg, arg types.Type) acc {
	out := sumResult{fn: g.Func, name: g.Name, t: g.Type}
	switch arg.Phys() {
	case types.PhysFloat:
		return &floatSums{out: out}
	case types.PhysInt:
		return &intSums{out: out, scale: scaleOf(arg), unsigned: arg.Kind.IsUnsigned()}
	}
	return &wideSums{out: out, scale: scaleOf(arg)}
}

func scaleOf(t types.Type) int {
	if t.Kind == types.Decimal {
		return int(t.Scale)
	}
	return 0
}

// sumResult turns an exact sum and its count into a SUM, Sum0 or AVG.
type sumResult struct {
	fn   plan.AggFunc
	name string
	t    types.Type
}

// none handles the groups without values.
func (o *sumResult) none(dst *zset.Vec, count int64) bool {
	if count != 0 || o.fn == plan.Sum0 {
		return false
	}
	dst.AppendNull()
	return true
}

func (o *sumResult) overflow(word string) *sqlerr.Error {
	return sqlerr.New(sqlerr.ErrNumericOutOfRange, "%s value is out of range in '%s'", word, o.name)
}

// exact appends the result of a decimal sum.
func (o *sumResult) exact(dst *zset.Vec, sum types.Dec, scale int, count int64) *sqlerr.Error {
	if o.none(dst, count) {
		return nil
	}
	switch {
	case o.t.Kind.IsFloat():
		f := sum.Float64(scale)
		if o.fn == plan.Avg {
			f /= float64(count)
		}
		dst.AppendFloat(f)
		return nil
	case o.t.Kind.IsUnsigned():
		if u, ok := sum.Uint64(scale); ok {
			dst.AppendInt(int64(u))
			return nil
		}
	case o.t.Kind.IsInt():
		if i, ok := sum.Int64(scale); ok {
			dst.AppendInt(i)
			return nil
		}
	default:
		d, ok := sum.Rescale(scale, int(o.t.Scale))
		if o.fn == plan.Avg {
			d, ok = types.DivDec(sum, scale, types.DecFromInt64(count), 0, int(o.t.Scale))
		}
		if ok && d.FitsPrec(int(o.t.Prec)) {
			dst.AppendDec(d)
			return nil
		}
	}
	dst.AppendNull()
	if o.t.Kind == types.Decimal {
		return o.overflow("DECIMAL")
	}
	return o.overflow("BIGINT")
}

// intSums sums what lies in one word. The sum takes two: no 2^63 rows of
// 64 bits exceed them.
type intSums struct {
	out      sumResult
	scale    int
	unsigned bool
	n        []int64
	sum      []uint64 // low and high word of each group
}

func (s *intSums) grow(n int)   { s.n, s.sum = extend(s.n, n), extend(s.sum, 2*n) }
func (s *intSums) reset()       { s.n, s.sum = s.n[:0], s.sum[:0] }
func (s *intSums) bytes() int64 { return int64(cap(s.n)*8 + cap(s.sum)*8) }

func (s *intSums) update(groups []int32, v *zset.Vec, w []int64) {
	if v.Valid == nil && w == nil && !s.unsigned {
		s.updatePlain(groups, v.I)
		return
	}
	for i, g := range groups {
		if g < 0 || v.IsNull(i) {
			continue
		}
		x, by := v.I[i], weight(w, i)
		hi, lo := bits.Mul64(uint64(x), uint64(by))
		if x < 0 && !s.unsigned {
			hi -= uint64(by)
		}
		if by < 0 {
			hi -= uint64(x)
		}
		s.add(g, lo, hi, by)
	}
}

func (s *intSums) updatePlain(groups []int32, vals []int64) {
	for i, g := range groups {
		if g >= 0 {
			x := vals[i]
			s.add(g, uint64(x), uint64(x>>63), 1)
		}
	}
}

func (s *intSums) add(g int32, lo, hi uint64, n int64) {
	s.n[g] += n
	sum := s.sum[2*g : 2*g+2 : 2*g+2]
	var c uint64
	sum[0], c = bits.Add64(sum[0], lo, 0)
	sum[1] += hi + c
}

func (s *intSums) merge(groups []int32, from acc) {
	o := from.(*intSums)
	for i, g := range groups {
		s.add(g, o.sum[2*i], o.sum[2*i+1], o.n[i])
	}
}

func (s *intSums) result(lo, hi int, dst *zset.Vec, fail func(int, *sqlerr.Error)) {
	for g := lo; g < hi; g++ {
		sum := types.DecFromWords(s.sum[2*g : 2*g+2])
		if err := s.out.exact(dst, sum, s.scale, s.n[g]); err != nil {
			fail(g, err)
		}
	}
}

func (s *intSums) load(groups []int32, cols []zset.Vec) {
	for i, g := range groups {
		if g >= 0 {
			s.add(g, cols[1].W[2*i], cols[1].W[2*i+1], cols[0].I[i])
		}
	}
}

func (s *intSums) store(lo, hi int, cols []zset.Vec) {
	for g := lo; g < hi; g++ {
		cols[0].AppendInt(s.n[g])
		cols[1].AppendDec(types.DecFromWords(s.sum[2*g : 2*g+2]))
	}
}

// wideSums sums decimals of more than 18 digits in four words. 65 digits take
// 217 bits, so 2^38 rows of the largest do not exceed them.
type wideSums struct {
	out   sumResult
	scale int
	n     []int64
	sum   []types.Dec
}

func (s *wideSums) grow(n int)   { s.n, s.sum = extend(s.n, n), extend(s.sum, n) }
func (s *wideSums) reset()       { s.n, s.sum = s.n[:0], s.sum[:0] }
func (s *wideSums) bytes() int64 { return int64(cap(s.n)*8 + cap(s.sum)*32) }

func (s *wideSums) update(groups []int32, v *zset.Vec, w []int64) {
	if v.Type.Phys() == types.PhysDec2 && v.Valid == nil && w == nil {
		s.updatePairs(groups, v.W)
		return
	}
	for i, g := range groups {
		if g >= 0 && !v.IsNull(i) {
			by := weight(w, i)
			s.add(g, timesWeight(v.Dec(i), by), by)
		}
	}
}

// updatePairs adds coefficients of two words, none NULL and all of weight 1.
func (s *wideSums) updatePairs(groups []int32, words []uint64) {
	for i, g := range groups {
		if g < 0 {
			continue
		}
		s.n[g]++
		hi := words[2*i+1]
		ext := uint64(int64(hi) >> 63)
		sum := &s.sum[g]
		var c uint64
		sum[0], c = bits.Add64(sum[0], words[2*i], 0)
		sum[1], c = bits.Add64(sum[1], hi, c)
		sum[2], c = bits.Add64(sum[2], ext, c)
		sum[3], _ = bits.Add64(sum[3], ext, c)
	}
}

func (s *wideSums) add(g int32, d types.Dec, n int64) {
	s.n[g] += n
	sum := &s.sum[g]
	var c uint64
	for k := range sum {
		sum[k], c = bits.Add64(sum[k], d[k], c)
	}
}

// timesWeight multiplies modulo 2^256.
func timesWeight(d types.Dec, w int64) types.Dec {
	if w == 1 {
		return d
	}
	u := uint64(w)
	if w < 0 {
		u = -u
	}
	var out types.Dec
	var over uint64
	for k, x := range d {
		hi, lo := bits.Mul64(x, u)
		var c uint64
		out[k], c = bits.Add64(lo, over, 0)
		over = hi + c
	}
	if w < 0 {
		c := uint64(1)
		for k := range out {
			out[k], c = bits.Add64(^out[k], 0, c)
		}
	}
	return out
}

func (s *wideSums) merge(groups []int32, from acc) {
	o := from.(*wideSums)
	for i, g := range groups {
		s.add(g, o.sum[i], o.n[i])
	}
}

func (s *wideSums) result(lo, hi int, dst *zset.Vec, fail func(int, *sqlerr.Error)) {
	for g := lo; g < hi; g++ {
		if err := s.out.exact(dst, s.sum[g], s.scale, s.n[g]); err != nil {
			fail(g, err)
		}
	}
}

func (s *wideSums) load(groups []int32, cols []zset.Vec) {
	for i, g := range groups {
		if g >= 0 {
			s.add(g, cols[1].Dec(i), cols[0].I[i])
		}
	}
}

func (s *wideSums) store(lo, hi int, cols []zset.Vec) {
	for g := lo; g < hi; g++ {
		cols[0].AppendInt(s.n[g])
		cols[1].AppendDec(s.sum[g])
	}
}

// floatSums sums floats in expansions.
type floatSums struct {
	out sumResult
	n   []int64
	x   expansions
	buf []byte
}

func (s *floatSums) grow(n int) {
	s.n = extend(s.n, n)
	s.x.grow(n)
}

func (s *floatSums) reset() {
	s.n = s.n[:0]
	s.x.reset()
}

func (s *floatSums) bytes() int64 { return int64(cap(s.n)*8) + s.x.bytes() }

func (s *floatSums) update(groups []int32, v *zset.Vec, w []int64) {
	for i, g := range groups {
		if g >= 0 && !v.IsNull(i) {
			by := weight(w, i)
			s.n[g] += by
			s.x.add(g, v.F[i], by)
		}
	}
}

func (s *floatSums) merge(groups []int32, from acc) {
	o := from.(*floatSums)
	for i, g := range groups {
		s.n[g] += o.n[i]
		s.buf = o.x.appendState(s.buf[:0], i)
		s.x.addState(g, s.buf)
	}
}

func (s *floatSums) result(lo, hi int, dst *zset.Vec, fail func(int, *sqlerr.Error)) {
	for g := lo; g < hi; g++ {
		if s.out.none(dst, s.n[g]) {
			continue
		}
		f := s.x.round(g)
		if math.IsInf(f, 0) && !s.x.hasSpecials(g) {
			dst.AppendNull()
			fail(g, s.out.overflow("DOUBLE"))
			continue
		}
		if s.out.fn == plan.Avg {
			f /= float64(s.n[g])
		}
		dst.AppendFloat(f)
	}
}

func (s *floatSums) load(groups []int32, cols []zset.Vec) {
	for i, g := range groups {
		if g >= 0 {
			s.n[g] += cols[0].I[i]
			s.x.addState(g, cols[1].Bytes(i))
		}
	}
}

func (s *floatSums) store(lo, hi int, cols []zset.Vec) {
	for g := lo; g < hi; g++ {
		cols[0].AppendInt(s.n[g])
		s.buf = s.x.appendState(s.buf[:0], g)
		cols[1].AppendBytes(s.buf)
	}
}
