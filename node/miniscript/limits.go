package miniscript

// atMost is the largest of a list of numbers; of an empty list it is not ok.
type atMost struct {
	n  int
	ok bool
}

func some(n int) atMost { return atMost{n, true} }

func (a atMost) plus(b atMost) atMost { return atMost{a.n + b.n, a.ok && b.ok} }

func (a atMost) or(b atMost) atMost {
	switch {
	case !a.ok:
		return b
	case !b.ok:
		return a
	}
	return some(max(a.n, b.n))
}

// best adds subexpressions up to thresholds: result[j] of j satisfied and the
// others dissatisfied, for j up to k.
func best[T any](n *Node, zero T, sat, dsat func(*Node) T, plus func(a, b T) T, or func(a, b T) T) []T {
	sats := []T{zero}
	for _, sub := range n.Subs {
		s, d := sat(sub), dsat(sub)
		next := make([]T, 0, len(sats)+1)
		next = append(next, plus(sats[0], d))
		for j := 1; j < len(sats); j++ {
			next = append(next, or(plus(sats[j], d), plus(sats[j-1], s)))
		}
		if len(sats) <= int(n.K) {
			next = append(next, plus(sats[len(sats)-1], s))
		}
		sats = next
	}
	return sats
}

// ops counts operations: those that are always there, and the keys of the
// CHECKMULTISIGs that run to satisfy or dissatisfy.
type ops struct {
	count     int
	sat, dsat atMost
}

func (n *Node) computeOps() ops {
	none := atMost{}
	var x, y, z ops
	for i, into := range []*ops{&x, &y, &z} {
		if i < len(n.Subs) {
			*into = n.Subs[i].ops
		}
	}
	count := x.count + y.count + z.count
	switch n.Fragment {
	case Just1:
		return ops{0, some(0), none}
	case Just0:
		return ops{0, none, some(0)}
	case PkK:
		return ops{0, some(0), some(0)}
	case PkH:
		return ops{3, some(0), some(0)}
	case Older, After:
		return ops{1, some(0), none}
	case SHA256, Hash256, RIPEMD160, Hash160:
		return ops{4, some(0), none}
	case AndV:
		return ops{count, x.sat.plus(y.sat), none}
	case AndB:
		return ops{1 + count, x.sat.plus(y.sat), x.dsat.plus(y.dsat)}
	case OrB:
		return ops{1 + count, x.sat.plus(y.dsat).or(y.sat.plus(x.dsat)), x.dsat.plus(y.dsat)}
	case OrD:
		return ops{3 + count, x.sat.or(y.sat.plus(x.dsat)), x.dsat.plus(y.dsat)}
	case OrC:
		return ops{2 + count, x.sat.or(y.sat.plus(x.dsat)), none}
	case OrI:
		return ops{3 + count, x.sat.or(y.sat), x.dsat.or(y.dsat)}
	case AndOr:
		return ops{3 + count, y.sat.plus(x.sat).or(x.dsat.plus(z.sat)), x.dsat.plus(z.dsat)}
	case Multi:
		return ops{1, some(len(n.Keys)), some(len(n.Keys))}
	case MultiA:
		return ops{len(n.Keys) + 1, some(0), some(0)}
	case WrapA:
		return ops{2 + count, x.sat, x.dsat}
	case WrapD:
		return ops{3 + count, x.sat, some(0)}
	case WrapJ:
		return ops{4 + count, x.sat, some(0)}
	case WrapV:
		if n.Subs[0].typ.Has("x") {
			count++
		}
		return ops{count, x.sat, none}
	case Thresh:
		count = 0
		for _, sub := range n.Subs {
			count += sub.ops.count + 1
		}
		sats := best(n, some(0), func(n *Node) atMost { return n.ops.sat }, func(n *Node) atMost { return n.ops.dsat }, atMost.plus, atMost.or)
		return ops{count, sats[n.K], sats[0]}
	}
	return ops{1 + count, x.sat, x.dsat} // s: c: n:
}

// Ops is how many operations run at most to satisfy the script; not ok when
// nothing satisfies it.
func (n *Node) Ops() (_ int, ok bool) { return n.ops.count + n.ops.sat.n, n.ops.sat.ok }

func (n *Node) withinOps() bool {
	count, ok := n.Ops()
	return n.ctx == Tapscript || !ok || count <= maxOps
}

// witnessSize is how many bytes satisfying or dissatisfying takes at most.
type witnessSize struct{ sat, dsat atMost }

func (n *Node) computeWitness() witnessSize {
	none, key := atMost{}, 1+n.ctx.keySize()
	sig := 1 + 72
	if n.ctx == Tapscript {
		sig = 1 + 65
	}
	var x, y, z witnessSize
	for i, into := range []*witnessSize{&x, &y, &z} {
		if i < len(n.Subs) {
			*into = n.Subs[i].witness
		}
	}
	k := int(n.K)
	switch n.Fragment {
	case Just0:
		return witnessSize{none, some(0)}
	case Just1, Older, After:
		return witnessSize{some(0), none}
	case PkK:
		return witnessSize{some(sig), some(1)}
	case PkH:
		return witnessSize{some(sig + key), some(1 + key)}
	case SHA256, Hash256, RIPEMD160, Hash160:
		return witnessSize{some(1 + 32), none}
	case AndOr:
		return witnessSize{x.sat.plus(y.sat).or(x.dsat.plus(z.sat)), x.dsat.plus(z.dsat)}
	case AndV:
		return witnessSize{x.sat.plus(y.sat), none}
	case AndB:
		return witnessSize{x.sat.plus(y.sat), x.dsat.plus(y.dsat)}
	case OrB:
		return witnessSize{x.dsat.plus(y.sat).or(x.sat.plus(y.dsat)), x.dsat.plus(y.dsat)}
	case OrC:
		return witnessSize{x.sat.or(x.dsat.plus(y.sat)), none}
	case OrD:
		return witnessSize{x.sat.or(x.dsat.plus(y.sat)), x.dsat.plus(y.dsat)}
	case OrI: // the branch is chosen by 1, which takes a byte more than 0
		return witnessSize{x.sat.plus(some(2)).or(y.sat.plus(some(1))), x.dsat.plus(some(2)).or(y.dsat.plus(some(1)))}
	case Multi:
		return witnessSize{some(k*sig + 1), some(k + 1)}
	case MultiA:
		return witnessSize{some(k*sig + len(n.Keys) - k), some(len(n.Keys))}
	case WrapD:
		return witnessSize{x.sat.plus(some(2)), some(1)}
	case WrapV:
		return witnessSize{x.sat, none}
	case WrapJ:
		return witnessSize{x.sat, some(1)}
	case Thresh:
		sats := best(n, some(0), func(n *Node) atMost { return n.witness.sat }, func(n *Node) atMost { return n.witness.dsat }, atMost.plus, atMost.or)
		return witnessSize{sats[k], sats[0]}
	}
	return x // a: s: c: n:
}

// WitnessSize is how many bytes a satisfaction that nobody can change takes at
// most, each item with its length, without the script; not ok when there is none.
func (n *Node) WitnessSize() (_ int, ok bool) { return n.witness.sat.n, n.witness.sat.ok }
