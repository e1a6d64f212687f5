package engine_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// discard is a Sink that counts rows.
type discard struct{ rows int64 }

func (d *discard) Columns([]engine.Column) error { return nil }

func (d *discard) Rows(b *zset.Batch) error {
	d.rows += b.WeightSum()
	return nil
}

func (d *discard) Done(engine.Summary, bool) error { return nil }

// stocked opens an engine in memory with a table t of n rows, keys 0 to n-1.
func stocked(b *testing.B, n int) *client {
	b.Helper()
	e := open(b, engine.Options{})
	c := connect(b, e, "")
	c.do("CREATE DATABASE d; USE d; CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(40), n BIGINT NOT NULL)")
	for from := 0; from < n; from += 1000 {
		c.do("%s", insertText("t", from, min(1000, n-from)))
	}
	return c
}

// insertText is a multi-row INSERT of n rows with keys from from on.
func insertText(table string, from, n int) string {
	var sql strings.Builder
	fmt.Fprintf(&sql, "INSERT INTO %s VALUES ", table)
	for i := range n {
		if i > 0 {
			sql.WriteByte(',')
		}
		fmt.Fprintf(&sql, "(%d,'the name of row %d',%d)", from+i, from+i, i)
	}
	return sql.String()
}

func (c *client) ready(sql string) engine.Stmt {
	c.t.Helper()
	st, err := c.Prepare(context.Background(), sql)
	if err != nil {
		c.t.Fatalf("%s\n%v", sql, err)
	}
	return st
}

// execute runs st with params and fails the benchmark on an error.
func execute(b *testing.B, st engine.Stmt, out engine.Sink, params ...types.Value) {
	if err := st.Execute(context.Background(), params, out); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkPointSelect(b *testing.B) {
	const n = 100_000
	c := stocked(b, n)
	random := rand.New(rand.NewPCG(1, 2))
	keys := make([]int64, 1<<12)
	for i := range keys {
		keys[i] = random.Int64N(n)
	}
	b.Run("prepared", func(b *testing.B) {
		st := c.ready("SELECT id, name, n FROM t WHERE id = ?")
		var out discard
		params := make([]types.Value, 1)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			params[0] = types.IntValue(keys[i%len(keys)])
			execute(b, st, &out, params...)
		}
		if out.rows != int64(b.N) {
			b.Fatalf("%d look-ups found %d rows", b.N, out.rows)
		}
	})
	b.Run("text", func(b *testing.B) {
		texts := make([]string, len(keys))
		for i, k := range keys {
			texts[i] = fmt.Sprintf("SELECT id, name, n FROM t WHERE id = %d", k)
		}
		var out discard
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if err := c.Query(context.Background(), texts[i%len(texts)], &out); err != nil {
				b.Fatal(err)
			}
		}
		if out.rows != int64(b.N) {
			b.Fatalf("%d look-ups found %d rows", b.N, out.rows)
		}
	})
}

func BenchmarkInsert(b *testing.B) {
	b.Run("1 row prepared", func(b *testing.B) {
		c := stocked(b, 1000)
		st := c.ready("INSERT INTO t VALUES (?, ?, ?)")
		params := []types.Value{{}, types.TextValue("a name"), types.IntValue(7)}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			params[0] = types.IntValue(int64(1000 + i))
			execute(b, st, &discard{}, params...)
		}
	})
	b.Run("1000 rows text", func(b *testing.B) {
		c := stocked(b, 1000)
		b.ReportAllocs()
		for i := 1; b.Loop(); i++ {
			b.StopTimer()
			sql := insertText("t", i*1000, 1000)
			b.StartTimer()
			if err := c.Query(context.Background(), sql, &discard{}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
	})
}

func BenchmarkUpdateByKey(b *testing.B) {
	const n = 10_000
	c := stocked(b, n)
	st := c.ready("UPDATE t SET n = n + 1 WHERE id = ?")
	params := make([]types.Value, 1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		params[0] = types.IntValue(int64(i*7919) % n)
		execute(b, st, &discard{}, params...)
	}
}

// votes opens an engine with the tables and the view of `weir bench vote`.
func votes(b *testing.B, articles int) *client {
	b.Helper()
	e := open(b, engine.Options{})
	c := connect(b, e, "")
	c.do(`CREATE DATABASE d; USE d;
		CREATE TABLE article (id BIGINT PRIMARY KEY, title VARCHAR(64) NOT NULL);
		CREATE TABLE vote (article_id BIGINT NOT NULL, user BIGINT NOT NULL);
		CREATE MATERIALIZED VIEW v AS SELECT a.id, a.title, COUNT(v.user) AS votes
		FROM article a LEFT JOIN vote v ON v.article_id = a.id GROUP BY a.id, a.title`)
	for from := 0; from < articles; from += 1000 {
		var sql strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&sql, ",(%d,'Article #%d')", from+i, from+i)
		}
		c.do("INSERT INTO article VALUES %s", sql.String()[1:])
	}
	return c
}

// voter returns a function that writes a batch of votes.
func (c *client) voter(b *testing.B, articles, batch int) func() {
	st := c.ready("INSERT INTO vote VALUES (?, ?)" + strings.Repeat(",(?, ?)", batch-1))
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.08, 1, uint64(articles-1))
	params := make([]types.Value, 2*batch)
	return func() {
		for k := 0; k < len(params); k += 2 {
			params[k], params[k+1] = types.IntValue(int64(zipf.Uint64())), types.IntValue(int64(k))
		}
		execute(b, st, &discard{}, params...)
	}
}

// BenchmarkVoteWrites is the writing side of `weir bench vote` without the
// wire: votes under a view that joins and groups them.
func BenchmarkVoteWrites(b *testing.B) {
	const articles = 100_000
	for _, batch := range []int{1, 1000} {
		b.Run(fmt.Sprintf("%d rows", batch), func(b *testing.B) {
			vote := votes(b, articles).voter(b, articles, batch)
			b.ReportAllocs()
			for b.Loop() {
				vote()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(batch), "ns/row")
		})
	}
}

// BenchmarkVoteReads is the reading side: the view by its key.
func BenchmarkVoteReads(b *testing.B) {
	const articles = 100_000
	c := votes(b, articles)
	vote := c.voter(b, articles, 1000)
	for range 200 {
		vote()
	}
	st := c.ready("SELECT id, title, votes FROM v WHERE id = ?")
	var out discard
	params := make([]types.Value, 1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		params[0] = types.IntValue(int64(i) * 7919 % articles)
		execute(b, st, &out, params...)
	}
	if out.rows != int64(b.N) {
		b.Fatalf("%d look-ups found %d rows", b.N, out.rows)
	}
}

// BenchmarkBackfill makes a view over a table that is there.
func BenchmarkBackfill(b *testing.B) {
	const rows = 500_000
	for _, groups := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("%d groups", groups), func(b *testing.B) {
			c := connect(b, open(b, engine.Options{}), "")
			c.do("CREATE DATABASE d; USE d; CREATE TABLE fact (id BIGINT PRIMARY KEY, grp BIGINT NOT NULL, amount BIGINT NOT NULL)")
			for from := 0; from < rows; from += 1000 {
				var sql strings.Builder
				for i := from; i < from+1000; i++ {
					fmt.Fprintf(&sql, ",(%d,%d,%d)", i, i*7919%groups, i%1000)
				}
				c.do("INSERT INTO fact VALUES %s", sql.String()[1:])
			}
			b.ReportAllocs()
			for b.Loop() {
				c.do("CREATE MATERIALIZED VIEW v AS SELECT grp, COUNT(*) AS n, SUM(amount) AS total FROM fact GROUP BY grp")
				b.StopTimer()
				c.do("DROP MATERIALIZED VIEW v")
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}

// infile is a Sink that delivers text as the client's file.
type infile struct {
	discard
	text string
}

func (f *infile) OpenInfile(string) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(f.text)), nil
}

func BenchmarkLoadData(b *testing.B) {
	const rows = 50_000
	var text strings.Builder
	for i := range rows {
		fmt.Fprintf(&text, "%d,%d,product number %d,%d.%02d,2026-01-%02d 10:%02d:00\n", i, i%5000, i%20000, i%900, i%100, 1+i%28, i%60)
	}
	c := connect(b, open(b, engine.Options{}), "")
	c.do("CREATE DATABASE d; USE d; CREATE TABLE sale (id BIGINT PRIMARY KEY, customer INT NOT NULL, product VARCHAR(40) NOT NULL, price DECIMAL(10,2) NOT NULL, at DATETIME NOT NULL)")
	b.ReportAllocs()
	for b.Loop() {
		err := c.Query(context.Background(), "LOAD DATA LOCAL INFILE 'f' INTO TABLE sale FIELDS TERMINATED BY ','", &infile{text: text.String()})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		c.do("TRUNCATE TABLE sale")
		b.StartTimer()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
