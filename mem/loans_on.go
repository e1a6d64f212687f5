//go:build invariants

package mem

import (
	"bytes"
	"slices"
	"sync"

	"github.com/weirdb/weir/internal/invariant"
	"github.com/weirdb/weir/zset"
)

// poison is what a released block is overwritten with.
const poison = 0xDE

// poisonWord is poison in every byte.
const poisonWord = 0xDEDEDEDEDEDEDEDE

// loans are the copies of a block that are out.
type loans struct {
	mu  sync.Mutex
	out map[*Block]bool
}

func (l *loans) lend(own *Block) *Block {
	b := &Block{Rows: cloneBatch(&own.Rows), Keys: zset.Keys{
		Int: slices.Clone(own.Keys.Int), Off: slices.Clone(own.Keys.Off), Data: bytes.Clone(own.Keys.Data)}}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out == nil {
		l.out = map[*Block]bool{}
	}
	l.out[b] = true
	return b
}

func (l *loans) end(own, b *Block) {
	l.mu.Lock()
	ok := l.out[b]
	delete(l.out, b)
	l.mu.Unlock()
	invariant.Check(ok, "a block is released that is not out")
	poisonInts(b.Rows.W)
	poisonInts(b.Keys.Int)
	poisonBytes(b.Keys.Data)
	for i := range b.Rows.Cols {
		v := &b.Rows.Cols[i]
		poisonInts(v.I)
		poisonBytes(v.Data)
		for j := range v.F {
			v.F[j] = -1e300
		}
		for j := range v.W {
			v.W[j] = poisonWord
		}
	}
}

// resident denies that the block is there, so that nobody relies on a hint.
func (*loans) resident(*Block) *Block { return nil }

func poisonInts(s []int64) {
	for i := range s {
		s[i] = -0x2121212121212122
	}
}

func poisonBytes(s []byte) {
	for i := range s {
		s[i] = poison
	}
}

func cloneBatch(b *zset.Batch) zset.Batch {
	c := zset.Batch{N: b.N, W: slices.Clone(b.W), Cols: slices.Clone(b.Cols)}
	for i := range c.Cols {
		v := &c.Cols[i]
		v.I, v.F, v.W = slices.Clone(v.I), slices.Clone(v.F), slices.Clone(v.W)
		v.Off, v.Data, v.Valid = slices.Clone(v.Off), bytes.Clone(v.Data), slices.Clone(v.Valid)
	}
	return c
}
