package wallet

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/musig"
	"github.com/quernnet/quern/node/signing"
)

// Wallet is a named set of descriptors, and what the chain says of them. It is
// safe for concurrent use.
//
// mu guards everything below it. rings are the descriptors in the order in
// which they came; places maps each script of theirs to where it belongs, and keyed each public
// key to one place in each descriptor that has it, up to the keypool beyond the last one used. ledger holds the transactions that concern those
// scripts as of the block tip; coins and balances are read off it. The
// journal is at most saveEvery blocks behind tip, and never behind anything that
// was told to a caller: an address, a payment.
//
// paying is taken before mu, by whoever makes a payment, and kept from the choice of its coins
// until mu's ledger knows that they are spent: nobody else chooses them meanwhile.
//
// nonces are the secret nonces of what the wallet signs together with others, from its loading
// until close wipes them. They guard themselves, are in memory alone, and outlast locking: without
// the keys they sign nothing.
type Wallet struct {
	c    *Config
	name string
	path string // of the file

	paying sync.Mutex
	nonces *musig.Nonces

	mu      sync.Mutex
	journal *journal          // nil once closed
	pending map[string]record // changes that are not in the journal yet, by key
	meta    metaRecord
	vault   vault
	relock  *time.Timer // takes the key out of memory; nil before the first unlock
	words   *secret     // BIP39 entropy, nil for none
	former  *sealed     // a version 1 wallet's entropy, until the password is first given
	rings   []*keyring
	active  [2][addressTypes]*keyring // receive, change
	places  map[string][]place        // by script
	keyed   map[signing.KeyID][]place // by public key: where a key of the wallet belongs
	book    map[string]*bookEntry     // by address
	locks   map[wire.Outpoint]bool    // coins not to be spent; true: also after a restart
	ledger  *ledger
	tip     wire.Hash
	height  uint32
	saved   uint32        // height in the journal
	before  []stop        // some of the blocks read before, oldest first: see places.go
	missed  bool          // the block after tip is not stored
	seen    uint64        // sequence of the last mempool event read
	offered wire.Hash     // tip at which the mempool was last offered what it lacks
	regrow  uint32        // height that the chain had before it went back, or when the wallet was saved
	again   time.Time     // when the mempool is offered all that waits outside it; zero before the first tip
	changed chan struct{} // closed when a block or the mempool's news has been read
	woken   chan struct{} // has an entry when there is something to follow at once
	scan    scan
}

// place is where a script belongs: a descriptor and an index of it.
type place struct {
	ring  *keyring
	index uint32
}

func newWallet(c *Config, name, path string) *Wallet {
	w := &Wallet{
		c: c, name: name, path: path, places: map[string][]place{}, keyed: map[signing.KeyID][]place{}, book: map[string]*bookEntry{}, locks: map[wire.Outpoint]bool{}, pending: map[string]record{},
		changed: make(chan struct{}), woken: make(chan struct{}, 1), nonces: musig.NewNonces(c.Rand),
	}
	w.vault = vault{rand: c.Rand, now: c.Now, kdf: *c.KDF}
	w.ledger = newLedger(func(s []byte) []place { return w.places[string(s)] })
	return w
}

// born gives a new wallet its identity, as of a block.
func (w *Wallet) born(flags Flags, tip wire.Hash, height uint32) error {
	id := make([]byte, 16)
	if _, err := io.ReadFull(w.c.Rand, id); err != nil {
		return fmt.Errorf("randomness: %w", err)
	}
	w.meta = metaRecord{ID: id, Chain: w.c.Params.Name, Genesis: w.c.Params.Genesis.ID(), Flags: flags | alwaysSet}
	w.vault.bound = id
	w.tip, w.height, w.saved = tip, height, height
	return nil
}

// open reads a wallet's file, and derives the keypool, which may be larger than it was, or was copied
// when it was used up.
func (w *Wallet) open() error {
	all := records{}
	j, err := openJournal(w.c.disk, w.path, all.apply)
	if err != nil {
		return err
	}
	err = w.load(all)
	if err == nil {
		err = w.topUpActive(w.c.Keypool)
	}
	if err != nil {
		return errors.Join(err, j.close())
	}
	w.ledger.ownAll()
	w.journal = j
	return nil
}

// load takes over what a journal says.
func (w *Wallet) load(all records) error {
	ok, err := all.read(metaKey, &w.meta)
	if err != nil || !ok {
		return errors.Join(err, errDamaged)
	}
	if genesis := w.c.Params.Genesis.ID(); w.meta.Genesis != genesis || w.meta.Chain != w.c.Params.Name {
		return fmt.Errorf("it is of chain %s, this node is on %s: give it another --datadir or --swarm", w.meta.Chain, w.c.Params.Name)
	}
	w.vault.bound = w.meta.ID
	var tip tipRecord
	if _, err := all.read(tipKey, &tip); err != nil {
		return err
	}
	w.tip, w.height, w.saved, w.before = tip.Block, tip.Height, tip.Height, tip.Before
	w.regrow = max(tip.Height, tip.Regrow)
	if err := w.loadSecrets(all); err != nil {
		return err
	}
	for _, f := range []func(records) error{w.loadRings, w.loadBook, w.loadLocks, w.loadLedger} {
		if err := f(all); err != nil {
			return err
		}
	}
	return nil
}

func (w *Wallet) loadSecrets(all records) error {
	for key, v := range map[string]any{boxKey: &w.vault.box, wordsKey: &w.words, formerKey: &w.former} {
		if _, err := all.read(key, v); err != nil {
			return err
		}
	}
	for _, s := range []*sealed{w.vault.box, w.former} {
		if s != nil {
			if err := s.check(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Wallet) loadLedger(all records) error {
	var entries []*entry
	for _, id := range all.under(txKey) {
		var r txRecord
		if _, err := all.read(txKey+id, &r); err != nil {
			return err
		}
		e, err := r.entry()
		if err != nil {
			return fmt.Errorf("transaction %s: %w", id, err)
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b *entry) int { return int(a.order - b.order) })
	for _, e := range entries {
		e.owed = true
		w.ledger.insert(e)
	}
	return nil
}

// dump lists what a new journal of the wallet holds.
func (w *Wallet) dump() []record {
	out := []record{recordOf(metaKey, w.meta), w.tipRecord()}
	if w.vault.box != nil {
		out = append(out, recordOf(boxKey, w.vault.box))
	}
	if w.words != nil {
		out = append(out, recordOf(wordsKey, w.words))
	}
	if w.former != nil {
		out = append(out, recordOf(formerKey, w.former))
	}
	for _, r := range w.rings {
		out = append(out, r.record())
	}
	out = append(out, w.activeRecord())
	for a, b := range w.book {
		out = append(out, recordOf(bookKey+a, b))
	}
	for op, keep := range w.locks {
		if keep {
			out = append(out, lockRecord(op))
		}
	}
	slices.SortStableFunc(out[1:], func(a, b record) int { return strings.Compare(a.Key, b.Key) })
	for _, e := range w.ledger.ordered {
		out = append(out, e.record())
	}
	return out
}

func (w *Wallet) tipRecord() record {
	w.settled()
	r := tipRecord{stop: stop{w.tip, w.height}, Before: w.before}
	if w.regrow > w.height {
		r.Regrow = w.regrow
	}
	return recordOf(tipKey, r)
}

// note has records written with the next commit. mu is held.
func (w *Wallet) note(rs ...record) {
	for _, r := range rs {
		w.pending[r.Key] = r
	}
}

// commit makes records durable, with those noted, what changed in the ledger and the
// block that it is as of. What could not be written is tried again with the next
// commit. mu is held.
func (w *Wallet) commit(rs ...record) error {
	if w.journal == nil {
		return ErrNotLoaded
	}
	w.note(rs...)
	for e := range w.ledger.touched {
		w.note(e.record())
	}
	if w.saved != w.height || len(w.ledger.touched) > 0 {
		w.note(w.tipRecord())
	}
	if len(w.pending) == 0 {
		return nil
	}
	all := slices.SortedFunc(maps.Values(w.pending), func(a, b record) int { return strings.Compare(a.Key, b.Key) })
	if err := w.journal.append(all...); err != nil {
		return err
	}
	clear(w.ledger.touched)
	clear(w.pending)
	w.saved = w.height
	w.hold()
	if w.journal.crowded() {
		return w.journal.rewrite(w.dump())
	}
	return nil
}

// close saves and gives the file up.
func (w *Wallet) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil {
		return nil
	}
	err := w.commit()
	w.vault.lock()
	w.nonces.Close()
	if w.relock != nil {
		w.relock.Stop()
	}
	err = errors.Join(err, w.journal.close())
	w.journal = nil
	w.c.Chain.ReleasePruning(w.holdName())
	w.announce()
	return err
}

// announce wakes those who wait for Changed. mu is held.
func (w *Wallet) announce() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// wake has the follower look at once.
func (w *Wallet) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

// Name is the wallet's name; "" is the default one.
func (w *Wallet) Name() string { return w.name }

// Flags say what kind of wallet it is.
func (w *Wallet) Flags() Flags {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.meta.Flags
}

// SetFlag sets or clears a mutable flag.
func (w *Wallet) SetFlag(f Flags, on bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if on {
		w.meta.Flags |= f
	} else {
		w.meta.Flags &^= f
	}
	return w.commit(recordOf(metaKey, w.meta))
}

// Status says how far a wallet has read the chain.
type Status struct {
	Exists bool
	Tip    wire.Hash // the last block read
	Height uint32    // its height
	Synced bool      // it is the chain's tip
	Missed bool      // the next block is not stored, so that it cannot go on for now
}

// Status returns it.
func (w *Wallet) Status() Status {
	tip := w.c.Chain.Tip().ID
	w.mu.Lock()
	defer w.mu.Unlock()
	return Status{Exists: w.journal != nil, Tip: w.tip, Height: w.height, Synced: w.journal != nil && w.tip == tip, Missed: w.missed}
}

// Changed returns a channel that is closed when the wallet has next read
// something. Take it before reading the state that it announces changes of.
func (w *Wallet) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// Backup writes a copy of the wallet as of now to a file, or into a folder under the
// name of the wallet's file.
func (w *Wallet) Backup(to string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.journal == nil {
		return ErrNotLoaded
	}
	return backup(w.c.disk, w.path, to, filepath.Join(w.c.Dir, fileName), w.dump())
}
