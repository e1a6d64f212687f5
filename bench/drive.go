package bench

import (
	"context"
	"net"
	"sync"
	"time"
)

// freePort returns a TCP port of 127.0.0.1 that nobody listens on.
func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}

// worker is one closed loop: it has one operation under way at a time.
type worker struct {
	reads, writes latencies
	err           error
}

// load is what a round of workers did.
type load struct {
	reads, writes latencies
	elapsed       time.Duration
	cpu           time.Duration // of the server
}

// perSecond is the rate of all operations.
func (l *load) perSecond() float64 {
	return float64(l.reads.n+l.writes.n) / l.elapsed.Seconds()
}

// cpuMicros is the server's processor time per operation.
func (l *load) cpuMicros() float64 {
	return float64(l.cpu.Microseconds()) / float64(max(1, l.reads.n+l.writes.n))
}

// drive runs one goroutine per step function for a round: each calls its step
// over and over until the time is over or a step fails. A step does one
// operation, times it, and adds it to the worker's.
func drive(ctx context.Context, s *server, length time.Duration, steps []func(*worker) error) (*load, error) {
	workers := make([]worker, len(steps))
	start, cpu := time.Now(), s.cpu()
	until := start.Add(length)
	var wg sync.WaitGroup
	for i, step := range steps {
		w := &workers[i]
		wg.Go(func() {
			for w.err == nil && time.Now().Before(until) && ctx.Err() == nil {
				w.err = step(w)
			}
		})
	}
	wg.Wait()
	l := &load{elapsed: time.Since(start), cpu: s.cpu() - cpu}
	for i := range workers {
		if err := workers[i].err; err != nil {
			return nil, err
		}
		l.reads.merge(&workers[i].reads)
		l.writes.merge(&workers[i].writes)
	}
	return l, ctx.Err()
}
