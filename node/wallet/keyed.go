package wallet

import (
	"slices"

	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/musig"
	"github.com/quernnet/quern/node/signing"
)

// expand is what a descriptor stands for at an index without private keys: from what
// is stored where only those derive it. A wallet of an older version may have stored the
// scripts alone. mu is held.
func (w *Wallet) expand(r *keyring, i uint32) (*descriptor.Expansion, error) {
	at := int(i - r.rec.Start)
	if at >= len(r.rec.Scripts) {
		return r.desc.Expand(i)
	}
	e := &descriptor.Expansion{Scripts: r.rec.Scripts[at]}
	if !r.explains(i) {
		return e, nil
	}
	d, err := w.parse(r.rec.Plain[at])
	if err != nil {
		return nil, err
	}
	plain, err := d.Expand(0)
	if err != nil {
		return nil, err
	}
	e.Ring = plain.Ring
	return e, nil
}

// explains says whether more than the scripts of an index is known without private keys.
func (r *keyring) explains(i uint32) bool {
	at := int(i - r.rec.Start)
	return at >= len(r.rec.Scripts) || at < len(r.rec.Plain) && r.rec.Plain[at] != ""
}

// keep stores the next index of a descriptor that only private keys derive. combo stands
// for several scripts, which no other descriptor does. mu is held.
func (w *Wallet) keep(r *keyring, e *descriptor.Expansion) {
	for len(r.rec.Plain) < len(r.rec.Scripts) {
		r.rec.Plain = append(r.rec.Plain, "")
	}
	text := ""
	if len(e.Scripts) == 1 {
		if d := descriptor.InferWith(e.Scripts[0], &e.Ring, w.c.Params); d != nil {
			text = d.String()
		}
	}
	r.rec.Scripts = append(r.rec.Scripts, e.Scripts)
	r.rec.Plain = append(r.rec.Plain, text)
}

// key notes that a public key is at a place. One of a descriptor is enough: a key that
// musig() derives others of is at all its indexes. mu is held.
func (w *Wallet) key(id signing.KeyID, at place) {
	if !slices.ContainsFunc(w.keyed[id], func(other place) bool { return other.ring == at.ring }) {
		w.keyed[id] = append(w.keyed[id], at)
	}
}

// SignerOf is what the wallet knows of public keys, their private ones with them, whichever
// scripts they are in: ErrLocked while they cannot be read. Others' keys are passed over.
func (w *Wallet) SignerOf(ids ...signing.KeyID) (*signing.Keyring, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isLocked() {
		return nil, ErrLocked
	}
	p, opened := new(signing.Keyring), map[*keyring]*descriptor.Descriptor{}
	for _, id := range ids {
		for _, at := range w.keyed[id] {
			if err := w.signerAt(at, p, opened); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// Nonces are the secret nonces of what the wallet signs together with others.
func (w *Wallet) Nonces() *musig.Nonces { return w.nonces }
