package txrpc

import (
	"context"
	"encoding/hex"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/signing"
)

func (n *node) scriptMethods() []table.Method {
	return []table.Method{{
		Name: "decodescript", Category: "rawtransactions", About: "Decode a hex-encoded script.\n",
		Args: []table.Arg{{Name: "hexstring", Kind: table.HexText, Need: true, About: "the hex-encoded script"}},
		Results: []table.Shape{table.Obj("", "",
			table.Str("asm", "Disassembly of the script"),
			table.Str("desc", "Inferred descriptor for the script"),
			table.Str("type", "The output type (e.g. nonstandard, anchor, pubkey, pubkeyhash, scripthash, multisig, nulldata, witness_v0_scripthash, witness_v0_keyhash, witness_v1_taproot, witness_unknown)"),
			table.Str("address", "The Bitcoin address (only if a well-defined address exists)").Maybe(),
			table.Str("p2sh", "address of P2SH script wrapping this redeem script (not returned for types that should not be wrapped)").Maybe(),
			table.Obj("segwit", "Result of a witness output script wrapping this redeem script (not returned for types that should not be wrapped)",
				table.Str("asm", "Disassembly of the output script"),
				table.Hex("hex", "The raw output script bytes, hex-encoded"),
				table.Str("type", "The type of the output script (e.g. witness_v0_keyhash or witness_v0_scripthash)"),
				table.Str("address", "The Bitcoin address (only if a well-defined address exists)").Maybe(),
				table.Str("desc", "Inferred descriptor for the script"),
				table.Str("p2sh-segwit", "address of the P2SH script wrapping this witness redeem script"),
			).Maybe(),
		)},
		Examples: table.Both("decodescript", `"hexstring"`, `"hexstring"`), Call: n.decodeScript,
	}}
}

// decodedScript is a script without its bytes, which the caller has.
type decodedScript struct {
	Asm     string         `json:"asm"`
	Desc    string         `json:"desc"`
	Address string         `json:"address,omitempty"`
	Type    script.Type    `json:"type"`
	P2SH    string         `json:"p2sh,omitempty"`
	Segwit  *wrappedScript `json:"segwit,omitempty"`
}

// wrappedScript is a witness output script around another.
type wrappedScript struct {
	view.Script
	P2SH string `json:"p2sh-segwit"`
}

func (n *node) decodeScript(_ context.Context, a table.Args) (any, error) {
	s, err := hex.DecodeString(a.Text(0))
	if err != nil {
		return nil, table.Errorf(table.CodeInvalid, "argument must be hexadecimal string (not '%s')", a.Text(0))
	}
	shown := view.NewScript(s, n.Params)
	out := decodedScript{Asm: shown.Asm, Desc: shown.Desc, Address: shown.Address, Type: shown.Type}
	if !wrappable(s) {
		return out, nil
	}
	out.P2SH = n.encode(address.PayToScriptHash(hash160(s)))
	if witness, ring, ok := witnessOf(s); ok {
		w := wrappedScript{Script: view.NewScript(witness, n.Params), P2SH: n.encode(address.PayToScriptHash(hash160(witness)))}
		w.Desc = descriptor.InferWith(witness, ring, n.Params).String()
		out.Segwit = &w
	}
	return out, nil
}

func (n *node) encode(s []byte) string {
	text, _ := address.Encode(s, n.Params)
	return text
}

func hash160(b []byte) []byte {
	h := signing.Hash160(b)
	return h[:]
}

// wrappable says whether it makes sense to pay to a script's hash.
func wrappable(s []byte) bool {
	switch script.Classify(s) {
	case script.TypeNullData, script.TypeScriptHash, script.TypeWitnessUnknown, script.TypeWitnessV1Taproot, script.TypeAnchor:
		return false
	}
	const lastOp, maxElement = 0xb9, 520
	if script.IsUnspendable(s) {
		return false
	}
	for len(s) > 0 {
		op, data, rest, ok := script.NextOp(s)
		if !ok || op > lastOp || len(data) > maxElement || opSuccess(op) {
			return false
		}
		s = rest
	}
	return true
}

// opSuccess says whether an opcode makes a tapscript succeed (BIP342).
func opSuccess(op byte) bool {
	return op == 80 || op == 98 || op >= 126 && op <= 129 || op >= 131 && op <= 134 || op == 137 || op == 138 ||
		op == 141 || op == 142 || op >= 149 && op <= 153 || op >= 187 && op != 255
}

// witnessOf is the witness output script around another, and what it takes to
// describe it; not ok for one that may not be in a witness.
func witnessOf(s []byte) (witness []byte, ring *signing.Keyring, ok bool) {
	ring = new(signing.Keyring)
	switch script.Classify(s) {
	case script.TypeWitnessV0KeyHash, script.TypeWitnessV0ScriptHash:
		return nil, nil, false
	case script.TypePubKey:
		key, _ := script.PubKey(s)
		return address.PayToWitness(0, hash160(key)), ring, len(key) == 33
	case script.TypePubKeyHash:
		hash, _ := script.PubKeyHash(s)
		return address.PayToWitness(0, hash), ring, true
	case script.TypeMultisig:
		_, keys, _ := script.Multisig(s)
		for _, key := range keys {
			if len(key) != 33 {
				return nil, nil, false
			}
		}
	}
	ring.AddScript(s)
	return address.PayToWitnessScript(s), ring, true
}
