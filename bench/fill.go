package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/weirdb/weir/engine"
)

// The sizes of the data sets that backfill reads and load writes.
const (
	backfillRows   = 5_000_000
	backfillGroups = 10_000
	loadRows       = 1_000_000
)

// backfill measures how fast a view is filled from a table that is there.
func (r *run) backfill(ctx context.Context) error {
	for _, cores := range []int{1, 2} {
		if err := withCores(cores, func() error { return r.backfillOn(ctx, cores) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) backfillOn(ctx context.Context, cores int) error {
	l, err := openLocal(cores)
	if err != nil {
		return err
	}
	return errors.Join(r.backfillIn(ctx, l, cores), l.close())
}

func (r *run) backfillIn(ctx context.Context, l *local, cores int) error {
	n := r.scaled(backfillRows)
	s, err := l.session("")
	if err != nil {
		return err
	}
	defer s.Close()
	r.logf("loading %d rows for the backfill, %d cores", n, cores)
	if err := fillFacts(ctx, s, n); err != nil {
		return err
	}
	var rates, perCPU []float64
	for range rounds {
		start, cpu := time.Now(), ownCPU()
		err := s.Query(ctx, "CREATE MATERIALIZED VIEW sums AS SELECT grp, COUNT(*) AS n, SUM(amount) AS total FROM fact GROUP BY grp", &taken{})
		if err != nil {
			return err
		}
		rates = append(rates, float64(n)/time.Since(start).Seconds())
		perCPU = append(perCPU, float64(n)/max((ownCPU()-cpu).Seconds(), 0.01))
		var seen taken
		if err := s.Query(ctx, "SELECT CAST(SUM(n) AS SIGNED) FROM sums", &seen); err != nil {
			return err
		}
		if seen.first != int64(n) {
			return fmt.Errorf("the view counts %d of %d rows", seen.first, n)
		}
		if err := s.Query(ctx, "DROP MATERIALIZED VIEW sums", &taken{}); err != nil {
			return err
		}
	}
	name := fmt.Sprintf("group by over %s rows, GOMAXPROCS=%d", number(float64(n)), cores)
	r.report.add("backfill", name, "rows/s", rates...)
	r.report.add("backfill", name+", by CPU", "rows/cpu s", perCPU...)
	r.report.atLeast(1_000_000)
	return nil
}

// fillFacts makes the table of the backfill.
func fillFacts(ctx context.Context, s engine.Session, n int) error {
	for _, sql := range []string{
		"CREATE DATABASE b", "USE b", "CREATE TABLE fact (id BIGINT NOT NULL PRIMARY KEY, grp BIGINT NOT NULL, amount BIGINT NOT NULL)",
	} {
		if err := s.Query(ctx, sql, &taken{}); err != nil {
			return err
		}
	}
	const chunk = 500_000
	for from := 0; from < n; from += chunk {
		out := &taken{file: &lines{n: min(chunk, n-from), line: func(dst []byte, i int) []byte {
			i += from
			dst = append(strconv.AppendInt(dst, int64(i), 10), ',')
			dst = append(strconv.AppendInt(dst, int64(i*7919%backfillGroups), 10), ',')
			return append(strconv.AppendInt(dst, int64(i%1000), 10), '\n')
		}}}
		if err := s.Query(ctx, "LOAD DATA LOCAL INFILE 'facts' INTO TABLE fact FIELDS TERMINATED BY ','", out); err != nil {
			return err
		}
	}
	return nil
}

// The load workload's table: a key, numbers, a name, a decimal and a time.
const createSale = `CREATE TABLE sale (id BIGINT NOT NULL PRIMARY KEY, customer INT NOT NULL,
product VARCHAR(40) NOT NULL, price DECIMAL(10,2) NOT NULL, at DATETIME NOT NULL)`

// saleLine appends row i of the table, its values apart by sep and its texts
// within quote.
func saleLine(dst []byte, i int, quote string) []byte {
	return fmt.Appendf(dst, "%d,%d,%sproduct number %d%s,%d.%02d,%s2026-01-%02d %02d:%02d:%02d%s",
		i, i%5000, quote, i%20000, quote, i%900, i%100, quote, 1+i%28, i%24, i%60, i/60%60, quote)
}

// load measures bulk writes over the wire by one client.
func (r *run) load(ctx context.Context) error {
	weir, err := startWeir(ctx, r.Self, r.Log)
	if err != nil {
		return err
	}
	defer weir.stop()
	servers := []*server{weir}
	maria, err := r.startMariaDB(ctx)
	if err != nil {
		return err
	}
	if maria != nil {
		defer maria.stop()
		servers = append(servers, maria)
	}
	n := r.scaled(loadRows)
	statements, file := saleStatements(n), saleFile(n)
	inserts, files := make([][]float64, len(servers)), make([][]float64, len(servers))
	for k := range rounds {
		for i, s := range servers {
			r.logf("%s, round %d", s.name, k+1)
			insert, err := s.timedLoad(ctx, n, func() error { return s.insertSales(statements) })
			if err != nil {
				return err
			}
			loaded, err := s.timedLoad(ctx, n, func() error { return s.loadSales(ctx, file, n) })
			if err != nil {
				return err
			}
			inserts[i], files[i] = append(inserts[i], insert), append(files[i], loaded)
		}
	}
	size := number(float64(n)) + " rows, "
	for i, s := range servers {
		r.report.add("load", size+"INSERT of 1,000, "+s.name, "rows/s", inserts[i]...)
		r.report.add("load", size+"LOAD DATA LOCAL, "+s.name, "rows/s", files[i]...)
	}
	if maria != nil {
		r.report.add("load", "weir over mariadb, INSERT of 1,000", "x", ratios(inserts[0], inserts[1])...)
		r.report.add("load", "weir over mariadb, LOAD DATA LOCAL", "x", ratios(files[0], files[1])...)
	}
	return nil
}

// ratios are a over b, round by round.
func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

// timedLoad returns the rows a second that f brings into an empty table.
func (s *server) timedLoad(ctx context.Context, n int, f func() error) (float64, error) {
	if err := s.do("", "DROP DATABASE IF EXISTS load_bench", "CREATE DATABASE load_bench"); err != nil {
		return 0, err
	}
	if err := s.do("load_bench", createSale); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := f(); err != nil {
		return 0, err
	}
	rate := float64(n) / time.Since(start).Seconds()
	c, err := s.connect("load_bench")
	if err != nil {
		return 0, err
	}
	defer c.close()
	id, err := c.prepare("SELECT COUNT(*) FROM sale")
	if err != nil {
		return 0, err
	}
	got, err := c.execute(id)
	if err == nil && got.int64At(0) != int64(n) {
		err = fmt.Errorf("%s: %d of %d rows came in", s.name, got.int64At(0), n)
	}
	return rate, errors.Join(err, ctx.Err())
}

// saleStatements are INSERTs of 1,000 of the n rows each, made before the
// clock runs.
func saleStatements(n int) []string {
	var out []string
	for from := 0; from < n; from += 1000 {
		out = append(out, insertStatement("sale", from, min(n, from+1000), func(b *strings.Builder, i int) {
			b.WriteByte('(')
			b.Write(saleLine(nil, i, "'"))
			b.WriteByte(')')
		}))
	}
	return out
}

// saleFile is the n rows as CSV.
func saleFile(n int) []byte {
	var out []byte
	for i := range n {
		out = append(saleLine(out, i, ""), '\n')
	}
	return out
}

func (s *server) insertSales(statements []string) error {
	c, err := s.connect("load_bench")
	if err != nil {
		return err
	}
	defer c.close()
	for _, sql := range statements {
		if _, err := c.query(sql); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) loadSales(ctx context.Context, file []byte, n int) error {
	defer infile("sales", func() io.Reader { return bytes.NewReader(file) })()
	return s.loadFile(ctx, "load_bench", "LOAD DATA LOCAL INFILE 'Reader::sales' INTO TABLE sale FIELDS TERMINATED BY ','", n)
}
