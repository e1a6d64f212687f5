package wlogtest

import (
	"errors"
	"fmt"
	"io"
	"math/rand"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"github.com/weirdb/weir/wlog/disk"
)

// ErrDied is what every call returns once the process of a Disk has died.
var ErrDied = errors.New("the process has died")

// sector is what a disk writes wholly or not at all.
const sector = 512

// Disk is a disk.FS in memory that knows what is durable. What was written and
// not synced is lost in a crash in any combination of sectors, as are names
// whose directory was not synced. Safe for concurrent use.
type Disk struct {
	mu      sync.Mutex
	names   map[string]*node // as the process sees them
	kept    map[string]*node // as they were at the last SyncDir
	renames []naming         // since then
	locks   map[string]bool

	left     int   // calls that change something until the process dies; -1 is never
	dead     bool  // a call has failed for that
	room     int64 // bytes for files; -1 is endless
	sparse   bool  // Allocate reserves nothing
	failSync error
	failRead error
}

// naming is one change of the directory: from is gone, to is node.
type naming struct {
	from, to string
	node     *node
}

type node struct {
	data    []byte // as the process sees it
	kept    []byte // as it was at the last Sync
	changes []change
	used    int64 // room that is reserved
}

// change is a write, or a new size.
type change struct {
	off  int64
	data []byte
	size int64 // -1: a write
}

// NewDisk returns an empty disk.
func NewDisk() *Disk {
	return &Disk{names: map[string]*node{}, kept: map[string]*node{}, locks: map[string]bool{}, left: -1, room: -1}
}

// DieAfter lets the process die at the nth call from now that changes
// something; a write is then done in part.
func (d *Disk) DieAfter(n int) { d.set(func() { d.left = n }) }

// SetRoom bounds the bytes that files may take; -1 is endless. A sparse disk
// does not reserve room in Allocate, so that writes run out of it.
func (d *Disk) SetRoom(bytes int64, sparse bool) {
	d.set(func() { d.room, d.sparse = bytes, sparse })
}

// FailSync makes every Sync of a file fail with err; nil heals.
func (d *Disk) FailSync(err error) { d.set(func() { d.failSync = err }) }

// FailRead makes every read fail with err; nil heals.
func (d *Disk) FailRead(err error) { d.set(func() { d.failRead = err }) }

func (d *Disk) set(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
}

// Used returns the bytes that files take.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.usedLocked()
}

func (d *Disk) usedLocked() (sum int64) {
	for _, n := range d.names {
		sum += n.used
	}
	return sum
}

// Bytes returns a file's content as the process sees it, to be changed in
// place; nil when there is none.
func (d *Disk) Bytes(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := d.names[name]; n != nil {
		return n.data
	}
	return nil
}

// Killed returns the disk as a process finds it after another was killed:
// everything that was written is there.
func (d *Disk) Killed() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := NewDisk()
	for name, n := range d.names {
		c.put(name, n.data)
	}
	return c
}

// Restarted returns the same disk for another process after the last was
// killed: what was not synced is there, and a crash may still lose it.
func (d *Disk) Restarted() *Disk {
	d.set(func() { d.left, d.dead, d.locks = -1, false, map[string]bool{} })
	return d
}

// Crashed returns the disk after the power went: of what was not synced,
// rng says which sectors and names are there.
func (d *Disk) Crashed(rng *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	keep := rng.Float64()
	if rng.Intn(4) == 0 {
		keep = 0
	}
	names := map[string]*node{}
	for name, n := range d.kept {
		names[name] = n
	}
	for _, r := range d.renames {
		if rng.Float64() >= keep {
			continue
		}
		delete(names, r.from)
		if r.node != nil {
			names[r.to] = r.node
		}
	}
	var sorted []string
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	c := NewDisk()
	for _, name := range sorted {
		c.put(name, names[name].crashed(rng, keep))
	}
	return c
}

func (d *Disk) put(name string, data []byte) {
	n := &node{data: slices.Clone(data), kept: slices.Clone(data), used: int64(len(data))}
	d.names[name], d.kept[name] = n, n
}

func (n *node) crashed(rng *rand.Rand, keep float64) []byte {
	data := slices.Clone(n.kept)
	for _, c := range n.changes {
		if c.size >= 0 {
			if rng.Float64() < keep {
				data = resize(data, c.size)
			}
			continue
		}
		for at := int64(0); at < int64(len(c.data)); {
			end := min((c.off+at)/sector*sector+sector-c.off, int64(len(c.data)))
			if rng.Float64() < keep {
				if need := c.off + end; need > int64(len(data)) {
					data = resize(data, need)
				}
				copy(data[c.off+at:], c.data[at:end])
			}
			at = end
		}
	}
	return data
}

func resize(data []byte, size int64) []byte {
	if size <= int64(len(data)) {
		return data[:size:size]
	}
	return append(data[:len(data):len(data)], make([]byte, size-int64(len(data)))...)
}

// step counts a call that changes something.
func (d *Disk) step() error {
	if d.left == 0 {
		d.dead = true
		return ErrDied
	}
	if d.left > 0 {
		d.left--
	}
	return nil
}

// ReadDir implements disk.FS.
func (d *Disk) ReadDir(dir string) (names []string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for name := range d.names {
		if filepath.Dir(name) == filepath.Clean(dir) {
			names = append(names, filepath.Base(name))
		}
	}
	slices.Sort(names)
	return names, d.failRead
}

// Open implements disk.FS.
func (d *Disk) Open(name string, create bool) (disk.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	switch {
	case create:
		if err := d.step(); err != nil {
			return nil, err
		}
		n = &node{}
		d.name(naming{from: name, to: name, node: n})
	case n == nil:
		return nil, fmt.Errorf("open %s: %w", name, syscall.ENOENT)
	}
	return &file{d: d, n: n}, nil
}

func (d *Disk) name(r naming) {
	delete(d.names, r.from)
	if r.node != nil {
		d.names[r.to] = r.node
	}
	d.renames = append(d.renames, r)
}

// Rename implements disk.FS.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	n := d.names[from]
	if n == nil {
		return fmt.Errorf("rename %s: %w", from, syscall.ENOENT)
	}
	d.name(naming{from: from, to: to, node: n})
	return nil
}

// Remove implements disk.FS.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	if d.names[name] == nil {
		return fmt.Errorf("remove %s: %w", name, syscall.ENOENT)
	}
	d.name(naming{from: name})
	return nil
}

// SyncDir implements disk.FS.
func (d *Disk) SyncDir(string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.step(); err != nil {
		return err
	}
	d.kept, d.renames = map[string]*node{}, nil
	for name, n := range d.names {
		d.kept[name] = n
	}
	return nil
}

// Lock implements disk.FS. A new image of the disk has no locks.
func (d *Disk) Lock(name string) (io.Closer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locks[name] {
		return nil, fmt.Errorf("%s is in use", name)
	}
	d.locks[name] = true
	return unlock(func() { d.set(func() { delete(d.locks, name) }) }), nil
}

type unlock func()

func (u unlock) Close() error {
	u()
	return nil
}

type file struct {
	d *Disk
	n *node
}

// ReadAt implements disk.File.
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if f.d.failRead != nil {
		return 0, f.d.failRead
	}
	if off >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	k := copy(p, f.n.data[off:])
	if k < len(p) {
		return k, io.EOF
	}
	return k, nil
}

// WriteAt implements disk.File. It writes in part when room runs out or the
// process dies.
func (f *file) WriteAt(p []byte, off int64) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	wasDead := f.d.dead
	err := f.d.step()
	if wasDead {
		return 0, err
	}
	if err != nil {
		p = p[:len(p)/2]
	} else if fits := f.d.fits(f.n, off+int64(len(p))); fits < off+int64(len(p)) {
		p, err = p[:max(fits-off, 0)], fmt.Errorf("write: %w", syscall.ENOSPC)
	}
	f.n.data = resize(f.n.data, max(int64(len(f.n.data)), off+int64(len(p))))
	f.n.used = max(f.n.used, off+int64(len(p)))
	copy(f.n.data[off:], p)
	f.n.changes = append(f.n.changes, change{off: off, data: slices.Clone(p), size: -1})
	return len(p), err
}

// fits returns up to which size there is room for n, at most want.
func (d *Disk) fits(n *node, want int64) int64 {
	if d.room < 0 || want <= n.used {
		return want
	}
	return min(want, max(n.used, n.used+d.room-d.usedLocked()))
}

// Size implements disk.File.
func (f *file) Size() (int64, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return int64(len(f.n.data)), f.d.failRead
}

// Truncate implements disk.File.
func (f *file) Truncate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.step(); err != nil {
		return err
	}
	f.resize(size)
	f.n.used = min(f.n.used, size)
	return nil
}

func (f *file) resize(size int64) {
	f.n.data = resize(f.n.data, size)
	f.n.changes = append(f.n.changes, change{size: size})
}

// Allocate implements disk.File.
func (f *file) Allocate(size int64) error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.step(); err != nil {
		return err
	}
	if size <= int64(len(f.n.data)) {
		return nil
	}
	if !f.d.sparse {
		if f.d.fits(f.n, size) < size {
			return fmt.Errorf("allocate: %w", syscall.ENOSPC)
		}
		f.n.used = max(f.n.used, size)
	}
	f.resize(size)
	return nil
}

// Sync implements disk.File.
func (f *file) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if err := f.d.step(); err != nil {
		return err
	}
	if f.d.failSync != nil {
		return f.d.failSync
	}
	f.n.kept, f.n.changes = slices.Clone(f.n.data), nil
	return nil
}

// Close implements disk.File.
func (f *file) Close() error { return nil }
