package rpc

import (
	"context"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
)

func addressMethods() []method {
	return []method{{
		name: "validateaddress", category: "util", about: "Return information about the given bitcoin address.",
		args:   []arg{{name: "address", kind: text, need: true, about: "The bitcoin address to validate"}},
		result: "{ \"isvalid\", \"address\", \"scriptPubKey\", \"isscript\", \"iswitness\", \"witness_version\", \"witness_program\" }", call: validateAddress,
	}}
}

func validateAddress(_ context.Context, n *node, a args) (any, error) {
	s, err := address.Decode(a.text(0), n.Params)
	if err != nil {
		return struct {
			Valid     bool   `json:"isvalid"`
			Locations []int  `json:"error_locations"`
			Error     string `json:"error"`
		}{false, []int{}, err.Error()}, nil
	}
	out := struct {
		Valid   bool     `json:"isvalid"`
		Address string   `json:"address"`
		Script  hexBytes `json:"scriptPubKey"`
		// A program of an unknown version may be a key or a script: Core says neither.
		IsScript *bool    `json:"isscript,omitempty"`
		Witness  bool     `json:"iswitness"`
		Version  *int     `json:"witness_version,omitempty"`
		Program  hexBytes `json:"witness_program,omitempty"`
	}{Valid: true, Script: s}
	out.Address, _ = address.Encode(s, n.Params)
	isScript := false
	switch script.Classify(s) {
	case script.TypeScriptHash, script.TypeWitnessV0ScriptHash, script.TypeWitnessV1Taproot, script.TypeAnchor:
		isScript = true
		out.IsScript = &isScript
	case script.TypePubKeyHash, script.TypeWitnessV0KeyHash:
		out.IsScript = &isScript
	}
	if version, program, ok := script.WitnessProgram(s); ok {
		out.Witness, out.Version, out.Program = true, &version, program
	}
	return out, nil
}
