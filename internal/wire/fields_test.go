package wire

import "testing"

func TestFields(t *testing.T) {
	var w Writer
	w.UintField(1, 7)
	w.UintField(2, 0)
	w.BoolField(3, true)
	w.StringField(5, "abc")
	w.IntsField(6, []int{1, 2, 300})
	w.End()
	read := func(buf []byte) (sum uint64, text string, ints []int, err error) {
		r := NewReader(buf)
		r.Fields(func(n uint64) bool {
			switch n {
			case 1:
				sum += r.Uint(10)
			case 3:
				if r.Bool() {
					sum++
				}
			case 5:
				text = r.String()
			case 6:
				ints = r.Ints(300)
			default:
				return false
			}
			return true
		})
		return sum, text, ints, r.Err()
	}
	sum, text, ints, err := read(w.Buf)
	if err != nil || sum != 8 || text != "abc" || len(ints) != 3 || ints[2] != 300 {
		t.Fatalf("read %d %q %v, error %v", sum, text, ints, err)
	}
	for cut := range w.Buf {
		if _, _, _, err := read(w.Buf[:cut]); err == nil {
			t.Errorf("the first %d bytes were taken for a message", cut)
		}
	}
	for name, bad := range map[string][]byte{
		"unknown field":   {9, 1, 0},
		"not ascending":   {3, 1, 1, 5, 0},
		"too large":       {1, 11, 0},
		"list too long":   {6, 200, 0},
		"string too long": {5, 200, 'a', 0},
	} {
		if _, _, _, err := read(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
