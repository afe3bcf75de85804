package mempool

import (
	"errors"
	"slices"

	"github.com/quernnet/quern/consensus/wire"
)

// Limits of a package of transactions (Core's packages.h).
const (
	maxPackage       = 25
	maxPackageWeight = 404_000 // weight units, of several
)

// Verdict is what came of one transaction of a package. With none of Result, Refused, Waits
// and Other it was not judged, since another failed.
type Verdict struct {
	Result  *Result     // it may enter, or did
	Paid    int64       // satoshis as modified, of those in Includes: by these and
	PaidFor int64       // their virtual bytes was it judged
	With    []wire.Hash // ids with witness of those it was judged with, its own among them
	Refused *Error      // it may not enter
	Waits   *Entry      // it waited already
	Other   wire.Hash   // one with other witnesses waits; this is its id with witness
}

// TestPackage judges transactions as if each entered the pool after those
// before it, and keeps nothing. Unlike Test it allows no replacement. Judging ends
// at the first refusal; what came before it stands only if scripts were what failed, since Core
// runs those last. An *Error is about the package as a whole: no transaction
// was judged.
func (p *Pool) TestPackage(txs []*wire.Tx) ([]Verdict, error) {
	if bad := wellFormed(txs); bad != nil {
		return nil, bad
	}
	out, bad, err := p.joint(txs, terms{when: p.now(), final: true}, false)
	if err != nil {
		return nil, err
	}
	if bad != nil && bad.Reason != someFailed && bad.Reason != unspentDust {
		return nil, bad
	}
	return out, nil
}

// Reasons of a package's failure that leave it to its transactions to say why.
const (
	someFailed  = "transaction failed"
	unspentDust = "unspent-dust"
)

// wellFormed judges a package by itself (Core's IsWellFormedPackage).
func wellFormed(txs []*wire.Tx) *Error {
	weight := 0
	place := make(map[wire.Hash]int, len(txs))
	for i, t := range txs {
		weight += t.Weight()
		place[t.ID()] = i
	}
	switch {
	case len(txs) > maxPackage:
		return &Error{Reason: "package-too-many-transactions"}
	case len(txs) > 1 && weight > maxPackageWeight:
		return &Error{Reason: "package-too-large"}
	case len(place) != len(txs):
		return &Error{Reason: "package-contains-duplicates"}
	}
	spent, conflict := make(map[wire.Outpoint]bool), false
	for i, t := range txs {
		for _, op := range prevs(t) {
			if at, ok := place[op.TxID]; ok && at >= i {
				return &Error{Reason: "package-not-sorted"}
			}
			conflict = conflict || spent[op]
		}
		for _, op := range prevs(t) {
			spent[op] = true
		}
	}
	if conflict {
		return &Error{Reason: "conflict-in-package"}
	}
	return nil
}

// ChildWithParents says whether all transactions but the last are parents of the last.
func ChildWithParents(txs []*wire.Tx) bool {
	if len(txs) < 2 {
		return false
	}
	child := txs[len(txs)-1]
	for _, t := range txs[:len(txs)-1] {
		if !spends(child, t.ID()) {
			return false
		}
	}
	return true
}

// AddPackage judges a transaction, or a child after some of its parents, and keeps
// what is good: each by itself where that suffices, the rest by the feerate of the
// whole. The *Error is about the package: some transaction's verdict says more,
// unless there are no verdicts. maxRate is the most that their user wants any of them
// to pay, in satoshis per 1000 virtual bytes; 0: anything.
func (p *Pool) AddPackage(txs []*wire.Tx, maxRate int64) ([]Verdict, *Error, error) {
	if bad := wellFormed(txs); bad != nil {
		return nil, bad, nil
	}
	if len(txs) > 1 && !ChildWithParents(txs) {
		return nil, &Error{Reason: "package-not-child-with-parents"}, nil
	}
	how := terms{when: p.now(), private: p.stem, part: true, maxRate: maxRate}
	out := make([]Verdict, len(txs))
	var rest []int
	var whole *Error
	for i, t := range txs {
		if p.waits(t, &out[i]) {
			continue
		}
		r, bad, err := p.single(t, how)
		switch {
		case err != nil:
			return nil, nil, err
		case bad == nil:
			out[i].accepted(r, t)
		case len(txs) == 1 || !bad.Reconsider:
			out[i].Refused, whole = bad, &Error{Reason: someFailed}
		default:
			out[i].Refused = bad
			rest = append(rest, i)
		}
	}
	if whole == nil && len(rest) > 0 {
		var err error
		if whole, err = p.retry(txs, rest, how, out); err != nil {
			return nil, nil, err
		}
	}
	if p.trim(txs, out) {
		whole = &Error{Reason: someFailed}
	}
	return out, whole, nil
}

// orphanTries bounds the orphans that are judged with a parent each time it comes: peers may send
// both, again and again.
const orphanTries = 8

// addWithOrphan judges t, whose fee alone is too low, together with an orphan that lacks t
// alone, the newest first (Core's opportunistic packages of a parent and its child). It says
// whether both waited then.
func (p *Pool) addWithOrphan(t *wire.Tx) (Result, bool) {
	p.mu.Lock()
	orphans := slices.Clone(p.orphans.waiting[t.ID()])
	p.mu.Unlock()
	orphans = orphans[max(0, len(orphans)-orphanTries):]
	for _, x := range slices.Backward(orphans) {
		txs := []*wire.Tx{t, x.Decode()}
		if len(x.parents) > 1 || wellFormed(txs) != nil {
			continue
		}
		out, bad, err := p.joint(txs, terms{when: p.now(), part: true, together: true}, true)
		if bad != nil || err != nil {
			p.log.Debug("orphan does not pay for its parent", "tx", x.id, "from", x.from, "bad", bad, "err", err)
			continue
		}
		if !p.trim(txs, out) {
			return *out[0].Result, true
		}
	}
	return Result{}, false
}

// waits fills in what is known of a transaction that waits, perhaps with another witness.
func (p *Pool) waits(t *wire.Tx, v *Verdict) bool {
	e, ok := p.Get(t.ID())
	if !ok {
		return false
	}
	if e.WitnessID == t.WitnessID() {
		v.Waits = &e
	} else {
		v.Other = e.WitnessID
	}
	return true
}

// accepted fills in that a transaction was judged by itself.
func (v *Verdict) accepted(r Result, t *wire.Tx) {
	v.Result, v.Paid, v.PaidFor = &r, r.Entry.Modified, int64(r.Entry.Size)
	v.With = []wire.Hash{t.WitnessID()}
}

// single is admit with refusals apart from failures of ours.
func (p *Pool) single(t *wire.Tx, how terms) (Result, *Error, error) {
	r, err := p.admit(t, "", how, true)
	if bad, ok := errors.AsType[*Error](err); ok {
		return r, bad, nil
	}
	return r, nil, err
}

// retry judges together what failed alone, and amends the verdicts.
func (p *Pool) retry(txs []*wire.Tx, rest []int, how terms, out []Verdict) (*Error, error) {
	part := make([]*wire.Tx, len(rest))
	for k, i := range rest {
		part[k] = txs[i]
	}
	if len(part) == 1 { // its parents are here now
		r, bad, err := p.single(part[0], how)
		if bad != nil {
			out[rest[0]].Refused = bad
			return &Error{Reason: someFailed}, nil
		}
		if err == nil {
			out[rest[0]] = Verdict{}
			out[rest[0]].accepted(r, part[0])
		}
		return nil, err
	}
	how.together = true
	verdicts, bad, err := p.joint(part, how, true)
	for k, i := range rest {
		if len(verdicts) > 0 && (verdicts[k].Result != nil || verdicts[k].Refused != nil) {
			out[i] = verdicts[k]
		}
	}
	return bad, err
}

// trim brings the pool back to its size, and amends the verdicts of what had to go. It
// says whether anything had.
func (p *Pool) trim(txs []*wire.Tx, out []Verdict) (some bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit()
	for i, t := range txs {
		v := &out[i]
		if v.Refused == nil && (v.Result != nil || v.Waits != nil || !v.Other.IsZero()) && p.graph.get(t.ID()) == nil {
			*v = Verdict{Refused: &Error{Reason: "mempool full"}}
			some = true
		}
	}
	p.announce()
	return some
}
