package mining

import (
	"sync"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
)

// Signal is a deployment by version bits (BIP9) that templates speak of.
type Signal struct {
	Name     string
	Bit      uint8
	Optional bool // miners need not know of it to build blocks
	Stage    Stage
}

// Mask is the deployment's bit in a block's version.
func (s *Signal) Mask() int32 { return 1 << s.Bit }

// Stage is how far a deployment has come (BIP9).
type Stage int

// The stages; failed ones do not occur here.
const (
	Defined Stage = iota
	Started
	LockedIn
	Active
)

// Regtest's deployment, which changes no rule: bitcoind has it so that version bits can be tested
// (its DEPLOYMENT_TESTDUMMY). It starts with the chain and never times out. Other chains have none.
const (
	dummyName      = "testdummy"
	dummyBit       = 28
	dummyPeriod    = 144 // blocks
	dummyThreshold = 108 // of a period's blocks
)

// topBits mark a version whose other bits are signals (BIP9).
const (
	topBits = 0x20000000
	topMask = 0xe0000000
)

// signals knows the deployments' stages. Safe for concurrent use.
//
// mu guards known: the stage of the blocks that follow one whose height is a multiple of the period less
// one. What follows a block never changes, so nothing is ever wrong.
type signals struct {
	active func(height uint32) (chain.HeaderInfo, bool)
	mu     sync.Mutex
	known  map[wire.Hash]Stage
}

// after lists the deployments as they are for the block after s, which is on the active branch.
func (g *signals) after(s *consensus.State) []Signal {
	if s.Params.Name != "regtest" {
		return nil
	}
	return []Signal{{Name: dummyName, Bit: dummyBit, Optional: true, Stage: g.stage(s.Height + 1)}}
}

// stage is that of the active branch's block at height, found from the last period known of.
func (g *signals) stage(height uint32) Stage {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := height - height%dummyPeriod
	var unknown []chain.HeaderInfo // the last blocks of periods, newest first
	stage := Defined
	for ; first > 0; first -= dummyPeriod {
		last, ok := g.active(first - 1)
		if !ok {
			return Defined // the branch is just being reverted
		}
		if known, ok := g.known[last.ID]; ok {
			stage = known
			break
		}
		unknown = append(unknown, last)
	}
	for i := len(unknown) - 1; i >= 0; i-- {
		stage = g.next(stage, unknown[i].Height)
		g.known[unknown[i].ID] = stage
	}
	return stage
}

// next is the stage after a period that was in stage and ends with the block at height last.
func (g *signals) next(stage Stage, last uint32) Stage {
	switch stage {
	case Defined:
		return Started
	case Started:
		count := 0
		for h := last; h+dummyPeriod > last; h-- {
			if b, ok := g.active(h); ok && uint32(b.Version)&topMask == topBits && b.Version&(1<<dummyBit) != 0 {
				count++
			}
			if h == 0 {
				break
			}
		}
		if count >= dummyThreshold {
			return LockedIn
		}
		return Started
	default:
		return Active
	}
}

// Signals lists the deployments by version bits for the block after s.
func (a *Assembler) Signals(s *consensus.State) []Signal { return a.signals.after(s) }

// version is a block's after s: it signals what is started or locked in.
func (a *Assembler) version(s *consensus.State) int32 {
	v := int32(topBits)
	for _, d := range a.signals.after(s) {
		if d.Stage == Started || d.Stage == LockedIn {
			v |= d.Mask()
		}
	}
	return v
}
