package arrange

import "github.com/weirdb/weir/zset"

// Snap is the content of a lane at one moment. It never changes and is safe
// for concurrent use.
//
// Reads name the columns they want by cols, positions in Schema.Types; a nil
// or empty cols asks for the rows' weights only. Batches passed to emit are
// borrowed until it returns, hold at most zset.MaxRows rows, and are
// consolidated: equal rows come once, none with weight 0 (weights are
// positive if the lane's content is a relation). W is nil when every weight
// is 1. An error from emit ends the read and is returned; other errors are
// faults of the disk.
type Snap struct{}

// Rows returns the sum of all weights: the number of rows of a relation.
func (s *Snap) Rows() int64 { panic("arrange: Rows") }

// Bytes returns about how many bytes the runs and the tail take.
func (s *Snap) Bytes() int64 { panic("arrange: Bytes") }

// Runs returns the number of runs.
func (s *Snap) Runs() int { panic("arrange: Runs") }

// Scan emits the rows within r in order of (key, canonical row).
func (s *Snap) Scan(cols []int, r zset.Range, emit func(*zset.Batch) error) error {
	panic("arrange: Scan")
}

// Seek emits the rows whose key begins with one of keys, which are normalised
// over the first prefix columns of the key, in any order. probe[i] is the
// position in keys that row i of the batch answers; the order of positions
// ascends, and the rows of one probe are in order of (key, canonical row).
func (s *Snap) Seek(keys *zset.Keys, prefix int, cols []int, emit func(probe []int32, b *zset.Batch) error) error {
	panic("arrange: Seek")
}

// Get appends the columns cols of the rows with the whole key to dst, which
// has len(cols) columns of the fitting types, and returns how many there
// were. It allocates nothing beyond what dst needs to grow.
func (s *Snap) Get(key zset.Key, cols []int, dst *zset.Batch) (int, error) {
	panic("arrange: Get")
}

// WeightOf returns the weight of row i of row, which has all columns, with
// its whole key: 0 when it is not there.
func (s *Snap) WeightOf(key zset.Key, row *zset.Batch, i int) (int64, error) {
	panic("arrange: WeightOf")
}

// Weights sets out[i] to the weight of row i of rows, which has all columns
// and whose whole key is key i of keys. len(out) is rows.N.
func (s *Snap) Weights(keys *zset.Keys, rows *zset.Batch, out []int64) error {
	panic("arrange: Weights")
}

// Cursor returns a cursor before the first row within r, or, with reverse,
// one behind the last row that walks backwards. It is cheap to open; Close it.
func (s *Snap) Cursor(r zset.Range, reverse bool) *Cursor { panic("arrange: Cursor") }

// Cursor walks rows in order of (key, canonical row), or in the reverse
// order. It belongs to one goroutine.
type Cursor struct{}

// Reset moves the cursor to s, as Snap.Cursor does, and reuses its memory.
// The zero Cursor may be Reset.
func (c *Cursor) Reset(s *Snap, r zset.Range, reverse bool) { panic("arrange: Reset") }

// Next moves to the next row and tells whether there is one.
func (c *Cursor) Next() bool { panic("arrange: Next") }

// Key returns the row's key, borrowed until the next call of Next.
func (c *Cursor) Key() zset.Key { panic("arrange: Key") }

// Row returns a batch of all columns and the row's position in it, both
// borrowed until the next call of Next. The weights of the batch mean nothing.
func (c *Cursor) Row() (*zset.Batch, int) { panic("arrange: Row") }

// Weight returns the row's weight, never 0.
func (c *Cursor) Weight() int64 { panic("arrange: Weight") }

// Err returns the fault of the disk that ended the walk, if one did.
func (c *Cursor) Err() error { panic("arrange: Err") }

// Close ends the walk. It may be called again.
func (c *Cursor) Close() { panic("arrange: Close") }
