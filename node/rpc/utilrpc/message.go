package utilrpc

import (
	"bytes"
	"context"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/keys"
	"github.com/quernnet/quern/node/rpc/table"
)

func (n *node) messageMethods() []table.Method {
	const (
		signer = `"1D1ZrZNe3JUo7ZycKEYQQiQAWd9y54F4XX"`
		verify = "\nVerify the signature\n"
		asRPC  = "\nAs a JSON-RPC call\n"
	)
	return []table.Method{{
		Name: "verifymessage", Category: "util", About: "Verify a signed message.",
		Args: []table.Arg{
			{Name: "address", Kind: table.Text, Need: true, About: "The bitcoin address to use for the signature."},
			{Name: "signature", Kind: table.Text, Need: true, About: "The signature provided by the signer in base 64 encoding (see signmessage)."},
			{Name: "message", Kind: table.Text, Need: true, About: "The message that was signed."},
		},
		Results: []table.Shape{table.Bool("", "If the signature is verified or not.")},
		Examples: "\nUnlock the wallet for 30 seconds\n" + table.CLI("walletpassphrase", `"mypassphrase" 30`) +
			"\nCreate the signature\n" + table.CLI("signmessage", signer+` "my message"`) +
			verify + table.CLI("verifymessage", signer+` "signature" "my message"`) +
			asRPC + table.Curl("verifymessage", signer+`, "signature", "my message"`),
		Call: n.verifyMessage,
	}, {
		Name: "signmessagewithprivkey", Category: "util", About: "Sign a message with the private key of an address\n",
		Args: []table.Arg{
			{Name: "privkey", Kind: table.Text, Need: true, About: "The private key to sign the message with."},
			{Name: "message", Kind: table.Text, Need: true, About: "The message to create a signature of."},
		},
		Results: []table.Shape{table.Str("signature", "The signature of the message encoded in base 64")},
		Examples: "\nCreate the signature\n" + table.CLI("signmessagewithprivkey", `"privkey" "my message"`) +
			verify + table.CLI("verifymessage", signer+` "signature" "my message"`) +
			asRPC + table.Curl("signmessagewithprivkey", `"privkey", "my message"`),
		Call: n.signMessageWithKey,
	}}
}

func (n *node) signMessageWithKey(_ context.Context, a table.Args) (any, error) {
	k, err := keys.ParseWIF(a.Text(0), n.Params)
	if err != nil {
		return nil, table.Errorf(table.CodeNotFound, "Invalid private key")
	}
	return k.SignMessage(a.Text(1)), nil
}

func (n *node) verifyMessage(_ context.Context, a table.Args) (any, error) {
	s, err := address.Decode(a.Text(0), n.Params)
	if err != nil {
		return nil, table.Errorf(table.CodeNotFound, "Invalid address")
	}
	hash, ok := script.PubKeyHash(s)
	if !ok {
		return nil, table.Errorf(table.CodeType, "Address does not refer to key")
	}
	pub, encoded, ok := keys.MessageSigner(a.Text(2), a.Text(1))
	if !encoded {
		return nil, table.Errorf(table.CodeType, "Malformed base64 encoding")
	}
	return ok && bytes.Equal(hash160(pub), hash), nil
}
