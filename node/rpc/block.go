package rpc

import (
	"context"
	"encoding/hex"
)

func blockMethods() []method {
	return []method{{
		name: "getblockheader", category: "blockchain",
		about: "If verbose is false, returns a string that is serialized, hex-encoded data for blockheader 'hash'.\n" +
			"If verbose is true, returns an Object with information about blockheader <hash>.",
		args: []arg{
			{name: "blockhash", kind: hexText, need: true, about: "The block hash"},
			{name: "verbose", kind: boolean, def: "true", about: "true for a json object, false for the hex-encoded data"},
		},
		result: "The header, hex-encoded or as an object", call: getBlockHeader,
	}}
}

func getBlockHeader(_ context.Context, n *node, a args) (any, error) {
	id, err := a.hash(0, "hash")
	if err != nil {
		return nil, err
	}
	h, err := n.header(id)
	if err != nil {
		return nil, err
	}
	if !a.flag(1) {
		return hex.EncodeToString(h.Header.Append(nil)), nil
	}
	return n.headerJSON(h), nil
}
