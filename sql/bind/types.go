package bind

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"
	"github.com/pingcap/tidb/pkg/parser/mysql"
	ptypes "github.com/pingcap/tidb/pkg/parser/types"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// MySQL's limits of declared types.
const (
	maxVarchar   = 16383 // characters of four bytes
	maxVarbinary = 65535
	maxChar      = 255
	maxFraction  = 6
)

// charset returns the default collation of a character set. Everything is
// stored as UTF-8; ascii and utf8mb3 are taken as subsets of it.
func (b *binder) charset(name string, off int) (types.Collation, error) {
	switch strings.ToLower(name) {
	case "utf8mb4":
		return types.Coll0900AiCi, nil
	case "utf8", "utf8mb3", "ascii":
		return types.CollGeneralCi, nil
	case "binary":
		return types.CollBinary, nil
	}
	return 0, suggest(b.errAt(off, sqlerr.ErrUnknownCharset, "Unknown character set: '%s'", name),
		catalog.Nearest(name, []string{"utf8mb4", "utf8mb3", "utf8", "ascii", "binary"}))
}

// collationAliases are collations of subsets of utf8mb4 that order alike.
var collationAliases = map[string]types.Collation{
	"utf8_general_ci": types.CollGeneralCi, "utf8mb3_general_ci": types.CollGeneralCi, "ascii_general_ci": types.CollGeneralCi,
	"utf8_bin": types.CollUtf8mb4Bin, "utf8mb3_bin": types.CollUtf8mb4Bin, "ascii_bin": types.CollUtf8mb4Bin,
}

func (b *binder) collation(name string, off int) (types.Collation, error) {
	lower := strings.ToLower(name)
	if c, ok := types.CollationByName(lower); ok {
		return c, nil
	}
	if c, ok := collationAliases[lower]; ok {
		return c, nil
	}
	var names []string
	for _, c := range types.Collations() {
		names = append(names, c.Name())
	}
	return 0, b.errAt(off, sqlerr.ErrUnknownCollation, "Unknown collation: '%s'", name).
		WithHint("known are %s", strings.Join(names, ", "))
}

// unsupportedTypes are MySQL's types that are still to come.
var unsupportedTypes = map[byte]string{
	mysql.TypeDuration: "TIME", mysql.TypeYear: "YEAR", mysql.TypeEnum: "ENUM", mysql.TypeSet: "SET", mysql.TypeJSON: "JSON",
	mysql.TypeBit: "BIT", mysql.TypeGeometry: "GEOMETRY", mysql.TypeTiDBVectorFloat32: "VECTOR",
}

// intKinds are the signed integers; the unsigned ones stand in the same order
// from types.Uint8 on.
var intKinds = map[byte]types.Kind{
	mysql.TypeTiny: types.Int8, mysql.TypeShort: types.Int16, mysql.TypeInt24: types.Int24,
	mysql.TypeLong: types.Int32, mysql.TypeLonglong: types.Int64,
}

// columnType is the type of a declared column; coll is the table's default.
func (b *binder) columnType(ft *ptypes.FieldType, column string, coll types.Collation, off int) (types.Type, error) {
	tp, flen, dec := ft.GetType(), ft.GetFlen(), ft.GetDecimal()
	if what, ok := unsupportedTypes[tp]; ok {
		return types.Type{}, b.refuseAt(off, "the type %s (column '%s')", what, column)
	}
	if ft.GetFlag()&mysql.ZerofillFlag != 0 {
		return types.Type{}, b.refuseAt(off, "ZEROFILL (column '%s')", column)
	}
	unsigned := ft.GetFlag()&mysql.UnsignedFlag != 0
	if kind, ok := intKinds[tp]; ok {
		t := types.Type{Kind: kind}
		if unsigned {
			t.Kind += types.Uint8 - types.Int8
		}
		if tp == mysql.TypeTiny && flen == 1 {
			t.Width = 1
		}
		return t, nil
	}
	if unsigned {
		return types.Type{}, b.refuseAt(off, "UNSIGNED of a type that is no integer (column '%s')", column)
	}
	switch tp {
	case mysql.TypeFloat, mysql.TypeDouble:
		if dec >= 0 {
			return types.Type{}, b.refuseAt(off, "FLOAT(M,D) and DOUBLE(M,D) (column '%s')", column).WithHint("use DECIMAL(M,D)")
		}
		if tp == mysql.TypeDouble {
			return types.TypeFloat, nil
		}
		return types.Type{Kind: types.Float32}, nil
	case mysql.TypeNewDecimal:
		return b.decimalType(flen, dec, column, off)
	case mysql.TypeDate, mysql.TypeNewDate:
		return types.TypeDate, nil
	case mysql.TypeDatetime, mysql.TypeTimestamp:
		if dec > maxFraction {
			return types.Type{}, b.errAt(off, errWrongFsp, "Too-big precision %d specified for '%s'. Maximum is %d.", dec, column, maxFraction)
		}
		if tp == mysql.TypeTimestamp {
			return types.NewTimestamp(max(dec, 0)), nil
		}
		return types.NewDatetime(max(dec, 0)), nil
	}
	return b.textType(ft, column, coll, off)
}

func (b *binder) decimalType(prec, scale int, column string, off int) (types.Type, error) {
	if prec < 0 {
		prec = 10
	}
	scale = max(scale, 0)
	switch {
	case prec > types.MaxPrec:
		return types.Type{}, b.errAt(off, sqlerr.ErrTooBigPrecision, "Too-big precision %d specified for '%s'. Maximum is %d.", prec, column, types.MaxPrec)
	case scale > types.MaxScale:
		return types.Type{}, b.errAt(off, sqlerr.ErrTooBigScale, "Too big scale %d specified for column '%s'. Maximum is %d.", scale, column, types.MaxScale)
	case scale > prec:
		return types.Type{}, b.errAt(off, sqlerr.ErrMBiggerThanD, "For float(M,D), double(M,D) or decimal(M,D), M must be >= D (column '%s').", column)
	case prec == 0:
		prec = 10
	}
	return types.NewDecimal(prec, scale), nil
}

// textType is CHAR, VARCHAR, TEXT and their binary twins.
func (b *binder) textType(ft *ptypes.FieldType, column string, coll types.Collation, off int) (types.Type, error) {
	var err error
	switch {
	case ft.GetCollate() != "" && ft.GetCharset() != "binary":
		coll, err = b.collation(ft.GetCollate(), off)
	case ft.GetCharset() != "":
		coll, err = b.charset(ft.GetCharset(), off)
	case ft.GetFlag()&mysql.BinaryFlag != 0:
		coll = types.CollUtf8mb4Bin
	}
	if err != nil {
		return types.Type{}, err
	}
	t := types.Type{Kind: types.String, Coll: coll}
	limit := maxVarchar
	if coll == types.CollBinary {
		t.Kind, limit = types.Bytes, maxVarbinary
	}
	switch ft.GetType() {
	case mysql.TypeString:
		limit = maxChar
		t.Len = uint32(max(ft.GetFlen(), 1))
	case mysql.TypeVarchar, mysql.TypeVarString:
		t.Len = uint32(max(ft.GetFlen(), 0))
		if t.Len == 0 {
			return types.Type{}, b.refuseAt(off, "a string of length 0 (column '%s')", column)
		}
	case mysql.TypeTinyBlob, mysql.TypeBlob, mysql.TypeMediumBlob, mysql.TypeLongBlob:
		return t, nil
	default:
		return types.Type{}, b.refuseAt(off, "the type of column '%s'", column)
	}
	if int(t.Len) > limit {
		return types.Type{}, b.errAt(off, errFieldTooLong, "Column length too big for column '%s' (max = %d); use BLOB or TEXT instead", column, limit)
	}
	return t, nil
}

// castType is the target of CAST and CONVERT.
func (c *clause) castType(n *ast.FuncCastExpr) (types.Type, error) {
	off := n.OriginTextPosition()
	ft := n.Tp
	switch ft.GetType() {
	case mysql.TypeLonglong:
		if ft.GetFlag()&mysql.UnsignedFlag != 0 {
			return types.TypeUint, nil
		}
		return types.TypeInt, nil
	case mysql.TypeNewDecimal:
		return c.decimalType(ft.GetFlen(), ft.GetDecimal(), "CAST", off)
	case mysql.TypeVarString, mysql.TypeString, mysql.TypeVarchar:
		t := types.TypeText
		if ft.GetCharset() == "binary" {
			t = types.TypeBytes
		} else if n.ExplicitCharSet {
			coll, err := c.charset(ft.GetCharset(), off)
			if err != nil {
				return types.Type{}, err
			}
			t.Coll = coll
		}
		if ft.GetFlen() > 0 {
			t.Len = uint32(ft.GetFlen())
		}
		return t, nil
	}
	return c.columnType(ft, "CAST", types.DefaultCollation, off)
}
