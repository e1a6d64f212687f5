package console

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// embedded is a session of an engine in this process.
type embedded struct {
	current
	e       *engine.Engine
	session engine.Session
	dir     string
	owner   bool // closes the engine too
}

// closing is how long an engine may take to end.
const closing = 30 * time.Second

// openEmbedded opens an engine over dir, in memory when empty, and a session.
func openEmbedded(ctx context.Context, dir, db string) (target, error) {
	e, err := engine.Open(engine.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	t := &embedded{e: e, dir: dir, owner: true}
	if err := t.start(ctx, db); err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

func (t *embedded) start(ctx context.Context, db string) (err error) {
	o := engine.SessionOptions{User: "root", Host: "localhost", Door: "embedded"}
	if t.dir != "" {
		o.DB = db
	}
	if t.session, err = t.e.NewSession(o); err != nil {
		return err
	}
	if t.dir != "" {
		t.setDB(db)
		return nil
	}
	if db == "" {
		db = "test"
	}
	if err := t.session.Query(ctx, "CREATE DATABASE IF NOT EXISTS "+quoteName(db), discard{}); err != nil {
		return err
	}
	t.setDB(db)
	return t.session.Use(ctx, db)
}

// Exec implements target.
func (t *embedded) Exec(ctx context.Context, sql string, out sink) error {
	if err := ctx.Err(); err != nil {
		return errInterrupted
	}
	err := t.session.Query(ctx, sql, &batches{out: out})
	t.setDB(t.session.Status().DB)
	return err
}

// Second implements target.
func (t *embedded) Second(context.Context) (target, error) {
	db := t.DB()
	s, err := t.e.NewSession(engine.SessionOptions{User: "root", Host: "localhost", Door: "embedded", DB: db})
	if err != nil {
		return nil, err
	}
	other := &embedded{e: t.e, session: s, dir: t.dir}
	other.setDB(db)
	return other, nil
}

// About implements target.
func (t *embedded) About() string {
	if t.dir == "" {
		return "an embedded Weir in memory: everything is gone when you leave"
	}
	return "an embedded Weir over " + t.dir
}

// Close implements target.
func (t *embedded) Close() error {
	if t.session != nil {
		t.session.Close()
	}
	if !t.owner {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	return t.e.Close(ctx)
}

// batches is the engine's Sink that turns batches into rows of text.
type batches struct {
	out   sink
	cells []cell
}

// Columns implements engine.Sink.
func (b *batches) Columns(cols []engine.Column) error {
	own := make([]column, len(cols))
	for i, c := range cols {
		own[i] = column{name: c.Name, typ: c.Type.String()}
	}
	b.cells = make([]cell, len(cols))
	return b.out.Columns(own)
}

// Rows implements engine.Sink.
func (b *batches) Rows(batch *zset.Batch) error {
	var text []byte
	for i := range batch.N {
		for c, v := range batch.Row(i) {
			text = types.AppendValueText(text[:0], v)
			b.cells[c] = cell{text: string(text), null: v.IsNull || v.Type.Kind == types.Null}
		}
		for range batch.Weight(i) {
			if err := b.out.Row(b.cells); err != nil {
				return err
			}
		}
	}
	return nil
}

// Done implements engine.Sink.
func (b *batches) Done(s engine.Summary, _ bool) error {
	return b.out.Done(summary{affected: s.Affected, lastInsertID: s.LastInsertID, warnings: s.Warnings, info: s.Info})
}

// OpenInfile implements engine.Infile: the client's files are this process's.
func (b *batches) OpenInfile(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, sqlerr.New(sqlerr.ErrFileNotFound, "Can't read file '%s': %v", name, err)
	}
	return f, nil
}

// discard is a Sink for statements whose answer nobody reads.
type discard struct{}

// Columns implements engine.Sink.
func (discard) Columns([]engine.Column) error { return nil }

// Rows implements engine.Sink.
func (discard) Rows(*zset.Batch) error { return nil }

// Done implements engine.Sink.
func (discard) Done(engine.Summary, bool) error { return nil }
