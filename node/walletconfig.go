package node

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/wallet"
)

// Wallet configures how wallets pay.
type Wallet struct {
	FallbackFee int64  `key:"fallback_fee" help:"feerate of payments while fees cannot be estimated, satoshis per 1000 virtual bytes; 0: such payments are refused; -1: 20000 on regtest and commons, 0 elsewhere"`
	AddressType string `key:"address_type" help:"of addresses to be paid at: legacy, p2sh-segwit, bech32 or bech32m"`
	ChangeType  string `key:"change_type" help:"the same of change; empty: such that it looks like what is paid"`
	Replaceable bool   `key:"replaceable" help:"payments say that they may be replaced by others with higher fees (bitcoind's walletrbf)"`
	MaxFee      int64  `key:"max_fee" help:"satoshis that a payment may cost at most"`
	Whole       bool   `key:"avoid_partial_spends" help:"spend all coins of an address or none, so that its coins are not seen to be one's own one after the other"`
	Pending     bool   `key:"spend_unconfirmed_change" help:"change of one's own payments may be spent before it is in a block (bitcoind's spendzeroconfchange)"`
	Keypool     int    `key:"keypool" help:"how many unused addresses of each descriptor are watched beyond the last used one; less makes wallets faster to create, more lets older backups find more"`
}

const (
	maxFallbackFee  = 10_000_000 // satoshis per 1000 virtual bytes; more is a slip
	maxKeypool      = 1_000_000
	testFallbackFee = 20_000
)

// fallbackFee is what wallets pay while fees cannot be estimated.
func (c *Config) fallbackFee() int64 {
	switch {
	case c.Wallet.FallbackFee >= 0:
		return c.Wallet.FallbackFee
	case c.Chain == "regtest" || c.Chain == "commons":
		return testFallbackFee
	}
	return 0
}

func (w *Wallet) validate(bad func(key, format string, args ...any)) {
	if w.FallbackFee < -1 || w.FallbackFee > maxFallbackFee {
		bad("wallet.fallback_fee", "%d is out of range, the most is %d satoshis per 1000 virtual bytes", w.FallbackFee, maxFallbackFee)
	}
	if _, ok := wallet.ParseAddressType(w.AddressType); !ok {
		bad("wallet.address_type", "%q is none of legacy, p2sh-segwit, bech32 and bech32m", w.AddressType)
	}
	if _, ok := wallet.ParseAddressType(w.ChangeType); !ok && w.ChangeType != "" {
		bad("wallet.change_type", "%q is none of legacy, p2sh-segwit, bech32 and bech32m, nor empty", w.ChangeType)
	}
	if w.MaxFee < 1 || w.MaxFee > consensus.MaxMoney {
		bad("wallet.max_fee", "%d is no fee, use 1 satoshi or more", w.MaxFee)
	}
	if w.Keypool < 1 || w.Keypool > maxKeypool {
		bad("wallet.keypool", "%d is out of range, use 1 to %d", w.Keypool, maxKeypool)
	}
}

// habits is w as wallets take it.
func (w *Wallet) habits() *wallet.Habits {
	h := &wallet.Habits{Final: !w.Replaceable, MaxFee: w.MaxFee, Whole: w.Whole, Settled: !w.Pending}
	h.Address, _ = wallet.ParseAddressType(w.AddressType)
	if t, ok := wallet.ParseAddressType(w.ChangeType); ok {
		h.Change = &t
	}
	return h
}
