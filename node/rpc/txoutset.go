package rpc

import (
	"context"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/wire"
)

func coinMethods() []method {
	return []method{{
		name: "gettxout", pool: true, category: "blockchain", about: "Returns details about an unspent transaction output.",
		args: []arg{
			{name: "txid", kind: text, need: true, about: "The transaction id"},
			{name: "n", kind: long, need: true, about: "vout number"},
			{name: "include_mempool", kind: boolean, def: "true", about: "Whether to include the mempool. Note that an unspent output that is spent in the mempool won't appear."},
		},
		result: "null, or { \"bestblock\", \"confirmations\", \"value\", \"scriptPubKey\", \"coinbase\" }", call: getTxOut,
	}, {
		name: "gettxoutsetinfo", category: "blockchain",
		about: "Returns statistics about the unspent transaction output set.\nNote this call may take some time.",
		args: []arg{
			{name: "hash_type", kind: text, def: `"hash_serialized_3"`, about: "Which UTXO set hash should be calculated. Options: 'hash_serialized_3' (the legacy algorithm), 'muhash', 'none'."},
			{name: "hash_or_height", kind: text, loose: true, hint: "the current best block", about: "The block hash or height of the target height (only available with coinstatsindex, which this node does not have)."},
			{name: "use_index", kind: boolean, def: "true", about: "Use coinstatsindex, if available."},
		},
		result: "{ \"height\", \"bestblock\", \"txouts\", \"bogosize\", \"hash_serialized_3\" or \"muhash\", \"total_amount\", \"transactions\", \"disk_size\" }",
		call:   getTxOutSetInfo,
	}}
}

func getTxOut(_ context.Context, n *node, a args) (any, error) {
	id, err := a.hash(0, "txid")
	if err != nil {
		return nil, err
	}
	index := a.integer(1)
	if index < 0 || index > 1<<32-1 {
		return nil, errorf(codeMisc, "JSON integer out of range")
	}
	op := wire.Outpoint{TxID: id, Index: uint32(index)}
	if a.flag(2) {
		if _, spent := n.Pool.Spender(op); spent {
			return nil, nil
		}
	}
	tip, found, err := n.Chain.Coins([]wire.Outpoint{op})
	if err != nil {
		return nil, err
	}
	coin, confirmations := found[0], int64(tip.Height)-int64(found[0].Height)+1
	if coin.Missing && a.flag(2) {
		e, ok := n.Pool.Get(id)
		if ok && int(op.Index) < len(e.Tx.Outs) {
			coin, confirmations = consensus.Coin{Out: e.Tx.Outs[op.Index]}, 0
		}
	}
	if coin.Missing {
		return nil, nil
	}
	return struct {
		Best          wire.Hash  `json:"bestblock"`
		Confirmations int64      `json:"confirmations"`
		Value         coins      `json:"value"`
		Script        scriptJSON `json:"scriptPubKey"`
		Coinbase      bool       `json:"coinbase"`
	}{tip.ID, confirmations, coins(coin.Value), outputJSON(coin.Script, n.Params), coin.Coinbase}, nil
}

func getTxOutSetInfo(ctx context.Context, n *node, a args) (any, error) {
	kind, err := coinset.ParseKind(a.text(0))
	if err != nil {
		return nil, errorf(codeInvalid, "'%s' is not a valid hash_type", a.text(0))
	}
	if a.given(1) {
		return nil, errorf(codeInvalid, "Querying specific block heights requires coinstatsindex")
	}
	var at consensus.State
	sum, err := coinset.Sum(ctx, func(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) (err error) {
		at, err = n.Chain.EachCoin(ctx, f)
		return err
	}, kind)
	if err != nil {
		return nil, err
	}
	out := struct {
		Height     uint32     `json:"height"`
		Best       wire.Hash  `json:"bestblock"`
		Outs       uint64     `json:"txouts"`
		Bogosize   uint64     `json:"bogosize"`
		Serialized *wire.Hash `json:"hash_serialized_3,omitempty"`
		MuHash     *wire.Hash `json:"muhash,omitempty"`
		Total      coins      `json:"total_amount"`
		Txs        uint64     `json:"transactions"`
		Disk       int64      `json:"disk_size"`
	}{
		Height: at.Height, Best: at.ID, Outs: sum.Coins, Bogosize: sum.Bogosize, Total: coins(sum.Amount), Txs: sum.Txs,
		Disk: folderSize(n.Folder),
	}
	switch kind {
	case coinset.Serialized:
		out.Serialized = &sum.Hash
	case coinset.Multiset:
		out.MuHash = &sum.Hash
	}
	return out, nil
}
