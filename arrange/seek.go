package arrange

import (
	"github.com/weirdb/weir/zset"
)

// A Seek takes seekChunk probes at a time through three loops: find the blocks,
// ask their filters, look into the blocks. The memory that the next one needs
// is read in between, many probes at once, so that their cache misses overlap.
const seekChunk = 128

// seekScratch is what a Seek keeps from probe to probe.
type seekScratch struct {
	probe  []int32 // of each picked row
	key    zset.Key
	hashes [seekChunk]uint64
	lanes  [seekChunk]int32 // of each probe's key
	blocks []int32          // per probe and run of its lane: where the key may be, or -1
	stride int              // runs per probe in blocks
	tails  []int32          // per lane: its tail's chunk, or -1

	cold     []*uint64 // what is to be read next
	coldKeys []*int64
	warmed   uint64 // keeps the compiler from leaving the reads out
}

// Seek emits the rows whose key begins with one of keys, which are normalised
// over the first prefix columns of the key, in any order. probe[i] is the
// position in keys that row i of the batch answers; the order of positions
// ascends, and the rows of one probe are in order of (key, canonical row).
// Keys have the form of Schema.IntKey.
func (s *Snap) Seek(keys *zset.Keys, prefix int, cols []int, emit func(probe []int32, b *zset.Batch) error) error {
	return seek(s.sh, []*state{s.st.Load()}, keys, prefix, cols, emit)
}

// seek is Seek over the lanes of an arrangement.
func seek(sh *shape, lanes []*state, keys *zset.Keys, prefix int, cols []int, emit func(probe []int32, b *zset.Batch) error) error {
	if keys.Len() == 0 {
		return nil
	}
	if err := sh.checkForm(keys.IsInt()); err != nil {
		return err
	}
	rd := newReader()
	defer rd.release()
	rd.begin(sh, lanes)
	for lo := 0; lo < keys.Len(); lo += seekChunk {
		hi := min(lo+seekChunk, keys.Len())
		if prefix == len(sh.Key) {
			for p := lo; p < hi; p++ {
				h, lane := keys.Hash(p), 0
				if len(lanes) > 1 {
					lane = LaneOf(h, len(lanes))
				}
				rd.hashes[p-lo], rd.lanes[p-lo] = h, int32(lane)
				rd.locate(p-lo, lanes[lane], keyAt(keys, p), h)
			}
			rd.warm()
			for p := lo; p < hi; p++ {
				rd.sift(p-lo, lanes[rd.lanes[p-lo]], keyAt(keys, p))
			}
			rd.warm()
		}
		for p := lo; p < hi; p++ {
			rd.key = keyAt(keys, p)
			if prefix == len(sh.Key) {
				lane := int(rd.lanes[p-lo])
				if err := rd.seekKey(lanes[lane], lane, p-lo); err != nil {
					return err
				}
				if err := rd.answer(p, cols, emit); err != nil {
					return err
				}
				continue
			}
			for lane, st := range lanes {
				if err := rd.seekPrefix(st, lane); err != nil {
					return err
				}
				if err := rd.answer(p, cols, emit); err != nil {
					return err
				}
			}
		}
	}
	return rd.flush(cols, emit)
}

// begin readies r for probes in lanes.
func (r *reader) begin(sh *shape, lanes []*state) {
	r.m.sh, r.m.newest = sh, sh.Unique
	r.probe = r.probe[:0]
	r.stride = 0
	for _, st := range lanes {
		r.stride = max(r.stride, len(st.runs))
	}
	r.blocks = resize(r.blocks, r.stride*seekChunk)
	r.tails = resize(r.tails, len(lanes))
	r.forgetTails()
	r.m.picks.empty()
}

func (r *reader) forgetTails() {
	for i := range r.tails {
		r.tails[i] = -1
	}
}

// locate notes, for probe i of the chunk, the block of each run of st in which
// the whole key would be, and what of its filter to warm.
func (r *reader) locate(i int, st *state, key zset.Key, hash uint64) {
	at := r.blocks[i*r.stride : (i+1)*r.stride]
	for j, run := range st.runs {
		at[j] = -1
		if b, ok := run.locate(key); ok {
			at[j] = int32(b)
			if f := run.blocks[b].filter; f != nil {
				r.cold = append(r.cold, f.word(hash))
			}
		}
	}
}

// sift drops what the filters exclude of what locate noted, and notes to warm
// the place where the newest block that is left will have the key.
func (r *reader) sift(i int, st *state, key zset.Key) {
	at := r.blocks[i*r.stride : (i+1)*r.stride]
	newest := -1
	for j, run := range st.runs {
		if at[j] >= 0 && run.blocks[at[j]].filter.has(r.hashes[i]) {
			newest = j
		} else {
			at[j] = -1
		}
	}
	if newest < 0 || !key.IsInt {
		return
	}
	run, b := st.runs[newest], at[newest]
	if blk := run.blocks[b].handle.Resident(); blk != nil {
		r.coldKeys = append(r.coldKeys, &blk.Keys.Int[guess(blk.Rows.N, run.first.Int[b], run.last.Int[b], key.Int)])
	}
}

// warm reads what was noted, in loops so short that many reads are under way
// at once.
func (r *reader) warm() {
	sum := uint64(0)
	for _, p := range r.cold {
		sum += *p
	}
	for _, p := range r.coldKeys {
		sum += uint64(*p)
	}
	r.warmed = sum
	r.cold, r.coldKeys = r.cold[:0], r.coldKeys[:0]
}

// seekKey picks the rows with the whole key r.key, probe i of the chunk; if
// the merger is not done, more are to come from it.
func (r *reader) seekKey(st *state, lane, i int) error {
	if r.m.newest {
		return r.seekRow(st, lane, i)
	}
	for j, run := range st.runs {
		if b := r.blocks[i*r.stride+j]; b >= 0 {
			if err := r.addKey(run, int(b)); err != nil {
				return err
			}
		}
	}
	r.addTailKey(st)
	return r.m.fill(zset.MaxRows, 0)
}

// seekPrefix picks the rows whose key begins with r.key, as seekKey does.
func (r *reader) seekPrefix(st *state, lane int) error {
	for _, run := range st.runs {
		if b, ok := run.locate(r.key); ok {
			if err := r.addKey(run, b); err != nil {
				return err
			}
		}
	}
	r.addTailKey(st)
	return r.m.fill(zset.MaxRows, 0)
}

func (r *reader) addKey(run *run, b int) error {
	m := &r.m
	m.in = append(m.in, input{})
	k := len(m.in) - 1
	err := m.in[k].openKey(&m.picks, run, b, &r.key)
	if !m.in[k].live() {
		m.in = m.in[:k]
	}
	return err
}

func (r *reader) addTailKey(st *state) {
	r.m.addTail(st.tail, zset.Range{Lo: &r.key, Hi: &r.key})
}

// seekRow picks the row of a Unique lane that has the whole key r.key.
func (r *reader) seekRow(st *state, lane, i int) error {
	p := &r.m.picks
	if at, ok := st.tail.latest(r.key); ok {
		if st.tail.rows.W[at] > 0 {
			if r.tails[lane] < 0 {
				r.tails[lane] = p.memory(&st.tail.rows, &st.tail.keys)
			}
			p.row(r.tails[lane], at, 1)
		}
		return nil
	}
	for j := len(st.runs) - 1; j >= 0; j-- {
		b := r.blocks[i*r.stride+j]
		if b < 0 {
			continue
		}
		knows, err := r.present(st.runs[j], int(b))
		if knows || err != nil {
			return err
		}
	}
	return nil
}

// present tells whether a run of a Unique lane knows r.key, from block b on,
// and picks the row that it adds, if it adds one. A run has at most one row
// that goes and one that comes for a key, which may lie in two blocks.
func (r *reader) present(run *run, b int) (knows bool, err error) {
	p := &r.m.picks
	for ; b < len(run.blocks); b++ {
		c, err := p.block(run.blocks[b].handle)
		if err != nil {
			return false, err
		}
		rows, keys := p.chunks[c].rows, p.chunks[c].keys
		at := run.blocks[b].fence.lower(keys, r.key)
		for ; at < rows.N && matches(keys, at, r.key); at++ {
			knows = true
			if rows.Weight(at) > 0 {
				p.row(c, at, 1)
				return true, nil
			}
		}
		if at < rows.N {
			break
		}
	}
	return knows, nil
}

// answer notes that the rows picked since the last call answer probe p, and
// passes on what is complete.
func (r *reader) answer(p int, cols []int, emit func(probe []int32, b *zset.Batch) error) error {
	for {
		for len(r.probe) < r.m.picks.n {
			r.probe = append(r.probe, int32(p))
		}
		if r.m.picks.n >= zset.MaxRows || len(r.m.picks.chunks) >= maxChunks {
			if err := r.flush(cols, emit); err != nil {
				return err
			}
		}
		if r.m.done() {
			return nil
		}
		if err := r.m.fill(zset.MaxRows, 0); err != nil {
			return err
		}
	}
}

// flush emits the picked rows.
func (r *reader) flush(cols []int, emit func(probe []int32, b *zset.Batch) error) error {
	p := &r.m.picks
	if p.n > 0 {
		if err := emit(r.probe, r.batch(r.m.sh, cols)); err != nil {
			return err
		}
	}
	r.probe = r.probe[:0]
	p.empty()
	p.keep(r.m.in)
	r.forgetTails()
	return nil
}

// Get appends the columns cols of the rows with the whole key to dst, which
// has len(cols) columns of the fitting types, and returns how many there
// were. It allocates nothing beyond what dst needs to grow.
func (s *Snap) Get(key zset.Key, cols []int, dst *zset.Batch) (int, error) {
	if err := s.sh.checkForm(key.IsInt); err != nil {
		return 0, err
	}
	return get(s.sh, s.st.Load(), key, key.Hash(), cols, dst)
}

func get(sh *shape, st *state, key zset.Key, hash uint64, cols []int, dst *zset.Batch) (int, error) {
	rd := newReader()
	defer rd.release()
	one := [1]*state{st}
	rd.begin(sh, one[:])
	rd.key = key
	rd.hashes[0] = hash
	rd.locate(0, st, key, hash)
	rd.sift(0, st, key)
	rd.cold, rd.coldKeys = rd.cold[:0], rd.coldKeys[:0]
	n := 0
	err := rd.seekKey(st, 0, 0)
	for {
		if err != nil {
			return n, err
		}
		n += rd.m.picks.n
		rd.m.picks.appendTo(dst, cols)
		if rd.m.done() {
			return n, nil
		}
		rd.m.picks.empty()
		rd.m.picks.keep(rd.m.in)
		err = rd.m.fill(zset.MaxRows, 0)
	}
}
