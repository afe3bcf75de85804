package chainrpc

import (
	"context"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) coinMethods() []table.Method {
	return []table.Method{{
		Name: "gettxout", Pool: true, Category: "blockchain", About: "Returns details about an unspent transaction output.",
		Args: []table.Arg{
			{Name: "txid", Kind: table.Text, Need: true, About: "The transaction id"},
			{Name: "n", Kind: table.Long, Need: true, About: "vout number"},
			{Name: "include_mempool", Kind: table.Boolean, Def: "true", About: "Whether to include the mempool. Note that an unspent output that is spent in the mempool won't appear."},
		},
		Result: "null, or { \"bestblock\", \"confirmations\", \"value\", \"scriptPubKey\", \"coinbase\" }", Call: n.getTxOut,
	}, {
		Name: "gettxoutsetinfo", Category: "blockchain",
		About: "Returns statistics about the unspent transaction output set.\nNote this call may take some time.",
		Args: []table.Arg{
			{Name: "hash_type", Kind: table.Text, Def: `"hash_serialized_3"`, About: "Which UTXO set hash should be calculated. Options: 'hash_serialized_3' (the legacy algorithm), 'muhash', 'none'."},
			{Name: "hash_or_height", Kind: table.Text, Loose: true, Hint: "the current best block", About: "The block hash or height of the target height (only available with coinstatsindex, which this node does not have)."},
			{Name: "use_index", Kind: table.Boolean, Def: "true", About: "Use coinstatsindex, if available."},
		},
		Result: "{ \"height\", \"bestblock\", \"txouts\", \"bogosize\", \"hash_serialized_3\" or \"muhash\", \"total_amount\", \"transactions\", \"disk_size\" }",
		Call:   n.getTxOutSetInfo,
	}}
}

func (n *node) getTxOut(_ context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "txid")
	if err != nil {
		return nil, err
	}
	index := a.Integer(1)
	if index < 0 || index > 1<<32-1 {
		return nil, table.Errorf(table.CodeMisc, "JSON integer out of range")
	}
	op := wire.Outpoint{TxID: id, Index: uint32(index)}
	if a.Flag(2) {
		if _, spent := n.Pool.Spender(op); spent {
			return nil, nil
		}
	}
	tip, found, err := n.Chain.Coins([]wire.Outpoint{op})
	if err != nil {
		return nil, err
	}
	coin, confirmations := found[0], int64(tip.Height)-int64(found[0].Height)+1
	if coin.Missing && a.Flag(2) {
		e, ok := n.Pool.Get(id)
		if ok && int(op.Index) < len(e.Tx.Outs) {
			coin, confirmations = consensus.Coin{Out: e.Tx.Outs[op.Index]}, 0
		}
	}
	if coin.Missing {
		return nil, nil
	}
	return struct {
		Best          wire.Hash   `json:"bestblock"`
		Confirmations int64       `json:"confirmations"`
		Value         view.Coins  `json:"value"`
		Script        view.Script `json:"scriptPubKey"`
		Coinbase      bool        `json:"coinbase"`
	}{tip.ID, confirmations, view.Coins(coin.Value), view.NewScript(coin.Script, n.Params), coin.Coinbase}, nil
}

func (n *node) getTxOutSetInfo(ctx context.Context, a table.Args) (any, error) {
	kind, err := coinset.ParseKind(a.Text(0))
	if err != nil {
		return nil, table.Errorf(table.CodeInvalid, "'%s' is not a valid hash_type", a.Text(0))
	}
	if a.Given(1) {
		return nil, table.Errorf(table.CodeInvalid, "Querying specific block heights requires coinstatsindex")
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
		Total      view.Coins `json:"total_amount"`
		Txs        uint64     `json:"transactions"`
		Disk       int64      `json:"disk_size"`
	}{
		Height: at.Height, Best: at.ID, Outs: sum.Coins, Bogosize: sum.Bogosize, Total: view.Coins(sum.Amount), Txs: sum.Txs,
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
