package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// The vote workload: readers want an article with its number of votes, which
// writers keep changing. Articles are as popular as Zipf's law has it.
const (
	voteArticles = 100_000
	votePreload  = 1_000_000
	voteSkew     = 1.08
	voteClients  = 16
)

// voteQuery is the question; Weir keeps its answer as a view.
const voteQuery = `SELECT a.id, a.title, COUNT(v.user) AS votes
FROM article a LEFT JOIN vote v ON v.article_id = a.id GROUP BY a.id, a.title`

const (
	createArticle = "CREATE TABLE article (id BIGINT NOT NULL PRIMARY KEY, title VARCHAR(64) NOT NULL)"
	createVote    = "CREATE TABLE vote (article_id BIGINT NOT NULL, user BIGINT NOT NULL)"
	insertVote    = "INSERT INTO vote (article_id, user) VALUES (?, ?)"
)

// contender is one way to serve the vote workload.
type contender struct {
	name   string
	server *server
	db     string
	setup  []string // before the data
	read   string   // the statement, id -> (id, votes, title)
	// write is what one vote executes, in one transaction when it is more
	// than one statement: all are sent at once and answered in turn.
	write []string
	// filled runs when the data are in.
	filled []string
}

func weirContender(s *server) *contender {
	return &contender{
		name: "weir view", server: s, db: "vote",
		setup: []string{createArticle, createVote, "CREATE MATERIALIZED VIEW article_votes AS " + voteQuery},
		read:  "SELECT id, votes, title FROM article_votes WHERE id = ?",
		write: []string{insertVote},
	}
}

// joinContender asks the question at read time, with the index that this
// needs. The others read no votes and have none.
func joinContender(s *server) *contender {
	return &contender{
		name: "mariadb join", server: s, db: "vote_join",
		setup: []string{createArticle, createVote, "CREATE INDEX by_article ON vote (article_id)"},
		read: `SELECT a.id, COUNT(v.user) AS votes, a.title
FROM article a LEFT JOIN vote v ON v.article_id = a.id WHERE a.id = ? GROUP BY a.id, a.title`,
		write: []string{insertVote},
	}
}

// counterContender keeps the answer by hand, in a column that every vote
// updates.
func counterContender(s *server) *contender {
	return &contender{
		name: "mariadb counter", server: s, db: "vote_counter",
		setup: []string{
			"CREATE TABLE article (id BIGINT NOT NULL PRIMARY KEY, title VARCHAR(64) NOT NULL, votes BIGINT NOT NULL DEFAULT 0)",
			createVote,
		},
		read: "SELECT id, votes, title FROM article WHERE id = ?",
		write: []string{
			"BEGIN", insertVote, "UPDATE article SET votes = votes + 1 WHERE id = ?", "COMMIT",
		},
		filled: []string{"UPDATE article JOIN (SELECT article_id, COUNT(*) AS n FROM vote GROUP BY article_id) v ON v.article_id = article.id SET votes = v.n"},
	}
}

// fill makes the contender's database and its data.
func (c *contender) fill(z *zipf, votes int) error {
	err := c.server.do("", "DROP DATABASE IF EXISTS "+c.db, "CREATE DATABASE "+c.db)
	if err == nil {
		err = c.server.do(c.db, c.setup...)
	}
	if err != nil {
		return err
	}
	conn, err := c.server.connect(c.db)
	if err != nil {
		return err
	}
	defer conn.close()
	err = insertRows(conn, "article (id, title)", len(z.ids), func(b *strings.Builder, i int) {
		fmt.Fprintf(b, "(%d,'Article #%d of the day')", i, i)
	})
	if err != nil {
		return err
	}
	random := source(0)
	err = insertRows(conn, "vote (article_id, user)", votes, func(b *strings.Builder, i int) {
		fmt.Fprintf(b, "(%d,%d)", z.draw(random), i)
	})
	if err != nil {
		return err
	}
	return c.server.do(c.db, c.filled...)
}

// insertRows inserts n rows by statements of 1,000.
func insertRows(c *client, into string, n int, row func(*strings.Builder, int)) error {
	for from := 0; from < n; from += 1000 {
		if _, err := c.query(insertStatement(into, from, min(n, from+1000), row)); err != nil {
			return err
		}
	}
	return nil
}

// insertStatement is an INSERT of the rows from to until-1.
func insertStatement(into string, from, until int, row func(*strings.Builder, int)) string {
	var sql strings.Builder
	sql.WriteString("INSERT INTO " + into + " VALUES ")
	for i := from; i < until; i++ {
		if i > from {
			sql.WriteByte(',')
		}
		row(&sql, i)
	}
	return sql.String()
}

// voter is one client of a contender.
type voter struct {
	*client
	c      *contender
	z      *zipf
	random *rand.Rand
	read   uint32
	write  []uint32
	params []int // of each write
	reads  float64
	user   int64
}

func (c *contender) voter(i int, z *zipf, reads float64) (*voter, error) {
	conn, err := c.server.connect(c.db)
	if err != nil {
		return nil, err
	}
	v := &voter{client: conn, c: c, z: z, random: source(i + 1), reads: reads, user: int64(i) << 32}
	if v.read, err = conn.prepare(c.read); err != nil {
		conn.close()
		return nil, err
	}
	for _, sql := range c.write {
		id, err := conn.prepare(sql)
		if err != nil {
			conn.close()
			return nil, err
		}
		v.write = append(v.write, id)
		v.params = append(v.params, strings.Count(sql, "?"))
	}
	return v, nil
}

// step reads an article or votes for one.
func (v *voter) step(w *worker) error {
	article := v.z.draw(v.random)
	start := time.Now()
	if v.random.Float64() < v.reads {
		r, err := v.execute(v.read, article)
		w.reads.add(time.Since(start))
		if err == nil && (r.rows != 1 || r.int64At(0) != article) {
			err = fmt.Errorf("%s: article %d gave %d rows, id %d", v.c.name, article, r.rows, r.int64At(0))
		}
		return err
	}
	err := v.vote(article)
	w.writes.add(time.Since(start))
	return err
}

// vote writes one vote.
func (v *voter) vote(article int64) error {
	v.user++
	for i, id := range v.write {
		switch v.params[i] {
		case 0:
			v.push(id)
		case 1:
			v.push(id, article)
		default:
			v.push(id, article, v.user)
		}
	}
	if err := v.send(); err != nil {
		return err
	}
	var failed error
	for range v.write {
		if _, err := v.result(); err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", v.c.name, err)
		}
	}
	return failed
}

// total is the number of votes that the contender's readers see.
func (c *contender) total() (int64, error) {
	conn, err := c.server.connect(c.db)
	if err != nil {
		return 0, err
	}
	defer conn.close()
	sql := "SELECT COUNT(*) FROM vote"
	switch c.name {
	case "weir view":
		sql = "SELECT CAST(SUM(votes) AS SIGNED) FROM article_votes"
	case "mariadb counter":
		sql = "SELECT CAST(SUM(votes) AS SIGNED) FROM article"
	}
	id, err := conn.prepare(sql)
	if err != nil {
		return 0, err
	}
	r, err := conn.execute(id)
	return r.int64At(0), err
}

// round drives a contender with clients of which the share reads reads.
func (c *contender) round(ctx context.Context, o *run, z *zipf, reads float64, first int) (*load, error) {
	n := o.connections(voteClients)
	steps := make([]func(*worker) error, n)
	for i := range n {
		v, err := c.voter(first+i, z, reads)
		if err != nil {
			return nil, err
		}
		defer v.close()
		steps[i] = v.step
	}
	return drive(ctx, c.server, o.For, steps)
}

// vote measures the contenders in rounds that alternate.
func (r *run) vote(ctx context.Context) error {
	weir, err := startWeir(ctx, r.Self, r.Log)
	if err != nil {
		return err
	}
	defer weir.stop()
	contenders := []*contender{weirContender(weir)}
	maria, err := r.startMariaDB(ctx)
	if err != nil {
		return err
	}
	if maria != nil {
		defer maria.stop()
		contenders = append(contenders, joinContender(maria), counterContender(maria))
	}
	z := newZipf(r.scaled(voteArticles), voteSkew, 7)
	votes := r.scaled(votePreload)
	acknowledged := make([]int64, len(contenders))
	for i, c := range contenders {
		r.logf("filling %s", c.name)
		start := time.Now()
		if err := c.fill(z, votes); err != nil {
			return err
		}
		acknowledged[i] = int64(votes)
		r.report.add("vote", c.name+" preload", "rows/s", float64(votes+len(z.ids))/time.Since(start).Seconds())
	}
	clients := 0
	for _, mix := range []struct {
		name  string
		reads float64
	}{{"95/5", 0.95}, {"50/50", 0.5}} {
		loads := make([][]*load, len(contenders))
		for k := range rounds {
			for i, c := range contenders {
				r.logf("%s %s, round %d", mix.name, c.name, k+1)
				l, err := c.round(ctx, r, z, mix.reads, clients)
				if err != nil {
					return err
				}
				clients += r.connections(voteClients)
				acknowledged[i] += l.writes.n
				loads[i] = append(loads[i], l)
			}
		}
		r.reportVote(mix.name, contenders, loads)
	}
	for i, c := range contenders {
		if n, err := c.total(); err != nil || n != acknowledged[i] {
			return fmt.Errorf("%s: %d votes were acknowledged, readers see %d (%w)", c.name, acknowledged[i], n, err)
		}
	}
	return nil
}

// reportVote adds the figures of one mix.
func (r *run) reportVote(mix string, contenders []*contender, loads [][]*load) {
	each := func(ls []*load, f func(*load) float64) []float64 {
		var out []float64
		for _, l := range ls {
			out = append(out, f(l))
		}
		return out
	}
	for i, c := range contenders {
		name, ls := mix+" "+c.name, loads[i]
		r.report.add("vote", name, "ops/s", each(ls, (*load).perSecond)...)
		for _, p := range []float64{0.5, 0.99} {
			r.report.add("vote", fmt.Sprintf("%s read p%.0f", name, 100*p), "us", each(ls, func(l *load) float64 { return l.reads.micros(p) })...)
			r.report.add("vote", fmt.Sprintf("%s write p%.0f", name, 100*p), "us", each(ls, func(l *load) float64 { return l.writes.micros(p) })...)
		}
		if c.server.pid != 0 {
			r.report.add("vote", name+" server cpu", "us/op", each(ls, (*load).cpuMicros)...)
		}
	}
	for i := 1; i < len(contenders); i++ {
		ratio := ratios(each(loads[0], (*load).perSecond), each(loads[i], (*load).perSecond))
		r.report.add("vote", fmt.Sprintf("%s weir over %s", mix, contenders[i].name), "x", ratio...)
		r.report.atLeast(map[string]float64{"mariadb join": 100, "mariadb counter": 1}[contenders[i].name])
	}
}
