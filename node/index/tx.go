package index

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Tx tells in which block a transaction is. One of a block that has left the chain is
// still found until another block has it, as with Bitcoin Core.
type Tx struct {
	reader
	secret secret
}

func newTx(ctx context.Context, r reader, rand io.Reader) (*Tx, error) {
	s, err := loadSecret(ctx, r, rand)
	return &Tx{r, s}, err
}

// spot is where a transaction is: the block, by its height on the active branch or
// by its id off it, and how many bytes of the block's encoding come before.
type spot struct {
	height uint32
	offset uint32
	stale  *wire.Hash
}

// encode writes height and offset as varints, and the id.
func (s *spot) encode() []byte {
	b := binary.AppendUvarint(make([]byte, 0, 8), uint64(s.height))
	b = binary.AppendUvarint(b, uint64(s.offset))
	if s.stale != nil {
		b = append(b, s.stale[:]...)
	}
	return b
}

var errSpot = errors.New("damaged entry of a transaction's place")

func decodeSpot(b []byte) (s spot, err error) {
	height, n := binary.Uvarint(b)
	if n <= 0 || height > 1<<32-1 {
		return s, errSpot
	}
	offset, m := binary.Uvarint(b[n:])
	if m <= 0 || offset > 1<<32-1 {
		return s, errSpot
	}
	s.height, s.offset = uint32(height), uint32(offset)
	switch b = b[n+m:]; len(b) {
	case 0:
	case wire.HashSize:
		s.stale = (*wire.Hash)(b)
	default:
		return s, errSpot
	}
	return s, nil
}

// offsets calls f with each transaction and where it begins in the block's encoding.
func offsets(b *wire.Block, f func(i int, t *wire.Tx, offset uint32)) {
	at := wire.HeaderSize + wire.VarintSize(uint64(len(b.Txs)))
	for i, t := range b.Txs {
		f(i, t, uint32(at))
		at += t.Size()
	}
}

// entry is one that is to be put.
type entry struct {
	key   ds.Key
	value []byte
}

func putAll(entries []entry) func(*writer) error {
	return func(w *writer) error {
		for _, e := range entries {
			w.put(e.key, e.value)
		}
		return w.err
	}
}

// prepare leaves genesis out, whose transaction nobody can spend.
func (x *Tx) prepare(u *consensus.Update) func(*writer) error {
	if u.Next.Height == 0 {
		return putAll(nil)
	}
	return putAll(x.entries(u, nil))
}

func (x *Tx) entries(u *consensus.Update, stale *wire.Hash) []entry {
	entries := make([]entry, len(u.Block.Txs))
	offsets(u.Block, func(i int, t *wire.Tx, offset uint32) {
		id := t.ID()
		s := spot{u.Next.Height, offset, stale}
		entries[i] = entry{x.secret.key(id[:]), s.encode()}
	})
	return entries
}

// revert names the block in the entries, since its height is about to be another's.
func (x *Tx) revert(u *consensus.Update, w *writer) error {
	id := u.Next.ID
	return putAll(x.entries(u, &id))(w)
}

func (x *Tx) memory() []byte        { return nil }
func (x *Tx) remember([]byte) error { return nil }

// Found is a transaction in a block.
type Found struct {
	Tx    *wire.Tx
	Block wire.Hash // its id
}

// Find looks a transaction up; nil when no block has it. The error wraps
// chain.ErrNoBlock where the block is no longer stored.
func (x *Tx) Find(ctx context.Context, id wire.Hash) (*Found, error) {
	s, err := x.lookUp(ctx, x.secret.key(id[:]))
	if s == nil || err != nil {
		return nil, err
	}
	block, ok := x.block(*s)
	if !ok {
		return nil, nil
	}
	t, err := x.read(block, int(s.offset))
	if t == nil || err != nil || t.ID() != id {
		return nil, err
	}
	return &Found{t, block}, nil
}

// firstRead is how many bytes are read of a transaction at first; most have fewer.
const firstRead = 4 << 10

// read reads the transaction that begins at an offset of a block; nil where none
// does. Its id says whether it is the right one, so that the rest of the block
// need not be looked at.
func (x *Tx) read(block wire.Hash, offset int) (*wire.Tx, error) {
	for size := firstRead; ; size *= 8 {
		b, err := x.chain.BlockPart(block, offset, size)
		if err != nil {
			return nil, fmt.Errorf("block of a transaction: %w", err)
		}
		if n, err := wire.CutTx(b); err == nil {
			t, err := wire.DecodeTx(b[:n])
			if err == nil {
				return t, nil
			}
		}
		if len(b) < size { // there is no more
			return nil, nil
		}
	}
}

// block is the block that s is in; ok is false where the chain has none of that height.
func (r reader) block(s spot) (id wire.Hash, ok bool) {
	if s.stale != nil {
		return *s.stale, true
	}
	h, ok := r.chain.ActiveAt(s.height)
	return h.ID, ok
}

// lookUp reads the entry under k; nil when there is none.
func (r reader) lookUp(ctx context.Context, k ds.Key) (*spot, error) {
	b, err := r.get(ctx, k)
	if b == nil || err != nil {
		return nil, err
	}
	s, err := decodeSpot(b)
	return &s, err
}
