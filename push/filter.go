package push

import (
	"github.com/weirdb/weir/expr"
	"github.com/weirdb/weir/zset"
)

// filter keeps the rows for which every predicate is true: linear, so the
// change of the filtered is the filtered change.
type filter struct {
	base
	preds *expr.Filter
	cx    *expr.Ctx
}

func (o *filter) push(_ int, b *zset.Batch, sel []int32) error {
	o.cx.Reset()
	kept := o.preds.Apply(o.cx, b, sel)
	o.lane.failAll(o.cx, b)
	return o.emit(b, kept)
}

// failAll puts the rows that failed in cx into the view's errors.
func (l *lane) failAll(cx *expr.Ctx, b *zset.Batch) {
	if !cx.Errs.Any() {
		return
	}
	for _, i := range cx.Errs.Rows() {
		l.fail(cx.Errs.At(int(i)), b, int(i), nil, b.Weight(int(i)))
	}
}
