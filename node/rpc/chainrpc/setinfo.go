package chainrpc

import (
	"context"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/coinset"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/index"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) setInfoMethod() table.Method {
	const name = "gettxoutsetinfo"
	return table.Method{
		Name: name, Category: "blockchain",
		About: "Returns statistics about the unspent transaction output set.\nNote this call may take some time if you are not using coinstatsindex.\n",
		Args: []table.Arg{
			{Name: "hash_type", Kind: table.Text, Def: `"hash_serialized_3"`, About: "Which UTXO set hash should be calculated. Options: 'hash_serialized_3' (the legacy algorithm), 'muhash', 'none'."},
			{Name: "hash_or_height", Kind: table.Integer, Loose: true, Types: [2]string{"", "string or numeric"}, Hint: "the current best block", About: "The block hash or height of the target height (only available with coinstatsindex)."},
			{Name: "use_index", Kind: table.Boolean, Def: "true", About: "Use coinstatsindex, if available."},
		},
		Results: []table.Shape{setInfoShape()},
		Examples: table.CLI(name, "") + table.CLI(name, `"none"`) + table.CLI(name, `"none" 1000`) + table.CLI(name, `"none" '"`+exampleBlock+`"'`) +
			table.CLI("-named "+name, `hash_type='muhash' use_index='false'`) +
			table.Curl(name, "") + table.Curl(name, `"none"`) + table.Curl(name, `"none", 1000`) + table.Curl(name, `"none", "`+exampleBlock+`"`),
		Call: n.getTxOutSetInfo,
	}
}

func setInfoShape() table.Shape {
	return table.Obj("", "",
		table.Num("height", "The block height (index) of the returned statistics"),
		table.Hex("bestblock", "The hash of the block at which these statistics are calculated"),
		table.Num("txouts", "The number of unspent transaction outputs"),
		table.Num("bogosize", "Database-independent, meaningless metric indicating the UTXO set size"),
		table.Hex("hash_serialized_3", "The serialized hash (only present if 'hash_serialized_3' hash_type is chosen)").Maybe(),
		table.Hex("muhash", "The serialized hash (only present if 'muhash' hash_type is chosen)").Maybe(),
		table.Num("transactions", "The number of transactions with unspent outputs (not available when coinstatsindex is used)").Maybe(),
		table.Num("disk_size", "The estimated size of the chainstate on disk (not available when coinstatsindex is used)").Maybe(),
		table.Coins("total_amount", "The total amount of coins in the UTXO set"),
		table.Coins("total_unspendable_amount", "The total amount of coins permanently excluded from the UTXO set (only available if coinstatsindex is used)").Maybe(),
		table.Obj("block_info", "Info on amounts in the block at this block height (only available if coinstatsindex is used)",
			table.Coins("prevout_spent", "Total amount of all prevouts spent in this block"),
			table.Coins("coinbase", "Coinbase subsidy amount of this block"),
			table.Coins("new_outputs_ex_coinbase", "Total amount of new outputs created by this block"),
			table.Coins("unspendable", "Total amount of unspendable outputs created in this block"),
			table.Obj("unspendables", "Detailed view of the unspendable categories",
				table.Coins("genesis_block", "The unspendable amount of the Genesis block subsidy"),
				table.Coins("bip30", "Transactions overridden by duplicates (no longer possible with BIP30)"),
				table.Coins("scripts", "Amounts sent to scripts that are unspendable (for example OP_RETURN outputs)"),
				table.Coins("unclaimed_rewards", "Fee rewards that miners did not claim in their coinbase transaction"),
			),
		).Maybe(),
	)
}

// setInfo is the result of gettxoutsetinfo.
type setInfo struct {
	Height      uint32      `json:"height"`
	Best        wire.Hash   `json:"bestblock"`
	Outs        uint64      `json:"txouts"`
	Bogosize    uint64      `json:"bogosize"`
	Serialized  *wire.Hash  `json:"hash_serialized_3,omitempty"`
	MuHash      *wire.Hash  `json:"muhash,omitempty"`
	Total       view.Coins  `json:"total_amount"`
	Txs         *uint64     `json:"transactions,omitempty"`
	Disk        *int64      `json:"disk_size,omitempty"`
	Unspendable *view.Coins `json:"total_unspendable_amount,omitempty"`
	Block       *blockSums  `json:"block_info,omitempty"`
}

// blockSums is what one block changed.
type blockSums struct {
	Spent        view.Coins `json:"prevout_spent"`
	Coinbase     view.Coins `json:"coinbase"`
	Created      view.Coins `json:"new_outputs_ex_coinbase"`
	Unspendable  view.Coins `json:"unspendable"`
	Unspendables struct {
		Genesis   view.Coins `json:"genesis_block"`
		BIP30     view.Coins `json:"bip30"`
		Scripts   view.Coins `json:"scripts"`
		Unclaimed view.Coins `json:"unclaimed_rewards"`
	} `json:"unspendables"`
}

func (n *node) getTxOutSetInfo(ctx context.Context, a table.Args) (any, error) {
	kind, err := coinset.ParseKind(a.Text(0))
	if err != nil {
		return nil, table.Errorf(table.CodeInvalid, "'%s' is not a valid hash_type", a.Text(0))
	}
	var at *chain.HeaderInfo
	if a.Given(1) {
		switch {
		case n.Sums == nil:
			return nil, table.Errorf(table.CodeInvalid, "Querying specific block heights requires coinstatsindex")
		case kind == coinset.Serialized:
			return nil, table.Errorf(table.CodeInvalid, "hash_serialized_3 hash type cannot be queried for a specific block")
		case !a.Flag(2):
			return nil, table.Errorf(table.CodeInvalid, "Cannot set use_index to false when querying for a specific block")
		}
		h, err := n.hashOrHeight(a.Raw(1))
		if err != nil {
			return nil, err
		}
		at = &h
	}
	if kind != coinset.Serialized && n.Sums != nil && a.Flag(2) {
		return n.indexedSetInfo(ctx, kind, at)
	}
	return n.countedSetInfo(ctx, kind)
}

// indexedSetInfo answers from the index; at is nil for the tip.
func (n *node) indexedSetInfo(ctx context.Context, kind coinset.Kind, at *chain.HeaderInfo) (any, error) {
	ready, err := n.Sums.Ready(ctx)
	if err != nil {
		return nil, err
	}
	if at == nil {
		h, _ := n.Chain.Header(n.Chain.Tip().ID)
		at = &h
	}
	sums, hash, ok, err := n.Sums.At(ctx, at.Height, at.ID)
	if err != nil {
		return nil, err
	}
	var before index.Sums
	if ok && at.Height > 0 {
		if before, _, ok, err = n.Sums.At(ctx, at.Height-1, at.Parent); err != nil {
			return nil, err
		}
	}
	switch {
	case !ok && !ready && at.Active:
		return nil, table.Errorf(table.CodeInternal, "Unable to get data because coinstatsindex is still syncing. Current height: %d", n.Sums.Height())
	case !ok:
		return nil, table.Errorf(table.CodeInternal, "Unable to read UTXO set")
	}
	lost := view.Coins(sums.Unspendable())
	out := setInfo{
		Height: at.Height, Best: at.ID, Outs: sums.Outs, Bogosize: sums.Bogosize, Total: view.Coins(sums.Amount),
		Unspendable: &lost, Block: newBlockSums(sums.Minus(before)),
	}
	if kind == coinset.Multiset {
		out.MuHash = &hash
	}
	return out, nil
}

func newBlockSums(s index.Sums) *blockSums {
	out := &blockSums{
		Spent: view.Coins(s.Spent), Coinbase: view.Coins(s.Coinbase), Created: view.Coins(s.Created), Unspendable: view.Coins(s.Unspendable()),
	}
	u := &out.Unspendables
	u.Genesis, u.BIP30, u.Scripts, u.Unclaimed = view.Coins(s.Genesis), view.Coins(s.BIP30), view.Coins(s.Scripts), view.Coins(s.Unclaimed)
	return out
}

// countedSetInfo goes through all coins.
func (n *node) countedSetInfo(ctx context.Context, kind coinset.Kind) (any, error) {
	var at consensus.State
	sum, err := coinset.Sum(ctx, func(ctx context.Context, f func(wire.Outpoint, consensus.Coin) error) (err error) {
		at, err = n.Chain.EachCoin(ctx, f)
		return err
	}, kind)
	if err != nil {
		return nil, err
	}
	disk := folderSize(n.Folder)
	out := setInfo{
		Height: at.Height, Best: at.ID, Outs: sum.Coins, Bogosize: sum.Bogosize, Total: view.Coins(sum.Amount), Txs: &sum.Txs, Disk: &disk,
	}
	switch kind {
	case coinset.Serialized:
		out.Serialized = &sum.Hash
	case coinset.Multiset:
		out.MuHash = &sum.Hash
	}
	return out, nil
}
