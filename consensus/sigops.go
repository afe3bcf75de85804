package consensus

import (
	"encoding/binary"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// legacySigops counts what every block counted from the first on, in
// operations, not in cost.
func legacySigops(t *wire.Tx) int {
	n := 0
	for i := range t.Ins {
		n += script.Sigops(t.Ins[i].Script, false)
	}
	for i := range t.Outs {
		n += script.Sigops(t.Outs[i].Script, false)
	}
	return n
}

// SigopCost is t's signature operation cost given the coins it spends (BIP141).
// A coinbase spends none.
func SigopCost(t *wire.Tx, spent []Coin, flags script.Flags) int {
	cost := legacySigops(t) * WitnessScale
	if t.IsCoinbase() {
		return cost
	}
	for i := range t.Ins {
		cost += inputSigopCost(&t.Ins[i], spent[i].Script, flags)
	}
	return cost
}

// inputSigopCost is the cost of what an input reveals: a P2SH script and a
// witness script.
func inputSigopCost(in *wire.In, pays []byte, flags script.Flags) int {
	cost := 0
	if script.IsP2SH(pays) && flags&script.P2SH != 0 {
		redeem, ok := lastPush(in.Script)
		if !ok {
			return 0
		}
		cost = script.Sigops(redeem, true) * WitnessScale
		pays = redeem
	}
	if flags&script.Witness == 0 {
		return cost
	}
	version, program, ok := script.WitnessProgram(pays)
	switch {
	case !ok || version != 0:
	case len(program) == 20:
		cost++
	case len(program) == 32 && len(in.Witness) > 0:
		cost += script.Sigops(in.Witness[len(in.Witness)-1], true)
	}
	return cost
}

// Opcodes that this package must know.
const (
	opPushData1 = 0x4c
	opPushData2 = 0x4d
	opPushData4 = 0x4e
	op16        = 0x60
	opReturn    = 0x6a
)

// nextOp takes the first operation off s. data is what it pushes, nil for
// operations that carry none. ok is false at the end and where s is broken.
func nextOp(s []byte) (op byte, data, rest []byte, ok bool) {
	if len(s) == 0 {
		return 0, nil, nil, false
	}
	op, s = s[0], s[1:]
	var n uint64
	switch {
	case op < opPushData1:
		n = uint64(op)
	case op == opPushData1 && len(s) >= 1:
		n, s = uint64(s[0]), s[1:]
	case op == opPushData2 && len(s) >= 2:
		n, s = uint64(binary.LittleEndian.Uint16(s)), s[2:]
	case op == opPushData4 && len(s) >= 4:
		n, s = uint64(binary.LittleEndian.Uint32(s)), s[4:]
	case op <= opPushData4:
		return 0, nil, nil, false
	}
	if n > uint64(len(s)) {
		return 0, nil, nil, false
	}
	return op, s[:n:n], s[n:], true
}

// lastPush is the data that s pushes last, and whether s does nothing but push.
// A small number's opcode counts as a push of nothing, as in Core.
func lastPush(s []byte) (data []byte, only bool) {
	for len(s) > 0 {
		op, d, rest, ok := nextOp(s)
		if !ok || op > op16 {
			return nil, false
		}
		data, s = d, rest
	}
	return data, true
}
