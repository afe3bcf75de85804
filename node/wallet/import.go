package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/quernnet/quern/node/descriptor"
)

// ImportRequest is one descriptor to take in, as importdescriptors has it. Nil
// fields are not given.
type ImportRequest struct {
	Desc      string // with checksum
	Active    bool
	Range     *[2]int64 // first and last index
	NextIndex *int64
	Timestamp int64 // Unix seconds: not used before; at least 1
	Internal  *bool
	Label     *string
}

// ImportResult is how it went.
type ImportResult struct {
	Warnings []string
	Err      error // nil: it was taken in
}

// errWatchOnlyUnused and others are Core's; each names what to do otherwise.
var (
	errNoPrivate   = refuse(Fault, "Cannot import descriptor without private keys to a wallet with private keys enabled")
	errPrivate     = refuse(Fault, "Cannot import private keys to a wallet with private keys disabled")
	errCombo       = refuse(Fault, "Combo descriptors cannot be set to active")
	errExpand      = refuse(Fault, "Cannot expand descriptor. Probably because of hardened derivations without private keys provided")
	errMultiLabel  = refuse(Invalid, "Multipath descriptors should not have a label")
	errRangedLabel = refuse(Invalid, "Ranged descriptors should not have a label")
	errChangeLabel = refuse(Invalid, "Internal addresses should not have a label")
	errUnranged    = refuse(Invalid, "Range should not be specified for an un-ranged descriptor")
	errActive      = refuse(Invalid, "Active descriptors must be ranged")
	errNextIndex   = refuse(Invalid, "next_index is out of range")
	errUnusedWatch = refuse(Fault, "Cannot import unused() to wallet without private keys enabled")
	errUnusedKnown = refuse(Fault, "Cannot import an unused() descriptor when its private key is already in the wallet")
	errMultiSide   = refuse(BadAddress, "Cannot have multipath descriptor while also specifying 'internal'")
)

// Import takes descriptors in and then reads the chain from the oldest timestamp
// on. Its error is about all of them.
func (w *Wallet) Import(ctx context.Context, rs []ImportRequest) ([]ImportResult, error) {
	if err := w.reserve(true); err != nil {
		return nil, err
	}
	defer w.release()
	out, lowest, err := w.importAll(rs)
	if err != nil {
		return nil, err
	}
	took := false
	for _, r := range out {
		took = took || r.Err == nil
	}
	if !took {
		return out, nil
	}
	first, ok := w.firstSince(lowest - timestampWindow)
	if !ok {
		return out, nil
	}
	s, err := w.rescan(ctx, first, nil)
	switch {
	case err != nil:
		return nil, err
	case s.Aborted:
		return nil, refuse(Misc, "Rescan aborted by user.")
	case s.Failed != nil:
		w.blame(out, rs, s)
	}
	return out, nil
}

// blame puts the error of a rescan that missed a block into the results of those
// descriptors that may have been used before it.
func (w *Wallet) blame(out []ImportResult, rs []ImportRequest, s Scanned) {
	h, _ := w.c.Chain.Header(*s.Failed)
	scanned := int64(h.Time) + timestampWindow + 1
	for i := range out {
		if out[i].Err != nil || scanned <= rs[i].Timestamp {
			continue
		}
		out[i] = ImportResult{Err: refuse(Misc, "Rescan failed for descriptor with timestamp %d. There was an error reading a block from time %d, "+
			"which is after or within %d seconds of key creation, and could contain transactions pertaining to the desc. As a result, "+
			"transactions and coins using this desc may not appear in the wallet.%s", rs[i].Timestamp, scanned-timestampWindow-1, timestampWindow, w.whyMissing(h))}
	}
}

// importAll takes in what can be, and says from which time on to read the chain.
func (w *Wallet) importAll(rs []ImportRequest) (out []ImportResult, lowest int64, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isLocked() {
		return nil, 0, ErrLocked
	}
	tip, _ := w.c.Chain.Header(w.tip)
	lowest = int64(tip.Time)
	for _, r := range rs {
		lowest = min(lowest, r.Timestamp)
		var res ImportResult
		res.Err = w.importOne(r, &res.Warnings)
		var refused *Refusal
		if res.Err != nil && !errors.As(res.Err, &refused) {
			return nil, 0, res.Err
		}
		out = append(out, res)
	}
	w.ledger.ownAll()
	return out, lowest, w.commit()
}

// importOne takes one in, which may be two or more where it names several
// paths. mu is held.
func (w *Wallet) importOne(r ImportRequest, warnings *[]string) error {
	descs, err := descriptor.ParseSealed(r.Desc, w.c.Params)
	if err != nil {
		return refuse(BadAddress, "%v", err)
	}
	start, end, next, err := w.importRange(&r, descs, warnings)
	if err != nil {
		return err
	}
	if err := w.importable(&r, descs); err != nil {
		return err
	}
	for i, d := range descs {
		change := r.Internal != nil && *r.Internal
		if len(descs) == 2 {
			change = i == 1
		}
		if err := w.checkKeys(d, warnings); err != nil {
			return err
		}
		if err := w.checkUnused(d); err != nil {
			return err
		}
		ring, err := w.merge(r.Desc, d, r.Timestamp, start, end, next)
		if err != nil {
			return err
		}
		if err := w.labelImport(ring, &r, change); err != nil {
			return err
		}
		if !w.setActive(ring, r.Active, change) && r.Active {
			*warnings = append(*warnings, "Unknown output type, cannot set descriptor to active.")
		}
	}
	return nil
}

// importRange is which indexes are meant, from start up to, not including, end.
func (w *Wallet) importRange(r *ImportRequest, descs []*descriptor.Descriptor, warnings *[]string) (start, end, next uint32, err error) {
	if r.Internal != nil && len(descs) > 1 {
		return 0, 0, 0, errMultiSide
	}
	if !descs[0].Ranged() {
		if r.Range != nil {
			return 0, 0, 0, errUnranged
		}
		return 0, 1, 0, nil
	}
	end = w.c.Keypool
	if r.Range != nil {
		start, end = uint32(r.Range[0]), uint32(r.Range[1]+1)
	} else {
		*warnings = append(*warnings, "Range not given, using default keypool range")
	}
	next = start
	if r.NextIndex != nil {
		if n := *r.NextIndex; n < int64(start) || n >= int64(end) {
			return 0, 0, 0, errNextIndex
		}
		next = uint32(*r.NextIndex)
	}
	return start, end, next, nil
}

// importable checks what has nothing to do with the keys.
func (w *Wallet) importable(r *ImportRequest, descs []*descriptor.Descriptor) error {
	first := descs[0]
	switch {
	case r.Active && !first.Ranged():
		return errActive
	case len(descs) > 1 && r.Label != nil:
		return errMultiLabel
	case first.Ranged() && r.Label != nil:
		return errRangedLabel
	case r.Internal != nil && *r.Internal && r.Label != nil:
		return errChangeLabel
	case r.Active && !first.Single():
		return errCombo
	case w.meta.Flags&NoPrivateKeys != 0 && first.HasPrivate():
		return errPrivate
	}
	return nil
}

// checkKeys looks whether the keys are there that a wallet of this kind asks
// for.
func (w *Wallet) checkKeys(d *descriptor.Descriptor, warnings *[]string) error {
	if _, err := scriptsOf(d, 0); err != nil {
		return errExpand
	}
	*warnings = append(*warnings, d.Warnings()...)
	if w.meta.Flags&NoPrivateKeys != 0 {
		return nil
	}
	if !d.HasPrivate() {
		return errNoPrivate
	}
	if !d.AllPrivate() {
		*warnings = append(*warnings, "Not all private keys provided. Some wallet functionality may return unexpected errors")
	}
	return nil
}

// checkUnused refuses unused(KEY), which only keeps a key, where the wallet keeps none or has it. mu is held.
func (w *Wallet) checkUnused(d *descriptor.Descriptor) error {
	switch {
	case d.HasScripts():
		return nil
	case w.meta.Flags&NoPrivateKeys != 0:
		return errUnusedWatch
	}
	for _, x := range d.PrivateRoots() {
		if _, err := w.masterOf(x.Public().Text(w.c.Params)); err == nil {
			return errUnusedKnown
		}
	}
	return nil
}

// merge adds a descriptor, or widens the one that is there already. mu is held.
func (w *Wallet) merge(text string, d *descriptor.Descriptor, created int64, start, end, next uint32) (*keyring, error) {
	r, err := w.newRing(d, created, start, end, next)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	old := w.ring(r.id)
	if old == nil {
		return r, w.add(r)
	}
	if d.Ranged() && (start > old.rec.Start || end < old.rec.End) {
		return nil, refuse(Fault, "Could not add descriptor '%s': new range must include current range = [%d,%d]", text, old.rec.Start, old.rec.End-1)
	}
	if r.rec.Private == nil {
		r.rec.Private, r.rec.Roots, r.rec.Others = old.rec.Private, old.rec.Roots, old.rec.Others
	}
	r.rec.Order = old.rec.Order
	old.rec = r.rec
	w.forgetScripts(old)
	old.rec.End = old.rec.Start
	if err := w.derive(old, end); err != nil {
		return nil, err
	}
	if err := w.topUp(old, w.c.Keypool); err != nil {
		return nil, err
	}
	w.bornBefore(created)
	w.note(old.record())
	return old, nil
}

// forgetScripts takes a descriptor out of places. mu is held.
func (w *Wallet) forgetScripts(r *keyring) {
	forget(w.places, r)
	forget(w.keyed, r)
}

func forget[K comparable](m map[K][]place, r *keyring) {
	for k, ps := range m {
		if ps = slices.DeleteFunc(ps, func(p place) bool { return p.ring == r }); len(ps) == 0 {
			delete(m, k)
		} else {
			m[k] = ps
		}
	}
}

// labelImport names the addresses of a descriptor that stands for one script. mu is held.
func (w *Wallet) labelImport(r *keyring, q *ImportRequest, change bool) error {
	if r.desc.Ranged() || change {
		return nil
	}
	scripts, err := scriptsOf(r.desc, 0)
	if err != nil {
		return err
	}
	label := ""
	if q.Label != nil {
		label = *q.Label
	}
	for _, s := range scripts {
		if a := w.addressOf(s); a != "" {
			w.setLabel(a, label, Receive)
		}
	}
	return nil
}

// Descriptor is one of the wallet's, a snapshot.
type Descriptor struct {
	Text     string // public or private, with checksum
	Created  int64  // Unix seconds
	Active   bool
	Internal *bool // of an active one: it gives change
	Ranged   bool
	Start    uint32 // first index
	End      uint32 // last index
	Next     uint32 // first index not yet used
}

// Descriptors lists the wallet's, with private keys where it has them and private says so:
// ErrLocked when they cannot be read.
func (w *Wallet) Descriptors(private bool) ([]Descriptor, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if private && w.isLocked() {
		return nil, ErrLocked
	}
	var out []Descriptor
	for _, r := range w.rings {
		d := Descriptor{Text: r.rec.Text, Created: r.rec.Created, Ranged: r.desc.Ranged(), Start: r.rec.Start, End: r.rec.End - 1, Next: r.rec.Next}
		var internal bool
		if d.Active, internal = w.isActive(r); d.Active {
			d.Internal = &internal
		}
		if private {
			if r.rec.Private == nil {
				return nil, refuse(Fault, "Can't get descriptor string.")
			}
			text, err := w.vault.reveal(r.secretName(), r.rec.Private)
			if err != nil {
				return nil, err
			}
			d.Text = string(text)
		}
		out = append(out, d)
	}
	return out, nil
}

// Owner is the descriptor that a script of the wallet belongs to, the first of several.
func (w *Wallet) Owner(script []byte) (Descriptor, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ps := w.places[string(script)]
	if len(ps) == 0 {
		return Descriptor{}, false
	}
	r := ps[0].ring
	active, _ := w.isActive(r)
	return Descriptor{Text: r.rec.Text, Created: r.rec.Created, Active: active, Ranged: r.desc.Ranged()}, true
}
