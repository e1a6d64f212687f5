//go:build unix && !linux

package disk

// reserve leaves it to the zeros to take the room.
func (f osFile) reserve(int64) error { return nil }

// Sync makes the file durable.
func (f osFile) Sync() error { return f.File.Sync() }
