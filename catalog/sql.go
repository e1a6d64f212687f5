package catalog

import (
	"strings"

	"github.com/weirdb/weir/types"
)

// Quote renders a name as an identifier in backquotes.
func Quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// quoted renders a string literal.
func quoted(s string) string { return types.TextValue(s).SQL() }

// SQL renders the CREATE TABLE statement that makes t, as SHOW CREATE TABLE
// shows it.
func (t *Table) SQL() string {
	var lines []string
	for _, c := range t.Columns {
		lines = append(lines, "  "+c.sql())
	}
	if len(t.Key) > 0 {
		lines = append(lines, "  PRIMARY KEY ("+t.names(t.Key)+")")
	}
	for _, x := range t.Indexes {
		word := "  KEY "
		if x.Unique {
			word = "  UNIQUE KEY "
		}
		lines = append(lines, word+Quote(x.Name)+" ("+t.names(x.Cols)+")")
	}
	s := "CREATE TABLE " + Quote(t.Name) + " (\n" + strings.Join(lines, ",\n") + "\n)"
	if t.Comment != "" {
		s += " COMMENT=" + quoted(t.Comment)
	}
	return s
}

func (t *Table) names(cols []int) string {
	out := make([]string, len(cols))
	for i, c := range cols {
		out[i] = Quote(t.Columns[c].Name)
	}
	return strings.Join(out, ",")
}

// sql renders a column definition.
func (c *Column) sql() string {
	s := Quote(c.Name) + " " + c.Type.String()
	if c.Type.Kind == types.String {
		s += " CHARACTER SET " + c.Type.Coll.Charset() + " COLLATE " + c.Type.Coll.Name()
	}
	if !c.Type.Nullable {
		s += " NOT NULL"
	} else if c.Type.Kind == types.Timestamp {
		s += " NULL"
	}
	now := "CURRENT_TIMESTAMP"
	if c.Type.Kind.IsTime() && c.Type.Prec > 0 {
		now += "(" + string('0'+rune(c.Type.Prec)) + ")"
	}
	switch {
	case c.DefaultNow:
		s += " DEFAULT " + now
	case c.Default != nil:
		s += " DEFAULT " + defaultSQL(*c.Default)
	case c.Type.Nullable && !c.AutoIncrement && !(c.Type.Kind.IsText() && c.Type.Len == 0):
		s += " DEFAULT NULL"
	}
	if c.OnUpdateNow {
		s += " ON UPDATE " + now
	}
	if c.AutoIncrement {
		s += " AUTO_INCREMENT"
	}
	if c.Comment != "" {
		s += " COMMENT " + quoted(c.Comment)
	}
	return s
}

// defaultSQL renders a default value, numbers in quotes as MySQL does.
func defaultSQL(v types.Value) string {
	if v.IsNull {
		return "NULL"
	}
	if v.Type.Kind == types.Bytes {
		return v.SQL()
	}
	return quoted(v.String())
}

// SQL renders the CREATE MATERIALIZED VIEW statement that makes v.
func (v *View) SQL() string {
	return "CREATE MATERIALIZED VIEW " + Quote(v.Name) + " AS " + v.Text
}
