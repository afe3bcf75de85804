package datastore

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"math"

	"github.com/ipfs/go-datastore/query"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore/failpoint"
)

// headers are numbered in the order in which they were first stored, which has
// parents first, because a header is judged by its parent.
type headers struct {
	numbers map[wire.Hash]uint64
	pending map[uint64]chain.StoredHeader // new, or with another mark, since the last Freeze
	frozen  map[uint64]chain.StoredHeader // so before it, and not yet flushed
	marks   map[wire.Hash]chain.Mark      // those that are not zero
}

// changed returns a header that is not flushed.
func (h *headers) changed(number uint64) (chain.StoredHeader, bool) {
	if p, ok := h.pending[number]; ok {
		return p, true
	}
	p, ok := h.frozen[number]
	return p, ok
}

// headerBytes is what a pending header takes in memory and in the batch.
const headerBytes = 300

// AddHeaders stores headers or changes what is kept beside known ones. They are
// durable at the next Flush. Adding one that is stored with that mark, and of whose
// body nothing is known, costs a look.
func (s *Store) AddHeaders(hs []chain.StoredHeader) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	genesis := s.c.Params.Genesis.ID()
	failpoint.Hit(failpoint.BeforeHeaders)
	defer failpoint.Hit(failpoint.AfterHeaders)
	for i := range hs {
		id := hs[i].ID()
		if id == genesis {
			continue
		}
		number, known := s.heads.numbers[id]
		if !known {
			number = uint64(len(s.heads.numbers))
			s.heads.numbers[id] = number
		} else if s.heads.marks[id] == hs[i].Mark && hs[i].Txs == 0 {
			continue
		}
		if hs[i].Mark != 0 {
			s.heads.marks[id] = hs[i].Mark
		} else {
			delete(s.heads.marks, id)
		}
		s.heads.pending[number] = hs[i]
	}
	return nil
}

func encodeHeader(h *chain.StoredHeader) []byte {
	b := h.Header.Append(make([]byte, 0, wire.HeaderSize+1+binary.MaxVarintLen32))
	b = append(b, byte(h.Mark))
	if h.Txs > 0 {
		b = binary.AppendUvarint(b, uint64(h.Txs))
	}
	return b
}

func decodeHeader(b []byte) (h chain.StoredHeader, err error) {
	if len(b) < wire.HeaderSize+1 {
		return h, fmt.Errorf("damaged header: %d bytes", len(b))
	}
	h.Header, err = wire.DecodeHeader(b[:wire.HeaderSize])
	h.Mark = chain.Mark(b[wire.HeaderSize])
	if rest := b[wire.HeaderSize+1:]; err == nil && len(rest) > 0 {
		txs, n := binary.Uvarint(rest)
		if n != len(rest) || txs > math.MaxUint32 {
			return h, fmt.Errorf("damaged header: count of transactions %x", rest)
		}
		h.Txs = uint32(txs)
	}
	return h, err
}

// Load returns the headers stored, parents first, genesis excluded, and the id
// of the block that the coin set is at. Like every change it is the owner's
// call, and the sequence must not be used beside a change or a flush.
func (s *Store) Load() (iter.Seq2[chain.StoredHeader, error], wire.Hash, error) {
	return func(yield func(chain.StoredHeader, error) bool) {
		for h, err := range s.flushedHeaders() {
			if err == nil {
				if p, changed := s.heads.changed(h.number); changed {
					h.StoredHeader = p
				}
			}
			if !yield(h.StoredHeader, err) || err != nil {
				return
			}
		}
		for number := s.saved.headers; number < uint64(len(s.heads.numbers)); number++ {
			if h, _ := s.heads.changed(number); !yield(h, nil) {
				return
			}
		}
	}, s.set.tip, nil
}

type numberedHeader struct {
	chain.StoredHeader
	number uint64
}

// flushedHeaders reads the headers of the last flush in their order. It ends
// after the first error.
func (s *Store) flushedHeaders() iter.Seq2[numberedHeader, error] {
	return func(yield func(numberedHeader, error) bool) {
		var next uint64
		for e, err := range s.entries(context.Background(), headerSpace, false) {
			var h numberedHeader
			if err == nil {
				h.number, err = parseHeaderKey(e.Key)
			}
			if err == nil {
				h.StoredHeader, err = decodeHeader(e.Value)
			}
			if err == nil && h.number != next {
				err = fmt.Errorf("header %d is missing from the database", next)
			}
			next++
			if !yield(h, err) || err != nil {
				return
			}
		}
		if next != s.saved.headers {
			yield(numberedHeader{}, fmt.Errorf("the database has %d headers where %d were written", next, s.saved.headers))
		}
	}
}

// entries iterates over what kv has under a prefix, in order of the keys.
func (s *Store) entries(ctx context.Context, prefix string, keysOnly bool) iter.Seq2[query.Entry, error] {
	return entriesOf(ctx, s.kv, prefix, keysOnly)
}
