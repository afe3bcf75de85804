package peering

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quernnet/quern/consensus"
	"github.com/quernnet/quern/consensus/chain"
	"github.com/quernnet/quern/consensus/wire"
	"github.com/quernnet/quern/gossip"
	"github.com/quernnet/quern/node/mempool"
	"github.com/quernnet/quern/node/syncer"
)

// Chain is what peering needs of the chain. *chain.Chain satisfies it.
type Chain interface {
	Tip() consensus.State
	BestHeader() consensus.State
	Changed() <-chan struct{}
	Header(id wire.Hash) (chain.HeaderInfo, bool)
	StateAt(id wire.Hash) (consensus.State, bool)
	Block(id wire.Hash) (*wire.Block, error)
	Locator(from wire.Hash) []wire.Hash
	HeadersAfter(locator []wire.Hash, max int) []wire.Header
	Wanted(max int) []chain.HeaderInfo
	AddHeaders(ctx context.Context, hs []wire.Header) (consensus.State, error)
	QueueBlock(ctx context.Context, b *wire.Block, done func(error)) error
	OnBlock(f func(*wire.Block))
	AddBlock(ctx context.Context, b *wire.Block) error
	Background() (chain.Background, bool)
	Prunes() bool
	FirstBody() uint32
}

// Pool is what peering needs of the mempool. *mempool.Pool satisfies it.
type Pool interface {
	Add(t *wire.Tx, from string) (mempool.Result, error)
	Get(id wire.Hash) (mempool.Entry, bool)
	Candidates() []*mempool.Packed
	AddStem(t *wire.Tx, from string) (mempool.Result, error)
	Public() []*mempool.Packed
	GetPublic(id wire.Hash) (*wire.Tx, bool)
	Private() []*wire.Tx
	IsPrivate(id wire.Hash) bool
	PrivateLine(id wire.Hash) []*wire.Tx
	Release(id wire.Hash) bool
	Unbroadcast() []*mempool.Packed
	Sent(id wire.Hash)
	Changed() <-chan struct{}
	EventsSince(seq uint64) (es []mempool.Event, ok bool)
	Stats() mempool.Stats
}

// Config is what a Peering is built from. Chain, Pool, Net and Params are
// required.
type Config struct {
	Chain     Chain
	Pool      Pool
	Net       *gossip.Net
	Params    *consensus.Params
	Agent     string           // user agent told to peers
	Now       func() time.Time // of the chain, which a test chain's operator may stop: waits are measured by the machine's; nil: time.Now
	Log       *slog.Logger     // nil: discarded
	Reconcile time.Duration    // so often the mempool is compared with a peer's; 0: 45 s
}

// Peering is a node's conversation with its peers. Safe for concurrent use.
//
// Who owns what: the scheduler, the bodies waiting for it and the open
// questions belong to the goroutine of drive, which others reach through
// events. What mu guards is small and never held during a call to another package.
type Peering struct {
	Config
	nonce  uint64
	synced atomic.Bool
	level  atomic.Bool // a comparison of mempools has found them much the same
	broken atomic.Bool // our store failed last time; said once in the log
	seen   uint64      // the pool's last event before New; followPool goes on from there

	bodies *recentBodies // locks itself
	stems  *stems        // locks itself
	relays relayCounts   // atomics
	first  bringers      // locks itself

	relayTime, hedgeTime time.Duration // the constants; longer in tests that are about relay alone

	events    chan event
	done      chan struct{} // closed when Run ends: nobody reads events any more
	submits   chan submission
	announced chan heard
	tips      chan wire.Hash // blocks to publish
	parents   chan parentsOf
	slow      chan heardBatch
	outgoing  chan struct{} // signals that the outbox has something
	meet      chan struct{} // signals that a mempool should be compared soon
	bodySlots chan struct{} // bodies are read for this many answers at once
	waitSlots chan struct{} // and this many wait for a body to come

	publishTip func(context.Context, announcement) error
	publishTxs func(context.Context, batch) error

	mu      sync.Mutex
	peers   map[gossip.Peer]*known
	told    tally                 // announcements of a block that went over the topic
	toldBy  tally                 // by block and who sent them
	claims  map[wire.Hash][]claim // what peers said of blocks that we do not have yet
	refused recent                // witness ids that policy refused, at this tip
	poor    recent                // the same, of those that a child may pay for
	transit map[wire.Hash]bool    // being judged as part of a gossiped batch
	outbox  []*wire.Tx            // to publish
	fetches fetches
	asked   map[gossip.Peer]int64 // Unix seconds of the last mempool question

	firstHere uint32 // as firstBody, at the tip firstAt
	firstAt   wire.Hash
}

// known is a peer that passed the handshake.
type known struct {
	hello Hello
	since time.Time
	met   bool // its mempool was compared with ours, or is being
	gives bool // it gave the transactions of a block when it was last asked for them, in time
}

// event runs on the goroutine that owns the scheduler.
type event func(d *driver, now time.Time) []syncer.Action

// Sizes of queues.
const (
	maxEvents    = 256
	maxAnnounced = 64
	maxParents   = 64
	maxSlow      = 32
	maxOutbox    = 8192
	maxTold      = 4096
	maxToldBy    = 16384
	maxRefused   = 8192
	maxBodyReads = 4
	maxWaiting   = 64
	maxTips      = 4
)

// New registers protocols, topics and the handshake with c.Net, which should
// not run yet. Nothing is asked or published before Run.
func New(c Config) (*Peering, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Reconcile == 0 {
		c.Reconcile = 45 * time.Second
	}
	var seed [8]byte
	rand.Read(seed[:])
	p := &Peering{
		Config:    c,
		nonce:     binary.LittleEndian.Uint64(seed[:]),
		events:    make(chan event, maxEvents),
		done:      make(chan struct{}),
		submits:   make(chan submission, syncer.MaxSubmit),
		announced: make(chan heard, maxAnnounced),
		tips:      make(chan wire.Hash, maxTips),
		parents:   make(chan parentsOf, maxParents),
		slow:      make(chan heardBatch, maxSlow),
		outgoing:  make(chan struct{}, 1),
		meet:      make(chan struct{}, 1),
		bodySlots: make(chan struct{}, maxBodyReads),
		waitSlots: make(chan struct{}, maxWaiting),
		peers:     map[gossip.Peer]*known{},
		transit:   map[wire.Hash]bool{},
		asked:     map[gossip.Peer]int64{},
		fetches:   fetches{},
		told:      tally{most: maxTold},
		toldBy:    tally{most: maxToldBy},
		claims:    map[wire.Hash][]claim{},
		bodies:    newRecentBodies(),
		stems:     newStems(),
		refused:   recent{most: maxRefused},
		poor:      recent{most: maxRefused},
		seen:      c.Pool.Stats().Sequence,
		relayTime: relayTime,
		hedgeTime: hedgeTime,
	}
	var err error
	if p.publishTip, err = gossip.Join(c.Net, blockTopic, p.checkAnnouncement); err != nil {
		return nil, fmt.Errorf("join topic of blocks: %w", err)
	}
	if p.publishTxs, err = gossip.Join(c.Net, txTopic, p.checkBatch); err != nil {
		return nil, fmt.Errorf("join topic of transactions: %w", err)
	}
	gossip.Serve(c.Net, helloProtocol, p.serveHello)
	gossip.Serve(c.Net, headersProtocol, p.serveHeaders)
	gossip.Serve(c.Net, blocksProtocol, p.serveBlocks)
	gossip.Serve(c.Net, blockTxsProtocol, p.serveBlockTxs)
	gossip.Serve(c.Net, txsProtocol, p.serveTxs)
	gossip.Serve(c.Net, stemProtocol, p.serveStem)
	gossip.Serve(c.Net, mempoolProtocol, p.serveMempool)
	c.Net.OnPeer(p.joined, p.left)
	c.Chain.OnBlock(p.blockCame)
	return p, nil
}

// Run syncs, relays and answers until ctx ends. It runs once.
func (p *Peering) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, f := range []func(context.Context) error{
		p.drive, p.submitBlocks, p.followAnnounced, p.publishTips,
		p.followPool, p.publishBatches, p.judgeSlow, p.askParents, p.reconcile, p.runStem,
	} {
		g.Go(func() error { return f(ctx) })
	}
	err := g.Wait()
	close(p.done)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// post hands an event to the scheduler's goroutine. It waits while the queue
// is full, and gives up when Run ends.
func (p *Peering) post(e event) {
	select {
	case p.events <- e:
	case <-p.done:
	}
}

// joined shakes hands with a peer that connected.
func (p *Peering) joined(ctx context.Context, id gossip.Peer) error {
	ours := p.hello()
	theirs, err := gossip.Call(ctx, p.Net, helloProtocol, id, ours)
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if err := ours.check(theirs); err != nil {
		p.Log.Warn("peer refused", "peer", id, "agent", printable(theirs.Agent), "reason", err)
		return err
	}
	p.mu.Lock()
	p.peers[id] = &known{hello: theirs, since: time.Now()}
	p.mu.Unlock()
	p.Log.Debug("peer joined", "peer", id, "agent", printable(theirs.Agent), "height", theirs.Tip.Height)
	p.post(func(d *driver, now time.Time) []syncer.Action {
		return d.sched.PeerJoined(now, syncer.Peer(id), theirs.Tip, theirs.first())
	})
	signal(p.meet)
	return nil
}

func (p *Peering) left(id gossip.Peer) {
	p.mu.Lock()
	delete(p.peers, id)
	delete(p.asked, id)
	p.mu.Unlock()
	p.post(func(d *driver, now time.Time) []syncer.Action {
		delete(d.counts, syncer.Peer(id))
		return d.sched.PeerLeft(now, syncer.Peer(id))
	})
}

func (p *Peering) hello() Hello {
	tip := tipOf(p.Chain.Tip())
	return Hello{
		Version:  Version,
		Genesis:  p.Params.Genesis.ID(),
		Rules:    p.Params.Digest(),
		Tip:      tip,
		Services: p.services(), First: p.firstBody(tip.ID), Nonce: p.nonce,
		Agent: p.Agent[:min(len(p.Agent), maxAgent)],
	}
}

// services are what this node can promise: old bodies only where none was pruned, nor
// is missing before a snapshot.
func (p *Peering) services() uint32 {
	if p.Limited() {
		return ServeRecent
	}
	return ServeBlocks | ServeRecent
}

// firstBody is the height from which on there are bodies, at least 1. It is looked up once a
// tip: every stranger may ask.
func (p *Peering) firstBody(tip wire.Hash) uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.firstAt != tip {
		p.firstAt, p.firstHere = tip, max(p.Chain.FirstBody(), 1)
	}
	return p.firstHere
}

// Limited says that this node serves no more than recent bodies.
func (p *Peering) Limited() bool {
	_, proving := p.Chain.Background()
	return proving || p.Chain.Prunes()
}

func tipOf(s consensus.State) syncer.Tip {
	return syncer.Tip{ID: s.ID, Height: s.Height, Work: s.Work}
}

// signal wakes whoever waits on c; once is enough.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// printable keeps what a stranger says from playing tricks on a terminal.
func printable(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}

// tally counts by id, and forgets the oldest half when it is full.
type tally struct {
	most     int
	now, old map[wire.Hash]int
}

// add counts id once more and returns how often it was counted.
func (t *tally) add(id wire.Hash) int {
	n := t.count(id) + 1
	if _, here := t.now[id]; !here && (t.now == nil || len(t.now) >= t.most/2) {
		t.now, t.old = map[wire.Hash]int{}, t.now
	}
	t.now[id] = n
	return n
}

func (t *tally) count(id wire.Hash) int {
	if n, here := t.now[id]; here {
		return n
	}
	return t.old[id]
}

// recent is a set of ids that forgets the oldest half when it is full.
type recent struct {
	most     int
	now, old map[wire.Hash]struct{}
}

// remove takes id out of the set.
func (r *recent) remove(id wire.Hash) {
	delete(r.now, id)
	delete(r.old, id)
}

// add puts id into the set and says whether it was new.
func (r *recent) add(id wire.Hash) bool {
	if r.has(id) {
		return false
	}
	if r.now == nil || len(r.now) >= r.most/2 {
		r.now, r.old = map[wire.Hash]struct{}{}, r.now
	}
	r.now[id] = struct{}{}
	return true
}

func (r *recent) has(id wire.Hash) bool {
	_, now := r.now[id]
	_, old := r.old[id]
	return now || old
}

func (r *recent) clear() { r.now, r.old = nil, nil }
