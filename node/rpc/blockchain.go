package rpc

import (
	"context"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

func chainMethods() []method {
	return []method{{
		name: "getblockcount", category: "blockchain",
		about:  "Returns the height of the most-work fully-validated chain.\nThe genesis block has height 0.",
		result: "The current block count", call: getBlockCount,
	}, {
		name: "getbestblockhash", category: "blockchain",
		about:  "Returns the hash of the best (tip) block in the most-work fully-validated chain.",
		result: "the block hash, hex-encoded", call: getBestBlockHash,
	}, {
		name: "getblockhash", category: "blockchain",
		about:  "Returns hash of block in best-block-chain at height provided.",
		args:   []arg{{name: "height", kind: integer, need: true, about: "The height index"}},
		result: "The block hash", call: getBlockHash,
	}, {
		name: "getdifficulty", category: "blockchain",
		about:  "Returns the proof-of-work difficulty as a multiple of the minimum difficulty.",
		result: "the proof-of-work difficulty as a multiple of the minimum difficulty.", call: getDifficulty,
	}}
}

func getBlockCount(_ context.Context, n *node, _ args) (any, error) { return n.Chain.Tip().Height, nil }

func getBestBlockHash(_ context.Context, n *node, _ args) (any, error) { return n.Chain.Tip().ID, nil }

func getBlockHash(_ context.Context, n *node, a args) (any, error) {
	height := a.integer(0)
	if height >= 0 {
		if h, ok := n.Chain.ActiveAt(uint32(height)); ok {
			return h.ID, nil
		}
	}
	return nil, errorf(codeInvalid, "Block height out of range")
}

func getDifficulty(_ context.Context, n *node, _ args) (any, error) {
	return double(n.Chain.Tip().Past.Bits.Difficulty()), nil
}

// header looks a block up that a caller named.
func (n *node) header(id wire.Hash) (chain.HeaderInfo, error) {
	h, ok := n.Chain.Header(id)
	if !ok {
		return h, errorf(codeNotFound, "Block not found")
	}
	return h, nil
}

// headerJSON is a header as getblockheader and getblock show it.
type headerJSON struct {
	Hash          wire.Hash  `json:"hash"`
	Confirmations int64      `json:"confirmations"` // -1: not on the active branch
	Height        uint32     `json:"height"`
	Version       int32      `json:"version"`
	VersionHex    hex32      `json:"versionHex"`
	Merkle        wire.Hash  `json:"merkleroot"`
	Time          uint32     `json:"time"`
	Median        uint32     `json:"mediantime"`
	Nonce         uint32     `json:"nonce"`
	Bits          hex32      `json:"bits"`
	Target        string     `json:"target"`
	Difficulty    double     `json:"difficulty"`
	Work          string     `json:"chainwork"`
	Txs           int        `json:"nTx"`
	Prev          *wire.Hash `json:"previousblockhash,omitempty"`
	Next          *wire.Hash `json:"nextblockhash,omitempty"`
}

func (n *node) headerJSON(h chain.HeaderInfo) headerJSON {
	out := headerJSON{
		Hash: h.ID, Confirmations: n.confirmations(h), Height: h.Height,
		Version: h.Version, VersionHex: hex32(h.Version), Merkle: h.Merkle,
		Time: h.Time, Median: h.Median, Nonce: h.Nonce, Bits: hex32(h.Bits), Target: targetOf(h.Bits),
		Difficulty: double(work.Bits(h.Bits).Difficulty()), Work: work.Work(h.Work).String(), Txs: h.Txs,
	}
	if h.Height > 0 {
		out.Prev = &h.Parent
	}
	if !h.Next.IsZero() {
		out.Next = &h.Next
	}
	return out
}

// confirmations counts the blocks from h to the tip; -1 off the active branch.
func (n *node) confirmations(h chain.HeaderInfo) int64 {
	if !h.Active {
		return -1
	}
	// The tip may have moved since h was looked up, but not below it without
	// h's leaving the branch.
	return max(1, int64(n.Chain.Tip().Height)-int64(h.Height)+1)
}

func targetOf(bits uint32) string {
	t, _, _ := work.Bits(bits).Target()
	return t.String()
}
