package wlogtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"sync"
	"testing"

	"github.com/weirdb/weir/wlog"
)

// Opener opens a new, empty log over m. The suite closes it.
type Opener func(t *testing.T, m wlog.Driven) (wlog.Log, error)

// Run tests that a driver keeps the law of wlog.
func Run(t *testing.T, open Opener) {
	for name, test := range map[string]func(*testing.T, Opener){
		"ResultsAndOrder":        testOrder,
		"ManyWriters":            testManyWriters,
		"EndedContext":           testContext,
		"EntryTooLarge":          testTooLarge,
		"CloseEndsProposals":     testClose,
		"CloseWaitsForProposals": testCloseWaits,
		"FailedApplyIsFinal":     testFailedApply,
		"FailedOpen":             testFailedOpen,
	} {
		t.Run(name, func(t *testing.T) { test(t, open) })
	}
}

func mustOpen(t *testing.T, open Opener, m wlog.Driven) wlog.Log {
	t.Helper()
	l, err := open(t, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func mustPropose(t *testing.T, l wlog.Log, want uint64, data string) {
	t.Helper()
	index, result, err := l.Propose(context.Background(), []byte(data))
	if err != nil || index != want || result != data {
		t.Fatalf("Propose(%q) = %d, %v, %v; want index %d", data, index, result, err, want)
	}
}

func checkMachine(t *testing.T, m *Machine) {
	t.Helper()
	if err := m.Err(); err != nil {
		t.Fatal(err)
	}
}

func testOrder(t *testing.T, open Opener) {
	m := &Machine{}
	l := mustOpen(t, open, m)
	sizes := []int{0, 1, 7, 8, 9, 100, 70_000}
	for i, size := range sizes {
		mustPropose(t, l, uint64(i+1), string(make([]byte, size)))
		if n := len(m.Entries()); n != i+1 {
			t.Fatalf("%d entries applied when Propose returned, want %d", n, i+1)
		}
	}
	if s := l.Stats(); s.Appends != uint64(len(sizes)) || s.LastIndex != s.Appends || s.Bytes != 70_125 {
		t.Errorf("stats %+v", s)
	}
	checkMachine(t, m)
}

func testManyWriters(t *testing.T, open Opener) {
	const writers, each = 16, 50
	m := &Machine{}
	l := mustOpen(t, open, m)
	var mu sync.Mutex
	got := map[uint64]string{}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			rng := rand.New(rand.NewSource(int64(w)))
			last := uint64(0)
			for i := range each {
				data := fmt.Sprintf("%d/%d/%0*d", w, i, rng.Intn(300), 0)
				index, result, err := l.Propose(context.Background(), []byte(data))
				if err != nil || result != data || index <= last {
					t.Errorf("Propose(%q) = %d, %v, %v after index %d", data, index, result, err, last)
					return
				}
				last = index
				mu.Lock()
				got[index] = data
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	entries := m.Entries()
	if len(entries) != writers*each || len(got) != len(entries) {
		t.Fatalf("%d entries applied and %d indexes answered, want %d", len(entries), len(got), writers*each)
	}
	for _, e := range entries {
		if got[e.Index] != string(e.Data) {
			t.Fatalf("entry %d is %q, its proposer was told of %q", e.Index, e.Data, got[e.Index])
		}
	}
	checkMachine(t, m)
}

func testContext(t *testing.T, open Opener) {
	m := &Machine{}
	l := mustOpen(t, open, m)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := l.Propose(ctx, []byte("x")); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	mustPropose(t, l, 1, "y")
	// A proposal whose caller goes while it is applied still counts.
	slow := &gate{Machine: &Machine{}, entered: make(chan struct{}), open: make(chan struct{})}
	l = mustOpen(t, open, slow)
	ctx, cancel = context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		_, _, err := l.Propose(ctx, []byte("gone"))
		done <- err
	}()
	<-slow.entered
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	close(slow.open)
	mustPropose(t, l, 2, "next")
	checkMachine(t, slow.Machine)
}

func testTooLarge(t *testing.T, open Opener) {
	m := &Machine{}
	l := mustOpen(t, open, m)
	if _, _, err := l.Propose(context.Background(), make([]byte, wlog.MaxEntry+1)); !errors.Is(err, wlog.ErrTooLarge) {
		t.Fatalf("error %v", err)
	}
	mustPropose(t, l, 1, "y")
}

func testClose(t *testing.T, open Opener) {
	l := mustOpen(t, open, &Machine{})
	mustPropose(t, l, 1, "a")
	for range 2 {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := l.Propose(context.Background(), []byte("x")); !errors.Is(err, wlog.ErrClosed) {
		t.Fatalf("error %v", err)
	}
}

// gate is a machine whose Apply waits.
type gate struct {
	*Machine
	once          sync.Once
	entered, open chan struct{}
}

func (g *gate) Apply(entries []wlog.Entry) ([]any, error) {
	g.once.Do(func() { close(g.entered) })
	<-g.open
	return g.Machine.Apply(entries)
}

func testCloseWaits(t *testing.T, open Opener) {
	g := &gate{Machine: &Machine{}, entered: make(chan struct{}), open: make(chan struct{})}
	l := mustOpen(t, open, g)
	var wg sync.WaitGroup
	wg.Go(func() { mustPropose(t, l, 1, "a") })
	<-g.entered
	closed := make(chan error)
	go func() { closed <- l.Close() }()
	select {
	case <-closed:
		t.Fatal("Close returned before the proposal did")
	default:
	}
	close(g.open)
	wg.Wait()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	checkMachine(t, g.Machine)
}

func testFailedApply(t *testing.T, open Opener) {
	m := &Machine{FailAt: 2}
	l := mustOpen(t, open, m)
	mustPropose(t, l, 1, "a")
	for range 2 {
		_, _, err := l.Propose(context.Background(), []byte("b"))
		if !errors.Is(err, wlog.ErrFailed) || !errors.Is(err, errApply) {
			t.Fatalf("error %v", err)
		}
	}
	if n := len(m.Entries()); n != 1 {
		t.Fatalf("%d entries applied", n)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

type unopenable struct{ *Machine }

func (unopenable) Open() (uint64, error) { return 0, errApply }

func testFailedOpen(t *testing.T, open Opener) {
	if _, err := open(t, unopenable{&Machine{}}); !errors.Is(err, errApply) {
		t.Fatalf("error %v", err)
	}
}
