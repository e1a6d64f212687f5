package console

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ergochat/readline"
)

// source is where lines come from.
type source interface {
	// line returns the next line, io.EOF at the end, errCtrlC when the user
	// gave up the line. prompt is shown where there is a user.
	line(prompt string) (string, error)
	// remember puts a statement into the history.
	remember(statement string)
	// name is what errors call it; empty for a user at a terminal.
	name() string
	Close() error
}

var errCtrlC = errors.New("interrupted")

// openSource opens what o reads from.
func openSource(o *Options) (source, error) {
	switch {
	case len(o.Execute) > 0:
		// The semicolon stands on a new line: a comment may end the text.
		text := strings.Join(o.Execute, "\n;")
		return &lines{r: bufio.NewReader(strings.NewReader(text)), from: "-e"}, nil
	case o.File != "":
		f, err := os.Open(o.File)
		if err != nil {
			return nil, err
		}
		return &lines{r: bufio.NewReaderSize(f, 64<<10), from: o.File, file: f}, nil
	case isTerminal(o.In) && isTerminal(o.Out):
		return openEditor(o)
	}
	return &lines{r: bufio.NewReaderSize(o.In, 64<<10), from: "stdin"}, nil
}

// lines reads from anything but a terminal.
type lines struct {
	r    *bufio.Reader
	from string
	file *os.File // nil when it is not ours to close
}

func (l *lines) line(string) (string, error) {
	text, err := l.r.ReadString('\n')
	if err == io.EOF && text != "" {
		return text, nil
	}
	return text, err
}

func (l *lines) remember(string) {}

func (l *lines) name() string { return l.from }

func (l *lines) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// historyLimit is how many statements the history keeps.
const historyLimit = 5000

// editor reads from a terminal with editing, history and completion.
type editor struct {
	rl *readline.Instance
}

func openEditor(o *Options) (source, error) {
	path := o.History
	if path == "" {
		path = historyPath()
	}
	// Statements may hold what is nobody else's business.
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND, 0o600); err == nil {
		f.Close()
	} else {
		path = ""
	}
	rl, err := readline.NewFromConfig(&readline.Config{
		HistoryFile:            path,
		HistoryLimit:           historyLimit,
		DisableAutoSaveHistory: true,
		HistorySearchFold:      true,
		Undo:                   true,
		InterruptPrompt:        "^C",
	})
	if err != nil {
		return nil, err
	}
	return &editor{rl: rl}, nil
}

// historyPath returns the file of the history and makes its directory; empty
// when there is no home.
func historyPath() string {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		dir = filepath.Join(dir, "weir")
		if err := os.MkdirAll(dir, 0o700); err == nil {
			return filepath.Join(dir, "history")
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".weir_history")
}

func (e *editor) line(prompt string) (string, error) {
	e.rl.SetPrompt(prompt)
	text, err := e.rl.ReadLine()
	if errors.Is(err, readline.ErrInterrupt) {
		err = errCtrlC
	}
	return text, err
}

func (e *editor) remember(statement string) { _ = e.rl.SaveToHistory(statement) }

func (e *editor) name() string { return "" }

func (e *editor) Close() error { return e.rl.Close() }

// complete sets what the tab key offers.
func (e *editor) complete(c readline.AutoCompleter) error {
	cfg := e.rl.GetConfig()
	cfg.AutoComplete = c
	return e.rl.SetConfig(cfg)
}
