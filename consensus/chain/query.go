package chain

import (
	"cmp"
	"slices"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// HeaderInfo is a header's place in the tree.
type HeaderInfo struct {
	wire.Header
	ID      wire.Hash
	Height  uint32
	Work    [4]uint64 // cumulative, see work.Work
	Median  uint32    // median time past of the chain up to and including it
	Active  bool      // on the active branch
	HasBody bool
	Pruned  bool      // the body was here, and is not any more
	Invalid bool      // it or an ancestor broke a rule or was set aside
	Next    wire.Hash // the block after it on the active branch, zero for none
	Txs     int       // transactions in the body, 0 when not known

	// ChainTxs counts the transactions of all blocks up to and including it, 0
	// when one of their bodies has never been here.
	ChainTxs uint64
}

// info describes n. mu is held.
func (c *Chain) info(n *node) HeaderInfo {
	i := HeaderInfo{
		Header:  n.header(),
		ID:      n.id,
		Height:  n.height(),
		Work:    n.work,
		Median:  n.medianTimePast(c.params),
		Active:  c.onActive(n),
		HasBody: n.has(hasBody),
		Pruned:  !n.has(hasBody) && n.txs > 0 && c.pruned(),
		Invalid: n.has(bad),
		Txs:     int(n.txs),

		ChainTxs: n.chainTxs,
	}
	if next := int(n.height()) + 1; i.Active && next < len(c.active) {
		i.Next = c.active[next].id
	}
	return i
}

// Header looks a header up by id.
func (c *Chain) Header(id wire.Hash) (HeaderInfo, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	n := c.tree.index[id]
	if n == nil {
		return HeaderInfo{}, false
	}
	return c.info(n), true
}

// StateAt is the state after the given block; ok is false when the header is unknown.
func (c *Chain) StateAt(id wire.Hash) (s consensus.State, ok bool) {
	c.mu.RLock()
	n := c.tree.index[id]
	c.mu.RUnlock()
	if n == nil {
		return s, false
	}
	return n.state(c.params), true
}

// ActiveAt looks a header up by its height on the active branch.
func (c *Chain) ActiveAt(height uint32) (HeaderInfo, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if int64(height) >= int64(len(c.active)) {
		return HeaderInfo{}, false
	}
	return c.info(c.active[height]), true
}

// Locator lists ids on the branch that ends in from, at exponentially growing distances, newest
// first, genesis last: at most 32 + 10. It is empty when from is unknown.
func (c *Chain) Locator(from wire.Hash) []wire.Hash {
	c.mu.RLock()
	n := c.tree.index[from]
	c.mu.RUnlock()
	if n == nil {
		return nil
	}
	var ids []wire.Hash
	for step := uint32(1); ; {
		ids = append(ids, n.id)
		if n.parent == nil {
			return ids
		}
		if len(ids) >= 10 {
			step *= 2
		}
		n = n.ancestor(n.height() - min(step, n.height()))
	}
}

// HeadersAfter returns up to max headers of the active branch that follow
// the first id in the locator that is on it; none when that id is of a block
// beyond the tip.
func (c *Chain) HeadersAfter(locator []wire.Hash, max int) []wire.Header {
	c.mu.RLock()
	defer c.mu.RUnlock()
	tip := c.active[len(c.active)-1]
	from := c.active[0]
	for _, id := range locator {
		n := c.tree.index[id]
		if n == nil {
			continue
		}
		if n.follows(tip) {
			return nil
		}
		if c.onActive(n) {
			from = n
			break
		}
	}
	rest := c.active[from.height()+1:]
	hs := make([]wire.Header, min(len(rest), max))
	for i := range hs {
		hs[i] = rest[i].header()
	}
	return hs
}

// wantedStride is how many headers Wanted walks back at a time.
const wantedStride = 1024

// Wanted lists, in order of height, up to max blocks on the way from the tip's branch to
// the best header whose bodies are not stored, then those that the proof of a snapshot
// waits for. There are none while the best header's chain has less work than Params.MinWork.
func (c *Chain) Wanted(max int) []HeaderInfo {
	c.mu.RLock()
	defer c.mu.RUnlock()
	head := c.tree.head
	if head.work.Cmp(c.params.MinWork) < 0 {
		return nil
	}
	floor := c.tree.floor
	if floor != nil && !head.follows(floor) {
		head = c.tree.best // until the snapshot is proven, another branch is of no use
	}
	list := c.missing(nil, c.active[len(c.active)-1], head, max)
	if floor != nil {
		list = c.missing(list, c.proving, floor, max)
	}
	return list
}

// missing adds the blocks on the way from one to another whose bodies are not
// stored, until there are max. mu is held.
func (c *Chain) missing(list []HeaderInfo, from, to *node, max int) []HeaderInfo {
	low := fork(from, to).height()
	for low < to.height() && len(list) < max {
		high := min(low+wantedStride, to.height())
		path := make([]*node, 0, high-low)
		for n := to.ancestor(high); n.height() > low; n = n.parent {
			path = append(path, n)
		}
		for _, n := range slices.Backward(path) {
			if !n.has(hasBody) && len(list) < max {
				list = append(list, c.info(n))
			}
		}
		low = high
	}
	return list
}

// Branch is one end of the tree, in getchaintips' words.
type Branch struct {
	ID     wire.Hash
	Height uint32
	Length uint32 // blocks since it left the active branch
	Status string // active, valid-fork, valid-headers, headers-only, invalid
}

// Branches lists the ends of all branches, the active one first, then the higher
// before the lower. It reads the disk for branches that were not judged since
// Open.
func (c *Chain) Branches() []Branch {
	var list []Branch
	for _, e := range c.branches() {
		if e.Status == "valid-headers" {
			if _, err := c.store.Undo(e.ID); err == nil {
				e.Status = "valid-fork"
			}
		}
		list = append(list, e)
	}
	return list
}

func (c *Chain) branches() []Branch {
	c.mu.RLock()
	defer c.mu.RUnlock()
	tip := c.active[len(c.active)-1]
	hasChild := make([]bool, len(c.tree.nodes))
	for _, n := range c.tree.nodes[1:] {
		if !c.onActive(n) {
			hasChild[n.parent.order] = true
		}
	}
	var side []Branch
	for _, n := range c.tree.nodes {
		if hasChild[n.order] || c.onActive(n) {
			continue
		}
		side = append(side, Branch{n.id, n.height(), n.height() - fork(n, tip).height(), status(n)})
	}
	slices.SortStableFunc(side, func(a, b Branch) int { return cmp.Compare(b.Height, a.Height) })
	return append([]Branch{{tip.id, tip.height(), 0, "active"}}, side...)
}

func status(n *node) string {
	switch {
	case n.has(bad):
		return "invalid"
	case !n.has(linked):
		return "headers-only"
	case n.has(verified):
		return "valid-fork"
	default:
		return "valid-headers"
	}
}
