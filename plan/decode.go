package plan

import (
	"math"

	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/internal/wire"
	"github.com/weirdb/weir/types"
)

// decoder reads the form that codec.go describes. After a fault it reads
// zeros.
type decoder struct{ r *wire.Reader }

func (d *decoder) fields(f func(n uint64) bool) { d.r.Fields(f) }

func (d *decoder) ints() []int { return d.r.Ints(math.MaxInt32) }

func (d *decoder) typ() types.Type {
	t, rest, err := types.DecodeType(d.r.Rest())
	if err != nil {
		d.r.Fail("%s", err)
		return types.Type{}
	}
	d.r.Skip(d.r.Left() - len(rest))
	return t
}

func (d *decoder) expr() expr.Expr {
	e, rest, err := expr.Decode(d.r.Rest())
	if err != nil {
		d.r.Fail("%s", err)
		return nil
	}
	d.r.Skip(d.r.Left() - len(rest))
	return e
}

func (d *decoder) exprs() []expr.Expr {
	out := make([]expr.Expr, d.r.Count(1))
	for i := range out {
		out[i] = d.expr()
	}
	return out
}

func (d *decoder) exprLists() [][]expr.Expr {
	out := make([][]expr.Expr, d.r.Count(1))
	for i := range out {
		out[i] = d.exprs()
	}
	return out
}

func (d *decoder) schema() Schema {
	out := make(Schema, d.r.Count(3))
	for i := range out {
		c := &out[i]
		d.fields(func(n uint64) bool {
			switch n {
			case 1:
				c.Name = d.r.String()
			case 2:
				c.Type = d.typ()
			case 3:
				c.Table = d.r.String()
			case 4:
				c.DB = d.r.String()
			default:
				return false
			}
			return true
		})
	}
	return out
}

func (d *decoder) node(depth int) Node {
	if depth > maxDepth {
		d.r.Fail("nested deeper than %d nodes", maxDepth)
		return nil
	}
	switch kind := d.r.Uvarint(); kind {
	case kindScan:
		return d.scan()
	case kindValues:
		return d.values()
	case kindFilter:
		n := &Filter{}
		d.fields(func(f uint64) bool {
			switch f {
			case 1:
				n.In = d.node(depth + 1)
			case 2:
				n.Preds = d.exprs()
			default:
				return false
			}
			return true
		})
		return d.with(n, n.In)
	case kindProject:
		n := &Project{}
		d.fields(func(f uint64) bool {
			switch f {
			case 1:
				n.In = d.node(depth + 1)
			case 2:
				n.Exprs = d.exprs()
			case 3:
				n.Sch = d.schema()
			default:
				return false
			}
			return true
		})
		return d.with(n, n.In)
	case kindJoin:
		return d.join(depth)
	case kindAggregate:
		return d.aggregate(depth)
	case kindDistinct:
		n := &Distinct{}
		d.fields(func(f uint64) bool {
			n.In = d.node(depth + 1)
			return f == 1
		})
		return d.with(n, n.In)
	case kindUnion:
		return d.union(depth)
	case kindTop:
		return d.top(depth)
	case kindExchange:
		n := &Exchange{}
		d.fields(func(f uint64) bool {
			switch f {
			case 1:
				n.In = d.node(depth + 1)
			case 2:
				n.Keys = d.ints()
			default:
				return false
			}
			return true
		})
		return d.with(n, n.In)
	default:
		d.r.Fail("unknown kind of node %d", kind)
		return nil
	}
}

// with returns n, which must have all its inputs.
func (d *decoder) with(n Node, ins ...Node) Node {
	for _, in := range ins {
		if in == nil {
			d.r.Fail("%T without input", n)
			return nil
		}
	}
	return n
}

func (d *decoder) scan() Node {
	n := &Scan{}
	d.fields(func(f uint64) bool {
		switch f {
		case 1:
			n.Table = d.r.Uvarint()
		case 2:
			n.Name = d.r.String()
		case 3:
			n.Cols = d.ints()
		case 4:
			n.Access = d.access()
		case 5:
			n.Sch = d.schema()
		default:
			return false
		}
		return true
	})
	return n
}

func (d *decoder) access() *Access {
	a := &Access{}
	d.fields(func(f uint64) bool {
		switch f {
		case 1:
			a.Index = uint32(d.r.Uint(math.MaxUint32))
		case 2:
			a.Eq = d.exprs()
		case 3:
			a.Lo = d.expr()
		case 4:
			a.Hi = d.expr()
		case 5:
			a.LoOpen = d.r.Bool()
		case 6:
			a.HiOpen = d.r.Bool()
		case 7:
			a.In = d.exprLists()
		default:
			return false
		}
		return true
	})
	return a
}

// values: field 3 counts the rows, which may have no columns.
func (d *decoder) values() Node {
	n := &Values{}
	rows := uint64(0)
	d.fields(func(f uint64) bool {
		switch f {
		case 1:
			n.Rows = d.exprLists()
		case 2:
			n.Sch = d.schema()
		case 3:
			rows = d.r.Uvarint()
		default:
			return false
		}
		return true
	})
	if rows != uint64(len(n.Rows)) {
		d.r.Fail("%d rows, %d are announced", len(n.Rows), rows)
	}
	return n
}

func (d *decoder) join(depth int) Node {
	n := &Join{}
	d.fields(func(f uint64) bool {
		switch f {
		case 1:
			n.Kind = JoinKind(d.r.Uint(math.MaxUint8))
		case 2:
			n.L = d.node(depth + 1)
		case 3:
			n.R = d.node(depth + 1)
		case 4:
			n.LKeys = d.ints()
		case 5:
			n.RKeys = d.ints()
		case 6:
			n.On = d.exprs()
		case 7:
			n.Sch = d.schema()
		default:
			return false
		}
		return true
	})
	return d.with(n, n.L, n.R)
}

func (d *decoder) aggregate(depth int) Node {
	n := &Aggregate{}
	d.fields(func(f uint64) bool {
		switch f {
		case 1:
			n.In = d.node(depth + 1)
		case 2:
			n.Groups = d.ints()
		case 3:
			n.Aggs = d.aggs()
		case 4:
			n.Sch = d.schema()
		default:
			return false
		}
		return true
	})
	return d.with(n, n.In)
}

func (d *decoder) aggs() []Agg {
	out := make([]Agg, d.r.Count(3))
	for i := range out {
		a := &out[i]
		d.fields(func(f uint64) bool {
			switch f {
			case 1:
				a.Func = AggFunc(d.r.Uint(math.MaxUint8))
			case 2:
				a.Arg = int(d.r.Uint(math.MaxInt32))
			case 3:
				a.Distinct = d.r.Bool()
			case 4:
				a.Type = d.typ()
			case 5:
				a.Name = d.r.String()
			default:
				return false
			}
			return true
		})
	}
	return out
}

func (d *decoder) union(depth int) Node {
	n := &Union{}
	d.fields(func(f uint64) bool {
		switch f {
		case 1:
			n.Ins = make([]Node, d.r.Count(2))
			for i := range n.Ins {
				n.Ins[i] = d.node(depth + 1)
			}
		case 2:
			n.Sch = d.schema()
		default:
			return false
		}
		return true
	})
	return d.with(n, n.Ins...)
}

func (d *decoder) top(depth int) Node {
	n := &Top{Limit: NoLimit}
	d.fields(func(f uint64) bool {
		switch f {
		case 1:
			n.In = d.node(depth + 1)
		case 2:
			n.Groups = d.ints()
		case 3:
			for _, o := range d.ints() {
				n.Order = append(n.Order, Order{Col: o / 2, Desc: o%2 == 1})
			}
		case 4:
			n.Limit = int64(d.r.Uint(1<<63) - 1)
		case 5:
			n.Offset = int64(d.r.Uint(math.MaxInt64))
		case 6:
			n.LimitParam = d.expr()
		case 7:
			n.OffsetParam = d.expr()
		default:
			return false
		}
		return true
	})
	return d.with(n, n.In)
}
