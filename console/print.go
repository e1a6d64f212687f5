package console

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// printer prints result sets in one form. begin, row.., end come in turn, as
// often as there are result sets; cells are borrowed.
type printer interface {
	begin(cols []column)
	row(cells []cell)
	end(rows int)
}

// newPrinter returns the printer of a format of Formats. sets counts the result
// sets printed as CSV before.
func newPrinter(format string, w *bufio.Writer, sets *int) printer {
	switch format {
	case "vertical":
		return &vertical{w: w}
	case "csv":
		return &csv{w: w, sets: sets}
	case "json":
		return &jsonRows{w: w}
	}
	return &table{w: w}
}

// class is what a printer needs to know of a type.
type class uint8

const (
	classText class = iota
	classBytes
	classInt
	classFloat
	classDecimal
)

// classOf reads the name of a type.
func classOf(typ string) class {
	name, _, _ := strings.Cut(typ, "(")
	name, _, _ = strings.Cut(name, " ")
	switch name {
	case "tinyint", "smallint", "mediumint", "int", "bigint", "year":
		return classInt
	case "float", "double":
		return classFloat
	case "decimal":
		return classDecimal
	case "varbinary", "blob", "binary":
		return classBytes
	}
	return classText
}

// csv prints a line of names and a line for each row. NULL is an empty field,
// an empty string is "". Result sets are separated by an empty line.
type csv struct {
	w    *bufio.Writer
	sets *int
}

func (p *csv) begin(cols []column) {
	if *p.sets++; *p.sets > 1 {
		p.w.WriteByte('\n')
	}
	for i, c := range cols {
		p.field(i, c.name)
	}
	p.w.WriteByte('\n')
}

func (p *csv) row(cells []cell) {
	for i, c := range cells {
		if !c.null {
			p.field(i, c.text)
		} else if i > 0 {
			p.w.WriteByte(',')
		}
	}
	p.w.WriteByte('\n')
}

func (p *csv) end(int) {}

func (p *csv) field(i int, s string) {
	if i > 0 {
		p.w.WriteByte(',')
	}
	if s != "" && !strings.ContainsAny(s, ",\"\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' {
		p.w.WriteString(s)
		return
	}
	p.w.WriteByte('"')
	p.w.WriteString(strings.ReplaceAll(s, `"`, `""`))
	p.w.WriteByte('"')
}

// jsonRows prints a result set as an array of objects, a row a line. Numbers
// are JSON numbers, except decimals of more than 15 digits, which are strings
// as at the HTTP door; binary columns are base64.
type jsonRows struct {
	w       *bufio.Writer
	keys    []string // `"name":`
	classes []class
	n       int
}

func (p *jsonRows) begin(cols []column) {
	*p = jsonRows{w: p.w}
	used := map[string]bool{}
	for _, c := range cols {
		name := c.name
		for n := 2; used[name]; n++ {
			name = c.name + "_" + strconv.Itoa(n)
		}
		used[name] = true
		p.keys = append(p.keys, jsonText(name)+":")
		k := classOf(c.typ)
		var prec int
		if n, _ := fmt.Sscanf(c.typ, "decimal(%d", &prec); n == 1 && prec > 15 {
			k = classText
		}
		p.classes = append(p.classes, k)
	}
	p.w.WriteByte('[')
}

func (p *jsonRows) row(cells []cell) {
	if p.n++; p.n > 1 {
		p.w.WriteByte(',')
	}
	p.w.WriteString("\n{")
	for i, c := range cells {
		if i > 0 {
			p.w.WriteByte(',')
		}
		p.w.WriteString(p.keys[i])
		p.w.WriteString(jsonCell(c, p.classes[i]))
	}
	p.w.WriteByte('}')
}

func (p *jsonRows) end(n int) {
	if n > 0 {
		p.w.WriteByte('\n')
	}
	p.w.WriteString("]\n")
}

func jsonCell(c cell, k class) string {
	switch {
	case c.null:
		return "null"
	case k == classBytes:
		return `"` + base64.StdEncoding.EncodeToString([]byte(c.text)) + `"`
	case k == classText:
		return jsonText(c.text)
	case k == classFloat && !json.Valid([]byte(c.text)):
		return "null" // NaN, Inf
	}
	return c.text
}

func jsonText(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(strings.ToValidUTF8(s, string(utf8.RuneError))); err != nil {
		return `""`
	}
	return strings.TrimRight(b.String(), "\n")
}
