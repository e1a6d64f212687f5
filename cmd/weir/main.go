// Command weir is the Weir server and its tools in one binary.
package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"

	"github.com/alecthomas/kong"
)

// version is set by the Makefile.
var version = "0.1.0"

// cli is every command with its flags. A flag is also a key of the TOML file
// and a variable WEIR_ in capitals; a flag given wins over the variable, that
// over the file.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run a server."`
	SQL     sqlCmd     `cmd:"" name:"sql" help:"Run SQL: a shell, a statement (-e), or a file."`
	Demo    demoCmd    `cmd:"" help:"Watch views follow a stream of flights."`
	Bench   benchCmd   `cmd:"" help:"Measure this machine: the figures of docs/benchmarks.md."`
	Version versionCmd `cmd:"" help:"Print the version."`

	VersionFlag kong.VersionFlag `name:"version" help:"Print the version."`
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	fmt.Println("weir", version)
	return nil
}

// exitCode is an error that ends the process with a code of its own; what is
// to be said has been said.
type exitCode int

// Error implements error.
func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

func main() {
	var c cli
	config := &configFile{known: knownKeys(reflect.TypeOf(serveCmd{}))}
	parser := kong.Must(&c,
		kong.Name("weir"),
		kong.Description("A streaming SQL database: tables, materialized views that are never behind, the MySQL protocol."),
		kong.UsageOnError(),
		kong.Vars{"version": "weir " + version},
		kong.Resolvers(config),
		kong.Bind(config),
	)
	if len(os.Args) == 1 {
		os.Args = append(os.Args, "--help")
	}
	ctx, err := parser.Parse(os.Args[1:])
	if err != nil {
		command := "weir"
		var parse *kong.ParseError
		if errors.As(err, &parse) && parse.Context.Selected() != nil {
			command += " " + parse.Context.Selected().Name
		}
		var config *configError
		if errors.As(err, &config) {
			err = config
		}
		fmt.Fprintln(os.Stderr, "weir:", err)
		fmt.Fprintf(os.Stderr, "weir: `%s --help` lists commands and flags\n", command)
		os.Exit(2)
	}
	err = ctx.Run()
	var code exitCode
	switch {
	case errors.As(err, &code):
		os.Exit(int(code))
	case err != nil:
		fmt.Fprintln(os.Stderr, "weir:", err)
		os.Exit(1)
	}
}
