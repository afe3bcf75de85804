package spending

import "github.com/quernnet/quern/consensus/wire"

// Coin is an output that may be spent.
type Coin struct {
	Outpoint wire.Outpoint
	Out      wire.Out
	Depth    int64  // confirmations
	Weight   int64  // of the signed input, in a transaction with witness, in weight units; -1: nobody can say
	Witness  bool   // the input has a witness
	Fixed    bool   // Weight is what the caller says, in whichever transaction
	Form     string // coins of one form look alike and are better not mixed with others
	FromMe   bool   // made by a payment of one's own
	// Of a waiting transaction: how many it depends on, itself included, and how many
	// are mined with it.
	Ancestors, Cluster int
	// Bump is what must be paid besides, in satoshis, for the waiting transactions that
	// it depends on and that pay less than the feerate.
	Bump int64

	fee, longFee int64 // satoshis, for spending it now, and at some quiet time
}

// effective is what the coin adds after paying for its input.
func (c *Coin) effective() int64 { return c.Out.Value - c.fee }

// size is the input's in virtual bytes; -1: nobody can say.
func (c *Coin) size() int64 {
	if c.Weight < 0 {
		return -1
	}
	return (c.Weight + 3) / 4
}

func (c *Coin) weight() int64 { return 4 * max(c.size(), 0) }

// price works the coin's fees out.
func (c *Coin) price(p *params) {
	c.fee, c.longFee = 0, 0
	if size := c.size(); size >= 0 {
		c.fee, c.longFee = p.feerate.Fee(size), p.longTerm.Fee(size)
	}
	c.fee += c.Bump
}

// group is coins that are spent together or not at all.
type group struct {
	coins              []*Coin
	value, effective   int64
	fee, longFee       int64
	weight             int64
	depth              int64
	mine               bool
	ancestors, cluster int
	whole              bool // the fee is taken from the outputs, so that all of a coin counts
}

// deepest is the depth of a group without coins.
const deepest = 999

func newGroup(whole bool) *group { return &group{depth: deepest, mine: true, whole: whole} }

func (g *group) add(c *Coin) {
	g.coins = append(g.coins, c)
	g.value += c.Out.Value
	g.effective += c.effective()
	g.fee, g.longFee = g.fee+c.fee, g.longFee+c.longFee
	g.weight += c.weight()
	g.depth = min(g.depth, c.Depth)
	g.mine = g.mine && c.FromMe
	g.ancestors += c.Ancestors
	g.cluster = max(g.cluster, c.Cluster)
}

// amount is what the group adds towards a target.
func (g *group) amount() int64 {
	if g.whole {
		return g.value
	}
	return g.effective
}

// waste is what spending the group now costs more than later.
func (g *group) waste() int64 { return g.fee - g.longFee }

// filter says which groups may be chosen: how deep one's own and others' coins
// must lie, and how long a line of waiting transactions may be.
type filter struct {
	mine, theirs       int64
	ancestors, cluster int
	partial            bool // of an address with more coins than a group holds, the last group, too
	mixed              bool // coins of several forms together
}

func (f *filter) takes(g *group) bool {
	depth := f.theirs
	if g.mine {
		depth = f.mine
	}
	return g.depth >= depth && g.ancestors <= f.ancestors && g.cluster <= f.cluster
}
