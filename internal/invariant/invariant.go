// Package invariant holds assertions that vanish: with the build tag
// invariants they are checked and panic, without it they cost nothing.
//
// Enabled is a constant, so guard what is dear to compute:
//
//	if invariant.Enabled {
//		invariant.Check(sorted(keys), "run %d is not sorted", id)
//	}
package invariant

import "fmt"

// Check panics when ok is false and Enabled is true. A failed check is a bug
// in Weir, never a user's fault.
func Check(ok bool, format string, args ...any) {
	if Enabled && !ok {
		panic("invariant broken: " + fmt.Sprintf(format, args...))
	}
}
