package mining

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// Progress is how far a deployment has come at a block.
type Progress struct {
	Signal // Stage is the block's own

	Next  Stage  // of the block after it
	Since uint32 // first height of the blocks that are in Stage

	// Signalling shows the blocks of the block's period up to itself, # for each that signals and - for
	// the others; it is empty unless Stage is Started or LockedIn.
	Signalling string
	Period     uint32 // blocks
	Threshold  uint32 // of a period's blocks
}

// String is BIP9's name of the stage, as bitcoind writes it.
func (s Stage) String() string {
	return [...]string{Defined: "defined", Started: "started", LockedIn: "locked_in", Active: "active"}[s]
}

// Deployments lists how far those by version bits have come at the block that s is the state after, on
// whatever branch it is.
func (a *Assembler) Deployments(s *consensus.State) []Progress {
	if !hasDummy(s.Params) {
		return nil
	}
	at := a.branch(s.ID)
	p := Progress{
		Signal: Signal{Name: dummyName, Bit: dummyBit, Optional: true, Stage: a.signals.stage(at, s.Height)},
		Next:   a.signals.stage(at, s.Height+1), Since: s.Height - s.Height%dummyPeriod,
		Period: dummyPeriod, Threshold: dummyThreshold,
	}
	for p.Since > 0 && a.signals.stage(at, p.Since-1) == p.Stage {
		p.Since -= dummyPeriod
	}
	if p.Stage == Started || p.Stage == LockedIn {
		p.Signalling = signalling(at, s.Height)
	}
	return []Progress{p}
}

// branch is the one that ends with id.
func (a *Assembler) branch(id wire.Hash) branch {
	var aside []chain.HeaderInfo // those that are not on the active branch, newest first
	for {
		h, ok := a.chain.Header(id)
		if !ok || h.Active {
			break
		}
		aside = append(aside, h)
		id = h.Parent
	}
	return func(height uint32) (chain.HeaderInfo, bool) {
		if len(aside) > 0 {
			if i := int64(aside[0].Height) - int64(height); i >= 0 && i < int64(len(aside)) {
				return aside[i], true
			}
		}
		return a.chain.ActiveAt(height)
	}
}
