package view

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// Block is a block as Core's blockToJSON shows it.
type Block struct {
	Header
	BaseSize int      `json:"strippedsize"`
	Size     int      `json:"size"`
	Weight   int      `json:"weight"`
	Coinbase Coinbase `json:"coinbase_tx"`
	Txs      any      `json:"tx"` // ids or transactions
}

// Coinbase is what a block says of its coinbase.
type Coinbase struct {
	Version  uint32 `json:"version"`
	LockTime uint32 `json:"locktime"`
	Sequence uint32 `json:"sequence"`
	Script   Hex    `json:"coinbase"`
	Witness  Hex    `json:"witness,omitempty"`
}

// NewBlock shows a block with the ids of its transactions.
func NewBlock(h Header, b *wire.Block) Block {
	out := Block{Header: h, BaseSize: b.BaseSize(), Size: b.Size(), Weight: b.Weight(), Coinbase: coinbaseOf(b.Txs[0]), Txs: b.TxIDs()}
	out.Header.Txs = len(b.Txs)
	return out
}

func coinbaseOf(t *wire.Tx) Coinbase {
	in := &t.Ins[0]
	out := Coinbase{Version: uint32(t.Version), LockTime: t.LockTime, Sequence: in.Sequence, Script: in.Script}
	if len(in.Witness) > 0 {
		out.Witness = in.Witness[0]
	}
	return out
}

// BlockTxs shows a block's transactions, with fees where the coins they spent
// are known: spent is in the order of the inputs, or nil. prevs shows those, too.
func BlockTxs(b *wire.Block, spent []consensus.Coin, prevs bool, p *consensus.Params) []Tx {
	byTx := SpentBy(b, spent)
	out := make([]Tx, len(b.Txs))
	for i, t := range b.Txs {
		out[i] = TxView{Params: p, Spent: byTx[i], Prevs: prevs, Hex: true}.Show(t)
	}
	return out
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
