package catalog

import (
	"fmt"
	"math"
	"slices"

	"github.com/weirdb/weir/internal/wire"
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/types"
)

// The binary form of changes and catalogs, version 1: messages of numbered
// fields as package internal/wire has them; numbers are never reused. A change
// is its kind and a message. Golden files in testdata hold every kind.
const (
	kindCreateDatabase = 1
	kindDropDatabase   = 2
	kindCreateTable    = 3
	kindDropTable      = 4
	kindTruncateTable  = 5
	kindCreateView     = 6
	kindViewReady      = 7
	kindDropView       = 8
	kindCreateIndex    = 9
	kindDropIndex      = 10
)

type encoder struct{ wire.Writer }

// AppendChange appends the binary form of ch to dst.
func AppendChange(dst []byte, ch Change) []byte {
	e := encoder{wire.Writer{Buf: dst}}
	switch ch := ch.(type) {
	case *CreateDatabase:
		e.Uint(kindCreateDatabase)
		e.database(Database(*ch))
	case *DropDatabase:
		e.Uint(kindDropDatabase)
		e.StringField(1, ch.Name)
		e.End()
	case *CreateTable:
		e.Uint(kindCreateTable)
		e.table(ch.Table)
	case *DropTable:
		e.Uint(kindDropTable)
		e.namesField(1, ch.Names)
		e.End()
	case *TruncateTable:
		e.Uint(kindTruncateTable)
		e.namesField(1, []Name{ch.Name})
		e.End()
	case *CreateView:
		e.Uint(kindCreateView)
		e.view(ch.View)
	case *ViewReady:
		e.Uint(kindViewReady)
		e.UintField(1, ch.ID)
		e.End()
	case *DropView:
		e.Uint(kindDropView)
		e.namesField(1, ch.Names)
		e.End()
	case *CreateIndex:
		e.Uint(kindCreateIndex)
		e.namesField(1, []Name{ch.Table})
		e.indexesField(2, []Index{ch.Index})
		e.End()
	case *DropIndex:
		e.Uint(kindDropIndex)
		e.namesField(1, []Name{ch.Table})
		e.StringField(2, ch.Index)
		e.End()
	}
	return e.Buf
}

// Append appends the binary form of c to dst: 1 version, 2 next id, 3
// databases by name, 4 tables and 5 views by id.
func (c *Catalog) Append(dst []byte) []byte {
	e := encoder{wire.Writer{Buf: dst}}
	e.UintField(1, c.version)
	e.UintField(2, c.nextID)
	var tables []*Table
	var views []*View
	for _, r := range c.Relations() {
		switch r := r.(type) {
		case *Table:
			tables = append(tables, r)
		case *View:
			views = append(views, r)
		}
	}
	list(&e, 3, c.Databases(), e.database)
	list(&e, 4, tables, e.table)
	list(&e, 5, views, e.view)
	e.End()
	return e.Buf
}

// list writes items as field f.
func list[T any](e *encoder, f uint64, items []T, item func(T)) {
	if !e.Field(f, len(items) > 0) {
		return
	}
	e.Uint(uint64(len(items)))
	for _, x := range items {
		item(x)
	}
}

func (e *encoder) database(db Database) {
	e.StringField(1, db.Name)
	e.UintField(2, uint64(db.Coll))
	e.End()
}

func (e *encoder) namesField(f uint64, names []Name) {
	list(e, f, names, func(n Name) {
		e.StringField(1, n.DB)
		e.StringField(2, n.Name)
		e.End()
	})
}

func (e *encoder) indexesField(f uint64, xs []Index) {
	list(e, f, xs, func(x Index) {
		e.UintField(1, uint64(x.ID))
		e.StringField(2, x.Name)
		e.IntsField(3, x.Cols)
		e.BoolField(4, x.Unique)
		e.End()
	})
}

func (e *encoder) columnsField(f uint64, cols []Column) {
	list(e, f, cols, func(c Column) {
		e.StringField(1, c.Name)
		e.Uint(2)
		e.Buf = types.AppendType(e.Buf, c.Type)
		if e.Field(3, c.Default != nil) {
			e.Buf = types.AppendValue(e.Buf, *c.Default)
		}
		e.BoolField(4, c.DefaultNow)
		e.BoolField(5, c.OnUpdateNow)
		e.BoolField(6, c.AutoIncrement)
		e.StringField(7, c.Comment)
		e.End()
	})
}

func (e *encoder) table(t *Table) {
	e.UintField(1, t.ID)
	e.StringField(2, t.DB)
	e.StringField(3, t.Name)
	e.UintField(4, uint64(t.Version))
	e.columnsField(5, t.Columns)
	e.IntsField(6, t.Key)
	e.indexesField(7, t.Indexes)
	e.StringField(8, t.Comment)
	e.UintField(9, uint64(t.lastIndex))
	e.End()
}

// view leaves out Inputs, which are those of the plan.
func (e *encoder) view(v *View) {
	e.UintField(1, v.ID)
	e.StringField(2, v.DB)
	e.StringField(3, v.Name)
	e.StringField(4, v.Text)
	e.Uint(5)
	e.Buf = plan.Append(e.Buf, v.Plan)
	e.columnsField(6, v.Columns)
	e.IntsField(7, v.Key)
	e.BoolField(8, v.Unique)
	e.BoolField(9, v.Ready)
	names := make([]int, len(v.Names))
	for i, id := range v.Names {
		names[i] = int(id)
	}
	e.IntsField(10, names)
	e.End()
}

// decoder reads what encoder wrote. After a fault it reads zeros.
type decoder struct{ *wire.Reader }

// done checks that nothing is wrong and nothing left.
func (d decoder) done(what string) error {
	if d.Err() == nil && d.Left() > 0 {
		d.Fail("%d more bytes", d.Left())
	}
	if err := d.Err(); err != nil {
		return fmt.Errorf("catalog: %s: %w", what, err)
	}
	return nil
}

// DecodeChange reads a change that fills b. Bytes that AppendChange did not
// write are an error.
func DecodeChange(b []byte) (Change, error) {
	d := decoder{wire.NewReader(b)}
	ch := d.change()
	if err := d.done("change"); err != nil {
		return nil, err
	}
	return ch, nil
}

func (d decoder) change() Change {
	switch kind := d.Uvarint(); kind {
	case kindCreateDatabase:
		ch := CreateDatabase(d.database())
		return &ch
	case kindDropDatabase:
		ch := &DropDatabase{}
		d.Fields(func(f uint64) bool {
			ch.Name = d.String()
			return f == 1
		})
		return ch
	case kindCreateTable:
		return &CreateTable{Table: d.table()}
	case kindDropTable:
		return &DropTable{Names: d.onlyNames()}
	case kindTruncateTable:
		return &TruncateTable{Name: d.one(d.onlyNames())}
	case kindCreateView:
		return &CreateView{View: d.view()}
	case kindViewReady:
		ch := &ViewReady{}
		d.Fields(func(f uint64) bool {
			ch.ID = d.Uvarint()
			return f == 1
		})
		return ch
	case kindDropView:
		return &DropView{Names: d.onlyNames()}
	case kindCreateIndex:
		return d.createIndex()
	case kindDropIndex:
		ch := &DropIndex{}
		d.Fields(func(f uint64) bool {
			switch f {
			case 1:
				ch.Table = d.one(d.names())
			case 2:
				ch.Index = d.String()
			default:
				return false
			}
			return true
		})
		return ch
	default:
		d.Fail("unknown kind of change %d", kind)
		return nil
	}
}

func (d decoder) createIndex() Change {
	ch := &CreateIndex{}
	d.Fields(func(f uint64) bool {
		switch f {
		case 1:
			ch.Table = d.one(d.names())
		case 2:
			xs := d.indexes()
			if len(xs) != 1 {
				d.Fail("%d indexes", len(xs))
				return true
			}
			ch.Index = xs[0]
		default:
			return false
		}
		return true
	})
	return ch
}

// onlyNames reads a message of which field 1 is names.
func (d decoder) onlyNames() (names []Name) {
	d.Fields(func(f uint64) bool {
		names = d.names()
		return f == 1
	})
	return names
}

// one returns the only name of a list.
func (d decoder) one(names []Name) Name {
	if len(names) != 1 {
		d.Fail("%d names", len(names))
		return Name{}
	}
	return names[0]
}

func (d decoder) names() []Name {
	out := make([]Name, d.Count(1))
	for i := range out {
		n := &out[i]
		d.Fields(func(f uint64) bool {
			switch f {
			case 1:
				n.DB = d.String()
			case 2:
				n.Name = d.String()
			default:
				return false
			}
			return true
		})
	}
	return out
}

func (d decoder) database() (db Database) {
	d.Fields(func(f uint64) bool {
		switch f {
		case 1:
			db.Name = d.String()
		case 2:
			db.Coll = types.Collation(d.Uint(math.MaxUint16))
		default:
			return false
		}
		return true
	})
	return db
}

func (d decoder) indexes() []Index {
	out := make([]Index, d.Count(1))
	for i := range out {
		x := &out[i]
		d.Fields(func(f uint64) bool {
			switch f {
			case 1:
				x.ID = uint32(d.Uint(math.MaxUint32))
			case 2:
				x.Name = d.String()
			case 3:
				x.Cols = d.Ints(math.MaxInt32)
			case 4:
				x.Unique = d.Bool()
			default:
				return false
			}
			return true
		})
	}
	return out
}

func (d decoder) columns() []Column {
	out := make([]Column, d.Count(3))
	for i := range out {
		c := &out[i]
		d.Fields(func(f uint64) bool {
			switch f {
			case 1:
				c.Name = d.String()
			case 2:
				t, rest, err := types.DecodeType(d.Rest())
				d.skipTo(rest, err)
				c.Type = t
			case 3:
				v, rest, err := types.DecodeValue(d.Rest())
				d.skipTo(rest, err)
				c.Default = &v
			case 4:
				c.DefaultNow = d.Bool()
			case 5:
				c.OnUpdateNow = d.Bool()
			case 6:
				c.AutoIncrement = d.Bool()
			case 7:
				c.Comment = d.String()
			default:
				return false
			}
			return true
		})
	}
	return out
}

// skipTo goes on at rest, what another decoder left.
func (d decoder) skipTo(rest []byte, err error) {
	if err != nil {
		d.Fail("%s", err)
		return
	}
	d.Skip(d.Left() - len(rest))
}

func (d decoder) table() *Table {
	t := &Table{}
	d.Fields(func(f uint64) bool {
		switch f {
		case 1:
			t.ID = d.Uvarint()
		case 2:
			t.DB = d.String()
		case 3:
			t.Name = d.String()
		case 4:
			t.Version = uint32(d.Uint(math.MaxUint32))
		case 5:
			t.Columns = d.columns()
		case 6:
			t.Key = d.Ints(math.MaxInt32)
		case 7:
			t.Indexes = d.indexes()
		case 8:
			t.Comment = d.String()
		case 9:
			t.lastIndex = uint32(d.Uint(math.MaxUint32))
		default:
			return false
		}
		return true
	})
	return t
}

func (d decoder) view() *View {
	v := &View{}
	d.Fields(func(f uint64) bool {
		switch f {
		case 1:
			v.ID = d.Uvarint()
		case 2:
			v.DB = d.String()
		case 3:
			v.Name = d.String()
		case 4:
			v.Text = d.String()
		case 5:
			n, rest, err := plan.Decode(d.Rest())
			d.skipTo(rest, err)
			v.Plan = n
		case 6:
			v.Columns = d.columns()
		case 7:
			v.Key = d.Ints(math.MaxInt32)
		case 8:
			v.Unique = d.Bool()
		case 9:
			v.Ready = d.Bool()
		case 10:
			for _, id := range d.Ints(math.MaxInt64) {
				v.Names = append(v.Names, uint64(id))
			}
		default:
			return false
		}
		return true
	})
	if v.Plan == nil {
		d.Fail("a view without a plan")
		return v
	}
	v.Inputs = plan.Tables(v.Plan)
	return v
}

// Decode reads a catalog that fills b. Bytes that Append did not write are an
// error.
func Decode(b []byte) (*Catalog, error) {
	d := decoder{wire.NewReader(b)}
	c := New()
	c.nextID = 0
	d.Fields(func(f uint64) bool {
		switch f {
		case 1:
			c.version = d.Uvarint()
		case 2:
			c.nextID = d.Uvarint()
		case 3:
			for range d.Count(1) {
				db := d.database()
				c.dbs[db.Name] = &database{Database: db}
			}
		case 4:
			for range d.Count(1) {
				t := d.table()
				d.enter(c, t, t.check)
			}
		case 5:
			for range d.Count(1) {
				v := d.view()
				d.enter(c, v, func() error {
					for _, in := range v.Inputs {
						if !slices.Contains(v.Names, in) {
							return fmt.Errorf("view %s reads relation %d and does not name it", v.Name, in)
						}
					}
					return c.checkView(v)
				})
			}
		default:
			return false
		}
		return true
	})
	if err := d.done("catalog"); err != nil {
		return nil, err
	}
	if last := slices.Max(append(c.byID.keys(), 0)); c.nextID <= uint64(last) {
		return nil, fmt.Errorf("catalog: the next id is %d, %d is taken", c.nextID, last)
	}
	return c, nil
}

// enter puts a relation into a catalog that is being read.
func (d decoder) enter(c *Catalog, r Relation, check func() error) {
	if d.Err() != nil {
		return
	}
	id, db, name := r.Ident()
	err := c.room(db, name)
	if _, taken := c.byID.get(relID(id)); taken || id == 0 {
		err = fmt.Errorf("id %d is taken", id)
	}
	if err == nil {
		err = check()
	}
	if err != nil {
		d.Fail("%s", err)
		return
	}
	c.put(r)
}
