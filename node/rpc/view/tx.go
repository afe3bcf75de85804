package view

import (
	"encoding/hex"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
)

// Tx is a transaction as Core's TxToUniv shows it.
type Tx struct {
	TxID     wire.Hash `json:"txid"`
	Hash     wire.Hash `json:"hash"`
	Version  uint32    `json:"version"`
	Size     int       `json:"size"`
	VSize    int       `json:"vsize"`
	Weight   int       `json:"weight"`
	LockTime uint32    `json:"locktime"`
	Ins      []In      `json:"vin"`
	Outs     []Out     `json:"vout"`
	Fee      *Coins    `json:"fee,omitempty"`
	Hex      Hex       `json:"hex,omitempty"`
}

// In is an input as Core shows it.
type In struct {
	Coinbase *Hex       `json:"coinbase,omitempty"`
	TxID     *wire.Hash `json:"txid,omitempty"`
	Out      *uint32    `json:"vout,omitempty"`
	Script   *SigScript `json:"scriptSig,omitempty"`
	Witness  []Hex      `json:"txinwitness,omitempty"`
	Prev     *Prev      `json:"prevout,omitempty"`
	Sequence uint32     `json:"sequence"`
}

// Prev is the coin that an input spends.
type Prev struct {
	Generated bool   `json:"generated"`
	Height    uint32 `json:"height"`
	Value     Coins  `json:"value"`
	Script    Script `json:"scriptPubKey"`
}

// Out is an output.
type Out struct {
	Value  Coins  `json:"value"`
	N      int    `json:"n"`
	Script Script `json:"scriptPubKey"`
}

// TxView says what of a transaction is to be shown.
type TxView struct {
	Params *consensus.Params
	Spent  []consensus.Coin // one for each input, for the fee; nil: not known
	Prevs  bool             // show the coins spent, too
	Hex    bool
}

// Show renders t.
func (v TxView) Show(t *wire.Tx) Tx {
	out := Tx{
		TxID: t.ID(), Hash: t.WitnessID(), Version: uint32(t.Version),
		Size: t.Size(), VSize: t.VSize(), Weight: t.Weight(), LockTime: t.LockTime,
		Ins: make([]In, len(t.Ins)), Outs: make([]Out, len(t.Outs)),
	}
	var fee Coins
	for i := range t.Ins {
		out.Ins[i] = v.input(t, i)
		if v.Spent != nil {
			fee += Coins(v.Spent[i].Value)
		}
	}
	for i, o := range t.Outs {
		out.Outs[i] = Out{Coins(o.Value), i, NewScript(o.Script, v.Params)}
		fee -= Coins(o.Value)
	}
	if v.Spent != nil {
		out.Fee = &fee
	}
	if v.Hex {
		out.Hex = t.Append(nil)
	}
	return out
}

func (v TxView) input(t *wire.Tx, i int) In {
	in := &t.Ins[i]
	out := In{Sequence: in.Sequence}
	if t.IsCoinbase() {
		sig := Hex(in.Script)
		out.Coinbase = &sig
	} else {
		out.TxID, out.Out = &in.Prev.TxID, &in.Prev.Index
		out.Script = &SigScript{script.DisasmSig(in.Script), in.Script}
	}
	for _, item := range in.Witness {
		out.Witness = append(out.Witness, item)
	}
	if v.Prevs && v.Spent != nil {
		c := &v.Spent[i]
		out.Prev = &Prev{c.Coinbase, c.Height, Coins(c.Value), NewScript(c.Script, v.Params)}
	}
	return out
}

// DecodeTx reads a transaction in hex, as Core's DecodeHexTx.
func DecodeTx(s string) (*wire.Tx, bool) {
	raw, err := hex.DecodeString(s)
	if err != nil {
		return nil, false
	}
	t, err := wire.DecodeTx(raw)
	return t, err == nil
}
