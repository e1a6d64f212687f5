package arrange

import (
	"github.com/weirdb/weir/zset"
)

// Cursor walks rows in order of (key, canonical row), or in the reverse
// order. It belongs to one goroutine. The zero Cursor has no rows until Reset.
type Cursor struct {
	sh      *shape
	reverse bool
	m       merger // for its inputs, picks (as holder of blocks) and ties
	chunk   int32
	at      int
	w       int64
	err     error
}

// Cursor returns a cursor before the first row within r, or, with reverse,
// one behind the last row that walks backwards. It is cheap to open; Close it.
func (s *Snap) Cursor(r zset.Range, reverse bool) *Cursor {
	c := &Cursor{}
	c.Reset(s, r, reverse)
	return c
}

// Reset closes the cursor and opens it anew on s, as Snap.Cursor does, with
// the memory it has. The keys of r must not change before Close.
func (c *Cursor) Reset(s *Snap, r zset.Range, reverse bool) {
	c.Close()
	c.sh, c.reverse = s.sh, reverse
	c.m.sh, c.m.newest = s.sh, s.sh.Unique
	if c.err = s.sh.checkRange(r); c.err != nil {
		return
	}
	st := s.st.Load()
	for _, run := range st.runs {
		c.m.in = append(c.m.in, input{})
		k := len(c.m.in) - 1
		if c.err = c.m.in[k].openRun(&c.m.picks, run, r, reverse); c.err != nil {
			return
		}
		if !c.m.in[k].live() {
			c.m.in = c.m.in[:k]
		}
	}
	if st.tail.rows.N > 0 {
		c.m.in = append(c.m.in, input{})
		k := len(c.m.in) - 1
		c.m.in[k].openTail(&c.m.picks, st.tail, r, reverse)
		if !c.m.in[k].live() {
			c.m.in = c.m.in[:k]
		}
	}
}

// Next moves to the next row and tells whether there is one.
func (c *Cursor) Next() bool {
	for c.err == nil && len(c.m.in) > 0 {
		if len(c.m.picks.chunks) > 2*len(c.m.in) {
			c.m.picks.keep(c.m.in)
		}
		c.ties()
		c.w = 0
		if c.m.newest {
			c.err = c.settleKey()
		} else {
			c.err = c.settleRow()
		}
		c.m.drop()
		if c.w > 0 || c.w < 0 && !c.m.newest {
			return c.err == nil
		}
	}
	return false
}

// ties notes the inputs that stand at the next key.
func (c *Cursor) ties() {
	m := &c.m
	m.tied = append(m.tied[:0], 0)
	best := &m.in[0]
	for i := 1; i < len(m.in); i++ {
		in := &m.in[i]
		d := in.keys.Compare(in.head(), best.keys, best.head())
		if c.reverse {
			d = -d
		}
		switch {
		case d < 0:
			best = in
			m.tied = append(m.tied[:0], i)
		case d == 0:
			m.tied = append(m.tied, i)
		}
	}
}

// settleKey takes the row that the newest of the tied inputs adds and passes
// their key in all of them.
func (c *Cursor) settleKey() error {
	m := &c.m
	newest := m.tied[len(m.tied)-1]
	key := keyAt(m.in[newest].keys, m.in[newest].head())
	for _, i := range m.tied {
		in := &m.in[i]
		decided := false
		for in.live() && matches(in.keys, in.head(), key) {
			if i == newest && !decided {
				c.chunk, c.at = in.chunk, in.head()
				c.w = in.rows.Weight(c.at)
				// In a run the other row of the key may be the one that
				// comes. In a tail the latest counts: backwards it is the
				// first met, forwards the last.
				decided = c.w > 0 && in.perm == nil || c.reverse && in.perm != nil
			}
			if err := in.skip(&m.picks, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// settleRow takes the next of the tied inputs' rows and sums its weights.
func (c *Cursor) settleRow() error {
	m := &c.m
	first := &m.in[m.tied[0]]
	n := 1
	for _, i := range m.tied[1:] {
		in := &m.in[i]
		d := c.sh.compareRest(in.rows, in.head(), first.rows, first.head())
		if c.reverse {
			d = -d
		}
		switch {
		case d < 0:
			first, n = in, 1
			m.tied[0] = i
		case d == 0:
			m.tied[n] = i
			n++
		}
	}
	c.chunk, c.at = first.chunk, first.head()
	rows, keys := first.rows, first.keys
	for _, i := range m.tied[:n] {
		in := &m.in[i]
		for {
			c.w += in.rows.Weight(in.head())
			if err := in.skip(&m.picks, 1); err != nil {
				return err
			}
			// Only a tail may have the row several times.
			if in.perm == nil || !in.live() || !in.keys.Equal(in.head(), keys, c.at) ||
				c.sh.compareRest(in.rows, in.head(), rows, c.at) != 0 {
				break
			}
		}
	}
	return nil
}

// Key returns the row's key, borrowed until the next call of Next.
func (c *Cursor) Key() zset.Key { return keyAt(c.m.picks.chunks[c.chunk].keys, c.at) }

// Row returns a batch of all columns and the row's position in it, both
// borrowed until the next call of Next. The weights of the batch mean nothing.
func (c *Cursor) Row() (*zset.Batch, int) { return c.m.picks.chunks[c.chunk].rows, c.at }

// Weight returns the row's weight, never 0.
func (c *Cursor) Weight() int64 { return c.w }

// Err returns the fault that ended the walk, if one did.
func (c *Cursor) Err() error { return c.err }

// Close ends the walk. It may be called again.
func (c *Cursor) Close() { c.m.close() }
