package wallet

import (
	"bytes"
	"maps"
	"slices"

	"github.com/quernnet/quern/node/keys"
)

// HDKey is an extended key that descriptors of the wallet are made of.
type HDKey struct {
	Public      string // xpub
	HasPrivate  bool
	Private     string // xprv, when it was asked for and is known
	Descriptors []Descriptor
}

// HDKeys lists the extended keys of the wallet's descriptors, or only of active
// ones; with their private keys when private says so, ErrLocked when they cannot
// be read.
func (w *Wallet) HDKeys(active, private bool) ([]HDKey, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if private && w.isLocked() {
		return nil, ErrLocked
	}
	found := map[string]*HDKey{}
	raw := map[string][]byte{}
	for _, r := range w.rings {
		on, _ := w.isActive(r)
		if active && !on {
			continue
		}
		roots, err := w.rootsOf(r)
		if err != nil {
			return nil, err
		}
		for _, x := range roots {
			text := x.Public().Text(w.c.Params)
			k := found[text]
			if k == nil {
				k = &HDKey{Public: text}
				found[text], raw[text] = k, x.Pub()
			}
			_, known := x.Private()
			k.HasPrivate = k.HasPrivate || known || w.isLocked() && r.rec.Private != nil && !slices.Contains(r.rec.Others, text)
			if known && private {
				k.Private = x.Text(w.c.Params)
			}
			if d := (Descriptor{Text: r.rec.Text, Active: on}); !slices.Contains(k.Descriptors, d) {
				k.Descriptors = append(k.Descriptors, d)
			}
		}
	}
	var out []HDKey
	for _, text := range slices.SortedFunc(maps.Keys(found), func(a, b string) int { return bytes.Compare(raw[a], raw[b]) }) {
		out = append(out, *found[text])
	}
	return out, nil
}

// rootsOf lists the extended keys that a descriptor was written with, above the last hardened
// step, with their private keys where the wallet has those and can read them. A locked wallet
// of an older version knows but the keys below that step. mu is held.
func (w *Wallet) rootsOf(r *keyring) (roots []keys.Extended, err error) {
	switch {
	case r.rec.Private != nil && !w.isLocked():
		d, err := w.private(r)
		if err != nil {
			return nil, err
		}
		return d.PrivateRoots(), nil
	case r.rec.Roots == nil:
		return r.desc.PrivateRoots(), nil
	}
	for _, text := range r.rec.Roots {
		x, err := keys.ParseExtended(text, w.c.Params)
		if err != nil {
			return nil, err
		}
		roots = append(roots, x)
	}
	return roots, nil
}

// AddDescriptors adds the descriptors of a type of address that an extended key has, of receiving addresses and of
// change, and makes them active; it returns their texts. Without a key, in text, the one is taken that all
// active descriptors have.
func (w *Wallet) AddDescriptors(t AddressType, change []bool, key string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isLocked() {
		return nil, ErrLocked
	}
	master, err := w.masterOf(key)
	if err != nil {
		return nil, err
	}
	known, texts := len(w.rings), []string{}
	for _, c := range change {
		if err := w.generateOne(master, t, c); err != nil {
			return nil, err
		}
	}
	for _, r := range w.rings[known:] {
		texts = append(texts, r.rec.Text)
	}
	if len(texts) == 0 {
		return nil, refuse(Fault, "Descriptor already exists")
	}
	w.ledger.ownAll()
	return texts, w.commit()
}

// masterOf finds the private form of an extended key among the wallet's. mu is held.
func (w *Wallet) masterOf(key string) (string, error) {
	if key != "" {
		x, err := keys.ParseExtended(key, w.c.Params)
		if _, private := x.Private(); err != nil || private {
			return "", refuse(BadAddress, "Unable to parse HD key. Please provide a valid xpub")
		}
	}
	found := map[string]string{} // private by public
	for _, r := range w.rings {
		on, _ := w.isActive(r)
		if key == "" && !on {
			continue
		}
		roots, err := w.rootsOf(r)
		if err != nil {
			return "", err
		}
		for _, x := range roots {
			public := x.Public().Text(w.c.Params)
			if _, ok := x.Private(); ok {
				found[public] = x.Text(w.c.Params)
			} else if found[public] == "" {
				found[public] = ""
			}
		}
	}
	if key == "" {
		if len(found) != 1 {
			return "", refuse(BadAddress, "Unable to determine which HD key to use from active descriptors. Please specify with 'hdkey'")
		}
		for key = range found {
		}
	}
	if found[key] == "" {
		return "", refuse(BadAddress, "Private key for %s is not known", key)
	}
	return found[key], nil
}
