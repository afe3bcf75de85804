package descriptor

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/secp"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/miniscript"
	"github.com/quernnet/quern/node/signing"
)

// Infer describes an output script of which nothing else is known (Core's
// InferDescriptor), with checksum.
func Infer(s []byte, p *consensus.Params) string {
	return InferWith(s, new(signing.Keyring), p).String()
}

// InferWith describes an output script by what a provider knows of it. What
// it cannot describe otherwise it calls addr() or raw().
func InferWith(s []byte, ring *signing.Keyring, p *consensus.Params) *Descriptor {
	i := inference{p: p, from: ring}
	n := i.script(s, top)
	if n == nil {
		n = &node{kind: kindRaw, script: s}
		if text, ok := address.Encode(s, p); ok {
			n.kind, n.address = kindAddr, text
		}
	}
	return &Descriptor{n, i.shared()}
}

// inference describes scripts by what a provider knows.
type inference struct {
	p    *consensus.Params
	from *signing.Keyring
}

// shared has no private keys: what is inferred is public.
func (i inference) shared() *known { return &known{params: i.p} }

// script describes a script where it stands; nil when nothing fits.
func (i inference) script(s []byte, w place) *node {
	if w == inTR {
		if len(s) == 34 && s[0] == 32 && s[33] == opCheckSig {
			return &node{kind: kindPK, keys: []key{i.xonlyKey(s[1:33])}, xonly: true}
		}
		if n := i.multiA(s); n != nil {
			return n
		}
	}
	n := i.template(s, w)
	if n == nil && (w == inWSH || w == inTR) {
		n = i.miniscript(s, w)
	}
	return n
}

// template describes what Core's Solver knows.
func (i inference) template(s []byte, w place) *node {
	legacy := w == top || w == inSH || w == inWSH
	switch t := script.Classify(s); {
	case t == script.TypePubKey && legacy:
		pub, _ := script.PubKey(s)
		return i.single(kindPK, pub, w)
	case t == script.TypePubKeyHash && legacy:
		return i.single(kindPKH, i.pubKey(s[3:23]), w)
	case t == script.TypeWitnessV0KeyHash && (w == top || w == inSH):
		return i.single(kindWPKH, i.pubKey(s[2:22]), inWPKH)
	case t == script.TypeMultisig && legacy:
		return i.multi(s, w)
	case t == script.TypeScriptHash && w == top:
		return i.wrapped(kindSH, i.from.Scripts[[20]byte(s[2:22])], inSH)
	case t == script.TypeWitnessV0ScriptHash && (w == top || w == inSH):
		return i.wrapped(kindWSH, i.from.Scripts[signing.RIPEMD160(s[2:])], inWSH)
	case t == script.TypeWitnessV1Taproot && w == top:
		return i.taproot([32]byte(s[2:]))
	}
	return nil
}

// pubKey is the key of a hash, if it is known.
func (i inference) pubKey(hash []byte) []byte { return []byte(i.from.Public[signing.KeyID(hash)]) }

func (i inference) single(k kind, pub []byte, w place) *node {
	if one := i.key(pub, w); one != nil {
		return &node{kind: k, keys: []key{one}}
	}
	return nil
}

// key describes a public key; nil when it may not stand there. Whether it is on
// the curve nobody asks, as in Core.
func (i inference) key(pub []byte, w place) key {
	switch {
	case len(pub) == 33 && (pub[0] == 2 || pub[0] == 3):
	case len(pub) == 65 && pub[0] == 4 && w.uncompressed():
	default:
		return nil
	}
	var k key = &constant{i.shared(), pub, false}
	if len(i.from.Origins) == 0 { // saves the hash
		return k
	}
	if l, ok := i.from.Origins[keys.Hash160(pub)]; ok {
		k = &located{k, l.Origin, false}
	}
	return k
}

func (i inference) xonlyKey(x []byte) key {
	var k key = &constant{i.shared(), append([]byte{2}, x...), true}
	if len(i.from.Origins) == 0 {
		return k
	}
	for _, parity := range []byte{2, 3} {
		if l, ok := i.from.Origins[keys.Hash160(append([]byte{parity}, x...))]; ok {
			return &located{k, l.Origin, false}
		}
	}
	return k
}

func (i inference) multi(s []byte, w place) *node {
	m, pubs, _ := script.Multisig(s)
	n := &node{kind: kindMulti, threshold: m}
	for _, pub := range pubs {
		k := i.key(pub, w)
		if k == nil {
			return nil
		}
		n.keys = append(n.keys, k)
	}
	return n
}

// multiA describes a leaf of BIP387.
func (i inference) multiA(s []byte) *node {
	n := &node{kind: kindMultiA}
	for len(s) > 33 && s[0] == 32 {
		want := byte(opCheckSigAdd)
		if len(n.keys) == 0 {
			want = opCheckSig
		}
		if s[33] != want {
			return nil
		}
		n.keys, s = append(n.keys, i.xonlyKey(s[1:33])), s[34:]
	}
	op, data, rest, ok := script.NextOp(s)
	m, isNumber := script.Number(op, data)
	if !ok || !isNumber || len(rest) != 1 || rest[0] != opNumEqual || m < 1 || m > int64(len(n.keys)) || len(n.keys) > maxMultiA {
		return nil
	}
	n.threshold = int(m)
	return n
}

func (i inference) wrapped(k kind, inner []byte, w place) *node {
	if inner == nil {
		return nil
	}
	if sub := i.script(inner, w); sub != nil {
		return &node{kind: k, subs: []*node{sub}}
	}
	return nil
}

// taproot describes an output by its tree, if that is known and all of it is
// understood, else by its key.
func (i inference) taproot(out [32]byte) *node {
	if o, ok := i.from.Trees[out]; ok {
		if n := i.tree(o); n != nil {
			return n
		}
	}
	if !secp.IsXOnly(out[:]) {
		return nil
	}
	return &node{kind: kindRawTR, keys: []key{i.xonlyKey(out[:])}}
}

func (i inference) tree(o signing.TapOutput) *node {
	n := &node{kind: kindTR, keys: []key{i.xonlyKey(o.Internal[:])}}
	leaves, ok := inOrder(o.Tree)
	if !ok && o.Tree != nil {
		return nil
	}
	for _, leaf := range leaves {
		if leaf.Version != tapscript {
			return nil
		}
		sub := i.script(leaf.Script, inTR)
		if sub == nil {
			return nil
		}
		n.subs, n.depths = append(n.subs, sub), append(n.depths, int(leaf.Depth))
	}
	return n
}

// miniscript describes a script that is sane Miniscript.
func (i inference) miniscript(s []byte, w place) *node {
	ctx := miniscript.P2WSH
	if w == inTR {
		ctx = miniscript.Tapscript
	}
	var list []key
	add := func(k key) (int, bool) {
		if k == nil {
			return 0, false
		}
		list = append(list, k)
		return len(list) - 1, true
	}
	tree, ok := miniscript.Decode(s, ctx, miniscript.KnownKeys{
		Key: func(raw []byte) (int, bool) {
			switch {
			case w == inTR && len(raw) == 32:
				return add(i.xonlyKey(raw))
			case w == inWSH:
				return add(i.key(raw, w))
			}
			return 0, false
		},
		Hash:     func(hash [20]byte) (int, bool) { return add(i.key(i.pubKey(hash[:]), w)) },
		Identity: func(j int) string { return identity(list[j]) },
	})
	if !ok || !tree.Sane() {
		return nil
	}
	return &node{kind: kindMiniscript, keys: list, mini: tree}
}
