package mempool

import (
	"fmt"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// maxReplacedClusters bounds a replacement's reach, as Core 31.
const maxReplacedClusters = 100

const tooLargeCluster = "too-large-cluster"

// checkReplacement judges whether v may take the place of its conflicts, by
// Core 31's rules: any transaction may be replaced, by one that pays all it
// evicts and its own relay, and leaves miners no worse off. It fills in v.gone and v.plan.
func (p *Pool) checkReplacement(v *verdict) *Error {
	suffix := ""
	if v.sibling {
		suffix = " (including sibling eviction)"
	}
	if bad := checkReach(v.e.id, v.conflicts); bad != nil {
		bad.Reason += suffix
		return bad
	}
	v.gone = descendants(v.conflicts)
	if bad := p.checkPays(v.e.id, v.e.modified, v.e.vsize(), v.gone); bad != nil {
		bad.Reason, bad.Reconsider = "insufficient fee"+suffix, true
		return bad
	}
	if v.plan = p.graph.plan([]addition{v.addition()}, v.gone); v.plan == nil {
		return &Error{Reason: tooLargeCluster}
	}
	if before, after := v.plan.diagrams(); !improves(after, before) {
		e := refuse("replacement-failed", "%s", noImprovement)
		e.Reconsider = true
		return e
	}
	return nil
}

const noImprovement = "insufficient feerate: does not improve feerate diagram"

// checkReach bounds the clusters that a replacement changes.
func checkReach(id wire.Hash, conflicts []*entry) *Error {
	n := 0
	for range byCluster(conflicts) {
		n++
	}
	if n <= maxReplacedClusters {
		return nil
	}
	return refuse("too many potential replacements", "rejecting replacement %v; too many conflicting clusters (%d > %d)",
		id, n, maxReplacedClusters)
}

// checkPays wants what replaces to pay for all that it evicts, and for its own relay. The reason
// is the caller's to say.
func (p *Pool) checkPays(id wire.Hash, fee, size int64, gone []*entry) *Error {
	var old int64
	for _, e := range gone {
		old += e.modified
	}
	if fee < old {
		return refuse("", "rejecting replacement %v, less fees than conflicting txs; %s < %s", id, consensus.Amount(fee), consensus.Amount(old))
	}
	if relay := feeFor(p.increment, size); fee-old < relay {
		return refuse("", "rejecting replacement %v, not enough additional fees to relay; %s < %s",
			id, consensus.Amount(fee-old), consensus.Amount(relay))
	}
	return nil
}

// checkDisjoint refuses a transaction that spends what it replaces.
func checkDisjoint(v *verdict) *Error {
	for _, parent := range v.parents {
		for _, a := range parent.ancestors() {
			if slices.Contains(v.conflicts, a) {
				return &Error{
					Reason: "bad-txns-spends-conflicting-tx",
					Detail: fmt.Sprintf("%v spends conflicting transaction %v", v.e.id, a.id),
					Peer:   true,
				}
			}
		}
	}
	return nil
}
