package bind

import (
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// insertRows binds an INSERT of literal rows straight into columns; false when
// something about it is unusual or wrong, which the general way then says.
func (b *binder) insertRows(s *parse.InsertRows) (*Insert, bool) {
	db := s.Table.DB
	if db == "" {
		db = b.env.DB
	}
	rel, _ := b.env.Catalog.Lookup(db, s.Table.Name)
	t, ok := rel.(*catalog.Table)
	if !ok {
		return nil, false
	}
	at, ok := rowColumns(t, s)
	if !ok {
		return nil, false
	}
	out := &Insert{Table: t, Literal: true, AutoInc: t.AutoIncrement(), Fill: make([]expr.Expr, len(t.Columns))}
	switch {
	case s.Replace:
		out.Mode = InsertReplace
	case s.Ignore:
		out.Mode = InsertIgnore
	}
	n := len(s.Cells) / s.Width
	rows := &zset.Batch{N: n, Cols: make([]zset.Vec, len(t.Columns))}
	for i := range t.Columns {
		col := &t.Columns[i]
		v := &rows.Cols[i]
		v.Type = storedType(col)
		if at[i] >= 0 {
			v.Grow(n, 0)
			if !appendCells(v, s.Cells, at[i], s.Width) {
				return nil, false
			}
			continue
		}
		e, err := b.defaultValue(col, s.Ignore)
		if err != nil {
			return nil, false
		}
		out.Fill[i] = e
	}
	out.Rows = rows
	return out, true
}

// rowColumns returns, for each column of the table, the position of its value
// in a row, -1 where it has none.
func rowColumns(t *catalog.Table, s *parse.InsertRows) ([]int, bool) {
	at := make([]int, len(t.Columns))
	if s.Cols == nil {
		for i := range at {
			at[i] = i
		}
		return at, s.Width == len(at)
	}
	for i := range at {
		at[i] = -1
	}
	for i, name := range s.Cols {
		c := t.Column(name)
		if c < 0 || at[c] >= 0 {
			return nil, false
		}
		at[c] = i
	}
	return at, s.Width == len(s.Cols)
}

// appendCells appends every width-th cell from the one at first, converted for
// storing; false when one does not fit as it is.
func appendCells(v *zset.Vec, cells []parse.Cell, first, width int) bool {
	t := v.Type
	lo, hi := t.Kind.IntRange()
	plain := t.Kind.IsInt() && !t.Kind.IsUnsigned()
	for i := first; i < len(cells); i += width {
		c := &cells[i]
		switch {
		case c.Kind == types.Null:
			if !t.Nullable {
				return false
			}
			v.AppendNull()
		case plain && c.Kind == types.Int64 && c.I >= lo && c.I <= int64(hi):
			v.AppendInt(c.I)
		case t.Kind == types.String && c.Kind == types.String && (t.Len == 0 || len(c.S) <= int(t.Len)):
			v.AppendString(c.S)
		default:
			x, ok := cellValue(c)
			if !ok {
				return false
			}
			x, st := types.ConvertValue(x, t)
			if st != types.OK || x.IsNull {
				return false
			}
			v.AppendValue(x)
		}
	}
	return true
}

// cellValue is a cell as a value; false for a decimal of too many digits.
func cellValue(c *parse.Cell) (types.Value, bool) {
	switch c.Kind {
	case types.Int64:
		return types.IntValue(c.I), true
	case types.Uint64:
		return types.UintValue(uint64(c.I)), true
	case types.Float64:
		return types.FloatValue(c.F), true
	case types.Bytes:
		return types.Value{Type: types.TypeBytes, S: c.S}, true
	case types.Decimal:
		d, prec, scale, err := types.ParseDec(c.S)
		return types.Value{Type: types.NewDecimal(max(prec, 1), scale), D: d}, err == nil
	}
	return types.TextValue(c.S), true
}
