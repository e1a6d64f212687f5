package expr

import "github.com/weirdb/weir/types"

// Resolve makes the call of the function or operator name over args, with
// MySQL's coercions and result type. Names are MySQL's in any case:
//
//	+ - * / div % (mod) neg        = <=> <> (!=) < <= > >=
//	and or xor not                 is_null is_true is_false is_unknown
//	& | ^ ~ << >>                  in (args[0] in the rest)  between
//	like (text, pattern[, escape]) regexp_like
//	case (when, then, .., [else])  if ifnull nullif coalesce
//
// and every function of Functions. "not x" variants are not(x). Errors are
// *sqlerr.Error: 1305 for an unknown name (with the nearest as a hint), 1582
// for a wrong number of arguments, 1210 for one that must be a constant.
func Resolve(name string, args []Expr) (Expr, error) {
	panic("expr: Resolve is being built")
}

// Cast is an explicit CAST: what does not fit is adjusted with a warning, what
// cannot be read as t is NULL (dates) or 0 (numbers) with a warning. A cast to
// the type that e has returns e; a parameter of unknown type takes type t.
func Cast(e Expr, t types.Type) Expr { panic("expr: Cast is being built") }

// Assign converts e to t as INSERT and UPDATE store into the column named col:
// in a strict Ctx what does not fit is an error (1264, 1406, 1366, 1292, 1265,
// 1048), else it is adjusted with a warning. A warning inside e is an error
// too when strict (1365 for a division by zero).
func Assign(e Expr, t types.Type, col string) Expr { panic("expr: Assign is being built") }

// Unify returns the common type of UNION, CASE, COALESCE and their like;
// nullable when one of ts is. Unify() is the type of NULL.
func Unify(ts ...types.Type) types.Type { panic("expr: Unify is being built") }

// CompareType returns the type to which two operands of a comparison are cast,
// as MySQL chooses it: DOUBLE for a number and a string, DATETIME for a date
// and a string. It is exact for integers of different sign: DECIMAL(20,0).
func CompareType(a, b types.Type) types.Type { panic("expr: CompareType is being built") }

// Fold replaces parts of e that hold no columns and are immutable by their
// value. What fails or warns stays, so that it does so when it is run.
func Fold(e Expr) Expr { panic("expr: Fold is being built") }

// String renders e as SQL for people: EXPLAIN, error texts, column names.
func String(e Expr) string { panic("expr: String is being built") }

// Info describes a function for the manual.
type Info struct {
	Name      string // as written in SQL, upper case
	Signature string // e.g. "SUBSTRING(s, pos [, len])"
	Doc       string // one sentence
	Group     string // "strings", "numbers", "dates", "null", "casts", ...
}

// Functions lists what Resolve knows but for operators, by group and name.
func Functions() []Info { panic("expr: Functions is being built") }

type def struct {
	volatile Volatile
}

func defOf(f Fn) *def { return &def{} }

func callFallible(c *Call) bool { return false }
