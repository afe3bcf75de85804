package walletrpc

import (
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/spending"
)

// bumps is what must be paid besides, in satoshis, for coins that are spent together,
// so that the waiting transactions that they depend on reach a feerate, too: what
// is mined at that feerate anyway needs nothing (Core's MiniMiner).
func (n *node) bumps(ops []wire.Outpoint, rate spending.Feerate) int64 {
	type member struct{ fee, size int64 }
	late := make(map[wire.Hash]member)
	for _, op := range ops {
		e, ok := n.Pool.Get(op.TxID)
		if !ok {
			continue
		}
		mined := n.minedAt(op.TxID, rate)
		line, _ := n.Pool.Ancestors(op.TxID)
		for _, a := range append(line, e) {
			if !mined[a.ID] {
				late[a.ID] = member{a.Modified, int64(a.Size)}
			}
		}
	}
	var fee, size int64
	for _, m := range late {
		fee, size = fee+m.fee, size+m.size
	}
	return max(0, rate.Fee(size)-fee)
}

// minedAt are those of a transaction's cluster that are in chunks of at least a feerate.
func (n *node) minedAt(id wire.Hash, rate spending.Feerate) map[wire.Hash]bool {
	chunks, _ := n.Pool.Cluster(id)
	out := make(map[wire.Hash]bool)
	for _, c := range chunks {
		// Fee / (Weight / 4 / 1000), without a fraction.
		if c.Fee*4000 >= int64(rate)*c.Weight {
			for _, id := range c.IDs {
				out[id] = true
			}
		}
	}
	return out
}
