package sqltest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/weirdb/weir/sqltest"
)

// TestScripts runs every script of testdata both ways.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.slt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	records := 0
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			script, err := sqltest.Parse(name, f)
			if err != nil {
				t.Fatal(err)
			}
			rep, err := sqltest.Run(script, sqltest.Options{Views: true, NewDir: t.TempDir})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range rep.Failures {
				t.Error(f)
			}
			records += rep.Records
			t.Logf("%d records, %d views compared, %d refused as views", rep.Records, rep.Views, rep.Refused)
		})
	}
	if records < 300 {
		t.Errorf("the corpus has %d records, it should have at least 300", records)
	}
}
