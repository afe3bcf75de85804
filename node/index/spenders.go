package index

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Spenders tells which transaction of the active branch spent an output.
type Spenders struct {
	reader
	secret secret
}

func newSpenders(ctx context.Context, r reader, rand io.Reader) (*Spenders, error) {
	s, err := loadSecret(ctx, r, rand)
	return &Spenders{r, s}, err
}

func (x *Spenders) key(op wire.Outpoint) ds.Key {
	var b [wire.HashSize + 4]byte
	copy(b[:], op.TxID[:])
	binary.LittleEndian.PutUint32(b[wire.HashSize:], op.Index)
	return x.secret.key(b[:])
}

func (x *Spenders) prepare(u *consensus.Update) func(*writer) error {
	entries := make([]entry, 0, len(u.Spent))
	offsets(u.Block, func(i int, t *wire.Tx, offset uint32) {
		if i == 0 {
			return
		}
		s := spot{height: u.Next.Height, offset: offset}
		value := s.encode()
		for j := range t.Ins {
			entries = append(entries, entry{x.key(t.Ins[j].Prev), value})
		}
	})
	return putAll(entries)
}

func (x *Spenders) revert(u *consensus.Update, w *writer) error {
	for _, t := range u.Block.Txs[1:] {
		for j := range t.Ins {
			w.delete(x.key(t.Ins[j].Prev))
		}
	}
	return w.err
}

func (x *Spenders) memory() []byte        { return nil }
func (x *Spenders) remember([]byte) error { return nil }

// Find looks up who spent an output; nil when nobody did, as far as the index is.
func (x *Spenders) Find(ctx context.Context, op wire.Outpoint) (*Found, error) {
	s, err := x.lookUp(ctx, x.key(op))
	if s == nil || err != nil {
		return nil, err
	}
	id, ok := x.block(*s)
	if !ok {
		return nil, nil
	}
	// The whole block, of which a checksum is kept: nobody knows the id that must come.
	b, err := x.chain.Block(id)
	if err != nil {
		return nil, fmt.Errorf("block of a spender: %w", err)
	}
	var found *Found
	offsets(b, func(_ int, t *wire.Tx, offset uint32) {
		if offset == s.offset && slices.ContainsFunc(t.Ins, func(in wire.In) bool { return in.Prev == op }) {
			found = &Found{t, id}
		}
	})
	return found, nil
}
