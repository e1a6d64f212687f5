package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/weirdb/weir/demo"
	"github.com/weirdb/weir/engine"
)

// demoCmd streams flights through views.
type demoCmd struct {
	For   time.Duration `help:"End by itself after this long, e.g. 10s."`
	Rate  int           `help:"Flights inserted a second." default:"1000"`
	MySQL string        `name:"mysql" help:"Address to look in by the MySQL protocol; a free one is taken when it is in use." default:"127.0.0.1:3307"`
	HTTP  string        `name:"http" help:"Address to look in by HTTP." default:"127.0.0.1:5440"`
}

// Validate implements kong's check of a command.
func (c *demoCmd) Validate() error {
	if c.Rate < 1 {
		return fmt.Errorf("--rate: %d is no number of flights a second; the least is 1", c.Rate)
	}
	if c.For < 0 {
		return fmt.Errorf("--for: %s is no time to run", c.For)
	}
	return nil
}

// Run runs the demo in a temporary directory until it is over or interrupted.
func (c *demoCmd) Run() error {
	dir, err := os.MkdirTemp("", "weir-demo")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	e, err := engine.Open(engine.Options{Dir: dir, Logger: logger})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = c.run(ctx, e, logger)
	closing, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(err, e.Close(closing))
}

func (c *demoCmd) run(ctx context.Context, e *engine.Engine, logger *slog.Logger) error {
	my, err := listen(c.MySQL)
	if err != nil {
		return err
	}
	web, err := listen(c.HTTP)
	if err != nil {
		my.Close()
		return err
	}
	d, err := openDoors(e, my, web, nil, logger)
	if err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(my.Addr().String())
	hints := []string{
		"Look in while it runs:",
		fmt.Sprintf("  mariadb -h %s -P %s -u root demo", host, port),
		fmt.Sprintf("  bin/weir sql --url mysql://root@%s/demo", my.Addr()),
		fmt.Sprintf("  curl -d 'select * from demo.busiest' http://%s/sql", web.Addr()),
	}
	screen := term.IsTerminal(int(os.Stdout.Fd()))
	if !screen {
		for _, h := range hints {
			fmt.Println(h)
		}
	}
	err = demo.Run(ctx, demo.Options{Node: e, Rate: c.Rate, For: c.For, Out: os.Stdout, Screen: screen, Hints: hints})
	closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, d.shutdown(closing))
}

// listen takes addr, or a free port of its host when it is in use.
func listen(addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err == nil {
		return ln, nil
	}
	host, _, serr := net.SplitHostPort(addr)
	if serr != nil {
		return nil, err
	}
	return net.Listen("tcp", net.JoinHostPort(host, "0"))
}
