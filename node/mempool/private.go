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
	e := p.graph.get(id)
	return e != nil && p.private[e]
}

// GetPublic looks a transaction up by id among those that the swarm may be
// told of.
func (p *Pool) GetPublic(id wire.Hash) (*wire.Tx, bool) {
	p.mu.Lock()
	e := p.graph.get(id)
	hidden := e == nil || p.private[e]
	p.mu.Unlock()
	if hidden {
		return nil, false
	}
	return e.Decode(), true
}

// Public lists the transactions that the swarm may be told of, in order of
// entry.
func (p *Pool) Public() []*Packed {
	p.mu.Lock()
	defer p.mu.Unlock()
	ts := make([]*Packed, 0, p.graph.len())
	for _, e := range p.graph.entries() {
		if !p.private[e] {
			ts = append(ts, &e.Packed)
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
		ts = append(ts, e.Decode())
	}
	return ts
}

// PrivateLine lists a private transaction and the private ones that it depends on,
// parents first; nothing when it is not private.
func (p *Pool) PrivateLine(id wire.Hash) []*wire.Tx {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.get(id)
	if e == nil || !p.private[e] {
		return nil
	}
	line := p.privateLine(e)
	ts := make([]*wire.Tx, len(line))
	for i, a := range line {
		ts[i] = a.Decode()
	}
	return ts
}

// Release makes a private transaction public, and with it what it depends on. An event
// tells of each. It says whether there was anything to do.
func (p *Pool) Release(id wire.Hash) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.graph.get(id)
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
		p.events.push(record{e: a, released: true, height: p.height})
	}
}

// privateLine lists e's private ancestors and, if it is private, e, parents
// first. Guarded by p.mu.
func (p *Pool) privateLine(e *entry) (line []*entry) {
	if len(p.private) == 0 {
		return nil
	}
	for _, a := range e.ancestors() {
		if p.private[a] {
			line = append(line, a)
		}
	}
	return line
}
