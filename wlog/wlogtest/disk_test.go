package wlogtest

import (
	"errors"
	"math/rand"
	"testing"
)

// TestDiskLosesOnlyWhatWasNotSynced crashes a disk with one synced and one
// unsynced write and name.
func TestDiskLosesOnlyWhatWasNotSynced(t *testing.T) {
	sectors := map[string]int{}
	for seed := range int64(100) {
		d := NewDisk()
		f, _ := d.Open("/d/kept", true)
		f.Allocate(2 * sector)
		f.WriteAt([]byte("synced"), 0)
		f.Sync()
		d.SyncDir("/d")
		both := make([]byte, 2*sector)
		both[100], both[sector+100] = 'a', 'b'
		copy(both, "synced")
		f.WriteAt(both, 0)
		d.Open("/d/lost", true)
		c := d.Crashed(rand.New(rand.NewSource(seed)))
		data := c.Bytes("/d/kept")
		if len(data) != 2*sector || string(data[:6]) != "synced" {
			t.Fatalf("seed %d: synced bytes are gone", seed)
		}
		sectors[string([]byte{data[100], data[sector+100]})]++
		if names, _ := c.ReadDir("/d"); len(names) == 2 {
			sectors["name"]++
		}
		if string(d.Killed().Bytes("/d/kept")) != string(both) {
			t.Fatal("a killed process loses writes")
		}
	}
	for _, outcome := range []string{"\x00\x00", "a\x00", "\x00b", "ab", "name"} {
		if sectors[outcome] == 0 {
			t.Errorf("outcome %q never came: %v", outcome, sectors)
		}
	}
}

func TestDiskDies(t *testing.T) {
	d := NewDisk()
	f, _ := d.Open("/d/f", true)
	d.DieAfter(1)
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if n, err := f.WriteAt([]byte("1234"), 0); n != 2 || !errors.Is(err, ErrDied) {
		t.Fatalf("wrote %d bytes, error %v", n, err)
	}
	if n, err := f.WriteAt([]byte("1234"), 0); n != 0 || !errors.Is(err, ErrDied) {
		t.Fatalf("wrote %d bytes, error %v", n, err)
	}
}
