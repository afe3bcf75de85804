package consensus

import (
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// Params are the rules of one chain. They are shared and never changed after
// construction.
type Params struct {
	Name    string      // as bitcoind's "chain": main, testnet4, signet, regtest; commons calls itself regtest to clients, see RPCName
	RPCName string      // the name told to Bitcoin's clients
	Magic   [4]byte     // starts each block in a block file
	Genesis *wire.Block // height 0

	Schedule       work.Schedule
	Limit          work.Bits // the easiest target
	TimeWarp600    bool      // BIP94: a period's first block is at most 600 s before its parent
	MinDifficulty  bool      // testnet's 20-minute rule is in force (also known to Schedule)
	MinWork        work.Work // a chain with less is not worth its bodies
	SubsidyHalving uint32    // blocks between halvings
	Maturity       uint32    // confirmations before a coinbase may be spent

	// First heights at which each rule holds; 0 is always.
	BIP34, BIP65, BIP66, CSV, Segwit, Taproot uint32
	BIP34Hash                                 wire.Hash // the block at BIP34's height: with it BIP30 need not be checked
	BIP30Exempt                               map[uint32]wire.Hash

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

// Override changes a regtest-like chain's activation heights and schedule;
// nil fields keep what the base has.
type Override struct {
	BIP34, BIP65, BIP66, CSV, Segwit, Taproot *uint32
	SubsidyHalving                            *uint32
	SignetChallenge                           []byte
}

// Chain returns the parameters of a built-in chain by name: "main", "testnet4",
// "signet", "regtest" or "commons". The error lists the names.
func Chain(name string) (*Params, error) { panic("unwritten") }

// With returns a copy of p with o applied. Chains whose rules are fixed by
// others (main, testnet4, signet without a challenge of its own) refuse.
func (p *Params) With(o Override) (*Params, error) { panic("unwritten") }

// Digest hashes every rule in p. Two nodes with equal digests judge every
// block alike.
func (p *Params) Digest() wire.Hash { panic("unwritten") }

// Subsidy is the new money of a block at the given height, in satoshis.
func (p *Params) Subsidy(height uint32) int64 { panic("unwritten") }
