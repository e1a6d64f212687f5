package engine_test

import (
	"context"
	"sync"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/wlog/disk"
	"github.com/weirdb/weir/wlog/wlogtest"
)

// gate is a disk whose next fsync can be made to wait.
type gate struct {
	disk.FS
	mu      sync.Mutex
	reached chan struct{} // not nil: the next fsync closes it and waits for goOn
	goOn    chan struct{}
}

type gatedFile struct {
	disk.File
	g *gate
}

func (g *gate) Open(name string, create bool) (disk.File, error) {
	f, err := g.FS.Open(name, create)
	return gatedFile{f, g}, err
}

func (f gatedFile) Sync() error {
	f.g.mu.Lock()
	reached, goOn := f.g.reached, f.g.goOn
	f.g.reached = nil
	f.g.mu.Unlock()
	if reached != nil {
		close(reached)
		<-goOn
	}
	return f.File.Sync()
}

func (g *gate) shut() (reached, goOn chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reached, g.goOn = make(chan struct{}), make(chan struct{})
	return g.reached, g.goOn
}

// TestCanceledCreateView ends a CREATE VIEW while its entry is on its way to
// the disk: no view is left behind that nobody fills.
func TestCanceledCreateView(t *testing.T) {
	g := &gate{FS: wlogtest.NewDisk()}
	e := open(t, engine.Options{Dir: t.TempDir(), Disk: g})
	c := connect(t, e, "")
	c.do("CREATE DATABASE d; USE d; CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	reached, goOn := g.shut()
	done := make(chan error, 1)
	go func() {
		done <- c.Query(ctx, "CREATE MATERIALIZED VIEW v AS SELECT COUNT(*) AS n FROM t", &result{})
	}()
	<-reached
	cancel()
	close(goOn)
	c.wantError(<-done, 1317, "the canceled statement")
	connect(t, e, "d").rows("SHOW MATERIALIZED VIEWS")
}
