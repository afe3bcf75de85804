package rpc

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

func blockMethods() []method {
	return []method{{
		name: "getblockheader", category: "blockchain",
		about: "If verbose is false, returns a string that is serialized, hex-encoded data for blockheader 'hash'.\n" +
			"If verbose is true, returns an Object with information about blockheader <hash>.",
		args: []arg{
			{name: "blockhash", kind: hexText, need: true, about: "The block hash"},
			{name: "verbose", kind: boolean, def: "true", about: "true for a json object, false for the hex-encoded data"},
		},
		result: "The header, hex-encoded or as an object", call: getBlockHeader,
	}, {
		name: "getblock", category: "blockchain",
		about: "If verbosity is 0, returns a string that is serialized, hex-encoded data for block 'hash'.\n" +
			"If verbosity is 1, returns an Object with information about block <hash>.\n" +
			"If verbosity is 2, returns an Object with information about block <hash> and information about each transaction.\n" +
			"If verbosity is 3, returns an Object with information about block <hash> and information about each transaction, including prevout information for inputs.",
		args: []arg{
			{name: "blockhash", kind: hexText, need: true, about: "The block hash"},
			{name: "verbosity|verbose", kind: integer, def: "1", loose: true, about: "0 for hex-encoded data, 1 for a JSON object, 2 for JSON object with transaction data, and 3 for JSON object with transaction data including prevout information for inputs"},
		},
		result: "The block, hex-encoded or as an object", call: getBlock,
	}}
}

func getBlockHeader(_ context.Context, n *node, a args) (any, error) {
	id, err := a.hash(0, "hash")
	if err != nil {
		return nil, err
	}
	h, err := n.header(id)
	if err != nil {
		return nil, err
	}
	if !a.flag(1) {
		return hex.EncodeToString(h.Header.Append(nil)), nil
	}
	return n.headerJSON(h), nil
}

// blockJSON is a block as Core's blockToJSON shows it.
type blockJSON struct {
	headerJSON
	BaseSize int          `json:"strippedsize"`
	Size     int          `json:"size"`
	Weight   int          `json:"weight"`
	Coinbase coinbaseJSON `json:"coinbase_tx"`
	Txs      any          `json:"tx"` // ids or transactions
}

type coinbaseJSON struct {
	Version  uint32   `json:"version"`
	LockTime uint32   `json:"locktime"`
	Sequence uint32   `json:"sequence"`
	Script   hexBytes `json:"coinbase"`
	Witness  hexBytes `json:"witness,omitempty"`
}

func getBlock(_ context.Context, n *node, a args) (any, error) {
	id, err := a.hash(0, "blockhash")
	if err != nil {
		return nil, err
	}
	level, err := verbosity(a.raw(1))
	if err != nil {
		return nil, err
	}
	h, err := n.header(id)
	if err != nil {
		return nil, err
	}
	b, err := n.Chain.Block(id)
	if errors.Is(err, chain.ErrNoBlock) {
		return nil, errorf(codeMisc, "Block not available (not fully downloaded)")
	}
	if err != nil {
		return nil, err
	}
	if level <= 0 {
		return hex.EncodeToString(b.Bytes()), nil
	}
	out := blockJSON{headerJSON: n.headerJSON(h), BaseSize: b.BaseSize(), Size: b.Size(), Weight: b.Weight(), Coinbase: coinbaseOf(b.Txs[0])}
	out.headerJSON.Txs = len(b.Txs)
	if level == 1 {
		out.Txs = b.TxIDs()
		return out, nil
	}
	out.Txs, err = n.blockTxs(b, level > 2)
	return out, err
}

func coinbaseOf(t *wire.Tx) coinbaseJSON {
	in := &t.Ins[0]
	out := coinbaseJSON{Version: uint32(t.Version), LockTime: t.LockTime, Sequence: in.Sequence, Script: in.Script}
	if len(in.Witness) > 0 {
		out.Witness = in.Witness[0]
	}
	return out
}

// blockTxs shows a block's transactions, with fees where the coins they spent
// are known: for blocks that were once on the active branch.
func (n *node) blockTxs(b *wire.Block, prevs bool) ([]txJSON, error) {
	spent, err := n.Chain.Spent(b.ID())
	if err != nil && !errors.Is(err, chain.ErrNoBlock) {
		return nil, err
	}
	byTx := spentBy(b, spent)
	out := make([]txJSON, len(b.Txs))
	for i, t := range b.Txs {
		out[i] = txView{params: n.Params, spent: byTx[i], prevs: prevs, hex: true}.show(t)
	}
	return out, nil
}
