package chainrpc

import (
	"context"
	"errors"
	"sort"

	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) pruneMethods() []table.Method {
	return []table.Method{{
		Name: "pruneblockchain", Category: "blockchain",
		About: "Attempts to delete block and undo data up to a specified height or timestamp, if eligible for pruning.\n" +
			"Requires `-prune` to be enabled at startup. While pruned data may be re-fetched in some cases (e.g., via `getblockfrompeer`), local deletion is irreversible.",
		Args: []table.Arg{{Name: "height", Kind: table.Integer, Need: true,
			About: "The block height to prune up to. May be set to a discrete height, or to a UNIX epoch time\nto prune blocks whose block time is at least 2 hours older than the provided timestamp."}},
		Results:  []table.Shape{table.Num("", "Height of the last block pruned")},
		Examples: table.Both("pruneblockchain", "1000", "1000"), Call: n.pruneBlockchain,
	}, {
		Name: "preciousblock", Category: "blockchain",
		About: "Treats a block as if it were received before others with the same work.\n" +
			"\nA later preciousblock call can override the effect of an earlier one.\n" +
			"\nThe effects of preciousblock are not retained across restarts.",
		Args:     []table.Arg{{Name: "blockhash", Kind: table.HexText, Need: true, About: "the hash of the block to mark as precious"}},
		Results:  []table.Shape{table.Null("")},
		Examples: table.Both("preciousblock", `"blockhash"`, `"blockhash"`), Call: n.preciousBlock,
	}, {
		Name: "verifychain", Category: "blockchain", About: "Verifies blockchain database.",
		Args: []table.Arg{
			{Name: "checklevel", Kind: table.Integer, Hint: "3, range=0-4", About: "How thorough the block verification is:\n" +
				"- level 0 reads the blocks from disk\n- level 1 verifies block validity\n- level 2 verifies undo data\n" +
				"- level 3 checks disconnection of tip blocks\n- level 4 tries to reconnect the blocks\n- each level includes the checks of the previous levels"},
			{Name: "nblocks", Kind: table.Integer, Hint: "6, 0=all", About: "The number of blocks to check."},
		},
		Results:  []table.Shape{table.Bool("", "Verification finished successfully. If false, check debug log for reason.")},
		Examples: table.Both("verifychain", "", ""), Call: n.verifyChain,
	}}
}

// Limits of pruneblockchain, as Core has them.
const (
	keptBlocks = 288
	highest    = 1_000_000_000 // what is above is a time
	timeWindow = 2 * 60 * 60   // seconds by which blocks' times may be off
)

// pruneAfter is the height below which a chain is too short for pruning (Core's
// nPruneAfterHeight; on regtest that of -fastprune).
func (n *node) pruneAfter() uint32 {
	switch n.Params.Name {
	case "main":
		return 100_000
	case "testnet4", "signet":
		return 1000
	}
	return 100
}

func (n *node) pruneBlockchain(ctx context.Context, a table.Args) (any, error) {
	if n.Chain.PruneTarget() == 0 {
		return nil, table.Errorf(table.CodeMisc, "Cannot prune blocks because node is not in prune mode.")
	}
	height := a.Integer(0)
	if height < 0 {
		return nil, table.Errorf(table.CodeInvalid, "Negative block height.")
	}
	tip := int64(n.Chain.Tip().Height)
	if height > highest {
		h, ok := n.earliest(height-timeWindow, uint32(tip))
		if !ok {
			return nil, table.Errorf(table.CodeInvalid, "Could not find block with at least the specified timestamp.")
		}
		height = int64(h)
	}
	switch {
	case tip < int64(n.pruneAfter()):
		return nil, table.Errorf(table.CodeMisc, "Blockchain is too short for pruning.")
	case height > tip:
		return nil, table.Errorf(table.CodeInvalid, "Blockchain is shorter than the attempted prune height.")
	}
	if err := n.Chain.Prune(ctx, uint32(max(0, min(height, tip-keptBlocks)))); err != nil {
		return nil, err
	}
	return n.pruneHeight(), nil
}

// earliest is the height of the first block such that it or one before it has at least
// that time (Core: FindEarliestAtLeast).
func (n *node) earliest(at int64, tip uint32) (uint32, bool) {
	latest := int64(0) // of the blocks up to height i, which are looked at in order
	times := make([]int64, tip+1)
	for i := range times {
		h, ok := n.Chain.ActiveAt(uint32(i))
		if !ok {
			times = times[:i]
			break
		}
		latest = max(latest, int64(h.Time))
		times[i] = latest
	}
	i := sort.Search(len(times), func(i int) bool { return times[i] >= at })
	return uint32(i), i < len(times)
}

// pruneHeight is the last block whose body is gone, -1 for none.
func (n *node) pruneHeight() int64 {
	if first := n.Chain.FirstBody(); first > 1 {
		return int64(first) - 1
	}
	return -1
}

func (n *node) preciousBlock(ctx context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "blockhash")
	if err != nil {
		return nil, err
	}
	if _, err := n.header(id); err != nil {
		return nil, err
	}
	return nil, n.Chain.Precious(ctx, id)
}

func (n *node) verifyChain(ctx context.Context, a table.Args) (any, error) {
	level, depth := int64(3), int64(6)
	if a.Given(0) {
		level = max(0, min(a.Integer(0), 4))
	}
	if a.Given(1) {
		depth = max(0, a.Integer(1))
	}
	err := n.Chain.Audit(ctx, int(level), int(depth))
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && !errors.Is(err, chain.ErrPartial) {
		n.Log.Error("verifychain found a block that does not hold", "error", err)
	} else if err != nil {
		n.Log.Warn("verifychain", "error", err)
	}
	return err == nil, nil
}

// pruning is what getblockchaininfo says of it, only where it is on.
type pruning struct {
	Height *int64 `json:"pruneheight,omitempty"`
	Auto   *bool  `json:"automatic_pruning,omitempty"`
	Target int64  `json:"prune_target_size,omitempty"`
}

func (n *node) pruning() (p pruning) {
	target := n.Chain.PruneTarget()
	if target == 0 {
		return p
	}
	first, auto := n.pruneHeight()+1, target > 0
	p.Height, p.Auto, p.Target = &first, &auto, max(target, 0)
	return p
}

// background is how far the proof of a snapshot is.
type background struct {
	Base     uint32      `json:"snapshotheight"`
	Blocks   uint32      `json:"blocks"`
	Best     wire.Hash   `json:"bestblockhash"`
	Median   uint32      `json:"mediantime"`
	Work     string      `json:"chainwork"`
	Progress view.Double `json:"verificationprogress"`
}

func (n *node) background() *background {
	b, proving := n.Chain.Background()
	if !proving {
		return nil
	}
	at, _ := n.Chain.Header(b.At.ID)
	base, _ := n.Chain.Header(b.Base.ID)
	return &background{
		b.Base.Height, b.At.Height, b.At.ID, b.At.MedianTimePast(), b.At.Work.String(),
		view.Double(float64(at.ChainTxs) / float64(max(base.ChainTxs, 1))),
	}
}
