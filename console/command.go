package console

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const help = `Statements end with ; or, to see a value a line, with \G.
  \d             list tables and views
  \d NAME        describe one: columns and definition
  \watch 1s [Q]  run Q, or the last query, again and again until Ctrl-C;
                 c=5 ends it after 5 times
  \format F      print as table, vertical, csv or json
  \timing [on]   show how long statements take, or stop it (off)
  \? or help     this list
  \q or exit     leave
Tab completes keywords and names, the arrows and Ctrl-R find old statements,
Ctrl-C ends a statement under way.
`

// commands of the shell, for completion.
var backslashes = []string{`\?`, `\d`, `\format`, `\q`, `\timing`, `\watch`}

// command runs a backslash command.
func (s *shell) command(ctx context.Context, it item) bool {
	name, args, _ := strings.Cut(strings.TrimRight(it.text, "; "), " ")
	args = strings.TrimSpace(args)
	var err error
	switch name {
	case `\q`:
		s.ended = true
	case `\?`, `\h`:
		s.out.WriteString(help)
	case `\d`:
		return s.list(ctx, it, args)
	case `\format`:
		err = s.setFormat(args)
	case `\timing`:
		err = s.setTiming(args)
	case `\watch`:
		return s.watch(ctx, it, args)
	default:
		err = fmt.Errorf(`there is no command %s; \? lists them`, clean(name))
	}
	if err != nil {
		s.report(it, err)
	}
	return err == nil
}

func (s *shell) setFormat(name string) error {
	if name == "" {
		fmt.Fprintf(s.out, "The format is %s; there are %s.\n", s.format, strings.Join(Formats, ", "))
		return nil
	}
	if !known(name, Formats) {
		return fmt.Errorf("there is no format %q; there are %s", name, strings.Join(Formats, ", "))
	}
	s.format = name
	return nil
}

func (s *shell) setTiming(arg string) error {
	switch strings.ToLower(arg) {
	case "":
		s.timing = !s.timing
	case "on":
		s.timing = true
	case "off":
		s.timing = false
	default:
		return errors.New(`write \timing on or \timing off`)
	}
	if s.user {
		fmt.Fprintf(s.out, "Timing is %s.\n", map[bool]string{true: "on", false: "off"}[s.timing])
	}
	return nil
}

// list is \d.
func (s *shell) list(ctx context.Context, it item, name string) bool {
	it.command = false
	if name == "" {
		it.text = "SHOW FULL TABLES"
		return s.statement(ctx, it)
	}
	if !strings.Contains(name, "`") {
		parts := strings.Split(name, ".")
		for i := range parts {
			parts[i] = quoteName(parts[i])
		}
		name = strings.Join(parts, ".")
	}
	it.text = "SHOW COLUMNS FROM " + name
	if !s.statement(ctx, it) {
		return false
	}
	var c collector
	if err := s.target.Exec(ctx, "SHOW CREATE TABLE "+name, &c); err == nil && len(c.rows) == 1 && len(c.rows[0]) > 1 {
		fmt.Fprintln(s.out, cleanLines(c.rows[0][1].text))
	}
	return true
}

// watching is what \watch was asked for.
type watching struct {
	every time.Duration
	count int // 0: for ever
	query string
}

// parseWatch reads the arguments of \watch: an interval, c=N, a query, each
// optional, in this order.
func parseWatch(args string) (w watching, err error) {
	w.every = time.Second
	for args != "" {
		word, rest, _ := strings.Cut(args, " ")
		if n, ok := strings.CutPrefix(word, "c="); ok {
			if w.count, err = strconv.Atoi(n); err != nil || w.count < 1 {
				return w, fmt.Errorf("%q is no number of times; write for example c=5", word)
			}
		} else if word[0] >= '0' && word[0] <= '9' || word[0] == '.' || word[0] == '-' {
			if w.every, err = interval(word); err != nil {
				return w, err
			}
		} else {
			w.query = args
			return w, nil
		}
		args = strings.TrimSpace(rest)
	}
	return w, nil
}

// interval reads 2, 0.5, 2s, 500ms.
func interval(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if secs, ferr := strconv.ParseFloat(text, 64); ferr == nil {
		d, err = time.Duration(secs*float64(time.Second)), nil
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is no interval; write for example 1s or 500ms", text)
	}
	return d, nil
}

// watch runs a query again and again, on a terminal in place, until Ctrl-C,
// an error, or as often as asked.
func (s *shell) watch(ctx context.Context, it item, args string) bool {
	w, err := parseWatch(args)
	q := item{text: w.query, line: it.line}
	if w.query == "" {
		q = s.last
	}
	if err == nil && q.text == "" {
		err = errors.New(`there is no query yet; write one behind \watch 1s`)
	}
	if err != nil {
		s.report(it, err)
		return false
	}
	s.last = q
	ctx, stop := s.interruptible(ctx)
	defer stop()
	for i := 0; w.count == 0 || i < w.count; i++ {
		if i > 0 {
			select {
			case <-s.after(w.every):
			case <-ctx.Done():
			}
		}
		err := ctx.Err()
		if err == nil {
			err = s.redraw(ctx, q, w.every)
		}
		switch {
		case ctx.Err() != nil:
			if s.screen {
				s.out.WriteByte('\n') // below the ^C
			}
			return true
		case err != nil:
			s.report(q, err)
			return false
		}
	}
	return true
}

// redraw runs the query once and prints it, on a terminal over what was there.
func (s *shell) redraw(ctx context.Context, q item, every time.Duration) error {
	var page bytes.Buffer
	w := bufio.NewWriter(&page)
	if s.screen {
		fmt.Fprintf(w, "%s  every %s: %s\n\n", s.now().Format(time.TimeOnly), every, clean(oneLine(q.text)))
	}
	if err := s.exec(ctx, q, w); err != nil {
		return err
	}
	w.Flush()
	if !s.screen {
		s.out.Write(page.Bytes())
		return s.out.Flush()
	}
	// Home, each line with the rest of it cleared, then what is below.
	text := strings.ReplaceAll(strings.TrimRight(page.String(), "\n"), "\n", "\x1b[K\n")
	s.out.WriteString("\x1b[H" + text + "\x1b[K\n\x1b[J")
	return s.out.Flush()
}
