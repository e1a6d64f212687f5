package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/weirdb/weir/engine"
	mysqldoor "github.com/weirdb/weir/server/mysql"
)

// serveCmd runs a server.
type serveCmd struct {
	Data     string `help:"Directory of the database. Without it everything is in memory and gone at the end." env:"WEIR_DATA" placeholder:"DIR"`
	MySQL    string `name:"mysql" help:"Address of the MySQL protocol; port 0 takes a free one." default:"127.0.0.1:3307" env:"WEIR_MYSQL" placeholder:"ADDR"`
	HTTP     string `name:"http" help:"Address of HTTP: /sql, /health, /metrics." default:"127.0.0.1:5440" env:"WEIR_HTTP" placeholder:"ADDR"`
	Memory   size   `help:"Memory for Weir, e.g. 4GiB; default 60 % of the machine." env:"WEIR_MEMORY" placeholder:"SIZE"`
	Lanes    int    `help:"Lanes of a new data directory; default one per core." env:"WEIR_LANES" placeholder:"N"`
	Password string `help:"Password of the user root; without it root has none." env:"WEIR_PASSWORD" placeholder:"WORD"`
	Config   string `help:"TOML file with any of these settings, by their names." env:"WEIR_CONFIG" placeholder:"FILE"`
}

// size is a number of bytes, written with a unit.
type size int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *size) UnmarshalText(text []byte) error {
	t := strings.TrimSpace(string(text))
	digits := strings.TrimRight(t, "aAbBiIgGkKmMtT ")
	unit := strings.ToLower(strings.TrimSpace(t[len(digits):]))
	n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
	factor, ok := map[string]float64{
		"": 1, "b": 1, "k": 1 << 10, "kb": 1e3, "kib": 1 << 10, "m": 1 << 20, "mb": 1e6, "mib": 1 << 20,
		"g": 1 << 30, "gb": 1e9, "gib": 1 << 30, "t": 1 << 40, "tb": 1e12, "tib": 1 << 40,
	}[unit]
	if err != nil || !ok || n < 0 {
		return fmt.Errorf("%q is no size; write for example 512MiB or 4GiB", t)
	}
	*s = size(n * factor)
	return nil
}

// Validate implements kong's check of a command.
func (c *serveCmd) Validate() error {
	if c.Lanes < 0 {
		return fmt.Errorf("--lanes: %d is no number of lanes", c.Lanes)
	}
	return nil
}

// Run serves until SIGTERM or SIGINT.
func (c *serveCmd) Run() error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if c.Memory == 0 {
		c.Memory = size(machineMemory() * 6 / 10)
	}
	limitHeap(int64(c.Memory))
	e, err := engine.Open(engine.Options{Dir: c.Data, Memory: int64(c.Memory), Lanes: c.Lanes, Logger: logger})
	if err != nil {
		return fmt.Errorf("cannot open the database: %w", err)
	}
	err = c.serve(e, logger)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	return errors.Join(err, e.Close(ctx))
}

// serve opens the doors and waits for a signal.
func (c *serveCmd) serve(e *engine.Engine, logger *slog.Logger) error {
	my, err := net.Listen("tcp", c.MySQL)
	if err != nil {
		return fmt.Errorf("cannot listen for MySQL clients: %w%s", err, freePort(err, "mysql"))
	}
	web, err := net.Listen("tcp", c.HTTP)
	if err != nil {
		my.Close()
		return fmt.Errorf("cannot listen for HTTP: %w%s", err, freePort(err, "http"))
	}
	users := map[string]mysqldoor.Password{}
	if c.Password != "" {
		users["root"] = mysqldoor.NewPassword(c.Password)
	}
	d, err := openDoors(e, my, web, users, logger)
	if err != nil {
		return err
	}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	defer signal.Stop(stop)
	where := c.Data
	if where == "" {
		where = "memory"
		fmt.Fprintln(os.Stderr, "weir: no --data: everything is kept in memory and gone when the server ends")
	}
	fmt.Printf("weir: ready mysql=%s http=%s data=%s\n", my.Addr(), web.Addr(), where)
	select {
	case err = <-d.failed:
	case <-stop:
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return errors.Join(err, d.shutdown(ctx))
}

// freePort tells the way out when the address that a flag names is taken.
func freePort(err error, flag string) string {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return ""
	}
	return fmt.Sprintf("; name another one by --%s, or 127.0.0.1:0 for a free port", flag)
}
