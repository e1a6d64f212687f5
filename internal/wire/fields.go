package wire

import "encoding/binary"

// Writer appends messages of numbered fields: field number (ascending from 1
// within a message), value, and 0 at the end. A field whose value is zero is
// left out, so that a message has one form only.
type Writer struct{ Buf []byte }

// Uint appends a number.
func (w *Writer) Uint(v uint64) { w.Buf = binary.AppendUvarint(w.Buf, v) }

// Field begins field n, when present, and says so: the value follows.
func (w *Writer) Field(n uint64, present bool) bool {
	if present {
		w.Uint(n)
	}
	return present
}

// UintField writes v as field n.
func (w *Writer) UintField(n, v uint64) {
	if w.Field(n, v != 0) {
		w.Uint(v)
	}
}

// BoolField writes v as field n.
func (w *Writer) BoolField(n uint64, v bool) {
	if w.Field(n, v) {
		w.Buf = append(w.Buf, 1)
	}
}

// StringField writes s as field n.
func (w *Writer) StringField(n uint64, s string) {
	if w.Field(n, s != "") {
		w.Buf = AppendString(w.Buf, s)
	}
}

// IntsField writes numbers from 0 on as field n.
func (w *Writer) IntsField(n uint64, vs []int) {
	if !w.Field(n, len(vs) > 0) {
		return
	}
	w.Uint(uint64(len(vs)))
	for _, v := range vs {
		w.Uint(uint64(v))
	}
}

// End ends a message.
func (w *Writer) End() { w.Buf = append(w.Buf, 0) }

// Fields calls f with the number of each field of a message until its end. f
// reads the value and returns false for a number that it does not know, which
// is a fault, as are numbers that do not ascend.
func (r *Reader) Fields(f func(n uint64) bool) {
	last := uint64(0)
	for r.err == nil {
		n := r.Uvarint()
		switch {
		case n == 0:
			return
		case n <= last:
			r.Fail("field %d after field %d", n, last)
		case !f(n):
			r.Fail("unknown field %d", n)
		}
		last = n
	}
}

// Uint reads a number up to most.
func (r *Reader) Uint(most uint64) uint64 {
	n := r.Uvarint()
	if n > most {
		r.Fail("%d is more than %d", n, most)
		return 0
	}
	return n
}

// Ints reads a list of numbers up to most.
func (r *Reader) Ints(most uint64) []int {
	out := make([]int, r.Count(1))
	for i := range out {
		out[i] = int(r.Uint(most))
	}
	return out
}
