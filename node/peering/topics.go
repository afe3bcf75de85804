package peering

import (
	"encoding/binary"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/gossip/relay"
)

// Limits of a gossiped batch of transactions. A batch is filled to
// targetBatch; a single transaction may be longer. What exceeds maxBatchSize
// travels by reconciliation alone.
const (
	maxBatch     = 64
	targetBatch  = 64 << 10
	maxBatchSize = 900_000
	batchHead    = 8 + 4 // bytes before the first transaction
)

// maxAnnouncement is the most that a compact block may take, in bytes: room for
// 80,000 transactions. A block that needs more is announced by its header.
const maxAnnouncement = 512 << 10

// announcement tells of a new block: by its header alone, or by BIP152's compact form,
// which begins with it. Only the header is decoded, until its work is seen.
type announcement struct {
	header wire.Header
	raw    []byte
}

var blockTopic = gossip.Topic[announcement]{
	Name:    "block",
	MaxSize: maxAnnouncement,
	Encode:  func(a announcement) []byte { return a.raw },
	Decode: func(b []byte) (announcement, error) {
		h, err := wire.DecodeHeader(b[:min(len(b), wire.HeaderSize)])
		return announcement{h, b}, err
	},
}

// open decodes the compact form; nil for a header alone.
func (a announcement) open() (*relay.Announcement, error) {
	if len(a.raw) == wire.HeaderSize {
		return nil, nil
	}
	return relay.Decode(a.raw)
}

// announce tells of b in its compact form, or by its header where that is too
// long. prefill lists transactions, by place, that others are thought to lack.
func announce(b *wire.Block, nonce uint64, prefill []int) announcement {
	if len(b.Txs) <= relay.MaxTxs {
		if c := relay.New(b, nonce, prefill); c.Size() <= maxAnnouncement {
			return announcement{b.Header, c.Append(make([]byte, 0, c.Size()))}
		}
	}
	return announcement{b.Header, b.Header.Append(nil)}
}

// batch is some transactions, parents first. Salt tells batches of the same
// transactions apart: gossip drops a message that it has seen, and a node
// that could not judge a transaction at once passes it on later, by itself.
type batch struct {
	Salt uint64
	Txs  []*wire.Tx
}

var txTopic = gossip.Topic[batch]{
	Name:    "tx",
	MaxSize: maxBatchSize,
	Encode: func(t batch) []byte {
		return appendTxs(binary.LittleEndian.AppendUint64(nil, t.Salt), t.Txs)
	},
	Decode: decodeBatch,
}

func decodeBatch(b []byte) (batch, error) {
	f := frame{b: b}
	t := batch{Salt: f.uint64("salt"), Txs: f.txs(maxBatch)}
	if f.err == nil && len(t.Txs) == 0 {
		f.fail("no transactions")
	}
	return t, f.finish("batch of transactions")
}
