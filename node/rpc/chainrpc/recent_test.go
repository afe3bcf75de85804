package chainrpc

import (
	"errors"
	"testing"

	"github.com/quernnet/quern/consensus/wire"
)

// Blocks that were asked for last are not read again, and take bounded memory.
func TestRecent(t *testing.T) {
	blocks := make(map[wire.Hash]*wire.Block)
	var ids []wire.Hash
	for i := range 40 {
		tx := &wire.Tx{Ins: []wire.In{{Script: make([]byte, 1<<20)}}, LockTime: uint32(i)}
		b := wire.NewBlock(wire.Header{Nonce: uint32(i)}, []*wire.Tx{tx.Seal()})
		blocks[b.ID()], ids = b, append(ids, b.ID())
	}
	reads := 0
	read := func(id wire.Hash) (*wire.Block, error) {
		reads++
		if b := blocks[id]; b != nil {
			return b, nil
		}
		return nil, errors.New("none")
	}
	var r recent
	for _, id := range ids {
		for range 2 {
			if b, err := r.block(id, read); err != nil || b != blocks[id] {
				t.Fatalf("%v, %v", b, err)
			}
		}
	}
	if reads != len(ids) || r.bytes > recentBytes || len(r.list) < 10 {
		t.Errorf("%d reads, %d bytes, %d blocks", reads, r.bytes, len(r.list))
	}
	if _, err := r.block(wire.Hash{1}, read); err == nil {
		t.Error("a block that is not there")
	}
}
