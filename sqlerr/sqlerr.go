// Package sqlerr is the one error type that users read: MySQL's number and
// SQLSTATE, what is wrong, where, and what to do about it.
//
// Everything a user's input can cause is an *Error. Any other error is a
// fault of the machine or a bug, and the engine says so once per statement.
package sqlerr

import (
	"errors"
	"fmt"
)

// Error is an error for users. It is immutable once returned.
type Error struct {
	Code    uint16 // MySQL's errno, e.g. 1062
	State   string // SQLSTATE, five characters
	Message string // what is wrong, naming the thing
	Hint    string // what to do; may be empty
	Line    int    // 1-based position in the statement, 0 when unknown
	Col     int    // 1-based, in characters
	Row     int    // 1-based row of the input, 0 when unknown
}

// Error renders the message, the position and the hint in one line.
func (e *Error) Error() string {
	s := e.Message
	if e.Line > 0 {
		s += fmt.Sprintf(" (line %d, column %d)", e.Line, e.Col)
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// New returns an error with the number code, its usual SQLSTATE and a
// formatted message.
func New(code uint16, format string, args ...any) *Error {
	return &Error{Code: code, State: StateOf(code), Message: fmt.Sprintf(format, args...)}
}

// WithHint returns a copy of e that says what to do.
func (e *Error) WithHint(format string, args ...any) *Error {
	c := *e
	c.Hint = fmt.Sprintf(format, args...)
	return &c
}

// At returns a copy of e with a position in the statement.
func (e *Error) At(line, col int) *Error {
	c := *e
	c.Line, c.Col = line, col
	return &c
}

// AtRow returns a copy of e that names the 1-based input row.
func (e *Error) AtRow(row int) *Error {
	c := *e
	c.Row = row
	return &c
}

// From returns err as an *Error: itself where it is or wraps one, otherwise
// errno 1105 (unknown error) with its text.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(ErrUnknown, "%s", err)
}

// NotSupported returns errno 1235 naming the feature.
func NotSupported(format string, args ...any) *Error {
	return New(ErrNotSupportedYet, "Weir does not support %s", fmt.Sprintf(format, args...))
}
