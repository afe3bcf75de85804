package wallet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/mempool"
)

// Chain is what wallets need of the chain; *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	Changed() <-chan struct{}
	UpdatesSince(id wire.Hash, max int) (reverted, applied []consensus.Update, err error)
	ActiveAt(height uint32) (chain.HeaderInfo, bool)
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	Block(id wire.Hash) (*wire.Block, error)
	Background() (chain.Background, bool)
	Flushed() wire.Hash
	HoldPruning(name string, from uint32)
	ReleasePruning(name string)
}

// Pool is what wallets need of the mempool; *mempool.Pool satisfies it.
type Pool interface {
	Add(t *wire.Tx, from string) (mempool.Result, error)
	Unsent(id wire.Hash)
	Get(id wire.Hash) (mempool.Entry, bool)
	Entries() (tip wire.Hash, es []mempool.Entry)
	EventsSince(seq uint64) ([]mempool.Event, bool)
	Changed() <-chan struct{}
	Stats() mempool.Stats
	Connects(t *wire.Tx, weight int64) bool
}

// Config is what a Set is opened from.
type Config struct {
	Chain   Chain
	Pool    Pool
	Params  *consensus.Params
	Dir     string  // of the wallets: each has a folder, the default one its file in Dir itself
	Former  string  // a version 1 wallet's file, which becomes the default wallet; may be absent
	Filters Filters // nil: rescans read every block
	Now     func() time.Time
	Rand    io.Reader // nil: crypto/rand
	KDF     *KDF      // nil: the default
	Keypool uint32    // unused addresses derived of each descriptor; 0: 1000
	Habits  *Habits   // nil: those of Core
	Log     *slog.Logger

	disk disk // nil: the operating system's
}

const (
	fileName    = "wallet.dat"
	startupName = "startup.json"
)

// Set is the wallets of a node, by name. It is safe for concurrent use.
//
// mu guards what is below it. wallets are those that are loaded, in the order of loading; a name is in
// busy while it is being loaded or made, so that nobody else does. start, once Run runs,
// has a wallet follow the chain.
type Set struct {
	c Config

	mu      sync.Mutex
	wallets []*member
	busy    map[string]bool
	startup []string // names of those to load at the next start
	start   func(*member)
	stopped bool
}

// member is a loaded wallet, and how to end what follows the chain for it; nil
// while nothing does.
type member struct {
	*Wallet
	stop func()
}

// Open reads which wallets were loaded, and loads them: a wallet that is
// damaged, of another chain or of a newer version is refused with an error that says
// so, and left as it is; one that is gone, or has yet to read blocks that were pruned, is skipped.
func Open(c Config) (*Set, error) {
	c.fill()
	s := &Set{c: c, busy: map[string]bool{}}
	if err := s.migrate(); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Former, err)
	}
	b, err := os.ReadFile(filepath.Join(c.Dir, startupName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(b, &s.startup); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(c.Dir, startupName), err)
		}
	}
	if len(s.startup) == 0 && exists(filepath.Join(c.Dir, fileName)) {
		s.startup = []string{""} // as Core does where nothing is said
	}
	for _, name := range s.startup {
		if _, file, err := s.place(name); err == nil && !exists(file) {
			c.Log.Warn("a wallet that was to be loaded is not there", "wallet", name, "file", file)
		} else if _, err := s.Load(name, nil); errors.Is(err, errPruned) {
			c.Log.Error("a wallet that was to be loaded has yet to read blocks that were pruned", "wallet", name, "err", err)
		} else if err != nil {
			return nil, errors.Join(fmt.Errorf("wallet %q: %w", name, err), s.Close())
		}
	}
	return s, nil
}

func (c *Config) fill() {
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
	if c.Keypool == 0 {
		c.Keypool = addressesAhead
	}
	if c.Habits == nil {
		c.Habits = &usual
	}
	if c.disk == nil {
		c.disk = osDisk{}
	}
}

// Get returns the loaded wallet of a name.
func (s *Set) Get(name string) (*Wallet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.find(name); m != nil {
		return m.Wallet, nil
	}
	return nil, ErrNotLoaded
}

func (s *Set) find(name string) *member {
	i := slices.IndexFunc(s.wallets, func(m *member) bool { return m.name == name })
	if i < 0 {
		return nil
	}
	return s.wallets[i]
}

// Only returns the wallet of a request that names none: the only one that is
// loaded.
func (s *Set) Only() (*Wallet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch len(s.wallets) {
	case 0:
		return nil, refuse(NotFound, "No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet. (Note: A default wallet is no longer automatically created)")
	case 1:
		return s.wallets[0].Wallet, nil
	}
	return nil, refuse(NotSpecified, "Multiple wallets are loaded. Please select which wallet to use by requesting the RPC through the /wallet/<walletname> URI path.")
}

// Primary is the wallet of the command line and of the miner: the default one
// or, where that is not loaded, the first that is and has addresses to give. ErrNone when there is none.
func (s *Set) Primary() (*Wallet, error) {
	for _, w := range s.Loaded() {
		if w.name == "" {
			return w, nil
		}
	}
	for _, w := range s.Loaded() {
		if w.CanGive(false) {
			return w, nil
		}
	}
	return nil, ErrNone
}

// Loaded lists the loaded wallets in the order of loading.
func (s *Set) Loaded() []*Wallet {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*Wallet, len(s.wallets))
	for i, m := range s.wallets {
		out[i] = m.Wallet
	}
	return out
}

// Run has the loaded wallets, and those that will be loaded, follow chain and mempool until ctx ends or one of
// them fails. Then none is loaded any more.
func (s *Set) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make(chan error, 1)
	s.mu.Lock()
	s.start = func(m *member) {
		own, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		m.stop = func() { cancel(); <-done }
		go func() {
			defer close(done)
			if err := m.run(own); errors.Is(err, errPruned) {
				s.lose(m, err)
			} else if err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		}()
	}
	for _, m := range s.wallets {
		s.start(m)
	}
	s.mu.Unlock()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, s.Close())
}

// Close saves and unloads all wallets; those to be loaded at the next start stay
// so.
func (s *Set) Close() error {
	s.mu.Lock()
	all := s.wallets
	s.wallets, s.stopped = nil, true
	s.mu.Unlock()
	var errs []error
	for _, m := range all {
		errs = append(errs, m.end())
	}
	return errors.Join(errs...)
}

// lose unloads a wallet that cannot go on, as its next blocks are gone for good. What
// follows the chain for it has ended.
func (s *Set) lose(m *member, why error) {
	s.c.Log.Error("a wallet is unloaded", "wallet", m.name, "err", why)
	s.mu.Lock()
	s.wallets = slices.DeleteFunc(s.wallets, func(o *member) bool { return o == m })
	s.mu.Unlock()
	m.AbortScan()
	if err := m.close(); err != nil {
		s.c.Log.Error("a wallet that is unloaded could not be saved", "wallet", m.name, "err", err)
	}
}

// end stops following and gives the file up.
func (m *member) end() error {
	m.AbortScan()
	if m.stop != nil {
		m.stop()
	}
	return m.close()
}

// admit takes a wallet among the loaded ones.
func (s *Set) admit(w *Wallet) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return errors.Join(ErrNotLoaded, w.close())
	}
	m := &member{Wallet: w}
	s.wallets = append(s.wallets, m)
	if s.start != nil {
		s.start(m)
	}
	return nil
}

// claim keeps others from the name until release is called.
func (s *Set) claim(name string) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[name] {
		return nil, refuse(Fault, "Wallet already loading.")
	}
	s.busy[name] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.busy, name)
	}, nil
}

// remember has a wallet loaded at the next start, or not; nil changes nothing. It
// returns a warning where that could not be written.
func (s *Set) remember(name string, on *bool) (warnings []string) {
	if on == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	next := slices.DeleteFunc(slices.Clone(s.startup), func(n string) bool { return n == name })
	if *on {
		next = append(next, name)
	}
	if slices.Equal(next, s.startup) {
		return nil
	}
	if err := writeStartup(filepath.Join(s.c.Dir, startupName), next); err != nil {
		s.c.Log.Warn("which wallets to load could not be written", "err", err)
		if *on {
			return []string{"Wallet load on startup setting could not be updated, so wallet may not be loaded next node startup."}
		}
		return []string{"Wallet load on startup setting could not be updated, so wallet may still be loaded next node startup."}
	}
	s.startup = next
	return nil
}

// writeStartup replaces the list: at every moment either the old or the new one
// is there, whole.
func writeStartup(path string, names []string) error {
	b, err := json.Marshal(names)
	if err != nil {
		return err
	}
	part := path + ".part"
	if err := writeSynced(part, append(b, '\n')); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func writeSynced(path string, b []byte) error {
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return errors.Join(err, w.Sync(), w.Close())
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
