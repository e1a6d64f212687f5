package engine

import (
	"slices"
	"sync"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/pull"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// compiled is a statement bound and planned against one version of the
// catalog. It is immutable and shared by sessions.
type compiled struct {
	text    string
	verb    string // for metrics and the process list
	cat     *catalog.Catalog
	bound   bind.Stmt
	params  []types.Type
	given   []types.Type // bind.Env.ParamTypes that it was bound with
	depends []string     // session values bound as constants: not to be shared
	columns []Column
	// logical is the optimised plan of a statement that reads, node the same
	// with access paths, runner is node made ready.
	logical, node plan.Node
	runner        *pull.Runner
	views         []uint64 // views that node scans, and those below them
	// diagnostic statements leave the warnings of the one before alone.
	diagnostic bool
}

// cacheable tells whether another session may use c.
func (c *compiled) cacheable() bool { return len(c.depends) == 0 }

// compile binds and plans one statement against a catalog. given are the
// types of the parameters' values, nil to infer them.
func (s *session) compile(p parse.Stmt, cat *catalog.Catalog, given []types.Type) (c *compiled, err error) {
	defer func() {
		if r := recover(); r != nil {
			c, err = nil, s.bug(r, p.Source().SQL)
		}
	}()
	env := s.bindEnv()
	env.Catalog, env.ParamTypes = cat, given
	b, err := bind.Bind(p, env)
	if err != nil {
		return nil, err
	}
	if c, err = s.plan(b, p.Source().SQL, cat); err != nil {
		return nil, err
	}
	c.given = given
	return c, nil
}

// fit returns c, or, when a parameter's value would lose something as the
// type inferred for it (5.5 beside a BIGINT), the statement bound with the
// types of the values.
func (s *session) fit(c *compiled, p parse.Stmt, params []types.Value) (*compiled, error) {
	for i := range params {
		if !expr.Fits(params[i], c.params[i]) {
			given := make([]types.Type, len(params))
			for k := range params {
				given[k] = params[k].Type
			}
			return s.compile(p, c.cat, given)
		}
	}
	return c, nil
}

// plan readies a bound statement.
func (s *session) plan(b bind.Stmt, text string, cat *catalog.Catalog) (*compiled, error) {
	c := &compiled{text: text, verb: verbOf(b), cat: cat, bound: b}
	var source plan.Node
	switch b := b.(type) {
	case *bind.Query:
		c.params, c.depends, source = b.Params, b.Depends, b.Node
		c.columns = doorColumns(b.Cols, cat)
	case *bind.Insert:
		c.params, c.depends, source = b.Params, b.Depends, b.Source
	case *bind.Update:
		c.params, c.depends, source = b.Params, b.Depends, b.Source
	case *bind.Delete:
		c.params, c.depends, source = b.Params, b.Depends, b.Source
	case *bind.LoadData:
		c.params, c.depends = b.Params, b.Depends
	case *bind.SetVariables:
		c.params, c.depends = b.Params, append(b.Depends, "set")
	case *bind.Prepare:
		c.depends = append(b.Depends, "prepare")
	case *bind.Execute:
		c.depends = append(b.Depends, "execute")
	case *bind.Explain:
		return s.planExplain(c, b)
	case *bind.ExplainView:
		c.columns = explainViewColumns
	case *bind.Show:
		c.depends = b.Depends
		c.columns = doorColumns(b.Cols, cat)
		c.diagnostic = b.Kind == bind.ShowWarnings || b.Kind == bind.ShowErrors
	}
	if source == nil {
		return c, nil
	}
	return c, c.build(source)
}

// build optimises a plan for pull and compiles it.
func (c *compiled) build(n plan.Node) (err error) {
	c.logical = plan.Optimise(n, c.cat.Info)
	c.node = plan.ChooseAccess(c.logical, c.cat.Info)
	c.views = viewsOf(c.cat, c.node)
	c.runner, err = pull.Build(c.node)
	return err
}

// doorColumns describes a result set to a door.
func doorColumns(cols plan.Schema, cat *catalog.Catalog) []Column {
	out := make([]Column, len(cols))
	for i, col := range cols {
		out[i] = Column{Name: col.Name, OrgName: col.Name, Table: col.Table, DB: col.DB, Type: col.Type}
		t, ok := cat.Table(col.DB, col.Table)
		if !ok {
			continue
		}
		if at := t.Column(col.Name); at >= 0 {
			out[i].AutoIncrement = t.Columns[at].AutoIncrement
			for _, k := range t.Key {
				out[i].PrimaryKey = out[i].PrimaryKey || k == at
			}
		}
	}
	return out
}

// verbOf names the kind of a statement.
func verbOf(b bind.Stmt) string {
	switch b := b.(type) {
	case *bind.Query:
		return "select"
	case *bind.Insert:
		if b.Mode == bind.InsertReplace {
			return "replace"
		}
		return "insert"
	case *bind.Update:
		return "update"
	case *bind.Delete:
		return "delete"
	case *bind.LoadData:
		return "load"
	case *bind.DDL:
		return "ddl"
	case *bind.Begin, *bind.Commit, *bind.Rollback:
		return "transaction"
	case *bind.Show:
		return "show"
	case *bind.Explain, *bind.ExplainView:
		return "explain"
	}
	return "other"
}

// readable refuses a view that is not ready, has failed or holds errors, and
// one above it: the errors of a view are those of all views that read it.
func (x *execution) readable() error {
	if len(x.c.views) == 0 {
		return nil
	}
	var wrote []uint64
	if t := x.s.txn; t != nil {
		wrote = t.Wrote()
	}
	for _, id := range x.c.views {
		if err := x.readableView(id, wrote); err != nil {
			return err
		}
	}
	return nil
}

func (x *execution) readableView(id uint64, wrote []uint64) error {
	r, ok := x.root.Catalog.ByID(id)
	if !ok {
		return sqlerr.New(sqlerr.ErrNoSuchTable, "a view of the statement is gone")
	}
	v := r.(*catalog.View)
	if !v.Ready {
		return sqlerr.New(sqlerr.ErrViewInvalid, "view '%s.%s' is still being filled", v.DB, v.Name).
			WithHint("SHOW MATERIALIZED VIEWS tells how far it is")
	}
	if len(wrote) > 0 && reaches(x.root.Catalog, wrote, v) {
		return nil // answered by its plan, see throughViews
	}
	state := x.root.Rel(id)
	if state.Failed != nil {
		return state.Failed
	}
	if state.Errors == nil || x.s.vars.text("weir_view_errors") == "skip" {
		return nil
	}
	return viewError(v, state)
}

// viewsOf returns the views that n scans and all views below them.
func viewsOf(cat *catalog.Catalog, n plan.Node) []uint64 {
	var out []uint64
	add := func(ids []uint64) {
		for _, id := range ids {
			r, _ := cat.ByID(id)
			if _, ok := r.(*catalog.View); ok && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	add(plan.Tables(n))
	for i := 0; i < len(out); i++ {
		r, _ := cat.ByID(out[i])
		add(r.(*catalog.View).Inputs)
	}
	return out
}

// planKey is what a plan is cached under: its text in a database.
type planKey struct{ db, sql string }

// planCache keeps compiled statements. It forgets by generations: when the
// young one is full it becomes the old one, and what is used moves back.
type planCache struct {
	mu         sync.RWMutex
	size       int
	young, old map[planKey]*compiled
}

func newPlanCache(size int) *planCache {
	return &planCache{size: size, young: map[planKey]*compiled{}}
}

// get returns the plan of k when it was made for cat, else nil.
func (p *planCache) get(k planKey, cat *catalog.Catalog) *compiled {
	p.mu.RLock()
	c, young := p.young[k]
	if !young {
		c = p.old[k]
	}
	p.mu.RUnlock()
	if c == nil || c.cat != cat {
		return nil
	}
	if !young {
		p.put(k, c)
	}
	return c
}

// put keeps c, if it may be shared and is worth it.
func (p *planCache) put(k planKey, c *compiled) {
	if c.runner == nil || !c.cacheable() || len(k.sql) > 16<<10 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.young) >= p.size/2 {
		p.old, p.young = p.young, make(map[planKey]*compiled, p.size/2)
	}
	p.young[k] = c
}
