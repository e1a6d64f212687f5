package bind

import (
	"strings"

	"github.com/pingcap/tidb/pkg/parser/ast"

	"github.com/weirdb/weir/catalog"
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/sql/parse"
	"github.com/weirdb/weir/sqlerr"
	"github.com/weirdb/weir/types"
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

// showKinds are the SHOW statements of the grammar that are supported.
var showKinds = map[ast.ShowStmtType]ShowKind{
	ast.ShowDatabases: ShowDatabases, ast.ShowTables: ShowTables, ast.ShowTableStatus: ShowTableStatus, ast.ShowColumns: ShowColumns,
	ast.ShowIndex: ShowIndex, ast.ShowCreateTable: ShowCreateTable, ast.ShowCreateDatabase: ShowCreateDatabase,
	ast.ShowCreateView: ShowCreateView, ast.ShowVariables: ShowVariables, ast.ShowStatus: ShowStatus, ast.ShowWarnings: ShowWarnings,
	ast.ShowErrors: ShowErrors, ast.ShowProcessList: ShowProcessList, ast.ShowEngines: ShowEngines, ast.ShowCharset: ShowCharset,
	ast.ShowCollation: ShowCollation, ast.ShowPlugins: ShowPlugins, ast.ShowGrants: ShowGrants, ast.ShowPrivileges: ShowPrivileges,
	ast.ShowTriggers: ShowTriggers, ast.ShowEvents: ShowEvents, ast.ShowProcedureStatus: ShowProcedures,
	ast.ShowFunctionStatus: ShowFunctions, ast.ShowOpenTables: ShowOpenTables,
}

// showColumns are the columns of the answers, as MySQL has them. A # marks
// integers, the rest are strings; all may be NULL.
var showColumns = map[ShowKind]string{
	ShowDatabases: "Database",
	ShowTableStatus: "Name,Engine,#Version,Row_format,#Rows,#Avg_row_length,#Data_length,#Max_data_length,#Index_length,#Data_free," +
		"#Auto_increment,Create_time,Update_time,Check_time,Collation,#Checksum,Create_options,Comment",
	ShowIndex: "Table,#Non_unique,Key_name,#Seq_in_index,Column_name,Collation,#Cardinality,#Sub_part,Packed,Null,Index_type," +
		"Comment,Index_comment,Visible,Expression",
	ShowCreateTable:    "Table,Create Table",
	ShowCreateDatabase: "Database,Create Database",
	ShowCreateView:     "View,Create View,character_set_client,collation_connection",
	ShowViews:          "Database,View,State,#Rows,#Bytes,#Errors,Inputs,Detail",
	ShowVariables:      "Variable_name,Value",
	ShowStatus:         "Variable_name,Value",
	ShowWarnings:       "Level,#Code,Message",
	ShowErrors:         "Level,#Code,Message",
	ShowProcessList:    "#Id,User,Host,db,Command,#Time,State,Info",
	ShowEngines:        "Engine,Support,Comment,Transactions,XA,Savepoints",
	ShowCharset:        "Charset,Description,Default collation,#Maxlen",
	ShowCollation:      "Collation,Charset,#Id,Default,Compiled,#Sortlen,Pad_attribute",
	ShowPlugins:        "Name,Status,Type,Library,License",
	ShowGrants:         "Grants",
	ShowPrivileges:     "Privilege,Context,Comment",
	ShowTriggers:       "Trigger,Event,Table,Statement,Timing,Created,sql_mode,Definer,character_set_client,collation_connection,Database Collation",
	ShowEvents: "Db,Name,Definer,Time zone,Type,Execute at,Interval value,Interval field,Starts,Ends,Status,#Originator," +
		"character_set_client,collation_connection,Database Collation",
	ShowProcedures: "Db,Name,Type,Definer,Modified,Created,Security_type,Comment,character_set_client,collation_connection,Database Collation",
	ShowFunctions:  "Db,Name,Type,Definer,Modified,Created,Security_type,Comment,character_set_client,collation_connection,Database Collation",
	ShowOpenTables: "Database,Table,#In_use,#Name_locked",
}

// showSchema is the schema of a SHOW.
func showSchema(s *Show, like string) plan.Schema {
	spec := showColumns[s.Kind]
	switch {
	case s.Kind == ShowTables:
		spec = "Tables_in_" + strings.ReplaceAll(s.DB, ",", "_")
		if like != "" {
			spec += " (" + strings.ReplaceAll(like, ",", "_") + ")"
		}
		if s.Full {
			spec += ",Table_type"
		}
	case s.Kind == ShowColumns && s.Full:
		spec = "Field,Type,Collation,Null,Key,Default,Extra,Privileges,Comment"
	case s.Kind == ShowColumns:
		spec = "Field,Type,Null,Key,Default,Extra"
	case s.Count && s.Kind == ShowErrors:
		spec = "#@@session.error_count"
	case s.Count:
		spec = "#@@session.warning_count"
	}
	var sch plan.Schema
	for _, name := range strings.Split(spec, ",") {
		t := types.TypeText.WithNull(true)
		if strings.HasPrefix(name, "#") {
			name, t = name[1:], types.TypeInt.WithNull(true)
		}
		sch = append(sch, plan.Column{Name: name, Type: t})
	}
	return sch
}

// show binds a SHOW statement.
func (b *binder) show(n *ast.ShowStmt) (*Show, error) {
	kind, ok := showKinds[n.Tp]
	if !ok {
		return nil, b.refuseAt(0, "%s", statementName(b.text.SQL))
	}
	s := &Show{Kind: kind, Full: n.Full, Global: n.GlobalScope, Count: n.CountWarningsOrErrors, Limit: plan.NoLimit}
	if err := b.showSubject(s, n); err != nil {
		return nil, err
	}
	if n.Limit != nil {
		top, err := b.limit(n.Limit)
		if err != nil {
			return nil, err
		}
		s.Limit, s.Offset = top.Limit, top.Offset
	}
	return s, b.showFilter(s, n)
}

// showSubject looks up the database or relation that is asked about.
func (b *binder) showSubject(s *Show, n *ast.ShowStmt) error {
	var err error
	switch s.Kind {
	case ShowTables, ShowTableStatus, ShowTriggers, ShowEvents, ShowOpenTables:
		s.DB, err = b.database(n.DBName, b.text.Find(n.DBName))
		if n.DBName == "" && s.Kind == ShowOpenTables {
			err = nil
		}
	case ShowCreateDatabase:
		s.DB, err = b.database(n.DBName, b.text.Find(n.DBName))
	case ShowColumns, ShowIndex, ShowCreateTable, ShowCreateView:
		db := n.Table.Schema.O
		if db == "" {
			db = n.DBName
		}
		if s.Relation, err = b.relation(db, n.Table.Name.O); err != nil {
			return err
		}
		_, s.DB, _ = s.Relation.Ident()
		if _, isView := s.Relation.(*catalog.View); s.Kind == ShowCreateTable && isView {
			s.Kind = ShowCreateView
		} else if s.Kind == ShowCreateView && !isView {
			return b.errAt(b.text.Find(n.Table.Name.O), sqlerr.ErrWrongObject, "'%s.%s' is not VIEW", s.DB, n.Table.Name.O)
		}
	}
	return err
}

// showFilter binds LIKE, WHERE and the column of DESCRIBE t c.
func (b *binder) showFilter(s *Show, n *ast.ShowStmt) error {
	like := ""
	if n.Pattern != nil {
		if l, ok := n.Pattern.Pattern.(*parse.Literal); ok {
			like = l.GetString()
		}
	}
	s.Cols = showSchema(s, like)
	t := &tree{node: &plan.Values{Sch: s.Cols}}
	src := &source{}
	for i, c := range s.Cols {
		t.cols = append(t.cols, column{src: src, name: c.Name, pos: i, typ: c.Type})
	}
	c := &clause{binder: b, t: t, name: "where clause", fixed: "in SHOW"}
	if n.Column != nil {
		e, err := expr.Resolve("like", []expr.Expr{t.cols[0].expr(), textConst(n.Column.Name.O)})
		if err != nil {
			return err
		}
		s.Preds = append(s.Preds, e)
	}
	if n.Pattern != nil {
		e, err := c.resolve(n.Pattern, "like", t.cols[0].expr(), textConst(like))
		if err != nil {
			return err
		}
		s.Preds = append(s.Preds, e)
	}
	if n.Where != nil {
		e, err := c.predicate(n.Where)
		if err != nil {
			return err
		}
		s.Preds = append(s.Preds, e)
	}
	s.Depends = b.common(nil).Depends
	return nil
}

// view looks a materialized view up.
func (b *binder) view(n parse.Name) (*catalog.View, error) {
	rel, err := b.relation(n.DB, n.Name)
	if err != nil {
		return nil, err
	}
	if v, ok := rel.(*catalog.View); ok {
		return v, nil
	}
	_, db, name := rel.Ident()
	return nil, b.errAt(n.Offset, sqlerr.ErrWrongObject, "'%s.%s' is not VIEW", db, name)
}

func (b *binder) showCreateView(v *catalog.View) *Show {
	s := &Show{Kind: ShowCreateView, DB: v.DB, Relation: v, Limit: plan.NoLimit}
	s.Cols = showSchema(s, "")
	return s
}

// showViews binds SHOW MATERIALIZED VIEWS; without FROM and without a current
// database it lists all.
func (b *binder) showViews(n *parse.ShowViews) (*Show, error) {
	s := &Show{Kind: ShowViews, DB: b.env.DB, Limit: plan.NoLimit}
	if n.DB != "" {
		db, err := b.database(n.DB, b.text.Find(n.DB))
		if err != nil {
			return nil, err
		}
		s.DB = db
	}
	s.Cols = showSchema(s, "")
	if n.Like != nil {
		e, err := expr.Resolve("like", []expr.Expr{&expr.Col{Index: 1, Name: "View", T: s.Cols[1].Type}, textConst(*n.Like)})
		if err != nil {
			return nil, err
		}
		s.Preds = []expr.Expr{e}
	}
	return s, nil
}
