package mysql

import (
	"strings"

	"github.com/weirdb/weir/engine"
	"github.com/weirdb/weir/zset"
)

// fieldList is the engine.Sink that keeps the columns only.
type fieldList struct{ cols []engine.Column }

// Columns implements engine.Sink.
func (f *fieldList) Columns(cols []engine.Column) error {
	f.cols = append(f.cols, cols...)
	return nil
}

// Rows implements engine.Sink.
func (f *fieldList) Rows(*zset.Batch) error { return nil }

// Done implements engine.Sink.
func (f *fieldList) Done(engine.Summary, bool) error { return nil }

func quoteName(name string) string {
	return "`" + strings.ReplaceAll(name, "`", "``") + "`"
}

// like matches name against a pattern of % and _, without regard to case of
// ASCII letters, as column names are compared.
func like(name, pattern string) bool {
	name, pattern = strings.ToLower(name), strings.ToLower(pattern)
	n, p, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '%':
			star, mark = p, n
			p++
		case p < len(pattern) && (pattern[p] == '_' || pattern[p] == name[n]):
			n++
			p++
		case star >= 0:
			mark++
			n, p = mark, star+1
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "%") == ""
}
