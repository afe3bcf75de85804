package chainrpc

import (
	"context"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) chainMethods() []table.Method {
	return []table.Method{{
		Name: "getblockcount", Category: "blockchain",
		About:   "Returns the height of the most-work fully-validated chain.\nThe genesis block has height 0.",
		Results: []table.Shape{table.Num("", "The height of the tip")}, Examples: table.Both("getblockcount", "", ""), Call: n.getBlockCount,
	}, {
		Name: "getbestblockhash", Category: "blockchain",
		About:   "Returns the hash of the best (tip) block in the most-work fully-validated chain.",
		Results: []table.Shape{table.Hex("", "The hash of the tip")}, Examples: table.Both("getbestblockhash", "", ""), Call: n.getBestBlockHash,
	}, {
		Name: "getblockhash", Category: "blockchain",
		About:   "Returns hash of block in best-block-chain at height provided.",
		Args:    []table.Arg{{Name: "height", Kind: table.Integer, Need: true, About: "The height index"}},
		Results: []table.Shape{table.Hex("", "The block hash")}, Examples: table.Both("getblockhash", `1000`, `1000`), Call: n.getBlockHash,
	}, {
		Name: "getdifficulty", Category: "blockchain",
		About:   "Returns the proof-of-work difficulty as a multiple of the minimum difficulty.",
		Results: []table.Shape{table.Num("", "The difficulty")}, Examples: table.Both("getdifficulty", "", ""), Call: n.getDifficulty,
	}}
}

func (n *node) getBlockCount(_ context.Context, _ table.Args) (any, error) {
	return n.Chain.Tip().Height, nil
}

func (n *node) getBestBlockHash(_ context.Context, _ table.Args) (any, error) {
	return n.Chain.Tip().ID, nil
}

func (n *node) getBlockHash(_ context.Context, a table.Args) (any, error) {
	height := a.Integer(0)
	if height >= 0 {
		if h, ok := n.Chain.ActiveAt(uint32(height)); ok {
			return h.ID, nil
		}
	}
	return nil, table.Errorf(table.CodeInvalid, "Block height out of range")
}

func (n *node) getDifficulty(_ context.Context, _ table.Args) (any, error) {
	return view.Double(n.Chain.Tip().Past.Bits.Difficulty()), nil
}

// header looks a block up that a caller named.
func (n *node) header(id wire.Hash) (chain.HeaderInfo, error) {
	h, ok := n.Chain.Header(id)
	if !ok {
		return h, table.Errorf(table.CodeNotFound, "Block not found")
	}
	return h, nil
}

// view shows a header as it lies below the tip.
func (n *node) view(h chain.HeaderInfo) view.Header { return view.NewHeader(h, n.Chain.Tip().Height) }
