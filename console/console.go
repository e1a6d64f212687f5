// Package console is the shell of `weir sql`: it reads statements from a
// terminal, a file or the command line, runs them at a target and prints what
// comes back.
//
// Life of a statement: a line comes from the terminal's editor or a reader;
// the splitter (split.go) cuts statements and backslash commands out of the
// lines; the shell (shell.go) runs them at a target, which is an embedded
// engine, a server's HTTP door or its MySQL door (target.go and the three files
// named after them); rows go through a printer (table.go, print.go) as they
// come and are not held, except the first thousand of a table, whose widths
// they decide.
//
// With a terminal there is more: history and completion (complete.go), what a
// long statement is doing (progress.go), \watch redrawn in place (command.go),
// and Ctrl-C, which ends the statement and not the shell.
package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"
)

// The exit codes of Run.
const (
	ExitOK        = 0
	ExitFailed    = 1 // a statement failed, or its output could not be written
	ExitUsage     = 2 // options that do not fit together, a file that is not there
	ExitNoConnect = 3 // the target cannot be reached or opened
)

// Options say what to run and where. The zero Options are a shell on the
// process's own terminal with a database in memory.
type Options struct {
	// URL names a server: http://HOST:PORT, https:// or
	// mysql://USER:PASSWORD@HOST:PORT/DB. Empty: an embedded engine.
	URL string
	// Data is the directory of an embedded engine; empty keeps everything in
	// memory. Not with URL.
	Data string
	// DB is the first database. In memory it is made when missing, and is
	// "test" when empty.
	DB string
	// Format is one of Formats; empty is "table".
	Format string
	// Execute are statements to run instead of reading any, each perhaps
	// several separated by semicolons.
	Execute []string
	// File is read instead of In. Not with Execute.
	File string

	// In, Out and Err are the process's own when nil. Editing, history and
	// colours need In and Out to be terminals.
	In       io.Reader
	Out, Err io.Writer
	// History is the file of the history; empty is $XDG_STATE_HOME/weir/history
	// where that variable is set, else ~/.weir_history.
	History string
}

// Formats are the forms of output, as --format and \format take them.
var Formats = []string{"table", "vertical", "csv", "json"}

// Validate names every fault of o at once.
func (o *Options) Validate() error {
	var faults []error
	if o.URL != "" && o.Data != "" {
		faults = append(faults, errors.New("--url and --data exclude each other: a server keeps its own directory"))
	}
	if len(o.Execute) > 0 && o.File != "" {
		faults = append(faults, errors.New("-e and a file exclude each other"))
	}
	if o.Format != "" && !known(o.Format, Formats) {
		faults = append(faults, fmt.Errorf("there is no format %q; the formats are %s", o.Format, strings.Join(Formats, ", ")))
	}
	if o.URL != "" {
		if _, err := parseURL(o.URL); err != nil {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

func known(name string, names []string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// Run runs what o says to its end and returns an exit code. What went wrong
// has been written to o.Err. A cancelled ctx ends the statement under way and
// the shell.
func Run(ctx context.Context, o Options) int {
	if o.In == nil {
		o.In = os.Stdin
	}
	if o.Out == nil {
		o.Out = os.Stdout
	}
	if o.Err == nil {
		o.Err = os.Stderr
	}
	if o.Format == "" {
		o.Format = Formats[0]
	}
	if err := o.Validate(); err != nil {
		fmt.Fprintln(o.Err, "weir sql:", err)
		return ExitUsage
	}
	src, err := openSource(&o)
	if err != nil {
		fmt.Fprintln(o.Err, "weir sql:", err)
		return ExitUsage
	}
	defer src.Close()
	t, err := connect(ctx, &o)
	if err != nil {
		fmt.Fprintln(o.Err, "weir sql: cannot connect:", err)
		return ExitNoConnect
	}
	defer t.Close()
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	s := newShell(&o, t, src)
	s.interrupts = interrupts
	return s.run(ctx)
}

// isTerminal tells whether v is an open terminal.
func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
