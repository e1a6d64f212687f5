package types

// String returns the SQL name of t: "bigint unsigned", "decimal(10,2)",
// "varchar(20)", "datetime(6)", "tinyint(1)".
func (t Type) String() string { panic("skeleton") }

// IntRange returns the least and greatest value of an integer kind.
func (k Kind) IntRange() (lo int64, hi uint64) { panic("skeleton") }

// FSP returns the fractional digits of a DATETIME or TIMESTAMP type.
func (t Type) FSP() int { return int(t.Prec) }

// NewString returns VARCHAR(n) under the default collation; n = 0 is TEXT.
func NewString(n int) Type { return Type{Kind: String, Coll: DefaultCollation, Len: uint32(n)} }

// NewDatetime returns DATETIME(fsp).
func NewDatetime(fsp int) Type { return Type{Kind: Datetime, Prec: uint8(fsp)} }

// NewTimestamp returns TIMESTAMP(fsp).
func NewTimestamp(fsp int) Type { return Type{Kind: Timestamp, Prec: uint8(fsp)} }

// AppendFloat appends f as MySQL prints a DOUBLE, or a FLOAT (six digits).
func AppendFloat(dst []byte, f float64, k Kind) []byte { panic("skeleton") }

// AppendValueText appends v as MySQL's text protocol has it; nothing for NULL.
func AppendValueText(dst []byte, v Value) []byte { panic("skeleton") }

// String returns v as a client shows it, "NULL" for NULL.
func (v Value) String() string { panic("skeleton") }

// SQL returns v as a literal that reads back as the same value.
func (v Value) SQL() string { panic("skeleton") }

// Compare orders v and w, of one kind up to width, scale and length; NULL
// comes first. Strings compare under v's collation.
func (v Value) Compare(w Value) int { panic("skeleton") }
