package node

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

const (
	// leastPrune is Core's: 288 blocks, what they spent, and the files that are being written.
	leastPrune = 550 << 20
	// leastTestPrune is for chains whose blocks are small.
	leastTestPrune = 1 << 20

	pruneManual = "manual"

	mostBlockFile = 128 << 20 // what there is without pruning
	testBlockFile = 64 << 10  // Core's under -fastprune
)

// isTest says that a chain's blocks are few and small, so that pruning is in small
// steps, as under Core's -fastprune.
func isTest(p *consensus.Params) bool { return p.RPCName == "regtest" }

// target reads datastore.prune: bytes, 0 for none, negative for by hand. 1 is
// by hand too, as Core has it.
func (d *Datastore) target(p *consensus.Params) (int64, error) {
	switch d.Prune {
	case "", "0":
		return 0, nil
	case pruneManual, "1":
		return -1, nil
	}
	var size Size
	if err := size.UnmarshalText([]byte(d.Prune)); err != nil {
		return 0, fmt.Errorf("datastore.prune: %w, or 0 to keep all blocks, or %s", err, pruneManual)
	}
	least := Size(leastPrune)
	if isTest(p) {
		least = leastTestPrune
	}
	if size < least {
		return 0, fmt.Errorf("datastore.prune: %v is too little, use at least %v, or 0 to keep all blocks, or %s", size, least, pruneManual)
	}
	return int64(size), nil
}

// blockFile is how many bytes a block file gets, so that files are small enough a part of
// the target to keep near it. 0: what there is without pruning.
func blockFile(target int64, p *consensus.Params) int64 {
	switch {
	case target == 0, target < 0 && !isTest(p):
		return 0
	case target < 0:
		return testBlockFile
	}
	return min(max(target/8, testBlockFile), mostBlockFile)
}

// coins reads consensus.assume_utxo: another coin set that is known, of a test
// chain.
func (c *Consensus) coins(p *consensus.Params) (*consensus.Params, error) {
	if c.AssumeUTXO == "" {
		return p, nil
	}
	bad := func(err error) error {
		return fmt.Errorf("consensus.assume_utxo: %q is not height:block's id:hash of the coins:transactions: %w", c.AssumeUTXO, err)
	}
	parts := strings.Split(c.AssumeUTXO, ":")
	if len(parts) != 4 {
		return nil, bad(fmt.Errorf("%d parts", len(parts)))
	}
	height, err := strconv.ParseUint(parts[0], 10, 32)
	if err != nil {
		return nil, bad(err)
	}
	block, err := wire.ParseHash(parts[1])
	if err != nil {
		return nil, bad(err)
	}
	coins, err := wire.ParseHash(parts[2])
	if err != nil {
		return nil, bad(err)
	}
	txs, err := strconv.ParseUint(parts[3], 10, 63)
	if err != nil {
		return nil, bad(err)
	}
	return p.AssumingCoins(append(p.Assumed[:len(p.Assumed):len(p.Assumed)],
		consensus.AssumedCoins{Height: uint32(height), Block: block, Coins: coins, Txs: txs})...), nil
}
