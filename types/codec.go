package types

import "errors"

// ErrCorrupt is returned by every decoder for bytes that no encoder wrote.
var ErrCorrupt = errors.New("types: corrupt encoding")

// AppendType appends the encoding of t.
func AppendType(dst []byte, t Type) []byte { panic("skeleton") }

// DecodeType reads a type and returns the bytes behind it.
func DecodeType(src []byte) (t Type, rest []byte, err error) { panic("skeleton") }

// AppendValue appends the encoding of v, its type included.
func AppendValue(dst []byte, v Value) []byte { panic("skeleton") }

// DecodeValue reads a value and returns the bytes behind it.
func DecodeValue(src []byte) (v Value, rest []byte, err error) { panic("skeleton") }
