//go:build unix

package mysql

import (
	"net"
	"syscall"
)

// gone tells whether the other side of a connection has closed it. It looks
// at the socket without taking bytes from it, and never waits; a client that
// has sent something more counts as there.
func gone(c net.Conn) bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	var n int
	var peekErr error
	err = rc.Control(func(fd uintptr) {
		var b [1]byte
		n, _, peekErr = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
	})
	switch {
	case err != nil:
		return true // closed on our side
	case peekErr == syscall.EAGAIN || peekErr == syscall.EINTR:
		return false
	}
	return peekErr != nil || n == 0
}
