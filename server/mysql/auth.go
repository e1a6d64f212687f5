package mysql

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
)

// Authentication methods of the protocol.
const (
	nativePassword      = "mysql_native_password"
	cachingSha2Password = "caching_sha2_password"
)

// scrambleLen is the length of the server's challenge.
const scrambleLen = 20

// Password is what the server keeps of a user's password: two double hashes,
// one for each method a client may choose, from which the password cannot be
// taken. With both at hand caching_sha2_password never needs its second round,
// in which the password itself would travel. The zero Password is the empty
// one.
type Password struct {
	set    bool
	native [sha1.Size]byte   // SHA1(SHA1(password))
	sha2   [sha256.Size]byte // SHA256(SHA256(password))
}

// NewPassword returns the Password for a clear text.
func NewPassword(clear string) Password {
	if clear == "" {
		return Password{}
	}
	one, two := sha1.Sum([]byte(clear)), sha256.Sum256([]byte(clear))
	return Password{set: true, native: sha1.Sum(one[:]), sha2: sha256.Sum256(two[:])}
}

// Matches tells whether clear is the password, for doors that are given it so.
func (p Password) Matches(clear string) bool {
	if !p.set || clear == "" {
		return !p.set && clear == ""
	}
	one := sha256.Sum256([]byte(clear))
	two := sha256.Sum256(one[:])
	return subtle.ConstantTimeCompare(two[:], p.sha2[:]) == 1
}

// check tells whether reply answers the challenge for method. An empty reply,
// or a lone zero byte, stands for the empty password.
func (p Password) check(method string, challenge, reply []byte) bool {
	empty := len(reply) == 0 || len(reply) == 1 && reply[0] == 0
	if !p.set || empty {
		return !p.set && empty
	}
	switch method {
	case nativePassword:
		return p.checkNative(challenge, reply)
	case cachingSha2Password:
		return p.checkSha2(challenge, reply)
	}
	return false
}

// checkNative: reply = SHA1(password) XOR SHA1(challenge, SHA1(SHA1(password))).
func (p Password) checkNative(challenge, reply []byte) bool {
	if len(reply) != sha1.Size {
		return false
	}
	mask := sha1.Sum(append(append(make([]byte, 0, 64), challenge...), p.native[:]...))
	subtle.XORBytes(mask[:], mask[:], reply)
	got := sha1.Sum(mask[:])
	return subtle.ConstantTimeCompare(got[:], p.native[:]) == 1
}

// checkSha2: reply = SHA256(password) XOR SHA256(SHA256(SHA256(password)), challenge).
func (p Password) checkSha2(challenge, reply []byte) bool {
	if len(reply) != sha256.Size {
		return false
	}
	mask := sha256.Sum256(append(append(make([]byte, 0, 64), p.sha2[:]...), challenge...))
	subtle.XORBytes(mask[:], mask[:], reply)
	got := sha256.Sum256(mask[:])
	return subtle.ConstantTimeCompare(got[:], p.sha2[:]) == 1
}
