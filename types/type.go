// Package types holds the words every floor speaks: column types, scalar
// values, decimals, dates and collations, with the rules of MySQL 8.
//
// A Type says what SQL means; its Phys says how a column of it lies in memory.
// Everything here is pure: no clock, no locale, no environment.
package types

// Kind is the SQL type family of a column or value. The numbers are part of
// every file and log format: they are never reused or renumbered.
type Kind uint8

// The kinds. BOOLEAN is Int8 with Width 1, as in MySQL.
const (
	Null      Kind = 0 // the type of a bare NULL
	Int8      Kind = 1
	Int16     Kind = 2
	Int24     Kind = 3
	Int32     Kind = 4
	Int64     Kind = 5
	Uint8     Kind = 6
	Uint16    Kind = 7
	Uint24    Kind = 8
	Uint32    Kind = 9
	Uint64    Kind = 10
	Float32   Kind = 11
	Float64   Kind = 12
	Decimal   Kind = 13 // Prec digits in all, Scale behind the point
	String    Kind = 14 // characters under Coll
	Bytes     Kind = 15 // binary strings
	Date      Kind = 16 // days since 1970-01-01
	Datetime  Kind = 17 // microseconds since 1970-01-01 00:00:00, no zone
	Timestamp Kind = 18 // microseconds since the epoch, UTC
)

// Collation is MySQL's collation id.
type Collation uint16

// The collations this release knows.
const (
	CollBinary       Collation = 63  // bytes
	CollUtf8mb4Bin   Collation = 46  // code points, PAD SPACE
	Coll0900AiCi     Collation = 255 // utf8mb4_0900_ai_ci, NO PAD: the default of tables
	Coll0900Bin      Collation = 309 // utf8mb4_0900_bin, code points, NO PAD
	CollGeneralCi    Collation = 45  // utf8mb4_general_ci, PAD SPACE
	DefaultCollation           = Coll0900AiCi
)

// Type is a column's type. It is comparable and copied freely; the zero Type
// is the type of NULL.
type Type struct {
	Kind     Kind
	Nullable bool
	Prec     uint8     // Decimal: digits in all. Datetime, Timestamp: fractional digits 0..6
	Scale    uint8     // Decimal: digits behind the point
	Width    uint8     // display width, only for tinyint(1)
	Coll     Collation // String: its collation
	Len      uint32    // String: characters, Bytes: bytes; 0 is unlimited (TEXT, BLOB)
}

// Phys is how a column of a type lies in memory (see zset.Vec).
type Phys uint8

// The physical classes.
const (
	PhysInt   Phys = iota // Vec.I: integers (unsigned as bits), dates, times, decimals of up to 18 digits
	PhysFloat             // Vec.F
	PhysDec2              // Vec.W, two words a row: decimals of up to 38 digits
	PhysDec4              // Vec.W, four words a row: decimals of up to 65 digits
	PhysBytes             // Vec.Off and Vec.Data
)

// Phys returns the physical class of t.
func (t Type) Phys() Phys {
	switch t.Kind {
	case Float32, Float64:
		return PhysFloat
	case Decimal:
		switch {
		case t.Prec <= 18:
			return PhysInt
		case t.Prec <= 38:
			return PhysDec2
		}
		return PhysDec4
	case String, Bytes:
		return PhysBytes
	}
	return PhysInt
}

// Words returns the number of 64-bit words a wide decimal row takes in Vec.W,
// 0 for other classes.
func (p Phys) Words() int {
	switch p {
	case PhysDec2:
		return 2
	case PhysDec4:
		return 4
	}
	return 0
}

// IsInt tells whether k is an integer kind, signed or unsigned.
func (k Kind) IsInt() bool { return k >= Int8 && k <= Uint64 }

// IsUnsigned tells whether k is an unsigned integer kind.
func (k Kind) IsUnsigned() bool { return k >= Uint8 && k <= Uint64 }

// IsFloat tells whether k is FLOAT or DOUBLE.
func (k Kind) IsFloat() bool { return k == Float32 || k == Float64 }

// IsNumeric tells whether k is an integer, a float or a decimal.
func (k Kind) IsNumeric() bool { return k >= Int8 && k <= Decimal }

// IsText tells whether k is a character or binary string.
func (k Kind) IsText() bool { return k == String || k == Bytes }

// IsTime tells whether k is DATE, DATETIME or TIMESTAMP.
func (k Kind) IsTime() bool { return k >= Date && k <= Timestamp }

// WithNull returns t with its nullability set.
func (t Type) WithNull(nullable bool) Type {
	t.Nullable = nullable
	return t
}

// Common types of expressions.
var (
	TypeNull  = Type{Kind: Null, Nullable: true}
	TypeInt   = Type{Kind: Int64}
	TypeUint  = Type{Kind: Uint64}
	TypeFloat = Type{Kind: Float64}
	TypeText  = Type{Kind: String, Coll: DefaultCollation}
	TypeBytes = Type{Kind: Bytes, Coll: CollBinary}
	TypeDate  = Type{Kind: Date}
)

// NewDecimal returns DECIMAL(prec, scale), not nullable.
func NewDecimal(prec, scale int) Type {
	return Type{Kind: Decimal, Prec: uint8(prec), Scale: uint8(scale)}
}
