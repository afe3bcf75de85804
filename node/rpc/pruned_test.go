package rpc

import (
	"testing"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/datastore"
)

// pruned is a regtest node of 400 blocks that has pruned those up to some height,
// which it returns.
func pruned(t *testing.T) (*fixture, uint32) {
	t.Helper()
	params, err := consensus.Chain("regtest")
	if err != nil {
		t.Fatal(err)
	}
	f := newFixtureOf(t, 0, false, datastore.Config{Params: params, Backend: "memory", BlockFile: 8 << 10}, -1)
	f.must("generatetoaddress", nil, 400, f.miner())
	f.must("syncwithvalidationinterfacequeue", nil)
	var last uint32
	f.must("pruneblockchain", &last, 100)
	if first := f.parts.Chain.FirstBody(); last == 0 || last > 100 || first != last+1 {
		t.Fatalf("pruned to height %d, blocks from %d on are left", last, first)
	}
	return f, last
}

// Every method that needs a block says that it was pruned.
func TestPrunedBlocksAreCalledPruned(t *testing.T) {
	f, last := pruned(t)
	var gone wire.Hash
	f.must("getblockhash", &gone, last)
	const says = "Block not available (pruned data)"
	f.refused(-1, says, "getblock", gone)
	f.refused(-1, says, "getblockstats", last)
	f.refused(-1, says, "gettxoutproof", []wire.Hash{gone}, gone)
}

// A block that lies below pruned ones is not set aside, as the blocks above cannot
// be taken back; the node goes on. The first that is left can be.
func TestPrunedBlocksAreNotSetAside(t *testing.T) {
	f, last := pruned(t)
	var gone, first, tip wire.Hash
	f.must("getblockhash", &gone, last)
	f.must("getblockhash", &first, last+1)
	f.must("getbestblockhash", &tip)
	if raw, fail := f.call("invalidateblock", []any{gone}); fail == nil || fail.Code != -20 {
		t.Errorf("setting a pruned block aside gives %s, %+v", raw, fail)
	}
	f.must("invalidateblock", nil, first)
	if h := f.parts.Chain.Tip().Height; h != last {
		t.Errorf("without block %d the tip is at height %d", last+1, h)
	}
	f.must("reconsiderblock", nil, first)
	if f.parts.Chain.Tip().ID != tip {
		t.Errorf("back again the tip is at height %d", f.parts.Chain.Tip().Height)
	}
	f.must("generatetoaddress", nil, 1, "bcrt1qs758ursh4q9z627kt3pp5yysm78ddny6txaqgw")
}
