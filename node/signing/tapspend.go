package signing

import "github.com/quernnet/quern/consensus/script"

// taproot solves a taproot output: by its key, or else by the leaf with the
// smallest witness.
func (p producer) taproot(out XOnly) ([][]byte, bool) {
	d := p.d
	if o, ok := p.r.Trees[out]; ok {
		d.Tap.merge(o.Spending())
		d.Tree = &o
	}
	insert(&d.Participants, p.r.Participants)
	p.m = newAggregates(p.r, d)
	for _, x := range []XOnly{d.Tap.Internal, out} {
		if o, ok := byX(p.r.Origins, x); ok {
			d.tapOrigin(x, o.Origin, nil)
		}
	}
	if len(d.TapKeySig) == 0 {
		root := d.Tap.Root
		d.TapKeySig = p.keyPath(d.Tap.Internal, &root)
	}
	if len(d.TapKeySig) == 0 {
		d.TapKeySig = p.keyPath(out, nil)
	}
	if len(d.TapKeySig) > 0 {
		return [][]byte{d.TapKeySig}, true
	}
	return p.leaves()
}

// keyPath signs with one key, or with those that make it together; nil: it cannot.
func (p producer) keyPath(x XOnly, root *[32]byte) []byte {
	if sig, ok := p.c.Schnorr(p.r, x, nil, root); ok {
		return sig
	}
	sig, _ := p.musig(x, nil, root)
	return sig
}

func (p producer) leaves() (best [][]byte, ok bool) {
	for _, l := range p.d.Tap.SortedLeaves() {
		if l.Version != script.LeafTapscript {
			continue
		}
		s := []byte(l.Script)
		stack, solved := p.tapscript(s, script.LeafHash(l.Version, s))
		if !solved {
			continue
		}
		stack = append(stack, s, p.d.Tap.Leaves[l][0])
		if best == nil || witnessSize(stack) < witnessSize(best) {
			best = stack
		}
	}
	return best, best != nil
}

// signTap makes a signature in a leaf script, or finds the one that there is.
func (p producer) signTap(x XOnly, leaf [32]byte) ([]byte, bool) {
	if o, ok := byX(p.r.Origins, x); ok {
		p.d.tapOrigin(x, o.Origin, &leaf)
	}
	at := TapSigKey{x, leaf}
	if sig, ok := p.d.TapSigs[at]; ok {
		return sig, true
	}
	sig, ok := p.c.Schnorr(p.r, x, &leaf, nil)
	if !ok {
		sig, ok = p.musig(x, &leaf, nil)
	}
	if ok {
		emplace(&p.d.TapSigs, at, sig)
	}
	return sig, ok
}
