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
		in := &t.Ins[i]
		cost += script.InputSigopCost(in.Script, in.Witness, spent[i].Script, flags)
	}
	return cost
}
