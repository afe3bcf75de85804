package chainrpc

import (
	"context"
	"errors"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) blockMethods() []table.Method {
	return []table.Method{{
		Name: "getblockheader", Category: "blockchain",
		About: "If verbose is false, returns a string that is serialized, hex-encoded data for blockheader 'hash'.\n" +
			"If verbose is true, returns an Object with information about blockheader <hash>.",
		Args: []table.Arg{
			{Name: "blockhash", Kind: table.HexText, Need: true, About: "The block hash"},
			{Name: "verbose", Kind: table.Boolean, Def: "true", About: "true for a json object, false for the hex-encoded data"},
		},
		Results: headerShapes(), Examples: table.Both("getblockheader", `"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"`, `"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"`), Call: n.getBlockHeader,
	}, {
		Name: "getblock", Category: "blockchain",
		About: "If verbosity is 0, returns a string that is serialized, hex-encoded data for block 'hash'.\n" +
			"If verbosity is 1, returns an Object with information about block <hash>.\n" +
			"If verbosity is 2, returns an Object with information about block <hash> and information about each transaction.\n" +
			"If verbosity is 3, returns an Object with information about block <hash> and information about each transaction, including prevout information for inputs.",
		Args: []table.Arg{
			{Name: "blockhash", Kind: table.HexText, Need: true, About: "The block hash"},
			{Name: "verbosity|verbose", Kind: table.Integer, Def: "1", Loose: true, About: "0 for hex-encoded data, 1 for a JSON object, 2 for JSON object with transaction data, and 3 for JSON object with transaction data including prevout information for inputs"},
		},
		Results: blockShapes(), Examples: table.Both("getblock", `"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"`, `"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"`), Call: n.getBlock,
	}}
}

func (n *node) getBlockHeader(_ context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "hash")
	if err != nil {
		return nil, err
	}
	h, err := n.header(id)
	if err != nil {
		return nil, err
	}
	if !a.Flag(1) {
		return view.Hex(h.Header.Append(nil)), nil
	}
	return n.view(h), nil
}

func (n *node) getBlock(_ context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "blockhash")
	if err != nil {
		return nil, err
	}
	level, err := table.Verbosity(a.Raw(1))
	if err != nil {
		return nil, err
	}
	h, err := n.header(id)
	if err != nil {
		return nil, err
	}
	b, err := n.recent.block(id, n.Chain.Block)
	if err != nil {
		return nil, unavailable(err)
	}
	if level <= 0 {
		return view.Hex(b.Bytes()), nil
	}
	out := view.Block{Header: n.view(h), Block: b, Params: n.Params, Txs: level > 1, Prevs: level > 2}
	if out.Txs {
		out.Spent, err = n.spent(b)
	}
	return out, err
}

// unavailable words a body that is not stored as Core does.
func unavailable(err error) error {
	if errors.Is(err, chain.ErrPruned) {
		return table.Errorf(table.CodeMisc, "Block not available (pruned data)")
	}
	return missing(err, "Block not available (not fully downloaded)")
}

// spent are the coins that a block spent, where they are known: for blocks
// that were once on the active branch.
func (n *node) spent(b *wire.Block) ([]consensus.Coin, error) {
	spent, err := n.Chain.Spent(b.ID())
	if errors.Is(err, chain.ErrNoBlock) {
		return nil, nil
	}
	return spent, err
}
