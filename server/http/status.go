package http

import (
	"net/http"
	"strconv"

	"github.com/weirdb/weir/sqlerr"
)

// statuses are the HTTP status of errors that are not simply the user's (400).
var statuses = map[uint16]int{
	sqlerr.ErrAccessDenied:      http.StatusUnauthorized,
	sqlerr.ErrBadDB:             http.StatusNotFound,
	sqlerr.ErrBadTable:          http.StatusNotFound,
	sqlerr.ErrNoSuchTable:       http.StatusNotFound,
	sqlerr.ErrDBDropExists:      http.StatusNotFound,
	sqlerr.ErrDupEntry:          http.StatusConflict,
	sqlerr.ErrDBCreateExists:    http.StatusConflict,
	sqlerr.ErrTableExists:       http.StatusConflict,
	sqlerr.ErrDeadlock:          http.StatusConflict,
	sqlerr.ErrLockWaitTimeout:   http.StatusConflict,
	sqlerr.ErrNetPacketTooLarge: http.StatusRequestEntityTooLarge,
	sqlerr.ErrServerShutdown:    http.StatusServiceUnavailable,
	sqlerr.ErrOutOfMemory:       http.StatusServiceUnavailable,
	sqlerr.ErrReadOnlyMode:      http.StatusServiceUnavailable,
	sqlerr.ErrQueryInterrupted:  http.StatusServiceUnavailable,
	sqlerr.ErrDiskFull:          http.StatusInsufficientStorage,
	sqlerr.ErrQueryTimeout:      http.StatusGatewayTimeout,
	sqlerr.ErrUnknown:           http.StatusInternalServerError,
}

// statusOf returns the HTTP status of an error.
func statusOf(err error) int {
	if status, ok := statuses[sqlerr.From(err).Code]; ok {
		return status
	}
	return http.StatusBadRequest
}

// appendError appends an error as a JSON object: code, sqlstate and message,
// and where they are known line, column, row and hint.
func appendError(dst []byte, err error) []byte {
	e := sqlerr.From(err)
	dst = strconv.AppendUint(append(dst, `{"code":`...), uint64(e.Code), 10)
	dst = appendString(append(dst, `,"sqlstate":`...), []byte(e.State))
	dst = appendString(append(dst, `,"message":`...), []byte(e.Message))
	for _, at := range []struct {
		key string
		n   int
	}{{"line", e.Line}, {"column", e.Col}, {"row", e.Row}} {
		if at.n > 0 {
			dst = append(append(append(dst, `,"`...), at.key...), `":`...)
			dst = strconv.AppendInt(dst, int64(at.n), 10)
		}
	}
	if e.Hint != "" {
		dst = appendString(append(dst, `,"hint":`...), []byte(e.Hint))
	}
	return append(dst, '}')
}

// writeError answers with an error alone.
func writeError(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(appendError(nil, err), '\n'))
}
