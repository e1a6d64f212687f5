package expr

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash/crc32"
	"strconv"

	"github.com/weirdb/weir/expr/scalar"
	"github.com/weirdb/weir/types"
)

// Digests, encodings and numerals.

func codingFns() []def {
	text := func(fn Fn, names, args string, nulls bool, row textRow, sig, doc string) def {
		return def{fn: fn, names: names, args: args, ret: returns(types.TypeText), nulls: nulls,
			compile: rowsText(row), group: "encodings", sig: sig, doc: doc}
	}
	binary := func(d def) def {
		d.ret = returns(types.TypeBytes)
		return d
	}
	return []def{
		text(FnHex, "hex", "h", false, hexOf, "HEX(x)", "A string's bytes, or an integer, in hexadecimal."),
		binary(text(FnUnhex, "unhex", "s", true, unhex, "UNHEX(s)", "The bytes that s writes in hexadecimal; NULL when it does not.")),
		text(FnBin, "bin", "u", false, numeral(2), "BIN(n)", "n in binary."),
		text(FnOct, "oct", "u", false, numeral(8), "OCT(n)", "n in octal."),
		text(FnConv, "conv", "sii", true, conv, "CONV(n, from, to)", "The number n of base from written in base to."),
		text(FnMD5, "md5", "s", false, md5Hex, "MD5(s)", "The MD5 digest in hexadecimal."),
		text(FnSHA1, "sha1 sha", "s", false, sha1Hex, "SHA1(s)", "The SHA-1 digest in hexadecimal."),
		text(FnSHA2, "sha2", "si", true, sha2Hex, "SHA2(s, bits)", "The SHA-2 digest of 224, 256 (or 0), 384 or 512 bits in hexadecimal."),
		{fn: FnCRC32, names: "crc32", args: "s", ret: returns(types.TypeUint), compile: rowsInt(crc),
			group: "encodings", sig: "CRC32(s)", doc: "The CRC-32 checksum."},
		text(FnToBase64, "to_base64", "s", false, toBase64, "TO_BASE64(s)", "s in base 64, in lines of 76 characters."),
		binary(text(FnFromBase64, "from_base64", "s", true, fromBase64, "FROM_BASE64(s)", "The bytes that s writes in base 64; NULL when it does not.")),
	}
}

func hexOf(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	if a[0].Type.Kind.IsInt() {
		return appendUpper(dst, uint64(a[0].int(i)), 16), true
	}
	const digits = "0123456789ABCDEF"
	for _, c := range a[0].bytes(i) {
		dst = append(dst, digits[c>>4], digits[c&15])
	}
	return dst, true
}

func appendUpper(dst []byte, u uint64, base int) []byte {
	start := len(dst)
	dst = strconv.AppendUint(dst, u, base)
	for k := start; k < len(dst); k++ {
		if dst[k] >= 'a' {
			dst[k] -= 'a' - 'A'
		}
	}
	return dst
}

func unhex(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	s := a[0].bytes(i)
	start := len(dst)
	if len(s)%2 == 1 {
		dst = append(dst, '0')
	}
	dst = append(dst, s...)
	n, err := hex.Decode(dst[start:], dst[start:])
	return dst[:start+n], err == nil
}

func numeral(base int) textRow {
	return func(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
		return strconv.AppendUint(dst, uint64(a[0].int(i)), base), true
	}
}

func conv(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	return scalar.Conv(dst, a[0].bytes(i), a[1].int(i), a[2].int(i))
}

func md5Hex(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	sum := md5.Sum(a[0].bytes(i))
	return hex.AppendEncode(dst, sum[:]), true
}

func sha1Hex(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	sum := sha1.Sum(a[0].bytes(i))
	return hex.AppendEncode(dst, sum[:]), true
}

func sha2Hex(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	s := a[0].bytes(i)
	switch a[1].int(i) {
	case 224:
		sum := sha256.Sum224(s)
		return hex.AppendEncode(dst, sum[:]), true
	case 0, 256:
		sum := sha256.Sum256(s)
		return hex.AppendEncode(dst, sum[:]), true
	case 384:
		sum := sha512.Sum384(s)
		return hex.AppendEncode(dst, sum[:]), true
	case 512:
		sum := sha512.Sum512(s)
		return hex.AppendEncode(dst, sum[:]), true
	}
	return dst, false
}

func crc(_ *frame, a []operand, i int) (int64, bool) {
	return int64(crc32.ChecksumIEEE(a[0].bytes(i))), true
}

func toBase64(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	const line = 57 // bytes that give 76 characters
	for s := a[0].bytes(i); ; {
		n := min(line, len(s))
		dst = base64.StdEncoding.AppendEncode(dst, s[:n])
		if s = s[n:]; len(s) == 0 {
			return dst, true
		}
		dst = append(dst, '\n')
	}
}

func fromBase64(_ *frame, a []operand, i int, dst []byte) ([]byte, bool) {
	start := len(dst)
	for _, c := range a[0].bytes(i) {
		if c != ' ' && (c < '\t' || c > '\r') {
			dst = append(dst, c)
		}
	}
	n, err := base64.StdEncoding.Decode(dst[start:], dst[start:])
	return dst[:start+n], err == nil
}
