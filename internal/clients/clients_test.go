// Package clients tests Weir with the clients that people have: here with
// go-sql-driver, and by run.sh also with the mariadb client and node's mysql2.
//
// CLIENTS_MYSQL=HOST:PORT names a server to use; without it the test runs one
// of its own.
package clients

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/weirdb/weir/engine"
	mysqldoor "github.com/weirdb/weir/server/mysql"
)

// address returns a server's address.
func address(t *testing.T) string {
	t.Helper()
	if addr := os.Getenv("CLIENTS_MYSQL"); addr != "" {
		return addr
	}
	e, err := engine.Open(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := mysqldoor.New(mysqldoor.Options{Node: e})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(ln) }()
	t.Cleanup(func() {
		if err := errors.Join(srv.Shutdown(context.Background()), e.Close(context.Background())); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return ln.Addr().String()
}

// shop is a database of the test's own on a server, with the tables of the
// application.
type shop struct {
	*testing.T
	db   *sql.DB
	addr string
	name string
}

func open(t *testing.T, params string) *shop {
	t.Helper()
	s := &shop{T: t, addr: address(t)}
	s.name = "clients_go_" + strings.ToLower(strings.NewReplacer("/", "_", "Test", "").Replace(t.Name()))
	root := s.pool("", "")
	defer root.Close()
	for _, q := range []string{"DROP DATABASE IF EXISTS " + s.name, "CREATE DATABASE " + s.name} {
		if _, err := root.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	s.db = s.pool(s.name, params)
	t.Cleanup(func() {
		s.exec("DROP DATABASE " + s.name)
		s.db.Close()
	})
	s.exec(`CREATE TABLE item (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE,
		price DECIMAL(20,4), weight DOUBLE, made DATE, seen DATETIME(6), stamp TIMESTAMP(3) NULL, photo BLOB, note TEXT, ok BOOLEAN)`)
	s.exec("CREATE TABLE sale (item BIGINT UNSIGNED, day DATE, n INT NOT NULL, PRIMARY KEY (item, day))")
	s.exec(`CREATE MATERIALIZED VIEW sold AS SELECT i.id, i.name, COUNT(s.n) AS days, SUM(s.n) AS n
		FROM item i LEFT JOIN sale s ON s.item = i.id GROUP BY i.id, i.name`)
	return s
}

func (s *shop) pool(db, params string) *sql.DB {
	s.Helper()
	pool, err := sql.Open("mysql", fmt.Sprintf("root@tcp(%s)/%s?%s", s.addr, db, params))
	if err != nil {
		s.Fatal(err)
	}
	return pool
}

// exec runs a statement and returns the rows it affected.
func (s *shop) exec(q string, args ...any) int64 {
	s.Helper()
	res, err := s.db.Exec(q, args...)
	if err != nil {
		s.Fatalf("%s: %v", q, err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		s.Fatalf("%s: %v", q, err)
	}
	return n
}

// querier is a *sql.DB or a *sql.Tx.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// text renders rows as "a|b;c|d", NULL as NULL.
func text(rows *sql.Rows, err error) string {
	if err != nil {
		return err.Error()
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		return err.Error()
	}
	var out []string
	for rows.Next() {
		vals, into := make([]sql.NullString, len(cols)), make([]any, len(cols))
		for i := range vals {
			into[i] = &vals[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err.Error()
		}
		row := make([]string, len(cols))
		for i, v := range vals {
			row[i] = v.String
			if !v.Valid {
				row[i] = "NULL"
			}
		}
		out = append(out, strings.Join(row, "|"))
	}
	if err := rows.Err(); err != nil {
		return err.Error()
	}
	return strings.Join(out, ";")
}

func (s *shop) want(want string, on querier, q string, args ...any) {
	s.Helper()
	if got := text(on.QueryContext(context.Background(), q, args...)); got != want {
		s.Errorf("%s %v:\ngot  %s\nwant %s", q, args, got, want)
	}
}

// fails wants an error of MySQL's.
func (s *shop) fails(code uint16, state, part, q string, args ...any) {
	s.Helper()
	_, err := s.db.Exec(q, args...)
	var e *driver.MySQLError
	if !errors.As(err, &e) || e.Number != code || string(e.SQLState[:]) != state || !strings.Contains(e.Message, part) {
		s.Errorf("%s: %v, not an error %d (%s) with %q", q, err, code, state, part)
	}
}

// protocols are the text protocol, into which the driver writes the
// arguments, and prepared statements.
var protocols = map[string]string{"text": "interpolateParams=true", "prepared": "interpolateParams=false"}

func each(t *testing.T, f func(s *shop)) {
	for name, params := range protocols {
		t.Run(name, func(t *testing.T) { f(open(t, params)) })
	}
}

func TestViewsShowEachWrite(t *testing.T) {
	each(t, func(s *shop) {
		s.want("", s.db, "SELECT * FROM sold")
		if n := s.exec("INSERT INTO item (name, price) VALUES (?, ?), (?, ?), (?, NULL)", "pen", "1.50", "Füller 🖋️", 20, "墨"); n != 3 {
			s.Errorf("%d rows inserted", n)
		}
		s.want("1|pen|0|NULL;2|Füller 🖋️|0|NULL;3|墨|0|NULL", s.db, "SELECT * FROM sold ORDER BY id")
		s.exec("INSERT INTO sale VALUES (1, ?, 5), (1, '2024-03-01', 7), (3, '2024-03-01', ?)", "2024-02-29", 2)
		s.want("1|pen|2|12;2|Füller 🖋️|0|NULL;3|墨|1|2", s.db, "SELECT * FROM sold ORDER BY id")
		if n := s.exec("UPDATE sale SET n = n + ? WHERE item = ?", 1, 1); n != 2 {
			s.Errorf("%d rows updated", n)
		}
		s.want("2|14", s.db, "SELECT days, n FROM sold WHERE id = ?", 1)
		if n := s.exec("DELETE FROM sale WHERE day < ?", "2024-03-01"); n != 1 {
			s.Errorf("%d rows deleted", n)
		}
		s.want("1|8", s.db, "SELECT days, n FROM sold WHERE name = ?", "PEN")
		for i := range 20 {
			s.exec("INSERT INTO sale VALUES (2, DATE_ADD('2024-01-01', INTERVAL ? DAY), ?)", i, i)
			s.want(fmt.Sprintf("%d|%d", i+1, i*(i+1)/2), s.db, "SELECT days, n FROM sold WHERE id = 2")
		}
		if n := s.exec("INSERT INTO sale VALUES (2, '2024-01-01', 100) ON DUPLICATE KEY UPDATE n = VALUES(n)"); n != 2 {
			s.Errorf("%d rows by ON DUPLICATE KEY UPDATE", n)
		}
		s.want("290", s.db, "SELECT n FROM sold WHERE id = 2")
		s.exec("TRUNCATE TABLE sale")
		s.want("0|NULL", s.db, "SELECT SUM(days), SUM(n) FROM sold")
	})
}

func TestValuesComeBack(t *testing.T) {
	each(t, func(s *shop) {
		photo := make([]byte, 70_000)
		for i := range photo {
			photo[i] = byte(i * 7)
		}
		seen := time.Date(2024, 2, 29, 13, 5, 9, 123456000, time.UTC)
		s.exec("INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", uint64(1<<63)+5, "a'b\\c\"d\n😀", "-1234567890123456.7890", 1.0/3,
			seen, seen, seen, photo, strings.Repeat("ü", 40_000), true)
		s.exec("INSERT INTO item (id, name) VALUES (7, 'bare')")

		db := s.pool(s.name, "parseTime=true&"+protocols[s.Name()[strings.LastIndex(s.Name(), "/")+1:]])
		defer db.Close()
		var id uint64
		var name, price, note string
		var weight float64
		var made, at, stamp time.Time
		var raw []byte
		var ok bool
		row := db.QueryRow("SELECT * FROM item WHERE id = ?", uint64(1<<63)+5)
		if err := row.Scan(&id, &name, &price, &weight, &made, &at, &stamp, &raw, &note, &ok); err != nil {
			s.Fatal(err)
		}
		for what, pair := range map[string][2]any{
			"id": {id, uint64(1<<63) + 5}, "name": {name, "a'b\\c\"d\n😀"}, "price": {price, "-1234567890123456.7890"}, "weight": {weight, 1.0 / 3},
			"made": {made, time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)}, "seen": {at, seen}, "stamp": {stamp, seen.Truncate(time.Millisecond)},
			"note": {note, strings.Repeat("ü", 40_000)}, "photo": {raw, photo}, "ok": {ok, true},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				s.Errorf("%s came back as %v", what, pair[0])
			}
		}
		s.want("7|bare|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL", s.db, "SELECT * FROM item WHERE id = ?", 7)
		s.want("9223372036854775813", s.db, "SELECT MAX(id) FROM item")
	})
}

func TestColumnTypes(t *testing.T) {
	s := open(t, "")
	rows, err := s.db.Query("SELECT * FROM item")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range types {
		null, _ := c.Nullable()
		got = append(got, fmt.Sprintf("%s %s %v", c.Name(), c.DatabaseTypeName(), null))
	}
	want := []string{"id UNSIGNED BIGINT false", "name VARCHAR false", "price DECIMAL true", "weight DOUBLE true", "made DATE true",
		"seen DATETIME true", "stamp TIMESTAMP true", "photo BLOB true", "note TEXT true", "ok TINYINT true"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if prec, scale, ok := types[2].DecimalSize(); !ok || prec != 20 || scale != 4 {
		t.Errorf("price is DECIMAL(%d,%d), %v", prec, scale, ok)
	}
}

func TestLastInsertID(t *testing.T) {
	each(t, func(s *shop) {
		for i := range 3 {
			res, err := s.db.Exec("INSERT INTO item (name) VALUES (?)", fmt.Sprint("n", i))
			if err != nil {
				s.Fatal(err)
			}
			if id, err := res.LastInsertId(); id != int64(i+1) || err != nil {
				s.Errorf("insert %d has id %d, %v", i, id, err)
			}
		}
	})
}

func TestTransactions(t *testing.T) {
	each(t, func(s *shop) {
		ctx := context.Background()
		tx, err := s.db.BeginTx(ctx, nil)
		if err != nil {
			s.Fatal(err)
		}
		for _, q := range []string{"INSERT INTO item (id, name) VALUES (1, 'x')", "INSERT INTO sale VALUES (1, '2024-01-01', 3)"} {
			if _, err := tx.Exec(q); err != nil {
				s.Fatal(err)
			}
		}
		s.want("1|x|1|3", tx, "SELECT * FROM sold")
		s.want("", s.db, "SELECT * FROM sold")
		if err := tx.Rollback(); err != nil {
			s.Fatal(err)
		}
		s.want("", s.db, "SELECT * FROM sold")

		tx, err = s.db.Begin()
		if err != nil {
			s.Fatal(err)
		}
		if _, err := tx.Exec("INSERT INTO item (id, name) VALUES (?, ?)", 1, "x"); err != nil {
			s.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			s.Fatal(err)
		}
		s.want("1|x|0|NULL", s.db, "SELECT * FROM sold")

		// The first to commit wins.
		a, err := s.db.Begin()
		if err != nil {
			s.Fatal(err)
		}
		defer a.Rollback()
		b, err := s.db.Begin()
		if err != nil {
			s.Fatal(err)
		}
		defer b.Rollback()
		for _, tx := range []*sql.Tx{a, b} {
			if _, err := tx.Exec("UPDATE item SET price = 1 WHERE id = 1"); err != nil {
				s.Fatal(err)
			}
		}
		if err := a.Commit(); err != nil {
			s.Error(err)
		}
		var e *driver.MySQLError
		if err := b.Commit(); !errors.As(err, &e) || e.Number != 1213 {
			s.Errorf("the second commit: %v", err)
		}
	})
}

func TestErrors(t *testing.T) {
	each(t, func(s *shop) {
		s.exec("INSERT INTO item (id, name) VALUES (1, 'x')")
		s.fails(1062, "23000", "Duplicate entry '1' for key 'item.PRIMARY'", "INSERT INTO item (id, name) VALUES (?, 'y')", 1)
		s.fails(1062, "23000", "for key 'item.name'", "INSERT INTO item (name) VALUES (?)", "X")
		s.fails(1054, "42S22", "Unknown column 'nme'", "SELECT nme FROM item WHERE id = ?", 1)
		s.fails(1064, "42000", "near 'SELEC", "SELEC ?", 1)
		s.fails(1146, "42S02", "doesn't exist", "SELECT * FROM itm WHERE id = ?", 1)
		s.fails(1048, "23000", "'name' cannot be null", "INSERT INTO item (name) VALUES (?)", nil)
		s.fails(1264, "22003", "'n'", "INSERT INTO sale VALUES (1, '2024-01-01', ?)", 1<<40)
		s.fails(1406, "22001", "'name'", "INSERT INTO item (name) VALUES (?)", strings.Repeat("x", 41))
		s.fails(1292, "22007", "'made'", "INSERT INTO item (name, made) VALUES ('d', ?)", "2024-02-30")
		s.fails(1050, "42S01", "already exists", "CREATE TABLE item (id INT)")
		s.fails(1690, "22003", "out of range", "SELECT 9223372036854775807 + ?", 1)
		s.want("1|x", s.db, "SELECT id, name FROM item")
	})
}

func TestPreparedStatements(t *testing.T) {
	s := open(t, "")
	put, err := s.db.Prepare("INSERT INTO item (id, name, price, seen, photo) VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		t.Fatal(err)
	}
	defer put.Close()
	for i, price := range []any{nil, int64(2), 2.5, "3.25"} {
		if _, err := put.Exec(i+1, fmt.Sprint("n", i), price, time.Unix(int64(i), 0).UTC(), []byte{byte(i), 0, 255}); err != nil {
			t.Fatal(err)
		}
	}
	s.want("1|n0|NULL|00:00:00|0000FF;2|n1|2.0000|00:00:01|0100FF;3|n2|2.5000|00:00:02|0200FF;4|n3|3.2500|00:00:03|0300FF",
		s.db, "SELECT id, name, price, DATE_FORMAT(seen, '%H:%i:%s'), HEX(photo) FROM item ORDER BY id")
	page, err := s.db.Prepare("SELECT id FROM item WHERE id >= ? ORDER BY id LIMIT ? OFFSET ?")
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	for _, c := range []struct {
		from, limit, offset int
		want                string
	}{{0, 2, 0, "1;2"}, {0, 2, 2, "3;4"}, {2, 10, 1, "3;4"}, {0, 0, 0, ""}, {0, 5, 9, ""}} {
		if got := text(page.Query(c.from, c.limit, c.offset)); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	// A statement outlives a change of the table it reads.
	s.exec("DROP MATERIALIZED VIEW sold")
	s.exec("DROP TABLE item")
	s.exec("CREATE TABLE item (id INT PRIMARY KEY, more INT)")
	s.exec("INSERT INTO item VALUES (9, 9)")
	if got := text(page.Query(0, 5, 0)); got != "9" {
		t.Errorf("after the change: %s", got)
	}
	if _, err := s.db.Exec("SELECT ?, ?", 1); err == nil {
		t.Error("a statement ran with too few arguments")
	}
}

func TestMultiStatements(t *testing.T) {
	s := open(t, "multiStatements=true")
	rows, err := s.db.Query("INSERT INTO item (id, name) VALUES (1, 'a'), (2, 'b'); SELECT id FROM item ORDER BY id; SELECT name FROM sold WHERE id = 2")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
	}
	if err := rows.Err(); err != nil || strings.Join(got, " ") != "1 2 b" {
		t.Errorf("%v, %v", got, err)
	}
	one := s.pool(s.name, "")
	defer one.Close()
	var e *driver.MySQLError
	if _, err := one.Exec("SELECT 1; SELECT 2"); !errors.As(err, &e) || e.Number != 1064 {
		t.Errorf("two statements where one is allowed: %v", err)
	}
}

func TestLoadDataLocal(t *testing.T) {
	s := open(t, "")
	var csv strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&csv, "%d,\"item, %d\",%d.25\n", i+1, i+1, i)
	}
	driver.RegisterReaderHandler("items", func() io.Reader { return strings.NewReader(csv.String()) })
	defer driver.DeregisterReaderHandler("items")
	n := s.exec("LOAD DATA LOCAL INFILE 'Reader::items' INTO TABLE item FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' (id, name, price)")
	if n != 10_000 {
		t.Errorf("%d rows loaded", n)
	}
	s.want("10000|49997500.0000|item, 9999", s.db, "SELECT COUNT(*), SUM(price), MAX(name) FROM item")
	s.want("10000", s.db, "SELECT COUNT(*) FROM sold")
}

func TestLookingAround(t *testing.T) {
	s := open(t, "")
	s.want("item;sale;sold", s.db, "SHOW TABLES")
	s.want("item|BASE TABLE;sale|BASE TABLE;sold|MATERIALIZED VIEW", s.db, "SHOW FULL TABLES")
	s.want("item|bigint unsigned|NO|PRI|NULL|;day|date|NO|PRI|NULL|;n|int|NO||NULL|", s.db, "DESCRIBE sale")
	s.want(s.name, s.db, "SELECT DATABASE()")
	s.want(s.name, s.db, "SHOW DATABASES LIKE '"+s.name+"'")
	s.want("id|bigint unsigned|NO|PRI|NULL|;name|varchar(40)|NO||NULL|;days|bigint|NO||NULL|;n|decimal(32,0)|YES||NULL|", s.db, "SHOW COLUMNS FROM sold")
	s.exec("INSERT INTO item (id, name) VALUES (5, 'x')")
	s.want("sold|ready|1", s.db, "SELECT 'sold', 'ready', COUNT(*) FROM sold")
	for _, q := range []string{"SHOW CREATE TABLE sold", "SHOW MATERIALIZED VIEWS", "EXPLAIN SELECT * FROM sold WHERE id = 1", "EXPLAIN VIEW sold",
		"SHOW PROCESSLIST", "SHOW VARIABLES", "SHOW WARNINGS", "SHOW INDEX FROM item"} {
		rows, err := s.db.Query(q)
		if err != nil {
			t.Errorf("%s: %v", q, err)
			continue
		}
		if got := text(rows, nil); got == "" && q != "SHOW WARNINGS" {
			t.Errorf("%s: nothing", q)
		}
	}
}

// TestManyAtOnce counts with many connections: no increment is lost, and who
// writes sees the view with it.
func TestManyAtOnce(t *testing.T) {
	each(t, func(s *shop) {
		const workers, rounds = 8, 25
		s.exec("INSERT INTO item (id, name) VALUES (1, 'one')")
		s.exec("INSERT INTO sale VALUES (1, '2024-01-01', 0)")
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range rounds {
					var before, after int
					if err := s.db.QueryRow("SELECT n FROM sold WHERE id = ?", 1).Scan(&before); err != nil {
						s.Error(err)
						return
					}
					if _, err := s.db.Exec("UPDATE sale SET n = n + 1 WHERE item = ?", 1); err != nil {
						s.Error(err)
						return
					}
					if err := s.db.QueryRow("SELECT n FROM sold WHERE id = ?", 1).Scan(&after); err != nil || after <= before {
						s.Errorf("%d, then %d, %v", before, after, err)
						return
					}
				}
			})
		}
		wg.Wait()
		s.want(fmt.Sprint(workers*rounds), s.db, "SELECT n FROM sold WHERE id = 1")
	})
}

func TestCancel(t *testing.T) {
	s := open(t, "")
	s.exec("INSERT INTO item (name) VALUES ('0')" + strings.Repeat(", (UUID())", 999))
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := s.db.ExecContext(ctx, "SELECT COUNT(*) FROM item a, item b, item c, item d WHERE a.price + b.price + c.price + d.price > 0")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the statement ended with %v", err)
	}
	s.want("1000", s.db, "SELECT COUNT(*) FROM sold")
}
