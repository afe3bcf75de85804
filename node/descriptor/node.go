package descriptor

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/miniscript"
	"github.com/quernnet/quern/node/signing"
)

// kind is a script expression's function.
type kind string

const (
	kindPK          kind = "pk"
	kindPKH         kind = "pkh"
	kindWPKH        kind = "wpkh"
	kindCombo       kind = "combo"
	kindMulti       kind = "multi"
	kindSortedMulti kind = "sortedmulti"
	kindMultiA      kind = "multi_a"
	kindSortedA     kind = "sortedmulti_a"
	kindSH          kind = "sh"
	kindWSH         kind = "wsh"
	kindTR          kind = "tr"
	kindRawTR       kind = "rawtr"
	kindUnused      kind = "unused"
	kindAddr        kind = "addr"
	kindRaw         kind = "raw"
	kindMiniscript  kind = ""
)

// node is a script expression. Immutable.
type node struct {
	kind      kind
	keys      []key
	subs      []*node          // sh, wsh: one; tr: the leaves
	depths    []int            // of tr's leaves
	xonly     bool             // pk in a leaf
	threshold int              // of multi and its like
	script    []byte           // addr, raw
	address   string           // addr
	mini      *miniscript.Node // its keys are indices of keys
}

const (
	tapscript = 0xc0 // the leaf version (BIP342)
	maxDepth  = 128  // of a leaf (BIP341)
)

const opNumEqual, opCheckSigAdd, opCheckMultisig, opCheckSig = 0x9c, 0xba, 0xae, 0xac

// expand lists the scripts at an index, and tells out what solves them.
func (n *node) expand(index uint32, out *signing.Keyring) ([][]byte, error) {
	pubs := make([][]byte, len(n.keys))
	for i, k := range n.keys {
		var err error
		if pubs[i], err = k.derive(index, out); err != nil {
			return nil, err
		}
	}
	subs := make([][]byte, len(n.subs))
	for i, sub := range n.subs {
		var below signing.Keyring // an origin is told once a level: see located
		scripts, err := sub.expand(index, &below)
		if err != nil {
			return nil, err
		}
		out.Merge(&below)
		subs[i] = scripts[0]
	}
	switch n.kind {
	case kindCombo:
		return comboScripts(pubs[0], out), nil
	case kindUnused:
		return nil, nil
	case kindTR:
		return n.taprootScripts(pubs[0], subs, out)
	}
	return [][]byte{n.build(pubs, subs, out)}, nil
}

// build makes the one script of most expressions.
func (n *node) build(pubs, subs [][]byte, out *signing.Keyring) []byte {
	switch n.kind {
	case kindPK:
		if n.xonly {
			return append(script.AppendPush(nil, xonly(pubs[0])), opCheckSig)
		}
		return payToKey(pubs[0])
	case kindPKH:
		return address.PayToKeyHash(hash160(pubs[0]))
	case kindWPKH:
		return address.PayToWitness(0, hash160(pubs[0]))
	case kindSortedMulti:
		slices.SortFunc(pubs, bytes.Compare)
		return Multisig(n.threshold, pubs)
	case kindMulti:
		return Multisig(n.threshold, pubs)
	case kindMultiA, kindSortedA:
		return n.multiA(pubs)
	case kindSH:
		out.AddScript(subs[0])
		return address.PayToScriptHash(hash160(subs[0]))
	case kindWSH:
		out.AddScript(subs[0])
		return address.PayToWitnessScript(subs[0])
	case kindRawTR:
		return address.PayToWitness(1, xonly(pubs[0]))
	case kindMiniscript:
		return n.miniscript(pubs, out)
	}
	return n.script // addr, raw
}

// multiA is BIP387's script.
func (n *node) multiA(pubs [][]byte) (s []byte) {
	list := make([][]byte, len(pubs))
	for i, pub := range pubs {
		list[i] = xonly(pub)
	}
	if n.kind == kindSortedA {
		slices.SortFunc(list, bytes.Compare)
	}
	for i, x := range list {
		s = append(script.AppendPush(s, x), opCheckSigAdd)
		if i == 0 {
			s[len(s)-1] = opCheckSig
		}
	}
	return append(script.AppendNumber(s, int64(n.threshold)), opNumEqual)
}

func (n *node) miniscript(pubs [][]byte, out *signing.Keyring) []byte {
	leaf := n.mini.Context() == miniscript.Tapscript
	for i, pub := range pubs {
		if leaf {
			pubs[i] = xonly(pub)
			addHashed(out, pubs[i], pub)
		}
	}
	return n.mini.Script(func(key int) []byte { return pubs[key] })
}

func comboScripts(pub []byte, out *signing.Keyring) [][]byte {
	list := [][]byte{payToKey(pub), address.PayToKeyHash(hash160(pub))}
	if len(pub) == 33 {
		witness := address.PayToWitness(0, hash160(pub))
		out.AddScript(witness)
		list = append(list, witness, address.PayToScriptHash(hash160(witness)))
	}
	return list
}

var errTree = errors.New("the tree of scripts has no output")

func (n *node) taprootScripts(pub []byte, subs [][]byte, out *signing.Keyring) ([][]byte, error) {
	o := signing.TapOutput{Internal: signing.XOnly(xonly(pub))}
	for i, s := range subs {
		o.Tree = append(o.Tree, signing.TreeLeaf{Depth: byte(n.depths[i]), Version: tapscript, Script: s})
	}
	key, ok := o.Key()
	if !ok {
		return nil, errTree
	}
	addTree(out, key, o)
	return [][]byte{address.PayToWitness(1, key[:])}, nil
}

// private tells out the private keys at an index, where they are known.
func (n *node) private(index uint32, out *signing.Keyring) {
	for _, k := range n.keys {
		k.private(index, out)
	}
	for _, sub := range n.subs {
		sub.private(index, out)
	}
}

// allPrivate says whether the private key of each key expression is known; of
// musig() one participant's is enough.
func (n *node) allPrivate() bool {
	for _, k := range n.keys {
		var found signing.Keyring
		if k.private(0, &found); len(found.Private) == 0 {
			return false
		}
	}
	return len(n.keys)+len(n.subs) > 0 && !slices.ContainsFunc(n.subs, func(s *node) bool { return !s.allPrivate() })
}

// text writes the expression; what ok means is key.text's.
func (n *node) text(f form) (string, bool) {
	switch n.kind {
	case kindAddr:
		return "addr(" + n.address + ")", f != private
	case kindRaw:
		return "raw(" + hex.EncodeToString(n.script) + ")", f != private
	}
	all, any := true, false
	note := func(text string, ok bool) string {
		all, any = all && ok, any || ok
		return text
	}
	var text string
	if n.kind == kindMiniscript {
		text = n.mini.Text(func(key int) string { return note(n.keys[key].text(f)) })
	} else {
		var args []string
		if n.threshold > 0 {
			args = append(args, strconv.Itoa(n.threshold))
		}
		for _, k := range n.keys {
			args = append(args, note(k.text(f)))
		}
		if len(n.subs) > 0 {
			texts := make([]string, len(n.subs))
			for i, sub := range n.subs {
				texts[i] = note(sub.text(f))
			}
			args = append(args, treeText(texts, n.depths))
		}
		text = string(n.kind) + "(" + strings.Join(args, ",") + ")"
	}
	if f == private {
		return text, any
	}
	return text, all
}

// treeText puts leaves into the braces that their depths ask for; those of sh()
// and wsh() have none.
func treeText(texts []string, depths []int) string {
	if depths == nil {
		return texts[0]
	}
	var b strings.Builder
	var path []bool // for each branch above: whether we are right of it
	for i, text := range texts {
		if i > 0 {
			b.WriteByte(',')
		}
		for len(path) <= depths[i] {
			if len(path) > 0 {
				b.WriteByte('{')
			}
			path = append(path, false)
		}
		b.WriteString(text)
		for len(path) > 0 && path[len(path)-1] {
			if len(path) > 1 {
				b.WriteByte('}')
			}
			path = path[:len(path)-1]
		}
		if len(path) > 0 {
			path[len(path)-1] = true
		}
	}
	return b.String()
}

// any says whether a key of the expression, or below it, is so.
func (n *node) any(is func(key) bool) bool {
	return slices.ContainsFunc(n.keys, is) || slices.ContainsFunc(n.subs, func(s *node) bool { return s.any(is) })
}
