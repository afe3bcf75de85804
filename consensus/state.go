package consensus

import (
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// State is what must be known of a chain, up to and including the block ID, to
// judge the next header and the next block.
type State struct {
	Params *Params
	ID     wire.Hash
	Height uint32
	Work   work.Work // cumulative, genesis included
	Past   work.Past
	Times  [11]uint32 // times of the last blocks; block h is at h%11
}

// GenesisState is the state after p's genesis block.
func GenesisState(p *Params) State { panic("unwritten") }

// MedianTimePast is the median of the last 11 block times (BIP113).
func (s *State) MedianTimePast() uint32 { panic("unwritten") }

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
	// nil for none. It is looked for only where ChecksBIP30 says so.
	Clash *wire.Outpoint
}

// ApplyHeader judges a header against its parent's state and returns the state
// after it. id is h's hash. It does not look at the clock: see CheckTime.
func ApplyHeader(s State, h *wire.Header, id wire.Hash) (State, error) { panic("unwritten") }

// CheckTime refuses a header more than two hours ahead of now (Unix seconds).
// The rule is "time-too-new"; unlike other rules it may pass later.
func CheckTime(h *wire.Header, now int64) error { panic("unwritten") }

// NextBits is the target of a block after s with the given time.
func NextBits(s *State, time uint32) work.Bits { panic("unwritten") }

// NextFlags are the script flags of a block with this id after s.
func NextFlags(s *State, id wire.Hash) script.Flags { panic("unwritten") }

// ChecksBIP30 says whether the block after s must not create an output that is
// unspent already.
func ChecksBIP30(s *State) bool { panic("unwritten") }

// CheckBlock judges what can be judged of a block by itself: size, Merkle
// root, coinbase place, each transaction, legacy sigops, the signet solution. Work is judged by ApplyHeader.
// An error for which Mutated is true says nothing about the header.
func CheckBlock(p *Params, b *wire.Block) error { panic("unwritten") }

// CheckBlockContext judges what needs the parent's state and no coins:
// finality, BIP34 height, witness commitment, weight.
func CheckBlockContext(s *State, b *wire.Block) error { panic("unwritten") }

// Connect judges b, which passed ApplyHeader, CheckBlock and
// CheckBlockContext, against the coins it spends: all but the scripts, which
// come back as checks. next is the state after b's header. It changes none of
// its arguments but in.Spent's entries for coins that the block creates.
func Connect(prev, next State, b *wire.Block, in Inputs) (Update, []script.Check, error) {
	panic("unwritten")
}

// CheckTx judges a transaction by itself (Core's CheckTransaction).
func CheckTx(t *wire.Tx) error { panic("unwritten") }

// ConnectTx judges t as part of the block after s: finality, inputs, maturity,
// sequence locks, money. spent has one coin an input. It returns the fee in
// satoshis and one check an input, to be run with the given flags.
func ConnectTx(s *State, t *wire.Tx, spent []Coin, flags script.Flags) (fee int64, checks []script.Check, err error) {
	panic("unwritten")
}

// NeedsTimePast says whether input i of t has a time-based relative lock, so
// that its coin's TimePast must be filled in (BIP68).
func NeedsTimePast(t *wire.Tx, i int) bool { panic("unwritten") }

// SigopCost is t's signature operation cost given the coins it spends (BIP141).
func SigopCost(t *wire.Tx, spent []Coin, flags script.Flags) int { panic("unwritten") }

// BlockOverheads and limits, in Bitcoin's units.
const (
	Coins          = 100_000_000        // satoshis in one coin
	MaxMoney       = 21_000_000 * Coins // satoshis
	MaxWeight      = 4_000_000          // weight units a block
	MaxSigopCost   = 80_000             // a block
	WitnessScale   = 4                  // weight units a byte without witness
	MaxFutureDrift = 2 * 60 * 60        // seconds
)
