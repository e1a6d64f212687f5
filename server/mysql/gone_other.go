//go:build !unix

package mysql

import "net"

// gone cannot be told on this system; the next write will find out.
func gone(net.Conn) bool { return false }
