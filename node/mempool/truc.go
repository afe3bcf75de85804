package mempool

import (
	"encoding/binary"
	"slices"
)

// Limits of version 3 transactions, "topologically restricted until
// confirmation" (BIP431).
const (
	trucVersion   = 3
	trucMaxSize   = 10_000 // virtual bytes
	trucChildSize = 1000   // virtual bytes
)

const trucReason = "TRUC-violation"

// checkTRUC judges v by BIP431: version 3 spends only unconfirmed version 3,
// at most one of it, and each has at most one child. Where evict allows, a second child may evict the
// first by the rules of replacement: it is then added to v.conflicts.
func (p *Pool) checkTRUC(v *verdict, evict bool) *Error {
	t, is := v.t, v.t.Version == trucVersion
	for _, parent := range v.parents {
		if bad := checkVersions(v.e, is, parent, parent.version() == trucVersion); bad != nil {
			return bad
		}
	}
	if !is {
		return nil
	}
	if v.e.vsize() > trucMaxSize {
		return refuse(trucReason, "version=3 tx %v (wtxid=%v) is too big: %d > %d virtual bytes",
			t.ID(), t.WitnessID(), v.e.vsize(), trucMaxSize)
	}
	if len(v.parents) > 1 || len(v.parents) == 1 && len(v.parents[0].ancestors()) > 1 {
		return tooManyAncestors(&v.e.Packed)
	}
	if len(v.parents) == 0 {
		return nil
	}
	if bad := checkChildSize(v.e); bad != nil {
		return bad
	}
	return checkSibling(v, v.parents[0], evict)
}

// version is the transaction's, as its bytes begin with it.
func (k *Packed) version() int32 { return int32(binary.LittleEndian.Uint32(k.raw)) }

// checkVersions wants a child that is of version 3, or is not, to spend what is likewise.
func checkVersions(child *entry, is bool, parent *entry, was bool) *Error {
	if is == was {
		return nil
	}
	kind := [2]string{"non-version=3", "version=3"}
	return refuse(trucReason, "%s tx %v (wtxid=%v) cannot spend from %s tx %v (wtxid=%v)",
		kind[btoi(is)], child.id, child.wid, kind[btoi(was)], parent.id, parent.wid)
}

func checkChildSize(e *entry) *Error {
	if e.vsize() <= trucChildSize {
		return nil
	}
	return refuse(trucReason, "version=3 child tx %v (wtxid=%v) is too big: %d > %d virtual bytes",
		e.id, e.wid, e.vsize(), trucChildSize)
}

func tooManyAncestors(k *Packed) *Error {
	return refuse(trucReason, "tx %v (wtxid=%v) would have too many ancestors", k.id, k.wid)
}

func tooManyDescendants(k *Packed) *Error {
	return refuse(trucReason, "tx %v (wtxid=%v) would exceed descendant count limit", k.id, k.wid)
}

// checkSibling judges v as a child of its only parent, which may have another.
func checkSibling(v *verdict, parent *entry, evict bool) *Error {
	below := parent.descendants()[1:]
	if len(below) == 0 || slices.ContainsFunc(below, func(e *entry) bool { return slices.Contains(v.conflicts, e) }) {
		return nil
	}
	if evict && len(below) == 1 && len(below[0].ancestors()) == 2 {
		v.conflicts, v.sibling = append(v.conflicts, below[0]), true
		return nil
	}
	return tooManyDescendants(&parent.Packed)
}

// checkTRUCTogether judges a package's transactions by BIP431, once all of them are known
// (Core's PackageTRUCChecks).
func checkTRUCTogether(vs []*verdict) *Error {
	for _, v := range vs {
		var bad *Error
		if v.t.Version == trucVersion {
			bad = checkTRUCIn(vs, v)
		} else {
			for _, parent := range v.parents {
				if bad == nil {
					bad = checkVersions(v.e, false, parent, versionIn(vs, parent) == trucVersion)
				}
			}
		}
		if bad != nil {
			return bad
		}
	}
	return nil
}

// versionIn is the version of an entry, which may be of the package.
func versionIn(vs []*verdict, e *entry) int32 {
	for _, v := range vs {
		if v.e == e {
			return v.t.Version
		}
	}
	return e.version()
}

// checkTRUCIn judges v, of version 3, in its package.
func checkTRUCIn(vs []*verdict, v *verdict) *Error {
	if len(v.parents) == 0 {
		return nil
	}
	parent := v.parents[0]
	waits := len(parent.raw) > 0 // in the pool, not in the package
	if len(v.parents) > 1 || waits && len(parent.ancestors()) > 1 {
		return tooManyAncestors(&v.e.Packed)
	}
	if bad := checkChildSize(v.e); bad != nil {
		return bad
	}
	if bad := checkVersions(v.e, true, parent, versionIn(vs, parent) == trucVersion); bad != nil {
		return bad
	}
	for _, o := range vs {
		switch {
		case o == v:
		case spends(o.t, parent.id):
			return tooManyDescendants(&parent.Packed)
		case spends(o.t, v.e.id):
			return tooManyAncestors(&o.e.Packed)
		}
	}
	if waits && len(parent.descendants()) > 1 {
		return tooManyDescendants(&parent.Packed)
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
