package spending

import (
	"math/rand/v2"

	"github.com/quernnet/quern/consensus/wire"
)

// Recipient is an output to make. With Subtract it pays its part of the fee.
type Recipient struct {
	Out      wire.Out
	Subtract bool
}

// Preset is a coin that must be spent, with what its input is to have.
type Preset struct {
	Coin
	Sequence  *uint32
	Script    []byte
	Witnesses [][]byte
}

// longestLine is how many waiting transactions that spend each other a payment becomes one of:
// nodes that count ancestors and descendants take no more, as Core does not.
const longestLine = 25

// LongestLine is how many a payment becomes one of at most, where the own mempool takes
// clusters of so many.
func LongestLine(cluster int) int { return min(longestLine, cluster) }

// Order is what a transaction is to do. Feerates are in satoshis per 1000 virtual
// bytes, sizes in virtual bytes.
type Order struct {
	To      []Recipient
	Preset  []Preset // spent first, in this order
	Coins   []Coin   // of which others are chosen, where Others says so
	Others  bool
	Version int32

	Change          []byte // script of the change output
	ChangeErr       error  // why there is no such script; an error only if one is needed
	ChangeAt        *int   // where it goes; nil: anywhere
	ChangeSpendSize int64  // of the input that will spend it

	Feerate, LongTerm, Discard Feerate
	Dust                       Feerate // by which outputs are dust; 0: none is

	Replaceable bool
	LockTime    *uint32 // nil: the tip's height, or a little less now and then, if Tip is given
	Tip         *uint32

	MaxWeight int64 // 0: MaxWeight
	MaxFee    int64 // satoshis
	Together  bool  // spend coins of one script together
	Unsafe    bool  // others' waiting coins, too

	LongestLine int // of waiting transactions that spend each other
	// Connects says whether the mempool takes a transaction of such a weight together
	// with those that wait and that it spends; nil: it does.
	Connects func(t *wire.Tx, weight int64) bool

	Rand *rand.Rand
	// Bump is what bumping coins costs that are spent together, as Coin.Bump is for one;
	// nil: the sum.
	Bump func([]wire.Outpoint) int64
}

// Draft is a transaction that lacks its signatures.
type Draft struct {
	Tx       *wire.Tx
	Coins    []wire.Out // what its inputs spend
	Fee      int64      // satoshis
	ChangeAt int        // -1: it has no change
	Weight   int64      // once signed, at most
}
