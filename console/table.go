package console

import (
	"bufio"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// measured is how many rows decide the widths of a table; later rows that are
// wider stand out.
const measured = 1000

// table prints aligned columns in a frame, numbers to the right.
type table struct {
	w      *bufio.Writer
	right  []bool
	binary []bool
	widths []int
	head   []string
	held   [][]string // until their widths are known
	begun  bool       // the head is out
}

func (t *table) begin(cols []column) {
	*t = table{w: t.w, held: t.held[:0]}
	for _, c := range cols {
		name := clean(c.name)
		t.head = append(t.head, name)
		t.widths = append(t.widths, displayWidth(name))
		class := classOf(c.typ)
		t.right = append(t.right, class == classInt || class == classFloat || class == classDecimal)
		t.binary = append(t.binary, class == classBytes)
	}
}

func (t *table) row(cells []cell) {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = shown(c, t.binary[i])
		if !t.begun {
			t.widths[i] = max(t.widths[i], displayWidth(texts[i]))
		}
	}
	if t.begun {
		t.line(texts, t.right)
		return
	}
	if t.held = append(t.held, texts); len(t.held) == measured {
		t.flush()
	}
}

// flush prints the head and the rows held.
func (t *table) flush() {
	t.begun = true
	t.rule()
	t.line(t.head, nil)
	t.rule()
	for _, r := range t.held {
		t.line(r, t.right)
	}
	t.held = t.held[:0]
}

func (t *table) end(n int) {
	if n == 0 {
		return // the footer says that there are none
	}
	if !t.begun {
		t.flush()
	}
	t.rule()
}

func (t *table) rule() {
	for _, n := range t.widths {
		t.w.WriteString("+" + strings.Repeat("-", n+2))
	}
	t.w.WriteString("+\n")
}

func (t *table) line(texts []string, right []bool) {
	for i, s := range texts {
		t.w.WriteString("| ")
		pad := max(0, t.widths[i]-displayWidth(s))
		if right != nil && right[i] {
			fill(t.w, pad)
			t.w.WriteString(s)
		} else {
			t.w.WriteString(s)
			fill(t.w, pad)
		}
		t.w.WriteByte(' ')
	}
	t.w.WriteString("|\n")
}

func fill(w *bufio.Writer, n int) {
	for range n {
		w.WriteByte(' ')
	}
}

// vertical prints a line for each value.
type vertical struct {
	w      *bufio.Writer
	names  []string // padded on the left
	binary []bool
	n      int
}

func (v *vertical) begin(cols []column) {
	*v = vertical{w: v.w}
	longest := 0
	for _, c := range cols {
		v.binary = append(v.binary, classOf(c.typ) == classBytes)
		longest = max(longest, displayWidth(clean(c.name)))
	}
	for _, c := range cols {
		name := clean(c.name)
		v.names = append(v.names, strings.Repeat(" ", longest-displayWidth(name))+name)
	}
}

func (v *vertical) row(cells []cell) {
	v.n++
	stars := strings.Repeat("*", 27)
	fmt.Fprintf(v.w, "%s %d. row %s\n", stars, v.n, stars)
	for i, c := range cells {
		text := c.text
		switch {
		case c.null:
			text = "NULL"
		case v.binary[i]:
			text = shown(c, true)
		default:
			text = cleanLines(text)
		}
		fmt.Fprintf(v.w, "%s: %s\n", v.names[i], text)
	}
}

func (v *vertical) end(int) {}

// shown is a cell on one line of a terminal: NULL, bytes that are no text in
// hexadecimal, control characters escaped.
func shown(c cell, binary bool) string {
	switch {
	case c.null:
		return "NULL"
	case binary && !isText(c.text):
		return fmt.Sprintf("0x%X", c.text)
	}
	return clean(c.text)
}

func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r'
	})
}

// clean makes control characters visible, which could otherwise break the
// table or steer the terminal.
func clean(s string) string { return escape(s, "") }

// cleanLines keeps line ends and tabs.
func cleanLines(s string) string { return escape(s, "\n\t") }

func escape(s, keep string) string {
	bad := func(r rune) bool {
		return (unicode.IsControl(r) || r == utf8.RuneError) && !strings.ContainsRune(keep, r)
	}
	if !strings.ContainsFunc(s, bad) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case !bad(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == utf8.RuneError:
			_, n := utf8.DecodeRuneInString(s[i:])
			if n > 1 {
				b.WriteRune(r)
			} else {
				fmt.Fprintf(&b, `\x%02x`, s[i])
			}
		default:
			fmt.Fprintf(&b, `\x%02x`, r)
		}
	}
	return b.String()
}

// displayWidth is how many cells of a terminal s takes: East Asian wide
// characters and emoji take two, marks that combine with what stands before
// them none.
func displayWidth(s string) int {
	n, joined := 0, false
	for _, r := range s {
		switch {
		case r < 0x300:
			n++
		case r == '\u200d':
			joined = true
			continue
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) || r >= 0x1f3fb && r <= 0x1f3ff:
			// nothing of its own: marks, joiners, skin tones
		case joined:
			// drawn into the character before
		default:
			n++
			if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
				n++
			}
		}
		joined = false
	}
	return n
}
