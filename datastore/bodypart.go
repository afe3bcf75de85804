package datastore

import (
	"context"
	"errors"
	"fmt"

	ds "github.com/ipfs/go-datastore"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/blocks"
)

// BlockPart implements chain.PartReader.
func (s *Store) BlockPart(id wire.Hash, offset, size int) ([]byte, error) {
	b, err := s.parts[0].Part(context.Background(), blocks.Key(id), offset, size)
	if errors.Is(err, ds.ErrNotFound) {
		return nil, fmt.Errorf("block %v: %w", id, chain.ErrNoBlock)
	}
	if err != nil {
		return nil, fmt.Errorf("read a part of block %v: %w", id, err)
	}
	return b, nil
}
