package mempool

import "slices"

// Limits of version 3 transactions, "topologically restricted until
// confirmation" (BIP431).
const (
	trucVersion   = 3
	trucMaxSize   = 10_000 // virtual bytes
	trucChildSize = 1000   // virtual bytes
)

const trucReason = "TRUC-violation"

// checkTRUC judges v by BIP431: version 3 spends only unconfirmed version 3,
// at most one of it, and each has at most one child. A second child may evict the
// first by the rules of replacement: it is then added to v.conflicts.
func (p *Pool) checkTRUC(v *verdict) *Error {
	t := v.e.tx
	for _, parent := range v.parents {
		is, was := t.Version == trucVersion, parent.tx.Version == trucVersion
		if is != was {
			kind := [2]string{"non-version=3", "version=3"}
			return refuse(trucReason, "%s tx %v (wtxid=%v) cannot spend from %s tx %v (wtxid=%v)",
				kind[btoi(is)], t.ID(), t.WitnessID(), kind[btoi(was)], parent.tx.ID(), parent.tx.WitnessID())
		}
	}
	if t.Version != trucVersion {
		return nil
	}
	if v.e.size > trucMaxSize {
		return refuse(trucReason, "version=3 tx %v (wtxid=%v) is too big: %d > %d virtual bytes",
			t.ID(), t.WitnessID(), v.e.size, trucMaxSize)
	}
	if len(v.parents) > 1 || len(v.parents) == 1 && v.parents[0].anc.count > 1 {
		return refuse(trucReason, "tx %v (wtxid=%v) would have too many ancestors", t.ID(), t.WitnessID())
	}
	if len(v.parents) == 0 {
		return nil
	}
	if v.e.size > trucChildSize {
		return refuse(trucReason, "version=3 child tx %v (wtxid=%v) is too big: %d > %d virtual bytes",
			t.ID(), t.WitnessID(), v.e.size, trucChildSize)
	}
	return p.checkSibling(v, v.parents[0])
}

// checkSibling judges v as a child of its only parent, which may have another.
func (p *Pool) checkSibling(v *verdict, parent *entry) *Error {
	below := p.graph.descendants(parent)[1:]
	if len(below) == 0 || slices.ContainsFunc(below, func(e *entry) bool { return slices.Contains(v.conflicts, e) }) {
		return nil
	}
	if len(below) == 1 && below[0].anc.count == 2 {
		v.conflicts, v.sibling = append(v.conflicts, below[0]), true
		return nil
	}
	return refuse(trucReason, "tx %v (wtxid=%v) would exceed descendant count limit",
		parent.tx.ID(), parent.tx.WitnessID())
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
