package blocks

import (
	"context"

	ds "github.com/ipfs/go-datastore"
)

// Part reads up to size bytes of a value from an offset on; fewer where it ends.
// The checksum is of the whole value, and not looked at: whoever asks knows a
// hash of what comes.
func (f *Files) Part(ctx context.Context, k ds.Key, offset, size int) ([]byte, error) {
	id, err := ParseKey(k)
	if err != nil {
		return nil, err
	}
	p, err := f.find(ctx, id[:])
	if err != nil {
		return nil, err
	}
	offset = max(0, min(offset, int(p.size)))
	b := make([]byte, max(0, min(size, int(p.size)-offset)))
	if len(b) == 0 {
		return b, nil
	}
	p.offset += uint32(headSize + offset)
	return b, f.readAt(p, b)
}
