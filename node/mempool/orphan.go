package mempool

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/quernnet/quern/consensus/wire"
)

// Bounds of orphans beside their number.
const (
	orphanExpiry   = 20 * time.Minute
	orphanBytes    = 8 << 20 // reckoned memory, all orphans together
	orphanShare    = 4       // one peer holds at most one part in so many
	maxOrphanUsage = 400_000 // reckoned memory of one
	orphanSize     = 500     // of one beside its bytes
)

// orphan is a transaction whose parents are unknown.
type orphan struct {
	Packed
	from    string // the peer that brought it
	parents []wire.Hash
	usage   int64
	until   time.Time
}

// orphanage holds orphans, oldest first. Guarded by the pool's mutex.
//
// Invariants: byWitness and order have the same orphans; waiting has exactly
// their missing parents; usage is their sum; queue holds orphans that left
// because a parent came, to be judged again by resolve.
type orphanage struct {
	max       int
	usage     int64
	order     []*orphan
	byWitness map[wire.Hash]*orphan
	waiting   map[wire.Hash][]*orphan
	queue     []*orphan
}

func newOrphanage(max int) *orphanage {
	return &orphanage{max: max, byWitness: make(map[wire.Hash]*orphan), waiting: make(map[wire.Hash][]*orphan)}
}

func (o *orphanage) len() int { return len(o.order) }

// add keeps t for a peer, at the expense of that peer's oldest orphans or, when all
// peers together hold too many, of those of the peer that holds most. It says whether t is held.
func (o *orphanage) add(t *wire.Tx, from string, missing []wire.Outpoint, now time.Time) bool {
	if o.byWitness[t.WitnessID()] != nil {
		return true
	}
	x := &orphan{Packed: pack(t), from: from, usage: orphanSize + int64(t.Size()), until: now.Add(orphanExpiry)}
	if x.usage > maxOrphanUsage {
		return false
	}
	o.expire(now)
	for _, op := range missing {
		if !slices.Contains(x.parents, op.TxID) {
			x.parents = append(x.parents, op.TxID)
		}
	}
	for o.count(from) >= max(1, o.max/orphanShare) || o.bytes(from)+x.usage > orphanBytes/orphanShare {
		o.drop(o.oldest(from))
	}
	for len(o.order) >= o.max || o.usage+x.usage > orphanBytes {
		o.drop(o.oldest(o.heaviest()))
	}
	o.order = append(o.order, x)
	o.byWitness[t.WitnessID()] = x
	o.usage += x.usage
	for _, id := range x.parents {
		o.waiting[id] = append(o.waiting[id], x)
	}
	return true
}

func (o *orphanage) count(from string) (n int) {
	for _, x := range o.order {
		if x.from == from {
			n++
		}
	}
	return n
}

func (o *orphanage) bytes(from string) (n int64) {
	for _, x := range o.order {
		if x.from == from {
			n += x.usage
		}
	}
	return n
}

func (o *orphanage) oldest(from string) *orphan {
	for _, x := range o.order {
		if x.from == from {
			return x
		}
	}
	return nil
}

// heaviest is the peer with the most orphans.
func (o *orphanage) heaviest() (from string) {
	counts, most := make(map[string]int), 0
	for _, x := range o.order {
		if counts[x.from]++; counts[x.from] > most {
			most, from = counts[x.from], x.from
		}
	}
	return from
}

func (o *orphanage) drop(x *orphan) {
	o.order = slices.DeleteFunc(o.order, func(y *orphan) bool { return x == y })
	delete(o.byWitness, x.wid)
	o.usage -= x.usage
	for _, id := range x.parents {
		left := slices.DeleteFunc(o.waiting[id], func(y *orphan) bool { return x == y })
		if o.waiting[id] = left; len(left) == 0 {
			delete(o.waiting, id)
		}
	}
}

// remove drops the orphan with that id with witness, if it is one.
func (o *orphanage) remove(wid wire.Hash) {
	if x := o.byWitness[wid]; x != nil {
		o.drop(x)
	}
}

// expire drops what waited too long.
func (o *orphanage) expire(now time.Time) {
	for len(o.order) > 0 && o.order[0].until.Before(now) {
		o.drop(o.order[0])
	}
}

// ready moves the orphans that wait for a parent to the queue and says
// whether there are any. The queue is no longer than the orphanage may be.
func (o *orphanage) ready(parent wire.Hash) bool {
	for _, x := range slices.Clone(o.waiting[parent]) {
		o.drop(x)
		if len(o.queue) < o.max {
			o.queue = append(o.queue, x)
		}
	}
	return len(o.queue) > 0
}

// next takes the first orphan off the queue.
func (o *orphanage) next() *orphan {
	if len(o.queue) == 0 {
		o.queue = nil
		return nil
	}
	x := o.queue[0]
	o.queue = o.queue[1:]
	return x
}

// resolve judges again the orphans whose parents came, and those that this
// makes ready. One that still lacks a parent waits again.
func (p *Pool) resolve(ctx context.Context) {
	p.resolving.Lock()
	defer p.resolving.Unlock()
	for ctx.Err() == nil {
		p.mu.Lock()
		x := p.orphans.next()
		p.mu.Unlock()
		if x == nil {
			return
		}
		if _, err := p.Add(x.Decode(), x.from); err != nil && !errors.Is(err, ErrOrphan) {
			p.log.Debug("orphan refused", "tx", x.id, "from", x.from, "err", err)
		}
	}
}
