// Package bench measures Weir on the machine it runs on: the figures of
// docs/benchmarks.md. Every workload checks what it reads, so that a wrong
// answer is never a fast one, and every figure that was measured is shown,
// those that miss their target too.
//
// The workloads over the wire run the server as a process of its own, so that
// its processor time is known, and drive it with a lean client (wire.go) from
// this process: server and clients share the machine's cores. MariaDB, where
// it is installed, gets the same data, the same client and the same load in
// rounds that alternate with Weir's.
package bench

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"
)

// Names are the workloads in the order in which "all" runs them.
var Names = []string{"vote", "views", "point", "backfill", "load"}

// Options say what to measure and how long.
type Options struct {
	// Name is one of Names, or "all".
	Name string
	// For is how long one round of a timed workload lasts.
	For time.Duration
	// Connections is the number of clients of the workloads over the wire; 0
	// takes each workload's own.
	Connections int
	// Scale multiplies the sizes of the data sets; 1 is the published size.
	Scale float64
	// MariaDB is "auto" (start one where it is installed), "off", or the
	// address of one that runs and lets root in without a password.
	MariaDB string
	// Self is the path of the weir binary that is started as the server.
	Self string
	// JSON writes one object a line instead of tables.
	JSON bool
	// Out gets the figures, Log what happens meanwhile.
	Out, Log io.Writer
}

// rounds is how often a timed workload is repeated: the figures are the
// median, the least and the most of them.
const rounds = 3

// run is one call of Run.
type run struct {
	Options
	report *report
}

// Run measures and writes the figures of each workload when it is done.
func Run(ctx context.Context, o Options) error {
	r := &run{Options: o, report: &report{out: o.Out, json: o.JSON}}
	if r.For <= 0 || r.Scale <= 0 {
		return fmt.Errorf("bench: the length of a round and the scale must be above 0")
	}
	workloads := map[string]func(context.Context) error{
		"vote": r.vote, "views": r.views, "point": r.point, "backfill": r.backfill, "load": r.load,
	}
	r.report.machine()
	for _, name := range Names {
		if o.Name != name && o.Name != "all" {
			continue
		}
		r.logf("%s", name)
		err := workloads[name](ctx)
		r.report.flush()
		if err != nil {
			return fmt.Errorf("bench %s: %w", name, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) logf(format string, args ...any) {
	fmt.Fprintf(r.Log, "bench: "+format+"\n", args...)
}

// scaled is n at the run's scale, at least 1,000 so that batches are whole.
func (r *run) scaled(n int) int { return max(1000, int(float64(n)*r.Scale)/1000*1000) }

// connections is how many clients a workload has whose own number is n.
func (r *run) connections(n int) int {
	if r.Connections > 0 {
		return r.Connections
	}
	return n
}

// withCores runs f with n cores.
func withCores(n int, f func() error) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(n))
	return f()
}
