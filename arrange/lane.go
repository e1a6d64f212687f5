package arrange

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/weirdb/weir/internal/invariant"
	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/zset"
)

// Lane is one lane of an arrangement. Stage, After, Publish and Discard are
// the writer's, one goroutine at a time; Before, and every method of a Snap,
// may be called by anyone at any time.
type Lane struct {
	env *Env
	sh  *shape

	before atomic.Pointer[Snap]

	// The writer's own.
	tail   *tail // published rows and staged ones
	staged bool  // something was staged since the last Publish
	keys   zset.Keys
	sorter zset.Sorter
	idx    []int32
	w      []int64

	mu        sync.Mutex
	runs      []*run // published and staged; replaced, never changed in place
	after     *Snap  // what After returned last, nil when it is out of date
	merging   bool   // a merge has been handed to env.Merge
	dropped   bool
	tailBytes int64
	counted   int64 // bytes in the budget
}

// maxRuns is how many runs may wait for a merge in the background before the
// writer merges those that no merge reads.
const maxRuns = 24

// NewLane returns an empty lane.
func NewLane(env *Env, s *Schema) *Lane { return newLane(env, newShape(env, s)) }

func newLane(env *Env, sh *shape) *Lane {
	l := &Lane{env: env, sh: sh, tail: newTail(sh)}
	l.before.Store(newSnap(sh, &state{tail: l.tail.view()}))
	return l
}

// Stage adds a change, rows in any order and equal ones allowed. The batch is
// borrowed: it is copied. After shows it; Before does from Publish on. It may
// be called several times in a step.
func (l *Lane) Stage(delta *zset.Batch) {
	if delta.N == 0 {
		return
	}
	zset.NormaliseAs(&l.keys, delta, l.sh.Key, l.sh.isInt)
	l.stage(delta, &l.keys)
}

// stage is Stage with the keys given.
func (l *Lane) stage(delta *zset.Batch, keys *zset.Keys) {
	if delta.N == 0 {
		return
	}
	l.idx = append(l.idx[:0], l.sorter.Perm(keys, delta)...)
	most := l.env.tailRows()
	l.idx, l.w = l.sh.fold(delta, keys, l.idx, l.w[:0])
	if len(l.idx) == 0 {
		return
	}
	l.staged = true
	if l.tail.rows.N+len(l.idx) > most {
		l.flushTail()
	}
	if len(l.idx) >= most {
		l.push(sortedRun(l.sh, delta, keys, l.idx, l.w))
	} else {
		if l.sh.Unique {
			l.sh.goneFirst(keys, l.idx, l.w)
		}
		l.tail.add(l.sh, delta, keys, l.idx, l.w)
	}
	l.mu.Lock()
	l.after, l.tailBytes = nil, l.tail.memory()
	l.count()
	l.mu.Unlock()
}

// fold sums equal rows among the positions idx, which are sorted by (key,
// canonical row), and leaves out those of weight 0. It returns idx and the
// weights, appended to w.
func (sh *shape) fold(b *zset.Batch, keys *zset.Keys, idx []int32, w []int64) ([]int32, []int64) {
	n := 0
	for i := 0; i < len(idx); {
		at := int(idx[i])
		sum := b.Weight(at)
		for i++; i < len(idx) && sh.equal(b, keys, at, int(idx[i])); i++ {
			sum += b.Weight(int(idx[i]))
		}
		if sum != 0 {
			idx[n] = int32(at)
			w = append(w, sum)
			n++
		}
	}
	return idx[:n], w
}

// equal tells whether rows i and j of b are the same row.
func (sh *shape) equal(b *zset.Batch, keys *zset.Keys, i, j int) bool {
	return keys.Equal(i, keys, j) && sh.compareRest(b, i, b, j) == 0
}

// goneFirst moves, in a Unique lane, the row of a key that goes before the one
// that comes.
func (sh *shape) goneFirst(keys *zset.Keys, idx []int32, w []int64) {
	for i := 1; i < len(idx); i++ {
		if w[i] < 0 && w[i-1] > 0 && keys.Equal(int(idx[i-1]), keys, int(idx[i])) {
			idx[i-1], idx[i] = idx[i], idx[i-1]
			w[i-1], w[i] = w[i], w[i-1]
		}
		if invariant.Enabled && w[i] == w[i-1] {
			invariant.Check(!keys.Equal(int(idx[i-1]), keys, int(idx[i])), "a unique key comes or goes twice in one change")
		}
	}
}

// flushTail makes a run of the tail.
func (l *Lane) flushTail() {
	t := l.tail
	if t.rows.N == 0 {
		return
	}
	idx := t.sorted(l.sh, make([]int32, 0, t.rows.N))
	idx, w := l.sh.fold(&t.rows, &t.keys, idx, make([]int64, 0, t.rows.N))
	l.tail = newTail(l.sh)
	l.push(sortedRun(l.sh, &t.rows, &t.keys, idx, w))
}

// push adds a run, the newest.
func (l *Lane) push(r *run) {
	if r == nil {
		return
	}
	l.mu.Lock()
	l.runs = append(slices.Clip(l.runs), r)
	crowded := len(l.runs) > maxRuns
	l.mu.Unlock()
	if crowded {
		l.mergeFree()
	}
}

// Before returns what was published last.
func (l *Lane) Before() *Snap { return l.before.Load() }

// After returns what was published and what has been staged since.
func (l *Lane) After() *Snap {
	if !l.staged {
		return l.before.Load()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.after == nil {
		l.after = newSnap(l.sh, &state{runs: l.runs, tail: l.tail.view()})
	}
	return l.after
}

// Publish makes what was staged part of Before and returns it.
func (l *Lane) Publish() *Snap {
	if !l.staged {
		return l.before.Load()
	}
	s := l.After()
	l.mu.Lock()
	l.before.Store(s)
	l.after = nil
	l.mu.Unlock()
	l.staged = false
	l.tidy()
	return s
}

// Discard forgets what was staged since the last Publish.
func (l *Lane) Discard() {
	if !l.staged {
		return
	}
	st := l.before.Load().st.Load()
	l.staged = false
	// Snaps that After gave may still be read: the tail begins in new memory.
	l.tail = st.tail.writable(l.sh)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs, l.after = l.before.Load().st.Load().runs, nil
	l.tailBytes = l.tail.memory()
	l.count()
}

// Drop forgets everything and gives the memory back to the Budget. Snapshots
// that are still held can be read on. The lane must not be used any more.
func (l *Lane) Drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropped = true
	l.env.Budget.Shrink(mem.Runs, l.counted)
	l.counted = 0
	l.runs, l.after, l.tail = nil, nil, newTail(l.sh)
	l.before.Store(newSnap(l.sh, &state{tail: l.tail.view()}))
}

// count brings the budget up to date. l.mu is held.
func (l *Lane) count() {
	if l.dropped {
		return
	}
	n := l.tailBytes
	for _, r := range l.runs {
		n += r.bytes
	}
	l.env.Budget.Grow(mem.Runs, n-l.counted)
	l.counted = n
}
