package mempool

import (
	"math"
	"time"

	"github.com/quernnet/quern/consensus"
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
	if rate := float64(fee*1000/size + r.increment); rate > r.sat {
		r.sat, r.block = rate, false
	}
}

// sawBlock lets the demand decay from now on.
func (r *rolling) sawBlock(now time.Time) { r.updated, r.block = now, true }

// leaving notes that entries are about to be taken out. Guarded by p.mu.
func (p *Pool) leaving(es []*entry, reason string) { p.leavingFor(es, reason, p.height, wire.Hash{}) }

// leavingFor is leaving with the block, of that height, that has them.
func (p *Pool) leavingFor(es []*entry, reason string, height uint32, block wire.Hash) {
	for _, e := range es {
		delete(p.private, e)
		p.unmark(e)
		p.events.push(record{id: e.id, reason: reason, height: height, block: block})
		if block.IsZero() {
			p.displaced.put(&e.Packed)
		}
	}
}

// evictAll takes out es and all that depend on them. Guarded by p.mu.
func (p *Pool) evictAll(es []*entry, reason string) {
	if len(es) == 0 {
		return
	}
	all := descendants(es)
	p.leaving(all, reason)
	p.graph.remove(all...)
}

// limit takes out what is too old or, by the feerate of its chunk, too much.
// Guarded by p.mu.
func (p *Pool) limit() {
	p.dropOld()
	for p.graph.usage() > p.maxSize && p.graph.len() > 0 {
		worst := p.graph.order.worst()
		fee, size := worst.chunkFee, (worst.chunkRate().size+consensus.WitnessScale-1)/consensus.WitnessScale
		p.rolling.raise(fee, size)
		p.evictAll(worst.chunk(), "evicted") // the last of its cluster: nothing depends on it
	}
}

// dropOld takes out what waits for too long, and says whether there was any.
func (p *Pool) dropOld() bool {
	limit := p.now().Add(-p.expiry).Unix()
	if p.graph.len() == 0 || p.graph.oldest >= limit {
		return false
	}
	var old []*entry
	p.graph.oldest = p.now().Unix()
	for e := range p.graph.byID.all {
		if e.time < limit {
			old = append(old, e)
		} else {
			p.graph.oldest = min(p.graph.oldest, e.time)
		}
	}
	p.evictAll(old, "expired")
	return len(old) > 0
}

// expire takes out all that is too old.
func (p *Pool) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dropOld() {
		p.announce()
	}
	p.orphans.expire(p.now())
}
