// Package bench measures Weir on the machine it runs on: the figures of
// docs/benchmarks.md. Every workload checks what it reads, so that a wrong
// answer is never a fast one.
package bench

import (
	"context"
	"fmt"
	"io"
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
	// Connections is the number of clients of the wire workloads; 0 takes each
	// workload's own.
	Connections int
	// Scale multiplies the sizes of the data sets; 1 is the published size.
	Scale float64
	// MariaDB is "auto" (start one where it is installed), "off", or the
	// address of one that runs.
	MariaDB string
	// Self is the path of the weir binary that is started as the server.
	Self string
	// JSON writes one object a figure instead of the table.
	JSON bool
	// Out gets the figures, Log what happens meanwhile.
	Out, Log io.Writer
}

// Run measures and writes the figures.
func Run(ctx context.Context, o Options) error {
	return fmt.Errorf("bench %s: not measured in this build", o.Name)
}
