package zset

// AppendBatch appends the encoding of b, column types and weights included.
// Equal batches (same rows, order and types) have equal encodings.
func AppendBatch(dst []byte, b *Batch) []byte { panic("skeleton") }

// DecodeBatch reads a batch, which shares nothing with src, and returns the
// bytes behind it. Bytes that AppendBatch did not write give
// types.ErrCorrupt, or a batch that keeps every rule of this package; they
// never make it allocate more than some thirty times their length.
func DecodeBatch(src []byte) (b *Batch, rest []byte, err error) { panic("skeleton") }
