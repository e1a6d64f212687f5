package mysql

import (
	"context"
	"net"
)

type conn struct{}

// New returns a Server for o.
func New(o Options) (*Server, error) { panic("mysql: New") }

// Serve accepts connections of ln until Shutdown.
func (s *Server) Serve(ln net.Listener) error { panic("mysql: Serve") }

// Shutdown ends the server.
func (s *Server) Shutdown(ctx context.Context) error { panic("mysql: Shutdown") }

// Stats returns the counters.
func (s *Server) Stats() Stats { panic("mysql: Stats") }
