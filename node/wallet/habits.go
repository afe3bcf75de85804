package wallet

import "github.com/quernnet/quern/node/spending"

// Habits are how wallets are paid, and pay, where a caller says nothing of it (Core's -addresstype,
// -changetype, -walletrbf, -maxtxfee, -avoidpartialspends and -spendzeroconfchange).
type Habits struct {
	Address AddressType  // of receiving addresses
	Change  *AddressType // of change; nil: such that it looks like what is paid
	Final   bool         // payments do not say that they may be replaced (BIP125)
	MaxFee  int64        // satoshis that a payment may cost
	Whole   bool         // all coins of an address are spent, or none
	Settled bool         // own change is spent only once it is in a block
}

// usual are the habits of Core's wallets.
var usual = Habits{Address: Bech32, MaxFee: spending.MaxFee}

// Habits returns them.
func (w *Wallet) Habits() Habits { return *w.c.Habits }

// ChangeType is of what kind change is, nil for what looks like the payment: where
// addresses are legacy ones, change is, too.
func (h *Habits) ChangeType() *AddressType {
	if h.Change == nil && h.Address == Legacy {
		return new(Legacy)
	}
	return h.Change
}
