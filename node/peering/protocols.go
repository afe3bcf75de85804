package peering

import (
	"fmt"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/syncer"
)

// Caps of the questions and answers. Those of a blocks answer are soft, then
// hard: a body is added while the answer is below the soft cap, so that
// one body of any valid size fits.
const (
	maxLocator     = 64
	maxBlockIDs    = syncer.MaxInFlight
	maxBlockSize   = 4_000_000
	softBlockBytes = 12 << 20
	maxTxIDs       = 64
	softTxBytes    = 1 << 20
	maxTxReply     = softTxBytes + maxTxSize + 4096*4
	maxMempoolTxs  = 2000
)

// headersReply answers a locator: where the peer stands, and headers of its
// active branch after the first id in the locator that is on it.
type headersReply struct {
	Tip     syncer.Tip
	Headers []wire.Header
}

var headersProtocol = gossip.Protocol[[]wire.Hash, headersReply]{
	ID:         "headers/1",
	MaxRequest: 4 + maxLocator*wire.HashSize,
	MaxReply:   tipSize + 4 + syncer.MaxHeaders*wire.HeaderSize,
	Timeout:    2 * syncer.HeadersTimeout,
	Rate:       2 << 20, Burst: 32 << 20, // 26,000 headers a second, 400,000 at once
	EncodeQ: func(q []wire.Hash) []byte { return appendHashes(nil, q) },
	DecodeQ: decodeLocator,
	EncodeA: headersReply.encode, DecodeA: decodeHeaders,
}

const tipSize = wire.HashSize + 4 + 32

func decodeLocator(b []byte) ([]wire.Hash, error) {
	f := frame{b: b}
	hs := f.hashes(maxLocator, "locator")
	return hs, f.finish("question for headers")
}

func (r headersReply) encode() []byte {
	b := appendTip(make([]byte, 0, tipSize+4+len(r.Headers)*wire.HeaderSize), r.Tip)
	b = appendCount(b, len(r.Headers))
	for i := range r.Headers {
		b = r.Headers[i].Append(b)
	}
	return b
}

// decodeHeaders also wants each header to be the parent of the next: whoever sends
// others is at fault, whatever the rules.
func decodeHeaders(b []byte) (headersReply, error) {
	f := frame{b: b}
	r := headersReply{Tip: f.tip()}
	r.Headers = make([]wire.Header, f.count(wire.HeaderSize, syncer.MaxHeaders, "headers"))
	for i := range r.Headers {
		h, err := wire.DecodeHeader(f.take(wire.HeaderSize, "header"))
		if err != nil {
			return r, err
		}
		if i > 0 && h.Parent != r.Headers[i-1].ID() {
			f.fail("header %d does not follow the one before it", i)
		}
		r.Headers[i] = h
	}
	return r, f.finish("headers")
}

// What a blocks answer says of each id asked for.
const (
	bodyAbsent  = 0 // the peer does not have it, or it is not on its active branch
	bodyHere    = 1
	bodyLeftOut = 2 // the answer is long enough: ask again
)

// bodies answers a list of ids, in its order. Of a body that came from a peer
// there is only raw until open has found its header to be the one asked for.
type bodies []body

type body struct {
	status byte
	raw    []byte // nil unless the status is bodyHere
	block  *wire.Block
}

var blocksProtocol = gossip.Protocol[[]wire.Hash, bodies]{
	ID:         "blocks/1",
	MaxRequest: 4 + maxBlockIDs*wire.HashSize,
	MaxReply:   softBlockBytes + maxBlockSize + 4 + 5*maxBlockIDs,
	Timeout:    150 * time.Second,
	Rate:       16 << 20, Burst: 256 << 20,
	Weigh:   func(ids []wire.Hash) int { return 4 + len(ids)*(5+maxBlockSize) },
	EncodeQ: func(q []wire.Hash) []byte { return appendHashes(nil, q) },
	DecodeQ: decodeIDs,
	EncodeA: bodies.encode, DecodeA: decodeBodies,
}

func decodeIDs(b []byte) ([]wire.Hash, error) {
	f := frame{b: b}
	hs := f.hashes(maxBlockIDs, "ids")
	if f.err == nil && len(hs) == 0 {
		f.fail("no ids")
	}
	return hs, f.finish("question for blocks")
}

func (bs bodies) encode() []byte {
	size := 4
	for _, b := range bs {
		size += 1 + 4 + len(b.raw)
	}
	out := appendCount(make([]byte, 0, size), len(bs))
	for _, b := range bs {
		out = append(out, b.status)
		if b.status == bodyHere {
			out = append(appendCount(out, len(b.raw)), b.raw...)
		}
	}
	return out
}

func decodeBodies(b []byte) (bodies, error) {
	f := frame{b: b}
	bs := make(bodies, f.count(1, maxBlockIDs, "blocks"))
	for i := range bs {
		bs[i].status = f.byte("status")
		switch {
		case f.err != nil || bs[i].status == bodyAbsent || bs[i].status == bodyLeftOut:
		case bs[i].status == bodyHere:
			bs[i].raw = f.bytes(maxBlockSize, "block")
		default:
			f.fail("block %d has unknown status %d", i, bs[i].status)
		}
	}
	return bs, f.finish("blocks")
}

// open wants bs to answer exactly the ids asked for, and decodes the blocks. A
// hostile body may take many times its size in memory, so the first that is
// not the one of its header is the last that is decoded.
func (bs bodies) open(ids []wire.Hash) error {
	if len(bs) != len(ids) {
		return fmt.Errorf("asked for %d blocks, answered for %d", len(ids), len(bs))
	}
	for i := range bs {
		if bs[i].status != bodyHere {
			continue
		}
		if err := bs[i].open(ids[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *body) open(id wire.Hash) error {
	h, err := wire.DecodeHeader(b.raw[:min(wire.HeaderSize, len(b.raw))])
	if err != nil {
		return fmt.Errorf("block %v: %w", id, err)
	}
	if got := h.ID(); got != id {
		return fmt.Errorf("asked for block %v, got %v", id, got)
	}
	if b.block, err = wire.DecodeBlock(b.raw); err != nil {
		return fmt.Errorf("block %v: %w", id, err)
	}
	if root, mutated := wire.MerkleRoot(b.block.TxIDs()); root != h.Merkle || mutated {
		return fmt.Errorf("block %v came with other transactions than its header has", id)
	}
	return nil
}

// txsProtocol asks for waiting transactions by id (not witness id: an input
// names its parent so). Those that the peer lacks are left out.
var txsProtocol = gossip.Protocol[[]wire.Hash, []*wire.Tx]{
	ID:         "txs/1",
	MaxRequest: 4 + maxTxIDs*wire.HashSize, MaxReply: maxTxReply,
	Timeout: 30 * time.Second,
	EncodeQ: func(q []wire.Hash) []byte { return appendHashes(nil, q) },
	DecodeQ: func(b []byte) ([]wire.Hash, error) {
		f := frame{b: b}
		hs := f.hashes(maxTxIDs, "ids")
		return hs, f.finish("question for transactions")
	},
	EncodeA: func(ts []*wire.Tx) []byte { return appendTxs(nil, ts) },
	DecodeA: func(b []byte) ([]*wire.Tx, error) { return decodeTxs(b, maxTxIDs) },
}

func decodeTxs(b []byte, most int) ([]*wire.Tx, error) {
	f := frame{b: b}
	ts := f.txs(most)
	return ts, f.finish("transactions")
}
