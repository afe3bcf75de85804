package chain

import "github.com/quernnet/quern/consensus/wire"

// PartReader is a Store that can read less than a whole body.
type PartReader interface {
	// BlockPart reads up to size bytes of a body's encoding from an offset on, fewer where it ends,
	// without checking them; ErrNoBlock when the body is not stored.
	BlockPart(id wire.Hash, offset, size int) ([]byte, error)
}

// BlockPart reads up to size bytes of a body's encoding from an offset on, fewer
// where it ends. They may not be those that were stored, where a disk fails: whoever asks
// knows a hash of what comes. ErrNoBlock when the body is not stored.
func (c *Chain) BlockPart(id wire.Hash, offset, size int) ([]byte, error) {
	if r, ok := c.store.(PartReader); ok && id != c.params.Genesis.ID() {
		return r.BlockPart(id, offset, size)
	}
	b, err := c.Block(id)
	if err != nil {
		return nil, err
	}
	raw := b.Bytes()
	raw = raw[max(0, min(offset, len(raw))):]
	return raw[:max(0, min(size, len(raw)))], nil
}
