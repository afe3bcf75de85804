package chain

import (
	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
)

// tree is all headers known, by id and in an order in which parents come first.
// Guarded by Chain.mu.
//
// Invariants: no child of a bad node lacks orphaned. A linked node's parent is
// linked. best is, of the linked nodes that are not bad, the better than all
// others. head is, of the nodes that are not bad, the first with the most work.
// waiting has each node with a body that is not linked, under its parent.
type tree struct {
	index   map[wire.Hash]*node
	nodes   []*node
	waiting map[*node][]*node
	best    *node
	head    *node
	floor   *node // a snapshot's base that is not proven: best follows it; nil: none
	lastSeq int32
	spare   []node // of which the next are made
}

func newTree(p *consensus.Params) *tree {
	s := consensus.GenesisState(p)
	h := &p.Genesis.Header
	g := &node{
		id: s.ID, merkle: h.Merkle, work: s.Work, past: s.Past,
		version: h.Version, nonce: h.Nonce, onBIP34: s.OnBIP34,
		flags: hasBody | linked | verified | checked, txs: uint32(len(p.Genesis.Txs)), chainTxs: uint64(len(p.Genesis.Txs)),
	}
	return &tree{
		index:   map[wire.Hash]*node{g.id: g},
		nodes:   []*node{g},
		waiting: make(map[*node][]*node),
		best:    g,
		head:    g,
	}
}

func (t *tree) genesis() *node { return t.nodes[0] }

// nodesAtOnce is how many nodes are allocated in one piece. No node is ever given
// up.
const nodesAtOnce = 128

func (t *tree) new() *node {
	if len(t.spare) == 0 {
		t.spare = make([]node, nodesAtOnce)
	}
	n := &t.spare[0]
	t.spare = t.spare[1:]
	return n
}

// add enters a header that follows p, judged, with the state after it.
func (t *tree) add(p *node, h *wire.Header, s *consensus.State) *node {
	n := t.new()
	*n = node{
		parent: p, jump: jumpFrom(p), id: s.ID, merkle: h.Merkle, work: s.Work, past: s.Past,
		version: h.Version, nonce: h.Nonce, onBIP34: s.OnBIP34,
		order: uint32(len(t.nodes)),
	}
	if p.has(bad) {
		n.flags |= orphaned
	}
	t.index[n.id] = n
	t.nodes = append(t.nodes, n)
	if !n.has(bad) && n.work.Cmp(t.head.work) > 0 {
		t.head = n
	}
	return n
}

// gotBody notes that n's body is stored and links what that completes.
func (t *tree) gotBody(n *node, txs int) {
	if n.has(hasBody) {
		return
	}
	n.flags |= hasBody
	n.txs = uint32(txs)
	n.count()
	if n.has(linked) {
		return
	}
	if !n.parent.has(linked) {
		t.waiting[n.parent] = append(t.waiting[n.parent], n)
		return
	}
	t.link(n)
}

// link marks n and those that waited for it, nearest first, so that the order
// in which ties are broken is the order of arrival, as in Core's
// ReceivedBlockTransactions.
func (t *tree) link(n *node) {
	queue := []*node{n}
	for len(queue) > 0 {
		n, queue = queue[0], queue[1:]
		t.lastSeq++
		n.seq = t.lastSeq
		n.flags |= linked
		n.count()
		if !n.has(bad) && t.reaches(n) && better(n, t.best) {
			t.best = n
		}
		queue = append(queue, t.waiting[n]...)
		delete(t.waiting, n)
	}
}

// relink works out anew what is linked, when the coins are after base and
// bodies have come to be missing.
func (t *tree) relink(base *node) {
	clear(t.waiting)
	for _, n := range t.nodes[1:] {
		n.flags &^= linked
	}
	for n := base; n != nil; n = n.parent {
		n.flags |= linked
	}
	for _, n := range t.nodes[1:] {
		switch {
		case n.has(linked):
		case n.has(hasBody) && n.parent.has(linked):
			n.flags |= linked
			if n.seq == 0 {
				t.lastSeq++
				n.seq = t.lastSeq
			}
		case n.has(hasBody):
			t.waiting[n.parent] = append(t.waiting[n.parent], n)
		}
	}
	t.choose()
}

// judge works out anew who is orphaned, after marks have changed, and chooses.
func (t *tree) judge() {
	for _, n := range t.nodes[1:] {
		n.flags &^= orphaned
		if n.parent.has(bad) {
			n.flags |= orphaned
		}
	}
	t.choose()
}

// reaches says whether the coins can be brought to n.
func (t *tree) reaches(n *node) bool { return t.floor == nil || n.follows(t.floor) }

func (t *tree) choose() {
	g := t.genesis()
	t.best, t.head = g, g
	if t.floor != nil {
		t.best = t.floor
	}
	for _, n := range t.nodes[1:] {
		if n.has(bad) {
			continue
		}
		if n.has(linked) && t.reaches(n) && better(n, t.best) {
			t.best = n
		}
		if n.work.Cmp(t.head.work) > 0 {
			t.head = n
		}
	}
	// Of headers with equal work the one whose blocks we have is the first.
	if t.best.work == t.head.work {
		t.head = t.best
	}
}
