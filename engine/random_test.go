package engine_test

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
)

// kind is what a generated column holds, as far as the generator cares.
type kind int

const (
	kInt kind = iota
	kDec
	kFloat
	kText
	kDate
	kinds
)

// genCol is a column that a generated expression can read.
type genCol struct {
	name string // as it is written, qualified in a query
	kind kind
}

// genTable is a generated table.
type genTable struct {
	name   string
	cols   []genCol
	key    []int
	unique []int
	auto   bool
	plain  int // position of an indexed column, -1
	def    string
}

// genView is a generated view with the query that it must equal.
type genView struct {
	name, query string
	cols        []genCol
	made        bool
	over        map[string]bool // relations it reads
}

// gen makes random schemas, statements and queries. All it makes is text, so
// that a failing history can be cut down and printed.
type gen struct {
	*rand.Rand
	tables []*genTable
	views  []*genView
	alias  int
	reads  map[string]bool // relations of the query under way
	// risky queries may fail on some rows.
	risky bool
}

func pick[T any](g *gen, list ...T) T { return list[g.Intn(len(list))] }

func (g *gen) chance(percent int) bool { return g.Intn(100) < percent }

var sqlTypes = [kinds][]string{
	kInt:   {"INT", "BIGINT", "TINYINT", "INT UNSIGNED", "SMALLINT"},
	kDec:   {"DECIMAL(10,2)", "DECIMAL(20,4)", "DECIMAL(40,3)"},
	kFloat: {"DOUBLE", "FLOAT"},
	kText:  {"VARCHAR(20)", "TEXT", "VARCHAR(10) COLLATE utf8mb4_bin", "VARCHAR(10) COLLATE utf8mb4_0900_bin"},
	kDate:  {"DATE", "DATETIME", "TIMESTAMP(3)"},
}

// literal is a value from a small domain, so that keys meet; NULL at times.
func (g *gen) literal(k kind, null bool) string {
	if null && g.chance(15) {
		return "NULL"
	}
	switch k {
	case kInt:
		return fmt.Sprint(g.Intn(8))
	case kDec:
		return pick(g, "0", "1.5", "1.50", "2", "3.25", "-1.5", "7.125")
	case kFloat:
		return pick(g, "0", "0.1", "1e3", "-2.5", "0.3", "1e-3")
	case kText:
		return pick(g, "''", "'a'", "'A'", "'b'", "'b '", "'ä'", "'abc'", "'12'", "'x y'")
	}
	return pick(g, "'2024-01-01'", "'2024-02-29'", "'1999-12-31'", "'2024-03-01'")
}

// table makes a table of 2 to 5 columns with or without a key.
func (g *gen) table(name string) *genTable {
	t := &genTable{name: name, plain: -1}
	n := 2 + g.Intn(4)
	var defs []string
	for i := range n {
		k := kind(g.Intn(int(kinds)))
		if i == 0 {
			k = kInt
		}
		t.cols = append(t.cols, genCol{fmt.Sprintf("%c", 'a'+i), k})
		defs = append(defs, t.cols[i].name+" "+pick(g, sqlTypes[k]...))
	}
	switch g.Intn(5) {
	case 0: // none
	case 1:
		t.key, t.auto = []int{0}, true
		defs[0] += " AUTO_INCREMENT"
	case 2:
		t.key = []int{1, 0}
	case 3:
		t.key = []int{1}
	default:
		t.key = []int{0}
	}
	for _, k := range t.key {
		defs[k] = strings.Replace(defs[k], "TEXT", "VARCHAR(30)", 1) + " NOT NULL"
	}
	if t.key != nil {
		defs = append(defs, "PRIMARY KEY ("+t.names(t.key)+")")
	}
	free := n - 1
	for _, k := range t.key {
		if k == free {
			free = -1
		}
	}
	if free >= 0 && g.chance(35) {
		t.unique = []int{free}
		if g.chance(30) {
			t.unique = []int{free, 0}
		}
		defs[free] = strings.Replace(defs[free], "TEXT", "VARCHAR(30)", 1)
		defs = append(defs, "UNIQUE KEY u ("+t.names(t.unique)+")")
	}
	if g.chance(40) {
		t.plain = g.Intn(n)
		defs[t.plain] = strings.Replace(defs[t.plain], "TEXT", "VARCHAR(30)", 1)
		defs = append(defs, "KEY p ("+t.cols[t.plain].name+")")
	}
	t.def = "CREATE TABLE " + name + " (" + strings.Join(defs, ", ") + ")"
	g.tables = append(g.tables, t)
	return t
}

func (t *genTable) names(cols []int) string {
	var out []string
	for _, c := range cols {
		out = append(out, t.cols[c].name)
	}
	return strings.Join(out, ", ")
}

// tuple is a row of literals for t.
func (g *gen) tuple(t *genTable) string {
	cells := make([]string, len(t.cols))
	for i, c := range t.cols {
		isKey := false
		for _, k := range t.key {
			isKey = isKey || k == i
		}
		cells[i] = g.literal(c.kind, !isKey || t.auto)
	}
	return "(" + strings.Join(cells, ", ") + ")"
}

func (g *gen) tuples(t *genTable) string {
	n := 1 + g.Intn(3)
	if g.chance(20) {
		n += g.Intn(12)
	}
	rows := make([]string, n)
	for i := range rows {
		rows[i] = g.tuple(t)
	}
	return strings.Join(rows, ", ")
}

// change is a random statement that changes t.
func (g *gen) change(t *genTable) string {
	cols := t.cols
	c := cols[g.Intn(len(cols))]
	switch g.Intn(16) {
	case 0:
		return "INSERT IGNORE INTO " + t.name + " VALUES " + g.tuples(t)
	case 1:
		return "REPLACE INTO " + t.name + " VALUES " + g.tuples(t)
	case 2:
		v := pick(g, "VALUES("+c.name+")", g.literal(c.kind, true), c.name)
		if c.kind == kInt {
			v = pick(g, v, c.name+" + 1", c.name+" + VALUES("+c.name+")")
		}
		return "INSERT INTO " + t.name + " VALUES " + g.tuples(t) + " ON DUPLICATE KEY UPDATE " + c.name + " = " + v
	case 3:
		from := pick(g, g.tables...)
		var exprs []string
		for _, c := range cols {
			exprs = append(exprs, g.expr(from.cols, c.kind, 1))
		}
		verb := pick(g, "INSERT IGNORE", "INSERT", "REPLACE")
		return verb + " INTO " + t.name + " SELECT " + strings.Join(exprs, ", ") + " FROM " + from.name + " WHERE " + g.pred(from.cols, 1)
	case 4, 5, 6:
		v := g.literal(c.kind, true)
		if g.chance(50) {
			v = g.expr(cols, c.kind, 1)
		}
		q := "UPDATE " + t.name + " SET " + c.name + " = " + v
		if g.chance(90) {
			q += " WHERE " + g.where(t)
		}
		return q
	case 7, 8, 9:
		return "DELETE FROM " + t.name + " WHERE " + g.where(t)
	case 10:
		if g.chance(20) {
			return "TRUNCATE TABLE " + t.name
		}
	}
	return "INSERT INTO " + t.name + " VALUES " + g.tuples(t)
}

// where is a condition for a change: by key, by index, or any.
func (g *gen) where(t *genTable) string {
	switch {
	case t.key != nil && g.chance(40):
		var eq []string
		for _, k := range t.key {
			eq = append(eq, t.cols[k].name+" = "+g.literal(t.cols[k].kind, false))
		}
		return strings.Join(eq, " AND ")
	case t.plain >= 0 && g.chance(40):
		return t.cols[t.plain].name + pick(g, " = ", " > ", " <= ") + g.literal(t.cols[t.plain].kind, false)
	}
	return g.pred(t.cols, 2)
}

func colOf(g *gen, cols []genCol, k kind) (string, bool) {
	var fit []string
	for _, c := range cols {
		if c.kind == k {
			fit = append(fit, c.name)
		}
	}
	if len(fit) == 0 {
		return "", false
	}
	return pick(g, fit...), true
}

// expr is an expression of kind k over cols.
func (g *gen) expr(cols []genCol, k kind, depth int) string {
	if col, ok := colOf(g, cols, k); ok && (depth == 0 || g.chance(60)) {
		return col
	}
	if depth == 0 {
		return g.literal(k, true)
	}
	sub := func(k kind) string { return g.expr(cols, k, depth-1) }
	switch g.Intn(6) {
	case 0:
		return g.literal(k, true)
	case 1:
		return "CASE WHEN " + g.pred(cols, depth-1) + " THEN " + sub(k) + " ELSE " + sub(k) + " END"
	case 2:
		return pick(g, "COALESCE", "IFNULL", "NULLIF") + "(" + sub(k) + ", " + sub(k) + ")"
	}
	switch k {
	case kInt:
		if g.risky && g.chance(25) {
			return sub(kInt) + " * 4611686018427387904"
		}
		return pick(g,
			sub(kInt)+pick(g, " + ", " - ", " * ", " % ", " DIV ")+sub(kInt),
			"CHAR_LENGTH("+sub(kText)+")",
			"ABS("+sub(kInt)+")",
			"YEAR("+sub(kDate)+")",
			"("+g.pred(cols, depth-1)+")")
	case kDec:
		return pick(g, sub(kDec)+pick(g, " + ", " - ", " * ")+sub(kDec), "ROUND("+sub(kDec)+", 1)", sub(kInt)+" / "+sub(kInt))
	case kFloat:
		return pick(g, sub(kFloat)+pick(g, " + ", " * ")+sub(kFloat), "ABS("+sub(kFloat)+")")
	case kText:
		return pick(g, "CONCAT("+sub(kText)+", "+sub(kText)+")", "UPPER("+sub(kText)+")", "SUBSTRING("+sub(kText)+", 1, 2)", "TRIM("+sub(kText)+")")
	}
	return pick(g, "DATE("+sub(kDate)+")", "DATE_ADD("+sub(kDate)+", INTERVAL "+sub(kInt)+" DAY)")
}

// pred is a condition over cols.
func (g *gen) pred(cols []genCol, depth int) string {
	c := cols[g.Intn(len(cols))]
	if depth > 0 {
		switch g.Intn(8) {
		case 0:
			return "(" + g.pred(cols, depth-1) + " AND " + g.pred(cols, depth-1) + ")"
		case 1:
			return "(" + g.pred(cols, depth-1) + " OR " + g.pred(cols, depth-1) + ")"
		case 2:
			return "NOT (" + g.pred(cols, depth-1) + ")"
		case 3:
			return g.expr(cols, c.kind, depth-1) + pick(g, " = ", " < ", " <> ", " <=> ") + g.expr(cols, c.kind, depth-1)
		}
	}
	switch g.Intn(6) {
	case 0:
		return c.name + pick(g, " IS NULL", " IS NOT NULL")
	case 1:
		return c.name + pick(g, " IN (", " NOT IN (") + g.literal(c.kind, false) + ", " + g.literal(c.kind, false) + ")"
	case 2:
		return c.name + " BETWEEN " + g.literal(c.kind, false) + " AND " + g.literal(c.kind, false)
	case 3:
		if c.kind == kText {
			return c.name + " LIKE " + pick(g, "'a%'", "'%b%'", "'_'")
		}
	}
	return c.name + pick(g, " = ", " < ", " >= ", " <> ") + g.literal(c.kind, false)
}

// source is what a FROM clause offers: its text and its columns.
type source struct {
	text string
	cols []genCol
}

// relation is a table, a view or a derived table under a new alias.
func (g *gen) relation(depth int) source {
	g.alias++
	as := fmt.Sprintf("r%d", g.alias)
	qualify := func(cols []genCol) []genCol {
		out := make([]genCol, len(cols))
		for i, c := range cols {
			out[i] = genCol{as + "." + c.name, c.kind}
		}
		return out
	}
	if depth > 0 && g.chance(25) {
		q, cols := g.query(depth - 1)
		return source{"(" + q + ") AS " + as, qualify(cols)}
	}
	var made []*genView
	for _, v := range g.views {
		if v.made {
			made = append(made, v)
		}
	}
	if len(made) > 0 && g.chance(30) {
		v := pick(g, made...)
		g.reads[v.name] = true
		return source{v.name + " AS " + as, qualify(v.cols)}
	}
	t := pick(g, g.tables...)
	g.reads[t.name] = true
	return source{t.name + " AS " + as, qualify(t.cols)}
}

// from is a FROM clause of one to three relations.
func (g *gen) from(depth int) source {
	s := g.relation(depth)
	for n := g.Intn(3); n > 0; n-- {
		r := g.relation(depth)
		switch g.Intn(6) {
		case 0:
			if len(s.cols) > 8 {
				continue
			}
			s = source{s.text + " CROSS JOIN " + r.text, append(append([]genCol(nil), s.cols...), r.cols...)}
			continue
		}
		on := g.joinOn(s.cols, r.cols)
		s = source{s.text + pick(g, " JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " LEFT JOIN ") + r.text + " ON " + on, append(append([]genCol(nil), s.cols...), r.cols...)}
	}
	return s
}

func (g *gen) joinOn(l, r []genCol) string {
	var parts []string
	for range 1 + g.Intn(2) {
		a := l[g.Intn(len(l))]
		if b, ok := colOf(g, r, a.kind); ok {
			parts = append(parts, a.name+" = "+b)
		}
	}
	if len(parts) == 0 || g.chance(25) {
		parts = append(parts, g.pred(append(append([]genCol(nil), l...), r...), 0))
	}
	return strings.Join(parts, " AND ")
}

// aggregate is an aggregate call and its kind.
func (g *gen) aggregate(cols []genCol) (string, kind) {
	k := pick(g, kInt, kInt, kDec, kFloat, kText, kDate)
	e := g.expr(cols, k, 1)
	distinct := pick(g, "", "", "DISTINCT ")
	switch g.Intn(6) {
	case 0:
		return "COUNT(*)", kInt
	case 1:
		return "COUNT(" + distinct + e + ")", kInt
	case 2:
		return pick(g, "MIN(", "MAX(") + e + ")", k
	case 3:
		if k == kInt || k == kDec {
			return "AVG(" + distinct + e + ")", kDec
		}
	}
	switch k {
	case kInt, kDec:
		return "SUM(" + distinct + e + ")", kDec
	case kFloat:
		return "SUM(" + distinct + e + ")", kFloat
	}
	return "MAX(" + e + ")", k
}

// filter adds a WHERE, with a subquery at times.
func (g *gen) filter(s source, depth int) string {
	if !g.chance(50) {
		return ""
	}
	if depth > 0 && g.chance(30) {
		return " WHERE " + g.subquery(s, depth)
	}
	return " WHERE " + g.pred(s.cols, 2)
}

// subquery is a predicate over a subquery, correlated at times.
func (g *gen) subquery(s source, depth int) string {
	r := g.relation(depth - 1)
	c := s.cols[g.Intn(len(s.cols))]
	inner, ok := colOf(g, r.cols, c.kind)
	if !ok {
		return g.pred(s.cols, 1)
	}
	where := ""
	if g.chance(40) {
		where = " WHERE " + g.pred(r.cols, 1)
	}
	other := pick(g, r.cols...)
	mine, tied := colOf(g, s.cols, other.kind)
	corr := where
	if tied {
		corr = " WHERE " + other.name + pick(g, " = ", " = ", " < ", " <=> ") + mine
		if where != "" {
			corr += " AND " + strings.TrimPrefix(where, " WHERE ")
		}
	}
	switch g.Intn(10) {
	case 5:
		return c.name + pick(g, " IN ", " NOT IN ") + "(SELECT " + inner + " FROM " + r.text + corr + ")"
	case 6:
		return c.name + pick(g, " = ", " < ", " >= ", " <> ") + pick(g, "ANY", "ALL") + " (SELECT " + inner + " FROM " + r.text + pick(g, where, corr) + ")"
	case 7:
		return pick(g, "EXISTS", "NOT EXISTS") + " (SELECT * FROM " + r.text + corr + ")"
	case 8:
		return "(SELECT " + pick(g, "COUNT(*)", "COUNT("+inner+")") + " FROM " + r.text + corr + ")" + pick(g, " = 0", " > 1")
	case 9:
		return "(" + g.subquery(s, depth) + pick(g, " OR ", " AND ") + g.pred(s.cols, 0) + ")"
	case 0:
		return c.name + " IN (SELECT " + inner + " FROM " + r.text + where + ")"
	case 1:
		return c.name + " NOT IN (SELECT " + inner + " FROM " + r.text + where + ")"
	case 2:
		return "EXISTS (SELECT 1 FROM " + r.text + " WHERE " + inner + " = " + c.name + ")"
	case 3:
		return "NOT EXISTS (SELECT 1 FROM " + r.text + " WHERE " + inner + " = " + c.name + ")"
	}
	return c.name + " <= (SELECT MAX(" + inner + ") FROM " + r.text + where + ")"
}

// scalar is a subquery with one value, correlated at times.
func (g *gen) scalar(s source, k kind, depth int) string {
	r := g.relation(depth - 1)
	other := pick(g, r.cols...)
	where := ""
	if mine, ok := colOf(g, s.cols, other.kind); ok && g.chance(70) {
		where = " WHERE " + other.name + " = " + mine
	}
	inner, ok := colOf(g, r.cols, k)
	switch {
	case !ok && k == kInt:
		return "(SELECT COUNT(*) FROM " + r.text + where + ")"
	case !ok:
		return g.literal(k, true)
	case g.risky && g.chance(20):
		return "(SELECT " + inner + " FROM " + r.text + where + ")"
	}
	return "(SELECT " + pick(g, "MIN(", "MAX(") + inner + ") FROM " + r.text + where + ")"
}

// query is a random SELECT and its output columns.
func (g *gen) query(depth int) (string, []genCol) {
	if depth > 1 && g.chance(8) {
		return g.with(depth)
	}
	if depth > 0 && g.chance(12) {
		return g.union(depth)
	}
	s := g.from(depth)
	where := g.filter(s, depth)
	var cols []genCol
	var list []string
	add := func(e string, k kind) {
		name := fmt.Sprintf("c%d", len(cols))
		cols = append(cols, genCol{name, k})
		list = append(list, e+" AS "+name)
	}
	switch g.Intn(5) {
	case 0, 1: // grouped
		var by []string
		for range g.Intn(3) {
			c := s.cols[g.Intn(len(s.cols))]
			add(c.name, c.kind)
			by = append(by, c.name)
		}
		for range 1 + g.Intn(3) {
			e, k := g.aggregate(s.cols)
			add(e, k)
		}
		q := "SELECT " + strings.Join(list, ", ") + " FROM " + s.text + where
		if len(by) > 0 {
			q += " GROUP BY " + strings.Join(by, ", ")
			if g.chance(25) {
				q += " HAVING COUNT(*) > " + fmt.Sprint(g.Intn(3))
			}
		}
		return q + g.limit(cols), cols
	}
	for range 1 + g.Intn(4) {
		k := kind(g.Intn(int(kinds)))
		if depth > 0 && g.chance(10) {
			add(g.scalar(s, k, depth), k)
			continue
		}
		add(g.expr(s.cols, k, 2), k)
	}
	return "SELECT " + pick(g, "", "", "DISTINCT ") + strings.Join(list, ", ") + " FROM " + s.text + where + g.limit(cols), cols
}

// with is a query over a common table expression that it names twice.
func (g *gen) with(depth int) (string, []genCol) {
	g.alias++
	name := fmt.Sprintf("w%d", g.alias)
	q, cols := g.query(depth - 1)
	a, b := genCol{"x." + cols[0].name, cols[0].kind}, "y."+cols[0].name
	out := []genCol{{"c0", a.kind}, {"c1", kInt}}
	return "WITH " + name + " AS (" + q + ") SELECT " + a.name + " AS c0, COUNT(" + b + ") AS c1 FROM " + name + " x" +
		pick(g, " JOIN ", " LEFT JOIN ") + name + " y ON " + a.name + " = " + b + " GROUP BY " + a.name, out
}

// limit makes a top-k of a query, at times.
func (g *gen) limit(cols []genCol) string {
	if !g.chance(20) {
		return ""
	}
	var by []string
	for range 1 + g.Intn(2) {
		by = append(by, cols[g.Intn(len(cols))].name+pick(g, "", " DESC"))
	}
	out := fmt.Sprintf(" ORDER BY %s LIMIT %d", strings.Join(by, ", "), 1+g.Intn(5))
	if g.chance(30) {
		out += fmt.Sprintf(" OFFSET %d", g.Intn(4))
	}
	return out
}

func (g *gen) union(depth int) (string, []genCol) {
	var parts []string
	var cols []genCol
	n := 1 + g.Intn(3)
	ks := make([]kind, n)
	for i := range ks {
		ks[i] = kind(g.Intn(int(kinds)))
		cols = append(cols, genCol{fmt.Sprintf("c%d", i), ks[i]})
	}
	for range 2 + g.Intn(2) {
		s := g.from(depth - 1)
		list := make([]string, n)
		for i, k := range ks {
			list[i] = g.expr(s.cols, k, 1) + " AS " + cols[i].name
		}
		parts = append(parts, "SELECT "+strings.Join(list, ", ")+" FROM "+s.text+g.filter(s, 0))
	}
	return strings.Join(parts, pick(g, " UNION ", " UNION ALL ")), cols
}

// probe is two queries over tables and views: one that can use keys and
// indexes, and the same with every condition disguised.
func (g *gen) probe() string {
	g.alias, g.reads = 0, map[string]bool{}
	a := g.relation(0)
	plain := func(p string) string { return p }
	hidden := func(p string) string { return "(" + p + ") = 1" }
	from, on := a.text, ""
	cols := a.cols
	if g.chance(40) {
		b := g.relation(0)
		cols = append(slices.Clone(cols), b.cols...)
		var eq []string
		for range 1 + g.Intn(2) {
			l := a.cols[g.Intn(len(a.cols))]
			if r, ok := colOf(g, b.cols, l.kind); ok {
				eq = append(eq, l.name+" = "+r)
			}
		}
		if len(eq) > 0 {
			from, on = from+pick(g, " JOIN ", " LEFT JOIN ")+b.text+" ON ", strings.Join(eq, " AND ")
		}
	}
	var conds []string
	for range 1 + g.Intn(3) {
		c := a.cols[g.Intn(len(a.cols))]
		lit := func() string { return g.literal(c.kind, false) }
		conds = append(conds, pick(g,
			c.name+pick(g, " = ", " < ", " >= ", " > ", " <= ", " <=> ")+lit(),
			c.name+" BETWEEN "+lit()+" AND "+lit(),
			c.name+" IN ("+lit()+", "+lit()+", "+lit()+")",
			c.name+" IS NULL",
			c.name+" LIKE 'a%'",
			"("+c.name+" = "+lit()+" OR "+c.name+" = "+lit()+")",
			c.name+" = "+g.literal(pick(g, kInt, kDec, kText), false)))
	}
	where := strings.Join(conds, " AND ")
	write := func(hide func(string) string) string {
		q := "SELECT "
		for i, c := range cols {
			if i > 0 {
				q += ", "
			}
			q += c.name + fmt.Sprintf(" AS c%d", i)
		}
		q += " FROM " + from
		if on != "" {
			q += hide(on)
		}
		return q + " WHERE " + hide(where)
	}
	return write(plain) + sameAs + write(hidden)
}
