package types

// Value is one scalar: a literal, a parameter, a default, a cell at a door.
// Columns are never made of Values; code on hot paths uses zset.Vec.
//
// Which field counts follows Type: I for integers (unsigned as bits), dates
// and times (see Kind), F for floats, D for decimals at Type.Scale, S for
// strings and bytes. IsNull says NULL of that type.
type Value struct {
	Type   Type
	IsNull bool
	I      int64
	F      float64
	D      Dec
	S      string
}

// Dec is a decimal's coefficient: a 256-bit two's complement integer, least
// significant word first. Its scale lies in the Type beside it, so 12.30 as
// DECIMAL(5,2) is 1230. 65 digits, MySQL's most, take 217 bits.
type Dec [4]uint64

// NullValue returns NULL of type t.
func NullValue(t Type) Value { return Value{Type: t.WithNull(true), IsNull: true} }

// IntValue returns a BIGINT.
func IntValue(i int64) Value { return Value{Type: TypeInt, I: i} }

// UintValue returns a BIGINT UNSIGNED.
func UintValue(u uint64) Value { return Value{Type: TypeUint, I: int64(u)} }

// FloatValue returns a DOUBLE.
func FloatValue(f float64) Value { return Value{Type: TypeFloat, F: f} }

// TextValue returns a string under the default collation.
func TextValue(s string) Value { return Value{Type: TypeText, S: s} }

// BytesValue returns a binary string.
func BytesValue(b []byte) Value { return Value{Type: TypeBytes, S: string(b)} }
