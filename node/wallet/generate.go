package wallet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/keys"
)

// seedSize is how much randomness a wallet without words grows from, bytes.
const seedSize = 32

func (w *Wallet) randomSeed() ([]byte, error) {
	seed := make([]byte, seedSize)
	if _, err := io.ReadFull(w.c.Rand, seed); err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	return seed, nil
}

// accountText is the descriptor of a type's first account (BIP44, 49, 84, 86).
func accountText(key string, coin uint32, t AddressType, change bool) string {
	branch := 0
	if change {
		branch = 1
	}
	form := [addressTypes]string{"pkh(%s/44h/%dh/0h/%d/*)", "sh(wpkh(%s/49h/%dh/0h/%d/*))", "wpkh(%s/84h/%dh/0h/%d/*)", "tr(%s/86h/%dh/0h/%d/*)"}[t]
	return fmt.Sprintf(form, key, coin, branch)
}

// generate gives the wallet the descriptors of a seed, two for each type of
// address, and makes them active. mu is held.
func (w *Wallet) generate(seed []byte) error {
	master, err := keys.NewMaster(seed)
	if err != nil {
		return err
	}
	key := master.Text(w.c.Params)
	for _, change := range []bool{false, true} {
		for t := range AddressType(addressTypes) {
			if err := w.generateOne(key, t, change); err != nil {
				return err
			}
		}
	}
	return nil
}

// generateOne adds one descriptor of a master key, in text, unless it is there. mu is held.
func (w *Wallet) generateOne(key string, t AddressType, change bool) error {
	desc, err := w.parse(accountText(key, w.c.Params.CoinType, t, change))
	if err != nil {
		return err
	}
	r, err := w.newRing(desc, w.c.Now().Unix(), 0, 0, 0)
	if err != nil {
		return err
	}
	if old := w.ring(r.id); old != nil {
		r = old
	} else if err := w.add(r); err != nil {
		return err
	}
	w.setActive(r, true, change)
	return nil
}

// newRing makes a keyring of a parsed descriptor; its private keys, if it has some,
// are kept as the wallet's secrets are. It is not yet the wallet's. mu is held.
func (w *Wallet) newRing(desc *descriptor.Descriptor, created int64, start, end, next uint32) (*keyring, error) {
	text, ok := desc.Normalized()
	if !ok {
		text = desc.String()
	}
	sum := sha256.Sum256([]byte(text))
	public, err := w.parse(text)
	if err != nil {
		return nil, err
	}
	r := &keyring{id: hex.EncodeToString(sum[:16]), desc: public, rec: descRecord{
		Text: text, Type: typeOf(desc), Created: created, Start: start, End: end, Next: next,
	}}
	if private, ok := desc.Private(); ok {
		if r.rec.Private, err = w.vault.keep(r.secretName(), []byte(private)); err != nil {
			return nil, err
		}
		for _, x := range desc.PrivateRoots() {
			text := x.Public().Text(w.c.Params)
			r.rec.Roots = append(r.rec.Roots, text)
			if _, ok := x.Private(); !ok {
				r.rec.Others = append(r.rec.Others, text)
			}
		}
	}
	return r, nil
}

// scriptAt is the first script of an index, one that was derived. mu is held.
func (w *Wallet) scriptAt(r *keyring, index uint32) ([]byte, error) {
	e, err := w.expand(r, index)
	if err != nil {
		return nil, err
	}
	return e.Scripts[0], nil
}

// canGive says whether an active descriptor has or can derive an address.
func (w *Wallet) canGive(change bool) bool {
	for _, r := range w.active[side(change)] {
		if r != nil && (r.rec.Private != nil || r.rec.Next < r.rec.End || r.desc.SelfExpands()) {
			return true
		}
	}
	return false
}

func side(change bool) int {
	if change {
		return 1
	}
	return 0
}

// next takes the next unused script of a type. The keypool is filled up again
// before the next one is taken, or when this one is paid, as in Core. mu is held.
func (w *Wallet) next(t AddressType, change bool) ([]byte, error) {
	s, p, err := w.peek(t, change)
	if err != nil {
		return nil, err
	}
	p.ring.rec.Next++
	w.note(p.ring.record())
	return s, nil
}

// peek looks at it without using it up. mu is held.
func (w *Wallet) peek(t AddressType, change bool) ([]byte, place, error) {
	switch r := w.active[side(change)][t]; {
	case w.journal == nil:
		return nil, place{}, ErrNotLoaded
	case !w.canGive(change):
		return nil, place{}, ErrNoKeys
	case r == nil:
		return nil, place{}, refuse(KeypoolOut, "Error: No %s addresses available.", t)
	default:
		if err := w.topUp(r, w.c.Keypool); err != nil {
			return nil, place{}, err
		}
		if r.rec.Next >= r.rec.End {
			return nil, place{}, refuse(KeypoolOut, "Error: Keypool ran out, please call keypoolrefill first")
		}
		s, err := w.scriptAt(r, r.rec.Next)
		return s, place{r, r.rec.Next}, err
	}
}

// NewAddress takes the next unused receiving address and labels it.
func (w *Wallet) NewAddress(t AddressType, label string) (string, error) {
	s, err := w.newScript(t, label)
	return w.addressOf(s), err
}

// NewScript is NewAddress as a script, for a miner's coinbase.
func (w *Wallet) NewScript() ([]byte, error) { return w.newScript(defaultType, "") }

func (w *Wallet) newScript(t AddressType, label string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.next(t, false)
	if err != nil {
		return nil, err
	}
	w.setLabel(w.addressOf(s), label, Receive)
	return s, w.commit()
}

// NewChange takes the next unused script for change.
func (w *Wallet) NewChange(t AddressType) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, err := w.next(t, true)
	if err != nil {
		return nil, err
	}
	return s, w.commit()
}

// PeekChange is the next script for change, which stays unused: Commit of a
// transaction that pays to it, or NewChange, use it up.
func (w *Wallet) PeekChange(t AddressType) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, _, err := w.peek(t, true)
	return s, err
}

// CanGive says whether the wallet has addresses to give, for receiving or for change.
func (w *Wallet) CanGive(change bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.canGive(change)
}

// GivesChange says whether a descriptor for change of a type is active, though its addresses may be used up.
func (w *Wallet) GivesChange(t AddressType) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.active[1][t] != nil
}

// Refill derives unused addresses of each descriptor up to a number; 0 is the usual one.
func (w *Wallet) Refill(size uint32) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isLocked() {
		return ErrLocked
	}
	want := size
	if want == 0 {
		want = w.c.Keypool
	}
	if err := w.topUpActive(want); err != nil {
		return err
	}
	receive, change := w.keypool()
	if receive+change < int(size) {
		return refuse(Fault, "Error refreshing keypool.")
	}
	w.ledger.ownAll()
	return w.commit()
}

// topUpActive derives the keypool of the descriptors that give addresses. mu is held.
func (w *Wallet) topUpActive(ahead uint32) error {
	for _, r := range slices.Concat(w.active[0][:], w.active[1][:]) {
		if r == nil {
			continue
		}
		if err := w.topUp(r, ahead); err != nil {
			return err
		}
	}
	return nil
}

// keypool counts the unused addresses that are derived. mu is held.
func (w *Wallet) keypool() (receive, change int) {
	for t := range addressTypes {
		if r := w.active[0][t]; r != nil {
			receive += r.left()
		}
		if r := w.active[1][t]; r != nil {
			change += r.left()
		}
	}
	return receive, change
}

// Info is what getwalletinfo tells beside Status and Flags.
type Info struct {
	Receive, Change int   // unused addresses that are derived
	Birth           int64 // Unix seconds; 0: not known
	Txs             int
}

// Info returns it.
func (w *Wallet) Info() Info {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := Info{Birth: w.meta.Birth, Txs: len(w.ledger.txs)}
	i.Receive, i.Change = w.keypool()
	return i
}
