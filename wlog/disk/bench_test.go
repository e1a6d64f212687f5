package disk

import (
	"context"
	"sync"
	"testing"

	"github.com/weirdb/weir/wlog"
)

// count is a machine that counts entries.
type count struct{ index uint64 }

func (m *count) Open() (uint64, error) { return 0, nil }

func (m *count) Apply(entries []wlog.Entry) ([]any, error) {
	m.index = entries[len(entries)-1].Index
	return make([]any, len(entries)), nil
}
func (m *count) Flush() (uint64, error)      { return 0, nil }
func (m *count) Pin() (wlog.Snapshot, error) { return nil, nil }

func BenchmarkPropose64Writers(b *testing.B) {
	l, err := Open(Options{Dir: b.TempDir()}, &count{})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < b.N; i += 64 {
				if _, _, err := l.Propose(context.Background(), make([]byte, 256)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	s := l.Stats()
	b.ReportMetric(float64(s.Appends)/b.Elapsed().Seconds(), "appends/s")
	b.ReportMetric(float64(s.Appends)/float64(s.Syncs), "appends/sync")
	b.ReportMetric(float64(s.SyncNanos)/float64(s.Syncs)/1e3, "us/sync")
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
}
