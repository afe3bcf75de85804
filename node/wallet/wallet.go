package wallet

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// Chain is what the wallet needs of the chain; *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	Changed() <-chan struct{}
	UpdatesSince(id wire.Hash, max int) (reverted, applied []consensus.Update, err error)
}

// Pool is what the wallet needs of the mempool; *mempool.Pool satisfies it.
type Pool interface {
	Add(t *wire.Tx, from string) (mempool.Result, error)
	Entries() (tip wire.Hash, es []mempool.Entry)
	EventsSince(seq uint64) ([]mempool.Event, bool)
	Changed() <-chan struct{}
}

// Config is what a Wallet is opened from.
type Config struct {
	Chain  Chain
	Pool   Pool
	Params *consensus.Params
	File   string // mode 0600; may be absent, then there is no wallet until Create or Restore
	Now    func() time.Time
	Rand   io.Reader // nil: crypto/rand
	Log    *slog.Logger
}

// Errors that callers tell apart.
var (
	ErrNone     = errors.New("there is no wallet yet: make one with `quern wallet create`")
	ErrExists   = errors.New("there is a wallet already")
	ErrPassword = errors.New("wrong password")
	ErrFunds    = errors.New("insufficient funds")
)

// Wallet is safe for concurrent use.
type Wallet struct{ _ int }

// Open reads the file. One that is damaged, of another chain or of a newer
// version is refused with an error that says so, and left as it is.
func Open(c Config) (*Wallet, error) { panic("unwritten") }

// Run follows chain and mempool until ctx ends.
func (w *Wallet) Run(ctx context.Context) error { panic("unwritten") }

// Exists says whether there are keys.
func (w *Wallet) Exists() bool { panic("unwritten") }

// Create makes new keys and returns their 12 words: the only copy outside the file.
func (w *Wallet) Create(password string) (words string, err error) { panic("unwritten") }

// Restore takes keys from words and finds their coins by reading the whole
// chain, in the background, see Status.
func (w *Wallet) Restore(words, password string) error { panic("unwritten") }

// Kind is the form of an address.
type Kind int

const (
	SegWit  Kind = iota // BIP84, P2WPKH
	Taproot             // BIP86, P2TR
)

// NewAddress returns the next unused receiving address.
func (w *Wallet) NewAddress(k Kind) (string, error) { panic("unwritten") }

// NewScript is NewAddress as a script, for a miner's coinbase.
func (w *Wallet) NewScript() ([]byte, error) { panic("unwritten") }

// Balance in satoshis.
type Balance struct {
	Confirmed int64 // spendable now
	Pending   int64 // in the mempool: coming in, or change of one's own payments
	Immature  int64 // mined, not yet mature
}

// Balance sums the coins up.
func (w *Wallet) Balance() (Balance, error) { panic("unwritten") }

// Payment is one output to make; Value in satoshis.
type Payment struct {
	Address string
	Value   int64
}

// Order is what Send is to do.
type Order struct {
	To          []Payment
	Feerate     int64 // satoshis per 1000 virtual bytes; 0: the mempool's floor, at least 1000
	SubtractFee bool  // take the fee from the payments, so that a whole balance can be sent
	Password    string
}

// Sent is a payment that the mempool took.
type Sent struct {
	Tx  *wire.Tx
	Fee int64 // satoshis
}

// Send pays: it chooses coins, adds change, signs, and hands the transaction to the mempool.
func (w *Wallet) Send(ctx context.Context, o Order) (Sent, error) { panic("unwritten") }

// Record is a transaction that concerns the wallet.
type Record struct {
	TxID      wire.Hash
	Value     int64 // satoshis: received minus spent
	Fee       int64 // satoshis, when all inputs are the wallet's
	Height    uint32
	Block     wire.Hash // zero while it waits in the mempool
	Time      time.Time
	Coinbase  bool
	Addresses []string // the wallet's that received, or others' that were paid
	Abandoned bool     // it conflicts with the chain and can no longer confirm
}

// History lists records, newest first, at most max (0: all).
func (w *Wallet) History(max int) ([]Record, error) { panic("unwritten") }

// Status says how far the wallet has read the chain.
type Status struct {
	Exists bool
	Height uint32 // of the last block read
	Synced bool   // it is the tip
}

// Status returns it.
func (w *Wallet) Status() Status { panic("unwritten") }

// Close saves and wipes what secrets are in memory.
func (w *Wallet) Close() error { panic("unwritten") }
