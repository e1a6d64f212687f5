package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/shard"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// virtualDB tells whether a database exists although no catalog has it.
func virtualDB(name string) bool { return strings.EqualFold(name, "information_schema") }

// answer collects the rows of an answer that the engine makes itself. Values
// are strings, numbers or nil, fitted to the columns' types.
type answer struct {
	types []types.Type
	rows  *zset.Batch
}

func newAnswer(cols []Column) *answer {
	a := &answer{types: make([]types.Type, len(cols))}
	for i, c := range cols {
		a.types[i] = c.Type
	}
	a.rows = zset.NewBatch(a.types, 0)
	return a
}

// add appends one row, a cell per column; cells left out are NULL.
func (a *answer) add(cells ...any) {
	row := make([]types.Value, len(a.types))
	for i, t := range a.types {
		row[i] = types.NullValue(t)
		if i < len(cells) && cells[i] != nil {
			row[i], _ = types.ConvertValue(cellValue(cells[i]), t)
		}
	}
	a.rows.AppendValues(row, 1)
}

func cellValue(c any) types.Value {
	switch c := c.(type) {
	case string:
		return types.TextValue(c)
	case int:
		return types.IntValue(int64(c))
	case int64:
		return types.IntValue(c)
	case uint64:
		return types.UintValue(c)
	case float64:
		return types.FloatValue(c)
	case types.Value:
		return c
	}
	return types.TextValue(fmt.Sprint(c))
}

// show answers a SHOW statement.
func (x *execution) show(ctx context.Context, b *bind.Show) error {
	a := newAnswer(x.c.columns)
	if err := x.fillShow(a, b); err != nil {
		return err
	}
	rows, err := keep(a.rows, b)
	if err != nil {
		return err
	}
	return x.answer(rows)
}

// answer sends rows that the engine made.
func (x *execution) answer(rows *zset.Batch) error {
	if err := x.out.Columns(x.c.columns); err != nil {
		return err
	}
	for lo := 0; lo < rows.N; lo += zset.MaxRows {
		if err := x.out.Rows(rows.Slice(lo, min(lo+zset.MaxRows, rows.N))); err != nil {
			return err
		}
	}
	x.s.rowCount = -1
	return x.done(Summary{})
}

// keep applies the LIKE, WHERE and LIMIT of a SHOW.
func keep(rows *zset.Batch, b *bind.Show) (*zset.Batch, error) {
	if len(b.Preds) > 0 {
		cx := expr.NewCtx()
		sel := expr.CompileFilter(b.Preds).Apply(cx, rows, nil)
		if err := cx.Errs.First(); err != nil {
			return nil, err
		}
		kept := zset.NewBatch(rows.Types(), len(sel))
		kept.AppendGather(rows, sel)
		rows = kept
	}
	lo := min(int(b.Offset), rows.N)
	hi := rows.N
	if b.Limit != plan.NoLimit {
		hi = min(hi, lo+int(b.Limit))
	}
	return rows.Slice(lo, hi), nil
}

func (x *execution) fillShow(a *answer, b *bind.Show) error {
	cat := x.root.Catalog
	switch b.Kind {
	case bind.ShowDatabases:
		a.add("information_schema")
		for _, d := range cat.Databases() {
			a.add(d.Name)
		}
	case bind.ShowTables:
		showTables(a, cat, b.DB)
	case bind.ShowTableStatus:
		x.showTableStatus(a, b.DB)
	case bind.ShowColumns:
		showColumns(a, b)
	case bind.ShowIndex:
		return x.showIndex(a, b)
	case bind.ShowCreateTable, bind.ShowCreateView:
		_, _, name := b.Relation.Ident()
		cells := []any{name, relationSQL(b.Relation), "utf8mb4", types.DefaultCollation.Name()}
		a.add(cells[:len(a.types)]...)
	case bind.ShowCreateDatabase:
		a.add(b.DB, fmt.Sprintf("CREATE DATABASE `%s` /*!40100 DEFAULT CHARACTER SET utf8mb4 */", b.DB))
	case bind.ShowViews:
		x.showViews(a, b.DB)
	case bind.ShowVariables:
		x.showVariables(a, b)
	case bind.ShowStatus:
		x.s.e.metrics.status(a)
	case bind.ShowWarnings, bind.ShowErrors:
		x.showWarnings(a, b)
	case bind.ShowProcessList:
		x.showProcesses(a, b)
	default:
		return fillStatic(a, b.Kind)
	}
	return nil
}

// fillStatic answers what does not change.
func fillStatic(a *answer, kind bind.ShowKind) error {
	switch kind {
	case bind.ShowEngines:
		a.add("InnoDB", "DEFAULT", "Sorted columnar runs; every name of an engine means this one", "YES", "NO", "NO")
	case bind.ShowCharset:
		a.add("binary", "Binary pseudo charset", "binary", 1)
		a.add("utf8mb4", "UTF-8 Unicode", "utf8mb4_0900_ai_ci", 4)
	case bind.ShowCollation:
		for _, c := range types.Collations() {
			def := ""
			if c == types.DefaultCollation {
				def = "Yes"
			}
			pad := "NO PAD"
			if c.PadSpace() {
				pad = "PAD SPACE"
			}
			a.add(c.Name(), c.Charset(), int(c), def, "Yes", 1, pad)
		}
	case bind.ShowGrants:
		a.add("GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION")
	}
	return nil // the others have no rows
}

func relationSQL(r catalog.Relation) string {
	switch r := r.(type) {
	case *catalog.Table:
		return r.SQL()
	case *catalog.View:
		return r.SQL()
	}
	return ""
}

func showTables(a *answer, cat *catalog.Catalog, db string) {
	for _, r := range cat.Relations() {
		if _, in, _ := r.Ident(); in == db {
			addTable(a, r)
		}
	}
	sortRows(a)
}

func addTable(a *answer, r catalog.Relation) {
	_, _, name := r.Ident()
	kind := "BASE TABLE"
	if _, ok := r.(*catalog.View); ok {
		kind = "MATERIALIZED VIEW"
	}
	if len(a.types) == 1 {
		a.add(name)
		return
	}
	a.add(name, kind)
}

// sortRows orders the rows by their first column.
func sortRows(a *answer) {
	sorted, _ := zset.Consolidate(a.rows, zset.Cols(0))
	a.rows = sorted
}

func (x *execution) showTableStatus(a *answer, db string) {
	for _, r := range x.root.Catalog.Relations() {
		id, in, name := r.Ident()
		if in != db {
			continue
		}
		state := x.root.Rel(id)
		rows := state.Main.Rows()
		comment := ""
		var next any
		switch r := r.(type) {
		case *catalog.Table:
			comment = r.Comment
			if r.AutoIncrement() >= 0 {
				next = state.Counter
			}
		case *catalog.View:
			comment = "MATERIALIZED VIEW"
		}
		a.add(name, "InnoDB", 10, "Dynamic", rows, state.Memory/max(rows, 1), state.Memory, 0, 0, 0, next, nil, nil, nil, types.DefaultCollation.Name(), nil, "", comment)
	}
	sortRows(a)
}

// showColumns is SHOW COLUMNS and DESCRIBE.
func showColumns(a *answer, b *bind.Show) {
	var cols []catalog.Column
	key := map[int]string{}
	switch r := b.Relation.(type) {
	case *catalog.Table:
		cols = r.Columns
		for _, ix := range r.Indexes {
			mark := "MUL"
			if ix.Unique && len(ix.Cols) == 1 {
				mark = "UNI"
			}
			if key[ix.Cols[0]] != "UNI" {
				key[ix.Cols[0]] = mark
			}
		}
		for _, k := range r.Key {
			key[k] = "PRI"
		}
	case *catalog.View:
		cols = r.Columns
		if r.Unique {
			for _, k := range r.Key {
				key[k] = "PRI"
			}
		}
	}
	for i, c := range cols {
		null := "NO"
		if c.Type.Nullable {
			null = "YES"
		}
		def, extra := defaultText(c)
		if b.Full {
			var coll any
			if c.Type.Kind == types.String {
				coll = c.Type.Coll.Name()
			}
			a.add(c.Name, c.Type.String(), coll, null, key[i], def, extra, "select,insert,update,references", c.Comment)
			continue
		}
		a.add(c.Name, c.Type.String(), null, key[i], def, extra)
	}
}

// defaultText returns what DESCRIBE shows as default and extra.
func defaultText(c catalog.Column) (def any, extra string) {
	var parts []string
	switch {
	case c.DefaultNow:
		def = currentTimestamp(c.Type)
		parts = append(parts, "DEFAULT_GENERATED")
	case c.Default != nil && !c.Default.IsNull:
		def = c.Default.String()
	}
	if c.AutoIncrement {
		parts = append(parts, "auto_increment")
	}
	if c.OnUpdateNow {
		parts = append(parts, "on update "+currentTimestamp(c.Type))
	}
	return def, strings.Join(parts, " ")
}

func currentTimestamp(t types.Type) string {
	if t.FSP() > 0 {
		return fmt.Sprintf("CURRENT_TIMESTAMP(%d)", t.FSP())
	}
	return "CURRENT_TIMESTAMP"
}

// showIndex is SHOW INDEX.
func (x *execution) showIndex(a *answer, b *bind.Show) error {
	id, _, name := b.Relation.Ident()
	state := x.root.Rel(id)
	if state == nil {
		return errGone(id) // dropped since the statement was bound
	}
	rows := state.Main.Rows()
	add := func(index string, unique bool, cols []int, of []catalog.Column) {
		for i, c := range cols {
			null := ""
			if of[c].Type.Nullable {
				null = "YES"
			}
			non := 1
			if unique {
				non = 0
			}
			a.add(name, non, index, i+1, of[c].Name, "A", rows, nil, nil, null, "BTREE", "", "", "YES", nil)
		}
	}
	switch r := b.Relation.(type) {
	case *catalog.Table:
		add("PRIMARY", true, r.Key, r.Columns)
		for _, ix := range r.Indexes {
			add(ix.Name, ix.Unique, ix.Cols, r.Columns)
		}
	case *catalog.View:
		if r.Unique {
			add("PRIMARY", true, r.Key, r.Columns)
		}
	}
	return nil
}

// showViews is SHOW MATERIALIZED VIEWS.
func (x *execution) showViews(a *answer, db string) {
	for _, v := range x.root.Catalog.Views(db) {
		state := x.root.Rel(v.ID)
		errs := int64(0)
		if state.Errors != nil {
			errs = state.Errors.Rows()
		}
		detail := ""
		switch {
		case state.Failed != nil:
			detail = state.Failed.Error()
		case !v.Ready:
			loaded, total := x.s.e.machine.Progress(v.ID)
			detail = fmt.Sprintf("%d of about %d rows read", loaded, total)
		case state.Errors != nil:
			detail = viewError(v, state).Message
		}
		a.add(db, v.Name, viewState(v, state), state.Main.Rows(), state.Memory, errs, x.inputNames(v), detail)
	}
}

func (x *execution) inputNames(v *catalog.View) string {
	names := make([]string, 0, len(v.Inputs))
	for _, id := range v.Inputs {
		if r, ok := x.root.Catalog.ByID(id); ok {
			_, db, name := r.Ident()
			if db != v.DB {
				name = db + "." + name
			}
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// viewError says what is wrong with the rows that a view leaves out.
func viewError(v *catalog.View, state *shard.Rel) *sqlerr.Error {
	var first []types.Value
	count := int64(0)
	src := state.Errors
	for l := range src.Lanes() {
		_ = src.Scan(l, []int{0, 1, 2}, zset.Range{}, func(b *zset.Batch) error {
			if first == nil {
				first = b.Row(0)
			}
			count += b.WeightSum()
			return nil
		})
	}
	if first == nil {
		return sqlerr.New(sqlerr.ErrViewInvalid, "view '%s.%s' has errors", v.DB, v.Name)
	}
	more := ""
	if count > 1 {
		more = fmt.Sprintf(" and %d more", count-1)
	}
	return sqlerr.New(uint16(first[0].I), "view '%s.%s': %s for row %s%s", v.DB, v.Name, first[1].S, first[2].S, more).
		WithHint("mend or delete the row, or SET weir_view_errors = 'skip' to leave such rows out")
}

func (x *execution) showVariables(a *answer, b *bind.Show) {
	vars := x.s.vars
	if b.Global {
		vars = x.s.e.globals
	}
	for _, name := range vars.names() {
		text := vars.text(name)
		if sysVars[name].kind == boolVar {
			text = map[string]string{"1": "ON", "0": "OFF"}[text]
		}
		a.add(name, text)
	}
}

func (x *execution) showWarnings(a *answer, b *bind.Show) {
	if b.Count {
		a.add(x.s.warned)
		return
	}
	if e := x.s.failing; e != nil {
		a.add("Error", int(e.Code), e.Error())
	}
	if b.Kind == bind.ShowErrors {
		return
	}
	for _, w := range x.s.warnings {
		level := "Warning"
		switch w.Code {
		case sqlerr.ErrDBCreateExists, sqlerr.ErrTableExists, sqlerr.ErrBadTable, sqlerr.ErrDBDropExists:
			level = "Note"
		}
		a.add(level, int(w.Code), w.Error())
	}
}

// showProcesses is SHOW PROCESSLIST.
func (x *execution) showProcesses(a *answer, b *bind.Show) {
	e := x.s.e
	e.mu.Lock()
	all := make([]*session, 0, len(e.sessions))
	for _, s := range e.sessions {
		all = append(all, s)
	}
	e.mu.Unlock()
	now := e.opt.Now()
	for _, s := range all {
		s.mu.Lock()
		var info, db any
		if s.info != "" {
			info = s.info
			if !b.Full && len(s.info) > 100 {
				info = strings.ToValidUTF8(s.info[:100], "")
			}
		}
		state := ""
		if s.command == "Query" {
			state = "executing"
		}
		if s.db != "" {
			db = s.db
		}
		cells := []any{uint64(s.id), s.opt.User, s.opt.Host, db, s.command, int64(now.Sub(s.since).Seconds()), state, info}
		s.mu.Unlock()
		a.add(cells...)
	}
	sortRows(a)
}
