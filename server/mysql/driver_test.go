package mysql

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/server/servertest"
	"github.com/weirdb/weir/types"
)

// open opens a pool on addr; user is "name:password".
func open(t testing.TB, user, addr, params string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", fmt.Sprintf("%s@tcp(%s)/test?%s", user, addr, params))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// scan reads a result as text, NULL as "NULL".
func scan(t testing.TB, rows *sql.Rows, err error) (out [][]string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, _ := rows.Columns()
	for rows.Next() {
		vals, ptrs := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(names))
		for i, v := range vals {
			row[i] = "NULL"
			if v.Valid {
				row[i] = v.String
			}
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// typesNode has a table t of every type with two rows.
func typesNode() *servertest.Node {
	n := node()
	cols, b := allTypes()
	cols = cols[:len(cols)-1] // a table has no column of type NULL
	n.AddTable("t", cols...)
	for i := range b.N {
		n.AddRow("t", b.Row(i)[:len(cols)]...)
	}
	return n
}

// TestDriverTypes reads every type by the text and by the binary protocol.
func TestDriverTypes(t *testing.T) {
	_, addr := startServer(t, Options{Node: typesNode()})
	want := []string{"-7", "-7", "-7", "-7", "-7", "200", "200", "200", "200", "200", "-1.5", "-1.5", "-7",
		"-123.45", "-0.0000012345", "-0.000000000000000000000000012345", "déjà", "déjà", "déjà", "déjà",
		"2024-02-29", "2024-02-29 13:05:09", "2024-02-29 13:05:09.123456", "2024-02-29 13:05:09.123", "-7"}
	db := open(t, "root", addr, "")
	check := func(name string, got []string) {
		t.Helper()
		if len(got) != len(want) {
			t.Fatalf("%s: %d columns", name, len(got))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s, column %d: %s, want %s", name, i, got[i], want[i])
			}
		}
	}
	rows, err := db.Query("SELECT * FROM t")
	text := scan(t, rows, err)
	rows, err = db.Query("SELECT * FROM t WHERE id = ?", -7)
	bin := scan(t, rows, err)
	check("text", text[0])
	check("binary", bin[0])
	if len(text) != 2 || len(bin) != 1 || strings.Join(text[1][:24], "") != strings.Repeat("NULL", 24) || text[1][24] != "1" {
		t.Errorf("the row of NULLs: %q", text[1:])
	}
	rows, err = db.Query("SELECT * FROM t WHERE id = ?", 1)
	if bin = scan(t, rows, err); strings.Join(bin[0], "") != strings.Join(text[1], "") {
		t.Errorf("the row of NULLs by binary: %q", bin)
	}

	rows, err = db.Query("SELECT * FROM t LIMIT 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names []string
	cts, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	for _, ct := range cts {
		names = append(names, ct.DatabaseTypeName())
	}
	wantNames := "TINYINT SMALLINT MEDIUMINT INT BIGINT UNSIGNED TINYINT UNSIGNED SMALLINT UNSIGNED MEDIUMINT UNSIGNED INT UNSIGNED BIGINT" +
		" FLOAT DOUBLE TINYINT DECIMAL DECIMAL DECIMAL VARCHAR TEXT VARBINARY BLOB DATE DATETIME DATETIME TIMESTAMP BIGINT"
	if got := strings.Join(names, " "); got != wantNames {
		t.Errorf("types %s", got)
	}
	if p, s, ok := cts[14].DecimalSize(); p != 38 || s != 10 || !ok {
		t.Errorf("decimal(%d,%d)", p, s)
	}
	if null, ok := cts[24].Nullable(); null || !ok {
		t.Error("the primary key is nullable")
	}
}

func TestDriverTimes(t *testing.T) {
	_, addr := startServer(t, Options{Node: typesNode()})
	db := open(t, "root", addr, "parseTime=true")
	want := time.Date(2024, 2, 29, 13, 5, 9, 123456000, time.UTC)
	var got time.Time
	if err := db.QueryRow("SELECT ?", want).Scan(&got); err == nil {
		t.Error("the driver sends times as text; it does so no more")
	}
	rows, err := db.Query("SELECT * FROM t WHERE id = ?", -7)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	vals := make([]any, 25)
	ptrs := make([]any, 25)
	for i := range vals {
		ptrs[i] = &vals[i]
	}
	if !rows.Next() {
		t.Fatal("no row")
	}
	if err := rows.Scan(ptrs...); err != nil {
		t.Fatal(err)
	}
	if vals[22] != want || vals[20] != want.Truncate(24*time.Hour) || vals[23] != want.Truncate(time.Millisecond) {
		t.Errorf("times %v", vals[20:24])
	}
	if vals[4] != int64(-7) || vals[10] != float32(-1.5) || vals[11] != -1.5 {
		t.Errorf("numbers %#v %#v %#v", vals[4], vals[10], vals[11])
	}
}

func TestDriverStatements(t *testing.T) {
	n := node()
	n.AddTable("kv", engine.Column{Name: "k", Type: types.TypeInt, PrimaryKey: true},
		engine.Column{Name: "v", Type: types.NewString(100).WithNull(true)})
	_, addr := startServer(t, Options{Node: n})
	db := open(t, "root", addr, "multiStatements=true")
	for i, v := range []any{"one", nil, "drei", []byte("4")} {
		res, err := db.Exec("INSERT INTO kv VALUES (?, ?)", i, v)
		if err != nil {
			t.Fatal(err)
		}
		rows, _ := res.RowsAffected()
		if id, _ := res.LastInsertId(); rows != 1 || id != int64(i+1) {
			t.Errorf("affected %d, last id %d", rows, id)
		}
	}
	stmt, err := db.Prepare("SELECT * FROM kv WHERE k = ?")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	for i, want := range []string{"one", "NULL", "drei", "4"} {
		rows, err := stmt.Query(i)
		if got := scan(t, rows, err); len(got) != 1 || got[0][1] != want {
			t.Errorf("key %d: %q, want %s", i, got, want)
		}
	}
	if _, err := stmt.Query(1, 2); err == nil {
		t.Error("two values for one placeholder are taken")
	}

	rows, err := db.Query("SELECT 1, 'x'; SELECT NULL")
	if got := scanAll(t, rows, err); fmt.Sprint(got) != "[[[1 x]] [[NULL]]]" {
		t.Errorf("results %v", got)
	}

	var my *driver.MySQLError
	_, err = db.Exec("FAIL 1062 Duplicate entry '1' for key 'PRIMARY'")
	if !errors.As(err, &my) || my.Number != 1062 || string(my.SQLState[:]) != "23000" || !strings.Contains(my.Message, "do not ask to fail") {
		t.Errorf("error %v", err)
	}
	tx, err := db.Begin()
	if err == nil {
		err = tx.Rollback()
	}
	if err != nil {
		t.Error(err)
	}
	if _, err := db.Exec("INSERT INTO kv VALUES (?)", 1); !errors.As(err, &my) || my.Number != 1136 {
		t.Errorf("error %v", err)
	}
}

// scanAll reads several results.
func scanAll(t testing.TB, rows *sql.Rows, err error) (out [][][]string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for {
		var one [][]string
		for rows.Next() {
			names, _ := rows.Columns()
			vals, ptrs := make([]sql.NullString, len(names)), make([]any, len(names))
			for i := range vals {
				ptrs[i] = &vals[i]
			}
			if err := rows.Scan(ptrs...); err != nil {
				t.Fatal(err)
			}
			row := []string{}
			for _, v := range vals {
				if !v.Valid {
					v.String = "NULL"
				}
				row = append(row, v.String)
			}
			one = append(one, row)
		}
		out = append(out, one)
		if !rows.NextResultSet() {
			return out
		}
	}
}

// TestDriverLargePackets sends and takes values that need several frames.
func TestDriverLargePackets(t *testing.T) {
	_, addr := startServer(t, Options{Node: node()})
	db := open(t, "root", addr, "maxAllowedPacket=67108864")
	long := strings.Repeat("0123456789abcdef", (maxFrame+100)/16)
	for _, s := range []string{"", long[:maxFrame-40], long} {
		var got string
		if err := db.QueryRow("SELECT ?", s).Scan(&got); err != nil || got != s {
			t.Fatalf("%d bytes became %d: %v", len(s), len(got), err)
		}
	}
}

func TestDriverTooLarge(t *testing.T) {
	_, addr := startServer(t, Options{Node: node(), MaxPacket: 1 << 20})
	db := open(t, "root", addr, "")
	_, err := db.Exec("SELECT '" + strings.Repeat("x", 2<<20) + "'")
	var my *driver.MySQLError
	if !errors.As(err, &my) || my.Number != 1153 {
		t.Errorf("error %v", err)
	}
}

// TestDriverCancel ends a statement by closing its connection, which is how
// this driver cancels.
func TestDriverCancel(t *testing.T) {
	n := node()
	_, addr := startServer(t, Options{Node: n})
	db := open(t, "root", addr, "")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := db.ExecContext(ctx, "WAIT")
		done <- err
	}()
	await(t, n.Started)
	cancel()
	if err := await(t, done); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := await(t, n.Ended); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestDriverLoadLocal(t *testing.T) {
	_, addr := startServer(t, Options{Node: node()})
	db := open(t, "root", addr, "")
	driver.RegisterReaderHandler("lines", func() io.Reader { return strings.NewReader(strings.Repeat("line\n", 300_000)) })
	defer driver.DeregisterReaderHandler("lines")
	res, err := db.Exec("LOAD DATA LOCAL INFILE 'Reader::lines' INTO TABLE t")
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n != 300_000 {
		t.Errorf("%d lines", n)
	}
}

// certificate returns a self-signed certificate for 127.0.0.1 and a pool that
// trusts it.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func tlsConfig(cert tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{cert}}
}

func TestDriverTLS(t *testing.T) {
	cert, pool := certificate(t)
	if err := driver.RegisterTLSConfig("weir", &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	defer driver.DeregisterTLSConfig("weir")
	n := node()
	_, addr := startServer(t, Options{Node: n, RequireTLS: true, TLS: tlsConfig(cert),
		Users: map[string]Password{"root": NewPassword("secret")}})
	db := open(t, "root:secret", addr, "tls=weir")
	rows, err := db.Query("SELECT ?", "through TLS")
	if got := scan(t, rows, err); got[0][0] != "through TLS" {
		t.Errorf("%q", got)
	}
	rows, err = db.Query("STREAM 100000")
	if got := scan(t, rows, err); len(got) != 100_000 {
		t.Errorf("%d rows", len(got))
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-n.Started
		cancel()
	}()
	db.ExecContext(ctx, "WAIT")
	if err := await(t, n.Ended); !errors.Is(err, context.Canceled) {
		t.Errorf("behind TLS a vanished client ends its statement with %v", err)
	}
	var my *driver.MySQLError
	if err := open(t, "root:secret", addr, "").Ping(); !errors.As(err, &my) || my.Number != 3159 {
		t.Errorf("in the clear: %v", err)
	}
	if err := open(t, "root:wrong", addr, "tls=weir").Ping(); !errors.As(err, &my) || my.Number != 1045 {
		t.Errorf("with a wrong password: %v", err)
	}
}

func TestDriverPasswords(t *testing.T) {
	users := map[string]Password{"root": NewPassword("secret"), "guest": {}}
	_, addr := startServer(t, Options{Node: node(), Users: users})
	for user, want := range map[string]uint16{"root:secret": 0, "guest": 0, "root": 1045, "guest:x": 1045, "eve:secret": 1045} {
		err := open(t, user, addr, "").Ping()
		var my *driver.MySQLError
		if want == 0 && err != nil || want != 0 && (!errors.As(err, &my) || my.Number != want) {
			t.Errorf("%s: %v, want %d", user, err, want)
		}
	}
}

func TestDriverManyAtOnce(t *testing.T) {
	s, addr := startServer(t, Options{Node: node()})
	db := open(t, "root", addr, "")
	db.SetMaxOpenConns(16)
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			for i := range 50 {
				var got int
				if err := db.QueryRow("SELECT ?", w*1000+i).Scan(&got); err != nil || got != w*1000+i {
					t.Errorf("%d for %d: %v", got, w*1000+i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if st := s.Stats(); st.Open > 16 || st.Commands < 32*50*2 || st.BytesRead < 32*50*10 || st.BytesSent < st.BytesRead {
		t.Errorf("%+v", st)
	}
}
