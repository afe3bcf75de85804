package chain

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// node is a header in the tree: about 180 bytes, and 60 more in the index by
// id. All but flags, txs, chainTxs and seq is set before the tree shows it and never
// changes, so that ancestors may be walked without a lock.
type node struct {
	parent *node // nil at genesis
	jump   *node // an ancestor further back; see ancestor
	id     wire.Hash
	merkle wire.Hash
	work   work.Work
	past   work.Past // with the height, time and target

	version int32
	nonce   uint32
	order   uint32 // place in tree.nodes: parents come before children
	onBIP34 bool   // consensus.State's OnBIP34

	flags flags
	seq   int32  // when its branch's bodies were complete: the earlier wins a tie
	txs   uint32 // in the body, 0 when not known

	chainTxs uint64 // in the bodies from genesis to this one, 0 when one of them is not known
}

// flags are what the tree knows of a block. Guarded by Chain.mu.
type flags uint16

const (
	hasBody  flags = 1 << iota // the body is stored
	linked                     // this and all before it can be applied: the bodies are stored, or the coins are beyond
	invalid                    // broke a rule
	rejected                   // set aside by an operator
	orphaned                   // an ancestor is invalid or rejected
	verified                   // it has been on the active branch: all its rules held, as far as they were checked
	dirty                      // header or marks are not in the store yet
	checked                    // verified since Open, scripts included

	bad = invalid | rejected | orphaned
)

func (n *node) has(f flags) bool { return n.flags&f != 0 }

func (n *node) height() uint32 { return n.past.Height }

func (n *node) header() wire.Header {
	h := wire.Header{
		Version: n.version,
		Merkle:  n.merkle,
		Time:    n.past.Time,
		Bits:    uint32(n.past.Bits),
		Nonce:   n.nonce,
	}
	if n.parent != nil {
		h.Parent = n.parent.id
	}
	return h
}

func (n *node) mark() (m Mark) {
	if n.has(invalid) {
		m |= Invalid
	}
	if n.has(rejected) {
		m |= Rejected
	}
	return m
}

// jumpFrom is the jump of p's child. Jumps double when two of the same length
// meet (Myers, An applicative random-access stack, 1983), so that any ancestor
// is O(log height) steps away.
func jumpFrom(p *node) *node {
	if p.jump == nil || p.jump.jump == nil {
		return p
	}
	if p.height()-p.jump.height() == p.jump.height()-p.jump.jump.height() {
		return p.jump.jump
	}
	return p
}

// ancestor is the node of n's branch at a height, n itself at its own; nil
// above n.
func (n *node) ancestor(height uint32) *node {
	if n == nil || height > n.height() {
		return nil
	}
	for n.height() > height {
		if n.jump != nil && n.jump.height() >= height {
			n = n.jump
		} else {
			n = n.parent
		}
	}
	return n
}

// follows says whether a is n or before it.
func (n *node) follows(a *node) bool { return n.ancestor(a.height()) == a }

// fork is the last node that two branches share.
func fork(a, b *node) *node {
	h := min(a.height(), b.height())
	a, b = a.ancestor(h), b.ancestor(h)
	for a != b {
		if a.jump != nil && a.jump != b.jump {
			a, b = a.jump, b.jump
		} else {
			a, b = a.parent, b.parent
		}
	}
	return a
}

// better says whether a is to be preferred to b as a tip.
func better(a, b *node) bool {
	if c := a.work.Cmp(b.work); c != 0 {
		return c > 0
	}
	return a.seq < b.seq
}

// count works out chainTxs, once the parent's is known.
func (n *node) count() {
	if n.chainTxs == 0 && n.txs > 0 && n.parent.chainTxs > 0 {
		n.chainTxs = n.parent.chainTxs + uint64(n.txs)
	}
}

// state is the consensus state after n.
func (n *node) state(p *consensus.Params) consensus.State {
	s := consensus.State{
		Params:  p,
		ID:      n.id,
		Height:  n.height(),
		Work:    n.work,
		Past:    n.past,
		OnBIP34: n.onBIP34,
	}
	for m, left := n, len(s.Times); m != nil && left > 0; m, left = m.parent, left-1 {
		s.Times[int(m.height())%len(s.Times)] = m.past.Time
	}
	return s
}

func (n *node) medianTimePast(p *consensus.Params) uint32 {
	s := n.state(p)
	return s.MedianTimePast()
}
