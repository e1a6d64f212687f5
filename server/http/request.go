package http

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
)

// readRequest reads the body, which it bounds, and the query string.
func readRequest(w http.ResponseWriter, r *http.Request, maxBody int64) (*request, error) {
	f, err := formatOf(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, sqlerr.New(sqlerr.ErrNetPacketTooLarge, "The body is larger than %d bytes", tooLarge.Limit)
		}
		return nil, sqlerr.New(sqlerr.ErrMalformedPacket, "The body cannot be read: %s", err)
	}
	req := &request{db: r.URL.Query().Get("db"), format: f}
	if isJSON(r.Header.Get("Content-Type"), body) {
		err = req.fromJSON(body)
	} else {
		req.query = string(body)
	}
	return req, err
}

// isJSON goes by the content type, and by a brace in front, with which no SQL
// begins: curl -d says that everything is a form.
func isJSON(contentType string, body []byte) bool {
	media, _, _ := mime.ParseMediaType(contentType)
	return media == "application/json" || bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{"))
}

// fromJSON takes the query, the database and the parameters of a JSON body.
func (req *request) fromJSON(body []byte) error {
	var in struct {
		Query  *string            `json:"query"`
		DB     *string            `json:"db"`
		Params *[]json.RawMessage `json:"params"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return badRequest("The body is not as it should be: %s", err).
			WithHint(`send {"query": "..", "db": "..", "params": [..]}, the last two as needed, or bare SQL`)
	}
	if _, err := dec.Token(); err != io.EOF {
		return badRequest("There is more in the body after its JSON object")
	}
	if in.Query == nil {
		return badRequest(`The body has no "query"`)
	}
	req.query = *in.Query
	if in.DB != nil {
		req.db = *in.DB
	}
	if in.Params == nil {
		return nil
	}
	req.params = make([]types.Value, len(*in.Params))
	for i, raw := range *in.Params {
		v, ok := paramOf(string(raw))
		if !ok {
			return badRequest("Parameter %d is neither null, a boolean, a number nor a string", i+1)
		}
		req.params[i] = v
	}
	return nil
}

func badRequest(text string, args ...any) *sqlerr.Error {
	return sqlerr.New(sqlerr.ErrWrongArguments, text, args...)
}

// paramOf turns a JSON value into a scalar as MySQL does with literals: a
// number with a point is a DECIMAL, one with an exponent a DOUBLE.
func paramOf(raw string) (v types.Value, ok bool) {
	switch raw[0] {
	case 'n':
		return types.NullValue(types.TypeNull), true
	case 't':
		return types.IntValue(1), true
	case 'f':
		return types.IntValue(0), true
	case '"':
		var s string
		err := json.Unmarshal([]byte(raw), &s)
		return types.TextValue(s), err == nil
	case '{', '[':
		return types.Value{}, false
	}
	if i, err := strconv.ParseInt(raw, 10, 64); err == nil {
		return types.IntValue(i), true
	}
	if u, err := strconv.ParseUint(raw, 10, 64); err == nil {
		return types.UintValue(u), true
	}
	if !strings.ContainsAny(raw, "eE") {
		if d, prec, scale, err := types.ParseDec(raw); err == nil {
			return types.Value{Type: types.NewDecimal(prec, scale), D: d}, true
		}
	}
	f, err := strconv.ParseFloat(raw, 64)
	return types.FloatValue(f), err == nil
}

// format is the form of an answer.
type format uint8

const (
	formatJSON    format = iota // rows as objects
	formatCompact               // JSON with columns and their types, rows as arrays
	formatNDJSON                // a row a line
	formatCSV
)

var formatNames = map[string]format{"json": formatJSON, "compact": formatCompact, "ndjson": formatNDJSON, "csv": formatCSV}

var formatTypes = map[string]format{
	"application/json": formatJSON, "application/x-ndjson": formatNDJSON, "application/jsonl": formatNDJSON, "text/csv": formatCSV,
}

// formatOf goes by ?format=, then by the first media type of the Accept
// header that is one of ours, and is JSON for want of both.
func formatOf(r *http.Request) (format, error) {
	if name := r.URL.Query().Get("format"); name != "" {
		f, ok := formatNames[name]
		if !ok {
			return 0, badRequest("There is no format '%s'", name).WithHint("the formats are json, compact, ndjson and csv")
		}
		return f, nil
	}
	for _, accept := range r.Header.Values("Accept") {
		for _, part := range strings.Split(accept, ",") {
			media, _, _ := mime.ParseMediaType(part)
			if f, ok := formatTypes[media]; ok {
				return f, nil
			}
		}
	}
	return formatJSON, nil
}

// several tells whether sql holds more than one statement: a semicolon
// outside of quotes and comments with anything but blanks and comments behind
// it. It decides the shape of the answer only, before the first is run.
func several(sql string) bool {
	ended := false
	for i := 0; i < len(sql); {
		rest := sql[i:]
		if n := comment(rest); n > 0 {
			i += n
			continue
		}
		c := sql[i]
		switch {
		case c == ';':
			ended = true
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
		case ended:
			return true
		case c == '\'' || c == '"' || c == '`':
			i += quoted(rest)
			continue
		}
		i++
	}
	return false
}

// comment returns the length of a comment at the beginning of s, 0 for none.
// What stands between /*! and */ is no comment, in MySQL.
func comment(s string) int {
	end := ""
	switch {
	case strings.HasPrefix(s, "#"), strings.HasPrefix(s, "--") && (len(s) == 2 || s[2] <= ' '):
		end = "\n"
	case strings.HasPrefix(s, "/*") && !strings.HasPrefix(s, "/*!"):
		end = "*/"
	default:
		return 0
	}
	if n := strings.Index(s, end); n >= 0 {
		return n + len(end)
	}
	return len(s)
}

// quoted returns the length of the quoted text at the beginning of s. A
// doubled quote inside looks like two texts side by side, which does no harm.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && s[0] != '`':
			i++
		case s[i] == s[0]:
			return i + 1
		}
	}
	return len(s)
}
