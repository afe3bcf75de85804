package consensus

import (
	"fmt"

	"github.com/quernnet/quern/consensus/script"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// medianSpan is how many blocks' times the median is taken of (BIP113).
const medianSpan = 11

// maxTimeWarp is how many seconds before its parent a period's first block may
// be (BIP94).
const maxTimeWarp = 600

// bip34ImpliesBIP30Limit is the first height at which a coinbase from before
// BIP34 could be repeated (Core, validation.cpp).
const bip34ImpliesBIP30Limit = 1_983_702

// GenesisState is the state after p's genesis block.
func GenesisState(p *Params) State {
	h := &p.Genesis.Header
	s := State{
		Params: p,
		ID:     p.Genesis.ID(),
		Work:   work.Bits(h.Bits).Work(),
		Past:   p.Schedule.Start(h.Time, work.Bits(h.Bits)),
	}
	s.Times[0] = h.Time
	s.OnBIP34 = s.passesBIP34()
	return s
}

// MedianTimePast is the median of the last 11 block times (BIP113).
func (s *State) MedianTimePast() uint32 {
	n := int(min(s.Height, medianSpan-1)) + 1
	sorted := s.Times
	for i := 1; i < n; i++ {
		for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	return sorted[n/2]
}

// Time is the time of the block that s is after, Unix seconds.
func (s *State) Time() uint32 { return s.Times[s.Height%medianSpan] }

// passesBIP34 says whether s is at the block by which Bitcoin's main chain is
// known to have begun BIP34, or beyond.
func (s *State) passesBIP34() bool {
	return s.OnBIP34 ||
		s.Height == s.Params.BIP34 && s.ID == s.Params.BIP34Hash && !s.ID.IsZero()
}

// ApplyHeader judges a header against its parent's state and returns the state
// after it. id is h's hash. It does not look at the clock: see CheckTime. A
// header with another parent than s.ID is the caller's mistake and no rule
// error.
func ApplyHeader(s State, h *wire.Header, id wire.Hash) (State, error) {
	if err := s.isParent(h, id); err != nil {
		return State{}, err
	}
	if err := CheckWork(s.Params, h, id); err != nil {
		return State{}, err
	}
	return ApplyWorked(s, h, id)
}

func (s *State) isParent(h *wire.Header, id wire.Hash) error {
	if h.Parent == s.ID {
		return nil
	}
	return fmt.Errorf("header %v follows %v, not %v, against which it was to be judged", id, h.Parent, s.ID)
}

// CheckWork wants id, h's hash, to have the work that h claims. What must be
// known of the chain for that is only its limit.
func CheckWork(p *Params, h *wire.Header, id wire.Hash) error {
	bits := work.Bits(h.Bits)
	if !bits.Valid(p.Limit) {
		return broken(HighHash, "target %#08x is not between 1 and the limit %#08x", h.Bits, uint32(p.Limit))
	}
	if !bits.Met(id) {
		return broken(HighHash, "hash %v is above the target %#08x", id, h.Bits)
	}
	return nil
}

// ApplyWorked is ApplyHeader for a header that has passed CheckWork.
func ApplyWorked(s State, h *wire.Header, id wire.Hash) (State, error) {
	if err := s.isParent(h, id); err != nil {
		return State{}, err
	}
	p, bits, height := s.Params, work.Bits(h.Bits), s.Height+1
	if want := p.Schedule.Next(s.Past, h.Time); bits != want {
		return State{}, broken(BadBits, "target is %#08x, must be %#08x at height %d", h.Bits, uint32(want), height)
	}
	if median := s.MedianTimePast(); h.Time <= median {
		return State{}, broken(TimeTooOld, "time %d is not after %d, the median of the last %d blocks", h.Time, median, medianSpan)
	}
	if p.TimeWarp600 && height%p.Period == 0 && int64(h.Time) < int64(s.Time())-maxTimeWarp {
		return State{}, broken(TimeWarp, "time %d is more than %d s before the parent's %d", h.Time, maxTimeWarp, s.Time())
	}
	if h.Version < 4 && h.Version < p.leastVersion(height) {
		return State{}, broken(badVersionOf(h.Version), "version is %d, must be %d or more at height %d", h.Version, p.leastVersion(height), height)
	}

	s.ID, s.Height = id, height
	s.Work = s.Work.Add(bits.Work())
	s.Past = p.Schedule.Extend(s.Past, h.Time, bits)
	s.Times[height%medianSpan] = h.Time
	s.OnBIP34 = s.passesBIP34()
	return s, nil
}

// leastVersion is the version that headers must have since BIP34, BIP66 and
// BIP65.
func (p *Params) leastVersion(height uint32) int32 {
	switch {
	case height >= p.BIP65:
		return 4
	case height >= p.BIP66:
		return 3
	case height >= p.BIP34:
		return 2
	default:
		return -1 << 31
	}
}

// CheckTime refuses a header more than two hours ahead of now (Unix seconds).
// The rule is "time-too-new"; unlike other rules it may pass later.
func CheckTime(h *wire.Header, now int64) error {
	if int64(h.Time) > now+MaxFutureDrift {
		return broken(TimeTooNew, "time %d is %d s ahead of the clock, at most %d are allowed", h.Time, int64(h.Time)-now, MaxFutureDrift)
	}
	return nil
}

// NextBits is the target of a block after s with the given time.
func NextBits(s *State, time uint32) work.Bits { return s.Params.Schedule.Next(s.Past, time) }

// NextFlags are the script flags of a block with this id after s.
func NextFlags(s *State, id wire.Hash) script.Flags { return FlagsAt(s.Params, s.Height+1, id) }

// FlagsAt are the script flags of a block with this id at a height. As in
// Bitcoin Core, P2SH, WITNESS and TAPROOT hold from genesis on, but for the
// few blocks of old that break them.
func FlagsAt(p *Params, height uint32, id wire.Hash) script.Flags {
	flags := script.P2SH | script.Witness | script.Taproot
	if height < p.Taproot {
		flags &^= script.Taproot
	}
	if except, ok := p.ScriptExceptions[id]; ok {
		flags = except
	}
	if height >= p.BIP66 {
		flags |= script.DERSig
	}
	if height >= p.BIP65 {
		flags |= script.CheckLockTime
	}
	if height >= p.CSV {
		flags |= script.CheckSequence
	}
	if height >= p.Segwit {
		flags |= script.NullDummy
	}
	return flags
}

// ChecksBIP30 says whether the block after s must not create an output that is
// unspent already. The two blocks of Bitcoin's chain that did are let pass by
// Connect, which knows their ids.
//
// Where BIP34 holds from the first block on, no two coinbases are the same, nor
// then any two transactions: each spends an output of its own. There is nothing to
// find that Connect would not refuse anyhow.
func ChecksBIP30(s *State) bool {
	return !s.Params.alwaysBIP34() && (!s.OnBIP34 || s.Height+1 >= bip34ImpliesBIP30Limit)
}

// ExplainsBIP30 says whether a block after s that Connect refuses is to be
// looked at for BIP30 all the same: Bitcoin Core looks before it does anything
// else, so that this is the reason it gives.
func ExplainsBIP30(s *State) bool { return s.Params.alwaysBIP34() }

// alwaysBIP34 says whether every block but genesis, whose coin does not exist,
// has its height in its coinbase.
func (p *Params) alwaysBIP34() bool { return p.BIP34 <= 1 }
