package engine_test

import (
	"context"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// keep is a Sink that holds rows as text.
type keepRows struct{ rows []string }

func (k *keepRows) Columns([]engine.Column) error   { k.rows = nil; return nil }
func (k *keepRows) Done(engine.Summary, bool) error { return nil }
func (k *keepRows) Rows(b *zset.Batch) error {
	for i := range b.N {
		line := ""
		for _, v := range b.Row(i) {
			line += v.String() + "|"
		}
		k.rows = append(k.rows, line)
	}
	return nil
}

// TestParametersKeepTheirValue gives placeholders values that the types
// inferred from the columns beside them cannot hold: they compare, compute
// and are stored as MySQL does with the values' own types.
func TestParametersKeepTheirValue(t *testing.T) {
	e, err := engine.Open(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	s, err := e.NewSession(engine.SessionOptions{MultiStatements: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := s.Query(ctx, "CREATE DATABASE d; USE d; CREATE TABLE t (id BIGINT PRIMARY KEY, s VARCHAR(9)); INSERT INTO t VALUES (5,'a'),(6,'b'),(7,'c')", &keepRows{}); err != nil {
		t.Fatal(err)
	}
	half := types.Value{Type: types.NewDecimal(2, 1), D: types.DecFromInt64(55)}
	for _, c := range []struct {
		sql   string
		param types.Value
		want  string
	}{
		{"SELECT id FROM t WHERE id = ?", half, ""},
		{"SELECT id FROM t WHERE id = ?", types.FloatValue(5.5), ""},
		{"SELECT id FROM t WHERE id > ? ORDER BY id", half, "6|7|"},
		{"SELECT id FROM t WHERE id = ?", types.TextValue("6"), "6|"},
		{"SELECT id FROM t WHERE id = ?", types.TextValue("6x"), "6|"},
		{"SELECT id FROM t WHERE id < ? ORDER BY id", types.TextValue("6.5"), "5|6|"},
		{"SELECT id + ? FROM t WHERE id = 5", half, "10.5|"},
		{"SELECT id FROM t WHERE id IN (?, 7) ORDER BY id", half, "7|"},
		{"SELECT id FROM t WHERE id = ?", types.IntValue(7), "7|"},
	} {
		st, err := s.Prepare(ctx, c.sql)
		if err != nil {
			t.Fatal(err)
		}
		var k keepRows
		if err := st.Execute(ctx, []types.Value{c.param}, &k); err != nil {
			t.Errorf("%s with %s: %v", c.sql, c.param, err)
			continue
		}
		got := ""
		for _, r := range k.rows {
			got += r
		}
		if got != c.want {
			t.Errorf("%s with %s: %q, want %q", c.sql, c.param, got, c.want)
		}
	}
	st, err := s.Prepare(ctx, "INSERT INTO t VALUES (?, 'x')")
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Execute(ctx, []types.Value{types.TextValue("12abc")}, &keepRows{}); err == nil {
		t.Error("'12abc' was stored into a BIGINT column in strict mode")
	}
	if err := st.Execute(ctx, []types.Value{half}, &keepRows{}); err == nil {
		t.Error("5.5, rounded to 6, should collide with the row 6")
	}
}
