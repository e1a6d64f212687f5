package main

import (
	"context"
	"os/signal"
	"syscall"

	"github.com/weirdb/weir/console"
)

// sqlCmd runs SQL at a server or in an engine of its own.
type sqlCmd struct {
	Execute []string `short:"e" sep:"none" help:"Run these statements and end." placeholder:"SQL"`
	File    string   `arg:"" optional:"" help:"File of statements; without it and -e they come from the terminal or stdin."`
	URL     string   `name:"url" help:"Server: http://127.0.0.1:5440 or mysql://root@127.0.0.1:3307/db. Without it an engine of its own." placeholder:"URL"`
	Data    string   `help:"Directory of that engine's database; without it, in memory." placeholder:"DIR"`
	DB      string   `name:"db" help:"First database." placeholder:"NAME"`
	Format  string   `enum:"table,vertical,csv,json" default:"table" help:"Output: ${enum}." placeholder:"FORMAT"`
}

// Run ends with the console's exit code.
func (c *sqlCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	code := console.Run(ctx, console.Options{
		URL: c.URL, Data: c.Data, DB: c.DB, Format: c.Format, Execute: c.Execute, File: c.File,
	})
	if code != console.ExitOK {
		return exitCode(code)
	}
	return nil
}
