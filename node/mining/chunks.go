package mining

import (
	"encoding/binary"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// Selection gives up after so many chunks in a row that did not fit a block
// that is as good as full (Core's addChunks).
const (
	maxFailures = 1000
	nearlyFull  = 4000 // weight units
)

// pick is a transaction chosen for a block.
type pick struct {
	tx     *wire.Tx
	packed *mempool.Packed  // until tx is decoded; nil for one that the caller gave
	shown  []byte           // by Keeper's ShowTx
	coins  []consensus.Coin // that it spends, as far as they are known; see part
	fee    int64            // satoshis
	sigops int              // cost
}

// builder fills a block with the mempool's chunks, the best first. As in Core, limits are not reached but stayed below.
type builder struct {
	weight, sigops int   // used, with what is reserved; by the weights of BIP141
	maxWeight      int   // of the block
	minFee         int64 // satoshis per 1000 virtual bytes that a chunk must pay
	height, median uint32
	segwit         bool
	banned         map[wire.Hash]bool
	picked         []pick
	failures       int // in a row
}

// choose decides about a chunk. It runs with the mempool locked, so all that takes long is left for
// later.
func (b *builder) choose(c *mempool.Chunk) mempool.Choice {
	if vsize := (c.Weight + consensus.WitnessScale - 1) / consensus.WitnessScale; c.Fee < (b.minFee*vsize+999)/1000 {
		return mempool.Stop // none of the others pays more
	}
	if !b.fits(c) {
		if b.failures++; b.failures > maxFailures && b.weight+nearlyFull > b.maxWeight {
			return mempool.Stop
		}
		return mempool.Leave
	}
	b.failures = 0
	for _, w := range c.Txs {
		b.weight += w.Weight
		b.sigops += w.Sigops
		b.picked = append(b.picked, pick{packed: w.Packed, fee: w.Fee, sigops: w.Sigops})
	}
	return mempool.Take
}

// fits says whether all of a chunk may be in the block.
func (b *builder) fits(c *mempool.Chunk) bool {
	sigops := b.sigops
	for i := range c.Txs {
		sigops += c.Txs[i].Sigops
	}
	if int64(b.weight)+c.Weight >= int64(b.maxWeight) || sigops >= consensus.MaxSigopCost {
		return false
	}
	for i := range c.Txs {
		w := &c.Txs[i]
		if w.Timed && !b.final(w.Packed) || !b.segwit && w.ID() != w.WitnessID() || len(b.banned) > 0 && b.banned[w.ID()] {
			return false
		}
	}
	return true
}

// final is consensus.IsFinal of a transaction that for most need not be decoded.
func (b *builder) final(p *mempool.Packed) bool {
	raw := p.Raw()
	if lock := binary.LittleEndian.Uint32(raw[len(raw)-4:]); lock < b.height {
		return true
	}
	return consensus.IsFinal(p.Decode(), b.height, b.median)
}
