package push

import (
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/types"
	"github.com/weirdb/weir/zset"
)

// project computes one column per expression: linear. A row for which one
// fails leaves the stream.
type project struct {
	base
	exprs []*expr.Program
	types []types.Type
	cx    *expr.Ctx
	view  zset.Batch
	sel   []int32
}

func (o *project) push(_ int, b *zset.Batch, sel []int32) error {
	o.cx.Reset()
	o.view.N, o.view.W, o.view.Cols = b.N, b.W, o.view.Cols[:0]
	for i, e := range o.exprs {
		v := *e.Eval(o.cx, b, sel)
		v.Type = o.types[i]
		o.view.Cols = append(o.view.Cols, v)
	}
	if o.cx.Errs.Any() {
		o.lane.failAll(o.cx, b)
		o.sel = without(o.sel[:0], b.N, sel, &o.cx.Errs)
		sel = o.sel
	}
	return o.emit(&o.view, sel)
}

// without appends to dst the rows of sel (nil: all n) that have no error.
// The result is not nil, which would be all rows.
func without(dst []int32, n int, sel []int32, errs *expr.Errs) []int32 {
	if dst == nil {
		dst = []int32{}
	}
	if sel == nil {
		for i := range n {
			if !errs.Has(i) {
				dst = append(dst, int32(i))
			}
		}
		return dst
	}
	for _, i := range sel {
		if !errs.Has(int(i)) {
			dst = append(dst, i)
		}
	}
	return dst
}
