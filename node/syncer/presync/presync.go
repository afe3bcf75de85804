package presync

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

const (
	// Period is how many headers share one bit.
	Period = 600
	// Ahead is how many headers of the second pass are held back: 24 bits' worth, so
	// that one forged header in 2^24 chains is released.
	Ahead = 24 * Period
	// perSecond is how many headers a chain can have for each second of its
	// life: a time must exceed the median of the last eleven, so it grows by one
	// in six (Core, headerssync.cpp).
	perSecond = 6
	// nearTip is how many blocks' work a branch may lack and still be kept at
	// once (Core, ANTI_DOS_WORK_THRESHOLD).
	nearTip = 144
)

// Errors that say nothing about a rule: the headers are useless, and whoever
// sent them may be honest but on another branch by now.
var (
	ErrTooLittle = errors.New("the chain ends with less work than is needed")
	ErrBroken    = errors.New("the headers do not follow those sent before")
	ErrOther     = errors.New("the headers are not those sent the first time")
	ErrTooMany   = errors.New("there are more headers than the chain can have by now")
)

// Threshold is the work below which a branch is not kept: that of the tip
// without its last 144 blocks, taken at its present target, and no less than
// the chain is known to have (Core, GetAntiDoSWorkThreshold).
func Threshold(tip *consensus.State) work.Work {
	w, one := tip.Work, tip.Past.Bits.Work()
	for range nearTip {
		w = w.Sub(one)
	}
	if least := tip.Params.MinWork; w.Cmp(least) < 0 {
		return least
	}
	return w
}

// Claim is the work of a branch that goes on from start with hs, if each has
// the work that it says. Whether it has is what consensus.ApplyHeader tells.
func Claim(start *consensus.State, hs []wire.Header) work.Work {
	w := start.Work
	for i := range hs {
		w = w.Add(work.Bits(hs[i].Bits).Work())
	}
	return w
}

// Config is what a Presync starts from.
type Config struct {
	Start consensus.State // after the last header that is known already
	Need  work.Work       // cumulative: what the chain must have to be kept
	Now   int64           // Unix seconds
	Salt  [16]byte        // unknown to others, drawn anew for each Presync
}

// Presync is one chain's way through both passes. It holds at most a bit for
// each Period headers that the chain can have by now, and in the second pass at most Ahead
// headers and those of one answer. It is owned by one goroutine.
//
// Invariants: at is the state after the last header of the present pass, which
// all rules allow. In the first pass bits has one entry for each marked
// height after Start up to at. In the second, next counts those compared, the first of
// held follows the last header that was released, and at is after the last of held.
type Presync struct {
	Config
	offset uint32 // marked heights are offset more than a multiple of Period
	most   int64  // headers the chain can have after Start
	second bool
	at     consensus.State
	bits   bitList
	next   int           // bits compared
	held   []wire.Header // second pass: not yet released
	passed bool          // second pass: the work is there, release the rest
}

// New begins the first pass.
func New(c Config) *Presync {
	life := c.Now + consensus.MaxFutureDrift - int64(c.Start.MedianTimePast())
	return &Presync{
		Config: c,
		offset: sum(c.Salt, wire.Hash{}) % Period,
		most:   perSecond * max(life, 0),
		at:     c.Start,
	}
}

// After is the header whose children are to be asked for next.
func (p *Presync) After() wire.Hash { return p.at.ID }

// Height is that of the last header in the present pass.
func (p *Presync) Height() uint32 { return p.at.Height }

// Proven says that the first pass is done: the chain has the work.
func (p *Presync) Proven() bool { return p.second }

// Add takes the next headers, each the parent of the one after it, with their ids; full
// says that more follow. It returns those that are proven, in order, to be kept. done says that
// nothing is left to ask for here: all headers up to the needed work are
// released. After an error, a *consensus.RuleError or one of this package's,
// the Presync is spent.
func (p *Presync) Add(hs []wire.Header, ids []wire.Hash, full bool, now int64) (keep []wire.Header, done bool, err error) {
	for i := range hs {
		h, id := &hs[i], ids[i]
		if h.Parent != p.at.ID {
			return nil, false, fmt.Errorf("%w: header %v", ErrBroken, id)
		}
		next, err := consensus.ApplyHeader(p.at, h, id)
		if err == nil {
			err = consensus.CheckTime(h, now)
		}
		if err != nil {
			return nil, false, err
		}
		p.at = next
		if p.second {
			err = p.compare(h, id)
		} else {
			err = p.count(id)
		}
		if err != nil {
			return nil, false, err
		}
		if !p.second && p.at.Work.Cmp(p.Need) >= 0 {
			// What follows in this answer comes again.
			p.second, p.at = true, p.Start
			return nil, false, nil
		}
	}
	if !full && !p.passed {
		return nil, false, ErrTooLittle
	}
	return p.release(), p.passed, nil
}

// count is the first pass's part: a bit for each marked height.
func (p *Presync) count(id wire.Hash) error {
	if int64(p.at.Height-p.Start.Height) > p.most {
		return fmt.Errorf("%w: %d", ErrTooMany, p.at.Height-p.Start.Height)
	}
	if p.marked() {
		p.bits.add(p.bit(id))
	}
	return nil
}

// compare is the second pass's part. Past the point where the work was reached
// there are no bits, and none are needed.
func (p *Presync) compare(h *wire.Header, id wire.Hash) error {
	if !p.passed && p.marked() {
		if p.next >= p.bits.n || p.bits.at(p.next) != p.bit(id) {
			return fmt.Errorf("%w: header %v at height %d", ErrOther, id, p.at.Height)
		}
		p.next++
	}
	p.held = append(p.held, *h)
	p.passed = p.passed || p.at.Work.Cmp(p.Need) >= 0
	return nil
}

// release takes from held what is proven.
func (p *Presync) release() []wire.Header {
	n := len(p.held) - Ahead
	if p.passed {
		n = len(p.held)
	}
	if n <= 0 {
		return nil
	}
	out := append([]wire.Header(nil), p.held[:n]...)
	p.held = append(p.held[:0], p.held[n:]...)
	return out
}

func (p *Presync) marked() bool { return p.at.Height%Period == p.offset }

func (p *Presync) bit(id wire.Hash) bool { return sum(p.Salt, id)&1 == 1 }

// sum hashes id under the salt.
func sum(salt [16]byte, id wire.Hash) uint32 {
	s := sha256.Sum256(append(salt[:], id[:]...))
	return binary.LittleEndian.Uint32(s[:])
}

// bitList is a growing list of bits.
type bitList struct {
	words []uint64
	n     int
}

func (b *bitList) add(v bool) {
	if b.n%64 == 0 {
		b.words = append(b.words, 0)
	}
	if v {
		b.words[b.n/64] |= 1 << (b.n % 64)
	}
	b.n++
}

func (b *bitList) at(i int) bool { return b.words[i/64]>>(i%64)&1 == 1 }
