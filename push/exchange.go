package push

import (
	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// exchange is the end of a stage: it takes the rows of all lanes and has them
// ready by the lane of their key's slot, those of lane 0 first. Without keys
// all rows are for lane 0.
type exchange struct {
	ts    []types.Type
	keys  []zset.KeyCol
	lanes []*shuffle
	to    []port // of the next stage; nil for the sink
}

// newExchange returns an exchange between the lanes and its end in each.
func newExchange(ts []types.Type, keys []zset.KeyCol, lanes []*lane) *exchange {
	x := &exchange{ts: ts, keys: keys}
	for _, l := range lanes {
		s := &shuffle{x: x, bufs: make([]*zset.Batch, len(lanes)), picks: make([][]int32, len(lanes))}
		s.lane = l
		for i := range s.bufs {
			s.bufs[i] = zset.NewBatch(ts, 0)
		}
		x.lanes = append(x.lanes, s)
	}
	return x
}

// rows implements source.
func (x *exchange) rows([]Change) int {
	n := 0
	for _, s := range x.lanes {
		for _, b := range s.bufs {
			n += b.N
		}
	}
	return n
}

// feed implements source: it pushes what all lanes have for l.
func (x *exchange) feed(_ []Change, l *lane) error {
	for _, s := range x.lanes {
		b := s.bufs[l.id]
		if err := passAll(l, x.to[l.id], b); err != nil {
			return err
		}
		s.bufs[l.id] = emptied(b)
	}
	return nil
}

// shuffle is the end of an exchange in the lane that rows come from.
type shuffle struct {
	base
	x       *exchange
	bufs    []*zset.Batch // by the lane they go to
	picks   [][]int32
	keys    zset.Keys
	scratch *zset.Batch
}

func (s *shuffle) push(_ int, b *zset.Batch, sel []int32) error {
	s.stat.out += rowsOf(b, sel)
	if len(s.bufs) == 1 || len(s.x.keys) == 0 {
		appendSel(s.bufs[0], b, sel)
		return nil
	}
	if sel != nil { // what is not selected has no defined key
		if s.scratch == nil {
			s.scratch = zset.NewBatch(s.x.ts, 0)
		}
		s.scratch.Reset()
		s.scratch.AppendGather(b, sel)
		b = s.scratch
	}
	zset.Normalise(&s.keys, b, s.x.keys)
	for i := range s.picks {
		s.picks[i] = s.picks[i][:0]
	}
	for i := range b.N {
		to := arrange.LaneOf(s.keys.Hash(i), len(s.bufs))
		s.picks[to] = append(s.picks[to], int32(i))
	}
	for to, pick := range s.picks {
		if len(pick) > 0 {
			s.bufs[to].AppendGather(b, pick)
		}
	}
	return nil
}

func (s *shuffle) reset() {
	for i, b := range s.bufs {
		s.bufs[i] = emptied(b)
	}
}

func appendSel(dst, b *zset.Batch, sel []int32) {
	if sel == nil {
		dst.AppendRange(b, 0, b.N)
	} else {
		dst.AppendGather(b, sel)
	}
}

// sink ends a circuit: it routes the answer's change to the lanes of the
// view's key and sums it there.
type sink struct {
	*exchange
	parts [][]*zset.Batch
	sums  []sum
}

// sum is one lane's consolidated change.
type sum struct {
	sort zset.Sorter
	all  *zset.Batch
	rows *zset.Batch
	keys zset.Keys
}

func newSink(ts []types.Type, key []zset.KeyCol, lanes []*lane) *sink {
	s := &sink{exchange: newExchange(ts, key, lanes)}
	s.parts = make([][]*zset.Batch, len(lanes))
	s.sums = make([]sum, len(lanes))
	return s
}

// finish returns the change by lane.
func (s *sink) finish(env *Env) [][]*zset.Batch {
	n := s.rows(nil)
	if n >= parallelRows && env.Workers != nil {
		env.Workers(len(s.sums), s.finishLane)
	} else {
		for i := range s.sums {
			s.finishLane(i)
		}
	}
	return s.parts
}

func (s *sink) finishLane(i int) {
	u := &s.sums[i]
	s.parts[i] = s.parts[i][:0]
	if u.all == nil || u.rows.N > keepRows {
		u.all, u.rows = zset.NewBatch(s.ts, 0), zset.NewBatch(s.ts, 0)
	}
	u.all.Reset()
	for _, from := range s.lanes {
		b := from.bufs[i]
		u.all.AppendRange(b, 0, b.N)
		from.bufs[i] = emptied(b)
	}
	if u.all.N == 0 {
		u.rows.Reset()
		return
	}
	u.sort.Consolidate(u.rows, &u.keys, u.all, s.keys, zset.KeyIsInt(s.ts, s.keys))
	for lo := 0; lo < u.rows.N; lo += zset.MaxRows {
		s.parts[i] = append(s.parts[i], u.rows.Slice(lo, min(lo+zset.MaxRows, u.rows.N)))
	}
}

func (s *sink) reset() {
	for _, l := range s.lanes {
		l.reset()
	}
}
