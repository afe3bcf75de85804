package chainrpc

import (
	"slices"
	"sync"

	"github.com/quernnet/quern/consensus/wire"
)

// recentBytes is how much memory the blocks that were asked for last may take.
const recentBytes = 32 << 20

// recent keeps the blocks that were asked for last: whoever follows the chain
// asks for the newest one, and most of the work of an answer is to read and
// parse it. The blocks are not changed by anybody. mu guards both fields; the
// list has the newest last.
type recent struct {
	mu    sync.Mutex
	list  []*wire.Block
	bytes int
}

// block returns a block from the list, or else by read.
func (r *recent) block(id wire.Hash, read func(wire.Hash) (*wire.Block, error)) (*wire.Block, error) {
	if b := r.take(id); b != nil {
		return b, nil
	}
	b, err := read(id)
	if err == nil {
		r.keep(id, b)
	}
	return b, err
}

// take finds a block and makes it the newest.
func (r *recent) take(id wire.Hash) *wire.Block {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.find(id)
	if i < 0 {
		return nil
	}
	b := r.list[i]
	r.list = append(slices.Delete(r.list, i, i+1), b)
	return b
}

// keep adds a block, and forgets those that are too many then.
func (r *recent) keep(id wire.Hash, b *wire.Block) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.find(id) >= 0 {
		return // somebody else has read it meanwhile
	}
	r.list = append(r.list, b)
	r.bytes += b.Memory()
	for r.bytes > recentBytes {
		r.bytes -= r.list[0].Memory()
		r.list = slices.Delete(r.list, 0, 1)
	}
}

// find is a block's place. mu is held.
func (r *recent) find(id wire.Hash) int {
	return slices.IndexFunc(r.list, func(b *wire.Block) bool { return b.ID() == id })
}
