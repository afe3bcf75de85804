package view

import (
	"encoding/hex"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// DecodeTxAs reads a transaction in hex, with witness, without, or in whichever
// way makes sense when both are allowed: one whose scripts can be walked over is
// preferred, and with witness before without (Core's DecodeHexTx).
func DecodeTxAs(s string, base, witness bool) (*wire.Tx, bool) {
	raw, err := hex.DecodeString(s)
	if err != nil || s == "" {
		return nil, false
	}
	var read []*wire.Tx
	if witness {
		if t, err := wire.DecodeTx(raw); err == nil {
			read = append(read, t)
		}
	}
	if base {
		if t, err := wire.DecodeBaseTx(raw); err == nil {
			read = append(read, t)
		}
	}
	for _, t := range read {
		if sane(t) {
			return t, true
		}
	}
	if len(read) > 0 {
		return read[0], true
	}
	return nil, false
}

// sane says whether all scripts can be walked over (Core's CheckTxScriptsSanity).
func sane(t *wire.Tx) bool {
	if !t.IsCoinbase() {
		for _, in := range t.Ins {
			if !walkable(in.Script) {
				return false
			}
		}
	}
	for _, o := range t.Outs {
		if !walkable(o.Script) {
			return false
		}
	}
	return true
}

const (
	maxScript  = 10_000 // bytes
	maxElement = 520    // bytes of a push
	lastOp     = 0xb9   // OP_NOP10, the last there was before tapscript
)

func walkable(s []byte) bool {
	if len(s) > maxScript {
		return false
	}
	for len(s) > 0 {
		op, data, rest, ok := script.NextOp(s)
		if !ok || op > lastOp || len(data) > maxElement {
			return false
		}
		s = rest
	}
	return true
}
