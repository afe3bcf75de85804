package mempool

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
)

// maxPackageWeight bounds a package of several transactions, in weight units
// (Core's MAX_PACKAGE_WEIGHT). How many there may be is the caller's to bound.
const maxPackageWeight = 404_000

// Verdict is what TestPackage found of one transaction.
type Verdict struct {
	Result  *Result // it may enter
	Refused *Error  // it may not; with neither, judging ended before
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
	q, out := p.aside(txs), make([]Verdict, len(txs))
	for i, t := range txs {
		r, err := q.tryNext(t)
		var refused *Error
		switch {
		case errors.As(err, &refused):
			if !strings.HasPrefix(refused.Reason, scriptFailed) {
				clear(out)
			}
			out[i].Refused = refused
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("mempool: transaction %d of the package: %w", i, err)
		}
		out[i].Result = &r
	}
	return out, nil
}

// tryNext is Add without replacement.
func (p *Pool) tryNext(t *wire.Tx) (Result, error) {
	if bad := checkAlone(t, p.nonStandard); bad != nil {
		return Result{}, bad
	}
	if p.graph.byID[t.ID()] == nil && len(p.graph.conflictsOf(t)) > 0 {
		return Result{}, &Error{Reason: "bip125-replacement-disallowed"}
	}
	return p.Add(t, "")
}

// wellFormed judges a package by itself (Core's IsWellFormedPackage).
func wellFormed(txs []*wire.Tx) *Error {
	weight := 0
	place := make(map[wire.Hash]int, len(txs))
	for i, t := range txs {
		weight += t.Weight()
		place[t.ID()] = i
	}
	switch {
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

// aside is a pool of its own that holds what txs could touch of p: the
// clusters of what they spend, conflict with or are.
func (p *Pool) aside(txs []*wire.Tx) *Pool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rolling.rate(p.now(), p.graph.usage) // decays by how full p is, before it is copied
	q := &Pool{
		chain: p.chain, floor: p.floor, increment: p.increment, maxSize: p.maxSize, expiry: p.expiry,
		now: p.now, log: slog.New(slog.DiscardHandler), nonStandard: p.nonStandard,
		wake: make(chan struct{}, 1), changed: make(chan struct{}),
		at: p.at, height: p.height, graph: newGraph(), rolling: p.rolling, orphans: newOrphanage(0),
		private: make(map[*entry]bool),
	}
	var near []*entry
	for _, t := range txs {
		near = append(near, p.graph.parentsOf(t)...)
		near = append(near, p.graph.conflictsOf(t)...)
		if e := p.graph.byID[t.ID()]; e != nil {
			near = append(near, e)
		}
	}
	near = p.graph.cluster(near, nil, p.graph.len())
	childrenFirst(near)
	for _, e := range slices.Backward(near) {
		q.graph.add(&entry{
			tx: e.tx, fee: e.fee, size: e.size, weight: e.weight, sigops: e.sigops,
			time: e.time, height: e.height, timed: e.timed,
		})
	}
	return q
}
