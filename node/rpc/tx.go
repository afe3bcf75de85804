package rpc

import (
	"encoding/hex"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// txJSON is a transaction as Core's TxToUniv shows it.
type txJSON struct {
	TxID     wire.Hash `json:"txid"`
	Hash     wire.Hash `json:"hash"`
	Version  uint32    `json:"version"`
	Size     int       `json:"size"`
	VSize    int       `json:"vsize"`
	Weight   int       `json:"weight"`
	LockTime uint32    `json:"locktime"`
	Ins      []inJSON  `json:"vin"`
	Outs     []outJSON `json:"vout"`
	Fee      *coins    `json:"fee,omitempty"`
	Hex      hexBytes  `json:"hex,omitempty"`
}

type inJSON struct {
	Coinbase *hexBytes      `json:"coinbase,omitempty"`
	TxID     *wire.Hash     `json:"txid,omitempty"`
	Out      *uint32        `json:"vout,omitempty"`
	Script   *sigScriptJSON `json:"scriptSig,omitempty"`
	Witness  []hexBytes     `json:"txinwitness,omitempty"`
	Prev     *prevJSON      `json:"prevout,omitempty"`
	Sequence uint32         `json:"sequence"`
}

type prevJSON struct {
	Generated bool       `json:"generated"`
	Height    uint32     `json:"height"`
	Value     coins      `json:"value"`
	Script    scriptJSON `json:"scriptPubKey"`
}

type outJSON struct {
	Value  coins      `json:"value"`
	N      int        `json:"n"`
	Script scriptJSON `json:"scriptPubKey"`
}

// txView says what of a transaction is to be shown.
type txView struct {
	params *consensus.Params
	spent  []consensus.Coin // one for each input, for the fee; nil: not known
	prevs  bool             // show the coins spent, too
	hex    bool
}

// show renders t.
func (v txView) show(t *wire.Tx) txJSON {
	out := txJSON{
		TxID: t.ID(), Hash: t.WitnessID(), Version: uint32(t.Version),
		Size: t.Size(), VSize: t.VSize(), Weight: t.Weight(), LockTime: t.LockTime,
		Ins: make([]inJSON, len(t.Ins)), Outs: make([]outJSON, len(t.Outs)),
	}
	var fee coins
	for i := range t.Ins {
		out.Ins[i] = v.input(t, i)
		if v.spent != nil {
			fee += coins(v.spent[i].Value)
		}
	}
	for i, o := range t.Outs {
		out.Outs[i] = outJSON{coins(o.Value), i, outputJSON(o.Script, v.params)}
		fee -= coins(o.Value)
	}
	if v.spent != nil {
		out.Fee = &fee
	}
	if v.hex {
		out.Hex = t.Append(nil)
	}
	return out
}

func (v txView) input(t *wire.Tx, i int) inJSON {
	in := &t.Ins[i]
	out := inJSON{Sequence: in.Sequence}
	if t.IsCoinbase() {
		sig := hexBytes(in.Script)
		out.Coinbase = &sig
	} else {
		out.TxID, out.Out = &in.Prev.TxID, &in.Prev.Index
		out.Script = &sigScriptJSON{script.DisasmSig(in.Script), in.Script}
	}
	for _, item := range in.Witness {
		out.Witness = append(out.Witness, item)
	}
	if v.prevs && v.spent != nil {
		c := &v.spent[i]
		out.Prev = &prevJSON{c.Coinbase, c.Height, coins(c.Value), outputJSON(c.Script, v.params)}
	}
	return out
}

// decodeTx reads a transaction in hex, as Core's DecodeHexTx.
func decodeTx(s string) (*wire.Tx, bool) {
	raw, err := hex.DecodeString(s)
	if err != nil {
		return nil, false
	}
	t, err := wire.DecodeTx(raw)
	return t, err == nil
}
