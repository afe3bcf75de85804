package script

import "github.com/quernnet/quern/consensus/wire"

// Spend is a transaction with the outputs it spends, one an input. Nothing of it
// changes while checks run.
type Spend struct {
	Tx    *wire.Tx
	Coins []wire.Out
	Flags Flags
}

// NewSpend prepares the checks of all of t's inputs. coins has one output for
// each input, in the inputs' order.
func NewSpend(t *wire.Tx, coins []wire.Out, f Flags) *Spend {
	return &Spend{Tx: t, Coins: coins, Flags: f}
}

// Checks lists the checks of all inputs.
func (s *Spend) Checks() []Check {
	cs := make([]Check, len(s.Tx.Ins))
	for i := range cs {
		cs[i] = Check{Spend: s, In: i}
	}
	return cs
}

// Check is the check of one input.
type Check struct {
	*Spend
	In      int
	TxIndex int // of the transaction in its block, for error messages
}
