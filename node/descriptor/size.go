package descriptor

import (
	"github.com/quernnet/quern/consensus/script"
)

// OutputType names the kind of address as Core does, or is "" when there is
// none, or several: legacy, p2sh-segwit, bech32, bech32m.
func (d *Descriptor) OutputType() string { return d.root.outputType() }

func (n *node) outputType() string {
	switch n.kind {
	case kindPKH:
		return "legacy"
	case kindSH:
		if n.subs[0].outputType() == "bech32" {
			return "p2sh-segwit"
		}
		return "legacy"
	case kindWPKH, kindWSH:
		return "bech32"
	case kindTR, kindRawTR:
		return "bech32m"
	case kindAddr, kindRaw:
		return scriptType(n.script)
	}
	return ""
}

func scriptType(s []byte) string {
	switch script.Classify(s) {
	case script.TypePubKeyHash, script.TypeScriptHash:
		return "legacy"
	case script.TypeWitnessV0KeyHash, script.TypeWitnessV0ScriptHash:
		return "bech32"
	case script.TypeWitnessV1Taproot, script.TypeWitnessUnknown:
		return "bech32m"
	}
	return ""
}

// MaxWeight is the most weight that what satisfies a script adds to an input,
// by a key alone in Taproot; not ok when nobody knows. maxSig is to count
// signatures of 72 bytes and not 71, which a signer that looks for a low R makes.
func (d *Descriptor) MaxWeight(maxSig bool) (_ int, ok bool) {
	n := d.root
	switch n.kind {
	case kindTR, kindRawTR:
		return 1 + 65, true
	case kindWPKH, kindWSH:
		return n.satSize(maxSig)
	case kindPK, kindPKH, kindMulti, kindSortedMulti:
		size, ok := n.satSize(maxSig)
		return size * 4, ok
	case kindSH:
		sub := n.subs[0]
		sat, ok := sub.satSize(maxSig)
		size, known := sub.scriptSize()
		if sub.outputType() != "bech32" {
			sat *= 4
		}
		return (1+size)*4 + sat, ok && known
	}
	return 0, false
}

// satSize is how many bytes satisfy a script at most, wherever they stand.
func (n *node) satSize(maxSig bool) (_ int, ok bool) {
	sig := 71
	if maxSig {
		sig = 72
	}
	switch n.kind {
	case kindPK:
		if n.xonly {
			sig = 65
		}
		return 1 + sig, true
	case kindPKH:
		return 1 + sig + 1 + n.keys[0].size(), true
	case kindWPKH:
		return 1 + sig + 1 + 33, true
	case kindMulti, kindSortedMulti:
		return 1 + (1+sig)*n.threshold, true
	case kindMultiA, kindSortedA:
		return (1+65)*n.threshold + len(n.keys) - n.threshold, true
	case kindMiniscript:
		return n.mini.WitnessSize()
	case kindWSH:
		sat, ok := n.subs[0].satSize(maxSig)
		size, known := n.subs[0].scriptSize()
		return compactSize(size) + size + sat, ok && known
	}
	return 0, false
}

func compactSize(n int) int {
	switch {
	case n < 253:
		return 1
	case n <= 0xffff:
		return 3
	}
	return 5
}

// ScriptSize is how many bytes the output script has; not ok when there are
// several of them.
func (d *Descriptor) ScriptSize() (_ int, ok bool) { return d.root.scriptSize() }

func (n *node) scriptSize() (_ int, ok bool) {
	number := func(v int) int { return len(script.AppendNumber(nil, int64(v))) }
	switch n.kind {
	case kindPK:
		if n.xonly {
			return 34, true
		}
		return n.keys[0].size() + 2, true
	case kindPKH:
		return 25, true
	case kindWPKH:
		return 22, true
	case kindSH:
		return 23, true
	case kindWSH, kindTR, kindRawTR:
		return 34, true
	case kindMulti, kindSortedMulti:
		size := 1 + number(len(n.keys)) + number(n.threshold)
		for _, k := range n.keys {
			size += 1 + k.size()
		}
		return size, true
	case kindMultiA, kindSortedA:
		return 34*len(n.keys) + number(n.threshold) + 1, true
	case kindMiniscript:
		return n.mini.ScriptSize(), true
	case kindAddr, kindRaw:
		return len(n.script), true
	}
	return 0, false
}

// MaxItems is the most items that satisfy a script, redeem and witness scripts
// with them; not ok when nobody knows.
func (d *Descriptor) MaxItems() (_ int, ok bool) { return d.root.maxItems() }

func (n *node) maxItems() (_ int, ok bool) {
	switch n.kind {
	case kindPK, kindTR, kindRawTR:
		return 1, true
	case kindPKH, kindWPKH:
		return 2, true
	case kindMulti, kindSortedMulti:
		return 1 + n.threshold, true
	case kindMultiA, kindSortedA:
		return len(n.keys), true
	case kindSH, kindWSH:
		items, ok := n.subs[0].maxItems()
		return 1 + items, ok
	case kindMiniscript:
		return n.mini.StackItems()
	}
	return 0, false
}
