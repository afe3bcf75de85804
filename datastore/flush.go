package datastore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	ds "github.com/ipfs/go-datastore"
	"github.com/ipfs/go-datastore/query"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/blocks"
	"github.com/quernnet/quern/datastore/coins"
	"github.com/quernnet/quern/datastore/failpoint"
)

// saved is the record that names the state which the rest of the key-value
// store is in.
type saved struct {
	tip     wire.Hash
	coins   int64
	headers uint64
}

const savedSize = wire.HashSize + 8 + 8

func (s *saved) encode() []byte {
	b := append(make([]byte, 0, savedSize), s.tip[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.coins))
	return binary.BigEndian.AppendUint64(b, s.headers)
}

func decodeSaved(b []byte) (s saved, err error) {
	if len(b) != savedSize {
		return s, fmt.Errorf("damaged state record: %d bytes", len(b))
	}
	copy(s.tip[:], b)
	s.coins = int64(binary.BigEndian.Uint64(b[wire.HashSize:]))
	s.headers = binary.BigEndian.Uint64(b[wire.HashSize+8:])
	return s, nil
}

// load brings memory to the state of the last flush.
func (s *Store) load(ctx context.Context) error {
	b, err := s.kv.Get(ctx, stateKey)
	switch {
	case errors.Is(err, ds.ErrNotFound):
		s.saved = saved{tip: s.c.Params.Genesis.ID()}
	case err != nil:
		return fmt.Errorf("read state: %w", err)
	default:
		if s.saved, err = decodeSaved(b); err != nil {
			return err
		}
	}
	s.tip, s.count = s.saved.tip, s.saved.coins
	s.cache = coins.New(flushed{s.kv}, s.c.Cache)
	s.heads = headers{
		numbers: make(map[wire.Hash]uint64, s.saved.headers),
		pending: make(map[uint64]chain.StoredHeader),
		marks:   make(map[wire.Hash]chain.Mark),
	}
	for h, err := range s.flushedHeaders() {
		if err != nil {
			return fmt.Errorf("read headers: %w", err)
		}
		failpoint.Hit(failpoint.DuringLoad)
		id := h.ID()
		s.heads.numbers[id] = h.number
		if h.Mark != 0 {
			s.heads.marks[id] = h.Mark
		}
	}
	bodies, err := s.parts[0].Query(ctx, query.Query{KeysOnly: true})
	if err != nil {
		return fmt.Errorf("read positions of blocks: %w", err)
	}
	defer bodies.Close()
	for {
		r, ok := bodies.NextSync()
		if !ok {
			return nil
		}
		if r.Error != nil {
			return fmt.Errorf("read positions of blocks: %w", r.Error)
		}
		id, err := blocks.ParseKey(ds.RawKey(r.Key))
		if err != nil {
			return fmt.Errorf("read positions of blocks: %w", err)
		}
		s.bodies[id] = struct{}{}
	}
}

// NeedsFlush says that the store holds as much unflushed as Config.Cache allows.
func (s *Store) NeedsFlush() bool {
	return s.cache.Bytes()+s.otherBytes() >= s.c.Cache
}

// otherBytes is what waits for the next flush beside coins.
func (s *Store) otherBytes() int64 {
	n := int64(len(s.heads.pending)) * headerBytes
	for _, f := range s.parts {
		n += f.PendingBytes()
	}
	return n
}

// flushFactor is how many times a batch may be on disk before the database has
// cleaned up: in its log, in a new file, and in one merged from that.
const flushFactor = 4

// Flush makes everything up to now durable, atomically: after a crash Load
// returns this tip or a later flush's, with the coins at that tip. tip must be
// where Apply and Revert have brought the coins.
func (s *Store) Flush(tip wire.Hash) error {
	switch {
	case s.broken != nil:
		return s.broken
	case tip != s.tip:
		return fmt.Errorf("flush at block %v: the coins are at block %v", tip, s.tip)
	}
	if err := s.volume.require(flushFactor * (s.cache.BatchBytes() + s.otherBytes())); err != nil {
		return err
	}
	ctx := context.Background()
	// A failed sync may have dropped what it should have written, and the next
	// would succeed without it: so there must be none.
	failpoint.Hit(failpoint.BeforeFileSync)
	if err := s.files.Sync(ctx, ds.NewKey("/")); err != nil {
		s.fail(err)
		return fmt.Errorf("flush: %w", err)
	}
	failpoint.Hit(failpoint.AfterFileSync)
	next := saved{tip: tip, coins: s.count, headers: uint64(len(s.heads.numbers))}
	batch, err := s.kv.Batch(ctx)
	if err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	if err := s.fill(ctx, batch, next); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	failpoint.Hit(failpoint.BeforeCommit)
	// From here on nobody knows what the database has unless all goes well.
	if err := s.commit(ctx, batch, next); err != nil {
		s.fail(err)
		return fmt.Errorf("flush: %w", err)
	}
	failpoint.Hit(failpoint.AfterCommit)
	if err := s.kv.Sync(ctx, ds.NewKey("/")); err != nil {
		s.fail(err)
		return fmt.Errorf("flush: %w", err)
	}
	failpoint.Hit(failpoint.AfterSync)
	defer failpoint.Hit(failpoint.AfterFlush)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache.Flushed()
	clear(s.heads.pending)
	for _, f := range s.parts {
		f.Committed()
	}
	return nil
}

// commit is one moment for EachCoin: it sees the coins and the count before it,
// or those after it.
func (s *Store) commit(ctx context.Context, batch ds.Batch, next saved) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := batch.Commit(ctx); err != nil {
		return err
	}
	s.saved = next
	return nil
}

func (s *Store) snapshot(ctx context.Context) (count int64, entries query.Results, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	entries, err = s.kv.Query(ctx, query.Query{Prefix: coinSpace, Orders: []query.Order{query.OrderByKey{}}})
	return s.saved.coins, entries, err
}

// fill puts all that changed since the last flush into the batch.
func (s *Store) fill(ctx context.Context, batch ds.Batch, next saved) error {
	for op, value := range s.cache.Changes() {
		var err error
		if value == nil {
			err = batch.Delete(ctx, coinKey(op))
		} else {
			err = batch.Put(ctx, coinKey(op), value)
		}
		if err != nil {
			return err
		}
	}
	for number, h := range s.heads.pending {
		if err := batch.Put(ctx, headerKey(number), encodeHeader(&h)); err != nil {
			return err
		}
	}
	for _, f := range s.parts {
		if err := f.Commit(ctx, batch); err != nil {
			return err
		}
	}
	failpoint.Hit(failpoint.BeforeTip)
	return batch.Put(ctx, stateKey, next.encode())
}
