package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// local is an engine in this process with its log in a temporary directory.
type local struct {
	*engine.Engine
	dir string
}

// openLocal opens an engine of so many lanes.
func openLocal(lanes int) (*local, error) {
	dir, err := os.MkdirTemp("", "weir-bench")
	if err != nil {
		return nil, err
	}
	e, err := engine.Open(engine.Options{Dir: dir, Lanes: lanes})
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return &local{e, dir}, nil
}

func (l *local) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(l.Close(ctx), os.RemoveAll(l.dir))
}

// session opens a session in database db.
func (l *local) session(db string) (engine.Session, error) {
	return l.NewSession(engine.SessionOptions{User: "root", Host: "localhost", Door: "embedded", DB: db, MultiStatements: true})
}

// taken is a Sink that counts rows, remembers the first value of the last
// one, and delivers a file that is made as it is read.
type taken struct {
	rows  int64
	first int64
	file  io.Reader
}

func (t *taken) Columns([]engine.Column) error { return nil }

func (t *taken) Rows(b *zset.Batch) error {
	t.rows += b.WeightSum()
	if v := &b.Cols[0]; b.N > 0 && len(v.I) >= b.N {
		t.first = v.I[b.N-1]
	}
	return nil
}

func (t *taken) Done(engine.Summary, bool) error { return nil }

func (t *taken) OpenInfile(string) (io.ReadCloser, error) { return io.NopCloser(t.file), nil }

// lines makes the lines of a file as they are read: n of them, each by line.
type lines struct {
	n    int
	line func(dst []byte, i int) []byte
	next int
	buf  []byte
	read int
}

// Read implements io.Reader.
func (l *lines) Read(p []byte) (int, error) {
	if l.read == len(l.buf) {
		if l.next == l.n {
			return 0, io.EOF
		}
		l.buf, l.read = l.buf[:0], 0
		for len(l.buf) < 64<<10 && l.next < l.n {
			l.buf = l.line(l.buf, l.next)
			l.next++
		}
	}
	n := copy(p, l.buf[l.read:])
	l.read += n
	return n, nil
}

// views measures the vote workload without the wire: what keeping and reading
// a view costs by itself.
func (r *run) views(ctx context.Context) error {
	for _, cores := range []int{1, 2} {
		if err := withCores(cores, func() error { return r.viewsOn(ctx, cores) }); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) viewsOn(ctx context.Context, cores int) error {
	l, err := openLocal(cores)
	if err != nil {
		return err
	}
	err = r.viewsIn(ctx, l, cores)
	return errors.Join(err, l.close())
}

func (r *run) viewsIn(ctx context.Context, l *local, cores int) error {
	z := newZipf(r.scaled(voteArticles), voteSkew, 7)
	s, err := l.session("")
	if err != nil {
		return err
	}
	defer s.Close()
	for _, sql := range []string{
		"CREATE DATABASE vote", "USE vote", createArticle, createVote, "CREATE MATERIALIZED VIEW article_votes AS " + voteQuery,
	} {
		if err := s.Query(ctx, sql, &taken{}); err != nil {
			return err
		}
	}
	for from := 0; from < len(z.ids); from += 1000 {
		var sql strings.Builder
		for i := from; i < from+1000; i++ {
			fmt.Fprintf(&sql, ",(%d,'Article #%d of the day')", i, i)
		}
		if err := s.Query(ctx, "INSERT INTO article VALUES "+sql.String()[1:], &taken{}); err != nil {
			return err
		}
	}
	on := fmt.Sprintf("GOMAXPROCS=%d", cores)
	votes := int64(0)
	var writes, writesCPU, reads, readsCPU []float64
	for range rounds {
		n, rate, perCPU, err := r.sessions(ctx, l, cores, voteBatch, func(i int, s engine.Session) (func() error, error) {
			return batchVoter(ctx, s, z, source(i))
		})
		if err != nil {
			return err
		}
		votes += n
		writes, writesCPU = append(writes, rate), append(writesCPU, perCPU)
	}
	for range rounds {
		_, rate, perCPU, err := r.sessions(ctx, l, cores, readBatch, func(i int, s engine.Session) (func() error, error) {
			return viewReader(ctx, s, z, source(i))
		})
		if err != nil {
			return err
		}
		reads, readsCPU = append(reads, rate), append(readsCPU, perCPU)
	}
	r.report.add("views", "view writes by 1,000, durable, "+on, "rows/s", writes...)
	if cores == 2 {
		r.report.atLeast(500_000)
	}
	r.report.add("views", "view writes by 1,000, durable, "+on+", by CPU", "rows/cpu s", writesCPU...)
	r.report.atLeast(300_000)
	r.report.add("views", "keyed reads through Session, "+on, "reads/s", reads...)
	r.report.add("views", "keyed reads through Session, "+on+", by CPU", "reads/cpu s", readsCPU...)
	r.report.atLeast(1_000_000)
	var seen taken
	if err := s.Query(ctx, "SELECT CAST(SUM(votes) AS SIGNED) FROM article_votes", &seen); err != nil {
		return err
	}
	if seen.first != votes {
		return fmt.Errorf("%d votes were acknowledged, readers see %d", votes, seen.first)
	}
	return nil
}

// What one operation of a session stands for, in rows.
const (
	voteBatch = 1000
	readBatch = 256
)

// sessions runs n sessions for a round, each with an operation of its own
// that stands for perOp rows. It returns the rows, and their number a second
// of the clock and a second of this process's processor time: what one core
// does when it is neither waiting for the disk nor busy with others.
func (r *run) sessions(ctx context.Context, l *local, n int, perOp int64, open func(i int, s engine.Session) (func() error, error)) (rows int64, rate, perCPU float64, err error) {
	ops := make([]func() error, n)
	for i := range ops {
		s, err := l.session("vote")
		if err != nil {
			return 0, 0, 0, err
		}
		defer s.Close()
		if ops[i], err = open(i, s); err != nil {
			return 0, 0, 0, err
		}
	}
	errs, done := make([]error, n), make([]int64, n)
	start, cpu := time.Now(), ownCPU()
	var wg sync.WaitGroup
	for i, op := range ops {
		wg.Go(func() {
			for errs[i] == nil && time.Since(start) < r.For && ctx.Err() == nil {
				errs[i] = op()
				done[i] += perOp
			}
		})
	}
	wg.Wait()
	elapsed, used := time.Since(start).Seconds(), (ownCPU() - cpu).Seconds()
	for _, n := range done {
		rows += n
	}
	return rows, float64(rows) / elapsed, float64(rows) / max(used, 1e-6), errors.Join(errors.Join(errs...), ctx.Err())
}

// batchVoter returns an operation of voteBatch votes by one statement.
func batchVoter(ctx context.Context, s engine.Session, z *zipf, random *rand.Rand) (func() error, error) {
	st, err := s.Prepare(ctx, insertVote+strings.Repeat(",(?, ?)", voteBatch-1))
	if err != nil {
		return nil, err
	}
	params := make([]types.Value, 2*voteBatch)
	user := int64(0)
	var out taken
	return func() error {
		for i := 0; i < len(params); i += 2 {
			params[i], params[i+1] = types.IntValue(z.draw(random)), types.IntValue(user)
			user++
		}
		return st.Execute(ctx, params, &out)
	}, nil
}

// viewReader returns an operation of readBatch keyed reads of the view.
func viewReader(ctx context.Context, s engine.Session, z *zipf, random *rand.Rand) (func() error, error) {
	st, err := s.Prepare(ctx, "SELECT id, title, votes FROM article_votes WHERE id = ?")
	if err != nil {
		return nil, err
	}
	params := make([]types.Value, 1)
	return func() error {
		var out taken
		for range readBatch {
			id := z.draw(random)
			params[0] = types.IntValue(id)
			if err := st.Execute(ctx, params, &out); err != nil {
				return err
			}
			if out.first != id {
				return fmt.Errorf("asked for article %d, got %d", id, out.first)
			}
		}
		if out.rows != readBatch {
			return fmt.Errorf("%d reads gave %d rows", readBatch, out.rows)
		}
		return nil
	}, nil
}
