// Command slt runs sqllogictest scripts against an embedded Weir and reports
// what fails:
//
//	go run ./sqltest/cmd/slt [-views] [-memory] file.slt ...
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/weirdb/weir/sqltest"
)

func main() {
	views := flag.Bool("views", false, "run every query as materialized views too, made before, amid and after the data")
	inMemory := flag.Bool("memory", false, "keep no log: faster, but scripts with restart fail")
	most := flag.Int("most", 20, "print at most this many failures a file")
	db := flag.String("db", "mysql", "the name that skipif and onlyif compare with")
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	bad := 0
	for _, name := range flag.Args() {
		n, err := run(name, *views, *inMemory, *most, *db)
		if err != nil {
			fmt.Fprintln(os.Stderr, "slt:", err)
			os.Exit(2)
		}
		bad += n
	}
	if bad > 0 {
		os.Exit(1)
	}
}

// run runs one file and returns how many records failed.
func run(name string, views, inMemory bool, most int, db string) (int, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	script, err := sqltest.Parse(name, f)
	if err != nil {
		return 0, err
	}
	o := sqltest.Options{Views: views, DB: db}
	if !inMemory {
		top, err := os.MkdirTemp("", "slt")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(top)
		o.NewDir = func() string {
			dir, _ := os.MkdirTemp(top, "data")
			return dir
		}
	}
	rep, err := sqltest.Run(script, o)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	for i, f := range rep.Failures {
		if i == most {
			fmt.Printf("%s: .. and %d more failures\n", name, len(rep.Failures)-most)
			break
		}
		fmt.Println(f)
	}
	fmt.Printf("%s: %d records, %d views compared, %d refused as views, %d failures\n", name, rep.Records, rep.Views, rep.Refused, len(rep.Failures))
	return len(rep.Failures), nil
}
