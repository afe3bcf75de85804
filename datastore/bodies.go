package datastore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/blocks"
	"github.com/quernnet/quern/datastore/coins"
	"github.com/quernnet/quern/datastore/failpoint"
)

// PutBlock stores a body. It is durable at the next Flush. Storing it twice
// does nothing.
func (s *Store) PutBlock(b *wire.Block) error {
	id := b.ID()
	if s.HasBlock(id) {
		return nil
	}
	raw := b.Bytes()
	if err := s.filesDisk.require(int64(len(raw))); err != nil {
		return err
	}
	failpoint.Hit(failpoint.BeforeBody)
	if err := s.files.Put(context.Background(), bodyMount.Child(blocks.Key(id)), raw); err != nil {
		return fmt.Errorf("store block %v: %w", id, err)
	}
	failpoint.Hit(failpoint.AfterBody)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies[id] = struct{}{}
	return nil
}

// HasBlock says whether a body is stored; genesis always is.
func (s *Store) HasBlock(id wire.Hash) bool {
	s.mu.RLock()
	_, ok := s.bodies[id]
	s.mu.RUnlock()
	return ok || id == s.c.Params.Genesis.ID()
}

// Block reads a body; chain.ErrNoBlock when it is not stored. One whose position
// is lost is not stored from then on, so that PutBlock takes it anew. One whose
// bytes are damaged is an error of the disk, not a body that is missing.
func (s *Store) Block(id wire.Hash) (*wire.Block, error) {
	if g := s.c.Params.Genesis; id == g.ID() {
		return g, nil
	}
	raw, err := s.read(bodyMount, id)
	if errors.Is(err, chain.ErrNoBlock) {
		s.forget(id)
	}
	if err != nil {
		return nil, err
	}
	b, err := wire.DecodeBlock(raw)
	if err != nil {
		return nil, fmt.Errorf("stored block %v: %w", id, err)
	}
	return b, nil
}

// forget notes that a body is gone. It is looked for once more, because it may
// have been stored since it was missed.
func (s *Store) forget(id wire.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	has, err := s.files.Has(context.Background(), bodyMount.Child(blocks.Key(id)))
	if err == nil && !has {
		delete(s.bodies, id)
	}
}

func (s *Store) read(at ds.Key, id wire.Hash) ([]byte, error) {
	raw, err := s.files.Get(context.Background(), at.Child(blocks.Key(id)))
	if errors.Is(err, ds.ErrNotFound) {
		return nil, fmt.Errorf("block %v: %w", id, chain.ErrNoBlock)
	}
	if err != nil {
		return nil, fmt.Errorf("read%s of %v: %w", at, id, err)
	}
	return raw, nil
}

// Undo reads the coins spent by a block that was once applied, in block order;
// chain.ErrNoBlock when it never was.
func (s *Store) Undo(id wire.Hash) ([]consensus.Coin, error) {
	if id == s.c.Params.Genesis.ID() {
		return nil, nil
	}
	raw, err := s.read(undoMount, id)
	if err != nil {
		return nil, err
	}
	spent, err := decodeUndo(raw)
	if err != nil {
		return nil, fmt.Errorf("undo data of %v: %w", id, err)
	}
	return spent, nil
}

func (s *Store) putUndo(id wire.Hash, spent []consensus.Coin) error {
	raw := encodeUndo(spent)
	if err := s.filesDisk.require(int64(len(raw))); err != nil {
		return err
	}
	failpoint.Hit(failpoint.BeforeUndo)
	if err := s.files.Put(context.Background(), undoMount.Child(blocks.Key(id)), raw); err != nil {
		return fmt.Errorf("store undo data of %v: %w", id, err)
	}
	failpoint.Hit(failpoint.AfterUndo)
	return nil
}

// encodeUndo writes a count and each coin by its encoding.
func encodeUndo(spent []consensus.Coin) []byte {
	b := binary.AppendUvarint(make([]byte, 0, 10+40*len(spent)), uint64(len(spent)))
	for i := range spent {
		b = coins.Append(b, &spent[i])
	}
	return b
}

func decodeUndo(b []byte) ([]consensus.Coin, error) {
	count, n := binary.Uvarint(b)
	if n <= 0 || count > uint64(len(b)) {
		return nil, errors.New("damaged count of coins")
	}
	spent, a, rest := make([]consensus.Coin, count), new(coins.Arena), b[n:]
	for i := range spent {
		var err error
		if spent[i], rest, err = a.Next(rest); err != nil {
			return nil, err
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes too many", len(rest))
	}
	return spent, nil
}
