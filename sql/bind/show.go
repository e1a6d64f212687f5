package bind

import (
	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
)

// ShowKind is what a SHOW or DESCRIBE statement asks for.
type ShowKind uint8

// The kinds of SHOW.
const (
	ShowDatabases ShowKind = iota
	ShowTables
	ShowTableStatus
	ShowColumns // also DESCRIBE
	ShowIndex
	ShowCreateTable
	ShowCreateDatabase
	ShowCreateView // CREATE MATERIALIZED VIEW
	ShowViews      // SHOW MATERIALIZED VIEWS
	ShowVariables
	ShowStatus
	ShowWarnings
	ShowErrors
	ShowProcessList
	ShowEngines
	ShowCharset
	ShowCollation
	ShowPlugins
	ShowGrants
	ShowPrivileges
	ShowTriggers
	ShowEvents
	ShowProcedures
	ShowFunctions
	ShowOpenTables
)

// Show is a SHOW statement. The caller makes rows of the schema Cols and keeps
// those for which all Preds (over Cols) are true.
type Show struct {
	Kind     ShowKind
	DB       string           // the database asked about, where the kind has one; it exists
	Relation catalog.Relation // the table or view asked about, where the kind has one
	Full     bool
	Global   bool
	Count    bool // SHOW COUNT(*) WARNINGS | ERRORS: one row, one column
	Cols     plan.Schema
	Preds    []expr.Expr
	Offset   int64
	Limit    int64 // plan.NoLimit when there is none
	Depends  []string
}
