package http

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/server/servertest"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// TestMain looks for goroutines left behind; the log library that Vitess'
// collations bring along keeps one of its own.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"))
}

const patience = 20 * time.Second

func start(t *testing.T, o Options) string {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	s := httptest.NewServer(New(o))
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		s.Close()
	})
	return s.URL
}

// testNode has a table t(id, name).
func testNode() *servertest.Node {
	n := servertest.New()
	n.AddTable("t", engine.Column{Name: "id", Type: types.TypeInt, PrimaryKey: true},
		engine.Column{Name: "name", Type: types.NewString(20).WithNull(true)})
	n.AddRow("t", types.IntValue(1), types.TextValue("a"))
	n.AddRow("t", types.IntValue(2), types.NullValue(types.NewString(20)))
	return n
}

// do sends a request, with headers in pairs, and returns the status and body.
func do(t *testing.T, method, url, body string, headers ...string) (int, string, http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

func TestAnswers(t *testing.T) {
	url := start(t, Options{Node: testNode(), MaxBody: 1000})
	for _, c := range []struct {
		name, path, body string
		headers          []string
		status           int
		want             string
	}{
		{"raw", "/sql", "SELECT 1, 'x'", nil, 200, `{"rows":[{"1":1,"'x'":"x"}]}`},
		{"as curl -d sends it", "/sql", `{"query":"select * from t"}`, []string{"Content-Type", "application/x-www-form-urlencoded"},
			200, `{"rows":[{"id":1,"name":"a"},{"id":2,"name":null}]}`},
		{"no rows", "/sql", "SELECT * FROM t LIMIT 0", nil, 200, `{"rows":[]}`},
		{"write", "/sql", "INSERT INTO t VALUES (3, 'c')", nil, 200, `{"affected_rows":1,"last_insert_id":3}`},
		{"warnings", "/sql", "WARN", nil, 200, `{"affected_rows":0,"warnings":3}`},
		{"parameters", "/sql", `{"query":"SELECT ?, ?, ?, ?, ?","params":[null,true,-2,1.50,"é\n"]}`, []string{"Content-Type", "application/json"},
			200, `{"rows":[{"?":null,"?_2":1,"?_3":-2,"?_4":1.50,"?_5":"é\n"}]}`},
		{"large numbers", "/sql", `{"query":"SELECT ?, ?, ?","params":[18446744073709551615, 12345678901234567.89, 1e300]}`, nil,
			200, `{"rows":[{"?":18446744073709551615,"?_2":12345678901234567.89,"?_3":1e300}]}`},
		{"a database", "/sql", `{"query":"SELECT DATABASE()","db":"other"}`, nil, 200, `{"rows":[{"database()":"other"}]}`},
		{"a database in the address", "/sql?db=test", "SELECT DATABASE(), USER()", nil, 200, `{"rows":[{"database()":"test","user()":"root@127.0.0.1"}]}`},
		{"several", "/sql", "SELECT 1; WARN; SELECT * FROM t LIMIT 1;", nil, 200,
			`{"results":[{"rows":[{"1":1}]},{"affected_rows":0,"warnings":3},{"rows":[{"id":1,"name":"a"}]}]}`},
		{"several, failing", "/sql", "WARN; FAIL 1062 twice", nil, 409, `{"results":[{"affected_rows":0,"warnings":3}],` +
			`"error":{"code":1062,"sqlstate":"23000","message":"twice","line":1,"column":8,"hint":"do not ask to fail"}}`},
		{"several, the first failing", "/sql", "FAIL 1146 none; WARN", nil, 404,
			`{"code":1146,"sqlstate":"42S02","message":"none","line":1,"column":8,"hint":"do not ask to fail"}`},
		{"several, failing among rows", "/sql", "WARN; STREAM 1 FAIL", nil, 400,
			`{"results":[{"affected_rows":0,"warnings":3},{"rows":[{"n":0,"s":"row 0"}]}],` +
				`"error":{"code":1690,"sqlstate":"22003","message":"BIGINT value is out of range in 'n'"}}`},
		{"failing among few rows", "/sql", "STREAM 3 FAIL", nil, 400, `{"code":1690,"sqlstate":"22003","message":"BIGINT value is out of range in 'n'"}`},
		{"repeated rows", "/sql", "REPEAT 3", nil, 200, `{"rows":[{"n":0,"s":"row 0"},{"n":0,"s":"row 0"},{"n":0,"s":"row 0"}]}`},

		{"compact", "/sql?format=compact", "SELECT * FROM t LIMIT 2", nil, 200,
			`{"columns":[{"name":"id","type":"bigint"},{"name":"name","type":"varchar(20)"}],"rows":[[1,"a"],[2,null]]}`},
		{"lines", "/sql?format=ndjson", "SELECT * FROM t LIMIT 2; WARN", nil, 200,
			"{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":null}\n{\"affected_rows\":0,\"warnings\":3}"},
		{"lines, accepted", "/sql", "SELECT 1", []string{"Accept", "text/html, application/x-ndjson;q=0.9, */*"}, 200, `{"1":1}`},
		{"lines, failing", "/sql?format=ndjson", "STREAM 1 FAIL", nil, 400,
			"{\"n\":0,\"s\":\"row 0\"}\n{\"error\":{\"code\":1690,\"sqlstate\":\"22003\",\"message\":\"BIGINT value is out of range in 'n'\"}}"},
		{"csv", "/sql", "SELECT * FROM t LIMIT 2; WARN", []string{"Accept", "text/csv"}, 200, "id,name\n1,a\n2,\n\naffected_rows\n0"},
		{"csv, quoted", "/sql?format=csv", `{"query":"SELECT ?, ?, ?, ?","params":["a,b","say \"hi\"","","plain"]}`, nil, 200,
			"?,?,?,?\n\"a,b\",\"say \"\"hi\"\"\",\"\",plain"},
		{"csv, failing among few rows", "/sql?format=csv", "STREAM 3 FAIL", nil, 400,
			`{"code":1690,"sqlstate":"22003","message":"BIGINT value is out of range in 'n'"}`},

		{"syntax", "/sql", "FROM t SELECT", nil, 400,
			`{"code":1064,"sqlstate":"42000","message":"You have an error in your SQL syntax near 'FROM t SELECT'","line":1,"column":1}`},
		{"empty", "/sql", "", nil, 400, `{"code":1065,"sqlstate":"42000","message":"Query was empty"}`},
		{"unknown table", "/sql", "SELECT * FROM nowhere", nil, 404, `{"code":1146,"sqlstate":"42S02","message":"Table 'test.nowhere' doesn't exist"}`},
		{"unknown database", "/sql?db=nowhere", "SELECT 1", nil, 404, `{"code":1049,"sqlstate":"42000","message":"Unknown database 'nowhere'"}`},
		{"duplicate key", "/sql", "FAIL 1062 twice", nil, 409,
			`{"code":1062,"sqlstate":"23000","message":"twice","line":1,"column":8,"hint":"do not ask to fail"}`},
		{"too large", "/sql", strings.Repeat(" ", 1001), nil, 413, `{"code":1153,"sqlstate":"08S01","message":"The body is larger than 1000 bytes"}`},
		{"parameters, too few", "/sql", `{"query":"SELECT ?","params":[]}`, nil, 400, ""},
		{"parameters, odd", "/sql", `{"query":"SELECT ?","params":[[1]]}`, nil, 400,
			`{"code":1210,"sqlstate":"HY000","message":"Parameter 1 is neither null, a boolean, a number nor a string"}`},
		{"parameters of several", "/sql", `{"query":"SELECT ?; SELECT 2","params":[1]}`, nil, 400, ""},
		{"no query", "/sql", `{"sql":"SELECT 1"}`, nil, 400, ""},
		{"no query at all", "/sql", `{}`, nil, 400, `{"code":1210,"sqlstate":"HY000","message":"The body has no \"query\""}`},
		{"more than an object", "/sql", `{"query":"SELECT 1"} x`, nil, 400,
			`{"code":1210,"sqlstate":"HY000","message":"There is more in the body after its JSON object"}`},
		{"cut", "/sql", `{"query":"SELECT`, nil, 400, ""},
		{"unknown format", "/sql?format=xml", "SELECT 1", nil, 400,
			`{"code":1210,"sqlstate":"HY000","message":"There is no format 'xml'","hint":"the formats are json, compact, ndjson and csv"}`},
		{"another site", "/sql", "SELECT 1", []string{"Origin", "https://example.com", "Sec-Fetch-Site", "cross-site"}, 403, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, header := do(t, "POST", url+c.path, c.body, c.headers...)
			if status != c.status || c.want != "" && body != c.want+"\n" {
				t.Errorf("status %d:\n%s\nwant %d:\n%s", status, body, c.status, c.want)
			}
			if kind := header.Get("Content-Type"); strings.Contains(kind, "json") && !strings.Contains(kind, "nd") && !json.Valid([]byte(body)) {
				t.Errorf("not JSON: %s", body)
			}
			if header.Get("Content-Length") == "" {
				t.Error("a short answer without its length")
			}
		})
	}
}

func TestMethodsAndPaths(t *testing.T) {
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "weir_up 1\n") })
	n := testNode()
	url := start(t, Options{Node: n, Metrics: metrics})
	bare := start(t, Options{Node: n})
	for _, c := range []struct {
		method, url string
		status      int
		want        string
	}{
		{"GET", url + "/health", 200, "{\"status\":\"ok\"}\n"},
		{"HEAD", url + "/health", 200, ""},
		{"POST", url + "/health", 405, ""},
		{"GET", url + "/metrics", 200, "weir_up 1\n"},
		{"GET", bare + "/metrics", 404, ""},
		{"GET", url + "/sql", 405, ""},
		{"DELETE", url + "/sql", 405, ""},
		{"GET", url + "/", 404, ""},
		{"GET", url + "/sql/x", 404, ""},
	} {
		status, body, header := do(t, c.method, c.url, "")
		if status != c.status || c.want != "" && body != c.want {
			t.Errorf("%s %s: %d %s", c.method, c.url, status, body)
		}
		if status == 405 && header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", c.method, c.url)
		}
		if status >= 400 && !strings.HasPrefix(body, `{"code":`) {
			t.Errorf("%s %s: %s", c.method, c.url, body)
		}
	}
	n.SetReady(sqlerr.New(sqlerr.ErrServerShutdown, "replaying the log"))
	if status, body, _ := do(t, "GET", url+"/health", ""); status != 503 || body != "{\"status\":\"unavailable\",\"message\":\"replaying the log\"}\n" {
		t.Errorf("%d %s", status, body)
	}
	if status, body, _ := do(t, "POST", url+"/sql", "SELECT 1"); status != 503 || !strings.Contains(body, "replaying") {
		t.Errorf("%d %s", status, body)
	}
	if n.Sessions() != 0 {
		t.Errorf("%d sessions are left open", n.Sessions())
	}
}

func TestAuthorize(t *testing.T) {
	url := start(t, Options{Node: testNode(), Authorize: func(user, password string) bool { return user == "ann" && password == "x" }})
	if status, _, header := do(t, "POST", url+"/sql", "SELECT 1"); status != 401 || header.Get("WWW-Authenticate") == "" {
		t.Errorf("a stranger got %d", status)
	}
	if status, body, _ := do(t, "POST", url+"/sql", "SELECT USER()", "Authorization", "Basic YW5uOng="); status != 200 || !strings.Contains(body, "ann@") {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := do(t, "GET", url+"/health", ""); status != 200 {
		t.Errorf("health: %d", status)
	}
}

// TestStreamedRows reads results that are longer than any buffer.
func TestStreamedRows(t *testing.T) {
	url := start(t, Options{Node: testNode()})
	const n = 20_000
	_, body, header := do(t, "POST", url+"/sql", fmt.Sprintf("STREAM %d", n))
	var got struct {
		Rows []struct {
			N int
			S string
		}
		Error *struct{ Code int }
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Rows) != n || got.Rows[n-1].S != fmt.Sprint("row ", n-1) {
		t.Errorf("%d rows, %v", len(got.Rows), err)
	}
	if header.Get("Content-Length") != "" {
		t.Error("the answer was held until its end")
	}
	status, body, _ := do(t, "POST", url+"/sql", fmt.Sprintf("STREAM %d FAIL", n))
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || len(got.Rows) != n || got.Error == nil || got.Error.Code != 1690 {
		t.Errorf("%d: %d rows, error %v, %v", status, len(got.Rows), got.Error, err)
	}
	status, body, _ = do(t, "POST", url+"/sql?format=ndjson", fmt.Sprintf("STREAM %d FAIL", n))
	if lines := strings.Split(body, "\n"); status != 200 || len(lines) != n+2 || !strings.HasPrefix(lines[n], `{"error":`) {
		t.Errorf("%d: %d lines", status, len(lines))
	}
	_, body, _ = do(t, "POST", url+"/sql?format=csv", fmt.Sprintf("STREAM %d", n))
	if records, err := csv.NewReader(strings.NewReader(body)).ReadAll(); err != nil || len(records) != n+1 {
		t.Errorf("%d records, %v", len(records), err)
	}
	res, err := http.Post(url+"/sql?format=csv", "text/plain", strings.NewReader(fmt.Sprintf("STREAM %d FAIL", n)))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadAll(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a broken CSV ends with %v", err)
	}
}

func TestVanishingClientAndKill(t *testing.T) {
	n := testNode()
	url := start(t, Options{Node: n})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	post := func(ctx context.Context) (*http.Response, error) {
		r, err := http.NewRequestWithContext(ctx, "POST", url+"/sql", strings.NewReader("WAIT"))
		if err != nil {
			return nil, err
		}
		return http.DefaultClient.Do(r)
	}
	go func() {
		_, err := post(ctx)
		done <- err
	}()
	<-n.Started
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := <-n.Ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the statement ended with %v", err)
	}

	type outcome struct {
		status int
		body   string
	}
	killed := make(chan outcome, 1)
	go func() {
		res, err := post(context.Background())
		if err != nil {
			killed <- outcome{body: err.Error()}
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		killed <- outcome{res.StatusCode, string(b)}
	}()
	if err := n.Kill(<-n.Started, false); err != nil {
		t.Fatal(err)
	}
	if got := <-killed; got.status != 503 || !strings.Contains(got.body, "1317") {
		t.Errorf("%+v", got)
	}
}

func TestSeveral(t *testing.T) {
	for sql, want := range map[string]bool{
		"":                          false,
		"SELECT 1":                  false,
		"SELECT 1;":                 false,
		"SELECT 1; ; -- no more\n":  false,
		"SELECT 1; /* no */ # more": false,
		"SELECT ';x'; ":             false,
		`SELECT 'it''s;', "a\";b";`: false,
		"SELECT `a;b` FROM `\\`; ":  false,
		"SELECT 1 -- ; x\n;":        false,
		"SELECT 1--2; x":            true,
		"SELECT 1; SELECT 2":        true,
		"; SELECT 2":                true,
		"BEGIN;/*!40101 SET x */":   true,
		"SELECT 'unended; x":        false,
		"SELECT 1; --":              false,
	} {
		if got := several(sql); got != want {
			t.Errorf("%q: %v", sql, got)
		}
	}
}
