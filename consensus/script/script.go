package script

import "github.com/quernnet/quern/consensus/wire"

// Spend is a transaction with the outputs it spends, one an input. Its checks
// share what need be computed once. Safe for concurrent use.
type Spend struct {
	Tx    *wire.Tx
	Coins []wire.Out
	Flags Flags
}

// NewSpend prepares the checks of all of t's inputs.
func NewSpend(t *wire.Tx, coins []wire.Out, f Flags) *Spend { panic("unwritten") }

// Check is the check of one input.
type Check struct {
	*Spend
	In      int
	TxIndex int // of the transaction in its block, for error messages
}

// Run checks the input. A failure is an *Error; nothing else can go wrong.
func (c Check) Run() error { panic("unwritten") }
