package pull

import (
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/rel"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// distinctNode puts each row out once. Where equal rows have equal bytes, a
// row goes on as it comes; else it is put out at the end, when the smallest
// of its equals is known.
type distinctNode struct {
	in    node
	types []types.Type
	key   []zset.KeyCol
	isInt bool
	exact bool
}

func newDistinct(n *plan.Distinct) (node, error) {
	in, err := compile(n.In)
	if err != nil {
		return nil, err
	}
	d := &distinctNode{in: in, types: columnTypes(n.Schema()), exact: true}
	for i, t := range d.types {
		d.key = append(d.key, zset.KeyCol{Col: i})
		d.exact = d.exact && rel.Exact(t)
	}
	d.isInt = zset.KeyIsInt(d.types, d.key)
	return d, nil
}

func (n *distinctNode) estimate(x *exec) int64 { return n.in.estimate(x) }

func (n *distinctNode) open(x *exec) op {
	o := &distinctOp{
		n: n, in: n.in.open(x), mem: account{x: x, operator: "Distinct"},
		rows: zset.NewBatch(n.types, 0), out: zset.NewBatch(n.types, 0),
	}
	o.onBatch = o.batch
	return o
}

type distinctOp struct {
	n       *distinctNode
	in      op
	mem     account
	emit    func(*zset.Batch) error
	onBatch func(*zset.Batch) error

	table rel.GroupTable
	keys  zset.Keys
	ids   []int32
	fresh []int32
	rows  *zset.Batch // representatives, past ones too; unused when exact
	best  []int32     // per group: its representative in rows
	out   *zset.Batch
}

func (o *distinctOp) run(emit func(*zset.Batch) error) error {
	o.table.Reset()
	o.rows.Reset()
	o.best = o.best[:0]
	o.mem.bytes = 0
	o.emit = emit
	if err := o.in.run(o.onBatch); err != nil {
		return err
	}
	for lo := 0; lo < len(o.best); lo += zset.MaxRows {
		if err := o.put(o.rows, o.best[lo:min(lo+zset.MaxRows, len(o.best))]); err != nil {
			return err
		}
	}
	return nil
}

func (o *distinctOp) put(from *zset.Batch, idx []int32) error {
	o.out.Reset()
	o.out.AppendGather(from, idx)
	o.out.W = nil
	return o.emit(o.out)
}

func (o *distinctOp) batch(b *zset.Batch) error {
	o.ids = resize(o.ids, b.N)
	zset.NormaliseAs(&o.keys, b, o.n.key, o.n.isInt)
	next := int32(o.table.Len())
	o.table.Lookup(&o.keys, true, o.ids)
	if !o.n.exact {
		o.keepBest(b)
		return o.mem.hold(o.rows, o.table.Bytes()+int64(cap(o.best)*4))
	}
	if err := o.mem.set(o.table.Bytes()); err != nil {
		return err
	}
	o.fresh = freshRows(o.fresh, o.ids, next)
	if len(o.fresh) == 0 {
		return nil
	}
	return o.put(b, o.fresh)
}

// keepBest keeps the smallest row of each group by canonical bytes.
func (o *distinctOp) keepBest(b *zset.Batch) {
	for i, g := range o.ids {
		if int(g) == len(o.best) {
			o.best = append(o.best, int32(o.rows.N))
			o.rows.AppendRow(b, i, 1)
		} else if zset.CompareRows(b, i, o.rows, int(o.best[g]), nil) < 0 {
			o.best[g] = int32(o.rows.N)
			o.rows.AppendRow(b, i, 1)
		}
	}
}
