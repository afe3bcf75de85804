package netrpc

import (
	"context"
	"slices"

	"github.com/quernnet/quern/node/rpc/table"
)

func (n *node) fetchMethods() []table.Method {
	const example = `"00000000c937983704a73af28acdec37b049d214adbda81d7e2a3dd146f6ed09"`
	return []table.Method{{
		Name: "getblockfrompeer", Category: "blockchain",
		About: "Attempt to fetch block from a given peer.\n\n" +
			"We must have the header for this block, e.g. using submitheader.\n" +
			"The block will not have any undo data which can limit the usage of the block data in a context where the undo data is needed.\n" +
			"Subsequent calls for the same block may cause the response from the previous peer to be ignored.\n" +
			"Peers generally ignore requests for a stale block that they never fully verified, or one that is more than a month old.\n" +
			"When a peer does not respond with a block, we will disconnect.\n" +
			"Note: The block could be re-pruned as soon as it is received.\n\n" +
			"Returns an empty JSON object if the request was successfully scheduled.",
		Args: []table.Arg{
			{Name: "blockhash", Kind: table.HexText, Need: true, About: "The block hash to try to fetch"},
			{Name: "peer_id", Kind: table.Long, Need: true, About: "The peer to fetch it from (see getpeerinfo for peer IDs)"},
		},
		Results:  []table.Shape{table.Obj("", "")},
		Examples: table.Both("getblockfrompeer", example+" 0", example+" 0"), Call: n.getBlockFromPeer,
	}}
}

func (n *node) getBlockFromPeer(_ context.Context, a table.Args) (any, error) {
	id, err := a.Hash(0, "blockhash")
	if err != nil {
		return nil, err
	}
	h, ok := n.Chain.Header(id)
	switch {
	case !ok:
		return nil, table.Errorf(table.CodeMisc, "Block header missing")
	case n.Chain.PruneTarget() != 0 && h.Height > n.Chain.Tip().Height:
		return nil, table.Errorf(table.CodeMisc, "In prune mode, only blocks that the node has already synced previously can be fetched from a peer")
	case h.HasBody || h.Height == 0:
		return nil, table.Errorf(table.CodeMisc, "Block already downloaded")
	}
	peers := n.peerList()
	i := slices.Index(n.peers.assign(peers), int(a.Integer(1)))
	if i < 0 {
		return nil, table.Errorf(table.CodeMisc, "Peer does not exist")
	}
	if err := n.Peering.Fetch(peers[i].ID, id); err != nil {
		return nil, table.Errorf(table.CodeMisc, "%v", err)
	}
	return struct{}{}, nil
}
