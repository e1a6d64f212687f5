package push

import (
	"github.com/weirdb/weir/plan"
	"github.com/weirdb/weir/zset"
)

// same finds the values of a Same aggregate without keeping those of every
// row: all rows of a group have one value, before the step and after it. What
// a step changes may show both, and rows of either that cancel out; the value
// whose rows remain is the group's.
type same struct {
	col, arg int     // in the state row, in the input
	heads    []int32 // by group: its first net, -1 for none
	nets     []net
}

// net is one of the values that a group has in hand, and its rows.
type net struct {
	row  int32 // of the change; -1 is the value of the state before
	next int32 // another value of the group, -1 for none
	w    int64
}

// samesOf returns the Same aggregates of n for one lane.
func samesOf(n *plan.Aggregate, lay layout) []same {
	var out []same
	col := lay.picked
	for _, a := range n.Aggs {
		if isLinear(a) {
			continue
		}
		if a.Func == plan.Same {
			out = append(out, same{col: col, arg: a.Arg})
		}
		col++
	}
	return out
}

// fill appends the value of every group to dst.
func (s *same) fill(o *aggregate, dst *zset.Vec) {
	s.sum(o)
	vals, old := &o.change.rows.Cols[s.arg], &o.old.Cols[s.col]
	for g, k := range s.heads {
		for k >= 0 && s.nets[k].w <= 0 {
			k = s.nets[k].next
		}
		switch {
		case k < 0 || !o.present(g):
			dst.AppendNull()
		case s.nets[k].row < 0:
			dst.AppendFrom(old, int(o.oldAt[g]))
		default:
			dst.AppendFrom(vals, int(s.nets[k].row))
		}
	}
}

// sum adds up the rows of each value of each group.
func (s *same) sum(o *aggregate) {
	s.heads, s.nets = s.heads[:0], s.nets[:0]
	for _, was := range o.was {
		head := int32(-1)
		if was > 0 {
			head = int32(len(s.nets))
			s.nets = append(s.nets, net{row: -1, next: -1, w: was})
		}
		s.heads = append(s.heads, head)
	}
	rows, old := o.change.rows, &o.old.Cols[s.col]
	vals := &rows.Cols[s.arg]
	for i, g := range o.groups {
		k := s.heads[g]
		for ; k >= 0; k = s.nets[k].next {
			n := &s.nets[k]
			if n.row < 0 && vals.CompareAt(i, old, int(o.oldAt[g])) == 0 || n.row >= 0 && vals.CompareAt(i, vals, int(n.row)) == 0 {
				n.w += rows.Weight(i)
				break
			}
		}
		if k < 0 {
			s.nets = append(s.nets, net{row: int32(i), next: s.heads[g], w: rows.Weight(i)})
			s.heads[g] = int32(len(s.nets) - 1)
		}
	}
}
