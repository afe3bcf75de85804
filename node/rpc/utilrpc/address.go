package utilrpc

import (
	"context"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/rpc/table"
	"github.com/quernnet/quern/node/rpc/view"
)

func (n *node) addressMethods() []table.Method {
	return []table.Method{{
		Name: "validateaddress", Category: "util", About: "Return information about the given bitcoin address.",
		Args:   []table.Arg{{Name: "address", Kind: table.Text, Need: true, About: "The bitcoin address to validate"}},
		Result: "{ \"isvalid\", \"address\", \"scriptPubKey\", \"isscript\", \"iswitness\", \"witness_version\", \"witness_program\" }", Call: n.validateAddress,
	}}
}

func (n *node) validateAddress(_ context.Context, a table.Args) (any, error) {
	s, err := address.Decode(a.Text(0), n.Params)
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
		Script  view.Hex `json:"scriptPubKey"`
		// A program of an unknown version may be a key or a script: Core says neither.
		IsScript *bool    `json:"isscript,omitempty"`
		Witness  bool     `json:"iswitness"`
		Version  *int     `json:"witness_version,omitempty"`
		Program  view.Hex `json:"witness_program,omitempty"`
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
