package sqltest

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weirdb/weir/sqlerr"
)

// errText is an error as a script sees it: number and text.
func errText(err error) string {
	var e *sqlerr.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%d %s", e.Code, e.Error())
	}
	return err.Error()
}

// makeViews makes the views whose place is before record i.
func (r *runner) makeViews(i int) {
	for _, job := range r.make[i] {
		q := r.script.Records[job.query].(*Query)
		cols := make([]string, len(q.Types))
		for c := range cols {
			cols[c] = fmt.Sprintf("c%d", c)
		}
		sql := fmt.Sprintf("CREATE MATERIALIZED VIEW %s (%s) AS %s", job.name, strings.Join(cols, ", "), q.SQL)
		_, err := r.db.run(q.Conn, sql)
		switch {
		case err == nil:
			r.made[job.query] = append(r.made[job.query], job)
		case sqlerr.From(err).Code == sqlerr.ErrNotSupportedYet:
			if job.pass == "after" {
				r.rep.Refused++
			}
		default:
			r.fail(q.line, "view "+job.pass, q.SQL, "the view was refused: %v", err)
		}
	}
}

// compareViews holds the views of query i against what it should say, and
// drops them. A view has no order, so rows are compared sorted.
func (r *runner) compareViews(i int, q *Query) {
	for _, job := range r.made[i] {
		r.rep.Views++
		pass := "view " + job.pass
		res, err := r.db.run(q.Conn, "SELECT * FROM "+job.name)
		if err != nil {
			r.fail(q.line, pass, q.SQL, "reading the view failed: %v", err)
		} else {
			r.compareView(q, res, pass)
		}
		if _, err := r.db.run(q.Conn, "DROP MATERIALIZED VIEW "+job.name); err != nil {
			r.fail(q.line, pass, q.SQL, "dropping the view failed: %v", err)
		}
	}
	delete(r.made, i)
}

// compareView compares a view's rows. Hashed values of an ordered query say
// nothing about their rows, so then the query itself is run beside it.
func (r *runner) compareView(q *Query, res *result, pass string) {
	if q.Sort == ValueSort || (q.Sort == RowSort) || q.Hash == "" {
		sort := q.Sort
		if sort == NoSort {
			sort = RowSort
		}
		r.compare(q, res, pass, sort)
		return
	}
	direct, err := r.db.run(q.Conn, q.SQL)
	if err != nil {
		r.fail(q.line, pass, q.SQL, "failed: %v", err)
		return
	}
	got, want := r.values(q, res, RowSort), r.values(q, direct, RowSort)
	if !slices.Equal(got, want) {
		r.fail(q.line, pass, q.SQL, "the view holds\n%s\n  the query says\n%s", indent(rows(got, len(q.Types))), indent(rows(want, len(q.Types))))
	}
}
