package wallet

import (
	"errors"
	"fmt"
	"slices"

	"github.com/quernnet/quern/node/descriptor"
)

// maxIndex is where derivation without hardening ends (BIP32).
const maxIndex = 1<<31 - 1

// keyring is one descriptor of a wallet.
//
// desc is its public form. The scripts of the indexes from rec.Start up to
// rec.End are in the wallet's places; rec.Next is the first that was neither
// given out nor paid to. Where only private keys derive the scripts, they are kept in
// rec.Scripts, with their public keys in rec.Plain, so that a locked wallet knows them.
type keyring struct {
	id   string // of its public text
	desc *descriptor.Descriptor
	rec  descRecord
}

func (r *keyring) record() record { return recordOf(descKey+r.id, r.rec) }

// secretName is what a keyring's private text is called when it is encrypted.
func (r *keyring) secretName() string { return descKey + r.id }

// left is how many addresses are derived and not used (Core's keypool).
func (r *keyring) left() int { return int(r.rec.End) - int(r.rec.Next) }

func (w *Wallet) loadRings(all records) error {
	for _, id := range all.under(descKey) {
		var rec descRecord
		if _, err := all.read(descKey+id, &rec); err != nil {
			return err
		}
		desc, err := w.parse(rec.Text)
		if err != nil {
			return fmt.Errorf("descriptor %s: %w", rec.Text, err)
		}
		w.rings = append(w.rings, &keyring{id: id, desc: desc, rec: rec})
	}
	slices.SortFunc(w.rings, func(a, b *keyring) int { return int(a.rec.Order - b.rec.Order) })
	var active activeRecord
	if _, err := all.read(activeKey, &active); err != nil {
		return err
	}
	for t := range addressTypes {
		w.active[0][t], w.active[1][t] = w.ring(active.Receive[t]), w.ring(active.Change[t])
	}
	for _, r := range w.rings {
		end := r.rec.End
		r.rec.End = r.rec.Start
		if err := w.derive(r, end); err != nil {
			return fmt.Errorf("descriptor %s: %w", r.rec.Text, err)
		}
	}
	return nil
}

func (w *Wallet) activeRecord() record {
	var a activeRecord
	for t := range addressTypes {
		for i, ids := range []*[addressTypes]string{&a.Receive, &a.Change} {
			if r := w.active[i][t]; r != nil {
				ids[t] = r.id
			}
		}
	}
	return recordOf(activeKey, a)
}

// ring finds a descriptor by its id, nil for none.
func (w *Wallet) ring(id string) *keyring {
	i := slices.IndexFunc(w.rings, func(r *keyring) bool { return r.id == id })
	if i < 0 {
		return nil
	}
	return w.rings[i]
}

// derive extends the scripts of a descriptor up to an index. mu is held.
func (w *Wallet) derive(r *keyring, end uint32) error {
	var private *descriptor.Descriptor
	for ; r.rec.End < end; r.rec.End++ {
		i := r.rec.End
		e, err := w.expand(r, i)
		if errors.Is(err, descriptor.ErrPrivate) {
			if private == nil {
				if private, err = w.private(r); err != nil {
					return err
				}
			}
			if e, err = private.Expand(i); err == nil {
				w.keep(r, e)
			}
		}
		if err != nil {
			return err
		}
		for _, s := range e.Scripts {
			w.places[string(s)] = append(w.places[string(s)], place{r, i})
		}
		for id := range e.Ring.Public {
			w.key(id, place{r, i})
		}
	}
	return nil
}

// topUp derives the keypool behind the last used index, as far as that needs no
// locked keys. mu is held.
func (w *Wallet) topUp(r *keyring, ahead uint32) error {
	end := uint64(1)
	if r.desc.Ranged() {
		end = min(uint64(r.rec.Next)+uint64(ahead), maxIndex+1)
	}
	if end <= uint64(r.rec.End) {
		return nil
	}
	known := len(w.places)
	err := w.derive(r, uint32(end))
	if len(w.places) != known {
		w.note(r.record())
	}
	if errors.Is(err, error(ErrLocked)) {
		return nil
	}
	return err
}

// use marks an index, and those before it, as used, and returns the indexes
// that were not. mu is held.
func (w *Wallet) use(p place) (fresh []uint32, err error) {
	r := p.ring
	if p.index < r.rec.Next || !r.desc.Ranged() {
		return nil, nil
	}
	for i := r.rec.Next; i <= p.index; i++ {
		fresh = append(fresh, i)
	}
	r.rec.Next = p.index + 1
	w.note(r.record())
	return fresh, w.topUp(r, w.c.Keypool)
}

// add takes a new descriptor in. mu is held.
func (w *Wallet) add(r *keyring) error {
	if n := len(w.rings); n > 0 {
		r.rec.Order = w.rings[n-1].rec.Order + 1
	}
	end := max(r.rec.End, r.rec.Start)
	r.rec.End = r.rec.Start
	if err := w.derive(r, end); err != nil {
		return err
	}
	if err := w.topUp(r, w.c.Keypool); err != nil {
		return err
	}
	w.rings = append(w.rings, r)
	w.note(r.record())
	w.bornBefore(r.rec.Created)
	return nil
}

// bornBefore makes the wallet at least as old as a time, Unix seconds.
func (w *Wallet) bornBefore(t int64) {
	if w.meta.Birth == 0 || t < w.meta.Birth {
		w.meta.Birth = t
		w.note(recordOf(metaKey, w.meta))
	}
}

// setActive has a descriptor give the addresses of its type, or no longer. mu is held.
func (w *Wallet) setActive(r *keyring, on, change bool) bool {
	if r.rec.Type == nil {
		return false
	}
	t := *r.rec.Type
	side, other := 0, 1
	if change {
		side, other = 1, 0
	}
	switch {
	case on:
		w.active[side][t] = r
		if w.active[other][t] == r {
			w.active[other][t] = nil
		}
	case w.active[side][t] == r:
		w.active[side][t] = nil
	default:
		return true
	}
	w.note(w.activeRecord())
	return true
}

// isActive says whether a descriptor gives addresses; internal, whether they
// are for change.
func (w *Wallet) isActive(r *keyring) (active, internal bool) {
	for t := range addressTypes {
		if w.active[0][t] == r {
			return true, false
		}
		if w.active[1][t] == r {
			return true, true
		}
	}
	return false, false
}

// private is a descriptor with its private keys; ErrLocked when they are
// encrypted and the wallet is locked. mu is held.
func (w *Wallet) private(r *keyring) (*descriptor.Descriptor, error) {
	if r.rec.Private == nil {
		return nil, descriptor.ErrPrivate
	}
	text, err := w.vault.reveal(r.secretName(), r.rec.Private)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	return w.parse(string(text))
}

// parse reads a descriptor that stands for one, with or without private keys.
func (w *Wallet) parse(text string) (*descriptor.Descriptor, error) {
	all, err := descriptor.Parse(text, w.c.Params)
	if err != nil {
		return nil, err
	}
	if len(all) != 1 {
		return nil, errors.New("it has several paths")
	}
	return all[0], nil
}

func scriptsOf(d *descriptor.Descriptor, index uint32) ([][]byte, error) {
	e, err := d.Expand(index)
	if err != nil {
		return nil, err
	}
	return e.Scripts, nil
}

// typeOf is the form of the addresses that a descriptor stands for; nil for
// scripts without address, and for combo.
func typeOf(d *descriptor.Descriptor) *AddressType {
	t, ok := ParseAddressType(d.OutputType())
	if !ok {
		return nil
	}
	return &t
}
