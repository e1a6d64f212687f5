package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// lanesFile holds the number of lanes of a data directory, which is fixed
// when the directory is made.
const lanesFile = "LANES"

// maxLanes is the most lanes a shard can have: one per slot.
const maxLanes = 1024

// laneCount returns the number of lanes: that of the data directory, or, for
// a new one, what o says; kept tells that the directory has it.
func laneCount(o Options) (n int, kept bool, err error) {
	n = o.Lanes
	if n <= 0 {
		n = min(runtime.GOMAXPROCS(0), 16)
	}
	if n > maxLanes {
		return 0, false, fmt.Errorf("%d lanes are too many; at most %d", n, maxLanes)
	}
	if o.Dir == "" {
		return n, true, nil
	}
	name := filepath.Join(o.Dir, lanesFile)
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return n, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	if _, err := fmt.Sscanf(string(text), "%d\n", &n); err != nil || n < 1 || n > maxLanes {
		return 0, false, fmt.Errorf("%s should hold the number of lanes, it holds %q; restore it from a copy, or write the number of cores the directory was made on", name, text)
	}
	return n, true, nil
}

// keepLanes writes the number of lanes into a new data directory. A crash
// before leaves a directory without entries, for which any number does.
func keepLanes(dir string, n int) error {
	tmp := filepath.Join(dir, lanesFile+".tmp")
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%d\n", n)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(dir, lanesFile)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
