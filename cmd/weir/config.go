package main

import (
	"encoding"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/pelletier/go-toml/v2"

	"github.com/weirdb/weir/catalog"
)

// configFile resolves flags from the TOML file that --config (or WEIR_CONFIG)
// names. A key it does not know is an error, with the nearest one that it
// does.
type configFile struct {
	known  []string
	path   string
	values map[string]any
}

// configError is a fault of the config file, which no flag is to blame for.
type configError struct{ path, msg string }

// Error implements error.
func (e *configError) Error() string { return fmt.Sprintf("config file %s: %s", e.path, e.msg) }

// cause strips an error of a file of the path that it repeats.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// load reads the file once its path is known.
func (c *configFile) load(path string) error {
	if path == "" || c.path == path {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return &configError{path, cause(err).Error()}
	}
	values := map[string]any{}
	if err := toml.Unmarshal(text, &values); err != nil {
		fault := &configError{path, err.Error()}
		var at *toml.DecodeError
		if errors.As(err, &at) {
			row, col := at.Position()
			fault.msg = fmt.Sprintf("line %d, column %d: %s", row, col, err)
		}
		return fault
	}
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if err := c.check(path, k); err != nil {
			return err
		}
	}
	c.path, c.values = path, values
	return nil
}

func (c *configFile) check(path, key string) error {
	for _, k := range c.known {
		if k == key {
			return nil
		}
	}
	if near := catalog.Nearest(key, c.known); near != "" {
		return &configError{path, fmt.Sprintf("unknown key %q; did you mean %q?", key, near)}
	}
	return &configError{path, fmt.Sprintf("unknown key %q; known are %s", key, strings.Join(c.known, ", "))}
}

// Validate implements kong.Resolver: it looks for the file's path and for
// WEIR_ variables that mean nothing.
func (c *configFile) Validate(app *kong.Application) error {
	known := map[string]bool{"WEIR_CONFIG": true, "WEIR_SOAK": true}
	names := []string{}
	for _, k := range c.known {
		known[envName(k)] = true
		names = append(names, envName(k))
	}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "WEIR_") || known[name] {
			continue
		}
		err := fmt.Errorf("unknown variable %s", name)
		if near := catalog.Nearest(name, names); near != "" {
			err = fmt.Errorf("%w; did you mean %s?", err, near)
		}
		return err
	}
	return nil
}

// Resolve implements kong.Resolver. The file is the server's: `weir sql --data`
// is another thing.
func (c *configFile) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if cmd := ctx.Selected(); cmd == nil || cmd.Name != "serve" || flag.Name == "config" || flag.Name == "help" {
		return nil, nil
	}
	if err := c.load(configPath(ctx)); err != nil {
		return nil, err
	}
	v, ok := c.values[flag.Name]
	if !ok || os.Getenv(envName(flag.Name)) != "" {
		return nil, nil
	}
	text := fmt.Sprint(v)
	if err := fits(flag.Target.Type(), text); err != nil {
		return nil, &configError{c.path, fmt.Sprintf("%s: %v", flag.Name, err)}
	}
	return text, nil
}

// fits checks that a flag of type t takes text, so that a fault is told of
// the file and not of the flag.
func fits(t reflect.Type, text string) error {
	if v, ok := reflect.New(t).Interface().(encoding.TextUnmarshaler); ok {
		return v.UnmarshalText([]byte(text))
	}
	if t.Kind() == reflect.Int {
		if _, err := strconv.Atoi(text); err != nil {
			return fmt.Errorf("%q is no integer", text)
		}
	}
	return nil
}

// configPath finds --config among the arguments, or WEIR_CONFIG.
func configPath(ctx *kong.Context) string {
	for i, a := range ctx.Args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			return v
		}
		if a == "--config" && i+1 < len(ctx.Args) {
			return ctx.Args[i+1]
		}
	}
	return os.Getenv("WEIR_CONFIG")
}

func envName(flag string) string {
	return "WEIR_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// knownKeys returns the flag names of a command's struct, which are the keys
// of the file.
func knownKeys(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("name")
		if name == "" {
			name = kebab(f.Name)
		}
		if name != "config" {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

func kebab(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && r >= 'A' && r <= 'Z' && !(s[i-1] >= 'A' && s[i-1] <= 'Z') {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}
