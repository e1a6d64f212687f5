package engine

import (
	"context"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/sql/bind"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// varKind is what a system variable takes.
type varKind uint8

const (
	textVar     varKind = iota
	boolVar             // 0 or 1; ON and OFF are taken too
	intVar              // an unsigned number
	readOnlyVar         // cannot be set
	fixedVar            // can be set to the value it has: clients set it on connecting
)

// sysVar declares a system variable with MySQL's default.
type sysVar struct {
	kind  varKind
	value string
}

// defaultMode is MySQL 8's sql_mode; Weir is always this strict unless
// STRICT_TRANS_TABLES is taken out.
const defaultMode = "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"

// sysVars are the variables that exist: those that Weir minds, and those that
// drivers and tools read or set on connecting.
var sysVars = map[string]sysVar{
	"autocommit":                      {boolVar, "1"},
	"auto_increment_increment":        {fixedVar, "1"},
	"auto_increment_offset":           {fixedVar, "1"},
	"character_set_client":            {textVar, "utf8mb4"},
	"character_set_connection":        {textVar, "utf8mb4"},
	"character_set_database":          {textVar, "utf8mb4"},
	"character_set_results":           {textVar, "utf8mb4"},
	"character_set_server":            {textVar, "utf8mb4"},
	"character_set_system":            {readOnlyVar, "utf8mb3"},
	"collation_connection":            {textVar, "utf8mb4_0900_ai_ci"},
	"collation_database":              {textVar, "utf8mb4_0900_ai_ci"},
	"collation_server":                {textVar, "utf8mb4_0900_ai_ci"},
	"default_storage_engine":          {textVar, "InnoDB"},
	"div_precision_increment":         {fixedVar, "4"},
	"explicit_defaults_for_timestamp": {boolVar, "1"},
	"foreign_key_checks":              {boolVar, "1"},
	"have_ssl":                        {readOnlyVar, "DISABLED"},
	"group_concat_max_len":            {intVar, "1024"},
	"hostname":                        {readOnlyVar, "localhost"},
	"init_connect":                    {readOnlyVar, ""},
	"innodb_version":                  {readOnlyVar, "8.0.36"},
	"interactive_timeout":             {intVar, "28800"},
	"license":                         {readOnlyVar, "Apache-2.0"},
	"lc_time_names":                   {fixedVar, "en_US"},
	"local_infile":                    {boolVar, "1"},
	"lock_wait_timeout":               {intVar, "31536000"},
	"lower_case_table_names":          {readOnlyVar, "0"},
	"max_allowed_packet":              {intVar, "67108864"},
	"max_connections":                 {readOnlyVar, "4096"},
	"max_execution_time":              {intVar, "0"},
	"net_buffer_length":               {intVar, "16384"},
	"net_read_timeout":                {intVar, "30"},
	"net_write_timeout":               {intVar, "60"},
	"optimizer_switch":                {textVar, ""},
	"performance_schema":              {readOnlyVar, "0"},
	"port":                            {readOnlyVar, "3307"},
	"protocol_version":                {readOnlyVar, "10"},
	"query_cache_size":                {readOnlyVar, "0"},
	"query_cache_type":                {readOnlyVar, "OFF"},
	"read_only":                       {readOnlyVar, "0"},
	"server_id":                       {readOnlyVar, "1"},
	"sql_auto_is_null":                {fixedVar, "0"},
	"sql_big_selects":                 {boolVar, "1"},
	"sql_log_bin":                     {boolVar, "1"},
	"sql_mode":                        {textVar, defaultMode},
	"sql_notes":                       {boolVar, "1"},
	"sql_quote_show_create":           {boolVar, "1"},
	"sql_safe_updates":                {fixedVar, "0"},
	"sql_select_limit":                {fixedVar, "18446744073709551615"},
	"sql_warnings":                    {boolVar, "0"},
	"storage_engine":                  {textVar, "InnoDB"},
	"system_time_zone":                {readOnlyVar, "UTC"},
	"time_zone":                       {textVar, "SYSTEM"},
	"transaction_isolation":           {textVar, "REPEATABLE-READ"},
	"transaction_read_only":           {boolVar, "0"},
	"tx_isolation":                    {textVar, "REPEATABLE-READ"},
	"tx_read_only":                    {boolVar, "0"},
	"unique_checks":                   {boolVar, "1"},
	"version":                         {readOnlyVar, ServerVersion},
	"version_comment":                 {readOnlyVar, "Weir streaming SQL database"},
	"version_compile_machine":         {readOnlyVar, "x86_64"},
	"version_compile_os":              {readOnlyVar, "Linux"},
	"wait_timeout":                    {intVar, "28800"},
	"weir_view_errors":                {textVar, "fail"},
}

// variables are the values that differ from the defaults, for a session (over
// the node's) or for the node. Safe for concurrent use.
type variables struct {
	below *variables // nil for the node's own
	mu    sync.RWMutex
	set   map[string]string
}

func newVariables(below *variables) *variables { return &variables{below: below} }

// text returns a variable's value.
func (v *variables) text(name string) string {
	v.mu.RLock()
	t, ok := v.set[name]
	v.mu.RUnlock()
	switch {
	case ok:
		return t
	case v.below != nil:
		return v.below.text(name)
	}
	return sysVars[name].value
}

func (v *variables) bool(name string) bool { return v.text(name) == "1" }

// strict tells whether a value that does not fit is an error.
func (v *variables) strict() bool {
	mode := v.text("sql_mode")
	return strings.Contains(mode, "STRICT_TRANS_TABLES") || strings.Contains(mode, "STRICT_ALL_TABLES") || strings.Contains(mode, "TRADITIONAL")
}

// milliseconds returns a variable that holds a time, 0 for none. The longest
// is what a Duration can hold.
func (v *variables) milliseconds(name string) time.Duration {
	n, _ := strconv.ParseInt(v.text(name), 10, 64)
	return time.Duration(min(n, int64(math.MaxInt64/time.Millisecond))) * time.Millisecond
}

// lookup is bind.Env.SysVar.
func (v *variables) lookup(name string, global bool) (types.Value, bool) {
	def, ok := sysVars[name]
	if !ok {
		return types.Value{}, false
	}
	if global && v.below != nil {
		return v.below.lookup(name, false)
	}
	text := v.text(name)
	if def.kind == boolVar || def.kind == intVar || isNumber(def.value) {
		n, err := strconv.ParseUint(text, 10, 64)
		if err == nil {
			if n <= 1<<63-1 {
				return types.IntValue(int64(n)), true
			}
			return types.UintValue(n), true
		}
	}
	return types.TextValue(text), true
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}

func (v *variables) names() []string { return slices.Sorted(maps.Keys(sysVars)) }

// put sets a variable; nil means its default.
func (v *variables) put(name string, val *types.Value) error {
	def, ok := sysVars[name]
	if !ok {
		return unknownVariable(name, v.names())
	}
	if def.kind == readOnlyVar {
		return sqlerr.New(sqlerr.ErrIncorrectGlobalLocal, "Variable '%s' is a read only variable", name)
	}
	text := def.value
	if val != nil {
		var err error
		if text, err = convertVar(name, def, *val); err != nil {
			return err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.set == nil {
		v.set = map[string]string{}
	}
	v.set[name] = text
	return nil
}

// convertVar checks a value for a variable and renders it.
func convertVar(name string, def sysVar, val types.Value) (string, error) {
	text := val.String()
	if val.IsNull {
		text = "NULL"
	}
	wrong := sqlerr.New(sqlerr.ErrWrongValueForVar, "Variable '%s' can't be set to the value of '%s'", name, text)
	switch def.kind {
	case boolVar:
		switch strings.ToUpper(text) {
		case "1", "ON", "TRUE":
			return "1", nil
		case "0", "OFF", "FALSE":
			return "0", nil
		}
		return "", wrong
	case intVar:
		if _, err := strconv.ParseUint(text, 10, 64); err != nil {
			return "", sqlerr.New(sqlerr.ErrWrongTypeForVar, "Incorrect argument type to variable '%s'", name)
		}
		return text, nil
	case fixedVar:
		if text != def.value {
			return "", wrong.WithHint("this release only knows %s", def.value)
		}
		return text, nil
	}
	return checkText(name, text, wrong)
}

// checkText checks the text variables whose values mean something here.
func checkText(name, text string, wrong *sqlerr.Error) (string, error) {
	switch name {
	case "time_zone":
		switch strings.ToUpper(text) {
		case "SYSTEM", "UTC", "+00:00", "-00:00", "+0:00", "Z":
			return text, nil
		}
		return "", sqlerr.NotSupported("time zone '%s': this release keeps UTC only", text)
	case "transaction_isolation", "tx_isolation":
		switch strings.ToUpper(strings.ReplaceAll(text, " ", "-")) {
		case "REPEATABLE-READ", "READ-COMMITTED", "READ-UNCOMMITTED":
			return strings.ToUpper(text), nil
		case "SERIALIZABLE":
			return "", sqlerr.NotSupported("SERIALIZABLE: transactions have snapshot isolation")
		}
		return "", wrong
	case "sql_mode":
		return text, checkMode(text, wrong)
	case "weir_view_errors":
		if text != "fail" && text != "skip" {
			return "", wrong.WithHint("it is 'fail' or 'skip'")
		}
	case "character_set_client", "character_set_connection", "character_set_results":
		switch strings.ToLower(text) {
		case "utf8mb4", "utf8", "utf8mb3", "binary", "null", "ascii":
			return text, nil
		case "latin1":
			return "", sqlerr.NotSupported("character set latin1 on the wire").WithHint("use utf8mb4")
		}
		return "", sqlerr.New(sqlerr.ErrUnknownCharset, "Unknown character set: '%s'", text)
	case "collation_connection", "collation_database", "collation_server":
		if _, ok := types.CollationByName(strings.ToLower(text)); !ok && !strings.HasPrefix(strings.ToLower(text), "utf8") {
			return "", sqlerr.New(sqlerr.ErrUnknownCollation, "Unknown collation: '%s'", text)
		}
	}
	return text, nil
}

// modes are the words of sql_mode; true for those that this release honours
// or that change nothing here.
var modes = map[string]bool{
	"ALLOW_INVALID_DATES": false, "ANSI": false, "ANSI_QUOTES": false, "ERROR_FOR_DIVISION_BY_ZERO": true,
	"HIGH_NOT_PRECEDENCE": false, "IGNORE_SPACE": false, "NO_AUTO_CREATE_USER": true, "NO_AUTO_VALUE_ON_ZERO": true,
	"NO_BACKSLASH_ESCAPES": false, "NO_DIR_IN_CREATE": true, "NO_ENGINE_SUBSTITUTION": true, "NO_UNSIGNED_SUBTRACTION": false,
	"NO_ZERO_DATE": true, "NO_ZERO_IN_DATE": true, "ONLY_FULL_GROUP_BY": true, "PAD_CHAR_TO_FULL_LENGTH": false,
	"PIPES_AS_CONCAT": false, "REAL_AS_FLOAT": false, "STRICT_ALL_TABLES": true, "STRICT_TRANS_TABLES": true,
	"TIME_TRUNCATE_FRACTIONAL": false, "TRADITIONAL": true,
}

// checkMode refuses words of sql_mode that would be ignored.
func checkMode(text string, wrong *sqlerr.Error) error {
	for _, word := range strings.Split(strings.ToUpper(text), ",") {
		word = strings.TrimSpace(word)
		honoured, known := modes[word]
		switch {
		case word == "":
		case !known:
			return wrong
		case !honoured:
			return sqlerr.NotSupported("sql_mode %s", word)
		}
	}
	return nil
}

func unknownVariable(name string, names []string) error {
	err := sqlerr.New(sqlerr.ErrUnknownSystemVar, "Unknown system variable '%s'", name)
	if near := catalog.Nearest(name, names); near != "" {
		err = err.WithHint("did you mean %q?", near)
	}
	return err
}

// set is SET: all values are computed and checked in order.
func (x *execution) set(ctx context.Context, b *bind.SetVariables) error {
	for _, v := range b.Vars {
		if err := x.setOne(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

func (x *execution) setOne(ctx context.Context, v bind.SetVar) error {
	var val *types.Value
	if v.Value != nil {
		got, err := x.evaluate(v.Value)
		if err != nil {
			return err
		}
		val = &got
	}
	switch {
	case v.Scope == bind.ScopeUser:
		if x.s.user == nil {
			x.s.user = map[string]types.Value{}
		}
		x.s.user[v.Name] = *val
		return nil
	case v.Name == "names" || v.Name == "charset":
		return x.setNames(v, val)
	case v.Scope == bind.ScopeGlobal:
		return x.s.e.globals.put(v.Name, val)
	}
	was := x.s.autocommit()
	if err := x.s.vars.put(v.Name, val); err != nil {
		return err
	}
	if v.Name == "autocommit" && !was && x.s.autocommit() {
		return x.s.commit(ctx)
	}
	return nil
}

// setNames is SET NAMES.
func (x *execution) setNames(v bind.SetVar, val *types.Value) error {
	for _, name := range []string{"character_set_client", "character_set_results", "character_set_connection"} {
		if err := x.s.vars.put(name, val); err != nil {
			return err
		}
	}
	if v.Collation == "" {
		return nil
	}
	coll := types.TextValue(v.Collation)
	return x.s.vars.put("collation_connection", &coll)
}
