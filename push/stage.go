package push

import (
	"sync"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/zset"
)

// parallelRows is how many rows of change a stage must have to be worth
// handing its lanes to Workers.
const parallelRows = 1000

// stage is a part of a plan without an Exchange inside: sources at its
// bottom, in each lane operators of its own, and above an exchange or the
// sink, which are among the operators.
type stage struct {
	sources []source
	lanes   [][]op // by lane, inputs before consumers
	errs    []error
}

// source feeds a stage. Its rows come from a relation, from the exchange of an
// earlier stage or from the plan itself.
type source interface {
	// rows returns how many rows it has in this step.
	rows(in []Change) int
	// feed pushes the rows of a lane.
	feed(in []Change, l *lane) error
}

// run runs the stage over one step.
func (s *stage) run(env *Env, in []Change, lanes []*lane, init bool) error {
	n := 0
	for _, src := range s.sources {
		n += src.rows(in)
	}
	if n == 0 && !init {
		return nil
	}
	do := func(i int) { s.errs[i] = s.runLane(in, lanes[i]) }
	if n >= parallelRows && env.Workers != nil {
		env.Workers(len(lanes), do)
	} else {
		for i := range lanes {
			do(i)
		}
	}
	for _, err := range s.errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) runLane(in []Change, l *lane) error {
	for _, src := range s.sources {
		if err := src.feed(in, l); err != nil {
			return err
		}
	}
	for _, o := range s.lanes[l.id] {
		before := l.enter(o.stats())
		err := o.flush()
		l.enter(before)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) reset() {
	for _, lane := range s.lanes {
		for _, o := range lane {
			o.reset()
		}
	}
}

// scanSource pushes the changes of a relation: its columns cols.
type scanSource struct {
	table uint64
	asIs  bool
	cols  []int
	to    []port
	views []zset.Batch // by lane
}

func (s *scanSource) change(in []Change) [][]*zset.Batch {
	for i := range in {
		if in[i].Table != s.table {
			continue
		}
		if s.asIs {
			return in[i].AsIs
		}
		return in[i].Edge
	}
	return nil
}

func (s *scanSource) rows(in []Change) int {
	n := 0
	for _, lane := range s.change(in) {
		for _, b := range lane {
			n += b.N
		}
	}
	return n
}

func (s *scanSource) feed(in []Change, l *lane) error {
	lanes := s.change(in)
	if lanes == nil {
		return nil
	}
	view := &s.views[l.id]
	for _, b := range lanes[l.id] {
		view.N, view.W = b.N, b.W
		view.Cols = view.Cols[:0]
		for _, c := range s.cols {
			view.Cols = append(view.Cols, b.Cols[c])
		}
		if err := passAll(l, s.to[l.id], view); err != nil {
			return err
		}
	}
	return nil
}

// passAll passes a batch of any length in batches of zset.MaxRows.
func passAll(l *lane, to port, b *zset.Batch) error {
	if b.N <= zset.MaxRows {
		return l.pass(to, b, nil)
	}
	for lo := 0; lo < b.N; lo += zset.MaxRows {
		if err := l.pass(to, b.Slice(lo, min(lo+zset.MaxRows, b.N)), nil); err != nil {
			return err
		}
	}
	return nil
}

// valuesSource pushes the rows of a plan.Values in lane 0, at Init. Those that
// failed are errors for ever.
type valuesSource struct {
	batch  *zset.Batch
	failed []failure
	to     []port
}

// failure is an error and the text that says where.
type failure struct {
	err  *sqlerr.Error
	text string
}

func (s *valuesSource) rows([]Change) int { return 0 }

func (s *valuesSource) feed(_ []Change, l *lane) error {
	if !l.init || l.id != 0 {
		return nil
	}
	for _, f := range s.failed {
		l.failAt(f.err, []byte(f.text), 1)
	}
	return passAll(l, s.to[0], s.batch)
}

// parallel runs do(0) to do(jobs-1) in at most n goroutines, and raises the
// panic of the lowest job that panicked.
func parallel(n, jobs int, do func(int)) {
	panics := make([]any, jobs)
	var wg sync.WaitGroup
	n = min(n, jobs)
	work := func(w int) {
		for i := w; i < jobs; i += n {
			func() {
				defer func() { panics[i] = recover() }()
				do(i)
			}()
		}
	}
	for w := 1; w < n; w++ {
		wg.Go(func() { work(w) })
	}
	work(0)
	wg.Wait()
	for _, p := range panics {
		if p != nil {
			panic(p)
		}
	}
}
