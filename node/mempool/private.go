package mempool

import "github.com/quernnet/quern/consensus/wire"

// A private entry waits like any other, and its owner's wallet, miner and RPC
// see it, but it is not yet told to the swarm: it travels along a stem
// (Dandelion++, Fanti and others, 2018), or is about to. Release makes it
// public.
//
// Invariant: what a public entry depends on is public. The set private has
// exactly the private entries.

// AddStem is Add of a transaction that a peer, from, sent along a stem: it is
// private. What lacks its parents is refused, not kept.
func (p *Pool) AddStem(t *wire.Tx, _ string) (Result, error) {
	return p.admit(t, "", terms{when: p.now(), private: true}, true)
}

// IsPrivate says whether a transaction waits and is private.
func (p *Pool) IsPrivate(id wire.Hash) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.byID[id]
	return e != nil && p.private[e]
}

// GetPublic looks a transaction up by id among those that the swarm may be
// told of.
func (p *Pool) GetPublic(id wire.Hash) (*wire.Tx, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.byID[id]
	if e == nil || p.private[e] {
		return nil, false
	}
	return e.tx, true
}

// Public lists the transactions that the swarm may be told of, in order of
// entry.
func (p *Pool) Public() []*wire.Tx {
	p.mu.Lock()
	defer p.mu.Unlock()
	ts := make([]*wire.Tx, 0, p.graph.len())
	for e := p.graph.first; e != nil; e = e.next {
		if !p.private[e] {
			ts = append(ts, e.tx)
		}
	}
	return ts
}

// Private lists the private transactions, in no order.
func (p *Pool) Private() []*wire.Tx {
	p.mu.Lock()
	defer p.mu.Unlock()
	ts := make([]*wire.Tx, 0, len(p.private))
	for e := range p.private {
		ts = append(ts, e.tx)
	}
	return ts
}

// PrivateLine lists a private transaction and the private ones that it depends on,
// parents first; nothing when it is not private.
func (p *Pool) PrivateLine(id wire.Hash) []*wire.Tx {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.byID[id]
	if e == nil || !p.private[e] {
		return nil
	}
	return txsOf(p.privateLine(e))
}

// Release makes a private transaction public, and with it what it depends on. An event
// tells of each. It says whether there was anything to do.
func (p *Pool) Release(id wire.Hash) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.byID[id]
	if e == nil || !p.private[e] {
		return false
	}
	p.release(e)
	p.announce()
	return true
}

// release makes e and all that it depends on public. Guarded by p.mu.
func (p *Pool) release(e *entry) {
	for _, a := range p.privateLine(e) {
		delete(p.private, a)
		p.events.push(Event{Released: a.tx, Height: p.height})
	}
}

// privateLine lists e's private ancestors and, if it is private, e, parents
// first. Guarded by p.mu.
func (p *Pool) privateLine(e *entry) []*entry {
	if len(p.private) == 0 {
		return nil
	}
	all := p.graph.ancestors(e)
	childrenFirst(all)
	var line []*entry
	for i := len(all) - 1; i >= 0; i-- {
		if p.private[all[i]] {
			line = append(line, all[i])
		}
	}
	return line
}

func txsOf(es []*entry) []*wire.Tx {
	ts := make([]*wire.Tx, len(es))
	for i, e := range es {
		ts[i] = e.tx
	}
	return ts
}
