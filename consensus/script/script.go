package script

import "github.com/quernnet/quern/consensus/wire"

// Spend is a transaction with the outputs it spends, one an input. Nothing of it
// changes while checks run.
type Spend struct {
	Tx    *wire.Tx
	Coins []wire.Out
	Flags Flags
	// Also are flags by which the checks must hold as well; None: no others. A
	// template that holds by Flags costs nothing more if Also are some of them,
	// and the same of P2SH, Witness and Taproot.
	Also Flags
}

// whichScripts are the flags that say which scripts run. All others only make more
// scripts fail.
const whichScripts = P2SH | Witness | Taproot

// alsoFollows says that a template that holds by Flags holds by Also: the same
// scripts run, and what they are held against are conditions that Flags have too.
func (s *Spend) alsoFollows() bool {
	return s.Also == None || s.Also&^s.Flags == 0 && s.Also&whichScripts == s.Flags&whichScripts
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
