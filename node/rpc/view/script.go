package view

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/node/address"
	"github.com/quernnet/quern/node/descriptor"
)

// Script is an output script as Core's ScriptToUniv shows it.
type Script struct {
	Asm     string      `json:"asm"`
	Desc    string      `json:"desc"`
	Hex     Hex         `json:"hex"`
	Address string      `json:"address,omitempty"`
	Type    script.Type `json:"type"`
}

// NewScript shows an output script on a chain, whose addresses it gives.
func NewScript(s []byte, p *consensus.Params) Script {
	out := Script{Asm: script.Disasm(s), Desc: descriptor.Infer(s, p), Hex: s, Type: script.Classify(s)}
	out.Address, _ = address.Encode(s, p)
	return out
}

// SigScript is an input's script.
type SigScript struct {
	Asm string `json:"asm"`
	Hex Hex    `json:"hex"`
}
