package mysql

import "time"

// watchEvery is how often the watcher looks at the connections. A statement
// that ends sooner is never looked at and pays nothing for being watched.
const watchEvery = 100 * time.Millisecond

// watch is what the watcher remembers of a connection.
type watch struct {
	phase   uint64        // at the last look
	stalled time.Duration // since when, in looks, the client takes no bytes
}

// watchConns looks after connections that have been in one phase since the
// last look. It ends the context of a statement whose client is gone, and the
// connection of a client that leaves its reply unread.
func (s *Server) watchConns(stop <-chan struct{}) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			s.look()
		}
	}
}

func (s *Server) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.look(s.o.WriteTimeout)
	}
}

func (c *conn) look(writeTimeout time.Duration) {
	now := c.phase.Load()
	if now != c.watch.phase {
		c.watch = watch{phase: now}
		return
	}
	switch now % phases {
	case running:
		if gone(c.raw) {
			c.cancel()
		}
	case writing:
		if c.watch.stalled += watchEvery; c.watch.stalled >= writeTimeout {
			c.cancel()
			c.raw.Close()
		}
	}
}
