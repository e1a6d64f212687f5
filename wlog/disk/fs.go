package disk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// FS is what the log needs of a file system; names are paths. The zero
// Options use the operating system's. Safe for concurrent use.
type FS interface {
	// ReadDir makes the directory if it is not there and returns the names in it.
	ReadDir(dir string) ([]string, error)
	// Open opens a file for reading and writing; create makes it anew, empty.
	Open(name string, create bool) (File, error)
	// Rename replaces the new name atomically.
	Rename(from, to string) error
	// Remove removes a file.
	Remove(name string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error
	// Lock takes the lock file name for this process until the Closer is
	// closed; an error names the process that has it.
	Lock(name string) (io.Closer, error)
}

// File is an open file. A write that is not followed by a Sync that returned
// nil may be lost, wholly or in parts, when the machine stops.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Size returns the length.
	Size() (int64, error)
	// Truncate cuts the file, or extends it with zeros.
	Truncate(size int64) error
	// Allocate reserves room up to size and extends the file with zeros, so
	// that writing there needs neither room nor metadata.
	Allocate(size int64) error
	// Sync makes the data and the size durable.
	Sync() error
}

// isFull tells whether err says that there is no room.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// osFS is the operating system's file system.
type osFS struct{}

type osFile struct{ *os.File }

func (osFS) ReadDir(dir string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

func (osFS) Open(name string, create bool) (File, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name, flags, 0o640)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (osFS) Rename(from, to string) error { return os.Rename(from, to) }
func (osFS) Remove(name string) error     { return os.Remove(name) }

func (osFS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (osFS) Lock(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = fmt.Errorf("%s is in use by %s", filepath.Dir(name), owner(f))
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// owner says which process a lock file names.
func owner(f *os.File) string {
	var buf [32]byte
	n, _ := f.ReadAt(buf[:], 0)
	pid := strings.TrimSpace(string(buf[:n]))
	if _, err := strconv.Atoi(pid); err != nil {
		return "another process"
	}
	return "process " + pid
}

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Allocate writes the zeros: on ext4 an fdatasync of blocks that were only
// reserved takes two to three times as long, because it makes them written
// blocks through the journal.
func (f osFile) Allocate(size int64) error {
	at, err := f.Size()
	if err == nil {
		err = f.reserve(size)
	}
	zeros := make([]byte, 1<<20)
	for err == nil && at < size {
		n := min(int64(len(zeros)), size-at)
		_, err = f.WriteAt(zeros[:n], at)
		at += n
	}
	return err
}
