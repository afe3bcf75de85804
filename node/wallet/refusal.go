package wallet

import (
	"errors"
	"fmt"
)

// Kind sorts refusals as Core's RPC codes do.
type Kind int

// The kinds, each with Core's code.
const (
	Misc             Kind = -1
	BadType          Kind = -3
	Fault            Kind = -4 // anything of the wallet's that has no kind of its own
	BadAddress       Kind = -5 // an address, key, descriptor or transaction
	NoFunds          Kind = -6
	Invalid          Kind = -8
	BadLabel         Kind = -11
	KeypoolOut       Kind = -12
	UnlockNeeded     Kind = -13
	WrongPassphrase  Kind = -14
	WrongEncryption  Kind = -15 // encrypted where it must not be, or the reverse
	EncryptionFailed Kind = -16
	NotFound         Kind = -18
	NotSpecified     Kind = -19
	AlreadyLoaded    Kind = -35
	AlreadyExists    Kind = -36
)

// Refusal is an error that a caller has to answer for. Its texts are Core's.
type Refusal struct {
	Kind Kind
	Text string
}

func (r *Refusal) Error() string { return r.Text }

func refuse(k Kind, format string, args ...any) *Refusal {
	return &Refusal{k, fmt.Sprintf(format, args...)}
}

// Refusals that callers tell apart.
var (
	ErrLocked     = refuse(UnlockNeeded, "Error: Please enter the wallet passphrase with walletpassphrase first.")
	ErrPassword   = refuse(WrongPassphrase, "Error: The wallet passphrase entered was incorrect.")
	ErrNoKeys     = refuse(Fault, "Error: This wallet has no available keys")
	ErrNotLoaded  = refuse(NotFound, "Requested wallet does not exist or is not loaded")
	ErrScanning   = refuse(Fault, "Wallet is currently rescanning. Abort existing rescan or wait.")
	ErrFunds      = refuse(NoFunds, "insufficient funds")
	ErrUnknownTx  = refuse(BadAddress, "Invalid or non-wallet transaction id")
	errPruned     = refuse(Fault, "Wallet loading failed. Prune: last wallet synchronisation goes beyond pruned data. You need to -reindex (download the whole blockchain again in case of a pruned node)")
	ErrNotWaiting = refuse(BadAddress, "Transaction not eligible for abandonment")

	// ErrNone and ErrExists are about the wallet of the command line.
	ErrNone   = errors.New("there is no wallet yet: make one with `quern wallet create`")
	ErrExists = errors.New("there is a wallet already")
)
