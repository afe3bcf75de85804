package consensus

import (
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// State is what must be known of a chain, up to and including the block ID, to
// judge the next header and the next block.
type State struct {
	Params  *Params
	ID      wire.Hash
	Height  uint32
	Work    work.Work // cumulative, genesis included
	Past    work.Past
	Times   [medianSpan]uint32 // times of the last blocks; block h is at h%11
	OnBIP34 bool               // the chain has Params.BIP34Hash, so that BIP34 rules out what BIP30 forbids
}

// Coin is an unspent output, or one about to be spent.
type Coin struct {
	wire.Out
	Height   uint32 // of the block that created it
	TimePast uint32 // median time past of the block before that one; needed only where NeedsTimePast says so
	Coinbase bool
	Missing  bool // there is no such coin; all other fields are then meaningless
}

// Update is a block's whole effect. Read backwards it reverts the block.
type Update struct {
	Prev, Next State
	Block      *wire.Block
	Spent      []Coin // one for each input but the coinbase's, in block order, coins created in the block included
	Fees       int64  // satoshis
}

// Inputs are what Connect must be told of the coin set before the block.
type Inputs struct {
	// Spent has one coin for each input but the coinbase's, in block order. A
	// coin that the set does not have is Missing; Connect itself fills in
	// those that the block creates.
	Spent []Coin
	// Clash is an unspent output that the block would create again (BIP30),
	// nil for none. It is looked for only where ChecksBIP30 or ExplainsBIP30
	// say so.
	Clash *wire.Outpoint
}

// Limits, in Bitcoin's units.
const (
	Coins          = 100_000_000        // satoshis in one coin
	MaxMoney       = 21_000_000 * Coins // satoshis
	MaxWeight      = 4_000_000          // weight units a block
	MaxSigopCost   = 80_000             // a block
	WitnessScale   = 4                  // weight units a byte without witness
	MaxFutureDrift = 2 * 60 * 60        // seconds
)
