package mysql

import (
	"bytes"
	"strings"
	"testing"
)

func TestPasswords(t *testing.T) {
	challenge := []byte("12345678901234567890")
	other := []byte("abcdefghijklmnopqrst")
	for _, c := range []struct {
		name     string
		password string
		method   string
		reply    []byte
		want     bool
	}{
		{"native", "secret", nativePassword, nativeReply("secret", challenge), true},
		{"native, wrong", "secret", nativePassword, nativeReply("Secret", challenge), false},
		{"native, replayed", "secret", nativePassword, nativeReply("secret", other), false},
		{"native, short", "secret", nativePassword, []byte{1, 2}, false},
		{"native, none", "secret", nativePassword, nil, false},
		{"sha2", "secret", cachingSha2Password, sha2Reply("secret", challenge), true},
		{"sha2, wrong", "secret", cachingSha2Password, sha2Reply("secreT", challenge), false},
		{"sha2, replayed", "secret", cachingSha2Password, sha2Reply("secret", other), false},
		{"sha2 for native", "secret", nativePassword, sha2Reply("secret", challenge), false},
		{"none", "", cachingSha2Password, nil, true},
		{"none, as a zero byte", "", cachingSha2Password, []byte{0}, true},
		{"none, but one given", "", nativePassword, nativeReply("x", challenge), false},
		{"in clear", "secret", "mysql_clear_password", []byte("secret"), false},
		{"utf8", "пароль 密碼", cachingSha2Password, sha2Reply("пароль 密碼", challenge), true},
	} {
		if got := NewPassword(c.password).check(c.method, challenge, c.reply); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestPasswordMatches(t *testing.T) {
	for _, c := range []struct {
		set, given string
		want       bool
	}{{"", "", true}, {"x", "x", true}, {"x", "", false}, {"", "x", false}, {"x", "X", false}} {
		if got := NewPassword(c.set).Matches(c.given); got != c.want {
			t.Errorf("%q for %q: %v", c.given, c.set, got)
		}
	}
}

func TestLogin(t *testing.T) {
	users := map[string]Password{"root": NewPassword("secret"), "guest": {}}
	_, addr := startServer(t, Options{Node: node(), Users: users})
	_, open := startServer(t, Options{Node: node()})
	const old = clientCaps &^ capPluginAuth
	for _, c := range []struct {
		name, addr   string
		caps         uint32
		user, method string
		reply        func(string, []byte) []byte
		password, db string
		want         uint16
	}{
		{"native", addr, clientCaps, "root", nativePassword, nativeReply, "secret", "test", 0},
		{"sha2", addr, clientCaps, "root", cachingSha2Password, sha2Reply, "secret", "", 0},
		{"no method named", addr, old, "root", "", nativeReply, "secret", "", 0},
		{"wrong", addr, clientCaps, "root", cachingSha2Password, sha2Reply, "sesame", "", 1045},
		{"stranger", addr, clientCaps, "eve", nativePassword, nativeReply, "secret", "", 1045},
		{"stranger without password", addr, clientCaps, "eve", nativePassword, nil, "", "", 1045},
		{"guest", addr, clientCaps, "guest", nativePassword, nil, "", "", 0},
		{"guest with password", addr, clientCaps, "guest", nativePassword, nativeReply, "x", "", 1045},
		{"unknown database", addr, clientCaps, "root", nativePassword, nativeReply, "secret", "nowhere", 1049},
		{"open: root", open, clientCaps, "root", cachingSha2Password, nil, "", "test", 0},
		{"open: root with password", open, clientCaps, "root", nativePassword, nativeReply, "x", "", 1045},
		{"open: another", open, clientCaps, "admin", nativePassword, nil, "", "", 1045},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl := dial(t, c.addr)
			var reply []byte
			if c.reply != nil {
				reply = c.reply(c.password, cl.challenge)
			}
			cl.login(c.caps, c.user, c.method, reply, c.db)
			if c.want == 0 {
				cl.wantOK()
				cl.command(comPing)
				cl.wantOK()
				return
			}
			text := cl.wantErr(c.want)
			if c.want == 1045 && !strings.Contains(text, "'"+c.user+"'@'127.0.0.1'") {
				t.Errorf("the error names no user: %s", text)
			}
			cl.wantEnd()
		})
	}
}

// TestSwitchOfMethod logs in by a method that the server does not have.
func TestSwitchOfMethod(t *testing.T) {
	_, addr := startServer(t, Options{Node: node(), Users: map[string]Password{"root": NewPassword("secret")}})
	cl := dial(t, addr)
	cl.login(clientCaps, "root", "client_ed25519", []byte("what"), "")
	p := payload{b: cl.read()}
	if p.u8() != headerAuthSwitch || string(p.nulBytes()) != nativePassword {
		t.Fatalf("no request to switch: %q", p.b)
	}
	challenge := bytes.Clone(p.nulBytes())
	if bytes.Equal(challenge, cl.challenge) {
		t.Error("the challenge is the old one")
	}
	cl.write(nativeReply("secret", challenge))
	cl.wantOK()
}

func TestChangeUser(t *testing.T) {
	users := map[string]Password{"root": NewPassword("secret"), "guest": {}}
	_, addr := startServer(t, Options{Node: node(), Users: users})
	cl := dial(t, addr)
	cl.login(clientCaps, "guest", nativePassword, nil, "")
	cl.wantOK()
	stmt := cl.prepare("SELECT 1")

	change := func(user string, reply []byte, db, method string) {
		cl.command(comChangeUser, []byte(user+"\x00"), []byte{byte(len(reply))}, reply, []byte(db+"\x00"), u16(45), []byte(method+"\x00"))
	}
	change("root", sha2Reply("secret", cl.challenge), "other", cachingSha2Password)
	cl.wantOK()
	cl.query("SELECT DATABASE()")
	cl.columns()
	cl.eof()
	if rows, _ := cl.rows(); string(rows[0]) != "\x05other" {
		t.Errorf("database %q", rows[0])
	}
	cl.command(comStmtExecute, u32(stmt), []byte{0}, u32(1))
	cl.wantErr(1243)

	change("root", nativeReply("wrong", cl.challenge), "", nativePassword)
	cl.wantErr(1045)
	cl.wantEnd()
}
