package peering

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/gossip/relay"
	"github.com/quernnet/quern/node/syncer"
)

// Bounds of rebuilding.
const (
	maxRebuilds  = 16 // blocks at a time
	maxAsks      = 16 // questions for one block, to all peers
	maxOpenAsks  = 3  // of them, not answered yet and not late
	maxRepeats   = 2  // of them, to one peer
	maxStrangers = 4  // peers asked that did not announce the block

	hedgeTime = 400 * time.Millisecond // without an answer, then another peer is asked too
	guessSize = 400                    // bytes of a missing transaction
	fastRate  = 1 << 20                // bytes a second that an answer comes at, at the least, before another is asked
	slowRate  = 64 << 10               // and at the least before we give up
)

// rebuilder has a goroutine for each block that is being rebuilt.
type rebuilder struct {
	p    *Peering
	jobs sync.WaitGroup
	mu   sync.Mutex
	open map[wire.Hash]*job
}

func newRebuilder(p *Peering) *rebuilder { return &rebuilder{p: p, open: map[wire.Hash]*job{}} }

func (r *rebuilder) wait() { r.jobs.Wait() }

// take has a block rebuilt from an announcement, among others of it. It is
// false when the body has to be fetched in another way.
func (r *rebuilder) take(ctx context.Context, h heard, next consensus.State) bool {
	if info, _ := r.p.Chain.Header(h.id); info.HasBody || r.p.bodies.has(h.id) {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	j := r.open[h.id]
	switch {
	case j != nil:
		select {
		case j.in <- h:
		default:
		}
		return true
	case h.late:
		return true // it was given up, and is fetched
	case h.compact == nil || !r.worth(h, next) || len(r.open) >= maxRebuilds:
		return false
	}
	j = newJob(r.p, h, next)
	r.open[h.id] = j
	r.jobs.Go(func() {
		done := j.run(ctx)
		r.mu.Lock()
		delete(r.open, h.id)
		r.mu.Unlock()
		if !done && ctx.Err() == nil {
			r.p.relays.whole.Add(1)
			r.p.fetch(h.header.Parent, next)
		}
	})
	return true
}

// worth says whether a block should be rebuilt: it leads as far as our tip,
// so that it may be followed soon, and its parent is at hand or about to be.
func (r *rebuilder) worth(h heard, next consensus.State) bool {
	p := r.p
	parent, known := p.Chain.Header(h.header.Parent)
	reachable := known && (parent.HasBody || parent.Height == 0) || p.bodies.has(h.header.Parent) || r.open[h.header.Parent] != nil
	return p.synced.Load() && reachable &&
		next.Work.Cmp(p.Chain.Tip().Work) >= 0 && next.Work.Cmp(p.Params.MinWork) >= 0
}

// job rebuilds one block. All its fields belong to the goroutine of run, but
// for the channels.
type job struct {
	*Peering
	block   syncer.Block
	height  uint32
	in      chan heard
	replies chan reply

	tries     []*relay.Rebuild // that may yet lead to the block
	sources   []source         // to be asked, those who announced it first
	asked     map[gossip.Peer]int
	asks      int
	open      map[gossip.Peer]int // questions that were not answered yet
	unheard   int                 // their number
	late      int                 // of them, how many are too late to be waited for
	strangers int
	fetched   []int
	done      bool
}

// source is a peer that may have the block, and the announcement it may be asked about.
type source struct {
	peer gossip.Peer
	try  *relay.Rebuild // nil: it is asked for an announcement of its own
}

// reply is the end of a question.
type reply struct {
	source
	question relay.Question
	answer   relay.Answer
	err      error
}

func newJob(p *Peering, h heard, next consensus.State) *job {
	j := &job{
		Peering: p,
		block:   syncer.Block{ID: h.id, Parent: h.header.Parent, Height: next.Height},
		height:  next.Height,
		in:      make(chan heard, 4*maxVariants),
		replies: make(chan reply, maxAsks),
		asked:   map[gossip.Peer]int{},
		open:    map[gossip.Peer]int{},
	}
	j.in <- h
	return j
}

// run works until the block is there, or nobody is left to ask; it says which.
func (j *job) run(ctx context.Context) bool {
	ctx, cancel := context.WithCancel(ctx)
	var calls sync.WaitGroup
	defer calls.Wait()
	defer cancel()
	giveUp, hedge := time.NewTimer(j.relayTime), time.NewTimer(j.hedgeTime)
	defer giveUp.Stop()
	defer hedge.Stop()
	for first := true; !j.done; first = false {
		hurry := false
		select {
		case h := <-j.in:
			j.consider(h.from, h.compact)
			if wait := j.expected(slowRate); first && wait > 0 {
				giveUp.Reset(j.relayTime + wait)
				j.bodies.expectUntil(j.block.ID, time.Now().Add(j.relayTime+wait))
			}
		case r := <-j.replies:
			j.answered(r.peer)
			j.hear(r)
		case <-hedge.C:
			hurry = true
			j.tooLate()
		case <-giveUp.C:
			return false
		case <-ctx.Done():
			return false
		}
		if j.done {
			return true
		}
		for s, ok := j.next(hurry); ok; s, ok = j.next(false) {
			j.ask(ctx, &calls, s)
			hedge.Reset(j.hedgeTime + j.expected(fastRate))
		}
		if hurry {
			hedge.Reset(j.hedgeTime + j.expected(fastRate))
		}
		if info, _ := j.Chain.Header(j.block.ID); info.HasBody || info.Invalid {
			return true // by another way
		}
		if j.unheard == 0 && len(j.in) == 0 {
			return false
		}
	}
	return true
}

// expected is how long what is missing takes at a rate.
func (j *job) expected(rate int) time.Duration {
	try := j.best()
	if try == nil {
		return 0
	}
	return time.Duration(len(try.Missing())) * guessSize * time.Second / time.Duration(rate)
}

// best is the try that lacks least.
func (j *job) best() (best *relay.Rebuild) {
	for _, try := range j.tries {
		if best == nil || len(try.Missing()) < len(best.Missing()) {
			best = try
		}
	}
	return best
}

// consider tries to rebuild the block from an announcement that a peer sent, and
// puts that peer down to be asked for what is missing.
func (j *job) consider(from gossip.Peer, a *relay.Announcement) {
	if a == nil {
		j.sources = append(j.sources, source{from, nil})
		return
	}
	try, err := relay.Start(a, j.candidates)
	if err == nil && len(try.Missing()) > 0 {
		j.tries = append(j.tries, try)
		j.sources = append(j.sources, source{from, try})
		return
	}
	if err == nil {
		err = j.finish(try)
	}
	if err != nil {
		j.Log.Debug("an announcement does not lead to its block", "block", j.block.ID, "from", from, "err", err)
		j.sources = append(j.sources, source{from, nil})
	}
}

// candidates yields the transactions at hand: of the mempool and of the last
// blocks, which those of a competing block are in.
func (j *job) candidates(yield func(relay.Candidate) bool) {
	for _, t := range j.Pool.Candidates() {
		if !yield(t) {
			return
		}
	}
	for _, b := range j.bodies.blocks() {
		for _, t := range b.Txs {
			if !yield(relay.Whole{Tx: t}) {
				return
			}
		}
	}
}

// finish delivers the block of a try that lacks nothing.
func (j *job) finish(try *relay.Rebuild) error {
	j.tries = slices.DeleteFunc(j.tries, func(o *relay.Rebuild) bool { return o == try })
	b, err := try.Block(func(b *wire.Block) error { return consensus.CheckWitness(j.Params, j.height, b) })
	if err != nil {
		return err
	}
	j.done = true
	j.relays.rebuilt(len(j.fetched), j.asks)
	j.bodies.put(b, j.fetched)
	j.settleClaims(b)
	j.Log.Debug("block rebuilt", "block", j.block.ID, "height", j.height, "txs", len(b.Txs), "fetched", len(j.fetched), "questions", j.asks)
	w := j.block
	j.post(func(d *driver, now time.Time) []syncer.Action {
		if d.held[w.ID] == nil {
			d.held[w.ID] = b
		}
		return d.sched.Arrived(now, w, b.Size())
	})
	return nil
}

// next chooses whom to ask now: at once those who announced the block, and one
// more peer when an answer is late or no question is open.
func (j *job) next(hurry bool) (s source, ok bool) {
	if j.asks >= maxAsks || j.unheard-j.late >= maxOpenAsks {
		return s, false
	}
	if s, ok = j.pick(); ok {
		return s, true
	}
	if !hurry && j.unheard > 0 || j.strangers >= maxStrangers {
		return s, false
	}
	for _, peer := range j.joinedSince(time.Time{}, maxAsks+maxStrangers) {
		if j.asked[peer] == 0 {
			j.strangers++
			return source{peer, j.best()}, true
		}
	}
	return s, false
}

// pick takes out a source that may still be asked: of a peer that gives what it is
// asked for, if there is one, else the first.
func (j *job) pick() (s source, ok bool) {
	j.sources = slices.DeleteFunc(j.sources, func(s source) bool { return j.asked[s.peer] >= maxRepeats })
	if len(j.sources) == 0 {
		return s, false
	}
	at := max(0, slices.IndexFunc(j.sources, func(s source) bool { return j.gives(s.peer) }))
	s = j.sources[at]
	j.sources = slices.Delete(j.sources, at, at+1)
	return s, true
}

// gives says whether a peer, when it was last asked for transactions of a block, gave them.
func (p *Peering) gives(id gossip.Peer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.peers[id]
	return k != nil && k.gives
}

func (p *Peering) noteGives(id gossip.Peer, gives bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k := p.peers[id]; k != nil {
		k.gives = gives
	}
}

// tooLate notes that the open questions are not to be waited for.
func (j *job) tooLate() {
	j.late = j.unheard
	for peer := range j.open {
		j.noteGives(peer, false)
	}
}

// answered notes the end of a question.
func (j *job) answered(peer gossip.Peer) {
	j.unheard--
	j.late = min(j.late, j.unheard)
	if j.open[peer]--; j.open[peer] == 0 {
		delete(j.open, peer)
	}
}

// ask puts a question to a peer.
func (j *job) ask(ctx context.Context, calls *sync.WaitGroup, s source) {
	q := relay.Question{Block: j.block.ID}
	if s.try != nil {
		q.Nonce, q.Digest = s.try.Announcement().Nonce, s.try.Digest()
		q.Indexes = slices.Clone(s.try.Missing())
	}
	j.asked[s.peer]++
	j.asks++
	j.open[s.peer]++
	j.unheard++
	calls.Go(func() {
		a, err := gossip.Call(ctx, j.Net, blockTxsProtocol, s.peer, q)
		j.replies <- reply{s, q, a, err} // has room for all
	})
}

// hear takes an answer. The peer is to blame for one that cannot be true, at once;
// for one that turns out not to be, when the block is known.
func (j *job) hear(r reply) {
	switch {
	case r.err != nil:
		j.Log.Debug("no transactions of a block", "block", j.block.ID, "peer", r.peer, "err", r.err)
	case r.answer.Kind == relay.Other:
		j.hearOther(r)
	case r.answer.Kind == relay.Found && r.try != nil:
		j.hearFound(r)
	}
}

func (j *job) hearOther(r reply) {
	a := r.answer.Other
	if a.Header.ID() != j.block.ID {
		j.Net.Report(r.peer, 100, errOtherAnswer)
		return
	}
	if try, err := relay.Start(a, func(func(relay.Candidate) bool) {}); err == nil {
		j.noteClaim(j.block.ID, claim{r.peer, a.Nonce, try.Digest()})
	}
	j.consider(r.peer, a)
	if j.done {
		j.noteGives(r.peer, true)
	}
}

func (j *job) hearFound(r reply) {
	if !slices.Equal(r.try.Missing(), r.question.Indexes) {
		return // filled by another answer, and not the block
	}
	if err := r.try.Fill(r.answer.Txs); err != nil {
		j.Log.Debug("wrong transactions of a block", "block", j.block.ID, "peer", r.peer, "err", err)
		j.Net.Report(r.peer, 100, errOtherMissing)
		return
	}
	j.noteClaim(j.block.ID, claim{r.peer, r.question.Nonce, r.question.Digest})
	j.fetched = r.question.Indexes
	err := j.finish(r.try)
	j.noteGives(r.peer, err == nil)
	if err != nil {
		j.Log.Debug("a completed announcement does not lead to its block", "block", j.block.ID, "peer", r.peer, "err", err)
		j.fetched = nil
		j.sources = append(j.sources, source{r.peer, nil})
	}
}
