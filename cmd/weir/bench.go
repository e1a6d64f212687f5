package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/weirdb/weir/bench"
)

// benchCmd measures this machine.
type benchCmd struct {
	Name        string  `arg:"" enum:"vote,views,point,backfill,load,all" default:"all" help:"What to measure: ${enum}."`
	Seconds     float64 `help:"Length of a timed round." default:"5" placeholder:"N"`
	Connections int     `help:"Clients of the workloads over the wire; by default each has its own number." placeholder:"N"`
	Scale       float64 `help:"Size of the data sets; 1 is the published size." default:"1" placeholder:"F"`
	MariaDB     string  `name:"mariadb" help:"The peer beside vote: auto starts mariadbd where it is installed, off does without, or the address of one that runs." default:"auto" placeholder:"auto|off|ADDR"`
	JSON        bool    `name:"json" help:"One JSON object a figure instead of a table."`
}

// Run measures until done or interrupted.
func (c *benchCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return bench.Run(ctx, bench.Options{
		Name: c.Name, For: time.Duration(c.Seconds * float64(time.Second)), Connections: c.Connections, Scale: c.Scale,
		MariaDB: c.MariaDB, Self: self, JSON: c.JSON, Out: os.Stdout, Log: os.Stderr,
	})
}
