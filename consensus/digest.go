package consensus

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quernnet/quern/consensus/wire"
)

// Digest hashes every rule in p. Two nodes with equal digests judge every
// block alike. Names, ports, encodings, MinWork, Assumed, AssumeValid and Spacing,
// which Schedule knows, are no rules: they may differ.
func (p *Params) Digest() wire.Hash {
	return wire.DoubleSHA256([]byte(p.rules()))
}

// rules writes what Digest hashes: one rule a line, so that two nodes that
// disagree can be compared by eye. Any change to this form changes every
// digest: old nodes and new ones would no longer meet.
func (p *Params) rules() string {
	var b strings.Builder
	line := func(name string, v any) { fmt.Fprintf(&b, "%s=%v\n", name, v) }
	line("rules", 1)
	line("genesis", p.Genesis.ID())
	line("schedule", p.Schedule)
	line("limit", fmt.Sprintf("%08x", uint32(p.Limit)))
	line("period", p.Period)
	line("timewarp600", p.TimeWarp600)
	line("mindifficulty", p.MinDifficulty)
	line("halving", p.SubsidyHalving)
	line("maturity", p.Maturity)
	line("bip34", p.BIP34)
	line("bip65", p.BIP65)
	line("bip66", p.BIP66)
	line("csv", p.CSV)
	line("segwit", p.Segwit)
	line("taproot", p.Taproot)
	line("bip34hash", p.BIP34Hash)
	for _, height := range slices.Sorted(maps.Keys(p.BIP30Exempt)) {
		line(fmt.Sprintf("bip30exempt.%d", height), p.BIP30Exempt[height])
	}
	for _, id := range slices.SortedFunc(maps.Keys(p.ScriptExceptions), wire.Hash.Compare) {
		line("scriptflags."+id.String(), uint32(p.ScriptExceptions[id]))
	}
	line("signet", fmt.Sprintf("%x", p.SignetChallenge))
	return b.String()
}
