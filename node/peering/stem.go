package peering

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/mempool"
)

// The stem hides who made a transaction (Dandelion++, Fanti and others, 2018).
// A node's own transactions are not gossiped. They go to one of two outbound
// peers, which passes them on to one of its two, and so forth, until a node that
// is a diffuser in its present epoch gossips them. The whole way they are
// private in the mempools (see mempool.AddStem): no question of a peer finds
// them. A hop that has not seen a transaction in gossip when its embargo ends
// gossips it itself, so a hop that drops what it is given only delays.
const (
	epochTime    = 10 * time.Minute // that peers and role stay the same for, and up to a tenth more
	stemPeers    = 2
	diffuseShare = 0.1 // of epochs in which a node is a diffuser: the mean stem has ten hops
	embargoLeast = 10 * time.Second
	embargoRange = 20 * time.Second

	maxStem      = 64      // transactions in a message: the most that may depend on each other
	maxStemBytes = 500_000 // of them
	maxPrivate   = 2000    // that this node keeps private at a time; what is more is gossiped
	maxFromOne   = 500     // of one peer
	maxStemCalls = 16
	stemTimeout  = 5 * time.Second
)

// stemProtocol gives transactions, parents first, to the next hop. The answer says
// whether it takes them on.
var stemProtocol = gossip.Protocol[[]*wire.Tx, bool]{
	ID:         "stem/1",
	MaxRequest: maxStemBytes + 4 + 4*maxStem, MaxReply: 1,
	Timeout: stemTimeout,
	EncodeQ: func(ts []*wire.Tx) []byte { return appendTxs(nil, ts) },
	DecodeQ: func(b []byte) ([]*wire.Tx, error) { return decodeTxs(b, maxStem) },
	EncodeA: func(taken bool) []byte {
		if taken {
			return []byte{1}
		}
		return []byte{0}
	},
	DecodeA: func(b []byte) (bool, error) {
		f := frame{b: b}
		v := f.byte("answer")
		if v > 1 {
			f.fail("%d is neither yes nor no", v)
		}
		return v == 1, f.finish("answer of a stem")
	},
}

// stems is where private transactions go.
//
// Invariant: hops has no more than two peers, which were outbound when they
// were chosen. waits has what is on its way; what has become public or gone
// meanwhile stays for up to a second.
type stems struct {
	mu       sync.Mutex
	until    time.Time // the epoch's end
	hops     []gossip.Peer
	diffuser bool
	seed     maphash.Seed // tells senders apart, so that each goes to one of the hops
	waits    map[wire.Hash]stemmed
	queue    chan stemJob
}

// stemmed is a transaction on its way along a stem.
type stemmed struct {
	from, to gossip.Peer // from is empty for our own
	until    time.Time   // the embargo's end
}

// stemJob is transactions to be sent on.
type stemJob struct {
	from gossip.Peer
	txs  []*wire.Tx
}

func newStems() *stems {
	return &stems{waits: map[wire.Hash]stemmed{}, queue: make(chan stemJob, maxStemCalls)}
}

// runStem sends private transactions on, and gossips those whose embargo has
// ended.
func (p *Peering) runStem(ctx context.Context) error {
	var calls sync.WaitGroup
	defer calls.Wait()
	slots := make(chan struct{}, maxStemCalls)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			p.endEmbargoes()
			if p.synced.Load() {
				p.stemOwn(p.Pool.Private())
			}
		case j := <-p.stems.queue:
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			calls.Go(func() {
				defer func() { <-slots }()
				p.sendOn(ctx, j)
			})
		}
	}
}

// stemOwn starts our own private transactions on their way, but for those that
// are on it. What is too much to hide is gossiped.
func (p *Peering) stemOwn(ts []*wire.Tx) {
	var news []*wire.Tx
	for _, t := range ts {
		if p.stems.note(t.ID(), "", time.Now()) {
			news = append(news, t)
		}
	}
	p.relays.stemmed.Add(int64(len(news)))
	for part := range slices.Chunk(news, maxStem) {
		p.enqueue(stemJob{txs: part})
	}
}

// enqueue hands a job to runStem; where it has too many, the transactions are
// gossiped.
func (p *Peering) enqueue(j stemJob) {
	select {
	case p.stems.queue <- j:
	default:
		p.fluff(j.txs)
	}
}

// fluff gossips private transactions: their release is an event, which followPool
// hears.
func (p *Peering) fluff(ts []*wire.Tx) {
	for _, t := range ts {
		if p.Pool.Release(t.ID()) {
			p.relays.fluffed.Add(1)
		}
	}
}

// note puts a transaction down as on its way, under embargo. It is false when it
// is on its way already, or when there are too many.
func (s *stems) note(id wire.Hash, from gossip.Peer, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.waits[id]; known {
		return false
	}
	s.waits[id] = stemmed{from: from, until: now.Add(embargoLeast + rand.N(embargoRange))}
	return true
}

func (s *stems) forget(id wire.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waits, id)
}

// room says whether a peer's transactions may be taken on.
func (s *stems) room(from gossip.Peer, count int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	its := 0
	for _, w := range s.waits {
		if w.from == from {
			its++
		}
	}
	return len(s.waits)+count <= maxPrivate && its+count <= maxFromOne
}

// endEmbargoes gossips what should have been seen in gossip by now.
func (p *Peering) endEmbargoes() {
	now := time.Now()
	var due []wire.Hash
	p.stems.mu.Lock()
	for id, w := range p.stems.waits {
		if !now.Before(w.until) {
			due = append(due, id)
			delete(p.stems.waits, id)
		}
	}
	p.stems.mu.Unlock()
	for _, id := range due {
		if p.Pool.Release(id) {
			p.relays.embargoed.Add(1)
		}
	}
}

// sendOn gives transactions to the next hop, to the other one if that does not
// take them, and gossips them if there is none that does.
func (p *Peering) sendOn(ctx context.Context, j stemJob) {
	ts := p.withPrivateParents(j.txs)
	if len(ts) == 0 {
		return // public meanwhile
	}
	for _, to := range p.route(j.from, ts) {
		p.stems.sentTo(ts, to)
		taken, err := gossip.Call(ctx, p.Net, stemProtocol, to, ts)
		if taken || ctx.Err() != nil {
			return
		}
		p.Log.Debug("stem refused", "peer", to, "count", len(ts), "err", err)
	}
	p.fluff(j.txs)
}

// withPrivateParents lists transactions with the private ones that they depend
// on, which the next hop may lack, parents first, as many as fit.
func (p *Peering) withPrivateParents(of []*wire.Tx) []*wire.Tx {
	var ts []*wire.Tx
	size, seen := 0, map[wire.Hash]bool{}
	for _, t := range of {
		for _, a := range p.Pool.PrivateLine(t.ID()) {
			if seen[a.ID()] {
				continue
			}
			seen[a.ID()] = true
			if size += a.Size(); size > maxStemBytes || len(ts) == maxStem {
				return ts // the embargo brings the others
			}
			ts = append(ts, a)
		}
	}
	return ts
}

func (s *stems) sentTo(ts []*wire.Tx, to gossip.Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range ts {
		if w, known := s.waits[t.ID()]; known {
			w.to = to
			s.waits[t.ID()] = w
		}
	}
}

// route lists the hops for a sender's transactions, the first to be tried first:
// where their parents went, or else the one of the epoch's that is this
// sender's.
func (p *Peering) route(from gossip.Peer, ts []*wire.Tx) []gossip.Peer {
	p.turnEpoch()
	s := p.stems
	s.mu.Lock()
	defer s.mu.Unlock()
	hops := slices.Clone(s.hops)
	if len(hops) == 2 && maphash.String(s.seed, string(from))&1 == 1 {
		hops[0], hops[1] = hops[1], hops[0]
	}
	for _, t := range ts {
		if to := s.waits[t.ID()].to; to != "" && len(hops) == 2 && hops[1] == to {
			hops[0], hops[1] = hops[1], hops[0]
			break
		}
	}
	return slices.DeleteFunc(hops, func(o gossip.Peer) bool { return o == from })
}

// turnEpoch chooses hops and role anew when the epoch has ended, and a hop
// for one that has gone.
func (p *Peering) turnEpoch() {
	var out []gossip.Peer
	for _, i := range p.Net.Peers() {
		if !i.Inbound {
			out = append(out, i.ID)
		}
	}
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	now, s := time.Now(), p.stems
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.After(s.until) {
		s.until = now.Add(epochTime + rand.N(epochTime/10))
		s.hops, s.diffuser, s.seed = nil, rand.Float64() < diffuseShare, maphash.MakeSeed()
	}
	s.hops = slices.DeleteFunc(s.hops, func(h gossip.Peer) bool { return !slices.Contains(out, h) })
	for _, o := range out {
		if len(s.hops) < stemPeers && !slices.Contains(s.hops, o) {
			s.hops = append(s.hops, o)
		}
	}
}

func (p *Peering) diffuses() bool {
	p.turnEpoch()
	p.stems.mu.Lock()
	defer p.stems.mu.Unlock()
	return p.stems.diffuser || len(p.stems.hops) == 0
}

// serveStem takes transactions on, or says that it does not.
func (p *Peering) serveStem(_ context.Context, from gossip.Peer, ts []*wire.Tx) (bool, error) {
	if !p.synced.Load() || !p.stems.room(from, len(ts)) {
		return false, nil
	}
	var news []*wire.Tx
	for _, t := range ts {
		fresh, err := p.takeStemmed(from, t)
		if err != nil {
			var refusal *mempool.Error
			if errors.As(err, &refusal) && refusal.Peer {
				return false, &gossip.Fault{Peer: from, Points: 20, Err: fmt.Errorf("stem: %w", err)}
			}
			p.Log.Debug("stem not taken on", "peer", from, "id", t.ID(), "err", err)
			return false, nil
		}
		if fresh {
			news = append(news, t)
		}
	}
	switch {
	case len(news) == 0:
	case p.diffuses():
		p.fluff(news)
	default:
		p.relays.carried.Add(int64(len(news)))
		p.enqueue(stemJob{from, news})
	}
	return true, nil
}

// takeStemmed judges a transaction from a stem. One that is known is not fresh; when it
// has come round in a circle it is gossiped. That a hop took a transaction of ours on is no sign that
// the swarm has it: it may drop it. So it counts as unbroadcast until it comes back, or somebody asks for it.
func (p *Peering) takeStemmed(from gossip.Peer, t *wire.Tx) (fresh bool, err error) {
	id := t.ID()
	if _, public := p.Pool.GetPublic(id); public {
		p.Pool.Sent(id)
		return false, nil
	}
	if p.Pool.IsPrivate(id) {
		p.stems.mu.Lock()
		w, waits := p.stems.waits[id]
		p.stems.mu.Unlock()
		if waits && w.from != from { // else it comes again as somebody's parent
			p.fluff([]*wire.Tx{t})
			p.Pool.Sent(id)
		}
		return false, nil
	}
	p.mu.Lock()
	refused := p.refused.has(t.WitnessID()) || p.poor.has(t.WitnessID())
	p.mu.Unlock()
	if refused {
		return false, errRefusedBefore
	}
	p.stems.note(id, from, time.Now()) // before the pool's event tells of it: it is not our own
	if _, err := p.Pool.AddStem(t, from.String()); err != nil {
		p.stems.forget(id)
		return false, err
	}
	return true, nil
}

var errRefusedBefore = errors.New("refused before, at this tip")
