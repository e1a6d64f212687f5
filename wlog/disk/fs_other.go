//go:build unix && !linux

package disk

// Allocate extends the file; room is taken by each write.
func (f osFile) Allocate(size int64) error { return f.Truncate(size) }

// Sync makes the file durable.
func (f osFile) Sync() error { return f.File.Sync() }
