package minerpc

import (
	"context"
	"encoding/json"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/rpc/table"
)

// propose judges a block that has no proof of work yet (BIP23).
func (n *node) propose(ctx context.Context, raw json.RawMessage) (any, error) {
	var data string
	if raw == nil || table.TypeName(raw) != "string" || json.Unmarshal(raw, &data) != nil {
		return nil, table.Errorf(table.CodeType, "Missing data String key for proposal")
	}
	b, err := decodeBlock(data)
	if err != nil {
		return nil, err
	}
	if h, ok := n.Chain.Header(b.ID()); ok {
		switch {
		case h.Invalid:
			return "duplicate-invalid", nil
		case h.Active:
			return "duplicate", nil
		}
		return "duplicate-inconclusive", nil
	}
	if b.Header.Parent != n.Chain.Tip().ID {
		return "inconclusive-not-best-prevblk", nil
	}
	// A draft's Merkle root is not judged, so it is here.
	switch root, mutated := wire.MerkleRoot(b.TxIDs()); {
	case root != b.Header.Merkle:
		return string(consensus.BadMerkleRoot), nil
	case mutated:
		return string(consensus.DuplicateTx), nil
	}
	return bip22(n.Chain.TestBlock(ctx, b, true))
}
