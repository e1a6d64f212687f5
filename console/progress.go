package console

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

const (
	progressAfter = time.Second // when a statement counts as long
	progressEvery = 200 * time.Millisecond
	detailEvery   = 5 // drawings per look at what the statement is doing
)

// progress draws a line with the time that a statement has taken, once it
// takes long. A nil progress draws nothing.
type progress struct {
	w      io.Writer
	detail func() string // what the statement is doing; may be empty
	end    chan struct{}
	ended  chan struct{}
	once   sync.Once
}

// newProgress draws at the ticks until stop.
func newProgress(w io.Writer, start time.Time, ticks <-chan time.Time, detail func() string) *progress {
	p := &progress{w: w, detail: detail, end: make(chan struct{}), ended: make(chan struct{})}
	go p.run(start, ticks)
	return p
}

func (p *progress) run(start time.Time, ticks <-chan time.Time) {
	defer close(p.ended)
	text := ""
	for n := 0; ; {
		select {
		case <-p.end:
			if n > 0 {
				io.WriteString(p.w, "\r\x1b[K")
			}
			return
		case now := <-ticks:
			if now.Sub(start) < progressAfter {
				continue
			}
			if n%detailEvery == 0 {
				text = p.detail()
			}
			io.WriteString(p.w, spin(n, now.Sub(start), text))
			n++
		}
	}
}

// spin is the n-th drawing.
func spin(n int, elapsed time.Duration, text string) string {
	wheel := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	line := fmt.Sprintf("\r%c %s", wheel[n%len(wheel)], duration(elapsed))
	if text != "" {
		line += "  " + clean(text)
	}
	return line + "  (Ctrl-C ends it)\x1b[K"
}

// stop clears the line; afterwards nothing more is drawn. Idempotent.
func (p *progress) stop() {
	if p == nil {
		return
	}
	p.once.Do(func() { close(p.end) })
	<-p.ended
}

// showProgress starts the line for a statement. For a view that is being made
// it tells what SHOW MATERIALIZED VIEWS says in another session.
func (s *shell) showProgress(sql string) *progress {
	ticker := time.NewTicker(progressEvery)
	detail := func() string { return "" }
	if db, view, ok := createdView(sql); ok {
		detail = func() string { return viewDetail(s.target, db, view) }
	}
	p := newProgress(s.err, s.now(), ticker.C, detail)
	go func() {
		<-p.ended
		ticker.Stop()
	}()
	return p
}

// viewDetail asks how far a view is.
func viewDetail(t target, db, view string) string {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	other, err := t.Second(ctx)
	if err != nil {
		return ""
	}
	defer other.Close()
	sql := "SHOW MATERIALIZED VIEWS"
	if db != "" {
		sql += " FROM " + quoteName(db)
	}
	var c collector
	if err := other.Exec(ctx, sql, &c); err != nil {
		return ""
	}
	for i := range c.rows {
		if strings.EqualFold(c.at(i, "View"), view) {
			return c.at(i, "Detail")
		}
	}
	return ""
}

// createdView returns the view that a CREATE MATERIALIZED VIEW makes.
func createdView(sql string) (db, view string, ok bool) {
	rest := sql
	for _, want := range []string{"create", "materialized", "view", "if", "not", "exists"} {
		w := words(rest, 1)
		if len(w) == 1 && w[0] == want {
			rest = skipBlank(rest)[len(want):]
		} else if want != "if" {
			return "", "", false
		} else {
			break
		}
	}
	name, rest := identifier(skipBlank(rest))
	if strings.HasPrefix(rest, ".") {
		db = name
		name, _ = identifier(rest[1:])
	}
	return db, name, name != ""
}

// identifier reads a name, quoted or not, at the beginning of s.
func identifier(s string) (name, rest string) {
	if strings.HasPrefix(s, "`") {
		name, rest, _ = strings.Cut(s[1:], "`")
		return name, rest
	}
	n := 0
	for n < len(s) && isWord(s[n]) {
		n++
	}
	return s[:n], s[n:]
}
