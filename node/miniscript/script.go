package miniscript

import (
	"github.com/btcsuite/btcd/address/v2"

	"github.com/quernnet/quern/consensus/script"
)

// Opcodes of the scripts.
const (
	op0                   = 0x00
	op1                   = 0x51
	op16                  = 0x60
	opPushData4           = 0x4e
	opIf                  = 0x63
	opNotIf               = 0x64
	opElse                = 0x67
	opEndIf               = 0x68
	opVerify              = 0x69
	opToAltStack          = 0x6b
	opFromAltStack        = 0x6c
	opIfDup               = 0x73
	opDup                 = 0x76
	opSwap                = 0x7c
	opSize                = 0x82
	opEqual               = 0x87
	opEqualVerify         = 0x88
	op0NotEqual           = 0x92
	opAdd                 = 0x93
	opBoolAnd             = 0x9a
	opBoolOr              = 0x9b
	opNumEqual            = 0x9c
	opNumEqualVerify      = 0x9d
	opRIPEMD160           = 0xa6
	opSHA256              = 0xa8
	opHash160             = 0xa9
	opHash256             = 0xaa
	opCheckSig            = 0xac
	opCheckSigVerify      = 0xad
	opCheckMultisig       = 0xae
	opCheckMultisigVerify = 0xaf
	opCheckLockTimeVerify = 0xb1
	opCheckSequenceVerify = 0xb2
	opCheckSigAdd         = 0xba
)

// hashOps is the operation of each hash.
var hashOps = map[Fragment]byte{SHA256: opSHA256, Hash256: opHash256, RIPEMD160: opRIPEMD160, Hash160: opHash160}

// affixes is what stands before, between and after the subexpressions.
var affixes = map[Fragment][][]byte{
	WrapA: {{opToAltStack}, {opFromAltStack}},
	WrapS: {{opSwap}, nil},
	WrapD: {{opDup, opIf}, {opEndIf}},
	WrapJ: {{opSize, op0NotEqual, opIf}, {opEndIf}},
	WrapN: {nil, {op0NotEqual}},
	AndV:  {nil, nil, nil},
	AndB:  {nil, nil, {opBoolAnd}},
	OrB:   {nil, nil, {opBoolOr}},
	OrC:   {nil, {opNotIf}, {opEndIf}},
	OrD:   {nil, {opIfDup, opNotIf}, {opEndIf}},
	OrI:   {{opIf}, {opElse}, {opEndIf}},
	AndOr: {nil, {opNotIf}, {opElse}, {opEndIf}},
}

// Script writes the script; key is how a key stands in scripts: 33 bytes, or 32
// in tapscript.
func (n *Node) Script(key func(int) []byte) []byte {
	w := scriptWriter{key: key, out: make([]byte, 0, n.size)}
	w.open = append(w.open, piece{node: n})
	for len(w.open) > 0 {
		p := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		if p.node == nil {
			w.out = append(w.out, p.raw...)
			continue
		}
		w.write(p.node, p.verify)
	}
	return w.out
}

// piece is a part of a script that is still to be written.
type piece struct {
	node   *Node
	verify bool   // whether VERIFY follows, which its last operation may take in
	raw    []byte // when node is nil
}

type scriptWriter struct {
	key  func(int) []byte
	out  []byte
	open []piece // the next one last
}

// then puts off pieces, to be written in their order.
func (w *scriptWriter) then(pieces ...piece) {
	for i := len(pieces) - 1; i >= 0; i-- {
		w.open = append(w.open, pieces[i])
	}
}

// last is an operation, or its VERIFY form, which is the next one.
func last(op byte, verify bool) byte {
	if verify {
		return op + 1
	}
	return op
}

func (w *scriptWriter) write(n *Node, verify bool) {
	switch n.Fragment {
	case Just0, Just1, PkK, PkH, Older, After, SHA256, Hash256, RIPEMD160, Hash160, Multi, MultiA:
		w.out = n.appendLeaf(w.out, w.key, verify)
	case WrapC:
		w.then(piece{node: n.Subs[0]}, piece{raw: []byte{last(opCheckSig, verify)}})
	case WrapS:
		w.out = append(w.out, opSwap)
		w.then(piece{node: n.Subs[0], verify: verify})
	case WrapV:
		after := piece{}
		if n.Subs[0].typ.Has("x") {
			after.raw = []byte{opVerify}
		}
		w.then(piece{node: n.Subs[0], verify: true}, after)
	case AndV:
		w.then(piece{node: n.Subs[0]}, piece{node: n.Subs[1], verify: verify})
	case Thresh:
		pieces := make([]piece, 0, 2*len(n.Subs)+1)
		for i, sub := range n.Subs {
			pieces = append(pieces, piece{node: sub})
			if i > 0 {
				pieces = append(pieces, piece{raw: []byte{opAdd}})
			}
		}
		end := append(script.AppendNumber(nil, int64(n.K)), last(opEqual, verify))
		w.then(append(pieces, piece{raw: end})...)
	default:
		w.combine(n)
	}
}

func (w *scriptWriter) combine(n *Node) {
	subs := n.Subs
	if n.Fragment == AndOr { // the script has Z before Y
		subs = []*Node{subs[0], subs[2], subs[1]}
	}
	around := affixes[n.Fragment]
	pieces := []piece{{raw: around[0]}}
	for i, sub := range subs {
		pieces = append(pieces, piece{node: sub}, piece{raw: around[i+1]})
	}
	w.then(pieces...)
}

// appendLeaf writes what has no subexpressions.
func (n *Node) appendLeaf(s []byte, key func(int) []byte, verify bool) []byte {
	switch n.Fragment {
	case Just0:
		return append(s, op0)
	case Just1:
		return append(s, op1)
	case PkK:
		return script.AppendPush(s, key(n.Keys[0]))
	case PkH:
		s = script.AppendPush(append(s, opDup, opHash160), address.Hash160(key(n.Keys[0])))
		return append(s, opEqualVerify)
	case Older:
		return append(script.AppendNumber(s, int64(n.K)), opCheckSequenceVerify)
	case After:
		return append(script.AppendNumber(s, int64(n.K)), opCheckLockTimeVerify)
	case Multi:
		s = script.AppendNumber(s, int64(n.K))
		for _, k := range n.Keys {
			s = script.AppendPush(s, key(k))
		}
		return append(script.AppendNumber(s, int64(len(n.Keys))), last(opCheckMultisig, verify))
	case MultiA:
		for i, k := range n.Keys {
			s = append(script.AppendPush(s, key(k)), opCheckSigAdd)
			if i == 0 {
				s[len(s)-1] = opCheckSig
			}
		}
		return append(script.AppendNumber(s, int64(n.K)), last(opNumEqual, verify))
	}
	s = append(s, opSize, 1, 32, opEqualVerify, hashOps[n.Fragment])
	return append(script.AppendPush(s, n.Data), last(opEqual, verify))
}
