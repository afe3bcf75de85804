package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

func chainInfoMethods() []method {
	return []method{{
		name: "getblockchaininfo", category: "blockchain",
		about:  "Returns an object containing various state info regarding blockchain processing.",
		result: "{ \"chain\", \"blocks\", \"headers\", \"bestblockhash\", …, \"chainwork\", \"size_on_disk\", \"pruned\", \"warnings\" }",
		call:   getBlockchainInfo,
	}, {
		name: "getchaintips", category: "blockchain",
		about:  "Return information about all known tips in the block tree, including the main chain as well as orphaned branches.",
		result: "[ { \"height\", \"hash\", \"branchlen\", \"status\" }, … ]", call: getChainTips,
	}, {
		name: "getdeploymentinfo", category: "blockchain",
		about: "Returns an object containing various state info regarding deployments of consensus changes.\n" +
			"Consensus changes for which the new rules are enforced from genesis are not listed in \"deployments\".",
		args:   []arg{{name: "blockhash", kind: hexText, hint: "hash of current chain tip", about: "The block hash at which to query deployment state"}},
		result: "{ \"hash\", \"height\", \"script_flags\", \"deployments\" }", call: getDeploymentInfo,
	}, {
		name: "invalidateblock", category: "hidden",
		about:  "Permanently marks a block as invalid, as if it violated a consensus rule.",
		args:   []arg{{name: "blockhash", kind: hexText, need: true, about: "the hash of the block to mark as invalid"}},
		result: "null", call: invalidateBlock,
	}, {
		name: "reconsiderblock", category: "hidden",
		about:  "Removes invalidity status of a block, its ancestors and its descendants, reconsider them for activation.\nThis can be used to undo the effects of invalidateblock.",
		args:   []arg{{name: "blockhash", kind: hexText, need: true, about: "the hash of the block to reconsider"}},
		result: "null", call: reconsiderBlock,
	}}
}

func getBlockchainInfo(ctx context.Context, n *node, _ args) (any, error) {
	tip := n.Chain.Tip()
	return struct {
		Chain      string    `json:"chain"`
		Blocks     uint32    `json:"blocks"`
		Headers    uint32    `json:"headers"`
		Best       wire.Hash `json:"bestblockhash"`
		Bits       hex32     `json:"bits"`
		Target     string    `json:"target"`
		Difficulty double    `json:"difficulty"`
		Time       uint32    `json:"time"`
		Median     uint32    `json:"mediantime"`
		Progress   double    `json:"verificationprogress"`
		Syncing    bool      `json:"initialblockdownload"`
		Work       string    `json:"chainwork"`
		Disk       int64     `json:"size_on_disk"`
		Pruned     bool      `json:"pruned"`
		Challenge  hexBytes  `json:"signet_challenge,omitempty"`
		Warnings   []string  `json:"warnings"`
	}{
		n.Params.RPCName, tip.Height, n.Chain.BestHeader().Height, tip.ID, hex32(tip.Past.Bits), targetOf(uint32(tip.Past.Bits)),
		double(tip.Past.Bits.Difficulty()), tip.Time(), tip.MedianTimePast(), double(n.progress(ctx)), n.syncing(),
		tip.Work.String(), folderSize(n.Folder), false, n.Params.SignetChallenge, n.warnings(),
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

func getChainTips(_ context.Context, n *node, _ args) (any, error) {
	branches := n.Chain.Branches()
	out := make([]branchJSON, len(branches))
	for i, b := range branches {
		out[i] = branchJSON{b.Height, b.ID, b.Length, b.Status}
	}
	slices.SortStableFunc(out, func(a, b branchJSON) int { return int(b.Height) - int(a.Height) })
	return out, nil
}

// deployment is a rule change of the past.
type deployment struct {
	name   string
	Type   string `json:"type"`
	Active bool   `json:"active"`
	Height uint32 `json:"height"`
}

// deployments is an object by name, in Core's order.
type deployments []deployment

// MarshalJSON writes the object.
func (ds deployments) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range ds {
		if i > 0 {
			b.WriteByte(',')
		}
		raw, err := json.Marshal(&ds[i])
		if err != nil {
			return nil, err
		}
		b.WriteString(`"` + ds[i].name + `":`)
		b.Write(raw)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func getDeploymentInfo(_ context.Context, n *node, a args) (any, error) {
	id, err := n.Chain.Tip().ID, error(nil)
	if a.given(0) {
		if id, err = a.hash(0, "blockhash"); err != nil {
			return nil, err
		}
	}
	state, ok := n.Chain.StateAt(id)
	if !ok {
		return nil, errorf(codeNotFound, "Block not found")
	}
	out := struct {
		Hash        wire.Hash   `json:"hash"`
		Height      uint32      `json:"height"`
		Flags       []string    `json:"script_flags"`
		Deployments deployments `json:"deployments"`
	}{Hash: id, Height: state.Height, Flags: n.blockFlags(&state)}
	p := n.Params
	for _, d := range []deployment{
		{name: "bip34", Height: p.BIP34}, {name: "bip66", Height: p.BIP66}, {name: "bip65", Height: p.BIP65},
		{name: "csv", Height: p.CSV}, {name: "segwit", Height: p.Segwit},
	} {
		d.Type, d.Active = "buried", state.Height+1 >= d.Height
		out.Deployments = append(out.Deployments, d)
	}
	return out, nil
}

// blockFlags names the script flags of a block, in the order of the names.
func (n *node) blockFlags(s *consensus.State) []string {
	prev := *s
	if h, ok := n.Chain.Header(s.ID); ok && h.Height > 0 {
		prev, _ = n.Chain.StateAt(h.Parent)
	}
	flags := consensus.NextFlags(&prev, s.ID)
	if flags == script.None {
		return []string{}
	}
	names := strings.Split(flags.String(), ",")
	slices.Sort(names)
	return names
}

func invalidateBlock(ctx context.Context, n *node, a args) (any, error) {
	return n.setAside(ctx, a, n.Chain.Invalidate)
}

func reconsiderBlock(ctx context.Context, n *node, a args) (any, error) {
	return n.setAside(ctx, a, n.Chain.Reconsider)
}

// setAside runs what an operator orders about a block.
func (n *node) setAside(ctx context.Context, a args, order func(context.Context, wire.Hash) error) (any, error) {
	id, err := a.hash(0, "blockhash")
	if err != nil {
		return nil, err
	}
	if _, err := n.header(id); err != nil {
		return nil, err
	}
	if err := order(ctx, id); err != nil {
		return nil, errorf(codeDatabase, "%v", err)
	}
	return nil, n.Pool.Sync(ctx)
}
