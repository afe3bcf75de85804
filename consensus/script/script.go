package script

import (
	"sync"

	"github.com/quernnet/quern/consensus/wire"
)

// Spend is a transaction with the outputs it spends, one an input. Its checks
// share what need be computed once. Safe for concurrent use.
type Spend struct {
	Tx    *wire.Tx
	Coins []wire.Out
	Flags Flags

	// Computed by the first check that needs it, it never changes afterwards.
	midOnce sync.Once
	mid     *midstate
}

// NewSpend prepares the checks of all of t's inputs. coins has one output for
// each input, in the inputs' order. Neither may change while checks run.
func NewSpend(t *wire.Tx, coins []wire.Out, f Flags) *Spend {
	return &Spend{Tx: t, Coins: coins, Flags: f}
}

func (s *Spend) midstate() *midstate {
	s.midOnce.Do(func() { s.mid = newMidstate(s.Tx, s.Coins) })
	return s.mid
}

// Check is the check of one input.
type Check struct {
	*Spend
	In      int
	TxIndex int // of the transaction in its block, for error messages
}

// Run checks the input. A failure is an *Error; nothing else can go wrong.
//
// A standard template whose signature is good is accepted straight away; all
// else, and every failure, is the interpreter's.
func (c Check) Run() error {
	if c.passes() {
		return nil
	}
	if err := c.interpret(); err != nil {
		return err
	}
	return nil // not err itself: a nil *Error is an error that is not nil
}
