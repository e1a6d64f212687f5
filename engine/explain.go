package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

var explainColumns = []Column{{Name: "EXPLAIN", Type: types.TypeText}}

var explainViewColumns = []Column{
	{Name: "operator", Type: types.TypeText},
	{Name: "state_rows", Type: types.TypeInt},
	{Name: "state_bytes", Type: types.TypeInt},
	{Name: "rows_in", Type: types.TypeInt},
	{Name: "rows_out", Type: types.TypeInt},
	{Name: "time_ms", Type: types.TypeFloat},
}

// planExplain readies EXPLAIN: it plans the statement explained.
func (s *session) planExplain(c *compiled, b *bind.Explain) (*compiled, error) {
	switch b.Format {
	case "", "tree", "traditional", "brief", "row":
	default:
		return nil, sqlerr.NotSupported("EXPLAIN FORMAT=%s", strings.ToUpper(b.Format)).WithHint("FORMAT=TREE is")
	}
	inner, err := s.plan(b.Stmt, c.text, c.cat)
	if err != nil {
		return nil, err
	}
	c.depends = append(inner.depends, "explain")
	c.params, c.node, c.logical, c.runner, c.views = inner.params, inner.node, inner.logical, inner.runner, inner.views
	c.columns = explainColumns
	return c, nil
}

// explain is EXPLAIN [ANALYZE]: the plan that would answer, a line a node.
func (x *execution) explain(ctx context.Context, b *bind.Explain) error {
	text := "no plan: " + verbOf(b.Stmt)
	switch {
	case x.c.node != nil:
		text = plan.Explain(x.c.node)
	case isView(b.Stmt):
		d := b.Stmt.(*bind.DDL)
		n, err := circuitPlan(d.Query.Node, x.c.cat.Info)
		if err != nil {
			return err
		}
		text = plan.Explain(n)
	}
	if b.Analyze && x.c.runner != nil {
		line, err := x.analyze(ctx, b.Stmt)
		if err != nil {
			return err
		}
		text = strings.TrimRight(text, "\n") + "\n" + line
	}
	a := newAnswer(explainColumns)
	for _, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		a.add(line)
	}
	return x.answer(a.rows)
}

func isView(b bind.Stmt) bool {
	d, ok := b.(*bind.DDL)
	return ok && d.Query != nil
}

// analyze runs a query and says what came out; what writes is not run.
func (x *execution) analyze(ctx context.Context, b bind.Stmt) (string, error) {
	if _, ok := b.(*bind.Query); !ok {
		return "", sqlerr.NotSupported("EXPLAIN ANALYZE of a statement that writes")
	}
	if err := x.readable(); err != nil {
		return "", err
	}
	start := x.s.e.opt.Now()
	rows := int64(0)
	err := x.pull(ctx, func(b *zset.Batch) error {
		rows += b.WeightSum()
		return nil
	})
	return fmt.Sprintf("(%d rows in %s)", rows, x.s.e.opt.Now().Sub(start)), err
}

// explainView is EXPLAIN VIEW: the circuit, an operator a line.
func (x *execution) explainView(b *bind.ExplainView) error {
	a := newAnswer(explainViewColumns)
	state := x.root.Rel(b.View.ID)
	if state == nil {
		return errGone(b.View.ID)
	}
	a.add(fmt.Sprintf("View %s (%s)", b.View.Name, viewKey(b)), state.Main.Rows(), state.Memory)
	for _, op := range x.s.e.machine.Stats(b.View.ID) {
		a.add(strings.Repeat("  ", op.Depth+1)+op.Name, op.State, op.Bytes, op.RowsIn, op.RowsOut, float64(op.Nanos/1000)/1000)
	}
	return x.answer(a.rows)
}

// viewKey says by what a view is stored.
func viewKey(b *bind.ExplainView) string {
	names := make([]string, len(b.View.Key))
	for i, k := range b.View.Key {
		names[i] = b.View.Columns[k].Name
	}
	kind := "sorted by"
	if b.View.Unique {
		kind = "key"
	}
	return kind + " " + strings.Join(names, ", ")
}

// evaluate computes an expression without columns.
func (x *execution) evaluate(e expr.Expr) (types.Value, error) {
	cx := expr.NewCtx()
	cx.Now, cx.Params, cx.Seed = x.now, x.params, newProducer()
	v, err := expr.Value(cx, e)
	x.s.warn(cx.Warnings...)
	return v, err
}

// prepare is PREPARE name FROM. Statements that prepare or execute others are
// refused, as in MySQL: one could execute itself without end.
func (x *execution) prepare(b *bind.Prepare) error {
	st, err := x.s.prepare(b.SQL)
	if err != nil {
		return err
	}
	switch st.c.bound.(type) {
	case *bind.Prepare, *bind.Execute, *bind.Deallocate:
		return sqlerr.New(sqlerr.ErrUnsupportedPS, "This command is not supported in the prepared statement protocol yet")
	}
	if x.s.prepared == nil {
		x.s.prepared = map[string]*stmt{}
	}
	x.s.prepared[b.Name] = st
	return x.done(Summary{Info: "Statement prepared"})
}

// execute is EXECUTE name USING.
func (x *execution) execute(ctx context.Context, b *bind.Execute) error {
	st, ok := x.s.prepared[b.Name]
	if !ok {
		return unknownPrepared(b.Name, "EXECUTE")
	}
	if err := st.bind(); err != nil {
		return err
	}
	if len(b.Args) != len(st.c.params) {
		return sqlerr.New(sqlerr.ErrWrongArguments, "Incorrect arguments to EXECUTE: statement '%s' has %d parameter(s), %d argument(s) were given", b.Name, len(st.c.params), len(b.Args))
	}
	params := make([]types.Value, len(b.Args))
	for i, a := range b.Args {
		v, err := x.evaluate(a)
		if err != nil {
			return err
		}
		params[i] = v
	}
	c, err := x.s.fit(st.c, st.text, params)
	if err != nil {
		return err
	}
	inner := x.s.execution(c)
	inner.params, inner.out, inner.more = params, x.out, x.more
	return inner.run(ctx)
}

func unknownPrepared(name, verb string) error {
	return sqlerr.New(sqlerr.ErrUnknownStmtHandler, "Unknown prepared statement handler (%s) given to %s", name, verb)
}
