package consensus

import (
	"errors"
	"fmt"
	"slices"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// Params are the rules of one chain. They are shared and never changed after
// construction.
type Params struct {
	Name    string      // as bitcoind's "chain": main, testnet4, signet, regtest; or commons
	RPCName string      // the chain's name told to Bitcoin's clients: commons says regtest
	Magic   [4]byte     // starts each block in a block file
	Genesis *wire.Block // height 0

	Schedule       work.Schedule
	Limit          work.Bits      // the easiest target
	Period         uint32         // blocks between retargets; 0 where there are none
	TimeWarp600    bool           // BIP94: a period's first block is at most 600 s before its parent
	MinDifficulty  bool           // testnet's 20-minute rule is in force (also known to Schedule)
	MinWork        work.Work      // a chain with less is not worth its bodies
	Assumed        []AssumedCoins // coin sets that a node may begin with, by ascending height
	AssumeValid    wire.Hash      // a block whose ancestors' scripts are known to hold; zero: none is
	Spacing        uint32         // seconds between blocks that the schedule aims at
	SubsidyHalving uint32         // blocks between halvings
	Maturity       uint32         // confirmations before a coinbase may be spent

	// First heights at which each rule holds; 0 is always. As in Bitcoin Core,
	// Segwit is about commitments and NULLDUMMY: witnesses are checked from
	// genesis on, and Taproot is 0 on Bitcoin's chains.
	BIP34, BIP65, BIP66, CSV, Segwit, Taproot uint32
	BIP34Hash                                 wire.Hash            // the block at BIP34's height: after it BIP30 need not be checked
	BIP30Exempt                               map[uint32]wire.Hash // blocks, by height, that BIP30 forgives

	// ScriptExceptions are blocks whose scripts are checked by other flags.
	ScriptExceptions map[wire.Hash]script.Flags
	SignetChallenge  []byte // BIP325: the script that each block's solution satisfies; nil elsewhere

	// Encodings of addresses and keys.
	HRP                                string
	PubKeyHash, ScriptHash, PrivateKey byte
	HDPublic, HDPrivate                [4]byte
	CoinType                           uint32 // BIP44

	Port    uint16 // default libp2p port
	RPCPort uint16 // default JSON-RPC port, Bitcoin's
}

// Override changes a regtest-like chain's activation heights, halving and
// challenge; nil fields keep what the base has.
type Override struct {
	BIP34, BIP65, BIP66, CSV, Segwit, Taproot *uint32
	SubsidyHalving                            *uint32
	SignetChallenge                           []byte
}

// With returns a copy of p with o applied. Chains whose rules are fixed by
// others (main, testnet4, signet without a challenge of its own) refuse.
func (p *Params) With(o Override) (*Params, error) {
	switch {
	case p.Name == "regtest" || p.Name == "commons":
	case p.Name == "signet" && (o.SignetChallenge != nil || p.customSignet()):
	case p.Name == "signet":
		return nil, errors.New("the public signet's rules are fixed: give a challenge of your own, or start from regtest")
	default:
		return nil, fmt.Errorf("the rules of %s are fixed: start from regtest", p.Name)
	}
	if o.SubsidyHalving != nil && *o.SubsidyHalving == 0 {
		return nil, errors.New("a halving every 0 blocks is none: give at least 1")
	}
	if o.SignetChallenge != nil && len(o.SignetChallenge) == 0 {
		return nil, errors.New("the signet challenge is empty: give the script that blocks must satisfy")
	}

	c := *p
	for _, f := range []struct{ to, from *uint32 }{
		{&c.BIP34, o.BIP34}, {&c.BIP65, o.BIP65}, {&c.BIP66, o.BIP66}, {&c.CSV, o.CSV},
		{&c.Segwit, o.Segwit}, {&c.Taproot, o.Taproot}, {&c.SubsidyHalving, o.SubsidyHalving},
	} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if o.SignetChallenge != nil {
		c.challenge(slices.Clone(o.SignetChallenge))
	}
	return &c, nil
}

// customSignet says that p is a signet of somebody's own.
func (p *Params) customSignet() bool {
	return p.SignetChallenge != nil && string(p.SignetChallenge) != string(publicSignet())
}

// Assuming returns a copy of p with another AssumeValid.
func (p *Params) Assuming(id wire.Hash) *Params {
	c := *p
	c.AssumeValid = id
	return &c
}

// challenge makes blocks need a solution to the given script. The magic follows
// from it, and no work and no valid block is known of such a chain (BIP325).
func (p *Params) challenge(script []byte) {
	p.SignetChallenge = script
	p.MinWork, p.AssumeValid, p.Assumed = work.Work{}, wire.Hash{}, nil
	id := wire.DoubleSHA256(append(wire.AppendVarint(nil, uint64(len(script))), script...))
	copy(p.Magic[:], id[:4])
}

// Subsidy is the new money of a block at the given height, in satoshis.
func (p *Params) Subsidy(height uint32) int64 {
	// A shift by 64 or more gives 0, as it must.
	return 50 * Coins >> (height / p.SubsidyHalving)
}
