package mysql

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/types"
)

// mariadb runs the stock client and returns what it prints.
func mariadb(t *testing.T, addr, input string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("mariadb")
	if err != nil {
		t.Skip("the mariadb client is not installed")
	}
	host, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command(path, append([]string{"--no-defaults", "-h", host, "-P", port, "--local-infile=1"}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, _ := cmd.CombinedOutput()
	return string(out)
}

func TestMariadbClient(t *testing.T) {
	n := typesNode()
	n.AddTable("kv", engine.Column{Name: "k", Type: types.TypeInt, PrimaryKey: true}, engine.Column{Name: "v", Type: types.NewString(100)})
	_, addr := startServer(t, Options{Node: n, Users: map[string]Password{"root": NewPassword("secret"), "guest": {}}})
	file := filepath.Join(t.TempDir(), "lines.csv")
	if err := os.WriteFile(file, []byte("1,a\n2,b\n3,c\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, input string
		args        []string
		want        string
	}{
		{"password", "SELECT 1, 'a';", []string{"-uroot", "-psecret"}, "1\t'a'\n1\ta\n"},
		{"no password", "SELECT 1;", []string{"-uguest"}, "1\n1\n"},
		{"wrong password", "SELECT 1;", []string{"-uroot", "-pwrong"},
			"ERROR 1045 (28000): Access denied for user 'root'@'127.0.0.1' (using password: YES)\n"},
		{"unknown database", "SELECT 1;", []string{"-uguest", "nowhere"}, "ERROR 1049 (42000): Unknown database 'nowhere'\n"},
		{"use, and columns for completion", "USE test\nSELECT DATABASE();\n", []string{"-uguest", "--auto-rehash"}, "database()\ntest\n"},
		{"an error in a script", "SELECT 1;\nFAIL 1062 twice;\nSELECT 2;", []string{"-uguest"},
			"ERROR 1062 (23000) at line 2: twice (line 1, column 8); do not ask to fail\n"},
		{"several statements", "DELIMITER //\nSELECT 1; SELECT 2//\n", []string{"-uguest"}, "1\n1\n2\n2\n"},
		{"a file", "LOAD DATA LOCAL INFILE '" + file + "' INTO TABLE kv;", []string{"-uguest", "-vvv"}, "Records: 3  Deleted: 0"},
		{"a file that is not there", "LOAD DATA LOCAL INFILE '/nowhere.csv' INTO TABLE kv;\nSELECT 1;", []string{"-uguest", "--force"}, "1\n1\n"},
		{"vertical", "SELECT NULL, 2.50\\G", []string{"-uguest"}, "*************************** 1. row ***************************\nnull: NULL\n2.50: 2.50\n"},
		{"unbuffered", "STREAM 100000;", []string{"-uguest", "--quick", "--skip-column-names"}, "99999\trow 99999\n"},
		{"as a table", "SELECT 1, 'abc';", []string{"-uguest", "--table"}, "+---+-------+\n| 1 | 'abc' |\n+---+-------+\n| 1 | abc   |\n+---+-------+\n"},
		{"every type", "SELECT * FROM t LIMIT 1\\G", []string{"-uguest"}, "datetime6: 2024-02-29 13:05:09.123456\n"},
		{"status", "status", []string{"-uguest"}, "Server version:\t\t8.0.36-Weir-test"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mariadb(t, addr, c.input, c.args...); !strings.Contains(got, c.want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

func TestMariadbClientTLS(t *testing.T) {
	cert, _ := certificate(t)
	_, addr := startServer(t, Options{Node: node(), TLS: tlsConfig(cert), RequireTLS: true,
		Users: map[string]Password{"root": NewPassword("secret")}})
	got := mariadb(t, addr, "SELECT 1;\nSTREAM 3;", "-uroot", "-psecret", "--ssl", "--skip-ssl-verify-server-cert")
	if want := "1\n1\nn\ts\n0\trow 0\n1\trow 1\n2\trow 2\n"; got != want {
		t.Errorf("got:\n%s", got)
	}
	got = mariadb(t, addr, "SELECT 1;", "-uroot", "-psecret", "--skip-ssl")
	if !strings.Contains(got, "ERROR 3159") {
		t.Errorf("in the clear:\n%s", got)
	}
}
