package wallet

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
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
	Stats() mempool.Stats
}

// Config is what a Wallet is opened from.
type Config struct {
	Chain     Chain
	Pool      Pool
	Params    *consensus.Params
	File      string // mode 0600; may be absent, then there is no wallet until Create or Restore
	Now       func() time.Time
	Rand      io.Reader // nil: crypto/rand
	KDF       *KDF      // nil: the default
	Lookahead uint32    // unused addresses watched on each branch; 0: 1000
	Log       *slog.Logger
}

// Errors that callers tell apart.
var (
	ErrNone     = errors.New("there is no wallet yet: make one with `quern wallet create`")
	ErrExists   = errors.New("there is a wallet already")
	ErrPassword = errors.New("wrong password")
	ErrFunds    = errors.New("insufficient funds")
)

// Wallet is safe for concurrent use.
//
// mu guards everything below it. ledger holds the transactions that concern the keys in
// book, as of the block tip; coins and balances are read off it. The file is
// at most saveEvery blocks behind tip, and never behind anything that was
// told to a caller: an address, a payment.
type Wallet struct {
	c Config

	mu      sync.Mutex
	file    *file // nil: no wallet; its Txs, Next, Tip and Height are filled in by save
	book    *book
	ledger  *ledger
	tip     wire.Hash
	height  uint32
	saved   uint32        // height when the file was written
	seen    uint64        // sequence of the last mempool event read
	offered wire.Hash     // tip at which the mempool was last offered what it lacks
	changed chan struct{} // closed when a block or the mempool's news has been read
	woken   chan struct{} // has an entry when Create or Restore made keys
}

// Open reads the file. One that is damaged, of another chain or of a newer
// version is refused with an error that says so, and left as it is.
func Open(c Config) (*Wallet, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.KDF == nil {
		c.KDF = &defaultKDF
	}
	if c.Lookahead == 0 {
		c.Lookahead = defaultLookahead
	}
	w := &Wallet{c: c, changed: make(chan struct{}), woken: make(chan struct{}, 1)}
	f, err := readFile(c.File)
	if err != nil || f == nil {
		return w, err
	}
	if genesis := c.Params.Genesis.ID(); f.Genesis != genesis || f.Chain != c.Params.Name {
		return nil, fmt.Errorf("%s is a wallet of chain %s, this node is on %s: give it another --datadir or --swarm", c.File, f.Chain, c.Params.Name)
	}
	if err := w.load(f); err != nil {
		return nil, fmt.Errorf("%s: %w", c.File, err)
	}
	return w, nil
}

// load takes over what a file says.
func (w *Wallet) load(f *file) error {
	var accounts [2]*hdkeychain.ExtendedKey
	for i, text := range f.Accounts {
		var err error
		if accounts[i], err = hdkeychain.NewKeyFromString(text); err != nil {
			return fmt.Errorf("account %d: %w", i, err)
		}
	}
	book, err := newBook(accounts, f.Next, w.c.Lookahead)
	if err != nil {
		return err
	}
	ledger, err := loadLedger(f.Txs, book)
	if err != nil {
		return err
	}
	w.file, w.book, w.ledger = f, book, ledger
	w.tip, w.height, w.saved = f.Tip, f.Height, f.Height
	return nil
}

// save writes the file as of now.
func (w *Wallet) save() error {
	w.file.Next, w.file.Tip, w.file.Height = w.book.next, w.tip, w.height
	w.file.Txs = w.ledger.dump()
	if err := writeFile(w.c.File, w.file); err != nil {
		return err
	}
	w.saved = w.height
	return nil
}

// Close saves.
func (w *Wallet) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil
	}
	return w.save()
}

// Exists says whether there are keys.
func (w *Wallet) Exists() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.file != nil
}

// Create makes new keys and returns their 12 words: the only copy outside the
// file. Nobody can have paid them yet, so the chain so far is not read.
func (w *Wallet) Create(password string) (words string, err error) {
	entropy := make([]byte, entropySize)
	defer clear(entropy)
	if _, err := io.ReadFull(w.c.Rand, entropy); err != nil {
		return "", fmt.Errorf("randomness: %w", err)
	}
	tip := w.c.Chain.Tip()
	if err := w.adopt(entropy, password, tip.ID, tip.Height); err != nil {
		return "", err
	}
	return toWords(entropy), nil
}

// Restore takes keys from words and finds their coins by reading the whole
// chain, in the background, see Status.
func (w *Wallet) Restore(words, password string) error {
	entropy, err := fromWords(words)
	if err != nil {
		return err
	}
	defer clear(entropy)
	return w.adopt(entropy, password, w.c.Params.Genesis.ID(), 0)
}

// adopt makes the wallet that entropy stands for, as of a block.
func (w *Wallet) adopt(entropy []byte, password string, tip wire.Hash, height uint32) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file != nil {
		return fmt.Errorf("%w, %s: move that file away first, or use another --datadir or --swarm", ErrExists, w.c.File)
	}
	if password == "" {
		return fmt.Errorf("%w: it must not be empty", ErrPassword)
	}
	seed, err := seedOf(toWords(entropy), "")
	if err != nil {
		return err
	}
	defer clear(seed)
	f := &file{
		Format: fileFormat, Version: fileVersion,
		Chain: w.c.Params.Name, Genesis: w.c.Params.Genesis.ID(), Tip: tip, Height: height,
	}
	for i := range f.Accounts {
		private, err := account(seed, Kind(i), w.c.Params)
		if err != nil {
			return fmt.Errorf("derive account: %w", err)
		}
		pub, err := public(private, w.c.Params)
		if err != nil {
			return fmt.Errorf("derive account: %w", err)
		}
		f.Accounts[i] = pub.String()
		private.Zero()
	}
	if f.Secret, err = seal(w.c.Rand, *w.c.KDF, password, entropy, f.Genesis[:]); err != nil {
		return err
	}
	if err := w.load(f); err != nil {
		return err
	}
	if err := w.save(); err != nil {
		w.file = nil
		return err
	}
	select {
	case w.woken <- struct{}{}:
	default:
	}
	return nil
}

// Kind is the form of an address.
type Kind int

const (
	SegWit  Kind = iota // BIP84, P2WPKH
	Taproot             // BIP86, P2TR
)

// NewAddress returns the next unused receiving address.
func (w *Wallet) NewAddress(k Kind) (string, error) {
	s, err := w.newScript(k)
	if err != nil {
		return "", err
	}
	text, ok := address.Encode(s, w.c.Params)
	if !ok {
		return "", fmt.Errorf("script %x has no address", s)
	}
	return text, nil
}

// NewScript is NewAddress as a script, for a miner's coinbase.
func (w *Wallet) NewScript() ([]byte, error) { return w.newScript(SegWit) }

func (w *Wallet) newScript(k Kind) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil, ErrNone
	}
	s, err := w.book.fresh(k, receiving)
	if err != nil {
		return nil, err
	}
	return s, w.save()
}

// Status says how far the wallet has read the chain.
type Status struct {
	Exists bool
	Height uint32 // of the last block read
	Synced bool   // it is the tip
}

// Status returns it.
func (w *Wallet) Status() Status {
	tip := w.c.Chain.Tip().ID
	w.mu.Lock()
	defer w.mu.Unlock()
	return Status{Exists: w.file != nil, Height: w.height, Synced: w.file != nil && w.tip == tip}
}

// Changed returns a channel that is closed when the wallet has next read
// something. Take it before reading the state that it announces changes of.
func (w *Wallet) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}
