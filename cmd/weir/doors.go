package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/weirdb/weir/engine"
	httpdoor "github.com/weirdb/weir/server/http"
	mysqldoor "github.com/weirdb/weir/server/mysql"
)

// doors are the open doors of a node.
type doors struct {
	mysql *mysqldoor.Server
	http  *http.Server
	// failed gets the error of a door that ends by itself.
	failed chan error
}

// openDoors serves e on both listeners, which it owns from then on.
func openDoors(e *engine.Engine, my, web net.Listener, users map[string]mysqldoor.Password, logger *slog.Logger) (*doors, error) {
	sql, err := mysqldoor.New(mysqldoor.Options{Node: e, Users: users, Logger: logger})
	if err != nil {
		return nil, errors.Join(err, my.Close(), web.Close())
	}
	d := &doors{mysql: sql, failed: make(chan error, 2)}
	d.http = &http.Server{
		Handler:           httpdoor.New(httpdoor.Options{Node: e, Metrics: e.Metrics(), Authorize: authorize(users), Logger: logger}),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { d.failed <- sql.Serve(my) }()
	go func() { d.failed <- d.http.Serve(web) }()
	return d, nil
}

// authorize checks the users of HTTP; nil when nobody has a password.
func authorize(users map[string]mysqldoor.Password) func(user, password string) bool {
	if len(users) == 0 {
		return nil
	}
	return func(user, password string) bool {
		p, known := users[user]
		return known && p.Matches(password)
	}
}

// shutdown lets the statements under way end and closes both doors.
func (d *doors) shutdown(ctx context.Context) error {
	return errors.Join(d.mysql.Shutdown(ctx), d.http.Shutdown(ctx))
}
