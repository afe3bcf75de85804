package chainrpc

import (
	"context"

	"github.com/quernnet/quern/consensus"
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
		Results:  coinShapes(),
		Examples: "\nFind an output of yours\n" + table.CLI("listunspent", "") + "\nLook at it\n" + table.Both("gettxout", `"txid" 1`, `"txid", 1`), Call: n.getTxOut,
	}, n.setInfoMethod()}
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
