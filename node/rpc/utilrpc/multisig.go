package utilrpc

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
	"github.com/quernnet/quern/node/signing"
)

const (
	maxMultisig = 20  // keys of a multisig script, by consensus
	maxRedeem   = 520 // bytes of a P2SH redeem script
)

func (n *node) multisigMethods() []table.Method {
	const keys = `"03789ed0bb717d88f7d321a368d905e7430207ebbd82bd342cf11ae157a7ace5fd","03dbc6764b8884a92e871274b87583e6d5c2a58819473e17e107ef3f6aa5a61626"`
	return []table.Method{{
		Name: "createmultisig", Category: "util",
		About: "Creates a multi-signature address with n signatures of m keys required.\n" +
			"It returns a json object with the address and redeemScript.\n",
		Args: []table.Arg{
			{Name: "nrequired", Kind: table.Integer, Need: true, About: "The number of required signatures out of the m keys."},
			{Name: "keys", Kind: table.Array, Need: true, About: "The hex-encoded public keys.", Fields: []table.Arg{
				{Name: "key", Kind: table.HexText, About: "The hex-encoded public key"},
			}},
			{Name: "address_type", Kind: table.Text, Def: `"legacy"`, About: `The address type to use. Options are "legacy", "p2sh-segwit", and "bech32".`},
		},
		Results: []table.Shape{table.Obj("", "",
			table.Str("address", "The value of the new multisig address."),
			table.Hex("redeemScript", "The string value of the hex-encoded redemption script."),
			table.Str("descriptor", "The descriptor for this multisig"),
			table.Arr("warnings", "Any warnings resulting from the creation of this multisig", table.Str("", "")).Maybe(),
		)},
		Examples: "\nCreate a multisig address from 2 public keys\n" + table.CLI("createmultisig", `2 "[`+strings.ReplaceAll(keys, `"`, `\"`)+`]"`) +
			"\nAs a JSON-RPC call\n" + table.Curl("createmultisig", "2, ["+keys+"]"),
		Call: n.createMultisig,
	}}
}

type multisigJSON struct {
	Address    string   `json:"address"`
	Redeem     view.Hex `json:"redeemScript"`
	Descriptor string   `json:"descriptor"`
	Warnings   []string `json:"warnings,omitempty"`
}

func (n *node) createMultisig(_ context.Context, a table.Args) (any, error) {
	var pubs [][]byte
	for _, raw := range a.List(1) {
		pub, err := pubKey(raw)
		if err != nil {
			return nil, err
		}
		pubs = append(pubs, pub)
	}
	kind := a.Text(2)
	switch kind {
	case "legacy", "p2sh-segwit", "bech32":
	case "bech32m":
		return nil, table.Errorf(table.CodeNotFound, "createmultisig cannot create bech32m multisig addresses")
	default:
		return nil, table.Errorf(table.CodeNotFound, "Unknown address type '%s'", kind)
	}
	inner, made, err := multisigScript(int(a.Integer(0)), pubs, kind)
	if err != nil {
		return nil, err
	}
	out := n.multisig(inner, made)
	if made != kind {
		out.Warnings = []string{"Unable to make chosen address type, please ensure no uncompressed public keys are present."}
	}
	return out, nil
}

// multisigScript is the script, and the kind of address that can be made of it:
// with keys that are not compressed no other than legacy.
func multisigScript(required int, pubs [][]byte, kind string) (inner []byte, made string, err error) {
	switch n := len(pubs); {
	case required < 1:
		return nil, "", table.Errorf(table.CodeInvalid, "a multisignature address must require at least one key to redeem")
	case n < required:
		return nil, "", table.Errorf(table.CodeInvalid, "not enough keys supplied (got %d keys, but need at least %d to redeem)", n, required)
	case n > maxMultisig:
		return nil, "", table.Errorf(table.CodeInvalid, "Number of keys involved in the multisignature address creation > %d\nReduce the number", maxMultisig)
	}
	for _, pub := range pubs {
		if len(pub) != btcec.PubKeyBytesLenCompressed {
			kind = "legacy"
		}
	}
	inner = descriptor.Multisig(required, pubs)
	if kind == "legacy" && len(inner) > maxRedeem {
		return nil, "", table.Errorf(table.CodeInvalid, "redeemScript exceeds size limit: %d > %d", len(inner), maxRedeem)
	}
	return inner, kind, nil
}

func (n *node) multisig(inner []byte, kind string) multisigJSON {
	var ring signing.Keyring
	ring.AddScript(inner)
	out := address.PayToScriptHash(hash160(inner))
	if kind != "legacy" {
		witness := address.PayToWitnessScript(inner)
		ring.AddScript(witness)
		out = witness
		if kind == "p2sh-segwit" {
			out = address.PayToScriptHash(hash160(witness))
		}
	}
	text, _ := address.Encode(out, n.Params)
	return multisigJSON{Address: text, Redeem: inner, Descriptor: descriptor.InferWith(out, &ring, n.Params).String()}
}

func hash160(b []byte) []byte {
	h := signing.Hash160(b)
	return h[:]
}

// pubKey reads a public key (Core's HexToPubKey).
func pubKey(raw json.RawMessage) ([]byte, error) {
	var text string
	if json.Unmarshal(raw, &text) != nil || table.TypeName(raw) != "string" {
		return nil, table.Errorf(table.CodeType, "%s", table.WrongType(raw, "string"))
	}
	pub, err := hex.DecodeString(text)
	switch {
	case err != nil || text == "":
		return nil, table.Errorf(table.CodeNotFound, `Pubkey "%s" must be a hex string`, text)
	case len(text) != 66 && len(text) != 130:
		return nil, table.Errorf(table.CodeNotFound, `Pubkey "%s" must have a length of either 33 or 65 bytes`, text)
	}
	if _, err := btcec.ParsePubKey(pub); err != nil {
		return nil, table.Errorf(table.CodeNotFound, `Pubkey "%s" must be cryptographically valid.`, text)
	}
	return pub, nil
}
