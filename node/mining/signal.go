package mining

import (
	"strings"
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

// branch gives the blocks of one branch by height; ok is false where it has none, or where it is just being
// reverted.
type branch func(height uint32) (h chain.HeaderInfo, ok bool)

// signals knows the deployments' stages. Safe for concurrent use.
//
// mu guards known: the stage of the blocks that follow one whose height is a multiple of the period less
// one. What follows a block never changes, so nothing is ever wrong.
type signals struct {
	active branch
	mu     sync.Mutex
	known  map[wire.Hash]Stage
}

// after lists the deployments as they are for the block after s, which is on the active branch.
func (g *signals) after(s *consensus.State) []Signal {
	if !hasDummy(s.Params) {
		return nil
	}
	return []Signal{{Name: dummyName, Bit: dummyBit, Optional: true, Stage: g.stage(g.active, s.Height+1)}}
}

// hasDummy says whether the chain has bitcoind's deployment for tests.
func hasDummy(p *consensus.Params) bool { return p.Name == "regtest" }

// stage is that of the branch's block at height, found from the last period known of.
func (g *signals) stage(at branch, height uint32) Stage {
	g.mu.Lock()
	defer g.mu.Unlock()
	first := height - height%dummyPeriod
	var unknown []chain.HeaderInfo // the last blocks of periods, newest first
	stage := Defined
	for ; first > 0; first -= dummyPeriod {
		last, ok := at(first - 1)
		if !ok {
			return Defined
		}
		if known, ok := g.known[last.ID]; ok {
			stage = known
			break
		}
		unknown = append(unknown, last)
	}
	for i := len(unknown) - 1; i >= 0; i-- {
		stage = next(at, stage, unknown[i].Height)
		g.known[unknown[i].ID] = stage
	}
	return stage
}

// next is the stage after a period that was in stage and ends with the block at height last.
func next(at branch, stage Stage, last uint32) Stage {
	switch stage {
	case Defined:
		return Started
	case Started:
		if strings.Count(signalling(at, last), "#") >= dummyThreshold {
			return LockedIn
		}
		return Started
	default:
		return Active
	}
}

// signalling shows the blocks of last's period up to it: # for each that signals, - for the others.
func signalling(at branch, last uint32) string {
	var b strings.Builder
	for h := last - last%dummyPeriod; h <= last; h++ {
		if i, ok := at(h); ok && uint32(i.Version)&topMask == topBits && i.Version&(1<<dummyBit) != 0 {
			b.WriteByte('#')
		} else {
			b.WriteByte('-')
		}
	}
	return b.String()
}

// Signals lists the deployments by version bits for the block after s.
func (a *Assembler) Signals(s *consensus.State) []Signal { return a.signals.after(s) }

// version is a block's after s: it signals what is started or locked in, where it is not given.
func (a *Assembler) version(s *consensus.State) int32 {
	if a.fixed != 0 {
		return a.fixed
	}
	v := int32(topBits)
	for _, d := range a.signals.after(s) {
		if d.Stage == Started || d.Stage == LockedIn {
			v |= d.Mask()
		}
	}
	return v
}
