package engine_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
)

// TestMemoryBudget fills a node up to its budget: inserts and new views are
// refused with errno 1037, reads go on, and deleting makes room again.
func TestMemoryBudget(t *testing.T) {
	e, err := engine.Open(engine.Options{Memory: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	s, err := e.NewSession(engine.SessionOptions{MultiStatements: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	run := func(sql string) error { return s.Query(ctx, sql, &keepRows{}) }
	if err := run("CREATE DATABASE d; USE d; CREATE TABLE t (id INT PRIMARY KEY, v INT, s VARCHAR(20)); INSERT INTO t VALUES (0,0,'a'),(1,1,'b')"); err != nil {
		t.Fatal(err)
	}
	n := 2
	for ; n < 1<<20; n *= 2 {
		if err = run(fmt.Sprintf("INSERT INTO t SELECT id+%d, v+1, s FROM t", n)); err != nil {
			break
		}
	}
	if e := sqlerr.From(err); e == nil || e.Code != sqlerr.ErrOutOfMemory {
		t.Fatalf("after %d rows in 8 MiB: %v, want errno 1037", n, err)
	}
	var k keepRows
	if err := s.Query(ctx, "SELECT COUNT(*) FROM t", &k); err != nil || k.rows[0] != fmt.Sprintf("%d|", n) {
		t.Errorf("reading a full node: %v, %v", k.rows, err)
	}
	if err := run("TRUNCATE t"); err != nil {
		t.Errorf("emptying a full node: %v", err)
	}
	// Merges give the memory back in the background; each write looks again.
	for err = run("INSERT INTO t VALUES (1, 1, 'a')"); err != nil; err = run("INSERT INTO t VALUES (1, 1, 'a')") {
		if sqlerr.From(err).Code != sqlerr.ErrOutOfMemory {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}
