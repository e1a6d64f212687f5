package arrange

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/weirdb/weir/mem"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// source is rel.Source, which stands on a higher floor.
type source interface {
	Types() []types.Type
	Key() []zset.KeyCol
	Lanes() int
	Rows() int64
	Scan(lane int, cols []int, r zset.Range, emit func(*zset.Batch) error) error
	Seek(keys *zset.Keys, prefix int, cols []int, emit func(probe []int32, b *zset.Batch) error) error
}

var _ source = (*Pinned)(nil)

// all returns the rows of all lanes, sorted as text.
func (s *subject) all(p *Pinned) []string {
	var out []string
	for lane := range p.Lanes() {
		if err := p.Scan(lane, s.everyCol(), zset.Range{}, func(b *zset.Batch) error {
			var keys zset.Keys
			zset.NormaliseAs(&keys, b, s.schema.Key, s.schema.IntKey())
			for i := range b.N {
				if at := LaneOf(keys.Hash(i), p.Lanes()); at != lane {
					s.t.Fatalf("a row of lane %d lies in lane %d", at, lane)
				}
			}
			out = append(out, s.emitted(b)...)
			return nil
		}); err != nil {
			s.t.Fatal(err)
		}
	}
	slices.Sort(out)
	return out
}

func (s *subject) everyCol() []int {
	cols := []int{}
	for i := range s.schema.Types {
		cols = append(cols, i)
	}
	return cols
}

// checkPinned compares a Pinned with a model. Rows of one probe come lane by
// lane, so they are compared without their order.
func (s *subject) checkPinned(p *Pinned, m model) {
	s.t.Helper()
	s.sorted = m.sorted()
	want := s.lines(s.sorted, s.everyCol())
	slices.Sort(want)
	s.same("Scan of all lanes", s.all(p), want)

	for _, prefix := range []int{1 + s.r.Intn(len(s.schema.Key)), len(s.schema.Key)} {
		keys := zset.NewKeys(s.schema.IntKey(), 0)
		var got, want []string
		for probe := range 30 {
			k := s.prefixKey(prefix)
			keys.Append(k)
			for _, e := range s.within(zset.PrefixRange(k)) {
				want = append(want, fmt.Sprintf("%3d %s", probe, line(e.row, 0, s.everyCol(), e.w)))
			}
		}
		last := int32(0)
		if err := p.Seek(keys, prefix, s.everyCol(), func(probe []int32, b *zset.Batch) error {
			for i, l := range s.emitted(b) {
				if probe[i] < last {
					s.t.Fatal("probes do not ascend")
				}
				last = probe[i]
				got = append(got, fmt.Sprintf("%3d %s", probe[i], l))
			}
			return nil
		}); err != nil {
			s.t.Fatal(err)
		}
		slices.Sort(got)
		slices.Sort(want)
		s.same("Seek in all lanes", got, want)
	}

	k := s.prefixKey(len(s.schema.Key))
	dst := zset.NewBatch(s.schema.Types, 0)
	n, err := p.Get(k, s.everyCol(), dst)
	if want := s.within(zset.PrefixRange(k)); err != nil || n != len(want) || n > 0 && !slices.Equal(s.emitted(dst), s.lines(want, s.everyCol())) {
		s.t.Fatalf("Get gave %d rows, want %d (%v)", n, len(want), err)
	}
}

func TestArrangementOfLanes(t *testing.T) {
	for seed := range seeds(20) {
		lanes := []int{1, 3, 8}[seed%3]
		r := rand.New(rand.NewSource(seed))
		s := &subject{t: t, r: r, schema: randomSchema(r)}
		env := &Env{Budget: mem.NewBudget(0), TailRows: 16, blockRows: 32}
		a := NewArrangement(env, s.schema, lanes)
		if a.Lanes() != lanes || len(a.Schema().Types) != len(s.schema.Types) {
			t.Fatal("the arrangement is not what was asked for")
		}
		m := model{}
		for range 12 {
			d := s.change(m, 40, 60)
			a.Stage(d)
			if r.Intn(4) == 0 {
				a.Discard()
				s.checkPinned(a.Pin(), m)
				continue
			}
			m.add(s.schema, d)
			s.checkPinned(a.After(), m)
			held := a.Pin()
			rows := held.Rows()
			if got := a.Publish(); got != a.Pin() || held.Rows() != rows {
				t.Fatal("Publish does not return what Pin does, or changed what was pinned")
			}
			s.checkPinned(a.Pin(), m)
		}
		if a.Publish() != a.Pin() {
			t.Error("an empty Publish changed the snapshot")
		}
		if got, want := env.Budget.Used(mem.Runs), a.Pin().Bytes(); got != want {
			t.Errorf("budget %d, bytes %d", got, want)
		}
		a.Drop()
		if env.Budget.Total() != 0 || a.Pin().Rows() != 0 {
			t.Error("Drop left something")
		}
	}
}

func TestLaneOfCoversAllLanesEvenly(t *testing.T) {
	for _, lanes := range []int{1, 3, 7, 1024} {
		count := make([]int, lanes)
		for slot := range uint64(zset.Slots) {
			count[LaneOf(slot|1<<40, lanes)]++
		}
		if slices.Min(count) < zset.Slots/lanes || slices.Max(count) > zset.Slots/lanes+1 {
			t.Errorf("%d lanes have %v slots", lanes, count)
		}
	}
}
