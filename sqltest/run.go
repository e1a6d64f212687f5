package sqltest

import (
	"crypto/md5"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/weirdb/weir/engine"
)

// Options say how scripts are run.
type Options struct {
	// Engine opens the database; each pass begins with an empty one. Dir is
	// where restart needs it: NewDir makes one for each pass.
	Engine engine.Options
	// NewDir returns a fresh data directory; nil keeps everything in memory,
	// and scripts with restart fail.
	NewDir func() string
	// Views runs every query as views too.
	Views bool
	// DB is the name that skipif and onlyif compare with; "" is "mysql".
	DB string
}

// Failure is a record that did not do what the script says.
type Failure struct {
	Script string
	Line   int
	Pass   string // "pull", "view before", "view middle", "view after"
	SQL    string
	Text   string
}

// Error implements error.
func (f *Failure) Error() string {
	return fmt.Sprintf("%s:%d (%s): %s\n%s", f.Script, f.Line, f.Pass, f.Text, indent(f.SQL))
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }

// Report is what running a script came to.
type Report struct {
	Records  int // statements and queries run as the script has them
	Views    int // comparisons of a view with what its query should say
	Refused  int // queries that cannot be a view, with errno 1235
	Failures []*Failure
}

// Run runs a script once as it is and, with Options.Views, once more with
// every query as three views.
func Run(s *Script, o Options) (*Report, error) {
	if o.DB == "" {
		o.DB = "mysql"
	}
	rep := &Report{}
	passes := []bool{false}
	if o.Views {
		passes = append(passes, true)
	}
	for _, views := range passes {
		eo := o.Engine
		if o.NewDir != nil {
			eo.Dir = o.NewDir()
		}
		db, err := openDatabase(eo)
		if err != nil {
			return nil, err
		}
		r := &runner{script: s, opt: o, db: db, rep: rep, threshold: 8, labels: map[string]string{}}
		if views {
			r.plan()
		}
		r.views = views
		err = r.run()
		if cerr := db.close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
	}
	return rep, nil
}

// runner is one pass over a script.
type runner struct {
	script    *Script
	opt       Options
	db        *database
	rep       *Report
	views     bool
	threshold int
	labels    map[string]string // label -> rows of its first query
	// make holds, by record, the queries of which a view is made before it.
	make map[int][]viewJob
	// made holds the views of a query that wait for it, by record.
	made map[int][]viewJob
}

// viewJob is one view of one query.
type viewJob struct {
	query int // record
	pass  string
	name  string
}

// plan decides where the views of each query are made: right behind the last
// DDL before it, half-way from there, and right before it.
func (r *runner) plan() {
	r.make, r.made = map[int][]viewJob{}, map[int][]viewJob{}
	ddl := 0
	for i, rec := range r.script.Records {
		if rec.skipped(r.opt.DB) {
			continue
		}
		switch rec := rec.(type) {
		case *Statement:
			if isDDL(rec.SQL) {
				ddl = i + 1
			}
		case *Directive:
			if rec.Name == "halt" {
				return
			}
		case *Query:
			if rec.NoView || rec.WantErr || !isQuery(rec.SQL) {
				continue
			}
			for pass, at := range map[string]int{"before": ddl, "middle": (ddl + i) / 2, "after": i} {
				name := fmt.Sprintf("slt_%d_%s", i, pass)
				r.make[at] = append(r.make[at], viewJob{query: i, pass: pass, name: name})
			}
		}
	}
	for _, jobs := range r.make {
		slices.SortFunc(jobs, func(a, b viewJob) int { return strings.Compare(a.name, b.name) })
	}
}

var ddlWord = regexp.MustCompile(`(?is)^\s*(create|drop|alter|truncate|use|rename)\b`)
var queryWord = regexp.MustCompile(`(?is)^[\s(]*(select|with|values|table)\b`)

func isDDL(sql string) bool   { return ddlWord.MatchString(sql) }
func isQuery(sql string) bool { return queryWord.MatchString(sql) }

func (r *runner) run() error {
	for i, rec := range r.script.Records {
		if r.views {
			r.makeViews(i)
		}
		if rec.skipped(r.opt.DB) {
			continue
		}
		switch rec := rec.(type) {
		case *Statement:
			r.rep.Records += r.once()
			r.statement(rec)
		case *Query:
			r.rep.Records += r.once()
			if r.views {
				r.compareViews(i, rec)
				continue
			}
			r.query(rec)
		case *Directive:
			stop, err := r.directive(rec)
			if stop || err != nil {
				return err
			}
		}
	}
	return nil
}

// once counts a record in the first pass only.
func (r *runner) once() int {
	if r.views {
		return 0
	}
	return 1
}

func (r *runner) fail(line int, pass, sql, format string, args ...any) {
	r.rep.Failures = append(r.rep.Failures, &Failure{Script: r.script.Name, Line: line, Pass: pass, SQL: sql, Text: fmt.Sprintf(format, args...)})
}

func (r *runner) directive(d *Directive) (stop bool, err error) {
	switch d.Name {
	case "halt":
		return true, nil
	case "restart":
		return false, r.db.restart()
	case "hash-threshold":
		if len(d.Args) == 1 {
			_, err = fmt.Sscan(d.Args[0], &r.threshold)
		}
	}
	return false, err
}

func (r *runner) statement(s *Statement) {
	pass := "pull"
	if r.views {
		pass = "with views"
	}
	res, err := r.db.run(s.Conn, s.SQL)
	switch {
	case err != nil && !s.WantErr:
		r.fail(s.line, pass, s.SQL, "failed: %v", err)
	case err == nil && s.WantErr:
		r.fail(s.line, pass, s.SQL, "went through, an error was expected")
	case err != nil && !matches(s.Pattern, err):
		r.fail(s.line, pass, s.SQL, "the error was %q, expected was %q", errText(err), s.Pattern)
	case err == nil && s.Count >= 0 && res.affected != uint64(s.Count):
		r.fail(s.line, pass, s.SQL, "%d rows affected, expected were %d", res.affected, s.Count)
	}
}

func (r *runner) query(q *Query) {
	res, err := r.db.run(q.Conn, q.SQL)
	if q.WantErr {
		switch {
		case err == nil:
			r.fail(q.line, "pull", q.SQL, "went through, an error was expected")
		case !matches(q.Pattern, err):
			r.fail(q.line, "pull", q.SQL, "the error was %q, expected was %q", errText(err), q.Pattern)
		}
		return
	}
	if err != nil {
		r.fail(q.line, "pull", q.SQL, "failed: %v", err)
		return
	}
	r.compare(q, res, "pull", q.Sort)
}

// compare holds a result against what the script expects.
func (r *runner) compare(q *Query, res *result, pass string, sort SortMode) {
	if len(res.cols) != len(q.Types) {
		r.fail(q.line, pass, q.SQL, "%d columns came, %d were expected", len(res.cols), len(q.Types))
		return
	}
	got := r.values(q, res, sort)
	if q.Label != "" && pass == "pull" {
		all := strings.Join(got, "\n")
		if was, ok := r.labels[q.Label]; ok && was != all {
			r.fail(q.line, pass, q.SQL, "differs from the query before it with label %s", q.Label)
		}
		r.labels[q.Label] = all
	}
	if q.Hash != "" {
		if hash(got) != q.Hash || len(got) != q.Count {
			r.fail(q.line, pass, q.SQL, "%d values hashing to %s, expected were %d hashing to %s", len(got), hash(got), q.Count, q.Hash)
		}
		return
	}
	want := q.Want
	if len(want) > 0 && len(want) != len(got) && len(got) == len(want)*len(q.Types) {
		want = splitRows(want, len(q.Types))
	}
	if sort != q.Sort {
		want = sortRows(want, len(q.Types))
	}
	if !slices.Equal(got, want) {
		r.fail(q.line, pass, q.SQL, "got\n%s\n  expected\n%s", indent(rows(got, len(q.Types))), indent(rows(want, len(q.Types))))
	}
}

// splitRows takes expected values that stand a row a line, cells parted by
// tabs, apart.
func splitRows(lines []string, n int) []string {
	var out []string
	for _, l := range lines {
		cells := strings.Split(l, "\t")
		if len(cells) != n {
			return lines
		}
		out = append(out, cells...)
	}
	return out
}

// values flattens a result in the order of sort.
func (r *runner) values(q *Query, res *result, sort SortMode) []string {
	lines := make([][]string, len(res.rows))
	for i, row := range res.rows {
		cells := make([]string, len(row))
		for c, v := range row {
			cells[c] = format(v, q.Types[c])
		}
		lines[i] = cells
	}
	if sort == RowSort {
		slices.SortStableFunc(lines, slices.Compare[[]string])
	}
	var out []string
	for _, l := range lines {
		out = append(out, l...)
	}
	if sort == ValueSort {
		slices.Sort(out)
	}
	return out
}

// sortRows orders flattened values by rows of n.
func sortRows(vals []string, n int) []string {
	if n == 0 || len(vals)%n != 0 {
		return vals
	}
	var lines [][]string
	for i := 0; i < len(vals); i += n {
		lines = append(lines, vals[i:i+n])
	}
	slices.SortStableFunc(lines, slices.Compare[[]string])
	return slices.Concat(lines...)
}

func rows(vals []string, n int) string {
	if len(vals) == 0 {
		return "(no rows)"
	}
	var b strings.Builder
	for i, v := range vals {
		if i > 0 {
			b.WriteByte(" \n"[btoi(i%max(n, 1) == 0)])
		}
		b.WriteString(v)
	}
	return b.String()
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func hash(vals []string) string {
	return fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(vals, "\n")+"\n")))
}

// matches tells whether an error's text fits a pattern: a substring, or a
// regular expression between slashes.
func matches(pattern string, err error) bool {
	if pattern == "" {
		return true
	}
	text := errText(err)
	if len(pattern) > 2 && pattern[0] == '/' && pattern[len(pattern)-1] == '/' {
		re, rerr := regexp.Compile(pattern[1 : len(pattern)-1])
		return rerr == nil && re.MatchString(text)
	}
	return strings.Contains(text, pattern)
}
