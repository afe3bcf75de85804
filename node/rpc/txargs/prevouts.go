package txargs

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/signing"
)

// Coins are outputs to spend, by outpoint.
type Coins map[wire.Outpoint]wire.Out

// Find implements signing.Coins.
func (c Coins) Find(op wire.Outpoint) (wire.Out, bool) {
	o, ok := c[op]
	return o, ok
}

// Prevouts adds to coins those that the caller describes, and to ring their
// scripts (Core's ParsePrevouts). A coin whose amount is not given has MaxMoney. A
// nil ring takes no scripts.
func Prevouts(raw json.RawMessage, coins Coins, ring *signing.Keyring) error {
	if raw == nil || table.IsNull(raw) {
		return nil
	}
	list, err := ReadList(raw)
	if err != nil {
		return err
	}
	for _, item := range list {
		if table.TypeName(item) != "object" {
			return table.Errorf(table.CodeDecode, "expected object with {\"txid'\",\"vout\",\"scriptPubKey\"}")
		}
		o, err := ReadObject(item)
		if err != nil {
			return err
		}
		coin, err := prevout(o, coins)
		if err != nil {
			return err
		}
		if err := prevScripts(o, coin.Script, ring); err != nil {
			return err
		}
	}
	return nil
}

func prevout(o Object, coins Coins) (coin wire.Out, err error) {
	if err := o.Want(false, Of("scriptPubKey", "string"), Of("txid", "string"), Of("vout", "number")); err != nil {
		return coin, err
	}
	var op wire.Outpoint
	if op.TxID, err = o.Hash("txid"); err != nil {
		return coin, err
	}
	n, err := table.ParseInteger(o.Get("vout"), 32)
	if err != nil {
		return coin, err
	}
	if n < 0 {
		return coin, table.Errorf(table.CodeDecode, "vout cannot be negative")
	}
	op.Index = uint32(n)
	s, err := o.Hex("scriptPubKey")
	if err != nil {
		return coin, err
	}
	if known, ok := coins[op]; ok && !bytes.Equal(known.Script, s) {
		return coin, table.Errorf(table.CodeDecode, "Previous output scriptPubKey mismatch:\n%s\nvs:\n%s",
			script.Disasm(known.Script), script.Disasm(s))
	}
	coin = wire.Out{Value: consensus.MaxMoney, Script: s}
	for _, f := range o {
		if f.Key == "amount" {
			if coin.Value, err = table.ParseAmount(o.Get("amount")); err != nil {
				return coin, err
			}
		}
	}
	coins[op] = coin
	return coin, nil
}

// prevScripts takes in the scripts behind a script hash.
func prevScripts(o Object, prev []byte, ring *signing.Keyring) error {
	kind := script.Classify(prev)
	if ring == nil || kind != script.TypeScriptHash && kind != script.TypeWitnessV0ScriptHash {
		return nil
	}
	if err := o.Want(true, Of("redeemScript", "string"), Of("witnessScript", "string")); err != nil {
		return err
	}
	redeem, witness := o.Has("redeemScript"), o.Has("witnessScript")
	if !redeem && !witness {
		return table.Errorf(table.CodeInvalid, "Missing redeemScript/witnessScript")
	}
	name := "redeemScript"
	if witness {
		name = "witnessScript"
	}
	s, err := o.Hex(name)
	if err != nil {
		return err
	}
	wrapped := payToWitness(s)
	ring.AddScript(s)
	ring.AddScript(wrapped) // for P2SH-P2WSH, of which the redeem script may be left out
	if witness && redeem && string(o.Get("witnessScript")) != string(o.Get("redeemScript")) {
		r, err := o.Hex("redeemScript")
		if err != nil {
			return err
		}
		if !bytes.Equal(r, wrapped) {
			return table.Errorf(table.CodeInvalid, "redeemScript does not correspond to witnessScript")
		}
	}
	fits := bytes.Equal(prev, wrapped)
	if kind == script.TypeScriptHash {
		fits = bytes.Equal(prev, payToScript(s)) || bytes.Equal(prev, payToScript(wrapped))
	}
	if !fits {
		return table.Errorf(table.CodeInvalid, "redeemScript/witnessScript does not match scriptPubKey")
	}
	return nil
}

func payToWitness(s []byte) []byte {
	sum := sha256.Sum256(s)
	return address.PayToWitness(0, sum[:])
}

func payToScript(s []byte) []byte {
	hash := signing.Hash160(s)
	return address.PayToScriptHash(hash[:])
}
