package http

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/weirdb/weir/engine"
)

// flushAt is how much of an answer is collected before it goes out. What is
// shorter has its length in the header; and as long as nothing has gone out,
// an error still has its HTTP status.
const flushAt = 64 << 10

// stream is the body of a response.
type stream struct {
	w      http.ResponseWriter
	kind   string // its content type
	status int    // 0: 200
	buf    []byte
	sent   bool  // the header is out
	err    error // of the connection; it sticks
}

// spill sends what is collected when it is much.
func (s *stream) spill() error {
	if len(s.buf) < flushAt {
		return nil
	}
	return s.send()
}

func (s *stream) send() error {
	if !s.sent {
		s.sent = true
		s.w.Header().Set("Content-Type", s.kind)
		if s.status == 0 {
			s.status = http.StatusOK
		}
		s.w.WriteHeader(s.status)
	}
	if s.err == nil {
		_, s.err = s.w.Write(s.buf)
	}
	s.buf = s.buf[:0]
	return s.err
}

// end sends the last of it.
func (s *stream) end() {
	if !s.sent {
		s.w.Header().Set("Content-Length", strconv.Itoa(len(s.buf)))
	}
	s.send()
}

// fail makes err the whole answer, unless some has gone out already.
func (s *stream) fail(err error) bool {
	if s.sent {
		return false
	}
	s.kind, s.status = "application/json", statusOf(err)
	s.buf = append(appendError(s.buf[:0], err), '\n')
	return true
}

// errClient stands for a connection that failed while the answer was sent.
var errClient = errors.New("http: the client is gone")

// answer is an engine.Sink that writes one form of answer.
type answer interface {
	engine.Sink
	// finish completes the body; err is that of the statements, or nil.
	finish(err error)
}

// answer returns the Sink for the form. many says that several statements
// will be run.
func (f format) answer(out *stream, many bool) answer {
	switch f {
	case formatNDJSON:
		out.kind = "application/x-ndjson"
		return &lineAnswer{out: out}
	case formatCSV:
		out.kind = "text/csv; charset=utf-8"
		return &csvAnswer{out: out}
	default:
		out.kind = "application/json"
		return &jsonAnswer{out: out, many: many, compact: f == formatCompact}
	}
}
