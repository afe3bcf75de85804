package miniscript

// Signer is what satisfying a script takes. A function that is nil knows nothing.
type Signer struct {
	// Sign is the signature of a key, with its hash type.
	Sign func(key int) (sig []byte, ok bool)
	// Key is how a key stands in scripts: 33 bytes, or 32 in tapscript.
	Key func(key int) []byte
	// Preimage is the 32 bytes that have a hash, of the fragment's kind.
	Preimage func(f Fragment, hash []byte) (preimage []byte, ok bool)
	// Older and After say whether the transaction meets a lock (BIP68, BIP65).
	Older, After func(lock uint32) bool
}

// input is the items that satisfy or dissatisfy an expression, and what is to
// be known of them to choose.
type input struct {
	ok        bool // whether it exists
	signed    bool // whether a signature is among the items
	malleable bool // whether anybody can turn it into another
	size      int  // bytes, each item with its length
	items     [][]byte
}

// none is an input that does not exist.
var none = input{}

func item(b []byte) input { return input{ok: true, size: len(b) + 1, items: [][]byte{b}} }

var (
	empty = input{ok: true}
	zero  = item(nil)
	unit  = item([]byte{1})
)

// with puts b's items on top of a's.
func (a input) with(b input) input {
	if !a.ok || !b.ok {
		return none
	}
	items := make([][]byte, 0, len(a.items)+len(b.items))
	return input{true, a.signed || b.signed, a.malleable || b.malleable, a.size + b.size, append(append(items, a.items...), b.items...)}
}

// or is the better of two. One without signature must be taken over one with:
// anybody could put it in the other's place.
func (a input) or(b input) input {
	switch {
	case !a.ok:
		return b
	case !b.ok:
		return a
	case a.signed != b.signed:
		if a.signed {
			return b
		}
		return a
	case !a.signed:
		a.malleable, b.malleable = true, true
	case a.malleable != b.malleable:
		if a.malleable {
			return b
		}
		return a
	}
	if a.size <= b.size {
		return a
	}
	return b
}

// change marks what a third party may choose instead.
func (a input) change() input {
	a.malleable = a.ok
	return a
}

// inputs are the best ways to satisfy and to dissatisfy an expression.
type inputs struct{ sat, dsat input }

// Satisfy makes the witness items that satisfy the script, the bottom of the
// stack first, so that nobody can change them; not ok when s does not allow that.
// The script itself is not among them.
func (n *Node) Satisfy(s Signer) (items [][]byte, ok bool) {
	best := fold(n, struct{}{}, nil, func(_ struct{}, n *Node, subs []inputs) inputs { return n.inputs(s, subs) })
	if !best.sat.ok || best.sat.malleable || !best.sat.signed {
		return nil, false
	}
	return best.sat.items, true
}

func (s Signer) sign(key int) input {
	if s.Sign == nil {
		return none
	}
	sig, ok := s.Sign(key)
	if !ok {
		return none
	}
	in := item(sig)
	in.signed = true
	return in
}

func (s Signer) preimage(n *Node) input {
	if s.Preimage == nil {
		return none
	}
	p, ok := s.Preimage(n.Fragment, n.Data)
	if !ok {
		return none
	}
	return item(p)
}

func when(check func(uint32) bool, lock uint32) input {
	if check != nil && check(lock) {
		return empty
	}
	return none
}

func (n *Node) inputs(s Signer, subs []inputs) inputs {
	var x, y, z inputs
	for i, into := range []*inputs{&x, &y, &z} {
		if i < len(subs) {
			*into = subs[i]
		}
	}
	switch n.Fragment {
	case Just0:
		return inputs{none, empty}
	case Just1:
		return inputs{empty, none}
	case PkK:
		return inputs{s.sign(n.Keys[0]), zero}
	case PkH:
		key := item(s.Key(n.Keys[0]))
		return inputs{s.sign(n.Keys[0]).with(key), zero.with(key)}
	case Older:
		return inputs{when(s.Older, n.K), none}
	case After:
		return inputs{when(s.After, n.K), none}
	case SHA256, Hash256, RIPEMD160, Hash160:
		return inputs{s.preimage(n), item(make([]byte, 32)).change()}
	case Multi:
		return n.multiInputs(s)
	case MultiA:
		return n.multiAInputs(s)
	case Thresh:
		return n.threshInputs(subs)
	case AndV:
		return inputs{y.sat.with(x.sat), y.dsat.with(x.sat)}
	case AndB:
		return inputs{y.sat.with(x.sat), y.dsat.with(x.dsat).or(y.sat.with(x.dsat).change()).or(y.dsat.with(x.sat).change())}
	case OrB:
		return inputs{y.dsat.with(x.sat).or(y.sat.with(x.dsat)).or(y.sat.with(x.sat).change()), y.dsat.with(x.dsat)}
	case OrC:
		return inputs{x.sat.or(y.sat.with(x.dsat)), none}
	case OrD:
		return inputs{x.sat.or(y.sat.with(x.dsat)), y.dsat.with(x.dsat)}
	case OrI:
		return inputs{x.sat.with(unit).or(y.sat.with(zero)), x.dsat.with(unit).or(y.dsat.with(zero))}
	case AndOr:
		return inputs{y.sat.with(x.sat).or(z.sat.with(x.dsat)), y.dsat.with(x.sat).or(z.dsat.with(x.dsat))}
	case WrapD:
		return inputs{x.sat.with(unit), zero}
	case WrapJ: // a dissatisfaction without signature may have another form, by a nonzero item
		d := zero
		d.malleable = x.dsat.ok && !x.dsat.signed
		return inputs{x.sat, d}
	case WrapV:
		return inputs{x.sat, none}
	}
	return x // a: s: c: n:
}

// sums adds up to k of what parts offer, each taken or left: result[j] is the
// best with j taken.
func sums(start input, parts, left []input, k int) []input {
	best := []input{start}
	for i, part := range parts {
		next := []input{best[0].with(left[i])}
		for j := 1; j < len(best); j++ {
			next = append(next, best[j].with(left[i]).or(best[j-1].with(part)))
		}
		if len(best) <= k {
			next = append(next, best[len(best)-1].with(part))
		}
		best = next
	}
	return best
}

func (n *Node) multiInputs(s Signer) inputs {
	sigs, left := make([]input, len(n.Keys)), make([]input, len(n.Keys))
	for i, key := range n.Keys {
		sigs[i], left[i] = s.sign(key), empty
	}
	dsat := zero // one item more than signatures, as CHECKMULTISIG takes one too many
	for range n.K {
		dsat = dsat.with(zero)
	}
	return inputs{sums(zero, sigs, left, int(n.K))[n.K], dsat}
}

func (n *Node) multiAInputs(s Signer) inputs {
	sigs, left := make([]input, len(n.Keys)), make([]input, len(n.Keys))
	for i, key := range n.Keys { // the first key's signature is on top
		sigs[len(sigs)-1-i], left[i] = s.sign(key), zero
	}
	best := sums(empty, sigs, left, int(n.K))
	return inputs{best[n.K], best[0]}
}

func (n *Node) threshInputs(subs []inputs) inputs {
	sats, dsats := make([]input, len(subs)), make([]input, len(subs))
	for i, sub := range subs { // the first expression's items are on top
		sats[len(subs)-1-i], dsats[len(subs)-1-i] = sub.sat, sub.dsat
	}
	best := sums(empty, sats, dsats, len(subs))
	dsat := none
	for j, in := range best {
		switch {
		case j == int(n.K):
		case j == 0:
			dsat = dsat.or(in)
		default: // any number but k dissatisfies, but none is always there
			dsat = dsat.or(in.change())
		}
	}
	return inputs{best[n.K], dsat}
}
