// Package http is the door for HTTP clients.
//
//	POST /sql      runs SQL: a JSON object {"query": .., "db": .., "params": [..]},
//	               or the bare text of the statements (?db= names the database)
//	GET  /health   {"status":"ok"}, or 503 when the node cannot serve
//	GET  /metrics  for Prometheus
//
// An answer to /sql is JSON unless ?format= or the Accept header ask for CSV
// or newline-delimited JSON. Rows are encoded from the engine's columns as
// they come and are not held; json.go describes the answer, encode.go how
// values look, status.go the errors and their HTTP status.
//
// Every request has a session of its own, which ends with it. With params the
// query is one statement with placeholders; without, it may be several.
package http

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// DefaultMaxBody is the largest body taken where Options say nothing.
const DefaultMaxBody = 64 << 20

// Options configure a Handler. Only Node is required.
type Options struct {
	// Node runs the statements.
	Node engine.Node
	// Metrics answers GET /metrics; nil: 404.
	Metrics http.Handler
	// Authorize tells whether a user may run SQL; it gets the name and the
	// password of the request's basic authentication, empty without one.
	// nil: everyone may, as root.
	Authorize func(user, password string) bool
	// MaxBody bounds a request's body in bytes. 0: DefaultMaxBody.
	MaxBody int64
	// Logger takes what an operator should know. nil: slog.Default().
	Logger *slog.Logger
}

// handler serves all paths.
type handler struct {
	o      Options
	origin *http.CrossOriginProtection
}

// New returns the handler of all paths, safe for concurrent use. It panics
// when o has no Node.
func New(o Options) http.Handler {
	if o.Node == nil {
		panic("http: no node to serve")
	}
	if o.MaxBody == 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	h := &handler{o: o, origin: http.NewCrossOriginProtection()}
	mux := http.NewServeMux()
	mux.HandleFunc("/sql", only(h.sql, http.MethodPost))
	mux.HandleFunc("/health", only(h.health, http.MethodGet, http.MethodHead))
	if o.Metrics != nil {
		mux.HandleFunc("/metrics", only(o.Metrics.ServeHTTP, http.MethodGet, http.MethodHead))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, http.StatusNotFound, sqlerr.New(sqlerr.ErrUnknown, "There is nothing at %s", r.URL.Path).
			WithHint("there are POST /sql, GET /health and GET /metrics"))
	})
	return mux
}

// only lets some methods through and refuses the others.
func only(f http.HandlerFunc, methods ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, m := range methods {
			if r.Method == m {
				f(w, r)
				return
			}
		}
		w.Header().Set("Allow", methods[0])
		writeError(w, http.StatusMethodNotAllowed,
			sqlerr.New(sqlerr.ErrUnknown, "%s does not take %s", r.URL.Path, r.Method).WithHint("use %s", methods[0]))
	}
}

func (h *handler) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := h.o.Node.Ready(); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		b := appendString([]byte(`{"status":"unavailable","message":`), []byte(err.Error()))
		w.Write(append(b, "}\n"...))
		return
	}
	w.Write([]byte("{\"status\":\"ok\"}\n"))
}

// sql serves POST /sql. A page of another site cannot have the browser post
// here, even to a server on the user's own machine.
func (h *handler) sql(w http.ResponseWriter, r *http.Request) {
	if err := h.origin.Check(r); err != nil {
		writeError(w, http.StatusForbidden, sqlerr.New(sqlerr.ErrAccessDenied, "Access denied: %s", err))
		return
	}
	user, password, _ := r.BasicAuth()
	if h.o.Authorize == nil {
		user = "root"
	} else if !h.o.Authorize(user, password) {
		w.Header().Set("WWW-Authenticate", `Basic realm="weir", charset="UTF-8"`)
		writeError(w, http.StatusUnauthorized, sqlerr.New(sqlerr.ErrAccessDenied, "Access denied for user '%s'", user))
		return
	}
	if err := h.o.Node.Ready(); err != nil {
		writeError(w, http.StatusServiceUnavailable, err)
		return
	}
	req, err := readRequest(w, r, h.o.MaxBody)
	if err != nil {
		writeError(w, statusOf(err), err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	session, err := h.o.Node.NewSession(engine.SessionOptions{
		User: user, Host: host(r), DB: req.db, Door: "http", MultiStatements: true, Closed: cancel,
	})
	if err != nil {
		writeError(w, statusOf(err), err)
		return
	}
	defer session.Close()
	h.run(ctx, session, req, w)
}

// interrupted turns the end of a context into the error for it: only KILL can
// have ended it when the client is still there.
func interrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return sqlerr.New(sqlerr.ErrQueryInterrupted, "Query execution was interrupted")
	}
	return err
}

// run runs the statements of a request and writes the answer.
func (h *handler) run(ctx context.Context, session engine.Session, req *request, w http.ResponseWriter) {
	out := &stream{w: w}
	answer := req.format.answer(out, several(req.query))
	err := interrupted(execute(ctx, session, req, answer))
	if out.err != nil {
		return // the client is gone
	}
	var e *sqlerr.Error
	if err != nil && !errors.As(err, &e) {
		h.o.Logger.Error("http: a statement failed for no fault of its user", "error", err)
	}
	answer.finish(err)
	out.end()
}

func execute(ctx context.Context, session engine.Session, req *request, out engine.Sink) error {
	if req.params == nil {
		return session.Query(ctx, req.query, out)
	}
	stmt, err := session.Prepare(ctx, req.query)
	if err != nil {
		return err
	}
	defer stmt.Close()
	return stmt.Execute(ctx, req.params, out)
}

func host(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// request is what a client asks for.
type request struct {
	query  string
	db     string
	params []types.Value // nil: there were none given
	format format
}
