package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// The point workload: prepared SELECTs of one row by its key.
const (
	pointRows    = 100_000
	pointClients = 32
	pointSelect  = "SELECT id, n, name FROM item WHERE id = ?"
)

// point measures point SELECTs over the wire with two clients: the lean one,
// and go-sql-driver as applications use it.
func (r *run) point(ctx context.Context) error {
	s, err := startWeir(ctx, r.Self, r.Log)
	if err != nil {
		return err
	}
	defer s.stop()
	n := r.scaled(pointRows)
	err = s.do("", "CREATE DATABASE point", "CREATE TABLE point.item (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(64) NOT NULL, n BIGINT NOT NULL)")
	if err != nil {
		return err
	}
	c, err := s.connect("point")
	if err != nil {
		return err
	}
	defer c.close()
	err = insertRows(c, "item (id, name, n)", n, func(b *strings.Builder, i int) {
		fmt.Fprintf(b, "(%d,'the name of item %d',%d)", i, i, 3*i)
	})
	if err != nil {
		return err
	}
	var lean, driver struct{ rate, cpu []float64 }
	for range rounds {
		l, err := r.leanPoints(ctx, s, n)
		if err != nil {
			return err
		}
		lean.rate, lean.cpu = append(lean.rate, l.perSecond()), append(lean.cpu, l.cpuMicros())
		if l, err = r.driverPoints(ctx, s, n); err != nil {
			return err
		}
		driver.rate, driver.cpu = append(driver.rate, l.perSecond()), append(driver.cpu, l.cpuMicros())
	}
	name := fmt.Sprintf("%d connections, ", r.connections(pointClients))
	r.report.add("point", name+"lean client", "ops/s", lean.rate...)
	r.report.atLeast(50_000)
	r.report.add("point", name+"lean client, server cpu", "us/op", lean.cpu...)
	r.report.atMost(12)
	r.report.add("point", name+"go-sql-driver", "ops/s", driver.rate...)
	r.report.add("point", name+"go-sql-driver, server cpu", "us/op", driver.cpu...)
	return nil
}

// leanPoints drives the connections from two goroutines: each sends one
// statement on every connection of its half, then takes the answers. So every
// connection has at most one statement under way, and the client rarely waits
// for the kernel to wake it.
func (r *run) leanPoints(ctx context.Context, s *server, n int) (*load, error) {
	const drivers = 2
	steps := make([]func(*worker) error, drivers)
	for d := range steps {
		conns := make([]*client, max(1, r.connections(pointClients)/drivers))
		ids := make([]uint32, len(conns))
		for i := range conns {
			c, err := s.connect("point")
			if err != nil {
				return nil, err
			}
			defer c.close()
			if ids[i], err = c.prepare(pointSelect); err != nil {
				return nil, err
			}
			conns[i] = c
		}
		random, asked := source(d), make([]int64, len(conns))
		steps[d] = func(w *worker) error {
			for i, c := range conns {
				asked[i] = random.Int64N(int64(n))
				c.push(ids[i], asked[i])
				if err := c.send(); err != nil {
					return err
				}
			}
			for i, c := range conns {
				got, err := c.result()
				if err != nil {
					return err
				}
				if got.rows != 1 || got.int64At(0) != asked[i] || got.int64At(1) != 3*asked[i] {
					return fmt.Errorf("item %d gave %d rows, id %d", asked[i], got.rows, got.int64At(0))
				}
			}
			w.reads.n += int64(len(conns))
			return nil
		}
	}
	return drive(ctx, s, r.For, steps)
}

// openDriver opens a pool of n connections of go-sql-driver.
func (s *server) openDriver(db string, n int) (*sql.DB, error) {
	mysql.SetLogger(quiet{})
	cfg := mysql.NewConfig()
	cfg.User, cfg.Net, cfg.Addr, cfg.DBName = "root", s.network, s.addr, db
	conn, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(conn)
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	return pool, nil
}

type quiet struct{}

// Print implements mysql.Logger.
func (quiet) Print(...any) {}

// driverPoints is the same load through go-sql-driver, a goroutine and a
// connection each.
func (r *run) driverPoints(ctx context.Context, s *server, n int) (*load, error) {
	steps := make([]func(*worker) error, r.connections(pointClients))
	pool, err := s.openDriver("point", len(steps))
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	for i := range steps {
		conn, err := pool.Conn(ctx)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		st, err := conn.PrepareContext(ctx, pointSelect)
		if err != nil {
			return nil, err
		}
		random := source(i)
		steps[i] = func(w *worker) error {
			id := random.Int64N(int64(n))
			var gotID, gotN int64
			var name string
			err := st.QueryRowContext(ctx, id).Scan(&gotID, &gotN, &name)
			if err == nil && (gotID != id || gotN != 3*id) {
				err = fmt.Errorf("item %d gave id %d", id, gotID)
			}
			w.reads.n++
			return err
		}
	}
	return drive(ctx, s, r.For, steps)
}

// infile registers a reader that LOAD DATA LOCAL names, and returns what
// takes it away again.
func infile(name string, make func() io.Reader) func() {
	mysql.RegisterReaderHandler(name, make)
	return func() { mysql.DeregisterReaderHandler(name) }
}

// loadFile runs a LOAD DATA statement of n lines through go-sql-driver.
func (s *server) loadFile(ctx context.Context, db, statement string, n int) error {
	pool, err := s.openDriver(db, 1)
	if err != nil {
		return err
	}
	res, err := pool.ExecContext(ctx, statement)
	if err == nil {
		if rows, _ := res.RowsAffected(); rows != int64(n) {
			err = fmt.Errorf("%s: %d of %d lines came in", s.name, rows, n)
		}
	}
	return errors.Join(err, pool.Close())
}
