package rel

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// expansions are exact sums of float64, one per group, so that a sum depends
// on the multiset of its terms and not on their order, and a term can be
// taken back.
//
// A sum is an integer multiple of 2^-1074, the smallest float64, held as a
// two's complement number in a window of 64-bit limbs: limb i of the window
// stands for 2^(64*(base+i)). Terms of like size touch two or three limbs; a
// window grows at either end when a term or a carry asks for it.
//
// Invariant: the number lies in [-2^(64n-2), 2^(64n-2)) for a window of n
// limbs, so that a term within the window never overflows it.
//
// NaN and the infinities are counted beside the sum.
type expansions struct {
	heads []window
	limbs []uint64 // the windows' arena
	odd   []specials
}

type window struct {
	off          uint32
	base, n, cap uint8
}

// specials counts the terms that are no numbers. The list of them is as long
// as the heads, or nil while there are none.
type specials struct{ nan, pos, neg int64 }

// maxLimbs is what the whole range takes: 2,098 bits, 63 of a weight, and room.
const maxLimbs = 40

func (x *expansions) grow(n int) {
	for len(x.heads) < n {
		x.heads = append(x.heads, window{})
	}
	if x.odd != nil {
		x.odd = append(x.odd, make([]specials, n-len(x.odd))...)
	}
}

func (x *expansions) reset() {
	x.heads, x.limbs, x.odd = x.heads[:0], x.limbs[:0], nil
}

func (x *expansions) bytes() int64 {
	return int64(cap(x.heads)*8 + cap(x.limbs)*8 + cap(x.odd)*24)
}

func (x *expansions) special(g int32) *specials {
	if x.odd == nil {
		x.odd = make([]specials, len(x.heads))
	}
	return &x.odd[g]
}

// hasSpecials tells whether a term that is no number is in the sum of group g.
func (x *expansions) hasSpecials(g int) bool { return x.odd != nil && x.odd[g] != (specials{}) }

// add adds w times v to the sum of group g.
func (x *expansions) add(g int32, v float64, w int64) {
	b := math.Float64bits(v)
	exp, m := int(b>>52)&0x7ff, b&(1<<52-1)
	switch {
	case exp == 0x7ff:
		x.addSpecial(g, v, w)
		return
	case exp != 0:
		m |= 1 << 52
		exp--
	}
	if m == 0 || w == 0 {
		return
	}
	neg := v < 0
	u := uint64(w)
	if w < 0 {
		neg, u = !neg, -u
	}
	hi, lo := bits.Mul64(m, u)
	width := 3
	if hi == 0 && lo < 1<<62 {
		width = 2
	}
	limb, sh := exp>>6, uint(exp&63)
	var term [3]uint64
	term[0] = lo << sh
	term[1] = lo>>(64-sh) | hi<<sh
	term[2] = hi >> (64 - sh)
	if neg {
		var c uint64
		term[0], c = bits.Add64(^term[0], 1, 0)
		term[1], c = bits.Add64(^term[1], 0, c)
		term[2] = ^term[2] + c
	}
	x.addLimbs(g, limb, term[:width])
}

func (x *expansions) addSpecial(g int32, v float64, w int64) {
	s := x.special(g)
	switch {
	case v != v:
		s.nan += w
	case v > 0:
		s.pos += w
	default:
		s.neg += w
	}
}

// addLimbs adds a two's complement term whose lowest limb stands at limb. The
// term is within a quarter of what its limbs hold.
func (x *expansions) addLimbs(g int32, limb int, term []uint64) {
	h := &x.heads[g]
	if h.n == 0 || limb < int(h.base) || limb+len(term) > int(h.base)+int(h.n) {
		x.cover(h, limb, limb+len(term))
	}
	win := x.limbs[h.off : h.off+uint32(h.n)]
	sum := win[limb-int(h.base):]
	var c uint64
	for i, t := range term {
		sum[i], c = bits.Add64(sum[i], t, c)
	}
	ext := uint64(int64(term[len(term)-1]) >> 63)
	for i := len(term); i < len(sum) && ext+c != 0; i++ {
		sum[i], c = bits.Add64(sum[i], ext, c)
	}
	if top := win[len(win)-1]; top+1<<62 >= 1<<63 {
		x.cover(h, int(h.base), int(h.base)+int(h.n)+1)
	}
}

// cover widens the window to take in the limbs lo..hi-1.
func (x *expansions) cover(h *window, lo, hi int) {
	if h.n == 0 {
		h.base = uint8(lo)
	}
	lo, hi = min(lo, int(h.base)), max(hi, int(h.base)+int(h.n))
	n, below := hi-lo, int(h.base)-lo
	old := x.limbs[h.off : h.off+uint32(h.n)]
	var ext uint64
	if len(old) > 0 {
		ext = uint64(int64(old[len(old)-1]) >> 63)
	}
	if n > int(h.cap) {
		room := n + 1
		off := len(x.limbs)
		for range room {
			x.limbs = append(x.limbs, 0)
		}
		h.off, h.cap = uint32(off), uint8(room)
	}
	win := x.limbs[h.off : h.off+uint32(n)]
	copy(win[below:], old)
	clear(win[:below])
	for i := below + len(old); i < n; i++ {
		win[i] = ext
	}
	h.base, h.n = uint8(lo), uint8(n)
}

// round returns the sum of group g as the nearest float64, ties to even; it
// is infinite beyond the range.
func (x *expansions) round(g int) float64 {
	if x.odd != nil {
		switch s := x.odd[g]; {
		case s.nan != 0 || s.pos != 0 && s.neg != 0:
			return math.NaN()
		case s.pos != 0:
			return math.Inf(1)
		case s.neg != 0:
			return math.Inf(-1)
		}
	}
	h := x.heads[g]
	var mag [maxLimbs]uint64
	win := mag[:copy(mag[:], x.limbs[h.off:h.off+uint32(h.n)])]
	neg := len(win) > 0 && int64(win[len(win)-1]) < 0
	if neg {
		c := uint64(1)
		for i := range win {
			win[i], c = bits.Add64(^win[i], 0, c)
		}
	}
	f := roundLimbs(win, int(h.base)*64-1074)
	if neg {
		return -f
	}
	return f
}

// roundLimbs rounds the unsigned number win times 2^exp. No bit below 2^-1074
// is ever set, so a number of at most 53 bits is exact.
func roundLimbs(win []uint64, exp int) float64 {
	top := len(win) - 1
	for top >= 0 && win[top] == 0 {
		top--
	}
	if top < 0 {
		return 0
	}
	length := top*64 + bits.Len64(win[top])
	if length <= 53 {
		return math.Ldexp(float64(win[0]), exp)
	}
	cut := length - 53
	at, sh := cut>>6, uint(cut&63)
	m := win[at] >> sh
	if at < top {
		m |= win[at+1] << (64 - sh)
	}
	half := cut - 1
	if win[half>>6]>>(half&63)&1 == 1 && (m&1 == 1 || anyBelow(win, half)) {
		m++
	}
	return math.Ldexp(float64(m), exp+cut)
}

// anyBelow tells whether a bit below position bit is set.
func anyBelow(win []uint64, bit int) bool {
	for i := range bit >> 6 {
		if win[i] != 0 {
			return true
		}
	}
	return win[bit>>6]&(1<<(bit&63)-1) != 0
}

// The stored form of a sum, one for each value: nothing for zero, else
//
//	uvarint  2*p, plus 1 when specials follow
//	varint   x3, NaN, +Inf, -Inf: only with specials
//	bytes    two's complement, least significant first, without the p zero
//	         bytes below and without superfluous sign bytes above
func (x *expansions) appendState(dst []byte, g int) []byte {
	h := x.heads[g]
	var raw [maxLimbs * 8]byte
	for i, w := range x.limbs[h.off : h.off+uint32(h.n)] {
		binary.LittleEndian.PutUint64(raw[8*i:], w)
	}
	b := raw[:8*int(h.n)]
	p := 0
	for p < len(b) && b[p] == 0 {
		p++
	}
	b = b[p:]
	for len(b) > 1 && b[len(b)-1] == byte(int8(b[len(b)-2])>>7) {
		b = b[:len(b)-1]
	}
	pos := uint64(0)
	if len(b) > 0 {
		pos = uint64(8*int(h.base) + p)
	}
	if x.hasSpecials(g) {
		s := x.odd[g]
		dst = binary.AppendUvarint(dst, 2*pos+1)
		dst = binary.AppendVarint(dst, s.nan)
		dst = binary.AppendVarint(dst, s.pos)
		dst = binary.AppendVarint(dst, s.neg)
	} else if len(b) > 0 {
		dst = binary.AppendUvarint(dst, 2*pos)
	}
	return append(dst, b...)
}

// addState adds a stored sum to that of group g.
func (x *expansions) addState(g int32, b []byte) {
	if len(b) == 0 {
		return
	}
	pos, n := binary.Uvarint(b)
	b = b[n:]
	if pos&1 == 1 {
		s := x.special(g)
		for _, to := range []*int64{&s.nan, &s.pos, &s.neg} {
			v, n := binary.Varint(b)
			*to += v
			b = b[n:]
		}
	}
	if len(b) == 0 {
		return
	}
	// One limb more than the bytes take keeps the term within a quarter.
	at := int(pos >> 1)
	var raw [maxLimbs * 8]byte
	size := (at&7 + len(b) + 7) / 8 * 8
	copy(raw[at&7:], b)
	ext := byte(int8(b[len(b)-1]) >> 7)
	for i := at&7 + len(b); i < size+8; i++ {
		raw[i] = ext
	}
	var term [maxLimbs]uint64
	limbs := size/8 + 1
	for i := range limbs {
		term[i] = binary.LittleEndian.Uint64(raw[8*i:])
	}
	x.addLimbs(g, at>>3, term[:limbs])
}
