package mempool

import (
	"math"
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// halfLife is how fast the fee that eviction demands decays, once a block came
// (Core's ROLLING_FEE_HALFLIFE); faster while the pool is rather empty.
const halfLife = 12 * time.Hour

// rolling is the feerate that eviction raised the pool's floor to.
type rolling struct {
	increment, capacity int64
	sat                 float64 // satoshis per 1000 vB
	updated             time.Time
	block               bool // one came since the last rise
}

// rate returns satoshis per 1000 vB at now, 0 when nothing is demanded.
func (r *rolling) rate(now time.Time, usage int64) int64 {
	if !r.block || r.sat == 0 {
		return int64(math.Round(r.sat))
	}
	if since := now.Sub(r.updated); since > 10*time.Second {
		half := halfLife
		if usage < r.capacity/4 {
			half /= 4
		} else if usage < r.capacity/2 {
			half /= 2
		}
		r.sat /= math.Exp2(float64(since) / float64(half))
		r.updated = now
		if r.sat < float64(r.increment)/2 {
			r.sat = 0
			return 0
		}
	}
	return max(int64(math.Round(r.sat)), r.increment)
}

// raise demands more than what was just evicted paid.
func (r *rolling) raise(fee, size int64) {
	if rate := float64(fee)*1000/float64(size) + float64(r.increment); rate > r.sat {
		r.sat, r.block = rate, false
	}
}

// sawBlock lets the demand decay from now on.
func (r *rolling) sawBlock(now time.Time) { r.updated, r.block = now, true }

// evictAll takes out es and all that depend on them, children first, and
// returns the ids. Guarded by p.mu.
func (p *Pool) evictAll(es []*entry, reason string) []wire.Hash {
	if len(es) == 0 {
		return nil
	}
	all := p.graph.descendants(es...)
	childrenFirst(all)
	ids := make([]wire.Hash, len(all))
	for i, e := range all {
		ids[i] = e.tx.ID()
		p.graph.remove(e)
		delete(p.private, e)
		p.events.push(Event{Removed: ids[i], Reason: reason, Height: p.height})
		p.displaced.put(e.tx)
	}
	return ids
}

// limit takes out what is too old or, by lowest descendant feerate, too much.
// Guarded by p.mu.
func (p *Pool) limit() {
	limit := p.now().Add(-p.expiry)
	for p.graph.first != nil && p.graph.first.time.Before(limit) {
		p.evictAll([]*entry{p.graph.first}, "expired")
	}
	for p.graph.usage > p.maxSize && p.graph.len() > 0 {
		e := p.graph.worst[0]
		p.rolling.raise(e.desc.fees, e.desc.size)
		p.evictAll([]*entry{e}, "evicted")
	}
}

// expire takes out all that is too old; entries that were loaded or reverted are not in order of time.
func (p *Pool) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	limit := p.now().Add(-p.expiry)
	var old []*entry
	for e := p.graph.first; e != nil; e = e.next {
		if e.time.Before(limit) {
			old = append(old, e)
		}
	}
	if len(p.evictAll(old, "expired")) > 0 {
		p.announce()
	}
	p.orphans.expire(p.now())
}
