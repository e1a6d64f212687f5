// Package http is the door for HTTP clients: POST /sql runs SQL, GET /health
// tells whether the node can serve, GET /metrics is for Prometheus.
package http

import (
	"log/slog"
	"net/http"

	"github.com/weirdb/weir/engine"
)

// Options configure a Handler. Node is required.
type Options struct {
	// Node runs the statements.
	Node engine.Node
	// Metrics answers GET /metrics; nil: 404.
	Metrics http.Handler
	// MaxBody bounds a request's body in bytes. 0: DefaultMaxBody.
	MaxBody int64
	// Logger takes what an operator should know. nil: slog.Default().
	Logger *slog.Logger
}

// DefaultMaxBody is the largest body taken where Options say nothing.
const DefaultMaxBody = 64 << 20

// New returns the handler of all paths. It is safe for concurrent use.
func New(o Options) http.Handler { panic("http: New") }
