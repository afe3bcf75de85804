package peering

import (
	"encoding/binary"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
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

// announcement is a new block's header. Height is what the header's place in
// the tree says, or the announcement is false: so each header has exactly one.
type announcement struct {
	Header wire.Header
	Height uint32
}

var blockTopic = gossip.Topic[announcement]{
	Name:    "block",
	MaxSize: wire.HeaderSize + 4,
	Encode: func(a announcement) []byte {
		return binary.LittleEndian.AppendUint32(a.Header.Append(nil), a.Height)
	},
	Decode: decodeAnnouncement,
}

func decodeAnnouncement(b []byte) (announcement, error) {
	f := frame{b: b}
	h, err := wire.DecodeHeader(f.take(wire.HeaderSize, "header"))
	if err != nil {
		return announcement{}, err
	}
	a := announcement{Header: h, Height: f.uint32("height")}
	return a, f.finish("announcement")
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
