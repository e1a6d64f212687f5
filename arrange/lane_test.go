package arrange

import (
	"errors"
	"math/rand"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirdb/weir/internal/invariant"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// intTable is a table of an integer key and an integer column.
var intTable = &Schema{Types: []types.Type{types.TypeInt, types.TypeInt}, Key: zset.Cols(0), Unique: true}

func intRows(lo, n int, w int64) *zset.Batch {
	b := zset.NewBatch(intTable.Types, n)
	for i := lo; i < lo+n; i++ {
		b.Cols[0].AppendInt(int64(i))
		b.Cols[1].AppendInt(int64(10 * i))
		b.AppendWeight(w)
	}
	return b
}

// blocksOf returns the sizes of the blocks of all runs.
func blocksOf(s *Snap) []int {
	var out []int
	for _, r := range s.st.Load().runs {
		for _, b := range r.blocks {
			out = append(out, b.rows)
		}
	}
	return out
}

func TestAscendingKeysShareBlocks(t *testing.T) {
	l := NewLane(&Env{TailRows: 16, blockRows: 64}, intTable)
	seen := map[any]bool{}
	copied := 0
	for i := range 200 {
		l.Stage(intRows(i*20, 20, 1))
		l.Publish()
		for _, r := range l.Before().st.Load().runs {
			for _, b := range r.blocks {
				if !seen[b.handle] {
					seen[b.handle] = true
					copied += b.rows
				}
			}
		}
	}
	s := l.Before()
	if s.Rows() != 4000 {
		t.Fatalf("%d rows", s.Rows())
	}
	if sizes := blocksOf(s); len(sizes) > 2*4000/64 {
		t.Errorf("blocks stay small: %v", sizes)
	}
	// Each row is written once as a change and, until its block is half full,
	// in a few merges; never once per level of the stack.
	if copied > 3*4000 {
		t.Errorf("%d rows were written for 4000", copied)
	}
	if s.Runs() > 8 {
		t.Errorf("%d runs", s.Runs())
	}
}

func TestInterleavedRunsDoNotShareBlocks(t *testing.T) {
	l := NewLane(&Env{TailRows: 16, blockRows: 64}, intTable)
	even, odd := intRows(0, 0, 1), intRows(0, 0, 1)
	all := intRows(0, 1000, 1)
	for i := range 1000 {
		if i%2 == 0 {
			even.AppendRow(all, i, 1)
		} else {
			odd.AppendRow(all, i, 1)
		}
	}
	l.Stage(even)
	l.Publish()
	l.Stage(odd)
	l.Publish()
	got := 0
	if err := l.Before().Scan([]int{0}, zset.Range{}, func(b *zset.Batch) error {
		for i := range b.N {
			if b.Cols[0].I[i] != int64(got) {
				t.Fatalf("row %d is %d", got, b.Cols[0].I[i])
			}
			got++
		}
		return nil
	}); err != nil || got != 1000 {
		t.Fatalf("%d rows, %v", got, err)
	}
	if l.Before().Runs() != 1 {
		t.Errorf("%d runs", l.Before().Runs())
	}
}

func TestWeightsOfOneTakeNoMemory(t *testing.T) {
	l := NewLane(&Env{TailRows: 16, blockRows: 64}, intTable)
	for i := range 40 {
		l.Stage(intRows(i*7919%1000*20, 20, 1))
		l.Publish()
	}
	for _, r := range l.Before().st.Load().runs {
		for _, ref := range r.blocks {
			if b, _ := ref.handle.Acquire(); b.Rows.W != nil {
				t.Fatalf("a block of new rows keeps %d weights", len(b.Rows.W))
			}
		}
	}
}

func TestDeletedRowsVanishFromRuns(t *testing.T) {
	l := NewLane(&Env{TailRows: 16, blockRows: 64}, intTable)
	l.Stage(intRows(0, 500, 1))
	l.Publish()
	l.Stage(intRows(0, 500, -1))
	l.Publish()
	if s := l.Before(); s.Rows() != 0 || s.Runs() != 0 || s.Bytes() != 0 {
		t.Errorf("%d rows, %d runs, %d bytes are left", s.Rows(), s.Runs(), s.Bytes())
	}
}

func TestWriterMergesWhenTheBackgroundDoesNot(t *testing.T) {
	var jobs []func()
	l := NewLane(&Env{TailRows: 16, blockRows: 64, Merge: func(job func()) { jobs = append(jobs, job) }}, intTable)
	most := 0
	for i := range 300 {
		l.Stage(intRows(i*16, 16, 1))
		l.Publish()
		most = max(most, l.Before().Runs())
	}
	if most > maxRuns+2 || l.Before().Rows() != 4800 {
		t.Errorf("up to %d runs, %d rows", most, l.Before().Rows())
	}
	if len(jobs) != 1 {
		t.Errorf("%d merges were handed over while the first had not run", len(jobs))
	}
	old := l.Before()
	jobs[0]()
	if l.Before() != old || old.Rows() != 4800 {
		t.Error("a merge changed what is published")
	}
}

func TestSnapshotGainsFromLaterMerges(t *testing.T) {
	var jobs []func()
	l := NewLane(&Env{TailRows: 16, Merge: func(job func()) { jobs = append(jobs, job) }}, intTable)
	for i := range 4 {
		l.Stage(intRows(i*16, 16, 1))
		l.Publish()
	}
	held := l.Before()
	n := held.Runs()
	jobs[0]()
	if n != 4 || held.Runs() != 1 || held.Rows() != 64 {
		t.Errorf("runs %d before the merge, %d after; %d rows", n, held.Runs(), held.Rows())
	}
}

func TestDueKeepsRunsFewAndGeometric(t *testing.T) {
	for _, c := range []struct {
		rows []int
		at   int
	}{
		{nil, 0},
		{[]int{5}, 1},
		{[]int{8, 4, 2, 1, 1}, 0},
		{[]int{100, 50, 3, 1, 1}, 3},
		{[]int{100, 50, 10, 3}, 4},
		{[]int{1, 100}, 0},
		{[]int{1000, 1, 100}, 1},
	} {
		var runs []*run
		for _, n := range c.rows {
			runs = append(runs, &run{rows: n})
		}
		if got := due(runs); got != c.at {
			t.Errorf("due(%v) = %d, want %d", c.rows, got, c.at)
		}
	}
}

func TestOneKeyFillsManyBlocks(t *testing.T) {
	schema := &Schema{Types: []types.Type{types.TypeInt, types.TypeInt}, Key: zset.Cols(0)}
	l := NewLane(&Env{}, schema)
	b := zset.NewBatch(schema.Types, 0)
	for k := range 3 {
		for i := range 10_000 {
			b.Cols[0].AppendInt(int64(k))
			b.Cols[1].AppendInt(int64(i))
			b.AppendWeight(int64(1 + i%2))
		}
	}
	l.Stage(b)
	l.Publish()
	l.Stage(b.Slice(10_000, 10_020)) // 20 rows of key 1 once more
	s := l.After()

	keys := &zset.Keys{Int: []int64{2, 1, 7, 1}}
	var probes []int32
	next, batches := map[int32]int64{}, 0
	if err := s.Seek(keys, 1, []int{1}, func(probe []int32, rows *zset.Batch) error {
		batches++
		for i, p := range probe {
			if rows.Cols[0].I[i] != next[p] {
				t.Fatalf("probe %d: row %d comes where %d should", p, rows.Cols[0].I[i], next[p])
			}
			if w := rows.Weight(i); keys.Int[p] == 1 && next[p] < 20 && w != 2*(1+next[p]%2) {
				t.Fatalf("probe %d row %d weighs %d", p, next[p], w)
			}
			next[p]++
		}
		probes = append(probes, probe...)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(probes) || next[0] != 10_000 || next[1] != 10_000 || next[2] != 0 || next[3] != 10_000 || batches < 8 {
		t.Errorf("rows by probe %v in %d batches", next, batches)
	}
	dst := zset.NewBatch([]types.Type{types.TypeInt}, 0)
	if n, err := s.Get(zset.Key{IsInt: true, Int: 1}, []int{1}, dst); n != 10_000 || err != nil || dst.Weight(3) != 4 {
		t.Errorf("Get gave %d rows, %v", n, err)
	}
	for _, i := range []int{10_000, 10_003, 14_096, 19_999} {
		want := int64(1 + i%2)
		if i < 10_020 {
			want *= 2
		}
		if w, err := s.WeightOf(zset.Key{IsInt: true, Int: 1}, b, i); w != want || err != nil {
			t.Errorf("WeightOf row %d: %d, want %d (%v)", i, w, want, err)
		}
	}
}

func TestReadsRefuseKeysOfTheOtherForm(t *testing.T) {
	l := NewLane(&Env{}, intTable)
	l.Stage(intRows(0, 3, 1))
	s := l.Publish()
	k := zset.Key{Bytes: []byte("x")}
	keys := zset.NewKeys(false, 1)
	keys.Append(k)
	dst := zset.NewBatch(nil, 0)
	_, getErr := s.Get(k, nil, dst)
	_, weightErr := s.WeightOf(k, intRows(0, 1, 1), 0)
	c := s.Cursor(zset.Range{Lo: &k}, false)
	for what, err := range map[string]error{
		"Get":      getErr,
		"WeightOf": weightErr,
		"Weights":  s.Weights(keys, intRows(0, 1, 1), make([]int64, 1)),
		"Seek":     s.Seek(keys, 1, nil, nil),
		"Scan":     s.Scan(nil, zset.Range{Hi: &k}, nil),
		"Cursor":   c.Err(),
	} {
		if err == nil || !strings.Contains(err.Error(), "form") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if c.Next() {
		t.Error("a refused cursor has rows")
	}
}

func TestAnErrorOfEmitEndsTheRead(t *testing.T) {
	l := NewLane(&Env{}, intTable)
	l.Stage(intRows(0, 20_000, 1))
	s := l.Publish()
	stop := errors.New("enough")
	calls := 0
	if err := s.Scan([]int{0}, zset.Range{}, func(*zset.Batch) error { calls++; return stop }); err != stop || calls != 1 {
		t.Errorf("Scan: %v after %d calls", err, calls)
	}
	calls = 0
	keys := &zset.Keys{Int: make([]int64, 10_000)}
	if err := s.Seek(keys, 1, []int{0}, func([]int32, *zset.Batch) error { calls++; return stop }); err != stop || calls != 1 {
		t.Errorf("Seek: %v after %d calls", err, calls)
	}
}

func TestReadsWithoutColumnsCountRows(t *testing.T) {
	l := NewLane(&Env{}, intTable)
	l.Stage(intRows(0, 10_000, 1))
	l.Publish()
	l.Stage(intRows(10_000, 5, 1))
	n := 0
	if err := l.After().Scan(nil, zset.Range{}, func(b *zset.Batch) error {
		n += b.N
		if len(b.Cols) != 0 || b.W != nil {
			t.Errorf("%d columns, %d weights", len(b.Cols), len(b.W))
		}
		return nil
	}); err != nil || n != 10_005 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestPointReadsDoNotAllocate(t *testing.T) {
	if invariant.Enabled || raceEnabled {
		t.Skip("blocks are copied under the tag invariants, and pools leak under the race detector")
	}
	for _, unique := range []bool{true, false} {
		schema := *intTable
		schema.Unique = unique
		l := NewLane(&Env{}, &schema)
		l.Stage(intRows(0, 10_000, 1))
		l.Publish()
		l.Stage(intRows(10_000, 50, 1))
		s := l.Publish()
		dst := zset.NewBatch([]types.Type{types.TypeInt}, 4)
		i := int64(0)
		if n := testing.AllocsPerRun(1000, func() {
			dst.Reset()
			i = (i + 7919) % 10_050
			if n, err := s.Get(zset.Key{IsInt: true, Int: i}, []int{1}, dst); n != 1 || err != nil || dst.Cols[0].I[0] != 10*i {
				t.Fatalf("Get(%d): %d rows, %v, %v", i, n, dst.Cols[0].I, err)
			}
		}); n > 0.1 {
			t.Errorf("unique %v: Get allocates %.2f times", unique, n)
		}
	}
}

// Readers of old snapshots beside the writer and the merges: the race detector
// sees whether anything that they read is written to.
func TestReadersBesideTheWriter(t *testing.T) {
	schema := &Schema{
		Types: []types.Type{types.TypeInt, types.TypeText.WithNull(true), types.TypeInt.WithNull(true)},
		Key:   zset.Cols(0), Unique: true,
	}
	var merges, readers sync.WaitGroup
	l := NewLane(&Env{TailRows: 32, blockRows: 128, Merge: func(job func()) {
		merges.Add(1)
		go func() { defer merges.Done(); job() }()
	}}, schema)
	r := rand.New(rand.NewSource(7))
	s := &subject{t: t, r: r, schema: schema}
	m := model{}
	steps := make(chan pinned)
	for i := range 2 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			in := &subject{t: t, r: rand.New(rand.NewSource(int64(i))), schema: schema}
			for p := range steps {
				in.sorted = p.want.sorted()
				in.checkScan(p.snap, zset.Range{})
				in.checkSeek(p.snap, 1)
				in.checkPoints(p.snap)
				in.checkCursor(p.snap, zset.Range{}, i == 0)
			}
		}()
	}
	for range 120 {
		d := s.change(m, 12, 200)
		l.Stage(d)
		m.add(schema, d)
		p := pinned{l.After(), m.clone()}
		select {
		case steps <- p:
		default:
		}
		l.Publish()
		if r.Intn(10) == 0 {
			l.Stage(s.change(m, 5, 200))
			l.After()
			l.Discard()
		}
		runtime.Gosched()
	}
	close(steps)
	readers.Wait()
	merges.Wait()
	s.check(l.Before(), m)
}

// TestDeletionsGiveMemoryBack empties a lane in chunks of which the last stays
// in the tail: what the rows took is given back all the same.
func TestDeletionsGiveMemoryBack(t *testing.T) {
	if got := due([]*run{{rows: 100, sum: 100}, {rows: 60, sum: -60}}); got != 0 {
		t.Errorf("60 deletions of 100 rows: due = %d, want 0", got)
	}
	if got := due([]*run{{rows: 100, sum: 100}, {rows: 60, sum: 0}}); got != 2 {
		t.Errorf("30 changes of 100 rows: due = %d, want 2", got)
	}
	schema := &Schema{Types: []types.Type{types.TypeInt, types.TypeInt}, Key: zset.Cols(0), Unique: true}
	l := NewLane(&Env{TailRows: 64}, schema)
	const n = 5000
	full := int64(0)
	for _, w := range []int64{1, -1} {
		for lo := int64(0); lo < n; lo += 300 {
			b := zset.NewBatch(schema.Types, 0)
			for i := lo; i < min(lo+300, n-10); i++ {
				b.AppendValues([]types.Value{types.IntValue(i), types.IntValue(i)}, w)
			}
			l.Stage(b)
			l.Publish()
		}
		if w == 1 {
			full = l.Before().Bytes()
		}
	}
	if rows, left := l.Before().Rows(), l.Before().Bytes(); rows != 0 || left > full/10 {
		t.Errorf("%d rows and %d of %d bytes are left of an emptied lane", rows, left, full)
	}
}
