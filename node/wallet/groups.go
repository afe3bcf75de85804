package wallet

import (
	"bytes"
	"cmp"
	"maps"
	"slices"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
)

// Grouped is an address of a group.
type Grouped struct {
	Address string
	Balance int64 // satoshis, of trusted and mature coins
	Label   string
	Labeled bool
}

// Groupings lists the addresses of the wallet, those together of which the chain
// shows that they are one owner's: by being spent together, or as change.
func (w *Wallet) Groupings() [][]Grouped {
	w.mu.Lock()
	defer w.mu.Unlock()
	parent := map[string]string{}
	for _, e := range w.ledger.ordered {
		w.groupEntry(e, parent)
	}
	sums, groups := w.addressBalances(), map[string][]string{}
	for a := range parent {
		root := rootOf(parent, a)
		groups[root] = append(groups[root], a)
	}
	all := slices.Collect(maps.Values(groups))
	order := w.destinations()
	for _, g := range all {
		slices.SortFunc(g, order)
	}
	slices.SortFunc(all, func(a, b []string) int { return slices.CompareFunc(a, b, order) })
	out := make([][]Grouped, len(all))
	for i, g := range all {
		for _, a := range g {
			one := Grouped{Address: a, Balance: sums[a]}
			one.Label, one.Labeled = w.labelOf(a)
			out[i] = append(out[i], one)
		}
	}
	return out
}

// groupEntry joins the addresses that a transaction shows to be one owner's.
func (w *Wallet) groupEntry(e *entry, parent map[string]string) {
	first := ""
	join := func(script []byte) {
		a := w.addressOf(script)
		switch {
		case a == "":
		case first == "":
			first = rootOf(parent, a)
		default:
			parent[rootOf(parent, a)] = rootOf(parent, first)
		}
	}
	for _, in := range e.tx.Ins {
		if o, ok := w.ledger.output(in.Prev); ok {
			join(o.Script)
		}
	}
	for _, o := range e.tx.Outs {
		mine := len(w.places[string(o.Script)]) > 0
		if first != "" && w.isChange(o.Script) {
			join(o.Script)
		} else if a := w.addressOf(o.Script); mine && a != "" {
			rootOf(parent, a)
		}
	}
}

// rootOf is the address that stands for a's group; a becomes one of its own
// where it has none.
func rootOf(parent map[string]string, a string) string {
	p, ok := parent[a]
	if !ok || p == a {
		parent[a] = a
		return a
	}
	root := rootOf(parent, p)
	parent[a] = root
	return root
}

// addressBalances sums up what addresses hold of trusted, mature coins.
func (w *Wallet) addressBalances() map[string]int64 {
	out, trust := map[string]int64{}, w.trust()
	for op, e := range w.ledger.owned {
		if o := e.tx.Outs[op.Index]; trust.of(e) && w.mature(e) && !w.ledger.isSpent(op) {
			out[w.addressOf(o.Script)] += o.Value
		}
	}
	return out
}

// destinations compares addresses as Core orders its destinations: by kind, then by
// what is in them.
func (w *Wallet) destinations() func(a, b string) int {
	keys := map[string][]byte{}
	key := func(a string) []byte {
		k, ok := keys[a]
		if !ok {
			s, err := address.Decode(a, w.c.Params)
			if err != nil {
				return []byte(a)
			}
			k = destinationKey(s)
			keys[a] = k
		}
		return k
	}
	return func(a, b string) int { return cmp.Or(bytes.Compare(key(a), key(b)), cmp.Compare(a, b)) }
}

func destinationKey(s []byte) []byte {
	version, program, witness := script.WitnessProgram(s)
	switch {
	case !witness && !script.IsP2SH(s):
		return append([]byte{0}, s...)
	case !witness:
		return append([]byte{1}, s...)
	case version == 0 && len(program) == 32:
		return append([]byte{2}, program...)
	case version == 0:
		return append([]byte{3}, program...)
	case version == 1 && len(program) == 32:
		return append([]byte{4}, program...)
	}
	return append([]byte{5, byte(version)}, program...)
}
