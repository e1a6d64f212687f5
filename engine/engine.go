package engine

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weirdb/weir/arrange"
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/push"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sqlerr"
	_ "github.com/weirdb/weir/types/collate" // the collations beyond ASCII
	"github.com/weirdb/weir/wlog"
	"github.com/weirdb/weir/wlog/disk"
	"github.com/weirdb/weir/wlog/memory"
)

// ServerVersion is what clients see; the MySQL number in front makes drivers
// behave.
const ServerVersion = "8.0.36-Weir-0.1.0"

// Options say how a node runs. The zero Options are a database in memory.
type Options struct {
	// Dir keeps the log; empty keeps everything in memory.
	Dir string
	// Memory is the machine's share for Weir in bytes, 0 for no limit; 70 %
	// of it is what the Budget counts.
	Memory int64
	// Lanes is how many lanes a new data directory gets; 0 is one per core.
	// An old one keeps its own.
	Lanes int
	// Logger takes what an operator must know; nil is silent.
	Logger *slog.Logger
	// Now is the clock; nil is the machine's.
	Now func() time.Time
	// Disk gives the log other files than the machine's, for tests.
	Disk disk.FS
}

// Engine is one node: a shard with its log, and the sessions over it. It
// implements Node.
type Engine struct {
	opt     Options
	machine *shard.Machine
	log     wlog.Log
	batch   *batcher
	budget  *mem.Budget
	merges  *merger
	plans   *planCache
	metrics *metrics
	started time.Time

	// latches serialise the UPDATEs of a table that have lost too many races.
	latches sync.Map // table id -> *sync.Mutex

	background sync.WaitGroup
	ctx        context.Context
	stop       context.CancelFunc

	mu       sync.Mutex // guards what follows
	sessions map[uint32]*session
	lastID   uint32
	closed   bool

	globals *variables

	failed atomic.Pointer[error] // why the log no longer takes writes
}

// Open starts a node: it reads the log of o.Dir and goes on where it ended.
func Open(o Options) (*Engine, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	lanes, kept, err := laneCount(o)
	if err != nil {
		return nil, err
	}
	if o.Lanes > 0 && o.Lanes != lanes {
		o.Logger.Warn("the data directory keeps the number of lanes that it was made with", "lanes", lanes, "asked", o.Lanes)
	}
	e := &Engine{
		opt:      o,
		budget:   mem.NewBudget(o.Memory * 7 / 10),
		merges:   newMerger(),
		plans:    newPlanCache(4096),
		started:  o.Now(),
		sessions: map[uint32]*session{},
		globals:  newVariables(nil),
	}
	e.ctx, e.stop = context.WithCancel(context.Background())
	e.metrics = newMetrics(e)
	e.machine = shard.New(shard.Options{
		Lanes:   lanes,
		Arrange: &arrange.Env{Budget: e.budget, Merge: e.merges.add},
		Workers: push.Parallel(runtime.GOMAXPROCS(0)),
		Clock:   func() int64 { return time.Since(e.started).Nanoseconds() },
		Observe: e.metrics.step,
	})
	if o.Dir == "" {
		e.log, err = memory.Open(e.machine)
	} else {
		e.log, err = disk.Open(disk.Options{Dir: o.Dir, FS: o.Disk}, e.machine)
	}
	if err == nil && o.Dir != "" && !kept {
		if err = keepLanes(o.Dir, lanes); err != nil {
			err = errors.Join(err, e.log.Close())
		}
	}
	if err != nil {
		e.merges.close()
		return nil, err
	}
	e.batch = newBatcher(e)
	e.resumeViews()
	return e, nil
}

// resumeViews goes on with the views whose backfill a stop cut off.
func (e *Engine) resumeViews() {
	for _, r := range e.machine.Root().Catalog.Relations() {
		if v, ok := r.(*catalog.View); ok && !v.Ready {
			e.background.Go(func() {
				if err := e.fill(e.ctx, v.ID); err != nil && e.ctx.Err() == nil {
					e.opt.Logger.Error("a view could not be filled", "view", v.DB+"."+v.Name, "error", err)
				}
			})
		}
	}
}

// Close ends all sessions and the log: what was acknowledged is kept. It
// kills the statements under way and waits for what is on its way to the log,
// not for readers, whatever ctx says.
func (e *Engine) Close(_ context.Context) error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	all := make([]*session, 0, len(e.sessions))
	for _, s := range e.sessions {
		all = append(all, s)
	}
	e.mu.Unlock()
	e.stop()
	for _, s := range all {
		s.kill(true)
	}
	e.background.Wait()
	err := e.log.Close()
	e.merges.close()
	return err
}

var errShutdown = sqlerr.New(sqlerr.ErrServerShutdown, "Server shutdown in progress")

// Version implements Node.
func (e *Engine) Version() string { return ServerVersion }

// Ready implements Node.
func (e *Engine) Ready() error {
	if p := e.failed.Load(); p != nil {
		return *p
	}
	return nil
}

// NewSession implements Node.
func (e *Engine) NewSession(o SessionOptions) (Session, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errShutdown
	}
	e.lastID++
	s := newSession(e, e.lastID)
	if err := s.begin(o); err != nil {
		return nil, err
	}
	e.sessions[s.id] = s
	return s, nil
}

// Kill implements Node.
func (e *Engine) Kill(id uint32, queryOnly bool) error {
	e.mu.Lock()
	s := e.sessions[id]
	e.mu.Unlock()
	if s == nil {
		return unknownThread(uint64(id))
	}
	s.kill(!queryOnly)
	return nil
}

func unknownThread(id uint64) error {
	return sqlerr.New(sqlerr.ErrNoSuchThread, "Unknown thread id: %d", id)
}

func (e *Engine) forget(s *session) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sessions[s.id] == s {
		delete(e.sessions, s.id)
	}
}

// micros is the engine's clock as entries and expressions have it.
func (e *Engine) micros() int64 { return e.opt.Now().UnixMicro() }

// admit refuses what would be kept beyond the memory budget. It comes before
// the log: once there, an entry is never refused.
func (e *Engine) admit(n int64, what string) error {
	if e.budget.Admits(n) {
		return nil
	}
	return sqlerr.New(sqlerr.ErrOutOfMemory, "Out of memory: %s do not fit; tables and views take %d MiB of %d MiB", what, e.budget.Total()>>20, e.budget.Limit()>>20).
		WithHint("delete rows, drop views, or give the server more by --memory")
}

// propose puts one entry that is no Write through the log. It does not stop
// at the end of ctx once the entry is on its way: the outcome must be known.
func (e *Engine) propose(ctx context.Context, body shard.Body) (shard.Result, error) {
	if err := ctx.Err(); err != nil {
		return shard.Result{}, err
	}
	entry := &shard.Entry{Header: e.batch.header(), Body: body}
	data := shard.AppendEntry(nil, entry)
	if _, err := shard.DecodeEntry(data); err != nil {
		// An entry that cannot be read would stop every replica.
		return shard.Result{}, sqlerr.New(sqlerr.ErrUnknown, "internal error: the log could not read this statement back: %v", err).
			WithHint("nothing was changed; please report it")
	}
	eff, err := e.proposeRaw(data)
	if err != nil {
		return shard.Result{}, err
	}
	return eff.Results[0], nil
}

// proposeRaw puts an encoded entry through the log and turns the log's faults
// into errors for users.
func (e *Engine) proposeRaw(data []byte) (*shard.Effect, error) {
	_, res, err := e.log.Propose(context.Background(), data)
	switch {
	case err == nil:
		return res.(*shard.Effect), nil
	case errors.Is(err, wlog.ErrFull):
		return nil, sqlerr.New(sqlerr.ErrDiskFull, "Disk full: the log cannot take the write (%v)", err).
			WithHint("nothing was changed; make room and repeat the statement")
	case errors.Is(err, wlog.ErrClosed):
		return nil, errShutdown
	}
	e.failed.CompareAndSwap(nil, &err)
	return nil, sqlerr.New(sqlerr.ErrReadOnlyMode, "the log does not take writes any more: %v", err).
		WithHint("restart Weir; what was acknowledged is kept")
}

// merger runs merges of arrangements on a goroutine of its own, off the
// step's path.
type merger struct {
	mu    sync.Mutex
	wake  *sync.Cond
	jobs  []func()
	ended bool
	done  chan struct{}
}

func newMerger() *merger {
	m := &merger{done: make(chan struct{})}
	m.wake = sync.NewCond(&m.mu)
	go m.run()
	return m
}

func (m *merger) add(job func()) {
	m.mu.Lock()
	m.jobs = append(m.jobs, job)
	m.mu.Unlock()
	m.wake.Signal()
}

func (m *merger) run() {
	defer close(m.done)
	for {
		m.mu.Lock()
		for len(m.jobs) == 0 && !m.ended {
			m.wake.Wait()
		}
		if m.ended {
			m.mu.Unlock()
			return
		}
		job := m.jobs[0]
		m.jobs = m.jobs[1:]
		m.mu.Unlock()
		job()
	}
}

func (m *merger) close() {
	m.mu.Lock()
	m.ended = true
	m.mu.Unlock()
	m.wake.Signal()
	<-m.done
}

var newProducer = rand.Uint64
