package descriptor

import (
	"errors"
	"fmt"
	"strings"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/signing"
)

// Descriptor stands for the output script that a text describes or, when it is
// ranged, for one an index; combo() stands for up to four. It holds the private
// keys that the text held. Safe for several goroutines.
type Descriptor struct {
	root  *node
	known *known
}

// Parse reads a descriptor, with or without its checksum. A multipath one
// (BIP389) is as many as its <a;b> has values; others are one. Errors are
// worded as Core's; some have no words, as there.
func Parse(text string, p *consensus.Params) ([]*Descriptor, error) {
	body, err := checked(text, false)
	if err != nil {
		return nil, err
	}
	kn := &known{params: p}
	nodes, err := (&parser{kn}).parse(body)
	list := make([]*Descriptor, len(nodes))
	for i, n := range nodes {
		list[i] = &Descriptor{n, kn}
	}
	return list, err
}

// ParseSealed is Parse of a text that must have its checksum.
func ParseSealed(text string, p *consensus.Params) ([]*Descriptor, error) {
	if _, err := checked(text, true); err != nil {
		return nil, err
	}
	return Parse(text, p)
}

// checked takes a right checksum off.
func checked(text string, required bool) (string, error) {
	parts := strings.Split(text, "#")
	switch {
	case len(parts) > 2:
		return "", errors.New("Multiple '#' symbols")
	case len(parts) == 1 && required:
		return "", errors.New("Missing checksum")
	case len(parts) == 2 && len(parts[1]) != ChecksumSize:
		return "", fmt.Errorf("Expected 8 character checksum, not %d characters", len(parts[1]))
	}
	sum, ok := Checksum(parts[0])
	switch {
	case !ok:
		return "", errors.New("Invalid characters in payload")
	case len(parts) == 2 && parts[1] != sum:
		return "", fmt.Errorf("Provided checksum '%s' does not match computed checksum '%s'", parts[1], sum)
	}
	return parts[0], nil
}

// Expansion is what a descriptor stands for at one index.
type Expansion struct {
	Scripts [][]byte        // output scripts; combo's in Core's order
	Ring    signing.Keyring // what it takes to spend them, but private keys
}

// Expand derives the scripts at an index, below 2^31; without a range the index
// does not matter. The error is ErrPrivate where hardened steps need private
// keys that the text did not hold.
func (d *Descriptor) Expand(index uint32) (*Expansion, error) {
	e := new(Expansion)
	var err error
	if e.Scripts, err = d.root.expand(index, &e.Ring); err != nil {
		return nil, err
	}
	return e, nil
}

// ExpandPrivate adds to r the private keys at an index, those that are known.
func (d *Descriptor) ExpandPrivate(index uint32, r *signing.Keyring) { d.root.private(index, r) }

// Ranged says whether scripts depend on the index.
func (d *Descriptor) Ranged() bool { return d.root.any(key.ranged) }

// Single says whether there is one script an index: not of combo.
func (d *Descriptor) Single() bool { return d.root.kind != kindCombo }

// HasScripts says whether there are scripts: not of unused.
func (d *Descriptor) HasScripts() bool { return d.root.kind != kindUnused }

// Solvable says whether all but private keys is known to spend the scripts: not
// of addr and raw.
func (d *Descriptor) Solvable() bool { return d.root.kind != kindAddr && d.root.kind != kindRaw }

// SelfExpands says whether Expand needs no private keys.
func (d *Descriptor) SelfExpands() bool {
	return !d.root.any(func(k key) bool { return !k.selfExpands() })
}

// HasPrivate says whether the text held a private key.
func (d *Descriptor) HasPrivate() bool { return len(d.known.privates) > 0 }

// AllPrivate says whether the private key of every key expression is known.
func (d *Descriptor) AllPrivate() bool { return d.root.allPrivate() }

// String writes the descriptor with public keys alone, with checksum.
func (d *Descriptor) String() string {
	text, _ := d.root.text(public)
	return sealed(text)
}

// Compatible is String as Core's first version wrote it, which names a
// descriptor for ever: hardened steps always have a '.
func (d *Descriptor) Compatible() string {
	text, _ := d.root.text(compatible)
	return sealed(text)
}

// Private writes the descriptor with the private keys that are known; not ok
// says that none is.
func (d *Descriptor) Private() (string, bool) {
	text, ok := d.root.text(private)
	return sealed(text), ok
}

// Normalized writes the descriptor with public extended keys of the last
// hardened step, so that whoever reads it can derive the scripts; not ok says
// that it takes private keys to do so.
func (d *Descriptor) Normalized() (string, bool) {
	text, ok := d.root.text(normalized)
	return sealed(text), ok
}

// Roots lists the keys as the text has them, before derivation: plain ones and
// extended ones, without what musig() aggregates.
func (d *Descriptor) Roots() (pubs [][]byte, extended []keys.Extended) {
	d.root.any(func(k key) bool {
		k.roots(&pubs, &extended)
		return false
	})
	return pubs, extended
}

// PrivateRoots lists the extended keys of Roots, with the private keys that the
// text held.
func (d *Descriptor) PrivateRoots() []keys.Extended {
	_, all := d.Roots()
	for i, x := range all {
		if k, ok := d.known.privates[keys.Hash160(x.Pub())]; ok {
			all[i] = x.WithPrivate(k)
		}
	}
	return all
}

// Warnings lists what is unsafe in the descriptor, in words.
func (d *Descriptor) Warnings() []string { return d.root.warnings() }
