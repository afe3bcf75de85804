package miniscript

// Node is an expression. It is immutable and its script, in the end, exists
// whether it is valid or not.
type Node struct {
	Fragment Fragment
	K        uint32 // of older, after (the lock), thresh, multi, multi_a (the threshold)
	Keys     []int  // of pk_k, pk_h, multi, multi_a
	Data     []byte // the hash of sha256, hash256, ripemd160, hash160
	Subs     []*Node

	ctx     Context
	typ     Type
	size    int // of its script, in bytes
	ops     ops
	stack   stackUse
	witness witnessSize
	twice   bool // whether a key occurs more than once; known when parsing ends
}

// finish computes what is known of a node from its subexpressions.
func (n *Node) finish() *Node {
	n.typ = n.computeType()
	n.size = n.scriptSize()
	n.ops = n.computeOps()
	n.stack = n.computeStack()
	n.witness = n.computeWitness()
	return n
}

// Context is where the script stands.
func (n *Node) Context() Context { return n.ctx }

// Type is the expression's type; none when it is ill-typed.
func (n *Node) Type() Type { return n.typ }

// ScriptSize is how many bytes its script has.
func (n *Node) ScriptSize() int { return n.size }

func (n *Node) scriptSize() int {
	size := 0
	for _, sub := range n.Subs {
		size += sub.size
	}
	switch key := n.ctx.keySize() + 1; n.Fragment {
	case Just0, Just1:
		return 1
	case PkK:
		return key
	case PkH:
		return 3 + 21
	case Older, After:
		return 1 + pushSize(int64(n.K))
	case SHA256, Hash256:
		return 4 + 2 + 33
	case RIPEMD160, Hash160:
		return 4 + 2 + 21
	case Multi:
		return 1 + pushSize(int64(len(n.Keys))) + pushSize(int64(n.K)) + key*len(n.Keys)
	case MultiA:
		return (key+1)*len(n.Keys) + pushSize(int64(n.K)) + 1
	case Thresh:
		return size + len(n.Subs) + pushSize(int64(n.K))
	case WrapV:
		if n.Subs[0].typ.Has("x") {
			size++
		}
		return size
	}
	return size + combinators[n.Fragment]
}

// combinators is what fragments add to their subexpressions' bytes.
var combinators = map[Fragment]int{
	WrapS: 1, WrapC: 1, WrapN: 1, AndB: 1, OrB: 1, WrapA: 2, OrC: 2, WrapD: 3, OrD: 3, OrI: 3, AndOr: 3, WrapJ: 4,
}

// Valid says whether an expression is well-typed and no longer than a script may be.
func (n *Node) Valid() bool { return n.typ != 0 && n.size <= n.ctx.maxScript() }

// ValidTopLevel says whether it is valid as a whole script.
func (n *Node) ValidTopLevel() bool { return n.Valid() && n.typ.Has("B") }

// NonMalleable says whether it can always be satisfied in a way that nobody
// else can change.
func (n *Node) NonMalleable() bool { return n.typ.Has("m") }

// NeedsSignature says whether each satisfaction has a signature.
func (n *Node) NeedsSignature() bool { return n.typ.Has("s") }

// LocksApart says whether no satisfaction needs locks by height and by time.
func (n *Node) LocksApart() bool { return n.typ.Has("k") }

// DistinctKeys says whether no key occurs twice.
func (n *Node) DistinctKeys() bool { return !n.twice }

// ValidSatisfactions says whether satisfactions stay within the limits.
func (n *Node) ValidSatisfactions() bool { return n.Valid() && n.withinOps() && n.withinStack() }

// saneSub says whether an expression means what it seems to.
func (n *Node) saneSub() bool {
	return n.ValidSatisfactions() && n.NonMalleable() && n.LocksApart() && n.DistinctKeys()
}

// Sane says whether it is safe as a whole script (Core's IsSane).
func (n *Node) Sane() bool { return n.ValidTopLevel() && n.saneSub() && n.NeedsSignature() }

// Insane is the first of the smallest subexpressions that are not sane; nil
// when all are.
func (n *Node) Insane() *Node {
	return fold(n, struct{}{}, nil, func(_ struct{}, n *Node, subs []*Node) *Node {
		for _, sub := range subs {
			if sub != nil {
				return sub
			}
		}
		if !n.saneSub() {
			return n
		}
		return nil
	})
}

// Each visits the expression and all below it, in no order that matters.
func (n *Node) Each(visit func(*Node)) {
	open := []*Node{n}
	for len(open) > 0 {
		n := open[len(open)-1]
		open = append(open[:len(open)-1], n.Subs...)
		visit(n)
	}
}

// fold computes a result of each node from those of its subexpressions, in
// order, after down has given each a state from its parent's. It does not
// recur: trees may be as deep as scripts are long.
func fold[S, R any](root *Node, state S, down func(s S, n *Node, sub int) S, up func(s S, n *Node, subs []R) R) R {
	type visit struct {
		n     *Node
		next  int // the subexpression to go down into
		state S
	}
	open := []visit{{root, 0, state}}
	var results []R
	for {
		v := &open[len(open)-1]
		if v.next < len(v.n.Subs) {
			s := v.state
			if down != nil {
				s = down(s, v.n, v.next)
			}
			v.next++
			open = append(open, visit{v.n.Subs[v.next-1], 0, s})
			continue
		}
		at := len(results) - len(v.n.Subs)
		r := up(v.state, v.n, results[at:])
		results = append(results[:at], r)
		if open = open[:len(open)-1]; len(open) == 0 {
			return r
		}
	}
}

// checkKeys finds, in each node below n, whether a key occurs twice. identity
// tells keys apart.
func (n *Node) checkKeys(identity func(key int) string) {
	fold(n, struct{}{}, nil, func(_ struct{}, n *Node, subs []map[string]bool) map[string]bool {
		set := make(map[string]bool, len(n.Keys))
		for _, key := range n.Keys {
			set[identity(key)] = true
		}
		want := len(n.Keys)
		for i, sub := range subs {
			n.twice = n.twice || n.Subs[i].twice
			want += len(sub)
			if len(set) < len(sub) {
				set, sub = sub, set
			}
			for id := range sub {
				set[id] = true
			}
		}
		n.twice = n.twice || len(set) != want
		return set
	})
}
