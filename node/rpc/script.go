package rpc

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
)

// scriptJSON is an output script as Core's ScriptToUniv shows it.
type scriptJSON struct {
	Asm     string      `json:"asm"`
	Desc    string      `json:"desc"`
	Hex     hexBytes    `json:"hex"`
	Address string      `json:"address,omitempty"`
	Type    script.Type `json:"type"`
}

func outputJSON(s []byte, p *consensus.Params) scriptJSON {
	out := scriptJSON{Asm: script.Disasm(s), Desc: descriptor.Infer(s, p), Hex: s, Type: script.Classify(s)}
	out.Address, _ = address.Encode(s, p)
	return out
}

// sigScriptJSON is an input's script.
type sigScriptJSON struct {
	Asm string   `json:"asm"`
	Hex hexBytes `json:"hex"`
}
