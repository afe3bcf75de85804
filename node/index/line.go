package index

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// kind is what sets one index apart from another: a function from blocks to
// entries. What it stores of a block must be right whatever happens to the chain
// later: either it names the block, or whoever reads it looks whether the block is
// still where it says.
type kind interface {
	// prepare does what needs no other block, on any goroutine; the function
	// that it returns does the rest, block after block.
	prepare(u *consensus.Update) (apply func(w *writer) error)
	// revert takes a block back.
	revert(u *consensus.Update, w *writer) error
	// memory is what of the blocks before the next one needs; remember sets it.
	// Neither keeps or changes the bytes of the other.
	memory() []byte
	remember(b []byte) error
}

// place is where an index stands.
type place struct {
	known  bool // at least genesis is in it
	id     wire.Hash
	height uint32
	memory []byte
}

// next is the height of the block that follows.
func (p *place) next() uint32 {
	if !p.known {
		return 0
	}
	return p.height + 1
}

// format is the first byte of a stored place.
const format = 1

func (p *place) encode() []byte {
	b := append([]byte{format}, p.id[:]...)
	b = binary.BigEndian.AppendUint32(b, p.height)
	return append(b, p.memory...)
}

const placeSize = 1 + wire.HashSize + 4

func decodePlace(b []byte) (p place, err error) {
	switch {
	case len(b) > 0 && b[0] != format:
		return p, fmt.Errorf("format %d: %w", b[0], ErrFormat)
	case len(b) < placeSize:
		return p, fmt.Errorf("where it stands is damaged: %d bytes", len(b))
	}
	p = place{known: true, height: binary.BigEndian.Uint32(b[1+wire.HashSize:]), memory: b[placeSize:]}
	copy(p.id[:], b[1:])
	return p, nil
}

// An index's entries lie under keys of two bytes and more; these two say where it
// stands, and which places it has passed, to come back to after a crash.
var (
	placeKey = ds.NewKey("/at")
	trailKey = ds.NewKey("/trail")
)

// line is one index on its way along the chain.
type line struct {
	kind
	name  string
	store ds.Batching

	// Run's goroutine changes these, the first three with Set.mu held.
	at      place
	synced  bool
	missed  error
	trail   []place // see trail.go; oldest first
	strayed bool    // trail is not as it is stored
}

// read reads a stored place; one that is not known when there is none.
func (l *line) read(ctx context.Context, k ds.Key) (place, error) {
	b, err := l.store.Get(ctx, k)
	if errors.Is(err, ds.ErrNotFound) {
		return place{}, nil
	}
	if err != nil {
		return place{}, err
	}
	return decodePlace(b)
}

// stand puts the index where it once stood.
func (l *line) stand(at place) error {
	if err := l.remember(at.memory); err != nil {
		return err
	}
	l.at = at
	return nil
}

// writer collects what a few blocks change in one index.
type writer struct {
	ctx context.Context
	b   ds.Batch
	err error // the first one
}

func (l *line) begin(ctx context.Context) (*writer, error) {
	b, err := l.store.Batch(ctx)
	return &writer{ctx: ctx, b: b}, err
}

func (w *writer) put(k ds.Key, value []byte) {
	if w.err == nil {
		w.err = w.b.Put(w.ctx, k, value)
	}
}

func (w *writer) delete(k ds.Key) {
	if w.err == nil {
		w.err = w.b.Delete(w.ctx, k)
	}
}

// commit writes what was collected and where the index then stands.
func (w *writer) commit(at place) error {
	w.put(placeKey, at.encode())
	if w.err != nil {
		return w.err
	}
	return w.b.Commit(w.ctx)
}

// reader is what the indexes answer from.
type reader struct {
	store ds.Read
	chain Chain
	set   *Set
	name  string
}

// Ready returns when the index has read the chain up to the tip of the call: at
// once with false while it is being built.
func (r reader) Ready(ctx context.Context) (bool, error) { return r.set.Wait(ctx, r.name) }

// Height is that of the last block in the index.
func (r reader) Height() uint32 {
	at, _, _ := r.set.where(r.name)
	return at.height
}

// get reads an entry; nil when there is none.
func (r reader) get(ctx context.Context, k ds.Key) ([]byte, error) {
	b, err := r.store.Get(ctx, k)
	if errors.Is(err, ds.ErrNotFound) {
		return nil, nil
	}
	return b, err
}

// guard ends binary keys, which must not end in a slash.
const guard = 1

// blockKey is the key of an entry of a block, under a letter: in the order of
// heights, so that an index grows at one end.
func blockKey(letter byte, height uint32, id wire.Hash) ds.Key {
	b := binary.BigEndian.AppendUint32([]byte{'/', letter}, height)
	return ds.RawKey(string(append(append(b, id[:]...), guard)))
}
