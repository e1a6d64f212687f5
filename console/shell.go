package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/weirdb/weir/sqlerr"
)

// shell runs what its source says at its target.
type shell struct {
	target target
	src    source
	out    *bufio.Writer
	err    io.Writer
	format string
	timing bool // show how long statements took
	user   bool // somebody is typing
	screen bool // out is a terminal
	names  *names

	split  splitter
	last   item // the last statement, for \watch
	ended  bool // \q
	failed bool // out cannot be written to
	sets   int  // result sets printed as CSV

	interrupts <-chan os.Signal
	now        func() time.Time
	after      func(time.Duration) <-chan time.Time
}

func newShell(o *Options, t target, src source) *shell {
	s := &shell{
		target: t, src: src, out: bufio.NewWriterSize(o.Out, 32<<10), err: o.Err, format: o.Format,
		user: src.name() == "", screen: isTerminal(o.Out),
		names: &names{}, now: time.Now, after: time.After,
	}
	s.timing = s.user
	return s
}

// run reads to the end and returns an exit code.
func (s *shell) run(ctx context.Context) int {
	ctx, cancel := context.WithCancel(ctx)
	defer s.names.wait()
	defer cancel()
	if s.user {
		s.greet(ctx)
	}
	for !s.ended && ctx.Err() == nil {
		line, err := s.src.line(s.prompt())
		switch {
		case errors.Is(err, errCtrlC):
			s.split.drop()
			continue
		case errors.Is(err, io.EOF):
			return s.finish(ctx)
		case err != nil:
			fmt.Fprintf(s.err, "weir sql: %s: %v\n", s.src.name(), err)
			return ExitFailed
		}
		if !s.all(ctx, s.split.add(line)) {
			return ExitFailed
		}
	}
	return s.code()
}

// finish runs a last statement without a semicolon; a user who leaves in the
// middle of one does not want it.
func (s *shell) finish(ctx context.Context) int {
	if !s.user && !s.all(ctx, s.split.end()) {
		return ExitFailed
	}
	return s.code()
}

func (s *shell) code() int {
	if s.out.Flush() != nil || s.failed {
		return ExitFailed
	}
	return ExitOK
}

// all runs items until one fails, which ends a script but not a user's shell.
func (s *shell) all(ctx context.Context, items []item) bool {
	for _, it := range items {
		ok := s.do(ctx, it)
		if s.out.Flush() != nil {
			s.failed = true
			return false
		}
		if !ok && !s.user {
			return false
		}
		if s.ended {
			break
		}
	}
	return true
}

// do runs one statement or command.
func (s *shell) do(ctx context.Context, it item) bool {
	s.src.remember(oneLine(it.text) + end(it))
	if it.command {
		return s.command(ctx, it)
	}
	s.last = it
	return s.statement(ctx, it)
}

// end is what an item ends with in the history.
func end(it item) string {
	switch {
	case it.command:
		return ""
	case it.vertical:
		return `\G`
	}
	return ";"
}

// statement runs one and prints its outcome or its error.
func (s *shell) statement(ctx context.Context, it item) bool {
	running, stop := s.interruptible(ctx)
	err := s.exec(running, it, s.out)
	stop()
	if err != nil {
		s.report(it, err)
		return false
	}
	if s.user && changesNames(it.text) {
		s.names.reload(ctx, s.target)
	}
	return true
}

// exec runs a statement and prints its outcome on w.
func (s *shell) exec(ctx context.Context, it item, w *bufio.Writer) error {
	format := s.format
	if it.vertical {
		format = "vertical"
	}
	out := &output{w: w, format: format, printer: newPrinter(format, w, &s.sets), timing: s.timing, user: s.user, now: s.now, start: s.now()}
	if s.user && s.screen {
		out.progress = s.showProgress(it.text)
	}
	err := s.target.Exec(ctx, it.text, out)
	out.progress.stop()
	if err == nil && s.user && out.sum.warnings > 0 {
		s.warnings(ctx, w)
	}
	return err
}

// interruptible returns a context that Ctrl-C ends too, until stop.
func (s *shell) interruptible(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	if s.user {
		select {
		case <-s.interrupts: // came when nothing was running
		default:
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-s.interrupts:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		cancel()
		<-ended // so that it does not take the next statement's interrupt
	}
}

func (s *shell) prompt() string {
	if p := s.split.prompt(); p != "" {
		return strings.Repeat(" ", max(0, len("weir> ")-len(p))) + p
	}
	if db := s.target.DB(); db != "" {
		return "weir " + clean(db) + "> "
	}
	return "weir> "
}

// greet says what the user is talking to.
func (s *shell) greet(ctx context.Context) {
	fmt.Fprintf(s.err, "Weir: %s. End statements with ; or \\G. \\? is help, \\q leaves.\n", s.target.About())
	s.names.reload(ctx, s.target)
	if e, ok := s.src.(*editor); ok {
		if err := e.complete(&completer{names: s.names, pending: func() string { return string(s.split.buf) }}); err != nil {
			fmt.Fprintln(s.err, "weir sql: no completion:", err)
		}
	}
}

// warnings prints the first warnings of the last statement, where the session
// still knows them.
func (s *shell) warnings(ctx context.Context, w io.Writer) {
	const few = 5
	var c collector
	if err := s.target.Exec(ctx, "SHOW WARNINGS", &c); err != nil {
		return
	}
	for i, r := range c.rows {
		if i == few {
			fmt.Fprintf(w, "and %d more: SHOW WARNINGS lists them\n", len(c.rows)-few)
			break
		}
		fmt.Fprintf(w, "%s %s: %s\n", r[0].text, r[1].text, clean(r[2].text))
	}
}

// report prints an error: in a script with the file and the line, for a user
// with a mark under the place.
func (s *shell) report(it item, err error) {
	if s.out.Flush() != nil {
		s.failed = true // and nobody reads on
	}
	fmt.Fprint(s.err, s.describe(it, err))
}

func (s *shell) describe(it item, err error) string {
	var b strings.Builder
	line, text := 1, err.Error()
	var e *sqlerr.Error
	if errors.As(err, &e) {
		line = max(1, e.Line)
		text = fmt.Sprintf("ERROR %d (%s): %s", e.Code, e.State, e.Message)
		if e.Hint != "" {
			text += "; " + e.Hint
		}
	}
	if name := s.src.name(); name != "" {
		fmt.Fprintf(&b, "%s:%d: ", name, it.line+line-1)
	}
	b.WriteString(text + "\n")
	if e == nil || it.command || s.user && e.Line == 0 {
		return b.String()
	}
	excerpt, mark := excerpt(it.text, line, e.Col)
	b.WriteString("  " + excerpt + "\n")
	if e.Line > 0 && mark >= 0 {
		b.WriteString("  " + strings.Repeat(" ", mark) + "^\n")
	}
	return b.String()
}

// excerptWidth is how many characters of a line an error shows.
const excerptWidth = 100

// excerpt returns the part of a statement's line around column col, both from
// 1, and where the mark belongs below it; -1 for nowhere.
func excerpt(text string, line, col int) (shown string, mark int) {
	all := strings.Split(text, "\n")
	if line > len(all) {
		line, col = 1, 0
	}
	r := []rune(strings.ReplaceAll(all[line-1], "\t", " "))
	if col > len(r)+1 {
		col = 0
	}
	from := 0
	if col > excerptWidth {
		from = col - excerptWidth/2
	}
	to := min(len(r), from+excerptWidth)
	shown = clean(string(r[from:to]))
	if col == 0 {
		return shown, -1
	}
	mark = displayWidth(clean(string(r[from : col-1])))
	if from > 0 {
		shown, mark = ".."+shown, mark+2
	}
	if to < len(r) {
		shown += ".."
	}
	return shown, mark
}

// output is the sink that prints.
type output struct {
	w        *bufio.Writer
	format   string
	printer  printer
	progress *progress
	timing   bool
	user     bool
	now      func() time.Time
	start    time.Time
	n        int
	sum      summary
	cols     []column
	isSet    bool
}

// Columns implements sink. Nothing is printed before there is a row or an end:
// a statement that fails at once leaves no trace but its error.
func (o *output) Columns(cols []column) error {
	o.cols, o.isSet = cols, true
	return nil
}

// Row implements sink.
func (o *output) Row(cells []cell) error {
	if o.n == 0 {
		o.progress.stop()
		o.printer.begin(o.cols)
	}
	o.n++
	o.printer.row(cells)
	if o.n%1024 == 0 {
		return o.w.Flush() // tells when nobody reads
	}
	return nil
}

// Done implements sink.
func (o *output) Done(sum summary) error {
	o.progress.stop()
	o.sum = sum
	if o.isSet {
		if o.n == 0 {
			o.printer.begin(o.cols)
		}
		o.printer.end(o.n)
	}
	switch o.format {
	case "json":
		o.jsonFooter()
	case "csv":
	default:
		o.w.WriteString(o.footer())
	}
	return nil
}

// footer is the line under an outcome.
func (o *output) footer() string {
	var text string
	switch {
	case o.isSet:
		text = count(uint64(o.n), "row")
	case o.sum.affected > 0:
		text = "OK, " + count(o.sum.affected, "row") + " affected"
	default:
		text = "OK"
	}
	if o.sum.warnings > 0 {
		text += ", " + count(uint64(o.sum.warnings), "warning")
	}
	if o.timing {
		text += " (" + duration(o.now().Sub(o.start)) + ")"
	}
	if o.user && o.sum.info != "" {
		text += "\n" + o.sum.info
	}
	return text + "\n"
}

func (o *output) jsonFooter() {
	if o.isSet {
		return
	}
	fmt.Fprintf(o.w, `{"affected_rows":%d`, o.sum.affected)
	if o.sum.lastInsertID > 0 {
		fmt.Fprintf(o.w, `,"last_insert_id":%d`, o.sum.lastInsertID)
	}
	if o.sum.warnings > 0 {
		fmt.Fprintf(o.w, `,"warnings":%d`, o.sum.warnings)
	}
	o.w.WriteString("}\n")
}

func count(n uint64, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}

// duration prints a time as people read it: 0.42 ms, 3.1 s, 2 min 5 s.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", float64(d)/1e6)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/1e6)
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

// collector is a sink that keeps everything.
type collector struct {
	cols []column
	rows [][]cell
	sum  summary
}

// Columns implements sink.
func (c *collector) Columns(cols []column) error {
	c.cols = cols
	return nil
}

// Row implements sink.
func (c *collector) Row(cells []cell) error {
	c.rows = append(c.rows, append([]cell(nil), cells...))
	return nil
}

// Done implements sink.
func (c *collector) Done(s summary) error {
	c.sum = s
	return nil
}

// at returns the text of row i in the column called name; empty when there is
// none.
func (c *collector) at(i int, name string) string {
	for j, col := range c.cols {
		if strings.EqualFold(col.name, name) {
			return c.rows[i][j].text
		}
	}
	return ""
}
