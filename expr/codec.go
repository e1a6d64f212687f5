package expr

// Append appends the binary form of e to dst. The form is deterministic and
// stays readable by every later release; a golden file keeps it so.
func Append(dst []byte, e Expr) []byte { panic("expr: Append is being built") }

// Decode reads one expression and returns what follows it. Bytes that no
// Append wrote are an error, never a panic, and what it returns always
// compiles: argument counts and physical classes have been checked. Column
// positions are the caller's to check.
func Decode(b []byte) (Expr, []byte, error) { panic("expr: Decode is being built") }
