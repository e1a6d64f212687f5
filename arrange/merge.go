package arrange

import (
	"bytes"

	"github.com/weirdb/weir/internal/invariant"
	"github.com/weirdb/weir/zset"
)

// merger walks several segments of one lane as one, forwards, and picks their
// rows in order of (key, canonical row).
//
// In newest mode, for reads of Unique lanes, the newest segment that has a
// key settles it: its row of positive weight is picked, if there is one. Else
// equal rows are summed, and picked when the sum is not 0.
//
// The usual row lies in one segment alone, between keys of the others. So
// step finds the least key, and the second least as a bound, and picks all
// rows of the first segment below the bound at once; only equal keys in two
// segments are looked at one by one.
type merger struct {
	sh        *shape
	in        []input // oldest first
	newest    bool
	share     bool
	whole     int // set by fill: the input that stands before a block to share, or -1
	picks     picks
	heads     []int64 // scratch: the next key of each input
	byteHeads [][]byte
	tied      []int    // scratch: the inputs with the least key
	bound     zset.Key // scratch: the least key of the others
}

// open makes m walk the rows of st within rg.
func (m *merger) open(sh *shape, st *state, rg zset.Range) error {
	m.sh, m.newest = sh, sh.Unique
	m.in = m.in[:0]
	for _, r := range st.runs {
		if err := m.addRun(r, rg); err != nil {
			return err
		}
	}
	m.addTail(st.tail, rg)
	return nil
}

func (m *merger) addRun(r *run, rg zset.Range) error {
	m.in = append(m.in, input{})
	k := len(m.in) - 1
	err := m.in[k].openRun(&m.picks, r, rg, false)
	if !m.in[k].live() {
		m.in = m.in[:k]
	}
	return err
}

func (m *merger) addTail(t *tail, rg zset.Range) {
	if t.rows.N == 0 {
		return
	}
	m.in = append(m.in, input{})
	k := len(m.in) - 1
	m.in[k].openTail(&m.picks, t, rg, false)
	if !m.in[k].live() {
		m.in = m.in[:k]
	}
}

// close forgets the inputs and releases all blocks.
func (m *merger) close() {
	clear(m.in)
	m.in = m.in[:0]
	clear(m.byteHeads)
	m.bound = zset.Key{}
	m.picks.clear()
}

// done tells whether nothing is ahead.
func (m *merger) done() bool { return len(m.in) == 0 }

// maxChunks is how many chunks, and so blocks, picks hold before they are
// used, however few rows were picked from them.
const maxChunks = 1024

// fill picks rows until room are picked in all, or nothing is ahead, or the
// picks hold many chunks; it may pick none and not be done. When alone > 0 it stops before a piece of at least so many rows of one run, or
// after it when it is the first: such a piece is better used as it lies. When
// share is set it stops before a block that is the next piece as a whole, and
// sets whole to its input.
func (m *merger) fill(room, alone int) error {
	m.whole = -1
	for m.picks.n < room && len(m.in) > 0 && len(m.picks.chunks) < maxChunks {
		if len(m.in) > 1 {
			m.sprint(room)
		}
		if m.picks.n == room {
			break
		}
		i, tie, bound := m.least()
		if tie {
			if err := m.settle(); err != nil {
				return err
			}
			continue
		}
		in := &m.in[i]
		n := in.end - in.pos
		if bound != nil {
			n = in.below(*bound)
		}
		if in.perm != nil {
			if err := m.fromTail(i, n, room); err != nil {
				return err
			}
			continue
		}
		if m.share && n == in.rows.N && n >= m.sh.block/shareFull &&
			(m.picks.n == 0 || m.picks.n >= m.sh.block/leaveFull) {
			m.whole = i
			return nil
		}
		n = min(n, room-m.picks.n)
		long := alone > 0 && n >= alone
		if long && m.picks.n > 0 {
			return nil
		}
		if err := m.fromRun(i, n); err != nil || long {
			return err
		}
	}
	return nil
}

// sprintRows is the longest piece that sprint picks.
const sprintRows = 64

// sprint is what fill does where rows of runs lie mixed, in a tight loop. It
// stops before whatever is not the usual: equal keys, the end of a window, a
// long piece, a tail's row.
func (m *merger) sprint(room int) {
	if m.sh.isInt {
		m.sprintInt(room)
	} else {
		m.sprintBytes(room)
	}
}

// plain returns how many rows of in sprint may pick: it stops before the last.
func (m *merger) plain(in *input, room int) int {
	if in.perm != nil {
		return 0
	}
	return min(in.end-in.pos-1, sprintRows, room-m.picks.n)
}

func (m *merger) sprintInt(room int) {
	heads := m.heads[:0]
	for i := range m.in {
		in := &m.in[i]
		heads = append(heads, in.keys.Int[in.at(in.pos)])
	}
	m.heads = heads
	for m.picks.n < room {
		at, best, second := 0, heads[0], int64(maxInt)
		for i := 1; i < len(heads); i++ {
			k := heads[i]
			if k < best {
				at, best, second = i, k, best
			} else if k < second {
				second = k
			}
		}
		if best == second {
			return
		}
		in := &m.in[at]
		n, most := 1, m.plain(in, room)
		ahead := in.keys.Int[in.pos:in.end]
		for n < most && ahead[n] < second {
			n++
		}
		if n >= most {
			return
		}
		m.picks.rows(in.chunk, in.pos, n)
		in.pos += n
		heads[at] = ahead[n]
	}
}

func (m *merger) sprintBytes(room int) {
	heads := m.byteHeads[:0]
	for i := range m.in {
		in := &m.in[i]
		heads = append(heads, keyAt(in.keys, in.at(in.pos)).Bytes)
	}
	m.byteHeads = heads
	for m.picks.n < room {
		at, second := 0, -1
		for i := 1; i < len(heads); i++ {
			switch c := bytes.Compare(heads[i], heads[at]); {
			case c == 0:
				return // equal to the least so far; if not least of all, the slow way finds out
			case c < 0:
				at, second = i, at
			case second < 0 || bytesBelow(heads[i], heads[second]):
				second = i
			}
		}
		in := &m.in[at]
		n, most := 1, m.plain(in, room)
		for n < most && bytesBelow(keyAt(in.keys, in.pos+n).Bytes, heads[second]) {
			n++
		}
		if n >= most {
			return
		}
		m.picks.rows(in.chunk, in.pos, n)
		in.pos += n
		heads[at] = keyAt(in.keys, in.pos).Bytes
	}
}

// skip moves input i over n rows of its window and drops it at its end.
func (m *merger) skip(i, n int) error {
	err := m.in[i].skip(&m.picks, n)
	if !m.in[i].live() {
		m.in = append(m.in[:i], m.in[i+1:]...)
	}
	return err
}

// least returns the input with the least key, whether others have the same
// one (all are then in tied), and else the least key of the others.
func (m *merger) least() (at int, tie bool, bound *zset.Key) {
	if len(m.in) == 1 {
		return 0, false, nil
	}
	if m.sh.isInt {
		return m.leastInt()
	}
	return m.leastBytes()
}

func (m *merger) leastInt() (at int, tie bool, bound *zset.Key) {
	in := &m.in[0]
	best, second := in.keys.Int[in.at(in.pos)], int64(0)
	has := false
	for i := 1; i < len(m.in); i++ {
		in := &m.in[i]
		k := in.keys.Int[in.at(in.pos)]
		switch {
		case k < best:
			at, best, second, has = i, k, best, true
		case !has || k < second:
			second, has = k, true
		}
	}
	if best != second {
		m.bound = zset.Key{IsInt: true, Int: second}
		return at, false, &m.bound
	}
	m.tied = m.tied[:0]
	for i := range m.in {
		if in := &m.in[i]; in.keys.Int[in.at(in.pos)] == best {
			m.tied = append(m.tied, i)
		}
	}
	return at, true, nil
}

func (m *merger) leastBytes() (at int, tie bool, bound *zset.Key) {
	best := keyAt(m.in[0].keys, m.in[0].at(m.in[0].pos)).Bytes
	var second []byte
	has := false
	m.tied = append(m.tied[:0], 0)
	for i := 1; i < len(m.in); i++ {
		in := &m.in[i]
		k := keyAt(in.keys, in.at(in.pos)).Bytes
		switch c := bytes.Compare(k, best); {
		case c == 0:
			m.tied = append(m.tied, i)
		case c < 0:
			second, has = best, true
			at, best = i, k
			m.tied = append(m.tied[:0], i)
		case !has || bytes.Compare(k, second) < 0:
			second, has = k, true
		}
	}
	if len(m.tied) > 1 {
		return at, true, nil
	}
	m.bound = zset.Key{Bytes: second}
	return at, false, &m.bound
}

// fromRun picks the next n rows of input i, a run, whose keys no other input
// has. In a Unique lane they are all there: a row that goes would have met, in
// an older segment, the one that came.
func (m *merger) fromRun(i, n int) error {
	in := &m.in[i]
	m.picks.rows(in.chunk, in.pos, n)
	invariant.Check(!m.newest || !m.picks.mixed, "a unique lane has a row of another weight than 1")
	return m.skip(i, n)
}

// fromTail picks from the next n rows of input i, a tail, as far as there is
// room.
func (m *merger) fromTail(i, n, room int) error {
	in := &m.in[i]
	done := 0
	for done < n && m.picks.n < room {
		at, w, same := m.tailRow(in, in.pos+done)
		m.pick(in, at, w)
		done += same
	}
	return m.skip(i, done)
}

// pick picks a row of weight w if it counts.
func (m *merger) pick(in *input, at int, w int64) {
	if w > 0 || w < 0 && !m.newest {
		m.picks.row(in.chunk, at, w)
	}
}

// tailRow returns the row of a tail that stands at position i, its weight,
// and how many positions are settled with it: in newest mode all of its key,
// of which the last counts; else all of its equals.
func (m *merger) tailRow(in *input, i int) (at int, w int64, n int) {
	at = in.at(i)
	w = in.rows.W[at]
	for n = 1; i+n < in.end; n++ {
		next := in.at(i + n)
		if !in.keys.Equal(at, in.keys, next) {
			break
		}
		if m.newest {
			at, w = next, in.rows.W[next]
			continue
		}
		if m.sh.compareRest(in.rows, at, in.rows, next) != 0 {
			break
		}
		w += in.rows.W[next]
	}
	return at, w, n
}

// settle picks what the tied inputs say together: in newest mode all about
// their key, else about the least of their rows.
func (m *merger) settle() error {
	if m.newest {
		return m.settleKey()
	}
	return m.settleRow()
}

func (m *merger) settleKey() error {
	newest := m.tied[len(m.tied)-1]
	in := &m.in[newest]
	key := keyAt(in.keys, in.head())
	for k := len(m.tied) - 1; k >= 0; k-- {
		i := m.tied[k]
		for in := &m.in[i]; in.live() && matches(in.keys, in.head(), key); {
			at, w, n := in.head(), int64(0), 1
			if in.perm != nil {
				at, w, n = m.tailRow(in, in.pos)
			} else {
				w = in.rows.Weight(at)
			}
			if i == newest {
				m.pick(in, at, w)
			}
			if err := in.skip(&m.picks, n); err != nil {
				return err
			}
		}
	}
	m.drop()
	return nil
}

func (m *merger) settleRow() error {
	best := &m.in[m.tied[0]]
	n := 1 // tied[:n] have the least row
	for k := 1; k < len(m.tied); k++ {
		in := &m.in[m.tied[k]]
		switch c := m.sh.compareRest(in.rows, in.head(), best.rows, best.head()); {
		case c < 0:
			best, n = in, 1
			m.tied[0] = m.tied[k]
		case c == 0:
			m.tied[n] = m.tied[k]
			n++
		}
	}
	chunk, at, sum := best.chunk, best.head(), int64(0)
	for _, i := range m.tied[:n] {
		in := &m.in[i]
		w, same := int64(0), 1
		if in.perm != nil {
			_, w, same = m.tailRow(in, in.pos)
		} else {
			w = in.rows.Weight(in.pos)
		}
		sum += w
		if err := in.skip(&m.picks, same); err != nil {
			return err
		}
	}
	if sum != 0 {
		m.picks.row(chunk, at, sum)
	}
	m.drop()
	return nil
}

// drop removes the inputs with nothing ahead.
func (m *merger) drop() {
	n := 0
	for i := range m.in {
		if !m.in[i].live() {
			continue
		}
		if n < i { // an input is large: do not copy it onto itself
			m.in[n] = m.in[i]
		}
		n++
	}
	m.in = m.in[:n]
}
