package miniscript

// runs is what is known of a set of ways that a script may run: how many more
// items the stack has at most at the beginning than in the end (net), and at any
// time than in the end (peak). The empty set is not ok.
type runs struct {
	net, peak int
	ok        bool
}

func run(net, peak int) runs { return runs{net, peak, true} }

// or is the union of two sets.
func (a runs) or(b runs) runs {
	switch {
	case !a.ok:
		return b
	case !b.ok:
		return a
	}
	return run(max(a.net, b.net), max(a.peak, b.peak))
}

// then is each way of a followed by each of b.
func (a runs) then(b runs) runs {
	if !a.ok || !b.ok {
		return runs{}
	}
	return run(a.net+b.net, max(b.peak, b.net+a.peak))
}

// Operations, by what they do to the stack.
var (
	nothing   = run(0, 0)  // hashes, locks, 0NOTEQUAL, IFDUP of zero
	pushes    = run(-1, 0) // a push, DUP, SIZE, IFDUP of another number
	pops      = run(1, 1)  // IF, VERIFY, EQUAL, CHECKSIG and what takes two and leaves one
	popsTwice = run(2, 2)  // EQUALVERIFY
)

func sequence(list ...runs) runs {
	all := nothing
	for _, r := range list {
		all = all.then(r)
	}
	return all
}

// stackUse is what satisfying and dissatisfying do to the stack.
type stackUse struct{ sat, dsat runs }

func (n *Node) computeStack() stackUse {
	var none runs
	var x, y, z stackUse
	for i, into := range []*stackUse{&x, &y, &z} {
		if i < len(n.Subs) {
			*into = n.Subs[i].stack
		}
	}
	k, keys := int(n.K), len(n.Keys)
	switch n.Fragment {
	case Just0:
		return stackUse{none, pushes}
	case Just1, Older, After:
		return stackUse{pushes, none}
	case PkK:
		return stackUse{pushes, pushes}
	case PkH:
		r := sequence(pushes, nothing, pushes, popsTwice)
		return stackUse{r, r}
	case SHA256, Hash256, RIPEMD160, Hash160:
		return stackUse{sequence(pushes, pushes, popsTwice, nothing, pushes, pops), none}
	case AndOr:
		return stackUse{
			sequence(x.sat, pops, y.sat).or(sequence(x.dsat, pops, z.sat)),
			sequence(x.dsat, pops, z.dsat),
		}
	case AndV:
		return stackUse{x.sat.then(y.sat), none}
	case AndB:
		return stackUse{sequence(x.sat, y.sat, pops), sequence(x.dsat, y.dsat, pops)}
	case OrB:
		return stackUse{x.sat.then(y.dsat).or(x.dsat.then(y.sat)).then(pops), sequence(x.dsat, y.dsat, pops)}
	case OrC:
		return stackUse{x.sat.then(pops).or(sequence(x.dsat, pops, y.sat)), none}
	case OrD:
		return stackUse{
			sequence(x.sat, pushes, pops).or(sequence(x.dsat, nothing, pops, y.sat)),
			sequence(x.dsat, nothing, pops, y.dsat),
		}
	case OrI:
		return stackUse{pops.then(x.sat.or(y.sat)), pops.then(x.dsat.or(y.dsat))}
	case Multi: // from k+1 items to 1, with the keys, k and their number on top between
		return stackUse{run(k, k+keys+2), run(k, k+keys+2)}
	case MultiA: // from one item a key to 1, with a key on top between
		return stackUse{run(keys-1, keys), run(keys-1, keys)}
	case WrapC:
		return stackUse{x.sat.then(pops), x.dsat.then(pops)}
	case WrapD:
		return stackUse{sequence(pushes, pops, x.sat), sequence(pushes, pops)}
	case WrapV:
		return stackUse{x.sat.then(pops), none}
	case WrapJ:
		return stackUse{sequence(pushes, nothing, pops, x.sat), sequence(pushes, nothing, pops)}
	case Thresh:
		return n.threshStack()
	}
	return x // a: s: n:
}

// threshStack adds up thresh's subexpressions, with an ADD after each but the first.
func (n *Node) threshStack() stackUse {
	add := func(i int, r runs) runs {
		if i == 0 {
			return r
		}
		return r.then(pops)
	}
	sats := []runs{nothing}
	for i, sub := range n.Subs {
		next := []runs{add(i, sats[0].then(sub.stack.dsat))}
		for j := 1; j < len(sats); j++ {
			next = append(next, add(i, sats[j].then(sub.stack.dsat).or(sats[j-1].then(sub.stack.sat))))
		}
		if len(sats) <= int(n.K) {
			next = append(next, add(i, sats[len(sats)-1].then(sub.stack.sat)))
		}
		sats = next
	}
	return stackUse{sequence(sats[n.K], pushes, pops), sequence(sats[0], pushes, pops)}
}

// leaves is 1 for an expression that leaves an item on the stack.
func (n *Node) leaves() int {
	if n.typ.of("BKW") != 0 {
		return 1
	}
	return 0
}

// StackItems is how many items a satisfaction has at most, without the script;
// not ok when nothing satisfies it.
func (n *Node) StackItems() (_ int, ok bool) { return n.stack.sat.net + n.leaves(), n.stack.sat.ok }

// StackPeak is how many items the stack has at most while the script runs.
func (n *Node) StackPeak() (_ int, ok bool) { return n.stack.sat.peak + n.leaves(), n.stack.sat.ok }

func (n *Node) withinStack() bool {
	if n.ctx == Tapscript {
		peak, ok := n.StackPeak()
		return !ok || peak <= maxStack
	}
	items, ok := n.StackItems()
	return !ok || items <= maxStackItems
}
