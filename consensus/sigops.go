package consensus

import (
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
		redeem, ok := script.RedeemScript(in.Script)
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
