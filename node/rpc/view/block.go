package view

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Block is a block as Core's blockToJSON shows it: with the ids of its
// transactions, or with them.
type Block struct {
	Header Header
	Block  *wire.Block
	Params *consensus.Params
	Txs    bool             // transactions, not ids
	Spent  []consensus.Coin // what they spent, in the order of the inputs, for their fees; nil: not known
	Prevs  bool             // show that, too
}

// MarshalJSON is AppendJSON for those who go by reflection.
func (v Block) MarshalJSON() ([]byte, error) { return v.AppendJSON(nil), nil }

// AppendJSON writes the block.
func (v Block) AppendJSON(dst []byte) []byte {
	h, blk := v.Header, v.Block
	h.Txs = len(blk.Txs)
	if need := v.guess(); cap(dst)-len(dst) < need {
		dst = append(make([]byte, 0, len(dst)+need), dst...)
	}
	b := h.append(buf(dst).open("", '{'))
	base, size := blk.BaseSize(), blk.Size()
	b = b.number("strippedsize", int64(base)).number("size", int64(size)).number("weight", int64(3*base+size))
	b = appendCoinbase(b, blk.Txs[0]).open("tx", '[')
	if !v.Txs {
		for _, t := range blk.Txs {
			id := t.ID()
			b = b.hash("", &id)
		}
		return append(b, "]}"...)
	}
	byTx := SpentBy(blk, v.Spent)
	for i, t := range blk.Txs {
		b = TxView{Params: v.Params, Spent: byTx[i], Prevs: v.Prevs, Hex: true}.Append(b, t)
	}
	return append(b, "]}"...)
}

// guess is about how long the JSON is going to be, so that it is not copied
// again and again as it grows.
func (v *Block) guess() int {
	const head = 2 << 10
	switch {
	case !v.Txs:
		return head + 67*len(v.Block.Txs)
	case v.Prevs:
		return head + 10*v.Block.Size()
	}
	return head + 7*v.Block.Size()
}

// appendCoinbase writes what a block says of its coinbase.
func appendCoinbase(b buf, t *wire.Tx) buf {
	in := &t.Ins[0]
	b = b.open("coinbase_tx", '{').number("version", int64(uint32(t.Version))).number("locktime", int64(t.LockTime)).
		number("sequence", int64(in.Sequence)).hex("coinbase", in.Script)
	if len(in.Witness) > 0 && len(in.Witness[0]) > 0 {
		b = b.hex("witness", in.Witness[0])
	}
	return append(b, '}')
}

// SpentBy cuts the coins that a block spent by transaction; nil for the coinbase.
func SpentBy(b *wire.Block, spent []consensus.Coin) [][]consensus.Coin {
	out := make([][]consensus.Coin, len(b.Txs))
	if len(spent) != b.Spends() {
		return out
	}
	for i, t := range b.Txs[1:] {
		out[i+1], spent = spent[:len(t.Ins):len(t.Ins)], spent[len(t.Ins):]
	}
	return out
}
