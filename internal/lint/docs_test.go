package lint

import (
	"os"
	"regexp"
	"testing"
)

var hop = regexp.MustCompile("`([a-z0-9_/]+\\.go)(?::([A-Za-z]+))?`")

// TestArchitectureNamesWhatExists looks up every file.go:Func of
// docs/architecture.md.
func TestArchitectureNamesWhatExists(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	found := hop.FindAllStringSubmatch(string(text), -1)
	if len(found) < 10 {
		t.Fatalf("only %d places found", len(found))
	}
	for _, m := range found {
		src, err := os.ReadFile("../../" + m[1])
		if err != nil {
			t.Errorf("docs/architecture.md names %s, which does not exist", m[1])
			continue
		}
		if m[2] != "" && !regexp.MustCompile(`(?m)^func (\([^)]*\) )?`+m[2]+`\(`).Match(src) {
			t.Errorf("docs/architecture.md names %s:%s, there is no such function", m[1], m[2])
		}
	}
}
