package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/server/mysql"
)

func TestZipf(t *testing.T) {
	const n, s, draws = 1000, 1.08, 400_000
	z := newZipf(n, s, 7)
	counts, random := make([]float64, n), source(1)
	for range draws {
		counts[z.draw(random)]++
	}
	sum := 0.0
	for rank := range n {
		sum += math.Pow(float64(rank+1), -s)
	}
	for _, rank := range []int{0, 1, 9, 99} {
		want := draws * math.Pow(float64(rank+1), -s) / sum
		if got := counts[z.ids[rank]]; math.Abs(got-want) > 6*math.Sqrt(want) {
			t.Errorf("rank %d was drawn %.0f times, want about %.0f", rank, got, want)
		}
	}
	again := newZipf(n, s, 7)
	a, b := source(3), source(3)
	for range 100 {
		if z.draw(a) != again.draw(b) {
			t.Fatal("the same seed draws other numbers")
		}
	}
}

func TestLatencies(t *testing.T) {
	var l, more latencies
	for i := 1; i <= 1000; i++ {
		l.add(time.Duration(i) * time.Microsecond)
	}
	more.add(time.Second)
	l.merge(&more)
	for p, want := range map[float64]float64{0.5: 500, 0.99: 990, 0: 1} {
		if got := l.micros(p); got > want*1.001+1 || got < want*0.96 {
			t.Errorf("p%v is %v us, want %v", 100*p, got, want)
		}
	}
	for _, d := range []time.Duration{1, 31, 32, 33, 1000, 123456789, time.Hour} {
		if f := floorOf(bucketOf(d)); f > d || float64(d-f) > float64(d)/32 {
			t.Errorf("%d is in the bucket from %d on", d, f)
		}
	}
}

func TestReport(t *testing.T) {
	var out bytes.Buffer
	r := &report{out: &out}
	r.add("point", "rate", "ops/s", 61_000, 59_000, 60_500)
	r.atLeast(50_000)
	r.add("point", "cpu", "us/op", 14.24, 13)
	r.atMost(12)
	figures := r.figures
	r.flush()
	for _, want := range []string{"60,500", "59,000", "61,000", ">= 50,000 met", "13.6", "<= 12.0 MISSED"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	out.Reset()
	r.json, r.figures = true, figures
	r.flush()
	var f figure
	if err := json.NewDecoder(&out).Decode(&f); err != nil || f.Median != 60_500 || f.Rounds != 3 || f.Met == nil || !*f.Met {
		t.Errorf("as JSON: %+v, %v", f, err)
	}
}

// measured runs a workload at its least size and returns its figures.
func measured(t *testing.T, name string) map[string]figure {
	t.Helper()
	var out bytes.Buffer
	err := Run(context.Background(), Options{Name: name, For: 10 * time.Millisecond, Scale: 0.001, JSON: true, Out: &out, Log: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	figures := map[string]figure{}
	dec := json.NewDecoder(&out)
	for {
		var f figure
		if err := dec.Decode(&f); err == io.EOF {
			return figures
		} else if err != nil {
			t.Fatal(err)
		}
		if f.Name != "" && f.Min <= 0 {
			t.Errorf("%s is %v", f.Name, f.Min)
		}
		figures[f.Name] = f
	}
}

func TestInProcessWorkloads(t *testing.T) {
	if got := measured(t, "views"); len(got) != 9 { // with the machine
		t.Errorf("views has %d figures", len(got))
	}
	if got := measured(t, "backfill"); len(got) != 5 {
		t.Errorf("backfill has %d figures", len(got))
	}
}

// serveMySQL serves an engine in memory over the wire.
func serveMySQL(t *testing.T) *server {
	t.Helper()
	e, err := engine.Open(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door, err := mysql.New(mysql.Options{Node: e})
	if err != nil {
		t.Fatal(err)
	}
	go door.Serve(ln)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = door.Shutdown(ctx)
		_ = e.Close(ctx)
	})
	return &server{name: "weir", network: "tcp", addr: ln.Addr().String(), stop: func() {}}
}

func TestClient(t *testing.T) {
	s := serveMySQL(t)
	if err := s.do("", "CREATE DATABASE d", "CREATE TABLE d.t (id BIGINT PRIMARY KEY, n BIGINT, s TEXT)"); err != nil {
		t.Fatal(err)
	}
	c, err := s.connect("d")
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if r, err := c.query("INSERT INTO t VALUES (1, 10, 'a'), (2, 20, '" + strings.Repeat("x", 200_000) + "')"); err != nil || r.affected != 2 {
		t.Fatalf("inserted %d: %v", r.affected, err)
	}
	id, err := c.prepare("SELECT id, n, s FROM t WHERE id >= ? ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r, err := c.execute(id, 1)
		if err != nil || r.rows != 2 || r.int64At(0) != 2 || r.int64At(1) != 20 {
			t.Errorf("%d rows, last %d, %d: %v", r.rows, r.int64At(0), r.int64At(1), err)
		}
	}
	c.push(id, 2)
	c.push(id, 3)
	if err := c.send(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		if r, err := c.result(); err != nil || r.rows != want {
			t.Errorf("pipelined: %d rows, want %d: %v", r.rows, want, err)
		}
	}
	if _, err := c.query("SELECT nonsense"); err == nil || !strings.Contains(err.Error(), "errno 1054") {
		t.Errorf("a wrong statement gave %v", err)
	}
	if _, err := s.connect("nowhere"); err == nil || !strings.Contains(err.Error(), "errno 1049") {
		t.Errorf("a wrong database gave %v", err)
	}
}

// TestVoteRound: readers see the votes that a round of voters wrote.
func TestVoteRound(t *testing.T) {
	c := weirContender(serveMySQL(t))
	z := newZipf(1000, voteSkew, 7)
	if err := c.fill(z, 2000); err != nil {
		t.Fatal(err)
	}
	r := &run{Options: Options{For: 50 * time.Millisecond, Connections: 3}}
	l, err := c.round(context.Background(), r, z, 0.5, 0)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := c.total(); err != nil || n != 2000+l.writes.n || l.writes.n == 0 || l.reads.n == 0 {
		t.Errorf("%d votes after 2000 and %d more, %d reads: %v", n, l.writes.n, l.reads.n, err)
	}
}

func TestLoadedFile(t *testing.T) {
	s := serveMySQL(t)
	ctx := context.Background()
	for name, f := range map[string]func() error{
		"INSERT":    func() error { return s.insertSales(saleStatements(2500)) },
		"LOAD DATA": func() error { return s.loadSales(ctx, saleFile(2500), 2500) },
	} {
		if rate, err := s.timedLoad(ctx, 2500, f); err != nil || rate <= 0 {
			t.Errorf("%s: %v rows/s, %v", name, rate, err)
		}
	}
}
