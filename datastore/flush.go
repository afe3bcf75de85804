package datastore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"time"

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
	savedSet
	headers uint64
	space   coinSpace    // of the set
	behind  *savedBehind // nil: there is no other set
}

// savedSet is where a coin set is.
type savedSet struct {
	tip   wire.Hash
	coins int64
}

const savedSize = wire.HashSize + 8 + 8

// encode leaves the space out where it is the first, as the oldest folders do.
func (s *saved) encode() []byte {
	b := append(make([]byte, 0, savedSize+1), s.tip[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(s.coins))
	b = binary.BigEndian.AppendUint64(b, s.headers)
	if s.space != 0 {
		b = append(b, byte(s.space))
	}
	return b
}

func decodeSaved(b []byte) (s saved, err error) {
	if len(b) != savedSize && (len(b) != savedSize+1 || b[savedSize] != 1) {
		return s, fmt.Errorf("damaged state record: %x", b)
	}
	copy(s.tip[:], b)
	s.coins = int64(binary.BigEndian.Uint64(b[wire.HashSize:]))
	s.headers = binary.BigEndian.Uint64(b[wire.HashSize+8:])
	if len(b) > savedSize {
		s.space = 1
	}
	return s, nil
}

// put adds the records of the state to a batch.
func (s *saved) put(ctx context.Context, batch ds.Batch) error {
	if s.behind != nil {
		if err := batch.Put(ctx, behindKey, s.behind.encode()); err != nil {
			return err
		}
	}
	return batch.Put(ctx, stateKey, s.encode())
}

// load brings memory to the state of the last flush.
func (s *Store) load(ctx context.Context) error {
	b, err := s.kv.Get(ctx, stateKey)
	switch {
	case errors.Is(err, ds.ErrNotFound):
		s.saved = saved{savedSet: savedSet{tip: s.c.Params.Genesis.ID()}}
	case err != nil:
		return fmt.Errorf("read state: %w", err)
	default:
		if s.saved, err = decodeSaved(b); err != nil {
			return err
		}
	}
	if err := s.loadSets(ctx); err != nil {
		return err
	}
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

// NeedsFlush says that the changes that are not frozen take as much memory as
// they may.
func (s *Store) NeedsFlush() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.set.cache.Full() || s.behind != nil && s.behind.cache.Full() || s.otherBytes() >= s.shares.others
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

// Freeze sets aside everything up to now, the state at tip, for the next call
// of Flush. tip must be where Apply and Revert have brought the coins. It moves
// no data, so that it takes no time to speak of.
func (s *Store) Freeze(tip wire.Hash) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.broken != nil:
		return s.broken
	case s.frozen != nil:
		return errors.New("freeze: the last frozen state is not flushed")
	case tip != s.set.tip:
		return fmt.Errorf("freeze at block %v: the coins are at block %v", tip, s.set.tip)
	}
	changes := s.otherBytes()
	for _, c := range s.sets() {
		changes += c.cache.Stats().Dirty.Batch
	}
	if err := s.kvDisk.require(flushFactor * changes); err != nil {
		return err
	}
	s.frozen = s.now()
	for _, c := range s.sets() {
		c.cache.Freeze()
	}
	s.heads.frozen, s.heads.pending = s.heads.pending, make(map[uint64]chain.StoredHeader)
	for _, f := range s.parts {
		f.Freeze()
	}
	return nil
}

// Thaw takes Freeze back, before Flush has begun.
func (s *Store) Thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frozen == nil {
		return
	}
	s.frozen = nil
	for _, c := range s.sets() {
		c.cache.Thaw()
	}
	maps.Copy(s.heads.frozen, s.heads.pending)
	s.heads.pending, s.heads.frozen = s.heads.frozen, nil
	for _, f := range s.parts {
		f.Thaw()
	}
}

// Flush makes what is frozen durable, atomically: after a crash Load returns
// its tip or a later flush's, with the coins at that tip. It may run beside
// everything but Freeze and Thaw. After an error nothing is flushed any more
// until a restart, because nobody knows what the database has.
//
// First the files, then one batch with all changes and the state's record, then
// the batch is synced. Whatever happens in between, the database has the state
// of one flush, and the files what it refers to.
func (s *Store) Flush() error {
	start := time.Now()
	s.mu.RLock()
	next, broken := s.frozen, s.broken
	size := int64(len(s.heads.frozen)) * headerBytes
	var changes []setChanges
	for _, c := range s.sets() {
		changes = append(changes, setChanges{c.kv.space, c.cache.Frozen()})
		size += c.cache.Stats().Frozen.Batch
	}
	s.mu.RUnlock()
	switch {
	case broken != nil:
		return broken
	case next == nil:
		return errors.New("flush: nothing is frozen")
	}
	if err := s.write(context.Background(), *next, changes, size); err != nil {
		return s.fail(fmt.Errorf("flush: %w", err))
	}
	defer failpoint.Hit(failpoint.AfterFlush)
	s.report(time.Since(start), next)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frozen, s.heads.frozen = nil, nil
	for _, c := range s.sets() {
		c.cache.Flushed()
	}
	for _, f := range s.parts {
		f.Committed()
	}
	return nil
}

// report says what a flush has written.
func (s *Store) report(took time.Duration, next *saved) {
	c := s.CacheStats()
	s.log.Debug("flushed", "tip", next.tip, "coins", next.coins, "written", c.Frozen.Entries, "bytes", c.Frozen.Batch, "took", took,
		"cached", c.Entries, "memory", c.Bytes, "budget", c.Budget, "changed", c.Dirty.Entries)
}

// CacheStats are what the coin cache holds, and how many coins there are.
type CacheStats struct {
	coins.Stats
	Coins int64 // unspent, cached or not
}

// CacheStats may be called at any time from anywhere.
func (s *Store) CacheStats() CacheStats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return CacheStats{s.set.cache.Stats(), s.set.count}
}

// setChanges are what a flush writes of one coin set.
type setChanges struct {
	space coinSpace
	coins iter.Seq2[wire.Outpoint, []byte]
}

// write brings one frozen state to the disk.
func (s *Store) write(ctx context.Context, next saved, changes []setChanges, size int64) error {
	// A failed sync may have dropped what it should have written, and the next
	// would succeed without it: so there must be none.
	failpoint.Hit(failpoint.BeforeFileSync)
	if err := s.files.Sync(ctx, ds.NewKey("/")); err != nil {
		return err
	}
	failpoint.Hit(failpoint.AfterFileSync)
	batch, err := s.kv.sizedBatch(ctx, size)
	if err != nil {
		return err
	}
	if err := s.fill(ctx, batch, next, changes); err != nil {
		return err
	}
	if err := s.commit(ctx, batch, next); err != nil {
		return err
	}
	if err := s.kv.Sync(ctx, ds.NewKey("/")); err != nil {
		return err
	}
	failpoint.Hit(failpoint.AfterSync)
	return nil
}

// commit is one moment for EachCoin: it sees the coins and the count before it,
// or those after it.
func (s *Store) commit(ctx context.Context, batch ds.Batch, next saved) error {
	s.moment.Lock()
	defer s.moment.Unlock()
	if err := batch.Commit(ctx); err != nil {
		return err
	}
	s.saved = next
	return nil
}

func (s *Store) snapshot(ctx context.Context) (count int64, entries query.Results, err error) {
	s.moment.RLock()
	defer s.moment.RUnlock()
	entries, err = s.inOrder(ctx, s.saved.space)
	return s.saved.coins, entries, err
}

// inOrder iterates over the coins of a space.
func (s *Store) inOrder(ctx context.Context, space coinSpace) (query.Results, error) {
	return s.kv.Query(ctx, query.Query{Prefix: space.prefix(), Orders: []query.Order{query.OrderByKey{}}})
}

// fill puts all that is frozen into the batch.
func (s *Store) fill(ctx context.Context, batch ds.Batch, next saved, changes []setChanges) error {
	for _, c := range changes {
		if err := c.fill(ctx, batch); err != nil {
			return err
		}
	}
	for number, h := range s.heads.frozen {
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
	return next.put(ctx, batch)
}

func (c *setChanges) fill(ctx context.Context, batch ds.Batch) error {
	for op, value := range c.coins {
		var err error
		if value == nil {
			err = batch.Delete(ctx, c.space.key(op))
		} else {
			err = batch.Put(ctx, c.space.key(op), value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
