package engine

import (
	"context"
	"testing"
	"time"

	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// TestBugWhileCompiling: a panic while a statement is bound or planned is the
// statement's error, and the session goes on.
func TestBugWhileCompiling(t *testing.T) {
	e, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(context.Background())
	s := newSession(e, 1)
	if err := s.begin(SessionOptions{}); err != nil {
		t.Fatal(err)
	}
	p, err := parse.Parse("SELECT * FROM d.t")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.compile(p, nil, nil) // a bug: there always is a catalog
	if u := sqlerr.From(err); c != nil || u == nil || u.Code != sqlerr.ErrUnknown {
		t.Errorf("compile says %v, %v", c, err)
	}
	if c, err = s.compile(p, e.machine.Root().Catalog, nil); c != nil || sqlerr.From(err).Code == sqlerr.ErrUnknown {
		t.Errorf("with a catalog compile says %v, %v", c, err)
	}
}

// TestLongTime: times beyond what a Duration holds do not wrap around.
func TestLongTime(t *testing.T) {
	v := newVariables(nil)
	for _, text := range []string{"18446744073710", "9223372036854775807", "18446744073709551615"} {
		val := types.TextValue(text)
		if err := v.put("max_execution_time", &val); err != nil {
			t.Fatal(err)
		}
		if d := v.milliseconds("max_execution_time"); d < 1000*time.Hour {
			t.Errorf("%s ms are %s", text, d)
		}
	}
}
