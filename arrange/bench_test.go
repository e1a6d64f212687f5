package arrange

import (
	"flag"
	"fmt"
	"math/rand"
	"syscall"
	"testing"

	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

var residentRows = flag.Int("resident", 1_000_000, "rows that benchmarks have resident")

// cpu returns the CPU time of the process in nanoseconds: on a busy machine it
// says more than the clock.
func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// perRow reports what rows rows have cost since from.
func perRow(b *testing.B, from int64, rows int) {
	b.ReportMetric(float64(cpu()-from)/float64(rows), "cpu-ns/row")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
	b.ReportMetric(0, "ns/op")
}

// keyOf spreads i over the integers, so that steps hit all of a run.
func keyOf(i int) int64 { return int64(uint64(i) * 0x9E3779B97F4A7C15 >> 1) }

type benchCase struct {
	name   string
	schema *Schema
}

var benchCases = []benchCase{
	{"int", &Schema{Types: []types.Type{types.TypeInt, types.TypeInt, types.TypeInt}, Key: zset.Cols(0), Unique: true}},
	{"string", &Schema{Types: []types.Type{{Kind: types.String, Coll: types.Coll0900Bin}, types.TypeInt, types.TypeInt}, Key: zset.Cols(0), Unique: true}},
	{"multiset", &Schema{Types: []types.Type{types.TypeInt, types.TypeInt, types.TypeInt}, Key: zset.Cols(0)}},
}

func (c benchCase) rows(lo, n int) *zset.Batch {
	b := zset.NewBatch(c.schema.Types, n)
	for i := lo; i < lo+n; i++ {
		k := keyOf(i)
		if c.schema.IntKey() {
			b.Cols[0].AppendInt(k)
		} else {
			b.Cols[0].AppendString(fmt.Sprintf("%012x", uint64(k)>>16))
		}
		b.Cols[1].AppendInt(int64(i))
		b.Cols[2].AppendInt(int64(i) * 3)
		b.AppendWeight(1)
	}
	return b
}

// loaded returns a lane with *residentRows rows; merges run when told to.
func (c benchCase) loaded() (*Lane, int) {
	l := NewLane(&Env{}, c.schema)
	for lo := 0; lo < *residentRows; lo += 100_000 {
		l.Stage(c.rows(lo, 100_000))
		l.Publish()
	}
	return l, *residentRows
}

// BenchmarkInsert has all merges in the caller: ns/row is the whole cost.
func BenchmarkInsert(b *testing.B) {
	for _, c := range benchCases {
		for _, step := range []int{1, 100, 10_000} {
			b.Run(fmt.Sprintf("%s/step=%d", c.name, step), func(b *testing.B) {
				l, n := c.loaded()
				pool := c.rows(n, max(b.N, step)+step)
				b.ReportAllocs()
				b.ResetTimer()
				from := cpu()
				for done := 0; done < b.N; done += step {
					l.Stage(pool.Slice(done, done+step))
					l.Publish()
				}
				perRow(b, from, (b.N+step-1)/step*step)
				b.ReportMetric(float64(l.Before().Runs()), "runs")
			})
		}
	}
}

func BenchmarkSeek(b *testing.B) {
	for _, c := range benchCases {
		l, n := c.loaded()
		for i := range 37 { // some small runs and a tail on top
			l.Stage(c.rows(n+i*100, 100))
			l.Publish()
		}
		r := rand.New(rand.NewSource(1))
		probes := zset.NewBatch(c.schema.Types, 100_000)
		for range 10 {
			all := c.rows(r.Intn(n-10_000), 10_000)
			probes.AppendRange(all, 0, all.N)
		}
		var keys zset.Keys
		zset.Normalise(&keys, probes, c.schema.Key)
		// Steps of an operator come sorted, since changes are consolidated.
		var sorted zset.Keys
		sorted.Reset(keys.IsInt())
		var sorter zset.Sorter
		for lo := 0; lo < keys.Len(); lo += 10_000 {
			part := keys.Slice(lo, lo+10_000)
			sorted.AppendGather(&part, sorter.Perm(&part, probes.Slice(lo, lo+10_000)))
		}
		for _, step := range []int{1, 100, 10_000} {
			b.Run(fmt.Sprintf("%s/step=%d", c.name, step), func(b *testing.B) { seekAll(b, l.Before(), &keys, step) })
		}
		b.Run(c.name+"/step=10000/sorted", func(b *testing.B) { seekAll(b, l.Before(), &sorted, 10_000) })
		b.Run(c.name+"/get", func(b *testing.B) {
			dst := zset.NewBatch([]types.Type{types.TypeInt, types.TypeInt}, 1)
			b.ReportAllocs()
			snap, from := l.Before(), cpu()
			for i := range b.N {
				dst.Reset()
				if n, err := snap.Get(keys.At(i%keys.Len()), []int{1, 2}, dst); n != 1 || err != nil {
					b.Fatal(n, err)
				}
			}
			perRow(b, from, b.N)
		})
	}
}

func seekAll(b *testing.B, snap *Snap, keys *zset.Keys, step int) {
	b.ReportAllocs()
	at, found, from := 0, 0, cpu()
	for done := 0; done < b.N; done += step {
		k := keys.Slice(at, at+step)
		if at += step; at+step > keys.Len() {
			at = 0
		}
		if err := snap.Seek(&k, 1, []int{1, 2}, func(probe []int32, rows *zset.Batch) error {
			found += rows.N
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	if found < b.N {
		b.Fatalf("%d of %d found", found, b.N)
	}
	perRow(b, from, (b.N+step-1)/step*step)
	b.ReportMetric(float64(snap.Runs()), "runs")
}

func BenchmarkScan(b *testing.B) {
	for _, c := range benchCases {
		b.Run(c.name, func(b *testing.B) {
			l, n := c.loaded()
			for i := range 37 {
				l.Stage(c.rows(n+i*100, 100))
				l.Publish()
			}
			b.ResetTimer()
			rows, from := 0, cpu()
			for range b.N {
				if err := l.Before().Scan([]int{1, 2}, zset.Range{}, func(rs *zset.Batch) error {
					rows += rs.N
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			perRow(b, from, rows)
			b.ReportMetric(float64(l.Before().Runs()), "runs")
		})
	}
}

// BenchmarkFirst opens a cursor on one key and reads its first row: what MIN
// and TopK do for each group that changed.
func BenchmarkFirst(b *testing.B) {
	c := benchCases[2]
	l, n := c.loaded()
	var cur Cursor
	b.ResetTimer()
	from := cpu()
	for i := range b.N {
		k := zset.Key{IsInt: true, Int: keyOf(i * 7919 % n)}
		cur.Reset(l.Before(), zset.PrefixRange(k), i%2 == 0)
		if !cur.Next() {
			b.Fatal("a key is missing")
		}
		cur.Close()
	}
	perRow(b, from, b.N)
}
