package chainrpc

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) chainInfoMethods() []table.Method {
	return []table.Method{{
		Name: "getblockchaininfo", Category: "blockchain",
		About:   "Returns an object containing various state info regarding blockchain processing.",
		Results: []table.Shape{infoShape()}, Examples: table.Both("getblockchaininfo", "", ""),
		Call: n.getBlockchainInfo,
	}, {
		Name: "getchaintips", Category: "blockchain",
		About:   "Return information about all known tips in the block tree, including the main chain as well as orphaned branches.",
		Results: []table.Shape{tipsShape()}, Examples: table.Both("getchaintips", "", ""), Call: n.getChainTips,
	}, {
		Name: "getdeploymentinfo", Category: "blockchain",
		About: "Returns an object containing various state info regarding deployments of consensus changes.\n" +
			"Consensus changes for which the new rules are enforced from genesis are not listed in \"deployments\".",
		Args:    []table.Arg{{Name: "blockhash", Kind: table.HexText, Hint: "hash of current chain tip", About: "The block hash at which to query deployment state"}},
		Results: []table.Shape{deploymentsShape()}, Examples: table.Both("getdeploymentinfo", "", ""), Call: n.getDeploymentInfo,
	}, {
		Name: "invalidateblock", Category: "hidden",
		About:   "Permanently marks a block as invalid, as if it violated a consensus rule.",
		Args:    []table.Arg{{Name: "blockhash", Kind: table.HexText, Need: true, About: "the hash of the block to mark as invalid"}},
		Results: []table.Shape{table.Null("")}, Examples: table.Both("invalidateblock", `"blockhash"`, `"blockhash"`), Call: n.invalidateBlock,
	}, {
		Name: "reconsiderblock", Category: "hidden",
		About:   "Removes invalidity status of a block, its ancestors and its descendants, reconsider them for activation.\nThis can be used to undo the effects of invalidateblock.",
		Args:    []table.Arg{{Name: "blockhash", Kind: table.HexText, Need: true, About: "the hash of the block to reconsider"}},
		Results: []table.Shape{table.Null("")}, Examples: table.Both("reconsiderblock", `"blockhash"`, `"blockhash"`), Call: n.reconsiderBlock,
	}}
}

func (n *node) getBlockchainInfo(ctx context.Context, _ table.Args) (any, error) {
	tip := n.Chain.Tip()
	return struct {
		Chain      string      `json:"chain"`
		Blocks     uint32      `json:"blocks"`
		Headers    uint32      `json:"headers"`
		Best       wire.Hash   `json:"bestblockhash"`
		Bits       view.Hex32  `json:"bits"`
		Target     string      `json:"target"`
		Difficulty view.Double `json:"difficulty"`
		Time       uint32      `json:"time"`
		Median     uint32      `json:"mediantime"`
		Progress   view.Double `json:"verificationprogress"`
		Syncing    bool        `json:"initialblockdownload"`
		Background *background `json:"backgroundvalidation,omitempty"`
		Work       string      `json:"chainwork"`
		Disk       int64       `json:"size_on_disk"`
		Pruned     bool        `json:"pruned"`
		pruning
		Challenge view.Hex `json:"signet_challenge,omitempty"`
		Warnings  []string `json:"warnings"`
	}{
		n.Params.RPCName, tip.Height, n.Chain.BestHeader().Height, tip.ID, view.Hex32(tip.Past.Bits), view.Target(uint32(tip.Past.Bits)),
		view.Double(tip.Past.Bits.Difficulty()), tip.Time(), tip.MedianTimePast(), view.Double(n.Progress(ctx)), n.Syncing(), n.background(),
		tip.Work.String(), n.Chain.Usage(), n.Chain.PruneTarget() != 0, n.pruning(), n.Params.SignetChallenge, n.Warnings(),
	}, nil
}

// folderSize sums up the files below a folder, in bytes: headers, blocks, coins
// and all else that the node keeps.
func folderSize(dir string) (total int64) {
	if dir == "" {
		return 0
	}
	_ = filepath.WalkDir(dir, func(_ string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // a file that went meanwhile takes no space
		}
		if info, err := e.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}

type branchJSON struct {
	Height uint32    `json:"height"`
	Hash   wire.Hash `json:"hash"`
	Length uint32    `json:"branchlen"`
	Status string    `json:"status"`
}

func (n *node) getChainTips(_ context.Context, _ table.Args) (any, error) {
	branches := n.Chain.Branches()
	out := make([]branchJSON, len(branches))
	for i, b := range branches {
		out[i] = branchJSON{b.Height, b.ID, b.Length, b.Status}
	}
	slices.SortStableFunc(out, func(a, b branchJSON) int { return int(b.Height) - int(a.Height) })
	return out, nil
}

func (n *node) getDeploymentInfo(_ context.Context, a table.Args) (any, error) {
	id, err := n.Chain.Tip().ID, error(nil)
	if a.Given(0) {
		if id, err = a.Hash(0, "blockhash"); err != nil {
			return nil, err
		}
	}
	state, ok := n.Chain.StateAt(id)
	if !ok {
		return nil, table.Errorf(table.CodeNotFound, "Block not found")
	}
	out := struct {
		Hash        wire.Hash   `json:"hash"`
		Height      uint32      `json:"height"`
		Flags       []string    `json:"script_flags"`
		Deployments deployments `json:"deployments"`
	}{Hash: id, Height: state.Height, Flags: n.blockFlags(&state)}
	out.Deployments = n.deployments(&state)
	return out, nil
}

// blockFlags names the script flags of a block, in the order of the names.
func (n *node) blockFlags(s *consensus.State) []string {
	flags := consensus.FlagsAt(n.Params, s.Height, s.ID)
	if flags == script.None {
		return []string{}
	}
	names := strings.Split(flags.String(), ",")
	slices.Sort(names)
	return names
}

func (n *node) invalidateBlock(ctx context.Context, a table.Args) (any, error) {
	return n.setAside(ctx, a, n.Chain.Invalidate)
}

func (n *node) reconsiderBlock(ctx context.Context, a table.Args) (any, error) {
	return n.setAside(ctx, a, n.Chain.Reconsider)
}

// setAside runs what an operator orders about a block.
func (n *node) setAside(ctx context.Context, a table.Args, order func(context.Context, wire.Hash) error) (any, error) {
	id, err := a.Hash(0, "blockhash")
	if err != nil {
		return nil, err
	}
	if _, err := n.header(id); err != nil {
		return nil, err
	}
	if err := order(ctx, id); err != nil {
		return nil, table.Errorf(table.CodeDatabase, "%v", err)
	}
	return nil, n.Pool.Sync(ctx)
}
