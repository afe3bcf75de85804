package syncer

import (
	"slices"
	"time"

	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/work"
)

// Limits. The window and the blocks in flight are Bitcoin Core's
// (BLOCK_DOWNLOAD_WINDOW, MAX_BLOCKS_IN_TRANSIT_PER_PEER), as is the adaptive
// stall time (BLOCK_STALLING_TIMEOUT).
const (
	MaxHeaders  = 2000      // headers an answer may hold
	MaxInFlight = 16        // bodies asked of one peer and not yet answered
	MaxBatch    = 8         // bodies asked for at once
	Window      = 1024      // bodies wanted, in flight or waiting for the chain
	MaxPeers    = 1024      // peers known
	MaxTotal    = 256       // bodies in flight from all peers
	MaxHeld     = 128 << 20 // bytes of bodies received or expected and not yet judged
	MaxSubmit   = 64        // bodies the chain was given and has not judged
	MaxDirect   = 64        // announced blocks off the way to the best header
	// RecentBlocks are the last blocks whose bodies every peer gives (Core:
	// NODE_NETWORK_LIMITED_MIN_BLOCKS). Two are left to chance: its tip may have moved.
	RecentBlocks = 288
	nearTip      = 6 // blocks a peer may be ahead of its last claim
	maxPolls     = 4 // questions for headers to peers that claim nothing new

	MinStall       = 2 * time.Second
	MaxStall       = 64 * time.Second
	HeadersTimeout = 20 * time.Second
	blocksTimeout  = 20 * time.Second  // for a batch, plus its size at minRate
	maxTimeout     = 120 * time.Second // for a batch, whatever its size
	minRate        = 64 << 10          // bytes a second
	pollEvery      = 30 * time.Second  // so often each peer is asked for news
	pollAgain      = 3 * time.Second   // after the first time, for news that came before gossip reached it
	pollSoonest    = time.Second       // between two questions to one peer for news, unless the last brought some
	directExpiry   = 10 * time.Minute
	storePause     = 5 * time.Second // after an error of our own store
	maxStrikes     = 3               // failures in a row before a peer is replaced
)

// Tip is the end of a branch: of our tree, or as a peer claims it.
type Tip struct {
	ID     wire.Hash
	Height uint32
	Work   work.Work // cumulative
}

// Block is a block whose body is wanted.
type Block struct {
	ID, Parent wire.Hash
	Height     uint32
	After      time.Time // not asked for before: it may come by another way
	Behind     bool      // it is for the proof of a snapshot: the node has caught up without it
}

// Scheduler holds what is known of peers, what is wanted and what was asked.
// It is owned by one goroutine.
//
// Invariants, after each event: a block is in flight from at most one peer,
// which is connected; a peer has at most MaxInFlight blocks in flight; the
// peer and the wanted block that a request names know of the request; a block is
// submitted once at a time, and after its parent.
type Scheduler struct {
	best, tip Tip
	least     work.Work // a chain with less is not worth having
	synced    bool      // once true, stays so
	backfill  bool      // bodies are wanted though the tip is the best header
	peers     map[Peer]*peer
	order     []*peer // by time of joining, so that runs repeat
	requests  map[Request]*request
	last      Request
	blocks    map[wire.Hash]*block // queue and direct
	queue     []*block             // the way to the best header, parents first
	direct    []*block             // announced, off that way, parents first
	stall     time.Duration
	size      int64     // bytes of a body, moving average
	pause     time.Time // no body is asked for or submitted before
	inflight  int
	judging   int   // blocks submitted
	held      int64 // bytes, of those submitted too
	out       []Action
}

type peer struct {
	name    Peer
	tip     Tip
	first   uint32     // height from which on it has bodies, besides the last RecentBlocks
	open    []*request // oldest first
	asked   *request   // the open one for headers
	polled  time.Time
	polls   int
	due     bool // it has headers that we do not know, since the last question
	grew    bool // its last answer had some
	shown   uint32
	stage   Stage     // of its headers
	place   time.Time // since when it has a place among the counted; zero: none
	turns   int       // such places that it had to leave
	reached uint32    // height of its presync
	batches int
	blocks  int // in flight
	batch   int // blocks to ask for at once
	strikes int
	proven  bool      // it gave bodies when it was last asked for them
	rest    time.Time // nothing is asked before
	turn    Request   // of the last batch: who waited longest goes first
}

type request struct {
	id       Request
	peer     *peer
	blocks   []*block // nil: for headers
	headers  bool
	sync     bool // for headers that the peer claims and we lack
	due      bool // the peer was due
	best     Tip  // our best header then
	at       time.Time
	deadline time.Time
}

type status int

const (
	wanted status = iota
	asked
	held
	submitted
)

type block struct {
	Block
	status status
	req    *request
	from   Peer
	size   int64
	queued bool // in queue, else in direct
	tries  int  // requests that ended
	since  time.Time
	absent map[Peer]absence
}

// absence notes that a peer did not have a body, and when to ask it again.
type absence struct {
	times int
	until time.Time
}

// New returns a scheduler for a node whose best header and tip are given. Chains
// with less work than least are of no use.
func New(best, tip Tip, least work.Work) *Scheduler {
	return &Scheduler{
		best: best, tip: tip, least: least,
		peers:    map[Peer]*peer{},
		requests: map[Request]*request{},
		blocks:   map[wire.Hash]*block{},
		stall:    MinStall,
		size:     64 << 10,
	}
}

// PeerJoined tells of a new peer, the tip it claims and the height from which on it says
// to have bodies; of its last RecentBlocks it has them in any case.
func (s *Scheduler) PeerJoined(now time.Time, name Peer, tip Tip, first uint32) []Action {
	p := &peer{name: name, tip: tip, first: first, batch: MaxBatch / 2}
	if _, known := s.peers[p.name]; known || len(s.peers) >= MaxPeers {
		return s.Announced(now, p.name, p.tip)
	}
	s.peers[p.name] = p
	s.order = append(s.order, p)
	return s.step(now)
}

// Backfill says whether bodies may be wanted though the tip is the best header:
// those before a snapshot.
func (s *Scheduler) Backfill(on bool) { s.backfill = on }

// PeerLeft takes a peer's work back.
func (s *Scheduler) PeerLeft(now time.Time, name Peer) []Action {
	p := s.peers[name]
	if p == nil {
		return nil
	}
	for _, r := range slices.Clone(p.open) {
		s.end(r)
		s.out = append(s.out, Cancel{r.id})
	}
	delete(s.peers, name)
	s.order = slices.DeleteFunc(s.order, func(o *peer) bool { return o == p })
	for _, b := range s.blocks {
		delete(b.absent, name)
	}
	return s.step(now)
}

// Announced says that a peer has a block whose header we know.
func (s *Scheduler) Announced(now time.Time, name Peer, tip Tip) []Action {
	if p := s.peers[name]; p != nil && tip.Work.Cmp(p.tip.Work) > 0 {
		p.tip = tip
	}
	return s.step(now)
}

// AnnouncedUnknown says that a peer has a header whose parent we lack.
func (s *Scheduler) AnnouncedUnknown(now time.Time, name Peer) []Action {
	if p := s.peers[name]; p != nil {
		p.due = true
	}
	return s.step(now)
}

// ChainChanged tells of our tree. fresh says that the tip is so young that the
// node has surely caught up.
func (s *Scheduler) ChainChanged(now time.Time, best, tip Tip, fresh bool) []Action {
	s.best, s.tip = best, tip
	s.synced = s.synced || fresh
	return s.step(now)
}

// Tick lets time pass. It is to be called about once a second.
func (s *Scheduler) Tick(now time.Time) []Action { return s.step(now) }

// Synced says that the node has caught up with its peers, once.
func (s *Scheduler) Synced() bool { return s.synced }

// step does whatever the present state calls for, and returns all actions
// since the last step.
func (s *Scheduler) step(now time.Time) []Action {
	s.expire(now)
	s.submit(now)
	s.replaceStalled(now)
	s.askHeaders(now)
	s.askBlocks(now)
	s.judgeSynced()
	out := s.out
	s.out = nil
	return out
}

// judgeSynced notices that no peer has more than we have.
func (s *Scheduler) judgeSynced() {
	if s.synced || len(s.peers) == 0 || slices.ContainsFunc(s.queue, func(b *block) bool { return !b.Behind }) || s.tip.Work.Cmp(s.best.Work) < 0 || s.tip.Work.Cmp(s.least) < 0 {
		return
	}
	for _, p := range s.order {
		if p.stage == Counted && p.turns > 0 {
			continue // it had time enough to prove its claim
		}
		if p.polled.IsZero() || p.asked != nil && p.asked.sync || s.claimsMore(p) {
			return
		}
	}
	s.synced = true
}

// strike counts a failure. A peer that fails too often in a row is replaced;
// until then it rests, twice as long each time.
func (s *Scheduler) strike(now time.Time, p *peer, reason string) {
	p.strikes++
	p.batch, p.proven = 1, false
	p.leavePresync()
	p.rest = now.Add(time.Second << p.strikes)
	if p.strikes >= maxStrikes {
		s.part(now, p, reason)
	}
}

// part gives p's place to another.
func (s *Scheduler) part(now time.Time, p *peer, reason string) {
	s.out = append(s.out, Disconnect{p.name, reason})
	p.rest = now.Add(time.Minute)
	p.strikes, p.turns = 0, 0
	p.leavePresync()
}

// open registers a question.
func (s *Scheduler) open(r *request) Request {
	s.last++
	r.id = s.last
	s.requests[r.id] = r
	r.peer.open = append(r.peer.open, r)
	return r.id
}

// end forgets a request and takes back what it was to bring.
func (s *Scheduler) end(r *request) {
	delete(s.requests, r.id)
	r.peer.open = slices.DeleteFunc(r.peer.open, func(o *request) bool { return o == r })
	if r.headers {
		r.peer.asked = nil
		return
	}
	r.peer.batches--
	r.peer.blocks -= len(r.blocks)
	s.inflight -= len(r.blocks)
	for _, b := range r.blocks {
		if b.req == r {
			b.req, b.status = nil, wanted
			b.tries++
		}
	}
}
