package bind

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// loadData binds LOAD DATA.
func (b *binder) loadData(n *ast.LoadDataStmt) (*LoadData, error) {
	t, err := b.table(n.Table, "LOAD")
	if err != nil {
		return nil, err
	}
	if n.Format != nil || len(n.Options) > 0 {
		return nil, b.refuseAt(b.text.Find("format"), "FORMAT and WITH in LOAD DATA")
	}
	if n.Charset != nil {
		if _, err := b.charset(*n.Charset, b.text.Find("character")); err != nil {
			return nil, err
		}
	}
	out := &LoadData{Table: t, Path: n.Path, Local: n.FileLocRef == ast.FileLocClient, AutoInc: t.AutoIncrement(), Format: loadFormat(n)}
	switch n.OnDuplicate {
	case ast.OnDuplicateKeyHandlingIgnore:
		out.Mode = InsertIgnore
	case ast.OnDuplicateKeyHandlingReplace:
		out.Mode = InsertReplace
	default:
		if out.Local { // as MySQL: the client cannot be stopped in the middle
			out.Mode = InsertIgnore
		}
	}
	if out.Row, out.Fields, err = b.loadRow(t, n); err != nil {
		return nil, err
	}
	out.Common = b.common(nil, out.Row...)
	return out, nil
}

// loadRow makes the expressions that turn a line's fields into a row.
func (b *binder) loadRow(t *catalog.Table, n *ast.LoadDataStmt) ([]expr.Expr, int, error) {
	field := func(i int) expr.Expr { return &expr.Col{Index: i, T: types.TypeText.WithNull(true)} }
	row := make([]expr.Expr, len(t.Columns))
	fields := len(n.ColumnsAndUserVars)
	if fields == 0 {
		fields = len(t.Columns)
		for i := range row {
			row[i] = store(field(i), &t.Columns[i])
		}
	}
	vars := map[string]int{}
	for i, f := range n.ColumnsAndUserVars {
		if f.UserVar != nil {
			vars[strings.ToLower(f.UserVar.Name)] = i
			continue
		}
		c, err := b.tableColumn(t, f.ColumnName)
		if err != nil {
			return nil, 0, err
		}
		if row[c] != nil {
			return nil, 0, b.errAt(b.text.Find(f.ColumnName.Name.O), sqlerr.ErrFieldSpecifiedTwice, "Column '%s' specified twice", f.ColumnName.Name.O)
		}
		row[c] = store(field(i), &t.Columns[c])
	}
	c := &clause{binder: b, t: dual(), name: "field list", fixed: "in LOAD DATA"}
	c.variable = func(name string) (expr.Expr, bool) {
		i, ok := vars[name]
		return field(i), ok
	}
	for _, a := range n.ColumnAssignments {
		col, err := b.tableColumn(t, a.Column)
		if err != nil {
			return nil, 0, err
		}
		if row[col], err = c.cell(a.Expr, &t.Columns[col], t, false); err != nil {
			return nil, 0, err
		}
	}
	for i := range row {
		if row[i] == nil {
			e, err := b.defaultValue(&t.Columns[i], true)
			if err != nil {
				return nil, 0, err
			}
			row[i] = e
		}
	}
	return row, fields, nil
}

// loadFormat reads FIELDS and LINES with MySQL's defaults.
func loadFormat(n *ast.LoadDataStmt) LoadFormat {
	f := LoadFormat{FieldsTerminated: "\t", Escaped: '\\', LinesTerminated: "\n"}
	if c := n.FieldsInfo; c != nil {
		if c.Terminated != nil {
			f.FieldsTerminated = *c.Terminated
		}
		if c.Enclosed != nil && *c.Enclosed != "" {
			f.Enclosed, f.OptionallyEnclosed = (*c.Enclosed)[0], c.OptEnclosed
		}
		if c.Escaped != nil {
			f.Escaped = 0
			if *c.Escaped != "" {
				f.Escaped = (*c.Escaped)[0]
			}
		}
	}
	if c := n.LinesInfo; c != nil {
		if c.Starting != nil {
			f.LinesStarting = *c.Starting
		}
		if c.Terminated != nil {
			f.LinesTerminated = *c.Terminated
		}
	}
	if n.IgnoreLines != nil {
		f.IgnoreLines = *n.IgnoreLines
	}
	return f
}
