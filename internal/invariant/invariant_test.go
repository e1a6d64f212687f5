package invariant

import "testing"

func TestCheckPanicsOnlyWhenEnabled(t *testing.T) {
	defer func() {
		if r := recover(); (r != nil) != Enabled {
			t.Errorf("recovered %v with Enabled = %v", r, Enabled)
		}
	}()
	Check(true, "holds")
	Check(false, "broken by %d", 1)
}
